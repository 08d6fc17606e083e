//! Where the walk through a packet stands, and the loop that goes from header to header.

use std::net::IpAddr;

use super::{Checksums, FragmentPlace, IpHeader, StopReason, Stopped, Transport, registry};
use crate::packet::{Buffer, Layer, LinkType, MAX_LAYERS, MacAddress, Protocol};

/// What stands behind a header, in the numbers of the space that the header names it in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// A header of this protocol.
    Protocol(Protocol),
    /// What an EtherType says.
    EtherType(u16),
    /// What an IP protocol number says.
    IpProtocol(u8),
    /// What an LLC service access point says.
    Sap(u8),
    /// What a PPP protocol number says.
    Ppp(u16),
    /// What the ports of a UDP datagram say: source, destination.
    UdpPorts(u16, u16),
    /// A piece of an IP payload: more such pieces follow it or came before.
    Fragment(Piece),
    /// Octets that no header explains, or nothing.
    Payload,
}

/// A fragment of an IP payload, as its header describes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Piece {
    /// Identification of the datagram.
    pub(super) identification: u32,
    /// First octet of the datagram's payload that it carries.
    pub(super) offset: u32,
    /// More fragments follow.
    pub(super) more: bool,
    /// IP protocol number of the payload.
    pub(super) protocol: u8,
}

/// A header that was read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Header {
    /// Its length in octets; never more than were captured.
    pub(super) length: usize,
    /// What stands behind it.
    pub(super) next: Next,
    /// Why nothing behind it can be trusted, if so.
    pub(super) flaw: Option<Flaw>,
}

impl Header {
    pub(super) const fn new(length: usize, next: Next) -> Self {
        Self { length, next, flaw: None }
    }

    /// A header that can be read itself but says something impossible about what follows it.
    pub(super) const fn flawed(length: usize, flaw: Flaw) -> Self {
        Self { length, next: Next::Payload, flaw: Some(flaw) }
    }
}

/// What is wrong with a header, and which field or rule says so.
#[derive(Debug, Clone, Copy)]
pub(super) struct Flaw {
    reason: StopReason,
    claimed_by: &'static str,
}

impl Flaw {
    pub(super) fn too_short(needed: usize, left: usize, claimed_by: &'static str) -> Self {
        Self { reason: StopReason::TooShort { needed: needed as u32, left: left as u32 }, claimed_by }
    }

    pub(super) const fn invalid(value: u32, claimed_by: &'static str) -> Self {
        Self { reason: StopReason::Invalid { value }, claimed_by }
    }
}

/// Reads the header that the walk stands before.
pub(super) type Parse = for<'a, 'b> fn(&'b mut Walk<'a>) -> Result<Header, Flaw>;

/// The walk through one buffer, and what it has found so far.
pub(super) struct Walk<'a> {
    /// The whole buffer.
    pub(super) octets: &'a [u8],
    /// Which buffer it is.
    pub(super) buffer: Buffer,
    /// Where the next header begins.
    pub(super) at: usize,
    /// Where the captured octets of the innermost packet end.
    pub(super) end: usize,
    /// Where that packet ends by its headers, captured or not.
    pub(super) claimed_end: usize,
    /// Where the outermost length in a header says that the frame's content ends.
    pub(super) content_end: Option<usize>,
    /// What the headers said.
    pub(super) found: Found<'a>,
}

/// What the headers of a packet said.
#[derive(Default)]
pub(super) struct Found<'a> {
    pub(super) link: Option<(MacAddress, MacAddress)>,
    pub(super) ip: Option<IpHeader>,
    /// Source and destination that transport checksums cover, where a routing header names another.
    pub(super) pseudo: Option<(IpAddr, IpAddr)>,
    pub(super) transport: Transport<'a>,
    pub(super) checksums: Checksums,
    pub(super) stopped: Option<Stopped>,
    pub(super) fragment: Option<FragmentPlace>,
    /// Nobody wants to know of transport checksums, which cover the payload.
    pub(super) skips_checksums: bool,
    /// The capture says that the capturing host sent it.
    pub(super) outgoing: bool,
    /// The frame's length is that of IEEE 802.3.
    pub(super) length_field: bool,
    /// VLAN tags of the outermost frame.
    pub(super) tagged: bool,
}

impl<'a> Walk<'a> {
    /// At the beginning of a captured frame that was `original_length` octets long.
    pub(super) fn of_frame(octets: &'a [u8], original_length: u32) -> Self {
        Self {
            octets,
            buffer: Buffer::Frame,
            at: 0,
            end: octets.len(),
            claimed_end: octets.len().max(original_length as usize),
            content_end: None,
            found: Found::default(),
        }
    }

    /// At the beginning of a payload that was put together, going on with what was found before.
    pub(super) fn of_reassembled(octets: &'a [u8], found: Found<'a>) -> Self {
        Self {
            octets,
            buffer: Buffer::Reassembled,
            at: 0,
            end: octets.len(),
            claimed_end: octets.len(),
            content_end: None,
            found,
        }
    }

    /// The captured octets that are left of the innermost packet.
    pub(super) fn rest(&self) -> &'a [u8] {
        self.octets.get(self.at..self.end).unwrap_or_default()
    }

    /// The first `N` of them.
    pub(super) fn header<const N: usize>(&self) -> Result<&'a [u8; N], Flaw> {
        let rest = self.rest();
        rest.first_chunk().ok_or_else(|| Flaw::too_short(N, rest.len(), "minimum length"))
    }

    /// The first `length` of them, as a field of the header claims.
    pub(super) fn claimed(&self, length: usize, claimed_by: &'static str) -> Result<&'a [u8], Flaw> {
        let rest = self.rest();
        rest.get(..length).ok_or_else(|| Flaw::too_short(length, rest.len(), claimed_by))
    }

    /// Octets that are left of the innermost packet, captured or not.
    pub(super) fn claimed_left(&self) -> usize {
        self.claimed_end.saturating_sub(self.at)
    }

    /// All octets of the innermost packet were captured.
    pub(super) fn is_whole(&self) -> bool {
        self.end >= self.claimed_end
    }

    /// A header says that its packet, itself included, is `length` octets long. What holds it stays the
    /// upper bound.
    pub(super) fn limit(&mut self, length: usize) {
        let claimed = self.at.saturating_add(length).min(self.claimed_end);
        if self.buffer == Buffer::Frame && self.content_end.is_none() {
            self.content_end = Some(claimed);
        }
        self.claimed_end = claimed;
        self.end = self.end.min(claimed);
    }

    /// Source and destination for a transport's pseudo header.
    pub(super) fn pseudo(&self) -> Option<(IpAddr, IpAddr)> {
        self.found.pseudo.or(self.found.ip.map(|ip| (ip.source, ip.destination)))
    }

    /// Goes from header to header until something follows that is no header known here.
    pub(super) fn run(&mut self, layers: &mut Vec<Layer>, mut next: Next) -> Next {
        loop {
            let Some(protocol) = registry::protocol(next, self.rest()) else { return next };
            if self.at >= self.end && self.is_whole() && registry::may_be_missing(next) {
                return Next::Payload;
            }
            if layers.len() >= MAX_LAYERS {
                self.stop(protocol, Flaw { reason: StopReason::TooDeep, claimed_by: "bound on headers" });
                return Next::Payload;
            }
            let header = match registry::parser(protocol) {
                None => Header::new(self.end.saturating_sub(self.at), Next::Payload),
                Some(parse) => match parse(self) {
                    Ok(header) => header,
                    Err(flaw) => {
                        self.stop(protocol, flaw);
                        return Next::Payload;
                    }
                },
            };
            if header.length > 0 {
                layers.push(self.layer(protocol, self.at, header.length));
            }
            if let Some(flaw) = header.flaw {
                self.stop(protocol, flaw);
            }
            if registry::parser(protocol).is_none() {
                return Next::Protocol(protocol);
            }
            self.at += header.length;
            if header.flaw.is_some() {
                return Next::Payload;
            }
            next = header.next;
        }
    }

    /// A layer of this buffer.
    pub(super) const fn layer(&self, protocol: Protocol, offset: usize, length: usize) -> Layer {
        Layer { protocol, buffer: self.buffer, offset: offset as u32, length: length as u32 }
    }

    fn stop(&mut self, layer: Protocol, flaw: Flaw) {
        self.found.stopped = Some(Stopped {
            layer,
            buffer: self.buffer,
            offset: self.at as u32,
            reason: flaw.reason,
            claimed_by: flaw.claimed_by,
        });
    }
}

/// What a frame of this link type begins with.
pub(super) fn first(link_type: LinkType, octets: &[u8]) -> Next {
    match link_type {
        LinkType::RAW | LinkType(12 | 14) => by_ip_version(octets),
        LinkType::IPV4 => Next::Protocol(Protocol::Ipv4),
        LinkType::IPV6 => Next::Protocol(Protocol::Ipv6),
        other => registry::link(other).map_or(Next::Payload, Next::Protocol),
    }
}

/// IPv4 or IPv6, by the version in the first four bits.
pub(super) fn by_ip_version(octets: &[u8]) -> Next {
    match octets.first().map(|o| o >> 4) {
        Some(4) => Next::Protocol(Protocol::Ipv4),
        Some(6) => Next::Protocol(Protocol::Ipv6),
        _ => Next::Payload,
    }
}

/// A big-endian number of two octets; 0 where they are not there.
pub(super) fn be16(octets: &[u8], at: usize) -> u16 {
    match octets.get(at..at + 2) {
        Some(&[a, b]) => u16::from_be_bytes([a, b]),
        _ => 0,
    }
}

/// A big-endian number of four octets; 0 where they are not there.
pub(super) fn be32(octets: &[u8], at: usize) -> u32 {
    match octets.get(at..at + 4) {
        Some(&[a, b, c, d]) => u32::from_be_bytes([a, b, c, d]),
        _ => 0,
    }
}
