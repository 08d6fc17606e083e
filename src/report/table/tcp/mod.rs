//! `tcp`: connections, and the story of a chosen one, segment by segment.

mod figures;

use std::collections::BTreeMap;
use std::io::{self, Write};

use comfy_table::{ColumnConstraint, Table};

use super::ladder;
use super::osi::units;
use super::packets::arrow;
use super::style::{Style, Tone};
use super::time::{duration, milliseconds};
use crate::dissect::{TcpFlags, Transport};
use crate::flow::{Connection, HandshakeKind, Place, RoleBasis, Step, TcpState, TeardownKind};
use crate::packet::{Note, Protocol, Side, Timestamp};
use crate::report::tally::Tally;
use crate::report::{Options, PacketEvent, Sink, Summary, info};

/// Connections that the list names; the others are counted.
const LISTED: usize = 1000;
/// Segments that the story of one connection keeps.
const ROWS: usize = 400;
/// Columns of a terminal from which on both states stand beside each other.
const WIDE: usize = 120;
/// Connections whose story is told when none is chosen, if there are no more than these.
const FEW: u64 = 3;

/// One segment of a story.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row {
    pub(super) packet: u64,
    pub(super) time: Option<Timestamp>,
    pub(super) place: Place,
    pub(super) flags: TcpFlags,
    seq: u32,
    pub(super) length: u32,
}

/// Collects connections and the segments of a few of them.
pub(super) struct Tcp {
    out: Box<dyn Write>,
    style: Style,
    chosen: Option<u64>,
    rows: BTreeMap<u64, Vec<Row>>,
    rows_left_out: BTreeMap<u64, u64>,
    connections: Vec<(Connection, Option<Protocol>)>,
    tally: Tally,
}

impl Tcp {
    pub(super) fn new(options: &Options, out: Box<dyn Write>) -> Self {
        Self {
            out,
            style: Style::new(options),
            chosen: options.stream,
            rows: BTreeMap::new(),
            rows_left_out: BTreeMap::new(),
            connections: Vec::new(),
            tally: Tally::default(),
        }
    }

    fn wants(&self, stream: u64) -> bool {
        self.chosen.map_or(stream < FEW, |chosen| chosen == stream)
    }

    /// How all the connections opened and closed.
    fn totals(&self, out: &mut String) {
        let style = &self.style;
        if self.tally.connections < 2 {
            return;
        }
        let kinds = |room: &str, counts: &BTreeMap<&'static str, u64>| {
            let each = counts
                .iter()
                .map(|(name, count)| format!("{} {count}", style.word(&format!("tcp.{room}.{name}"))));
            each.collect::<Vec<_>>().join(", ")
        };
        let values: [(&str, &dyn std::fmt::Display); 3] = [
            ("count", &units(style, "connection", self.tally.connections)),
            ("opened", &kinds("handshake", &self.tally.handshakes)),
            ("closed", &kinds("teardown", &self.tally.teardowns)),
        ];
        style.paragraph(out, Tone::Quiet, &style.say("tcp.totals", &values), 2);
    }

    fn story(&self, out: &mut String, c: &Connection) {
        let style = &self.style;
        let roles = match c.roles {
            RoleBasis::Observed => "tcp.roles.observed",
            RoleBasis::Inferred => "tcp.roles.inferred",
        };
        let values: [(&str, &dyn std::fmt::Display); 4] = [
            ("stream", &c.stream),
            ("initiator", &c.endpoints.initiator),
            ("responder", &c.endpoints.responder),
            ("roles", &style.word(roles)),
        ];
        style.heading(out, &style.say("tcp.story", &values));
        out.push('\n');
        let rows = self.rows.get(&c.stream).map_or(&[][..], Vec::as_slice);
        ladder::push(style, out, c, rows);
        out.push('\n');
        let mut table = style.grid(&["packet", "delta", "direction", "segment", "states", "means"]);
        for (at, bound) in [(3, 18), (4, if style.width < WIDE { 15 } else { 28 })] {
            if let Some(column) = table.column_mut(at) {
                column.set_constraint(ColumnConstraint::UpperBoundary(comfy_table::Width::Fixed(bound)));
            }
        }
        let mut before = None;
        let mut rest = rows;
        while let Some(row) = rest.first() {
            let fold = rest.iter().take_while(|r| is_plain(r)).count();
            if fold > 3 {
                self.folded(&mut table, &rest[..fold]);
                before = rest.get(fold - 1);
                rest = &rest[fold..];
                continue;
            }
            self.row(&mut table, c, row, before);
            before = Some(row);
            rest = &rest[1..];
        }
        style.push_grid(out, &table);
        out.push('\n');
        figures::push(style, out, c);
        if let Some(left) = self.rows_left_out.get(&c.stream) {
            style.paragraph(out, Tone::Quiet, &style.say("tcp.rows_left_out", &[("count", left)]), 2);
        }
    }

    fn folded(&self, table: &mut Table, rows: &[Row]) {
        let sum = |side| {
            rows.iter().filter(|r| r.place.from == side).map(|r| u64::from(r.place.new_octets)).sum::<u64>()
        };
        let (there, back) = (sum(Side::Initiator), sum(Side::Responder));
        let text =
            self.style.say("tcp.folded", &[("count", &rows.len()), ("there", &there), ("back", &back)]);
        table.add_row(vec![
            self.style.number("…"),
            self.style.cell(Tone::Plain, ""),
            self.style.cell(Tone::Plain, "↔"),
            self.style.cell(Tone::Plain, ""),
            self.style.cell(Tone::Plain, ""),
            self.style.cell(Tone::Quiet, text),
        ]);
    }

    fn row(&self, table: &mut Table, c: &Connection, row: &Row, before: Option<&Row>) {
        let style = &self.style;
        let mut segment = String::new();
        info::write_flags(row.flags, &mut segment);
        segment.push_str(&format!(" {}", row.place.relative_seq));
        if let Some(ack) = row.place.relative_ack {
            segment.push_str(&format!(", {ack}"));
        }
        if row.length > 0 {
            segment.push_str(&format!(" +{}", row.length));
        }
        let changed = before.is_none_or(|before| before.place.states != row.place.states);
        let states = if changed {
            let blank = if style.width < WIDE { '\n' } else { ' ' };
            format!(
                "{} /{blank}{}",
                state(c, &row.place, Side::Initiator),
                state(c, &row.place, Side::Responder)
            )
        } else {
            String::new()
        };
        let tone = if row.place.notes.is_empty() { Tone::Plain } else { Tone::Warn };
        table.add_row(vec![
            style.number(row.packet),
            style.number(milliseconds(before.map_or(row.time, |before| before.time), row.time)),
            style.cell(Tone::Plain, arrow(row.place.from)),
            style.cell(Tone::Transport, segment),
            style.cell(Tone::Plain, states),
            style.cell(tone, self.meaning(c, row, before)),
        ]);
    }

    fn meaning(&self, c: &Connection, row: &Row, before: Option<&Row>) -> String {
        let place = &row.place;
        let again = place.notes.has(Note::Retransmission);
        let refused = c.handshake.kind == HandshakeKind::Refused;
        let step = match place.step {
            Step::Syn if again => "syn_again",
            Step::Reset if refused => "refused",
            Step::Syn => "syn",
            Step::SynAck => "syn_ack",
            Step::HandshakeAck => "handshake_ack",
            Step::Data => "data",
            Step::Ack => "ack",
            Step::FirstFin => "first_fin",
            Step::SecondFin => "second_fin",
            Step::FinAck => "fin_ack",
            Step::Reset => "reset",
        };
        let key = match (place.step, place.acknowledges) {
            (Step::SynAck | Step::HandshakeAck | Step::Ack | Step::FinAck, None) => {
                format!("tcp.step.{step}_unseen")
            }
            _ => format!("tcp.step.{step}"),
        };
        let ack = place.relative_ack.unwrap_or(0);
        let values: [(&str, &dyn std::fmt::Display); 6] = [
            ("isn", &row.seq),
            ("ack", &ack),
            ("before", &ack.saturating_sub(1)),
            ("packet", &place.acknowledges.unwrap_or(0)),
            ("octets", &row.length),
            ("seq", &place.relative_seq),
        ];
        let mut text = self.notes(row, ack);
        // What is remarkable about an ACK says all there is to say.
        if text.is_empty() || place.step != Step::Ack {
            let step = self.style.say(&key, &values);
            text = if text.is_empty() { step } else { format!("{step} · {text}") };
        }
        if place.step == Step::HandshakeAck {
            self.scaling(&mut text, c);
        }
        self.time_wait(&mut text, c, row, before);
        text
    }

    /// What is remarkable about the segment.
    fn notes(&self, row: &Row, ack: u32) -> String {
        let place = &row.place;
        let closer =
            place.notes.has(Note::FastRetransmission) || place.notes.has(Note::SpuriousRetransmission);
        let mut all = Vec::new();
        for note in place.notes.iter() {
            // A SYN sent again says so itself, and the SYN ACK of a simultaneous opening has to repeat the SYN.
            let told = closer || matches!(place.step, Step::Syn | Step::SynAck);
            if note == Note::Retransmission && told {
                continue;
            }
            let values: [(&str, &dyn std::fmt::Display); 4] = [
                ("packet", &place.repeats.unwrap_or(0)),
                ("seq", &place.relative_seq),
                ("ack", &ack),
                ("octets", &row.length),
            ];
            let name = note.name();
            let unseen = format!("note.{name}_unseen");
            let said = match (place.repeats, self.style.find(&unseen)) {
                (None, Some(_)) => self.style.say(&unseen, &values),
                _ => self.style.say(&format!("note.{name}"), &values),
            };
            all.push(said);
        }
        all.join(" · ")
    }

    /// Why an end that has just come to TIME-WAIT waits there.
    fn time_wait(&self, text: &mut String, c: &Connection, row: &Row, before: Option<&Row>) {
        for side in [Side::Initiator, Side::Responder] {
            let waits = |row: &Row| *row.place.states.of(side) == TcpState::TimeWait;
            if !waits(row) || before.is_some_and(waits) {
                continue;
            }
            let key = match c.teardown.kind {
                TeardownKind::Simultaneous => "tcp.time_wait.both",
                _ if c.teardown.first == Some(side) => "tcp.time_wait.first",
                _ => "tcp.time_wait",
            };
            let who = self.style.word(&format!("tcp.side.{}", side.name()));
            text.push_str(" · ");
            text.push_str(&self.style.say(key, &[("who", &who)]));
        }
    }

    /// What came of both ends' offers.
    fn scaling(&self, text: &mut String, c: &Connection) {
        let (Some(a), Some(b)) = (c.handshake.offers.initiator, c.handshake.offers.responder) else { return };
        let key = if a.window_scale.is_some() && b.window_scale.is_some() {
            "tcp.scaled"
        } else {
            "tcp.not_scaled"
        };
        text.push_str(" · ");
        let values: [(&str, &dyn std::fmt::Display); 4] = [
            ("mss_there", &b.mss.unwrap_or(536)),
            ("mss_back", &a.mss.unwrap_or(536)),
            ("a", &a.window_scale.unwrap_or(0)),
            ("b", &b.window_scale.unwrap_or(0)),
        ];
        text.push_str(&self.style.say(key, &values));
    }
}

impl Sink for Tcp {
    fn packet(&mut self, event: &PacketEvent<'_>) -> io::Result<()> {
        let (Some(place), Transport::Tcp(segment)) = (event.place, &event.dissection.transport) else {
            return Ok(());
        };
        if !self.wants(place.stream) {
            return Ok(());
        }
        let rows = self.rows.entry(place.stream).or_default();
        let shapes = !matches!(place.step, Step::Data | Step::Ack);
        if rows.len() >= if shapes { ROWS } else { ROWS / 2 } {
            *self.rows_left_out.entry(place.stream).or_default() += 1;
            return Ok(());
        }
        rows.push(Row {
            packet: event.frame.number,
            time: event.frame.time,
            place: *place,
            flags: segment.flags,
            seq: segment.seq.0,
            length: segment.payload_length,
        });
        Ok(())
    }

    fn connection(&mut self, connection: &Connection, application: Option<Protocol>) -> io::Result<()> {
        if self.chosen.is_some_and(|chosen| chosen != connection.stream) {
            return Ok(());
        }
        self.tally.connection(connection);
        if self.connections.len() < LISTED {
            self.connections.push((connection.clone(), application));
        }
        Ok(())
    }

    fn finish(&mut self, _summary: &Summary) -> io::Result<()> {
        self.connections.sort_by_key(|(c, _)| c.stream);
        let mut out = String::new();
        list(&self.style, &mut out, &self.connections, self.tally.connections);
        self.totals(&mut out);
        remarks(&self.style, &mut out, &self.connections);
        if self.chosen.is_some() || self.tally.connections <= FEW {
            for (connection, _) in &self.connections {
                self.story(&mut out, connection);
            }
        }
        self.out.write_all(out.as_bytes())?;
        self.out.flush()
    }
}

fn is_plain(row: &Row) -> bool {
    matches!(row.place.step, Step::Data | Step::Ack)
        && row.place.notes.is_empty()
        && row.place.copy_of.is_none()
}

/// The state of an end in the spelling of RFC 9293. An end that never said a word is in none that is known,
/// and one that refuses a connection has none (`CLOSED`).
pub(super) fn state(c: &Connection, place: &Place, side: Side) -> &'static str {
    match (c.handshake.kind, side) {
        (HandshakeKind::Refused, Side::Responder) => return "CLOSED",
        (HandshakeKind::Unanswered, Side::Responder) => return "?",
        _ => {}
    }
    match place.states.of(side) {
        TcpState::Closed => "CLOSED",
        TcpState::Listen => "LISTEN",
        TcpState::SynSent => "SYN-SENT",
        TcpState::SynReceived => "SYN-RECEIVED",
        TcpState::Established => "ESTABLISHED",
        TcpState::FinWait1 => "FIN-WAIT-1",
        TcpState::FinWait2 => "FIN-WAIT-2",
        TcpState::CloseWait => "CLOSE-WAIT",
        TcpState::Closing => "CLOSING",
        TcpState::LastAck => "LAST-ACK",
        TcpState::TimeWait => "TIME-WAIT",
        TcpState::Unknown => "?",
    }
}

/// The list of connections, with a line for those that are not in it.
pub(super) fn list(
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
    style.push_grid(out, &table);
    let more = total.saturating_sub(connections.len() as u64);
    if more > 0 {
        style.paragraph(out, Tone::Quiet, &style.say("view.more", &[("count", &more)]), 2);
    }
}

/// What is remarkable about each connection, one line each.
fn remarks(style: &Style, out: &mut String, connections: &[(Connection, Option<Protocol>)]) {
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
pub(super) fn note_count(style: &Style, note: Note, count: u64) -> String {
    let name = style.word(&format!("note.name.{}", note.name()));
    style.say("tcp.note_count", &[("count", &count), ("name", &name)])
}
