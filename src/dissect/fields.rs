//! What is in a header, for the views that show it.

use std::borrow::Cow;
use std::net::IpAddr;

use super::walk::{self, Walk};
use super::{Dissection, application, link, network, transport};
use crate::packet::{Layer, MacAddress, Protocol};

/// One field of a header.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    /// The standard's name for it in snake_case: `time_to_live`.
    pub name: &'static str,
    /// First octet, counted as the layer's own offset is.
    pub offset: u32,
    /// Octets that it has a part in (a flag has a part in 1).
    pub length: u32,
    /// What it holds.
    pub value: Value,
    /// The standard's own word for that value: `echo request` for ICMP type 8.
    pub label: Option<Cow<'static, str>>,
}

/// What a field holds.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// A number that people read in decimal.
    Number(u64),
    /// A number that people read in hexadecimal, with its width in digits.
    Hex(u64, u8),
    /// A flag.
    Flag(bool),
    /// A link address.
    Mac(MacAddress),
    /// An IP address.
    Ip(IpAddr),
    /// Text from the packet, not escaped.
    Text(String),
    /// Octets with no more meaning here; at most the first 64.
    Octets(Vec<u8>),
    /// Fields inside this field (an option, a quoted packet, a DNS record).
    Group(Vec<Field>),
}

impl Field {
    /// A field with no label.
    pub fn new(name: &'static str, offset: u32, length: u32, value: Value) -> Self {
        Self { name, offset, length, value, label: None }
    }

    /// The same with a label.
    #[must_use]
    pub fn labelled(mut self, label: impl Into<Cow<'static, str>>) -> Self {
        self.label = Some(label.into());
        self
    }
}

/// The fields of one layer of a packet, in the order of its octets.
pub fn fields(dissection: &Dissection<'_>, layer: &Layer) -> Vec<Field> {
    of(layer.protocol, dissection.octets(layer), layer.offset, true)
}

/// The fields of a protocol's octets, which begin at `offset`. A packet that they quote is taken apart only
/// where `quotes` says so: a quote inside a quote stays octets.
pub(super) fn of(protocol: Protocol, octets: &[u8], offset: u32, quotes: bool) -> Vec<Field> {
    let mut list = List::new(octets, offset);
    match protocol {
        Protocol::Ethernet => link::ethernet::fields(&mut list),
        Protocol::Llc => link::llc::fields(&mut list),
        Protocol::Snap => link::llc::fields_snap(&mut list),
        Protocol::Vlan => link::vlan::fields(&mut list),
        Protocol::MacControl => link::mac_control::fields(&mut list),
        Protocol::LinuxSll => link::cooked::fields(&mut list),
        Protocol::LinuxSll2 => link::cooked::fields_v2(&mut list),
        Protocol::Null => link::null::fields(&mut list),
        Protocol::Ppp | Protocol::CiscoHdlc => link::ppp::fields(&mut list),
        Protocol::Pppoe => link::pppoe::fields(&mut list),
        Protocol::Mpls => link::mpls::fields(&mut list),
        Protocol::Arp => link::arp::fields(&mut list),
        Protocol::Ipv4 => network::ipv4::fields(&mut list),
        Protocol::Ipv6 => network::ipv6::fields(&mut list),
        Protocol::Ipv6HopByHop | Protocol::Ipv6DestinationOptions => {
            network::extension::fields_options(&mut list);
        }
        Protocol::Ipv6Routing => network::extension::fields_routing(&mut list),
        Protocol::Ipv6Fragment => network::extension::fields_fragment(&mut list),
        Protocol::Ipv6Mobility => network::extension::fields_mobility(&mut list),
        Protocol::Ah => network::ipsec::fields_ah(&mut list),
        Protocol::Esp => network::ipsec::fields_esp(&mut list),
        Protocol::Gre => network::gre::fields(&mut list),
        Protocol::Icmpv4 => network::icmpv4::fields(&mut list, quotes),
        Protocol::Icmpv6 => network::icmpv6::fields(&mut list, quotes),
        Protocol::Igmp => network::igmp::fields(&mut list),
        Protocol::Tcp => transport::tcp::fields(&mut list),
        Protocol::Udp => transport::udp::fields(&mut list),
        Protocol::Sctp => transport::sctp::fields(&mut list),
        Protocol::Vxlan => transport::tunnel::fields_vxlan(&mut list),
        Protocol::Geneve => transport::tunnel::fields_geneve(&mut list),
        Protocol::Fcs => {
            let stored = <[u8; 4]>::try_from(octets).map_or(0, u32::from_le_bytes);
            list.push("frame_check_sequence", 0, 4, Value::Hex(u64::from(stored), 8));
        }
        Protocol::Arcnet
        | Protocol::Fddi
        | Protocol::FrameRelay
        | Protocol::Ipoib
        | Protocol::Nflog
        | Protocol::Erspan
        | Protocol::Imap
        | Protocol::Pop3
        | Protocol::Data
        | Protocol::Padding
        | Protocol::Trailer => list.octets("octets", 0, octets.len()),
        Protocol::Lldp
        | Protocol::Stp
        | Protocol::Smtp
        | Protocol::Http
        | Protocol::Http2
        | Protocol::Tls
        | Protocol::Dns
        | Protocol::Dhcp
        | Protocol::Ntp => return application::fields(protocol, octets, offset),
    }
    list.done()
}

/// A list of fields in the making. A field whose octets are not all there is left out.
pub(super) struct List<'a> {
    /// The header's octets.
    pub(super) octets: &'a [u8],
    base: u32,
    out: Vec<Field>,
}

impl<'a> List<'a> {
    pub(super) fn new(octets: &'a [u8], base: u32) -> Self {
        Self { octets, base, out: Vec::new() }
    }

    pub(super) fn done(self) -> Vec<Field> {
        self.out
    }

    pub(super) fn push(&mut self, name: &'static str, at: usize, length: usize, value: Value) {
        if self.octets.len() >= at + length {
            self.out.push(Field::new(name, self.base + at as u32, length as u32, value));
        }
    }

    /// The octet at this place; 0 where it is not there.
    pub(super) fn octet(&self, at: usize) -> u8 {
        self.octets.get(at).copied().unwrap_or_default()
    }

    /// The big-endian number of up to eight octets at this place.
    pub(super) fn value(&self, at: usize, length: usize) -> u64 {
        let octets = self.octets.get(at..at + length).unwrap_or_default();
        octets.iter().fold(0, |number, &octet| number << 8 | u64::from(octet))
    }

    pub(super) fn number(&mut self, name: &'static str, at: usize, length: usize) -> u64 {
        let value = self.value(at, length);
        self.push(name, at, length, Value::Number(value));
        value
    }

    pub(super) fn hex(&mut self, name: &'static str, at: usize, length: usize) -> u64 {
        let value = self.value(at, length);
        self.push(name, at, length, Value::Hex(value, length as u8 * 2));
        value
    }

    /// Part of a number: shifted right, then masked.
    pub(super) fn bits(
        &mut self,
        name: &'static str,
        at: usize,
        length: usize,
        shift: u32,
        mask: u64,
    ) -> u64 {
        let value = self.value(at, length) >> shift & mask;
        self.push(name, at, length, Value::Number(value));
        value
    }

    /// Flags of one octet, each by its mask.
    pub(super) fn flags(&mut self, at: usize, flags: &[(&'static str, u8)]) {
        for &(name, mask) in flags {
            self.push(name, at, 1, Value::Flag(self.octet(at) & mask != 0));
        }
    }

    pub(super) fn mac(&mut self, name: &'static str, at: usize) {
        if let Some(address) = self.octets.get(at..).and_then(MacAddress::from_slice) {
            self.push(name, at, 6, Value::Mac(address));
        }
    }

    pub(super) fn ipv4(&mut self, name: &'static str, at: usize) {
        if let Some(Ok(address)) = self.octets.get(at..at + 4).map(<[u8; 4]>::try_from) {
            self.push(name, at, 4, Value::Ip(IpAddr::from(address)));
        }
    }

    pub(super) fn ipv6(&mut self, name: &'static str, at: usize) {
        if let Some(Ok(address)) = self.octets.get(at..at + 16).map(<[u8; 16]>::try_from) {
            self.push(name, at, 16, Value::Ip(IpAddr::from(address)));
        }
    }

    pub(super) fn octets(&mut self, name: &'static str, at: usize, length: usize) {
        let octets = self.octets.get(at..at + length).unwrap_or_default();
        if !octets.is_empty() {
            self.push(name, at, length, Value::Octets(octets[..octets.len().min(64)].to_vec()));
        }
    }

    /// Everything from here on, if there is something.
    pub(super) fn rest(&mut self, name: &'static str, at: usize) {
        self.octets(name, at, self.octets.len().saturating_sub(at));
    }

    /// Fields inside a field.
    pub(super) fn group(
        &mut self,
        name: &'static str,
        at: usize,
        length: usize,
        fill: impl FnOnce(&mut List<'_>),
    ) {
        if let Some(octets) = self.octets.get(at..at + length) {
            let mut inner = List::new(octets, self.base + at as u32);
            fill(&mut inner);
            self.push(name, at, length, Value::Group(inner.done()));
        }
    }

    /// Labels the field that was added last; an empty label is none.
    pub(super) fn label(&mut self, label: impl Into<Cow<'static, str>>) {
        let label = label.into();
        if let Some(last) = self.out.last_mut().filter(|_| !label.is_empty()) {
            last.label = Some(label);
        }
    }

    /// The packet that an ICMP error is about, header by header; only octets where it is itself quoted.
    pub(super) fn quoted(&mut self, at: usize, quotes: bool) {
        let Some(octets) = self.octets.get(at..).filter(|o| !o.is_empty()) else { return };
        if !quotes {
            return self.rest("quoted", at);
        }
        let mut walk = Walk::of_frame(octets, octets.len() as u32);
        let mut layers = Vec::new();
        walk.run(&mut layers, walk::by_ip_version(octets));
        let base = self.base + at as u32;
        let mut inside: Vec<Field> = layers
            .iter()
            .map(|layer| {
                let fields = of(layer.protocol, layer.octets(octets), base + layer.offset, false);
                Field::new(layer.protocol.name(), base + layer.offset, layer.length, Value::Group(fields))
            })
            .collect();
        let left = octets.get(walk.at..).unwrap_or_default();
        if !left.is_empty() {
            let value = Value::Octets(left[..left.len().min(64)].to_vec());
            inside.push(Field::new("data", base + walk.at as u32, left.len() as u32, value));
        }
        self.push("quoted", at, octets.len(), Value::Group(inside));
    }
}
