//! One line on a packet, for lists.

use std::fmt::Write;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::ops::Range;

use super::link::{arp, mac_control};
use super::network::{icmpv4, icmpv6, igmp};
use super::transport::sctp;
use super::walk::{be16, be32};
use super::{Dissection, Transport, application};
use crate::packet::{MacAddress, Protocol};

/// Appends what a packet says, in one line: the innermost header that has something to say speaks. Text from
/// the wire is not escaped. TCP segments are silent here: what they say depends on their connection.
pub fn summary(dissection: &Dissection<'_>, out: &mut String) {
    if let Some(place) = dissection.fragment.filter(|place| !place.completed) {
        let _ = write!(out, "fragment of {:#06x}, octets from {}", place.identification, place.offset);
        out.push_str(if place.more { ", more follow" } else { ", the last" });
        return;
    }
    let before = out.len();
    for layer in dissection.layers.iter().rev() {
        layer_summary(layer.protocol, dissection.octets(layer), dissection, out);
        if out.len() > before {
            return;
        }
    }
}

fn layer_summary(protocol: Protocol, octets: &[u8], dissection: &Dissection<'_>, out: &mut String) {
    match protocol {
        Protocol::Arp => arp_summary(octets, out),
        Protocol::MacControl => mac_control_summary(octets, out),
        Protocol::Icmpv4 => icmpv4_summary(octets, out),
        Protocol::Icmpv6 => icmpv6_summary(octets, out),
        Protocol::Igmp => igmp_summary(octets, out),
        Protocol::Udp => {
            let (source, destination) = (be16(octets, 0), be16(octets, 2));
            let length = be16(octets, 4).saturating_sub(8);
            let _ = write!(out, "{source} → {destination}, {length} octets");
        }
        Protocol::Sctp => sctp_summary(octets, out),
        Protocol::Esp | Protocol::Ah => {
            let at = if protocol == Protocol::Esp { 0 } else { 4 };
            let (index, number) = (be32(octets, at), be32(octets, at + 4));
            let _ = write!(out, "SPI {index:#010x}, sequence number {number}");
        }
        Protocol::Lldp | Protocol::Stp | Protocol::Dns | Protocol::Dhcp | Protocol::Ntp => {
            application::summary(protocol, octets, out);
        }
        Protocol::Ipv4 | Protocol::Ipv6 => {
            if let (Some(ip), Transport::None) = (dissection.ip, dissection.transport) {
                let name = super::registry::ip_protocol_name(ip.payload_protocol);
                let _ = write!(out, "IP protocol {}", ip.payload_protocol);
                if !name.is_empty() {
                    let _ = write!(out, " ({name})");
                }
            }
        }
        Protocol::Ethernet => {
            let kind = be16(octets, 12);
            let _ = write!(out, "EtherType {kind:#06x}");
        }
        _ => {}
    }
}

fn arp_summary(octets: &[u8], out: &mut String) {
    let operation = be16(octets, 6);
    let (Some(6), Some(4)) = (octets.get(4), octets.get(5)) else {
        let _ = write!(out, "operation {operation}");
        return;
    };
    let (sender, target) = (ipv4(octets, 14), ipv4(octets, 24));
    let hardware = octets.get(8..).and_then(MacAddress::from_slice).unwrap_or_default();
    let _ = match operation {
        1 if sender == target => write!(out, "announces {sender} at {hardware}"),
        1 => write!(out, "who has {target}? tell {sender}"),
        2 => write!(out, "{sender} is at {hardware}"),
        other => write!(out, "operation {other} {}", arp::operation_name(other)),
    };
}

fn mac_control_summary(octets: &[u8], out: &mut String) {
    let _ = match be16(octets, 0) {
        mac_control::PAUSE => write!(out, "PAUSE for {} quanta", be16(octets, 2)),
        mac_control::PFC => write!(out, "PAUSE by priority, classes {:#04x}", be16(octets, 2)),
        opcode => write!(out, "opcode {opcode:#06x}"),
    };
}

fn icmpv4_summary(octets: &[u8], out: &mut String) {
    let [kind, code, ..] = *octets else { return };
    named(icmpv4::type_name(kind), icmpv4::code_name(kind, code), kind, out);
    match kind {
        0 | 8 => echo(octets, out),
        3 if code == 4 => drop(write!(out, ", MTU {}", be16(octets, 6))),
        5 => drop(write!(out, ", use {}", ipv4(octets, 4))),
        _ => {}
    }
    if icmpv4::quotes(kind) && octets.len() >= 28 {
        let _ = write!(out, " (about {} → {})", ipv4(octets, 20), ipv4(octets, 24));
    }
}

fn icmpv6_summary(octets: &[u8], out: &mut String) {
    let [kind, code, ..] = *octets else { return };
    match kind {
        135 => {
            let _ = write!(out, "who has {}?", ipv6(octets, 8));
            return;
        }
        136 => {
            let _ = write!(out, "{} is here", ipv6(octets, 8));
            // Option 2 of one unit: the target's link address (RFC 4861 section 4.6.1).
            if let Some([2, 1, address @ ..]) = octets.get(24..) {
                let _ = write!(out, ", at {}", MacAddress::from_slice(address).unwrap_or_default());
            }
            return;
        }
        _ => {}
    }
    named(icmpv6::type_name(kind), icmpv6::code_name(kind, code), kind, out);
    match kind {
        128 | 129 => echo(octets, out),
        2 => drop(write!(out, ", MTU {}", be32(octets, 4))),
        _ => {}
    }
    if icmpv6::quotes(kind) && octets.len() >= 48 {
        let _ = write!(out, " (about {} → {})", ipv6(octets, 16), ipv6(octets, 32));
    }
}

fn igmp_summary(octets: &[u8], out: &mut String) {
    let kind = octets.first().copied().unwrap_or_default();
    named(igmp::type_name(kind), "", kind, out);
    if kind == 0x22 {
        let _ = write!(out, ", {} groups", be16(octets, 6));
    } else if octets.len() >= 8 {
        let _ = write!(out, ", group {}", ipv4(octets, 4));
    }
}

fn sctp_summary(octets: &[u8], out: &mut String) {
    let _ = write!(out, "{} → {}", be16(octets, 0), be16(octets, 2));
    let mut at = 12;
    while let Some(&[kind, _, high, low]) = octets.get(at..at + 4) {
        match sctp::chunk_name(kind) {
            "" => drop(write!(out, ", chunk {kind}")),
            name => drop(write!(out, ", {name}")),
        }
        at += usize::from(u16::from_be_bytes([high, low])).max(4).next_multiple_of(4);
    }
}

fn named(name: &str, detail: &str, number: u8, out: &mut String) {
    match name {
        "" => drop(write!(out, "type {number}")),
        name => out.push_str(name),
    }
    if !detail.is_empty() {
        let _ = write!(out, ": {detail}");
    }
}

fn echo(octets: &[u8], out: &mut String) {
    let _ = write!(out, ", id {}, sequence {}", be16(octets, 4), be16(octets, 6));
}

fn ipv4(octets: &[u8], at: usize) -> IpAddr {
    Ipv4Addr::from(be32(octets, at)).into()
}

fn ipv6(octets: &[u8], at: usize) -> IpAddr {
    let address = octets.get(at..at + 16).and_then(|o| <[u8; 16]>::try_from(o).ok());
    Ipv6Addr::from(address.unwrap_or_default()).into()
}

/// Appends what an application's octets say, in one line. Text from the wire is not escaped.
pub fn application_summary(protocol: Protocol, octets: &[u8], out: &mut String) {
    application::summary(protocol, octets, out);
}

/// Adds the ranges of an application's octets that are secret whatever came before them; all ranges are in order
/// then.
pub fn application_concealed(protocol: Protocol, octets: &[u8], out: &mut Vec<Range<u32>>) {
    application::concealed(protocol, octets, out);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(protocol_summary: fn(&[u8], &mut String), octets: &[u8]) -> String {
        let mut out = String::new();
        protocol_summary(octets, &mut out);
        out
    }

    #[test]
    fn an_arp_request_asks_who_has_an_address() {
        let request = b"\0\x01\x08\0\x06\x04\0\x01\x02\0\0\0\0\x02\x0a\0\0\x02\0\0\0\0\0\0\x0a\0\0\x01";
        assert_eq!(said(arp_summary, request), "who has 10.0.0.1? tell 10.0.0.2");
    }

    #[test]
    fn a_pause_frame_says_for_how_long() {
        assert_eq!(said(mac_control_summary, &[0, 1, 0, 200]), "PAUSE for 200 quanta");
    }

    #[test]
    fn an_echo_says_which_one_it_is() {
        assert_eq!(said(icmpv4_summary, &[8, 0, 0, 0, 0, 7, 0, 1]), "echo request, id 7, sequence 1");
    }

    #[test]
    fn an_endless_row_of_empty_chunks_ends_with_its_octets() {
        assert!(said(sctp_summary, &[0; 4096]).len() < 32 * 1024);
    }
}
