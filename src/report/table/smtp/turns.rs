//! The lines of a conversation, and what each of them means where it stands.

use super::super::dialogue::Row;
use super::super::style::{Style, Tone, clipped, shown};
use super::super::time::duration;
use super::capabilities::{Validity, capability};
use super::list::{LONGEST_PATH, shown_path};
use super::means;
use super::raw;
use crate::conversation::smtp::{Pace, Reply, Said, Session, Speaker, Transfer, Turn, TurnKind, challenge};
use crate::lesson::smtp::{self, Phase};
use crate::packet::Timestamp;

/// Characters of a line that are shown.
const LONGEST_LINE: usize = 400;
/// Columns that the text of a challenge takes at most.
const LONGEST_CHALLENGE: usize = 100;

/// All rows of a session, in order.
pub(super) fn rows(style: &Style, session: &Session, reveal: bool) -> Vec<Row> {
    let mut memory = Memory { pace: Pace::of(session), ..Memory::default() };
    let said = session.said();
    let mut teller = Teller { style, said, whole: Some(session), reveal, memory: &mut memory };
    (0..said.turns.len()).flat_map(|at| teller.next(at)).collect()
}

/// The rows of a turn of a session that is under way. Each turn has its turn once, in order.
pub(super) fn rows_at(
    style: &Style,
    said: Said<'_>,
    at: usize,
    reveal: bool,
    memory: &mut Memory,
) -> Vec<Row> {
    if let Some(turn) = said.turns.get(at) {
        memory.pace.take(turn);
    }
    Teller { style, said, whole: None, reveal, memory }.next(at)
}

/// What rows depend on beyond the turns themselves.
pub(super) struct Memory {
    pace: Pace,
    /// Of all turns so far.
    phases: Vec<Phase>,
    before: Option<Timestamp>,
    login: Login,
    /// What stands for a secret has been explained.
    mask_told: bool,
}

impl Default for Memory {
    fn default() -> Self {
        Self {
            pace: Pace::new(None),
            phases: Vec::new(),
            before: None,
            login: Login::default(),
            mask_told: false,
        }
    }
}

/// The packets of what was said: `8`, or `8–10` where it spans several.
pub(in crate::report::table) fn packets(first: u64, last: u64) -> String {
    if last > first { format!("{first}–{last}") } else { first.to_string() }
}

/// The packets of a challenge and of the response to it from which a password can be guessed (RFC 2195 section 3).
pub(super) fn guessable(session: &Session) -> Option<(u64, u64)> {
    let digest = |turn: &Turn| matches!(&turn.kind, TurnKind::Command { verb, argument, .. } if verb == "AUTH" && argument.eq_ignore_ascii_case("CRAM-MD5"));
    let begin = session.turns.iter().position(digest)?;
    let mut turns = session.turns.get(begin + 1..)?.iter();
    let asks = |turn: &&Turn| matches!(&turn.kind, TurnKind::Reply { reply, .. } if reply.code == 334);
    let answers = |turn: &&Turn| matches!(&turn.kind, TurnKind::AuthResponse { cancel: false, .. });
    Some((turns.find(asks)?.packet, turns.find(answers)?.packet))
}

/// The last command that was refused, and with which code.
pub(super) fn last_refusal(session: &Session) -> Option<(String, u16)> {
    session.turns.iter().rev().find_map(|turn| match &turn.kind {
        TurnKind::Reply { to, reply, .. } if reply.code >= 400 => {
            let line = match to.and_then(|to| session.turns.get(to)).map(|turn| &turn.kind) {
                Some(TurnKind::Command { line, .. }) => line.clone(),
                _ => String::new(),
            };
            Some((line, reply.code))
        }
        _ => None,
    })
}

/// The part of the session that each turn belongs to. A reply belongs where the command does that it answers, not
/// where the client has got to in the meantime.
pub(in crate::report::table) fn phases(session: &Session) -> Vec<Phase> {
    let mut phases = Vec::with_capacity(session.turns.len());
    session.turns.iter().for_each(|turn| phases.push(phase(&phases, turn)));
    phases
}

/// That of the turn behind those whose phases are known.
fn phase(before: &[Phase], turn: &Turn) -> Phase {
    let now = before.last().copied().unwrap_or(Phase::Connect);
    match &turn.kind {
        TurnKind::Greeting(_) => Phase::Connect,
        TurnKind::Command { verb, .. } => Phase::of_verb(verb),
        TurnKind::AuthResponse { .. } => Phase::Authentication,
        TurnKind::Message { .. } => Phase::Message,
        TurnKind::Tls => Phase::Encryption,
        TurnKind::Gap { .. } => now,
        TurnKind::Reply { to, reply, .. } => {
            let answered = to.and_then(|to| before.get(to)).copied();
            answered.or(Phase::of_code(reply.code)).unwrap_or(now)
        }
    }
}

/// What a reply answers, as [`smtp::answer`] calls it: a verb, `greeting` or `message`; empty where it is not known.
pub(in crate::report::table) fn answered<'a>(said: Said<'a>, to: Option<usize>) -> &'a str {
    match to.and_then(|to| said.turns.get(to)).map(|turn| &turn.kind) {
        // the reply to the last piece is that to the message (RFC 3030 section 2)
        Some(TurnKind::Command { verb, argument, .. })
            if verb == "BDAT" && means::is_last_chunk(argument) =>
        {
            "message"
        }
        Some(TurnKind::Command { verb, .. }) => verb,
        Some(TurnKind::Message { .. }) => "message",
        Some(TurnKind::AuthResponse { .. }) => "AUTH",
        Some(TurnKind::Greeting(_) | TurnKind::Reply { .. } | TurnKind::Tls | TurnKind::Gap { .. })
        | None => "",
    }
}

struct Teller<'a> {
    style: &'a Style,
    said: Said<'a>,
    /// The session, once it is over: only then is it known what was not used.
    whole: Option<&'a Session>,
    reveal: bool,
    memory: &'a mut Memory,
}

/// The login under way.
#[derive(Default)]
struct Login {
    /// Upper case.
    mechanism: String,
    /// Responses of the client's so far.
    responses: u32,
}

impl Teller<'_> {
    fn next(&mut self, at: usize) -> Vec<Row> {
        let Some(turn) = self.said.turns.get(at) else { return Vec::new() };
        let phase = phase(&self.memory.phases, turn);
        self.memory.phases.push(phase);
        let mut rows = self.turn(at, turn, phase);
        if let Some(first) = rows.first_mut().filter(|_| self.is_inside(at)) {
            let sealed_in = self.whole.and_then(|session| session.sealed_in(at));
            let (began, ended) = sealed_in.unwrap_or((turn.packet, turn.last_packet));
            first.packet = format!("+{}", packets(began, ended));
        }
        rows
    }

    /// Whether a turn stood inside TLS and was decrypted.
    fn is_inside(&self, at: usize) -> bool {
        self.said.inside_from.is_some_and(|from| at >= from)
    }

    fn turn(&mut self, at: usize, turn: &Turn, phase: Phase) -> Vec<Row> {
        match &turn.kind {
            TurnKind::Greeting(reply) => {
                let mut means = self.meaning("greeting", reply);
                self.push_wait(&mut means, at);
                vec![self.row(turn, phase, &joined(reply), means, tone(reply.code))]
            }
            TurnKind::Reply { to, reply, .. } => self.reply(at, turn, phase, *to, reply),
            TurnKind::Command { verb, line, argument, secret } => {
                let line = raw::command(line, secret.as_deref(), self.reveal);
                let mut means = means::command(self.style, verb, argument);
                if self.is_inside(at) {
                    means = self.without_the_wire(&means, argument);
                }
                if verb == "AUTH" {
                    let responses = u32::from(secret.is_some());
                    self.memory.login = Login { mechanism: argument.to_ascii_uppercase(), responses };
                }
                if secret.is_some() {
                    self.explain_mask(&mut means, at);
                }
                vec![self.row(turn, phase, &line, means, Tone::Upper)]
            }
            TurnKind::AuthResponse { secret, cancel } => {
                let line = if self.reveal || *cancel { secret.as_str() } else { raw::MASK };
                let means = if *cancel { self.said("auth_cancel") } else { self.response(at) };
                vec![self.row(turn, phase, line, means, Tone::Upper)]
            }
            TurnKind::Message { octets, message } => {
                let line = self.style.say("smtp.view.message_line", &[("octets", octets)]);
                let message = self.said.messages.get(*message);
                let encoded = message.and_then(|message| means::encodings(self.style, message));
                let in_pieces = message.is_some_and(|message| message.transfer == Transfer::Bdat);
                let mut means =
                    self.said(if in_pieces { "chunk" } else { "message" }) + &encoded.unwrap_or_default();
                match message.map_or(0, |message| message.stuffed) {
                    0 => {}
                    1 => means.push_str(&self.style.word("smtp.here.stuffed_once")),
                    lines => means.push_str(&self.style.say("smtp.here.stuffed", &[("lines", &lines)])),
                }
                vec![self.row(turn, phase, &line, means, Tone::Upper)]
            }
            TurnKind::Tls => vec![self.row(turn, phase, "TLS", self.said("tls"), Tone::Good)],
            TurnKind::Gap { octets } => {
                let line = self.style.say("smtp.view.gap_line", &[("octets", octets)]);
                vec![self.row(turn, phase, &line, self.said("gap"), Tone::Warn)]
            }
        }
    }

    fn said(&self, key: &str) -> String {
        smtp::turn(self.style.lang, key).unwrap_or_default()
    }

    /// What a line of the client's is in a login.
    fn response(&mut self, at: usize) -> String {
        self.memory.login.responses += 1;
        let key = match (self.memory.login.mechanism.as_str(), self.memory.login.responses) {
            ("LOGIN", 1) => "auth_user",
            ("LOGIN", 2) => "auth_password",
            ("PLAIN", 1) => "auth_plain",
            ("CRAM-MD5", 1) => "auth_digest",
            _ => "auth_response",
        };
        let mut means = self.said(key);
        self.explain_mask(&mut means, at);
        means
    }

    /// The same of a command that no one on the wire could read.
    fn without_the_wire(&self, means: &str, argument: &str) -> String {
        let mechanism = argument.to_ascii_uppercase();
        let [outside, inside] =
            ["smtp", "tls"].map(|room| self.style.find(&format!("{room}.mechanism.{mechanism}")));
        match outside.zip(inside) {
            Some((outside, inside)) => means.replace(&outside, &inside),
            None => means.to_owned(),
        }
    }

    fn explain_mask(&mut self, means: &mut String, at: usize) {
        if !std::mem::replace(&mut self.memory.mask_told, true) && !self.reveal {
            let key = if self.is_inside(at) { "tls.mask" } else { "smtp.here.mask" };
            means.push_str(&self.style.say(key, &[("mask", &raw::MASK)]));
        }
    }

    /// What a 334 asks for, in words, where that can be told.
    fn challenge(&self, reply: &Reply) -> Option<String> {
        let text = shown(&clipped(&challenge(reply.lines.last()?)?, LONGEST_CHALLENGE));
        let asks = text.to_ascii_lowercase();
        let key = match self.memory.login.mechanism.as_str() {
            "CRAM-MD5" => "smtp.here.challenge",
            "LOGIN" if asks.contains("user") => "smtp.here.asks_user",
            "LOGIN" if asks.contains("pass") => "smtp.here.asks_password",
            _ => return None,
        };
        Some(self.style.say(key, &[("text", &text)]))
    }

    /// Whether recipients were asked for in the transaction of this command, and none was accepted.
    fn nobody_to_send_to(&self, at: usize, command: usize) -> bool {
        let turns = self.said.turns.get(..at).unwrap_or_default();
        let verb = |index: usize| match turns.get(index).map(|turn| &turn.kind) {
            Some(TurnKind::Command { verb, .. }) => verb.as_str(),
            _ => "",
        };
        let begin = (0..command)
            .rev()
            .find(|&index| matches!(verb(index), "MAIL" | "RSET" | "EHLO" | "HELO" | "LHLO"));
        let Some(begin) = begin else { return false };
        let asked = |index: usize| (begin..command).contains(&index) && verb(index) == "RCPT";
        let accepts = |turn: &Turn| matches!(&turn.kind, TurnKind::Reply { to: Some(to), reply, .. } if reply.code / 100 == 2 && asked(*to));
        (begin..command).any(asked) && !turns[begin..].iter().any(accepts)
    }

    fn reply(&mut self, at: usize, turn: &Turn, phase: Phase, to: Option<usize>, reply: &Reply) -> Vec<Row> {
        let verb = answered(self.said, to);
        let refuses = reply.code >= 400;
        let mut means = match to {
            Some(command) if verb == "DATA" && refuses && self.nobody_to_send_to(at, command) => {
                self.style.word("smtp.here.nobody_to_send_to")
            }
            _ if reply.code == 334 => self.challenge(reply).unwrap_or_else(|| self.meaning(verb, reply)),
            _ => self.meaning(verb, reply),
        };
        if let Some(address) = self.delivered_to(at, to) {
            means.push_str(&self.style.say("smtp.view.for_recipient", &[("address", &address)]));
        } else if let Some(whose) = self.whose(at, to) {
            means.push_str(&self.style.say("smtp.view.answers", &[("what", &whose)]));
        }
        if verb == "AUTH" && refuses {
            self.push_delay(&mut means, at);
        } else {
            self.push_wait(&mut means, at);
        }
        let silence = turn.time.zip(self.memory.before).map(|(now, before)| now.since(before));
        if let Some(silence) = silence.filter(|silence| to.is_none() && Pace::is_long(*silence)) {
            means.push_str(&self.style.say("smtp.pace.silence", &[("time", &duration(silence))]));
        }
        if matches!(verb, "EHLO" | "LHLO") && reply.code == 250 {
            return self.capabilities(at, turn, phase, &means, reply);
        }
        vec![self.row(turn, phase, &joined(reply), means, tone(reply.code))]
    }

    /// What a reply means as an answer, and what its status says beside that.
    fn meaning(&self, to: &str, reply: &Reply) -> String {
        let lang = self.style.lang;
        let mut means = smtp::answer(lang, to, reply.code).unwrap_or_default();
        // x.0.0 says no more than the class of the code does, and where all is well, x.y.0 no more than the command
        let says_no_more =
            |status: &str| status.ends_with(".0.0") || reply.code < 300 && status.ends_with(".0");
        let status = reply.enhanced.as_deref().filter(|status| !says_no_more(status));
        if let Some((status, text)) = status.and_then(|status| Some((status, smtp::enhanced(lang, status)?)))
        {
            let colon = self.style.word("smtp.sign.colon");
            means.push_str(&format!(" · {status}{colon}{text}"));
        }
        means
    }

    /// The recipient that one of LMTP's replies to a message is about (RFC 2033 section 4.2).
    fn delivered_to(&self, at: usize, to: Option<usize>) -> Option<String> {
        let asked = to.filter(|_| self.said.lmtp && answered(self.said, to) == "message")?;
        let message = match &self.said.turns.get(asked)?.kind {
            TurnKind::Message { message, .. } => self.said.messages.get(*message)?,
            _ => return None,
        };
        let before = self.said.turns.iter().take(at);
        let nth = before
            .filter(|turn| matches!(turn.kind, TurnKind::Reply { to: Some(to), .. } if to == asked))
            .count();
        let recipient = message.rcpt_to.iter().filter(|recipient| recipient.accepted()).nth(nth)?;
        Some(shown_path(&recipient.address))
    }

    /// The command that a reply answers, where that does not stand right before it.
    fn whose(&self, at: usize, to: Option<usize>) -> Option<String> {
        let to = to.filter(|to| to + 1 < at)?;
        let turn = self.said.turns.get(to)?;
        let piece = self.said.turns.get(to + 1).filter(|_| to + 2 == at);
        if piece.is_some_and(|piece| {
            matches!(piece.kind, TurnKind::Message { .. }) && piece.packet == turn.packet
        }) {
            return None;
        }
        let place = self.style.say("smtp.view.in_packet", &[("packet", &turn.packet)]);
        match &turn.kind {
            TurnKind::Command { verb, argument, .. } => {
                let path = means::path(argument).filter(|_| matches!(verb.as_str(), "MAIL" | "RCPT"));
                let path = path.map(|path| format!(" {}", clipped(path, LONGEST_PATH))).unwrap_or_default();
                // a login goes on over many lines, and each reply is to the line before
                (verb != "AUTH").then(|| shown(&format!("{verb}{path}{place}")))
            }
            TurnKind::Message { .. } => Some(format!("{}{place}", self.style.word("smtp.view.the_message"))),
            TurnKind::Greeting(_)
            | TurnKind::Reply { .. }
            | TurnKind::AuthResponse { .. }
            | TurnKind::Tls
            | TurnKind::Gap { .. } => None,
        }
    }

    fn push_wait(&self, means: &mut String, at: usize) {
        if let Some(wait) = self.memory.pace.long_wait(at) {
            means.push_str(&self.style.say("smtp.pace.server", &[("time", &duration(wait))]));
        }
    }

    fn push_delay(&self, means: &mut String, at: usize) {
        if let Some(wait) = self.memory.pace.long_wait(at) {
            means.push_str(&self.style.say("smtp.pace.auth", &[("time", &duration(wait))]));
        }
    }

    /// A row for each line of the answer to EHLO: what it offers, and whether that was used.
    fn capabilities(&mut self, at: usize, turn: &Turn, phase: Phase, means: &str, reply: &Reply) -> Vec<Row> {
        let mut validity = Validity::of(self.whole, self.is_inside(at));
        let last = reply.lines.len().saturating_sub(1);
        let mut rows = Vec::new();
        for (index, text) in reply.lines.iter().enumerate() {
            let line = format!("{}{}{text}", reply.code, if index == last { ' ' } else { '-' });
            let means = match index {
                0 => means.to_owned(),
                _ => capability(self.style, self.whole, text, &mut validity),
            };
            let mut row = self.row(turn, phase, &line, means, Tone::Good);
            if index > 0 {
                row.packet.clear();
                row.delta.clear();
                row.who.clear();
                row.role.clear();
            }
            rows.push(row);
        }
        rows
    }

    fn layers(&self, turn: &Turn, phase: Phase) -> String {
        means::osi(self.said.messages, turn, phase).replace(',', self.style.word("smtp.sign.list").trim_end())
    }

    fn row(&mut self, turn: &Turn, phase: Phase, line: &str, mut means: String, tone: Tone) -> Row {
        let since = turn.time.zip(self.memory.before).map(|(now, before)| now.since(before).max(0));
        self.memory.before = turn.last_time.or(self.memory.before);
        let who = match turn.from {
            Speaker::Client => "smtp.view.client",
            Speaker::Server => "smtp.view.server",
        };
        if let Some(wait) = since.filter(|wait| turn.from == Speaker::Client && Pace::is_long(*wait)) {
            means.push_str(&self.style.say("smtp.pace.client", &[("time", &duration(wait))]));
        }
        let name = smtp::phase(self.style.lang, phase).unwrap_or_default();
        Row {
            packet: packets(turn.packet, turn.last_packet),
            delta: since.map(|since| format!("{:.3}", since as f64 / 1e6)).unwrap_or_default(),
            who: self.style.word(who),
            line: shown(line).chars().take(LONGEST_LINE).collect(),
            role: format!("{} {name}", self.layers(turn, phase)).trim_start().to_owned(),
            means,
            tone,
        }
    }
}

fn joined(reply: &Reply) -> String {
    format!("{} {}", reply.code, reply.lines.join(" / "))
}

const fn tone(code: u16) -> Tone {
    match code {
        500.. => Tone::Bad,
        400.. => Tone::Warn,
        _ => Tone::Good,
    }
}
