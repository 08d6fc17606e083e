//! Captures as writers make them, and as accidents leave them.

use std::io::Write;

use crate::common::frames::{Dialogue, ethernet, padded, slices, udp_frame, with_fcs};
use crate::common::pcapng::Pcapng;
use crate::common::{
    file, layerscope, pcap, records, records_of, records_of_frames, run, sample, samples, stderr, stdout,
};
use serde_json::Value;

const FCS_4: u32 = 0x2400_0001;

fn fcs(record: &Value) -> (&str, &str) {
    (record["fcs"]["state"].as_str().unwrap(), record["fcs"]["basis"].as_str().unwrap())
}

#[test]
fn a_classic_header_declares_four_octets_of_fcs_none_or_nothing() {
    let plain = udp_frame(&[7; 100]);
    let whole = with_fcs(plain.clone());
    let declared = records_of_frames("packets", FCS_4, &[&whole]);
    assert_eq!(declared[0]["link_type"], "EN10MB");
    assert_eq!(fcs(&declared[0]), ("good", "declared"));
    let absent = records_of_frames("packets", 0x0400_0001, &[&plain]);
    assert_eq!(fcs(&absent[0]), ("absent", "declared"));
    let unknown = records_of_frames("overview", 1, &[&plain]);
    assert_eq!(unknown[0]["files"][0]["interfaces"][0]["fcs_octets"], Value::Null);
    let known = records_of_frames("overview", 0x0400_0001, &[&plain]);
    assert_eq!(known[0]["files"][0]["interfaces"][0]["fcs_octets"], 0);
}

#[test]
fn an_interface_that_says_32_bits_and_one_that_says_4_octets_mean_the_same() {
    let frame = with_fcs(udp_frame(&[7; 100]));
    for length in [32, 4] {
        let mut capture = Pcapng::new();
        capture.interface(1, 0, &[(13, &[length])]).packet(0, 0, &frame, &[]);
        let packets = records_of("packets", "a.pcapng", &capture.octets);
        assert_eq!(fcs(&packets[0]), ("good", "declared"), "{length}");
    }
}

#[test]
fn the_flags_of_a_packet_override_what_its_interface_declares() {
    let frame = with_fcs(udp_frame(&[7; 100]));
    let mut capture = Pcapng::new();
    capture.interface(1, 0, &[(13, &[0])]);
    capture.packet(0, 0, &frame, &[(2, &(4_u32 << 5).to_le_bytes())]);
    assert_eq!(fcs(&records_of("packets", "a.pcapng", &capture.octets)[0]), ("good", "declared"));
}

#[test]
fn interfaces_differ_in_link_type_snap_length_and_resolution() {
    let frame = udp_frame(b"x");
    let mut capture = Pcapng::new();
    capture.interface(1, 65_535, &[]);
    capture.interface(101, 100, &[(9, &[0x80 | 10])]);
    capture.interface(1, 0, &[(9, &[9])]);
    capture.packet(0, 1_500_000, &frame, &[]);
    capture.packet(1, 1024 + 512, &frame[14..], &[]);
    capture.packet(2, 1_500_000_000, &frame, &[]);
    let packets = records_of("packets", "a.pcapng", &capture.octets);
    let types: Vec<_> = packets.iter().map(|p| p["link_type"].as_str().unwrap()).collect();
    assert_eq!(types, ["EN10MB", "RAW", "EN10MB"]);
    assert!(packets.iter().all(|p| p["time"] == "1970-01-01T00:00:01.500000000Z"), "{packets:?}");
    assert!(packets.iter().all(|p| p["source"] == "10.0.0.1"));
    let overview = records_of("overview", "a.pcapng", &capture.octets);
    let interfaces = overview[0]["files"][0]["interfaces"].as_array().unwrap();
    let ticks: Vec<_> = interfaces.iter().map(|i| i["ticks_per_second"].as_u64().unwrap()).collect();
    assert_eq!(ticks, [1_000_000, 1024, 1_000_000_000]);
    assert_eq!(interfaces[1]["snap_length"], 100);
}

#[test]
fn a_section_may_change_the_byte_order_in_mid_file() {
    let frame = udp_frame(b"x");
    let mut capture = Pcapng::new();
    capture.interface(1, 0, &[]).packet(0, 1_000_000, &frame, &[]);
    capture.section(true, &[]).interface(1, 0, &[]).packet(0, 2_000_000, &frame, &[]);
    let packets = records_of("packets", "a.pcapng", &capture.octets);
    let times: Vec<_> = packets.iter().map(|p| p["time"].as_str().unwrap()).collect();
    assert_eq!(times, ["1970-01-01T00:00:01.000000000Z", "1970-01-01T00:00:02.000000000Z"]);
}

#[test]
fn a_simple_packet_block_has_no_time() {
    let mut capture = Pcapng::new();
    capture.interface(1, 0, &[]).simple(&udp_frame(b"x"));
    let packets = records_of("packets", "a.pcapng", &capture.octets);
    assert_eq!(packets.len(), 1);
    assert_eq!(packets[0]["time"], Value::Null);
    assert_eq!(packets[0]["source"], "10.0.0.1");
}

#[test]
fn nanoseconds_have_a_magic_of_their_own_in_both_byte_orders() {
    let frame = udp_frame(b"x");
    let length = frame.len() as u32;
    for big in [false, true] {
        let word = |value: u32| if big { value.to_be_bytes() } else { value.to_le_bytes() };
        let mut octets = word(0xa1b2_3c4d).to_vec();
        let version = if big { [0, 2, 0, 4] } else { [2, 0, 4, 0] };
        octets.extend(version);
        for value in [0, 0, 65_535, 1, 5, 123_456_789, length, length] {
            octets.extend(word(value));
        }
        octets.extend_from_slice(&frame);
        let packets = records_of("packets", "a.pcap", &octets);
        assert_eq!(packets[0]["time"], "1970-01-01T00:00:05.123456789Z", "big-endian: {big}");
    }
}

#[test]
fn before_a_cut_everything_is_reported_and_the_damage_is_named() {
    let frame = udp_frame(b"x");
    let mut modern = Pcapng::new();
    modern.interface(1, 0, &[]).packet(0, 0, &frame, &[]).packet(0, 0, &frame, &[]);
    for (name, octets) in [("a.pcap", pcap(1, &[&frame, &frame])), ("a.pcapng", modern.octets)] {
        let (_keep, path) = file(name, &octets[..octets.len() - 7]);
        for view in ["packets", "overview", "tcp", "smtp", "fcs", "layers"] {
            let output = layerscope().args([view, "--format", "json"]).arg(&path).output().unwrap();
            assert_eq!(output.status.code(), Some(1), "{name} {view}");
            assert_eq!(stderr(&output).lines().count(), 1, "{}", stderr(&output));
            assert!(
                stderr(&output).contains(name) && stderr(&output).contains("offset"),
                "{}",
                stderr(&output)
            );
        }
        assert_eq!(records("packets", &path).len(), 1);
        assert_eq!(records("overview", &path)[0]["damage"][0]["after_packet"], 1);
    }
}

#[test]
fn a_header_without_packets_is_no_error_and_no_octets_are_one() {
    for (octets, status) in [(pcap(1, &[]), 0), (Pcapng::new().octets, 0), (Vec::new(), 2)] {
        let (_keep, path) = file("a.pcap", &octets);
        assert_eq!(run([&path]).status.code(), Some(status), "{} octets", octets.len());
    }
}

#[test]
fn behind_a_broken_block_the_reading_goes_on() {
    let frame = udp_frame(b"x");
    let mut capture = Pcapng::new();
    capture.interface(1, 0, &[]).packet(0, 0, &frame, &[]);
    let at = capture.octets.len();
    capture.packet(0, 1, &frame, &[]).packet(0, 2, &frame, &[]);
    capture.octets[at + 4..at + 8].copy_from_slice(&0x00ff_fff1_u32.to_le_bytes());
    let (_keep, path) = file("broken.pcapng", &capture.octets);
    let output = layerscope().args(["packets", "--format", "json"]).arg(&path).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(stdout(&output).lines().count(), 2);
    let said = stderr(&output);
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(said.contains("broken.pcapng") && said.contains(&format!("offset {at}")), "{said}");
}

#[test]
fn two_captures_of_one_connection_from_two_places_are_no_connection_sent_twice() {
    let mut dialogue = Dialogue::open(9999);
    dialogue.client(b"question").server(b"answer").close();
    let octets = pcap(1, &slices(&dialogue.frames));
    let (_keep, here) = file("here.pcap", &octets);
    let (_keep_too, there) = file("there.pcap", &octets);
    let output = layerscope().args(["tcp", "--format", "json"]).arg(&here).arg(&there).output().unwrap();
    let connections: Vec<Value> =
        stdout(&output).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let captures: Vec<_> = connections.iter().map(|c| c["capture"].as_u64().unwrap()).collect();
    assert_eq!(captures, [1, 2]);
    assert_ne!(connections[0]["stream"], connections[1]["stream"]);
    assert!(!stdout(&output).contains("retransmission"), "{}", stdout(&output));
}

#[test]
fn no_reader_s_error_is_called_no_packets() {
    let frame = udp_frame(b"x");
    // a file header, and a record that promises more than there is
    let cut = &pcap(1, &[&frame])[..24 + 16 + 3];
    let (_keep, path) = file("a.pcap", cut);
    for view in ["overview", "packets", "tcp"] {
        let output = run([view.as_ref(), path.as_os_str()]);
        assert_eq!(output.status.code(), Some(1), "{view}");
        assert!(stderr(&output).contains("damaged"), "{view}: {}", stderr(&output));
    }
}

#[test]
fn an_ether_type_up_to_1500_is_a_length_and_llc_follows() {
    // a spanning tree frame: length 38, then LLC with SAP 0x42
    let mut payload = vec![0x42, 0x42, 3];
    payload.resize(38, 0);
    let frame = padded(ethernet(1, 2, 38, &payload));
    let packets = records_of_frames("packets", 1, &[&frame]);
    let layers = packets[0]["layers"].as_array().unwrap();
    let names: Vec<_> = layers.iter().map(|layer| layer["protocol"].as_str().unwrap()).collect();
    assert_eq!(names[..2], ["ethernet", "llc"]);
    let padding = layers.last().unwrap();
    assert_eq!((&padding["protocol"], &padding["offset"]), (&"padding".into(), &52.into()));
}

#[test]
fn compressed_captures_read_like_plain_ones_and_a_cut_one_gives_what_it_holds() {
    let mut state = 1_u32;
    let mut noise = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    let frames: Vec<_> =
        (0..2000).map(|_| udp_frame(&std::array::from_fn::<u8, 100, _>(|_| noise()))).collect();
    let plain = pcap(1, &slices(&frames));
    let expected = records_of("packets", "a.pcap", &plain);
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(&plain).unwrap();
    let gzip = gzip.finish().unwrap();
    let zstd = zstd::stream::encode_all(&plain[..], 1).unwrap();
    for (name, octets) in [("a.pcap.gz", gzip), ("a.pcap.zst", zstd)] {
        assert_eq!(records_of("packets", name, &octets), expected, "{name}");
        let (_keep, path) = file(name, &octets[..octets.len() * 2 / 3]);
        let output = layerscope().args(["packets", "--format", "json"]).arg(&path).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{name}");
        let rows = stdout(&output).lines().count();
        assert!((500..2000).contains(&rows), "{name}: {rows}");
        assert!(stderr(&output).contains(name), "{}", stderr(&output));
        assert_eq!(stderr(&output).lines().count(), 1, "{}", stderr(&output));
    }
}

#[test]
fn comments_resolution_and_direction_survive_the_saving() {
    let mut frame = udp_frame(b"x");
    // a checksum that is wrong, and forgiven to what the host sent
    frame[40] ^= 0x55;
    let mut capture = Pcapng::default();
    capture.section(false, &[(1, b"of the section")]);
    capture.interface(1, 0, &[(1, b"of the interface"), (2, b"eth7"), (9, &[9])]);
    capture.packet(0, 1_700_000_000_123_456_789, &frame, &[(1, b"of the packet"), (2, &2_u32.to_le_bytes())]);
    let (_keep, path) = file("a.pcapng", &capture.octets);
    let saved = path.with_file_name("b.pcapng");
    let output = layerscope().args(["packets", "-q", "-w"]).arg(&saved).arg(&path).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let packets = records("packets", &saved);
    assert_eq!(packets, records("packets", &path));
    assert_eq!(packets[0]["comments"][0], "of the packet");
    assert_eq!(packets[0]["checksums"]["udp"], "offload_likely");
    assert_eq!(packets[0]["time"], "2023-11-14T22:13:20.123456789Z");
    let about = |path| {
        let file = records("overview", path)[0]["files"][0].clone();
        (file["comments"].clone(), file["interfaces"].clone())
    };
    assert_eq!(about(&saved), about(&path));
    assert_eq!(about(&saved).0[0], "of the section");
}

#[test]
fn a_sample_cut_anywhere_ends_in_an_exit_status() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cut");
    let mut small: Vec<_> = samples().into_iter().filter(|s| s.metadata().unwrap().len() < 4000).collect();
    small.push(sample("https-tls13-with-keys.pcapng"));
    for (index, source) in small.iter().enumerate() {
        let octets = std::fs::read(source).unwrap();
        // every sample at two places, which move from sample to sample
        for place in [index * 37 % 50, (index * 37 + 25) % 50] {
            std::fs::write(&path, &octets[..octets.len() * place / 50]).unwrap();
            for view in ["packets", "tcp", "smtp"] {
                let output = run([view.as_ref(), path.as_os_str()]);
                let place = format!("{view} {} at {place}/50", source.display());
                assert!(output.status.code().is_some_and(|code| code <= 2), "{place}");
                assert!(!stderr(&output).contains("panicked"), "{place}: {}", stderr(&output));
            }
        }
    }
}

#[test]
fn a_pipe_that_has_a_name_is_read_once() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let mut child = layerscope()
        .args(["fcs", "--format", "json"])
        .arg(&pipe)
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    std::fs::write(&pipe, pcap(1, &[&with_fcs(udp_frame(&[7; 100]))])).unwrap();
    // one that opened the pipe again would wait for ever
    for _ in 0..500 {
        if child.try_wait().unwrap().is_some() {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    let _ = child.kill();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    let summary: Value = serde_json::from_str(stdout(&output).lines().next().unwrap()).unwrap();
    assert_eq!((&summary["good"], &summary["whole_capture_known"]), (&1.into(), &false.into()));
}
