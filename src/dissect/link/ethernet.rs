//! The Ethernet MAC header (IEEE 802.3 clause 3.2).

use super::super::fields::List;
use super::super::registry;
use super::super::walk::{Flaw, Header, Next, Walk, be16};
use crate::packet::{MacAddress, Protocol};

/// Octets of the header: two addresses, and a type or length.
pub(crate) const LENGTH: usize = 14;
/// The largest value of the third field that is a length (IEEE 802.3 clause 3.2.6).
pub(crate) const MAX_LENGTH: u16 = 1500;

pub(crate) fn parse(walk: &mut Walk<'_>) -> Result<Header, Flaw> {
    let octets = walk.header::<LENGTH>()?;
    let outermost = walk.at == 0 && walk.found.link.is_none();
    if walk.found.link.is_none() {
        walk.found.link = MacAddress::from_slice(&octets[6..]).zip(MacAddress::from_slice(octets));
    }
    let kind = be16(octets, 12);
    if kind > MAX_LENGTH {
        return Ok(Header::new(LENGTH, Next::EtherType(kind)));
    }
    walk.found.length_field |= outermost;
    walk.limit(LENGTH + usize::from(kind));
    Ok(Header::new(LENGTH, Next::Protocol(Protocol::Llc)))
}

pub(crate) fn fields(list: &mut List<'_>) {
    list.mac("destination_address", 0);
    list.mac("source_address", 6);
    kind(list, 12);
}

/// A type or a length, whichever its value makes it.
pub(crate) fn kind(list: &mut List<'_>, at: usize) {
    let value = list.value(at, 2) as u16;
    if value > MAX_LENGTH {
        list.hex("ether_type", at, 2);
        list.label(registry::ether_type_name(value));
    } else {
        list.number("length", at, 2);
    }
}
