//! What an IMAP server says: responses, and the literals in them.

use super::super::framing::{Line, line_end, text};
use super::super::record::{Item, Reply};
use super::super::session::{Portion, Response, ResponseKind, Status, Warning};
use super::super::state::{State, behind};
use super::client::is_short;
use super::{Pending, Talk, phase_of, words};
use crate::conversation::smtp::{AuthOutcome, Speaker};
use crate::flow::Delivery;

/// Octets of a literal that are kept, where it is no message.
const MAX_LITERAL: u64 = 256;

/// Where the octets stand.
#[derive(Debug, Default)]
enum At {
    #[default]
    Line,
    Literal {
        left: u64,
        item: Option<(String, Portion)>,
        begun: bool,
        kept: Option<Vec<u8>>,
    },
}

/// A response whose line goes on behind a literal.
#[derive(Debug, Default)]
struct Assembly {
    is_fetch: bool,
    number: Option<u64>,
    turn: Option<usize>,
    /// The command that asked for it.
    command: Option<usize>,
    /// Octets of literals that are no messages.
    short: Option<Vec<u8>>,
    messages: Vec<usize>,
}

/// Reads responses.
#[derive(Debug, Default)]
pub(super) struct Responses {
    line: Line,
    at: At,
    assembly: Option<Assembly>,
    /// Octets are missing: lines that can be no response say nothing.
    lost: bool,
    pub(super) greeted: bool,
}

impl Responses {
    pub(super) fn octets(&mut self, delivery: Delivery, octets: &[u8], talk: &mut Talk, state: &mut State) {
        let mut at = 0;
        while at < octets.len() {
            let (here, rest) = (behind(delivery, at), &octets[at..]);
            if state.is_hidden(Speaker::Server) {
                return;
            }
            at += match &mut self.at {
                At::Literal { .. } => self.literal(here, rest, talk, state),
                At::Line => {
                    let begins = self.line.is_empty() && self.assembly.is_none();
                    if begins && state.turns_to_tls(Speaker::Server, here, rest) {
                        return;
                    }
                    let (used, ends) = line_end(rest);
                    self.line.push(here, &rest[..used]);
                    if ends {
                        let line = std::mem::take(&mut self.line);
                        self.line_ends(&line, talk, state);
                    }
                    used
                }
            };
        }
    }

    pub(super) fn gap(&mut self, length: u64, state: &mut State) {
        if let At::Literal { left, item, .. } = &mut self.at {
            if let Some(record) = state.record.as_mut().filter(|_| item.is_some()) {
                record.message_gap(Speaker::Server);
            }
            if *left >= length {
                *left -= length;
                if *left == 0 {
                    self.literal_ends(state);
                }
                return;
            }
        }
        if let Some(record) = &mut state.record {
            record.message_ends(Speaker::Server, false);
        }
        *self = Self { lost: true, greeted: true, ..Self::default() };
    }

    fn literal(&mut self, here: Delivery, rest: &[u8], talk: &Talk, state: &mut State) -> usize {
        let At::Literal { left, item, begun, kept } = &mut self.at else { return 0 };
        let used = usize::try_from(*left).map_or(rest.len(), |left| left.min(rest.len()));
        let octets = &rest[..used];
        *left -= used as u64;
        let ends = *left == 0;
        if let Some(kept) = kept {
            kept.extend_from_slice(octets);
        }
        if let Some((name, portion)) = item {
            state.body(Speaker::Server, here, used);
            if let Some(record) = &mut state.record {
                if !std::mem::replace(begun, true) {
                    let assembly = self.assembly.as_ref();
                    let item = Item {
                        from: Speaker::Server,
                        name: name.clone(),
                        portion: *portion,
                        number: assembly.and_then(|assembly| assembly.number),
                        mailbox: talk.mailbox.clone(),
                        command: assembly.and_then(|assembly| assembly.command),
                    };
                    record.message_begins(here, item);
                }
                record.message_octets(Speaker::Server, here, octets);
                record.message_on_wire(Speaker::Server, here, used);
            }
        }
        if ends {
            self.literal_ends(state);
        }
        used
    }

    fn literal_ends(&mut self, state: &mut State) {
        let At::Literal { item, kept, .. } = std::mem::take(&mut self.at) else { return };
        let Some(assembly) = &mut self.assembly else { return };
        assembly.short = kept.filter(|octets| is_short(octets));
        if item.is_some()
            && let Some(record) = &mut state.record
        {
            assembly.messages.extend(record.message_ends(Speaker::Server, true));
        }
    }

    fn line_ends(&mut self, line: &Line, talk: &mut Talk, state: &mut State) {
        *state.spoke.of_mut(Speaker::Server) = true;
        if line.is_cut() {
            state.warn(Warning::LineTooLong);
        }
        match self.assembly.take() {
            Some(assembly) => self.goes_on(assembly, line, state),
            None => self.begins(line, talk, state),
        }
    }

    /// The rest of a response, behind a literal.
    fn goes_on(&mut self, mut assembly: Assembly, line: &Line, state: &mut State) {
        if let Some(record) = &mut state.record {
            let short = assembly.short.take().filter(|octets| !octets.is_empty());
            let said = short.map_or_else(String::new, |octets| format!(" {}", text(&octets)));
            let said = said + &text(line.text());
            if record.has_room_for(2 * said.len())
                && let Some(response) = record.response_mut(assembly.turn)
            {
                response.line.push_str(&said);
                response.text.push_str(&said);
            }
            record.turn_ends(assembly.turn, line.last());
        }
        self.literal_or_end(assembly, line, state);
    }

    fn begins(&mut self, line: &Line, talk: &mut Talk, state: &mut State) {
        let Some((kind, response)) = words::response(line.text()) else {
            // a line that can be no response: what is behind a gap, or nothing of this protocol
            return;
        };
        let unknown_tag = kind == ResponseKind::Tagged
            && !talk
                .pending
                .iter()
                .any(|pending| response.tag.as_deref().map(str::as_bytes) == Some(&pending.tag));
        if self.lost && unknown_tag && *state.spoke.of(Speaker::Client) {
            return;
        }
        self.lost = false;
        let greets = !std::mem::replace(&mut self.greeted, true)
            && kind == ResponseKind::Untagged
            && matches!(response.status, Some(Status::Ok | Status::Preauth | Status::Bye));
        let pending = asker(kind, &response, talk);
        let asked = pending.and_then(|at| talk.pending.get(at)).map(|pending| (pending.verb, pending.asked));
        self.offers(&response, state);
        if unknown_tag && *state.spoke.of(Speaker::Client) {
            state.warn(Warning::RepliesOutOfStep);
        }
        let is_fetch = response.name.as_deref() == Some("FETCH");
        let (number, status, said) = (response.number, response.status, response.text.clone());
        let code = response.code.clone();
        let turn = state.record.as_mut().and_then(|record| {
            let phase = asked.and_then(|(verb, _)| phase_of(verb)).unwrap_or(record.phase);
            let turn = if greets {
                record.greets(line.first(), response)
            } else {
                let asked = asked.map(|(_, asked)| asked);
                record.reply(line.first(), phase, Reply { kind, response, asked })
            };
            record.turn_ends(turn, line.last());
            turn
        });
        match kind {
            ResponseKind::Tagged => {
                let answered = pending.and_then(|at| talk.pending.remove(at));
                if let (Some(pending), Some(status)) = (answered, status) {
                    outcome(pending, status, code, said, talk, state);
                }
            }
            ResponseKind::Untagged if status == Some(Status::Bye) => state.dismissed |= !state.farewell_said,
            ResponseKind::Untagged | ResponseKind::Continuation | ResponseKind::Status => {}
        }
        let command = asked.and_then(|(_, asked)| asked.turn);
        let assembly = Assembly { is_fetch, number, turn, command, ..Assembly::default() };
        if kind == ResponseKind::Untagged {
            self.literal_or_end(assembly, line, state);
        }
    }

    fn literal_or_end(&mut self, assembly: Assembly, line: &Line, state: &mut State) {
        let Some(literal) = words::literal(line.ending()) else {
            end(&assembly, state);
            return;
        };
        let item = if assembly.is_fetch { words::item(literal.before) } else { None };
        let item = item.map(|(name, portion)| (text(name), portion));
        let kept = (item.is_none() && literal.length <= MAX_LITERAL).then(Vec::new);
        self.assembly = Some(assembly);
        self.at = At::Literal { left: literal.length, item, begun: false, kept };
        if literal.length == 0 {
            self.literal_ends(state);
        }
    }

    fn offers(&self, response: &Response, state: &mut State) {
        let Some(record) = &mut state.record else { return };
        let in_code = response.code.as_deref().and_then(|code| {
            let (name, words) = code.split_once(' ')?;
            name.eq_ignore_ascii_case("CAPABILITY").then_some(words)
        });
        let data = (response.name.as_deref() == Some("CAPABILITY")).then_some(response.text.as_str());
        if let Some(words) = in_code.or(data) {
            record.offers(words.split_ascii_whitespace().map(str::to_owned));
        }
    }
}

/// All of a FETCH response has come: it may name the unique identifier of its messages.
fn end(assembly: &Assembly, state: &mut State) {
    let Some(record) = state.record.as_mut().filter(|_| !assembly.messages.is_empty()) else { return };
    let uid = record.response_mut(assembly.turn).and_then(|response| uid(&response.line));
    for &index in &assembly.messages {
        if let Some(message) = record.messages.get_mut(index) {
            message.uid = uid;
        }
    }
}

/// `UID 4` among the items of a FETCH response.
fn uid(line: &str) -> Option<u64> {
    let mut words = line.split(['(', ')', ' ']).filter(|word| !word.is_empty());
    words.find(|word| word.eq_ignore_ascii_case("UID"))?;
    words.next()?.parse().ok()
}

/// What a command came to.
fn outcome(
    pending: Pending,
    status: Status,
    code: Option<String>,
    said: String,
    talk: &mut Talk,
    state: &mut State,
) {
    let done = status == Status::Ok;
    // a literal that was announced is not sent
    talk.refused = (!done).then(|| pending.tag.clone());
    match pending.verb {
        "LOGIN" | "AUTHENTICATE" => {
            let answer = code.map_or_else(String::new, |code| format!("[{code}] ")) + &said;
            let outcome = if done { AuthOutcome::Accepted } else { AuthOutcome::Rejected };
            if let Some(record) = &mut state.record {
                record.login_ends(outcome, Some(answer));
            }
        }
        "STARTTLS" if !done => state.starttls = None,
        "COMPRESS" if done => {
            state.compressed = true;
            state.warn(Warning::Compressed);
        }
        "SELECT" | "EXAMINE" => talk.mailbox = pending.mailbox.filter(|_| done),
        "CLOSE" | "UNSELECT" if done => talk.mailbox = None,
        "LOGOUT" => state.farewell_answered |= done,
        _ => {}
    }
}

/// The command that a response answers: by its tag; of data, the oldest that can ask for it; else the only one.
fn asker(kind: ResponseKind, response: &Response, talk: &Talk) -> Option<usize> {
    let waiting = &talk.pending;
    match kind {
        ResponseKind::Tagged => {
            let tag = response.tag.as_deref()?.as_bytes();
            waiting.iter().position(|pending| pending.tag == tag)
        }
        ResponseKind::Continuation => {
            let more = |pending: &Pending| matches!(pending.verb, "AUTHENTICATE" | "IDLE");
            waiting.iter().position(more).or_else(|| waiting.len().checked_sub(1))
        }
        ResponseKind::Untagged | ResponseKind::Status => {
            let only = (waiting.len() == 1).then_some(0);
            let name = match response.status {
                Some(Status::Bye) => "BYE",
                Some(_) => return only,
                None => response.name.as_deref()?,
            };
            match ASKED_BY.iter().find(|(data, _)| *data == name) {
                Some((_, verbs)) => waiting.iter().position(|pending| verbs.contains(&pending.verb)),
                None => only,
            }
        }
    }
}

/// Data, and the commands that it may answer (RFC 9051 sections 6 and 7); some of it also comes unasked.
const ASKED_BY: &[(&str, &[&str])] = &[
    ("CAPABILITY", &["CAPABILITY", "LOGIN", "AUTHENTICATE"]),
    ("FETCH", &["FETCH", "UID FETCH", "STORE", "UID STORE", "IDLE", "NOOP", "CHECK"]),
    ("EXISTS", &["SELECT", "EXAMINE", "IDLE", "NOOP", "CHECK"]),
    ("RECENT", &["SELECT", "EXAMINE", "IDLE", "NOOP", "CHECK"]),
    ("FLAGS", &["SELECT", "EXAMINE"]),
    ("EXPUNGE", &["EXPUNGE", "UID EXPUNGE", "MOVE", "UID MOVE", "IDLE", "NOOP", "CHECK"]),
    (
        "VANISHED",
        &["SELECT", "EXAMINE", "EXPUNGE", "UID EXPUNGE", "UID FETCH", "MOVE", "UID MOVE", "IDLE", "NOOP"],
    ),
    ("LIST", &["LIST", "XLIST"]),
    ("LSUB", &["LSUB"]),
    ("STATUS", &["STATUS", "LIST", "NOTIFY"]),
    ("SEARCH", &["SEARCH", "UID SEARCH"]),
    ("ESEARCH", &["SEARCH", "UID SEARCH", "SORT", "UID SORT"]),
    ("BYE", &["LOGOUT"]),
];
