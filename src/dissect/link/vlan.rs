//! VLAN tags (IEEE 802.1Q clause 9.6).

use super::super::fields::List;
use super::super::walk::{Flaw, Header, Next, Walk, be16};
use super::ethernet::MAX_LENGTH;
use crate::packet::Protocol;

/// Octets behind the tag protocol identifier: control information, and the next type.
const LENGTH: usize = 4;

pub(crate) fn parse(walk: &mut Walk<'_>) -> Result<Header, Flaw> {
    let octets = walk.header::<LENGTH>()?;
    walk.found.tagged = true;
    let kind = be16(octets, 2);
    if kind > MAX_LENGTH {
        return Ok(Header::new(LENGTH, Next::EtherType(kind)));
    }
    walk.limit(LENGTH + usize::from(kind));
    Ok(Header::new(LENGTH, Next::Protocol(Protocol::Llc)))
}

pub(crate) fn fields(list: &mut List<'_>) {
    list.bits("priority_code_point", 0, 1, 5, 7);
    list.flags(0, &[("drop_eligible_indicator", 0x10)]);
    list.bits("vlan_identifier", 0, 2, 0, 0xfff);
    super::ethernet::kind(list, 2);
}
