//! Mail transfer, a segment at a time (RFC 5321 section 4): which lines are commands and which are replies.
//!
//! What is neither can be a message or the answer to an AUTH challenge: only its size is told. The dialogue
//! itself is read in [`crate::conversation::smtp`].

use std::fmt::Write;
use std::ops::Range;

use super::HIDDEN;
use super::wire::{Collector, text};
use crate::dissect::{Field, Value};

/// More lines than this are not shown of one segment.
const MAX_LINES: usize = 256;

const VERBS: [&str; 20] = [
    "HELO", "EHLO", "LHLO", "MAIL", "RCPT", "DATA", "BDAT", "RSET", "VRFY", "EXPN", "HELP", "NOOP", "QUIT",
    "AUTH", "STARTTLS", "ETRN", "ATRN", "XCLIENT", "XFORWARD", "BURL",
];

/// What a line is, with the ranges of its parts within the octets.
enum Line {
    Reply { last: bool, text: Range<usize> },
    Command { verb: Range<usize>, argument: Range<usize> },
    Other,
}

fn classify(octets: &[u8], line: &Range<usize>) -> Line {
    let content = &octets[line.clone()];
    if let [b'2'..=b'5', b'0'..=b'9', b'0'..=b'9', rest @ ..] = content
        && matches!(rest.first(), None | Some(b' ' | b'-'))
    {
        let start = (line.start + 4).min(line.end);
        return Line::Reply { last: rest.first() != Some(&b'-'), text: start..line.end };
    }
    let word = content.iter().position(|&o| o == b' ').unwrap_or(content.len());
    let known = VERBS.iter().any(|verb| verb.as_bytes().eq_ignore_ascii_case(&content[..word]));
    if !known {
        return Line::Other;
    }
    let verb = line.start..line.start + word;
    let argument = (verb.end + 1).min(line.end)..line.end;
    Line::Command { verb, argument }
}

/// The ranges of the lines without what ends them, each with where the next one begins.
fn lines(octets: &[u8]) -> impl Iterator<Item = (Range<usize>, usize)> + '_ {
    let mut start = 0;
    std::iter::from_fn(move || {
        let rest = octets.get(start..).filter(|rest| !rest.is_empty())?;
        let next = memchr::memchr(b'\n', rest).map_or(octets.len(), |at| start + at + 1);
        let mut end = next;
        while end > start && matches!(octets[end - 1], b'\n' | b'\r') {
            end -= 1;
        }
        let line = start..end;
        start = next;
        Some((line, next))
    })
}

/// A command's argument for show. Behind the mechanism of AUTH stands a secret (RFC 4954 section 4).
fn argument(octets: &[u8], verb: &Range<usize>, argument: &Range<usize>) -> String {
    let words = &octets[argument.clone()];
    if !octets[verb.clone()].eq_ignore_ascii_case(b"AUTH") {
        return text(words);
    }
    match words.iter().position(|&o| o == b' ') {
        Some(space) => format!("{} {HIDDEN}", text(&words[..space])),
        None => text(words),
    }
}

/// The fields: the lines of the segment.
pub(super) fn fields(octets: &[u8], offset: u32) -> Vec<Field> {
    let mut out = Collector::new(octets, offset);
    let mut other: Option<Range<usize>> = None;
    for (line, next) in lines(octets).take(MAX_LINES) {
        let kind = classify(octets, &line);
        if let Line::Other = kind {
            other.get_or_insert(line.start..next).end = next;
            continue;
        }
        push_other(&mut out, other.take());
        let mut inner = out.inner();
        let name = match kind {
            Line::Reply { last, text } => {
                inner.text("code", line.start, 3);
                inner.push("last", line.start + 3.min(line.len() - 1), 1, Value::Flag(last));
                inner.text("text", text.start, text.len());
                "reply"
            }
            Line::Command { verb, argument: range } => {
                inner.text("verb", verb.start, verb.len());
                let shown = Value::Text(argument(octets, &verb, &range));
                inner.push("argument", range.start, range.len(), shown);
                "command"
            }
            Line::Other => continue,
        };
        out.group(name, line.start, next - line.start, inner);
    }
    push_other(&mut out, other);
    out.finish()
}

/// Lines that are no command and no reply: their number of octets alone.
fn push_other(out: &mut Collector<'_>, range: Option<Range<usize>>) {
    if let Some(range) = range {
        out.push("other_octets", range.start, range.len(), Value::Number(range.len() as u64));
    }
}

/// The first line, and how many more there are.
pub(super) fn summary(octets: &[u8], out: &mut String) {
    let mut lines = lines(octets);
    let Some((line, _)) = lines.next() else { return };
    match classify(octets, &line) {
        Line::Reply { .. } => out.push_str(&text(&octets[line])),
        Line::Command { verb, argument: range } => {
            out.push_str(&text(&octets[verb.clone()]));
            if !range.is_empty() {
                let _ = write!(out, " {}", argument(octets, &verb, &range));
            }
        }
        Line::Other => {
            let _ = write!(out, "{} octets", octets.len());
            return;
        }
    }
    match lines.count() {
        0 => {}
        more => drop(write!(out, " (+{more})")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(octets: &[u8]) -> String {
        let mut out = String::new();
        summary(octets, &mut out);
        out
    }

    #[test]
    fn a_reply_of_several_lines_is_told_by_its_first() {
        assert_eq!(line(b"250-mx.example.test\r\n250 SIZE 1000\r\n"), "250-mx.example.test (+1)");
        assert_eq!(line(b"220 mx.example.test ESMTP\r\n"), "220 mx.example.test ESMTP");
    }

    #[test]
    fn the_secret_of_auth_is_never_told() {
        assert_eq!(line(b"AUTH PLAIN AGEAc2VjcmV0\r\n"), "AUTH PLAIN (hidden)");
        assert_eq!(line(b"auth LOGIN\r\n"), "auth LOGIN");
        assert_eq!(line(b"AGEAc2VjcmV0\r\n"), "14 octets");
        let all = format!("{:?}", fields(b"AUTH PLAIN AGEAc2VjcmV0\r\nAGEAc2VjcmV0\r\n", 0));
        assert!(!all.contains("AGEA"), "{all}");
    }

    #[test]
    fn a_message_is_told_by_its_size() {
        let fields = fields(b"Subject: hi\r\n\r\nhello\r\n.\r\nQUIT\r\n", 66);
        assert_eq!(fields[0], Field::new("other_octets", 66, 25, Value::Number(25)));
        assert_eq!((fields[1].name, fields[1].offset, fields[1].length), ("command", 91, 6));
    }
}
