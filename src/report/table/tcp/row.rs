//! One segment of a story.

use super::flaw::Flaw;
use crate::dissect::{TcpFlags, TcpSegment};
use crate::flow::{Connection, HandshakeKind, Place, Step, TcpState};
use crate::packet::{Note, Side, Timestamp};
use crate::report::PacketEvent;

/// What a story keeps of a segment.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row {
    pub(super) packet: u64,
    pub(super) time: Option<Timestamp>,
    pub(super) place: Place,
    pub(super) flags: TcpFlags,
    /// Numbers as they stand in the header.
    pub(super) seq: u32,
    pub(super) ack: u32,
    pub(super) length: u32,
    /// Blocks of a selective acknowledgement, less the peer's ISN.
    pub(super) sack: [Option<(u32, u32)>; 4],
    /// An end is in another state than after the row before.
    pub(super) changes_state: bool,
    /// A checksum that does not match.
    pub(super) flaw: Option<Flaw>,
    /// A bit for each kind of option below 64.
    options: u64,
}

impl Row {
    /// Of a segment that was put in its place.
    pub(super) fn new(event: &PacketEvent<'_>, place: &Place, segment: &TcpSegment<'_>) -> Self {
        let base = segment.ack.0.wrapping_sub(place.relative_ack.unwrap_or(segment.ack.0));
        let mut blocks = segment.options.sack_blocks();
        let sack = std::array::from_fn(|_| {
            blocks.next().map(|(left, right)| (left.0.wrapping_sub(base), right.0.wrapping_sub(base)))
        });
        let kinds = segment.options.iter().filter_map(|option| option.first()).filter(|kind| **kind < 64);
        Self {
            packet: event.frame.number,
            time: event.frame.time,
            place: *place,
            flags: segment.flags,
            seq: segment.seq.0,
            ack: segment.ack.0,
            length: segment.payload_length,
            sack,
            changes_state: false,
            flaw: Flaw::of(event.dissection),
            options: kinds.fold(0, |bits, kind| bits | 1 << kind),
        }
    }

    /// Whether it has an option of this kind.
    pub(super) fn has_option(&self, kind: u8) -> bool {
        kind < 64 && self.options & 1 << kind != 0
    }

    /// Data or an acknowledgement, and nothing odd about it.
    pub(super) fn is_plain(&self) -> bool {
        let odd = self.changes_state || self.wraps() || self.place.conflicts || self.place.challenge;
        !self.shapes() && self.place.notes.is_empty() && self.place.copy_of.is_none() && !odd
    }

    /// Opens or closes the connection, or tries to.
    pub(super) fn shapes(&self) -> bool {
        !matches!(self.place.step, Step::Data | Step::Ack)
    }

    /// A SYN-ACK that covers more than the SYN (RFC 7413).
    pub(super) fn covers_early_octets(&self) -> bool {
        self.place.relative_ack.is_some_and(|ack| ack > 1)
    }

    /// Whether both ends were done after it.
    pub(super) fn is_over(&self) -> bool {
        let done =
            |state: &TcpState| matches!(state, TcpState::Closed | TcpState::LastAck | TcpState::TimeWait);
        done(&self.place.states.initiator) && done(&self.place.states.responder)
    }

    /// A RST right behind a SYN-ACK whose SYN was not captured.
    pub(super) fn turns_down_unasked(&self, c: &Connection, before: Option<&Row>) -> bool {
        let behind = before.is_some_and(|r| r.place.step == Step::SynAck && r.place.from != self.place.from);
        behind && c.handshake.syn.is_empty()
    }

    /// Its sequence numbers pass 2^32.
    pub(super) fn wraps(&self) -> bool {
        self.seq.checked_add(self.length).is_none()
    }

    /// Closes its sender's direction.
    pub(super) fn is_fin(&self) -> bool {
        self.flags.has(TcpFlags::FIN) && self.place.copy_of.is_none()
    }

    /// Brings octets that were sent before.
    pub(super) fn is_sent_again(&self) -> bool {
        self.place.notes.has(Note::Retransmission) && !self.flags.has(TcpFlags::SYN)
    }
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
