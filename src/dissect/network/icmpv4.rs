//! ICMP for IPv4 (RFC 792).

use super::super::checksum;
use super::super::walk::{Flaw, Header, Next, Walk};

/// Types that quote the packet they are about.
pub(crate) const fn quotes(kind: u8) -> bool {
    matches!(kind, 3 | 4 | 5 | 11 | 12)
}

pub(crate) fn parse(walk: &mut Walk<'_>) -> Result<Header, Flaw> {
    let kind = walk.header::<4>()?[0];
    walk.found.checksums.icmpv4 = Some(checksum::plain(walk));
    // An echo carries data of the sender's choice; all other messages have fields to their end.
    let echo = matches!(kind, 0 | 8);
    let length = if echo { walk.rest().len().min(8) } else { walk.rest().len() };
    Ok(Header::new(length, Next::Payload))
}
