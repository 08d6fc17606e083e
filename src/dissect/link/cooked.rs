//! Linux cooked capture, versions 1 and 2 (LINKTYPE_LINUX_SLL, LINKTYPE_LINUX_SLL2).

use super::super::fields::List;
use super::super::registry;
use super::super::walk::{Flaw, Header, Next, Walk, be16};
use crate::packet::Protocol;

/// Packet type of what the capturing host sent.
const OUTGOING: u16 = 4;
/// Kind of the interface whose frames all come from the capturing host (ARPHRD_LOOPBACK of linux/if_arp.h).
const LOOPBACK: u16 = 772;

pub(crate) fn parse(walk: &mut Walk<'_>) -> Result<Header, Flaw> {
    let octets = walk.header::<16>()?;
    walk.found.outgoing |= be16(octets, 0) == OUTGOING || be16(octets, 2) == LOOPBACK;
    Ok(Header::new(16, next(be16(octets, 14))))
}

pub(crate) fn parse_v2(walk: &mut Walk<'_>) -> Result<Header, Flaw> {
    let octets = walk.header::<20>()?;
    walk.found.outgoing |= u16::from(octets[10]) == OUTGOING || be16(octets, 8) == LOOPBACK;
    Ok(Header::new(20, next(be16(octets, 0))))
}

/// The protocol field holds an EtherType, or a Linux number below 1536 for frames that have none.
fn next(protocol: u16) -> Next {
    match protocol {
        0x0004 => Next::Protocol(Protocol::Llc),
        number => Next::EtherType(number),
    }
}

pub(crate) fn fields(list: &mut List<'_>) {
    let packet_type = list.number("packet_type", 0, 2);
    list.label(packet_type_name(packet_type));
    list.number("arphrd_type", 2, 2);
    let length = list.number("link_layer_address_length", 4, 2) as usize;
    address(list, 6, length);
    let protocol = list.hex("protocol", 14, 2);
    list.label(registry::ether_type_name(protocol as u16));
}

pub(crate) fn fields_v2(list: &mut List<'_>) {
    let protocol = list.hex("protocol", 0, 2);
    list.label(registry::ether_type_name(protocol as u16));
    list.number("interface_index", 4, 4);
    list.number("arphrd_type", 8, 2);
    let packet_type = list.number("packet_type", 10, 1);
    list.label(packet_type_name(packet_type));
    let length = list.number("link_layer_address_length", 11, 1) as usize;
    address(list, 12, length);
}

fn address(list: &mut List<'_>, at: usize, length: usize) {
    if length == 6 {
        list.mac("link_layer_address", at);
    } else {
        list.octets("link_layer_address", at, length.min(8));
    }
}

const fn packet_type_name(packet_type: u64) -> &'static str {
    match packet_type {
        0 => "to this host",
        1 => "broadcast",
        2 => "multicast",
        3 => "to another host",
        4 => "sent by this host",
        _ => "",
    }
}
