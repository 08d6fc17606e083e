//! Frames in UDP: VXLAN (RFC 7348 section 5) and GENEVE (RFC 8926 section 3.4).

use super::super::fields::List;
use super::super::registry;
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

pub(crate) fn fields_vxlan(list: &mut List<'_>) {
    list.flags(0, &[("valid_vni", 0x08)]);
    list.number("vxlan_network_identifier", 4, 3);
}

pub(crate) fn fields_geneve(list: &mut List<'_>) {
    list.bits("version", 0, 1, 6, 3);
    list.bits("options_length", 0, 1, 0, 0x3f);
    list.flags(1, &[("control_packet", 0x80), ("critical_options", 0x40)]);
    let kind = list.hex("protocol_type", 2, 2);
    list.label(registry::ether_type_name(kind as u16));
    list.number("virtual_network_identifier", 4, 3);
    list.rest("options", 8);
}
