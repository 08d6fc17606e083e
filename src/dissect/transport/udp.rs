//! The UDP header (RFC 768).

use super::super::fields::List;
use super::super::walk::{Flaw, Header, Next, Walk, be16};
use super::super::{Checksum, Transport, checksum};

/// A UDP datagram's ports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UdpDatagram {
    /// Source port.
    pub source_port: u16,
    /// Destination port.
    pub destination_port: u16,
}

/// Octets of the header.
const LENGTH: usize = 8;
/// IP protocol number.
const NUMBER: u8 = 17;

pub(crate) fn parse(walk: &mut Walk<'_>) -> Result<Header, Flaw> {
    let octets = walk.header::<LENGTH>()?;
    let (source_port, destination_port) = (be16(octets, 0), be16(octets, 2));
    walk.found.transport = Transport::Udp(UdpDatagram { source_port, destination_port });
    let left = walk.claimed_left();
    let length = match usize::from(be16(octets, 4)) {
        // More than the field can hold (RFC 2675 section 4), or a packet that the network card was to cut.
        0 if left > usize::from(u16::MAX) => left,
        length => length,
    };
    if length < LENGTH {
        return Ok(Header::flawed(LENGTH, Flaw::invalid(length as u32, "length")));
    }
    if length > left {
        return Ok(Header::flawed(LENGTH, Flaw::too_short(length, left, "length")));
    }
    walk.limit(length);
    let is_v4 = walk.pseudo().is_some_and(|(source, _)| source.is_ipv4());
    walk.found.checksums.udp = Some(if be16(octets, 6) == 0 && is_v4 {
        Checksum::Absent
    } else {
        checksum::with_pseudo_header(walk, NUMBER, length)
    });
    Ok(Header::new(LENGTH, Next::UdpPorts(source_port, destination_port)))
}

pub(crate) fn fields(list: &mut List<'_>) {
    list.number("source_port", 0, 2);
    list.number("destination_port", 2, 2);
    list.number("length", 4, 2);
    list.hex("checksum", 6, 2);
}
