//! Domain names (RFC 1035 section 4), over UDP and behind the two octets of length that TCP adds (4.2.2);
//! multicast DNS (RFC 6762) and LLMNR (RFC 4795) have the same form. Reads what [`crate::wire::dns`] found.

use std::fmt::Write;

use super::wire::{Collector, shown, u16_at};
use crate::dissect::{Field, Value};
use crate::wire::dns::{
    Data, Edns, MAX_RECORDS, Message, Record, Section, TypeName, class_name, opcode_name, rcode_name,
    type_name,
};

pub(super) use crate::wire::dns::plausible;

/// Answers in the line that sums a response up.
const MAX_ANSWERS: usize = 3;

/// The message behind its length, where it came over TCP; how many octets the length takes.
///
/// Over TCP the length stands in the place of the ID and all else two octets later, which makes the number
/// of questions that of the flags: more than there can be. So what reads as a plain message is one.
fn unframed(octets: &[u8]) -> usize {
    let framed = !questions_read(octets) && octets.get(2..).is_some_and(questions_read);
    if framed { 2 } else { 0 }
}

fn questions_read(octets: &[u8]) -> bool {
    let Some(message) = Message::read(octets).filter(|_| plausible(octets)) else { return false };
    let asked = usize::from(message.counts[0]);
    asked <= MAX_RECORDS && message.questions.len() == asked
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
    if let Some(message) = Message::read(message) {
        questions(&mut out, &message);
        records(&mut out, &message);
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
        let name = rcode_name(code.into());
        out.push("response_code", 3, 1, Value::Number(code.into())).label = name.map(Into::into);
    }
    out.number("question_count", 4, 2);
    out.number("answer_count", 6, 2);
    out.number("authority_count", 8, 2);
    out.number("additional_count", 10, 2);
}

/// The name of a 16-bit number.
fn named(number: u64, name: fn(u16) -> Option<&'static str>) -> Option<&'static str> {
    name(u16::try_from(number).ok()?)
}

/// The name of a class without its upper bit, which mDNS gives a meaning of its own (RFC 6762 sections 5.4, 10.2).
fn class(number: u64) -> Option<&'static str> {
    named(number & 0x7fff, class_name)
}

fn questions(out: &mut Collector<'_>, message: &Message) {
    for question in &message.questions {
        let (at, fixed) = (question.start, question.fixed);
        let mut inner = out.inner();
        inner.push("name", at, fixed - at, Value::Text(question.name.clone()));
        inner.named("type", fixed, 2, |number| named(number, type_name));
        inner.named("class", fixed + 2, 2, class);
        out.group("question", at, fixed + 4 - at, inner);
    }
}

/// All records in the order of the message, that of EDNS among them.
fn records(out: &mut Collector<'_>, message: &Message) {
    let mut options = message.edns.as_ref();
    for one in &message.records {
        if let Some(edns) = options.take_if(|edns| edns.start < one.start) {
            extension(out, edns);
        }
        record(out, one);
    }
    if let Some(edns) = options {
        extension(out, edns);
    }
}

fn record(out: &mut Collector<'_>, record: &Record) {
    let (at, fixed, place) = (record.start, record.fixed, &record.place);
    let mut inner = out.inner();
    inner.push("name", at, fixed - at, Value::Text(record.name.clone()));
    inner.named("type", fixed, 2, |number| named(number, type_name));
    inner.named("class", fixed + 2, 2, class);
    inner.number("time_to_live", fixed + 4, 4);
    inner.number("data_length", fixed + 8, 2);
    inner.push("data", place.start, place.len(), data(&record.data));
    out.group(record.section.name(), at, place.end - at, inner);
}

/// RFC 6891 section 6.1.2: class and time to live have other meanings here.
fn extension(out: &mut Collector<'_>, edns: &Edns) {
    let (at, fixed, place) = (edns.start, edns.fixed, &edns.place);
    let mut inner = out.inner();
    inner.push("name", at, fixed - at, Value::Text(".".to_owned()));
    inner.named("type", fixed, 2, |number| named(number, type_name));
    inner.number("udp_payload_size", fixed + 2, 2);
    inner.number("extended_response_code", fixed + 4, 1);
    inner.number("edns_version", fixed + 5, 1);
    inner.flag("dnssec_ok", fixed + 6, 0x80);
    inner.number("data_length", fixed + 8, 2);
    let said = edns
        .options
        .iter()
        .map(|option| format!("{} {}", option.label(), option.value).trim_end().to_owned());
    inner.push("data", place.start, place.len(), Value::Text(said.collect::<Vec<_>>().join(", ")));
    out.group(edns.section.name(), at, place.end - at, inner);
}

fn data(data: &Data) -> Value {
    match data {
        Data::Address(address) => Value::Ip(*address),
        Data::Raw { octets, .. } => shown(octets),
        other => Value::Text(other.to_string()),
    }
}

/// `query 0x1a2b A mx.example.test`, `response 0x1a2b NXDOMAIN mx.example.test`.
pub(super) fn summary(octets: &[u8], out: &mut String) {
    let octets = &octets[unframed(octets)..];
    let (Some(id), Some(flags)) = (u16_at(octets, 0), u16_at(octets, 2)) else { return };
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
    let code = flags & 15;
    match rcode_name(code) {
        Some(name) if response && code != 0 => drop(write!(out, " {name}")),
        None => drop(write!(out, " RCODE {code}")),
        Some(_) => {}
    }
    let Some(message) = Message::read(octets) else { return };
    if let Some(question) = message.questions.first() {
        if code == 0 || !response {
            let _ = write!(out, " {}", TypeName(question.kind));
        }
        let _ = write!(out, " {}", question.name);
    }
    if response {
        answers(&message, out);
    }
}

fn answers(message: &Message, out: &mut String) {
    for (index, record) in message.section(Section::Answer).enumerate() {
        if index == MAX_ANSWERS {
            let _ = write!(out, " +{}", usize::from(message.counts[1]) - index);
            return;
        }
        let _ = write!(out, " {}", TypeName(record.kind));
        match &record.data {
            Data::Raw { .. } => {}
            data => drop(write!(out, " {data}")),
        }
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
    fn counts_of_65535_end_with_the_octets() {
        let mut octets = vec![0, 1, 0x81, 0x80, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
        octets.extend([0; 11 * 400]);
        let shown = fields(&octets, 0).iter().filter(|f| f.name == "answer").count();
        assert_eq!(shown, MAX_RECORDS);
    }
}
