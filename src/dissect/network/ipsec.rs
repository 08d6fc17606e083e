//! IPsec: the authentication header (RFC 4302) and the encapsulating security payload (RFC 4303).

use super::super::fields::List;
use super::super::registry;
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

pub(crate) fn fields_ah(list: &mut List<'_>) {
    let next = list.number("next_header", 0, 1);
    list.label(registry::ip_protocol_name(next as u8));
    list.number("payload_length", 1, 1);
    list.hex("security_parameters_index", 4, 4);
    list.number("sequence_number", 8, 4);
    list.rest("integrity_check_value", 12);
}

pub(crate) fn fields_esp(list: &mut List<'_>) {
    list.hex("security_parameters_index", 0, 4);
    list.number("sequence_number", 4, 4);
}
