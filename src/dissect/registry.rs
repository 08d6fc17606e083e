//! Who follows whom: one row a protocol.

use super::walk::{Next, Parse};
use super::{application, link, network, transport};
use crate::packet::{LinkType, Protocol};

/// Link types, by the numbers of capture files.
const LINKS: &[(u16, Protocol)] = &[
    (1, Protocol::Ethernet),
    (113, Protocol::LinuxSll),
    (276, Protocol::LinuxSll2),
    (0, Protocol::Null),
    (108, Protocol::Null),
    (9, Protocol::Ppp),
    (50, Protocol::Ppp),
    (51, Protocol::Pppoe),
    (104, Protocol::CiscoHdlc),
    (7, Protocol::Arcnet),
    (129, Protocol::Arcnet),
    (10, Protocol::Fddi),
    (107, Protocol::FrameRelay),
    (239, Protocol::Nflog),
    (242, Protocol::Ipoib),
];

/// EtherTypes (the IEEE's registry).
const ETHER_TYPES: &[(u16, Protocol)] = &[
    (0x0800, Protocol::Ipv4),
    (0x86dd, Protocol::Ipv6),
    (0x0806, Protocol::Arp),
    (0x8100, Protocol::Vlan),
    (0x88a8, Protocol::Vlan),
    (0x9100, Protocol::Vlan),
    (0x9200, Protocol::Vlan),
    (0x8035, Protocol::Arp),
    (0x8808, Protocol::MacControl),
    (0x8847, Protocol::Mpls),
    (0x8848, Protocol::Mpls),
    (0x8863, Protocol::Pppoe),
    (0x8864, Protocol::Pppoe),
    (0x88cc, Protocol::Lldp),
    (0x880b, Protocol::Ppp),
    (0x6558, Protocol::Ethernet),
    (0x88be, Protocol::Erspan),
    (0x22eb, Protocol::Erspan),
];

/// IP protocol numbers (IANA), for IPv4 and for the next headers of IPv6 alike.
const IP_PROTOCOLS: &[(u8, Protocol)] = &[
    (6, Protocol::Tcp),
    (17, Protocol::Udp),
    (1, Protocol::Icmpv4),
    (58, Protocol::Icmpv6),
    (2, Protocol::Igmp),
    (0, Protocol::Ipv6HopByHop),
    (43, Protocol::Ipv6Routing),
    (44, Protocol::Ipv6Fragment),
    (60, Protocol::Ipv6DestinationOptions),
    (135, Protocol::Ipv6Mobility),
    (4, Protocol::Ipv4),
    (41, Protocol::Ipv6),
    (47, Protocol::Gre),
    (50, Protocol::Esp),
    (51, Protocol::Ah),
    (132, Protocol::Sctp),
    (137, Protocol::Mpls),
    (143, Protocol::Ethernet),
];

/// LLC service access points (IEEE 802).
const SAPS: &[(u8, Protocol)] = &[(0xaa, Protocol::Snap), (0x42, Protocol::Stp), (0x06, Protocol::Ipv4)];

/// PPP protocol numbers (IANA).
const PPP_PROTOCOLS: &[(u16, Protocol)] =
    &[(0x0021, Protocol::Ipv4), (0x0057, Protocol::Ipv6), (0x0281, Protocol::Mpls), (0x0283, Protocol::Mpls)];

/// UDP ports whose datagrams carry packets again (IANA).
const UDP_TUNNELS: &[(u16, Protocol)] = &[(4789, Protocol::Vxlan), (6081, Protocol::Geneve)];

/// The protocol that a frame of this link type begins with.
pub(super) fn link(link_type: LinkType) -> Option<Protocol> {
    find(LINKS, link_type.0)
}

/// The protocol that stands next, if it is known here.
pub(super) fn protocol(next: Next, octets: &[u8]) -> Option<Protocol> {
    match next {
        Next::Protocol(protocol) => Some(protocol),
        Next::EtherType(number) => find(ETHER_TYPES, number),
        Next::IpProtocol(number) => find(IP_PROTOCOLS, number),
        Next::Sap(number) => find(SAPS, number),
        Next::Ppp(number) => find(PPP_PROTOCOLS, number),
        Next::UdpPorts(source, destination) => udp_application(source, destination, octets),
        Next::Fragment(_) | Next::Payload => None,
    }
}

/// Whether a packet may end where this should begin with nothing wrong about it: the ports of an empty
/// datagram promise nothing.
pub(super) const fn may_be_missing(next: Next) -> bool {
    matches!(next, Next::UdpPorts(..))
}

/// The function that reads a protocol's header; `None` for one that takes all octets that are left, and whose
/// insides are read only where they are shown.
pub(super) const fn parser(protocol: Protocol) -> Option<Parse> {
    Some(match protocol {
        Protocol::Ethernet => link::ethernet::parse,
        Protocol::Llc => link::llc::parse,
        Protocol::Snap => link::llc::parse_snap,
        Protocol::Vlan => link::vlan::parse,
        Protocol::MacControl => link::mac_control::parse,
        Protocol::LinuxSll => link::cooked::parse,
        Protocol::LinuxSll2 => link::cooked::parse_v2,
        Protocol::Null => link::null::parse,
        Protocol::Ppp => link::ppp::parse,
        Protocol::CiscoHdlc => link::ppp::parse_cisco,
        Protocol::Pppoe => link::pppoe::parse,
        Protocol::Mpls => link::mpls::parse,
        Protocol::Arp => link::arp::parse,
        Protocol::Arcnet => link::other::parse_arcnet,
        Protocol::Fddi => link::other::parse_fddi,
        Protocol::FrameRelay => link::other::parse_frame_relay,
        Protocol::Nflog => link::other::parse_nflog,
        Protocol::Ipoib => link::other::parse_ipoib,
        Protocol::Ipv4 => network::ipv4::parse,
        Protocol::Ipv6 => network::ipv6::parse,
        Protocol::Ipv6HopByHop => network::extension::parse_hop_by_hop,
        Protocol::Ipv6Routing => network::extension::parse_routing,
        Protocol::Ipv6Fragment => network::extension::parse_fragment,
        Protocol::Ipv6DestinationOptions => network::extension::parse_options,
        Protocol::Ipv6Mobility => network::extension::parse_mobility,
        Protocol::Ah => network::ipsec::parse_ah,
        Protocol::Esp => network::ipsec::parse_esp,
        Protocol::Gre => network::gre::parse,
        Protocol::Erspan => network::gre::parse_erspan,
        Protocol::Icmpv4 => network::icmpv4::parse,
        Protocol::Icmpv6 => network::icmpv6::parse,
        Protocol::Igmp => network::igmp::parse,
        Protocol::Tcp => transport::tcp::parse,
        Protocol::Udp => transport::udp::parse,
        Protocol::Sctp => transport::sctp::parse,
        Protocol::Vxlan => transport::tunnel::parse_vxlan,
        Protocol::Geneve => transport::tunnel::parse_geneve,
        Protocol::Lldp
        | Protocol::Stp
        | Protocol::Smtp
        | Protocol::Imap
        | Protocol::Pop3
        | Protocol::Http
        | Protocol::Http2
        | Protocol::Tls
        | Protocol::Dns
        | Protocol::Dhcp
        | Protocol::Ntp
        | Protocol::Data
        | Protocol::Padding
        | Protocol::Trailer
        | Protocol::Fcs => return None,
    })
}

/// The application that a UDP datagram between these ports, with these octets, belongs to.
pub fn udp_application(source_port: u16, destination_port: u16, octets: &[u8]) -> Option<Protocol> {
    find(UDP_TUNNELS, destination_port)
        .or_else(|| application::udp_application(source_port, destination_port, octets))
}

/// The protocol's name where an EtherType is known; empty otherwise.
pub(super) fn ether_type_name(number: u16) -> &'static str {
    match number {
        0x8035 => "RARP",
        0x88a8 => "IEEE 802.1ad VLAN",
        0x8863 => "PPPoE discovery",
        0x8864 => "PPPoE session",
        0x888e => "EAP over LAN",
        0x88e5 => "MACsec",
        0x88f7 => "PTP",
        other => find(ETHER_TYPES, other).map_or("", Protocol::title),
    }
}

/// The name of an IP protocol number; empty where it is not known.
pub(super) fn ip_protocol_name(number: u8) -> &'static str {
    match number {
        33 => "DCCP",
        46 => "RSVP",
        59 => "no next header",
        88 => "EIGRP",
        89 => "OSPF",
        103 => "PIM",
        112 => "VRRP",
        115 => "L2TP",
        136 => "UDP-Lite",
        other => find(IP_PROTOCOLS, other).map_or("", Protocol::title),
    }
}

fn find<N: Copy + PartialEq>(table: &[(N, Protocol)], number: N) -> Option<Protocol> {
    table.iter().find(|row| row.0 == number).map(|row| row.1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    fn numbers_are_unique<N: Copy + Eq + std::hash::Hash>(table: &[(N, Protocol)]) -> bool {
        table.iter().map(|row| row.0).collect::<HashSet<_>>().len() == table.len()
    }

    #[test]
    fn a_number_stands_for_one_protocol() {
        assert!(numbers_are_unique(LINKS));
        assert!(numbers_are_unique(ETHER_TYPES));
        assert!(numbers_are_unique(IP_PROTOCOLS));
        assert!(numbers_are_unique(SAPS));
        assert!(numbers_are_unique(PPP_PROTOCOLS));
        assert!(numbers_are_unique(UDP_TUNNELS));
    }

    #[test]
    fn every_protocol_below_the_application_can_be_reached_from_a_table_or_from_another_header() {
        let reached_by_header = [Protocol::Llc];
        let tables: Vec<Protocol> = [LINKS, ETHER_TYPES, PPP_PROTOCOLS, UDP_TUNNELS]
            .iter()
            .flat_map(|t| t.iter().map(|row| row.1))
            .chain(IP_PROTOCOLS.iter().map(|row| row.1))
            .chain(SAPS.iter().map(|row| row.1))
            .chain(reached_by_header)
            .collect();
        for &protocol in Protocol::ALL {
            if parser(protocol).is_some() {
                assert!(tables.contains(&protocol), "{protocol} has a parser that nothing leads to");
            }
        }
    }

    #[test]
    fn a_type_of_1500_or_less_is_no_ether_type() {
        assert!(ETHER_TYPES.iter().all(|row| row.0 > 1500));
    }
}
