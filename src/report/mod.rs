//! Writes what happened: sinks for the one stream of events, as table, JSON or CSV.
//!
//! The only user of `comfy-table`, and the only place where octets from the wire become text on a terminal,
//! through [`escape`].

pub mod escape;
mod event;
mod json;
mod record;
mod sink;
mod table;

pub use event::{PacketEvent, Summary};
pub use sink::{Format, Options, Sink, TimeFormat, View, sink_for};
