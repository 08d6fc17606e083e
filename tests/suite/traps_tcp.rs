//! What is true of TCP connections, asked of the program itself.

use crate::common::talk::{ACK, CLIENT, FIN, RST, SERVER, SYN, Talk};
use serde_json::json;

#[test]
fn sequence_numbers_are_compared_modulo_2_to_the_32() {
    let mut talk = Talk::new(9000);
    talk.isn = [0xffff_fffa, 0xffff_ffff];
    talk.handshake();
    let first = talk.say(CLIENT, "over the ");
    let second = talk.say(CLIENT, "edge");
    talk.say(SERVER, "and back");
    talk.close();
    let capture = talk.write();
    let connection = capture.connection();
    assert_eq!(connection["handshake"]["initiator_isn"], 0xffff_fffa_u32);
    assert_eq!(connection["payload_bytes"], json!({"initiator": 13, "responder": 8}));
    assert_eq!(connection["notes"], json!({}));
    assert_eq!(connection["teardown"]["kind"], "four_segment");
    assert_eq!((&capture.place(first)["seq"], &capture.place(second)["seq"]), (&json!(1), &json!(10)));
}

#[test]
fn syn_and_fin_each_use_one_sequence_number() {
    let mut talk = Talk::open(9000);
    talk.say(CLIENT, "abc");
    let fin = talk.segment(CLIENT, FIN | ACK, b"");
    let ack = talk.segment(SERVER, ACK, b"");
    let capture = talk.write();
    assert_eq!(capture.place(3)["seq"], 1);
    assert_eq!(capture.place(fin)["seq"], 4);
    assert_eq!(capture.place(ack)["ack"], 5);
    assert_eq!(capture.connection()["payload_bytes"]["initiator"], 3);
}

#[test]
fn data_on_a_syn_or_on_a_fin_counts() {
    let mut talk = Talk::new(9000);
    talk.segment(CLIENT, SYN, b"early");
    talk.segment(SERVER, SYN | ACK, b"");
    talk.segment(CLIENT, FIN | ACK, b"late");
    let connection = talk.write().connection();
    assert_eq!(connection["payload_bytes"]["initiator"], 9);
    assert_eq!(connection["handshake"]["kind"], "fast_open");
    assert_eq!(connection["gaps"], json!([]));
}

#[test]
fn three_syns_with_one_isn_are_one_connection_and_three_attempts() {
    let mut talk = Talk::new(9000);
    for _ in 0..3 {
        talk.at(CLIENT, SYN, 0, 0, b"");
        talk.wait(1_000_000);
    }
    let connection = talk.write().connection();
    assert_eq!(connection["handshake"]["kind"], "unanswered");
    assert_eq!(connection["handshake"]["syn_attempts"], 3);
    assert_eq!(connection["handshake"]["syn"], json!([1, 2, 3]));
    assert_eq!(connection["completeness"], 1);
}

#[test]
fn a_syn_with_a_new_isn_after_the_close_is_a_new_connection_on_reused_ports() {
    let mut talk = Talk::open(9000);
    talk.close();
    talk.isn = [70_000, 90_000];
    talk.next = [0, 0];
    let syn = talk.segment(CLIENT, SYN, b"");
    talk.segment(SERVER, SYN | ACK, b"");
    talk.segment(CLIENT, ACK, b"");
    let capture = talk.write();
    assert_eq!(capture.connections().len(), 2);
    assert_eq!(capture.notes(syn), ["reused_ports"]);
    assert_eq!(capture.place(syn)["stream"], 1);
}

#[test]
fn a_syn_ack_captured_before_its_syn_leaves_the_initiator_and_completes_the_handshake() {
    let mut talk = Talk::open(9000);
    talk.reorder(1, 2);
    talk.say(CLIENT, "hello");
    let connection = talk.write().connection();
    assert_eq!(connection["initiator"]["port"], 40_000);
    assert_eq!(connection["roles"], "observed");
    assert_eq!(connection["handshake"]["kind"], "three_way");
    assert_eq!(connection["completeness"], 15);
}

#[test]
fn a_syn_ack_with_an_unexpected_number_completes_no_handshake_and_makes_no_payload() {
    let mut talk = Talk::new(9000);
    talk.segment(CLIENT, SYN, b"");
    talk.at(SERVER, SYN | ACK, 0, 0x4000_0000, b"");
    talk.at(CLIENT, RST, 0x4000_0000, 0, b"");
    let connection = talk.write().connection();
    assert_ne!(connection["handshake"]["kind"], "three_way");
    assert_eq!(connection["payload_bytes"], json!({"initiator": 0, "responder": 0}));
    assert_eq!(connection["gaps"], json!([]));
}

#[test]
fn a_reset_to_a_syn_refuses() {
    let mut talk = Talk::new(9000);
    talk.segment(CLIENT, SYN, b"");
    talk.segment(SERVER, RST | ACK, b"");
    let connection = talk.write().connection();
    assert_eq!(connection["handshake"]["kind"], "refused");
    assert_eq!(connection["states"]["initiator"], "CLOSED");
}

#[test]
fn a_lone_reset_or_syn_ack_is_no_handshake_seen() {
    for flags in [RST, RST | ACK, SYN | ACK] {
        let mut talk = Talk::new(9000);
        talk.segment(SERVER, flags, b"");
        let connection = talk.write().connection();
        assert_eq!(connection["handshake"]["kind"], "not_seen", "flags {flags:#x}");
        assert_eq!(connection["handshake"]["syn"], json!([]));
    }
}

#[test]
fn crossing_syns_are_a_simultaneous_open() {
    let mut talk = Talk::new(9000);
    talk.at(CLIENT, SYN, 0, 0, b"");
    talk.at(SERVER, SYN, 0, 0, b"");
    talk.at(CLIENT, SYN | ACK, 0, 1, b"");
    talk.at(SERVER, SYN | ACK, 0, 1, b"");
    let connection = talk.write().connection();
    assert_eq!(connection["handshake"]["kind"], "simultaneous_open");
    assert_eq!(connection["states"], json!({"initiator": "ESTABLISHED", "responder": "ESTABLISHED"}));
}

#[test]
fn closes_of_three_and_four_segments_half_and_crossing_have_different_names() {
    let closed = |segments: &[(usize, u8, u32, u32, &[u8])]| {
        let mut talk = Talk::open(9000);
        for &(side, flags, seq, ack, payload) in segments {
            talk.at(side, flags, seq, ack, payload);
        }
        talk.write().connection()["teardown"]["kind"].as_str().unwrap().to_owned()
    };
    let fin = FIN | ACK;
    let four = [(CLIENT, fin, 1, 1, &b""[..]), (SERVER, ACK, 1, 2, b""), (SERVER, fin, 1, 2, b"")];
    assert_eq!(closed(&[&four[..], &[(CLIENT, ACK, 2, 2, b"")]].concat()), "four_segment");
    let three = [(CLIENT, fin, 1, 1, &b""[..]), (SERVER, fin, 1, 2, b""), (CLIENT, ACK, 2, 2, b"")];
    assert_eq!(closed(&three), "three_segment");
    let crossing = [(CLIENT, fin, 1, 1, &b""[..]), (SERVER, fin, 1, 1, b""), (CLIENT, ACK, 2, 2, b"")];
    assert_eq!(closed(&[&crossing[..], &[(SERVER, ACK, 2, 2, b"")]].concat()), "simultaneous");
    let half = [(CLIENT, fin, 1, 1, &b""[..]), (SERVER, ACK, 1, 2, b"more"), (SERVER, fin, 5, 2, b"")];
    assert_eq!(closed(&[&half[..], &[(CLIENT, ACK, 2, 6, b"")]].concat()), "half_closed");
}

#[test]
fn a_fin_is_closed_only_when_an_ack_covers_its_sequence_number() {
    let mut talk = Talk::open(9000);
    talk.at(CLIENT, FIN | ACK, 1, 1, b"bye");
    let short = talk.at(SERVER, ACK, 1, 4, b"");
    let full = talk.at(SERVER, ACK, 1, 5, b"");
    let capture = talk.write();
    assert_eq!(capture.place(short)["states"]["initiator"], "FIN_WAIT_1");
    assert_eq!(capture.place(full)["states"]["initiator"], "FIN_WAIT_2");
}

#[test]
fn a_segment_of_one_octet_or_none_before_the_next_number_is_a_keep_alive() {
    for octets in [&b""[..], b"\0"] {
        let mut talk = Talk::open(9000);
        talk.say(CLIENT, "data");
        talk.segment(SERVER, ACK, b"");
        talk.wait(30_000_000);
        let probe = talk.at(CLIENT, ACK, 4, 1, octets);
        let answer = talk.segment(SERVER, ACK, b"");
        let capture = talk.write();
        assert_eq!(capture.notes(probe), ["keep_alive"]);
        assert_eq!(capture.notes(answer), ["keep_alive_ack"]);
        assert_eq!(capture.connection()["payload_bytes"]["initiator"], 4);
    }
}

#[test]
fn only_a_pure_ack_with_no_window_change_can_be_a_duplicate_ack() {
    let mut talk = Talk::open(9000);
    talk.say(SERVER, "x");
    talk.segment(CLIENT, ACK, b"");
    let duplicate = talk.segment(CLIENT, ACK, b"");
    talk.window = 9000;
    let update = talk.segment(CLIENT, ACK, b"");
    let data = talk.say(CLIENT, "y");
    let capture = talk.write();
    assert_eq!(capture.notes(duplicate), ["duplicate_ack"]);
    assert_eq!(capture.notes(update), ["window_update"]);
    assert!(capture.notes(data).is_empty());
}

#[test]
fn a_capture_that_starts_in_mid_connection_infers_the_roles_and_invents_no_syn() {
    let mut talk = Talk::midway(443);
    talk.say(SERVER, "hello");
    talk.say(CLIENT, "hello yourself");
    let connection = talk.write().connection();
    assert_eq!(connection["roles"], "inferred");
    assert_eq!(
        (&connection["initiator"]["port"], &connection["responder"]["port"]),
        (&json!(40_000), &json!(443))
    );
    assert_eq!(connection["handshake"]["kind"], "not_seen");
    assert_eq!(connection["handshake"]["syn"], json!([]));
    assert_eq!(connection["completeness"], 8);
    assert_eq!(connection["payload_bytes"], json!({"initiator": 14, "responder": 5}));
}

#[test]
fn overlapping_segments_with_different_octets_are_reported_and_the_first_copy_is_used() {
    let mut talk = Talk::smtp();
    let at = talk.next[CLIENT];
    talk.at(CLIENT, ACK, at, talk.next[SERVER], b"MAIL FROM:<");
    talk.at(CLIENT, ACK, at + 13, talk.next[SERVER], b"good@example.test>\r\n");
    talk.at(CLIENT, ACK, at + 11, talk.next[SERVER], b"x.evil@");
    let capture = talk.write();
    assert_eq!(capture.connection()["conflicting_overlaps"], 1);
    let turns = capture.session()["turns"].clone();
    assert_eq!(turns[3]["argument"], "FROM:<x.good@example.test>");
}

#[test]
fn the_window_is_scaled_only_if_both_syns_carried_the_option() {
    let scale = |shift: u8| vec![1, 3, 3, shift];
    let window = |options: [Vec<u8>; 2]| {
        let mut talk = Talk::new(9000);
        talk.options = options;
        talk.handshake();
        let data = talk.say(CLIENT, "x");
        talk.write().place(data)["window"].clone()
    };
    assert_eq!(window([scale(3), scale(7)]), 8192 << 3);
    assert_eq!(window([scale(3), Vec::new()]), 8192);
}

#[test]
fn the_window_is_unknown_without_the_handshake() {
    let mut talk = Talk::midway(9000);
    let data = talk.say(CLIENT, "x");
    assert!(talk.write().place(data)["window"].is_null());
}

#[test]
fn a_packet_captured_twice_is_no_retransmission_by_the_sender() {
    let mut talk = Talk::open(9000);
    let first = talk.say(CLIENT, "once");
    let copy = talk.copy(first, 5);
    talk.wait(300_000);
    let again = talk.at(CLIENT, ACK, 1, 1, b"once");
    let capture = talk.write();
    assert!(capture.notes(copy).is_empty());
    assert_eq!(capture.place(copy)["copy_of"], first);
    assert_eq!(capture.notes(again), ["retransmission"]);
    assert_eq!(capture.place(again)["repeats"], first);
    let connection = capture.connection();
    assert_eq!(
        (&connection["captured_twice"], &connection["notes"]),
        (&json!(1), &json!({"retransmission": 1}))
    );
    assert_eq!(connection["payload_bytes"]["initiator"], 4);
}

#[test]
fn a_listener_that_keeps_nothing_may_answer_each_syn_with_another_isn() {
    let mut talk = Talk::new(9000);
    talk.segment(CLIENT, SYN, b"");
    talk.at(SERVER, SYN | ACK, 0x2000_0000, 1, b"");
    talk.at(CLIENT, SYN, 0, 0, b"");
    talk.at(SERVER, SYN | ACK, 0x7000_0000, 1, b"");
    talk.at(CLIENT, ACK, 1, 0x7000_0001, b"");
    let data = talk.at(SERVER, ACK, 0x7000_0001, 1, b"hello");
    let capture = talk.write();
    let connection = capture.connection();
    assert_eq!(connection["handshake"]["kind"], "three_way");
    assert_eq!(connection["payload_bytes"]["responder"], 5);
    assert_eq!(connection["gaps"], json!([]));
    assert!(capture.notes(data).is_empty());
}

#[test]
fn octets_behind_a_gap_that_the_receiver_never_acknowledged_are_not_part_of_the_stream() {
    let mut talk = Talk::open(9000);
    talk.say(CLIENT, "read");
    talk.segment(SERVER, ACK, b"");
    talk.at(CLIENT, ACK, 100_000, 1, b"far outside");
    let connection = talk.write().connection();
    assert_eq!(connection["payload_bytes"], json!({"initiator": 4, "responder": 0}));
    assert_eq!(connection["beyond_gap_bytes"], json!({"initiator": 11, "responder": 0}));

    // where the receiver was never heard, nothing says that it did not read them
    let connection = talk.only(CLIENT).write().connection();
    assert_eq!(connection["payload_bytes"]["initiator"], 15);
    assert!(connection["beyond_gap_bytes"].is_null());
}

#[test]
fn a_reset_outside_the_window_ends_nothing() {
    let mut talk = Talk::open(9000);
    talk.say(CLIENT, "before");
    talk.segment(SERVER, ACK, b"");
    talk.at(CLIENT, RST, 0x4000_0000, 0, b"");
    talk.say(CLIENT, "after");
    talk.segment(SERVER, ACK, b"");
    let connection = talk.write().connection();
    assert_eq!(connection["teardown"]["kind"], "open");
    assert_eq!(connection["states"], json!({"initiator": "ESTABLISHED", "responder": "ESTABLISHED"}));
    assert_eq!(connection["payload_bytes"]["initiator"], 11);
}
