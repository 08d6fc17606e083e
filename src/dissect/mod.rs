//! Takes one packet apart: headers, their octets, checksums, the FCS, fragments put together.
//!
//! A header has one file, in the folder of its OSI layer, with two functions: `parse` finds its end and what
//! follows (no copying, no allocation), `fields` tells what is in it, for the views that show it.
//! `registry` is the one table of who follows whom.
//!
//! The only user of `etherparse` and `crc32fast`. Remembers nothing between packets but IP fragments and the
//! evidence for FCSs.

mod application;
mod checksum;
mod dissection;
mod dissector;
mod fields;
mod link;
mod network;
mod registry;
mod summary;
mod transport;
mod walk;

pub use checksum::{Checksum, Checksums};
pub use dissection::{Dissection, FragmentPlace, IpHeader, Payload, StopReason, Stopped, Transport};
pub use dissector::Dissector;
pub use fields::{Field, Value, fields};
pub use link::fcs::{Basis, Evidence, Fcs, FcsMode, FcsState};
pub use registry::udp_application;
pub use summary::{application_concealed, application_summary, summary};
pub use transport::tcp::{TcpFlags, TcpOptions, TcpSegment};
pub use transport::udp::UdpDatagram;

#[cfg(test)]
mod tests;
