//! The lines of a conversation, and what each of them means where it stands.

use super::super::style::{Style, Tone, shown};
use crate::conversation::smtp::{Encryption, Reply, Session, Speaker, Turn, TurnKind};
use crate::lesson::smtp::{self, Phase};
use crate::packet::Timestamp;

/// Characters of a line that are shown.
const LONGEST_LINE: usize = 400;

/// One row of the conversation.
pub(super) struct TurnRow {
    pub(super) packet: String,
    pub(super) delta: String,
    pub(super) who: String,
    pub(super) line: String,
    pub(super) phase: String,
    pub(super) means: String,
    pub(super) tone: Tone,
}

/// All rows of a session, in order.
pub(super) fn rows(style: &Style, session: &Session, reveal: bool) -> Vec<TurnRow> {
    let mut memory = Memory::default();
    let mut teller =
        Teller { style, turns: &session.turns, whole: Some(session), reveal, memory: &mut memory };
    session.turns.iter().flat_map(|turn| teller.turn(turn)).collect()
}

/// The rows of the last turn of a session that is under way.
pub(super) fn rows_of(style: &Style, turns: &[Turn], reveal: bool, memory: &mut Memory) -> Vec<TurnRow> {
    let mut teller = Teller { style, turns, whole: None, reveal, memory };
    turns.last().map(|turn| teller.turn(turn)).unwrap_or_default()
}

/// What a row depends on beyond the turns.
#[derive(Debug, Clone, Copy)]
pub(super) struct Memory {
    before: Option<Timestamp>,
    phase: Phase,
}

impl Default for Memory {
    fn default() -> Self {
        Self { before: None, phase: Phase::Connect }
    }
}

/// The last command that was refused, and with which code.
pub(super) fn last_refusal(session: &Session) -> Option<(String, u16)> {
    session.turns.iter().rev().find_map(|turn| match &turn.kind {
        TurnKind::Reply { answers, reply } if reply.code >= 400 => {
            let asked = answers.and_then(|packet| command_at(&session.turns, packet));
            Some((
                asked.map_or_else(String::new, |(verb, argument)| format!("{verb} {argument}")),
                reply.code,
            ))
        }
        _ => None,
    })
}

fn command_at(turns: &[Turn], packet: u64) -> Option<(&str, &str)> {
    turns.iter().rev().find_map(|turn| match &turn.kind {
        TurnKind::Command { verb, argument, .. } if turn.packet == packet => {
            Some((verb.as_str(), argument.as_str()))
        }
        _ => None,
    })
}

struct Teller<'a> {
    style: &'a Style,
    turns: &'a [Turn],
    /// The session, once it is over: only then is it known what was not used.
    whole: Option<&'a Session>,
    reveal: bool,
    memory: &'a mut Memory,
}

impl Teller<'_> {
    fn turn(&mut self, turn: &Turn) -> Vec<TurnRow> {
        match &turn.kind {
            TurnKind::Greeting(reply) => self.reply(turn, None, reply),
            TurnKind::Reply { answers, reply } => self.reply(turn, *answers, reply),
            TurnKind::Command { verb, argument, secret } => {
                self.memory.phase = Phase::of_verb(verb);
                let mut line = format!("{verb} {argument}").trim_end().to_owned();
                if let Some(secret) = secret {
                    line.push(' ');
                    line.push_str(if self.reveal { secret } else { "········" });
                }
                let means = smtp::verb(self.style.lang, verb)
                    .unwrap_or_else(|| self.style.word("smtp.view.unknown_verb"));
                vec![self.row(turn, &line, means, Tone::Upper)]
            }
            TurnKind::AuthResponse { secret, cancel } => {
                self.memory.phase = Phase::Authentication;
                let line = if self.reveal || *cancel { secret.as_str() } else { "········" };
                let key = if *cancel { "auth_cancel" } else { "auth_response" };
                vec![self.row(turn, line, self.said(key), Tone::Upper)]
            }
            TurnKind::Message { octets, .. } => {
                self.memory.phase = Phase::Message;
                let line = self.style.say("smtp.view.message_line", &[("octets", octets)]);
                vec![self.row(turn, &line, self.said("message"), Tone::Upper)]
            }
            TurnKind::Tls => {
                self.memory.phase = Phase::Encryption;
                vec![self.row(turn, "TLS", self.said("tls"), Tone::Good)]
            }
            TurnKind::Gap { octets } => {
                let line = self.style.say("smtp.view.gap_line", &[("octets", octets)]);
                vec![self.row(turn, &line, self.said("gap"), Tone::Warn)]
            }
        }
    }

    fn said(&self, key: &str) -> String {
        smtp::turn(self.style.lang, key).unwrap_or_default()
    }

    fn reply(&mut self, turn: &Turn, answers: Option<u64>, reply: &Reply) -> Vec<TurnRow> {
        let tone = match reply.code {
            500.. => Tone::Bad,
            400.. => Tone::Warn,
            _ => Tone::Good,
        };
        let asked =
            answers.and_then(|packet| command_at(self.turns, packet)).map(|(verb, _)| verb.to_owned());
        let hello =
            asked.as_deref().is_some_and(|verb| ["EHLO", "LHLO"].contains(&verb)) && reply.code == 250;
        if hello {
            return self.capabilities(turn, answers, reply);
        }
        let mut means = self.answer(turn, asked.as_deref(), reply);
        // x.0.0 says no more than the class of the code does
        let enhanced = reply.enhanced.as_deref().filter(|enhanced| !enhanced.ends_with(".0.0"));
        if let Some(text) = enhanced.and_then(|enhanced| smtp::enhanced(self.style.lang, enhanced)) {
            means.push_str(&format!(" · {}: {text}", enhanced.unwrap_or_default()));
        }
        if let Some(packet) = answers {
            means.push_str(&self.style.say("smtp.view.answers", &[("packet", &packet)]));
        }
        let line = format!("{} {}", reply.code, reply.lines.join(" / "));
        vec![self.row(turn, &line, means, tone)]
    }

    fn answer(&self, turn: &Turn, asked: Option<&str>, reply: &Reply) -> String {
        let to = match turn.kind {
            TurnKind::Greeting(_) => "greeting",
            _ if self.memory.phase == Phase::Message && reply.code != 354 && asked != Some("DATA") => {
                asked.unwrap_or("message")
            }
            _ => asked.unwrap_or(""),
        };
        smtp::answer(self.style.lang, to, reply.code)
            .or_else(|| smtp::code(self.style.lang, reply.code))
            .unwrap_or_default()
    }

    /// A row for each line of the answer to EHLO: what it offers, and whether that was used.
    fn capabilities(&mut self, turn: &Turn, answers: Option<u64>, reply: &Reply) -> Vec<TurnRow> {
        let last = reply.lines.len().saturating_sub(1);
        let mut rows = Vec::new();
        for (index, text) in reply.lines.iter().enumerate() {
            let line = format!("{}{}{text}", reply.code, if index == last { ' ' } else { '-' });
            let means = if index == 0 {
                let answer = smtp::answer(self.style.lang, "EHLO", reply.code).unwrap_or_default();
                let packet =
                    answers.map(|packet| self.style.say("smtp.view.answers", &[("packet", &packet)]));
                format!("{answer}{}", packet.unwrap_or_default())
            } else {
                self.capability(text)
            };
            let mut row = self.row(turn, &line, means, Tone::Good);
            if index > 0 {
                row.packet.clear();
                row.delta.clear();
                row.who.clear();
                row.phase.clear();
            }
            rows.push(row);
        }
        rows
    }

    fn capability(&self, line: &str) -> String {
        let meaning = smtp::keyword(self.style.lang, line)
            .unwrap_or_else(|| self.style.word("smtp.view.unknown_keyword"));
        match self.whole.and_then(|session| is_used(session, line)) {
            Some(true) => format!("{meaning} · {}", self.style.word("smtp.view.used")),
            Some(false) => format!("{meaning} · {}", self.style.word("smtp.view.not_used")),
            None => meaning,
        }
    }

    fn row(&mut self, turn: &Turn, line: &str, means: String, tone: Tone) -> TurnRow {
        let delta = turn
            .time
            .zip(self.memory.before)
            .map(|(now, before)| format!("{:.3}", now.since(before) as f64 / 1e6));
        self.memory.before = turn.time.or(self.memory.before);
        let who = match turn.from {
            Speaker::Client => "smtp.view.client",
            Speaker::Server => "smtp.view.server",
        };
        let line: String = shown(line).chars().take(LONGEST_LINE).collect();
        TurnRow {
            packet: turn.packet.to_string(),
            delta: delta.unwrap_or_default(),
            who: self.style.word(who),
            line,
            phase: smtp::phase(self.style.lang, self.memory.phase).unwrap_or_default(),
            means,
            tone,
        }
    }
}

/// Whether the client used what an EHLO line offers; `None` where the wire does not show it.
fn is_used(session: &Session, line: &str) -> Option<bool> {
    let keyword = line.split([' ', '=']).next().unwrap_or_default().to_ascii_uppercase();
    let commands = || {
        session.turns.iter().filter_map(|turn| match &turn.kind {
            TurnKind::Command { verb, argument, .. } => {
                Some((turn.packet, verb.as_str(), argument.to_ascii_uppercase()))
            }
            _ => None,
        })
    };
    let parameter =
        |verb: &str, text: &str| commands().any(|(_, v, argument)| v == verb && argument.contains(text));
    Some(match keyword.as_str() {
        "PIPELINING" => commands().zip(commands().skip(1)).any(|(one, next)| one.0 == next.0),
        "SIZE" => parameter("MAIL", " SIZE="),
        "8BITMIME" => parameter("MAIL", "BODY=8BITMIME"),
        "BINARYMIME" => parameter("MAIL", "BODY=BINARYMIME"),
        "SMTPUTF8" => parameter("MAIL", " SMTPUTF8"),
        "DSN" => parameter("RCPT", " NOTIFY=") || parameter("MAIL", " RET="),
        "STARTTLS" => matches!(session.encryption, Encryption::StartTls { .. }),
        "AUTH" => session.auth.is_some(),
        "CHUNKING" => commands().any(|(_, verb, _)| verb == "BDAT"),
        "VRFY" | "ETRN" | "EXPN" | "HELP" => commands().any(|(_, verb, _)| verb == keyword),
        _ => return None,
    })
}
