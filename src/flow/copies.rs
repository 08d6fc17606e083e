//! Packets that the capture took twice (loopback, both sides of a bridge), told from packets that were sent twice.

use super::SegmentInput;
use super::clock::Clock;
use super::end::Facts;

/// What two copies of one packet have in common.
#[derive(Debug, Clone, Copy)]
struct Seen {
    stream: u64,
    from_low: bool,
    identification: Option<u32>,
    facts: Facts,
}

/// The last few packets of the capture.
#[derive(Debug, Default)]
pub(super) struct Recent {
    seen: [Option<Seen>; Recent::KEPT],
    /// The connections of those packets, to look for before anything else is compared.
    streams: [u64; Recent::KEPT],
    next: usize,
}

impl Recent {
    const KEPT: usize = 16;
    /// Two copies with the same IP identification are no further apart than this.
    const APART_NS: u64 = 500_000;
    /// An identification of 0 says little: such copies must stand closer.
    const APART_UNIDENTIFIED_NS: u64 = 20_000;

    /// The earlier copy of this packet, if there is one: same connection, sender, numbers and IP identification,
    /// and a time that differs by microseconds at most.
    pub(super) fn copy(
        &self,
        stream: u64,
        from_low: bool,
        input: &SegmentInput<'_>,
        facts: &Facts,
    ) -> Option<u64> {
        let identification = input.identification?;
        if !self.streams.contains(&stream) {
            return None;
        }
        let apart = if identification == 0 { Self::APART_UNIDENTIFIED_NS } else { Self::APART_NS };
        let near = |time: Clock| facts.time.since(time).is_some_and(|ns| ns.unsigned_abs() <= apart);
        let same = |seen: &&Seen| {
            let old = &seen.facts;
            seen.stream == stream
                && seen.from_low == from_low
                && seen.identification == Some(identification)
                && (old.seq, old.next, old.ack) == (facts.seq, facts.next, facts.ack)
                && (old.flags, old.window) == (facts.flags, facts.window)
                && near(old.time)
        };
        self.seen.iter().flatten().find(same).map(|seen| seen.facts.packet)
    }

    /// Remembers a packet.
    pub(super) fn add(&mut self, stream: u64, from_low: bool, input: &SegmentInput<'_>, facts: &Facts) {
        if let Some(slot) = self.seen.get_mut(self.next) {
            self.streams[self.next] = stream;
            *slot = Some(Seen { stream, from_low, identification: input.identification, facts: *facts });
        }
        self.next = (self.next + 1) % Self::KEPT;
    }
}
