//! What is odd about a segment: one function a note, each with its definition above it. The definitions are those
//! of Wireshark's documentation of TCP analysis, so that its readers find the names that they know.

use super::end::{End, Facts, Scale};
use crate::dissect::TcpFlags;
use crate::packet::{Note, Notes};

/// A segment, and both ends as they were before it.
pub(super) struct Look<'a> {
    /// The segment.
    pub(super) facts: &'a Facts,
    /// Its sender.
    pub(super) own: &'a End,
    /// Its receiver.
    pub(super) peer: &'a End,
    /// Nanoseconds that the handshake took, where it was captured.
    pub(super) rtt: Option<i64>,
}

/// Without a handshake to measure, octets that come late by less than this are out of order, not sent again.
const REORDERING_NS: i64 = 3_000_000;
/// A fast retransmission follows on the last duplicate acknowledgement within this time.
const FAST_NS: i64 = 20_000_000;

/// All notes that a segment deserves. [`Note::ReusedPorts`] is the table's to make.
pub(super) fn judge(look: &Look<'_>) -> Notes {
    let mut notes = Notes::NONE;
    let mut note = |name: Note, deserved: bool| {
        if deserved {
            notes.add(name);
        }
        deserved
    };
    if !note(Note::ZeroWindowProbe, zero_window_probe(look)) {
        note(Note::ZeroWindow, zero_window(look));
        note(Note::LostSegment, lost_segment(look));
        note(Note::KeepAlive, keep_alive(look));
        note(Note::WindowUpdate, window_update(look));
        note(Note::WindowFull, window_full(look));
        let _ = note(Note::KeepAliveAck, keep_alive_ack(look))
            || note(Note::ZeroWindowProbeAck, zero_window_probe_ack(look))
            || note(Note::DuplicateAck, duplicate_ack(look));
    }
    note(Note::AckLostSegment, ack_lost_segment(look));
    if !notes.has(Note::KeepAlive) && !notes.has(Note::ZeroWindowProbe) {
        repetition(look, &mut notes);
    }
    notes
}

/// Which kind of repetition, if any: the most telling one first.
fn repetition(look: &Look<'_>, notes: &mut Notes) {
    if spurious_retransmission(look) {
        notes.add(Note::SpuriousRetransmission);
        notes.add(Note::Retransmission);
    } else if fast_retransmission(look) {
        notes.add(Note::FastRetransmission);
        notes.add(Note::Retransmission);
    } else if out_of_order(look) {
        notes.add(Note::OutOfOrder);
    } else if retransmission(look) {
        notes.add(Note::Retransmission);
    }
}

impl Look<'_> {
    fn is_plain(&self) -> bool {
        !self.facts.opens_or_closes()
    }

    fn is_next(&self) -> bool {
        self.own.next == Some(self.facts.seq)
    }

    /// A bare acknowledgement of the same octets as the one before, at the expected place.
    fn repeats_ack(&self) -> bool {
        let same = self.own.ack == Some(self.facts.ack);
        self.facts.length == 0 && same && self.is_next() && self.is_plain()
    }

    /// Brings octets, SYN or FIN that begin before what was sent already.
    fn begins_before_next(&self) -> bool {
        let facts = self.facts;
        let Some(next) = self.own.next.filter(|&next| facts.seq.before(next)) else { return false };
        let uses_numbers = facts.next != facts.seq;
        // a longer segment at one before the next number follows on a probe or keep-alive, and is new
        let follows_probe = facts.length > 1 && facts.seq.add(1) == next;
        uses_numbers && !follows_probe
    }
}

/// One octet at the next number, while the receiver's last window was zero.
fn zero_window_probe(look: &Look<'_>) -> bool {
    look.facts.length == 1 && look.is_next() && look.peer.window == 0 && look.peer.ack.is_some()
}

/// The window is zero, and none of SYN, FIN and RST is set.
fn zero_window(look: &Look<'_>) -> bool {
    look.facts.window == 0 && look.is_plain()
}

/// Begins after the next expected number: what stands between was not captured.
fn lost_segment(look: &Look<'_>) -> bool {
    look.own.next.is_some_and(|next| look.facts.seq.after(next)) && !look.facts.flags.has(TcpFlags::RST)
}

/// 0 or 1 octets at one before the next number, and none of SYN, FIN and RST is set.
fn keep_alive(look: &Look<'_>) -> bool {
    look.facts.length <= 1 && look.own.next == Some(look.facts.seq.add(1)) && look.is_plain()
}

/// The same acknowledgement with another window, not zero.
fn window_update(look: &Look<'_>) -> bool {
    look.repeats_ack() && look.facts.window != 0 && look.facts.window != look.own.window
}

/// Its last octet is the last one that fits into the receiver's window, as the receiver last announced it.
fn window_full(look: &Look<'_>) -> bool {
    let Scale::Shift(bits) = look.peer.scale else { return false };
    let Some(ack) = look.peer.ack else { return false };
    let edge = ack.add(u32::from(look.peer.window) << bits);
    look.facts.length > 0 && look.facts.seq.add(look.facts.length) == edge && look.is_plain()
}

/// The same acknowledgement with the same window, right after the peer's keep-alive.
fn keep_alive_ack(look: &Look<'_>) -> bool {
    look.repeats_ack()
        && look.facts.window != 0
        && look.facts.window == look.own.window
        && look.peer.last_notes.has(Note::KeepAlive)
}

/// A zero window again, right after the peer's probe: the probe's octet is acknowledged or not.
fn zero_window_probe_ack(look: &Look<'_>) -> bool {
    let facts = look.facts;
    let near = look.own.ack.is_some_and(|ack| facts.ack == ack || facts.ack == ack.add(1));
    facts.length == 0
        && facts.window == 0
        && look.own.window == 0
        && look.is_next()
        && near
        && look.is_plain()
        && look.peer.last_notes.has(Note::ZeroWindowProbe)
}

/// The same acknowledgement with the same window, not zero, and no octets.
fn duplicate_ack(look: &Look<'_>) -> bool {
    look.repeats_ack() && look.facts.window != 0 && look.facts.window == look.own.window
}

/// Acknowledges octets beyond those that came without a hole. Where later ones came it is said once a hole; where none
/// came, once until their sender acknowledges something new, as every later acknowledgement would repeat it.
fn ack_lost_segment(look: &Look<'_>) -> bool {
    let peer = look.peer;
    let beyond = peer.contiguous.is_some_and(|seq| look.facts.ack.after(seq));
    let told = peer.contiguous == peer.next && (peer.loss_told || peer.duplicate_acks > 0);
    look.facts.flags.has(TcpFlags::ACK) && beyond && !told
}

/// Brings octets that the peer has acknowledged already, to the last one.
fn spurious_retransmission(look: &Look<'_>) -> bool {
    let end = look.facts.seq.add(look.facts.length);
    look.facts.length > 0 && look.peer.ack.is_some_and(|ack| end.at_or_before(ack))
}

/// Begins where at least two duplicate acknowledgements asked for it, within 20 ms of the last of them.
fn fast_retransmission(look: &Look<'_>) -> bool {
    look.begins_before_next()
        && look.peer.duplicate_acks >= 2
        && look.peer.ack == Some(look.facts.seq)
        && look.facts.time.since(look.peer.ack_time).is_some_and(|ns| ns < FAST_NS)
}

/// Begins before the next number, was not seen before with these bounds, and comes so soon after the highest number that its sender
/// cannot have missed an acknowledgement: within the handshake's round trip, or 3 ms where that is not known.
fn out_of_order(look: &Look<'_>) -> bool {
    let soon = look.rtt.filter(|&ns| ns > 0).unwrap_or(REORDERING_NS);
    look.begins_before_next()
        && look.facts.time.since(look.own.next_time).is_some_and(|ns| ns < soon)
        && look.own.next != Some(look.facts.next)
        && !look.own.traffic.as_ref().is_some_and(|t| t.carried(look.facts.seq, look.facts.next))
}

/// Begins before the next number.
fn retransmission(look: &Look<'_>) -> bool {
    look.begins_before_next()
}

/// What the sender's end remembers of a segment for the notes to come.
pub(super) fn remember(own: &mut End, peer: &mut End, facts: &Facts, notes: Notes) {
    let probe = notes.has(Note::ZeroWindowProbe);
    if own.ack == Some(facts.ack) {
        own.duplicate_acks += u32::from(notes.has(Note::DuplicateAck));
    } else {
        own.duplicate_acks = 0;
        own.loss_told = false;
    }
    if notes.has(Note::ZeroWindowProbeAck) && own.ack != Some(facts.ack) {
        peer.next = peer.next.map(|next| next.add(1));
        peer.contiguous = peer.contiguous.map(|next| next.add(1));
    }
    if notes.has(Note::AckLostSegment) {
        peer.loss_told |= peer.contiguous == peer.next;
        peer.contiguous = peer.next;
    }
    if !probe {
        if own.next.is_none_or(|next| facts.next.after(next)) {
            own.next = Some(facts.next);
            own.next_time = facts.time;
        }
        // once the first hole is filled, all that was sent may be acknowledged
        if own.contiguous.is_none_or(|next| next == facts.seq) {
            own.contiguous = own.next;
        }
    }
    own.window = facts.window;
    // without ACK the field means nothing: an answer to an ISN of 0xFFFFFFFF acknowledges 0 for the first time
    if facts.flags.has(TcpFlags::ACK) {
        own.ack = Some(facts.ack);
    }
    own.ack_time = facts.time;
    own.last_notes = notes;
}
