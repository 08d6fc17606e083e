//! Who speaks what: decided by what is said, with the port as a hint at most.

use crate::packet::Protocol;

/// The application that speaks, from the first octets of both directions.
///
/// `None` as long as it cannot be told; [`Protocol::Data`] once it is none that is known here.
pub fn identify(_from_initiator: &[u8], _from_responder: &[u8], _responder_port: u16) -> Option<Protocol> {
    None
}
