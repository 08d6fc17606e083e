//! The IPv4 header (RFC 791 section 3.1).

use etherparse::Ipv4HeaderSlice;

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
