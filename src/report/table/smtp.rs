//! `smtp`: sessions, and the conversation of a chosen one, line by line.

use std::io::{self, Write};

use super::style::{Style, Tone};
use super::time::milliseconds;
use crate::conversation::smtp::{Encryption, Recipient, Reply, Role, Session, Speaker, Turn, TurnKind};
use crate::flow::Connection;
use crate::lesson::smtp::{self, Phase};
use crate::report::{Options, Sink, Summary, escape};

/// Sessions that are listed; the others are counted.
const LISTED: usize = 1000;
/// Sessions that are told in full when none is chosen, if there are no more than these.
const FEW: u64 = 3;

/// Collects sessions.
pub(super) struct Smtp {
    out: Box<dyn Write>,
    style: Style,
    reveal: bool,
    chosen: Option<u64>,
    sessions: Vec<Session>,
    total: u64,
}

impl Smtp {
    pub(super) fn new(options: &Options, out: Box<dyn Write>) -> Self {
        Self {
            out,
            style: Style::new(options),
            reveal: options.reveal_secrets,
            chosen: options.stream,
            sessions: Vec::new(),
            total: 0,
        }
    }

    fn story(&self, out: &mut String, s: &Session) {
        let style = &self.style;
        let values: [(&str, &dyn std::fmt::Display); 4] = [
            ("stream", &s.stream),
            ("client", &s.client),
            ("server", &s.server),
            ("protected", &protected(style, s)),
        ];
        style.heading(out, &style.say("smtp.view.story", &values));
        out.push('\n');
        let mut table = style.grid(&["packet", "delta", "who", "line", "phase", "means"]);
        let mut before = None;
        let mut verb = "greeting".to_owned();
        for turn in &s.turns {
            let (phase, lines) = self.turn(s, turn, &mut verb);
            for (at, (line, meaning)) in lines.into_iter().enumerate() {
                let first = at == 0;
                let (who, tone) = match turn.from {
                    Speaker::Client => ("smtp.view.client", Tone::Network),
                    Speaker::Server => ("smtp.view.server", Tone::Upper),
                };
                let only_first = |text: String| if first { text } else { String::new() };
                table.add_row(vec![
                    style.number(only_first(turn.packet.to_string())),
                    style.number(only_first(milliseconds(before.or(turn.time), turn.time))),
                    style.cell(Tone::Plain, only_first(style.word(who))),
                    style.cell(tone, line),
                    style.cell(Tone::Quiet, only_first(smtp::phase(style.lang, phase).unwrap_or_default())),
                    style.cell(Tone::Plain, meaning),
                ]);
            }
            before = turn.time;
        }
        style.push_grid(out, &table);
        if s.turns_left_out > 0 {
            style.paragraph(out, Tone::Quiet, &style.say("view.more", &[("count", &s.turns_left_out)]), 2);
        }
        self.verdicts(out, s);
        for warning in &s.warnings {
            let text = smtp::warning(style.lang, warning.name()).unwrap_or_else(|| warning.name().to_owned());
            style.paragraph(out, Tone::Warn, &format!("! {text}"), 2);
        }
    }

    /// The phase of a turn, and its lines with what each means.
    fn turn(&self, s: &Session, turn: &Turn, verb: &mut String) -> (Phase, Vec<(String, String)>) {
        let lang = self.style.lang;
        match &turn.kind {
            TurnKind::Greeting(reply) => (Phase::Connect, self.reply(s, reply, "greeting", None)),
            TurnKind::Command { verb: said, argument, secret } => {
                said.clone_into(verb);
                let mut line = shown(said);
                if !argument.is_empty() {
                    line.push(' ');
                    escape::push_text(&mut line, argument);
                }
                if let Some(secret) = secret {
                    line.push(' ');
                    line.push_str(&self.masked(secret));
                }
                (Phase::of_verb(said), vec![(line, smtp::verb(lang, said).unwrap_or_default())])
            }
            TurnKind::Reply { answers, reply } => {
                let asked = answers.and_then(|packet| command(s, packet)).unwrap_or(verb);
                (Phase::of_verb(asked), self.reply(s, reply, asked, *answers))
            }
            TurnKind::AuthResponse { secret, cancel } => {
                let name = if *cancel { "auth_cancel" } else { "auth_response" };
                let line = if *cancel { "*".to_owned() } else { self.masked(secret) };
                (Phase::Authentication, vec![(line, smtp::turn(lang, name).unwrap_or_default())])
            }
            TurnKind::Message { octets, .. } => {
                "message".clone_into(verb);
                let line = self.style.say("smtp.view.octets", &[("count", octets)]);
                (Phase::Message, vec![(line, smtp::turn(lang, "message").unwrap_or_default())])
            }
            TurnKind::Tls => {
                (Phase::Encryption, vec![("TLS".to_owned(), smtp::turn(lang, "tls").unwrap_or_default())])
            }
            TurnKind::Gap { octets } => {
                let line = self.style.say("smtp.view.octets", &[("count", octets)]);
                (Phase::Service, vec![(line, smtp::turn(lang, "gap").unwrap_or_default())])
            }
        }
    }

    fn reply(&self, s: &Session, reply: &Reply, to: &str, answers: Option<u64>) -> Vec<(String, String)> {
        let lang = self.style.lang;
        let hello = matches!(to, "EHLO" | "LHLO") && reply.code == 250;
        let last = reply.lines.len().saturating_sub(1);
        let mut lines = Vec::with_capacity(reply.lines.len().max(1));
        for (at, text) in reply.lines.iter().enumerate() {
            let line = format!("{}{}{}", reply.code, if at < last { '-' } else { ' ' }, shown(text));
            let meaning = if at == 0 {
                self.answer(reply, to, answers)
            } else if hello {
                offered(&self.style, s, text)
            } else {
                String::new()
            };
            lines.push((line, meaning));
        }
        if lines.is_empty() {
            lines.push((reply.code.to_string(), smtp::answer(lang, to, reply.code).unwrap_or_default()));
        }
        lines
    }

    fn answer(&self, reply: &Reply, to: &str, answers: Option<u64>) -> String {
        let lang = self.style.lang;
        let mut parts: Vec<String> = smtp::answer(lang, to, reply.code).into_iter().collect();
        if let Some(status) = &reply.enhanced
            && let Some(meaning) = smtp::enhanced(lang, status)
        {
            parts.push(format!("{}: {meaning}", shown(status)));
        }
        if let Some(packet) = answers {
            parts.push(self.style.say("smtp.view.answers", &[("packet", &packet)]));
        }
        parts.join(" · ")
    }

    fn masked(&self, secret: &str) -> String {
        if self.reveal {
            shown(secret)
        } else {
            self.style.say("smtp.view.hidden", &[("count", &secret.len())])
        }
    }

    fn verdicts(&self, out: &mut String, s: &Session) {
        let style = &self.style;
        for (at, message) in s.messages.iter().enumerate() {
            let subject = message.header.subject.as_deref().map(shown).unwrap_or_default();
            let values: [(&str, &dyn std::fmt::Display); 3] =
                [("number", &(at + 1)), ("octets", &message.octets), ("subject", &subject)];
            style.heading(out, &style.say("smtp.view.message", &values));
            for part in &message.parts {
                let name = part.filename.as_deref().map(shown).unwrap_or_default();
                let values: [(&str, &dyn std::fmt::Display); 4] = [
                    ("type", &shown(&part.content_type)),
                    ("encoding", &shown(&part.encoding)),
                    ("octets", &part.octets),
                    ("name", &name),
                ];
                style.paragraph(out, Tone::Quiet, &style.say("smtp.view.part", &values), 2);
            }
            let mut table = style.grid(&["recipient", "verdict", "said"]);
            for recipient in &message.rcpt_to {
                let (name, tone, reply) = verdict(recipient, message.outcome.as_ref());
                let said =
                    reply.map(|r| format!("{} {}", r.code, shown(&r.lines.join(" ")))).unwrap_or_default();
                table.add_row(vec![
                    style.cell(Tone::Plain, shown(&recipient.address)),
                    style.cell(tone, smtp::verdict(style.lang, name).unwrap_or_default()),
                    style.cell(Tone::Plain, said),
                ]);
            }
            style.push_grid(out, &table);
        }
    }
}

impl Sink for Smtp {
    fn session(&mut self, session: &Session, _connection: &Connection) -> io::Result<()> {
        if self.chosen.is_some_and(|chosen| chosen != session.stream) {
            return Ok(());
        }
        self.total += 1;
        if self.sessions.len() < LISTED {
            let mut session = session.clone();
            if self.chosen.is_none() && self.total > FEW {
                session.turns = Vec::new();
            }
            self.sessions.push(session);
        }
        Ok(())
    }

    fn finish(&mut self, _summary: &Summary) -> io::Result<()> {
        self.sessions.sort_by_key(|s| s.stream);
        let mut out = String::new();
        list(&self.style, &mut out, &self.sessions, self.total);
        if self.chosen.is_some() || self.total <= FEW {
            for session in &self.sessions {
                self.story(&mut out, session);
            }
        }
        self.out.write_all(out.as_bytes())?;
        self.out.flush()
    }
}

/// The list of sessions: one row a mail, or one for a session without any.
pub(super) fn list(style: &Style, out: &mut String, sessions: &[Session], total: u64) {
    if sessions.is_empty() {
        style.paragraph(out, Tone::Plain, &style.word("smtp.view.none"), 2);
        return;
    }
    let mut table = style.grid(&["smtp", "from_to", "verdict", "octets", "role", "protected", "ended"]);
    for s in sessions {
        let ended = short(smtp::ended(style.lang, s.ended.name()));
        let role = short(smtp::role(style.lang, role(s.role)));
        let mut row = |who: String, tone, verdict: String, octets: String| {
            table.add_row(vec![
                style.number(s.stream),
                style.cell(Tone::Plain, who),
                style.cell(tone, verdict),
                style.number(octets),
                style.cell(Tone::Plain, role.clone()),
                style.cell(Tone::Plain, short(Some(protected(style, s)))),
                style.cell(Tone::Plain, ended.clone()),
            ]);
        };
        if s.messages.is_empty() {
            row(format!("{} → {}", s.client, s.server), Tone::Quiet, "-".to_owned(), "-".to_owned());
        }
        for message in &s.messages {
            for recipient in &message.rcpt_to {
                let (name, tone, reply) = verdict(recipient, message.outcome.as_ref());
                let from = message.mail_from.as_deref().unwrap_or_default();
                let who = format!("{} → {}", shown(&format!("<{from}>")), shown(&recipient.address));
                let word = short(smtp::verdict(style.lang, name));
                let code = reply.map(|r| format!("{} {word}", r.code)).unwrap_or(word);
                row(who, tone, code, message.octets.to_string());
            }
        }
    }
    style.push_grid(out, &table);
    let more = total.saturating_sub(sessions.len() as u64);
    if more > 0 {
        style.paragraph(out, Tone::Quiet, &style.say("view.more", &[("count", &more)]), 2);
    }
}

/// A text without its explanation behind the colon, for the narrow columns of a list.
fn short(text: Option<String>) -> String {
    let text = text.unwrap_or_default();
    text.split([':', '：']).next().unwrap_or_default().to_owned()
}

/// What became of a recipient, and the reply that decided it.
fn verdict<'a>(
    recipient: &'a Recipient,
    outcome: Option<&'a Reply>,
) -> (&'static str, Tone, Option<&'a Reply>) {
    let refused = recipient.reply.as_ref().filter(|r| r.code >= 400);
    let decided = refused.or(recipient.delivery.as_ref()).or(outcome);
    match decided.map(|r| r.code) {
        Some(200..=299) => ("accepted", Tone::Good, decided),
        Some(400..=499) => ("deferred", Tone::Warn, decided),
        Some(500..=599) => ("refused", Tone::Bad, decided),
        _ => ("unknown", Tone::Quiet, decided),
    }
}

/// The verb of the command in a packet.
fn command(s: &Session, packet: u64) -> Option<&str> {
    let at = s.turns.partition_point(|t| t.packet < packet);
    s.turns[at..].iter().take_while(|t| t.packet == packet).find_map(|t| match &t.kind {
        TurnKind::Command { verb, .. } => Some(verb.as_str()),
        TurnKind::Message { .. } => Some("message"),
        TurnKind::AuthResponse { .. } => Some("AUTH"),
        _ => None,
    })
}

/// What an offer is for, and whether the client took STARTTLS where it was offered.
fn offered(style: &Style, s: &Session, line: &str) -> String {
    let mut text = smtp::keyword(style.lang, line).unwrap_or_default();
    if line.eq_ignore_ascii_case("STARTTLS") && s.encryption == Encryption::None {
        text.push_str(" · ");
        text.push_str(&style.word("smtp.view.not_used"));
    }
    text
}

fn protected(style: &Style, s: &Session) -> String {
    let name = match s.encryption {
        Encryption::None => "none",
        Encryption::StartTls { .. } => "starttls",
        Encryption::Implicit => "implicit",
    };
    let mut text = smtp::encryption(style.lang, name).unwrap_or_default();
    if let Encryption::StartTls { packet } = s.encryption {
        text.push_str(&style.say("smtp.view.from_packet", &[("packet", &packet)]));
    }
    text
}

const fn role(role: Role) -> &'static str {
    match role {
        Role::Submission => "submission",
        Role::Relay => "relay",
        Role::Delivery => "delivery",
        Role::Unknown => "unknown",
    }
}

fn shown(text: &str) -> String {
    let mut out = String::new();
    escape::push_text(&mut out, text);
    out
}
