//! Tables for people: one sink a view, in English and Chinese, no wider than the terminal.

mod packets;
mod smtp;
mod smtp_turns;
mod style;
mod time;

use std::io::Write;

use super::{Options, Sink, View};

/// The table sink of a view.
pub(super) fn sink(options: &Options, out: Box<dyn Write>) -> Box<dyn Sink> {
    match options.view {
        View::Smtp => Box::new(smtp::Sessions::new(options, out)),
        View::Packets | View::Layers | View::Tcp | View::Fcs | View::Overview => {
            Box::new(packets::Packets::new(options, out))
        }
    }
}
