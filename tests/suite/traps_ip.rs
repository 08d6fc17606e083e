//! IP: how long a packet is, fragments, and checksums of a host that looks at itself.

use crate::common::frames::{
    ACK, CLIENT, Dialogue, Ipv4, PSH, SERVER, SYN, checksum, ethernet, slices, tcp, udp,
};
use crate::common::pcapng::Pcapng;
use crate::common::{records_of, records_of_frames};
use serde_json::Value;

const MORE: u16 = 0x2000;

fn layer<'a>(packet: &'a Value, protocol: &str) -> Option<&'a Value> {
    packet["layers"].as_array().unwrap().iter().find(|layer| layer["protocol"] == protocol)
}

/// A UDP datagram of 8 + 2992 octets, cut into fragments at these octets.
fn fragments(cuts: &[(usize, usize)]) -> Vec<Vec<u8>> {
    let payload: Vec<u8> = (0..2992_u32).map(|n| (n / 8) as u8).collect();
    let datagram = udp(CLIENT, SERVER, (40_000, 9999), &payload);
    let piece = |&(from, to): &(usize, usize)| {
        let more = if to < datagram.len() { MORE } else { 0 };
        let ip = Ipv4 { fragment: more | (from / 8) as u16, ..Ipv4::new(CLIENT, SERVER, 17) };
        ip.frame(&datagram[from..to])
    };
    cuts.iter().map(piece).collect()
}

/// The one packet in which the datagram became whole.
fn completed(packets: &[Value]) -> &Value {
    let whole: Vec<_> = packets.iter().filter(|p| p["fragment"]["completed"] == true).collect();
    assert_eq!(whole.len(), 1, "{packets:?}");
    assert_eq!(whole[0]["checksums"]["udp"], "good");
    assert_eq!(layer(whole[0], "data").unwrap()["length"], 2992);
    assert_eq!(layer(whole[0], "udp").unwrap()["buffer"], "reassembled");
    whole[0]
}

#[test]
fn a_total_length_of_0_is_that_of_the_capture() {
    let segment = tcp(CLIENT, SERVER, (40_000, 9999), (1001, 5001, PSH | ACK), &[7; 9000]);
    let frame = Ipv4 { total_length: Some(0), ..Ipv4::new(CLIENT, SERVER, 6) }.frame(&segment);
    let packet = &records_of_frames("packets", 1, &[&frame])[0];
    assert_eq!(packet["stopped"], Value::Null);
    assert_eq!(packet["checksums"]["tcp"], "good");
    let connection = &records_of_frames("tcp", 1, &[&frame])[0];
    assert_eq!(connection["payload_bytes"]["initiator"], 9000, "{connection}");
}

#[test]
fn an_ipv6_payload_length_of_0_is_that_of_the_capture_with_a_jumbo_option_and_without() {
    let mut header = vec![0x60, 0, 0, 0, 0, 0, 17, 64];
    let address = |last: u8| [0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, last];
    header.extend(address(1));
    header.extend(address(2));
    let mut datagram = vec![0x9c, 0x40, 0x27, 0x0f, 0x23, 0x30, 0, 0];
    datagram.extend([7; 9000]);
    let mut summed = header[8..].to_vec();
    summed.extend([0, 0, 0x23, 0x30, 0, 0, 0, 17]);
    summed.extend(&datagram);
    datagram[6..8].copy_from_slice(&checksum(&summed).to_be_bytes());
    // hop-by-hop options: jumbo payload (RFC 2675), which counts this header too
    let mut options = vec![17, 0, 0xc2, 4];
    options.extend((datagram.len() as u32 + 8).to_be_bytes());
    let mut jumbo = header.clone();
    jumbo[6] = 0;
    let jumbo = ethernet(1, 2, 0x86dd, &[jumbo, options, datagram.clone()].concat());
    let plain = ethernet(1, 2, 0x86dd, &[header, datagram].concat());
    for packet in records_of_frames("packets", 1, &[&plain, &jumbo]) {
        assert_eq!(packet["stopped"], Value::Null);
        assert_eq!(layer(&packet, "data").unwrap()["length"], 9000);
        assert_eq!(packet["checksums"]["udp"], "good");
    }
}

#[test]
fn fragments_are_put_together_in_any_order() {
    for cuts in [
        [(0, 1000), (1000, 2000), (2000, 3000)],
        [(2000, 3000), (1000, 2000), (0, 1000)],
        [(1000, 2000), (2000, 3000), (0, 1000)],
    ] {
        let frames = fragments(&cuts);
        let packets = records_of_frames("packets", 1, &slices(&frames));
        assert_eq!(completed(&packets)["number"], 3);
        assert!(packets.iter().all(|packet| packet["fragment"]["overlaps"] == false));
    }
}

#[test]
fn overlapping_and_duplicated_fragments_are_put_together_and_reported() {
    for (cuts, overlapping) in [
        (vec![(0, 1000), (0, 1000), (1000, 3000)], 2),
        (vec![(0, 1600), (1000, 2000), (2000, 3000)], 2),
        (vec![(2000, 3000), (0, 2400)], 2),
    ] {
        let packets = records_of_frames("packets", 1, &slices(&fragments(&cuts)));
        completed(&packets);
        assert_eq!(packets[overlapping - 1]["fragment"]["overlaps"], true, "{cuts:?}");
    }
}

#[test]
fn a_datagram_with_a_missing_fragment_gives_no_transport() {
    let packets = records_of_frames("packets", 1, &slices(&fragments(&[(0, 1000), (2000, 3000)])));
    assert!(packets.iter().all(|packet| packet["fragment"]["completed"] == false));
    assert!(packets.iter().all(|packet| layer(packet, "udp").is_none()));
}

#[test]
fn a_flood_of_first_fragments_ends_and_is_read() {
    let frames: Vec<_> = (0..20_000_u16)
        .map(|n| {
            let ip = Ipv4 { identification: n, fragment: MORE, ..Ipv4::new(CLIENT, SERVER, 17) };
            ip.frame(&[0; 64])
        })
        .collect();
    assert_eq!(records_of_frames("packets", 1, &slices(&frames)).len(), 20_000);
}

#[test]
fn a_tcp_segment_in_fragments_has_its_place_in_the_connection() {
    let mut dialogue = Dialogue::open(9999);
    let segment = tcp(CLIENT, SERVER, (40_000, 9999), (1001, 5001, PSH | ACK), &[7; 800]);
    for (from, to) in [(400, segment.len()), (0, 400)] {
        let more = if to == segment.len() { 0 } else { MORE };
        let fragment = more | (from / 8) as u16;
        let ip = Ipv4 { identification: 99, fragment, ..Ipv4::new(CLIENT, SERVER, 6) };
        dialogue.frames.push(ip.frame(&segment[from..to]));
    }
    let connections = records_of_frames("tcp", 1, &slices(&dialogue.frames));
    assert_eq!(connections.len(), 1);
    assert_eq!(connections[0]["payload_bytes"]["initiator"], 800);
    assert_eq!(connections[0]["gaps"], serde_json::json!([]));
}

/// A SYN whose checksum the network card was to fill in.
fn unsealed_syn() -> Vec<u8> {
    let mut segment = tcp(CLIENT, SERVER, (40_000, 25), (1000, 0, SYN), b"");
    segment[16] ^= 0x55;
    segment
}

#[test]
fn a_wrong_checksum_is_offload_s_where_the_capture_says_that_its_own_host_sent_the_packet() {
    let packet = Ipv4::new(CLIENT, SERVER, 6).packet(&unsealed_syn());
    let cooked = |packet_type: u8| {
        let mut frame = vec![0, packet_type, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0, 8, 0];
        frame.extend_from_slice(&packet);
        frame
    };
    let packets = records_of_frames("packets", 113, &[&cooked(4), &cooked(0)]);
    assert_eq!(packets[0]["checksums"]["tcp"], "offload_likely");
    assert_eq!(packets[1]["checksums"]["tcp"], "bad");
}

#[test]
fn the_same_holds_where_the_flags_of_a_pcapng_packet_say_outbound() {
    let frame = Ipv4::new(CLIENT, SERVER, 6).frame(&unsealed_syn());
    let mut capture = Pcapng::new();
    capture.interface(1, 0, &[]);
    for direction in [2_u32, 1, 0] {
        capture.packet(0, 0, &frame, &[(2, &direction.to_le_bytes())]);
    }
    let packets = records_of("packets", "a.pcapng", &capture.octets);
    let found: Vec<_> = packets.iter().map(|p| p["checksums"]["tcp"].as_str().unwrap()).collect();
    assert_eq!(found, ["offload_likely", "bad", "bad"]);
}

#[test]
fn the_header_quoted_in_an_icmp_error_makes_no_connection() {
    let quoted = Ipv4::new(CLIENT, SERVER, 6).packet(&tcp(CLIENT, SERVER, (40_000, 25), (1000, 0, SYN), b""));
    let mut message = vec![3, 3, 0, 0, 0, 0, 0, 0];
    message.extend(&quoted);
    let sum = checksum(&message);
    message[2..4].copy_from_slice(&sum.to_be_bytes());
    let frame = Ipv4::new(SERVER, CLIENT, 1).frame(&message);
    assert!(records_of_frames("tcp", 1, &[&frame]).is_empty());
    let packet = &records_of_frames("packets", 1, &[&frame])[0];
    assert_eq!(packet["checksums"]["icmpv4"], "good");
    assert!(layer(packet, "tcp").is_none() && packet.get("tcp").is_none(), "{packet}");
    assert_eq!(records_of_frames("overview", 1, &[&frame])[0]["connections"]["count"], 0);
}
