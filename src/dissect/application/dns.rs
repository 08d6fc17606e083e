//! Domain names (RFC 1035 section 4), over UDP and behind the two octets of length that TCP adds (4.2.2);
//! multicast DNS (RFC 6762) and LLMNR (RFC 4795) have the same form.

use std::fmt::Write;
use std::net::IpAddr;

use super::wire::{Collector, ipv4_at, ipv6_at, number_at, text, u16_at};
use crate::dissect::{Field, Value};

const HEADER: usize = 12;
/// Octets of a name on the wire, at most (RFC 1035 section 2.3.4).
const MAX_NAME: usize = 255;
/// Pointers followed in one name. Each leads backwards, so that none is followed twice.
const MAX_JUMPS: usize = 32;
/// Questions and records that are shown of one message.
const MAX_RECORDS: usize = 256;
/// Answers in the line that sums a response up.
const MAX_ANSWERS: usize = 3;
const OPT: u16 = 41;

/// Whether a datagram to or from a port of DNS can be a message: a known kind of query, and a first question
/// whose name can be read as far as it was captured.
pub(super) fn plausible(octets: &[u8]) -> bool {
    let (Some(&flags), Some(questions)) = (octets.get(2), u16_at(octets, 4)) else { return false };
    if octets.len() < HEADER || !matches!(flags >> 3 & 15, 0..=2 | 4..=6) {
        return false;
    }
    questions == 0 || octets.get(HEADER).is_none_or(|label| label & 0xc0 == 0)
}

/// The message behind its length, where it came over TCP; how many octets the length takes.
///
/// Over TCP the length stands in the place of the ID and all else two octets later, which makes the number
/// of questions that of the flags: more than there can be. So what reads as a plain message is one.
fn unframed(octets: &[u8]) -> usize {
    let framed = !questions_read(octets) && octets.get(2..).is_some_and(questions_read);
    if framed { 2 } else { 0 }
}

fn questions_read(message: &[u8]) -> bool {
    let Some(questions) = u16_at(message, 4).filter(|_| plausible(message)) else { return false };
    let mut at = HEADER;
    (0..questions).all(|_| match name(message, at) {
        Some((_, end)) if end + 4 <= message.len() => {
            at = end + 4;
            true
        }
        _ => false,
    })
}

/// The name at `at`, and where what follows it begins. A dot inside a label becomes `\.`, an octet that is
/// no visible ASCII becomes `\DDD` (RFC 4343 section 2.1). `None` where it is cut or breaks the rules.
fn name(message: &[u8], at: usize) -> Option<(String, usize)> {
    let mut out = String::new();
    let (mut cursor, mut run, mut end) = (at, at, None);
    let (mut jumps, mut length) = (0, 0);
    loop {
        let head = *message.get(cursor)?;
        match head & 0xc0 {
            0x00 if head == 0 => break,
            0x00 => {
                let label = message.get(cursor + 1..cursor + 1 + usize::from(head))?;
                length += label.len() + 1;
                if length > MAX_NAME {
                    return None;
                }
                if !out.is_empty() {
                    out.push('.');
                }
                push_label(label, &mut out);
                cursor += 1 + label.len();
            }
            0xc0 => {
                let target = usize::from(u16_at(message, cursor)? & 0x3fff);
                end.get_or_insert(cursor + 2);
                jumps += 1;
                if target >= run || jumps > MAX_JUMPS {
                    return None;
                }
                (cursor, run) = (target, target);
            }
            _ => return None,
        }
    }
    if out.is_empty() {
        out.push('.');
    }
    Some((out, end.unwrap_or(cursor + 1)))
}

fn push_label(label: &[u8], out: &mut String) {
    for &octet in label {
        match octet {
            b'.' | b'\\' => {
                out.push('\\');
                out.push(char::from(octet));
            }
            0x21..=0x7e => out.push(char::from(octet)),
            _ => {
                let _ = write!(out, "\\{octet:03}");
            }
        }
    }
}

fn type_name(number: u64) -> Option<&'static str> {
    Some(match number {
        1 => "A",
        2 => "NS",
        5 => "CNAME",
        6 => "SOA",
        12 => "PTR",
        13 => "HINFO",
        15 => "MX",
        16 => "TXT",
        28 => "AAAA",
        33 => "SRV",
        35 => "NAPTR",
        39 => "DNAME",
        41 => "OPT",
        43 => "DS",
        46 => "RRSIG",
        47 => "NSEC",
        48 => "DNSKEY",
        50 => "NSEC3",
        52 => "TLSA",
        64 => "SVCB",
        65 => "HTTPS",
        99 => "SPF",
        251 => "IXFR",
        252 => "AXFR",
        255 => "ANY",
        257 => "CAA",
        _ => return None,
    })
}

fn class_name(number: u64) -> Option<&'static str> {
    Some(match number {
        1 => "IN",
        3 => "CH",
        4 => "HS",
        254 => "NONE",
        255 => "ANY",
        _ => return None,
    })
}

fn opcode_name(number: u8) -> Option<&'static str> {
    Some(match number {
        0 => "query",
        1 => "inverse query",
        2 => "status",
        4 => "notify",
        5 => "update",
        6 => "stateful operations",
        _ => return None,
    })
}

fn rcode_name(number: u8) -> Option<&'static str> {
    Some(match number {
        0 => "NOERROR",
        1 => "FORMERR",
        2 => "SERVFAIL",
        3 => "NXDOMAIN",
        4 => "NOTIMP",
        5 => "REFUSED",
        6 => "YXDOMAIN",
        7 => "YXRRSET",
        8 => "NXRRSET",
        9 => "NOTAUTH",
        10 => "NOTZONE",
        _ => return None,
    })
}

/// One resource record: its owner, and where its parts stand.
struct Record {
    owner: String,
    start: usize,
    fixed: usize,
    kind: u16,
    data: usize,
    end: usize,
}

/// The record at `at`; `None` where it is cut.
fn record(message: &[u8], at: usize) -> Option<Record> {
    let (owner, fixed) = name(message, at)?;
    let kind = u16_at(message, fixed)?;
    let data = fixed + 10;
    let end = data + usize::from(u16_at(message, fixed + 8)?);
    (end <= message.len()).then_some(Record { owner, start: at, fixed, kind, data, end })
}

/// The fields of a message.
pub(super) fn fields(octets: &[u8], offset: u32) -> Vec<Field> {
    let skip = unframed(octets);
    let message = &octets[skip..];
    let mut out = Collector::new(message, offset + skip as u32);
    let mut list = Vec::new();
    if skip == 2 {
        let mut frame = Collector::new(octets, offset);
        frame.number("length", 0, 2);
        list = frame.finish();
    }
    header(&mut out, message);
    let counts = [4, 6, 8, 10].map(|at| u16_at(message, at).unwrap_or(0));
    if let Some(at) = questions(&mut out, message, counts[0]) {
        records(&mut out, message, at, [counts[1], counts[2], counts[3]]);
    }
    list.append(&mut out.finish());
    list
}

fn header(out: &mut Collector<'_>, message: &[u8]) {
    out.hex("id", 0, 2);
    out.flag("response", 2, 0x80);
    if let Some(&flags) = message.get(2) {
        let opcode = flags >> 3 & 15;
        out.push("opcode", 2, 1, Value::Number(opcode.into())).label = opcode_name(opcode).map(Into::into);
    }
    out.flag("authoritative_answer", 2, 0x04);
    out.flag("truncation", 2, 0x02);
    out.flag("recursion_desired", 2, 0x01);
    out.flag("recursion_available", 3, 0x80);
    out.flag("authentic_data", 3, 0x20);
    out.flag("checking_disabled", 3, 0x10);
    if let Some(&flags) = message.get(3) {
        let code = flags & 15;
        out.push("response_code", 3, 1, Value::Number(code.into())).label = rcode_name(code).map(Into::into);
    }
    out.number("question_count", 4, 2);
    out.number("answer_count", 6, 2);
    out.number("authority_count", 8, 2);
    out.number("additional_count", 10, 2);
}

/// Adds the questions; where the records begin, if all questions could be read.
fn questions(out: &mut Collector<'_>, message: &[u8], count: u16) -> Option<usize> {
    let mut at = HEADER;
    for _ in 0..usize::from(count).min(MAX_RECORDS) {
        let (owner, end) = name(message, at).filter(|(_, end)| end + 4 <= message.len())?;
        let mut inner = out.inner();
        inner.push("name", at, end - at, Value::Text(owner));
        inner.named("type", end, 2, type_name);
        // The upper bit asks for a unicast answer (RFC 6762 section 5.4).
        inner.named("class", end + 2, 2, |class| class_name(class & 0x7fff));
        out.group("question", at, end + 4 - at, inner);
        at = end + 4;
    }
    (usize::from(count) <= MAX_RECORDS).then_some(at)
}

fn records(out: &mut Collector<'_>, message: &[u8], mut at: usize, counts: [u16; 3]) {
    let sections = ["answer", "authority", "additional"];
    let wanted = sections.iter().zip(counts).flat_map(|(&section, n)| (0..n).map(move |_| section));
    for section in wanted.take(MAX_RECORDS) {
        let Some(record) = record(message, at) else { return };
        let mut inner = out.inner();
        inner.push("name", at, record.fixed - at, Value::Text(record.owner.clone()));
        inner.named("type", record.fixed, 2, type_name);
        if record.kind == OPT {
            // RFC 6891 section 6.1.2: class and TTL have other meanings here.
            inner.number("udp_payload_size", record.fixed + 2, 2);
            inner.number("extended_response_code", record.fixed + 4, 1);
            inner.number("edns_version", record.fixed + 5, 1);
            inner.flag("dnssec_ok", record.fixed + 6, 0x80);
        } else {
            inner.named("class", record.fixed + 2, 2, |class| class_name(class & 0x7fff));
            inner.number("time_to_live", record.fixed + 4, 4);
        }
        inner.number("data_length", record.fixed + 8, 2);
        inner.push("data", record.data, record.end - record.data, data(message, &record));
        out.group(section, record.start, record.end - record.start, inner);
        at = record.end;
    }
}

/// A record's data in the form of a zone file (RFC 1035 section 5), or as octets.
fn data(message: &[u8], record: &Record) -> Value {
    let (at, octets) = (record.data, &message[record.data..record.end]);
    let numbers = |count: usize, width: usize| {
        (0..count).map(|i| number_at(octets, i * width, width)).collect::<Option<Vec<_>>>()
    };
    let read = match (record.kind, octets.len()) {
        (1, 4) => ipv4_at(octets, 0).map(|address| Value::Ip(IpAddr::V4(address))),
        (28, 16) => ipv6_at(octets, 0).map(|address| Value::Ip(IpAddr::V6(address))),
        (2 | 5 | 12 | 39, _) => name(message, at).map(|(target, _)| Value::Text(target)),
        (15, 3..) => u16_at(octets, 0)
            .zip(name(message, at + 2))
            .map(|(preference, (host, _))| Value::Text(format!("{preference} {host}"))),
        (33, 7..) => numbers(3, 2)
            .zip(name(message, at + 6))
            .map(|(n, (host, _))| Value::Text(format!("{} {} {} {host}", n[0], n[1], n[2]))),
        (6, _) => authority(message, at).map(Value::Text),
        (16 | 99, _) => Some(Value::Text(strings(octets))),
        _ => None,
    };
    read.unwrap_or_else(|| super::wire::shown(octets))
}

fn authority(message: &[u8], at: usize) -> Option<String> {
    let (server, next) = name(message, at)?;
    let (mailbox, next) = name(message, next)?;
    let mut out = format!("{server} {mailbox}");
    for index in 0..5 {
        let _ = write!(out, " {}", number_at(message, next + index * 4, 4)?);
    }
    Some(out)
}

/// Character strings, each behind its length, set in quotes.
fn strings(mut octets: &[u8]) -> String {
    let mut parts = Vec::new();
    while let Some((&length, rest)) = octets.split_first() {
        let length = usize::from(length).min(rest.len());
        parts.push(format!("\"{}\"", text(&rest[..length])));
        octets = &rest[length..];
    }
    parts.join(" ")
}

/// `query 0x1a2b A mx.example.test`, `response 0x1a2b NXDOMAIN mx.example.test`.
pub(super) fn summary(octets: &[u8], out: &mut String) {
    let message = &octets[unframed(octets)..];
    let (Some(id), Some(flags)) = (u16_at(message, 0), u16_at(message, 2)) else { return };
    let response = flags & 0x8000 != 0;
    let opcode = (flags >> 11 & 15) as u8;
    let word = match (response, opcode) {
        (true, _) => "response",
        (false, _) => opcode_name(opcode).unwrap_or("message"),
    };
    let _ = write!(out, "{word} {id:#06x}");
    if flags & 0x0200 != 0 {
        out.push_str(" truncated");
    }
    let code = (flags & 15) as u8;
    match rcode_name(code) {
        Some(name) if response && code != 0 => drop(write!(out, " {name}")),
        None => drop(write!(out, " RCODE {code}")),
        Some(_) => {}
    }
    let mut at = HEADER;
    for index in 0..u16_at(message, 4).unwrap_or(0).min(8) {
        let Some((owner, end)) = name(message, at) else { return };
        let Some(kind) = u16_at(message, end) else { return };
        if index == 0 {
            if code == 0 || !response {
                push_type(kind, out);
            }
            let _ = write!(out, " {owner}");
        }
        at = end + 4;
    }
    if response {
        answers(message, at, u16_at(message, 6).unwrap_or(0), out);
    }
}

fn push_type(kind: u16, out: &mut String) {
    match type_name(kind.into()) {
        Some(name) => drop(write!(out, " {name}")),
        None => drop(write!(out, " TYPE{kind}")),
    }
}

fn answers(message: &[u8], mut at: usize, count: u16, out: &mut String) {
    for index in 0..usize::from(count) {
        if index == MAX_ANSWERS {
            let _ = write!(out, " +{}", usize::from(count) - index);
            return;
        }
        let Some(record) = record(message, at) else { return };
        push_type(record.kind, out);
        match data(message, &record) {
            Value::Ip(address) => drop(write!(out, " {address}")),
            Value::Text(text) => drop(write!(out, " {text}")),
            _ => {}
        }
        at = record.end;
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// The MX of example.test, and the address of its host, names compressed.
    pub(in super::super) const RESPONSE: &[u8] = &[
        0x1a, 0x2b, 0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 2, 7, b'e', b'x', b'a', b'm', b'p', b'l', b'e', 4, b't',
        b'e', b's', b't', 0, 0, 15, 0, 1, 0xc0, 12, 0, 15, 0, 1, 0, 0, 1, 0x2c, 0, 7, 0, 10, 2, b'm', b'x',
        0xc0, 12, 0xc0, 44, 0, 1, 0, 1, 0, 0, 1, 0x2c, 0, 4, 192, 0, 2, 25, 0, 0, 41, 4, 0xd0, 0, 0, 0, 0, 0,
        0,
    ];

    fn line(octets: &[u8]) -> String {
        let mut out = String::new();
        summary(octets, &mut out);
        out
    }

    fn query(flags: u16, labels: &[&[u8]]) -> Vec<u8> {
        let mut octets = vec![0x1a, 0x2b];
        octets.extend(flags.to_be_bytes());
        octets.extend([0, 1, 0, 0, 0, 0, 0, 0]);
        for label in labels {
            octets.push(u8::try_from(label.len()).unwrap());
            octets.extend(*label);
        }
        octets.extend([0, 0, 1, 0, 1]);
        octets
    }

    #[test]
    fn a_compressed_name_is_read_through_its_pointers() {
        assert_eq!(line(RESPONSE), "response 0x1a2b MX example.test MX 10 mx.example.test");
        let fields = fields(RESPONSE, 42);
        let additional: Vec<_> = fields.iter().filter(|f| f.name == "additional").collect();
        let Value::Group(address) = &additional[0].value else { panic!("{additional:?}") };
        assert_eq!(address[0].value, Value::Text("mx.example.test".into()));
        assert_eq!(address.last().unwrap().value, Value::Ip([192, 0, 2, 25].into()));
        let Value::Group(opt) = &additional[1].value else { panic!("{additional:?}") };
        assert_eq!(opt[2].name, "udp_payload_size");
        assert_eq!(opt[2].value, Value::Number(1232));
    }

    #[test]
    fn a_query_and_a_refusal_say_the_name() {
        assert_eq!(line(&query(0x0100, &[b"mx", b"example", b"test"])), "query 0x1a2b A mx.example.test");
        let refusal = query(0x8183, &[b"mx", b"example", b"test"]);
        assert_eq!(line(&refusal), "response 0x1a2b NXDOMAIN mx.example.test");
    }

    #[test]
    fn a_dot_inside_a_label_is_no_separator() {
        assert_eq!(line(&query(0x0100, &[b"a.b\\", b"c\x07"])), "query 0x1a2b A a\\.b\\\\.c\\007");
    }

    #[test]
    fn over_tcp_the_length_comes_first() {
        for message in [RESPONSE.to_vec(), query(0x0100, &[b"mx", b"test"])] {
            let mut octets = u16::try_from(message.len()).unwrap().to_be_bytes().to_vec();
            octets.extend(&message);
            assert_eq!(line(&octets), line(&message));
            let fields = fields(&octets, 54);
            assert_eq!((fields[0].name, fields[0].offset), ("length", 54));
            assert_eq!((fields[1].name, fields[1].offset), ("id", 56));
        }
    }

    #[test]
    fn a_pointer_leads_backwards_or_nowhere() {
        for target in [12u8, 13, 40] {
            let octets = [0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0xc0, target, 0, 1, 0, 1];
            assert_eq!(name(&octets, 12), None);
        }
        let octets = [1, b'a', 0xc0, 0];
        assert_eq!(name(&octets, 0), None, "a name must not run into itself");
    }

    #[test]
    fn counts_of_65535_end_with_the_octets() {
        let mut octets = vec![0, 1, 0x81, 0x80, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
        octets.extend([0; 11 * 400]);
        let shown = fields(&octets, 0).iter().filter(|f| f.name == "answer").count();
        assert_eq!(shown, MAX_RECORDS);
    }
}
