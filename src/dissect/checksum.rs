//! What the Internet checksums say (RFC 1071).

use std::net::IpAddr;

use etherparse::checksum::Sum16BitWords;

use super::walk::Walk;

/// The verdict on one checksum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Checksum {
    /// It matches.
    Good,
    /// It does not match.
    Bad,
    /// The sender made none (UDP over IPv4 with 0).
    Absent,
    /// Not all octets that it covers were captured.
    Unverifiable,
    /// It does not match because it had not been made yet: the network card of the capturing host makes it.
    OffloadLikely,
}

impl Checksum {
    /// The name in records.
    pub const fn name(self) -> &'static str {
        match self {
            Checksum::Good => "good",
            Checksum::Bad => "bad",
            Checksum::Absent => "absent",
            Checksum::Unverifiable => "unverifiable",
            Checksum::OffloadLikely => "offload_likely",
        }
    }
}

/// The checksums of a packet's innermost headers; `None` where there is no such header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Checksums {
    /// IPv4 header.
    pub ipv4: Option<Checksum>,
    /// TCP.
    pub tcp: Option<Checksum>,
    /// UDP.
    pub udp: Option<Checksum>,
    /// ICMP for IPv4.
    pub icmpv4: Option<Checksum>,
    /// ICMP for IPv6.
    pub icmpv6: Option<Checksum>,
    /// IGMP.
    pub igmp: Option<Checksum>,
    /// SCTP (CRC-32C, RFC 9260 appendix A).
    pub sctp: Option<Checksum>,
}

impl Checksums {
    /// Each verdict, under the name of its protocol.
    pub const fn named(&self) -> [(&'static str, Option<Checksum>); 7] {
        [
            ("ipv4", self.ipv4),
            ("tcp", self.tcp),
            ("udp", self.udp),
            ("icmpv4", self.icmpv4),
            ("icmpv6", self.icmpv6),
            ("igmp", self.igmp),
            ("sctp", self.sctp),
        ]
    }
}

/// The sum of 16-bit words that a checksum is the complement of.
pub(super) fn sum(octets: &[u8]) -> Sum16BitWords {
    Sum16BitWords::new().add_slice(octets)
}

/// The verdict on a checksum that covers the rest of the packet and nothing else.
pub(super) fn plain(walk: &Walk<'_>) -> Checksum {
    if !walk.is_whole() {
        return Checksum::Unverifiable;
    }
    if sum(walk.rest()).ones_complement() == 0 { Checksum::Good } else { Checksum::Bad }
}

/// The verdict on a checksum over `length` octets and a pseudo header (RFC 9293 section 3.1, RFC 8200 section
/// 8.1).
pub(super) fn with_pseudo_header(walk: &Walk<'_>, protocol: u8, length: usize) -> Checksum {
    let Some(octets) = walk.rest().get(..length) else { return Checksum::Unverifiable };
    let Some(pseudo) = walk.pseudo().and_then(|ends| pseudo_header(ends, protocol, length)) else {
        return Checksum::Unverifiable;
    };
    if pseudo.add_slice(octets).ones_complement() == 0 {
        return Checksum::Good;
    }
    // Only where the capture says that its own host sent the packet is this known to be the network card's
    // work to come; anywhere else a wrong checksum is a wrong checksum.
    if walk.found.outgoing {
        return Checksum::OffloadLikely;
    }
    Checksum::Bad
}

fn pseudo_header(ends: (IpAddr, IpAddr), protocol: u8, length: usize) -> Option<Sum16BitWords> {
    let mut sum = Sum16BitWords::new();
    let sum = match ends {
        (IpAddr::V4(source), IpAddr::V4(destination)) => {
            sum.add_4bytes(source.octets()).add_4bytes(destination.octets())
        }
        (IpAddr::V6(source), IpAddr::V6(destination)) => {
            sum.add_16bytes(source.octets()).add_16bytes(destination.octets())
        }
        _ => return None,
    };
    let mut sum = sum.add_2bytes([0, protocol]);
    Some(sum.add_4bytes((length as u32).to_be_bytes()))
}
