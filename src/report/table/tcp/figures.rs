//! The figures of one connection, in words.

use super::super::style::{Style, Tone};
use super::super::time::duration;
use crate::flow::{Connection, EndFigures};
use crate::packet::PerSide;

/// Appends what was measured; nothing where no octets were sent.
pub(super) fn push(style: &Style, out: &mut String, c: &Connection) {
    let ends = &c.figures.ends;
    if ends.initiator.data_segments + ends.responder.data_segments == 0 {
        return;
    }
    let parts = [
        both(style, "rtt", ends, |end| round_trip(style, end)),
        both(style, "in_flight", ends, |end| in_flight(style, end)),
        both(style, "throughput", ends, |end| end.bits_per_second.map(rate)),
        both(style, "again", ends, |end| sent_again(style, end)),
        c.figures.idle_ns.zip(c.figures.idle_until).map(|(nanos, packet)| {
            style.say("tcp.figures.idle", &[("time", &duration(nanos)), ("packet", &packet)])
        }),
    ];
    for part in parts.into_iter().flatten() {
        style.paragraph(out, Tone::Quiet, &part, 2);
    }
    out.push('\n');
}

/// A figure of both directions, where at least one has it.
fn both(
    style: &Style,
    name: &str,
    ends: &PerSide<EndFigures>,
    say: impl Fn(&EndFigures) -> Option<String>,
) -> Option<String> {
    let there = say(&ends.initiator).map(|text| format!("→ {text}"));
    let back = say(&ends.responder).map(|text| format!("← {text}"));
    let values: Vec<String> = there.into_iter().chain(back).collect();
    (!values.is_empty())
        .then(|| style.say(&format!("tcp.figures.{name}"), &[("values", &values.join(" · "))]))
}

fn round_trip(style: &Style, end: &EndFigures) -> Option<String> {
    let (smoothed, variation) = end.smoothed_rtt_ns.zip(end.rtt_variation_ns)?;
    let (smoothed, variation) = (duration(smoothed), duration(variation));
    let values: [(&str, &dyn std::fmt::Display); 3] =
        [("rtt", &smoothed), ("variation", &variation), ("count", &end.rtt_samples)];
    Some(style.say("tcp.figures.round_trip", &values))
}

fn in_flight(style: &Style, end: &EndFigures) -> Option<String> {
    if end.in_flight_max == 0 {
        return None;
    }
    let octets = style.say("tcp.figures.octets", &[("count", &end.in_flight_max)]);
    Some(match end.window_use_percent {
        Some(percent) => style.say("tcp.figures.of_window", &[("octets", &octets), ("percent", &percent)]),
        None => octets,
    })
}

fn sent_again(style: &Style, end: &EndFigures) -> Option<String> {
    let (count, all) = (end.data_segments_again, end.data_segments);
    let percent = (count * 100).checked_div(all)?;
    let values: [(&str, &dyn std::fmt::Display); 3] =
        [("count", &count), ("all", &all), ("percent", &percent)];
    Some(style.say("tcp.figures.share", &values))
}

/// `1.25 Mbit/s`.
fn rate(bits: u64) -> String {
    let (value, unit) = match bits {
        0..1_000 => return format!("{bits} bit/s"),
        1_000..1_000_000 => (bits as f64 / 1e3, "kbit/s"),
        1_000_000..1_000_000_000 => (bits as f64 / 1e6, "Mbit/s"),
        1_000_000_000.. => (bits as f64 / 1e9, "Gbit/s"),
    };
    let digits = if value < 10.0 {
        2
    } else if value < 100.0 {
        1
    } else {
        0
    };
    format!("{value:.digits$} {unit}")
}
