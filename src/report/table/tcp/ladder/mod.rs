//! A ladder diagram: the two ends as uprights, segments as rungs; as text for a terminal, and as SVG.

mod label;
mod rungs;
mod seen;
mod svg;
mod text;

use super::super::style::Style;
use super::super::time::{in_milliseconds, in_seconds, time_of_day};
use super::row::{Row, state};
use crate::flow::{Connection, HandshakeKind, Step};
use crate::packet::{PerSide, Side};
use crate::report::{Options, TimeFormat};
pub(super) use svg::draw;
pub(super) use text::push;

/// How the user wants it drawn.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wish {
    /// Whether all segments are drawn, up to [`ALL_RUNGS`], and not only what opens, closes and is remarkable.
    pub(super) all: bool,
    /// How times are written.
    pub(super) time: TimeFormat,
}

impl Wish {
    pub(super) fn new(options: &Options) -> Self {
        Self { all: options.all, time: options.time }
    }

    /// A time as the first column has it. As not every segment is drawn, it is counted from the first one.
    fn moment(self, row: &Row, begin: &Row) -> String {
        let Some(time) = row.time else { return String::new() };
        match self.time {
            TimeFormat::Relative | TimeFormat::Delta => {
                begin.time.map_or_else(String::new, |begin| in_milliseconds(time.since(begin)))
            }
            TimeFormat::Utc => time_of_day(time, false),
            TimeFormat::Local => time_of_day(time, true),
            TimeFormat::Epoch => in_seconds(time.nanos()),
        }
    }

    /// What stands above the times.
    fn heading(self, style: &Style) -> String {
        match self.time {
            TimeFormat::Relative | TimeFormat::Delta => "ms".to_owned(),
            TimeFormat::Utc => "UTC".to_owned(),
            TimeFormat::Local => style.word("tcp.ladder.local"),
            TimeFormat::Epoch => "s".to_owned(),
        }
    }

    /// Columns of a time.
    fn columns(self) -> usize {
        match self.time {
            TimeFormat::Relative | TimeFormat::Delta => 10,
            TimeFormat::Utc | TimeFormat::Local => 12,
            TimeFormat::Epoch => 14,
        }
    }
}

/// Rungs that are drawn where all are asked for.
const ALL_RUNGS: usize = 1000;

/// The states before the first segment, as far as it tells them.
fn states_before(c: &Connection, rows: &[Row]) -> PerSide<&'static str> {
    let responder = match c.handshake.kind {
        HandshakeKind::Refused => "CLOSED",
        HandshakeKind::SimultaneousOpen => "",
        HandshakeKind::Unanswered => "?",
        _ => "LISTEN",
    };
    let Some(first) = rows.first() else { return PerSide { initiator: "", responder: "" } };
    match first.place.step {
        Step::Syn => PerSide { initiator: "CLOSED", responder },
        Step::SynAck => PerSide { initiator: "SYN-SENT", responder: "" },
        // neither changes a state that was there before
        Step::Data | Step::Ack => PerSide {
            initiator: state(c, &first.place, Side::Initiator),
            responder: state(c, &first.place, Side::Responder),
        },
        _ => PerSide { initiator: "", responder: "" },
    }
}
