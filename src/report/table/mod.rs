//! Tables for people: one sink a view, in English and Chinese, no wider than the terminal.

mod ascii;
mod dialogue;
mod dns;
mod fcs;
mod fetch;
mod fields;
mod grid;
mod hexdump;
mod http;
mod interfaces;
mod layers;
mod live;
mod osi;
mod overview;
mod packets;
mod smtp;
mod style;
mod tcp;
mod time;
mod tls;
mod wrap;

pub(super) use interfaces::interfaces;

use super::{Format, Options, Out, Sink, View};
use crate::packet::Protocol;

/// The table sink of a view.
pub(super) fn sink(options: &Options, out: Box<dyn Out>) -> Box<dyn Sink> {
    // a drawing is not for a terminal, and `<` would end it
    let ascii = options.ascii && options.format != Format::Svg;
    let out: Box<dyn Out> = if ascii { Box::new(ascii::Ascii::new(options, out)) } else { out };
    match options.view {
        View::Tcp => Box::new(tcp::Tcp::new(options, out)),
        View::Tls => Box::new(tls::Sessions::new(options, out)),
        View::Dns => Box::new(dns::Lookups::new(options, out)),
        View::Http => Box::new(http::Exchanges::new(options, out)),
        View::Smtp => Box::new(smtp::Sessions::new(options, out)),
        View::Imap => Box::new(fetch::Sessions::new(options, Protocol::Imap, out)),
        View::Pop3 => Box::new(fetch::Sessions::new(options, Protocol::Pop3, out)),
        View::Fcs => Box::new(fcs::FcsTable::new(options, out)),
        View::Overview => Box::new(overview::Overview::new(options, out)),
        View::Layers => Box::new(layers::Layers::new(options, out)),
        View::Packets => Box::new(packets::Packets::new(options, out)),
    }
}
