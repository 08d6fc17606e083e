//! ICMP for IPv4 (RFC 792).

use super::super::checksum;
use super::super::fields::List;
use super::super::walk::{Flaw, Header, Next, Walk};

/// Types that quote the packet they are about.
pub(crate) const fn quotes(kind: u8) -> bool {
    matches!(kind, 3 | 4 | 5 | 11 | 12)
}

pub(crate) fn parse(walk: &mut Walk<'_>) -> Result<Header, Flaw> {
    let kind = walk.header::<4>()?[0];
    walk.found.checksums.icmpv4 = Some(checksum::plain(walk));
    // An echo carries data of the sender's choice; all other messages have fields to their end.
    let echo = matches!(kind, 0 | 8);
    let length = if echo { walk.rest().len().min(8) } else { walk.rest().len() };
    Ok(Header::new(length, Next::Payload))
}

pub(crate) fn fields(list: &mut List<'_>, quotes_packet: bool) {
    let kind = list.number("type", 0, 1) as u8;
    list.label(type_name(kind));
    let code = list.number("code", 1, 1) as u8;
    list.label(code_name(kind, code));
    list.hex("checksum", 2, 2);
    match kind {
        0 | 8 | 13 | 14 | 15 | 16 | 17 | 18 => {
            list.number("identifier", 4, 2);
            list.number("sequence_number", 6, 2);
            if matches!(kind, 13 | 14) {
                list.number("originate_timestamp", 8, 4);
                list.number("receive_timestamp", 12, 4);
                list.number("transmit_timestamp", 16, 4);
            }
        }
        3 if code == 4 => drop(list.number("next_hop_mtu", 6, 2)),
        5 => list.ipv4("gateway_address", 4),
        12 => drop(list.number("pointer", 4, 1)),
        _ if quotes(kind) => {}
        _ => list.rest("message_body", 4),
    }
    if quotes(kind) {
        list.quoted(8, quotes_packet);
    }
}

/// The word for a type (IANA, ICMP type numbers).
pub(crate) const fn type_name(kind: u8) -> &'static str {
    match kind {
        0 => "echo reply",
        3 => "destination unreachable",
        4 => "source quench",
        5 => "redirect",
        8 => "echo request",
        9 => "router advertisement",
        10 => "router solicitation",
        11 => "time exceeded",
        12 => "parameter problem",
        13 => "timestamp request",
        14 => "timestamp reply",
        17 => "address mask request",
        18 => "address mask reply",
        _ => "",
    }
}

/// The word for a code of a type.
pub(crate) const fn code_name(kind: u8, code: u8) -> &'static str {
    match (kind, code) {
        (3, 0) => "network unreachable",
        (3, 1) => "host unreachable",
        (3, 2) => "protocol unreachable",
        (3, 3) => "port unreachable",
        (3, 4) => "fragmentation needed",
        (3, 5) => "source route failed",
        (3, 9) => "network administratively prohibited",
        (3, 10) => "host administratively prohibited",
        (3, 13) => "communication administratively prohibited",
        (5, 0) => "for the network",
        (5, 1) => "for the host",
        (11, 0) => "time to live exceeded in transit",
        (11, 1) => "fragment reassembly time exceeded",
        (12, 0) => "pointer indicates the error",
        _ => "",
    }
}
