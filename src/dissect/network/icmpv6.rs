//! ICMP for IPv6 (RFC 4443), with neighbour discovery (RFC 4861) and multicast listeners (RFC 3810).

use super::super::checksum;
use super::super::walk::{Flaw, Header, Next, Walk};

/// IP protocol number.
const NUMBER: u8 = 58;

/// Types that quote the packet they are about: the error messages.
pub(crate) const fn quotes(kind: u8) -> bool {
    matches!(kind, 1..=4)
}

pub(crate) fn parse(walk: &mut Walk<'_>) -> Result<Header, Flaw> {
    let kind = walk.header::<4>()?[0];
    walk.found.checksums.icmpv6 = Some(checksum::with_pseudo_header(walk, NUMBER, walk.claimed_left(), 2));
    let echo = matches!(kind, 128 | 129);
    let length = if echo { walk.rest().len().min(8) } else { walk.rest().len() };
    Ok(Header::new(length, Next::Payload))
}
