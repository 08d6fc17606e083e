//! Segments of all connections, a row each as they come.

use std::collections::BTreeMap;

use super::super::live::{Column, Columns};
use super::super::packets::arrow;
use super::super::style::{Style, Tone};
use super::super::time::Clock;
use super::meaning::Meaning;
use super::row::{Row, state};
use super::story::segment;
use crate::flow::Connection;
use crate::packet::{Side, Timestamp};
use crate::report::Options;

/// Columns of a terminal from which on the states of both ends have a column of their own.
const WIDE: usize = 120;
/// Connections whose last segments are remembered, and how many of them: what a segment means depends on those before.
const CONNECTIONS: usize = 1024;
const ROWS: usize = 64;

/// Makes the rows.
pub(super) struct Live {
    style: Style,
    columns: Columns,
    clock: Clock,
    earlier: BTreeMap<u64, Vec<Row>>,
}

impl Live {
    pub(super) fn new(options: &Options) -> Self {
        let style = Style::new(options);
        let clock = Clock::new(options.time);
        let mut columns = vec![
            Column("stream", 3, true),
            Column("packet", 5, true),
            Column("time", clock.columns(), true),
            Column("arrow", 1, false),
            Column("segment", 16, false),
        ];
        if style.width >= WIDE {
            columns.push(Column("states", 27, false));
        }
        columns.push(Column("means", 0, false));
        Self { columns: Columns::new(style.clone(), columns), style, clock, earlier: BTreeMap::new() }
    }

    /// Remembers a segment for those after it, whether it is shown or not.
    pub(super) fn remember(&mut self, stream: u64, row: Row) {
        if self.earlier.len() >= CONNECTIONS && !self.earlier.contains_key(&stream) {
            self.earlier.pop_first();
        }
        let rows = self.earlier.entry(stream).or_default();
        if rows.len() >= ROWS {
            // those that opened the connection stay
            rows.drain(ROWS / 4..ROWS / 2);
        }
        rows.push(row);
    }

    /// Appends the row of the segment that was remembered last; before the first of a connection, between whom it is.
    pub(super) fn push(&mut self, out: &mut String, c: &Connection) {
        let Some((row, earlier)) = self.earlier.get(&c.stream).and_then(|rows| rows.split_last()) else {
            return;
        };
        let style = &self.style;
        if row.place.opens_stream {
            let (initiator, responder) =
                (style.endpoint(c.endpoints.initiator), style.endpoint(c.endpoints.responder));
            let text = format!("TCP {} · {initiator} → {responder}", c.stream);
            style.paragraph(out, Tone::Title, &text, 2);
        }
        let states = states(c, row, earlier.last());
        let mut means = Meaning::new(style, c, std::slice::from_ref(row)).of(row, earlier);
        let mut cells = vec![
            (Tone::Quiet, c.stream.to_string()),
            (Tone::Plain, row.packet.to_string()),
            (Tone::Quiet, time(&mut self.clock, row.time)),
            (Tone::Plain, arrow(row.place.from).to_owned()),
            (Tone::Transport, segment(row)),
        ];
        if style.width >= WIDE {
            cells.push((Tone::Plain, states));
        } else if !states.is_empty() {
            means = format!("{means}\n{states}");
        }
        cells.push((if row.place.notes.is_empty() { Tone::Plain } else { Tone::Warn }, means));
        self.columns.push(out, &cells);
    }
}

/// Both states, where one of them has changed.
fn states(c: &Connection, row: &Row, before: Option<&Row>) -> String {
    if before.is_some_and(|before| before.place.states == row.place.states) {
        return String::new();
    }
    format!("{} / {}", state(c, &row.place, Side::Initiator), state(c, &row.place, Side::Responder))
}

fn time(clock: &mut Clock, time: Option<Timestamp>) -> String {
    let mut text = String::new();
    clock.push(&mut text, time);
    text
}
