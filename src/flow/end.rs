//! One end of a connection: what it sent last, and what it is waiting for.

use std::collections::VecDeque;

use super::clock::Clock;
use super::figures::Meter;
use super::reassembly::Stream;
use super::{Offer, Reset, TcpState};
use crate::dissect::{TcpFlags, TcpSegment};
use crate::packet::{Notes, Seq};

/// The numbers of one segment, without its octets.
#[derive(Debug, Clone, Copy)]
pub(super) struct Facts {
    /// The packet that carries it.
    pub(super) packet: u64,
    /// When it was captured.
    pub(super) time: Clock,
    /// Sequence number.
    pub(super) seq: Seq,
    /// The number after its last one, SYN and FIN counted.
    pub(super) next: Seq,
    /// Acknowledgement number as it stands in the header, with or without ACK.
    pub(super) ack: Seq,
    /// Control bits.
    pub(super) flags: TcpFlags,
    /// Window, not scaled.
    pub(super) window: u16,
    /// Octets of payload.
    pub(super) length: u32,
}

impl Facts {
    /// Of a segment.
    pub(super) fn of(segment: &TcpSegment<'_>, packet: u64, time: Clock) -> Self {
        Self {
            packet,
            time,
            seq: segment.seq,
            next: segment.seq.add(segment.sequence_length()),
            ack: segment.ack,
            flags: segment.flags,
            window: segment.window,
            length: segment.payload_length,
        }
    }

    /// SYN without ACK.
    pub(super) fn is_syn(&self) -> bool {
        self.flags.has(TcpFlags::SYN) && !self.flags.has(TcpFlags::ACK)
    }

    /// SYN, and nothing that needs more room than its numbers.
    pub(super) fn is_lone_syn(&self) -> bool {
        self.is_syn() && self.length == 0 && !self.flags.any(TcpFlags::FIN | TcpFlags::RST)
    }

    /// SYN with ACK.
    pub(super) fn is_syn_ack(&self) -> bool {
        self.flags.has(TcpFlags::SYN | TcpFlags::ACK)
    }

    /// An ACK, and nothing more.
    pub(super) fn is_bare_ack(&self) -> bool {
        self.flags.has(TcpFlags::ACK) && self.length == 0 && !self.opens_or_closes()
    }

    /// Any of SYN, FIN and RST.
    pub(super) fn opens_or_closes(&self) -> bool {
        self.flags.any(TcpFlags::SYN | TcpFlags::FIN | TcpFlags::RST)
    }

    /// Number of the first octet of payload: a SYN stands before it.
    pub(super) fn first_octet(&self) -> Seq {
        self.seq.add(u32::from(self.flags.has(TcpFlags::SYN)))
    }
}

/// How far an end's windows are to be shifted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Scale {
    /// Its SYN was not captured.
    #[default]
    Unknown,
    /// By so many bits (RFC 7323 section 2.2; 0 where either SYN lacks the option).
    Shift(u8),
}

/// A segment that was sent and is not acknowledged yet.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sent {
    /// Its first sequence number.
    pub(super) seq: Seq,
    /// The number after its last.
    pub(super) next: Seq,
    /// The packet that carried it.
    pub(super) packet: u64,
    /// When it was captured.
    pub(super) time: Clock,
    /// It was sent before.
    pub(super) again: bool,
}

/// What an end needs once it has sent anything beyond its SYN.
#[derive(Debug, Default)]
pub(super) struct Traffic {
    /// Its octets.
    pub(super) stream: Stream,
    /// What is not acknowledged yet, in the order of sending.
    sent: VecDeque<Sent>,
    /// The peer's last acknowledgement, once the connection was open.
    pub(super) acknowledged: Option<Seq>,
    /// The packet that the last acknowledgement covered last.
    covered: Option<u64>,
    /// Its figures.
    pub(super) meter: Meter,
}

impl Traffic {
    /// Segments that are remembered until they are acknowledged.
    const SENT: usize = 256;

    /// Remembers a segment.
    pub(super) fn remember(&mut self, sent: Sent) {
        if self.sent.len() >= Self::SENT {
            self.sent.pop_front();
        }
        self.sent.push_back(sent);
    }

    /// Forgets what `ack` covers, and returns the packet that it covers last.
    pub(super) fn acknowledge(&mut self, ack: Seq, time: Clock) -> Option<u64> {
        let mut best: Option<Sent> = None;
        let mut again = false;
        while let Some(first) = self.sent.front().filter(|s| s.next.at_or_before(ack)) {
            again |= first.again;
            // of several copies the first one counts: the others came in vain, or the holes tell
            if best.is_none_or(|b| first.next.after(b.next)) {
                best = Some(*first);
            }
            self.sent.pop_front();
        }
        let rtt = best.filter(|_| !again).and_then(|sent| time.since(sent.time)).filter(|&ns| ns >= 0);
        if let Some(rtt) = rtt {
            self.meter.acknowledged(rtt);
        }
        let partly = self.sent.front().filter(|s| s.seq.before(ack));
        self.covered = partly.or(best.as_ref()).map(|s| s.packet).or(self.covered);
        self.covered
    }

    /// The first packet that sent any of the numbers from `seq` up to `next`.
    pub(super) fn sender_of(&self, seq: Seq, next: Seq) -> Option<u64> {
        self.sent.iter().find(|s| s.seq.before(next) && s.next.after(seq)).map(|s| s.packet)
    }

    /// Whether a segment that waits for its acknowledgement carried the numbers from `seq` up to `next`, no more and
    /// no less.
    pub(super) fn carried(&self, seq: Seq, next: Seq) -> bool {
        self.sent.iter().any(|s| (s.seq, s.next) == (seq, next))
    }
}

/// One end of a connection.
#[derive(Debug, Default)]
pub(super) struct End {
    /// Packets sent.
    pub(super) packets: u64,
    /// When `next` last grew.
    pub(super) next_time: Clock,
    /// When the last acknowledgement was sent.
    pub(super) ack_time: Clock,
    /// What it sent beyond its SYN.
    pub(super) traffic: Option<Box<Traffic>>,
    /// Its ISN, or the number before the first one seen.
    pub(super) base: Option<Seq>,
    /// The number after the highest one sent.
    pub(super) next: Option<Seq>,
    /// The number up to which nothing is missing, as the notes see it.
    pub(super) contiguous: Option<Seq>,
    /// The last acknowledgement number.
    pub(super) ack: Option<Seq>,
    /// The number after its FIN.
    pub(super) fin: Option<Seq>,
    /// Duplicate acknowledgements in a row.
    pub(super) duplicate_acks: u32,
    /// What its SYN offered.
    pub(super) offer: Option<Offer>,
    /// The last window, not scaled.
    pub(super) window: u16,
    /// The notes of its last segment.
    pub(super) last_notes: Notes,
    /// Shift of its windows.
    pub(super) scale: Scale,
    /// State.
    pub(super) state: TcpState,
    /// `base` is the ISN.
    pub(super) isn_known: bool,
    /// Its FIN is acknowledged.
    pub(super) fin_acked: bool,
    /// The peer can act on its FIN: nothing before it is missing.
    pub(super) fin_heard: bool,
    /// It was said that the peer acknowledged octets of this end that were not captured.
    pub(super) loss_told: bool,
}

impl End {
    /// Whether any packet of this end was captured.
    pub(super) fn seen(&self) -> bool {
        self.packets > 0
    }

    /// Its ISN, where it is known.
    pub(super) fn isn(&self) -> Option<Seq> {
        self.base.filter(|_| self.isn_known)
    }

    /// Fixes the beginning of the numbering by a segment of this end; `acked` is what the peer acknowledged last.
    pub(super) fn number(&mut self, facts: &Facts, acked: Option<Seq>) {
        if facts.flags.has(TcpFlags::SYN) && !(self.isn_known && self.seen()) {
            self.base = Some(facts.seq);
            self.isn_known = true;
        } else if self.base.is_none() {
            self.base = Some(facts.seq.add(u32::MAX));
        } else if facts.is_syn_ack() && self.begins_anew(facts, acked) {
            self.base = Some(facts.seq);
            (self.next, self.contiguous) = (None, None);
        }
    }

    /// Whether this SYN-ACK takes the place of an earlier one: a listener that keeps nothing until the third step
    /// (SYN cookies, RFC 4987 section 3.6) may answer each SYN with another ISN.
    fn begins_anew(&self, facts: &Facts, acked: Option<Seq>) -> bool {
        let settled = acked.is_some_and(|ack| self.base.is_some_and(|base| ack == base.add(1)));
        self.isn_known && self.base != Some(facts.seq) && self.traffic.is_none() && !settled
    }

    /// What a RST of this end does to its peer, `receiver` (RFC 9293 section 3.10.7). Where the window is not known, it
    /// is as wide as one can be; where octets of this end are missing, the next number is not known.
    pub(super) fn resets(&self, receiver: &End, facts: &Facts) -> Reset {
        if receiver.state == TcpState::SynSent {
            let answers = facts.flags.has(TcpFlags::ACK) && receiver.syn_covered_by(facts.ack);
            return if answers { Reset::Ends } else { Reset::Ignored };
        }
        let stray = self.next.is_some_and(|next| next != facts.seq);
        if self.state == TcpState::SynSent && receiver.seen() && stray {
            return Reset::TurnsDown;
        }
        let Some(expected) = receiver.ack else { return Reset::Ends };
        let bits = match receiver.scale {
            Scale::Unknown => 14,
            Scale::Shift(bits) => bits,
        };
        let edge = expected.add(u32::from(receiver.window) << bits);
        if facts.seq == expected {
            Reset::Ends
        } else if facts.seq.before(expected) {
            Reset::Ignored
        } else if self.contiguous != self.next || self.next.is_none_or(|next| facts.seq.at_or_before(next)) {
            Reset::Ends
        } else if facts.seq.at_or_before(edge) {
            Reset::Challenged
        } else {
            Reset::Ignored
        }
    }

    /// The traffic, made when it is first needed.
    pub(super) fn traffic_mut(&mut self) -> &mut Traffic {
        self.traffic.get_or_insert_default()
    }

    /// Whether `ack` covers the SYN.
    pub(super) fn syn_covered_by(&self, ack: Seq) -> bool {
        self.isn().is_none_or(|isn| ack.after(isn))
    }

    /// Whether this segment of its shows that the FIN of `peer` had not arrived: it acknowledges less.
    pub(super) fn has_not_heard_fin(&self, peer: &End, facts: &Facts) -> bool {
        let less = facts.flags.has(TcpFlags::ACK) && peer.fin.is_some_and(|fin| facts.ack.before(fin));
        less && peer.fin_heard && !peer.fin_acked
    }

    /// Whether a SYN-ACK with this number answers the SYN, with or without the octets that came with it.
    pub(super) fn is_answered_by(&self, ack: Seq) -> bool {
        self.syn_covered_by(ack) && self.next.is_none_or(|next| ack.at_or_before(next))
    }

    /// The window in octets; `window` as it stands in the header, unscaled on a SYN.
    pub(super) fn window_octets(&self, facts: &Facts) -> Option<u32> {
        if facts.flags.has(TcpFlags::SYN) {
            return Some(u32::from(facts.window));
        }
        match self.scale {
            Scale::Unknown => None,
            Scale::Shift(bits) => Some(u32::from(facts.window) << bits),
        }
    }
}

/// What a SYN offers; not known where its options were cut off.
pub(super) fn offer(segment: &TcpSegment<'_>) -> Option<Offer> {
    let options = &segment.options;
    (!segment.options_cut).then(|| Offer {
        mss: options.mss(),
        window_scale: options.window_scale(),
        sack_permitted: options.sack_permitted(),
        timestamps: options.timestamps().is_some(),
        window: segment.window,
    })
}

/// Settles both ends' shifts once both SYNs are known: either both scale or none (RFC 7323 section 2.2), and by
/// 14 bits at most (section 2.3).
pub(super) fn settle_scale(own: &mut End, peer: &mut End) {
    if let (Some(a), Some(b)) = (own.offer, peer.offer) {
        let (own_bits, peer_bits) = match (a.window_scale, b.window_scale) {
            (Some(a), Some(b)) => (a.min(14), b.min(14)),
            _ => (0, 0),
        };
        own.scale = Scale::Shift(own_bits);
        peer.scale = Scale::Shift(peer_bits);
    }
}
