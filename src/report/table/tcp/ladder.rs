//! A ladder diagram: the two ends as uprights, the segments that open and close a connection as rungs.

use super::super::style::{Style, Tone, push_clipped, width};
use super::super::time::milliseconds;
use super::row::{Row, state};
use crate::dissect::TcpFlags;
use crate::flow::{Connection, HandshakeKind, Step};
use crate::packet::{Side, Timestamp};
use crate::report::info;

/// Rungs that are drawn.
const RUNGS: usize = 24;
/// Columns of a time and of a state: `ESTABLISHED` and `SYN-RECEIVED` fit.
const TIME: usize = 10;
const STATE: usize = 12;

/// Appends the ladder of what opens and closes `c`; nothing where neither was captured.
pub(super) fn push(style: &Style, out: &mut String, c: &Connection, rows: &[Row]) {
    if !rows.iter().any(Row::shapes) {
        return;
    }
    let inner = style.width.saturating_sub(TIME + 2 * STATE + 11).clamp(10, 48);
    let ladder = Ladder { style, inner, begin: rows.first().and_then(|row| row.time) };
    ladder.head(out, c, rows);
    let mut before = ["", ""];
    let mut rest = rows;
    for _ in 0..RUNGS {
        let skipped = rest.iter().take_while(|row| !row.shapes()).count();
        if skipped > 0 {
            let text = style.say("tcp.ladder.skipped", &[("count", &skipped)]);
            ladder.rung(out, "", "", &format!("⋮ {text}"), "", "");
            rest = &rest[skipped..];
        }
        let Some(row) = rest.first() else { return };
        ladder.segment(out, c, row, &mut before);
        rest = &rest[1..];
    }
}

struct Ladder<'a> {
    style: &'a Style,
    inner: usize,
    begin: Option<Timestamp>,
}

impl Ladder<'_> {
    /// Who is who, and the states before the first segment.
    fn head(&self, out: &mut String, c: &Connection, rows: &[Row]) {
        let name = |side: Side, key: &str| format!("{} {}", self.style.word(key), c.endpoints.of(side));
        let left = name(Side::Initiator, "tcp.side.initiator");
        let right = name(Side::Responder, "tcp.side.responder");
        let gap = (TIME + STATE + self.inner + 8).saturating_sub(width(&left)).max(2);
        let both = gap + width(&left) + width(&right);
        let shift = both.saturating_sub(self.style.width.min(TIME + 2 * STATE + self.inner + 10));
        let line = format!("{left}{}{right}", " ".repeat(gap.saturating_sub(shift).max(2)));
        self.style.paragraph(out, Tone::Title, &line, 2);
        if rows.first().is_some_and(|row| row.place.step == Step::Syn) {
            let responder = match c.handshake.kind {
                HandshakeKind::Refused => "CLOSED",
                HandshakeKind::SimultaneousOpen => "",
                HandshakeKind::Unanswered => "?",
                _ => "LISTEN",
            };
            self.rung(out, "ms", "CLOSED", "", responder, "#");
        }
    }

    fn segment(&self, out: &mut String, c: &Connection, row: &Row, before: &mut [&'static str; 2]) {
        let time = milliseconds(self.begin, row.time);
        let after = [state(c, &row.place, Side::Initiator), state(c, &row.place, Side::Responder)];
        let changed = |at: usize| if before[at] == after[at] { "" } else { after[at] };
        let arrow = self.arrow(row.place.from, &label(c, row, self.inner > 42));
        self.rung(out, &time, changed(0), &arrow, changed(1), &row.packet.to_string());
        *before = after;
    }

    fn arrow(&self, from: Side, label: &str) -> String {
        let mut text = String::from(" ");
        let used = push_clipped(&mut text, label, self.inner.saturating_sub(6)) + 2;
        text.push(' ');
        let dashes = self.inner.saturating_sub(used + 4);
        match from {
            Side::Initiator => format!("───{text}{}▶", "─".repeat(dashes)),
            Side::Responder => format!("◀──{text}{}─", "─".repeat(dashes)),
        }
    }

    fn rung(&self, out: &mut String, time: &str, left: &str, inside: &str, right: &str, packet: &str) {
        let mut middle = String::new();
        let used = push_clipped(&mut middle, inside, self.inner);
        middle.extend(std::iter::repeat_n(' ', self.inner - used));
        let line = format!("{time:>TIME$} {left:>STATE$} │{middle}│ {right:<STATE$} {packet:>4}");
        self.style.push(out, Tone::Plain, line.trim_end());
        out.push('\n');
    }
}

/// `SYN seq=0 win=64240 mss=1460`.
fn label(c: &Connection, row: &Row, wide: bool) -> String {
    let mut text = String::new();
    info::write_flags(row.flags, &mut text);
    text.push_str(&format!(" seq={}", row.place.relative_seq));
    if let Some(ack) = row.place.relative_ack {
        text.push_str(&format!(" ack={ack}"));
    }
    if row.length > 0 {
        text.push_str(&format!(" len={}", row.length));
    }
    if row.flags.has(TcpFlags::SYN)
        && let Some(offer) = c.handshake.offers.of(row.place.from)
    {
        if wide {
            text.push_str(&format!(" win={}", offer.window));
        }
        if let Some(mss) = offer.mss {
            text.push_str(&format!(" mss={mss}"));
        }
    }
    text
}
