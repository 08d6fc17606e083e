//! Link and network addresses, and what kind of address they are.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A 48-bit IEEE 802 address.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct MacAddress(pub [u8; 6]);

impl MacAddress {
    /// Every station on the link.
    pub const BROADCAST: MacAddress = MacAddress([0xff; 6]);

    /// From the first six octets of a slice that has at least six.
    pub fn from_slice(octets: &[u8]) -> Option<Self> {
        Some(Self(octets.get(..6)?.try_into().ok()?))
    }

    /// A group address: multicast or broadcast (IEEE 802 I/G bit).
    pub const fn is_group(self) -> bool {
        self.0[0] & 1 != 0
    }

    /// Locally administered, not from a maker's block (IEEE 802 U/L bit).
    pub const fn is_local(self) -> bool {
        self.0[0] & 2 != 0
    }
}

impl fmt::Display for MacAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, g] = self.0;
        write!(f, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{g:02x}")
    }
}

impl fmt::Debug for MacAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// An IP address and a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Endpoint {
    /// The IP address.
    pub address: IpAddr,
    /// The transport's port.
    pub port: u16,
}

impl Endpoint {
    /// From its parts.
    pub const fn new(address: IpAddr, port: u16) -> Self {
        Self { address, port }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.address {
            IpAddr::V4(a) => write!(f, "{a}:{}", self.port),
            IpAddr::V6(a) => write!(f, "[{a}]:{}", self.port),
        }
    }
}

/// What kind of address an IP address is (RFC 6890 and the registries it founded).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scope {
    /// Reachable across the Internet.
    Global,
    /// For use inside an organisation (RFC 1918, RFC 4193).
    Private,
    /// The host itself (RFC 1122, RFC 4291).
    Loopback,
    /// Valid on one link only (RFC 3927, RFC 4291).
    LinkLocal,
    /// A group of receivers (RFC 5771, RFC 4291).
    Multicast,
    /// Every host on the link (RFC 919).
    Broadcast,
    /// No address yet (RFC 1122, RFC 4291).
    Unspecified,
    /// For examples in documents (RFC 5737, RFC 3849, RFC 9637).
    Documentation,
    /// Shared by a provider's customers (RFC 6598).
    Shared,
    /// For measuring network devices (RFC 2544, RFC 5180).
    Benchmarking,
    /// Kept for later (RFC 1112 section 4).
    Reserved,
}

impl Scope {
    /// Every scope.
    pub const ALL: [Scope; 11] = [
        Scope::Global,
        Scope::Private,
        Scope::Loopback,
        Scope::LinkLocal,
        Scope::Multicast,
        Scope::Broadcast,
        Scope::Unspecified,
        Scope::Documentation,
        Scope::Shared,
        Scope::Benchmarking,
        Scope::Reserved,
    ];

    /// The name in records and in the texts of [`crate::lesson`].
    pub const fn name(self) -> &'static str {
        match self {
            Scope::Global => "global",
            Scope::Private => "private",
            Scope::Loopback => "loopback",
            Scope::LinkLocal => "link_local",
            Scope::Multicast => "multicast",
            Scope::Broadcast => "broadcast",
            Scope::Unspecified => "unspecified",
            Scope::Documentation => "documentation",
            Scope::Shared => "shared",
            Scope::Benchmarking => "benchmarking",
            Scope::Reserved => "reserved",
        }
    }
}

/// What kind of address this is.
pub fn scope(address: IpAddr) -> Scope {
    match address {
        IpAddr::V4(a) => scope_v4(a),
        IpAddr::V6(a) => a.to_ipv4_mapped().map_or_else(|| scope_v6(a), scope_v4),
    }
}

fn scope_v4(address: Ipv4Addr) -> Scope {
    match address.octets() {
        [255, 255, 255, 255] => Scope::Broadcast,
        [0, 0, 0, 0] => Scope::Unspecified,
        [127, ..] => Scope::Loopback,
        [10, ..] | [172, 16..=31, ..] | [192, 168, ..] => Scope::Private,
        [169, 254, ..] => Scope::LinkLocal,
        [192, 0, 2, _] | [198, 51, 100, _] | [203, 0, 113, _] => Scope::Documentation,
        [100, 64..=127, ..] => Scope::Shared,
        [198, 18..=19, ..] => Scope::Benchmarking,
        [224..=239, ..] => Scope::Multicast,
        [240..=255, ..] | [0, ..] => Scope::Reserved,
        _ => Scope::Global,
    }
}

fn scope_v6(address: Ipv6Addr) -> Scope {
    match address.segments() {
        [0, 0, 0, 0, 0, 0, 0, 0] => Scope::Unspecified,
        [0, 0, 0, 0, 0, 0, 0, 1] => Scope::Loopback,
        [0xfe80..=0xfebf, ..] => Scope::LinkLocal,
        [0xfc00..=0xfdff, ..] => Scope::Private,
        [0xff00..=0xffff, ..] => Scope::Multicast,
        [0x2001, 0xdb8, ..] | [0x3fff, 0..=0x0fff, ..] => Scope::Documentation,
        [0x2001, 2, 0, ..] => Scope::Benchmarking,
        _ => Scope::Global,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_says_what_it_is() {
        for (text, expected) in [
            ("10.20.0.25", Scope::Private),
            ("172.31.255.255", Scope::Private),
            ("172.32.0.0", Scope::Global),
            ("169.254.1.1", Scope::LinkLocal),
            ("192.0.2.1", Scope::Documentation),
            ("100.64.0.1", Scope::Shared),
            ("239.255.255.250", Scope::Multicast),
            ("255.255.255.255", Scope::Broadcast),
            ("::1", Scope::Loopback),
            ("fe80::1", Scope::LinkLocal),
            ("fd00::1", Scope::Private),
            ("ff02::1", Scope::Multicast),
            ("2001:db8::1", Scope::Documentation),
            ("::ffff:10.0.0.1", Scope::Private),
            ("2606:4700::1", Scope::Global),
        ] {
            assert_eq!(scope(text.parse().unwrap()), expected, "{text}");
        }
    }
}
