//! The table of connections.

use std::collections::VecDeque;
use std::net::IpAddr;

use super::copies::Recent;
use super::end::Facts;
use super::key::Key;
use super::live::Live;
use super::reassembly::Budget;
use super::table::{Index, Table};
use super::{Connection, Place, Receiver};
use crate::dissect::{TcpFlags, TcpSegment};
use crate::packet::Timestamp;

/// How much may be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Connections in the table; the least recently active one makes room.
    pub connections: usize,
    /// Octets that one connection may keep waiting for earlier ones.
    pub waiting_octets: usize,
    /// Octets that all connections together may keep waiting.
    pub waiting_octets_total: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { connections: 1_000_000, waiting_octets: 4 << 20, waiting_octets_total: 64 << 20 }
    }
}

/// A segment, with what the tracker needs of the packet around it.
#[derive(Debug, Clone, Copy)]
pub struct SegmentInput<'a> {
    /// The capture it is in; connections of different captures are different.
    pub capture: u32,
    /// The packet's number.
    pub packet: u64,
    /// When it was captured.
    pub time: Option<Timestamp>,
    /// Source address.
    pub source: IpAddr,
    /// Destination address.
    pub destination: IpAddr,
    /// IP identification, to tell a packet that was captured twice.
    pub identification: Option<u32>,
    /// Time to live, likewise.
    pub ttl: u8,
    /// The segment.
    pub segment: TcpSegment<'a>,
}

/// Follows TCP connections.
#[derive(Debug)]
pub struct Tracker {
    table: Table,
    budget: Budget,
    recent: Recent,
    next_stream: u64,
    /// Connections in which octets wait, in the order in which they began to; some may have ended waiting.
    waiting: VecDeque<(Index, u64)>,
}

impl Tracker {
    /// An empty table.
    pub fn new(limits: Limits) -> Self {
        Self {
            table: Table::new(limits.connections),
            budget: Budget { limits, waiting: 0 },
            recent: Recent::default(),
            next_stream: 0,
            waiting: VecDeque::new(),
        }
    }

    /// Takes one segment. `None` for one that belongs to no connection (never made at present).
    pub fn push<R: Receiver>(&mut self, input: &SegmentInput<'_>, receiver: &mut R) -> Option<Place> {
        let (key, from_low) = Key::of(input);
        let facts = Facts::of(&input.segment, input.packet, input.time.into());
        let hash = self.table.hash(&key);
        let found = self.table.find(hash, &key);
        let Self { table, budget, recent, .. } = self;
        if let Some(index) = found {
            let live = table.get_mut(index)?;
            let stream = live.stream();
            if let Some(copy_of) = recent.copy(stream, from_low, input, &facts) {
                return Some(live.push_copy(from_low, input, &facts, copy_of));
            }
            if !live.is_succeeded_by(from_low, &facts) {
                recent.add(stream, from_low, input, &facts);
                live.unfold();
                let waited = live.is_waiting();
                let place = live.push(from_low, false, input, &facts, budget, receiver);
                let waits = live.is_waiting();
                table.touch(index);
                if waits {
                    self.hold_waiting((!waited).then_some((index, stream)), receiver);
                }
                return Some(place);
            }
        }
        let stream = self.next_stream;
        self.next_stream += 1;
        recent.add(stream, from_low, input, &facts);
        let mut live = Live::new(key, from_low, stream, input);
        let reused = found.is_some();
        let place = if facts.is_syn() && facts.length == 0 && !facts.flags.any(TcpFlags::FIN | TcpFlags::RST)
        {
            live.push_lone_syn(from_low, reused, input, &facts)
        } else {
            live.push(from_low, reused, input, &facts, budget, receiver)
        };
        if let Some(mut evicted) = table.insert(hash, live).1 {
            evicted.flush(true, budget, receiver);
            receiver.finished(evicted.record(true));
        }
        Some(place)
    }

    /// Notes that a connection waits, and makes those that wait longest give up while all keep too much.
    fn hold_waiting<R: Receiver>(&mut self, begins: Option<(Index, u64)>, receiver: &mut R) {
        self.waiting.extend(begins);
        let Self { table, budget, waiting, .. } = self;
        if waiting.len() > Self::WAITING_LISTED {
            waiting.retain(|&(index, stream)| {
                table.get_mut(index).is_some_and(|live| live.stream() == stream && live.is_waiting())
            });
        }
        while budget.is_exceeded() || waiting.len() > Self::WAITING_LISTED / 2 {
            let Some((index, stream)) = waiting.pop_front() else { return };
            if let Some(live) = table.get_mut(index).filter(|live| live.stream() == stream) {
                live.flush(false, budget, receiver);
            }
        }
    }

    /// Connections that may wait at once.
    const WAITING_LISTED: usize = 1 << 20;

    /// The capture is over: what waits is delivered behind its gaps, every connection is finished, in the
    /// order of their numbers.
    pub fn finish<R: Receiver>(&mut self, receiver: &mut R) {
        self.waiting.clear();
        for mut live in self.table.drain() {
            live.flush(true, &mut self.budget, receiver);
            receiver.finished(live.record(false));
        }
    }

    /// Octets that all connections keep waiting, with what keeping them costs.
    #[cfg(test)]
    pub(super) const fn waiting_octets(&self) -> usize {
        self.budget.waiting
    }

    /// A connection as it stands now.
    pub fn connection(&self, stream: u64) -> Option<Connection> {
        self.table.by_stream(stream).map(|live| live.record(false))
    }
}
