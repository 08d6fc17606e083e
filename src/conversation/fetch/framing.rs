//! Lines that come in pieces, within a bound.

use crate::flow::Delivery;

/// Octets of a line that are kept. RFC 9051 section 4 recommends that servers take 8,192.
pub(super) const MAX_LINE: usize = 8 << 10;
/// Octets of the end of a longer line that are kept: they say what a literal is, and how long.
const MAX_TAIL: usize = 512;

/// A line as far as it has come.
#[derive(Debug, Default)]
pub(super) struct Line {
    head: Vec<u8>,
    tail: Vec<u8>,
    first: Option<Delivery>,
    last: Option<Delivery>,
}

impl Line {
    /// Nothing of it has come.
    pub(super) const fn is_empty(&self) -> bool {
        self.first.is_none()
    }

    /// The next octets of it.
    pub(super) fn push(&mut self, delivery: Delivery, octets: &[u8]) {
        self.first.get_or_insert(delivery);
        self.last = Some(delivery);
        let room = MAX_LINE.saturating_sub(self.head.len()).min(octets.len());
        let (head, rest) = octets.split_at(room);
        self.head.extend_from_slice(head);
        self.tail.extend_from_slice(&rest[rest.len().saturating_sub(MAX_TAIL)..]);
        self.tail.drain(..self.tail.len().saturating_sub(MAX_TAIL));
    }

    /// The octets that were kept of its beginning, without the line's end.
    pub(super) fn text(&self) -> &[u8] {
        if self.is_cut() { &self.head } else { bare(&self.head) }
    }

    /// The octets that were kept of its end, without the line's end.
    pub(super) fn ending(&self) -> &[u8] {
        bare(if self.is_cut() { &self.tail } else { &self.head })
    }

    /// More came than was kept.
    pub(super) const fn is_cut(&self) -> bool {
        !self.tail.is_empty()
    }

    /// What carried its first octet.
    pub(super) fn first(&self) -> Delivery {
        self.first.unwrap_or(NOWHERE)
    }

    /// What carried its last octet.
    pub(super) fn last(&self) -> Delivery {
        self.last.unwrap_or(NOWHERE)
    }
}

/// Where nothing came from.
const NOWHERE: Delivery =
    Delivery { stream: 0, from: crate::packet::Side::Initiator, offset: 0, packet: 0, time: None };

/// Without CR LF or LF.
fn bare(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// Text as it came, invalid UTF-8 replaced.
pub(super) fn text(octets: &[u8]) -> String {
    String::from_utf8_lossy(octets).into_owned()
}

/// The words between blanks.
pub(super) fn words(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    line.split(|octet| matches!(octet, b' ' | b'\t')).filter(|word| !word.is_empty())
}

/// How many octets a line or the octets without one take from the beginning, and whether the line ends there.
pub(super) fn line_end(octets: &[u8]) -> (usize, bool) {
    memchr::memchr(b'\n', octets).map_or((octets.len(), false), |at| (at + 1, true))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_long_line_both_ends_are_kept() {
        let mut line = Line::default();
        for octet in 0..20_000_u32 {
            line.push(NOWHERE, &[b'a' + (octet % 26) as u8]);
        }
        line.push(NOWHERE, b" {5}\r\n");
        assert_eq!((line.text().len(), line.ending().len()), (MAX_LINE, MAX_TAIL - 2));
        assert!(line.is_cut() && line.ending().ends_with(b" {5}"));
    }

    #[test]
    fn a_line_ends_in_lf_with_or_without_cr() {
        for end in ["\r\n", "\n"] {
            let mut line = Line::default();
            line.push(NOWHERE, b"QUIT");
            line.push(NOWHERE, end.as_bytes());
            assert_eq!((line.text(), line.ending()), (&b"QUIT"[..], &b"QUIT"[..]));
        }
    }
}
