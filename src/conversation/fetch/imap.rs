//! What an IMAP server says (RFC 9051 section 7): lines, and literals of which the length stands at the end of one.

use super::{Finds, Letter};
use crate::flow::Delivery;

/// Octets of a line's beginning that are kept: they say what the response is.
const HEAD: usize = 64;
/// Octets of a line's end that are kept: they say what a literal is, and how long.
const TAIL: usize = 96;

/// A line as far as it has come.
#[derive(Default)]
struct Line {
    head: Vec<u8>,
    tail: Vec<u8>,
}

/// Where the server's octets stand.
#[derive(Default)]
enum At {
    #[default]
    Line,
    /// So many octets of a literal are to come; with the message where it is one.
    Literal { left: u64, letter: Option<Letter> },
}

/// Reads the responses of a server.
#[derive(Default)]
pub(super) struct Responses {
    line: Line,
    at: At,
    /// The line goes on a response of which a literal was a part; whether that was a FETCH.
    goes_on: Option<bool>,
    /// Octets are missing: the rest of the line says nothing.
    lost: bool,
}

impl Responses {
    /// The next octets.
    pub(super) fn octets(&mut self, delivery: Delivery, octets: &[u8], finds: &mut Finds) {
        let mut at = 0;
        while at < octets.len() {
            let rest = &octets[at..];
            at += match &mut self.at {
                At::Literal { left, letter } => {
                    let used = usize::try_from(*left).map_or(rest.len(), |left| left.min(rest.len()));
                    *left -= used as u64;
                    if let Some(letter) = letter {
                        letter.octets(delivery, &rest[..used]);
                        let start = delivery.offset + at as u64;
                        finds.bodies.add(start..start + used as u64);
                    }
                    if *left == 0 {
                        self.literal_ends(finds);
                    }
                    used
                }
                At::Line => {
                    let end = memchr::memchr(b'\n', rest).map(|end| end + 1);
                    let used = end.unwrap_or(rest.len());
                    self.line.push(&rest[..used]);
                    if end.is_some() {
                        self.line_ends(delivery, finds);
                    }
                    used
                }
            };
        }
    }

    /// Octets are missing.
    pub(super) fn gap(&mut self, length: u64, finds: &mut Finds) {
        match &mut self.at {
            At::Literal { left, letter } if *left >= length => {
                *left -= length;
                if let Some(letter) = letter {
                    letter.gap();
                }
                if *left == 0 {
                    self.literal_ends(finds);
                }
            }
            At::Literal { letter, .. } => {
                if let Some(mut letter) = letter.take() {
                    letter.gap();
                    finds.letter(letter, false);
                }
                (self.at, self.lost) = (At::Line, true);
            }
            At::Line => self.lost = true,
        }
    }

    /// A message whose end has not come.
    pub(super) fn finish(self) -> Option<Letter> {
        match self.at {
            At::Literal { letter, .. } => letter,
            At::Line => None,
        }
    }

    fn literal_ends(&mut self, finds: &mut Finds) {
        if let At::Literal { letter: Some(letter), .. } = std::mem::take(&mut self.at) {
            finds.letter(letter, true);
        }
    }

    fn line_ends(&mut self, delivery: Delivery, finds: &mut Finds) {
        let line = std::mem::take(&mut self.line);
        let goes_on = self.goes_on.take();
        if std::mem::take(&mut self.lost) {
            return;
        }
        let is_fetch = goes_on.unwrap_or_else(|| begins_fetch(&line.head));
        let Some((before, left)) = literal(line.tail.trim_ascii_end()) else { return };
        self.goes_on = Some(is_fetch);
        if left > 0 {
            let item = if is_fetch { message(before) } else { None };
            let letter = item.map(|whole| Letter { whole, ..finds.begins(delivery) });
            self.at = At::Literal { left, letter };
        }
    }
}

impl Line {
    fn push(&mut self, octets: &[u8]) {
        let room = (HEAD - self.head.len()).min(octets.len());
        self.head.extend_from_slice(&octets[..room]);
        self.tail.extend_from_slice(&octets[octets.len().saturating_sub(TAIL)..]);
        let surplus = self.tail.len().saturating_sub(TAIL);
        self.tail.drain(..surplus);
    }
}

/// `* 12 FETCH (`.
fn begins_fetch(line: &[u8]) -> bool {
    let Some(rest) = line.strip_prefix(b"* ") else { return false };
    let digits = rest.iter().take_while(|octet| octet.is_ascii_digit()).count();
    digits > 0 && rest.get(digits..digits + 7).is_some_and(|word| word.eq_ignore_ascii_case(b" FETCH "))
}

/// What stands before the length of a literal at the end of a line, and that length in octets (section 4.3).
fn literal(line: &[u8]) -> Option<(&[u8], u64)> {
    let inner = line.strip_suffix(b"}")?;
    let open = memchr::memrchr(b'{', inner)?;
    let digits = std::str::from_utf8(&inner[open + 1..]).ok()?;
    let length = digits.bytes().all(|c| c.is_ascii_digit()).then(|| digits.parse().ok())??;
    let before = &inner[..open];
    Some((before.strip_suffix(b"~").unwrap_or(before).trim_ascii_end(), length))
}

/// Whether the item is a message from its first octet on, and all of it (section 7.5.2; `RFC822` of RFC 3501): a part
/// that was asked for by its length may end anywhere.
fn message(item: &[u8]) -> Option<bool> {
    let (item, whole) = item.strip_suffix(b"<0>").map_or((item, true), |item| (item, false));
    let names: [&[u8]; 4] = [b"BODY[]", b"BINARY[]", b" RFC822", b"(RFC822"];
    let ends = |name: &&[u8]| {
        item.len().checked_sub(name.len()).is_some_and(|at| item[at..].eq_ignore_ascii_case(name))
    };
    names.iter().any(ends).then_some(whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_literal_is_announced_at_the_end_of_a_line() {
        assert_eq!(literal(b"* 1 FETCH (BODY[] {342}"), Some((&b"* 1 FETCH (BODY[]"[..], 342)));
        assert_eq!(literal(b"* 1 FETCH (BINARY[] ~{5}"), Some((&b"* 1 FETCH (BINARY[]"[..], 5)));
        assert_eq!(literal(b"* 1 FETCH (BODY[] {}"), None);
        assert_eq!(literal(b"* OK {x}"), None);
    }

    #[test]
    fn only_a_fetch_of_all_of_it_is_a_message() {
        assert!(begins_fetch(b"* 12 FETCH (UID 4 BODY[]") && !begins_fetch(b"* LIST () \"/\" FETCH "));
        assert_eq!([message(b"(UID 4 BODY[]"), message(b"(body[]<0>")], [Some(true), Some(false)]);
        for other in [&b"(BODY[HEADER]"[..], b"(RFC822.HEADER", b"(BODY[]<4096>", b""] {
            assert_eq!(message(other), None);
        }
    }
}
