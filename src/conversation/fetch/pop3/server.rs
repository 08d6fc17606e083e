//! What a POP3 server says: replies, and the lines and messages behind them.

use super::super::framing::{Line, line_end, text, words};
use super::super::record::{Asked, Item, Reply};
use super::super::session::{Portion, Response, ResponseKind, Status, Warning};
use super::super::state::{State, behind};
use super::{Follows, Pending, Talk, known};
use crate::conversation::smtp::{AuthOutcome, DataReader, Speaker};
use crate::flow::Delivery;

/// Lines behind a reply that are kept.
const MAX_LINES: usize = 256;
/// Octets of one of them that are kept.
const MAX_LINE: usize = 512;

/// Where the octets stand.
#[derive(Debug, Default)]
enum At {
    #[default]
    Reply,
    /// Behind a reply, up to the line with a dot.
    Behind(Behind),
}

#[derive(Debug)]
struct Behind {
    reader: DataReader,
    /// What comes is a message.
    message: bool,
    /// Octets in it are missing, perhaps its end.
    torn: bool,
    /// It is a list of what the server can do.
    capabilities: bool,
    turn: Option<usize>,
    /// The beginning of the line that has not ended yet.
    line: Vec<u8>,
    lines: Vec<String>,
    left_out: u64,
}

/// Reads replies.
#[derive(Debug, Default)]
pub(super) struct Replies {
    line: Line,
    at: At,
    pub(super) greeted: bool,
}

impl Replies {
    pub(super) fn octets(&mut self, delivery: Delivery, octets: &[u8], talk: &mut Talk, state: &mut State) {
        let mut at = 0;
        while at < octets.len() {
            let (here, rest) = (behind(delivery, at), &octets[at..]);
            if state.is_hidden(Speaker::Server) {
                return;
            }
            self.an_answered_client_ends_what_is_torn(talk, state);
            at += match &mut self.at {
                At::Behind(behind) => {
                    let (used, ended) = behind.octets(here, rest, state);
                    if ended {
                        self.ends(here, true, state);
                    }
                    used
                }
                At::Reply => {
                    if self.line.is_empty() && state.turns_to_tls(Speaker::Server, here, rest) {
                        return;
                    }
                    let (used, ends) = line_end(rest);
                    self.line.push(here, &rest[..used]);
                    if ends {
                        let line = std::mem::take(&mut self.line);
                        self.reply(&line, talk, state);
                    }
                    used
                }
            };
        }
    }

    pub(super) fn gap(&mut self, state: &mut State) {
        match &mut self.at {
            At::Reply => {
                self.line = Line::default();
                self.greeted = true;
            }
            At::Behind(behind) => {
                behind.reader.gap();
                behind.torn = true;
                if let Some(record) = state.record.as_mut().filter(|_| behind.message) {
                    record.message_gap(Speaker::Server);
                }
            }
        }
    }

    /// The end of what is torn was missing, too, where the client has gone on.
    fn an_answered_client_ends_what_is_torn(&mut self, talk: &Talk, state: &mut State) {
        let At::Behind(Behind { torn: true, .. }) = &self.at else { return };
        // a command that came after the gap takes the mark away
        if !talk.replies_lost && !talk.pending.is_empty() {
            self.at_end(false, state);
            self.at = At::Reply;
        }
    }

    fn ends(&mut self, last: Delivery, ended: bool, state: &mut State) {
        if let (At::Behind(behind), Some(record)) = (&self.at, &mut state.record) {
            record.turn_ends(behind.turn.filter(|_| !behind.message), last);
        }
        self.at_end(ended, state);
        self.at = At::Reply;
    }

    fn at_end(&mut self, ended: bool, state: &mut State) {
        let At::Behind(behind) = &mut self.at else { return };
        let Some(record) = &mut state.record else { return };
        if behind.message {
            record.message_ends(Speaker::Server, ended);
            return;
        }
        let lines = std::mem::take(&mut behind.lines);
        if behind.capabilities {
            record.offers(lines.iter().cloned());
        }
        let kept: usize = lines.iter().map(String::len).sum();
        let has_room = record.has_room_for(kept);
        if let Some(response) = record.response_mut(behind.turn) {
            response.lines_left_out = behind.left_out + if has_room { 0 } else { lines.len() as u64 };
            response.lines = if has_room { lines } else { Vec::new() };
        }
    }

    fn reply(&mut self, line: &Line, talk: &mut Talk, state: &mut State) {
        let Some((kind, response)) = response(line.text()) else { return };
        *state.spoke.of_mut(Speaker::Server) = true;
        if line.is_cut() {
            state.warn(Warning::LineTooLong);
        }
        let greets = !std::mem::replace(&mut self.greeted, true)
            && talk.pending.is_empty()
            && follows_unasked(&response) == Follows::Nothing;
        let done = response.status == Some(Status::Ok);
        let asked = talk.pending.front().map(|pending| (pending.verb, pending.asked));
        let said = response.text.clone();
        let code = response.code.clone();
        let unasked = follows_unasked(&response);
        if !greets && asked.is_none() && *state.spoke.of(Speaker::Client) && !talk.replies_lost {
            state.warn(Warning::RepliesOutOfStep);
        }
        let turn = state.record.as_mut().and_then(|record| {
            let phase =
                asked.and_then(|(verb, _)| known(verb.as_bytes())).map_or(record.phase, |(_, phase)| phase);
            let turn = if greets {
                record.greets(line.first(), response)
            } else {
                let asked = asked.map(|(_, asked)| asked);
                record.reply(line.first(), phase, Reply { kind, response, asked })
            };
            record.turn_ends(turn, line.last());
            turn
        });
        if greets || kind == ResponseKind::Continuation {
            return;
        }
        // where the client was not captured, the usual words tell
        let pending = talk.pending.pop_front().unwrap_or(Pending {
            verb: "",
            asked: Asked { packet: line.first().packet, turn, time: None },
            follows: unasked,
            number: None,
            logs_in: false,
        });
        outcome(&pending, done, code, said, talk, state);
        if done && pending.follows != Follows::Nothing {
            self.follows(&pending, turn, line.last(), state);
        }
    }

    /// Lines or a message come behind the reply.
    fn follows(&mut self, pending: &Pending, turn: Option<usize>, last: Delivery, state: &mut State) {
        let message = match pending.follows {
            Follows::Message(portion) => Some(portion),
            Follows::Lines | Follows::Nothing => None,
        };
        if let (Some(portion), Some(record)) = (message, &mut state.record) {
            let verb = if pending.verb.is_empty() { "RETR" } else { pending.verb };
            record.message_begins(
                last,
                Item {
                    from: Speaker::Server,
                    name: verb.to_owned(),
                    portion,
                    number: pending.number,
                    mailbox: None,
                    command: pending.asked.turn.filter(|_| !pending.verb.is_empty()),
                },
            );
        }
        self.at = At::Behind(Behind {
            reader: DataReader::new(),
            message: message.is_some(),
            torn: false,
            capabilities: pending.verb == "CAPA",
            turn,
            line: Vec::new(),
            lines: Vec::new(),
            left_out: 0,
        });
    }
}

impl Behind {
    /// The next octets: how many belong here, and whether the line with a dot was among them.
    fn octets(&mut self, here: Delivery, rest: &[u8], state: &mut State) -> (usize, bool) {
        let Self { reader, message, line, lines, left_out, .. } = self;
        let (from, record) = (Speaker::Server, &mut state.record);
        let progress = reader.push(rest, |octets| match record {
            Some(record) if *message => record.message_octets(from, here, octets),
            Some(_) => push_lines(octets, line, lines, left_out),
            None => {}
        });
        if self.message {
            state.body(from, here, progress.used);
            if let Some(record) = &mut state.record {
                record.message_on_wire(from, here, progress.used);
            }
        }
        (progress.used, progress.ended)
    }
}

fn push_lines(octets: &[u8], line: &mut Vec<u8>, lines: &mut Vec<String>, left_out: &mut u64) {
    for piece in octets.split_inclusive(|octet| *octet == b'\n') {
        let room = MAX_LINE.saturating_sub(line.len()).min(piece.len());
        line.extend_from_slice(&piece[..room]);
        if piece.ends_with(b"\n") {
            if lines.len() < MAX_LINES {
                lines.push(text(line.trim_ascii_end()));
            } else {
                *left_out += 1;
            }
            line.clear();
        }
    }
}

/// What a command came to.
fn outcome(
    pending: &Pending,
    done: bool,
    code: Option<String>,
    said: String,
    talk: &mut Talk,
    state: &mut State,
) {
    if pending.verb == "AUTH" {
        talk.exchange = false;
    }
    match pending.verb {
        "STLS" if !done => state.starttls = None,
        "QUIT" => state.farewell_answered |= done,
        _ => {}
    }
    let Some(record) = &mut state.record else { return };
    let refused = pending.verb == "USER" && !done;
    if pending.logs_in || refused {
        let outcome = if done { AuthOutcome::Accepted } else { AuthOutcome::Rejected };
        let answer = code.map_or_else(String::new, |code| format!("[{code}] ")) + &said;
        record.login_ends(outcome, Some(answer));
    }
}

/// A reply: `+OK`, `-ERR`, or `+` and a challenge.
fn response(line: &[u8]) -> Option<(ResponseKind, Response)> {
    let status = |word: &[u8]| line.get(..word.len()).is_some_and(|begins| begins.eq_ignore_ascii_case(word));
    let (status, rest) = if status(b"+OK") {
        (Some(Status::Ok), &line[3..])
    } else if status(b"-ERR") {
        (Some(Status::Err), &line[4..])
    } else if line == b"+" || line.starts_with(b"+ ") {
        (None, &line[1..])
    } else {
        return None;
    };
    if !(rest.is_empty() || rest.starts_with(b" ")) {
        return None;
    }
    let rest = rest.trim_ascii();
    let coded = rest.strip_prefix(b"[").filter(|_| status.is_some()).and_then(|inner| {
        let close = memchr::memchr(b']', inner)?;
        Some((text(&inner[..close]), text(inner[close + 1..].trim_ascii_start())))
    });
    let (code, said) = coded.map_or_else(|| (None, text(rest)), |(code, said)| (Some(code), said));
    let kind = if status.is_some() { ResponseKind::Status } else { ResponseKind::Continuation };
    Some((kind, Response { status, code, text: said, line: text(line), ..Response::default() }))
}

/// `+OK 1234 octets` hands out a message.
fn follows_unasked(response: &Response) -> Follows {
    let mut words = words(response.text.as_bytes());
    let number = words.next().is_some_and(|word| word.iter().all(u8::is_ascii_digit));
    let is_message = number && words.next().is_some_and(|word| word.eq_ignore_ascii_case(b"octets"));
    if is_message { Follows::Message(Portion::Whole) } else { Follows::Nothing }
}
