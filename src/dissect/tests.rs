//! What holds for every header: octets of any kind, cut anywhere; and the FCS and the chain of headers.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use proptest::prelude::*;

use super::*;
use crate::packet::{DeclaredFcs, Frame, LinkType, MAX_LAYERS, Protocol};

const MACS: [u8; 12] = [2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2];

fn frame(octets: &[u8]) -> Frame<'_> {
    Frame {
        capture: 1,
        number: 1,
        time: None,
        link_type: LinkType::ETHERNET,
        interface: 0,
        original_length: octets.len() as u32,
        octets,
        declared_fcs: DeclaredFcs::Unknown,
        is_outbound: false,
        comments: &[],
    }
}

fn ethernet(ether_type: u16, payload: &[u8]) -> Vec<u8> {
    [&MACS, &ether_type.to_be_bytes()[..], payload].concat()
}

fn ipv4_piece(protocol: u8, place: u16, payload: &[u8]) -> Vec<u8> {
    let [l0, l1] = (20 + payload.len() as u16).to_be_bytes();
    let [p0, p1] = place.to_be_bytes();
    let mut header = [0x45, 0, l0, l1, 0, 7, p0, p1, 64, protocol, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2];
    let sum = checksum::sum(&header).ones_complement().to_ne_bytes();
    header[10..12].copy_from_slice(&sum);
    [&header, payload].concat()
}

fn ipv4(protocol: u8, payload: &[u8]) -> Vec<u8> {
    ipv4_piece(protocol, 0, payload)
}

fn tcp(payload: &[u8]) -> Vec<u8> {
    let header = [0xc0, 0, 0, 25, 0, 0, 0, 1, 0, 0, 0, 2, 0x50, 0x18, 1, 0, 0, 0, 0, 0];
    [&header, payload].concat()
}

fn udp(port: u16, payload: &[u8]) -> Vec<u8> {
    let ([p0, p1], [l0, l1]) = (port.to_be_bytes(), (8 + payload.len() as u16).to_be_bytes());
    [&[0xc0, 0, p0, p1, l0, l1, 0, 0], payload].concat()
}

fn with_fcs(mut octets: Vec<u8>) -> Vec<u8> {
    octets.extend(crc32fast::hash(&octets).to_le_bytes());
    octets
}

fn dissector() -> Dissector {
    Dissector::new(FcsMode::Auto, Evidence::default())
}

fn names(dissection: &Dissection<'_>) -> Vec<&'static str> {
    dissection.layers.iter().map(|l| l.protocol.name()).collect()
}

#[test]
fn the_layers_of_a_frame_stand_in_their_order_and_places() {
    let octets = ethernet(0x8100, &[&[0x20, 100, 8, 0][..], &ipv4(6, &tcp(b"220 ready\r\n"))].concat());
    let mut dissector = dissector();
    let found = dissector.dissect(&frame(&octets));
    let layers: Vec<_> = found.layers.iter().map(|l| (l.protocol.name(), l.offset, l.length)).collect();
    assert_eq!(
        layers,
        [("ethernet", 0, 14), ("vlan", 14, 4), ("ipv4", 18, 20), ("tcp", 38, 20), ("data", 58, 11)]
    );
    assert_eq!(found.payload.octets, b"220 ready\r\n");
    assert_eq!(found.checksums.ipv4, Some(Checksum::Good));
}

#[test]
fn a_type_of_1500_or_less_is_a_length_and_what_lies_beyond_is_padding() {
    let octets = ethernet(7, &[&[0x42, 0x42, 3, 1, 2, 3, 4][..], &[0; 39]].concat());
    let mut dissector = dissector();
    assert_eq!(names(&dissector.dissect(&frame(&octets))), ["ethernet", "llc", "stp", "padding"]);
}

#[test]
fn a_header_that_claims_more_than_is_left_stops_the_walk_with_its_numbers() {
    let mut segment = tcp(b"");
    segment[12] = 0xa0;
    let octets = ethernet(0x0800, &ipv4(6, &segment));
    let mut dissector = dissector();
    let found = dissector.dissect(&frame(&octets));
    let stopped = found.stopped.unwrap();
    assert_eq!((stopped.layer, stopped.offset, stopped.claimed_by), (Protocol::Tcp, 34, "data offset"));
    assert_eq!(stopped.reason, StopReason::TooShort { needed: 40, left: 20 });
    assert_eq!(names(&found), ["ethernet", "ipv4", "data"]);
}

#[test]
fn a_header_whose_options_the_snap_length_cut_off_is_read_as_far_as_it_was_captured() {
    let mut segment = tcp(&[b'a'; 20]);
    segment[12] = 0xa0;
    let octets = ethernet(0x0800, &ipv4(6, &segment));
    let cut = Frame { original_length: octets.len() as u32, ..frame(&octets[..56]) };
    let mut dissector = dissector();
    let found = dissector.dissect(&cut);
    assert_eq!(names(&found), ["ethernet", "ipv4", "tcp"]);
    assert_eq!(found.stopped.unwrap().reason, StopReason::TooShort { needed: 40, left: 22 });
    let Transport::Tcp(segment) = found.transport else { panic!("{:?}", found.transport) };
    assert_eq!((segment.options.0.len(), segment.options_cut, segment.payload_length), (2, true, 0));
}

#[test]
fn a_total_length_of_0_is_that_of_the_capture() {
    let mut packet = ipv4(6, &tcp(&[b'a'; 4000]));
    packet[2..4].fill(0);
    let octets = ethernet(0x0800, &packet);
    let mut dissector = dissector();
    assert_eq!(dissector.dissect(&frame(&octets)).payload.octets.len(), 4000);
}

#[test]
fn octets_that_were_not_captured_are_counted() {
    let octets = ethernet(0x0800, &ipv4(6, &tcp(&[b'a'; 100])));
    let cut = Frame { original_length: octets.len() as u32, ..frame(&octets[..94]) };
    let mut dissector = dissector();
    let found = dissector.dissect(&cut);
    assert_eq!((found.payload.octets.len(), found.payload.missing), (40, 60));
    assert_eq!(found.checksums.tcp, Some(Checksum::Unverifiable));
}

#[test]
fn fragments_are_put_together_before_the_transport_is_read() {
    let datagram = udp(9999, b"0123456789abcdef");
    let last = ethernet(0x0800, &ipv4_piece(17, 2, &datagram[16..]));
    let first = ethernet(0x0800, &ipv4_piece(17, 0x2000, &datagram[..16]));
    let mut dissector = dissector();
    assert_eq!(names(&dissector.dissect(&frame(&last))), ["ethernet", "ipv4", "data"]);
    let found = dissector.dissect(&frame(&first));
    assert!(found.fragment.unwrap().completed);
    assert_eq!(names(&found), ["ethernet", "ipv4", "udp", "data"]);
    assert_eq!(found.payload.octets, b"0123456789abcdef");
}

#[test]
fn a_packet_quoted_in_an_icmp_error_is_no_layer_of_the_packet() {
    let quoted = ipv4(17, &udp(53, b"?"));
    let octets = ethernet(0x0800, &ipv4(1, &[&[3, 3, 0, 0, 0, 0, 0, 0][..], &quoted].concat()));
    let mut dissector = dissector();
    let found = dissector.dissect(&frame(&octets));
    assert_eq!(names(&found), ["ethernet", "ipv4", "icmpv4"]);
    assert!(matches!(found.transport, Transport::None));
    let fields = fields(&found, found.layer(Protocol::Icmpv4).unwrap());
    let quote = fields.iter().find(|f| f.name == "quoted").unwrap();
    let Value::Group(inside) = &quote.value else { panic!("a quote is a group") };
    assert_eq!(inside.iter().map(|f| f.name).collect::<Vec<_>>(), ["ipv4", "udp", "data"]);
}

#[test]
fn tunnels_nested_without_end_stop_at_the_bound() {
    let mut packet = udp(1, b"");
    for _ in 0..100 {
        packet = ipv4(4, &packet);
    }
    let octets = ethernet(0x0800, &packet);
    let mut dissector = dissector();
    let found = dissector.dissect(&frame(&octets));
    assert_eq!(found.stopped.unwrap().reason, StopReason::TooDeep);
    assert!(found.layers.len() <= MAX_LAYERS + 1);
}

#[test]
fn a_matching_fcs_outside_the_packet_is_good_and_evidence_for_its_source() {
    let good = with_fcs(ethernet(0x0800, &ipv4(6, &tcp(&[b'a'; 30]))));
    let mut bad = good.clone();
    *bad.last_mut().unwrap() ^= 1;
    let mut dissector = dissector();
    assert_eq!(dissector.dissect(&frame(&bad)).fcs.unwrap().state, FcsState::Unknown);
    let found = dissector.dissect(&frame(&good));
    let fcs = found.fcs.unwrap();
    assert_eq!((fcs.state, fcs.basis, fcs.stored), (FcsState::Good, Basis::Inferred, fcs.computed));
    assert_eq!(names(&found), ["ethernet", "ipv4", "tcp", "data", "fcs"]);
    let fcs = dissector.dissect(&frame(&bad)).fcs.unwrap();
    assert_eq!((fcs.state, fcs.basis), (FcsState::Bad, Basis::Inferred));
}

#[test]
fn evidence_of_a_first_pass_counts_from_the_first_frame_on_and_for_its_interface_only() {
    let good = with_fcs(ethernet(0x0800, &ipv4(6, &tcp(&[b'a'; 30]))));
    let mut evidence = Evidence::default();
    evidence.learn(&frame(&good));
    let mut bad = good;
    *bad.last_mut().unwrap() ^= 1;
    let mut dissector = Dissector::new(FcsMode::Auto, evidence);
    assert_eq!(dissector.dissect(&frame(&bad)).fcs.unwrap().state, FcsState::Bad);
    let elsewhere = Frame { interface: 1, ..frame(&bad) };
    assert_eq!(dissector.dissect(&elsewhere).fcs.unwrap().state, FcsState::Unknown);
}

#[test]
fn four_stray_octets_without_evidence_are_a_trailer() {
    let octets = ethernet(0x0800, &[&ipv4(6, &tcp(&[b'a'; 30]))[..], &[0; 4]].concat());
    let mut dissector = dissector();
    let found = dissector.dissect(&frame(&octets));
    assert_eq!(names(&found), ["ethernet", "ipv4", "tcp", "data", "trailer"]);
    assert_eq!(found.fcs.unwrap().state, FcsState::Unknown);
}

#[test]
fn a_short_ack_padded_to_60_octets_has_no_fcs_and_no_payload() {
    let mut octets = ethernet(0x0800, &ipv4(6, &tcp(b"")));
    octets.resize(60, 0);
    let mut dissector = dissector();
    let found = dissector.dissect(&frame(&octets));
    assert_eq!(names(&found), ["ethernet", "ipv4", "tcp", "padding"]);
    assert_eq!(found.fcs.unwrap().state, FcsState::Absent);
    assert!(found.payload.octets.is_empty());
}

#[test]
fn the_last_octets_of_the_ip_payload_are_no_fcs_even_if_they_look_like_one() {
    let mut octets = ethernet(0x0800, &ipv4(6, &tcp(&[b'a'; 34])));
    let end = octets.len() - 4;
    let look_alike = crc32fast::hash(&octets[..end]).to_le_bytes();
    octets[end..].copy_from_slice(&look_alike);
    let mut dissector = dissector();
    let found = dissector.dissect(&frame(&octets));
    assert_eq!(found.fcs.unwrap().state, FcsState::Absent);
    assert_eq!(found.payload.octets.len(), 34);
}

#[test]
fn a_cut_frame_has_no_bad_fcs() {
    let octets = with_fcs(ethernet(0x0800, &ipv4(6, &tcp(&[b'a'; 30]))));
    let declared = DeclaredFcs::Octets(4);
    let cut = Frame {
        original_length: octets.len() as u32,
        declared_fcs: declared,
        is_outbound: false,
        ..frame(&octets[..octets.len() - 9])
    };
    assert_eq!(dissector().dissect(&cut).fcs.unwrap().state, FcsState::Unverifiable);
    let undeclared = Frame { declared_fcs: DeclaredFcs::Unknown, ..cut };
    assert_eq!(dissector().dissect(&undeclared).fcs.unwrap().state, FcsState::Unknown);
}

#[test]
fn a_cut_frame_that_never_had_room_for_an_fcs_has_none() {
    let octets = ethernet(0x0800, &ipv4(6, &tcp(&[b'a'; 90])));
    let cut = Frame { original_length: octets.len() as u32, ..frame(&octets[..60]) };
    assert_eq!(dissector().dissect(&cut).fcs.unwrap().state, FcsState::Absent);
}

#[test]
fn the_first_pass_is_made_for_the_first_frame_with_room_for_an_fcs_and_once() {
    let full = ethernet(0x0800, &ipv4(6, &tcp(&[b'a'; 30])));
    let mut padded = ethernet(0x0800, &ipv4(6, &tcp(b"")));
    padded.resize(60, 0);
    let mut bad = with_fcs(full.clone());
    *bad.last_mut().unwrap() ^= 1;
    let passes = Arc::new(AtomicU32::new(0));
    let made = Arc::clone(&passes);
    let good = with_fcs(full.clone());
    let evidence = Evidence::when_needed(move || {
        made.fetch_add(1, Ordering::Relaxed);
        let mut evidence = Evidence::default();
        evidence.learn(&frame(&good));
        evidence
    });
    let mut dissector = Dissector::new(FcsMode::Auto, evidence);
    let mut state = |octets: &[u8]| dissector.dissect(&frame(octets)).fcs.unwrap().state;
    assert_eq!([state(&full), state(&padded)], [FcsState::Absent; 2]);
    assert_eq!(passes.load(Ordering::Relaxed), 0);
    assert_eq!([state(&bad), state(&bad)], [FcsState::Bad; 2]);
    assert_eq!(passes.load(Ordering::Relaxed), 1);
}

#[test]
fn a_declared_fcs_that_does_not_match_is_bad_and_one_on_another_link_says_nothing() {
    let octets = ethernet(0x0800, &ipv4(6, &tcp(&[b'a'; 34])));
    let declared = Frame { declared_fcs: DeclaredFcs::Octets(4), ..frame(&octets) };
    let fcs = dissector().dissect(&declared).fcs.unwrap();
    assert_eq!((fcs.state, fcs.basis), (FcsState::Bad, Basis::Declared));
    let raw = Frame { link_type: LinkType::RAW, ..declared };
    assert_eq!(dissector().dissect(&raw).fcs, None);
}

#[test]
fn an_fcs_can_be_forced_and_forbidden() {
    let good = with_fcs(ethernet(0x88b5, &[1; 50]));
    let state = |mode| Dissector::new(mode, Evidence::default()).dissect(&frame(&good)).fcs.unwrap().state;
    assert_eq!(state(FcsMode::Always), FcsState::Good);
    assert_eq!(state(FcsMode::Never), FcsState::Absent);
}

#[test]
fn an_unknown_ether_type_or_link_type_is_data() {
    let octets = ethernet(0x88b5, b"hello");
    assert_eq!(names(&dissector().dissect(&frame(&octets))), ["ethernet", "data"]);
    let unknown = Frame { link_type: LinkType(147), ..frame(&octets) };
    assert_eq!(names(&dissector().dissect(&unknown)), ["data"]);
}

/// Looks at everything that a view could look at.
fn look(dissector: &mut Dissector, frame: &Frame<'_>) {
    let found = dissector.dissect(frame);
    for layer in found.layers {
        let buffer = found.buffer(layer.buffer);
        assert!((layer.offset + layer.length) as usize <= buffer.len(), "{layer:?} of {}", buffer.len());
        let _ = fields(&found, layer);
    }
    let mut line = String::new();
    summary(&found, &mut line);
}

#[test]
fn packets_cut_at_every_octet_are_read_as_far_as_they_go() {
    let inner = ethernet(0x0800, &ipv4(6, &tcp(b"data")));
    let packets = [
        ethernet(0x0800, &ipv4(17, &udp(4789, &[&[8, 0, 0, 0, 0, 0, 1, 0][..], &inner].concat()))),
        ethernet(0x0800, &ipv4(47, &[&[0xb0, 0, 0x65, 0x58][..], &[0; 12], &inner].concat())),
        ethernet(0x8847, &[&[0, 1, 1, 64][..], &inner[14..]].concat()),
        ethernet(0x8864, &[&[0x11, 0, 0, 1, 0, 46, 0, 0x21][..], &inner[14..]].concat()),
    ];
    for octets in packets {
        for end in 0..octets.len() {
            let cut = Frame { original_length: octets.len() as u32, ..frame(&octets[..end]) };
            look(&mut dissector(), &cut);
        }
    }
}

proptest! {
    #[test]
    fn arbitrary_octets_behind_any_selector_never_panic(
        octets in proptest::collection::vec(any::<u8>(), 0..300),
        link_type in prop_oneof![0u16..300, Just(1)],
        ether_type in prop_oneof![any::<u16>(), Just(0x0800), Just(0x86dd), Just(0x8863), Just(0x22eb)],
        protocol: u8,
        original_length in 0u32..400,
    ) {
        let mut dissector = dissector();
        look(&mut dissector, &Frame { link_type: LinkType(link_type), original_length, ..frame(&octets) });
        look(&mut dissector, &frame(&ethernet(ether_type, &octets)));
        look(&mut dissector, &frame(&ethernet(0x0800, &ipv4(protocol, &octets))));
        let [high, low] = (octets.len() as u16).to_be_bytes();
        let ipv6 = [&[0x60, 0, 0, 0, high, low, protocol, 64][..], &[1; 32], &octets].concat();
        look(&mut dissector, &frame(&ethernet(0x86dd, &ipv6)));
    }

    #[test]
    fn fields_of_arbitrary_octets_never_panic(octets in proptest::collection::vec(any::<u8>(), 0..200)) {
        for &protocol in Protocol::ALL {
            let _ = super::fields::of(protocol, &octets, 0, true);
        }
    }
}
