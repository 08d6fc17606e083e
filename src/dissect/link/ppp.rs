//! PPP (RFC 1661), in HDLC-like framing (RFC 1662) or without, and Cisco HDLC.

use super::super::fields::List;
use super::super::registry;
use super::super::walk::{Flaw, Header, Next, Walk, be16};

pub(crate) fn parse(walk: &mut Walk<'_>) -> Result<Header, Flaw> {
    let octets = walk.rest();
    let framing = framing_length(octets);
    if matches!(octets.get(..2), Some([0x0f | 0x8f, 0])) {
        return parse_cisco(walk);
    }
    let &[first, ..] = octets.get(framing..).unwrap_or_default() else {
        return Err(Flaw::too_short(framing + 1, octets.len(), "minimum length"));
    };
    // RFC 1661 section 6.5: a protocol number whose first octet is odd was compressed to that octet.
    if first & 1 == 1 {
        return Ok(Header::new(framing + 1, Next::Ppp(u16::from(first))));
    }
    let octets = walk.claimed(framing + 2, "minimum length")?;
    Ok(Header::new(framing + 2, Next::Ppp(be16(octets, framing))))
}

/// Octets of address and control in front of the protocol number, which may have been left out.
pub(crate) fn framing_length(octets: &[u8]) -> usize {
    match octets {
        [0xff, 0x03, ..] => 2,
        _ => 0,
    }
}

/// Address, control, and an EtherType.
pub(crate) fn parse_cisco(walk: &mut Walk<'_>) -> Result<Header, Flaw> {
    let octets = walk.header::<4>()?;
    Ok(Header::new(4, Next::EtherType(be16(octets, 2))))
}

pub(crate) fn fields(list: &mut List<'_>) {
    if let [0x0f | 0x8f, 0, ..] = list.octets {
        list.hex("address", 0, 1);
        list.hex("control", 1, 1);
        let kind = list.hex("protocol", 2, 2);
        return list.label(registry::ether_type_name(kind as u16));
    }
    let at = framing_length(list.octets);
    if at > 0 {
        list.hex("address", 0, 1);
        list.hex("control", 1, 1);
    }
    let protocol = list.hex("protocol", at, list.octets.len().saturating_sub(at).min(2));
    list.label(match protocol {
        0x0021 => "IPv4",
        0x0057 => "IPv6",
        0x0281 => "MPLS",
        0x8021 => "IPCP",
        0x8057 => "IPv6CP",
        0x80fd => "CCP",
        0xc021 => "LCP",
        0xc023 => "PAP",
        0xc223 => "CHAP",
        _ => "",
    });
}
