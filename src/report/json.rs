//! Records as JSON, one object a line.

use std::io::{self, Write};

use super::{Options, PacketEvent, Sink};

/// One `packet` record a packet.
pub(super) struct Packets {
    out: Box<dyn Write>,
}

impl Packets {
    pub(super) fn new(_options: &Options, out: Box<dyn Write>) -> Self {
        Self { out }
    }
}

impl Sink for Packets {
    fn packet(&mut self, event: &PacketEvent<'_>) -> io::Result<()> {
        writeln!(self.out, "{{\"schema\":1,\"record\":\"packet\",\"number\":{}}}", event.frame.number)
    }
}
