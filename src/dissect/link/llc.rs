//! Logical link control (IEEE 802.2) and the subnetwork access protocol behind it.

use super::super::fields::List;
use super::super::registry;
use super::super::walk::{Flaw, Header, Next, Walk, be16};
use crate::packet::Protocol;

pub(crate) fn parse(walk: &mut Walk<'_>) -> Result<Header, Flaw> {
    let &[dsap, ssap, control] = walk.header::<3>()?;
    // Unnumbered frames have one octet of control, the others two (IEEE 802.2 clause 5.2).
    let length = if control & 3 == 3 { 3 } else { 4 };
    walk.claimed(length, "control field")?;
    let snap = dsap == 0xaa && ssap & 0xfe == 0xaa;
    let next = if control != 3 || (dsap == 0xaa && !snap) { Next::Payload } else { Next::Sap(dsap) };
    Ok(Header::new(length, next))
}

/// Organisation code and protocol identifier (IEEE 802 clause 9.5).
pub(crate) fn parse_snap(walk: &mut Walk<'_>) -> Result<Header, Flaw> {
    let octets = walk.header::<5>()?;
    let number = be16(octets, 3);
    let next = match [octets[0], octets[1], octets[2]] {
        // RFC 1042, and the bridge tunnel encapsulation of IEEE 802.1H.
        [0, 0, 0] | [0, 0, 0xf8] => Next::EtherType(number),
        // RFC 2684 section 5.2: bridged frames.
        [0, 0x80, 0xc2] if number == 0x000e => Next::Protocol(Protocol::Stp),
        // Spanning tree of one VLAN.
        [0, 0, 0x0c] if number == 0x010b => Next::Protocol(Protocol::Stp),
        _ => Next::Payload,
    };
    Ok(Header::new(5, next))
}

pub(crate) fn fields(list: &mut List<'_>) {
    for (name, at) in [("destination_service_access_point", 0), ("source_service_access_point", 1)] {
        let value = list.hex(name, at, 1);
        list.label(match value {
            0x00 => "null",
            0x06 => "IPv4",
            0x42 => "spanning tree",
            0xaa => "SNAP",
            0xe0 => "IPX",
            0xf0 => "NetBIOS",
            0xfe => "ISO network layer",
            0xff => "global",
            _ => "",
        });
    }
    let length = if list.octet(2) & 3 == 3 { 1 } else { 2 };
    let control = list.hex("control", 2, length);
    list.label(if control == 3 { "unnumbered information" } else { "" });
}

pub(crate) fn fields_snap(list: &mut List<'_>) {
    let organization = list.hex("organization_code", 0, 3);
    let kind = list.hex("protocol_identifier", 3, 2);
    list.label(if organization == 0 { registry::ether_type_name(kind as u16) } else { "" });
}
