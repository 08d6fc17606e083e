//! Where the octets of a stream go.

use super::Connection;
use crate::packet::{Side, Timestamp};

/// Where and when octets of a stream were delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delivery {
    /// The connection.
    pub stream: u64,
    /// Who sent them.
    pub from: Side,
    /// Where the first of them stands in the sender's stream, from 0.
    pub offset: u64,
    /// The packet that carried them.
    pub packet: u64,
    /// When that packet was captured.
    pub time: Option<Timestamp>,
}

/// Takes the octets of all streams, each stream's in order and each octet once.
pub trait Receiver {
    /// The next octets of a stream.
    fn octets(&mut self, delivery: Delivery, octets: &[u8]);

    /// `length` octets of the stream were not captured; what comes next lies behind them.
    fn gap(&mut self, delivery: Delivery, length: u64);

    /// One end has said that it will send no more (FIN), or the connection was reset.
    fn end(&mut self, delivery: Delivery, reset: bool);

    /// Both ends have closed and nothing waits: no more octets will come. `record` is the connection as it stands.
    fn closed(&mut self, _stream: u64, _record: impl FnOnce() -> Connection) {}

    /// The connection is known in full: it was evicted, or the capture is over.
    fn finished(&mut self, connection: Connection);
}

/// Takes nothing; for views that need only each segment's place.
impl Receiver for () {
    fn octets(&mut self, _: Delivery, _: &[u8]) {}
    fn gap(&mut self, _: Delivery, _: u64) {}
    fn end(&mut self, _: Delivery, _: bool) {}
    fn finished(&mut self, _: Connection) {}
}
