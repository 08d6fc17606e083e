//! The way of a mail: a row each step, with what it added or changed.

use super::super::dns;
use super::super::style::{Style, Tone, push_clipped, shown};
use super::super::time::{at_least, day_and_time, duration};
use crate::conversation::dns::Part;
use crate::conversation::journey::{Basis, Change, Journey, Journeys, Recipient, Said, Step, StepKind};
use crate::packet::Timestamp;

/// Mails that are shown; the others are counted.
const SHOWN: usize = 10;
/// Steps of one mail that are shown.
const STEPS: usize = 50;
/// Lines of one kind within a step.
const LINES: usize = 6;
/// Columns that a text takes at most.
const LONGEST: usize = 100;

/// Appends the ways of mails.
pub(super) fn journeys(style: &Style, journeys: &Journeys, out: &mut String) {
    for journey in journeys.list.iter().take(SHOWN) {
        section(style, journey, out);
    }
    let left = [
        ("journey.mails_left_out", journeys.list.len().saturating_sub(SHOWN) as u64),
        ("journey.left_out", journeys.left_out),
    ];
    for (key, count) in left.into_iter().filter(|(_, count)| *count > 0) {
        style.paragraph(out, Tone::Quiet, &style.say(key, &[("count", &count)]), 2);
    }
}

fn section(style: &Style, journey: &Journey, out: &mut String) {
    style.paragraph(out, Tone::Title, &title(style, journey), 2);
    if let Some(subject) = &journey.subject {
        let subject = style.say("journey.subject", &[("subject", &clip(subject))]);
        style.paragraph(out, Tone::Plain, &subject, 2);
    }
    if let Some(date) = &journey.date {
        let author = clip(journey.author.as_deref().unwrap_or("?"));
        let created = style.say("journey.created", &[("author", &author), ("date", &clip(date))]);
        style.paragraph(out, Tone::Plain, &created, 2);
    }
    out.push('\n');
    let mut day = None;
    let mut grid = style.grid(&["step", "packets", "utc", "way"]);
    for step in journey.steps.iter().take(STEPS) {
        let tone = if step.seen.is_some() { Tone::Plain } else { Tone::Quiet };
        grid.add_row([
            style.cell(kind_tone(step), style.word(&format!("journey.kind.{}", step.kind.name()))),
            style.cell(tone, place(style, step, several_captures(journey))),
            style.cell(tone, when(step.time, step.seen.is_some(), &mut day)),
            style.cell(tone, lines(style, step).join("\n")),
        ]);
    }
    style.push_grid(out, grid);
    let more = journey.steps_left_out + journey.steps.len().saturating_sub(STEPS) as u64;
    if more > 0 {
        style.paragraph(out, Tone::Quiet, &style.say("journey.steps_left_out", &[("count", &more)]), 2);
    }
    for lag in &journey.clocks {
        let text = style.say(
            "journey.clock",
            &[("capture", &lag.capture), ("behind", &lag.behind), ("time", &at_least(lag.at_least))],
        );
        style.paragraph(out, Tone::Warn, &format!("! {text}"), 2);
    }
    out.push('\n');
}

fn title(style: &Style, journey: &Journey) -> String {
    match &journey.message_id {
        Some(id) => style.say("journey.heading", &[("id", &format!("<{}>", clip(id)))]),
        None => style.word("journey.heading_unnamed"),
    }
}

/// The way in one line, for the overview: `submitted (packet 37) → relayed (packet 54)`.
pub(in crate::report::table) fn summary(style: &Style, journey: &Journey) -> String {
    let several = several_captures(journey);
    let step = |step: &Step| {
        let kind = style.word(&format!("journey.kind.{}", step.kind.name()));
        let place = match step.seen {
            None => style.word("journey.not_seen"),
            Some(seen) if several => style.say(
                "overview.journey.packet_of",
                &[("capture", &seen.capture), ("packet", &seen.first_packet)],
            ),
            Some(seen) => style.say("overview.journey.packet", &[("packet", &seen.first_packet)]),
        };
        style.say("overview.journey.step", &[("kind", &kind), ("where", &place)])
    };
    let mut steps: Vec<String> = journey.steps.iter().take(LINES).map(step).collect();
    if journey.steps.len() > LINES {
        steps.push("…".to_owned());
    }
    let mail = match &journey.message_id {
        Some(id) => format!("<{}>", clip(id)),
        None => style.word("overview.journey.unnamed"),
    };
    style.say("overview.journey", &[("mail", &mail), ("steps", &steps.join(" → "))])
}

fn several_captures(journey: &Journey) -> bool {
    let mut captures = journey
        .steps
        .iter()
        .flat_map(|step| step.seen.iter().chain(&step.also_seen))
        .map(|seen| seen.capture);
    let first = captures.next();
    captures.any(|capture| Some(capture) != first)
}

const fn kind_tone(step: &Step) -> Tone {
    match step.kind {
        _ if step.seen.is_none() => Tone::Quiet,
        StepKind::Attempt => Tone::Warn,
        StepKind::Submission | StepKind::Relay | StepKind::Delivery | StepKind::Fetch => Tone::Good,
    }
}

fn place(style: &Style, step: &Step, several: bool) -> String {
    let Some(seen) = step.seen else { return style.word("journey.not_seen") };
    let packets = match seen.last_packet > seen.first_packet {
        true => format!("{}–{}", seen.first_packet, seen.last_packet),
        false => seen.first_packet.to_string(),
    };
    if !several {
        return packets;
    }
    let capture = style.say("journey.capture", &[("capture", &seen.capture)]);
    format!("{packets}\n{capture}")
}

/// The time of day, and the day where it is another one than at the step before. A Received line knows no
/// fractions of a second.
fn when(time: Option<Timestamp>, fractions: bool, day: &mut Option<String>) -> String {
    let Some(time) = time else { return "-".to_owned() };
    let (date, time) = day_and_time(time);
    let time = if fractions { &time[..] } else { time.split('.').next().unwrap_or_default() };
    if day.as_ref() == Some(&date) {
        return time.to_owned();
    }
    let both = format!("{date}\n{time}");
    *day = Some(date);
    both
}

fn lines(style: &Style, step: &Step) -> Vec<String> {
    let mut out = Vec::new();
    if let (None, StepKind::Fetch) = (step.seen, step.kind) {
        return vec![style.word("journey.no_fetch")];
    }
    let host = |name: &Option<String>| clip(name.as_deref().unwrap_or("?"));
    out.push(format!("{} → {}", host(&step.from_host), host(&step.to_host)));
    if step.seen.is_none() {
        out.push(style.say("journey.told", &[("host", &host(&step.to_host))]));
    }
    let (client, server) = step.seen.map(|seen| (seen.client.address, seen.server.address)).unzip();
    out.extend(dns::story(style, &step.lookups, Part::Before, client));
    out.extend(carried(style, step));
    out.extend(gave_away(style, step));
    let (envelope, message): (Vec<_>, Vec<_>) = step
        .changes
        .iter()
        .partition(|change| matches!(change, Change::Sender { .. } | Change::Recipient { .. }));
    out.extend(limited(style, &envelope, |item| change(style, item)));
    fates(style, step, &mut out);
    for hop in &step.received_added {
        let by = clip(hop.by.as_deref().unwrap_or("?"));
        out.push(match &hop.id {
            Some(id) => style.say("journey.received", &[("by", &by), ("id", &clip(id))]),
            None => style.say("journey.received_unnamed", &[("by", &by)]),
        });
    }
    out.extend(limited(style, &message, |item| change(style, item)));
    out.extend(dns::story(style, &step.lookups, Part::During, server));
    if let Some(id) = step.queue_ids.first() {
        out.push(style.say("journey.queued", &[("id", &clip(id))]));
    }
    for seen in step.also_seen.iter().take(LINES) {
        let values: [(&str, &dyn std::fmt::Display); 2] =
            [("capture", &seen.capture), ("packet", &seen.first_packet)];
        out.push(style.say("journey.also", &values));
    }
    out.extend(joined_by(style, step));
    out
}

/// How much it was, and for whom.
fn carried(style: &Style, step: &Step) -> Option<String> {
    if step.kind == StepKind::Fetch {
        let octets = step.octets?;
        let values: [(&str, &dyn std::fmt::Display); 2] =
            [("octets", &octets), ("protocol", &step.protocol.title())];
        return Some(style.say("journey.fetched", &values));
    }
    let recipients =
        step.recipients.iter().filter(|recipient| step.kind == StepKind::Attempt || !is_no(recipient));
    let mut names: Vec<String> = recipients.map(|recipient| clip(&recipient.address)).collect();
    let more = names.len().saturating_sub(LINES);
    names.truncate(LINES);
    if more > 0 {
        names.push(style.say("journey.more", &[("count", &more)]));
    }
    let names = names.join(&style.word("journey.and"));
    match (step.octets, names.is_empty()) {
        (None, true) => None,
        (None, false) => Some(style.say("journey.to", &[("recipients", &names)])),
        (Some(octets), true) => Some(style.say("journey.octets", &[("octets", &octets)])),
        (Some(octets), false) => {
            Some(style.say("journey.octets_to", &[("octets", &octets), ("recipients", &names)]))
        }
    }
}

/// What was sent in the clear to log in.
fn gave_away(style: &Style, step: &Step) -> Option<String> {
    let proof = step.login_in_the_clear?;
    let word = style.word(&format!("smtp.exposure.proof.{}", proof.name()));
    Some(style.say("journey.login_in_the_clear", &[("proof", &word)]))
}

/// Who was refused or put off, and until when.
fn fates(style: &Style, step: &Step, out: &mut Vec<String>) {
    let key = |said: &Said, one: bool| match (said.code / 100, one) {
        (4, false) => "journey.later",
        (4, true) => "journey.later_one",
        (_, false) => "journey.no",
        (_, true) => "journey.no_one",
    };
    if step.kind == StepKind::Attempt {
        let said = step.outcome.as_ref().map(|said| style.say(key(said, false), &[("said", &words(said))]));
        out.extend(said);
    } else {
        let refused: Vec<&Recipient> = step.recipients.iter().filter(|recipient| is_no(recipient)).collect();
        out.extend(limited(style, &refused, |recipient| {
            let said = recipient.said.as_ref()?;
            let address = clip(&recipient.address);
            Some(style.say(key(said, true), &[("recipient", &address), ("said", &words(said))]))
        }));
    }
    let again = step.tried_again_after.map(|nanos| style.say("journey.again", &[("time", &duration(nanos))]));
    out.extend(again);
}

fn is_no(recipient: &Recipient) -> bool {
    recipient.said.as_ref().is_some_and(|said| said.code >= 400)
}

fn words(said: &Said) -> String {
    format!("{} {}", said.code, clip(&said.text))
}

fn change(style: &Style, change: &Change) -> Option<String> {
    let field = |key: &str, name: &String| style.say(key, &[("field", &clip(name))]);
    let address = |key: &str, from: &String, to: &String| {
        let shown = |path: &String| if path.is_empty() { "<>".to_owned() } else { clip(path) };
        style.say(key, &[("from", &shown(from)), ("to", &shown(to))])
    };
    Some(match change {
        Change::FieldAdded(name) => field("journey.change.field_added", name),
        Change::FieldRemoved(name) => field("journey.change.field_removed", name),
        Change::FieldChanged(name) => field("journey.change.field_changed", name),
        Change::Body => style.word("journey.change.body"),
        Change::Sender { from, to } => address("journey.change.sender", from, to),
        Change::Recipient { from, to } => address("journey.change.recipient", from, to),
    })
}

/// Why the step is believed to be one of this mail's, where that is not plain from its row.
fn joined_by(style: &Style, step: &Step) -> Option<String> {
    step.seen?;
    let names = step.basis.iter().map(|basis| style.word(&format!("journey.basis.{}", Basis::name(*basis))));
    let names: Vec<String> = names.collect();
    let names = names.join(&style.word("journey.and"));
    (!names.is_empty()).then(|| style.say("journey.joined", &[("basis", &names)]))
}

/// A line each, and how many more there are.
fn limited<T>(style: &Style, list: &[T], line: impl Fn(&T) -> Option<String>) -> Vec<String> {
    let mut out: Vec<String> = list.iter().take(LINES).filter_map(line).collect();
    if list.len() > LINES {
        out.push(style.say("journey.more", &[("count", &(list.len() - LINES))]));
    }
    out
}

fn clip(text: &str) -> String {
    let mut out = String::new();
    push_clipped(&mut out, &shown(text), LONGEST);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lesson::{Lang, find};

    #[test]
    fn every_kind_and_basis_has_its_text() {
        let kinds = StepKind::ALL.map(|kind| format!("journey.kind.{}", kind.name()));
        let bases = Basis::ALL.map(|basis| format!("journey.basis.{}", basis.name()));
        for key in kinds.iter().chain(&bases) {
            assert!(Lang::ALL.into_iter().all(|lang| find(lang, key, &[]).is_some()), "{key}");
        }
    }
}
