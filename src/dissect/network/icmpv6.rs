//! ICMP for IPv6 (RFC 4443), with neighbour discovery (RFC 4861) and multicast listeners (RFC 3810).

use super::super::checksum;
use super::super::fields::List;
use super::super::walk::{Flaw, Header, Next, Walk};

/// IP protocol number.
const NUMBER: u8 = 58;

/// Types that quote the packet they are about: the error messages.
pub(crate) const fn quotes(kind: u8) -> bool {
    matches!(kind, 1..=4)
}

pub(crate) fn parse(walk: &mut Walk<'_>) -> Result<Header, Flaw> {
    let kind = walk.header::<4>()?[0];
    walk.found.checksums.icmpv6 = Some(checksum::with_pseudo_header(walk, NUMBER, walk.claimed_left()));
    let echo = matches!(kind, 128 | 129);
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
        2 => drop(list.number("mtu", 4, 4)),
        4 => drop(list.number("pointer", 4, 4)),
        128 | 129 => {
            list.number("identifier", 4, 2);
            list.number("sequence_number", 6, 2);
        }
        133 => neighbour_options(list, 8),
        134 => {
            list.number("current_hop_limit", 4, 1);
            list.flags(5, &[("managed_address_configuration", 0x80), ("other_configuration", 0x40)]);
            list.number("router_lifetime", 6, 2);
            list.number("reachable_time", 8, 4);
            list.number("retransmission_timer", 12, 4);
            neighbour_options(list, 16);
        }
        135 => {
            list.ipv6("target_address", 8);
            neighbour_options(list, 24);
        }
        136 => {
            list.flags(4, &[("router", 0x80), ("solicited", 0x40), ("override", 0x20)]);
            list.ipv6("target_address", 8);
            neighbour_options(list, 24);
        }
        137 => {
            list.ipv6("target_address", 8);
            list.ipv6("destination_address", 24);
            neighbour_options(list, 40);
        }
        130..=132 => {
            list.number("maximum_response_delay", 4, 2);
            list.ipv6("multicast_address", 8);
        }
        143 => listener_report(list),
        _ if quotes(kind) => {}
        _ => list.rest("message_body", 4),
    }
    if quotes(kind) {
        list.quoted(8, quotes_packet);
    }
}

fn listener_report(list: &mut List<'_>) {
    list.number("number_of_records", 6, 2);
    let mut at = 8;
    while list.octets.len() >= at + 20 {
        let sources = list.value(at + 2, 2) as usize;
        let length = 20 + sources * 16 + list.value(at + 1, 1) as usize * 4;
        list.group("multicast_address_record", at, length, |record| {
            record.number("record_type", 0, 1);
            record.ipv6("multicast_address", 4);
            for source in 0..sources {
                record.ipv6("source_address", 20 + source * 16);
            }
        });
        at += length;
    }
}

/// Options of neighbour discovery (RFC 4861 section 4.6), counted in units of 8 octets.
fn neighbour_options(list: &mut List<'_>, mut at: usize) {
    while list.octet(at + 1) != 0 {
        let length = usize::from(list.octet(at + 1)) * 8;
        list.group("option", at, length, |option| {
            let kind = option.number("option_type", 0, 1);
            option.label(match kind {
                1 => "source link-layer address",
                2 => "target link-layer address",
                3 => "prefix information",
                4 => "redirected header",
                5 => "MTU",
                25 => "recursive DNS server",
                _ => "",
            });
            option.number("option_length", 1, 1);
            match kind {
                1 | 2 if length == 8 => option.mac("link_layer_address", 2),
                3 => {
                    option.number("prefix_length", 2, 1);
                    option.flags(3, &[("on_link", 0x80), ("autonomous", 0x40)]);
                    option.number("valid_lifetime", 4, 4);
                    option.number("preferred_lifetime", 8, 4);
                    option.ipv6("prefix", 16);
                }
                5 => drop(option.number("mtu", 4, 4)),
                _ => option.rest("option_data", 2),
            }
        });
        at += length;
    }
}

/// The word for a type (IANA, ICMPv6 parameters).
pub(crate) const fn type_name(kind: u8) -> &'static str {
    match kind {
        1 => "destination unreachable",
        2 => "packet too big",
        3 => "time exceeded",
        4 => "parameter problem",
        128 => "echo request",
        129 => "echo reply",
        130 => "multicast listener query",
        131 => "multicast listener report",
        132 => "multicast listener done",
        133 => "router solicitation",
        134 => "router advertisement",
        135 => "neighbor solicitation",
        136 => "neighbor advertisement",
        137 => "redirect",
        143 => "multicast listener report v2",
        _ => "",
    }
}

/// The word for a code of a type.
pub(crate) const fn code_name(kind: u8, code: u8) -> &'static str {
    match (kind, code) {
        (1, 0) => "no route to destination",
        (1, 1) => "administratively prohibited",
        (1, 3) => "address unreachable",
        (1, 4) => "port unreachable",
        (3, 0) => "hop limit exceeded in transit",
        (3, 1) => "fragment reassembly time exceeded",
        (4, 0) => "erroneous header field",
        (4, 1) => "unrecognized next header",
        (4, 2) => "unrecognized option",
        _ => "",
    }
}
