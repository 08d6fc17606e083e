//! PPP over Ethernet (RFC 2516), discovery and session.

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
