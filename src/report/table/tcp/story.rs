//! One connection, segment by segment.

use comfy_table::{ColumnConstraint, Width};

use super::super::grid::Table;
use super::super::packets::arrow;
use super::super::style::{Style, Tone};
use super::super::time::{day, of_row};
use super::meaning::Meaning;
use super::row::{Row, state};
use super::{figures, flaw, ladder, socket};
use crate::dissect::TcpFlags;
use crate::flow::{Connection, RoleBasis, Step, TcpState};
use crate::packet::{Note, Side, Timestamp};
use crate::report::{TimeFormat, info};

/// Columns of a terminal from which on both states stand beside each other, and socket calls in their own column.
const WIDE: usize = 120;
/// Plain segments in a row that are not folded.
const UNFOLDED: usize = 3;

/// The segments of one connection.
#[derive(Debug, Default)]
pub(super) struct Story {
    rows: Vec<Row>,
    left_out: u64,
    /// The responder has said something.
    answered: bool,
    /// The first PAUSE frame (IEEE 802.3 annex 31B) while the connection was open, and how many there were.
    pub(super) pauses: Option<(u64, u64)>,
}

impl Story {
    /// Adds a segment. Of `most`, half are kept for those that open and close.
    pub(super) fn push(&mut self, mut row: Row, most: usize) {
        if row.place.unheard {
            self.take_back(row.place.from);
        }
        if row.place.step == Step::Syn && row.place.notes.has(Note::Retransmission) {
            self.unheard_syn(row.place.from.peer());
        }
        self.answered |= row.place.from == Side::Responder;
        row.changes_state = self.rows.last().is_some_and(|last| last.place.states != row.place.states);
        if self.rows.len() >= if row.shapes() { most } else { most / 2 } {
            self.left_out += 1;
        } else {
            self.rows.push(row);
        }
    }

    /// A SYN that is repeated had not arrived, as far as the capture shows: its receiver still listened.
    fn unheard_syn(&mut self, side: Side) {
        // those before it were set right when this one came
        if let Some(last) = self.rows.last_mut().filter(|_| !self.answered) {
            *last.place.states.of_mut(side) = TcpState::Listen;
        }
    }

    /// An end whose SYN or FIN crosses the peer's had not heard that yet: the state that it was thought to have taken
    /// since is taken back.
    fn take_back(&mut self, side: Side) {
        let shapes = |row: &Row| row.place.from != side && (row.shapes() || row.flags.has(TcpFlags::FIN));
        let Some(at) = self.rows.iter().rposition(shapes) else { return };
        let before = at.checked_sub(1).and_then(|at| self.rows.get(at));
        let state = before.map_or(TcpState::Closed, |row| *row.place.states.of(side));
        for row in self.rows.iter_mut().skip(at) {
            *row.place.states.of_mut(side) = state;
        }
    }

    /// Appends the story; where all is wished for, runs of plain segments are unfolded.
    pub(super) fn tell(&self, style: &Style, out: &mut String, c: &Connection, wish: ladder::Wish) {
        let roles = match c.roles {
            RoleBasis::Observed if c.handshake.syn.is_empty() => "tcp.roles.observed_answer",
            RoleBasis::Observed => "tcp.roles.observed",
            RoleBasis::Inferred => "tcp.roles.inferred",
        };
        let values: [(&str, &dyn std::fmt::Display); 4] = [
            ("stream", &c.stream),
            ("initiator", &style.endpoint(c.endpoints.initiator)),
            ("responder", &style.endpoint(c.endpoints.responder)),
            ("roles", &style.word(roles)),
        ];
        style.heading(out, &style.say("tcp.story", &values));
        if c.endpoints.initiator == c.endpoints.responder {
            style.paragraph(out, Tone::Warn, &style.word("tcp.itself"), 2);
        }
        out.push('\n');
        ladder::push(style, out, c, &self.rows, wish);
        out.push('\n');
        self.table(style, out, c, wish.all);
        out.push('\n');
        figures::push(style, out, c);
        flaw::push(style, out, &self.rows);
        if let Some((packet, count)) = self.pauses {
            let text = style.say("tcp.pauses", &[("count", &count), ("packet", &packet)]);
            style.paragraph(out, Tone::Warn, &text, 2);
        }
        if self.left_out > 0 {
            let text = style.say("tcp.rows_left_out", &[("count", &self.left_out)]);
            style.paragraph(out, Tone::Quiet, &text, 2);
        }
    }

    /// The ladder as SVG.
    pub(super) fn draw(&self, style: &Style, c: &Connection, wish: ladder::Wish) -> String {
        ladder::draw(style, c, &self.rows, wish)
    }

    fn table(&self, style: &Style, out: &mut String, c: &Connection, all: bool) {
        let first = self.rows.first().and_then(|row| row.time);
        if let Some((day, zone)) = first.and_then(|time| day(style.time, time)) {
            style.paragraph(out, Tone::Quiet, &style.say("tcp.day", &[("day", &day), ("zone", &zone)]), 2);
        }
        let time = match style.time {
            TimeFormat::Delta => "delta",
            TimeFormat::Relative => "milliseconds",
            TimeFormat::Utc | TimeFormat::Local | TimeFormat::Epoch => "time",
        };
        let mut columns = vec!["packet", time, "direction", "segment", "states", "means"];
        let mut bounds = vec![(3, 18), (4, 15)];
        if style.width >= WIDE {
            columns.push("socket");
            bounds = vec![(3, 18), (4, 28), (6, 32)];
        }
        let mut table = style.grid(&columns);
        for (at, bound) in bounds {
            if let Some(column) = table.column_mut(at) {
                column.set_constraint(ColumnConstraint::UpperBoundary(Width::Fixed(bound)));
            }
        }
        let teller = Teller { style, c, first, meaning: Meaning::new(style, c, &self.rows) };
        let mut at = 0;
        while let Some((row, rest)) = self.rows.get(at).zip(self.rows.get(at..)) {
            let fold =
                if all { 0 } else { rest.iter().take_while(|row| teller.meaning.is_plain(row)).count() };
            if fold > UNFOLDED {
                teller.folded(&mut table, &rest[..fold]);
                at += fold;
                continue;
            }
            teller.row(&mut table, row, &self.rows[..at]);
            at += 1;
        }
        style.push_grid(out, table);
    }
}

struct Teller<'a> {
    style: &'a Style,
    c: &'a Connection,
    /// Time of the first segment.
    first: Option<Timestamp>,
    meaning: Meaning<'a>,
}

impl Teller<'_> {
    fn folded(&self, table: &mut Table, rows: &[Row]) {
        let sum = |side| {
            rows.iter().filter(|r| r.place.from == side).map(|r| u64::from(r.place.new_octets)).sum::<u64>()
        };
        let (there, back) = (sum(Side::Initiator), sum(Side::Responder));
        let values: [(&str, &dyn std::fmt::Display); 3] =
            [("count", &rows.len()), ("there", &there), ("back", &back)];
        let text = self.style.say("tcp.folded", &values);
        table.add_row(vec![
            self.style.number("…"),
            self.style.cell(Tone::Plain, ""),
            self.style.cell(Tone::Plain, "↔"),
            self.style.cell(Tone::Plain, ""),
            self.style.cell(Tone::Plain, ""),
            self.style.cell(Tone::Quiet, text),
        ]);
    }

    fn row(&self, table: &mut Table, row: &Row, earlier: &[Row]) {
        let style = self.style;
        let before = earlier.last();
        let lost = self.meaning.is_lost(row);
        let calls = socket::calls(style, self.c, row, earlier, lost);
        let mut means = self.meaning.of(row, earlier);
        if style.width < WIDE && !calls.is_empty() {
            means.push('\n');
            means.push_str(&style.say("tcp.socket.inferred", &[("calls", &calls.join(" · "))]));
        }
        let tone = if row.place.notes.is_empty() { Tone::Plain } else { Tone::Warn };
        let mut cells = vec![
            style.number(row.packet),
            style.number(of_row(
                style.time,
                self.first,
                before.map_or(row.time, |before| before.time),
                row.time,
            )),
            style.cell(Tone::Plain, arrow(row.place.from)),
            style.cell(Tone::Transport, segment(row)),
            style.cell(Tone::Plain, self.states(row, before)),
            style.cell(tone, means),
        ];
        if style.width >= WIDE {
            cells.push(style.cell(Tone::Quiet, calls.join("\n")));
        }
        table.add_row(cells);
    }

    /// Both states, where one of them has changed.
    fn states(&self, row: &Row, before: Option<&Row>) -> String {
        if before.is_some_and(|before| before.place.states == row.place.states) {
            return String::new();
        }
        let blank = if self.style.width < WIDE { '\n' } else { ' ' };
        let of = |side| state(self.c, &row.place, side);
        format!("{} /{blank}{}", of(Side::Initiator), of(Side::Responder))
    }
}

/// Flags and relative numbers; for segments that open and close, the numbers of the header below them.
pub(super) fn segment(row: &Row) -> String {
    let mut text = String::new();
    info::write_flags(row.flags, &mut text);
    text.push_str(&format!(" {}", row.place.relative_seq));
    if let Some(ack) = row.place.relative_ack {
        text.push_str(&format!(", {ack}"));
    }
    if row.length > 0 {
        text.push_str(&format!(" +{}", row.length));
    }
    if row.shapes() {
        text.push_str(&format!("\nseq {}", row.seq));
        if row.place.relative_ack.is_some() {
            text.push_str(&format!("\nack {}", row.ack));
        }
    }
    text
}
