//! Writes what happened: sinks for the one stream of events, as table, JSON or CSV; and messages as files, which
//! [`crate::conversation`] hands over while they arrive, because it does no I/O itself.
//!
//! The only user of `comfy-table`, and the only place where octets from the wire become text on a terminal,
//! through [`escape`].

mod csv;
pub mod escape;
mod event;
mod info;
mod interfaces;
mod json;
mod live;
mod names;
mod payload;
mod record;
mod save;
mod schema;
mod sink;
mod table;
mod tally;
mod utc;

pub use event::{PacketEvent, Summary};
pub use interfaces::tell_interfaces;
pub use live::{Gauge, LiveReport};
pub use names::KnownNames;
pub use save::{MailFolder, SaveMailError};
pub use schema::schema;
pub use sink::{Follows, Format, Options, Out, Sink, Sort, TimeFormat, View, prepare, sink_for};
