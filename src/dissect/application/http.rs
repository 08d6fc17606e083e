//! Hypertext transfer, version 1 (RFC 9112), a segment at a time.

use std::ops::Range;

use super::HIDDEN;
use super::wire::{Collector, text};
use crate::dissect::{Field, Value};
use crate::packet::{ends_secret_field, is_reference_field, is_secret_field, secrets_of_target};

/// Header fields that are shown of one segment.
const MAX_HEADERS: usize = 128;

/// The lines without what ends them.
fn lines(octets: &[u8]) -> impl Iterator<Item = Range<usize>> + '_ {
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
        Some(line)
    })
}

/// RFC 9110 section 5.6.2.
fn is_token(octets: &[u8]) -> bool {
    let allowed = |o: &u8| o.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(o);
    !octets.is_empty() && octets.iter().all(allowed)
}

/// Where the octets of a header field's name end, if the line is one.
fn header_name(line: &[u8]) -> Option<usize> {
    let colon = memchr::memchr(b':', line)?;
    is_token(line[..colon].trim_ascii_end()).then_some(colon)
}

/// Whether a segment begins with a request line or a status line.
fn starts_message(line: &[u8]) -> bool {
    line.starts_with(b"HTTP/1.") || request_parts(line).is_some()
}

/// Method, target and version of a request line (RFC 9112 section 3).
fn request_parts(line: &[u8]) -> Option<[Range<usize>; 3]> {
    let first = memchr::memchr(b' ', line)?;
    let last = memchr::memrchr(b' ', line).filter(|&last| last > first)?;
    let ends = line[last + 1..].starts_with(b"HTTP/1.") && is_token(&line[..first]);
    ends.then(|| [0..first, first + 1..last, last + 1..line.len()])
}

/// Adds the ranges that hold secrets. Every line of the segment is looked at, also behind the header: octets
/// that only look like a secret are hidden rather than a secret shown.
pub(super) fn concealed(octets: &[u8], out: &mut Vec<Range<u32>>) {
    conceal(octets, true, out);
}

/// Adds the ranges that hold secrets by the name in front of them, of octets that may not be HTTP at all.
pub(super) fn named_secrets(octets: &[u8], out: &mut Vec<Range<u32>>) {
    conceal(octets, false, out);
}

/// `continues`: the first line may be the rest of one that the segment before began.
fn conceal(octets: &[u8], continues: bool, out: &mut Vec<Range<u32>>) {
    let mut folding = false;
    let mut list = lines(octets).enumerate().peekable();
    while let Some((index, line)) = list.next() {
        let content = &octets[line.clone()];
        let message = index == 0 && starts_message(content);
        references(content, line.start, out);
        let folded = folding && matches!(content.first(), Some(b' ' | b'\t'));
        let name = header_name(content);
        let secret = match name {
            _ if folded => Some(0),
            _ if message => None,
            Some(colon) => {
                let word = content[..colon].trim_ascii_end();
                let hide = is_secret_field(word) || (continues && index == 0 && ends_secret_field(word));
                hide.then_some(colon + 1)
            }
            None if continues && index == 0 => {
                let next = list.peek().map(|(_, line)| &octets[line.clone()]);
                continues_value(content, next).then_some(0)
            }
            None => None,
        };
        folding = secret.is_some();
        if let Some(from) = secret {
            let spaces = content[from..].iter().take_while(|o| o.is_ascii_whitespace()).count();
            push_range(line.start + from + spaces..line.end, out);
        }
    }
}

/// The secrets in the target of a request line, also where the segment cuts it, or in a field that refers to something.
fn references(line: &[u8], line_at: usize, out: &mut Vec<Range<u32>>) {
    let target = request_parts(line).map(|[_, target, _]| target);
    let place = target.or_else(|| cut_target(line)).or_else(|| {
        let colon = header_name(line).filter(|&colon| is_reference_field(line[..colon].trim_ascii_end()))?;
        let blanks = line[colon + 1..].iter().take_while(|o| o.is_ascii_whitespace()).count();
        Some(colon + 1 + blanks..line.len())
    });
    let Some(place) = place else { return };
    for secret in secrets_of_target(&line[place.clone()]) {
        let begin = line_at + place.start;
        push_range(begin + secret.start..begin + secret.end, out);
    }
}

/// The beginning of a target behind what looks like a method.
fn cut_target(line: &[u8]) -> Option<Range<usize>> {
    let space = memchr::memchr(b' ', line).filter(|&space| (3..20).contains(&space))?;
    let target = &line[space + 1..];
    let begins = target.starts_with(b"/") || memchr::memmem::find(target, b"://").is_some();
    let is_method = line[..space].iter().all(|o| o.is_ascii_uppercase() || *o == b'-');
    (is_method && begins).then_some(space + 1..line.len())
}

/// Whether the first line of a segment can be the rest of a value that the segment before began: text, with
/// another header field or the end of the header behind it, or nothing at all.
fn continues_value(content: &[u8], next: Option<&[u8]>) -> bool {
    let visible = content.iter().all(|&o| o == b' ' || o == b'\t' || o.is_ascii_graphic());
    let header_follows = next.is_none_or(|line| line.is_empty() || header_name(line).is_some());
    !content.is_empty() && visible && header_follows
}

fn push_range(range: Range<usize>, out: &mut Vec<Range<u32>>) {
    if let (Ok(start), Ok(end)) = (u32::try_from(range.start), u32::try_from(range.end))
        && start < end
    {
        out.push(start..end);
    }
}

/// Octets for show, their secrets put out.
fn shown(octets: &[u8], place: &Range<usize>, secrets: &[Range<u32>]) -> String {
    let first = secrets.partition_point(|range| (range.end as usize) <= place.start);
    let mut out = String::new();
    let mut at = place.start;
    for secret in secrets[first..].iter().take_while(|range| (range.start as usize) < place.end) {
        out += &text(&octets[at..(secret.start as usize).max(at)]);
        out += HIDDEN;
        at = (secret.end as usize).min(place.end);
    }
    out + &text(&octets[at..place.end])
}

/// The fields: the request or status line, then the header fields. Of a body only its length is told.
pub(super) fn fields(octets: &[u8], offset: u32) -> Vec<Field> {
    let mut out = Collector::new(octets, offset);
    let mut secrets = Vec::new();
    concealed(octets, &mut secrets);
    let mut end = 0;
    for (index, line) in lines(octets).take(MAX_HEADERS).enumerate() {
        let content = &octets[line.clone()];
        if index == 0 && starts_message(content) {
            start_line(&mut out, content, &secrets);
        } else if header_name(content).is_some() || folds(index, content) {
            let value = Value::Text(shown(octets, &line, &secrets));
            out.push("header_field", line.start, line.len(), value);
        } else {
            // An empty line ends the header; any other that is no header field is part of a body.
            end = if content.is_empty() { end_of_line(octets, line.end) } else { line.start };
            break;
        }
        end = end_of_line(octets, line.end);
    }
    if end < octets.len() {
        let length = octets.len() - end;
        out.push("body_octets", end, length, Value::Number(length as u64));
    }
    out.finish()
}

/// RFC 9112 section 5.2: a line that begins with white space continues the one before.
fn folds(index: usize, line: &[u8]) -> bool {
    index > 0 && matches!(line.first(), Some(b' ' | b'\t'))
}

fn end_of_line(octets: &[u8], at: usize) -> usize {
    memchr::memchr(b'\n', &octets[at..]).map_or(octets.len(), |feed| at + feed + 1)
}

fn start_line(out: &mut Collector<'_>, line: &[u8], secrets: &[Range<u32>]) {
    if let Some([method, target, version]) = request_parts(line) {
        out.text("method", method.start, method.len());
        out.push("target", target.start, target.len(), Value::Text(shown(line, &target, secrets)));
        out.text("version", version.start, version.len());
        return;
    }
    let space = memchr::memchr(b' ', line).unwrap_or(line.len());
    out.text("version", 0, space);
    if let Some(code) = line.get(space + 1..space + 4) {
        out.push("status_code", space + 1, 3, Value::Text(text(code)));
    }
    if line.len() > space + 5 {
        out.text("reason", space + 5, line.len() - space - 5);
    }
}

/// `GET /index.html HTTP/1.1`, `HTTP/1.1 200 OK`; of a segment that continues a message its size.
pub(super) fn summary(octets: &[u8], out: &mut String) {
    let Some(line) = lines(octets).next() else { return };
    let content = &octets[line];
    if starts_message(content) {
        let mut secrets = Vec::new();
        references(content, 0, &mut secrets);
        out.push_str(&shown(content, &(0..content.len()), &secrets));
    } else {
        out.push_str(&format!("{} octets of a message", octets.len()));
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in super::super) const REQUEST: &[u8] = b"GET /index.html HTTP/1.1\r\nHost: www.example.test\r\n\
        Authorization: Basic YWxpY2U6c2VjcmV0\r\nCookie: id=1\r\n\r\n";

    fn hidden(octets: &[u8]) -> Vec<&str> {
        let mut ranges = Vec::new();
        concealed(octets, &mut ranges);
        let part = |r: Range<u32>| std::str::from_utf8(&octets[r.start as usize..r.end as usize]).unwrap();
        ranges.into_iter().map(part).collect()
    }

    #[test]
    fn credentials_are_hidden_and_nothing_else() {
        assert_eq!(hidden(REQUEST), ["Basic YWxpY2U6c2VjcmV0", "id=1"]);
        let all = format!("{:?}", fields(REQUEST, 66));
        assert!(!all.contains("YWxp") && all.contains("Authorization: (hidden)"), "{all}");
        assert!(all.contains("www.example.test"));
    }

    #[test]
    fn credentials_in_targets_and_references_are_hidden() {
        let octets =
            b"GET http://alice:pw1@a.test/?token=t0k&x=1 HTTP/1.1\r\nReferer: /?password=pw2\r\n\r\n";
        assert_eq!(hidden(octets), ["pw1", "t0k", "pw2"]);
        let mut line = String::new();
        summary(octets, &mut line);
        assert_eq!(line, "GET http://alice:(hidden)@a.test/?token=(hidden)&x=1 HTTP/1.1");
        assert!(format!("{:?}", fields(octets, 0)).contains("?password=(hidden)"));
    }

    #[test]
    fn credentials_cut_by_a_segment_stay_hidden() {
        assert_eq!(hidden(b"ization: Basic YWxp\r\n\r\n"), ["Basic YWxp"]);
        assert_eq!(hidden(b"Y2U6c2VjcmV0\r\nAccept: */*\r\n\r\n"), ["Y2U6c2VjcmV0"]);
        assert_eq!(hidden(b"Y2U6c2VjcmV0"), ["Y2U6c2VjcmV0"]);
        assert_eq!(
            hidden(b"X: y\r\nAuthorization: Digest a=\"b\",\r\n c=\"d\"\r\n"),
            ["Digest a=\"b\",", "c=\"d\""]
        );
    }

    #[test]
    fn a_request_and_a_response_are_told_by_their_first_line() {
        let line = |octets: &[u8]| {
            let mut out = String::new();
            summary(octets, &mut out);
            out
        };
        assert_eq!(line(REQUEST), "GET /index.html HTTP/1.1");
        assert_eq!(line(b"HTTP/1.1 404 Not Found\r\n\r\n"), "HTTP/1.1 404 Not Found");
        assert_eq!(line(b"<html>"), "6 octets of a message");
    }

    #[test]
    fn the_body_is_told_by_its_length() {
        let fields = fields(b"HTTP/1.1 200 OK\r\nServer: x\r\n\r\nhello", 10);
        let names: Vec<_> = fields.iter().map(|f| f.name).collect();
        assert_eq!(names, ["version", "status_code", "reason", "header_field", "body_octets"]);
        assert_eq!(fields[4], Field::new("body_octets", 40, 5, Value::Number(5)));
    }
}
