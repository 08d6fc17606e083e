//! One row a lookup.

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
        let mut said = means::answers(style, lookup);
        said.extend(means::meanings(style, lookup));
        let took = lookup.duration_ns().map_or_else(|| "-".to_owned(), in_milliseconds);
        grid.add_row([
            style.number(packets(lookup)),
            style.cell(Tone::Plain, format!("{}\n{}", ends(style, lookup), question(style, lookup))),
            style.cell(tone(lookup), said.join("\n")),
            style.number(took),
        ]);
    }
    style.push_grid(out, grid);
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
