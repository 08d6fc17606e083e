//! Questions and answers of DNS (RFC 1035, 7766), multicast DNS (RFC 6762) and LLMNR (RFC 4795), over datagrams and
//! streams.
//!
//! `wire::dns` reads one message; `reader` cuts a stream into messages; `lookups` pairs queries with their answers,
//! `multicast` those that have no identifier to go by; `purpose` tells what a question is asked for where mail is sent;
//! `trail` knows which lookups led to a mail session; `names` keeps which names the answers gave to addresses. Nothing is ever asked of the network.

mod lookup;
mod lookups;
mod multicast;
mod names;
mod open;
mod purpose;
mod reader;
mod trail;

use crate::packet::{Endpoint, Timestamp};

pub use lookup::{Answer, Lookup, Outcome, Query, Service, Transport, Truncated, Warning};
pub use lookups::Lookups;
pub use names::{NameBook, NameSource, Named, Names};
pub use purpose::Purpose;
pub use reader::{Framed, Reader};
pub use trail::{Part, Told};

/// Where and when a message was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Datagram {
    /// The capture.
    pub capture: u32,
    /// The packet; of a message in a stream, the one that completed it.
    pub packet: u64,
    /// When it was captured.
    pub time: Option<Timestamp>,
    /// Who sent it.
    pub source: Endpoint,
    /// To whom.
    pub destination: Endpoint,
}

#[cfg(test)]
mod tests;
