//! What can be measured of a connection from where the capture was made.

use super::clock::Clock;
use super::end::{End, Facts, Scale};
use crate::packet::{Note, Notes, PerSide, Seq};

/// The figures of one connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Figures {
    /// Of what each end sent.
    pub ends: PerSide<EndFigures>,
    /// Nanoseconds of the longest silence.
    pub idle_ns: Option<i64>,
    /// The packet that ended it.
    pub idle_until: Option<u64>,
}

/// The figures of what one end sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct EndFigures {
    /// Nanoseconds that the other end took to acknowledge, smoothed (SRTT of RFC 6298 section 2).
    pub smoothed_rtt_ns: Option<i64>,
    /// Nanoseconds by which that varied (RTTVAR).
    pub rtt_variation_ns: Option<i64>,
    /// Acknowledgements that were timed; those of segments sent again say nothing (Karn's algorithm).
    pub rtt_samples: u32,
    /// Octets sent and not acknowledged, at most.
    pub in_flight_max: u32,
    /// The same as percent of the window that was open then, at most; `None` where the scale is not known.
    pub window_use_percent: Option<u32>,
    /// Bits a second from the first octet to the last; `None` where all came in one segment.
    pub bits_per_second: Option<u64>,
    /// Octets of the largest segment.
    pub largest_segment: u32,
    /// Segments with octets.
    pub data_segments: u64,
    /// Those of them that were sent again.
    pub data_segments_again: u64,
}

/// Measures what one end sends.
#[derive(Debug, Default)]
pub(super) struct Meter {
    figures: EndFigures,
    first: Clock,
    last: Clock,
}

impl Meter {
    /// A segment with octets, before its sender takes note of it. Octets from `unacknowledged` on are in flight.
    pub(super) fn sent(&mut self, facts: &Facts, notes: Notes, unacknowledged: Option<Seq>, peer: &End) {
        let figures = &mut self.figures;
        figures.data_segments += 1;
        figures.largest_segment = figures.largest_segment.max(facts.length);
        figures.data_segments_again += u64::from(notes.has(Note::Retransmission));
        if self.first == Clock::NEVER {
            self.first = facts.time;
        }
        self.last = facts.time;
        let in_flight = unacknowledged
            .map_or(0, |ack| facts.first_octet().add(facts.length).distance(ack).max(0).unsigned_abs());
        figures.in_flight_max = figures.in_flight_max.max(in_flight);
        if let Some(window) = open_window(peer).filter(|&window| window > 0) {
            let percent = u64::from(in_flight) * 100 / window;
            let most = figures.window_use_percent.unwrap_or(0);
            figures.window_use_percent = Some(most.max(u32::try_from(percent).unwrap_or(u32::MAX)));
        }
    }

    /// An acknowledgement came `rtt` nanoseconds after what it covers (RFC 6298 section 2, equations 2.2 and 2.3).
    pub(super) fn acknowledged(&mut self, rtt: i64) {
        let figures = &mut self.figures;
        let (smoothed, variation) = match (figures.smoothed_rtt_ns, figures.rtt_variation_ns) {
            (Some(smoothed), Some(variation)) => {
                let off = smoothed.abs_diff(rtt).min(i64::MAX as u64) as i64;
                (smoothed - smoothed / 8 + rtt / 8, variation - variation / 4 + off / 4)
            }
            _ => (rtt, rtt / 2),
        };
        figures.smoothed_rtt_ns = Some(smoothed);
        figures.rtt_variation_ns = Some(variation);
        figures.rtt_samples = figures.rtt_samples.saturating_add(1);
    }

    /// The figures so far, of an end that sent so many different octets.
    pub(super) fn figures(&self, octets: u64) -> EndFigures {
        let took = self.last.since(self.first).and_then(|ns| u128::try_from(ns).ok()).filter(|&ns| ns > 0);
        let rate = took.map(|ns| u128::from(octets) * 8_000_000_000 / ns);
        EndFigures { bits_per_second: rate.and_then(|rate| u64::try_from(rate).ok()), ..self.figures }
    }
}

/// The window that an end last announced, in octets; that of its SYN is not scaled.
fn open_window(end: &End) -> Option<u64> {
    let Scale::Shift(bits) = end.scale else { return None };
    let bits = if end.packets > 1 { bits } else { 0 };
    Some(u64::from(end.window) << bits)
}
