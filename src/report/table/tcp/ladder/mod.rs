//! A ladder diagram: the two ends as uprights, segments as rungs; as text for a terminal, and as SVG.

mod svg;
mod text;

use std::collections::BTreeSet;

use super::super::style::Style;
use super::row::{Row, state};
use crate::dissect::TcpFlags;
use crate::flow::{Connection, HandshakeKind, Step};
use crate::packet::{Note, PerSide, Side};
use crate::report::info;
pub(in crate::report::table) use svg::Svg;
pub(super) use svg::draw;
pub(super) use text::push;

/// What stands between the uprights.
enum Item {
    Rung(Rung),
    /// So many segments that are not drawn.
    Skipped(usize),
}

/// One segment.
struct Rung {
    packet: u64,
    /// Nanoseconds since the first segment.
    at: Option<i64>,
    from: Side,
    fate: Fate,
    label: String,
    /// State of each end after it, where it has changed.
    states: PerSide<Option<&'static str>>,
}

/// What became of a segment, as far as the capture shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// Nothing speaks against its arrival.
    Arrived,
    /// It had to be sent again.
    Lost,
    /// It brings octets that were sent before.
    Again,
}

/// The states before the first segment, where that is a SYN.
fn states_before(c: &Connection, rows: &[Row]) -> Option<PerSide<&'static str>> {
    let responder = match c.handshake.kind {
        HandshakeKind::Refused => "CLOSED",
        HandshakeKind::SimultaneousOpen => "",
        HandshakeKind::Unanswered => "?",
        _ => "LISTEN",
    };
    let opens = rows.first().is_some_and(|row| row.place.step == Step::Syn);
    opens.then_some(PerSide { initiator: "CLOSED", responder })
}

/// Whether anything is worth a ladder.
fn has_shape(rows: &[Row]) -> bool {
    rows.iter().any(Row::shapes)
}

/// The rungs: what opens and closes, then losses and repairs, `most` of them; what stands between is counted.
fn items(style: &Style, c: &Connection, rows: &[Row], most: usize) -> Vec<Item> {
    let lost: BTreeSet<u64> =
        rows.iter().filter(|row| repairs(row)).filter_map(|row| row.place.repeats).collect();
    let fate = |row: &Row| match row {
        row if row.is_sent_again() => Fate::Again,
        row if lost.contains(&row.packet) => Fate::Lost,
        _ => Fate::Arrived,
    };
    let mut drawn: BTreeSet<u64> =
        rows.iter().filter(|row| row.shapes()).map(|r| r.packet).take(most).collect();
    let others = rows.iter().filter(|row| !row.shapes() && (fate(row) != Fate::Arrived || is_odd(row)));
    drawn.extend(others.map(|row| row.packet).take(most - drawn.len()));

    let begin = rows.first().and_then(|row| row.time);
    let (mut items, mut skipped) = (Vec::new(), 0);
    let mut before = PerSide { initiator: "", responder: "" };
    for row in rows {
        if !drawn.contains(&row.packet) {
            skipped += 1;
            continue;
        }
        if skipped > 0 {
            items.push(Item::Skipped(std::mem::take(&mut skipped)));
        }
        let after = PerSide {
            initiator: state(c, &row.place, Side::Initiator),
            responder: state(c, &row.place, Side::Responder),
        };
        let changed = |side| Some(*after.of(side)).filter(|state| state != before.of(side));
        items.push(Item::Rung(Rung {
            packet: row.packet,
            at: row.time.zip(begin).map(|(time, begin)| time.nanos() - begin.nanos()),
            from: row.place.from,
            fate: fate(row),
            label: label(style, c, row),
            states: PerSide { initiator: changed(Side::Initiator), responder: changed(Side::Responder) },
        }));
        before = after;
    }
    if skipped > 0 {
        items.push(Item::Skipped(skipped));
    }
    items
}

/// Brings again what had not arrived.
fn repairs(row: &Row) -> bool {
    row.is_sent_again() && !row.place.notes.has(Note::SpuriousRetransmission)
}

/// Shows a loss, or a window that is shut.
fn is_odd(row: &Row) -> bool {
    let odd = [Note::LostSegment, Note::OutOfOrder, Note::ZeroWindow, Note::WindowFull];
    odd.into_iter().any(|note| row.place.notes.has(note))
}

/// `SYN seq=0 mss=1460`, and what is odd about it.
fn label(style: &Style, c: &Connection, row: &Row) -> String {
    let mut text = String::new();
    info::write_flags(row.flags, &mut text);
    text.push_str(&format!(" seq={}", row.place.relative_seq));
    if let Some(ack) = row.place.relative_ack {
        text.push_str(&format!(" ack={ack}"));
    }
    if row.length > 0 {
        text.push_str(&format!(" len={}", row.length));
    }
    let offer = c.handshake.offers.of(row.place.from).filter(|_| row.flags.has(TcpFlags::SYN));
    if let Some(mss) = offer.and_then(|offer| offer.mss) {
        text.push_str(&format!(" mss={mss}"));
    }
    let note = [Note::FastRetransmission, Note::SpuriousRetransmission, Note::Retransmission]
        .into_iter()
        .chain([Note::LostSegment, Note::OutOfOrder, Note::ZeroWindow, Note::WindowFull])
        .find(|note| row.place.notes.has(*note) && !row.flags.has(TcpFlags::SYN));
    if let Some(note) = note {
        text.push_str(&format!(" ({})", style.word(&format!("note.name.{}", note.name()))));
    }
    text
}
