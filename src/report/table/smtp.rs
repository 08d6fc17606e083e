//! SMTP sessions: a row each; and a conversation line by line, with a verdict for each recipient.

use std::io::{self, Write};

use super::smtp_turns::{TurnRow, rows};
use super::style::{Style, Tone};
use super::style::{push_clipped, shown};
use super::time::milliseconds;
use crate::conversation::smtp::{
    Abandoned, Encryption, Message, Recipient, Reply, Role, Session, Verdict, Warning,
};
use crate::flow::Connection;
use crate::lesson;
use crate::report::{Options, Sink, Summary};

/// Captures with no more sessions than this show each conversation.
const SHOWN_IN_FULL: usize = 3;

/// Columns that an address takes at most.
const LONGEST_PATH: usize = 60;

/// Columns from which on a terminal has room for the addresses of both ends.
const WIDE: usize = 100;

/// Rows that one table has; the next ones get a heading of their own, so that long lists stream.
const ROWS_A_TABLE: usize = 100;

/// The sink.
pub(super) struct Sessions {
    style: Style,
    reveal: bool,
    chosen: Option<u64>,
    out: Box<dyn Write>,
    kept: Vec<Session>,
    count: u64,
}

impl Sessions {
    pub(super) fn new(options: &Options, out: Box<dyn Write>) -> Self {
        Self {
            style: Style::new(options),
            reveal: options.reveal_secrets,
            chosen: options.stream,
            out,
            kept: Vec::new(),
            count: 0,
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
    fn session(&mut self, session: &Session, _: &Connection) -> io::Result<()> {
        self.count += 1;
        self.kept.push(session.clone());
        if self.kept.len() >= ROWS_A_TABLE {
            self.list()?;
        }
        Ok(())
    }

    fn finish(&mut self, _: &Summary) -> io::Result<()> {
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
            self.out.write_all(text.as_bytes())?;
        }
        self.out.flush()
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Appends the sessions of an overview, and how many more there are.
pub(super) fn list(style: &Style, out: &mut String, sessions: &[Session], total: u64) {
    push_list(style, out, sessions);
    let more = total.saturating_sub(sessions.len() as u64);
    if more > 0 {
        style.paragraph(out, Tone::Quiet, &style.say("smtp.view.more", &[("count", &more)]), 2);
    }
}

/// Without the addresses of both ends where the terminal is narrow: the connections' table has them.
fn push_list(style: &Style, out: &mut String, sessions: &[Session]) {
    let columns = ["session", "client", "from_to", "verdict", "protected", "took", "ended"];
    let is_wide = style.width >= WIDE;
    let shown: Vec<&str> = columns.into_iter().filter(|&column| is_wide || column != "client").collect();
    let mut grid = style.grid(&shown);
    for session in sessions {
        for mail in mails(style, session) {
            let mut row = vec![style.number(session.stream)];
            if is_wide {
                let ends = format!("{} → {}", session.client.address, session.server);
                row.push(style.cell(Tone::Plain, ends));
            }
            row.extend([
                style.cell(Tone::Plain, mail.path),
                style.cell(mail.tone, mail.verdict),
                style.cell(protection_tone(session), protection(style, session)),
                style.number(took(session)),
                style.cell(Tone::Quiet, session.ended.name()),
            ]);
            grid.add_row(row);
        }
    }
    style.push_grid(out, grid);
}

/// From the first line of a session to the last.
fn took(session: &Session) -> String {
    let times = || session.turns.iter().filter_map(|turn| turn.time);
    format!("{} ms", milliseconds(times().next(), times().next_back()))
}

/// One mail's way and what became of it, for lists.
struct Mail {
    path: String,
    verdict: String,
    tone: Tone,
}

/// One row for each recipient of a session; one that says so where there was none.
fn mails(style: &Style, session: &Session) -> Vec<Mail> {
    let mut mails = Vec::new();
    for message in &session.messages {
        let fates = message.rcpt_to.iter().map(|recipient| fate(recipient, message.verdict(recipient)));
        mails.extend(fates.map(|fate| mail(style, message.mail_from.as_deref(), &fate)));
    }
    for abandoned in &session.abandoned {
        let fates = abandoned.rcpt_to.iter().map(|recipient| fate(recipient, abandoned.verdict(recipient)));
        mails.extend(fates.map(|fate| never_sent(style, abandoned.mail_from.as_deref(), &fate)));
    }
    if mails.is_empty() {
        mails.push(without_message(style, session));
    }
    mails
}

/// What became of one recipient.
struct Fate<'a> {
    recipient: &'a Recipient,
    verdict: Verdict,
    reply: Option<&'a Reply>,
}

const fn fate<'a>(recipient: &'a Recipient, (verdict, reply): (Verdict, Option<&'a Reply>)) -> Fate<'a> {
    Fate { recipient, verdict, reply }
}

fn mail(style: &Style, from: Option<&str>, fate: &Fate<'_>) -> Mail {
    let from = shown_path(from.unwrap_or("?"));
    let code = fate.reply.map(|reply| format!("{} ", reply.code)).unwrap_or_default();
    let verdict = style.word(&format!("smtp.view.verdict.{}", fate.verdict.name()));
    Mail {
        path: format!("{from} → {}", shown_path(&fate.recipient.address)),
        verdict: format!("{code}{verdict}"),
        tone: tone(fate.verdict),
    }
}

/// A recipient whom no message followed: RCPT's own answer is all that there is.
fn never_sent(style: &Style, from: Option<&str>, fate: &Fate<'_>) -> Mail {
    let mail = mail(style, from, fate);
    let accepted = fate.reply.filter(|reply| fate.verdict == Verdict::Unknown && reply.code < 300);
    let Some(reply) = accepted else { return mail };
    Mail { verdict: format!("{} {}", reply.code, style.word("smtp.view.verdict.no_message")), ..mail }
}

fn without_message(style: &Style, session: &Session) -> Mail {
    let refusal = super::smtp_turns::last_refusal(session);
    let (path, verdict, tone) = match (refusal, session.encryption) {
        (Some((line, code)), _) => {
            // a 421 that no command asked for
            let line = if line.is_empty() { style.word("smtp.view.no_mail") } else { shown(&line) };
            (line, format!("{code}"), if code >= 500 { Tone::Bad } else { Tone::Warn })
        }
        (None, Encryption::None) => (style.word("smtp.view.no_mail"), "-".into(), Tone::Quiet),
        (None, Encryption::StartTls { .. } | Encryption::Implicit) => {
            (style.word("smtp.view.hidden"), "?".into(), Tone::Quiet)
        }
    };
    Mail { path, verdict, tone }
}

fn shown_path(path: &str) -> String {
    if path.is_empty() {
        return "<>".into();
    }
    let mut out = String::new();
    push_clipped(&mut out, &shown(path), LONGEST_PATH);
    out
}

const fn tone(verdict: Verdict) -> Tone {
    match verdict {
        Verdict::Accepted => Tone::Good,
        Verdict::Refused => Tone::Bad,
        Verdict::Deferred => Tone::Warn,
        Verdict::Unknown => Tone::Quiet,
    }
}

/// What was encrypted, in a word or two.
fn protection(style: &Style, session: &Session) -> String {
    match session.encryption {
        Encryption::None => style.word("smtp.view.protected.none"),
        Encryption::StartTls { packet } => style.say("smtp.view.protected.starttls", &[("packet", &packet)]),
        Encryption::Implicit => style.word("smtp.view.protected.implicit"),
    }
}

const fn protection_tone(session: &Session) -> Tone {
    match session.encryption {
        Encryption::None => Tone::Warn,
        Encryption::StartTls { .. } | Encryption::Implicit => Tone::Good,
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
    style.paragraph(out, Tone::Plain, &format!("{role}{inferred}"), 2);
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
    style.push_grid(out, grid);
    if session.turns_left_out > 0 {
        let text = style.say("smtp.view.left_out", &[("count", &session.turns_left_out)]);
        style.paragraph(out, Tone::Warn, &text, 2);
    }
}

fn message_section(style: &Style, number: usize, message: &Message, out: &mut String) {
    style.heading(out, &style.say("smtp.view.message", &[("number", &number)]));
    let header = &message.header;
    let fields = [
        ("From", &header.from),
        ("To", &header.to),
        ("Subject", &header.subject),
        ("Date", &header.date),
        ("Message-ID", &message.message_id),
    ];
    for (name, value) in fields {
        if let Some(value) = value {
            style.paragraph(out, Tone::Plain, &format!("{name}: {}", shown(value)), 4);
        }
    }
    let state = if message.complete { "smtp.view.octets" } else { "smtp.view.octets_incomplete" };
    style.paragraph(out, Tone::Plain, &style.say(state, &[("octets", &message.octets)]), 4);
    if let Some(digest) = &message.sha256 {
        let digest: String = digest.iter().map(|octet| format!("{octet:02x}")).collect();
        style.paragraph(out, Tone::Quiet, &format!("SHA-256 {digest}"), 4);
    }
    for part in &message.parts {
        let name = part.filename.as_deref().map(|name| format!(" · {}", shown(name))).unwrap_or_default();
        let charset = part.charset.as_deref().map(|name| format!(" · {}", shown(name))).unwrap_or_default();
        let values = [&part.content_type, &part.encoding].map(|text| shown(text));
        let text = style.say(
            "smtp.view.part",
            &[("type", &values[0]), ("encoding", &values[1]), ("octets", &part.octets)],
        );
        style.paragraph(out, Tone::Plain, &format!("{text}{charset}{name}"), 4);
    }
    recipients(style, message.rcpt_to.iter().map(|r| fate(r, message.verdict(r))), out);
}

/// A transaction without a message: who was to get one.
fn abandoned_section(style: &Style, abandoned: &Abandoned, out: &mut String) {
    let from = shown_path(abandoned.mail_from.as_deref().unwrap_or("?"));
    style.heading(out, &style.say("smtp.view.abandoned", &[("from", &from)]));
    if !abandoned.rcpt_to.is_empty() {
        recipients(style, abandoned.rcpt_to.iter().map(|r| fate(r, abandoned.verdict(r))), out);
    }
}

fn recipients<'a>(style: &Style, fates: impl Iterator<Item = Fate<'a>>, out: &mut String) {
    let mut grid = style.grid(&["recipient", "verdict", "said"]);
    for Fate { recipient, verdict, reply } in fates {
        let text = lesson::smtp::verdict(style.lang, verdict.name()).unwrap_or_default();
        let said = reply
            .map_or_else(String::new, |reply| format!("{} {}", reply.code, shown(&reply.lines.join(" "))));
        let meaning = reply
            .and_then(|reply| reply.enhanced.as_deref())
            .and_then(|enhanced| lesson::smtp::enhanced(style.lang, enhanced))
            .map(|meaning| format!("\n= {meaning}"))
            .unwrap_or_default();
        grid.add_row([
            style.cell(Tone::Plain, recipient_name(recipient)),
            style.cell(tone(verdict), text),
            style.cell(Tone::Plain, format!("{said}{meaning}")),
        ]);
    }
    out.push('\n');
    style.push_grid(out, grid);
}

fn recipient_name(recipient: &Recipient) -> String {
    shown_path(&recipient.address)
}

fn remarks(style: &Style, session: &Session, out: &mut String) {
    out.push('\n');
    if let Some(auth) = &session.auth {
        let outcome = match auth.outcome {
            crate::conversation::smtp::AuthOutcome::Accepted => "accepted",
            crate::conversation::smtp::AuthOutcome::Rejected => "rejected",
            crate::conversation::smtp::AuthOutcome::Cancelled => "cancelled",
            crate::conversation::smtp::AuthOutcome::Unknown => "unknown",
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
