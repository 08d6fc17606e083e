//! Generic routing encapsulation (RFC 2784, 2890), its PPTP variant (RFC 2637), and ERSPAN in it.

use super::super::fields::List;
use super::super::registry;
use super::super::walk::{Flaw, Header, Next, Walk, be16};
use crate::packet::Protocol;

const CHECKSUM: u16 = 0x8000;
const ROUTING: u16 = 0x4000;
const KEY: u16 = 0x2000;
const SEQUENCE: u16 = 0x1000;
const ACKNOWLEDGEMENT: u16 = 0x0080;
/// ERSPAN types I and II share a number; only type II has a header, which the sequence number announces.
const ERSPAN: u16 = 0x88be;

/// Where each optional field of a header stands.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Places {
    pub(crate) checksum: Option<usize>,
    pub(crate) routing: Option<usize>,
    pub(crate) key: Option<usize>,
    pub(crate) sequence: Option<usize>,
    pub(crate) acknowledgement: Option<usize>,
    pub(crate) length: usize,
}

/// Where the fields stand that these flags announce.
pub(crate) fn places(flags: u16) -> Places {
    let mut places = Places { length: 4, ..Places::default() };
    let mut take = |wanted: bool| {
        wanted.then(|| {
            places.length += 4;
            places.length - 4
        })
    };
    let version_1 = flags & 7 == 1;
    let checksum = take(!version_1 && flags & (CHECKSUM | ROUTING) != 0);
    let key = take(version_1 || flags & KEY != 0);
    let sequence = take(flags & SEQUENCE != 0);
    let acknowledgement = take(version_1 && flags & ACKNOWLEDGEMENT != 0);
    let routing = (!version_1 && flags & ROUTING != 0).then_some(places.length);
    Places { checksum, routing, key, sequence, acknowledgement, ..places }
}

pub(crate) fn parse(walk: &mut Walk<'_>) -> Result<Header, Flaw> {
    let octets = walk.header::<4>()?;
    let (flags, kind) = (be16(octets, 0), be16(octets, 2));
    let places = places(flags);
    let octets = walk.claimed(places.length, "flags")?;
    let mut length = places.length;
    if places.routing.is_some() {
        length = route_end(walk.rest(), length)?;
    }
    if flags & 7 == 1 {
        // RFC 2637 section 4.1: the key's upper half is the payload's length; none without a sequence number.
        walk.limit(length + usize::from(be16(octets, 4)));
        let next = if places.sequence.is_some() { Next::Protocol(Protocol::Ppp) } else { Next::Payload };
        return Ok(Header::new(length, next));
    }
    let next = match kind {
        ERSPAN if places.sequence.is_none() => Next::Protocol(Protocol::Ethernet),
        0 => Next::Payload,
        kind => Next::EtherType(kind),
    };
    Ok(Header::new(length, next))
}

/// The end of the source route entries (RFC 1701): address family, offset, length, and an empty one at last.
fn route_end(octets: &[u8], mut at: usize) -> Result<usize, Flaw> {
    loop {
        let Some(entry) = octets.get(at..at + 4) else {
            return Err(Flaw::too_short(at + 4, octets.len(), "routing"));
        };
        at += 4 + usize::from(entry[3]);
        if be16(entry, 0) == 0 && entry[3] == 0 {
            return Ok(at);
        }
    }
}

/// ERSPAN types II and III: version, VLAN, session; then the mirrored frame.
pub(crate) fn parse_erspan(walk: &mut Walk<'_>) -> Result<Header, Flaw> {
    let octets = walk.header::<8>()?;
    let length = match octets[0] >> 4 {
        1 => 8,
        2 => {
            let octets = walk.header::<12>()?;
            // The last bit announces a platform's own subheader.
            if octets[11] & 1 == 1 { 20 } else { 12 }
        }
        version => return Err(Flaw::invalid(u32::from(version), "version")),
    };
    walk.claimed(length, "version")?;
    Ok(Header::new(length, Next::Protocol(Protocol::Ethernet)))
}

pub(crate) fn fields(list: &mut List<'_>) {
    let flags = list.value(0, 2) as u16;
    list.flags(
        0,
        &[
            ("checksum_present", 0x80),
            ("routing_present", 0x40),
            ("key_present", 0x20),
            ("sequence_number_present", 0x10),
        ],
    );
    list.bits("version", 1, 1, 0, 7);
    let kind = list.hex("protocol_type", 2, 2);
    list.label(registry::ether_type_name(kind as u16));
    let places = places(flags);
    if let Some(at) = places.checksum {
        list.hex("checksum", at, 2);
        list.number("offset", at + 2, 2);
    }
    match places.key {
        Some(at) if flags & 7 == 1 => {
            list.number("payload_length", at, 2);
            list.number("call_id", at + 2, 2);
        }
        Some(at) => drop(list.hex("key", at, 4)),
        None => {}
    }
    if let Some(at) = places.sequence {
        list.number("sequence_number", at, 4);
    }
    if let Some(at) = places.acknowledgement {
        list.number("acknowledgement_number", at, 4);
    }
    if let Some(at) = places.routing {
        list.rest("routing", at);
    }
}
