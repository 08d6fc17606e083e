//! All connections, a row each, and what is remarkable about them.

use std::collections::BTreeMap;

use super::super::osi::units;
use super::super::style::{Style, Tone};
use super::super::time::duration;
use crate::flow::{Connection, HandshakeKind, RoleBasis, TcpState, TeardownKind};
use crate::packet::{Note, PerSide, Protocol, Side};

/// How all the connections opened and closed, and how to see one of them.
pub(super) fn foot(style: &Style, out: &mut String, kinds: &Kinds, told: bool) {
    if kinds.connections >= 2 {
        let each = |counts: &BTreeMap<&'static str, u64>| {
            let each = counts.iter().map(|(key, count)| format!("{} {count}", style.word(key)));
            each.collect::<Vec<_>>().join(&style.word("tcp.option.join"))
        };
        let values: [(&str, &dyn std::fmt::Display); 3] = [
            ("count", &units(style, "connection", kinds.connections)),
            ("opened", &each(&kinds.opened)),
            ("closed", &each(&kinds.closed)),
        ];
        style.paragraph(out, Tone::Quiet, &style.say("tcp.totals", &values), 2);
    }
    if !told && kinds.connections > 0 {
        style.paragraph(out, Tone::Quiet, &style.word("tcp.foot"), 2);
    }
}

/// How many connections opened and closed in which way, by the keys of the texts that say so.
#[derive(Debug, Default)]
pub(super) struct Kinds {
    pub(super) connections: u64,
    opened: BTreeMap<&'static str, u64>,
    closed: BTreeMap<&'static str, u64>,
}

impl Kinds {
    pub(super) fn add(&mut self, c: &Connection) {
        self.connections += 1;
        *self.opened.entry(opened(c)).or_default() += 1;
        *self.closed.entry(closed(c)).or_default() += 1;
    }
}

const fn opened(c: &Connection) -> &'static str {
    match c.handshake.kind {
        HandshakeKind::ThreeWay => "tcp.handshake.three_way",
        HandshakeKind::SimultaneousOpen => "tcp.handshake.simultaneous_open",
        HandshakeKind::FastOpen => "tcp.handshake.fast_open",
        HandshakeKind::Refused => "tcp.handshake.refused",
        HandshakeKind::Unanswered => "tcp.handshake.unanswered",
        HandshakeKind::HalfOpen => "tcp.handshake.half_open",
        HandshakeKind::NotSeen => "tcp.handshake.not_seen",
    }
}

/// What never opened cannot close: the RST of a refusal closes nothing.
const NEVER_OPENED: &str = "tcp.teardown.never_opened";

fn closed(c: &Connection) -> &'static str {
    match (c.handshake.kind, c.teardown.kind) {
        (HandshakeKind::Refused, _)
        | (HandshakeKind::Unanswered | HandshakeKind::HalfOpen, TeardownKind::Open | TeardownKind::NotSeen) => {
            NEVER_OPENED
        }
        (_, TeardownKind::HalfClosed) if is_over(c) => "tcp.teardown.half_closed_then_closed",
        (_, TeardownKind::HalfClosed) => "tcp.teardown.half_closed",
        (_, TeardownKind::FourSegment) => "tcp.teardown.four_segment",
        (_, TeardownKind::ThreeSegment) => "tcp.teardown.three_segment",
        (_, TeardownKind::Simultaneous) => "tcp.teardown.simultaneous",
        (_, TeardownKind::Reset) => "tcp.teardown.reset",
        (_, TeardownKind::Open) => "tcp.teardown.open",
        (_, TeardownKind::NotSeen) => "tcp.teardown.not_seen",
    }
}

/// Whether both ends have sent their FIN.
fn is_over(c: &Connection) -> bool {
    let over = |state| {
        matches!(state, TcpState::TimeWait | TcpState::Closed | TcpState::LastAck | TcpState::Closing)
    };
    over(c.states.initiator) && over(c.states.responder)
}

/// Octets that were sent as far as captured headers say so: the capture may have cut some off.
pub(super) fn sent(c: &Connection) -> PerSide<u64> {
    PerSide {
        initiator: c.payload_octets.initiator + c.cut_octets.initiator,
        responder: c.payload_octets.responder + c.cut_octets.responder,
    }
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
        let (initiator, responder) =
            (style.endpoint(c.endpoints.initiator), style.endpoint(c.endpoints.responder));
        let ends = match application {
            Some(application) if *application != Protocol::Data => {
                format!("{initiator} → {responder} ({})", application.title())
            }
            _ => format!("{initiator} → {responder}"),
        };
        let rtt =
            c.handshake.rtt_ns.responder.zip(c.handshake.rtt_ns.initiator).map(|(a, b)| duration(a + b));
        let tone = match c.handshake.kind {
            HandshakeKind::Refused | HandshakeKind::Unanswered | HandshakeKind::HalfOpen => Tone::Bad,
            _ => Tone::Plain,
        };
        let (closed, octets) = (closed(c), sent(c));
        table.add_row(vec![
            style.number(c.stream),
            style.cell(Tone::Plain, ends),
            style.cell(tone, style.word(opened(c))),
            style.cell(Tone::Plain, if closed == NEVER_OPENED { "-".to_owned() } else { style.word(closed) }),
            style.cell(Tone::Plain, format!("{} / {}", octets.initiator, octets.responder)),
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
        let text = style.say("tcp.remark", &[("stream", &stream), ("remarks", &remark)]);
        style.paragraph(out, Tone::Warn, &text, 2);
    }
}

fn remark(style: &Style, c: &Connection) -> String {
    let mut all = notes(style, |note| {
        Note::ALL.iter().zip(c.notes).find(|(n, _)| **n == note).map_or(0, |(_, n)| u64::from(n))
    });
    all.extend(octets_remarks(style, c));
    for (key, count) in [
        ("tcp.remark.beyond_gap", c.octets_beyond_gap.initiator + c.octets_beyond_gap.responder),
        ("tcp.remark.conflicts", c.conflicting_overlaps),
        ("tcp.remark.copies", c.captured_twice),
    ] {
        if count > 0 {
            all.push(style.say(key, &[("count", &count)]));
        }
    }
    let one_sided = c.packets.initiator == 0 || (c.packets.responder == 0 && c.completeness != 1);
    if one_sided && c.handshake.kind == HandshakeKind::NotSeen {
        all.push(style.word("tcp.remark.one_sided"));
    }
    if c.evicted {
        all.push(style.word("tcp.remark.evicted"));
    }
    if c.roles == RoleBasis::Inferred {
        all.push(style.word("tcp.remark.inferred"));
    }
    all.join(&style.word("tcp.option.join"))
}

/// What is remarkable about the octets: cut off, not captured at all, more in a segment than its receiver takes.
fn octets_remarks(style: &Style, c: &Connection) -> Vec<String> {
    let sum = |octets: &PerSide<u64>| octets.initiator + octets.responder;
    let (cut, missing) = (sum(&c.cut_octets), sum(&c.missing_octets));
    let mut all = Vec::new();
    if cut > 0 {
        let values: [(&str, &dyn std::fmt::Display); 2] =
            [("count", &sum(&c.payload_octets)), ("all", &sum(&sent(c)))];
        all.push(style.say("tcp.remark.cut", &values));
    }
    if c.gaps_total > c.gaps_cut {
        let values: [(&str, &dyn std::fmt::Display); 2] =
            [("count", &(c.gaps_total - c.gaps_cut)), ("octets", &missing.saturating_sub(cut))];
        all.push(style.say("tcp.remark.gaps", &values));
    }
    let larger = [Side::Initiator, Side::Responder].into_iter().filter_map(|side| {
        let mss = u32::from((*c.handshake.offers.of(side.peer()))?.mss?);
        let largest = c.figures.ends.of(side).largest_segment;
        (largest > mss).then_some((largest, mss))
    });
    if let Some((largest, mss)) = larger.max() {
        all.push(style.say("tcp.remark.offload", &[("octets", &largest), ("mss", &mss)]));
    }
    all
}

/// `7 × retransmission (1 of them fast)`: what was noted, how often.
pub(in crate::report::table) fn notes(style: &Style, count_of: impl Fn(Note) -> u64) -> Vec<String> {
    let kinds = [Note::FastRetransmission, Note::SpuriousRetransmission];
    let said = Note::ALL.iter().filter(|note| !kinds.contains(note)).filter_map(|&note| {
        let count = count_of(note);
        let name = style.word(&format!("note.name.{}", note.name()));
        let mut text = style.say("tcp.note_count", &[("count", &count), ("name", &name)]);
        if note == Note::Retransmission {
            text.push_str(&kinds_of_retransmission(style, kinds.map(|kind| (kind, count_of(kind)))));
        }
        (count > 0).then_some(text)
    });
    said.collect()
}

/// ` (1 of them fast, 1 spurious)`.
fn kinds_of_retransmission(style: &Style, kinds: [(Note, u64); 2]) -> String {
    let mut kinds = kinds.into_iter().filter(|(_, count)| *count > 0);
    let say = |key: &str, (note, count): (Note, u64)| {
        let name = style.word(&format!("tcp.again.{}", note.name()));
        style.say(key, &[("count", &count), ("name", &name)])
    };
    let Some(first) = kinds.next() else { return String::new() };
    let mut said = vec![say("tcp.again.first", first)];
    said.extend(kinds.map(|kind| say("tcp.again.then", kind)));
    style.say("tcp.again", &[("kinds", &said.join(&style.word("tcp.option.join")))])
}
