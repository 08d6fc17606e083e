//! One row a lookup.

use super::super::live::{Column, Columns};
use super::super::style::{Style, Tone, clipped, shown};
use super::super::time::in_milliseconds;
use super::means;
use crate::conversation::dns::{Lookup, Outcome};
use crate::wire::dns::TypeName;

/// Columns that a name takes at most.
const LONGEST_NAME: usize = 80;

/// Appends a table of lookups.
pub(super) fn push(style: &Style, out: &mut String, lookups: &[Lookup]) {
    let mut grid = style.grid(&["packet", "asks", "answer_means", "milliseconds"]);
    for lookup in lookups {
        let Row { packets, asks, said, took } = row(style, lookup);
        grid.add_row([
            style.number(packets),
            style.cell(Tone::Plain, asks),
            style.cell(tone(lookup), said),
            style.number(took),
        ]);
    }
    style.push_grid(out, grid);
}

/// Rows that are written as lookups end.
pub(super) struct Rows(Columns);

impl Rows {
    pub(super) fn new(style: &Style) -> Self {
        let columns = vec![
            Column("packet", 9, true),
            Column("milliseconds", 8, true),
            Column("asks", style.width * 36 / 100, false),
            Column("answer_means", 0, false),
        ];
        Self(Columns::new(style.clone(), columns))
    }

    pub(super) fn push(&mut self, style: &Style, out: &mut String, lookup: &Lookup) {
        let Row { packets, asks, said, took } = row(style, lookup);
        let cells = [(Tone::Plain, packets), (Tone::Plain, took), (Tone::Plain, asks), (tone(lookup), said)];
        self.0.push(out, &cells);
    }
}

struct Row {
    packets: String,
    asks: String,
    said: String,
    took: String,
}

fn row(style: &Style, lookup: &Lookup) -> Row {
    let mut said = means::answers(style, lookup);
    said.extend(means::meanings(style, lookup));
    Row {
        packets: packets(lookup),
        asks: format!("{}\n{}", ends(style, lookup), question(style, lookup)),
        said: said.join("\n"),
        took: lookup.duration_ns().map_or_else(|| "-".to_owned(), in_milliseconds),
    }
}

/// The first and the last packet.
fn packets(lookup: &Lookup) -> String {
    let (first, last) = (lookup.first_packet(), lookup.last_packet());
    if last > first { format!("{first}–{last}") } else { first.to_string() }
}

/// Who asks whom; of what nobody asked for, who sends it.
fn ends(style: &Style, lookup: &Lookup) -> String {
    format!("{} → {}", style.address(lookup.client.address), style.address(lookup.server.address))
}

/// `MX example.test`.
pub(in crate::report::table) fn question(style: &Style, lookup: &Lookup) -> String {
    let Some(question) = &lookup.question else {
        let announces = matches!(lookup.outcome, Outcome::Announced | Outcome::Goodbye);
        return style.word(if announces { "dns.announcement" } else { "dns.no_question" });
    };
    let name = clipped(&shown(&question.name), LONGEST_NAME);
    format!("{} {name}", TypeName(question.kind))
}

pub(super) fn tone(lookup: &Lookup) -> Tone {
    if !lookup.is_trusted() {
        return Tone::Bad;
    }
    match lookup.outcome {
        Outcome::Error => Tone::Bad,
        Outcome::Unanswered | Outcome::Truncated | Outcome::Unmatched => Tone::Warn,
        Outcome::Answered
        | Outcome::NoData
        | Outcome::NoSuchName
        | Outcome::Referral
        | Outcome::Announced
        | Outcome::Goodbye
        | Outcome::Probed => Tone::Plain,
    }
}
