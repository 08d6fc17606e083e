//! Octets that wait, and where in the capture they came from.

use crate::packet::Timestamp;

/// A line is cut behind this many octets. RFC 5321 section 4.5.3.1 asks servers for 512 and 1,000; RFC 4954
/// section 4.3 for 12,288 in AUTH, of which the first part is enough here.
pub(super) const MAX_LINE: usize = 8 << 10;

/// The packet that carried something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Mark {
    pub(super) packet: u64,
    pub(super) time: Option<Timestamp>,
}

/// A run of one side's octets, and the packets that carried them.
#[derive(Clone, Copy)]
pub(super) struct Run<'a> {
    pub(super) octets: &'a [u8],
    /// Where the first of them stands in the stream.
    pub(super) offset: u64,
    /// Where each packet's octets begin in the stream, in order; never empty.
    pub(super) marks: &'a [(u64, Mark)],
}

impl<'a> Run<'a> {
    /// What was held.
    pub(super) fn of(octets: &'a [u8], marks: &'a [(u64, Mark)]) -> Self {
        Self { octets, offset: marks.first().map_or(0, |(begin, _)| *begin), marks }
    }

    /// The octets from the given place on.
    pub(super) fn rest(&self, at: usize) -> &'a [u8] {
        self.octets.get(at..).unwrap_or_default()
    }

    /// The packet that carried the octet at this place.
    pub(super) fn mark(&self, at: usize) -> Mark {
        let offset = self.offset + at as u64;
        let behind = self.marks.partition_point(|(begin, _)| *begin <= offset);
        self.marks.get(behind.saturating_sub(1)).map_or(Mark::default(), |(_, mark)| *mark)
    }
}

/// What one side sent and cannot be read yet: the beginning of a line, or what depends on a reply to come.
#[derive(Debug, Default)]
pub(super) struct Held {
    pub(super) octets: Vec<u8>,
    pub(super) marks: Vec<(u64, Mark)>,
    /// The rest of a line that was cut is passed over; `true` where it is secret.
    pub(super) skipping: Option<bool>,
}

impl Held {
    /// Takes back what was held, less the octets used.
    pub(super) fn put_back(&mut self, octets: Vec<u8>, marks: Vec<(u64, Mark)>, used: usize) {
        if used == 0 {
            (self.octets, self.marks) = (octets, marks);
        } else {
            self.keep(&Run::of(&octets, &marks), used);
        }
    }

    /// Adds what was not used of a run, `used` octets from its beginning.
    pub(super) fn keep(&mut self, run: &Run<'_>, used: usize) {
        let rest = run.rest(used);
        if rest.is_empty() {
            return;
        }
        let offset = run.offset + used as u64;
        self.marks.push((offset, run.mark(used)));
        self.marks.extend(run.marks.iter().filter(|(begin, _)| *begin > offset));
        self.octets.extend_from_slice(rest);
    }
}

/// What can be taken from the beginning of octets that come in lines.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Split<'a> {
    /// A line with its ending.
    Line(&'a [u8]),
    /// The first part of a line that is too long; its rest is to be passed over.
    Cut(&'a [u8]),
    /// The line has not ended yet.
    More,
}

/// Takes the first line. It ends in LF, with or without CR.
pub(super) fn split(octets: &[u8]) -> Split<'_> {
    let window = octets.get(..MAX_LINE).unwrap_or(octets);
    match memchr::memchr(b'\n', window) {
        Some(at) => Split::Line(&window[..=at]),
        None if octets.len() >= MAX_LINE => Split::Cut(window),
        None => Split::More,
    }
}

/// A line without its ending.
pub(super) fn bare(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// Text as it came, invalid UTF-8 replaced.
pub(super) fn text(octets: &[u8]) -> String {
    String::from_utf8_lossy(octets).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_ends_in_lf_with_or_without_cr_and_is_cut_at_its_bound() {
        assert_eq!(split(b"QUIT\r\nX"), Split::Line(b"QUIT\r\n"));
        assert_eq!(split(b"QUIT\nX"), Split::Line(b"QUIT\n"));
        assert_eq!(split(b"QUIT\r"), Split::More);
        let long = vec![b'x'; MAX_LINE + 1];
        assert_eq!(split(&long), Split::Cut(&long[..MAX_LINE]));
        assert_eq!(bare(b"QUIT\r\n"), b"QUIT");
    }
}
