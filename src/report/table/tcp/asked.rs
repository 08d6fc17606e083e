//! How many acknowledgements asked for each segment that was sent again.

use std::collections::BTreeMap;

use super::fate::Fates;
use super::row::Row;
use crate::packet::{Note, Side};

/// What asked for a copy, since the copy before was sent.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Asked {
    /// Acknowledgements whose SACK blocks lie above its first octet.
    pub(super) by_blocks: u32,
    /// Duplicate acknowledgements of its first octet, without such blocks.
    pub(super) by_duplicates: u32,
    /// The last row of either kind.
    pub(super) last: Option<usize>,
    /// The other end's last row, of any kind.
    pub(super) heard: Option<usize>,
}

/// What asked for each copy, by its row. One pass in the order of the capture: an acknowledgement that shows holes shows
/// all below its highest block, so those that show one hole are counted as the blocks that begin above it.
pub(super) fn asked(rows: &[Row], fates: &Fates) -> BTreeMap<usize, Asked> {
    let mut all = BTreeMap::new();
    for side in [Side::Initiator, Side::Responder] {
        Pass::new(side, rows, fates).run(&mut all);
    }
    all
}

struct Pass<'a> {
    side: Side,
    rows: &'a [Row],
    fates: &'a Fates,
    /// Blocks that have come.
    count: Count,
    /// Rows that no later row's blocks begin above or at, each with where its highest block begins: those beginnings fall.
    highest: Vec<(i64, usize)>,
    /// Rows of duplicate acknowledgements without blocks, by their number.
    duplicates: BTreeMap<u32, Vec<usize>>,
    heard: Option<usize>,
}

impl<'a> Pass<'a> {
    fn new(side: Side, rows: &'a [Row], fates: &'a Fates) -> Self {
        let blocks = (0..rows.len()).filter(|at| rows[*at].place.from != side);
        let count = Count::of(blocks.filter_map(|at| fates.above(at)).collect());
        let duplicates = BTreeMap::new();
        Self { side, rows, fates, count, highest: Vec::new(), duplicates, heard: None }
    }

    fn run(mut self, all: &mut BTreeMap<usize, Asked>) {
        // how many blocks had come above a copy's first octet when the copy before was sent
        let mut waiting: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for at in (0..self.rows.len()).filter(|at| self.rows[*at].place.from == self.side) {
            if let Some(copy) = self.fates.copy(at) {
                waiting.entry(copy.previous).or_default().push(at);
            }
        }
        let mut before: BTreeMap<usize, u32> = BTreeMap::new();
        for (at, row) in self.rows.iter().enumerate() {
            if row.place.from != self.side {
                self.hear(at, row);
                continue;
            }
            if let (Some(copy), Some(start)) = (self.fates.copy(at), self.fates.start(at)) {
                let earlier = before.remove(&at).unwrap_or(0);
                all.insert(at, self.since(copy.previous, row.place.relative_seq, start, earlier));
            }
            for copy in waiting.remove(&at).unwrap_or_default() {
                let start = self.fates.start(copy).unwrap_or(0);
                before.insert(copy, self.count.above(start));
            }
        }
    }

    fn hear(&mut self, at: usize, row: &Row) {
        if row.place.copy_of.is_some() {
            return;
        }
        self.heard = Some(at);
        if let Some(above) = self.fates.above(at) {
            self.count.add(above);
            while self.highest.last().is_some_and(|(left, _)| *left <= above) {
                self.highest.pop();
            }
            self.highest.push((above, at));
        } else if let Some(ack) = row.place.relative_ack.filter(|_| row.place.notes.has(Note::DuplicateAck)) {
            self.duplicates.entry(ack).or_default().push(at);
        }
    }

    fn since(&self, previous: usize, seq: u32, start: i64, earlier: u32) -> Asked {
        let duplicates = self.duplicates.get(&seq).map_or(&[][..], Vec::as_slice);
        let duplicates = &duplicates[duplicates.partition_point(|at| *at < previous)..];
        let above = self.highest.partition_point(|(left, _)| *left > start);
        let block = above.checked_sub(1).map(|at| self.highest[at].1).filter(|at| *at > previous);
        Asked {
            by_blocks: self.count.above(start).saturating_sub(earlier),
            by_duplicates: u32::try_from(duplicates.len()).unwrap_or(u32::MAX),
            last: duplicates.last().copied().max(block),
            heard: self.heard.filter(|at| *at > previous),
        }
    }
}

/// Numbers that were added, counted by those above another: a Fenwick tree over all that will be added.
struct Count {
    numbers: Vec<i64>,
    sums: Vec<u32>,
    total: u32,
}

impl Count {
    fn of(mut numbers: Vec<i64>) -> Self {
        numbers.sort_unstable();
        numbers.dedup();
        let sums = vec![0; numbers.len() + 1];
        Self { numbers, sums, total: 0 }
    }

    fn add(&mut self, number: i64) {
        self.total += 1;
        let mut at = self.numbers.partition_point(|known| *known <= number);
        while let Some(sum) = self.sums.get_mut(at).filter(|_| at > 0) {
            *sum += 1;
            at += at & at.wrapping_neg();
        }
    }

    /// How many were above `number`.
    fn above(&self, number: i64) -> u32 {
        let mut at = self.numbers.partition_point(|known| *known <= number);
        let mut below = 0;
        while at > 0 {
            below += self.sums[at];
            at &= at - 1;
        }
        self.total - below
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_above_another_are_counted() {
        let added = [30, 10, 20, 10];
        let mut count = Count::of(added.to_vec());
        added.into_iter().for_each(|number| count.add(number));
        assert_eq!([5, 10, 19, 20, 30].map(|number| count.above(number)), [4, 2, 2, 1, 0]);
    }
}
