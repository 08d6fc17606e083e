//! Group management for IPv4: IGMP versions 1 to 3 (RFC 1112, 2236, 3376).

use super::super::checksum;
use super::super::fields::List;
use super::super::walk::{Flaw, Header, Next, Walk};

pub(crate) fn parse(walk: &mut Walk<'_>) -> Result<Header, Flaw> {
    walk.header::<8>()?;
    walk.found.checksums.igmp = Some(checksum::plain(walk));
    Ok(Header::new(walk.rest().len(), Next::Payload))
}

pub(crate) fn fields(list: &mut List<'_>) {
    let kind = list.hex("type", 0, 1) as u8;
    list.label(type_name(kind));
    list.number("max_response_code", 1, 1);
    list.hex("checksum", 2, 2);
    if kind != 0x22 {
        return list.ipv4("group_address", 4);
    }
    list.number("number_of_group_records", 6, 2);
    let mut at = 8;
    while list.octets.len() >= at + 8 {
        let sources = list.value(at + 2, 2) as usize;
        let length = 8 + sources * 4 + list.value(at + 1, 1) as usize * 4;
        list.group("group_record", at, length, |record| {
            record.number("record_type", 0, 1);
            record.ipv4("multicast_address", 4);
            for source in 0..sources {
                record.ipv4("source_address", 8 + source * 4);
            }
        });
        at += length;
    }
}

/// The word for a type (IANA, IGMP type numbers).
pub(crate) const fn type_name(kind: u8) -> &'static str {
    match kind {
        0x11 => "membership query",
        0x12 => "version 1 membership report",
        0x16 => "version 2 membership report",
        0x17 => "leave group",
        0x22 => "version 3 membership report",
        _ => "",
    }
}
