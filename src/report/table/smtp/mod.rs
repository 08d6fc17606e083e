//! SMTP sessions: a row each; and a conversation line by line, with a verdict for each recipient.

mod capabilities;
mod exposure;
mod hops;
mod journey;
mod ladder;
mod list;
mod live;
mod means;
mod message;
mod mime;
mod raw;
mod trust;
mod turns;
mod verdict;

use std::io::{self, Write};
use std::sync::Arc;

pub(super) use self::exposure::{secret_sight, sight_tone, sight_word};
pub(super) use self::journey::summary as journey;
pub(super) use self::list::list;
pub(super) use self::list::{protection, protection_tone};
use self::list::{push_list, took};
use self::message::message_section;
pub(super) use self::message::{Content, content_section};
pub(super) use self::raw::{MASK, command as masked_command};

use self::turns::rows;
pub(super) use self::turns::{answered, packets, phases};
use super::dialogue;
use super::dns;
use super::style::{Style, Tone, clipped, shown};
use super::time::duration;
use crate::conversation::dns::Part;
use crate::conversation::journey::Journeys;
use crate::conversation::smtp::{
    AuthOutcome, Encryption, Ended, Pace, Role, Said, Session, Verdict, Warning,
};
use crate::flow::Connection;
use crate::lesson;
use crate::report::{Follows, Format, Gauge, Options, Sink, Summary};

/// Captures with no more sessions than this show each conversation.
pub(super) const SHOWN_IN_FULL: usize = 3;

/// Rows that one table has; the next ones get a heading of their own, so that long lists stream.
pub(super) const ROWS_A_TABLE: usize = 100;

/// Columns that the name of a capture takes at most.
const LONGEST_NAME: usize = 80;

/// The sink.
pub(super) struct Sessions {
    style: Style,
    reveal: bool,
    chosen: Option<u64>,
    raw: bool,
    drawn: bool,
    out: Box<dyn Write>,
    kept: Vec<Session>,
    journeys: Journeys,
    count: u64,
    captures: Vec<(u32, String)>,
    /// Rows were written while packets came.
    begun: bool,
    live: Option<(live::Live, Arc<Gauge>)>,
}

impl Sessions {
    pub(super) fn new(options: &Options, out: Box<dyn Write>) -> Self {
        // the lines alone are written once they are all there, and so is a drawing
        let live = options.live.as_ref().filter(|_| !options.raw && options.format == Format::Table);
        Self {
            style: Style::new(options),
            reveal: options.reveal_secrets,
            chosen: options.stream,
            raw: options.raw,
            drawn: options.format == Format::Svg,
            out,
            kept: Vec::new(),
            journeys: Journeys::default(),
            count: 0,
            captures: options.captures.clone(),
            begun: false,
            live: live.map(|live| (live::Live::new(options), Arc::clone(&live.gauge))),
        }
    }

    /// Which capture it was, where there is more than one.
    fn capture(&self, session: &Session) -> Option<(u32, String)> {
        let first = self.captures.iter().find(|(capture, _)| *capture == session.capture);
        let are_more = self.captures.iter().any(|(capture, _)| *capture != session.capture);
        first.filter(|_| are_more).map(|(capture, name)| (*capture, clipped(&shown(name), LONGEST_NAME)))
    }

    fn list(&mut self) -> io::Result<()> {
        let mut text = String::new();
        push_list(&self.style, &mut text, &std::mem::take(&mut self.kept));
        self.out.write_all(text.as_bytes())
    }

    /// The ladder of the one session there is.
    fn drawing(&mut self) -> io::Result<()> {
        let [session] = self.kept.as_slice() else {
            let text =
                format!("{} SMTP sessions, and a drawing shows one: choose it with --stream N", self.count);
            return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
        };
        self.out.write_all(ladder::draw(&self.style, session).as_bytes())
    }

    fn in_full(&mut self) -> io::Result<()> {
        for session in std::mem::take(&mut self.kept) {
            let text = conversation(&self.style, &session, self.capture(&session), self.reveal);
            self.out.write_all(text.as_bytes())?;
        }
        Ok(())
    }
}

impl Sink for Sessions {
    fn follows(&self) -> Follows {
        if self.live.is_some() { Follows::Mail } else { Follows::Nothing }
    }

    fn said(&mut self, connection: &Connection, said: Said<'_>) -> io::Result<()> {
        let Some((live, gauge)) = &mut self.live else { return Ok(()) };
        let mut text = String::new();
        live.push(&mut text, connection, said, || gauge.has_room());
        self.begun |= !text.is_empty();
        self.out.write_all(text.as_bytes())
    }

    fn session(&mut self, session: Box<Session>) -> io::Result<()> {
        self.count += 1;
        if let Some((live, gauge)) = &mut self.live {
            let mut text = String::new();
            live.push_rest(&mut text, &session, || gauge.has_room());
            self.out.write_all(text.as_bytes())?;
        }
        if self.raw {
            let mut text = String::new();
            let named = self.chosen.is_none().then(|| {
                let capture = self.capture(&session);
                capture.map(|(number, name)| format!(" · capture {number} ({name})")).unwrap_or_default()
            });
            raw::push(&mut text, &session, named.as_deref(), self.reveal);
            return self.out.write_all(text.as_bytes());
        }
        if self.drawn && self.count > 1 {
            self.kept.clear();
            return Ok(());
        }
        self.kept.push(*session);
        if self.kept.len() >= ROWS_A_TABLE {
            self.list()?;
        }
        Ok(())
    }

    fn journeys(&mut self, journeys: Journeys) -> io::Result<()> {
        self.journeys = journeys;
        Ok(())
    }

    fn finish(&mut self, _: &Summary) -> io::Result<()> {
        if self.raw {
            return self.out.flush();
        }
        if self.drawn {
            self.drawing()?;
            return self.out.flush();
        }
        if self.begun {
            self.out.write_all(b"\n")?;
        }
        if self.count == 0 {
            let none = match self.chosen {
                Some(stream) => self.style.say("smtp.view.none_in", &[("stream", &stream)]),
                None => self.style.word("smtp.view.none"),
            };
            writeln!(self.out, "{none}")?;
        } else if self.chosen.is_some() || self.count <= SHOWN_IN_FULL as u64 {
            self.in_full()?;
        } else {
            self.list()?;
            let mut text = String::new();
            let foot = self.style.say("smtp.view.foot", &[("count", &self.count)]);
            self.style.paragraph(&mut text, Tone::Quiet, &foot, 0);
            text.push('\n');
            self.out.write_all(text.as_bytes())?;
        }
        let mut text = String::new();
        if self.count == 0 && !self.journeys.list.is_empty() {
            text.push('\n');
        }
        journey::journeys(&self.style, &self.journeys, &mut text);
        self.out.write_all(text.as_bytes())?;
        self.out.flush()
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

fn conversation(style: &Style, session: &Session, capture: Option<(u32, String)>, reveal: bool) -> String {
    let mut out = String::new();
    heading(style, session, capture, &mut out);
    lookups(style, session, Part::Before, &mut out);
    ladder::push(style, &mut out, session);
    turns(style, session, reveal, &mut out);
    lookups(style, session, Part::During, &mut out);
    verdict::push(style, session, &mut out);
    for (index, message) in session.messages.iter().enumerate() {
        message_section(style, index + 1, message, &mut out);
    }
    exposure::push(style, session, &mut out);
    remarks(style, session, &mut out);
    out.push('\n');
    out
}

/// The names that were looked up for it, under a heading.
fn lookups(style: &Style, session: &Session, part: Part, out: &mut String) {
    let host = match part {
        Part::Before => session.client.address,
        Part::During => session.server.address,
    };
    for (at, line) in dns::story(style, &session.lookups, part, Some(host)).iter().enumerate() {
        if at == 0 {
            out.push('\n');
            style.paragraph(out, Tone::Plain, line, 2);
        } else {
            style.paragraph(out, Tone::Quiet, &format!("  {line}"), 4);
        }
    }
}

/// What both sides speak.
const fn protocol(session: &Session) -> &'static str {
    if session.lmtp { "LMTP" } else { "SMTP" }
}

fn heading(style: &Style, session: &Session, capture: Option<(u32, String)>, out: &mut String) {
    let role = match session.role {
        Role::Submission => "submission",
        Role::Relay => "relay",
        Role::Delivery => "delivery",
        Role::Unknown => "unknown",
    };
    let took = took(session).map(|took| match session.ended {
        Ended::Tls => format!(" · {}", style.say("smtp.view.until_tls", &[("took", &took)])),
        Ended::Quit | Ended::Closed | Ended::Reset | Ended::Timeout | Ended::Open => format!(" · {took}"),
    });
    let capture = capture
        .map(|(number, name)| style.say("smtp.view.capture_name", &[("capture", &number), ("name", &name)]));
    let title = style.say(
        "smtp.view.heading",
        &[
            ("protocol", &protocol(session)),
            ("stream", &session.stream),
            ("capture", &capture.unwrap_or_default()),
            ("client", &style.endpoint(session.client)),
            ("server", &style.endpoint(session.server)),
            ("took", &took.unwrap_or_default()),
        ],
    );
    style.paragraph(out, Tone::Title, &title, 2);
    let role = lesson::smtp::role(style.lang, role).unwrap_or_default();
    let reason = lesson::smtp::role_reason(style.lang, session.role_reason).unwrap_or_default();
    let basis = if session.role == Role::Unknown { "smtp.view.reason" } else { "smtp.view.inferred" };
    let inferred = style.say(basis, &[("reason", &reason)]);
    style.paragraph(out, Tone::Plain, &format!("{role}{inferred}"), 2);
    let encryption = match session.encryption {
        Encryption::None => "none",
        Encryption::StartTls { .. } => "starttls",
        Encryption::Implicit => "implicit",
    };
    let encryption = lesson::smtp::encryption(style.lang, encryption).unwrap_or_default();
    let from = match session.encryption {
        Encryption::StartTls { packet } => style.say("smtp.view.from_packet", &[("packet", &packet)]),
        Encryption::None | Encryption::Implicit => String::new(),
    };
    style.paragraph(out, protection_tone(session.encryption), &format!("{encryption}{from}"), 2);
    login(style, session, out);
    style.paragraph(out, Tone::Plain, &sent(style, session), 2);
    let ended = lesson::smtp::ended(style.lang, session.ended.name()).unwrap_or_default();
    style.paragraph(out, Tone::Plain, &style.say("smtp.view.ended", &[("how", &ended)]), 2);
    pace(style, session, out);
}

/// Messages and their octets; recipients by their verdicts.
fn sent(style: &Style, session: &Session) -> String {
    let verdicts = session
        .messages
        .iter()
        .flat_map(|message| message.rcpt_to.iter().map(|r| message.verdict(r).0))
        .chain(session.abandoned.iter().flat_map(|mail| mail.rcpt_to.iter().map(|r| mail.verdict(r).0)));
    let verdicts_in_order =
        [Verdict::Accepted, Verdict::Refused, Verdict::Deferred, Verdict::Dropped, Verdict::Unknown];
    let mut counts = verdicts_in_order.map(|verdict| (verdict, 0));
    for verdict in verdicts {
        for (counted, count) in &mut counts {
            *count += u32::from(*counted == verdict);
        }
    }
    let octets: u64 = session.messages.iter().map(|message| message.octets).sum();
    let mut text = match (session.messages.len(), session.encryption) {
        (0, Encryption::None) => style.word("smtp.view.sent_none"),
        (0, Encryption::StartTls { .. } | Encryption::Implicit) => style.word("smtp.view.sent_hidden"),
        (messages, _) => style.say("smtp.view.sent", &[("messages", &messages), ("octets", &octets)]),
    };
    let counted = counts.into_iter().filter(|(_, count)| *count > 0).map(|(verdict, count)| {
        let name = style.word(&format!("smtp.view.verdict.{}", verdict.name()));
        style.say("smtp.view.recipient_count", &[("verdict", &name), ("count", &count)])
    });
    let list = counted.collect::<Vec<_>>().join(&style.word("journey.and"));
    if !list.is_empty() {
        text.push_str(&style.say("smtp.view.recipients", &[("list", &list)]));
    }
    text
}

/// Who let the other wait, and how long.
fn pace(style: &Style, session: &Session, out: &mut String) {
    let pace = Pace::of(session);
    if pace.server + pace.tls + pace.client == 0 {
        return;
    }
    let [server, client, tls] = [pace.server, pace.client, pace.tls].map(duration);
    let key = if pace.tls > 0 { "smtp.pace.three" } else { "smtp.pace.both" };
    let values: [(&str, &dyn std::fmt::Display); 3] =
        [("server", &server), ("client", &client), ("tls", &tls)];
    let mut text = style.say(key, &values);
    if session.ended == Ended::Tls {
        text.push_str(&style.word("smtp.pace.until_tls"));
    }
    if let Some(greeting) = pace.greeting {
        text.push_str(&style.say("smtp.pace.greeting", &[("time", &duration(greeting))]));
    }
    style.paragraph(out, Tone::Quiet, &text, 2);
}

fn turns(style: &Style, session: &Session, reveal: bool, out: &mut String) {
    if session.turns.is_empty() {
        return;
    }
    out.push('\n');
    dialogue::push(style, out, "osi_phase", rows(style, session, reveal));
    style.paragraph(out, Tone::Quiet, &style.word("smtp.view.osi"), 2);
    if session.decrypted.is_some() {
        style.paragraph(out, Tone::Good, &style.word("smtp.view.decrypted"), 2);
    }
    if session.turns_left_out > 0 {
        let text = style.say("smtp.view.left_out", &[("count", &session.turns_left_out)]);
        style.paragraph(out, Tone::Warn, &text, 2);
    }
}

/// The last attempt to authenticate.
fn login(style: &Style, session: &Session, out: &mut String) {
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
}

fn remarks(style: &Style, session: &Session, out: &mut String) {
    let guessable = turns::guessable(session);
    if !session.warnings.is_empty() || guessable.is_some() {
        out.push('\n');
    }
    if let Some((challenge, response)) = guessable {
        let packets = [("challenge", &challenge as &dyn std::fmt::Display), ("response", &response)];
        style.paragraph(out, Tone::Warn, &style.say("smtp.here.guessable", &packets), 2);
    }
    for &warning in &session.warnings {
        let refused = session.auth.as_ref().is_some_and(|auth| auth.outcome == AuthOutcome::Rejected);
        let name = match warning {
            Warning::AuthInTheClear if refused => "auth_in_the_clear_refused",
            _ => Warning::name(warning),
        };
        let text = lesson::smtp::warning(style.lang, name).unwrap_or_default();
        style.paragraph(out, Tone::Warn, &format!("! {text}"), 2);
    }
}
