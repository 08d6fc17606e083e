//! Statements about TCP, on segments written by hand.

use std::net::{IpAddr, Ipv4Addr};

use proptest::prelude::*;

use super::*;
use crate::dissect::{TcpFlags, TcpOptions, TcpSegment};
use crate::packet::{Note, PerSide, Seq, Side, Timestamp};

const SYN: u16 = TcpFlags::SYN;
const ACK: u16 = TcpFlags::ACK;
const FIN: u16 = TcpFlags::FIN;
const RST: u16 = TcpFlags::RST;

#[derive(Default)]
struct Heard {
    octets: PerSide<Vec<u8>>,
    gaps: Vec<(Side, u64, u64)>,
    ends: Vec<(Side, bool)>,
    closed: Vec<Connection>,
    finished: Vec<Connection>,
}

impl Receiver for Heard {
    fn octets(&mut self, delivery: Delivery, octets: &[u8]) {
        self.octets.of_mut(delivery.from).extend_from_slice(octets);
    }
    fn gap(&mut self, delivery: Delivery, length: u64) {
        self.gaps.push((delivery.from, delivery.offset, length));
    }
    fn end(&mut self, delivery: Delivery, reset: bool) {
        self.ends.push((delivery.from, reset));
    }
    fn closed(&mut self, _: u64, record: impl FnOnce() -> Connection) {
        self.closed.push(record());
    }
    fn finished(&mut self, connection: Connection) {
        self.finished.push(connection);
    }
}

/// A wire between a client (port 50000) and a server (port 25).
struct Wire {
    tracker: Tracker,
    heard: Heard,
    packet: u64,
    time: i64,
    client_port: u16,
}

const CLIENT: bool = true;
const SERVER: bool = false;

impl Wire {
    fn new() -> Self {
        Self::with(Limits::default())
    }

    fn with(limits: Limits) -> Self {
        Self {
            tracker: Tracker::new(limits),
            heard: Heard::default(),
            packet: 0,
            time: 0,
            client_port: 50000,
        }
    }

    /// A segment, 10 ms after the one before.
    fn send(&mut self, client: bool, flags: u16, seq: u32, ack: u32, payload: &[u8]) -> Place {
        self.time += 10_000_000;
        let identification = Some(self.packet as u32 + 1);
        self.send_as(client, flags, seq, ack, payload, 1000, identification)
    }

    #[expect(clippy::too_many_arguments, reason = "a segment has as many fields")]
    fn send_as(
        &mut self,
        client: bool,
        flags: u16,
        seq: u32,
        ack: u32,
        payload: &[u8],
        window: u16,
        identification: Option<u32>,
    ) -> Place {
        self.packet += 1;
        let (a, b) = (IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)), IpAddr::V4(Ipv4Addr::new(192, 0, 2, 2)));
        let (source, destination) = if client { (a, b) } else { (b, a) };
        let ports = if client { (self.client_port, 25) } else { (25, self.client_port) };
        let segment = TcpSegment {
            source_port: ports.0,
            destination_port: ports.1,
            seq: Seq(seq),
            ack: Seq(ack),
            flags: TcpFlags(flags),
            window,
            urgent: 0,
            options: TcpOptions(&[]),
            options_cut: false,
            payload,
            payload_length: payload.len() as u32,
        };
        let time = Some(Timestamp::from_nanos(self.time));
        let input = SegmentInput {
            capture: 1,
            packet: self.packet,
            time,
            source,
            destination,
            identification,
            ttl: 64,
            segment,
        };
        self.tracker.push(&input, &mut self.heard).unwrap()
    }

    /// SYN, SYN-ACK, ACK with ISNs 100 and 300.
    fn open(mut self) -> Self {
        self.send(CLIENT, SYN, 100, 0, b"");
        self.send(SERVER, SYN | ACK, 300, 101, b"");
        self.send(CLIENT, ACK, 101, 301, b"");
        self
    }

    fn finish(mut self) -> Heard {
        self.tracker.finish(&mut self.heard);
        self.heard
    }
}

#[test]
fn three_segments_open_a_connection() {
    let mut wire = Wire::new();
    let syn = wire.send(CLIENT, SYN, 100, 0, b"");
    assert_eq!((syn.from, syn.step, syn.opens_stream), (Side::Initiator, Step::Syn, true));
    assert_eq!(syn.states, PerSide { initiator: TcpState::SynSent, responder: TcpState::SynReceived });
    let syn_ack = wire.send(SERVER, SYN | ACK, 300, 101, b"");
    assert_eq!((syn_ack.acknowledges, syn_ack.relative_ack), (Some(1), Some(1)));
    assert_eq!(
        syn_ack.states,
        PerSide { initiator: TcpState::Established, responder: TcpState::SynReceived }
    );
    let ack = wire.send(CLIENT, ACK, 101, 301, b"");
    assert_eq!((ack.step, ack.acknowledges), (Step::HandshakeAck, Some(2)));
    assert_eq!(ack.states, PerSide { initiator: TcpState::Established, responder: TcpState::Established });
    let heard = wire.finish();
    let handshake = &heard.finished[0].handshake;
    assert_eq!(handshake.kind, HandshakeKind::ThreeWay);
    assert_eq!(handshake.rtt_ns, PerSide { initiator: Some(10_000_000), responder: Some(10_000_000) });
    assert_eq!(heard.finished[0].completeness, 7);
}

#[test]
fn sequence_numbers_wrap() {
    let mut wire = Wire::new();
    wire.send(CLIENT, SYN, 0xFFFF_FFFA, 0, b"");
    wire.send(SERVER, SYN | ACK, 300, 0xFFFF_FFFB, b"");
    wire.send(CLIENT, ACK, 0xFFFF_FFFB, 301, b"12345");
    let place = wire.send(CLIENT, ACK, 0, 301, b"678");
    assert_eq!((place.stream_offset, place.notes.is_empty()), (Some(5), true));
    assert_eq!(wire.finish().octets.initiator, b"12345678");
}

#[test]
fn three_syns_with_one_isn_are_one_connection_and_three_attempts() {
    let mut wire = Wire::new();
    for _ in 0..3 {
        assert_eq!(wire.send(CLIENT, SYN, 100, 0, b"").stream, 0);
    }
    let heard = wire.finish();
    let handshake = &heard.finished[0].handshake;
    assert_eq!((handshake.kind, handshake.syn_attempts), (HandshakeKind::Unanswered, 3));
    assert_eq!(handshake.syn, [1, 2, 3]);
    assert_eq!(heard.finished[0].states.responder, TcpState::Unknown);
}

#[test]
fn a_syn_with_a_new_isn_is_a_new_connection_on_reused_ports() {
    let mut wire = Wire::new().open();
    wire.send(CLIENT, RST, 101, 0, b"");
    let place = wire.send(CLIENT, SYN, 5000, 0, b"");
    assert_eq!((place.stream, place.opens_stream), (1, true));
    assert!(place.notes.has(Note::ReusedPorts));
    let before = &wire.heard.finished;
    assert_eq!((before.len(), before[0].stream, before[0].evicted), (1, 0, false), "the first one is over");
    let finished = wire.finish().finished;
    assert_eq!((finished.len(), finished[1].stream), (2, 1));
    assert_eq!(finished[1].handshake.syn, [5]);
}

#[test]
fn ports_that_are_used_again_and_again_take_one_place() {
    let mut wire = Wire::with(Limits { connections: 1, ..Limits::default() });
    for isn in 0..10 {
        wire.send(CLIENT, SYN, isn * 1000, 0, b"");
    }
    let finished = wire.finish().finished;
    let facts = finished.iter().map(|c| (c.stream, c.handshake.syn[0], c.evicted)).collect::<Vec<_>>();
    assert_eq!(facts, (0..10).map(|stream| (stream, stream + 1, false)).collect::<Vec<_>>());
    let reused = Note::ALL.iter().position(|note| *note == Note::ReusedPorts).unwrap();
    assert_eq!(finished.iter().map(|c| c.notes[reused]).sum::<u32>(), 9);
}

#[test]
fn a_syn_that_nobody_answers_says_as_much_alone_as_after_its_copy() {
    let lone = |copied: bool| {
        let mut wire = Wire::new();
        wire.send_as(CLIENT, SYN, 100, 0, b"", 1000, Some(7));
        if copied {
            let copy = wire.send_as(CLIENT, SYN, 100, 0, b"", 1000, Some(7));
            assert_eq!(copy.copy_of, Some(1));
        }
        wire.finish().finished.remove(0)
    };
    let copied = lone(true);
    assert_eq!((copied.last_packet, copied.captured_twice), (2, 1));
    assert_eq!(Connection { last_packet: 1, captured_twice: 0, ..copied }, lone(false));
}

#[test]
fn a_syn_that_nobody_answers_takes_little_room() {
    assert!(size_of::<super::entry::Entry>() <= 128);
}

#[test]
fn connections_are_finished_one_by_one_in_the_order_of_their_numbers() {
    let mut wire = Wire::new();
    for port in 0..3 {
        wire.client_port = 1000 + port;
        wire.send(CLIENT, SYN, 100, 0, b"");
    }
    for done in 1..=3 {
        assert!(wire.tracker.finish_next(&mut wire.heard));
        assert_eq!(wire.heard.finished.len(), done);
    }
    assert!(!wire.tracker.finish_next(&mut wire.heard));
    assert_eq!(wire.heard.finished.iter().map(|c| c.stream).collect::<Vec<_>>(), [0, 1, 2]);
}

#[test]
fn a_syn_ack_captured_before_its_syn_belongs_to_the_same_handshake() {
    let mut wire = Wire::new();
    wire.send(SERVER, SYN | ACK, 300, 101, b"");
    assert_eq!(wire.send(CLIENT, SYN, 100, 0, b"").from, Side::Initiator);
    wire.send(CLIENT, ACK, 101, 301, b"");
    let heard = wire.finish();
    assert_eq!((heard.finished[0].roles, heard.finished[0].completeness), (RoleBasis::Observed, 7));
    assert_eq!(heard.finished[0].handshake.kind, HandshakeKind::ThreeWay);
}

#[test]
fn a_syn_ack_with_an_unexpected_number_completes_no_handshake_and_makes_no_payload() {
    let mut wire = Wire::new();
    wire.send(CLIENT, SYN, 100, 0, b"");
    wire.send(SERVER, SYN | ACK, 300, 0x4000_0000, b"");
    wire.send(CLIENT, RST, 0x4000_0000, 0, b"");
    let heard = wire.finish();
    assert_ne!(heard.finished[0].handshake.kind, HandshakeKind::ThreeWay);
    assert_eq!(heard.finished[0].payload_octets, PerSide { initiator: 0, responder: 0 });
    assert!(heard.gaps.is_empty());
}

#[test]
fn a_reset_to_a_syn_refuses_and_a_lone_reset_says_nothing_of_a_handshake() {
    let mut wire = Wire::new();
    wire.send(CLIENT, SYN, 100, 0, b"");
    let rst = wire.send(SERVER, RST | ACK, 0, 101, b"");
    assert_eq!((rst.step, rst.states.initiator), (Step::Reset, TcpState::Closed));
    let heard = wire.finish();
    assert_eq!(heard.finished[0].handshake.kind, HandshakeKind::Refused);
    assert_eq!(heard.finished[0].teardown.kind, TeardownKind::Reset);

    let mut wire = Wire::new();
    wire.send(SERVER, RST, 7, 0, b"");
    assert_eq!(wire.finish().finished[0].handshake.kind, HandshakeKind::NotSeen);
}

#[test]
fn crossing_syns_are_a_simultaneous_open() {
    let mut wire = Wire::new();
    wire.send(CLIENT, SYN, 100, 0, b"");
    wire.send(SERVER, SYN, 300, 0, b"");
    wire.send(CLIENT, SYN | ACK, 100, 301, b"");
    let place = wire.send(SERVER, SYN | ACK, 300, 101, b"");
    assert_eq!(place.states, PerSide { initiator: TcpState::Established, responder: TcpState::Established });
    assert_eq!(wire.finish().finished[0].handshake.kind, HandshakeKind::SimultaneousOpen);
}

#[test]
fn four_segments_close_and_the_first_to_close_waits() {
    let mut wire = Wire::new().open();
    assert_eq!(wire.send(CLIENT, FIN | ACK, 101, 301, b"").step, Step::FirstFin);
    let ack = wire.send(SERVER, ACK, 301, 102, b"");
    assert_eq!(
        (ack.step, ack.states.initiator, ack.states.responder),
        (Step::FinAck, TcpState::FinWait2, TcpState::CloseWait)
    );
    let fin = wire.send(SERVER, FIN | ACK, 301, 102, b"");
    assert_eq!((fin.step, fin.states.responder), (Step::SecondFin, TcpState::LastAck));
    let last = wire.send(CLIENT, ACK, 102, 302, b"");
    assert_eq!(last.states, PerSide { initiator: TcpState::TimeWait, responder: TcpState::Closed });
    let heard = wire.finish();
    assert_eq!(heard.finished[0].teardown.kind, TeardownKind::FourSegment);
    assert_eq!(heard.finished[0].teardown.packets, [4, 5, 6, 7]);
    assert_eq!(heard.ends, [(Side::Initiator, false), (Side::Responder, false)]);
}

#[test]
fn a_connection_is_called_closed_once_and_not_while_octets_wait() {
    let mut wire = Wire::new().open();
    wire.send(CLIENT, ACK | FIN, 101, 301, b"");
    assert!(wire.heard.closed.is_empty());
    wire.send(SERVER, ACK | FIN, 301, 102, b"");
    wire.send(CLIENT, ACK, 102, 302, b"");
    wire.send(CLIENT, ACK, 102, 302, b"");
    assert_eq!(wire.heard.closed.len(), 1);
    assert_eq!(wire.heard.closed[0].teardown.kind, TeardownKind::ThreeSegment);

    let mut wire = Wire::new().open();
    wire.send(CLIENT, ACK, 201, 301, b"early");
    wire.send(SERVER, RST, 301, 0, b"");
    assert!(wire.heard.closed.is_empty());
}

#[test]
fn three_segments_close_where_the_second_fin_acknowledges_the_first() {
    let mut wire = Wire::new().open();
    wire.send(CLIENT, FIN | ACK, 101, 301, b"");
    wire.send(SERVER, FIN | ACK, 301, 102, b"");
    wire.send(CLIENT, ACK, 102, 302, b"");
    assert_eq!(wire.finish().finished[0].teardown.kind, TeardownKind::ThreeSegment);
}

#[test]
fn crossing_fins_are_a_simultaneous_close_and_both_ends_wait() {
    let mut wire = Wire::new().open();
    wire.send(CLIENT, FIN | ACK, 101, 301, b"");
    let crossed = wire.send(SERVER, FIN | ACK, 301, 101, b"");
    assert_eq!(crossed.states, PerSide { initiator: TcpState::Closing, responder: TcpState::Closing });
    wire.send(CLIENT, ACK, 102, 302, b"");
    let last = wire.send(SERVER, ACK, 302, 102, b"");
    assert_eq!(last.states, PerSide { initiator: TcpState::TimeWait, responder: TcpState::TimeWait });
    assert_eq!(wire.finish().finished[0].teardown.kind, TeardownKind::Simultaneous);
}

#[test]
fn data_after_the_first_fin_is_a_half_close() {
    let mut wire = Wire::new().open();
    wire.send(CLIENT, FIN | ACK, 101, 301, b"");
    wire.send(SERVER, ACK, 301, 102, b"answer");
    wire.send(SERVER, FIN | ACK, 307, 102, b"");
    assert_eq!(wire.finish().finished[0].teardown.kind, TeardownKind::HalfClosed);
}

#[test]
fn a_fin_is_closed_only_when_an_ack_covers_it() {
    let mut wire = Wire::new().open();
    wire.send(CLIENT, FIN | ACK, 101, 301, b"bye");
    let early = wire.send(SERVER, ACK, 301, 104, b"");
    assert_eq!((early.step, early.states.initiator), (Step::Ack, TcpState::FinWait1));
    let late = wire.send(SERVER, ACK, 301, 105, b"");
    assert_eq!((late.step, late.states.initiator), (Step::FinAck, TcpState::FinWait2));
}

#[test]
fn data_on_a_syn_and_on_a_fin_counts() {
    let mut wire = Wire::new();
    wire.send(CLIENT, SYN, 100, 0, b"ab");
    wire.send(SERVER, SYN | ACK, 300, 103, b"");
    wire.send(CLIENT, FIN | ACK, 103, 301, b"cd");
    let heard = wire.finish();
    assert_eq!(heard.octets.initiator, b"abcd");
    assert_eq!(heard.finished[0].handshake.kind, HandshakeKind::FastOpen);
}

#[test]
fn the_octet_of_a_keep_alive_is_no_payload() {
    let mut wire = Wire::new().open();
    wire.send(CLIENT, ACK, 101, 301, b"data");
    wire.send(SERVER, ACK, 301, 105, b"");
    let place = wire.send(CLIENT, ACK, 104, 301, b"\0");
    assert!(place.notes.has(Note::KeepAlive));
    assert!(wire.send(SERVER, ACK, 301, 105, b"").notes.has(Note::KeepAliveAck));
    let heard = wire.finish();
    assert_eq!(
        (heard.octets.initiator.as_slice(), heard.finished[0].payload_octets.initiator),
        (&b"data"[..], 4)
    );
}

#[test]
fn only_a_pure_ack_with_the_same_window_is_a_duplicate() {
    let mut wire = Wire::new().open();
    wire.send(SERVER, ACK, 301, 101, b"x");
    wire.send(CLIENT, ACK, 101, 302, b"");
    assert!(wire.send(CLIENT, ACK, 101, 302, b"").notes.has(Note::DuplicateAck));
    let update = wire.send_as(CLIENT, ACK, 101, 302, b"", 2000, Some(77));
    assert!(update.notes.has(Note::WindowUpdate) && !update.notes.has(Note::DuplicateAck));
    assert!(wire.send_as(CLIENT, ACK, 101, 302, b"y", 2000, Some(78)).notes.is_empty());
}

#[test]
fn a_capture_that_starts_late_infers_the_roles_and_invents_no_syn() {
    let mut wire = Wire::new();
    assert_eq!(wire.send(SERVER, ACK, 9000, 70, b"hello").from, Side::Responder);
    let heard = wire.finish();
    let connection = &heard.finished[0];
    assert_eq!((connection.roles, connection.handshake.kind), (RoleBasis::Inferred, HandshakeKind::NotSeen));
    assert!(connection.handshake.syn.is_empty());
    assert_eq!(heard.octets.responder, b"hello");
}

#[test]
fn the_first_copy_of_overlapping_octets_wins_and_the_conflict_is_counted() {
    let mut wire = Wire::new().open();
    wire.send(CLIENT, ACK, 103, 301, b"CDEF");
    wire.send(CLIENT, ACK, 101, 301, b"abcd");
    let heard = wire.finish();
    assert_eq!(heard.octets.initiator, b"abCDEF");
    assert_eq!(heard.finished[0].conflicting_overlaps, 1);
}

#[test]
fn the_window_is_unknown_without_both_syns() {
    let mut wire = Wire::new();
    assert_eq!(wire.send(CLIENT, ACK, 1, 1, b"").window, None);
    let mut wire = Wire::new().open();
    assert_eq!(wire.send(CLIENT, ACK, 101, 301, b"x").window, Some(1000));
}

#[test]
fn a_packet_captured_twice_is_no_retransmission() {
    let mut wire = Wire::new().open();
    let first = wire.send_as(CLIENT, ACK, 101, 301, b"once", 1000, Some(900));
    wire.time += 3_000;
    let copy = wire.send_as(CLIENT, ACK, 101, 301, b"once", 1000, Some(900));
    assert_eq!((copy.copy_of, copy.notes.is_empty(), first.copy_of), (Some(4), true, None));
    wire.time += 300_000_000;
    let again = wire.send_as(CLIENT, ACK, 101, 301, b"once", 1000, Some(901));
    assert!(again.notes.has(Note::Retransmission));
    assert_eq!((again.copy_of, again.repeats), (None, Some(4)));
    let heard = wire.finish();
    assert_eq!((heard.finished[0].captured_twice, heard.octets.initiator.as_slice()), (1, &b"once"[..]));
}

#[test]
fn octets_that_the_peer_acknowledged_and_nobody_captured_are_a_gap() {
    let mut wire = Wire::new().open();
    assert!(wire.send(CLIENT, ACK, 106, 301, b"later").notes.has(Note::LostSegment));
    assert!(wire.heard.gaps.is_empty());
    wire.send(SERVER, ACK, 301, 111, b"");
    assert_eq!(wire.heard.gaps, [(Side::Initiator, 0, 5)]);
    assert_eq!(wire.heard.octets.initiator, b"later");
    assert_eq!(wire.finish().finished[0].gaps_total, 1);
}

#[test]
fn a_full_table_reports_the_least_recently_active_connection() {
    let mut wire = Wire::with(Limits { connections: 2, ..Limits::default() });
    for port in [1001, 1002, 1001, 1003] {
        wire.client_port = port;
        wire.send(CLIENT, SYN, 1, 0, b"");
    }
    let evicted = &wire.heard.finished[0];
    assert_eq!((evicted.endpoints.initiator.port, evicted.evicted), (1002, true));
    let heard = wire.finish();
    assert_eq!(heard.finished.iter().map(|c| c.stream).collect::<Vec<_>>(), [1, 0, 2]);
}

#[test]
fn a_bound_on_waiting_octets_makes_gaps_of_the_oldest() {
    let mut wire = Wire::with(Limits { waiting_octets: 4096, ..Limits::default() }).open();
    for i in 0..100u32 {
        wire.send(CLIENT, ACK, 200 + i * 200, 301, &[7; 100]);
    }
    assert_eq!(wire.heard.gaps[0], (Side::Initiator, 0, 99));
    let heard = wire.finish();
    assert_eq!(heard.octets.initiator.len(), 10_000);
    assert_eq!(heard.finished[0].gaps_total, 100);
}

#[test]
fn a_half_open_connection_is_small() {
    assert!(size_of::<super::live::Live>() <= 304, "{}", size_of::<super::live::Live>());
}

proptest! {
    #[test]
    fn segments_in_any_order_deliver_each_octet_once(
        cuts in prop::collection::vec((0usize..300, 1usize..60), 1..60),
        isn in any::<u32>(),
    ) {
        let text: Vec<u8> = (0..400u32).map(|i| (i * 7) as u8).collect();
        let mut wire = Wire::new();
        wire.send(CLIENT, SYN, isn, 0, b"");
        let whole = (0..400).step_by(40).rev().map(|at| (at, 40));
        for (at, length) in cuts.into_iter().chain(whole) {
            let octets = &text[at..(at + length).min(400)];
            // apart from the beginning, so that none is taken for a keep-alive
            let seq = isn.wrapping_add(1 + at as u32);
            if octets.len() > 1 {
                wire.send(CLIENT, ACK, seq, 0, octets);
            }
        }
        let heard = wire.finish();
        prop_assert_eq!(&heard.octets.initiator, &text);
        prop_assert_eq!(heard.finished[0].payload_octets.initiator, 400);
        prop_assert_eq!(heard.finished[0].conflicting_overlaps, 0);
        prop_assert!(heard.gaps.is_empty());
    }

    #[test]
    fn arbitrary_segments_never_panic_and_bounds_hold(
        segments in prop::collection::vec(
            (any::<bool>(), 0u16..64, any::<u32>(), any::<u32>(), 0usize..300, 0u16..3), 1..200),
    ) {
        let limits = Limits { connections: 2, waiting_octets: 1000, waiting_octets_total: 1500 };
        let mut wire = Wire::with(limits);
        let mut opened = 0;
        for (client, flags, seq, ack, length, port) in segments {
            wire.client_port = 1000 + port;
            let place = wire.send(client, flags, seq >> (seq & 31), ack >> (ack & 31), &vec![1; length]);
            prop_assert!(wire.tracker.waiting_octets() <= limits.waiting_octets_total);
            opened += u64::from(place.opens_stream);
            prop_assert!(opened - wire.heard.finished.len() as u64 <= 2 * limits.connections as u64);
        }
        let heard = wire.finish();
        prop_assert_eq!(heard.finished.len() as u64, opened);
    }
}

#[test]
fn round_trips_are_smoothed_and_segments_sent_again_are_not_timed() {
    let mut wire = Wire::new().open();
    wire.send(CLIENT, ACK, 101, 301, b"abcd");
    wire.send(SERVER, ACK, 301, 105, b"");
    wire.time += 40_000_000;
    wire.send(CLIENT, ACK, 105, 301, b"efgh");
    wire.send(CLIENT, ACK, 109, 301, b"ijkl");
    wire.send(SERVER, ACK, 301, 113, b"");
    wire.send(CLIENT, ACK, 113, 301, b"mnop");
    wire.time += 300_000_000;
    let again = wire.send(CLIENT, ACK, 113, 301, b"mnop");
    assert!(again.notes.has(Note::Retransmission));
    wire.send(SERVER, ACK, 301, 117, b"");
    let figures = wire.finish().finished[0].figures;
    let client = figures.ends.initiator;
    assert_eq!((client.rtt_samples, client.smoothed_rtt_ns), (2, Some(10_000_000)));
    assert_eq!(client.rtt_variation_ns, Some(3_750_000), "5 ms - 5/4 ms + 0");
    assert_eq!((client.data_segments, client.data_segments_again), (5, 1));
    assert_eq!(client.in_flight_max, 8);
    assert_eq!((figures.idle_ns, figures.idle_until), (Some(310_000_000), Some(10)));
    // 16 octets from 40 to 440 ms
    assert_eq!(client.bits_per_second, Some(16 * 8 * 1_000 / 400));
}

#[test]
fn a_closed_connection_is_told_of_once_nothing_of_it_can_be_on_its_way() {
    let mut wire = Wire::new().open();
    wire.send(CLIENT, FIN | ACK, 101, 301, b"");
    wire.send(SERVER, FIN | ACK, 301, 102, b"");
    wire.send(CLIENT, ACK, 102, 302, b"");
    wire.time += 200_000_000_000;
    let late = wire.send(SERVER, FIN | ACK, 301, 102, b"");
    assert_eq!(late.stream, 0, "within two segment lifetimes");
    wire.time += 100_000_000_000;
    wire.client_port = 50001;
    wire.send(CLIENT, SYN, 1, 0, b"");
    assert!(wire.heard.finished.is_empty(), "the late FIN was the last sign of life");
    wire.time += 200_000_000_000;
    wire.send(CLIENT, SYN, 1, 0, b"");
    assert_eq!(wire.heard.finished.len(), 1);
    assert_eq!((wire.heard.finished[0].stream, wire.heard.finished[0].evicted), (0, false));
    let told: Vec<u64> = wire.finish().finished.iter().map(|c| c.stream).collect();
    assert_eq!(told, [0, 1]);
}
