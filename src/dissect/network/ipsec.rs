//! IPsec: the authentication header (RFC 4302) and the encapsulating security payload (RFC 4303).

use super::super::walk::{Flaw, Header, Next, Walk};

pub(crate) fn parse_ah(walk: &mut Walk<'_>) -> Result<Header, Flaw> {
    let octets = walk.header::<12>()?;
    // Counted in units of 4, not counting the first two (RFC 4302 section 2.2).
    let (next, length) = (octets[0], (usize::from(octets[1]) + 2) * 4);
    if length < 12 {
        return Err(Flaw::invalid(u32::from(octets[1]), "payload length"));
    }
    walk.claimed(length, "payload length")?;
    if let Some(ip) = &mut walk.found.ip {
        ip.payload_protocol = next;
    }
    Ok(Header::new(length, Next::IpProtocol(next)))
}

/// What follows the sequence number is encrypted.
pub(crate) fn parse_esp(walk: &mut Walk<'_>) -> Result<Header, Flaw> {
    walk.header::<8>()?;
    Ok(Header::new(8, Next::Payload))
}
