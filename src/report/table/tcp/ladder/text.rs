//! The ladder for a terminal: a line a rung.

use super::super::super::style::{Style, Tone, push_clipped, width};
use super::super::super::time::in_milliseconds;
use super::super::row::Row;
use super::{Fate, Item, Rung, has_shape, items, states_before};
use crate::flow::Connection;
use crate::packet::Side;

/// Rungs that are drawn.
const RUNGS: usize = 24;
/// Columns of a time and of a state: `ESTABLISHED` and `SYN-RECEIVED` fit.
const TIME: usize = 10;
const STATE: usize = 12;

/// Appends the ladder of `c`; nothing where neither its opening nor its closing was captured.
pub(in super::super) fn push(style: &Style, out: &mut String, c: &Connection, rows: &[Row]) {
    if !has_shape(rows) {
        return;
    }
    let inner = style.width.saturating_sub(TIME + 2 * STATE + 11).clamp(10, 64);
    let ladder = Ladder { style, inner };
    ladder.head(out, c);
    if let Some(states) = states_before(c, rows) {
        ladder.line(out, "ms", states.initiator, "", states.responder, "#");
    }
    for item in items(style, c, rows, RUNGS) {
        match item {
            Item::Rung(rung) => ladder.rung(out, &rung),
            Item::Skipped(count) => {
                let text = style.say("tcp.ladder.skipped", &[("count", &count)]);
                ladder.line(out, "", "", &format!("⋮ {text}"), "", "");
            }
        }
    }
}

struct Ladder<'a> {
    style: &'a Style,
    inner: usize,
}

impl Ladder<'_> {
    /// Who is who.
    fn head(&self, out: &mut String, c: &Connection) {
        let name = |side: Side, key: &str| format!("{} {}", self.style.word(key), c.endpoints.of(side));
        let left = name(Side::Initiator, "tcp.side.initiator");
        let right = name(Side::Responder, "tcp.side.responder");
        let gap = (TIME + STATE + self.inner + 8).saturating_sub(width(&left)).max(2);
        let both = gap + width(&left) + width(&right);
        let shift = both.saturating_sub(self.style.width.min(TIME + 2 * STATE + self.inner + 10));
        let line = format!("{left}{}{right}", " ".repeat(gap.saturating_sub(shift).max(2)));
        self.style.paragraph(out, Tone::Title, &line, 2);
    }

    fn rung(&self, out: &mut String, rung: &Rung) {
        let time = rung.at.map_or_else(String::new, in_milliseconds);
        let state = |side| rung.states.of(side).unwrap_or("");
        let packet = rung.packet.to_string();
        self.line(out, &time, state(Side::Initiator), &self.arrow(rung), state(Side::Responder), &packet);
    }

    /// `─── label ───▶`; the head is missing where the segment had to be sent again, the line is broken where it was.
    fn arrow(&self, rung: &Rung) -> String {
        let mut text = String::from(" ");
        let used = push_clipped(&mut text, &rung.label, self.inner.saturating_sub(6)) + 2;
        text.push(' ');
        let dash = if rung.fate == Fate::Again { "╌" } else { "─" };
        let dashes = dash.repeat(self.inner.saturating_sub(used + 4));
        let lost = rung.fate == Fate::Lost;
        match rung.from {
            Side::Initiator => format!("{}{text}{dashes}{}", dash.repeat(3), if lost { "✗" } else { "▶" }),
            Side::Responder => {
                format!("{}{}{text}{dashes}{dash}", if lost { "✗" } else { "◀" }, dash.repeat(2))
            }
        }
    }

    fn line(&self, out: &mut String, time: &str, left: &str, inside: &str, right: &str, packet: &str) {
        let mut middle = String::new();
        let used = push_clipped(&mut middle, inside, self.inner);
        middle.extend(std::iter::repeat_n(' ', self.inner - used));
        let line = format!("{time:>TIME$} {left:>STATE$} │{middle}│ {right:<STATE$} {packet:>4}");
        self.style.push(out, Tone::Plain, line.trim_end());
        out.push('\n');
    }
}
