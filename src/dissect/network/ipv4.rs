//! The IPv4 header (RFC 791 section 3.1).

use etherparse::Ipv4HeaderSlice;

use super::super::fields::List;
use super::super::registry;
use super::super::walk::{Flaw, Header, Next, Piece, Walk};
use super::super::{Checksum, IpHeader, Transport, checksum};

/// Octets of a header without options.
const MINIMUM: usize = 20;

pub(crate) fn parse(walk: &mut Walk<'_>) -> Result<Header, Flaw> {
    let octets = walk.header::<MINIMUM>()?;
    let version = octets[0] >> 4;
    if version != 4 {
        return Err(Flaw::invalid(u32::from(version), "version"));
    }
    let length = usize::from(octets[0] & 15) * 4;
    if length < MINIMUM {
        return Err(Flaw::invalid(u32::from(octets[0] & 15), "internet header length"));
    }
    let octets = walk.claimed(length, "internet header length")?;
    let Ok(header) = Ipv4HeaderSlice::from_slice(octets) else {
        return Err(Flaw::too_short(length, octets.len(), "internet header length"));
    };
    walk.found.transport = Transport::None;
    walk.found.pseudo = None;
    walk.found.ip = Some(IpHeader {
        source: header.source_addr().into(),
        destination: header.destination_addr().into(),
        ttl: header.ttl(),
        payload_protocol: header.protocol().0,
        identification: Some(u32::from(header.identification())),
    });
    walk.found.checksums.ipv4 = Some(match checksum::sum(octets).ones_complement() {
        0 => Checksum::Good,
        _ if walk.found.outgoing && header.header_checksum() == 0 => Checksum::OffloadLikely,
        _ => Checksum::Bad,
    });
    let total = usize::from(header.total_len());
    // A total length of 0 stands for a packet that the network card was to cut in pieces: all of it is there.
    if total != 0 {
        if total < length {
            return Ok(Header::flawed(length, Flaw::invalid(total as u32, "total length")));
        }
        walk.limit(total);
    }
    if header.is_fragmenting_payload() {
        return Ok(Header::new(
            length,
            Next::Fragment(Piece {
                identification: u32::from(header.identification()),
                offset: u32::from(header.fragments_offset().value()) * 8,
                more: header.more_fragments(),
                protocol: header.protocol().0,
            }),
        ));
    }
    Ok(Header::new(length, Next::IpProtocol(header.protocol().0)))
}

pub(crate) fn fields(list: &mut List<'_>) {
    list.bits("version", 0, 1, 4, 15);
    list.bits("internet_header_length", 0, 1, 0, 15);
    list.label(format!("{} octets", u16::from(list.octet(0) & 15) * 4));
    traffic_class(list, 1, 1, 0);
    list.number("total_length", 2, 2);
    list.hex("identification", 4, 2);
    list.flags(6, &[("reserved_flag", 0x80), ("dont_fragment", 0x40), ("more_fragments", 0x20)]);
    let offset = list.bits("fragment_offset", 6, 2, 0, 0x1fff);
    list.label(format!("octet {}", offset * 8));
    list.number("time_to_live", 8, 1);
    let protocol = list.number("protocol", 9, 1);
    list.label(registry::ip_protocol_name(protocol as u8));
    list.hex("header_checksum", 10, 2);
    list.ipv4("source_address", 12);
    list.ipv4("destination_address", 16);
    let mut at = MINIMUM;
    while at < list.octets.len() {
        let kind = list.octet(at);
        let length = if kind < 2 { 1 } else { usize::from(list.octet(at + 1)).max(2) };
        list.group("option", at, length, |option| {
            option.number("option_type", 0, 1);
            option.label(match kind {
                0 => "end of options",
                1 => "no operation",
                7 => "record route",
                68 => "timestamp",
                130 => "security",
                131 => "loose source route",
                137 => "strict source route",
                148 => "router alert",
                _ => "",
            });
            option.number("option_length", 1, 1);
            option.rest("option_data", 2);
        });
        at += length;
    }
}

/// Differentiated services (RFC 2474) and explicit congestion notification (RFC 3168).
pub(super) fn traffic_class(list: &mut List<'_>, at: usize, length: usize, shift: u32) {
    let code_point = list.bits("differentiated_services_code_point", at, length, shift + 2, 0x3f);
    list.label(match code_point {
        0 => "default".into(),
        46 => "EF".into(),
        44 => "VOICE-ADMIT".into(),
        n if n % 8 == 0 => format!("CS{}", n / 8),
        n if n % 2 == 0 && (10..=38).contains(&n) && n % 8 != 0 => format!("AF{}{}", n / 8, n % 8 / 2),
        _ => String::new(),
    });
    let ecn = list.bits("explicit_congestion_notification", at, length, shift, 3);
    list.label(["not ECN-capable", "ECT(1)", "ECT(0)", "congestion experienced"][ecn as usize & 3]);
}
