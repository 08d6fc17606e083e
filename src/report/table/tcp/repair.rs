//! How a loss was repaired, and how long that took.

use super::super::style::Style;
use super::super::time::duration;
use super::row::Row;
use crate::packet::Note;

/// A repair that an acknowledgement asked for follows on it at once; what comes later was the timer's (200 ms is the
/// shortest retransmission timeout in use; RFC 6298 section 2.4 asks for a second).
const TIMER_NS: i64 = 200_000_000;

/// Which mechanism brought this segment again, and how long after it was first sent; `None` where the segment repairs
/// nothing.
pub(super) fn repair(style: &Style, rows: &[Row], row: &Row) -> Option<String> {
    let place = &row.place;
    if !row.is_sent_again() || place.notes.has(Note::SpuriousRetransmission) {
        return None;
    }
    let at = rows.partition_point(|earlier| earlier.packet < row.packet);
    let earlier = rows.get(..at)?;
    let asked = earlier.iter().rev().take_while(|r| Some(r.packet) != place.repeats);
    let asked = asked.filter(|r| r.place.from != place.from && r.place.notes.has(Note::DuplicateAck));
    let heard = earlier.iter().rev().find(|r| r.place.from != place.from).and_then(|r| r.time);
    let silent = heard.zip(row.time).is_some_and(|(heard, now)| now.nanos() - heard.nanos() >= TIMER_NS);
    let (mut duplicates, mut blocks) = (0_u32, false);
    for ack in asked {
        duplicates += 1;
        blocks |= ack.sack.iter().any(Option::is_some);
    }
    let name = match (duplicates, blocks) {
        (count, _) if silent || count == 0 => "timeout",
        (_, true) => "sack",
        (_, false) => "duplicates",
    };
    let first = place.repeats.and_then(|packet| earlier.iter().find(|r| r.packet == packet));
    let after = first.and_then(|first| Some(row.time?.nanos() - first.time?.nanos()));
    let after = after.map_or_else(|| "?".to_owned(), duration);
    Some(style.say(&format!("tcp.repair.{name}"), &[("after", &after), ("count", &duplicates)]))
}
