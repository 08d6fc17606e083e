//! Main fields of what is carried on top.

use super::Field;
use crate::packet::Protocol;

/// The main fields of an application's octets, which begin at `offset`.
pub(super) fn fields(_protocol: Protocol, _octets: &[u8], _offset: u32) -> Vec<Field> {
    Vec::new()
}

/// The application that a UDP datagram between these ports belongs to.
pub(super) fn udp_application(_source: u16, _destination: u16, _octets: &[u8]) -> Option<Protocol> {
    None
}

/// Appends what an application's octets say, in one line.
pub(super) fn summary(_protocol: Protocol, _octets: &[u8], _out: &mut String) {}
