//! Passwords in the other protocols of lines: FTP and POP3 (`PASS`, `APOP`), IMAP (`LOGIN`, `AUTHENTICATE`), `AUTH`.

use std::ops::Range;

use super::secret::Secrets;

/// As much of a line as can tell.
const PREFIX: usize = 128;

/// Looks at the lines that one side sends, as long as they look like lines.
#[derive(Debug)]
pub(super) struct PlainLines {
    prefix: [u8; PREFIX],
    length: usize,
    secret: bool,
    /// The line before began a login whose responses follow.
    login: bool,
    /// The line before ended in an IMAP literal's length (RFC 9051 section 4.3): this one is part of a login too.
    literal: bool,
    /// The last octet of the line but its end.
    last: u8,
    text: bool,
    secrets: Secrets,
    read_to: u64,
}

impl Default for PlainLines {
    fn default() -> Self {
        Self {
            prefix: [0; PREFIX],
            length: 0,
            secret: false,
            login: false,
            literal: false,
            last: 0,
            text: true,
            secrets: Secrets::default(),
            read_to: 0,
        }
    }
}

impl PlainLines {
    /// The next octets of this side.
    pub(super) fn octets(&mut self, offset: u64, octets: &[u8]) {
        self.read_to = offset + octets.len() as u64;
        let mut at = 0;
        while self.text && at < octets.len() {
            let end = memchr::memchr(b'\n', &octets[at..]).map_or(octets.len(), |n| at + n + 1);
            self.piece(offset + at as u64, &octets[at..end]);
            at = end;
        }
    }

    /// Octets are missing: the next ones stand anywhere in a line.
    pub(super) fn gap(&mut self) {
        self.length = PREFIX;
        self.secret = false;
        self.literal = false;
    }

    /// What must not be shown: the secrets, and of text all that has not been read. `asked` is `None` where the
    /// place in the stream is not known.
    pub(super) fn concealed(&self, asked: Option<Range<u64>>, length: u32, out: &mut Vec<Range<u32>>) {
        match asked {
            Some(asked) => {
                let shown_before = if self.text { self.read_to } else { u64::MAX };
                self.secrets.within(asked, shown_before, out);
            }
            None if self.text => out.push(0..length),
            None => {}
        }
    }

    /// A piece of one line, which may be its end.
    fn piece(&mut self, offset: u64, piece: &[u8]) {
        let ends = piece.ends_with(b"\n");
        let mut begin = 0;
        self.secret |= self.literal;
        self.last = piece.trim_ascii_end().last().copied().unwrap_or(self.last);
        if !self.secret && self.length < PREFIX {
            let room = (PREFIX - self.length).min(piece.len());
            self.prefix[self.length..self.length + room].copy_from_slice(&piece[..room]);
            let before = self.length;
            self.length += room;
            let line = &self.prefix[..self.length];
            if before == 0 && line.iter().any(|c| *c < b'\t') {
                self.text = false;
                return;
            }
            if let Some(at) = secret_at(line, self.login) {
                self.secret = true;
                begin = at.saturating_sub(before).min(piece.len());
            }
        }
        if self.secret {
            self.secrets.add(offset + begin as u64..offset + piece.len() as u64);
        }
        if ends {
            let line = &self.prefix[..self.length];
            self.literal = self.last == b'}' && (self.secret || names_user(line));
            self.login = begins_login(line) || (self.login && self.secret);
            self.last = 0;
            self.length = 0;
            self.secret = false;
        }
    }
}

fn words(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    line.split(|c| matches!(c, b' ' | b'\r' | b'\n')).filter(|w| !w.is_empty())
}

fn is_login(word: &[u8]) -> bool {
    [&b"AUTH"[..], b"AUTHENTICATE"].iter().any(|w| word.eq_ignore_ascii_case(w))
}

/// IMAP's LOGIN (RFC 9051 section 6.2.3).
fn names_user(line: &[u8]) -> bool {
    words(line).nth(1).is_some_and(|word| word.eq_ignore_ascii_case(b"LOGIN"))
}

fn begins_login(line: &[u8]) -> bool {
    words(line).take(2).any(is_login)
}

/// Where the secret of a line begins, if its beginning shows that it has one.
fn secret_at(line: &[u8], in_login: bool) -> Option<usize> {
    let mut words = words(line);
    let first = words.next()?;
    if first.eq_ignore_ascii_case(b"PASS") {
        return behind(line, first);
    }
    // POP3's digest (RFC 1939 section 7)
    if is_login(first) || first.eq_ignore_ascii_case(b"APOP") {
        return behind(line, words.next()?);
    }
    match words.next() {
        Some(second) if second.eq_ignore_ascii_case(b"LOGIN") => behind(line, words.next()?),
        Some(second) if is_login(second) => behind(line, words.next()?),
        None if in_login => Some(0),
        _ => None,
    }
}

/// The place behind a word of the line and the blank that follows it, if one does.
fn behind(line: &[u8], word: &[u8]) -> Option<usize> {
    let blank = (word.as_ptr() as usize).checked_sub(line.as_ptr() as usize)? + word.len();
    (line.get(blank) == Some(&b' ')).then_some(blank + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    fn concealed(line: &[u8]) -> Vec<(u32, u32)> {
        let mut whole = PlainLines::default();
        whole.octets(0, line);
        let mut out = Vec::new();
        whole.concealed(Some(0..line.len() as u64), 0, &mut out);
        out.into_iter().map(|r| (r.start, r.end)).collect()
    }

    #[test]
    fn passwords_of_pop3_ftp_and_imap_are_concealed() {
        assert_eq!(concealed(b"USER alice\r\nPASS s3cret\r\n"), [(17, 25)]);
        assert_eq!(concealed(b"a1 LOGIN alice s3cret\r\n"), [(15, 23)]);
        assert_eq!(concealed(b"a1 LOGIN {5}\r\nalice {6}\r\ns3cret\r\na2 LIST\r\n"), [(14, 33)]);
        assert_eq!(concealed(b"a1 AUTHENTICATE PLAIN\r\nAGFs\r\na2 LIST\r\n"), [(23, 29)]);
        assert_eq!(concealed(b"AUTH PLAIN AGFs\r\n"), [(11, 17)]);
        assert_eq!(concealed(b"APOP alice c4c9334bac560ecc979e58001b3e22fb\r\n"), [(11, 45)]);
        assert_eq!(concealed(b"RETR 1\r\n"), []);
    }
}
