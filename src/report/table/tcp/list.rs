//! All connections, a row each, and what is remarkable about them.

use std::collections::BTreeMap;

use super::super::osi::units;
use super::super::style::{Style, Tone};
use super::super::time::duration;
use crate::flow::{Connection, HandshakeKind, RoleBasis};
use crate::packet::{Note, Protocol};
use crate::report::tally::Tally;

/// How all the connections opened and closed.
pub(super) fn totals(style: &Style, out: &mut String, tally: &Tally) {
    if tally.connections < 2 {
        return;
    }
    let kinds = |room: &str, counts: &BTreeMap<&'static str, u64>| {
        let each = counts
            .iter()
            .map(|(name, count)| format!("{} {count}", style.word(&format!("tcp.{room}.{name}"))));
        each.collect::<Vec<_>>().join(", ")
    };
    let values: [(&str, &dyn std::fmt::Display); 3] = [
        ("count", &units(style, "connection", tally.connections)),
        ("opened", &kinds("handshake", &tally.handshakes)),
        ("closed", &kinds("teardown", &tally.teardowns)),
    ];
    style.paragraph(out, Tone::Quiet, &style.say("tcp.totals", &values), 2);
}

/// The list of connections, with a line for those that are not in it.
pub(in crate::report::table) fn list(
    style: &Style,
    out: &mut String,
    connections: &[(Connection, Option<Protocol>)],
    total: u64,
) {
    if connections.is_empty() {
        style.paragraph(out, Tone::Plain, &style.word("tcp.none"), 2);
        return;
    }
    let mut table = style.grid(&["stream", "ends", "opened", "closed", "data", "rtt"]);
    for (c, application) in connections {
        let ends = match application {
            Some(application) if *application != Protocol::Data => {
                format!("{} → {} ({})", c.endpoints.initiator, c.endpoints.responder, application.title())
            }
            _ => format!("{} → {}", c.endpoints.initiator, c.endpoints.responder),
        };
        let rtt =
            c.handshake.rtt_ns.responder.zip(c.handshake.rtt_ns.initiator).map(|(a, b)| duration(a + b));
        let tone = match c.handshake.kind {
            HandshakeKind::Refused | HandshakeKind::Unanswered | HandshakeKind::HalfOpen => Tone::Bad,
            _ => Tone::Plain,
        };
        table.add_row(vec![
            style.number(c.stream),
            style.cell(Tone::Plain, ends),
            style.cell(tone, style.word(&format!("tcp.handshake.{}", c.handshake.kind.name()))),
            style.cell(Tone::Plain, style.word(&format!("tcp.teardown.{}", c.teardown.kind.name()))),
            style.cell(
                Tone::Plain,
                format!("{} / {}", c.payload_octets.initiator, c.payload_octets.responder),
            ),
            style.cell(Tone::Plain, rtt.unwrap_or_else(|| "-".to_owned())),
        ]);
    }
    style.push_grid(out, table);
    let more = total.saturating_sub(connections.len() as u64);
    if more > 0 {
        style.paragraph(out, Tone::Quiet, &style.say("view.more", &[("count", &more)]), 2);
    }
}

/// What is remarkable about each connection, one line each.
pub(super) fn remarks(style: &Style, out: &mut String, connections: &[(Connection, Option<Protocol>)]) {
    let with = connections.iter().map(|(c, _)| (c.stream, remark(style, c)));
    for (stream, remark) in with.filter(|(_, remark)| !remark.is_empty()) {
        style.paragraph(out, Tone::Warn, &format!("! TCP {stream}: {remark}"), 2);
    }
}

fn remark(style: &Style, c: &Connection) -> String {
    let mut all: Vec<String> = Note::ALL
        .iter()
        .zip(c.notes)
        .filter(|(_, count)| *count > 0)
        .map(|(note, count)| note_count(style, *note, u64::from(count)))
        .collect();
    for (key, count) in [
        ("tcp.remark.gaps", c.gaps_total),
        ("tcp.remark.beyond_gap", c.octets_beyond_gap.initiator + c.octets_beyond_gap.responder),
        ("tcp.remark.conflicts", c.conflicting_overlaps),
        ("tcp.remark.copies", c.captured_twice),
    ] {
        if count > 0 {
            all.push(style.say(key, &[("count", &count)]));
        }
    }
    if c.evicted {
        all.push(style.word("tcp.remark.evicted"));
    }
    if c.roles == RoleBasis::Inferred {
        all.push(style.word("tcp.remark.inferred"));
    }
    all.join(", ")
}

/// `7 retransmissions`.
pub(in crate::report::table) fn note_count(style: &Style, note: Note, count: u64) -> String {
    let name = style.word(&format!("note.name.{}", note.name()));
    style.say("tcp.note_count", &[("count", &count), ("name", &name)])
}
