//! Which segments are drawn, and how.

use super::super::super::style::Style;
use super::super::fate::{Fate, Fates};
use super::super::row::{Row, state};
use super::label::Label;
use super::seen::Seen;
use super::{ALL_RUNGS, Wish};
use crate::flow::Connection;
use crate::packet::{Note, PerSide, Side};

/// What stands between the uprights.
pub(super) enum Item {
    Rung(Rung),
    /// So many segments that are not drawn, so many of which are remarkable.
    Skipped(usize, usize),
}

/// One segment.
pub(super) struct Rung {
    pub(super) packet: u64,
    pub(super) time: String,
    pub(super) from: Side,
    pub(super) line: Line,
    pub(super) end: End,
    pub(super) label: Label,
    /// State of each end after it, where it has changed.
    pub(super) states: PerSide<Option<&'static str>>,
}

/// How a segment's line is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Line {
    Plain,
    /// It brings what was sent before.
    Again,
    /// The capture took it twice.
    Copy,
}

/// How a segment's line ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Arrives,
    /// On the way.
    Lost,
    /// At the receiver, which must not act on it.
    Ignored,
}

/// A ladder, and what is to be said below it.
pub(super) struct Rungs {
    pub(super) items: Vec<Item>,
    pub(super) remarks: Vec<String>,
}

impl Rungs {
    /// Of these rows: `most` rungs, or as many as there can be where all are asked for.
    pub(super) fn new(style: &Style, c: &Connection, rows: &[Row], wish: Wish, most: usize) -> Self {
        let most = if wish.all { ALL_RUNGS } else { most };
        let fates = Fates::new(rows);
        let ranks: Vec<Rank> = rows.iter().enumerate().map(|(at, row)| Rank::of(&fates, at, row)).collect();
        let drawn = choose(&ranks, wish.all, most);
        let mut walk = Walk { style, c, rows, wish, fates, seen: Seen::default(), items: Vec::new() };
        walk.run(&ranks, &drawn);
        let remarks = remarks(style, &ranks, &drawn, wish, most);
        Self { items: walk.items, remarks }
    }

    /// Whether anything is drawn.
    pub(super) fn is_empty(&self) -> bool {
        !self.items.iter().any(|item| matches!(item, Item::Rung(_)))
    }
}

/// How much a segment deserves a rung: the first ones come first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rank {
    /// Opens or closes.
    Shapes,
    /// Was lost, or repairs.
    Loss,
    /// Shows what a window, a keep-alive or the capture does.
    Odd,
    Plain,
    Copy,
}

impl Rank {
    const ALL: [Rank; 5] = [Rank::Shapes, Rank::Loss, Rank::Odd, Rank::Plain, Rank::Copy];

    fn of(fates: &Fates, at: usize, row: &Row) -> Self {
        if row.place.copy_of.is_some() {
            Rank::Copy
        } else if row.shapes() || row.changes_state {
            Rank::Shapes
        } else if fates.of(at) != Fate::Arrived || row.is_sent_again() {
            Rank::Loss
        } else if is_odd(row) {
            Rank::Odd
        } else {
            Rank::Plain
        }
    }

    fn is_remarkable(self) -> bool {
        matches!(self, Rank::Shapes | Rank::Loss | Rank::Odd)
    }
}

/// Shows what a window or the capture does, or asks whether the other end is there.
fn is_odd(row: &Row) -> bool {
    let odd = [
        Note::LostSegment,
        Note::OutOfOrder,
        Note::ZeroWindow,
        Note::ZeroWindowProbe,
        Note::ZeroWindowProbeAck,
        Note::WindowFull,
        Note::KeepAlive,
        Note::KeepAliveAck,
    ];
    // behind a hole the window changes with each acknowledgement, which then tells of the hole
    let updates = row.place.notes.has(Note::WindowUpdate) && row.sack[0].is_none();
    updates || row.place.challenge || odd.into_iter().any(|note| row.place.notes.has(note))
}

/// Which rows are drawn.
fn choose(ranks: &[Rank], all: bool, most: usize) -> Vec<bool> {
    let mut drawn = vec![false; ranks.len()];
    let mut left = most;
    for rank in Rank::ALL.into_iter().filter(|rank| all || rank.is_remarkable()) {
        for (drawn, _) in drawn.iter_mut().zip(ranks).filter(|(_, of)| **of == rank).take(left) {
            *drawn = true;
            left -= 1;
        }
    }
    drawn
}

/// What is not drawn, and why.
fn remarks(style: &Style, ranks: &[Rank], drawn: &[bool], wish: Wish, most: usize) -> Vec<String> {
    let missing = |of: &dyn Fn(Rank) -> bool| {
        ranks.iter().zip(drawn).filter(|(rank, drawn)| !**drawn && of(**rank)).count()
    };
    let copies = missing(&|rank| rank == Rank::Copy);
    let remarkable = missing(&Rank::is_remarkable);
    let others = missing(&|rank| rank != Rank::Copy);
    let say = |key: &str, count: usize| {
        let values: [(&str, &dyn std::fmt::Display); 2] = [("count", &count), ("most", &most)];
        (count > 0).then(|| style.say(key, &values))
    };
    let cut = if wish.all { say("tcp.ladder.bound", others) } else { say("tcp.ladder.more", remarkable) };
    cut.into_iter().chain(say("tcp.ladder.copies", copies)).collect()
}

/// From the first row to the last.
struct Walk<'a> {
    style: &'a Style,
    c: &'a Connection,
    rows: &'a [Row],
    wish: Wish,
    fates: Fates,
    seen: Seen,
    items: Vec<Item>,
}

impl Walk<'_> {
    fn run(&mut self, ranks: &[Rank], drawn: &[bool]) {
        let (mut skipped, mut remarkable) = (0, 0);
        let mut states = PerSide { initiator: "", responder: "" };
        for (at, row) in self.rows.iter().enumerate() {
            let rank = ranks[at];
            if drawn[at] {
                if skipped > 0 {
                    self.items
                        .push(Item::Skipped(std::mem::take(&mut skipped), std::mem::take(&mut remarkable)));
                }
                let rung = self.rung(at, row, &mut states);
                self.items.push(Item::Rung(rung));
            } else if rank != Rank::Copy {
                skipped += 1;
                remarkable += usize::from(rank.is_remarkable());
            }
            if rank != Rank::Copy {
                self.seen.add(at, row);
            }
        }
        if skipped > 0 {
            self.items.push(Item::Skipped(skipped, remarkable));
        }
    }

    fn rung(&self, at: usize, row: &Row, states: &mut PerSide<&'static str>) -> Rung {
        let after = PerSide {
            initiator: state(self.c, &row.place, Side::Initiator),
            responder: state(self.c, &row.place, Side::Responder),
        };
        let before = std::mem::replace(states, after);
        let changed = |side| Some(*after.of(side)).filter(|state| state != before.of(side));
        let line = if row.place.copy_of.is_some() {
            Line::Copy
        } else if row.is_sent_again() || self.seen.opens_again(row) {
            Line::Again
        } else {
            Line::Plain
        };
        let end = match self.fates.of(at) {
            _ if row.place.is_ignored() => End::Ignored,
            Fate::Lost => End::Lost,
            Fate::Arrived | Fate::Partly => End::Arrives,
        };
        let begin = self.rows.first().unwrap_or(row);
        Rung {
            packet: row.packet,
            time: self.wish.moment(row, begin),
            from: row.place.from,
            line,
            end,
            label: Label::new(self.style, self.c, self.rows, at, &self.fates, &self.seen),
            states: PerSide { initiator: changed(Side::Initiator), responder: changed(Side::Responder) },
        }
    }
}

/// What a run of segments that are not drawn is called.
pub(super) fn skipped(style: &Style, count: usize, remarkable: usize) -> String {
    let key = if remarkable > 0 { "tcp.ladder.skipped.remarkable" } else { "tcp.ladder.skipped" };
    format!("⋮ {}", style.say(key, &[("count", &count), ("remarkable", &remarkable)]))
}
