//! What is in the blocks of a pcapng (draft-ietf-opsawg-pcapng): interfaces, packets and their options.

use pcap_parser::{PcapNGOption, parse_option_be, parse_option_le};

use super::Interface;
use crate::packet::{DeclaredFcs, LinkType, Timestamp};

/// Block types that are read (section 4 and, for the obsolete packet block, appendix A).
pub(super) const INTERFACE: u32 = pcap_parser::IDB_MAGIC;
pub(super) const OBSOLETE_PACKET: u32 = 2;
pub(super) const SECRETS: u32 = pcap_parser::DSB_MAGIC;
/// The kind of secrets that is the key log of TLS.
pub(super) const TLS_KEY_LOG: u32 = 0x544c_534b;
pub(super) const SIMPLE_PACKET: u32 = pcap_parser::SPB_MAGIC;
pub(super) const ENHANCED_PACKET: u32 = pcap_parser::EPB_MAGIC;
pub(super) const SECTION: u32 = pcap_parser::SHB_MAGIC;

/// Bits of [`EPB_FLAGS`] that hold the direction, and what they hold for a packet that the host sent.
pub(super) const DIRECTION: u32 = 3;
pub(super) const OUTBOUND: u32 = 2;

/// Options (section 3.5, 4.2 and 4.3).
pub(super) const END_OF_OPTIONS: u16 = 0;
pub(super) const COMMENT: u16 = 1;
pub(super) const EPB_FLAGS: u16 = 2;
pub(super) const IF_NAME: u16 = 2;
pub(super) const IF_DESCRIPTION: u16 = 3;
pub(super) const IF_TSRESOL: u16 = 9;
pub(super) const IF_FCSLEN: u16 = 13;
pub(super) const IF_TSOFFSET: u16 = 14;

/// The byte order of a section.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    Big,
    Little,
}

impl Order {
    /// From the byte-order magic of a section header.
    pub(super) fn of(magic: &[u8]) -> Option<Self> {
        match magic {
            [0x1a, 0x2b, 0x3c, 0x4d] => Some(Order::Big),
            [0x4d, 0x3c, 0x2b, 0x1a] => Some(Order::Little),
            _ => None,
        }
    }

    pub(super) fn u16(self, octets: &[u8], at: usize) -> Option<u16> {
        let octets = *octets.get(at..)?.first_chunk()?;
        Some(if self == Order::Big { u16::from_be_bytes(octets) } else { u16::from_le_bytes(octets) })
    }

    pub(super) fn u32(self, octets: &[u8], at: usize) -> Option<u32> {
        let octets = *octets.get(at..)?.first_chunk()?;
        Some(if self == Order::Big { u32::from_be_bytes(octets) } else { u32::from_le_bytes(octets) })
    }

    fn i64(self, octets: &[u8]) -> Option<i64> {
        let octets = *octets.first_chunk()?;
        Some(if self == Order::Big { i64::from_be_bytes(octets) } else { i64::from_le_bytes(octets) })
    }

    /// Each option's code and value; ends at the end of options and at the first that is cut.
    pub(super) fn options(self, mut octets: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
        type Failure<'a> = pcap_parser::PcapError<&'a [u8]>;
        std::iter::from_fn(move || {
            let parsed: Result<(&[u8], PcapNGOption<'_>), _> = match self {
                Order::Big => parse_option_be::<Failure<'_>>(octets),
                Order::Little => parse_option_le::<Failure<'_>>(octets),
            };
            let (rest, option) = parsed.ok()?;
            let value = octets.get(4..4 + usize::from(option.len))?;
            octets = rest;
            (option.code.0 != END_OF_OPTIONS).then_some((option.code.0, value))
        })
    }
}

/// How time stamps of an interface are to be read (if_tsresol, if_tsoffset).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Clock {
    ticks_per_second: u128,
    offset_seconds: i64,
}

impl Clock {
    /// `resolution` as in if_tsresol: a power of ten, or of two where its high bit is set.
    fn new(resolution: u8, offset_seconds: i64) -> Self {
        let exponent = u32::from(resolution & 0x7f);
        let ticks_per_second =
            if resolution & 0x80 == 0 { 10u128.checked_pow(exponent) } else { 1u128.checked_shl(exponent) };
        Self { ticks_per_second: ticks_per_second.unwrap_or(u128::MAX), offset_seconds }
    }

    pub(super) fn time(&self, ticks: u64) -> Timestamp {
        const NANOS: u64 = 1_000_000_000;
        let (seconds, nanos) = match u64::try_from(self.ticks_per_second) {
            // Below 2^34 ticks a second, the product stays below 2^64.
            Ok(rate) if rate < 1 << 34 => (ticks / rate, ticks % rate * NANOS / rate),
            _ => {
                let (ticks, rate) = (u128::from(ticks), self.ticks_per_second);
                let nanos = (ticks % rate).saturating_mul(u128::from(NANOS)) / rate;
                ((ticks / rate) as u64, nanos as u64)
            }
        };
        let seconds = i64::try_from(seconds).unwrap_or(i64::MAX).saturating_add(self.offset_seconds);
        Timestamp::from_parts(seconds, nanos as u32)
    }
}

/// An interface description block, its body without type and lengths. `None` where it is too short.
pub(super) fn interface(order: Order, body: &[u8]) -> Option<(Interface, Clock)> {
    let mut interface = Interface {
        link_type: LinkType(order.u16(body, 0)?),
        snap_length: order.u32(body, 4)?,
        name: None,
        description: None,
        comments: Vec::new(),
        ticks_per_second: 0,
        fcs: DeclaredFcs::Unknown,
    };
    let (mut resolution, mut offset) = (6, 0);
    for (code, value) in order.options(body.get(8..)?) {
        match (code, value) {
            (COMMENT, _) => interface.comments.push(text(value)),
            (IF_NAME, _) => interface.name = Some(text(value)),
            (IF_DESCRIPTION, _) => interface.description = Some(text(value)),
            (IF_TSRESOL, [value]) => resolution = *value,
            (IF_FCSLEN, [value]) => interface.fcs = fcs_length(*value),
            (IF_TSOFFSET, [_, _, _, _, _, _, _, _]) => offset = order.i64(value)?,
            _ => {}
        }
    }
    let clock = Clock::new(resolution, offset);
    interface.ticks_per_second = u64::try_from(clock.ticks_per_second).unwrap_or(u64::MAX);
    Some((interface, clock))
}

/// Some writers count bits, some octets: 32 and 4 both mean four octets.
const fn fcs_length(value: u8) -> DeclaredFcs {
    match value {
        0 => DeclaredFcs::Absent,
        bits if bits >= 8 && bits % 8 == 0 => DeclaredFcs::Octets(bits / 8),
        octets => DeclaredFcs::Octets(octets),
    }
}

/// Text of an option; what is not UTF-8 is replaced.
pub(super) fn text(value: &[u8]) -> String {
    String::from_utf8_lossy(value).trim_end_matches('\0').to_owned()
}

/// A packet block, as it says itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Packet {
    /// Counted in its section.
    pub(super) interface: u32,
    pub(super) ticks: Option<u64>,
    pub(super) original_length: u32,
    /// Octets captured; `None` where only the interface's snap length tells (simple packet blocks).
    pub(super) captured: Option<u32>,
    /// Where its octets begin in the body.
    pub(super) data: usize,
}

/// Reads the fixed part of a packet block's body. `None` where it is too short.
pub(super) fn packet(order: Order, kind: u32, body: &[u8]) -> Option<Packet> {
    let word = |at| order.u32(body, at);
    if kind == SIMPLE_PACKET {
        let original_length = word(0)?;
        return Some(Packet { interface: 0, ticks: None, original_length, captured: None, data: 4 });
    }
    let interface = if kind == OBSOLETE_PACKET { u32::from(order.u16(body, 0)?) } else { word(0)? };
    let ticks = u64::from(word(4)?) << 32 | u64::from(word(8)?);
    Some(Packet {
        interface,
        ticks: Some(ticks),
        original_length: word(16)?,
        captured: Some(word(12)?),
        data: 20,
    })
}

/// The FCS length in a packet's flags (bits 5 to 8), where it says one (section 4.3.1).
pub(super) fn fcs_of_flags(flags: u32) -> Option<DeclaredFcs> {
    match flags >> 5 & 0xf {
        0 => None,
        octets => Some(DeclaredFcs::Octets(octets as u8)),
    }
}
