//! Group management for IPv4: IGMP versions 1 to 3 (RFC 1112, 2236, 3376).

use super::super::checksum;
use super::super::walk::{Flaw, Header, Next, Walk};

pub(crate) fn parse(walk: &mut Walk<'_>) -> Result<Header, Flaw> {
    walk.header::<8>()?;
    walk.found.checksums.igmp = Some(checksum::plain(walk));
    Ok(Header::new(walk.rest().len(), Next::Payload))
}
