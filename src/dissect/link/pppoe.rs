//! PPP over Ethernet (RFC 2516), discovery and session.

use super::super::fields::List;
use super::super::walk::{Flaw, Header, Next, Walk, be16};
use crate::packet::Protocol;

/// Octets in front of tags or of PPP.
pub(crate) const LENGTH: usize = 6;
/// The code of a session's packets (RFC 2516 section 6).
pub(crate) const SESSION: u8 = 0;

pub(crate) fn parse(walk: &mut Walk<'_>) -> Result<Header, Flaw> {
    let octets = walk.header::<LENGTH>()?;
    walk.limit(LENGTH + usize::from(be16(octets, 4)));
    if octets[1] == SESSION {
        return Ok(Header::new(LENGTH, Next::Protocol(Protocol::Ppp)));
    }
    Ok(Header::new(walk.rest().len(), Next::Payload))
}

pub(crate) fn fields(list: &mut List<'_>) {
    list.bits("version", 0, 1, 4, 15);
    list.bits("type", 0, 1, 0, 15);
    let code = list.hex("code", 1, 1);
    list.label(match code {
        0x00 => "session",
        0x07 => "offer (PADO)",
        0x09 => "initiation (PADI)",
        0x19 => "request (PADR)",
        0x65 => "session confirmation (PADS)",
        0xa7 => "terminate (PADT)",
        _ => "",
    });
    list.hex("session_id", 2, 2);
    list.number("length", 4, 2);
    let mut at = LENGTH;
    while list.octets.len() >= at + 4 {
        let length = list.value(at + 2, 2) as usize;
        list.group("tag", at, 4 + length, |tag| {
            tag.hex("tag_type", 0, 2);
            tag.number("tag_length", 2, 2);
            tag.octets("tag_value", 4, length);
        });
        at += 4 + length;
    }
}
