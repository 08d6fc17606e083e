//! Which octets of a stream must not be shown.

use std::collections::VecDeque;
use std::ops::Range;

/// Ranges that are remembered of one side; what is older is concealed whole.
const MAX_RANGES: usize = 1024;

/// The secrets of one side of a stream, in order.
#[derive(Debug, Default)]
pub(super) struct Secrets {
    ranges: VecDeque<Range<u64>>,
    /// Before this place nothing is known any more.
    forgotten: u64,
}

impl Secrets {
    /// These octets are secret. Ranges come in order.
    pub(super) fn add(&mut self, range: Range<u64>) {
        if range.is_empty() {
            return;
        }
        if let Some(last) = self.ranges.back_mut()
            && range.start <= last.end
        {
            last.end = last.end.max(range.end);
            return;
        }
        if self.ranges.len() == MAX_RANGES
            && let Some(oldest) = self.ranges.pop_front()
        {
            self.forgotten = oldest.end;
        }
        self.ranges.push_back(range);
    }

    /// The secret ranges among the asked octets, counted from the first of them. What lies at `shown_before` or
    /// behind it is concealed as well.
    pub(super) fn within(&self, asked: Range<u64>, shown_before: u64, out: &mut Vec<Range<u32>>) {
        let forgotten = (self.forgotten > asked.start).then_some(0..self.forgotten);
        let first = self.ranges.partition_point(|r| r.end <= asked.start);
        let known = self.ranges.range(first..).take_while(|r| r.start < asked.end).cloned();
        let unread = (shown_before < asked.end).then_some(shown_before..u64::MAX);
        for range in forgotten.into_iter().chain(known).chain(unread) {
            let start = (range.start.clamp(asked.start, asked.end) - asked.start) as u32;
            let end = (range.end.clamp(asked.start, asked.end) - asked.start) as u32;
            match out.last_mut() {
                Some(last) if start <= last.end => last.end = last.end.max(end),
                _ if start < end => out.push(start..end),
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_cut_to_what_is_asked_and_the_unread_is_secret() {
        let mut secrets = Secrets::default();
        secrets.add(10..20);
        secrets.add(30..40);
        let mut out = Vec::new();
        secrets.within(15..35, 100, &mut out);
        assert_eq!(out, [0..5, 15..20]);
        out.clear();
        secrets.within(35..60, 50, &mut out);
        assert_eq!(out, [0..5, 15..25]);
    }

    #[test]
    fn what_is_older_than_the_oldest_range_remembered_is_secret() {
        let mut secrets = Secrets::default();
        for i in 0..=MAX_RANGES as u64 {
            secrets.add(i * 10..i * 10 + 1);
        }
        let mut out = Vec::new();
        secrets.within(0..10, u64::MAX, &mut out);
        assert_eq!(out.first(), Some(&(0..1)));
        assert_eq!(secrets.ranges.len(), MAX_RANGES);
    }
}
