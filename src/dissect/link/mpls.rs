//! The MPLS label stack (RFC 3032).

use super::super::fields::List;
use super::super::walk::{Flaw, Header, Walk, by_ip_version};

pub(crate) fn parse(walk: &mut Walk<'_>) -> Result<Header, Flaw> {
    let octets = walk.rest();
    let bottom = octets.chunks_exact(4).position(|entry| entry[2] & 1 == 1);
    let Some(bottom) = bottom else {
        return Err(Flaw::too_short(octets.len() / 4 * 4 + 4, octets.len(), "bottom of stack"));
    };
    let length = (bottom + 1) * 4;
    Ok(Header::new(length, by_ip_version(&octets[length..])))
}

pub(crate) fn fields(list: &mut List<'_>) {
    for at in (0..list.octets.len()).step_by(4) {
        list.group("label_stack_entry", at, 4, |entry| {
            entry.bits("label", 0, 4, 12, 0xf_ffff);
            entry.bits("traffic_class", 2, 1, 1, 7);
            entry.flags(2, &[("bottom_of_stack", 1)]);
            entry.number("time_to_live", 3, 1);
        });
    }
}
