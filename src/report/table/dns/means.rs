//! What was answered, and what that means.

use std::fmt::Display;

use super::super::style::{Style, clipped, shown};
use super::super::time::duration;
use crate::conversation::dns::{Lookup, Outcome, Purpose, Service, Warning};
use crate::wire::dns::{Data, Record, Section, TypeName, kind, rcode_name};

/// Answers in one row.
const ANSWERS: usize = 4;
/// Aliases that are followed.
const ALIASES: usize = 16;
/// Columns that an answer takes at most.
const LONGEST: usize = 120;

/// The records that were asked for, a line each: aliases on the way are left out, as the meaning tells of them.
pub(super) fn answers(style: &Style, lookup: &Lookup) -> Vec<String> {
    let wanted = lookup.question.as_ref().map(|question| question.kind);
    let is_transfer = matches!(wanted, Some(kind::AXFR | kind::IXFR));
    if is_transfer && let Some(answer) = lookup.answer.as_ref().filter(|answer| answer.answers > 0) {
        let values: [(&str, &dyn Display); 2] =
            [("records", &answer.answers), ("messages", &answer.messages)];
        let key = if answer.messages == 1 { "dns.transfer_one" } else { "dns.transfer" };
        return vec![style.say(key, &values)];
    }
    let is_wanted = |record: &&Record| match wanted {
        None => true,
        Some(_) if !concerns(lookup, record) => false,
        Some(kind::ANY) => true,
        Some(wanted) => record.kind == wanted || lookup.outcome == Outcome::Unmatched,
    };
    let line = |record: &Record| {
        let data = clipped(&shown(&record.data.to_string()), LONGEST);
        if wanted == Some(record.kind) { data } else { format!("{} {data}", TypeName(record.kind)) }
    };
    let mut records: Vec<&Record> = lookup.answers().filter(is_wanted).collect();
    // the order in which they count, whatever the order of the message
    records.sort_by_key(|record| preference(&record.data));
    let mut lines: Vec<String> = records.iter().take(ANSWERS).map(|record| line(record)).collect();
    if records.len() > ANSWERS {
        lines.push(style.say("dns.more", &[("count", &(records.len() - ANSWERS))]));
    }
    lines
}

/// Multicast answers say more than what one host asked.
fn concerns(lookup: &Lookup, record: &Record) -> bool {
    let name = lookup.question.as_ref().map_or("", |question| &question.name);
    lookup.service != Service::Mdns || record.name.eq_ignore_ascii_case(name)
}

const fn preference(data: &Data) -> u16 {
    match data {
        Data::Exchange { preference, .. } => *preference,
        Data::Service { priority, .. } => *priority,
        _ => 0,
    }
}

/// What it means, a line each.
pub(super) fn meanings(style: &Style, lookup: &Lookup) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(outcome) = outcome(style, lookup) {
        lines.push(outcome);
    }
    let is_found = lookup.outcome == Outcome::Answered;
    if is_found || lookup.purpose.is_some() {
        let told = matches!(lookup.purpose, Some(Purpose::AddressList { .. })) || is_found;
        lines.extend(purpose(style, lookup).map(|what| match told {
            true => what,
            false => style.say("dns.wanted", &[("what", &what)]),
        }));
    }
    if let Some((name, target)) = alias(lookup) {
        lines.push(style.say("dns.alias", &[("name", &clip(name)), ("target", &clip(target))]));
    }
    let error = lookup.answer.as_ref().and_then(|answer| answer.message.edns.as_ref()?.extended_error());
    lines.extend(error.map(|error| style.say("dns.extended_error", &[("error", &clip(error))])));
    lines.extend(lookup.warnings.iter().map(|&warning| warn(style, lookup, warning)));
    lines
}

/// How it ended, where the answers do not say so themselves.
fn outcome(style: &Style, lookup: &Lookup) -> Option<String> {
    let question = lookup.question.as_ref();
    let kind = TypeName(question.map_or(kind::ANY, |question| question.kind));
    let text = match lookup.outcome {
        Outcome::Answered => return None,
        Outcome::NoData => match alias(lookup) {
            Some((_, target)) => {
                style.say("dns.outcome.no_data_alias", &[("target", &clip(target)), ("type", &kind)])
            }
            None => style.say("dns.outcome.no_data", &[("type", &kind)]),
        },
        Outcome::NoSuchName => {
            format!("NXDOMAIN{}", style.in_brackets(&style.word("dns.outcome.no_such_name")))
        }
        Outcome::Referral => {
            let servers: Vec<String> = authority(lookup)
                .filter(|record| record.kind == kind::NS)
                .filter_map(|record| record.data.host())
                .take(ANSWERS)
                .map(clip)
                .collect();
            style.say("dns.outcome.referral", &[("servers", &servers.join(&style.word("dns.and")))])
        }
        Outcome::Error => error(style, lookup),
        Outcome::Truncated => style.word("dns.outcome.truncated"),
        Outcome::Unanswered => match lookup.waited_ns.filter(|&waited| waited > 0) {
            Some(waited) => style.say("dns.outcome.unanswered_for", &[("time", &duration(waited))]),
            None => style.word("dns.outcome.unanswered"),
        },
        Outcome::Announced => style.word("dns.outcome.announced"),
        Outcome::Goodbye => style.word("dns.outcome.goodbye"),
        Outcome::Probed => style.word("dns.outcome.probed"),
        Outcome::Unmatched => style.word("dns.outcome.unmatched"),
    };
    Some(text)
}

fn authority(lookup: &Lookup) -> impl Iterator<Item = &Record> {
    lookup.answer.iter().flat_map(|answer| answer.message.section(Section::Authority))
}

/// The response code, and what the server says with it.
fn error(style: &Style, lookup: &Lookup) -> String {
    let code = lookup.rcode().unwrap_or_default();
    let Some(name) = rcode_name(code) else { return style.say("dns.rcode.other", &[("code", &code)]) };
    match style.find(&format!("dns.rcode.{name}")) {
        Some(text) => format!("{name}{}", style.in_brackets(&text)),
        None => name.to_owned(),
    }
}

/// The name that was asked for, and the one that it is an alias of in the end.
fn alias(lookup: &Lookup) -> Option<(&str, &str)> {
    let name = lookup.question.as_ref().filter(|question| question.kind != kind::CNAME)?.name.as_str();
    let mut end = name;
    for record in lookup.answers().filter(|record| record.kind == kind::CNAME).take(ALIASES) {
        end = record.data.host().filter(|_| record.name.eq_ignore_ascii_case(end)).unwrap_or(end);
    }
    (end != name).then_some((name, end))
}

/// What it was asked for, and what the answer says to that.
fn purpose(style: &Style, lookup: &Lookup) -> Option<String> {
    let Some(purpose) = &lookup.purpose else {
        let question = lookup.question.as_ref()?;
        return style.find(&format!("dns.asked.{}", TypeName(question.kind)));
    };
    let key = format!("dns.purpose.{}", purpose.name());
    let text = |values: &[(&str, &dyn Display)]| style.say(&key, values);
    let line = match purpose {
        Purpose::MailExchange { domain } if is_null_exchange(lookup) => {
            style.say("dns.null_mx", &[("domain", &clip(domain))])
        }
        Purpose::MailExchange { domain }
        | Purpose::ExchangeAddress { domain }
        | Purpose::Spf { domain }
        | Purpose::Dmarc { domain }
        | Purpose::MtaSts { domain }
        | Purpose::TlsReporting { domain } => text(&[("domain", &clip(domain))]),
        Purpose::ReverseName { address } => text(&[("address", address)]),
        Purpose::ForwardConfirmation { address } => {
            let leads_back = lookup.answers().any(|record| record.data.address() == Some(*address));
            let key = if leads_back { "dns.confirmed" } else { "dns.not_confirmed" };
            let answered = lookup.answer.is_some();
            let verdict = if answered {
                format!("{}{}", style.word("dns.colon"), style.word(key))
            } else {
                String::new()
            };
            format!("{}{verdict}", text(&[("address", address)]))
        }
        Purpose::Dkim { selector, domain } => {
            text(&[("selector", &clip(selector)), ("domain", &clip(domain))])
        }
        Purpose::Dane { port, host } => text(&[("port", port), ("host", &clip(host))]),
        Purpose::AddressList { address, zone } => match lookup.outcome {
            Outcome::Answered => style.say("dns.listed", &[("address", address), ("zone", &clip(zone))]),
            Outcome::NoSuchName => {
                style.say("dns.not_listed", &[("address", address), ("zone", &clip(zone))])
            }
            _ => text(&[("address", address), ("zone", &clip(zone))]),
        },
        Purpose::ServiceLocation { service, domain } => {
            text(&[("service", &clip(service)), ("domain", &clip(domain))])
        }
    };
    Some(line)
}

/// A single MX record that names the root: the domain takes no mail (RFC 7505).
fn is_null_exchange(lookup: &Lookup) -> bool {
    let mut hosts = lookup.answers().filter_map(|record| match &record.data {
        Data::Exchange { host, .. } if record.kind == kind::MX => Some(host.as_str()),
        _ => None,
    });
    hosts.next() == Some(".") && hosts.next().is_none()
}

/// A warning with its numbers.
pub(super) fn warn(style: &Style, lookup: &Lookup, warning: Warning) -> String {
    let packet = lookup.about.unwrap_or_default();
    let count = lookup.query.as_ref().map_or(0, |query| query.attempts);
    style.say(&format!("dns.warning.{}", warning.name()), &[("packet", &packet), ("count", &count)])
}

/// How long something may be kept.
pub(super) fn kept(style: &Style, seconds: u32) -> String {
    match seconds {
        0 => style.word("dns.ttl.none"),
        seconds => style.say("dns.ttl", &[("time", &period(style, seconds))]),
    }
}

/// `5 min`, `1 h`, `2 d`: whole units, where it is a whole number of them.
pub(super) fn period(style: &Style, seconds: u32) -> String {
    let units = [(86_400, "dns.unit.days"), (3600, "dns.unit.hours"), (60, "dns.unit.minutes")];
    let whole = units.into_iter().find(|(length, _)| seconds >= *length && seconds.is_multiple_of(*length));
    let (length, key) = whole.unwrap_or((1, "dns.unit.seconds"));
    style.say(key, &[("count", &(seconds / length))])
}

/// Text from the wire that is not too long.
pub(super) fn clip(text: &str) -> String {
    clipped(&shown(text), LONGEST)
}
