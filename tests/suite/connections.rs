//! The list of connections: what each row says, in which order they stand, and what stands below them.

use crate::common::{layerscope, records, sample, stdout};

/// The `tcp` view of samples, each a capture of its own.
fn list(names: &[&str], options: &[&str]) -> String {
    let output = layerscope()
        .env("COLUMNS", "160")
        .args(["tcp", "--separate"])
        .args(options)
        .args(names.iter().map(|name| sample(name)))
        .output()
        .unwrap();
    stdout(&output)
}

/// The numbers of the connections, in the order of their rows.
fn order(text: &str) -> Vec<u64> {
    let rows = text.lines().skip(2).map_while(|line| line.split_whitespace().next()?.parse().ok());
    rows.collect()
}

const FOUR: [&str; 4] = ["tcp-unanswered.pcap", "tcp-loss.pcap", "tcp-reset.pcap", "short-snaplen.pcap"];

#[test]
fn octets_that_the_snap_length_cut_off_were_sent() {
    let text = list(&["short-snaplen.pcap"], &["--lang", "en"]);
    assert!(text.contains("4000 / 0"), "{text}");
    assert!(text.contains("42 of 4000 octets captured (snap length)"), "{text}");
    assert!(!text.contains("gaps"), "{text}");
    let record = &records("tcp", &sample("short-snaplen.pcap"))[0];
    assert_eq!(record["payload_bytes"]["initiator"], 42);
    assert_eq!(record["cut_bytes"], record["missing_bytes"]);
}

#[test]
fn what_never_opened_is_not_told_as_open_or_closed() {
    for (name, opened) in [
        ("tcp-half-open", "half open  -"),
        ("tcp-unanswered", "unanswered  -"),
        ("tcp-refused", "refused  -"),
    ] {
        let text = list(&[&format!("{name}.pcap")], &["--lang", "en"]);
        assert!(text.contains(opened), "{text}");
    }
}

#[test]
fn a_half_close_that_was_followed_by_a_full_one_says_both() {
    let path = "tcp-half-close.pcap";
    assert!(list(&[path], &["--lang", "en"]).contains("half-close, then closed"));
    assert!(list(&[path], &["--lang", "zh"]).contains("半关闭后关闭"));
    assert_eq!(records("tcp", &sample(path))[0]["teardown"]["kind"], "half_closed");
    let cut = list(
        &[path],
        &["--lang", "en", "-f", "src host 10.20.0.25 or tcp[tcpflags] & tcp-fin == 0", "-c", "7"],
    );
    assert!(cut.contains("half closed"), "{cut}");
}

#[test]
fn segments_larger_than_the_mss_are_put_down_to_the_network_card() {
    let text = list(&["tcp-offloaded.pcap"], &["--lang", "en"]);
    assert!(text.contains("up to 7240 octets, larger than the MSS of 1460"), "{text}");
    assert!(!list(&["tcp-loss.pcap"], &["--lang", "en"]).contains("offload"));
}

#[test]
fn a_retransmission_of_a_kind_is_not_counted_beside_all_of_them() {
    let text = list(&["tcp-loss.pcap"], &["--lang", "en"]);
    assert!(text.contains("7 × retransmission (1 of them fast), 16 × duplicate ack"), "{text}");
}

#[test]
fn one_round_trip_has_no_variation_and_few_segments_have_no_throughput() {
    let text = list(&["tcp-left-open.pcap"], &["--lang", "en"]);
    assert!(text.contains("→ 9.0 µs (1 timed)"), "{text}");
    assert!(!text.contains("Throughput"), "{text}");
    assert!(list(&["tcp-loss.pcap"], &["--lang", "en"]).contains("Throughput"));
}

#[test]
fn what_is_not_known_is_sorted_last() {
    assert_eq!(order(&list(&FOUR, &["--sort", "rtt"])), [1, 3, 2, 0]);
    assert_eq!(order(&list(&FOUR, &["--sort", "octets"])), [1, 3, 2, 0]);
    assert_eq!(order(&list(&FOUR, &[])), [0, 1, 2, 3]);
}

#[test]
fn the_foot_counts_what_the_list_says_and_tells_how_to_see_one() {
    let text = list(&FOUR, &["--lang", "en"]);
    assert!(text.contains("4 connections · opened:"), "{text}");
    assert!(text.contains("never opened 1"), "{text}");
    assert!(text.ends_with("layerscope tcp --stream N FILE\n"), "{text}");
    let one = list(&FOUR, &["--lang", "en", "--stream", "2"]);
    assert!(!one.contains("connections ·") && !one.contains("--stream N"), "{one}");
    assert_eq!(order(&one), [2]);
}
