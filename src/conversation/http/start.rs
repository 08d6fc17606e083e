//! Start lines: request lines and status lines (RFC 9112 sections 3 and 4).

use std::ops::Range;

/// Octets that an HTTP/2 client sends first (RFC 9113 section 3.4), as far as they look like a head.
pub(super) const PREFACE: &[u8] = b"PRI * HTTP/2.0";

/// The form of a request target (RFC 9112 section 3.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TargetForm {
    /// A path, and perhaps a query: the host stands in the Host field.
    Origin,
    /// A whole URI, as a proxy is asked.
    Absolute,
    /// A host and a port alone, with CONNECT.
    Authority,
    /// `*`: the server as a whole, with OPTIONS.
    Asterisk,
    /// None of these.
    Other,
}

impl TargetForm {
    /// The name in records.
    pub const fn name(self) -> &'static str {
        match self {
            TargetForm::Origin => "origin",
            TargetForm::Absolute => "absolute",
            TargetForm::Authority => "authority",
            TargetForm::Asterisk => "asterisk",
            TargetForm::Other => "other",
        }
    }

    /// The form that a request with this method and target has.
    pub(super) fn of(method: &str, target: &str) -> Self {
        if method == "CONNECT" {
            return TargetForm::Authority;
        }
        match target.as_bytes().first() {
            Some(b'/') => TargetForm::Origin,
            Some(b'*') if target.len() == 1 => TargetForm::Asterisk,
            Some(letter) if letter.is_ascii_alphabetic() && target.contains("://") => TargetForm::Absolute,
            _ => TargetForm::Other,
        }
    }
}

/// What a line begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Request,
    Response,
}

/// A `tchar` (RFC 9110 section 5.6.2).
pub(super) const fn is_token_octet(octet: u8) -> bool {
    octet.is_ascii_alphanumeric()
        || matches!(
            octet,
            b'!' | b'#'
                | b'$'
                | b'%'
                | b'&'
                | b'\''
                | b'*'
                | b'+'
                | b'-'
                | b'.'
                | b'^'
                | b'_'
                | b'`'
                | b'|'
                | b'~'
        )
}

pub(super) fn is_token(octets: &[u8]) -> bool {
    !octets.is_empty() && octets.iter().all(|&octet| is_token_octet(octet))
}

/// Whether a whole line, without what ends it, is a start line of this kind.
pub(super) fn is_start_line(kind: Kind, line: &[u8]) -> bool {
    match kind {
        Kind::Request => target(line).is_some(),
        Kind::Response => {
            let rest = line.strip_prefix(b"HTTP/1.");
            rest.is_some_and(|rest| {
                let code = rest.get(1..5);
                rest.first().is_some_and(u8::is_ascii_digit)
                    && code.is_some_and(|code| code[0] == b' ' && code[1..].iter().all(u8::is_ascii_digit))
                    && matches!(rest.get(5), None | Some(b' '))
            })
        }
    }
}

/// Whether octets can be the beginning of such a line.
pub(super) fn may_start(kind: Kind, begin: &[u8]) -> bool {
    match kind {
        Kind::Request => match begin.iter().position(|&octet| !is_token_octet(octet)) {
            Some(end) => end > 0 && begin[end] == b' ',
            None => begin.len() <= LONGEST_METHOD,
        },
        Kind::Response => {
            let length = begin.len().min(7);
            begin[..length] == b"HTTP/1."[..length]
        }
    }
}

/// Octets of a method beyond which a line is none.
const LONGEST_METHOD: usize = 64;

/// Where the target of a request line stands, if it is one of HTTP/1.
pub(super) fn target(line: &[u8]) -> Option<Range<usize>> {
    let method = memchr::memchr(b' ', line)?;
    let version = memchr::memrchr(b' ', line).filter(|&at| at > method + 1)?;
    let is_version = line[version + 1..].starts_with(b"HTTP/1.");
    (is_version && method <= LONGEST_METHOD && is_token(&line[..method])).then_some(method + 1..version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_start_line_is_told_from_other_lines() {
        for line in ["GET / HTTP/1.1", "M-SEARCH * HTTP/1.1", "GET /a b HTTP/1.0"] {
            assert!(is_start_line(Kind::Request, line.as_bytes()), "{line}");
        }
        for line in ["GET /", "GET  HTTP/1.1", "Host: a HTTP/1.1", "HTTP/1.1 200 OK", ""] {
            assert!(!is_start_line(Kind::Request, line.as_bytes()), "{line}");
        }
        for line in ["HTTP/1.1 200 OK", "HTTP/1.0 404", "HTTP/1.1 200 "] {
            assert!(is_start_line(Kind::Response, line.as_bytes()), "{line}");
        }
        for line in ["HTTP/1.1 2000", "HTTP/1.1", "HTTP/2 200", "HTTP/1.1 20x", "ICY 200 OK"] {
            assert!(!is_start_line(Kind::Response, line.as_bytes()), "{line}");
        }
    }

    #[test]
    fn the_form_of_a_target_follows_from_its_first_octets() {
        assert_eq!(TargetForm::of("GET", "/a?b"), TargetForm::Origin);
        assert_eq!(TargetForm::of("GET", "http://a.test/"), TargetForm::Absolute);
        assert_eq!(TargetForm::of("CONNECT", "a.test:443"), TargetForm::Authority);
        assert_eq!(TargetForm::of("OPTIONS", "*"), TargetForm::Asterisk);
        assert_eq!(TargetForm::of("GET", "a"), TargetForm::Other);
    }
}
