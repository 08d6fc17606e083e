//! IPv6 extension headers (RFC 8200 section 4).

use std::net::Ipv6Addr;

use super::super::fields::List;
use super::super::registry;
use super::super::walk::{Flaw, Header, Next, Piece, Walk, be16, be32};

/// Option of a jumbogram's length (RFC 2675 section 2).
pub(crate) const JUMBO: u8 = 0xc2;

/// Length in octets of a header that counts itself in units of 8, not counting the first.
fn length_of(walk: &Walk<'_>) -> Result<usize, Flaw> {
    let octets = walk.header::<8>()?;
    let length = (usize::from(octets[1]) + 1) * 8;
    walk.claimed(length, "header extension length")?;
    Ok(length)
}

/// What follows; the IP header remembers it as what it carries in the end.
fn follow(walk: &mut Walk<'_>, next: u8) -> Next {
    if let Some(ip) = &mut walk.found.ip {
        ip.payload_protocol = next;
    }
    Next::IpProtocol(next)
}

/// Hop-by-hop options (RFC 8200 section 4.3).
pub(crate) fn parse_hop_by_hop(walk: &mut Walk<'_>) -> Result<Header, Flaw> {
    let length = length_of(walk)?;
    let octets = &walk.rest()[..length];
    if let Some(jumbo) = options(&octets[2..]).find(|(_, o)| o[0] == JUMBO && o.len() == 6) {
        walk.limit(be32(jumbo.1, 2) as usize);
    }
    let next = follow(walk, octets[0]);
    Ok(Header::new(length.min(walk.rest().len()), next))
}

/// Destination options (RFC 8200 section 4.6).
pub(crate) fn parse_options(walk: &mut Walk<'_>) -> Result<Header, Flaw> {
    let length = length_of(walk)?;
    let next = walk.rest()[0];
    Ok(Header::new(length, follow(walk, next)))
}

/// Routing (RFC 8200 section 4.4). The pseudo header of a transport holds the last destination, which is not
/// that of the IPv6 header while segments are left (RFC 8200 section 8.1).
pub(crate) fn parse_routing(walk: &mut Walk<'_>) -> Result<Header, Flaw> {
    let length = length_of(walk)?;
    let octets = &walk.rest()[..length];
    let segments_left = octets[3];
    let last = match octets[2] {
        // The source route (RFC 5095 deprecates it) and the home address of RFC 6275 end in the last address.
        0 | 2 => octets.len().checked_sub(16).filter(|&at| at >= 8),
        // Segment routing lists the last one first (RFC 8754 section 2).
        4 => Some(8),
        _ => None,
    };
    let last = last.and_then(|at| octets.get(at..at + 16)).and_then(|a| <[u8; 16]>::try_from(a).ok());
    if let (Some(address), Some(ip), 1..) = (last, walk.found.ip, segments_left) {
        walk.found.pseudo = Some((ip.source, Ipv6Addr::from(address).into()));
    }
    let next = follow(walk, octets[0]);
    Ok(Header::new(length, next))
}

/// Fragment (RFC 8200 section 4.5). One that is the first and the last is a whole packet (RFC 6946).
pub(crate) fn parse_fragment(walk: &mut Walk<'_>) -> Result<Header, Flaw> {
    let octets = walk.header::<8>()?;
    let (next, place, identification) = (octets[0], be16(octets, 2), be32(octets, 4));
    let (offset, more) = (u32::from(place & 0xfff8), place & 1 == 1);
    if let Some(ip) = &mut walk.found.ip {
        ip.identification = Some(identification);
    }
    let follows = follow(walk, next);
    if offset == 0 && !more {
        return Ok(Header::new(8, follows));
    }
    Ok(Header::new(8, Next::Fragment(Piece { identification, offset, more, protocol: next })))
}

/// Mobility (RFC 6275 section 6.1).
pub(crate) fn parse_mobility(walk: &mut Walk<'_>) -> Result<Header, Flaw> {
    let length = length_of(walk)?;
    let next = walk.rest()[0];
    Ok(Header::new(length, follow(walk, next)))
}

/// Options with their place: type, length and data; ends at the first that is cut.
pub(crate) fn options(octets: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = octets.get(at..)?;
        let length = match *rest.first()? {
            0 => 1,
            _ => usize::from(*rest.get(1)?) + 2,
        };
        let option = (at, rest.get(..length)?);
        at += length;
        Some(option)
    })
}

fn next_and_length(list: &mut List<'_>) {
    let next = list.number("next_header", 0, 1);
    list.label(registry::ip_protocol_name(next as u8));
    list.number("header_extension_length", 1, 1);
    list.label(format!("{} octets", (u16::from(list.octet(1)) + 1) * 8));
}

pub(crate) fn fields_options(list: &mut List<'_>) {
    next_and_length(list);
    let octets = list.octets.get(2..).unwrap_or_default();
    for (at, octets) in options(octets) {
        list.group("option", at + 2, octets.len(), |option| {
            let kind = option.hex("option_type", 0, 1) as u8;
            option.label(match kind {
                0 => "Pad1",
                1 => "PadN",
                5 => "router alert",
                JUMBO => "jumbo payload",
                0xc9 => "home address",
                _ => "",
            });
            option.number("option_length", 1, 1);
            match kind {
                JUMBO => drop(option.number("jumbo_payload_length", 2, 4)),
                0xc9 => option.ipv6("home_address", 2),
                _ => option.rest("option_data", 2),
            }
        });
    }
}

pub(crate) fn fields_routing(list: &mut List<'_>) {
    next_and_length(list);
    let kind = list.number("routing_type", 2, 1);
    list.label(match kind {
        0 => "source route",
        2 => "home address",
        3 => "RPL source route",
        4 => "segment routing",
        _ => "",
    });
    list.number("segments_left", 3, 1);
    match kind {
        0 | 2 | 4 => {
            for at in (8..list.octets.len()).step_by(16) {
                list.ipv6("address", at);
            }
        }
        _ => list.rest("type_specific_data", 4),
    }
}

pub(crate) fn fields_fragment(list: &mut List<'_>) {
    let next = list.number("next_header", 0, 1);
    list.label(registry::ip_protocol_name(next as u8));
    let offset = list.bits("fragment_offset", 2, 2, 3, 0x1fff);
    list.label(format!("octet {}", offset * 8));
    list.flags(3, &[("more_fragments", 1)]);
    list.hex("identification", 4, 4);
}

pub(crate) fn fields_mobility(list: &mut List<'_>) {
    next_and_length(list);
    let kind = list.number("mobility_header_type", 2, 1);
    list.label(match kind {
        0 => "binding refresh request",
        1 => "home test init",
        2 => "care-of test init",
        3 => "home test",
        4 => "care-of test",
        5 => "binding update",
        6 => "binding acknowledgement",
        7 => "binding error",
        _ => "",
    });
    list.hex("checksum", 4, 2);
    list.rest("message_data", 6);
}
