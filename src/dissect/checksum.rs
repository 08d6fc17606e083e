//! What the Internet checksums say (RFC 1071).

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
