//! What one packet turned out to be.

use std::net::IpAddr;

use super::{Checksums, Fcs, TcpSegment, UdpDatagram};
use crate::packet::{Buffer, Layer, LinkType, MacAddress, Protocol};

/// A packet taken apart. Borrows the frame and the dissector that made it.
#[derive(Debug, Clone, Copy)]
pub struct Dissection<'a> {
    /// Headers from the outside in, then what is left (`data`, `padding`, `trailer`, `fcs`).
    pub layers: &'a [Layer],
    /// What the frame begins with.
    pub link_type: LinkType,
    /// The octets that layers with [`Buffer::Frame`] count in: the captured frame.
    pub frame: &'a [u8],
    /// The octets that layers with [`Buffer::Reassembled`] count in; empty where no fragments were joined.
    pub reassembled: &'a [u8],
    /// Where and why dissection had to stop; the layers before it stay.
    pub stopped: Option<Stopped>,
    /// Source and destination of the outermost link header that has both.
    pub link: Option<(MacAddress, MacAddress)>,
    /// The innermost IP header.
    pub ip: Option<IpHeader>,
    /// The innermost transport header.
    pub transport: Transport<'a>,
    /// What follows the last header that was read.
    pub payload: Payload<'a>,
    /// Verdicts on checksums.
    pub checksums: Checksums,
    /// The frame check sequence; `None` where the link has none.
    pub fcs: Option<Fcs>,
    /// This packet's part in an IP datagram that was sent in fragments.
    pub fragment: Option<FragmentPlace>,
}

impl<'a> Dissection<'a> {
    /// The octets of a layer.
    pub fn octets(&self, layer: &Layer) -> &'a [u8] {
        layer.octets(self.buffer(layer.buffer))
    }

    /// The octets that a layer's offset counts in.
    pub fn buffer(&self, buffer: Buffer) -> &'a [u8] {
        match buffer {
            Buffer::Frame => self.frame,
            Buffer::Reassembled => self.reassembled,
        }
    }

    /// The innermost layer of a protocol.
    pub fn layer(&self, protocol: Protocol) -> Option<&'a Layer> {
        self.layers.iter().rev().find(|l| l.protocol == protocol)
    }
}

/// Where dissection stopped, and why.
#[derive(Debug, Clone, PartialEq, Eq, Copy)]
pub struct Stopped {
    /// The header that could not be read.
    pub layer: Protocol,
    /// What `offset` counts in.
    pub buffer: Buffer,
    /// Where that header begins.
    pub offset: u32,
    /// What is wrong.
    pub reason: StopReason,
    /// The field that made the claim ("data offset", "total length"), or the rule that was broken.
    pub claimed_by: &'static str,
}

/// What is wrong with a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StopReason {
    /// It says (or must have) more octets than are left.
    TooShort {
        /// Octets that the header says it has.
        needed: u32,
        /// Octets that are left.
        left: u32,
    },
    /// A field holds a value that it must not have.
    Invalid {
        /// The value.
        value: u32,
    },
    /// More headers than are told apart.
    TooDeep,
}

impl std::fmt::Display for StopReason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            StopReason::TooShort { needed, left } => {
                let are = if *left == 1 { "is" } else { "are" };
                write!(f, "header says {needed} octets, {left} {are} left")
            }
            StopReason::Invalid { value } => write!(f, "value {value} is not allowed"),
            StopReason::TooDeep => write!(f, "more than {} headers", crate::packet::MAX_LAYERS),
        }
    }
}

/// What later rooms need of an IP header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IpHeader {
    /// Source address.
    pub source: IpAddr,
    /// Destination address.
    pub destination: IpAddr,
    /// Time to live, or hop limit.
    pub ttl: u8,
    /// Protocol or next header number of the payload (behind extension headers).
    pub payload_protocol: u8,
    /// Identification (IPv4, or of an IPv6 fragment header).
    pub identification: Option<u32>,
}

/// The innermost transport header.
#[derive(Debug, Clone, Copy, Default)]
pub enum Transport<'a> {
    /// There is none, or it could not be read.
    #[default]
    None,
    /// TCP.
    Tcp(TcpSegment<'a>),
    /// UDP.
    Udp(UdpDatagram),
}

/// Octets behind the last header that was read.
#[derive(Debug, Clone, Copy, Default)]
pub struct Payload<'a> {
    /// The octets that were captured.
    pub octets: &'a [u8],
    /// What `offset` counts in.
    pub buffer: Buffer,
    /// Where they begin.
    pub offset: u32,
    /// Octets that belong to it but were not captured.
    pub missing: u32,
}

/// A packet's part in a fragmented datagram.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FragmentPlace {
    /// Its identification.
    pub identification: u32,
    /// First octet of the datagram's payload that this fragment carries.
    pub offset: u32,
    /// More fragments follow it.
    pub more: bool,
    /// This packet completed the datagram, which was put together.
    pub completed: bool,
    /// Octets that another fragment had brought already.
    pub overlaps: bool,
}
