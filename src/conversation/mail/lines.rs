//! Octets in lines, however they are cut into pieces. Lines of any length pass; only the beginning of one is kept.

/// Octets of a line that are kept until it is told what the line is.
pub(super) const BEGINNING: usize = 1000;

/// The ending of a line, without which a line goes on.
pub(super) type Ending = Option<&'static [u8]>;

/// A piece of a line, without its ending.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    /// The whole line, or its beginning: at least [`BEGINNING`] octets, but for a CR.
    First(&'a [u8], Ending),
    /// More of it.
    More(&'a [u8], Ending),
}

/// Takes octets, gives lines.
#[derive(Debug, Default)]
pub(super) struct Lines {
    begun: Vec<u8>,
    /// A piece of the line has been given.
    in_line: bool,
    /// The last octet of the line so far was a CR, which may belong to its ending.
    cr: bool,
}

impl Lines {
    /// Gives what can be given of these octets.
    pub(super) fn push(&mut self, octets: &[u8], mut give: impl FnMut(Piece<'_>)) {
        let mut rest = octets;
        while !rest.is_empty() {
            let end = memchr::memchr(b'\n', rest);
            let used =
                if self.in_line { self.more(rest, end, &mut give) } else { self.first(rest, end, &mut give) };
            rest = rest.get(used..).unwrap_or_default();
        }
    }

    /// Gives what was kept: nothing more will come of the line. `ending` is empty where it ends here.
    pub(super) fn finish(&mut self, ending: Ending, mut give: impl FnMut(Piece<'_>)) {
        if !self.begun.is_empty() {
            give(Piece::First(&self.begun, ending));
        } else if std::mem::take(&mut self.cr) {
            give(Piece::More(b"\r", None));
        }
        *self = Self::default();
    }

    fn first(&mut self, rest: &[u8], end: Option<usize>, give: &mut impl FnMut(Piece<'_>)) -> usize {
        let room = BEGINNING - self.begun.len();
        match end {
            Some(end) if self.begun.is_empty() => {
                let (text, ending) = ended(&rest[..end]);
                give(Piece::First(text, Some(ending)));
                end + 1
            }
            Some(end) if end < room => {
                self.begun.extend_from_slice(&rest[..end]);
                let (text, ending) = ended(&self.begun);
                give(Piece::First(text, Some(ending)));
                self.begun.clear();
                end + 1
            }
            _ => {
                let used = room.min(rest.len());
                self.begun.extend_from_slice(&rest[..used]);
                if used == room {
                    let (text, cr) = without_cr(&self.begun);
                    give(Piece::First(text, None));
                    (self.in_line, self.cr) = (true, cr);
                    self.begun.clear();
                }
                used
            }
        }
    }

    fn more(&mut self, rest: &[u8], end: Option<usize>, give: &mut impl FnMut(Piece<'_>)) -> usize {
        let cr = std::mem::take(&mut self.cr);
        if cr && end != Some(0) {
            give(Piece::More(b"\r", None));
        }
        let Some(end) = end else {
            let (text, cr) = without_cr(rest);
            give(Piece::More(text, None));
            self.cr = cr;
            return rest.len();
        };
        let (text, ending) = if cr && end == 0 { (&rest[..0], &b"\r\n"[..]) } else { ended(&rest[..end]) };
        give(Piece::More(text, Some(ending)));
        self.in_line = false;
        end + 1
    }
}

/// A line before its LF: its text and its whole ending.
fn ended(line: &[u8]) -> (&[u8], &'static [u8]) {
    match without_cr(line) {
        (text, true) => (text, b"\r\n"),
        (text, false) => (text, b"\n"),
    }
}

fn without_cr(octets: &[u8]) -> (&[u8], bool) {
    octets.strip_suffix(b"\r").map_or((octets, false), |text| (text, true))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lines with their endings, from pieces of so many octets.
    fn lines(octets: &[u8], size: usize) -> Vec<Vec<u8>> {
        let (mut lines, mut out) = (Lines::default(), vec![Vec::new()]);
        let give = |piece: Piece<'_>, out: &mut Vec<Vec<u8>>| {
            let (Piece::First(text, ending) | Piece::More(text, ending)) = piece;
            let line = out.last_mut().unwrap();
            line.extend_from_slice(text);
            line.extend_from_slice(ending.unwrap_or_default());
            if ending.is_some() {
                out.push(Vec::new());
            }
        };
        octets.chunks(size).for_each(|chunk| lines.push(chunk, |piece| give(piece, &mut out)));
        lines.finish(None, |piece| give(piece, &mut out));
        out
    }

    #[test]
    fn lines_are_the_same_however_their_octets_are_cut() {
        let mut octets = b"a\r\n\nb\rc\r\r\n".to_vec();
        octets.extend(vec![b'x'; BEGINNING - 1]);
        octets.extend(b"\r\n");
        octets.extend(vec![b'y'; BEGINNING]);
        octets.extend(b"\r\rz\r\nend\r");
        let whole = lines(&octets, octets.len());
        assert_eq!(whole.concat(), octets);
        assert_eq!(whole.len(), 6);
        for size in 1..7 {
            assert_eq!(lines(&octets, size), whole, "{size}");
        }
    }
}
