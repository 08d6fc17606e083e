//! Where the body of a message ends (RFC 9112 section 6.3).

use super::exchange::{Framing, NoBody, Warning};
use super::head::Head;

/// The end of a request's body; oddities are added to `warnings`.
pub(super) fn of_request(head: &Head, warnings: &mut Vec<Warning>) -> Framing {
    match declared(head, warnings) {
        Declared::Chunked => Framing::Chunked,
        Declared::Length(length) => Framing::Length(length),
        Declared::Nothing => Framing::None(NoBody::NotAnnounced),
        Declared::OtherCoding | Declared::Invalid => Framing::Unknown,
    }
}

/// The end of a response's body. `method` is that of its request, where that is known.
pub(super) fn of_response(
    head: &Head,
    status: u16,
    method: Option<&str>,
    warnings: &mut Vec<Warning>,
) -> Framing {
    let declared = declared(head, warnings);
    match (method, status) {
        (Some("HEAD"), _) => return Framing::None(NoBody::Head),
        (_, 100..=199 | 204 | 304) => return Framing::None(NoBody::Status),
        (Some("CONNECT"), 200..=299) => return Framing::None(NoBody::Tunnel),
        _ => {}
    }
    match declared {
        Declared::Chunked => Framing::Chunked,
        Declared::Length(length) => Framing::Length(length),
        Declared::Nothing | Declared::OtherCoding | Declared::Invalid => Framing::UntilClose,
    }
}

/// The length that the header fields give.
pub(super) fn declared_length(head: &Head) -> Option<u64> {
    match lengths(head) {
        Lengths::One(length) => Some(length),
        Lengths::None | Lengths::Differ | Lengths::Invalid => None,
    }
}

enum Declared {
    Nothing,
    Length(u64),
    Chunked,
    /// A transfer coding of which chunked is not the last.
    OtherCoding,
    Invalid,
}

fn declared(head: &Head, warnings: &mut Vec<Warning>) -> Declared {
    let codings = head.list("Transfer-Encoding");
    let lengths = lengths(head);
    if let Some(last) = codings.last() {
        if !matches!(lengths, Lengths::None) {
            warnings.push(Warning::BothLengths);
        }
        if head.minor == 0 {
            warnings.push(Warning::TransferEncodingInHttp10);
        }
        if last == "chunked" {
            return Declared::Chunked;
        }
        warnings.push(Warning::NotChunkedLast);
        return Declared::OtherCoding;
    }
    match lengths {
        Lengths::None => Declared::Nothing,
        Lengths::One(length) => Declared::Length(length),
        Lengths::Differ => {
            warnings.push(Warning::LengthsDiffer);
            Declared::Invalid
        }
        Lengths::Invalid => {
            warnings.push(Warning::InvalidLength);
            Declared::Invalid
        }
    }
}

enum Lengths {
    None,
    One(u64),
    Differ,
    Invalid,
}

/// RFC 9110 section 8.6: the same length may be given several times.
fn lengths(head: &Head) -> Lengths {
    let mut found = Lengths::None;
    for element in head.all("Content-Length").flat_map(|value| value.split(',')) {
        let element = element.trim();
        let is_number = !element.is_empty() && element.bytes().all(|octet| octet.is_ascii_digit());
        let Some(length) = element.parse().ok().filter(|_| is_number) else { return Lengths::Invalid };
        match found {
            Lengths::One(before) if before != length => return Lengths::Differ,
            _ => found = Lengths::One(length),
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::head::Gatherer;
    use super::super::start::Kind;
    use super::*;

    fn head(kind: Kind, text: &str) -> Head {
        let mut gatherer = Gatherer::default();
        for piece in text.as_bytes().split_inclusive(|octet| *octet == b'\n') {
            gatherer.line_piece(kind, piece, 1 << 16);
        }
        gatherer.take(kind).unwrap()
    }

    fn request(fields: &str) -> (Framing, Vec<Warning>) {
        let mut warnings = Vec::new();
        let head = head(Kind::Request, &format!("POST / HTTP/1.1\r\n{fields}\r\n"));
        (of_request(&head, &mut warnings), warnings)
    }

    fn response(status: u16, method: Option<&str>, fields: &str) -> (Framing, Vec<Warning>) {
        let mut warnings = Vec::new();
        let head = head(Kind::Response, &format!("HTTP/1.1 {status} x\r\n{fields}\r\n"));
        (of_response(&head, status, method, &mut warnings), warnings)
    }

    #[test]
    fn a_request_without_a_length_has_no_body_and_a_response_without_one_ends_with_the_connection() {
        assert_eq!(request("").0, Framing::None(NoBody::NotAnnounced));
        assert_eq!(response(200, Some("GET"), "").0, Framing::UntilClose);
    }

    #[test]
    fn answers_to_head_and_some_codes_have_no_body_whatever_they_announce() {
        let length = "Content-Length: 512\r\n";
        assert_eq!(response(200, Some("HEAD"), length).0, Framing::None(NoBody::Head));
        for status in [101, 204, 304] {
            assert_eq!(response(status, Some("GET"), length).0, Framing::None(NoBody::Status));
        }
        assert_eq!(response(200, Some("CONNECT"), length).0, Framing::None(NoBody::Tunnel));
        assert_eq!(response(407, Some("CONNECT"), length).0, Framing::Length(512));
    }

    #[test]
    fn both_lengths_are_named_and_chunked_wins() {
        let both = "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n";
        assert_eq!(request(both), (Framing::Chunked, vec![Warning::BothLengths]));
    }

    #[test]
    fn lengths_that_differ_or_are_no_numbers_decide_nothing() {
        assert_eq!(request("Content-Length: 5, 5\r\nContent-Length: 5\r\n").0, Framing::Length(5));
        let (framing, warnings) = request("Content-Length: 5\r\nContent-Length: 6\r\n");
        assert_eq!((framing, warnings), (Framing::Unknown, vec![Warning::LengthsDiffer]));
        for value in ["+5", "-1", "0x10", "5 5", "99999999999999999999"] {
            let (framing, warnings) = response(200, None, &format!("Content-Length: {value}\r\n"));
            assert_eq!((framing, warnings), (Framing::UntilClose, vec![Warning::InvalidLength]), "{value}");
        }
    }

    #[test]
    fn chunked_has_to_be_the_last_transfer_coding() {
        assert_eq!(request("Transfer-Encoding: gzip, chunked\r\n").0, Framing::Chunked);
        let odd = request("Transfer-Encoding: chunked, gzip\r\n");
        assert_eq!(odd, (Framing::Unknown, vec![Warning::NotChunkedLast]));
        assert_eq!(response(200, None, "Transfer-Encoding: gzip\r\n").0, Framing::UntilClose);
    }
}
