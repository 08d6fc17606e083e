//! The figures of one connection, in words.

use super::super::style::{Style, Tone};
use super::super::time::duration;
use super::list;
use crate::flow::{Connection, EndFigures};
use crate::packet::PerSide;

/// Segments with octets, and nanoseconds from the first to the last, from which on a throughput is told.
const SEGMENTS_OF_A_RATE: u64 = 10;
const TIME_OF_A_RATE_NS: u128 = 1_000_000;

/// Appends what was measured; nothing where no octets were sent.
pub(super) fn push(style: &Style, out: &mut String, c: &Connection) {
    let ends = &c.figures.ends;
    if ends.initiator.data_segments + ends.responder.data_segments == 0 {
        return;
    }
    let varied = |end: &EndFigures| end.rtt_samples > 1 && end.rtt_variation_ns > end.smoothed_rtt_ns;
    let why = (varied(&ends.initiator) || varied(&ends.responder)).then(|| style.word("tcp.figures.varied"));
    let sent = list::sent(c);
    let rates = PerSide {
        initiator: told_rate(&ends.initiator, sent.initiator),
        responder: told_rate(&ends.responder, sent.responder),
    };
    let parts = [
        both(style, "rtt", ends, |end| round_trip(style, end)).map(|text| text + &why.unwrap_or_default()),
        both(style, "in_flight", ends, |end| in_flight(style, end)),
        both(style, "throughput", &rates, |bits| bits.map(rate)),
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
fn both<T>(
    style: &Style,
    name: &str,
    ends: &PerSide<T>,
    say: impl Fn(&T) -> Option<String>,
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
    if end.rtt_samples == 1 {
        return Some(style.say("tcp.figures.one_round_trip", &[("rtt", &smoothed)]));
    }
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
        Some(0) => style.say("tcp.figures.of_window", &[("octets", &octets), ("percent", &"< 1")]),
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

/// Bits a second, where they say something: a few segments are sent as fast as the program wrote them.
fn told_rate(end: &EndFigures, octets: u64) -> Option<u64> {
    let bits = end.bits_per_second.filter(|&bits| bits > 0 && end.data_segments >= SEGMENTS_OF_A_RATE)?;
    let took_ns = u128::from(octets) * 8_000_000_000 / u128::from(bits);
    (took_ns >= TIME_OF_A_RATE_NS).then_some(bits)
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
