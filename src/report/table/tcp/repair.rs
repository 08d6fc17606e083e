//! How a loss was repaired: which copy of the octets this is, what became of those before, what made the sender send it.

use std::collections::BTreeMap;

use super::super::style::Style;
use super::super::time::duration;
use super::asked::{Asked, asked};
use super::fate::{Copy, Fate, Fates, Proof};
use super::row::Row;
use crate::packet::{Note, PerSide};

/// A repair that an acknowledgement asked for follows on it at once; what comes later was the timer's (200 ms is the
/// shortest retransmission timeout in use; RFC 6298 section 2.4 asks for a second).
const TIMER_NS: i64 = 200_000_000;

/// What made a sender send octets again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cause {
    /// So many acknowledgements with SACK blocks above the hole.
    Blocks(u32),
    /// So many duplicate acknowledgements.
    Duplicates(u32),
    /// The retransmission timer; whether the other end said anything in the meantime.
    Timer { heard: bool },
    /// The timer ran out before this row was sent again, which goes for all that was sent before.
    AfterTimer(usize),
    /// A tail loss probe (RFC 8985 section 7).
    Probe,
    /// Nothing that the capture shows.
    Unasked,
}

/// The repairs of one connection.
pub(super) struct Repairs {
    fates: Fates,
    causes: BTreeMap<usize, Cause>,
}

impl Repairs {
    /// Of all rows, in the order of the capture.
    pub(super) fn new(rows: &[Row]) -> Self {
        let fates = Fates::new(rows);
        let mut timers = PerSide { initiator: None, responder: None };
        let mut causes = BTreeMap::new();
        for (at, asked) in asked(rows, &fates) {
            let (Some(row), Some(copy)) = (rows.get(at), fates.copy(at)) else { continue };
            if !row.is_sent_again() {
                continue;
            }
            let cause = cause(rows, at, copy, &asked, *timers.of(row.place.from), fates.is_tail(at));
            if matches!(cause, Cause::Timer { .. }) {
                *timers.of_mut(row.place.from) = Some(at);
            }
            causes.insert(at, cause);
        }
        Self { fates, causes }
    }

    /// What a row that repairs tells, as one sentence: it says all that the notes of a retransmission say; `None` where
    /// the row repairs nothing.
    pub(super) fn tell(&self, style: &Style, rows: &[Row], row: &Row) -> Option<String> {
        if row.place.notes.has(Note::SpuriousRetransmission) {
            return None;
        }
        let at = Fates::index(rows, row.packet)?;
        let (cause, copy) = (*self.causes.get(&at)?, self.fates.copy(at)?);
        let lead = if row.place.notes.has(Note::FastRetransmission) { "fast" } else { "again" };
        let values: [(&str, &dyn std::fmt::Display); 2] =
            [("history", &self.history(style, rows, at, copy)), ("cause", &said(style, rows, cause))];
        Some(style.say(&format!("tcp.repair.{lead}"), &values))
    }

    /// Whether a segment was lost.
    pub(super) fn is_lost(&self, rows: &[Row], row: &Row) -> bool {
        Fates::index(rows, row.packet).is_some_and(|at| self.fates.of(at) == Fate::Lost)
    }

    /// The packet that filled a hole, where this row is the first to acknowledge the octets that it brought.
    pub(super) fn filled_by(&self, rows: &[Row], row: &Row) -> Option<u64> {
        let by = self.fates.filled_by(Fates::index(rows, row.packet)?)?;
        rows.get(by).map(|row| row.packet)
    }

    /// The copies before, and what became of them.
    fn history(&self, style: &Style, rows: &[Row], at: usize, copy: Copy) -> String {
        let since = |from: usize| between(rows, from, at).map_or_else(|| "?".to_owned(), duration);
        let packet = |at: usize| rows.get(at).map_or(0, |row| row.packet);
        let (fate, report) = match (self.fates.of(copy.previous), self.fates.proof(copy.previous)) {
            (Fate::Arrived, Some(Proof::ReportedTwice(report))) => ("_reported", packet(report)),
            (Fate::Arrived, _) => ("_arrived", 0),
            (Fate::Partly, _) => ("_partly", 0),
            (Fate::Lost, _) => ("", 0),
        };
        let times = if copy.nth > 2 { "nth" } else { "second" };
        let values: [(&str, &dyn std::fmt::Display); 6] = [
            ("nth", &copy.nth),
            ("first", &packet(copy.first)),
            ("since", &since(copy.first)),
            ("previous", &packet(copy.previous)),
            ("after", &since(copy.previous)),
            ("report", &report),
        ];
        style.say(&format!("tcp.repair.{times}{fate}"), &values)
    }
}

/// Nanoseconds from one row to another.
fn between(rows: &[Row], from: usize, to: usize) -> Option<i64> {
    Some(rows.get(to)?.time?.since(rows.get(from)?.time?))
}

fn cause(rows: &[Row], at: usize, copy: Copy, asked: &Asked, timer: Option<usize>, is_tail: bool) -> Cause {
    let long_since = |from: usize| between(rows, from, at).is_some_and(|ns| ns >= TIMER_NS);
    let waited = long_since(copy.previous);
    let count = asked.by_blocks.saturating_add(asked.by_duplicates);
    let answers = count > 0 && !(waited && asked.last.is_some_and(long_since));
    match timer.filter(|timer| *timer > copy.previous) {
        _ if answers && asked.by_blocks > 0 => Cause::Blocks(count),
        _ if answers => Cause::Duplicates(count),
        Some(timer) => Cause::AfterTimer(timer),
        None if waited => Cause::Timer { heard: asked.heard.is_some() },
        None if is_tail && copy.nth == 2 => Cause::Probe,
        None => Cause::Unasked,
    }
}

fn said(style: &Style, rows: &[Row], cause: Cause) -> String {
    let counted = |name: &str, count: u32| {
        let one = if count == 1 { ".one" } else { "" };
        style.say(&format!("tcp.repair.{name}{one}"), &[("count", &count)])
    };
    match cause {
        Cause::Blocks(count) => counted("sack", count),
        Cause::Duplicates(count) => counted("duplicates", count),
        Cause::Timer { heard: false } => style.word("tcp.repair.timeout"),
        Cause::Timer { heard: true } => style.word("tcp.repair.timeout_uncovered"),
        Cause::AfterTimer(at) => {
            let packet = rows.get(at).map_or(0, |row| row.packet);
            style.say("tcp.repair.after_timeout", &[("packet", &packet)])
        }
        Cause::Probe => style.word("tcp.repair.probe"),
        Cause::Unasked => style.word("tcp.repair.unasked"),
    }
}
