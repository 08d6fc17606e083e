//! Links that are seen now and then: ARCNET, FDDI, frame relay, IP over InfiniBand, NFLOG.

use super::super::walk::{Flaw, Header, Next, Walk, be16};
use crate::packet::Protocol;

/// ARCNET (RFC 1201): source, destination, system code, and the fragmentation header; the Linux variant has
/// two more octets of offset.
pub(crate) fn parse_arcnet(walk: &mut Walk<'_>) -> Result<Header, Flaw> {
    let octets = walk.header::<3>()?;
    let next = |code| match code {
        212 | 240 => Next::Protocol(Protocol::Ipv4),
        213 | 241 => Next::Protocol(Protocol::Arp),
        196 => Next::Protocol(Protocol::Ipv6),
        _ => Next::Payload,
    };
    // RFC 1051 codes have no fragmentation header.
    if matches!(octets[2], 240 | 241) {
        return Ok(Header::new(3, next(octets[2])));
    }
    let rest = walk.rest();
    // BSD and Linux headers differ by the two octets of offset before the code.
    for (code_at, length) in [(2, 6), (4, 8), (4, 5)] {
        let follows = rest.get(length).map(|o| o >> 4);
        match (rest.get(code_at), follows) {
            (Some(&code @ 212), Some(4)) | (Some(&code @ 196), Some(6)) => {
                return Ok(Header::new(length, next(code)));
            }
            (Some(&code @ 213), Some(0)) => return Ok(Header::new(length, next(code))),
            _ => {}
        }
    }
    Ok(Header::new(3, Next::Payload))
}

/// FDDI: frame control and two addresses, then LLC.
pub(crate) fn parse_fddi(walk: &mut Walk<'_>) -> Result<Header, Flaw> {
    walk.header::<13>()?;
    Ok(Header::new(13, Next::Protocol(Protocol::Llc)))
}

/// Frame relay (Q.922): an address of two octets, then control and NLPID (RFC 2427).
pub(crate) fn parse_frame_relay(walk: &mut Walk<'_>) -> Result<Header, Flaw> {
    let octets = walk.header::<2>()?;
    let address = if octets[1] & 1 == 1 { 2 } else { 4 };
    let rest = walk.rest();
    let (length, next) = match rest.get(address..) {
        Some([0x03, 0xcc, ..]) => (address + 2, Next::Protocol(Protocol::Ipv4)),
        Some([0x03, 0x8e, ..]) => (address + 2, Next::Protocol(Protocol::Ipv6)),
        Some([0x03, 0x00, 0x80, ..]) => (address + 3, Next::Protocol(Protocol::Snap)),
        Some([0x03, 0x80, ..]) => (address + 2, Next::Protocol(Protocol::Snap)),
        _ => (address.min(rest.len()), Next::Payload),
    };
    Ok(Header::new(length, next))
}

/// IP over InfiniBand (LINKTYPE_IPOIB): a 40-octet header whose last four hold an EtherType.
pub(crate) fn parse_ipoib(walk: &mut Walk<'_>) -> Result<Header, Flaw> {
    let octets = walk.header::<44>()?;
    Ok(Header::new(44, Next::EtherType(be16(octets, 40))))
}

/// NFLOG (LINKTYPE_NFLOG): type-length-values, of which number 9 is the packet.
pub(crate) fn parse_nflog(walk: &mut Walk<'_>) -> Result<Header, Flaw> {
    const PAYLOAD: u16 = 9;
    let family = walk.header::<4>()?[0];
    let octets = walk.rest();
    let mut at = 4;
    while let Some(&[l0, l1, t0, t1]) = octets.get(at..at + 4) {
        // Lengths and types are in the byte order of the capturing host; lengths are small.
        let length = usize::from(u16::from_le_bytes([l0, l1]).min(u16::from_be_bytes([l0, l1])));
        let kind = u16::from_le_bytes([t0, t1]).min(u16::from_be_bytes([t0, t1])) & 0x7fff;
        if length < 4 {
            return Err(Flaw::invalid(length as u32, "attribute length"));
        }
        if kind == PAYLOAD {
            let next = match family {
                2 => Next::Protocol(Protocol::Ipv4),
                10 => Next::Protocol(Protocol::Ipv6),
                _ => Next::Payload,
            };
            return Ok(Header::new(at + 4, next));
        }
        at += length.next_multiple_of(4);
    }
    Ok(Header::new(at.min(octets.len()), Next::Payload))
}
