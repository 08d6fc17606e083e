//! Frames in UDP: VXLAN (RFC 7348 section 5) and GENEVE (RFC 8926 section 3.4).

use super::super::walk::{Flaw, Header, Next, Walk, be16};
use crate::packet::Protocol;

pub(crate) fn parse_vxlan(walk: &mut Walk<'_>) -> Result<Header, Flaw> {
    walk.header::<8>()?;
    Ok(Header::new(8, Next::Protocol(Protocol::Ethernet)))
}

pub(crate) fn parse_geneve(walk: &mut Walk<'_>) -> Result<Header, Flaw> {
    let octets = walk.header::<8>()?;
    let length = 8 + usize::from(octets[0] & 0x3f) * 4;
    let kind = be16(octets, 2);
    walk.claimed(length, "options length")?;
    Ok(Header::new(length, Next::EtherType(kind)))
}
