//! The chunked transfer coding (RFC 9112 section 7.1), undone while it arrives.

/// Octets of a line of the coding beyond which it is none: sizes are short, extensions rare.
const LONGEST_LINE: usize = 4096;

/// Undoes the coding.
#[derive(Debug, Default)]
pub(super) struct Chunked {
    at: At,
    /// The line under way, up to its bound.
    line: Vec<u8>,
}

#[derive(Debug, Default)]
enum At {
    /// In the line with a chunk's size.
    #[default]
    Size,
    /// In a chunk, so many octets before its end.
    Data(u64),
    /// In the end of line behind a chunk.
    DataEnd,
    /// In the fields behind the last chunk.
    Trailer,
}

/// What the next octets are.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// Part of the coding.
    Coding,
    /// A chunk of this size begins; it has an extension or not; its line ends in LF alone or not.
    Size { size: u64, extension: bool, bare_lf: bool },
    /// Content.
    Content,
    /// A line of the trailer.
    Field(Vec<u8>),
    /// The body ends behind these octets.
    End,
    /// This is no chunk.
    Broken,
}

impl Chunked {
    /// How many of the next octets belong together, at least one, and what they are. `octets` is not empty.
    pub(super) fn next(&mut self, octets: &[u8]) -> (usize, Piece) {
        if let At::Data(left) = &mut self.at {
            let used = octets.len().min(usize::try_from(*left).unwrap_or(usize::MAX));
            *left -= used as u64;
            if *left == 0 {
                self.at = At::DataEnd;
            }
            return (used, Piece::Content);
        }
        let end = memchr::memchr(b'\n', octets);
        let used = end.map_or(octets.len(), |end| end + 1);
        if self.line.len() + used > LONGEST_LINE {
            return (used, Piece::Broken);
        }
        self.line.extend_from_slice(&octets[..used]);
        if end.is_none() {
            let is_broken = matches!(self.at, At::DataEnd) && self.line.len() > 1;
            return (used, if is_broken { Piece::Broken } else { Piece::Coding });
        }
        let line = std::mem::take(&mut self.line);
        (used, self.line_ends(&line))
    }

    /// So many octets are missing; whether it is still known where it stands.
    pub(super) fn gap(&mut self, length: u64) -> bool {
        match &mut self.at {
            At::Data(left) if length <= *left => {
                *left -= length;
                if *left == 0 {
                    self.at = At::DataEnd;
                }
                true
            }
            _ => false,
        }
    }

    /// Content that follows in any case.
    pub(super) const fn content_left(&self) -> u64 {
        match self.at {
            At::Data(left) => left,
            At::Size | At::DataEnd | At::Trailer => 0,
        }
    }

    /// Whether it is in the fields behind the last chunk.
    pub(super) const fn is_in_trailer(&self) -> bool {
        matches!(self.at, At::Trailer)
    }

    fn line_ends(&mut self, line: &[u8]) -> Piece {
        let bare_lf = !line.ends_with(b"\r\n");
        let line = line.trim_ascii_end();
        match self.at {
            At::Size => {
                let Some((size, extension)) = size_of(line) else { return Piece::Broken };
                self.at = if size == 0 { At::Trailer } else { At::Data(size) };
                Piece::Size { size, extension, bare_lf }
            }
            At::DataEnd if line.is_empty() => {
                self.at = At::Size;
                Piece::Coding
            }
            At::Trailer if line.is_empty() => Piece::End,
            At::Trailer => Piece::Field(line.to_owned()),
            At::DataEnd | At::Data(_) => Piece::Broken,
        }
    }
}

/// The size, in hexadecimal digits, and whether an extension follows.
fn size_of(line: &[u8]) -> Option<(u64, bool)> {
    let digits = line.iter().take_while(|octet| octet.is_ascii_hexdigit()).count();
    let rest = line[digits..].trim_ascii_start();
    let is_size = (1..=16).contains(&digits) && (rest.is_empty() || rest[0] == b';');
    let text = std::str::from_utf8(&line[..digits]).ok().filter(|_| is_size)?;
    Some((u64::from_str_radix(text, 16).ok()?, !rest.is_empty()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The content, and all else in order; cut into pieces of so many octets.
    fn read(octets: &[u8], cut: usize) -> (Vec<u8>, Vec<Piece>) {
        let mut chunked = Chunked::default();
        let (mut content, mut pieces) = (Vec::new(), Vec::new());
        for mut part in octets.chunks(cut) {
            while !part.is_empty() {
                let (used, piece) = chunked.next(part);
                match piece {
                    Piece::Content => content.extend_from_slice(&part[..used]),
                    Piece::Coding => {}
                    Piece::End | Piece::Broken => {
                        pieces.push(piece);
                        return (content, pieces);
                    }
                    Piece::Size { .. } | Piece::Field(_) => pieces.push(piece),
                }
                part = &part[used..];
            }
        }
        (content, pieces)
    }

    fn size(size: u64, extension: bool, bare_lf: bool) -> Piece {
        Piece::Size { size, extension, bare_lf }
    }

    #[test]
    fn chunks_extensions_and_trailer_are_told_however_they_are_cut() {
        let octets = b"5;name=\"v\"\r\nhello\r\n00A\n0123456789\r\n0\r\nDigest: x\r\n\r\n";
        let expected = vec![
            size(5, true, false),
            size(10, false, true),
            size(0, false, false),
            Piece::Field(b"Digest: x".to_vec()),
            Piece::End,
        ];
        for cut in 1..=octets.len() {
            assert_eq!(read(octets, cut), (b"hello0123456789".to_vec(), Vec::from_iter(read(octets, 99).1)));
        }
        assert_eq!(read(octets, 99).1, expected);
    }

    #[test]
    fn what_is_no_size_is_no_chunk() {
        for line in ["\r\n", "x\r\n", "-1\r\n", "0x5\r\n", "5 5\r\n", "12345678901234567\r\n"] {
            assert_eq!(read(line.as_bytes(), 99).1, [Piece::Broken], "{line:?}");
        }
        assert_eq!(read(b"2\r\nabX\r\n", 99).1, [size(2, false, false), Piece::Broken]);
        assert_eq!(read(&[b'1'; 5000], 100).1, [Piece::Broken]);
    }

    #[test]
    fn a_gap_within_a_chunk_loses_no_more_than_its_octets() {
        let mut chunked = Chunked::default();
        chunked.next(b"a\r\n");
        assert!(chunked.gap(4) && chunked.content_left() == 6);
        assert!(!chunked.gap(7));
    }

    proptest! {
        #[test]
        fn arbitrary_octets_are_used_up(octets in proptest::collection::vec(any::<u8>(), 0..200), cut in 1..9_usize) {
            read(&octets, cut);
        }
    }
}
