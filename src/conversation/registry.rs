//! Who speaks what: decided by what is said, on any port.

use crate::packet::Protocol;

/// Octets of both sides after which a conversation that is still in doubt is none that is known here.
const ENOUGH: usize = 512;

/// How a conversation began.
struct Opening<'a> {
    initiator: &'a [u8],
    responder: &'a [u8],
}

impl<'a> Opening<'a> {
    /// What each side said, the initiator first.
    fn sides(&self) -> [&'a [u8]; 2] {
        [self.initiator, self.responder]
    }
}

/// What an opening says about one protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    /// It is this protocol.
    Yes,
    /// It is not.
    No,
    /// What was said so far fits, and does not suffice.
    Wait,
}

/// A protocol, and what tells whether an opening is its.
type Row = (Protocol, fn(&Opening<'_>) -> Verdict);

/// One row a protocol. The first that says yes is it.
const TABLE: [Row; 7] = [
    (Protocol::Tls, tls),
    (Protocol::Http, http),
    (Protocol::Http2, http2),
    (Protocol::Smtp, smtp),
    (Protocol::Imap, imap),
    (Protocol::Pop3, pop3),
    (Protocol::Dns, dns),
];

/// The application that speaks, from the first octets of both directions.
///
/// `None` as long as it cannot be told; [`Protocol::Data`] once it is none that is known here.
pub fn identify(from_initiator: &[u8], from_responder: &[u8]) -> Option<Protocol> {
    let opening = Opening { initiator: from_initiator, responder: from_responder };
    if from_initiator.is_empty() && from_responder.is_empty() {
        return None;
    }
    let mut waits = false;
    for (protocol, decide) in TABLE {
        match decide(&opening) {
            Verdict::Yes => return Some(protocol),
            Verdict::Wait => waits = true,
            Verdict::No => {}
        }
    }
    let enough = from_initiator.len() >= ENOUGH && from_responder.len() >= ENOUGH;
    (!waits || enough).then_some(Protocol::Data)
}

/// The best of what both sides say: yes if one does, else wait if one does.
fn either(verdicts: [Verdict; 2]) -> Verdict {
    if verdicts.contains(&Verdict::Yes) {
        Verdict::Yes
    } else if verdicts.contains(&Verdict::Wait) {
        Verdict::Wait
    } else {
        Verdict::No
    }
}

/// A handshake record with a hello in it, from either side (RFC 8446 sections 4 and 5.1).
fn tls(opening: &Opening<'_>) -> Verdict {
    either(opening.sides().map(|octets| {
        let fits = octets.iter().take(6).enumerate().all(|(at, &octet)| match at {
            0 => octet == 22,
            1 => octet == 3,
            2 => octet <= 4,
            5 => matches!(octet, 1 | 2),
            _ => true,
        });
        match octets.len() {
            _ if octets.is_empty() || !fits => Verdict::No,
            6.. => Verdict::Yes,
            _ => Verdict::Wait,
        }
    }))
}

const METHODS: [&str; 15] = [
    "GET",
    "HEAD",
    "POST",
    "PUT",
    "DELETE",
    "CONNECT",
    "OPTIONS",
    "TRACE",
    "PATCH",
    "PROPFIND",
    "PROPPATCH",
    "MKCOL",
    "COPY",
    "MOVE",
    "REPORT",
];

/// A request line or a status line, from either side (RFC 9112 sections 3 and 4).
fn http(opening: &Opening<'_>) -> Verdict {
    either(opening.sides().map(|octets| {
        let status = starts(octets, b"HTTP/1.");
        if status == Verdict::No { request(octets) } else { status }
    }))
}

/// The client's preface (RFC 9113 section 3.4).
fn http2(opening: &Opening<'_>) -> Verdict {
    either(opening.sides().map(|octets| starts(octets, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")))
}

fn request(octets: &[u8]) -> Verdict {
    let Some(space) = memchr::memchr(b' ', &octets[..octets.len().min(20)]) else {
        let begins = METHODS.iter().any(|method| method.as_bytes().starts_with(octets));
        return if begins && !octets.is_empty() { Verdict::Wait } else { Verdict::No };
    };
    let known = METHODS.iter().any(|method| method.as_bytes() == &octets[..space]);
    let target = &octets[space + 1..];
    match memchr::memchr(b'\n', target) {
        Some(end) => match memchr::memmem::rfind(&target[..end], b" HTTP/1.") {
            Some(1..) if octets[..space].iter().all(|o| o.is_ascii_uppercase() || *o == b'-') => Verdict::Yes,
            _ => Verdict::No,
        },
        None if !known => Verdict::No,
        // A target may be longer than what is looked at here.
        None if octets.len() >= ENOUGH && target.starts_with(b"/") => Verdict::Yes,
        None => Verdict::Wait,
    }
}

/// Whether octets begin with a word, or may once there are more of them.
fn starts(octets: &[u8], word: &[u8]) -> Verdict {
    match octets.len() {
        0 => Verdict::No,
        _ if octets.starts_with(word) => Verdict::Yes,
        _ if word.starts_with(octets) => Verdict::Wait,
        _ => Verdict::No,
    }
}

/// A client's verb, or a server's banner that says SMTP (RFC 5321 section 4.2; LMTP: RFC 2033). A banner with
/// code 220 alone decides nothing, because FTP has it too.
///
/// Where the capture began late, the end that is called initiator may be the server: then only a plain yes counts.
fn smtp(opening: &Opening<'_>) -> Verdict {
    match smtp_between(opening.responder, opening.initiator) {
        Verdict::Yes => Verdict::Yes,
        Verdict::Wait | Verdict::No => smtp_between(opening.initiator, opening.responder),
    }
}

fn smtp_between(from_client: &[u8], from_server: &[u8]) -> Verdict {
    if challenges(from_server) {
        return Verdict::Yes;
    }
    let banner = banner(from_server);
    match client(from_client) {
        Verdict::Yes => Verdict::Yes,
        Verdict::No => Verdict::No,
        Verdict::Wait => banner,
    }
}

/// What the client's lines say; [`Verdict::Wait`] where it said nothing yet.
fn client(octets: &[u8]) -> Verdict {
    for line in octets.split_inclusive(|&octet| octet == b'\n') {
        let verdict = match line.strip_suffix(b"\n") {
            Some(whole) => command(whole.strip_suffix(b"\r").unwrap_or(whole)),
            None => part_of_command(line),
        };
        if verdict != Verdict::Wait {
            return verdict;
        }
    }
    Verdict::Wait
}

/// Verbs that only SMTP and LMTP have.
const OWN: [&str; 7] = ["EHLO", "HELO", "LHLO", "MAIL FROM:", "RCPT TO:", "XCLIENT", "BDAT"];
/// Verbs that others have too.
const SHARED: [&str; 9] = ["NOOP", "RSET", "QUIT", "HELP", "STARTTLS", "DATA", "VRFY", "EXPN", "AUTH"];
/// Mechanisms by which FTP secures itself (RFC 4217 section 4).
const OF_FTP: [&str; 4] = ["AUTH TLS", "AUTH SSL", "AUTH TLS-C", "AUTH TLS-P"];

fn command(line: &[u8]) -> Verdict {
    let upper = line[..line.len().min(64)].to_ascii_uppercase();
    // A verb ends with a space or the line; those with a colon end with it.
    let is = |verb: &str| {
        let rest = upper.strip_prefix(verb.as_bytes());
        rest.is_some_and(|rest| verb.ends_with(':') || matches!(rest.first(), None | Some(b' ')))
    };
    if OWN.into_iter().any(is) {
        Verdict::Yes
    } else if OF_FTP.into_iter().any(is) || !SHARED.into_iter().any(is) {
        Verdict::No
    } else {
        Verdict::Wait
    }
}

/// A line that is not complete: in doubt as long as it can become a command.
fn part_of_command(line: &[u8]) -> Verdict {
    let upper = line[..line.len().min(64)].to_ascii_uppercase();
    let may = |verb: &str| verb.as_bytes().starts_with(&upper) || upper.starts_with(verb.as_bytes());
    if OWN.into_iter().chain(SHARED).any(may) { Verdict::Wait } else { Verdict::No }
}

/// An untagged response of the server (RFC 9051 sections 7.1 to 7.5), in the greeting or later.
fn imap(opening: &Opening<'_>) -> Verdict {
    either(opening.sides().map(|octets| {
        let Some(rest) = octets.strip_prefix(b"* ") else {
            return if octets == b"*" { Verdict::Wait } else { Verdict::No };
        };
        let Some(end) = memchr::memchr2(b' ', b'\n', rest) else {
            return if rest.len() < 16 { Verdict::Wait } else { Verdict::No };
        };
        let is = |word: &[u8], names: &[&[u8]]| names.iter().any(|name| word.eq_ignore_ascii_case(name));
        let number = end > 0 && rest[..end].iter().all(u8::is_ascii_digit);
        let known: &[&[u8]] = if number {
            &[b"FETCH", b"EXISTS", b"RECENT", b"EXPUNGE"]
        } else {
            &[b"OK", b"PREAUTH", b"BYE", b"CAPABILITY", b"FLAGS", b"LIST", b"STATUS", b"SEARCH", b"ESEARCH"]
        };
        let word = if number { &rest[(end + 1).min(rest.len())..] } else { &rest[..=end] };
        match word.iter().position(u8::is_ascii_whitespace) {
            Some(end) if is(&word[..end], known) => Verdict::Yes,
            None if word.len() < 16 => Verdict::Wait,
            _ => Verdict::No,
        }
    }))
}

/// A reply of the server and a command of the client (RFC 1939 section 3): other protocols have one of them, too.
fn pop3(opening: &Opening<'_>) -> Verdict {
    const VERBS: [&[u8]; 14] = [
        b"USER", b"APOP", b"AUTH", b"CAPA", b"STLS", b"STAT", b"LIST", b"UIDL", b"RETR", b"TOP", b"DELE",
        b"PASS", b"QUIT", b"NOOP",
    ];
    let between = |client: &[u8], server: &[u8]| {
        let reply = match starts(server, b"+OK") {
            Verdict::No => starts(server, b"-ERR"),
            verdict => verdict,
        };
        let end = client.iter().position(u8::is_ascii_whitespace);
        let command = match end {
            Some(end) if VERBS.iter().any(|verb| client[..end].eq_ignore_ascii_case(verb)) => Verdict::Yes,
            None if client.len() < 5 => Verdict::Wait,
            _ => Verdict::No,
        };
        match (reply, command) {
            (Verdict::Yes, command) => command,
            (Verdict::Wait, Verdict::Yes | Verdict::Wait) => Verdict::Wait,
            (Verdict::No, Verdict::Yes) if server.is_empty() => Verdict::Wait,
            (Verdict::Wait | Verdict::No, _) => Verdict::No,
        }
    };
    either([between(opening.initiator, opening.responder), between(opening.responder, opening.initiator)])
}

/// Whether the server's first line asks for a response to AUTH: 334 and base64 (RFC 4954 section 4).
fn challenges(octets: &[u8]) -> bool {
    let line = memchr::memchr(b'\n', octets).map(|end| octets[..end].trim_ascii_end());
    let challenge = line.and_then(|line| line.strip_prefix(b"334"));
    challenge.is_some_and(|text| {
        let text = text.trim_ascii();
        let base64 = |o: &u8| o.is_ascii_alphanumeric() || matches!(o, b'+' | b'/' | b'=');
        text.len().is_multiple_of(4) && text.iter().all(base64)
    })
}

/// What the server's first reply says.
fn banner(octets: &[u8]) -> Verdict {
    let code = &octets[..octets.len().min(4)];
    let digits = code.iter().take(3).all(u8::is_ascii_digit);
    let plausible = matches!(code.first(), None | Some(b'2'..=b'5'))
        && digits
        && matches!(code.get(3), None | Some(b' ' | b'-' | b'\r' | b'\n'));
    if !plausible {
        return Verdict::No;
    }
    let greets = [b"220", b"554", b"421"].iter().any(|greeting| code.starts_with(*greeting));
    let mut words = octets
        .split(|&octet| octet == b'\n')
        .take_while(|line| line.starts_with(&code[..code.len().min(3)]))
        .flat_map(|line| line.split(|octet| !octet.is_ascii_alphanumeric()));
    let named = |word: &[u8]| [&b"ESMTP"[..], b"SMTP", b"LMTP"].iter().any(|w| word.eq_ignore_ascii_case(w));
    if greets && words.any(named) { Verdict::Yes } else { Verdict::Wait }
}

/// DNS over TCP: a length (RFC 1035 section 4.2.2), a header with one question and, from the client, no answer
/// (section 4.1.1), and that question.
fn dns(opening: &Opening<'_>) -> Verdict {
    either(opening.sides().map(dns_message))
}

/// Octets of the shortest message: a header, and a question for the root.
const SHORTEST_DNS: u16 = 12 + 5;

fn dns_message(octets: &[u8]) -> Verdict {
    let at = |index: usize| octets.get(index).copied();
    let is_response = at(4).is_some_and(|flags| flags & 0x80 != 0);
    let length = at(0).zip(at(1)).map(|(high, low)| u16::from_be_bytes([high, low]));
    let fits = length.is_none_or(|length| length >= SHORTEST_DNS)
        && at(4).is_none_or(|flags| matches!(flags >> 3 & 15, 0..=2 | 4..=6))
        && at(5).is_none_or(|flags| flags & 0x40 == 0 && (is_response || flags & 0x0f == 0))
        && at(6).is_none_or(|high| high == 0)
        && at(7).is_none_or(|questions| questions == 1)
        && (is_response || octets.iter().skip(8).take(4).all(|&count| count == 0));
    match octets.get(14..) {
        _ if !fits || octets.is_empty() => Verdict::No,
        None => Verdict::Wait,
        Some(question) => dns_question(question),
    }
}

/// A name of labels and a class that exists (RFC 1035 section 4.1.2, RFC 6895 section 3.2).
fn dns_question(octets: &[u8]) -> Verdict {
    let mut end = 0;
    loop {
        match octets.get(end) {
            Some(0) => break,
            Some(&length @ 1..=63) if end < 255 => end += 1 + usize::from(length),
            Some(_) => return Verdict::No,
            None => return Verdict::Wait,
        }
    }
    match octets.get(end + 3..end + 5) {
        Some([0, 1 | 3 | 4 | 254 | 255]) => Verdict::Yes,
        Some(_) => Verdict::No,
        None => Verdict::Wait,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn server_first(banner: &str, client: &str) -> Option<Protocol> {
        identify(client.as_bytes(), banner.as_bytes())
    }

    #[test]
    fn the_table_has_one_row_a_protocol() {
        for (index, (protocol, _)) in TABLE.iter().enumerate() {
            assert!(TABLE[..index].iter().all(|(other, _)| other != protocol));
        }
    }

    #[test]
    fn a_banner_that_says_smtp_is_smtp() {
        assert_eq!(server_first("220 mx.example.test ESMTP Postfix\r\n", ""), Some(Protocol::Smtp));
        assert_eq!(server_first("220-mx.example.test\r\n220 smtp ready\r\n", ""), Some(Protocol::Smtp));
        assert_eq!(server_first("554 No SMTP service here\r\n", ""), Some(Protocol::Smtp));
        assert_eq!(server_first("220 mx.example.test LMTP\r\n", ""), Some(Protocol::Smtp));
    }

    #[test]
    fn a_banner_of_220_alone_decides_nothing() {
        assert_eq!(server_first("220 mx.example.test\r\n", ""), None);
        assert_eq!(server_first("220 mx.example.test\r\n", "EH"), None);
        assert_eq!(server_first("220 mx.example.test\r\n", "EHLO pc.example.test\r\n"), Some(Protocol::Smtp));
        assert_eq!(server_first("220 mx.example.test\r\n", "helo pc\r\n"), Some(Protocol::Smtp));
    }

    #[test]
    fn ftp_is_not_smtp() {
        for command in ["USER alice\r\n", "PASS secret\r\n", "AUTH TLS\r\n", "FEAT\r\n"] {
            assert_eq!(server_first("220 ftp.example.test\r\n", command), Some(Protocol::Data), "{command}");
        }
        assert_eq!(server_first("220 ftp.example.test\r\n", "NOOP\r\nUSER alice\r\n"), Some(Protocol::Data));
    }

    #[test]
    fn a_conversation_captured_from_its_middle_is_smtp_by_its_verb() {
        assert_eq!(identify(b"MAIL FROM:<a@example.test>\r\n", b""), Some(Protocol::Smtp));
        assert_eq!(identify(b"RSET\r\nrcpt to:<b@example.test>\r\n", b"250 OK\r\n"), Some(Protocol::Smtp));
        assert_eq!(identify(b"QUIT\r\n", b""), None);
    }

    #[test]
    fn what_speaks_something_else_is_not_smtp() {
        assert_eq!(identify(b"", b"SSH-2.0-OpenSSH_9.2\r\n"), Some(Protocol::Data));
        assert_eq!(identify(b"GET / HTTP/1.1\r\n", b""), Some(Protocol::Http));
    }

    #[test]
    fn imap_is_known_by_what_its_server_says_without_being_asked() {
        assert_eq!(identify(b"", b"* OK IMAP4rev1 ready\r\n"), Some(Protocol::Imap));
        assert_eq!(identify(b"", b"* 1 FETCH (FLAGS (\\Seen))\r\n"), Some(Protocol::Imap));
        assert_eq!(identify(b"* OK ready\r\n", b"a1 NOOP\r\n"), Some(Protocol::Imap));
        assert_eq!(identify(b"", b"* OK"), None);
        assert_eq!(identify(b"", b"* bullet point\r\n"), Some(Protocol::Data));
    }

    #[test]
    fn pop3_is_known_by_its_reply_and_a_command_together() {
        assert_eq!(identify(b"", b"+OK ready\r\n"), None);
        assert_eq!(server_first("+OK ready\r\n", "CAPA\r\n"), Some(Protocol::Pop3));
        assert_eq!(server_first("+OK ready\r\n", "user alice\r\n"), Some(Protocol::Pop3));
        // a store of keys and values says +OK as well
        assert_ne!(server_first("+OK\r\n", "*1\r\n$4\r\nPING\r\n"), Some(Protocol::Pop3));
        assert_eq!(server_first("220 ready\r\n", "USER alice\r\n"), Some(Protocol::Data));
    }

    #[test]
    fn http_is_known_by_either_side() {
        assert_eq!(identify(b"GET /index.html HTTP/1.1\r\n", b""), Some(Protocol::Http));
        assert_eq!(identify(b"", b"HTTP/1.0 200 OK\r\n"), Some(Protocol::Http));
        assert_eq!(identify(b"OPTIONS sip:a@example.test SIP/2.0\r\n", b""), Some(Protocol::Data));
        assert_eq!(identify(b"GET /ind", b""), None);
    }

    #[test]
    fn http_2_is_known_by_its_preface() {
        let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\x12\x04";
        assert_eq!(identify(preface, b""), Some(Protocol::Http2));
        assert_eq!(identify(&preface[..20], b""), None);
        assert_eq!(identify(b"PRI * HTTP/2.0\r\nHost: a\r\n", b""), Some(Protocol::Data));
    }

    #[test]
    fn tls_is_known_by_a_hello_from_either_side() {
        let hello = [22, 3, 1, 2, 0, 1, 0, 1, 0xfc];
        assert_eq!(identify(&hello, b""), Some(Protocol::Tls));
        assert_eq!(identify(b"", &[22, 3, 3, 0, 80, 2]), Some(Protocol::Tls));
        assert_eq!(identify(&hello[..5], b""), None);
        assert_eq!(identify(&[22, 3, 1, 2, 0, 9], b""), Some(Protocol::Data));
    }

    #[test]
    fn dns_over_tcp_is_known_by_a_whole_question() {
        let query = b"\0\x1c\x1a\x2b\x01\0\0\x01\0\0\0\0\0\0\x02mx\x07example\0\0\x0f\0\x01";
        assert_eq!(identify(query, b""), Some(Protocol::Dns));
        for end in 1..query.len() {
            assert_eq!(identify(&query[..end], b""), None, "{end} octets");
        }
        let mut answer = *query;
        (answer[4], answer[9]) = (0x85, 1);
        assert_eq!(identify(b"", &answer), Some(Protocol::Dns));
        assert_eq!(identify(&[&query[..9], &[1], &query[10..]].concat(), b""), Some(Protocol::Data));
        assert_eq!(identify(b"hello, who is there?", b""), Some(Protocol::Data));
    }

    #[test]
    fn doubt_ends_after_512_octets_of_both() {
        let banner = format!("220-{}\r\n", "x".repeat(600));
        let client = "NOOP\r\n".repeat(100);
        assert_eq!(server_first(&banner, ""), None);
        assert_eq!(server_first(&banner, &client), Some(Protocol::Data));
        assert_eq!(identify(b"", b""), None);
    }

    proptest! {
        #[test]
        fn arbitrary_openings_never_panic(
            initiator in proptest::collection::vec(any::<u8>(), 0..80),
            responder in proptest::collection::vec(any::<u8>(), 0..80),
        ) {
            identify(&initiator, &responder);
        }

        #[test]
        fn more_octets_never_change_what_was_told(cut in 0usize..60) {
            let client = b"EHLO pc.example.test\r\nMAIL FROM:<a@example.test>\r\nRCPT TO:<b@example.test>\r\n";
            let answer = identify(&client[..cut], b"220 mx.example.test\r\n");
            prop_assert!(answer.is_none() || answer == Some(Protocol::Smtp));
        }
    }
}
