//! Logical link control (IEEE 802.2) and the subnetwork access protocol behind it.

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
