//! Address resolution (RFC 826) and its reverse (RFC 903).

use super::super::fields::List;
use super::super::registry;
use super::super::walk::{Flaw, Header, Next, Walk};

pub(crate) fn parse(walk: &mut Walk<'_>) -> Result<Header, Flaw> {
    let octets = walk.header::<8>()?;
    let length = 8 + 2 * (usize::from(octets[4]) + usize::from(octets[5]));
    walk.claimed(length, "address lengths")?;
    walk.limit(length);
    Ok(Header::new(length, Next::Payload))
}

pub(crate) fn fields(list: &mut List<'_>) {
    let hardware = list.number("hardware_type", 0, 2);
    list.label(if hardware == 1 { "Ethernet" } else { "" });
    let protocol = list.hex("protocol_type", 2, 2);
    list.label(registry::ether_type_name(protocol as u16));
    let hardware_length = list.number("hardware_address_length", 4, 1) as usize;
    let protocol_length = list.number("protocol_address_length", 5, 1) as usize;
    let operation = list.number("operation", 6, 2);
    list.label(operation_name(operation as u16));
    let mut at = 8;
    for (hardware, protocol) in [
        ("sender_hardware_address", "sender_protocol_address"),
        ("target_hardware_address", "target_protocol_address"),
    ] {
        if hardware_length == 6 {
            list.mac(hardware, at)
        } else {
            list.octets(hardware, at, hardware_length)
        }
        at += hardware_length;
        if protocol_length == 4 {
            list.ipv4(protocol, at)
        } else {
            list.octets(protocol, at, protocol_length)
        }
        at += protocol_length;
    }
}

/// The word for an operation (IANA, Address Resolution Protocol parameters).
pub(crate) const fn operation_name(operation: u16) -> &'static str {
    match operation {
        1 => "request",
        2 => "reply",
        3 => "request reverse",
        4 => "reply reverse",
        8 => "InARP request",
        9 => "InARP reply",
        _ => "",
    }
}
