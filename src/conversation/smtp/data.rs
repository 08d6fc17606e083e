//! The octets of a message behind DATA: finds the end, takes the stuffed dots out (RFC 5321 section 4.5.2).

/// Where the reader stands in a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    /// Before the first octet of a line; `crlf`: the line before ended in CR LF.
    Start { crlf: bool },
    /// Behind a dot that was the first octet of a line.
    Dot { crlf: bool },
    /// Behind that dot and a CR.
    DotCr { crlf: bool },
    /// Behind LF `.` CR LF: no end by the standard, but some servers take it for one.
    PerhapsEnd,
    /// Within a line; `cr`: behind a CR.
    Middle { cr: bool },
}

/// Reads one message; what it is made of goes to a closure.
#[derive(Debug)]
pub(in crate::conversation) struct DataReader {
    at: At,
    bare_lf: bool,
    stuffed: u64,
}

/// How far the reader came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::conversation) struct Progress {
    /// Octets that belong to the message, its final line included.
    pub(in crate::conversation) used: usize,
    /// The final line was among them.
    pub(in crate::conversation) ended: bool,
}

impl DataReader {
    /// Before the first octet of a message.
    pub(in crate::conversation) const fn new() -> Self {
        Self { at: At::Start { crlf: true }, bare_lf: false, stuffed: 0 }
    }

    /// Whether a line ended in LF without CR.
    pub(super) const fn bare_lf(&self) -> bool {
        self.bare_lf
    }

    /// Lines so far that began with a dot and were sent with one more.
    pub(super) const fn stuffed(&self) -> u64 {
        self.stuffed
    }

    /// Whether the last octets were LF `.` CR LF, which ends the message if the server answers now.
    pub(super) const fn perhaps_ended(&self) -> bool {
        matches!(self.at, At::PerhapsEnd)
    }

    /// Octets are missing: where in a line the next ones stand is not known.
    pub(in crate::conversation) const fn gap(&mut self) {
        self.at = At::Middle { cr: false };
    }

    /// Reads on; `out` gets the message's octets as the recipient gets them. Only CR LF `.` CR LF ends it.
    pub(in crate::conversation) fn push(&mut self, octets: &[u8], mut out: impl FnMut(&[u8])) -> Progress {
        let (mut from, mut i) = (0, 0);
        while let Some(&octet) = octets.get(i) {
            match self.at {
                At::Middle { cr } => i = self.line_end(octets, i, cr),
                At::Start { crlf } if octet == b'.' => {
                    out(&octets[from..i]);
                    i += 1;
                    from = i;
                    self.at = At::Dot { crlf };
                }
                At::Start { .. } => self.at = At::Middle { cr: false },
                At::Dot { crlf } if octet == b'\r' => {
                    i += 1;
                    from = i;
                    self.at = At::DotCr { crlf };
                }
                At::Dot { .. } => {
                    self.stuffed += u64::from(octet == b'.');
                    self.at = At::Middle { cr: false };
                }
                At::DotCr { crlf } if octet == b'\n' => {
                    i += 1;
                    from = i;
                    if crlf {
                        return Progress { used: i, ended: true };
                    }
                    self.at = At::PerhapsEnd;
                }
                At::DotCr { .. } => {
                    out(b"\r");
                    self.at = At::Middle { cr: true };
                }
                At::PerhapsEnd => {
                    out(b"\r\n");
                    self.at = At::Start { crlf: true };
                }
            }
        }
        out(octets.get(from..).unwrap_or_default());
        Progress { used: octets.len(), ended: false }
    }

    /// Goes on to the beginning of the next line, or to the end of what there is.
    fn line_end(&mut self, octets: &[u8], from: usize, cr: bool) -> usize {
        match memchr::memchr(b'\n', &octets[from..]) {
            Some(n) => {
                let crlf = if n == 0 { cr } else { octets[from + n - 1] == b'\r' };
                self.bare_lf |= !crlf;
                self.at = At::Start { crlf };
                from + n + 1
            }
            None => {
                self.at = At::Middle { cr: octets.ends_with(b"\r") };
                octets.len()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pieces: &[&[u8]]) -> (Vec<u8>, Option<usize>, bool) {
        let (mut reader, mut message) = (DataReader::new(), Vec::new());
        for (at, piece) in pieces.iter().enumerate() {
            let progress = reader.push(piece, |o| message.extend_from_slice(o));
            if progress.ended {
                return (message, Some(at), reader.bare_lf());
            }
        }
        (message, None, reader.bare_lf())
    }

    #[test]
    fn a_dot_alone_between_crlfs_ends_the_message_also_over_three_segments() {
        assert_eq!(read(&[b"a\r\n.\r\nMAIL"]), (b"a\r\n".to_vec(), Some(0), false));
        assert_eq!(read(&[b"a\r", b"\n.", b"\r\n"]), (b"a\r\n".to_vec(), Some(2), false));
        assert_eq!(read(&[b".\r\n"]), (Vec::new(), Some(0), false));
        let progress = DataReader::new().push(b"a\r\n.\r\nMAIL FROM", |_| {});
        assert_eq!(progress, Progress { used: 6, ended: true });
    }

    #[test]
    fn a_stuffed_dot_is_taken_out() {
        assert_eq!(read(&[b"..x\r\n.y\r\na.b\r\n...\r\n.\r\n"]).0, b".x\r\ny\r\na.b\r\n..\r\n");
        assert_eq!(read(&[b"a\r\n.\rb\r\n.\r\n"]).0, b"a\r\n\rb\r\n");
        let mut reader = DataReader::new();
        reader.push(b"..x\r\n.y\r\na..b\r\n...\r\n.\r\n", |_| {});
        assert_eq!(reader.stuffed(), 2);
    }

    #[test]
    fn lf_dot_lf_ends_no_message_and_is_noted() {
        assert_eq!(read(&[b"a\n.\nb\r\n.\r\n"]), (b"a\n\nb\r\n".to_vec(), Some(0), true));
        assert_eq!(read(&[b"a\n.\r\nb\r\n.\r\n"]), (b"a\n\r\nb\r\n".to_vec(), Some(0), true));
        assert_eq!(read(&[b"a\r\n.\nb"]), (b"a\r\n\nb".to_vec(), None, true));
    }

    #[test]
    fn any_cut_gives_the_same_message() {
        let whole = b"Subject: x\r\n\r\n..dot\r\nbare\n.\r\n\r\r\n.\rz\r\n.\r\nQUIT\r\n";
        let expected = read(&[whole]);
        for cut in 0..whole.len() {
            let (a, b) = whole.split_at(cut);
            let got = read(&[a, b]);
            assert_eq!((got.0, got.2), (expected.0.clone(), expected.2), "cut at {cut}");
        }
    }
}
