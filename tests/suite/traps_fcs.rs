//! The frame check sequence: when it is there, and when it is right.

use std::process::Stdio;

use crate::common::frames::{
    ACK, Dialogue, Ipv4, SERVER, checksum, ethernet, padded, slices, tcp, udp_frame, udp_frame_back,
    with_bad_fcs, with_fcs,
};
use crate::common::pcapng::Pcapng;
use crate::common::{file, layerscope, pcap, records, records_of, records_of_frames, records_with, stdout};
use serde_json::Value;

const DECLARED: u32 = 0x2400_0001;

/// State and basis of each packet.
fn verdicts(packets: &[Value]) -> Vec<(String, String)> {
    let word = |packet: &Value, name| packet["fcs"][name].as_str().unwrap().to_owned();
    packets.iter().map(|p| (word(p, "state"), word(p, "basis"))).collect()
}

fn states(link_type: u32, frames: &[&[u8]]) -> Vec<String> {
    verdicts(&records_of_frames("packets", link_type, frames)).into_iter().map(|(state, _)| state).collect()
}

fn layer<'a>(packet: &'a Value, protocol: &str) -> Option<&'a Value> {
    packet["layers"].as_array().unwrap().iter().find(|layer| layer["protocol"] == protocol)
}

/// An acknowledgement without data: 54 octets.
fn short_ack(source: u8, destination: u8) -> Vec<u8> {
    let ports = if source == SERVER { (25, 40_000) } else { (40_000, 25) };
    let segment = tcp(source, destination, ports, (1, 1, ACK), b"");
    Ipv4::new(source, destination, 6).frame(&segment)
}

#[test]
fn the_crc_runs_from_the_destination_to_the_last_octet_of_padding() {
    let frame = with_fcs(padded(short_ack(1, 2)));
    assert_eq!(frame.len(), 64);
    assert_eq!(crc32fast::hash(&frame), 0x2144_df1c, "the residue");
    let packet = &records_of_frames("packets", DECLARED, &[&frame])[0];
    assert_eq!(packet["fcs"]["state"], "good");
    assert_eq!(packet["fcs"]["offset"], 60);
    let stored = u32::from_le_bytes(frame[60..].try_into().unwrap());
    assert_eq!(packet["fcs"]["stored"], format!("0x{stored:08x}"), "least significant octet first");
    assert_eq!((&layer(packet, "padding").unwrap()["length"]), 6);
}

#[test]
fn one_wrong_bit_anywhere_is_bad() {
    let frame = with_fcs(udp_frame(&[7; 80]));
    for at in [0, 6, 13, 40, frame.len() - 5, frame.len() - 1] {
        let mut wrong = frame.clone();
        wrong[at] ^= 0x10;
        assert_eq!(states(DECLARED, &[&wrong]), ["bad"], "octet {at}");
    }
}

#[test]
fn a_frame_captured_shorter_than_it_was_is_unverifiable_never_bad() {
    let frame = with_fcs(udp_frame(&[7; 200]));
    let mut octets = pcap(DECLARED, &[&frame[..96]]);
    octets[36..40].copy_from_slice(&(frame.len() as u32).to_le_bytes());
    let packets = records_of("packets", "a.pcap", &octets);
    assert_eq!(packets[0]["original_length"], frame.len());
    assert_eq!(packets[0]["fcs"]["state"], "unverifiable");
    let summary = &records_of("fcs", "a.pcap", &octets);
    assert!(summary.iter().any(|r| r["record"] == "fcs_summary" && r["unverifiable"] == 1 && r["bad"] == 0));
}

#[test]
fn a_short_ack_padded_to_60_octets_has_no_fcs_and_no_payload() {
    let packet = &records_of_frames("packets", 1, &[&padded(short_ack(1, 2))])[0];
    assert_eq!(packet["fcs"]["state"], "absent");
    assert_eq!(packet["fcs"]["basis"], "none");
    assert!(layer(packet, "data").is_none(), "{packet}");
    assert_eq!(layer(packet, "padding").unwrap()["length"], 6);
    let info = packet["info"].as_str().unwrap();
    assert!(!info.contains("6 octets") && !info.contains("len 6"), "{info}");
    let connections = records_of_frames("tcp", 1, &[&padded(short_ack(1, 2))]);
    assert!(!connections[0].to_string().contains("\"payload_bytes\":6"), "{}", connections[0]);
}

#[test]
fn four_octets_that_do_not_match_in_a_capture_that_declares_nothing_are_a_trailer() {
    for tail in [[0; 4], [0xde, 0xad, 0xbe, 0xef]] {
        for frame in [padded(short_ack(1, 2)), udp_frame(&[7; 100])] {
            let mut frame = frame;
            frame.extend(tail);
            let packet = &records_of_frames("packets", 1, &[&frame])[0];
            assert_ne!(packet["fcs"]["state"], "bad");
            assert_ne!(packet["fcs"]["state"], "good");
            let trailer = layer(packet, "trailer").unwrap();
            assert_eq!((&trailer["offset"], &trailer["length"]), (&(frame.len() - 4).into(), &4.into()));
        }
    }
}

#[test]
fn where_only_received_frames_carry_an_fcs_the_evidence_is_the_source_s() {
    let sent = udp_frame(&[7; 100]);
    let received = with_fcs(udp_frame_back(&[8; 100]));
    let broken = with_bad_fcs(udp_frame_back(&[9; 100]));
    let mut trailer = udp_frame(&[7; 100]);
    trailer.extend([1, 2, 3, 4]);
    let packets = records_of_frames("packets", 1, &[&sent, &received, &broken, &trailer]);
    let found = verdicts(&packets);
    let found: Vec<_> = found.iter().map(|(state, basis)| (state.as_str(), basis.as_str())).collect();
    assert_eq!(found, [("absent", "none"), ("good", "inferred"), ("bad", "inferred"), ("unknown", "none")]);
    assert!(layer(&packets[3], "trailer").is_some());
}

#[test]
fn an_fcs_that_shows_only_late_counts_for_earlier_frames_of_its_source() {
    let bad = with_bad_fcs(udp_frame(&[7; 100]));
    let good = with_fcs(udp_frame(&[8; 100]));
    let (_keep, path) = file("a.pcap", &pcap(1, &[&bad, &bad, &good]));
    let found = verdicts(&records("packets", &path));
    assert!(found.iter().all(|(_, basis)| basis == "inferred"));
    let found: Vec<_> = found.iter().map(|(state, _)| state.as_str()).collect();
    assert_eq!(found, ["bad", "bad", "good"]);
    let summary = records("fcs", &path);
    let row = summary.iter().find(|r| r["record"] == "fcs_summary").unwrap();
    assert_eq!(row["whole_capture_known"], true);
}

#[test]
fn on_standard_input_the_verdict_is_that_of_the_moment_and_says_so() {
    let bad = with_bad_fcs(udp_frame(&[7; 100]));
    let good = with_fcs(udp_frame(&[8; 100]));
    let (_keep, path) = file("a.pcap", &pcap(1, &[&bad, &good, &bad]));
    let read = |view: &str| -> Vec<Value> {
        let input = Stdio::from(std::fs::File::open(&path).unwrap());
        let output = layerscope().args([view, "--format", "json", "-"]).stdin(input).output().unwrap();
        stdout(&output).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    let found = verdicts(&read("packets"));
    let found: Vec<_> = found.iter().map(|(state, _)| state.as_str()).collect();
    assert_eq!(found, ["unknown", "good", "bad"]);
    let summary = read("fcs");
    let row = summary.iter().find(|r| r["record"] == "fcs_summary").unwrap();
    assert_eq!(row["whole_capture_known"], false);
}

#[test]
fn a_length_declared_for_another_link_type_says_nothing_about_an_ethernet_crc() {
    let packet = Ipv4::new(1, 2, 17).packet(&[7; 100]);
    for record in records_of_frames("packets", 0x2400_0000 | 101, &[&packet]) {
        assert_eq!(record["link_type"], "RAW");
        assert_eq!(record["fcs"], Value::Null);
    }
    let overview = records_of_frames("overview", 0x2400_0000 | 101, &[&packet]);
    assert_eq!(overview[0]["fcs"]["bad"], 0);
}

#[test]
fn the_length_of_the_ip_packet_decides_where_its_payload_ends() {
    // the payload's last four octets are chosen so that the frame ends in its own CRC-32
    let mut packet = Ipv4::new(1, 2, 253).packet(&[7; 104]);
    let body = ethernet(1, 2, 0x0800, &packet[..packet.len() - 4]);
    let end = packet.len() - 4;
    packet[end..].copy_from_slice(&crc32fast::hash(&body).to_le_bytes());
    assert_eq!(checksum(&packet[..20]), 0);
    let frame = ethernet(1, 2, 0x0800, &packet);
    assert_eq!(crc32fast::hash(&frame), 0x2144_df1c);
    let other = with_bad_fcs(udp_frame(&[9; 100]));
    let packets = records_of_frames("packets", 1, &[&frame, &other]);
    assert_eq!(packets[0]["fcs"]["state"], "absent");
    assert_eq!(layer(&packets[0], "data").unwrap()["length"], 104);
    assert_eq!(packets[1]["fcs"]["state"], "unknown", "a look-alike is no evidence");
}

#[test]
fn of_two_interfaces_only_the_one_that_showed_an_fcs_has_one() {
    let plain = udp_frame(&[7; 100]);
    let mut trailer = plain.clone();
    trailer.extend([1, 2, 3, 4]);
    let mut capture = Pcapng::new();
    capture.interface(1, 0, &[]).interface(1, 0, &[]);
    capture.packet(0, 1, &with_fcs(plain.clone()), &[]).packet(1, 2, &trailer, &[]);
    capture.packet(0, 3, &with_bad_fcs(plain.clone()), &[]).packet(1, 4, &plain, &[]);
    let found = verdicts(&records_of("packets", "a.pcapng", &capture.octets));
    let found: Vec<_> = found.iter().map(|(state, _)| state.as_str()).collect();
    assert_eq!(found, ["good", "unknown", "bad", "absent"]);
    let summary = records_of("fcs", "a.pcapng", &capture.octets);
    let rows: Vec<_> = summary.iter().filter(|r| r["record"] == "fcs_summary").collect();
    assert_eq!(rows.len(), 2, "one source on two interfaces");
}

#[test]
fn of_two_captures_each_has_its_own_evidence() {
    let bad = with_bad_fcs(udp_frame(&[7; 100]));
    let good = with_fcs(udp_frame(&[8; 100]));
    let (_keep, with) = file("with.pcap", &pcap(1, &[&good, &bad]));
    let (_keep_too, without) = file("without.pcap", &pcap(1, &[&bad, &bad]));
    let output =
        layerscope().args(["packets", "--format", "json"]).arg(&with).arg(&without).output().unwrap();
    let packets: Vec<Value> = stdout(&output).lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    let captures: Vec<_> = packets.iter().map(|p| p["capture"].as_u64().unwrap()).collect();
    assert_eq!(captures, [1, 1, 2, 2]);
    let found = verdicts(&packets);
    let found: Vec<_> = found.iter().map(|(state, _)| state.as_str()).collect();
    assert_eq!(found, ["good", "bad", "unknown", "unknown"]);
}

#[test]
fn what_the_user_says_of_the_fcs_goes_before_declaration_and_evidence() {
    let plain = udp_frame(&[7; 100]);
    let (_keep, path) = file("a.pcap", &pcap(DECLARED, &[&plain, &with_fcs(plain.clone())]));
    let never = verdicts(&records_with("packets", &path, &["--fcs", "never"]));
    assert!(never.iter().all(|(state, basis)| state == "absent" && basis == "forced"), "{never:?}");
    let (_keep_too, undeclared) = file("b.pcap", &pcap(1, &[&plain, &with_fcs(plain.clone())]));
    let always = verdicts(&records_with("packets", &undeclared, &["--fcs", "always"]));
    assert!(always.iter().all(|(_, basis)| basis == "forced"), "{always:?}");
    assert_eq!((always[0].0.as_str(), always[1].0.as_str()), ("bad", "good"));
}

#[test]
fn an_fcs_is_never_part_of_what_a_stream_carries() {
    let mut dialogue = Dialogue::open(9999);
    dialogue.client(b"question").server(b"answer").close();
    let bare = dialogue.frames.clone();
    let checked: Vec<_> = bare.iter().map(|frame| with_fcs(padded(frame.clone()))).collect();
    let counted = |frames: &[Vec<u8>]| {
        let mut connection = records_of_frames("tcp", 1, &slices(frames))[0].clone();
        connection
            .as_object_mut()
            .unwrap()
            .retain(|name, _| !name.contains("wire") && !name.contains("captured"));
        connection
    };
    assert_eq!(counted(&bare), counted(&checked));
}
