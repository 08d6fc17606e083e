//! The lookups of a mail session: those that led to its server, and those that the server made.

use std::fmt::Display;
use std::net::IpAddr;

use super::super::style::{Style, clipped, shown};
use super::super::time::duration;
use super::means::clip;
use crate::conversation::dns::{Outcome, Part, Told};
use crate::wire::dns::TypeName;

/// Columns that an answer takes at most.
const LONGEST: usize = 60;
/// Lookups of one part that are shown.
const SHOWN: usize = 12;

/// One part of the lookups, a line each, under a heading; nothing where there are none.
/// `host`: whose they are expected to be; another address that asked is named.
pub(in crate::report::table) fn lookups(
    style: &Style,
    told: &[Told],
    part: Part,
    host: Option<IpAddr>,
) -> Vec<String> {
    let mine: Vec<&Told> = told.iter().filter(|told| told.part == part).collect();
    if mine.is_empty() {
        return Vec::new();
    }
    let key = match part {
        Part::Before => "dns.story.before",
        Part::During => "dns.story.during",
    };
    let mut lines = vec![style.word(key)];
    lines.extend(mine.iter().take(SHOWN).map(|told| line(style, told, host)));
    if mine.len() > SHOWN {
        lines.push(style.say("dns.more", &[("count", &(mine.len() - SHOWN))]));
    }
    lines
}

fn line(style: &Style, told: &Told, host: Option<IpAddr>) -> String {
    let packets = match told.last_packet > told.first_packet {
        true => format!("{}–{}", told.first_packet, told.last_packet),
        false => told.first_packet.to_string(),
    };
    let answer = match told.outcome {
        Outcome::Answered => {
            let answers: Vec<String> =
                told.answers.iter().map(|answer| clipped(&shown(answer), LONGEST)).collect();
            answers.join(&style.word("dns.and"))
        }
        Outcome::NoData => style.word("dns.story.no_data"),
        Outcome::NoSuchName => "NXDOMAIN".to_owned(),
        Outcome::Unanswered => style.word("dns.outcome.unanswered"),
        Outcome::Truncated => style.word("dns.outcome.truncated"),
        Outcome::Referral
        | Outcome::Error
        | Outcome::Announced
        | Outcome::Goodbye
        | Outcome::Probed
        | Outcome::Unmatched => style.word("dns.story.error"),
    };
    let took = told.took_ns.map_or_else(|| "-".to_owned(), duration);
    let question = format!("{} {}", TypeName(told.kind), clip(&told.name));
    let values: [(&str, &dyn Display); 5] = [
        ("packets", &packets),
        ("question", &question),
        ("answer", &answer),
        ("took", &took),
        ("asker", &told.client.address),
    ];
    let is_own = host.is_none_or(|host| host == told.client.address);
    style.say(if is_own { "dns.story.line" } else { "dns.story.line_by" }, &values)
}
