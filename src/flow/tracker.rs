//! The table of connections.

use std::collections::VecDeque;
use std::net::IpAddr;

use super::clock::Clock;
use super::copies::Recent;
use super::end::{Facts, offer};
use super::entry::{Entry, LoneSyn};
use super::key::Key;
use super::live::Live;
use super::reassembly::Budget;
use super::table::{Drained, Index, Table};
use super::{Connection, Place, Receiver};
use crate::dissect::TcpSegment;
use crate::packet::Timestamp;

/// How much may be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Connections in the table; the least recently active one makes room. Each may keep the one that used its ports
    /// before, while only a SYN speaks against that.
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
    /// Connections that both ends have closed, and when that was; some may have been active again.
    ended: VecDeque<(Index, u64, Clock)>,
    /// Connections that are still to be finished, once the capture is over.
    ending: Option<Drained>,
}

impl Tracker {
    /// How many connections have begun, in all captures: they are numbered from 0.
    pub fn connections(&self) -> u64 {
        self.next_stream
    }

    /// An empty table.
    pub fn new(limits: Limits) -> Self {
        Self {
            table: Table::new(limits.connections),
            budget: Budget { limits, waiting: 0 },
            recent: Recent::default(),
            next_stream: 0,
            waiting: VecDeque::new(),
            ended: VecDeque::new(),
            ending: None,
        }
    }

    /// Takes one segment. `None` for one that belongs to no connection (never made at present).
    pub fn push<R: Receiver>(&mut self, input: &SegmentInput<'_>, receiver: &mut R) -> Option<Place> {
        let (key, from_low) = Key::of(input);
        let facts = Facts::of(&input.segment, input.packet, input.time.into());
        self.finish_ended(facts.time, receiver);
        let hash = self.table.hash(&key);
        let found = self.table.find(hash, &key);
        let Self { table, budget, recent, .. } = self;
        if let Some(over) = found.and_then(|index| table.get_mut(index)?.settle(from_low, &facts)) {
            finish(over, false, budget, receiver);
        }
        let succeeded = found.filter(|&index| {
            table.get_mut(index).is_some_and(|entry| entry.is_succeeded_by(from_low, &facts))
        });
        if let Some(index) = found {
            let stream = table.get_mut(index)?.stream();
            if let Some(copy_of) = recent.copy(stream, from_low, input, &facts) {
                let live = table.get_mut(index)?.follow()?;
                return Some(live.push_copy(from_low, input, &facts, copy_of));
            }
            if succeeded.is_none() {
                recent.add(stream, from_low, input, &facts);
                let live = table.get_mut(index)?.follow()?;
                let (waited, was_over) = (live.is_waiting(), live.is_over());
                let place = live.push(from_low, false, input, &facts, budget, receiver);
                let waits = live.is_waiting();
                if live.is_over() && !was_over {
                    self.ended.push_back((index, stream, facts.time));
                    if !waits {
                        receiver.closed(stream, || live.record(false));
                    }
                }
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
        let reused = succeeded.is_some();
        let offer = offer(&input.segment).filter(|_| facts.is_lone_syn());
        let (entry, place) = if let Some(offer) = offer {
            let syn = LoneSyn { key, stream, facts, offer, from_low, reused, before: None };
            let place = Live::of_syn(&syn).1;
            (Entry::Lone(syn), place)
        } else {
            let mut live = Box::new(Live::new(key, from_low, stream, input));
            let place = live.push(from_low, reused, input, &facts, budget, receiver);
            (Entry::Followed(live), place)
        };
        let (over, evicted) = match succeeded {
            Some(index) => (succeed(table, index, entry, budget, receiver), false),
            None => (table.insert(hash, entry), true),
        };
        if let Some(over) = over {
            finish(over, evicted, budget, receiver);
        }
        Some(place)
    }

    /// The connection of a segment that was pushed, as it stands.
    pub fn connection(&mut self, input: &SegmentInput<'_>) -> Option<Connection> {
        let (key, _) = Key::of(input);
        let index = self.table.find(self.table.hash(&key), &key)?;
        self.table.get_mut(index).map(|entry| entry.record(false))
    }

    /// Nanoseconds after which no segment of a closed connection is on its way any more: twice the maximum segment
    /// lifetime (RFC 9293 section 3.4.2).
    const LINGER_NS: i64 = 240_000_000_000;

    /// Finishes connections that both ends have closed, and that have been silent since for long enough.
    fn finish_ended<R: Receiver>(&mut self, now: Clock, receiver: &mut R) {
        let Self { table, budget, ended, .. } = self;
        let is_past = |time: Clock| now.since(time).is_some_and(|ns| ns >= Self::LINGER_NS);
        while let Some(&(index, stream, _)) = ended.front().filter(|(_, _, time)| is_past(*time)) {
            ended.pop_front();
            let Some(live) = followed(table, index, stream).filter(|live| live.is_over()) else { continue };
            let last = live.last_time();
            if !is_past(last) {
                ended.push_back((index, stream, last));
            } else if let Some(entry) = table.take_out(index) {
                finish(entry, false, budget, receiver);
            }
        }
    }

    /// Notes that a connection waits, and makes those that wait longest give up while all keep too much.
    fn hold_waiting<R: Receiver>(&mut self, begins: Option<(Index, u64)>, receiver: &mut R) {
        self.waiting.extend(begins);
        let Self { table, budget, waiting, .. } = self;
        if waiting.len() > Self::WAITING_LISTED {
            waiting.retain(|&(index, stream)| {
                followed(table, index, stream).is_some_and(|live| live.is_waiting())
            });
        }
        while budget.is_exceeded() || waiting.len() > Self::WAITING_LISTED / 2 {
            let Some((index, stream)) = waiting.pop_front() else { return };
            if let Some(live) = followed(table, index, stream) {
                live.flush(false, budget, receiver);
            }
        }
    }

    /// Connections that may wait at once.
    const WAITING_LISTED: usize = 1 << 20;

    /// The capture is over: what waits is delivered behind its gaps, every connection is finished, in the
    /// order of their numbers.
    pub fn finish<R: Receiver>(&mut self, receiver: &mut R) {
        while self.finish_next(receiver) {}
    }

    /// The same for the next connection alone, so that its record can be passed on before another is made.
    /// False once all are finished.
    pub fn finish_next<R: Receiver>(&mut self, receiver: &mut R) -> bool {
        let Self { table, budget, waiting, ending, .. } = self;
        let next = ending
            .get_or_insert_with(|| {
                waiting.clear();
                table.drain()
            })
            .next();
        match next {
            Some(entry) => finish(entry, false, budget, receiver),
            None => *ending = None,
        }
        ending.is_some()
    }

    /// Octets that all connections keep waiting, with what keeping them costs.
    #[cfg(test)]
    pub(super) const fn waiting_octets(&self) -> usize {
        self.budget.waiting
    }
}

/// The connection of that number, where it is still in its place and more than its SYN was captured.
fn followed(table: &mut Table, index: Index, stream: u64) -> Option<&mut Live> {
    table.get_mut(index).filter(|entry| entry.stream() == stream)?.followed()
}

/// Puts a connection in the place of the one before it, and keeps that while it may go on; else it is returned. What
/// waits in it is given up, as nobody would look for it there.
fn succeed<R: Receiver>(
    table: &mut Table,
    index: Index,
    entry: Entry,
    budget: &mut Budget,
    receiver: &mut R,
) -> Option<Entry> {
    let mut old = table.succeed(index, entry)?;
    if let Some(live) = old.followed() {
        live.flush(false, budget, receiver);
    }
    table.get_mut(index)?.keep_before(old)
}

/// Delivers what a connection still keeps, and hands over its record.
fn finish<R: Receiver>(mut entry: Entry, evicted: bool, budget: &mut Budget, receiver: &mut R) {
    if let Some(before) = entry.take_before() {
        finish(Entry::Followed(before), evicted, budget, receiver);
    }
    if let Some(live) = entry.followed() {
        live.flush(true, budget, receiver);
    }
    receiver.finished(entry.record(evicted));
}
