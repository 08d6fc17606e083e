//! What the table holds: a connection that is followed, or the SYN that may never become one.

use super::end::Facts;
use super::key::Key;
use super::live::Live;
use super::{Connection, Handshake, HandshakeKind, Offer, RoleBasis, TcpState};
use crate::packet::{Note, PerSide};

/// The one segment of a connection that nobody has answered yet. A flood is made of these.
#[derive(Debug)]
pub(super) struct LoneSyn {
    /// The connection's key.
    pub(super) key: Key,
    /// The connection's number.
    pub(super) stream: u64,
    /// The segment.
    pub(super) facts: Facts,
    /// Its options.
    pub(super) offer: Offer,
    /// Its sender is the lower endpoint.
    pub(super) from_low: bool,
    /// An earlier connection used the same ports.
    pub(super) reused: bool,
    /// That connection, where nobody had closed it: it may go on, and the SYN turn out to be a stray one.
    pub(super) before: Option<Box<Live>>,
}

impl LoneSyn {
    /// The record of a connection that never became more: nobody has answered, so nothing is known of the responder.
    fn record(&self, evicted: bool) -> Connection {
        let Facts { packet, time, seq, .. } = self.facts;
        let mut notes = [0; Note::ALL.len()];
        notes[Note::ReusedPorts as usize] = u32::from(self.reused);
        Connection {
            stream: self.stream,
            first_packet: packet,
            last_packet: packet,
            start: time.timestamp(),
            end: time.timestamp(),
            packets: PerSide { initiator: 1, responder: 0 },
            handshake: Handshake {
                kind: HandshakeKind::Unanswered,
                syn: vec![packet],
                syn_attempts: 1,
                isn: PerSide { initiator: Some(seq), responder: None },
                offers: PerSide { initiator: Some(self.offer), responder: None },
                ..Handshake::default()
            },
            states: PerSide { initiator: TcpState::SynSent, responder: TcpState::Unknown },
            completeness: Live::SYN,
            notes,
            evicted,
            ..Connection::between(self.key.capture(), self.key.endpoints(self.from_low), RoleBasis::Observed)
        }
    }
}

/// A connection in the table: what a lone SYN does not need is made once a second segment comes.
#[derive(Debug)]
pub(super) enum Entry {
    /// Only its SYN was captured.
    Lone(LoneSyn),
    /// More was captured.
    Followed(Box<Live>),
}

impl Entry {
    /// Its key.
    pub(super) fn key(&self) -> &Key {
        match self {
            Entry::Lone(syn) => &syn.key,
            Entry::Followed(live) => live.key(),
        }
    }

    /// Its number.
    pub(super) fn stream(&self) -> u64 {
        match self {
            Entry::Lone(syn) => syn.stream,
            Entry::Followed(live) => live.stream(),
        }
    }

    /// Whether this segment begins another connection between the same endpoints: a SYN with another ISN than the
    /// sender's. With the same one it is a retry.
    pub(super) fn is_succeeded_by(&self, from_low: bool, facts: &Facts) -> bool {
        match self {
            Entry::Lone(syn) => facts.is_syn() && from_low == syn.from_low && facts.seq != syn.facts.seq,
            Entry::Followed(live) => live.is_succeeded_by(from_low, facts),
        }
    }

    /// The connection, to be followed from here on; always there.
    pub(super) fn follow(&mut self) -> Option<&mut Live> {
        if let Entry::Lone(syn) = self {
            *self = Entry::Followed(Box::new(Live::after_syn(syn)));
        }
        self.followed()
    }

    /// The connection, where more than its SYN was captured.
    pub(super) fn followed(&mut self) -> Option<&mut Live> {
        match self {
            Entry::Lone(_) => None,
            Entry::Followed(live) => Some(live),
        }
    }

    /// The record, as it stands.
    pub(super) fn record(&self, evicted: bool) -> Connection {
        match self {
            Entry::Lone(syn) => syn.record(evicted),
            Entry::Followed(live) => live.record(evicted),
        }
    }

    /// Takes in the connection that used its ports before, unless that is over.
    pub(super) fn keep_before(&mut self, old: Entry) -> Option<Entry> {
        match (self, old) {
            (Entry::Lone(syn), Entry::Followed(live)) if !live.is_over() => {
                syn.before = Some(live);
                None
            }
            (_, old) => Some(old),
        }
    }

    /// Settles by this segment whether the connection before goes on; the one of the two that is over.
    pub(super) fn settle(&mut self, from_low: bool, facts: &Facts) -> Option<Entry> {
        let Entry::Lone(syn) = self else { return None };
        if facts.is_syn() && from_low == syn.from_low && facts.seq != syn.facts.seq {
            return None;
        }
        let mut before = syn.before.take()?;
        if before.goes_on_with(from_low, facts, syn) {
            before.challenge(syn.from_low);
            return Some(std::mem::replace(self, Entry::Followed(before)));
        }
        Some(Entry::Followed(before))
    }

    /// The connection that used its ports before, where it is kept.
    pub(super) fn take_before(&mut self) -> Option<Box<Live>> {
        match self {
            Entry::Lone(syn) => syn.before.take(),
            Entry::Followed(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dissect::TcpFlags;
    use crate::flow::clock::Clock;
    use crate::packet::{Endpoint, Seq};

    #[test]
    fn a_lone_syn_has_the_record_of_a_connection_that_is_followed() {
        let facts = Facts {
            packet: 7,
            time: Clock::NEVER,
            seq: Seq(u32::MAX),
            next: Seq(0),
            ack: Seq(0),
            flags: TcpFlags(TcpFlags::SYN),
            window: 1000,
            length: 0,
        };
        let end = |port| Endpoint { address: "192.0.2.1".parse().unwrap(), port };
        let key = Key::between(end(25), end(50_000));
        let offer = Offer { mss: Some(1460), window: 1000, ..Offer::default() };
        for (from_low, reused) in [(false, false), (true, true)] {
            let syn = LoneSyn { key, stream: 3, facts, offer, from_low, reused, before: None };
            assert_eq!(syn.record(true), Live::after_syn(&syn).record(true));
        }
    }
}
