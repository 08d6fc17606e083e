//! The TCP header (RFC 9293 section 3.1) and its options.

use super::super::fields::List;
use super::super::walk::{Flaw, Header, Next, Walk, be16, be32};
use super::super::{Transport, checksum};
use crate::packet::Seq;

/// Octets of a header without options.
const MINIMUM: usize = 20;
/// IP protocol number.
const NUMBER: u8 = 6;

/// The control bits of a TCP header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct TcpFlags(pub u16);

impl TcpFlags {
    /// No more data from the sender.
    pub const FIN: u16 = 0x01;
    /// Synchronize sequence numbers.
    pub const SYN: u16 = 0x02;
    /// Reset the connection.
    pub const RST: u16 = 0x04;
    /// Push.
    pub const PSH: u16 = 0x08;
    /// The acknowledgement number counts.
    pub const ACK: u16 = 0x10;
    /// The urgent pointer counts.
    pub const URG: u16 = 0x20;
    /// ECN echo (RFC 3168).
    pub const ECE: u16 = 0x40;
    /// Congestion window reduced (RFC 3168).
    pub const CWR: u16 = 0x80;
    /// Accurate ECN (RFC 9768); once the nonce sum.
    pub const AE: u16 = 0x100;

    /// All of these bits are set.
    pub const fn has(self, bits: u16) -> bool {
        self.0 & bits == bits
    }

    /// At least one of these bits is set.
    pub const fn any(self, bits: u16) -> bool {
        self.0 & bits != 0
    }
}

/// Reads the header; the segment ends where the IP packet does. Where the capture's snap length cut the options off, what
/// was captured is read.
pub(crate) fn parse(walk: &mut Walk<'_>) -> Result<Header, Flaw> {
    let data_offset = walk.header::<MINIMUM>()?[12] >> 4;
    let length = usize::from(data_offset) * 4;
    if length < MINIMUM {
        return Err(Flaw::invalid(u32::from(data_offset), "data offset"));
    }
    let segment_length = walk.claimed_left();
    let captured = walk.rest();
    if segment_length < length {
        return Err(Flaw::too_short(length, captured.len(), "data offset"));
    }
    let octets = captured.get(..length).unwrap_or(captured);
    if !walk.found.skips_checksums {
        walk.found.checksums.tcp = Some(checksum::with_pseudo_header(walk, NUMBER, segment_length));
    }
    walk.found.transport = Transport::Tcp(TcpSegment {
        source_port: be16(octets, 0),
        destination_port: be16(octets, 2),
        seq: Seq(be32(octets, 4)),
        ack: Seq(be32(octets, 8)),
        flags: TcpFlags(be16(octets, 12) & 0x1ff),
        window: be16(octets, 14),
        urgent: be16(octets, 18),
        options: TcpOptions(octets.get(MINIMUM..).unwrap_or_default()),
        options_cut: octets.len() < length,
        payload: captured.get(length..).unwrap_or_default(),
        payload_length: (segment_length - length) as u32,
    });
    if octets.len() < length {
        let flaw = Flaw::too_short(length, octets.len(), "data offset");
        return Ok(Header::flawed(octets.len(), flaw));
    }
    Ok(Header::new(length, Next::Payload))
}

/// A TCP segment as it stands in one packet.
#[derive(Debug, Clone, Copy)]
pub struct TcpSegment<'a> {
    /// Source port.
    pub source_port: u16,
    /// Destination port.
    pub destination_port: u16,
    /// Sequence number of the first octet (or of the SYN).
    pub seq: Seq,
    /// Acknowledgement number; counts only with ACK.
    pub ack: Seq,
    /// Control bits.
    pub flags: TcpFlags,
    /// Window, not scaled.
    pub window: u16,
    /// Urgent pointer; counts only with URG.
    pub urgent: u16,
    /// The options, as octets.
    pub options: TcpOptions<'a>,
    /// The capture's snap length cut some of them off.
    pub options_cut: bool,
    /// Payload octets that were captured.
    pub payload: &'a [u8],
    /// Payload octets that were sent, captured or not.
    pub payload_length: u32,
}

impl TcpSegment<'_> {
    /// Sequence numbers used: payload, and one each for SYN and FIN (RFC 9293 section 3.4).
    pub const fn sequence_length(&self) -> u32 {
        self.payload_length + self.flags.has(TcpFlags::SYN) as u32 + self.flags.has(TcpFlags::FIN) as u32
    }
}

/// The options of a TCP header, read on demand.
#[derive(Debug, Clone, Copy, Default)]
pub struct TcpOptions<'a>(pub &'a [u8]);

impl TcpOptions<'_> {
    /// Maximum segment size in octets (RFC 9293 section 3.7.1).
    pub fn mss(&self) -> Option<u16> {
        self.find(2, 4).map(|o| u16::from_be_bytes([o[2], o[3]]))
    }

    /// Window scale: the shift count (RFC 7323 section 2).
    pub fn window_scale(&self) -> Option<u8> {
        self.find(3, 3).map(|o| o[2])
    }

    /// SACK permitted (RFC 2018 section 2).
    pub fn sack_permitted(&self) -> bool {
        self.find(4, 2).is_some()
    }

    /// Timestamps: value and echo reply (RFC 7323 section 3).
    pub fn timestamps(&self) -> Option<(u32, u32)> {
        self.find(8, 10).map(|o| {
            (u32::from_be_bytes([o[2], o[3], o[4], o[5]]), u32::from_be_bytes([o[6], o[7], o[8], o[9]]))
        })
    }

    /// SACK blocks: first octet and the one after the last, of each (RFC 2018 section 3).
    pub fn sack_blocks(&self) -> impl Iterator<Item = (Seq, Seq)> {
        let blocks = self.iter().find(|o| o[0] == 5).map_or(&[][..], |o| &o[2..]);
        blocks.chunks_exact(8).map(|b| {
            (
                Seq(u32::from_be_bytes([b[0], b[1], b[2], b[3]])),
                Seq(u32::from_be_bytes([b[4], b[5], b[6], b[7]])),
            )
        })
    }

    /// Each option, kind and length octets included; ends at the first that is cut or says a length below 2.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        let mut rest = self.0;
        std::iter::from_fn(move || {
            let length = match *rest.first()? {
                0 => return None,
                1 => 1,
                _ => usize::from(*rest.get(1)?).max(2),
            };
            let option = rest.get(..length)?;
            rest = &rest[length..];
            Some(option)
        })
    }

    fn find(&self, kind: u8, length: usize) -> Option<&[u8]> {
        self.iter().find(|o| o[0] == kind && o.len() == length)
    }
}

pub(crate) fn fields(list: &mut List<'_>) {
    list.number("source_port", 0, 2);
    list.number("destination_port", 2, 2);
    list.number("sequence_number", 4, 4);
    list.number("acknowledgement_number", 8, 4);
    list.bits("data_offset", 12, 1, 4, 15);
    list.label(format!("{} octets", u16::from(list.octet(12) >> 4) * 4));
    list.flags(12, &[("ae", 0x01)]);
    list.flags(
        13,
        &[
            ("cwr", 0x80),
            ("ece", 0x40),
            ("urg", 0x20),
            ("ack", 0x10),
            ("psh", 0x08),
            ("rst", 0x04),
            ("syn", 0x02),
            ("fin", 0x01),
        ],
    );
    list.number("window", 14, 2);
    list.hex("checksum", 16, 2);
    list.number("urgent_pointer", 18, 2);
    let mut at = MINIMUM;
    while at < list.octets.len() {
        let kind = list.octet(at);
        let length = if kind < 2 { 1 } else { usize::from(list.octet(at + 1)).max(2) };
        list.group("option", at, length, option_fields);
        at += length;
    }
}

fn option_fields(option: &mut List<'_>) {
    let kind = option.number("option_kind", 0, 1);
    option.label(match kind {
        0 => "end of option list",
        1 => "no operation",
        2 => "maximum segment size",
        3 => "window scale",
        4 => "SACK permitted",
        5 => "SACK",
        8 => "timestamps",
        19 => "MD5 signature",
        28 => "user timeout",
        29 => "TCP authentication option",
        30 => "multipath TCP",
        34 => "fast open cookie",
        _ => "",
    });
    option.number("option_length", 1, 1);
    match (kind, option.octets.len()) {
        (2, 4) => drop(option.number("maximum_segment_size", 2, 2)),
        (3, 3) => drop(option.number("shift_count", 2, 1)),
        (5, length) => {
            for at in (2..length).step_by(8) {
                option.number("left_edge", at, 4);
                option.number("right_edge", at + 4, 4);
            }
        }
        (8, 10) => {
            option.number("timestamp_value", 2, 4);
            option.number("timestamp_echo_reply", 6, 4);
        }
        _ => option.rest("option_data", 2),
    }
}
