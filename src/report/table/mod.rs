//! Tables for people: one sink a view, in English and Chinese, no wider than the terminal.

mod fields;
mod hexdump;
mod layers;
mod packets;
mod style;
mod time;

use std::io::Write;

use super::{Options, Sink, View};

/// The table sink of a view.
pub(super) fn sink(options: &Options, out: Box<dyn Write>) -> Box<dyn Sink> {
    match options.view {
        View::Layers => Box::new(layers::Layers::new(options, out)),
        _ => Box::new(packets::Packets::new(options, out)),
    }
}
