//! The hops that a message took before this one, as its Received fields tell them.

use super::super::style::{Style, Tone, clipped, shown};
use super::super::time::duration;
use super::message::Content;
use crate::conversation::mail::Hop;
use crate::packet::Timestamp;

const SECOND: i64 = 1_000_000_000;
/// Columns that a name takes at most.
const LONGEST_NAME: usize = 80;
/// Hops that are shown; more are counted.
const MOST: usize = 50;

/// Appends the table; nothing where there were no hops.
pub(super) fn push(style: &Style, message: &Content<'_>, out: &mut String) {
    if message.hops.is_empty() {
        return;
    }
    style.heading(out, &style.word("smtp.mail.hops"));
    let mut grid = style.grid(&["number", "hop_from", "hop_by", "with", "queue_id", "stayed"]);
    let next = message.hops.iter().skip(1).map(|hop| hop.time).chain([message.time]);
    let (mut clocks_differ, mut behind) = (false, None);
    for (index, (hop, next)) in message.hops.iter().zip(next).enumerate().take(MOST) {
        let stayed = hop.time.zip(next).map(|(taken, next)| whole_seconds(taken, next));
        let negative = stayed.is_some_and(|nanos| nanos < 0);
        // the last stay ends with this capture, not with another field
        let is_last = index + 1 == message.hops.len();
        clocks_differ |= negative && !is_last;
        behind = behind.or((negative && is_last).then(|| name(hop.by.as_deref())));
        grid.add_row([
            style.number(index + 1),
            style.cell(Tone::Plain, name(from(hop))),
            style.cell(Tone::Plain, name(hop.by.as_deref())),
            style.cell(Tone::Quiet, name(hop.with.as_deref())),
            style.cell(Tone::Quiet, name(hop.id.as_deref())),
            style.cell(if negative { Tone::Warn } else { Tone::Plain }, stayed.map_or("-".into(), seconds)),
        ]);
    }
    style.push_grid(out, grid);
    let more = message.hops.len().saturating_sub(MOST);
    if more > 0 {
        style.paragraph(out, Tone::Quiet, &style.say("smtp.mail.more_hops", &[("count", &more)]), 2);
    }
    style.paragraph(out, Tone::Quiet, &style.word("smtp.mail.hops_basis"), 2);
    if clocks_differ {
        style.paragraph(out, Tone::Warn, &style.word("smtp.mail.clocks_differ"), 2);
    }
    if let Some(host) = behind {
        style.paragraph(out, Tone::Warn, &style.say("smtp.mail.capture_behind", &[("host", &host)]), 2);
    }
}

/// The name that the host gave, or what was known of it where it gave none.
fn from(hop: &Hop) -> Option<&str> {
    hop.from.as_deref().or(hop.from_comment.as_deref())
}

fn name(text: Option<&str>) -> String {
    text.map_or_else(|| "-".to_owned(), |text| clipped(&shown(text), LONGEST_NAME))
}

/// From one time to the next, in nanoseconds: hosts write down whole seconds, so nothing finer is known.
fn whole_seconds(taken: Timestamp, next: Timestamp) -> i64 {
    (next.nanos().div_euclid(SECOND) - taken.nanos().div_euclid(SECOND)).saturating_mul(SECOND)
}

fn seconds(nanos: i64) -> String {
    if nanos.abs() < 120 * SECOND { format!("{} s", nanos / SECOND) } else { duration(nanos) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stay_is_known_to_the_second() {
        let stay = |from: i64, to: i64| {
            seconds(whole_seconds(Timestamp::from_nanos(from), Timestamp::from_nanos(to)))
        };
        assert_eq!(stay(1_000_000_000, 1_900_000_000), "0 s");
        assert_eq!(stay(9_000_000_000, 6_500_000_000), "-3 s");
        assert_eq!(stay(0, 200_000_000_000), "3 min 20 s");
    }
}
