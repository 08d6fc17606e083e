//! What became of each segment, as the ladder draws it and the table tells it.

use crate::common::frames::ACK;
use crate::common::talk::{CLIENT, Capture, RST, SERVER, Talk};
use crate::common::{layerscope, stderr, stdout};

/// The `tcp` view of a capture, wide enough that nothing is cut.
fn told(capture: &Capture, options: &[&str]) -> String {
    let output = layerscope()
        .env("COLUMNS", "300")
        .args(["tcp", "--stream", "0"])
        .args(options)
        .arg(capture.path())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    stdout(&output)
}

/// The rung of a packet.
fn rung(text: &str, packet: u64) -> String {
    let ends = format!(" {packet}");
    let is_rung = |line: &&str| line.contains('│') && line.ends_with(&ends);
    text.lines().find(is_rung).unwrap_or_else(|| panic!("{packet}:\n{text}")).to_owned()
}

/// What the table says of a packet.
fn row(text: &str, packet: u64) -> String {
    let begins = |line: &&str| line.split_whitespace().next() == Some(&packet.to_string());
    let mut lines = text.lines().skip_while(|line| !line.starts_with("─")).skip_while(|line| !begins(line));
    let first = lines.next().unwrap_or_else(|| panic!("{packet}:\n{text}")).to_owned();
    let more = lines.take_while(|line| line.starts_with("    "));
    more.fold(first, |all, line| all + " " + line.trim())
}

/// Three segments of 100 octets, 4 to 6, the first of which is missing at the server.
fn hole() -> Talk {
    let mut talk = Talk::open(9000);
    for _ in 0..3 {
        talk.say(CLIENT, [b'x'; 100]);
    }
    talk.sack(SERVER, 1, &[(101, 201)]);
    talk.sack(SERVER, 1, &[(101, 301)]);
    talk
}

#[test]
fn a_copy_that_nothing_shows_to_have_arrived_is_lost_as_well() {
    let mut talk = hole();
    let second = talk.at(CLIENT, ACK, 1, 1, &[b'x'; 100]);
    talk.sack(SERVER, 1, &[(101, 301)]);
    talk.wait(400_000);
    let third = talk.at(CLIENT, ACK, 1, 1, &[b'x'; 100]);
    talk.segment(SERVER, ACK, b"");
    let text = told(&talk.write(), &["--all"]);
    for (packet, lost) in [(4, true), (5, false), (second, true), (third, false)] {
        assert_eq!(rung(&text, packet).contains('✗'), lost, "{text}");
    }
    assert!(
        row(&text, second).contains("packet 4 carried this first, 5.0 ms before, and was lost"),
        "{text}"
    );
    assert!(
        row(&text, second).contains("since then 2 acknowledgements have shown the hole (SACK)"),
        "{text}"
    );
    let timer = "no acknowledgement covered it, so the retransmission timer ran out";
    assert!(row(&text, third).contains(timer) && row(&text, third).contains("copy 3"), "{text}");
}

#[test]
fn each_d_sack_shows_that_one_more_copy_arrived() {
    let mut talk = hole();
    let second = talk.at(CLIENT, ACK, 1, 1, &[b'x'; 100]);
    talk.wait(400_000);
    talk.at(CLIENT, ACK, 1, 1, &[b'x'; 100]);
    talk.sack(SERVER, 301, &[(1, 101)]);
    let text = told(&talk.write(), &["--all"]);
    assert!(rung(&text, 4).contains('✗') && !rung(&text, second).contains('✗'), "{text}");
    talk.sack(SERVER, 301, &[(1, 101)]);
    let text = told(&talk.write(), &["--all"]);
    assert!(!rung(&text, 4).contains('✗') && !rung(&text, second).contains('✗'), "{text}");
}

#[test]
fn a_d_sack_of_a_copy_sent_in_vain_says_nothing_of_those_before() {
    let mut talk = hole();
    talk.at(CLIENT, ACK, 1, 1, &[b'x'; 100]);
    talk.sack(SERVER, 301, &[]);
    talk.at(CLIENT, ACK, 1, 1, &[b'x'; 100]);
    talk.sack(SERVER, 301, &[(1, 101)]);
    let text = told(&talk.write(), &["--all"]);
    assert!(rung(&text, 4).contains('✗'), "{text}");
}

#[test]
fn a_long_segment_of_which_a_part_came_is_partly_lost() {
    let mut talk = Talk::open(9000);
    let long = talk.say(CLIENT, [b'x'; 300]);
    talk.sack(SERVER, 1, &[(101, 301)]);
    talk.sack(SERVER, 1, &[(101, 301)]);
    talk.at(CLIENT, ACK, 1, 1, &[b'x'; 100]);
    talk.segment(SERVER, ACK, b"");
    let text = told(&talk.write(), &[]);
    assert!(rung(&text, long).contains("(partly lost)") && !rung(&text, long).contains('✗'), "{text}");
}

#[test]
fn after_the_timer_all_that_was_sent_is_sent_again() {
    let mut talk = Talk::open(9000);
    for _ in 0..2 {
        talk.say(CLIENT, [b'x'; 100]);
    }
    talk.wait(300_000);
    let first = talk.at(CLIENT, ACK, 1, 1, &[b'x'; 100]);
    talk.at(SERVER, ACK, 1, 101, b"");
    let next = talk.at(CLIENT, ACK, 101, 1, &[b'x'; 100]);
    talk.segment(SERVER, ACK, b"");
    let text = told(&talk.write(), &[]);
    assert!(
        row(&text, first).contains("no acknowledgement came, so the retransmission timer ran out"),
        "{text}"
    );
    assert!(row(&text, next).contains("the retransmission timer had run out (packet 6)"), "{text}");
}

#[test]
fn a_reset_that_must_be_ignored_ends_at_its_receiver() {
    let mut talk = Talk::open(9000);
    talk.say(CLIENT, "before");
    talk.segment(SERVER, ACK, b"");
    let reset = talk.at(CLIENT, RST, 0x4000_0000, 0, b"");
    talk.close();
    let rung = rung(&told(&talk.write(), &[]), reset);
    assert!(rung.contains("(ignored)") && rung.contains("✗│"), "{rung}");
}

#[test]
fn thousands_of_copies_are_counted_and_a_ladder_says_where_it_ends() {
    let mut talk = Talk::open(9000);
    talk.say(CLIENT, [b'x'; 10]);
    talk.say(CLIENT, [b'x'; 10]);
    for _ in 0..3000 {
        talk.sack(SERVER, 1, &[(11, 21)]);
        talk.at(CLIENT, ACK, 1, 1, &[b'x'; 10]);
    }
    for _ in 0..3000 {
        talk.sack(SERVER, 21, &[(1, 11)]);
    }
    let last = talk.say(CLIENT, "end") - 3001;
    let text = told(&talk.write(), &["--all"]);
    assert!(row(&text, last).contains("copy 3001, "), "{}", row(&text, last));
    assert!(row(&text, last).contains("which had arrived, as the D-SACK of packet"), "{}", row(&text, last));
    assert!(text.contains("A ladder has 1000 rungs at most: 8006 segments are not drawn."));
}

#[test]
fn a_ladder_has_the_times_that_were_asked_for() {
    let mut talk = Talk::open(9000);
    talk.close();
    let capture = talk.write();
    for (time, expected) in [("utc", "22:13:20.004"), ("epoch", "1700000000.004"), ("delta", "4.000")] {
        let rung = rung(&told(&capture, &["--time", time]), 5);
        assert!(rung.trim_start().starts_with(expected), "{time}: {rung}");
    }
}
