//! Frames on their way from one thread to the other.

use crate::capture::Interface;
use crate::packet::{DeclaredFcs, Frame, LinkType, Timestamp};

/// Octets from which on a batch is handed over.
pub(super) const ENOUGH: usize = 1 << 20;

/// Frames, one behind the other; used again and again.
#[derive(Debug, Default)]
pub(super) struct Batch {
    octets: Vec<u8>,
    frames: Vec<Entry>,
}

/// Where a frame stands, and what is known of it.
#[derive(Debug, Clone, Copy)]
struct Entry {
    start: usize,
    length: usize,
    original_length: u32,
    interface: u32,
    time: Timestamp,
    is_outbound: bool,
}

impl Batch {
    /// Takes a copy.
    pub(super) fn push(
        &mut self,
        interface: u32,
        time: Timestamp,
        original_length: u32,
        is_outbound: bool,
        octets: &[u8],
    ) {
        let start = self.octets.len();
        self.octets.extend_from_slice(octets);
        self.frames.push(Entry {
            start,
            length: octets.len(),
            original_length,
            interface,
            time,
            is_outbound,
        });
    }

    pub(super) fn len(&self) -> usize {
        self.frames.len()
    }

    pub(super) fn is_full(&self) -> bool {
        self.octets.len() >= ENOUGH || self.frames.len() >= ENOUGH / 64
    }

    pub(super) fn clear(&mut self) {
        self.octets.clear();
        self.frames.clear();
    }

    /// Brings the frames of several interfaces into the order of their times.
    pub(super) fn sort(&mut self) {
        if !self.frames.is_sorted_by_key(|entry| entry.time) {
            self.frames.sort_by_key(|entry| entry.time);
        }
    }

    /// The frame at this place, with the number that it has in the capture.
    pub(super) fn frame(&self, at: usize, number: u64, interfaces: &[Interface]) -> Option<Frame<'_>> {
        let entry = self.frames.get(at)?;
        let link_type = interfaces.get(entry.interface as usize).map_or(LinkType::ETHERNET, |i| i.link_type);
        Some(Frame {
            capture: 1,
            number,
            time: Some(entry.time),
            link_type,
            interface: entry.interface,
            original_length: entry.original_length,
            octets: self.octets.get(entry.start..entry.start + entry.length)?,
            declared_fcs: DeclaredFcs::Unknown,
            is_outbound: entry.is_outbound,
            comments: &[],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_of_several_interfaces_come_in_the_order_of_their_times() {
        let mut batch = Batch::default();
        for (time, octets) in [(3, b"cc".as_slice()), (1, b"a"), (2, b"bbb")] {
            batch.push(0, Timestamp::from_nanos(time), 9, false, octets);
        }
        batch.sort();
        let octets: Vec<&[u8]> = (0..batch.len()).map(|at| batch.frame(at, 1, &[]).unwrap().octets).collect();
        assert_eq!(octets, [b"a".as_slice(), b"bbb", b"cc"]);
        batch.clear();
        assert!(batch.frame(0, 1, &[]).is_none());
    }
}
