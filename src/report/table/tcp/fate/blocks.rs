//! Ranges of numbers that were acknowledged selectively.

use std::collections::BTreeMap;

/// Ranges that neither overlap nor touch: their ends by their beginnings.
#[derive(Debug, Default)]
pub(super) struct Blocks(BTreeMap<i64, i64>);

impl Blocks {
    /// Adds a range; what it touches becomes part of it, so each range is taken out once at most.
    pub(super) fn add(&mut self, mut left: i64, mut right: i64) {
        while let Some((&begin, &end)) = self.0.range(..=right).next_back().filter(|(_, end)| **end >= left) {
            self.0.remove(&begin);
            (left, right) = (left.min(begin), right.max(end));
        }
        self.0.insert(left, right);
    }

    /// Whether all of a range has been added.
    pub(super) fn cover(&self, left: i64, right: i64) -> bool {
        self.0.range(..=left).next_back().is_some_and(|(_, end)| *end >= right)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_that_touch_are_one() {
        let mut blocks = Blocks::default();
        for (left, right) in [(10, 20), (30, 40), (0, 5), (20, 30)] {
            blocks.add(left, right);
        }
        assert!(blocks.cover(10, 40));
        assert!(!blocks.cover(4, 6) && !blocks.cover(5, 40) && blocks.cover(1, 5));
        blocks.add(3, 100);
        assert_eq!(blocks.0.len(), 1);
    }
}
