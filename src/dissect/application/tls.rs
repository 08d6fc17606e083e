//! Transport layer security: the record layer (RFC 8446 section 5.1) and the hellos that open it (4.1).

use std::fmt::Write;
use std::ops::Range;

use super::wire::{Collector, number_at, text, u16_at};
use crate::dissect::{Field, Value};

const RECORD_HEADER: usize = 5;
const HANDSHAKE_HEADER: usize = 4;
/// More records than this are not shown of one segment.
const MAX_RECORDS: usize = 32;
/// More extensions than this are not looked at.
const MAX_EXTENSIONS: usize = 64;
const HANDSHAKE: u8 = 22;
const ALERT: u8 = 21;
const CLIENT_HELLO: u8 = 1;
const SERVER_HELLO: u8 = 2;
const SERVER_NAME: u16 = 0;
const ALPN: u16 = 16;
const SUPPORTED_VERSIONS: u16 = 43;

fn content_name(kind: u8) -> Option<&'static str> {
    Some(match kind {
        20 => "change cipher spec",
        ALERT => "alert",
        HANDSHAKE => "handshake",
        23 => "application data",
        24 => "heartbeat",
        _ => return None,
    })
}

fn version_name(version: u64) -> Option<&'static str> {
    Some(match version {
        0x0300 => "SSL 3.0",
        0x0301 => "TLS 1.0",
        0x0302 => "TLS 1.1",
        0x0303 => "TLS 1.2",
        0x0304 => "TLS 1.3",
        _ => return None,
    })
}

fn handshake_name(kind: u8) -> Option<&'static str> {
    Some(match kind {
        0 => "HelloRequest",
        CLIENT_HELLO => "ClientHello",
        SERVER_HELLO => "ServerHello",
        4 => "NewSessionTicket",
        8 => "EncryptedExtensions",
        11 => "Certificate",
        12 => "ServerKeyExchange",
        13 => "CertificateRequest",
        14 => "ServerHelloDone",
        15 => "CertificateVerify",
        16 => "ClientKeyExchange",
        20 => "Finished",
        22 => "CertificateStatus",
        _ => return None,
    })
}

/// One record: its content type, where it begins, its content as far as it is in the segment, and the
/// length that it claims.
struct Record {
    kind: u8,
    start: usize,
    content: Range<usize>,
    claimed: usize,
}

/// The records of a segment; none where it begins inside a record.
fn records(octets: &[u8]) -> impl Iterator<Item = Record> + '_ {
    let mut next = 0;
    std::iter::from_fn(move || {
        let start = next;
        let kind = *octets.get(start).filter(|&&kind| content_name(kind).is_some())?;
        // The major version has been 3 ever since SSL 3.0.
        octets.get(start + 1).filter(|&&major| major == 3)?;
        let claimed = usize::from(u16_at(octets, start + 3)?);
        let at = start + RECORD_HEADER;
        next = at + claimed;
        Some(Record { kind, start, content: at..next.min(octets.len()), claimed })
    })
    .take(MAX_RECORDS)
}

/// The handshake message that a record begins with: its kind and length. `None` where it is encrypted, which
/// shows in a length or kind that cannot be.
fn handshake(octets: &[u8], record: &Record) -> Option<(u8, &'static str, usize)> {
    let content = &octets[record.content.clone()];
    let length = usize::try_from(number_at(content, 1, 3)?).ok()?;
    let kind = content[0];
    let fits =
        HANDSHAKE_HEADER + length <= record.claimed || matches!(kind, CLIENT_HELLO | SERVER_HELLO | 11);
    handshake_name(kind).filter(|_| fits && length < 1 << 17).map(|name| (kind, name, length))
}

/// What a hello says, with the places of it among the octets of the segment.
#[derive(Default)]
struct Hello {
    version: Option<usize>,
    /// The one cipher suite that a server chose.
    suite: Option<usize>,
    server_name: Option<Range<usize>>,
    /// Application protocols in the order of preference.
    protocols: Vec<Range<usize>>,
    /// Places of the versions in the supported_versions extension.
    versions: Vec<usize>,
}

/// Reads a hello whose body begins at `at`, as far as it goes.
fn hello(octets: &[u8], kind: u8, at: usize, end: usize) -> Hello {
    let mut out = Hello::default();
    let octets = &octets[..end.min(octets.len())];
    read_hello(octets, kind, at, &mut out);
    out
}

fn read_hello(octets: &[u8], kind: u8, at: usize, out: &mut Hello) -> Option<()> {
    u16_at(octets, at)?;
    out.version = Some(at);
    let session = at + 34;
    let mut next = session + 1 + usize::from(*octets.get(session)?);
    if kind == CLIENT_HELLO {
        next += 2 + usize::from(u16_at(octets, next)?);
        next += 1 + usize::from(*octets.get(next)?);
    } else {
        u16_at(octets, next)?;
        out.suite = Some(next);
        next += 3;
    }
    next += 2;
    for _ in 0..MAX_EXTENSIONS {
        let extension = u16_at(octets, next)?;
        let body = next + 4;
        next = body + usize::from(u16_at(octets, next + 2)?);
        read_extension(&octets[..next.min(octets.len())], extension, body, kind, out);
    }
    Some(())
}

/// `octets` end where the extension ends.
fn read_extension(octets: &[u8], extension: u16, body: usize, kind: u8, out: &mut Hello) -> Option<()> {
    match extension {
        SERVER_NAME => {
            // A list of names (RFC 6066 section 3); the first one, of type host_name.
            let length = usize::from(u16_at(octets, body + 3)?);
            let name = body + 5..body + 5 + length;
            octets.get(name.clone()).filter(|_| octets[body + 2] == 0)?;
            out.server_name = Some(name);
        }
        ALPN => {
            let mut next = body + 2;
            while out.protocols.len() < 16 {
                let length = usize::from(*octets.get(next)?);
                let name = next + 1..next + 1 + length;
                octets.get(name.clone())?;
                next = name.end;
                out.protocols.push(name);
            }
        }
        SUPPORTED_VERSIONS if kind == SERVER_HELLO => {
            u16_at(octets, body)?;
            out.versions.push(body);
        }
        SUPPORTED_VERSIONS => {
            let mut next = body + 1;
            while out.versions.len() < 16 {
                u16_at(octets, next)?;
                out.versions.push(next);
                next += 2;
            }
        }
        _ => {}
    }
    Some(())
}

/// The fields: one group a record.
pub(super) fn fields(octets: &[u8], offset: u32) -> Vec<Field> {
    let mut out = Collector::new(octets, offset);
    for record in records(octets) {
        let mut inner = out.inner();
        inner.named("content_type", record.start, 1, |kind| content_name(kind as u8));
        version(&mut inner, octets, "record_version", record.start + 1);
        inner.number("record_length", record.start + 3, 2);
        match record.kind {
            HANDSHAKE => handshake_fields(&mut inner, octets, &record),
            // A plain alert has two octets; an encrypted one has more.
            ALERT if record.claimed == 2 => {
                inner.named("alert_level", record.content.start, 1, |level| match level {
                    1 => Some("warning"),
                    2 => Some("fatal"),
                    _ => None,
                });
                inner.named("alert_description", record.content.start + 1, 1, alert_name);
            }
            _ => {}
        }
        out.group("record", record.start, record.content.end - record.start, inner);
    }
    out.finish()
}

fn version(out: &mut Collector<'_>, octets: &[u8], name: &'static str, at: usize) {
    if let Some(number) = u16_at(octets, at) {
        let number = u64::from(number);
        out.push(name, at, 2, Value::Hex(number, 4)).label = version_name(number).map(Into::into);
    }
}

fn handshake_fields(out: &mut Collector<'_>, octets: &[u8], record: &Record) {
    let Some((kind, name, length)) = handshake(octets, record) else { return };
    let at = record.content.start;
    out.push("handshake_type", at, 1, Value::Number(kind.into())).label = Some(name.into());
    out.number("handshake_length", at + 1, 3);
    if !matches!(kind, CLIENT_HELLO | SERVER_HELLO) {
        return;
    }
    let body = at + HANDSHAKE_HEADER;
    let hello = hello(octets, kind, body, record.content.end.min(body + length));
    if let Some(at) = hello.version {
        version(out, octets, "legacy_version", at);
    }
    if let Some(at) = hello.suite {
        out.hex("cipher_suite", at, 2);
    }
    if let Some(range) = hello.server_name {
        out.text("server_name", range.start, range.len());
    }
    for range in hello.protocols {
        out.text("application_protocol", range.start, range.len());
    }
    for at in hello.versions {
        version(out, octets, "supported_version", at);
    }
}

fn alert_name(description: u64) -> Option<&'static str> {
    Some(match description {
        0 => "close_notify",
        10 => "unexpected_message",
        20 => "bad_record_mac",
        40 => "handshake_failure",
        42 => "bad_certificate",
        45 => "certificate_expired",
        46 => "certificate_unknown",
        48 => "unknown_ca",
        50 => "decode_error",
        51 => "decrypt_error",
        70 => "protocol_version",
        80 => "internal_error",
        90 => "user_canceled",
        112 => "unrecognized_name",
        120 => "no_application_protocol",
        _ => return None,
    })
}

/// `ClientHello SNI=mx.example.test ALPN=h2,http/1.1`, then the other records of the segment by name.
pub(super) fn summary(octets: &[u8], out: &mut String) {
    let start = out.len();
    for record in records(octets) {
        if out.len() > start {
            out.push_str(", ");
        }
        match (record.kind, handshake(octets, &record)) {
            (HANDSHAKE, Some((kind, name, length))) => {
                out.push_str(name);
                if matches!(kind, CLIENT_HELLO | SERVER_HELLO) {
                    let body = record.content.start + HANDSHAKE_HEADER;
                    let hello = hello(octets, kind, body, record.content.end.min(body + length));
                    summarize(octets, kind, &hello, out);
                }
            }
            (HANDSHAKE, None) if record.content.len() >= HANDSHAKE_HEADER => {
                out.push_str("encrypted handshake");
            }
            (ALERT, _) if record.claimed == 2 => {
                let description = number_at(octets, record.content.start + 1, 1).and_then(alert_name);
                let _ = write!(out, "alert {}", description.unwrap_or("of unknown kind"));
            }
            _ => out.push_str(content_name(record.kind).unwrap_or_default()),
        }
    }
    if out.len() == start && !octets.is_empty() {
        out.push_str("continuation of a record");
    }
}

fn summarize(octets: &[u8], kind: u8, hello: &Hello, out: &mut String) {
    if kind == SERVER_HELLO {
        let at = hello.versions.first().copied().or(hello.version);
        if let Some(name) = at.and_then(|at| version_name(u16_at(octets, at)?.into())) {
            let _ = write!(out, " {name}");
        }
    }
    if let Some(range) = &hello.server_name {
        let _ = write!(out, " SNI={}", text(&octets[range.clone()]));
    }
    if !hello.protocols.is_empty() {
        let names: Vec<_> = hello.protocols.iter().map(|range| text(&octets[range.clone()])).collect();
        let _ = write!(out, " ALPN={}", names.join(","));
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    fn record(kind: u8, content: &[u8]) -> Vec<u8> {
        let mut octets = vec![kind, 3, 1];
        octets.extend(u16::try_from(content.len()).unwrap().to_be_bytes());
        octets.extend(content);
        octets
    }

    fn hello(kind: u8, choices: &[u8], extensions: &[u8]) -> Vec<u8> {
        let mut body = vec![3, 3];
        body.extend([7; 32]);
        body.push(0);
        body.extend(choices);
        body.extend(u16::try_from(extensions.len()).unwrap().to_be_bytes());
        body.extend(extensions);
        let mut message = vec![kind, 0, 0, u8::try_from(body.len()).unwrap()];
        message.extend(body);
        record(HANDSHAKE, &message)
    }

    pub(in super::super) fn client_hello() -> Vec<u8> {
        let mut extensions = vec![0, 0, 0, 20, 0, 18, 0, 0, 15];
        extensions.extend(b"mx.example.test");
        extensions.extend([0, 16, 0, 5, 0, 3, 2, b'h', b'2', 0, 43, 0, 5, 4, 3, 4, 3, 3]);
        hello(CLIENT_HELLO, &[0, 2, 0x13, 1, 1, 0], &extensions)
    }

    fn line(octets: &[u8]) -> String {
        let mut out = String::new();
        summary(octets, &mut out);
        out
    }

    #[test]
    fn a_client_says_whom_it_wants_and_what_it_speaks() {
        assert_eq!(line(&client_hello()), "ClientHello SNI=mx.example.test ALPN=h2");
        let fields = fields(&client_hello(), 66);
        let Value::Group(inner) = &fields[0].value else { panic!("{fields:?}") };
        let name = inner.iter().find(|f| f.name == "server_name").unwrap();
        assert_eq!(name.value, Value::Text("mx.example.test".into()));
        assert_eq!((name.offset, name.length), (66 + 61, 15));
        assert_eq!(inner.iter().filter(|f| f.name == "supported_version").count(), 2);
    }

    #[test]
    fn a_server_of_tls_1_3_says_so_in_an_extension() {
        let octets = hello(SERVER_HELLO, &[0x13, 1, 0], &[0, 43, 0, 2, 3, 4]);
        assert_eq!(line(&octets), "ServerHello TLS 1.3");
        let octets = hello(SERVER_HELLO, &[0xc0, 0x2f, 0], &[]);
        assert_eq!(line(&octets), "ServerHello TLS 1.2");
    }

    #[test]
    fn records_of_one_segment_are_told_one_after_the_other() {
        let mut octets = record(20, &[1]);
        octets.extend(record(HANDSHAKE, &[0x8f, 0x1b, 0x22, 0x77, 1, 2, 3]));
        octets.extend(record(ALERT, &[1, 0]));
        assert_eq!(line(&octets), "change cipher spec, encrypted handshake, alert close_notify");
    }

    #[test]
    fn a_segment_that_begins_inside_a_record_is_a_continuation() {
        assert_eq!(line(&[0x80, 1, 2, 3, 4, 5, 6]), "continuation of a record");
    }
}
