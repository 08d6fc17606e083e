//! IP fragments, put together (RFC 791 section 3.2, RFC 8200 section 4.5).
//!
//! Where fragments overlap, the octets that came first stay, and [`FragmentPlace::overlaps`] says that they
//! did. Bounds hold for the number of datagrams that wait and for the octets that they keep; the oldest
//! datagram makes room.

use std::collections::VecDeque;
use std::net::IpAddr;

use ahash::AHashMap;

use super::super::FragmentPlace;
use super::super::walk::Piece;
use crate::packet::Timestamp;

/// The most datagrams that wait for their fragments.
const MAX_DATAGRAMS: usize = 4096;
/// The most octets that all of them keep.
const MAX_OCTETS: usize = 8 << 20;
/// The most pieces that one datagram keeps apart.
const MAX_PIECES: usize = 8192;
/// How long fragments wait, in nanoseconds of capture time: 60 seconds (RFC 8200 section 4.5).
const LIFETIME: i64 = 60_000_000_000;

/// What fragments of one datagram have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    pub(crate) capture: u32,
    pub(crate) source: IpAddr,
    pub(crate) destination: IpAddr,
    pub(crate) protocol: u8,
    pub(crate) identification: u32,
}

/// A datagram of which not all fragments came yet.
struct Datagram {
    /// Tells it from an older one with the same key.
    serial: u64,
    begun: Option<Timestamp>,
    octets: Vec<u8>,
    /// Ranges of octets that came, in order, none touching the next.
    ranges: Vec<(usize, usize)>,
    /// Its length, once the last fragment came.
    length: Option<usize>,
}

/// The datagrams that wait.
#[derive(Default)]
pub(crate) struct Fragments {
    waiting: AHashMap<Key, Datagram>,
    /// By age; holds datagrams that are complete already.
    order: VecDeque<(Key, u64)>,
    octets: usize,
    serial: u64,
}

impl Fragments {
    /// Takes a fragment. `Some` of the payload where it was the last one missing.
    pub(crate) fn push(
        &mut self,
        key: Key,
        time: Option<Timestamp>,
        piece: Piece,
        octets: &[u8],
    ) -> (FragmentPlace, Option<Vec<u8>>) {
        let mut place = FragmentPlace {
            identification: piece.identification,
            offset: piece.offset,
            more: piece.more,
            completed: false,
            overlaps: false,
        };
        self.expire(&key, time);
        if !self.waiting.contains_key(&key) {
            self.serial += 1;
            self.order.push_back((key, self.serial));
        }
        let serial = self.serial;
        let datagram = self.waiting.entry(key).or_insert_with(|| Datagram {
            serial,
            begun: time,
            octets: Vec::new(),
            ranges: Vec::new(),
            length: None,
        });
        let before = datagram.octets.capacity();
        place.overlaps = datagram.insert(piece, octets);
        self.octets = self.octets + datagram.octets.capacity() - before;
        let complete = datagram.is_complete();
        let whole = if complete { self.remove(&key) } else { None };
        place.completed = whole.is_some();
        self.make_room();
        (place, whole)
    }

    fn expire(&mut self, key: &Key, now: Option<Timestamp>) {
        let begun = self.waiting.get(key).and_then(|d| d.begun);
        if let (Some(begun), Some(now)) = (begun, now)
            && now.since(begun) > LIFETIME
        {
            self.remove(key);
        }
    }

    fn remove(&mut self, key: &Key) -> Option<Vec<u8>> {
        let mut datagram = self.waiting.remove(key)?;
        self.octets -= datagram.octets.capacity();
        if let Some(length) = datagram.length {
            datagram.octets.truncate(length);
        }
        Some(datagram.octets)
    }

    fn make_room(&mut self) {
        while self.waiting.len() > MAX_DATAGRAMS
            || self.octets > MAX_OCTETS
            || self.order.len() > 2 * MAX_DATAGRAMS
        {
            let Some((key, serial)) = self.order.pop_front() else { return };
            if self.waiting.get(&key).is_some_and(|d| d.serial == serial) {
                self.remove(&key);
            }
        }
    }
}

impl Datagram {
    /// Takes in the octets that are new; whether some were not.
    fn insert(&mut self, piece: Piece, octets: &[u8]) -> bool {
        let start = piece.offset as usize;
        let end = start + octets.len();
        if !piece.more && self.length.is_none() {
            self.length = Some(end);
        }
        if octets.is_empty() || self.ranges.len() >= MAX_PIECES {
            return false;
        }
        if self.octets.len() < end {
            self.octets.resize(end, 0);
        }
        let mut overlaps = false;
        let mut at = start;
        // First range that ends at or behind the new one's start, and first that begins behind its end.
        let first = self.ranges.partition_point(|r| r.1 < start);
        let last = self.ranges.partition_point(|r| r.0 <= end);
        for &(from, to) in &self.ranges[first..last] {
            overlaps |= from < end && start < to;
            if at < from {
                self.octets[at..from].copy_from_slice(&octets[at - start..from - start]);
            }
            at = at.max(to).min(end);
        }
        self.octets[at..end].copy_from_slice(&octets[at - start..]);
        let from = self.ranges[first..last].first().map_or(start, |r| r.0.min(start));
        let to = self.ranges[first..last].last().map_or(end, |r| r.1.max(end));
        self.ranges.splice(first..last, [(from, to)]);
        overlaps
    }

    fn is_complete(&self) -> bool {
        matches!((self.length, &self.ranges[..]), (Some(length), [(0, end)]) if *end >= length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    fn key() -> Key {
        let address = |last| IpAddr::V4(Ipv4Addr::new(192, 0, 2, last));
        Key { capture: 1, source: address(1), destination: address(2), protocol: 17, identification: 7 }
    }

    fn piece(offset: u32, more: bool) -> Piece {
        Piece { identification: 7, offset, more, protocol: 17 }
    }

    #[test]
    fn fragments_out_of_order_are_put_together() {
        let mut fragments = Fragments::default();
        assert!(fragments.push(key(), None, piece(16, false), b"last").1.is_none());
        assert!(fragments.push(key(), None, piece(8, true), b"middle!!").1.is_none());
        let (place, whole) = fragments.push(key(), None, piece(0, true), b"first!!!");
        assert!(place.completed && !place.overlaps);
        assert_eq!(whole.unwrap(), b"first!!!middle!!last");
        assert_eq!(fragments.octets, 0);
    }

    #[test]
    fn of_overlapping_fragments_the_first_copy_stays_and_the_overlap_is_reported() {
        let mut fragments = Fragments::default();
        fragments.push(key(), None, piece(8, true), b"BBBBBBBB");
        let (place, _) = fragments.push(key(), None, piece(0, true), b"aaaaaaaaaaaa");
        assert!(place.overlaps);
        let (_, whole) = fragments.push(key(), None, piece(16, false), b"end");
        assert_eq!(whole.unwrap(), b"aaaaaaaaBBBBBBBBend");
    }

    #[test]
    fn a_duplicated_fragment_changes_nothing() {
        let mut fragments = Fragments::default();
        fragments.push(key(), None, piece(0, true), b"aaaaaaaa");
        assert!(fragments.push(key(), None, piece(0, true), b"aaaaaaaa").0.overlaps);
        assert_eq!(fragments.push(key(), None, piece(8, false), b"b").1.unwrap(), b"aaaaaaaab");
    }

    #[test]
    fn a_datagram_with_a_hole_waits() {
        let mut fragments = Fragments::default();
        assert!(fragments.push(key(), None, piece(0, true), b"aaaaaaaa").1.is_none());
        assert!(fragments.push(key(), None, piece(16, false), b"b").1.is_none());
    }

    #[test]
    fn fragments_of_more_than_a_minute_ago_are_not_joined_to_new_ones() {
        let mut fragments = Fragments::default();
        let at = |seconds| Some(Timestamp::from_parts(seconds, 0));
        fragments.push(key(), at(0), piece(0, true), b"aaaaaaaa");
        assert!(fragments.push(key(), at(61), piece(8, false), b"b").1.is_none());
        assert_eq!(fragments.push(key(), at(62), piece(0, true), b"cccccccc").1.unwrap(), b"ccccccccb");
    }

    #[test]
    fn the_octets_that_wait_stay_within_their_bound() {
        let mut fragments = Fragments::default();
        for identification in 0..1000 {
            let key = Key { identification, ..key() };
            fragments.push(key, None, piece(65_528, true), b"aaaaaaaa");
            assert!(fragments.octets <= MAX_OCTETS);
        }
        assert!(fragments.waiting.len() <= MAX_DATAGRAMS && !fragments.waiting.is_empty());
    }
}
