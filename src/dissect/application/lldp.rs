//! Link layer discovery (IEEE 802.1AB clause 8): a list of TLVs.

use std::fmt::Write;

use super::wire::{Collector, ipv4_at, ipv6_at, number_at, text, u16_at};
use crate::dissect::Field;
use crate::packet::MacAddress;

/// More TLVs than this are not shown.
const MAX_TLVS: usize = 256;
/// Address family numbers of IANA.
const IPV4: u8 = 1;
const IPV6: u8 = 2;

/// One TLV: its type, and where its information stands.
struct Tlv {
    kind: u8,
    at: usize,
    length: usize,
}

/// The TLVs up to the one that ends the list; one that is cut ends it too.
fn tlvs(octets: &[u8]) -> impl Iterator<Item = Tlv> + '_ {
    let mut next = 0;
    std::iter::from_fn(move || {
        let head = u16_at(octets, next)?;
        let tlv = Tlv { kind: (head >> 9) as u8, at: next + 2, length: usize::from(head & 0x1ff) };
        let end = tlv.at + tlv.length;
        // Type 0 ends the list.
        next = if tlv.kind == 0 { usize::MAX - 2 } else { end };
        (end <= octets.len()).then_some(tlv)
    })
    .take(MAX_TLVS)
}

/// The fields: one group a TLV.
pub(super) fn fields(octets: &[u8], offset: u32) -> Vec<Field> {
    let mut out = Collector::new(octets, offset);
    for tlv in tlvs(octets) {
        let mut inner = out.inner();
        let name = match tlv.kind {
            0 => "end_of_lldpdu",
            1 => identifier(&mut inner, octets, &tlv, chassis_subtype, "chassis_id", 4, 5),
            2 => identifier(&mut inner, octets, &tlv, port_subtype, "port_id", 3, 4),
            3 => {
                inner.number("seconds", tlv.at, 2.min(tlv.length));
                "time_to_live"
            }
            4 => words(&mut inner, &tlv, "port_description"),
            5 => words(&mut inner, &tlv, "system_name"),
            6 => words(&mut inner, &tlv, "system_description"),
            7 if tlv.length >= 4 => {
                inner.hex("capabilities", tlv.at, 2);
                inner.hex("enabled", tlv.at + 2, 2);
                "system_capabilities"
            }
            8 => management(&mut inner, octets, &tlv),
            127 if tlv.length >= 4 => {
                inner.hex("organization", tlv.at, 3);
                inner.number("subtype", tlv.at + 3, 1);
                inner.octets("information", tlv.at + 4, tlv.length - 4);
                "organizationally_specific"
            }
            _ => {
                inner.octets("information", tlv.at, tlv.length);
                "tlv"
            }
        };
        out.group(name, tlv.at - 2, tlv.length + 2, inner).label = Some(tlv.kind.to_string().into());
    }
    out.finish()
}

fn words(inner: &mut Collector<'_>, tlv: &Tlv, name: &'static str) -> &'static str {
    inner.text("text", tlv.at, tlv.length);
    name
}

/// Subtypes 4 of a chassis and 3 of a port are link addresses; 5 and 4 are network addresses.
fn identifier(
    inner: &mut Collector<'_>,
    octets: &[u8],
    tlv: &Tlv,
    word: fn(u64) -> Option<&'static str>,
    name: &'static str,
    link: u64,
    network: u64,
) -> &'static str {
    if tlv.length == 0 {
        return name;
    }
    let (at, length) = (tlv.at + 1, tlv.length - 1);
    match inner.named("subtype", tlv.at, 1, word) {
        Some(subtype) if subtype == link && length == 6 => inner.mac("id", at),
        Some(subtype) if subtype == network && length > 1 => address(inner, octets, at, length),
        _ => inner.text("id", at, length),
    }
    name
}

/// An address behind its IANA family number.
fn address(inner: &mut Collector<'_>, octets: &[u8], at: usize, length: usize) {
    match (octets.get(at), length) {
        (Some(&IPV4), 5) => inner.ipv4("address", at + 1),
        (Some(&IPV6), 17) => inner.ipv6("address", at + 1),
        _ => inner.octets("address", at, length),
    }
}

fn management(inner: &mut Collector<'_>, octets: &[u8], tlv: &Tlv) -> &'static str {
    let length = octets.get(tlv.at).map_or(0, |&length| usize::from(length));
    if tlv.length > 1 && length < tlv.length {
        address(inner, octets, tlv.at + 1, length);
    }
    "management_address"
}

fn chassis_subtype(subtype: u64) -> Option<&'static str> {
    Some(match subtype {
        1 => "chassis component",
        2 => "interface alias",
        3 => "port component",
        4 => "MAC address",
        5 => "network address",
        6 => "interface name",
        7 => "locally assigned",
        _ => return None,
    })
}

fn port_subtype(subtype: u64) -> Option<&'static str> {
    Some(match subtype {
        1 => "interface alias",
        2 => "port component",
        3 => "MAC address",
        4 => "network address",
        5 => "interface name",
        6 => "agent circuit ID",
        7 => "locally assigned",
        _ => return None,
    })
}

/// `sw1.example.test chassis 02:00:00:00:00:01 port eth0 TTL 120 s`.
pub(super) fn summary(octets: &[u8], out: &mut String) {
    let mut parts = Vec::new();
    for tlv in tlvs(octets) {
        let information = &octets[tlv.at..tlv.at + tlv.length];
        match tlv.kind {
            1 => parts.push(format!("chassis {}", name(information, 4, 5))),
            2 => parts.push(format!("port {}", name(information, 3, 4))),
            3 if tlv.length >= 2 => {
                parts.push(format!("TTL {} s", number_at(information, 0, 2).unwrap_or(0)));
            }
            5 => parts.insert(0, text(information)),
            _ => {}
        }
    }
    let _ = write!(out, "{}", parts.join(" "));
}

fn name(information: &[u8], link: u8, network: u8) -> String {
    let Some((&subtype, id)) = information.split_first() else { return String::new() };
    let mac = MacAddress::from_slice(id).filter(|_| subtype == link && id.len() == 6);
    if let Some(mac) = mac {
        return mac.to_string();
    }
    match (subtype == network, id.first(), ipv4_at(id, 1), ipv6_at(id, 1)) {
        (true, Some(&IPV4), Some(address), _) => address.to_string(),
        (true, Some(&IPV6), _, Some(address)) => address.to_string(),
        _ => text(id),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::dissect::Value;

    pub(in super::super) const FRAME: &[u8] = &[
        0x02, 7, 4, 2, 0, 0, 0, 0, 1, 0x04, 5, 5, b'e', b't', b'h', b'0', 0x06, 2, 0, 120, 0x0a, 3, b's',
        b'w', b'1', 0x0e, 4, 0, 0x14, 0, 4, 0x10, 12, 5, 1, 192, 0, 2, 1, 2, 0, 0, 0, 2, 0, 0xfe, 6, 0, 0x80,
        0xc2, 1, 0, 1, 0, 0,
    ];

    #[test]
    fn every_tlv_is_a_group_up_to_the_end() {
        let fields = fields(FRAME, 14);
        let names: Vec<_> = fields.iter().map(|f| f.name).collect();
        assert_eq!(
            names,
            [
                "chassis_id",
                "port_id",
                "time_to_live",
                "system_name",
                "system_capabilities",
                "management_address",
                "organizationally_specific",
                "end_of_lldpdu"
            ]
        );
        let Value::Group(management) = &fields[5].value else { panic!("{:?}", fields[5]) };
        assert_eq!(management[0].value, Value::Ip([192, 0, 2, 1].into()));
        assert_eq!((fields[1].offset, fields[1].length), (23, 7));
    }

    #[test]
    fn the_line_names_the_neighbour() {
        let mut line = String::new();
        summary(FRAME, &mut line);
        assert_eq!(line, "sw1 chassis 02:00:00:00:00:01 port eth0 TTL 120 s");
    }

    #[test]
    fn nothing_is_read_behind_the_end() {
        let octets = [0, 0, 0x0a, 3, b's', b'w', b'1'];
        assert_eq!(fields(&octets, 0).len(), 1);
    }
}
