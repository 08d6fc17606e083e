//! The shape of an opening, put together segment by segment.

use super::clock::Clock;
use super::end::{End, Facts};
use super::{Handshake, HandshakeKind};
use crate::dissect::TcpFlags;
use crate::packet::{PerSide, Side};

/// Packets that a record lists of one kind.
pub(super) const LISTED: usize = 16;

/// What was seen of an opening.
#[derive(Debug, Default)]
pub(super) struct Opening {
    syn: Vec<u64>,
    syn_attempts: u32,
    syn_time: Clock,
    syn_octets: bool,
    syn_ack: Vec<u64>,
    syn_ack_time: Clock,
    /// The responder sent a SYN without ACK.
    crossed: bool,
    /// The SYN-ACK covered octets that came with the SYN.
    fast: bool,
    ack: Option<u64>,
    ack_time: Clock,
    refused: bool,
}

impl Opening {
    /// Looks at a segment of `from`, before the ends take note of it.
    pub(super) fn observe(&mut self, from: Side, own: &End, peer: &End, facts: &Facts) {
        if facts.is_syn() {
            self.syn(from, own, facts);
        } else if facts.is_syn_ack() {
            self.syn_ack(from, peer, facts);
        } else if facts.flags.has(TcpFlags::RST) {
            let answers = facts.flags.has(TcpFlags::ACK) && peer.syn_covered_by(facts.ack);
            let syn_sent = !self.syn.is_empty() && self.syn_ack.is_empty();
            self.refused |= from == Side::Responder && answers && syn_sent && !own.seen();
        } else if facts.flags.has(TcpFlags::ACK) {
            self.ack(from, peer, facts);
        }
    }

    fn syn(&mut self, from: Side, own: &End, facts: &Facts) {
        match from {
            Side::Initiator => {
                self.syn_attempts += 1;
                self.syn_time = facts.time;
                self.syn_octets |= facts.length > 0;
                list(&mut self.syn, facts.packet);
            }
            Side::Responder => {
                self.crossed |= own.isn().is_none_or(|isn| isn == facts.seq);
                list(&mut self.syn_ack, facts.packet);
            }
        }
    }

    /// A SYN-ACK counts where it acknowledges the SYN, or where the SYN was not captured.
    fn syn_ack(&mut self, from: Side, peer: &End, facts: &Facts) {
        let covered = peer.isn().map(|isn| facts.ack.distance(isn));
        if covered.is_some_and(|octets| octets < 1) || (covered != Some(1) && !self.syn_octets && peer.seen())
        {
            return;
        }
        if from == Side::Initiator {
            if self.crossed && self.ack.is_none() {
                self.complete(facts);
            }
            return;
        }
        self.fast |= self.syn_octets && covered.is_some_and(|octets| octets > 1);
        self.syn_ack_time = facts.time;
        list(&mut self.syn_ack, facts.packet);
    }

    fn ack(&mut self, from: Side, peer: &End, facts: &Facts) {
        let answered = !self.syn_ack.is_empty() && peer.isn_known && peer.syn_covered_by(facts.ack);
        if self.ack.is_none() && answered && (from == Side::Initiator || self.crossed) {
            self.complete(facts);
        }
    }

    fn complete(&mut self, facts: &Facts) {
        self.ack = Some(facts.packet);
        self.ack_time = facts.time;
    }

    /// Begins with a SYN that was seen earlier.
    pub(super) fn begin(&mut self, packet: u64, time: Clock) {
        self.syn.push(packet);
        self.syn_attempts = 1;
        self.syn_time = time;
    }

    /// The last packet with the SYN of `side`, with or without ACK.
    pub(super) fn last_syn(&self, side: Side) -> Option<u64> {
        match side {
            Side::Initiator => self.syn.last().copied(),
            Side::Responder => self.syn_ack.last().copied(),
        }
    }

    /// Whether this packet's ACK completed the opening.
    pub(super) fn is_completed_by(&self, packet: u64) -> bool {
        self.ack == Some(packet)
    }

    /// Nanoseconds from the SYN to the ACK that completed the opening.
    pub(super) fn rtt(&self) -> Option<i64> {
        self.ack_time.since(self.syn_time)
    }

    fn kind(&self) -> HandshakeKind {
        match (self.syn.is_empty(), self.syn_ack.is_empty()) {
            (false, false) if self.crossed => HandshakeKind::SimultaneousOpen,
            (false, false) if self.fast => HandshakeKind::FastOpen,
            (false, false) if self.ack.is_some() => HandshakeKind::ThreeWay,
            (false, false) => HandshakeKind::HalfOpen,
            (false, true) if self.refused => HandshakeKind::Refused,
            (false, true) => HandshakeKind::Unanswered,
            (true, _) => HandshakeKind::NotSeen,
        }
    }

    /// The record; `went_on` where the initiator or the responder sent more than the packets of an opening.
    pub(super) fn record(&self, ends: &PerSide<End>, went_on: bool) -> Handshake {
        let kind = match self.kind() {
            HandshakeKind::Unanswered if went_on => HandshakeKind::NotSeen,
            kind => kind,
        };
        Handshake {
            kind,
            syn: self.syn.clone(),
            syn_ack: self.syn_ack.clone(),
            ack: self.ack,
            syn_attempts: self.syn_attempts,
            rtt_ns: PerSide {
                initiator: self.ack_time.since(self.syn_ack_time).filter(|&ns| ns >= 0),
                responder: self.syn_ack_time.since(self.syn_time).filter(|&ns| ns >= 0),
            },
            isn: PerSide { initiator: ends.initiator.isn(), responder: ends.responder.isn() },
            offers: PerSide { initiator: ends.initiator.offer, responder: ends.responder.offer },
        }
    }
}

/// Adds a packet to a list that keeps the first few.
pub(super) fn list(packets: &mut Vec<u64>, packet: u64) {
    if packets.len() < LISTED {
        packets.push(packet);
    }
}
