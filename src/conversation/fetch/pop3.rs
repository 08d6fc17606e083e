//! What a POP3 client and server say (RFC 1939): a reply a command, and behind some replies lines up to a dot.

use std::collections::VecDeque;

use super::{Finds, Letter};
use crate::conversation::smtp::DataReader;
use crate::flow::Delivery;

/// Octets of a line that are kept.
const LINE: usize = 512;
/// Commands that may wait for their replies.
const MAX_PENDING: usize = 4096;

/// What follows the reply to a command, if it is +OK.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Follows {
    Nothing,
    Lines,
    Message,
}

/// Where the server's octets stand.
#[derive(Default)]
enum At {
    #[default]
    Reply,
    /// Behind a reply, up to the line with a dot; with the message where it is one.
    Lines { reader: DataReader, letter: Option<Letter> },
}

/// Reads both sides.
#[derive(Default)]
pub(super) struct Dialogue {
    command: Vec<u8>,
    reply: Vec<u8>,
    /// Octets are missing: the rest of the line says nothing.
    lost: [bool; 2],
    pending: VecDeque<Follows>,
    greeted: bool,
    at: At,
}

impl Dialogue {
    /// The client's next octets.
    pub(super) fn client(&mut self, octets: &[u8]) {
        for piece in octets.split_inclusive(|octet| *octet == b'\n') {
            push(&mut self.command, piece);
            if piece.ends_with(b"\n") {
                let line = std::mem::take(&mut self.command);
                let lost = std::mem::take(&mut self.lost[0]);
                if let Some(follows) = command(&line).filter(|_| !lost && self.pending.len() < MAX_PENDING) {
                    self.pending.push_back(follows);
                }
            }
        }
    }

    /// Octets of the client are missing.
    pub(super) fn client_gap(&mut self) {
        self.lost[0] = true;
    }

    /// The server's next octets.
    pub(super) fn server(&mut self, delivery: Delivery, octets: &[u8], finds: &mut Finds) {
        let mut at = 0;
        while at < octets.len() {
            let rest = &octets[at..];
            at += match &mut self.at {
                At::Lines { reader, letter } => {
                    let progress = reader.push(rest, |octets| {
                        if let Some(letter) = letter {
                            letter.octets(delivery, octets);
                        }
                    });
                    if letter.is_some() {
                        let start = delivery.offset + at as u64;
                        finds.bodies.add(start..start + progress.used as u64);
                    }
                    if progress.ended
                        && let At::Lines { letter: Some(letter), .. } = std::mem::take(&mut self.at)
                    {
                        finds.letter(letter, true);
                    }
                    progress.used
                }
                At::Reply => {
                    let end = memchr::memchr(b'\n', rest).map(|end| end + 1);
                    let used = end.unwrap_or(rest.len());
                    push(&mut self.reply, &rest[..used]);
                    if end.is_some() {
                        self.reply_ends(delivery, finds);
                    }
                    used
                }
            };
        }
    }

    /// Octets of the server are missing.
    pub(super) fn gap(&mut self) {
        match &mut self.at {
            At::Reply => self.lost[1] = true,
            At::Lines { reader, letter } => {
                reader.gap();
                if let Some(letter) = letter {
                    letter.gap();
                }
            }
        }
    }

    /// A message whose end has not come.
    pub(super) fn finish(self) -> Option<Letter> {
        match self.at {
            At::Lines { letter, .. } => letter,
            At::Reply => None,
        }
    }

    fn reply_ends(&mut self, delivery: Delivery, finds: &mut Finds) {
        let line = std::mem::take(&mut self.reply);
        let done = line.starts_with(b"+OK");
        if std::mem::take(&mut self.lost[1]) || !(done || line.starts_with(b"-ERR")) {
            return;
        }
        if !std::mem::replace(&mut self.greeted, true) && self.pending.is_empty() {
            return;
        }
        // where the client was not captured, the usual words tell
        let follows = self.pending.pop_front().unwrap_or_else(|| reply_alone(&line));
        if !done || follows == Follows::Nothing {
            return;
        }
        let letter = (follows == Follows::Message).then(|| finds.begins(delivery));
        self.at = At::Lines { reader: DataReader::new(), letter };
    }
}

fn push(line: &mut Vec<u8>, octets: &[u8]) {
    let room = LINE.saturating_sub(line.len()).min(octets.len());
    line.extend_from_slice(&octets[..room]);
}

/// What follows a command's reply; `None` for a line that is no command, as in an authentication exchange.
fn command(line: &[u8]) -> Option<Follows> {
    const OTHERS: [&[u8]; 15] = [
        b"USER", b"PASS", b"APOP", b"AUTH", b"STAT", b"DELE", b"NOOP", b"RSET", b"QUIT", b"STLS", b"UTF8",
        b"LANG", b"XCLIENT", b"HELP", b"XTND",
    ];
    let mut words = line.split(|octet| octet.is_ascii_whitespace()).filter(|word| !word.is_empty());
    let verb = words.next()?;
    let is = |name: &[u8]| verb.eq_ignore_ascii_case(name);
    match words.next() {
        _ if is(b"RETR") => Some(Follows::Message),
        _ if is(b"TOP") || is(b"CAPA") => Some(Follows::Lines),
        None if is(b"LIST") || is(b"UIDL") => Some(Follows::Lines),
        Some(_) if is(b"LIST") || is(b"UIDL") => Some(Follows::Nothing),
        _ if OTHERS.into_iter().any(is) => Some(Follows::Nothing),
        _ => None,
    }
}

/// `+OK 1234 octets` hands out a message.
fn reply_alone(line: &[u8]) -> Follows {
    let mut words = line.split(|octet| octet.is_ascii_whitespace()).skip(1);
    let number = words.next().is_some_and(|word| !word.is_empty() && word.iter().all(u8::is_ascii_digit));
    let is_message = number && words.next().is_some_and(|word| word.eq_ignore_ascii_case(b"octets"));
    if is_message { Follows::Message } else { Follows::Nothing }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_follow_the_replies_to_some_commands() {
        assert_eq!(command(b"retr 1\r\n"), Some(Follows::Message));
        assert_eq!(command(b"LIST\r\n"), Some(Follows::Lines));
        assert_eq!(command(b"LIST 1\r\n"), Some(Follows::Nothing));
        assert_eq!(command(b"AGFsaWNl\r\n"), None);
        assert_eq!(reply_alone(b"+OK 276 octets\r\n"), Follows::Message);
        assert_eq!(reply_alone(b"+OK 2 276\r\n"), Follows::Nothing);
    }
}
