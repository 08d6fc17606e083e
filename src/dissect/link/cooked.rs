//! Linux cooked capture, versions 1 and 2 (LINKTYPE_LINUX_SLL, LINKTYPE_LINUX_SLL2).

use super::super::walk::{Flaw, Header, Next, Walk, be16};
use crate::packet::Protocol;

/// Packet type of what the capturing host sent.
const OUTGOING: u16 = 4;

pub(crate) fn parse(walk: &mut Walk<'_>) -> Result<Header, Flaw> {
    let octets = walk.header::<16>()?;
    walk.found.outgoing = be16(octets, 0) == OUTGOING;
    Ok(Header::new(16, next(be16(octets, 14))))
}

pub(crate) fn parse_v2(walk: &mut Walk<'_>) -> Result<Header, Flaw> {
    let octets = walk.header::<20>()?;
    walk.found.outgoing = u16::from(octets[10]) == OUTGOING;
    Ok(Header::new(20, next(be16(octets, 0))))
}

/// The protocol field holds an EtherType, or a Linux number below 1536 for frames that have none.
fn next(protocol: u16) -> Next {
    match protocol {
        0x0004 => Next::Protocol(Protocol::Llc),
        number => Next::EtherType(number),
    }
}
