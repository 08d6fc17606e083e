//! BSD loopback (LINKTYPE_NULL, LINKTYPE_LOOP): an address family in front of the packet.

use super::super::fields::{List, Value};
use super::super::walk::{Flaw, Header, Next, Walk};
use super::ethernet::MAX_LENGTH;
use crate::packet::Protocol;

pub(crate) fn parse(walk: &mut Walk<'_>) -> Result<Header, Flaw> {
    let octets = walk.header::<4>()?;
    Ok(Header::new(4, next(family(*octets))))
}

/// The family, in whichever byte order makes it small: the capturing host's is not known.
pub(crate) fn family(octets: [u8; 4]) -> u32 {
    u32::from_le_bytes(octets).min(u32::from_be_bytes(octets))
}

fn next(family: u32) -> Next {
    match family {
        2 => Next::Protocol(Protocol::Ipv4),
        // NetBSD and OpenBSD, FreeBSD, Darwin; and Linux.
        24 | 28 | 30 | 10 => Next::Protocol(Protocol::Ipv6),
        other => match u16::try_from(other) {
            Ok(number) if number > MAX_LENGTH => Next::EtherType(number),
            _ => Next::Payload,
        },
    }
}

pub(crate) fn fields(list: &mut List<'_>) {
    let Some(octets) = list.octets.first_chunk() else { return };
    let family = family(*octets);
    list.push("address_family", 0, 4, Value::Number(u64::from(family)));
    list.label(match family {
        2 => "IPv4",
        10 | 24 | 28 | 30 => "IPv6",
        _ => "",
    });
}
