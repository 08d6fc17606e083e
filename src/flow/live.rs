//! A connection while it is followed: both ends, and what is remembered of its opening and closing.

use super::clock::Clock;
use super::closing::{Closing, Part};
use super::end::{End, Facts, Sent, offer, settle_scale};
use super::entry::LoneSyn;
use super::key::{Key, sender_is_initiator};
use super::notes::{self, Look};
use super::opening::Opening;
use super::reassembly::{Brought, Budget, Carrier, Gaps, Outlet};
use super::{
    Connection, EndFigures, Figures, HandshakeKind, Place, Receiver, Reset, RoleBasis, SegmentInput, Step,
    TcpState,
};
use crate::dissect::TcpFlags;
use crate::packet::{Note, Notes, PerSide, Seq, Side};

/// What most connections of a flood of SYNs never need.
#[derive(Debug, Default)]
struct Details {
    opening: Opening,
    closing: Closing,
    notes: [u32; Note::ALL.len()],
    gaps: Gaps,
    conflicting_overlaps: u64,
    captured_twice: u64,
    /// Nanoseconds of the longest silence, and the packet that ended it.
    silence: Option<(i64, u64)>,
}

impl Details {
    fn figures(&self, ends: &PerSide<End>) -> Figures {
        let of = |side| {
            let sent = |octets| octets + self.gaps.cut_octets.of(side);
            let traffic = ends.of(side).traffic.as_ref();
            traffic.map_or_else(EndFigures::default, |t| t.meter.figures(sent(t.stream.octets)))
        };
        Figures {
            ends: PerSide { initiator: of(Side::Initiator), responder: of(Side::Responder) },
            idle_ns: self.silence.map(|(ns, _)| ns),
            idle_until: self.silence.map(|(_, packet)| packet),
        }
    }
}

/// A connection in the table.
#[derive(Debug)]
pub(super) struct Live {
    key: Key,
    stream: u64,
    first_packet: u64,
    last_packet: u64,
    start: Clock,
    end: Clock,
    ends: PerSide<End>,
    details: Option<Box<Details>>,
    initiator_is_low: bool,
    roles: RoleBasis,
    completeness: u8,
    /// Who has to ask back, as a SYN or RST came that does not fit (RFC 5961).
    challenged: Option<Side>,
}

impl Live {
    pub(super) const SYN: u8 = 1;
    const SYN_ACK: u8 = 2;
    const ACK: u8 = 4;
    const DATA: u8 = 8;
    const FIN: u8 = 16;
    const RST: u8 = 32;
    /// An acknowledgement further ahead of what was captured than any window (RFC 7323 section 2.3) says nothing.
    const WIDEST_WINDOW: u64 = 1 << 30;

    /// A connection that begins with this segment.
    pub(super) fn new(key: Key, from_low: bool, stream: u64, input: &SegmentInput<'_>) -> Self {
        let (sender_opens, roles) = sender_is_initiator(input);
        Self {
            key,
            stream,
            first_packet: input.packet,
            last_packet: input.packet,
            start: input.time.into(),
            end: input.time.into(),
            ends: PerSide::default(),
            details: None,
            initiator_is_low: sender_opens == from_low,
            roles,
            completeness: 0,
            challenged: None,
        }
    }

    /// Its key.
    pub(super) fn key(&self) -> &Key {
        &self.key
    }

    /// Its number.
    pub(super) fn stream(&self) -> u64 {
        self.stream
    }

    /// Who sends from the lower (or the higher) endpoint.
    fn side(&self, from_low: bool) -> Side {
        if from_low == self.initiator_is_low { Side::Initiator } else { Side::Responder }
    }

    /// Whether this segment begins another connection between the same endpoints: a SYN with another ISN than the
    /// sender's. With the same one it is a retry.
    pub(super) fn is_succeeded_by(&self, from_low: bool, facts: &Facts) -> bool {
        let own = self.ends.of(self.side(from_low));
        facts.is_syn() && own.seen() && own.base.is_some_and(|base| base != facts.seq)
    }

    /// Whether it goes on with this segment although a SYN has come that would begin another one: the segment has its
    /// numbers, and does not answer that SYN.
    pub(super) fn goes_on_with(&self, from_low: bool, facts: &Facts, syn: &LoneSyn) -> bool {
        let own = self.ends.of(self.side(from_low));
        let near = own.next.is_some_and(|next| facts.seq.distance(next).unsigned_abs() <= Self::NEAR);
        let answers = facts.flags.has(TcpFlags::ACK) && facts.ack == syn.facts.next;
        let follows = facts.seq == syn.facts.next || facts.flags.has(TcpFlags::SYN);
        near && if from_low == syn.from_low { !follows } else { !answers }
    }

    /// Numbers of one connection are no further apart than this, for telling it from another.
    const NEAR: u32 = 1 << 17;

    /// A SYN has come that does not fit: whether its receiver asks back is to be seen.
    pub(super) fn challenge(&mut self, from_low: bool) {
        self.challenged = Some(self.side(from_low).peer());
    }

    /// Whether both ends have closed.
    pub(super) fn is_over(&self) -> bool {
        let over = |end: &End| matches!(end.state, TcpState::Closed | TcpState::TimeWait);
        over(&self.ends.initiator) && over(&self.ends.responder)
    }

    /// When its last packet was captured.
    pub(super) fn last_time(&self) -> Clock {
        self.end
    }

    /// Whether octets of either end wait for earlier ones.
    pub(super) fn is_waiting(&self) -> bool {
        [&self.ends.initiator, &self.ends.responder]
            .into_iter()
            .any(|end| end.traffic.as_ref().is_some_and(|t| t.stream.is_waiting()))
    }

    /// The packet was captured before: it changes nothing.
    pub(super) fn push_copy(
        &mut self,
        from_low: bool,
        input: &SegmentInput<'_>,
        facts: &Facts,
        copy_of: u64,
    ) -> Place {
        self.last_packet = input.packet;
        self.details.get_or_insert_default().captured_twice += 1;
        let from = self.side(from_low);
        let mut place = self.place(from, facts);
        place.step = step(facts, Part::None, false);
        place.copy_of = Some(copy_of);
        place
    }

    /// Takes a segment.
    pub(super) fn push<R: Receiver>(
        &mut self,
        from_low: bool,
        reused: bool,
        input: &SegmentInput<'_>,
        facts: &Facts,
        budget: &mut Budget,
        receiver: &mut R,
    ) -> Place {
        let from = self.side(from_low);
        self.last_packet = input.packet;
        let mut details = self.details.take().unwrap_or_default();
        let silence = facts.time.since(self.end).filter(|&ns| ns > 0);
        details.silence = details.silence.max(silence.map(|ns| (ns, facts.packet)));
        self.end = facts.time;
        let (own, peer) = self.ends.both_mut(from);
        details.opening.observe(from, own, peer, facts);
        own.number(facts, peer.ack);
        let reset = facts.flags.has(TcpFlags::RST).then(|| own.resets(peer, facts));
        let ignored = matches!(reset, Some(Reset::Ignored | Reset::Challenged));
        let challenge = self.challenged == Some(from) && facts.is_bare_ack();
        if reset == Some(Reset::Challenged) {
            self.challenged = Some(from.peer());
        } else if self.challenged == Some(from) {
            self.challenged = None;
        }
        let mut notes = notes::judge(&Look { facts, own, peer, rtt: details.opening.rtt() });
        if reused {
            notes.add(Note::ReusedPorts);
        }
        count(&mut details.notes, notes);

        let repeated = notes.has(Note::Retransmission);
        let repeats =
            own.traffic.as_ref().filter(|_| repeated).and_then(|t| t.sender_of(facts.seq, facts.next));
        let acknowledges = acknowledges(peer, facts, details.opening.last_syn(from.peer()));
        remember_sent(own, peer, facts, notes);
        if facts.flags.has(TcpFlags::SYN) {
            own.offer = own.offer.or_else(|| offer(&input.segment));
            settle_scale(own, peer);
        }

        let carrier = Carrier { packet: input.packet, time: input.time };
        let Details { gaps, closing, .. } = &mut *details;
        let mut outlet = Outlet { stream: self.stream, from, receiver, gaps, budget };
        let keeps_alive = notes.has(Note::KeepAlive);
        let stream_offset = offset_of(own, facts.first_octet());
        let (mut brought, mut part) = (Brought::default(), Part::None);
        if !ignored {
            let offset = stream_offset.filter(|_| !keeps_alive);
            brought = deliver(own, input, facts, offset, carrier, &mut outlet);
        }
        if !ignored && reset != Some(Reset::TurnsDown) {
            part = closing.observe(from, own, peer, facts, brought.new_octets);
        }
        let readable = brought.in_order && peer.duplicate_acks == 0;
        let unheard_syn = facts.is_syn() && from == Side::Responder && !own.seen();
        let unheard = unheard_syn || own.has_not_heard_fin(peer, facts);
        outlet.from = from.peer();
        give_up_acknowledged(peer, facts, &mut outlet);
        details.conflicting_overlaps += u64::from(brought.conflict);

        if !ignored {
            super::advance::advance(own, peer, facts, reset);
            notes::remember(own, peer, facts, notes);
        }
        if challenge {
            // it asks back, and not for octets
            own.duplicate_acks = 0;
        }
        own.packets += 1;
        let completes = details.opening.is_completed_by(facts.packet);
        self.details = Some(details);
        self.complete(facts);

        let mut place = self.place(from, facts);
        place.notes = notes;
        place.step = step(facts, part, completes);
        place.stream_offset = stream_offset;
        place.new_octets = brought.new_octets;
        place.acknowledges = acknowledges;
        place.repeats = repeats;
        place.reset = reset;
        place.unheard = unheard;
        place.challenge = challenge;
        place.conflicts = brought.conflict;
        place.readable = readable;
        place
    }

    /// A connection that begins with a SYN without octets, and the SYN's place: all that it says fits into its end.
    pub(super) fn of_syn(syn: &LoneSyn) -> (Self, Place) {
        let facts = &syn.facts;
        let mut live = Self {
            key: syn.key,
            stream: syn.stream,
            first_packet: facts.packet,
            last_packet: facts.packet,
            start: facts.time,
            end: facts.time,
            ends: PerSide::default(),
            details: None,
            initiator_is_low: syn.from_low,
            roles: RoleBasis::Observed,
            completeness: 0,
            challenged: None,
        };
        let (own, peer) = live.ends.both_mut(Side::Initiator);
        own.number(facts, None);
        let mut notes = notes::judge(&Look { facts, own, peer, rtt: None });
        if syn.reused {
            notes.add(Note::ReusedPorts);
        }
        own.offer = Some(syn.offer);
        super::advance::advance(own, peer, facts, None);
        notes::remember(own, peer, facts, notes);
        own.packets += 1;
        live.complete(facts);
        let mut place = live.place(Side::Initiator, facts);
        place.notes = notes;
        (live, place)
    }

    /// The connection that a lone SYN has begun, with room for what comes next.
    pub(super) fn after_syn(syn: &LoneSyn) -> Self {
        let (mut live, place) = Self::of_syn(syn);
        let details = live.details.get_or_insert_default();
        count(&mut details.notes, place.notes);
        details.opening.begin(live.first_packet, live.start);
        live
    }

    /// What can be said of any segment.
    fn place(&self, from: Side, facts: &Facts) -> Place {
        let (own, peer) = (self.ends.of(from), self.ends.of(from.peer()));
        let less = |number: Seq, base: Seq| number.0.wrapping_sub(base.0);
        Place {
            stream: self.stream,
            from,
            opens_stream: facts.packet == self.first_packet,
            notes: Notes::NONE,
            step: step(facts, Part::None, false),
            states: PerSide { initiator: self.ends.initiator.state, responder: self.ends.responder.state },
            relative_seq: own.base.map_or(0, |base| less(facts.seq, base)),
            relative_ack: peer
                .base
                .filter(|_| facts.flags.has(TcpFlags::ACK))
                .map(|base| less(facts.ack, base)),
            stream_offset: offset_of(own, facts.first_octet()),
            new_octets: 0,
            window: own.window_octets(facts),
            acknowledges: None,
            repeats: None,
            copy_of: None,
            reset: None,
            unheard: false,
            challenge: false,
            conflicts: false,
            readable: false,
        }
    }

    /// The usual bits of what was seen of opening, data and closing.
    fn complete(&mut self, facts: &Facts) {
        let mut bits = 0;
        if facts.is_syn() {
            bits |= Self::SYN;
        } else if facts.is_syn_ack() {
            bits |= Self::SYN_ACK;
        } else if facts.flags.has(TcpFlags::ACK) && facts.length == 0 {
            bits |= Self::ACK;
        }
        if facts.length > 0 {
            bits |= Self::DATA;
        }
        if facts.flags.has(TcpFlags::FIN) {
            bits |= Self::FIN;
        }
        if facts.flags.has(TcpFlags::RST) {
            bits |= Self::RST;
        }
        self.completeness |= bits;
    }

    /// Delivers all that waits, behind its gaps.
    pub(super) fn flush<R: Receiver>(&mut self, over: bool, budget: &mut Budget, receiver: &mut R) {
        if !over && !self.is_waiting() {
            return;
        }
        let Some(details) = &mut self.details else { return };
        let carrier = Carrier { packet: self.last_packet, time: self.end.timestamp() };
        for from in [Side::Initiator, Side::Responder] {
            let (own, peer) = self.ends.both_mut(from);
            let heard = peer.ack.filter(|_| over).and_then(|ack| offset_of(own, ack));
            let acknowledged = own.traffic.as_ref().and_then(|t| t.acknowledged).filter(|_| over);
            let acknowledged = acknowledged.and_then(|ack| missing_until(own, ack));
            let mut outlet = Outlet { stream: self.stream, from, receiver, gaps: &mut details.gaps, budget };
            if let Some(traffic) = &mut own.traffic {
                heard.into_iter().for_each(|heard| traffic.stream.exclude_beyond(heard));
                traffic.stream.finish(acknowledged.map(|offset| (offset, carrier)), &mut outlet);
            }
        }
    }

    /// The record, as it stands.
    pub(super) fn record(&self, evicted: bool) -> Connection {
        let ends = &self.ends;
        let none = Details::default();
        let details = self.details.as_deref().unwrap_or(&none);
        let octets = |end: &End| end.traffic.as_ref().map_or(0, |t| t.stream.octets);
        let beyond_gap = |end: &End| end.traffic.as_ref().map_or(0, |t| t.stream.beyond_gap);
        let went_on = self.completeness & (Self::ACK | Self::DATA | Self::FIN) != 0;
        let handshake = details.opening.record(ends, went_on);
        let unanswered = handshake.kind == HandshakeKind::Unanswered;
        let mut states = PerSide { initiator: ends.initiator.state, responder: ends.responder.state };
        if unanswered && !ends.responder.seen() {
            states.responder = TcpState::Unknown;
        }
        Connection {
            capture: self.key.capture(),
            stream: self.stream,
            first_packet: self.first_packet,
            last_packet: self.last_packet,
            start: self.start.timestamp(),
            end: self.end.timestamp(),
            endpoints: self.key.endpoints(self.initiator_is_low),
            roles: self.roles,
            packets: PerSide { initiator: ends.initiator.packets, responder: ends.responder.packets },
            payload_octets: PerSide {
                initiator: octets(&ends.initiator),
                responder: octets(&ends.responder),
            },
            teardown: details.closing.record(!unanswered, ends),
            handshake,
            states,
            completeness: self.completeness,
            notes: details.notes,
            figures: details.figures(ends),
            gaps: details.gaps.first.clone(),
            gaps_total: details.gaps.total,
            missing_octets: details.gaps.octets,
            gaps_cut: details.gaps.cut,
            cut_octets: details.gaps.cut_octets,
            octets_beyond_gap: PerSide {
                initiator: beyond_gap(&ends.initiator),
                responder: beyond_gap(&ends.responder),
            },
            conflicting_overlaps: details.conflicting_overlaps,
            captured_twice: details.captured_twice,
            evicted,
        }
    }
}

/// Where a number stands in the sender's stream; `None` before its beginning.
fn offset_of(own: &End, number: Seq) -> Option<u64> {
    let base = own.base?;
    let delivered = own.traffic.as_ref().map_or(0, |t| t.stream.delivered);
    // the low 32 bits of an offset are a sequence number, so the offset nearest to what was delivered is meant
    let at = Seq(base.0.wrapping_add(1).wrapping_add(delivered as u32));
    delivered.checked_add_signed(i64::from(number.distance(at)))
}

/// Offset of an acknowledgement, where it lies ahead of what was delivered by no more than a window can be.
fn missing_until(own: &End, ack: Seq) -> Option<u64> {
    // without a captured FIN the last number may be that of one
    let offset = if own.fin.is_none() { offset_of(own, ack)?.checked_sub(1)? } else { offset_of(own, ack)? };
    let delivered = own.traffic.as_ref().map_or(0, |t| t.stream.delivered);
    (offset > delivered && offset - delivered <= Live::WIDEST_WINDOW).then_some(offset)
}

/// Hands on a segment's octets and its FIN.
fn deliver<R: Receiver>(
    own: &mut End,
    input: &SegmentInput<'_>,
    facts: &Facts,
    offset: Option<u64>,
    carrier: Carrier,
    outlet: &mut Outlet<'_, R>,
) -> Brought {
    let mut brought = Brought::default();
    let ends = facts.flags.any(TcpFlags::FIN | TcpFlags::RST);
    if facts.length == 0 && !ends {
        return brought;
    }
    let stream = &mut own.traffic_mut().stream;
    if let Some(offset) = offset.filter(|_| !facts.flags.has(TcpFlags::RST)) {
        if facts.length > 0 {
            brought = stream.take(offset, input.segment.payload, facts.length, carrier, outlet);
        }
        if facts.flags.has(TcpFlags::FIN) {
            stream.close(offset + u64::from(facts.length), carrier, outlet);
        }
    }
    if facts.flags.has(TcpFlags::RST) {
        stream.end(true, carrier, outlet);
    }
    brought
}

/// Octets that wait for earlier ones wait in vain once the peer has acknowledged those.
fn give_up_acknowledged<R: Receiver>(peer: &mut End, facts: &Facts, outlet: &mut Outlet<'_, R>) {
    if !facts.flags.has(TcpFlags::ACK) || facts.flags.any(TcpFlags::SYN | TcpFlags::RST) {
        return;
    }
    let offset = offset_of(peer, facts.ack);
    if let (Some(traffic), Some(offset)) = (&mut peer.traffic, offset) {
        traffic.acknowledged = Some(facts.ack);
        if traffic.stream.is_waiting() {
            traffic.stream.acknowledged(offset, outlet);
        }
    }
}

/// Which packet an acknowledgement covers last; a SYN is kept by the opening, not among the segments sent.
fn acknowledges(peer: &mut End, facts: &Facts, syn: Option<u64>) -> Option<u64> {
    if !facts.flags.has(TcpFlags::ACK) {
        return None;
    }
    if peer.isn().is_some_and(|isn| facts.ack == isn.add(1)) && syn.is_some() {
        return syn;
    }
    peer.traffic.as_mut().and_then(|traffic| traffic.acknowledge(facts.ack, facts.time))
}

/// Remembers what was sent until it is acknowledged.
fn remember_sent(own: &mut End, peer: &End, facts: &Facts, notes: Notes) {
    let Facts { packet, time, seq, next, .. } = *facts;
    if notes.has(Note::KeepAlive) {
        return;
    }
    if facts.length > 0 {
        let unacknowledged = peer.ack.or_else(|| own.isn().map(|isn| isn.add(1)));
        own.traffic_mut().meter.sent(facts, notes, unacknowledged, peer);
    }
    if facts.length > 0 || facts.flags.has(TcpFlags::FIN) {
        let again = notes.has(Note::Retransmission);
        own.traffic_mut().remember(Sent { seq, next, packet, time, again });
    }
}

fn count(counters: &mut [u32; Note::ALL.len()], notes: Notes) {
    if !notes.is_empty() {
        for (counter, note) in counters.iter_mut().zip(Note::ALL) {
            *counter = counter.saturating_add(u32::from(notes.has(note)));
        }
    }
}

fn step(facts: &Facts, part: Part, completes: bool) -> Step {
    let fin = match part {
        Part::FirstFin => Some(Step::FirstFin),
        Part::SecondFin => Some(Step::SecondFin),
        Part::FinAck => Some(Step::FinAck),
        Part::None => None,
    };
    if facts.flags.has(TcpFlags::RST) {
        Step::Reset
    } else if facts.is_syn_ack() {
        Step::SynAck
    } else if facts.is_syn() {
        Step::Syn
    } else if let Some(step) = fin.filter(|_| facts.length == 0 || part != Part::FinAck) {
        step
    } else if facts.length > 0 {
        Step::Data
    } else if completes {
        Step::HandshakeAck
    } else {
        Step::Ack
    }
}
