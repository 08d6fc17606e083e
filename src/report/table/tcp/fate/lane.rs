//! The octets of one sender, followed from row to row.

use std::collections::BTreeMap;

use super::super::row::Row;
use super::blocks::Blocks;
use super::{Copy, Proof, Told};
use crate::dissect::TcpFlags;
use crate::packet::{Note, Side};

/// Segments that one D-SACK reports at most: a block of a stranger may reach over all of them.
const REPORTED: usize = 64;

/// Follows what one side sends, and what the other acknowledges of it. Every step takes a time that grows with the
/// logarithm of what came before, over all rows together.
pub(super) struct Lane<'a> {
    side: Side,
    rows: &'a [Row],
    told: &'a mut [Told],
    /// Numbers that were sent: where each run ends and the row that carried it last, by where it begins.
    spans: BTreeMap<i64, (i64, usize)>,
    /// The number after the highest one sent.
    next: i64,
    acknowledged: Option<i64>,
    blocks: Blocks,
}

impl<'a> Lane<'a> {
    pub(super) fn new(side: Side, rows: &'a [Row], told: &'a mut [Told]) -> Self {
        let (spans, blocks) = (BTreeMap::new(), Blocks::default());
        Self { side, rows, told, spans, next: 0, acknowledged: None, blocks }
    }

    pub(super) fn run(mut self) {
        for (at, row) in self.rows.iter().enumerate() {
            if row.place.copy_of.is_some() || row.place.is_ignored() || row.flags.has(TcpFlags::RST) {
                continue;
            }
            if row.place.from != self.side {
                self.hear(at, row);
            } else if carries(row) {
                self.send(at, row);
            }
        }
    }

    /// A number of the header without wrapping: the one that is nearest to what was sent last.
    fn whole(&self, number: u32) -> i64 {
        self.next + i64::from(number.wrapping_sub(self.next as u32) as i32)
    }

    fn send(&mut self, at: usize, row: &Row) {
        let start = self.whole(row.place.relative_seq);
        let octets = i64::from(row.length) + i64::from(row.flags.has(TcpFlags::FIN));
        let end = start + octets;
        for edge in [start, end] {
            self.split(edge);
        }
        let overlapped: Vec<_> = self.spans.range(start..end).map(|(from, to)| (*from, *to)).collect();
        let acknowledged = row.place.notes.has(Note::SpuriousRetransmission);
        for &(from, (to, before)) in &overlapped {
            self.spans.remove(&from);
            if acknowledged || self.is_acknowledged(from, to) {
                self.told[before].proof.get_or_insert(Proof::Acknowledged);
            } else {
                self.told[before].missed += to - from;
            }
        }
        self.spans.insert(start, (end, at));
        self.next = self.next.max(end);
        let copy = overlapped.first().map(|&(_, (_, previous))| {
            let before = self.told[previous].copy;
            Copy {
                first: before.map_or(previous, |copy| copy.first),
                previous,
                nth: before.map_or(2, |copy| copy.nth.saturating_add(1)),
            }
        });
        self.told[at] = Told {
            start: Some(start),
            octets,
            copy,
            earlier: copy.map(|copy| copy.previous),
            is_tail: end == self.next,
            ..self.told[at]
        };
    }

    /// Makes a run that reaches over `edge` two.
    fn split(&mut self, edge: i64) {
        if let Some((_, (end, row))) =
            self.spans.range_mut(..edge).next_back().filter(|(_, run)| run.0 > edge)
        {
            let behind = (*end, *row);
            *end = edge;
            self.spans.insert(edge, behind);
        }
    }

    fn is_acknowledged(&self, from: i64, to: i64) -> bool {
        self.acknowledged.is_some_and(|ack| to <= ack) || self.blocks.cover(from, to)
    }

    fn hear(&mut self, at: usize, row: &Row) {
        let Some(ack) = row.place.relative_ack.map(|ack| self.whole(ack)) else { return };
        let blocks = row.sack.iter().flatten().map(|(left, right)| (self.whole(*left), self.whole(*right)));
        let mut blocks: Vec<_> = blocks.filter(|(left, right)| left < right).collect();
        if is_reported_twice(ack, &blocks) {
            let (left, right) = blocks.remove(0);
            self.came_twice(at, left, right);
        }
        blocks.retain(|(left, _)| *left > ack);
        self.told[at].above = blocks.iter().map(|(left, _)| *left).max();
        for (left, right) in blocks {
            self.blocks.add(left, right);
        }
        if self.acknowledged.is_none_or(|before| before < ack) {
            self.told[at].fills = self.acknowledged.and_then(|before| self.late(before));
            self.acknowledged = Some(ack);
        }
    }

    /// The row that brought `number` last, where that was not in its turn.
    fn late(&self, number: i64) -> Option<usize> {
        let (_, &(_, row)) = self.spans.range(..=number).next_back().filter(|(_, run)| run.0 > number)?;
        let late = self.told[row].copy.is_some() || self.rows[row].place.notes.has(Note::OutOfOrder);
        late.then_some(row)
    }

    /// One more copy of these octets arrived than had to.
    fn came_twice(&mut self, report: usize, left: i64, right: i64) {
        let from = self.spans.range(..=left).next_back().map_or(left, |(from, _)| *from);
        let runs = self.spans.range(from..right).filter(|(_, run)| run.0 > left);
        let mut last: Vec<usize> = runs.map(|(_, run)| run.1).take(REPORTED).collect();
        last.dedup();
        for last in last {
            let Some(previous) = self.told[last].copy.map(|copy| copy.previous) else { continue };
            // where the copy before is known to have arrived, the report is of the last one
            let of_last = self.told[previous].proof.is_some() && !self.told[last].counted;
            self.told[last].counted = true;
            if let Some(row) = (!of_last).then(|| self.unproven(previous)).flatten() {
                self.told[row].proof = Some(Proof::ReportedTwice(report));
            }
        }
    }

    /// The last copy, from `at` backward, that is not known to have arrived. The way is made short for the next time.
    fn unproven(&mut self, at: usize) -> Option<usize> {
        let mut found = Some(at);
        while let Some(row) = found.filter(|row| self.told[*row].proof.is_some()) {
            found = self.told[row].earlier;
        }
        let mut passed = Some(at);
        while let Some(row) = passed.filter(|row| Some(*row) != found) {
            passed = self.told[row].earlier;
            self.told[row].earlier = found;
        }
        found
    }
}

/// Whether a row carries octets or a FIN of the stream. Those on a SYN may arrive and yet be refused (RFC 7413), those
/// of keep-alives and probes only ask for an answer.
fn carries(row: &Row) -> bool {
    let notes = row.place.notes;
    let asks = notes.has(Note::KeepAlive) || notes.has(Note::ZeroWindowProbe);
    !asks && !row.flags.has(TcpFlags::SYN) && (row.length > 0 || row.flags.has(TcpFlags::FIN))
}

/// Whether the first block is a D-SACK: it lies at or below the acknowledgement, or within the block behind it
/// (RFC 2883 section 4).
pub(in super::super) fn is_reported_twice<N: PartialOrd>(ack: N, blocks: &[(N, N)]) -> bool {
    let Some((left, right)) = blocks.first() else { return false };
    *right <= ack || blocks.get(1).is_some_and(|behind| behind.0 <= *left && *right <= behind.1)
}
