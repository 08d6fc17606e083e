//! What the table holds: a connection that is followed, or the SYN that may never become one.

use super::end::Facts;
use super::key::Key;
use super::live::Live;
use super::{Connection, Offer};

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
            Entry::Lone(syn) => Live::after_syn(syn).record(evicted),
            Entry::Followed(live) => live.record(evicted),
        }
    }
}
