//! What is known of a connection: plain data, one field a fact of the `connection` record.

use super::{Figures, TcpState};
use crate::packet::{Endpoint, Note, PerSide, Seq, Side, Timestamp};

/// A connection as it stands, or as it ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Connection {
    /// The capture it was seen in.
    pub capture: u32,
    /// Its number, counting from 0 in the order of first packets.
    pub stream: u64,
    /// Its first packet.
    pub first_packet: u64,
    /// Its last packet so far.
    pub last_packet: u64,
    /// Time of the first packet.
    pub start: Option<Timestamp>,
    /// Time of the last packet so far.
    pub end: Option<Timestamp>,
    /// Both ends' addresses and ports.
    pub endpoints: PerSide<Endpoint>,
    /// Why this end is called the initiator.
    pub roles: RoleBasis,
    /// Packets that each end sent.
    pub packets: PerSide<u64>,
    /// Octets of the stream that each end sent and that were captured, each counted once.
    pub payload_octets: PerSide<u64>,
    /// How it was opened.
    pub handshake: Handshake,
    /// How it was closed.
    pub teardown: Teardown,
    /// State of both ends after the last packet.
    pub states: PerSide<TcpState>,
    /// 1 SYN + 2 SYN-ACK + 4 ACK + 8 data + 16 FIN + 32 RST.
    pub completeness: u8,
    /// How often each note was made, in the order of [`Note::ALL`].
    pub notes: [u32; Note::ALL.len()],
    /// What can be measured of it.
    pub figures: Figures,
    /// Octets that never came, the first few of them (`gaps_total` counts all).
    pub gaps: Vec<Gap>,
    /// How many gaps there are.
    pub gaps_total: u64,
    /// Octets of the gaps, by sender.
    pub missing_octets: PerSide<u64>,
    /// How many gaps were in captured segments, which the capture's snap length cut.
    pub gaps_cut: u64,
    /// Octets of those gaps, by sender; the others were not captured at all.
    pub cut_octets: PerSide<u64>,
    /// Octets that each end sent behind a gap and that the other, which was heard, never acknowledged: captured, but
    /// not known to be part of the stream, and not counted in `payload_octets`.
    pub octets_beyond_gap: PerSide<u64>,
    /// Overlapping segments that brought different octets.
    pub conflicting_overlaps: u64,
    /// Packets that were captured twice.
    pub captured_twice: u64,
    /// The table was full and this connection the least recently active one: what came later is missing.
    pub evicted: bool,
}

impl Connection {
    /// A connection between two ends of which nothing more is known.
    pub fn between(capture: u32, endpoints: PerSide<Endpoint>, roles: RoleBasis) -> Self {
        Self {
            capture,
            stream: 0,
            first_packet: 0,
            last_packet: 0,
            start: None,
            end: None,
            endpoints,
            roles,
            packets: PerSide::default(),
            payload_octets: PerSide::default(),
            handshake: Handshake::default(),
            teardown: Teardown::default(),
            states: PerSide::default(),
            completeness: 0,
            notes: [0; Note::ALL.len()],
            figures: Figures::default(),
            gaps: Vec::new(),
            gaps_total: 0,
            missing_octets: PerSide::default(),
            gaps_cut: 0,
            cut_octets: PerSide::default(),
            octets_beyond_gap: PerSide::default(),
            conflicting_overlaps: 0,
            captured_twice: 0,
            evicted: false,
        }
    }
}

/// Why an end is called the initiator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RoleBasis {
    /// Its SYN, or the SYN-ACK that answers it, was captured.
    Observed,
    /// The capture began later: the ports suggest it.
    Inferred,
}

/// How a connection was opened.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Handshake {
    /// Which shape.
    pub kind: HandshakeKind,
    /// Packets with the initiator's SYN (the first few attempts; `syn_attempts` counts all).
    pub syn: Vec<u64>,
    /// Packets with the responder's SYN (the first few).
    pub syn_ack: Vec<u64>,
    /// The packet whose ACK completed it.
    pub ack: Option<u64>,
    /// SYNs sent with this ISN.
    pub syn_attempts: u32,
    /// Nanoseconds: `responder` from the SYN to the SYN-ACK, `initiator` from the SYN-ACK to the ACK.
    pub rtt_ns: PerSide<Option<i64>>,
    /// Initial sequence numbers.
    pub isn: PerSide<Option<Seq>>,
    /// What each end's SYN offered.
    pub offers: PerSide<Option<Offer>>,
}

/// The options on a SYN.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Offer {
    /// Maximum segment size in octets.
    pub mss: Option<u16>,
    /// Shift count.
    pub window_scale: Option<u8>,
    /// Selective acknowledgements understood.
    pub sack_permitted: bool,
    /// Timestamps sent.
    pub timestamps: bool,
    /// The window on the SYN, never scaled.
    pub window: u16,
}

/// The shapes of opening.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum HandshakeKind {
    /// SYN, SYN-ACK, ACK.
    ThreeWay,
    /// Both ends sent a SYN (RFC 9293 section 3.5, figure 7).
    SimultaneousOpen,
    /// Data on the SYN was accepted (RFC 7413).
    FastOpen,
    /// RST to the SYN.
    Refused,
    /// SYN, and nothing back.
    Unanswered,
    /// SYN and SYN-ACK, and no ACK.
    HalfOpen,
    /// The capture began later.
    #[default]
    NotSeen,
}

impl HandshakeKind {
    /// The name in records.
    pub const fn name(self) -> &'static str {
        match self {
            HandshakeKind::ThreeWay => "three_way",
            HandshakeKind::SimultaneousOpen => "simultaneous_open",
            HandshakeKind::FastOpen => "fast_open",
            HandshakeKind::Refused => "refused",
            HandshakeKind::Unanswered => "unanswered",
            HandshakeKind::HalfOpen => "half_open",
            HandshakeKind::NotSeen => "not_seen",
        }
    }
}

/// How a connection was closed.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Teardown {
    /// Which shape.
    pub kind: TeardownKind,
    /// The packets of it: FINs, their ACKs, RST (the first few).
    pub packets: Vec<u64>,
    /// The end that closed first.
    pub first: Option<Side>,
}

/// The shapes of closing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum TeardownKind {
    /// FIN, ACK, FIN, ACK.
    FourSegment,
    /// FIN, FIN+ACK, ACK.
    ThreeSegment,
    /// The FINs crossed.
    Simultaneous,
    /// One end closed, the other went on sending, or is still open.
    HalfClosed,
    /// RST.
    Reset,
    /// Nobody had closed when the capture ended.
    Open,
    /// Only the end of a closing was captured, or the capture says nothing.
    #[default]
    NotSeen,
}

impl TeardownKind {
    /// The name in records.
    pub const fn name(self) -> &'static str {
        match self {
            TeardownKind::FourSegment => "four_segment",
            TeardownKind::ThreeSegment => "three_segment",
            TeardownKind::Simultaneous => "simultaneous",
            TeardownKind::HalfClosed => "half_closed",
            TeardownKind::Reset => "reset",
            TeardownKind::Open => "open",
            TeardownKind::NotSeen => "not_seen",
        }
    }
}

/// Octets that were sent (the peer acknowledged them, or later ones came) but not captured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gap {
    /// Who sent them.
    pub from: Side,
    /// First octet, counted from the beginning of the stream.
    pub offset: u64,
    /// How many.
    pub length: u64,
    /// The packet that showed that they are missing.
    pub packet: u64,
}
