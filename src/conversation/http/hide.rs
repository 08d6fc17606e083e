//! Which octets of a side must not be shown: secrets in heads, trailers and forms, found while they arrive.

use std::ops::Range;

use super::start;
use crate::conversation::secret::Secrets;
use crate::packet::{
    LONGEST_SECRET_NAME, is_reference_field, is_secret_field, is_secret_parameter, secrets_of_target,
};

/// Octets of a line with a reference in it that are looked at; what lies behind them is secret.
const LONGEST_REFERENCE: usize = 8 << 10;

/// Finds the secrets of one side.
#[derive(Debug, Default)]
pub(super) struct Hidden {
    secrets: Secrets,
    /// The line under way, as far as it has to be known, and where it begins.
    line: Vec<u8>,
    line_at: u64,
    /// Octets of it so far.
    length: u64,
    line_is: Line,
    /// The line before, which this one may continue.
    before: Line,
    form: Form,
}

/// What is known of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Line {
    /// A start line, or a field whose name is not whole.
    #[default]
    Open,
    /// A field whose value is secret.
    Secret,
    /// A field whose value is a reference that stands behind so many octets.
    Reference(usize),
    /// No secret is in it.
    Harmless,
}

/// A form as browsers send it (`application/x-www-form-urlencoded`).
#[derive(Debug, Default)]
struct Form {
    name: Vec<u8>,
    /// The name has ended, and its value is secret or not.
    value: Option<bool>,
}

impl Hidden {
    /// The next octets of a head or of what may be one: of one line, with its end or without.
    pub(super) fn line_piece(&mut self, offset: u64, piece: &[u8]) {
        if self.length == 0 {
            self.line_at = offset;
            if matches!(piece.first(), Some(b' ' | b'\t')) && self.before == Line::Secret {
                self.line_is = Line::Secret;
            }
        }
        let mut secret_from = 0;
        if matches!(self.line_is, Line::Open | Line::Reference(_)) {
            let known = self.line.len();
            let room = LONGEST_REFERENCE.saturating_sub(known).min(piece.len());
            self.line.extend_from_slice(&piece[..room]);
            if self.line_is == Line::Open {
                self.judge(known);
            }
            if room < piece.len() && matches!(self.line_is, Line::Open | Line::Reference(_)) {
                self.add_those_of_line();
                self.line_is = Line::Secret;
                secret_from = room;
            } else if self.line_is == Line::Secret {
                let colon = memchr::memchr(b':', &self.line).map_or(0, |colon| colon + 1);
                let blanks = self.line[colon..].iter().take_while(|o| matches!(o, b' ' | b'\t')).count();
                secret_from = (colon + blanks).saturating_sub(known).min(piece.len());
            }
        }
        self.length += piece.len() as u64;
        let ends = piece.ends_with(b"\n");
        if self.line_is == Line::Secret {
            let text = piece.trim_ascii_end().len().max(secret_from);
            let end = if ends { text } else { piece.len() };
            self.secrets.add(offset + secret_from as u64..offset + end as u64);
        }
        if ends {
            self.line_ends();
        }
    }

    /// Octets are missing: the next ones stand anywhere. What is left of a line may be that of a secret.
    pub(super) fn gap(&mut self) {
        self.line.clear();
        self.length = 1;
        self.line_is = Line::Secret;
        self.form = Form { name: Vec::new(), value: Some(true) };
    }

    /// A message begins, or something that has no lines: nothing continues a line before.
    pub(super) fn fresh(&mut self) {
        self.line.clear();
        self.length = 0;
        self.line_is = Line::Open;
        self.before = Line::Open;
        self.form = Form::default();
    }

    /// The next octets of a form.
    pub(super) fn form_octets(&mut self, offset: u64, octets: &[u8]) {
        let mut at = 0;
        while at < octets.len() {
            let end = memchr::memchr2(b'=', b'&', &octets[at..]).map_or(octets.len(), |end| at + end);
            let part = &octets[at..end];
            match self.form.value {
                Some(true) => self.secrets.add(offset + at as u64..offset + end as u64),
                Some(false) => {}
                None => {
                    let room = (LONGEST_SECRET_NAME + 1).saturating_sub(self.form.name.len()).min(part.len());
                    self.form.name.extend_from_slice(&part[..room]);
                }
            }
            match octets.get(end) {
                Some(b'&') => self.form = Form::default(),
                Some(_) if self.form.value.is_none() => {
                    self.form.value = Some(is_secret_parameter(&self.form.name));
                }
                // a value with an equals sign in it
                Some(_) if self.form.value == Some(true) => {
                    self.secrets.add(offset + end as u64..offset + end as u64 + 1);
                }
                Some(_) | None => {}
            }
            at = end + 1;
        }
    }

    /// The secrets among the asked octets. Of a line under way, what looks like one counts as one.
    pub(super) fn within(&self, asked: Range<u64>, shown_before: u64, out: &mut Vec<Range<u32>>) {
        let known = out.len();
        self.secrets.within(asked.clone(), shown_before, out);
        for secret in self.of_line(self.line_is) {
            let place = |at: usize| (self.line_at + at as u64).clamp(asked.start, asked.end) - asked.start;
            let (begin, end) = (place(secret.start) as u32, place(secret.end) as u32);
            if begin < end {
                out.push(begin..end);
            }
        }
        if out.len() > known + 1 {
            merge(out);
        }
    }

    /// The name of a field may have become whole.
    fn judge(&mut self, known: usize) {
        let Some(colon) = memchr::memchr(b':', &self.line[known..]).map(|colon| known + colon) else {
            return;
        };
        let name = self.line[..colon].trim_ascii();
        if is_secret_field(name) {
            self.line_is = Line::Secret;
        } else if is_reference_field(name) {
            self.line_is = Line::Reference(colon + 1);
        } else if start::is_token(name) {
            self.line_is = Line::Harmless;
        }
    }

    /// The secrets in the line so far, as places in it.
    fn of_line(&self, line: Line) -> Vec<Range<usize>> {
        let begin = match line {
            Line::Open => memchr::memchr(b' ', &self.line).map(|space| space + 1),
            Line::Reference(begin) => Some(begin),
            Line::Secret | Line::Harmless => None,
        };
        let Some(begin) = begin else { return Vec::new() };
        let rest = self.line.get(begin..).unwrap_or_default();
        let blanks = rest.iter().take_while(|o| matches!(o, b' ' | b'\t')).count();
        let begin = begin + blanks;
        let reference = self.line.get(begin..).unwrap_or_default().trim_ascii_end();
        // a version stands behind the target of a request line
        let end = match line {
            Line::Open => memchr::memmem::rfind(reference, b" HTTP/1.").unwrap_or(reference.len()),
            _ => reference.len(),
        };
        let found = secrets_of_target(&reference[..end]).into_iter();
        found.map(|range| begin + range.start..begin + range.end).collect()
    }

    fn add_those_of_line(&mut self) {
        for secret in self.of_line(self.line_is) {
            self.secrets.add(self.line_at + secret.start as u64..self.line_at + secret.end as u64);
        }
    }

    fn line_ends(&mut self) {
        self.add_those_of_line();
        self.before = self.line_is;
        self.line.clear();
        self.length = 0;
        self.line_is = Line::Open;
    }
}

/// In order, with no two that overlap or touch.
fn merge(ranges: &mut Vec<Range<u32>>) {
    ranges.sort_unstable_by_key(|range| range.start);
    ranges.dedup_by(|next, before| {
        let joins = next.start <= before.end;
        if joins {
            before.end = before.end.max(next.end);
        }
        joins
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is hidden of lines that come in pieces of so many octets.
    fn hidden(text: &str, cut: usize) -> Vec<String> {
        let mut hidden = Hidden::default();
        let mut at = 0;
        for line in text.as_bytes().split_inclusive(|octet| *octet == b'\n') {
            for piece in line.chunks(cut) {
                hidden.line_piece(at, piece);
                at += piece.len() as u64;
            }
        }
        parts(&hidden, text)
    }

    fn parts(hidden: &Hidden, text: &str) -> Vec<String> {
        let mut out = Vec::new();
        hidden.within(0..text.len() as u64, text.len() as u64, &mut out);
        out.into_iter().map(|r| text[r.start as usize..r.end as usize].to_owned()).collect()
    }

    #[test]
    fn secrets_of_a_head_are_hidden_however_it_is_cut() {
        let text = "GET http://alice:open@a.test/?token=12&a=b HTTP/1.1\r\nHost: a:80\r\ncookie:  a=1;\r\n  b=2\r\n\
            Accept: */*\r\n c\r\nReferer: /?pwd=3\r\nX-Api-Key : k\r\n\r\n";
        for cut in 1..60 {
            let parts = hidden(text, cut);
            let parts: Vec<&str> = parts.iter().map(|part| part.trim()).collect();
            assert_eq!(parts, ["open", "12", "a=1;", "b=2", "3", "k"], "{cut}");
        }
    }

    #[test]
    fn a_line_under_way_shows_no_beginning_of_a_secret() {
        assert_eq!(hidden("GET /?password=open-se", 9), ["open-se"]);
        assert_eq!(hidden("GET / HTTP/1.1\r\nAuthorization: Bas", 9), ["Bas"]);
        assert_eq!(hidden("GET http://alice:open-ses", 9), ["open-ses"]);
    }

    #[test]
    fn passwords_in_forms_are_hidden_however_they_are_cut() {
        let text = "user=alice&password=open=sesame&a=password&token=";
        for cut in 1..text.len() {
            let mut hidden = Hidden::default();
            for (at, piece) in text.as_bytes().chunks(cut).enumerate() {
                hidden.form_octets((at * cut) as u64, piece);
            }
            assert_eq!(parts(&hidden, text), ["open=sesame"], "{cut}");
        }
    }

    #[test]
    fn what_lies_behind_the_bound_of_a_line_is_hidden() {
        let text = format!("GET /?token=1&a={}&token=2 HTTP/1.1\r\n", "x".repeat(9000));
        let parts = hidden(&text, 1000);
        assert_eq!(parts[0], "1");
        assert!(parts[1].ends_with("xx&token=2 HTTP/1.1") && parts.len() == 2);
    }

    #[test]
    fn the_rest_of_a_line_behind_a_gap_is_hidden() {
        let mut hidden = Hidden::default();
        hidden.gap();
        hidden.line_piece(0, b"c2Vz\r\n");
        hidden.line_piece(6, b"Accept: a\r\n");
        assert_eq!(parts(&hidden, "c2Vz\r\nAccept: a\r\n"), ["c2Vz"]);
    }
}
