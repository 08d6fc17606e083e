//! The table of connections.

use std::net::IpAddr;

use super::{Connection, Place, Receiver};
use crate::dissect::TcpSegment;
use crate::packet::Timestamp;

/// How much may be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Connections in the table; the least recently active one makes room.
    pub connections: usize,
    /// Octets that one connection may keep waiting for earlier ones.
    pub waiting_octets: usize,
    /// Octets that all connections together may keep waiting.
    pub waiting_octets_total: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { connections: 1_000_000, waiting_octets: 4 << 20, waiting_octets_total: 64 << 20 }
    }
}

/// A segment, with what the tracker needs of the packet around it.
#[derive(Debug, Clone, Copy)]
pub struct SegmentInput<'a> {
    /// The capture it is in; connections of different captures are different.
    pub capture: u32,
    /// The packet's number.
    pub packet: u64,
    /// When it was captured.
    pub time: Option<Timestamp>,
    /// Source address.
    pub source: IpAddr,
    /// Destination address.
    pub destination: IpAddr,
    /// IP identification, to tell a packet that was captured twice.
    pub identification: Option<u32>,
    /// Time to live, likewise.
    pub ttl: u8,
    /// The segment.
    pub segment: TcpSegment<'a>,
}

/// Follows TCP connections.
pub struct Tracker {
    #[expect(dead_code, reason = "filled by the flow room")]
    limits: Limits,
}

impl Tracker {
    /// An empty table.
    pub fn new(limits: Limits) -> Self {
        Self { limits }
    }

    /// Takes one segment. `None` for one that belongs to no connection (never made at present).
    pub fn push<R: Receiver>(&mut self, _input: &SegmentInput<'_>, _receiver: &mut R) -> Option<Place> {
        None
    }

    /// The capture is over: what waits is delivered behind its gaps, every connection is finished, in the
    /// order of their numbers.
    pub fn finish<R: Receiver>(&mut self, _receiver: &mut R) {}

    /// A connection as it stands now.
    pub fn connection(&self, _stream: u64) -> Option<Connection> {
        None
    }
}
