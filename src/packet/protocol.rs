//! Every protocol that has a name here, with its place in the OSI and in the TCP/IP model.

/// A layer of the TCP/IP model (RFC 1122 section 1.1.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TcpIpLayer {
    /// Hosts on one link.
    Link,
    /// Hosts across networks.
    Internet,
    /// Programs on hosts.
    Transport,
    /// What the programs say.
    Application,
}

impl TcpIpLayer {
    /// The name in records.
    pub const fn name(self) -> &'static str {
        match self {
            TcpIpLayer::Link => "link",
            TcpIpLayer::Internet => "internet",
            TcpIpLayer::Transport => "transport",
            TcpIpLayer::Application => "application",
        }
    }
}

macro_rules! protocols {
    ($($(#[$doc:meta])* $variant:ident, $name:literal, $title:literal, $osi:expr, $tcpip:expr;)*) => {
        /// A protocol, or a part of a frame that is no header (`data`, `padding`, `trailer`, `fcs`).
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum Protocol { $($(#[$doc])* $variant,)* }

        impl Protocol {
            /// Every protocol, from the link up.
            pub const ALL: &'static [Protocol] = &[$(Protocol::$variant,)*];

            /// The name in records, lower case.
            pub const fn name(self) -> &'static str {
                match self { $(Protocol::$variant => $name,)* }
            }

            /// The name as people write it.
            pub const fn title(self) -> &'static str {
                match self { $(Protocol::$variant => $title,)* }
            }

            /// Numbers of the OSI layers whose work the header does; none for octets that belong to no layer.
            pub const fn osi(self) -> &'static [u8] {
                match self { $(Protocol::$variant => $osi,)* }
            }

            /// The layer of the TCP/IP model.
            pub const fn tcpip(self) -> Option<TcpIpLayer> {
                match self { $(Protocol::$variant => $tcpip,)* }
            }
        }
    };
}

const LINK: Option<TcpIpLayer> = Some(TcpIpLayer::Link);
const INTERNET: Option<TcpIpLayer> = Some(TcpIpLayer::Internet);
const TRANSPORT: Option<TcpIpLayer> = Some(TcpIpLayer::Transport);
const APPLICATION: Option<TcpIpLayer> = Some(TcpIpLayer::Application);

protocols! {
    /// Ethernet II, or the MAC header of IEEE 802.3.
    Ethernet, "ethernet", "Ethernet", &[2], LINK;
    /// IEEE 802.2 logical link control.
    Llc, "llc", "LLC", &[2], LINK;
    /// The subnetwork access protocol header behind LLC.
    Snap, "snap", "SNAP", &[2], LINK;
    /// IEEE 802.1Q or 802.1ad tag.
    Vlan, "vlan", "VLAN", &[2], LINK;
    /// IEEE 802.3 MAC control (PAUSE, PFC).
    MacControl, "mac_control", "MAC control", &[2], LINK;
    /// Linux cooked capture v1.
    LinuxSll, "linux_sll", "Linux cooked v1", &[2], LINK;
    /// Linux cooked capture v2.
    LinuxSll2, "linux_sll2", "Linux cooked v2", &[2], LINK;
    /// BSD loopback.
    Null, "null", "BSD loopback", &[2], LINK;
    /// The point-to-point protocol.
    Ppp, "ppp", "PPP", &[2], LINK;
    /// Cisco's HDLC framing.
    CiscoHdlc, "cisco_hdlc", "Cisco HDLC", &[2], LINK;
    /// ARCNET.
    Arcnet, "arcnet", "ARCNET", &[2], LINK;
    /// Fiber distributed data interface.
    Fddi, "fddi", "FDDI", &[2], LINK;
    /// Frame relay.
    FrameRelay, "frame_relay", "Frame relay", &[2], LINK;
    /// IP over InfiniBand.
    Ipoib, "ipoib", "IP over InfiniBand", &[2], LINK;
    /// Linux netfilter log.
    Nflog, "nflog", "Netfilter log", &[2], LINK;
    /// PPP over Ethernet, discovery and session.
    Pppoe, "pppoe", "PPPoE", &[2], LINK;
    /// Multiprotocol label switching: between data link and network.
    Mpls, "mpls", "MPLS", &[2, 3], LINK;
    /// Address resolution: finds the link address that belongs to a network address.
    Arp, "arp", "ARP", &[2, 3], LINK;
    /// Link layer discovery.
    Lldp, "lldp", "LLDP", &[2], LINK;
    /// Spanning tree.
    Stp, "stp", "STP", &[2], LINK;
    /// IPv4.
    Ipv4, "ipv4", "IPv4", &[3], INTERNET;
    /// IPv6.
    Ipv6, "ipv6", "IPv6", &[3], INTERNET;
    /// IPv6 hop-by-hop options.
    Ipv6HopByHop, "ipv6_hop_by_hop", "IPv6 hop-by-hop options", &[3], INTERNET;
    /// IPv6 routing header.
    Ipv6Routing, "ipv6_routing", "IPv6 routing", &[3], INTERNET;
    /// IPv6 fragment header.
    Ipv6Fragment, "ipv6_fragment", "IPv6 fragment", &[3], INTERNET;
    /// IPv6 destination options.
    Ipv6DestinationOptions, "ipv6_destination_options", "IPv6 destination options", &[3], INTERNET;
    /// IPv6 mobility.
    Ipv6Mobility, "ipv6_mobility", "IPv6 mobility", &[3], INTERNET;
    /// IP authentication header.
    Ah, "ah", "AH", &[3], INTERNET;
    /// IP encapsulating security payload.
    Esp, "esp", "ESP", &[3], INTERNET;
    /// Generic routing encapsulation.
    Gre, "gre", "GRE", &[3], INTERNET;
    /// Mirrored Ethernet frames in GRE.
    Erspan, "erspan", "ERSPAN", &[2], LINK;
    /// ICMP for IPv4.
    Icmpv4, "icmpv4", "ICMP", &[3], INTERNET;
    /// ICMP for IPv6.
    Icmpv6, "icmpv6", "ICMPv6", &[3], INTERNET;
    /// Internet group management.
    Igmp, "igmp", "IGMP", &[3], INTERNET;
    /// Transmission control.
    Tcp, "tcp", "TCP", &[4], TRANSPORT;
    /// User datagrams.
    Udp, "udp", "UDP", &[4], TRANSPORT;
    /// Stream control transmission.
    Sctp, "sctp", "SCTP", &[4], TRANSPORT;
    /// Virtual extensible LAN: Ethernet frames in UDP.
    Vxlan, "vxlan", "VXLAN", &[7], APPLICATION;
    /// Generic network virtualisation: frames in UDP.
    Geneve, "geneve", "GENEVE", &[7], APPLICATION;
    /// Mail transfer.
    Smtp, "smtp", "SMTP", &[7], APPLICATION;
    /// Internet message access.
    Imap, "imap", "IMAP", &[7], APPLICATION;
    /// Post office.
    Pop3, "pop3", "POP3", &[7], APPLICATION;
    /// Hypertext transfer.
    Http, "http", "HTTP", &[7], APPLICATION;
    /// Hypertext transfer, version 2, in frames.
    Http2, "http2", "HTTP/2", &[7], APPLICATION;
    /// Transport layer security.
    Tls, "tls", "TLS", &[6], APPLICATION;
    /// Domain names.
    Dns, "dns", "DNS", &[7], APPLICATION;
    /// Host configuration.
    Dhcp, "dhcp", "DHCP", &[7], APPLICATION;
    /// Network time.
    Ntp, "ntp", "NTP", &[7], APPLICATION;
    /// Octets of no protocol that is known here.
    Data, "data", "Data", &[], None;
    /// Octets that bring a short frame up to the link's minimum.
    Padding, "padding", "Padding", &[2], LINK;
    /// Octets behind the packet that are neither padding nor an FCS.
    Trailer, "trailer", "Trailer", &[2], LINK;
    /// The frame check sequence.
    Fcs, "fcs", "FCS", &[2], LINK;
}

impl std::fmt::Display for Protocol {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}
