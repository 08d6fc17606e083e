//! The ladder for a terminal: a line a rung.

use super::super::super::style::{Style, Tone, clipped, width};
use super::super::row::Row;
use super::rungs::{End, Item, Line, Rung, Rungs, skipped};
use super::{Wish, states_before};
use crate::flow::Connection;
use crate::packet::Side;

/// Rungs that are drawn.
const RUNGS: usize = 24;
/// Columns of a state: `ESTABLISHED` and `SYN-RECEIVED` fit.
const STATE: usize = 12;
/// Columns between an upright and where a lost segment's line ends, at least.
const SHORT: usize = 1;

/// Appends the ladder of `c`; nothing where no segment deserves a rung.
pub(in super::super) fn push(style: &Style, out: &mut String, c: &Connection, rows: &[Row], wish: Wish) {
    let rungs = Rungs::new(style, c, rows, wish, RUNGS);
    if rungs.is_empty() {
        return;
    }
    let time = wish.columns();
    let inner = style.width.saturating_sub(time + 2 * STATE + 11).clamp(10, 64);
    let ladder = Ladder { style, time, inner };
    ladder.head(out, c);
    let states = states_before(c, rows);
    ladder.line(out, &wish.heading(style), states.initiator, ("", Tone::Plain), states.responder, "#");
    for item in &rungs.items {
        match item {
            Item::Rung(rung) => ladder.rung(out, rung),
            Item::Skipped(count, remarkable) => {
                let text = clipped(&skipped(style, *count, *remarkable), inner);
                ladder.line(out, "", "", (&text, Tone::Quiet), "", "");
            }
        }
    }
    for remark in &rungs.remarks {
        style.paragraph(out, Tone::Quiet, remark, 2);
    }
}

struct Ladder<'a> {
    style: &'a Style,
    /// Columns of a time, and between the uprights.
    time: usize,
    inner: usize,
}

impl Ladder<'_> {
    /// Who is who.
    fn head(&self, out: &mut String, c: &Connection) {
        let name = |side: Side, key: &str| format!("{} {}", self.style.word(key), c.endpoints.of(side));
        let left = name(Side::Initiator, "tcp.side.initiator");
        let right = name(Side::Responder, "tcp.side.responder");
        let gap = (self.time + STATE + self.inner + 8).saturating_sub(width(&left)).max(2);
        let both = gap + width(&left) + width(&right);
        let shift = both.saturating_sub(self.style.width.min(self.time + 2 * STATE + self.inner + 10));
        let line = format!("{left}{}{right}", " ".repeat(gap.saturating_sub(shift).max(2)));
        self.style.paragraph(out, Tone::Title, &line, 2);
    }

    fn rung(&self, out: &mut String, rung: &Rung) {
        let state = |side| rung.states.of(side).unwrap_or("");
        let tone = match (rung.end, rung.line) {
            (End::Lost | End::Ignored, _) => Tone::Bad,
            (_, Line::Again) => Tone::Warn,
            (_, Line::Copy) => Tone::Quiet,
            (_, Line::Plain) => Tone::Plain,
        };
        let (left, right) = (state(Side::Initiator), state(Side::Responder));
        self.line(out, &rung.time, left, (&self.arrow(rung), tone), right, &rung.packet.to_string());
    }

    /// `─── label ───▶`: broken where the octets were sent before, and short of the other upright where it was lost.
    fn arrow(&self, rung: &Rung) -> String {
        let dash = match rung.line {
            Line::Plain => "─",
            Line::Again => "╌",
            Line::Copy => "┈",
        };
        let lost = rung.end == End::Lost;
        let most = if lost { self.inner - SHORT } else { self.inner };
        let label = rung.label.fitted(most.saturating_sub(4));
        let reach = if lost { most.min((width(&label) + 7).max(self.inner * 2 / 3)) } else { most };
        let dashes = reach.saturating_sub(width(&label) + 3);
        // labels begin in one column, whether dashes or a head and dashes stand before them
        let side = if rung.from == Side::Initiator { 3 } else { 2 };
        let near = dashes.saturating_sub(1).clamp(1, side).min(dashes);
        let (near, far) = (dash.repeat(near), dash.repeat(dashes - near));
        let rest = " ".repeat(self.inner - reach);
        match (rung.from, rung.end) {
            (Side::Initiator, End::Arrives) => format!("{near} {label} {far}▶"),
            (Side::Initiator, _) => format!("{near} {label} {far}✗{rest}"),
            (Side::Responder, End::Arrives) => format!("◀{near} {label} {far}"),
            (Side::Responder, _) => format!("{rest}✗{near} {label} {far}"),
        }
    }

    fn line(
        &self,
        out: &mut String,
        time: &str,
        left: &str,
        (inside, tone): (&str, Tone),
        right: &str,
        packet: &str,
    ) {
        let columns = self.time - (width(time) - time.chars().count()).min(self.time);
        out.push_str(&format!("{time:>columns$} {left:>STATE$} │"));
        self.style.push(out, tone, inside);
        out.extend(std::iter::repeat_n(' ', self.inner.saturating_sub(width(inside))));
        out.push_str(format!("│ {right:<STATE$} {packet:>4}").trim_end());
        out.push('\n');
    }
}
