//! `connection`: one a TCP connection.

use std::collections::BTreeMap;
use std::num::NonZeroU64;

use schemars::JsonSchema;
use serde::Serialize;

use super::{EndpointRecord, KnownSides, Sides};
use crate::flow::{Connection, Figures, Gap, Handshake, Offer, RoleBasis, Teardown};
use crate::packet::{Note, PerSide, Protocol, Side};
use crate::report::utc::utc;

/// The shape of a `connection` record.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "connection")]
pub(in crate::report) struct ConnectionRecord {
    schema: u8,
    record: &'static str,
    capture: u32,
    stream: u64,
    first_packet: u64,
    last_packet: u64,
    start: Option<String>,
    end: Option<String>,
    initiator: EndpointRecord,
    responder: EndpointRecord,
    /// `observed` or `inferred`.
    roles: &'static str,
    packets: Sides<u64>,
    /// Octets of the stream that were captured, each counted once.
    payload_bytes: Sides<u64>,
    /// Octets of the stream that were sent and not captured: lost by the capture, or cut off by its snap length.
    /// Left out where there are none, as are all counts of what few connections have.
    #[serde(skip_serializing_if = "Option::is_none")]
    missing_bytes: Option<Sides<u64>>,
    /// Those of `missing_bytes` that the capture's snap length cut off; the others were not captured at all.
    #[serde(skip_serializing_if = "Option::is_none")]
    cut_bytes: Option<Sides<u64>>,
    /// Octets captured behind a gap that the other end, which was heard, never acknowledged; not in `payload_bytes`.
    #[serde(skip_serializing_if = "Option::is_none")]
    beyond_gap_bytes: Option<Sides<u64>>,
    handshake: HandshakeRecord,
    teardown: TeardownRecord,
    /// Names of RFC 9293 section 3.3.2, after the last packet.
    states: Sides<&'static str>,
    /// 1 SYN + 2 SYN-ACK + 4 ACK + 8 data + 16 FIN + 32 RST.
    completeness: u8,
    notes: BTreeMap<&'static str, u32>,
    application: Option<&'static str>,
    /// Left out where no octets were sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    figures: Option<FiguresRecord>,
    gaps: Vec<GapRecord>,
    #[serde(skip_serializing_if = "Option::is_none")]
    gaps_total: Option<NonZeroU64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    conflicting_overlaps: Option<NonZeroU64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    captured_twice: Option<NonZeroU64>,
    /// The table was full: what came later is missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    evicted: Option<bool>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct HandshakeRecord {
    kind: &'static str,
    syn: Vec<u64>,
    syn_ack: Vec<u64>,
    ack: Option<u64>,
    syn_attempts: u32,
    /// Nanoseconds each end took to answer.
    rtt_ns: KnownSides<i64>,
    initiator_isn: Option<u32>,
    responder_isn: Option<u32>,
    options: OptionsRecord,
}

#[derive(Debug, Serialize, JsonSchema)]
struct OptionsRecord {
    /// Octets.
    mss: KnownSides<u16>,
    /// Shift counts.
    window_scale: KnownSides<u8>,
    sack_permitted: KnownSides<bool>,
    timestamps: KnownSides<bool>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct TeardownRecord {
    kind: &'static str,
    packets: Vec<u64>,
    first: Option<&'static str>,
}

/// What was measured where the capture was made; of the octets that each end sent, except `idle_*`.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::report) struct FiguresRecord {
    /// Nanoseconds that the other end took to acknowledge, smoothed (SRTT of RFC 6298).
    smoothed_rtt_ns: KnownSides<i64>,
    /// Nanoseconds (RTTVAR of RFC 6298).
    rtt_variation_ns: KnownSides<i64>,
    rtt_samples: Sides<u32>,
    /// Octets sent and not acknowledged, at most.
    bytes_in_flight_max: Sides<u32>,
    /// Octets in flight in percent of the window that was open then, at most.
    window_use_max_percent: KnownSides<u32>,
    /// Bits a second, from the first octet to the last.
    throughput_bits_per_second: KnownSides<u64>,
    /// Octets of the largest segment; more than the MSS where the network card splits or joins segments.
    largest_segment_bytes: Sides<u32>,
    data_segments: Sides<u64>,
    data_segments_sent_again: Sides<u64>,
    /// Nanoseconds of the longest silence of both ends.
    idle_max_ns: Option<i64>,
    /// The packet that ended it.
    idle_until_packet: Option<u64>,
}

impl FiguresRecord {
    fn new(figures: &Figures) -> Option<Self> {
        let ends = &figures.ends;
        if ends.initiator.data_segments + ends.responder.data_segments == 0 {
            return None;
        }
        Some(Self {
            smoothed_rtt_ns: KnownSides::map(ends, |end| end.smoothed_rtt_ns),
            rtt_variation_ns: KnownSides::map(ends, |end| end.rtt_variation_ns),
            rtt_samples: Sides::map(ends, |end| end.rtt_samples),
            bytes_in_flight_max: Sides::map(ends, |end| end.in_flight_max),
            window_use_max_percent: KnownSides::map(ends, |end| end.window_use_percent),
            throughput_bits_per_second: KnownSides::map(ends, |end| end.bits_per_second),
            largest_segment_bytes: Sides::map(ends, |end| end.largest_segment),
            data_segments: Sides::map(ends, |end| end.data_segments),
            data_segments_sent_again: Sides::map(ends, |end| end.data_segments_again),
            idle_max_ns: figures.idle_ns,
            idle_until_packet: figures.idle_until,
        })
    }
}

#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::report) struct GapRecord {
    from: &'static str,
    offset: u64,
    length: u64,
    packet: u64,
}

impl ConnectionRecord {
    pub(in crate::report) fn new(connection: &Connection, application: Option<Protocol>) -> Self {
        Self {
            schema: 1,
            record: "connection",
            capture: connection.capture,
            stream: connection.stream,
            first_packet: connection.first_packet,
            last_packet: connection.last_packet,
            start: connection.start.map(utc),
            end: connection.end.map(utc),
            initiator: connection.endpoints.initiator.into(),
            responder: connection.endpoints.responder.into(),
            roles: match connection.roles {
                RoleBasis::Observed => "observed",
                RoleBasis::Inferred => "inferred",
            },
            packets: Sides::map(&connection.packets, |&count| count),
            payload_bytes: Sides::map(&connection.payload_octets, |&octets| octets),
            missing_bytes: some(&connection.missing_octets),
            cut_bytes: some(&connection.cut_octets),
            beyond_gap_bytes: some(&connection.octets_beyond_gap),
            handshake: (&connection.handshake).into(),
            teardown: (&connection.teardown).into(),
            states: Sides::map(&connection.states, |state| state.name()),
            completeness: connection.completeness,
            notes: Self::notes(connection),
            application: application.map(Protocol::name),
            figures: Self::figures(connection),
            gaps: Self::gaps(connection),
            gaps_total: NonZeroU64::new(connection.gaps_total),
            conflicting_overlaps: NonZeroU64::new(connection.conflicting_overlaps),
            captured_twice: NonZeroU64::new(connection.captured_twice),
            evicted: connection.evicted.then_some(true),
        }
    }

    /// The notes that were made, by name.
    pub(in crate::report) fn notes(connection: &Connection) -> BTreeMap<&'static str, u32> {
        let counts = Note::ALL.iter().zip(connection.notes);
        counts.filter(|(_, count)| *count > 0).map(|(note, count)| (note.name(), count)).collect()
    }

    /// The figures; none where no octets were sent.
    pub(in crate::report) fn figures(connection: &Connection) -> Option<FiguresRecord> {
        FiguresRecord::new(&connection.figures)
    }

    /// The first few gaps.
    pub(in crate::report) fn gaps(connection: &Connection) -> Vec<GapRecord> {
        let record = |gap: &Gap| GapRecord {
            from: gap.from.name(),
            offset: gap.offset,
            length: gap.length,
            packet: gap.packet,
        };
        connection.gaps.iter().map(record).collect()
    }
}

fn some(octets: &PerSide<u64>) -> Option<Sides<u64>> {
    (*octets != PerSide::default()).then(|| Sides::map(octets, |&octets| octets))
}

impl From<&Handshake> for HandshakeRecord {
    fn from(handshake: &Handshake) -> Self {
        fn offered<T>(handshake: &Handshake, get: impl Fn(&Offer) -> Option<T>) -> KnownSides<T> {
            KnownSides::map(&handshake.offers, |offer| offer.as_ref().and_then(&get))
        }
        Self {
            kind: handshake.kind.name(),
            syn: handshake.syn.clone(),
            syn_ack: handshake.syn_ack.clone(),
            ack: handshake.ack,
            syn_attempts: handshake.syn_attempts,
            rtt_ns: KnownSides::map(&handshake.rtt_ns, |&nanos| nanos),
            initiator_isn: handshake.isn.initiator.map(|isn| isn.0),
            responder_isn: handshake.isn.responder.map(|isn| isn.0),
            options: OptionsRecord {
                mss: offered(handshake, |offer| offer.mss),
                window_scale: offered(handshake, |offer| offer.window_scale),
                sack_permitted: offered(handshake, |offer| Some(offer.sack_permitted)),
                timestamps: offered(handshake, |offer| Some(offer.timestamps)),
            },
        }
    }
}

impl From<&Teardown> for TeardownRecord {
    fn from(teardown: &Teardown) -> Self {
        Self {
            kind: teardown.kind.name(),
            packets: teardown.packets.clone(),
            first: teardown.first.map(Side::name),
        }
    }
}
