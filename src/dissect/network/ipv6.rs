//! The IPv6 header (RFC 8200 section 3).

use etherparse::Ipv6HeaderSlice;

use super::super::fields::List;
use super::super::registry;
use super::super::walk::{Flaw, Header, Next, Walk};
use super::super::{IpHeader, Transport};

/// Octets of the header.
const LENGTH: usize = 40;
/// Next header: nothing follows (RFC 8200 section 4.7).
const NO_NEXT_HEADER: u8 = 59;

pub(crate) fn parse(walk: &mut Walk<'_>) -> Result<Header, Flaw> {
    let octets = walk.header::<LENGTH>()?;
    let version = octets[0] >> 4;
    if version != 6 {
        return Err(Flaw::invalid(u32::from(version), "version"));
    }
    let Ok(header) = Ipv6HeaderSlice::from_slice(octets) else {
        return Err(Flaw::too_short(LENGTH, octets.len(), "minimum length"));
    };
    let next = header.next_header().0;
    walk.found.transport = Transport::None;
    walk.found.pseudo = None;
    walk.found.ip = Some(IpHeader {
        source: header.source_addr().into(),
        destination: header.destination_addr().into(),
        ttl: header.hop_limit(),
        payload_protocol: next,
        identification: None,
    });
    // A payload length of 0 stands for a jumbogram (RFC 2675), whose length is in an option, or for a packet
    // that the network card was to cut in pieces: all of it is there.
    let payload_length = usize::from(header.payload_length());
    if payload_length != 0 || next == NO_NEXT_HEADER {
        walk.limit(LENGTH + payload_length);
    }
    Ok(Header::new(LENGTH, if next == NO_NEXT_HEADER { Next::Payload } else { Next::IpProtocol(next) }))
}

pub(crate) fn fields(list: &mut List<'_>) {
    list.bits("version", 0, 1, 4, 15);
    super::ipv4::traffic_class(list, 0, 2, 4);
    list.bits("flow_label", 0, 4, 0, 0xf_ffff);
    list.number("payload_length", 4, 2);
    let next = list.number("next_header", 6, 1);
    list.label(registry::ip_protocol_name(next as u8));
    list.number("hop_limit", 7, 1);
    list.ipv6("source_address", 8);
    list.ipv6("destination_address", 24);
}
