//! One lookup in full: its packets, its flags, every record.

use super::super::style::{Style, Tone, shown};
use super::super::time::{duration, of_row};
use super::list::{question, tone};
use super::means;
use crate::conversation::dns::{Lookup, Service, Transport};
use crate::packet::Timestamp;
use crate::wire::dns::{Data, Edns, EdnsOption, Flags, Record, TypeName, rcode_name};

/// Records that are shown.
const RECORDS: usize = 100;

/// Appends all that is known of a lookup.
pub(super) fn push(style: &Style, out: &mut String, lookup: &Lookup) {
    heading(style, out, lookup);
    for line in means::answers(style, lookup) {
        style.paragraph(out, tone(lookup), &line, 2);
    }
    for line in means::meanings(style, lookup) {
        style.paragraph(out, Tone::Plain, &line, 2);
    }
    if let Some(query) =
        lookup.query.as_ref().filter(|query| query.questions > 1 && lookup.service == Service::Dns)
    {
        let text = style.say("dns.more_questions", &[("count", &query.questions)]);
        style.paragraph(out, Tone::Quiet, &text, 2);
    }
    messages(style, out, lookup);
    flags(style, out, lookup);
    records(style, out, lookup);
}

fn heading(style: &Style, out: &mut String, lookup: &Lookup) {
    let transport = match lookup.transport {
        Transport::Udp => "UDP".to_owned(),
        Transport::Tcp { stream } => style.say("dns.heading.stream", &[("stream", &stream)]),
    };
    let took = lookup.duration_ns().map(|took| format!(" · {}", duration(took))).unwrap_or_default();
    let key = match lookup.service {
        Service::Dns => "dns.heading",
        Service::Mdns => "dns.heading.mdns",
        Service::Llmnr => "dns.heading.llmnr",
    };
    let values: [(&str, &dyn std::fmt::Display); 5] = [
        ("question", &question(style, lookup)),
        ("client", &lookup.client),
        ("server", &lookup.server),
        ("transport", &transport),
        ("took", &took),
    ];
    style.paragraph(out, Tone::Title, &style.say(key, &values), 2);
}

/// The packets in order, a row each.
fn messages(style: &Style, out: &mut String, lookup: &Lookup) {
    let mut rows: Vec<(u64, Option<Timestamp>, String)> = Vec::new();
    if let Some(query) = &lookup.query {
        rows.push((query.packet, query.time, style.word("dns.row.query")));
        for &(packet, time) in &query.resent {
            rows.push((packet, time, style.word("dns.row.resent")));
        }
    }
    if let Some(truncated) = lookup.truncated {
        let text = style.say("dns.row.truncated", &[("octets", &truncated.octets)]);
        rows.push((truncated.packet, truncated.time, text));
        rows.push((truncated.asked_again, truncated.asked_again_time, style.word("dns.row.over_tcp")));
    }
    if let Some(answer) = &lookup.answer {
        let rcode = answer.message.rcode();
        let name = rcode_name(rcode).map_or_else(|| rcode.to_string(), str::to_owned);
        let text = match lookup.question {
            Some(_) => style.say("dns.row.answer", &[("octets", &answer.message.octets), ("rcode", &name)]),
            None => style.say("dns.row.announcement", &[("octets", &answer.message.octets)]),
        };
        rows.push((answer.packet, answer.time, text));
    }
    rows.sort_by_key(|(packet, ..)| *packet);
    out.push('\n');
    let mut grid = style.grid(&["packet", "milliseconds", "message"]);
    let first = rows.first().and_then(|(_, time, _)| *time);
    let mut before = first;
    for (packet, time, text) in rows {
        grid.add_row([
            style.number(packet),
            style.number(of_row(style.time, first, before, time)),
            style.cell(Tone::Plain, text),
        ]);
        before = time.or(before);
    }
    style.push_grid(out, grid);
}

fn flags(style: &Style, out: &mut String, lookup: &Lookup) {
    let asked = lookup.query.as_ref().map(|query| query.flags);
    let answer = lookup.answer.as_ref().map(|answer| &answer.message);
    let answered = answer.map(|message| message.flags);
    out.push('\n');
    let mut grid = style.grid(&["flag", "in_query", "in_answer", "means"]);
    let mut row = |name: &str, query: Option<String>, answer: Option<String>| {
        if query.is_some() || answer.is_some() {
            let dash = || "-".to_owned();
            grid.add_row([
                style.cell(Tone::Plain, name),
                style.cell(Tone::Plain, query.unwrap_or_else(dash)),
                style.cell(Tone::Plain, answer.unwrap_or_else(dash)),
                style.cell(Tone::Quiet, style.word(&format!("dns.flag.{name}"))),
            ]);
        }
    };
    let id = |message: Option<()>| message.map(|()| format!("{:#06x}", lookup.id));
    row("ID", id(asked.map(drop)), id(answered.map(drop)));
    let bit = |set: bool| u8::from(set).to_string();
    let mut flag = |name: &str, of: fn(Flags) -> bool| {
        row(name, asked.map(|f| bit(of(f))), answered.map(|f| bit(of(f))))
    };
    flag("QR", Flags::is_response);
    flag("AA", Flags::authoritative);
    flag("TC", Flags::truncated);
    flag("RD", Flags::recursion_desired);
    flag("RA", Flags::recursion_available);
    flag("AD", Flags::authentic_data);
    flag("CD", Flags::checking_disabled);
    row("OPCODE", asked.map(|f| f.opcode().to_string()), answered.map(|f| f.opcode().to_string()));
    let code = answer.map(|message| message.rcode());
    row("RCODE", None, code.map(|code| rcode_name(code).map_or_else(|| code.to_string(), str::to_owned)));
    let of_query = lookup.query.as_ref().and_then(|query| query.edns.as_ref());
    let of_answer = answer.and_then(|message| message.edns.as_ref());
    let size = |edns: &Edns| edns.udp_size.to_string();
    row("EDNS", of_query.map(size), of_answer.map(size));
    row("DO", of_query.map(|edns| bit(edns.dnssec_ok)), of_answer.map(|edns| bit(edns.dnssec_ok)));
    style.push_grid(out, grid);
    for (key, edns) in [("dns.option.query", of_query), ("dns.option.answer", of_answer)] {
        for option in edns.iter().flat_map(|edns| &edns.options) {
            style.paragraph(out, Tone::Plain, &style.say(key, &[("option", &said(style, option))]), 2);
        }
    }
}

/// An option, what it says, and what it is for.
fn said(style: &Style, option: &EdnsOption) -> String {
    let label = option.label();
    let meaning = style.find(&format!("dns.option.{label}")).map(|text| style.in_brackets(&text));
    let value =
        if option.value.is_empty() { String::new() } else { format!(" {}", means::clip(&option.value)) };
    format!("{label}{value}{}", meaning.unwrap_or_default())
}

fn records(style: &Style, out: &mut String, lookup: &Lookup) {
    let of_query = lookup.query.iter().flat_map(|query| &query.records).map(|record| ("known", record));
    let of_answer = lookup.answer.iter().flat_map(|answer| &answer.message.records);
    let all: Vec<(&str, &Record)> =
        of_query.chain(of_answer.map(|record| (record.section.name(), record))).collect();
    if all.is_empty() {
        return;
    }
    out.push('\n');
    let mut grid = style.grid(&["section", "name_ttl", "record", "means"]);
    for (section, record) in all.iter().take(RECORDS) {
        let name = format!("{}\n{}", means::clip(&record.name), means::kept(style, record.ttl));
        let data = shown(&record.data.to_string());
        grid.add_row([
            style.cell(Tone::Quiet, style.word(&format!("dns.section.{section}"))),
            style.cell(Tone::Plain, name),
            style.cell(Tone::Upper, format!("{} {data}", TypeName(record.kind))),
            style.cell(Tone::Plain, meaning(style, record)),
        ]);
    }
    style.push_grid(out, grid);
    let more = all.len().saturating_sub(RECORDS);
    if more > 0 {
        style.paragraph(out, Tone::Quiet, &style.say("dns.more", &[("count", &more)]), 2);
    }
}

fn meaning(style: &Style, record: &Record) -> String {
    let name = TypeName(record.kind).to_string();
    let key = match &record.data {
        Data::Raw { .. } => return style.word("dns.record.other"),
        Data::Text(_) => policy(&record.data.text().unwrap_or_default()).unwrap_or("TXT"),
        _ => name.as_str(),
    };
    let key = format!("dns.record.{key}");
    let (first, port) = match &record.data {
        Data::Exchange { preference, .. } => (*preference, 0),
        Data::Service { priority, port, .. } => (*priority, *port),
        _ => (0, 0),
    };
    let (serial, minimum) = match &record.data {
        Data::Authority { serial, minimum, .. } => (*serial, *minimum),
        _ => (0, 0),
    };
    match style.find(&key) {
        Some(_) => style.say(
            &key,
            &[
                ("first", &first),
                ("port", &port),
                ("serial", &serial),
                ("minimum", &means::period(style, minimum)),
            ],
        ),
        None => String::new(),
    }
}

/// What mail programs publish as text.
fn policy(text: &str) -> Option<&'static str> {
    let policies = [
        ("v=spf1", "spf"),
        ("v=DMARC1", "dmarc"),
        ("v=DKIM1", "dkim"),
        ("v=STSv1", "mta_sts"),
        ("v=TLSRPTv1", "tls_reporting"),
    ];
    policies.into_iter().find(|(version, _)| text.starts_with(version)).map(|(_, key)| key)
}
