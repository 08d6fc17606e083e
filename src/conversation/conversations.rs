//! All conversations of a capture, each with the reader of its protocol.

use std::ops::Range;

use super::smtp;
use crate::flow::{Connection, Delivery, Receiver};
use crate::packet::{Protocol, Side};

/// How much of a conversation is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// Which application it is, and which octets are secret.
    Names,
    /// All that was said.
    Full,
}

/// Reads every stream that speaks a known protocol.
pub struct Conversations {
    #[expect(dead_code, reason = "filled by the conversation room")]
    depth: Depth,
}

impl Conversations {
    /// No conversation yet.
    pub fn new(depth: Depth) -> Self {
        Self { depth }
    }

    /// The application that a stream speaks, as far as it is known now.
    pub fn application(&self, _stream: u64) -> Option<Protocol> {
        None
    }

    /// Which of `length` octets of a stream must not be shown unless secrets are revealed: ranges counted from
    /// the first of them. `offset` is where they begin in the stream of `from`.
    pub fn concealed(
        &self,
        _stream: u64,
        _from: Side,
        _offset: Option<u64>,
        _length: u32,
        out: &mut Vec<Range<u32>>,
    ) {
        out.clear();
    }

    /// The next connection that is known in full, with its SMTP session if it carried one.
    pub fn take_finished(&mut self) -> Option<(Connection, Option<smtp::Session>)> {
        None
    }
}

impl Receiver for Conversations {
    fn octets(&mut self, _delivery: Delivery, _octets: &[u8]) {}

    fn gap(&mut self, _delivery: Delivery, _length: u64) {}

    fn end(&mut self, _delivery: Delivery, _reset: bool) {}

    fn finished(&mut self, _connection: Connection) {}
}
