//! What became of each segment that carried octets, as far as the capture shows: the one place that decides it.
//!
//! A copy of octets that were sent again is taken for lost, unless something shows that it arrived: an acknowledgement
//! or a SACK block that covers it before the next copy was sent, or a D-SACK (RFC 2883) afterwards.

mod blocks;
mod lane;

use super::flaw;
use super::row::Row;
use crate::packet::{PerSide, Side};
use lane::Lane;
pub(super) use lane::is_reported_twice;

/// What became of a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// Nothing speaks against its arrival.
    Arrived,
    /// A part of its octets had to be sent again.
    Partly,
    /// It had to be sent again, and nothing shows that it arrived.
    Lost,
}

/// What shows that a copy arrived although its octets were sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Proof {
    /// They were acknowledged before.
    Acknowledged,
    /// The acknowledgement of this row says that they came twice.
    ReportedTwice(usize),
}

/// Octets that were sent before.
#[derive(Debug, Clone, Copy)]
pub(super) struct Copy {
    /// Row that carried its first octet first.
    pub(super) first: usize,
    /// Row that carried its first octet last before.
    pub(super) previous: usize,
    /// 2 where it is the second copy.
    pub(super) nth: u32,
}

/// What is known of one row.
#[derive(Debug, Clone, Copy, Default)]
struct Told {
    /// Number of the first octet it carries, without wrapping.
    start: Option<i64>,
    /// Sequence numbers it uses.
    octets: i64,
    /// Those that were sent again, and not known to have arrived then.
    missed: i64,
    copy: Option<Copy>,
    /// What shows that it arrived, where its octets were sent again.
    proof: Option<Proof>,
    /// A D-SACK has been counted for it.
    counted: bool,
    /// An earlier copy to look at, where this one is known to have arrived.
    earlier: Option<usize>,
    /// Nothing beyond it had been sent.
    is_tail: bool,
    /// Where the highest block begins that it selectively acknowledges.
    above: Option<i64>,
    /// Row that brought what stood first among the missing octets that it acknowledges.
    fills: Option<usize>,
}

/// What became of the rows of one connection. Rows are named by their index.
pub(super) struct Fates {
    told: Vec<Told>,
    damaged: Vec<bool>,
}

impl Fates {
    /// Of all rows, in the order of the capture.
    pub(super) fn new(rows: &[Row]) -> Self {
        let mut told = vec![Told::default(); rows.len()];
        for side in [Side::Initiator, Side::Responder] {
            Lane::new(side, rows, &mut told).run();
        }
        let tells = |side| flaw::is_telling(rows, side);
        let tells = PerSide { initiator: tells(Side::Initiator), responder: tells(Side::Responder) };
        let is_damaged = |row: &Row| row.flaw.is_some() && *tells.of(row.place.from);
        let damaged = rows.iter().map(|row| is_damaged(row) && flaw::arrived(rows, row).is_none()).collect();
        Self { told, damaged }
    }

    /// The row of this packet.
    pub(super) fn index(rows: &[Row], packet: u64) -> Option<usize> {
        let at = rows.partition_point(|row| row.packet < packet);
        rows.get(at).filter(|row| row.packet == packet).map(|_| at)
    }

    fn told(&self, at: usize) -> Told {
        self.told.get(at).copied().unwrap_or_default()
    }

    /// What became of a row.
    pub(super) fn of(&self, at: usize) -> Fate {
        let Told { proof, missed, octets, .. } = self.told(at);
        match proof {
            Some(Proof::ReportedTwice(_)) => Fate::Arrived,
            Some(Proof::Acknowledged) if missed == 0 => Fate::Arrived,
            None if self.damaged.get(at) == Some(&true) => Fate::Lost,
            None if missed == 0 => Fate::Arrived,
            _ if missed < octets => Fate::Partly,
            _ => Fate::Lost,
        }
    }

    /// What shows that a row arrived whose octets were sent again.
    pub(super) fn proof(&self, at: usize) -> Option<Proof> {
        self.told(at).proof
    }

    /// The copies before, where it brings octets again.
    pub(super) fn copy(&self, at: usize) -> Option<Copy> {
        self.told(at).copy
    }

    /// Whether nothing beyond it had been sent.
    pub(super) fn is_tail(&self, at: usize) -> bool {
        self.told(at).is_tail
    }

    /// The row that filled a hole, where this row is the first to acknowledge what it brought: a copy whose earlier one
    /// was lost, or octets that came late.
    pub(super) fn filled_by(&self, at: usize) -> Option<usize> {
        let by = self.told(at).fills?;
        self.copy(by).is_none_or(|copy| self.of(copy.previous) != Fate::Arrived).then_some(by)
    }

    /// Number of the first octet that a row carries.
    pub(super) fn start(&self, at: usize) -> Option<i64> {
        self.told(at).start
    }

    /// Where the highest block begins that a row selectively acknowledges, in the numbers of [`Fates::start`].
    pub(super) fn above(&self, at: usize) -> Option<i64> {
        self.told(at).above
    }
}
