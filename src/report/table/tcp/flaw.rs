//! Segments that were damaged on the way: checksums and frame check sequences that do not match.

use super::super::style::{Style, Tone};
use super::row::Row;
use crate::dissect::{Checksum, Dissection, FcsState};
use crate::packet::Side;

/// What does not match.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flaw {
    /// The frame check sequence.
    Fcs,
    /// The checksum of the IPv4 header.
    Ipv4,
    /// The TCP checksum.
    Tcp,
}

impl Flaw {
    /// What does not match in a packet, the outermost first.
    pub(super) fn of(dissection: &Dissection<'_>) -> Option<Self> {
        let bad = |checksum| checksum == Some(Checksum::Bad);
        if dissection.fcs.is_some_and(|fcs| fcs.state == FcsState::Bad) {
            Some(Flaw::Fcs)
        } else if bad(dissection.checksums.ipv4) {
            Some(Flaw::Ipv4)
        } else {
            bad(dissection.checksums.tcp).then_some(Flaw::Tcp)
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Flaw::Fcs => "fcs",
            Flaw::Ipv4 => "ipv4",
            Flaw::Tcp => "tcp",
        }
    }
}

/// Whether the flaw says something of this segment: where most segments of its sender have one, the network card was
/// still to make the checksum.
pub(super) fn is_telling(rows: &[Row], side: Side) -> bool {
    let of_side = || rows.iter().filter(|row| row.place.from == side);
    2 * of_side().filter(|row| row.flaw.is_some()).count() < of_side().count()
}

/// What the flaw of one segment means; `arrived` is the packet that acknowledged it all the same.
pub(super) fn meaning(style: &Style, flaw: Flaw, arrived: Option<u64>) -> String {
    let name = flaw.name();
    match arrived {
        Some(packet) => style.say(&format!("tcp.flaw.{name}_arrived"), &[("packet", &packet)]),
        None => style.word(&format!("tcp.flaw.{name}")),
    }
}

/// Segments behind one among which its acknowledgement is looked for.
const LOOKED_AHEAD: usize = 64;

/// The packet that acknowledges a segment before it is sent again: what the receiver got was whole.
pub(super) fn arrived(rows: &[Row], row: &Row) -> Option<u64> {
    let next = row.place.relative_seq.wrapping_add(row.length).wrapping_add(u32::from(row.shapes()));
    let at = rows.partition_point(|earlier| earlier.packet <= row.packet);
    let behind = rows.iter().skip(at).take(LOOKED_AHEAD);
    let again = |r: &&Row| {
        r.place.from == row.place.from && r.is_sent_again() && r.place.relative_seq <= row.place.relative_seq
    };
    let covers =
        |r: &&Row| r.place.from != row.place.from && r.place.relative_ack.is_some_and(|ack| ack >= next);
    let mut behind = behind.take_while(|r| !again(r));
    behind.find(covers).filter(|_| row.length > 0).map(|r| r.packet)
}

/// Appends, for each sender whose segments mostly do not match, why that may be.
pub(super) fn push(style: &Style, out: &mut String, rows: &[Row]) {
    for side in [Side::Initiator, Side::Responder] {
        let mut flawed = rows.iter().filter(|row| row.place.from == side && row.flaw.is_some());
        let Some(first) = flawed.next().filter(|_| !is_telling(rows, side)) else { continue };
        let who = style.word(&format!("tcp.side.{}", side.name()));
        let values: [(&str, &dyn std::fmt::Display); 3] =
            [("who", &who), ("count", &(flawed.count() + 1)), ("packet", &first.packet)];
        style.paragraph(out, Tone::Warn, &style.say("tcp.flaw.offload", &values), 2);
    }
}
