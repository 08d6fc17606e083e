//! The grammar of lines (RFC 9051 section 9), as far as it is needed here.

use super::super::framing::text;
use super::super::session::{Portion, Response, ResponseKind, Status};
use super::COMMANDS;

/// The name of a command that is not known here.
pub(super) const UNKNOWN: &str = "";
/// Octets of a tag that are believed.
const MAX_TAG: usize = 64;

/// How a command begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Head<'a> {
    pub(super) tag: &'a [u8],
    /// [`UNKNOWN`] where it is none of [`COMMANDS`].
    pub(super) verb: &'static str,
    /// Where in the line the verb begins, and where it ends.
    pub(super) verb_at: (usize, usize),
}

/// Tag and verb of a command; `None` where it is no command line.
pub(super) fn head(line: &[u8]) -> Option<Head<'_>> {
    if line.trim_ascii().eq_ignore_ascii_case(b"DONE") {
        return Some(Head { tag: b"", verb: "DONE", verb_at: (0, line.len()) });
    }
    let blank = memchr::memchr(b' ', line)?;
    let tag = &line[..blank];
    let allowed = |octet: &u8| octet.is_ascii_graphic() && !b"+(){%*\"\\".contains(octet);
    if tag.is_empty() || tag.len() > MAX_TAG || !tag.iter().all(allowed) {
        return None;
    }
    let start = blank + 1;
    let word = |from: usize| {
        let length = line[from..].iter().take_while(|octet| **octet != b' ').count();
        from + length
    };
    let end = word(start);
    let known = |octets: &[u8]| {
        COMMANDS.iter().find(|(name, _)| octets.eq_ignore_ascii_case(name.as_bytes())).map(|(name, _)| *name)
    };
    if line[start..end].eq_ignore_ascii_case(b"UID") && end < line.len() {
        let end = word(end + 1);
        return Some(Head { tag, verb: known(&line[start..end]).unwrap_or(UNKNOWN), verb_at: (start, end) });
    }
    Some(Head { tag, verb: known(&line[start..end]).unwrap_or(UNKNOWN), verb_at: (start, end) })
}

/// What is announced at the end of a line (section 4.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Literal<'a> {
    /// What stands before its length.
    pub(super) before: &'a [u8],
    /// Octets.
    pub(super) length: u64,
    /// The client waits for `+` before it sends it.
    pub(super) waits: bool,
}

/// A literal at the end of a line: `{5}`, `{5+}` (RFC 7888), `~{5}` (RFC 3516).
pub(super) fn literal(line: &[u8]) -> Option<Literal<'_>> {
    let inner = line.strip_suffix(b"}")?;
    let open = memchr::memrchr(b'{', inner)?;
    let (digits, waits) = match inner[open + 1..].strip_suffix(b"+") {
        Some(digits) => (digits, false),
        None => (&inner[open + 1..], true),
    };
    let all_digits = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    let length = std::str::from_utf8(digits).ok().filter(|_| all_digits)?.parse().ok()?;
    let before = &inner[..open];
    Some(Literal { before: before.strip_suffix(b"~").unwrap_or(before).trim_ascii_end(), length, waits })
}

/// What a FETCH response calls the value that follows, where it is a message or a portion of one (section 7.5.2;
/// `RFC822` of RFC 3501 section 7.4.2).
pub(super) fn item(before: &[u8]) -> Option<(&[u8], Portion)> {
    let (bare, origin) = origin(before);
    let Some(inner) = bare.strip_suffix(b"]") else {
        let start = bare.iter().rposition(|octet| matches!(octet, b' ' | b'(')).map_or(0, |at| at + 1);
        let name = &bare[start..];
        let is = |known: &[u8]| name.eq_ignore_ascii_case(known);
        let portion = match origin {
            _ if is(b"RFC822") => Portion::Whole,
            _ if is(b"RFC822.HEADER") => Portion::Header,
            _ if is(b"RFC822.TEXT") => Portion::Section,
            _ => return None,
        };
        return Some((name, portion));
    };
    let open = memchr::memrchr(b'[', inner)?;
    let start = inner[..open].iter().rposition(|octet| matches!(octet, b' ' | b'(')).map_or(0, |at| at + 1);
    let name = &inner[start..open];
    if ![&b"BODY"[..], b"BINARY"].iter().any(|known| name.eq_ignore_ascii_case(known)) {
        return None;
    }
    let section = inner[open + 1..].to_ascii_uppercase();
    let portion = match (section.as_slice(), origin) {
        (b"", None) => Portion::Whole,
        (b"", Some(0)) => Portion::Beginning,
        (section, None) if section.starts_with(b"HEADER") => Portion::Header,
        _ => Portion::Section,
    };
    Some((&before[start..], portion))
}

/// Takes `<4096>` from the end of an item.
fn origin(item: &[u8]) -> (&[u8], Option<u64>) {
    let origin = item.strip_suffix(b">").and_then(|inner| {
        let open = memchr::memrchr(b'<', inner)?;
        let number = std::str::from_utf8(&inner[open + 1..]).ok()?.parse().ok()?;
        Some((&item[..open], Some(number)))
    });
    origin.unwrap_or((item, None))
}

/// A string of one of the three kinds at the beginning of text (`astring`, section 9): its value, and how many octets
/// it takes. A literal is none: its octets stand elsewhere.
pub(super) fn astring(line: &[u8]) -> Option<(Vec<u8>, usize)> {
    if line.first() != Some(&b'"') {
        let length = line.iter().take_while(|octet| !matches!(octet, b' ' | b')')).count();
        return (length > 0).then(|| (line[..length].to_vec(), length));
    }
    let mut value = Vec::new();
    let mut escaped = false;
    for (at, &octet) in line.iter().enumerate().skip(1) {
        match octet {
            _ if escaped => {
                value.push(octet);
                escaped = false;
            }
            b'\\' => escaped = true,
            b'"' => return Some((value, at + 1)),
            _ => value.push(octet),
        }
    }
    None
}

/// What a server's line is; `None` where it can be none.
pub(super) fn response(line: &[u8]) -> Option<(ResponseKind, Response)> {
    let whole = text(line);
    if let Some(rest) = line.strip_prefix(b"* ") {
        return Some((ResponseKind::Untagged, untagged(rest, whole)));
    }
    if let Some(rest) = line.strip_prefix(b"+").filter(|rest| rest.is_empty() || rest.starts_with(b" ")) {
        let (code, text) = coded(rest.trim_ascii_start());
        return Some((
            ResponseKind::Continuation,
            Response { code, text, line: whole, ..Response::default() },
        ));
    }
    let blank = memchr::memchr(b' ', line).filter(|at| (1..=MAX_TAG).contains(at))?;
    let (word, rest) = first_word(&line[blank + 1..]);
    let status = status(word).filter(|status| matches!(status, Status::Ok | Status::No | Status::Bad))?;
    let (code, said) = coded(rest);
    let tag = Some(text(&line[..blank]));
    let response =
        Response { tag, status: Some(status), code, text: said, line: whole, ..Response::default() };
    Some((ResponseKind::Tagged, response))
}

fn untagged(rest: &[u8], line: String) -> Response {
    let (word, behind) = first_word(rest);
    if let Some(status) = status(word) {
        let (code, text) = coded(behind);
        return Response { status: Some(status), code, text, line, ..Response::default() };
    }
    let number = std::str::from_utf8(word).ok().and_then(|word| word.parse().ok());
    let (name, behind) = if number.is_some() { first_word(behind) } else { (word, behind) };
    let name = (!name.is_empty()).then(|| text(name).to_ascii_uppercase());
    Response { name, number, text: text(behind), line, ..Response::default() }
}

fn first_word(line: &[u8]) -> (&[u8], &[u8]) {
    match memchr::memchr(b' ', line) {
        Some(at) => (&line[..at], &line[at + 1..]),
        None => (line, b""),
    }
}

fn status(word: &[u8]) -> Option<Status> {
    let all: [(&[u8], Status); 5] = [
        (b"OK", Status::Ok),
        (b"NO", Status::No),
        (b"BAD", Status::Bad),
        (b"PREAUTH", Status::Preauth),
        (b"BYE", Status::Bye),
    ];
    all.into_iter().find(|(name, _)| word.eq_ignore_ascii_case(name)).map(|(_, status)| status)
}

/// Text with a code in brackets before it.
fn coded(line: &[u8]) -> (Option<String>, String) {
    let code = line.strip_prefix(b"[").and_then(|inner| {
        let close = memchr::memchr(b']', inner)?;
        Some((text(&inner[..close]), text(inner[close + 1..].trim_ascii_start())))
    });
    match code {
        Some((code, said)) => (Some(code), said),
        None => (None, text(line)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_begins_with_its_tag_and_verb() {
        let uid = head(b"a.1 uid Fetch 1:* (FLAGS)").unwrap();
        assert_eq!((uid.tag, uid.verb, uid.verb_at), (&b"a.1"[..], "UID FETCH", (4, 13)));
        assert_eq!(head(b"a2 XTEST").unwrap().verb, UNKNOWN);
        assert_eq!(head(b"done").unwrap().verb, "DONE");
        assert_eq!(head(b"* 1 FETCH ("), None);
        assert_eq!(head(b"dXNlcg=="), None);
    }

    #[test]
    fn a_literal_is_announced_at_the_end_of_a_line() {
        let told = |line| literal(line).map(|literal| (literal.before, literal.length, literal.waits));
        assert_eq!(told(b"* 1 FETCH (BODY[] {342}"), Some((&b"* 1 FETCH (BODY[]"[..], 342, true)));
        assert_eq!(told(b"a LOGIN {5+}"), Some((&b"a LOGIN"[..], 5, false)));
        assert_eq!(told(b"* 1 FETCH (BINARY[] ~{5}"), Some((&b"* 1 FETCH (BINARY[]"[..], 5, true)));
        assert_eq!((told(b"* 1 FETCH (BODY[] {}"), told(b"* OK {x}"), told(b"{+}")), (None, None, None));
        assert_eq!(told(b"a LOGIN {99999999999999999999}"), None);
    }

    #[test]
    fn a_fetched_item_tells_how_much_of_the_message_it_is() {
        let portion = |before: &'static [u8]| item(before).map(|(_, portion)| portion);
        for whole in
            [&b"* 1 FETCH (UID 4 BODY[]"[..], b"(body[]", b"(BINARY[]", b"(RFC822", b"(FLAGS () RFC822"]
        {
            assert_eq!(portion(whole), Some(Portion::Whole), "{}", text(whole));
        }
        assert_eq!(portion(b"(BODY[]<0>"), Some(Portion::Beginning));
        assert_eq!(portion(b"(BODY[HEADER.FIELDS (SUBJECT)]"), Some(Portion::Header));
        assert_eq!(portion(b"(RFC822.HEADER"), Some(Portion::Header));
        for section in [&b"(BODY[TEXT]"[..], b"(BODY[1.2]", b"(BODY[]<4096>", b"(BODY[HEADER]<5>"] {
            assert_eq!(portion(section), Some(Portion::Section), "{}", text(section));
        }
        assert_eq!(portion(b"* LIST () \"/\""), None);
        assert_eq!(
            item(b"(UID 4 BODY[HEADER.FIELDS (DATE TO)]").unwrap().0,
            b"BODY[HEADER.FIELDS (DATE TO)]"
        );
    }

    #[test]
    fn a_response_is_untagged_tagged_or_a_continuation() {
        let (kind, fetch) = response(b"* 12 fetch (FLAGS (\\Seen))").unwrap();
        assert_eq!(
            (kind, fetch.number, fetch.name.as_deref()),
            (ResponseKind::Untagged, Some(12), Some("FETCH"))
        );
        let (kind, no) = response(b"a1 NO [AUTHENTICATIONFAILED] Sorry").unwrap();
        assert_eq!((kind, no.status), (ResponseKind::Tagged, Some(Status::No)));
        assert_eq!((no.code.as_deref(), no.text.as_str()), (Some("AUTHENTICATIONFAILED"), "Sorry"));
        assert_eq!(response(b"+ idling").unwrap().0, ResponseKind::Continuation);
        assert_eq!(response(b"+").unwrap().0, ResponseKind::Continuation);
        assert_eq!(response(b"Subject: hello"), None);
    }

    #[test]
    fn a_quoted_string_may_hold_quotes() {
        assert_eq!(astring(b"\"a \\\"b\\\"\" x"), Some((b"a \"b\"".to_vec(), 9)));
        assert_eq!(astring(b"alice s3cret"), Some((b"alice".to_vec(), 5)));
        assert_eq!((astring(b"\"open"), astring(b"")), (None, None));
    }
}
