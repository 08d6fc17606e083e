//! SMTP sessions: a row each; and a conversation line by line, with a verdict for each recipient.

mod hops;
mod list;
mod live;
mod message;
mod mime;
mod trust;
mod turns;

use std::io::{self, Write};
use std::sync::Arc;

pub(super) use self::list::list;
use self::list::{protection_tone, push_list, took};
use self::message::{abandoned_section, message_section};
use self::turns::{TurnRow, rows};
use super::style::{Style, Tone, shown};
use crate::conversation::smtp::{AuthOutcome, Encryption, Role, Session, Turn, Warning};
use crate::flow::Connection;
use crate::lesson;
use crate::report::{Follows, Gauge, Options, Sink, Summary};

/// Captures with no more sessions than this show each conversation.
const SHOWN_IN_FULL: usize = 3;

/// Rows that one table has; the next ones get a heading of their own, so that long lists stream.
const ROWS_A_TABLE: usize = 100;

/// The sink.
pub(super) struct Sessions {
    style: Style,
    reveal: bool,
    chosen: bool,
    out: Box<dyn Write>,
    kept: Vec<Session>,
    count: u64,
    /// Rows were written while packets came.
    begun: bool,
    live: Option<(live::Live, Arc<Gauge>)>,
}

impl Sessions {
    pub(super) fn new(options: &Options, out: Box<dyn Write>) -> Self {
        Self {
            style: Style::new(options),
            reveal: options.reveal_secrets,
            chosen: options.stream.is_some(),
            out,
            kept: Vec::new(),
            count: 0,
            begun: false,
            live: options.live.as_ref().map(|live| (live::Live::new(options), Arc::clone(&live.gauge))),
        }
    }

    fn list(&mut self) -> io::Result<()> {
        let mut text = String::new();
        push_list(&self.style, &mut text, &std::mem::take(&mut self.kept));
        self.out.write_all(text.as_bytes())
    }

    fn in_full(&mut self) -> io::Result<()> {
        for session in std::mem::take(&mut self.kept) {
            let text = conversation(&self.style, &session, self.reveal);
            self.out.write_all(text.as_bytes())?;
        }
        Ok(())
    }
}

impl Sink for Sessions {
    fn follows(&self) -> Follows {
        if self.live.is_some() { Follows::Turns } else { Follows::Nothing }
    }

    fn session(&mut self, session: Box<Session>) -> io::Result<()> {
        self.count += 1;
        if let Some((live, _)) = &mut self.live {
            live.forget(session.stream);
        }
        self.kept.push(*session);
        if self.kept.len() >= ROWS_A_TABLE {
            self.list()?;
        }
        Ok(())
    }

    fn turns(&mut self, connection: &Connection, turns: &[Turn]) -> io::Result<()> {
        let Some((live, gauge)) = &mut self.live else { return Ok(()) };
        if !live.has_news(connection.stream, turns) {
            return Ok(());
        }
        let mut text = String::new();
        live.push(&mut text, connection, turns, || gauge.has_room());
        self.begun |= !text.is_empty();
        self.out.write_all(text.as_bytes())
    }

    fn finish(&mut self, _: &Summary) -> io::Result<()> {
        if self.begun {
            self.out.write_all(b"\n")?;
        }
        if self.count == 0 {
            writeln!(self.out, "{}", self.style.word("smtp.view.none"))?;
        } else if self.chosen || self.count <= SHOWN_IN_FULL as u64 {
            self.in_full()?;
        } else {
            self.list()?;
            let mut text = String::new();
            let foot = self.style.say("smtp.view.foot", &[("count", &self.count)]);
            self.style.paragraph(&mut text, Tone::Quiet, &foot, 0);
            self.out.write_all(text.as_bytes())?;
        }
        self.out.flush()
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

fn conversation(style: &Style, session: &Session, reveal: bool) -> String {
    let mut out = String::new();
    heading(style, session, &mut out);
    turns(style, session, reveal, &mut out);
    for (index, message) in session.messages.iter().enumerate() {
        message_section(style, index + 1, message, &mut out);
    }
    for abandoned in &session.abandoned {
        abandoned_section(style, abandoned, &mut out);
    }
    remarks(style, session, &mut out);
    out.push('\n');
    out
}

fn heading(style: &Style, session: &Session, out: &mut String) {
    let role = match session.role {
        Role::Submission => "submission",
        Role::Relay => "relay",
        Role::Delivery => "delivery",
        Role::Unknown => "unknown",
    };
    let title = style.say(
        "smtp.view.heading",
        &[
            ("stream", &session.stream),
            ("client", &session.client),
            ("server", &session.server),
            ("took", &took(session)),
        ],
    );
    style.paragraph(out, Tone::Title, &title, 2);
    let role = lesson::smtp::role(style.lang, role).unwrap_or_default();
    let reason = lesson::smtp::role_reason(style.lang, session.role_reason).unwrap_or_default();
    let inferred = style.say("smtp.view.inferred", &[("reason", &reason)]);
    style.paragraph(out, Tone::Plain, &format!("{role} {inferred}"), 2);
    let encryption = match session.encryption {
        Encryption::None => "none",
        Encryption::StartTls { .. } => "starttls",
        Encryption::Implicit => "implicit",
    };
    let encryption = lesson::smtp::encryption(style.lang, encryption).unwrap_or_default();
    style.paragraph(out, protection_tone(session), &encryption, 2);
}

fn turns(style: &Style, session: &Session, reveal: bool, out: &mut String) {
    if session.turns.is_empty() {
        return;
    }
    out.push('\n');
    let mut grid = style.grid(&["packet", "delta", "who", "line", "phase", "means"]);
    for row in rows(style, session, reveal) {
        let TurnRow { packet, delta, who, line, phase, means, tone } = row;
        grid.add_row([
            style.number(packet),
            style.number(delta),
            style.cell(Tone::Quiet, who),
            style.cell(tone, line),
            style.cell(Tone::Quiet, phase),
            style.cell(Tone::Plain, means),
        ]);
    }
    style.push_grid(out, &grid);
    if session.turns_left_out > 0 {
        let text = style.say("smtp.view.left_out", &[("count", &session.turns_left_out)]);
        style.paragraph(out, Tone::Warn, &text, 2);
    }
}

fn remarks(style: &Style, session: &Session, out: &mut String) {
    out.push('\n');
    if let Some(auth) = &session.auth {
        let outcome = match auth.outcome {
            AuthOutcome::Accepted => "accepted",
            AuthOutcome::Rejected => "rejected",
            AuthOutcome::Cancelled => "cancelled",
            AuthOutcome::Unknown => "unknown",
        };
        let outcome = lesson::smtp::auth_outcome(style.lang, outcome).unwrap_or_default();
        let user = shown(auth.user.as_deref().unwrap_or("?"));
        let mechanism = shown(&auth.mechanism);
        let text =
            style.say("smtp.view.auth", &[("mechanism", &mechanism), ("user", &user), ("outcome", &outcome)]);
        style.paragraph(out, Tone::Plain, &text, 2);
    }
    for &warning in &session.warnings {
        let text = lesson::smtp::warning(style.lang, Warning::name(warning)).unwrap_or_default();
        style.paragraph(out, Tone::Warn, &format!("! {text}"), 2);
    }
    let ended = lesson::smtp::ended(style.lang, session.ended.name()).unwrap_or_default();
    style.paragraph(out, Tone::Quiet, &style.say("smtp.view.ended", &[("how", &ended)]), 2);
}
