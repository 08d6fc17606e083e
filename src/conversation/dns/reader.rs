//! Messages out of a TCP stream: two octets of length before each (RFC 1035 section 4.2.2).

use std::collections::VecDeque;

use crate::flow::Delivery;
use crate::packet::{PerSide, Side, Timestamp};
use crate::wire::dns::{HEADER, plausible};

/// Messages that wait to be taken; older ones go first.
const MAX_WAITING: usize = 1024;

/// A message of a stream.
#[derive(Debug, PartialEq, Eq)]
pub struct Framed {
    /// Who sent it.
    pub from: Side,
    /// The packet that completed it.
    pub packet: u64,
    /// When that was captured.
    pub time: Option<Timestamp>,
    /// Its octets, without the length; where some were not captured, those before.
    pub octets: Vec<u8>,
}

/// Cuts one connection into messages.
#[derive(Debug, Default)]
pub struct Reader {
    sides: PerSide<Half>,
    waiting: VecDeque<Framed>,
    left_out: u64,
}

/// One direction.
#[derive(Debug, Default)]
struct Half {
    /// The length, and the message as far as it has come.
    octets: Vec<u8>,
    /// Octets of a message that lie behind a gap, and are passed over.
    to_skip: u64,
    /// It is not known where the next message begins.
    lost: bool,
}

impl Reader {
    /// The next octets of one side.
    pub fn octets(&mut self, delivery: Delivery, octets: &[u8]) {
        let half = self.sides.of_mut(delivery.from);
        let mut rest = octets;
        if half.to_skip > 0 {
            let skipped = rest.len().min(usize::try_from(half.to_skip).unwrap_or(usize::MAX));
            half.to_skip -= skipped as u64;
            rest = &rest[skipped..];
        }
        if half.lost {
            // a segment usually begins with a message
            if !begins_message(rest) {
                return;
            }
            half.lost = false;
        }
        while let Some((octets, after)) = half.next(rest) {
            rest = after;
            let framed = Framed { from: delivery.from, packet: delivery.packet, time: delivery.time, octets };
            if self.waiting.len() >= MAX_WAITING {
                self.left_out += 1;
            } else {
                self.waiting.push_back(framed);
            }
        }
    }

    /// Octets of one side that are not in the capture.
    pub fn gap(&mut self, delivery: Delivery, length: u64) {
        let half = self.sides.of_mut(delivery.from);
        if half.to_skip >= length {
            half.to_skip -= length;
            return;
        }
        let missing = half.missing();
        let octets = half.cut();
        half.to_skip = 0;
        match missing {
            Some(missing) if missing >= length => half.to_skip = missing - length,
            _ => half.lost = true,
        }
        if octets.len() >= HEADER {
            let framed = Framed { from: delivery.from, packet: delivery.packet, time: delivery.time, octets };
            self.waiting.push_back(framed);
        }
    }

    /// The next message that is known.
    pub fn take(&mut self) -> Option<Framed> {
        self.waiting.pop_front()
    }

    /// Messages beyond the bound.
    pub const fn left_out(&self) -> u64 {
        self.left_out
    }
}

impl Half {
    /// The length that was announced, once both its octets are there.
    fn length(&self) -> Option<usize> {
        self.octets.first_chunk().map(|&two| usize::from(u16::from_be_bytes(two)))
    }

    /// Octets that are missing of the message that has begun.
    fn missing(&self) -> Option<u64> {
        let length = self.length()?;
        Some((length + 2).saturating_sub(self.octets.len()) as u64)
    }

    /// A message that ends in `octets`, and what follows it; without one, all octets are kept.
    fn next<'a>(&mut self, octets: &'a [u8]) -> Option<(Vec<u8>, &'a [u8])> {
        let mut rest = octets;
        while self.octets.len() < 2 {
            let (&octet, after) = rest.split_first()?;
            self.octets.push(octet);
            rest = after;
        }
        let wanted = self.length()? + 2 - self.octets.len();
        let (taken, after) = rest.split_at(wanted.min(rest.len()));
        self.octets.extend_from_slice(taken);
        (taken.len() == wanted).then(|| (self.cut(), after))
    }

    /// The message as far as it has come; the next one begins.
    fn cut(&mut self) -> Vec<u8> {
        let mut octets = std::mem::take(&mut self.octets);
        octets.drain(..octets.len().min(2));
        octets
    }
}

/// Whether a length and a message can begin here.
fn begins_message(octets: &[u8]) -> bool {
    let Some((&length, message)) = octets.split_first_chunk() else { return false };
    usize::from(u16::from_be_bytes(length)) >= HEADER && plausible(message)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn delivery(packet: u64) -> Delivery {
        Delivery { stream: 0, from: Side::Initiator, offset: 0, packet, time: None }
    }

    fn framed(message: &[u8]) -> Vec<u8> {
        [&u16::try_from(message.len()).unwrap().to_be_bytes()[..], message].concat()
    }

    fn message(id: u8, length: usize) -> Vec<u8> {
        let mut octets = vec![0, id, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1];
        octets.resize(length.max(17), 0);
        octets
    }

    fn taken(reader: &mut Reader) -> Vec<(u64, usize)> {
        std::iter::from_fn(|| reader.take()).map(|framed| (framed.packet, framed.octets.len())).collect()
    }

    #[test]
    fn messages_share_segments_and_segments_share_a_message() {
        let stream = [framed(&message(1, 17)), framed(&message(2, 40)), framed(&message(3, 17))].concat();
        for cut in 0..stream.len() {
            let mut reader = Reader::default();
            reader.octets(delivery(1), &stream[..cut]);
            reader.octets(delivery(2), &stream[cut..]);
            let lengths: Vec<_> = taken(&mut reader).into_iter().map(|(_, length)| length).collect();
            assert_eq!(lengths, [17, 40, 17], "cut at {cut}");
        }
    }

    #[test]
    fn a_gap_within_a_message_costs_that_message_alone() {
        let mut reader = Reader::default();
        let first = framed(&message(1, 100));
        reader.octets(delivery(1), &first[..50]);
        reader.gap(delivery(2), 20);
        let rest = [&first[70..], &framed(&message(2, 17))].concat();
        reader.octets(delivery(3), &rest);
        assert_eq!(taken(&mut reader), [(2, 48), (3, 17)]);
    }

    #[test]
    fn behind_a_longer_gap_the_next_segment_that_begins_a_message_is_read() {
        let mut reader = Reader::default();
        reader.octets(delivery(1), &framed(&message(1, 100))[..50]);
        reader.gap(delivery(2), 200);
        reader.octets(delivery(3), &[0xff; 60]);
        reader.octets(delivery(4), &framed(&message(2, 17)));
        assert_eq!(taken(&mut reader), [(2, 48), (4, 17)]);
    }

    proptest! {
        #[test]
        fn arbitrary_streams_never_panic(pieces in proptest::collection::vec(
            (any::<bool>(), proptest::collection::vec(any::<u8>(), 0..50)), 0..20)) {
            let mut reader = Reader::default();
            for (is_gap, octets) in &pieces {
                if *is_gap {
                    reader.gap(delivery(1), octets.len() as u64);
                } else {
                    reader.octets(delivery(1), octets);
                }
                taken(&mut reader);
            }
        }
    }
}
