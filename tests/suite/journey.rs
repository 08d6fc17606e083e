//! The way of a mail over several hops, in one capture and over several.

use std::path::{Path, PathBuf};
use std::time::Instant;

use serde_json::Value;

use crate::common::wire::{Transfer, Wire};
use crate::common::{layerscope, sample, stderr, stdout};

/// The `mail_journey` records of these captures.
fn journeys<P: AsRef<Path>>(captures: &[P]) -> Vec<Value> {
    let mut command = layerscope();
    command.args(["smtp", "--format", "json"]).args(captures.iter().map(AsRef::as_ref));
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let records = stdout(&output);
    let records = records.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    records.filter(|record| record["record"] == "mail_journey").collect()
}

/// The only one.
fn journey<P: AsRef<Path>>(captures: &[P]) -> Value {
    let mut all = journeys(captures);
    assert_eq!(all.len(), 1, "{all:#?}");
    all.remove(0)
}

fn samples(names: &[&str]) -> Vec<PathBuf> {
    names.iter().map(|name| sample(name)).collect()
}

fn steps(journey: &Value) -> &Vec<Value> {
    journey["steps"].as_array().unwrap()
}

/// `relay`, or `(relay)` where it was not seen.
fn kinds(journey: &Value) -> Vec<String> {
    let kind = |step: &Value| match step["seen"].as_bool().unwrap() {
        true => step["kind"].as_str().unwrap().to_owned(),
        false => format!("({})", step["kind"].as_str().unwrap()),
    };
    steps(journey).iter().map(kind).collect()
}

fn ids(step: &Value) -> Vec<&str> {
    let added = step["received_added"].as_array().unwrap();
    added.iter().map(|hop| hop["id"].as_str().unwrap()).collect()
}

fn table(lang: &str, view: &str, captures: &[PathBuf]) -> String {
    stdout(&layerscope().args([view, "--lang", lang]).args(captures).output().unwrap())
}

#[test]
fn the_whole_way_of_a_mail_comes_out_joined_from_one_capture() {
    let journey = journey(&samples(&["mail-journey.pcap"]));
    assert_eq!(journey["message_id"], "menu@client.example.org");
    assert_eq!(kinds(&journey), ["submission", "relay", "delivery", "fetch"]);
    let steps = steps(&journey);
    let packets: Vec<_> = steps.iter().map(|step| step["first_packet"].as_u64().unwrap()).collect();
    assert_eq!(packets, [37, 54, 75, 99]);
    assert!(steps.iter().all(|step| step["basis"] == serde_json::json!(["message_id", "queue_id"])));
    assert_eq!(ids(&steps[1]), ["BEF87BF"]);
    assert_eq!(ids(&steps[3]), ["jOG8MvsMB2u/AQAAG7A98A"]);
    assert_eq!(steps[1]["changes"][0]["what"], "recipient");
    assert_eq!(steps[1]["changes"][0]["from"], "team@example.com");
    assert_eq!(steps[1]["changes"][0]["to"], "bob@example.com");
    assert_eq!(steps[3]["changes"][0]["field"], "Return-Path");
    assert_eq!(steps[3]["protocol"], "imap");
    assert_eq!(journey["clocks"], serde_json::json!([]));
}

#[test]
fn it_comes_out_joined_from_three_captures_in_whatever_order_they_are_named() {
    let names = ["mail-journey-1-client.pcap", "mail-journey-2-relay.pcap", "mail-journey-3-reader.pcap"];
    for order in [[0, 1, 2], [1, 0, 2], [2, 1, 0], [1, 2, 0]] {
        let journey = journey(&samples(&order.map(|index| names[index])));
        assert_eq!(kinds(&journey), ["submission", "relay", "(delivery)", "fetch"], "{order:?}");
        let steps = steps(&journey);
        let number = |file: usize| order.iter().position(|index| *index == file).unwrap() as u64 + 1;
        for (step, file) in [(0, 0), (1, 1), (3, 2)] {
            assert_eq!(steps[step]["capture"], number(file), "{order:?}: each was taken at another place");
        }
        // the Received line tells of the delivery that no capture has
        assert_eq!(steps[2]["queue_id"], "jOG8MvsMB2u/AQAAG7A98A");
        assert_eq!(steps[2]["basis"], serde_json::json!(["received"]));
        assert_eq!(steps[2]["capture"], Value::Null);
        let clock = &journey["clocks"][0];
        assert_eq!((&clock["capture"], &clock["behind"]), (&number(1).into(), &number(0).into()));
        let lag = clock["at_least_ns"].as_i64().unwrap();
        assert!((1_600_000_000..1_700_000_000).contains(&lag), "{lag}");
    }
}

#[test]
fn an_envelope_is_rewritten_at_the_first_try_that_shows_it_and_never_again() {
    for name in ["mail-journey-greylisted.pcap", "mail-journey-greylisted-partly.pcap"] {
        let journey = journey(&samples(&[name]));
        let rewritten = |step: &Value| {
            let changes = step["changes"].as_array().unwrap();
            changes.iter().filter(|change| change["what"] == "recipient").count()
        };
        let counts: Vec<usize> = steps(&journey).iter().map(rewritten).collect();
        assert_eq!(counts, [0, 1, 0, 0], "{name}");
        let change = &steps(&journey)[1]["changes"][0];
        assert_eq!((&change["from"], &change["to"]), (&"team@example.com".into(), &"bob@example.com".into()));
    }
}

#[test]
fn a_greylisted_mail_has_two_attempts() {
    let whole = journey(&samples(&["mail-journey-greylisted.pcap"]));
    assert_eq!(kinds(&whole), ["submission", "attempt", "relay", "(fetch)"]);
    let attempt = &steps(&whole)[1];
    assert_eq!(attempt["outcome"]["code"], 450);
    assert_eq!(attempt["basis"], serde_json::json!(["envelope"]));
    let after = attempt["tried_again_after_ns"].as_i64().unwrap();
    assert!((5_000_000_000..7_000_000_000).contains(&after), "{after}");
    let partly = journey(&samples(&["mail-journey-greylisted-partly.pcap"]));
    assert_eq!(kinds(&partly), ["submission", "relay", "relay", "(fetch)"]);
    assert_eq!(steps(&partly)[1]["recipients"][0]["code"], 450);
    assert!(steps(&partly)[1]["tried_again_after_ns"].is_i64());
    assert!(steps(&partly)[2]["tried_again_after_ns"].is_null());
}

#[test]
fn a_hop_that_two_captures_show_is_one_hop_seen_twice() {
    let journey = journey(&samples(&["mail-relayed-first-hop.pcap", "mail-relayed.pcap"]));
    assert_eq!(kinds(&journey), ["submission", "relay", "(fetch)"]);
    let also = steps(&journey)[0]["also_seen"].as_array().unwrap();
    assert_eq!(also.len(), 1);
    assert_eq!(also[0]["capture"], 2);
}

#[test]
fn a_mail_of_which_one_step_was_seen_has_no_way_but_for_one_that_was_fetched() {
    for name in ["mail-plain.pcap", "mail-two-in-one-session.pcap", "mail-journey-2-relay.pcap"] {
        assert_eq!(journeys(&samples(&[name])), Vec::<Value>::new(), "{name}");
    }
    for (name, protocol) in [("mail-imap.pcap", "imap"), ("mail-pop3.pcap", "pop3")] {
        let fetched = journey(&samples(&[name]));
        assert_eq!(kinds(&fetched), ["fetch"]);
        assert_eq!(steps(&fetched)[0]["protocol"], protocol);
        assert_eq!(steps(&fetched)[0]["octets"], 327);
    }
    let reader = journey(&samples(&["mail-journey-3-reader.pcap"]));
    assert_eq!(kinds(&reader), ["(submission)", "(relay)", "(delivery)", "fetch"]);
}

#[test]
fn each_recipient_of_lmtp_has_a_queue_identifier_of_its_own() {
    let journey = journey(&samples(&["mail-journey.pcap"]));
    let ids = &steps(&journey)[2]["queue_ids"];
    assert_eq!(*ids, serde_json::json!(["jOG8MvsMB2u/AQAAG7A98A", "jOG8MvsMB2u/AQAAG7A98A:R2"]));
}

#[test]
fn the_table_tells_it_in_both_languages_within_80_columns() {
    let captures =
        samples(&["mail-journey-1-client.pcap", "mail-journey-2-relay.pcap", "mail-journey-3-reader.pcap"]);
    let english = table("en", "smtp", &captures);
    for words in ["The way of the mail <menu@client.example.org>", "not seen", "at least 1.665 s behind"] {
        assert!(english.contains(words), "{words}: {english}");
    }
    assert!(english.contains("became\n") || english.contains("became "));
    let chinese = table("zh", "smtp", &captures);
    assert!(chinese.contains("邮件 <menu@client.example.org> 的路径") && chinese.contains("未见"));
    let overview = table("en", "overview", &captures);
    assert!(
        overview.contains("Way of <menu@client.example.org>: submitted (capture 1, packet 17)"),
        "{overview}"
    );
    let greylisted = table("en", "smtp", &samples(&["mail-journey-greylisted.pcap"]));
    assert!(greylisted.contains("put off: 450") && greylisted.contains("tried again after 5.8 s"));
}

#[test]
fn one_connection_that_is_asked_for_brings_the_whole_way_of_its_mail() {
    let mut command = layerscope();
    command.args(["smtp", "--format", "json", "--stream", "2"]).arg(sample("mail-journey.pcap"));
    let text = stdout(&command.output().unwrap());
    assert_eq!(text.lines().count(), 2);
    assert!(text.lines().last().unwrap().contains("\"mail_journey\""));
}

const MESSAGE: &str =
    "Message-ID: <m@a.test>\nDate: Fri, 1 Jan 2027 00:00:00 +0000\nFrom: a@a.test\nSubject: hello\n\nhello\n";

fn first_hop() -> Transfer<'static> {
    Transfer {
        hosts: (1, 2),
        at: 0,
        names: ("pc.a.test", "mx.b.test"),
        mail_from: "a@a.test",
        rcpt_to: "b@b.test",
        message: MESSAGE,
        reply: "250 2.0.0 Ok: queued as QQ11",
    }
}

const RECEIVED: &str = "Received: from pc.a.test (pc.a.test [10.0.0.1])\n\tby mx.b.test (Postfix) with ESMTP id QQ11;\n\tFri, 1 Jan 2027 00:00:00 +0000\n";

#[test]
fn hops_prove_their_order_whatever_the_clocks_say() {
    let folder = tempfile::tempdir().unwrap();
    let message = format!("{RECEIVED}{MESSAGE}");
    let (mut first, mut second) = (Wire::default(), Wire::default());
    // an hour too late by its capture's clock
    first.mail(&Transfer { at: 3_600_000_000, ..first_hop() });
    second.mail(&Transfer {
        hosts: (2, 3),
        names: ("mx.b.test", "store.b.test"),
        message: &message,
        reply: "250 2.0.0 Ok: queued as RR22",
        ..first_hop()
    });
    let captures = [first.write(folder.path(), "first.pcap"), second.write(folder.path(), "second.pcap")];
    let journey = journey(&captures);
    assert_eq!(kinds(&journey), ["submission", "relay", "(fetch)"]);
    assert_eq!(steps(&journey)[1]["capture"], 2);
    assert_eq!(
        journey["clocks"],
        serde_json::json!([{"capture": 2, "behind": 1, "at_least_ns": 3_600_000_000_000_i64}])
    );
}

#[test]
fn another_mail_with_the_same_message_id_is_another_mail() {
    let folder = tempfile::tempdir().unwrap();
    let mut wire = Wire::default();
    wire.mail(&first_hop());
    let other = MESSAGE.replace("\n\nhello", "\n\nsomething else");
    wire.mail(&Transfer {
        at: 1_000_000,
        message: &other,
        reply: "250 2.0.0 Ok: queued as SS33",
        ..first_hop()
    });
    assert_eq!(journeys(&[wire.write(folder.path(), "same-id.pcap")]), Vec::<Value>::new());
}

#[test]
fn a_mailing_list_changes_subject_content_and_sender_and_the_way_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let mut wire = Wire::default();
    wire.mail(&first_hop());
    let message = MESSAGE.replace("Subject: hello", "Subject: [list] hello\nList-Id: <list.b.test>");
    let message = format!("{RECEIVED}{message}-- \nleave: list-leave@b.test\n");
    for (host, recipient) in [(3, "x@x.test"), (4, "y@y.test")] {
        wire.mail(&Transfer {
            hosts: (2, host),
            at: 1_000_000 * u64::from(host),
            names: ("mx.b.test", "mx.x.test"),
            mail_from: "list-bounces@b.test",
            rcpt_to: recipient,
            message: &message,
            reply: "250 Ok",
        });
    }
    let journey = journey(&[wire.write(folder.path(), "list.pcap")]);
    assert_eq!(kinds(&journey), ["submission", "relay", "relay", "(fetch)"]);
    let changes = &steps(&journey)[1]["changes"];
    let has = |what: &str, of: &str| {
        let all = changes.as_array().unwrap();
        all.iter().any(|change| change["what"] == what && (change["field"] == of || change["to"] == of))
    };
    assert!(has("sender", "list-bounces@b.test") && has("recipient", "x@x.test"), "{changes}");
    assert!(has("field_changed", "Subject") && has("field_added", "List-Id"), "{changes}");
    assert!(changes.as_array().unwrap().iter().any(|change| change["what"] == "body"), "{changes}");
}

#[test]
fn a_queue_identifier_joins_what_has_no_message_id_of_its_own_yet() {
    let folder = tempfile::tempdir().unwrap();
    let mut wire = Wire::default();
    let without = MESSAGE.replace("Message-ID: <m@a.test>\n", "");
    wire.mail(&Transfer { message: &without, ..first_hop() });
    let with = format!("{RECEIVED}{MESSAGE}");
    wire.mail(&Transfer {
        hosts: (2, 3),
        at: 1_000_000,
        names: ("mx.b.test", "store.b.test"),
        message: &with,
        ..first_hop()
    });
    let journey = journey(&[wire.write(folder.path(), "no-id.pcap")]);
    assert_eq!(steps(&journey)[0]["basis"], serde_json::json!(["queue_id"]));
    assert_eq!(steps(&journey)[1]["changes"][0]["field"], "Message-ID");
}

#[test]
fn a_try_refused_for_good_belongs_to_the_mail_that_its_host_had() {
    let folder = tempfile::tempdir().unwrap();
    let mut wire = Wire::default();
    wire.mail(&first_hop());
    let refused = [
        (true, "220 store.b.test ESMTP"),
        (false, "EHLO mx.b.test"),
        (true, "250 store.b.test"),
        (false, "MAIL FROM:<a@a.test>"),
        (true, "250 Ok"),
        (false, "RCPT TO:<c@b.test> ORCPT=rfc822;b@b.test"),
        (true, "550 5.1.1 no such user"),
        (false, "QUIT"),
        (true, "221 Bye"),
    ];
    let lines = refused.map(|(from_server, line)| (from_server, format!("{line}\r\n")));
    wire.dialogue((2, 3), 25, 1_000_000, &lines);
    let journey = journey(&[wire.write(folder.path(), "refused.pcap")]);
    assert_eq!(kinds(&journey), ["submission", "attempt", "(fetch)"]);
    let attempt = &steps(&journey)[1];
    assert_eq!(attempt["basis"], serde_json::json!(["envelope"]));
    assert_eq!(attempt["outcome"]["code"], 550);
    assert!(attempt["tried_again_after_ns"].is_null());
}

#[test]
fn a_mail_of_which_the_end_was_not_captured_is_joined_all_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let mut wire = Wire::default();
    wire.mail(&Transfer { reply: "250 Ok", ..first_hop() });
    let lines = [(true, "* 1 FETCH (BODY[] {5000}\r\n".to_owned()), (true, MESSAGE.replace('\n', "\r\n"))];
    wire.dialogue((4, 2), 143, 1_000_000, &lines);
    let journey = journey(&[wire.write(folder.path(), "torn.pcap")]);
    assert_eq!(kinds(&journey), ["submission", "fetch"]);
}

#[test]
fn a_thousand_mails_with_one_message_id_are_joined_in_time_that_grows_with_their_number() {
    let folder = tempfile::tempdir().unwrap();
    let (mut alike, mut different) = (Wire::default(), Wire::default());
    for number in 0..1000 {
        let reply = format!("250 2.0.0 Ok: queued as T{number}");
        let transfer = Transfer { at: number * 1_000_000, reply: &reply, ..first_hop() };
        alike.mail(&transfer);
        let message = MESSAGE.replace("\n\nhello", &format!("\n\n{number}"));
        different.mail(&Transfer { message: &message, ..transfer });
    }
    let begun = Instant::now();
    let journey = journey(&[alike.write(folder.path(), "alike.pcap")]);
    assert_eq!(steps(&journey).len(), 201, "a bound, and the fetch that was not seen");
    assert_eq!(journey["steps_left_out"], 800);
    assert_eq!(journeys(&[different.write(folder.path(), "different.pcap")]), Vec::<Value>::new());
    // seconds in a debug build; a square of a thousand would be many more
    assert!(begun.elapsed().as_secs() < 60, "{:?}", begun.elapsed());
}

#[test]
fn imap_and_pop3_are_told_on_any_port_and_what_they_hand_out_is_masked() {
    let folder = tempfile::tempdir().unwrap();
    let say = |from_server: bool, text: &str| (from_server, text.replace('\n', "\r\n"));
    let mut wire = Wire::default();
    let literal = MESSAGE.replace('\n', "\r\n");
    let fetch = format!("* 1 FETCH (UID 7 BODY[] {{{}}}\r\n{literal})\r\na2 OK done\r\n", literal.len());
    wire.dialogue(
        (1, 2),
        1430,
        0,
        &[
            say(true, "* OK ready\n"),
            say(false, "a1 LOGIN alice s3cr3t-w0rd\n"),
            say(true, "a1 OK\n"),
            say(false, "a2 UID FETCH 7 BODY.PEEK[]\n"),
            (true, fetch),
        ],
    );
    wire.dialogue(
        (1, 2),
        1100,
        1_000_000,
        &[
            say(true, "+OK ready\n"),
            say(false, "USER alice\n"),
            say(true, "+OK\n"),
            say(false, "LIST\n"),
            say(true, "+OK 1 message\n1 99\n.\n"),
            say(false, "RETR 1\n"),
            say(true, &format!("+OK\n{MESSAGE}.\n")),
            say(false, "QUIT\n"),
            say(true, "+OK\n"),
        ],
    );
    let path = wire.write(folder.path(), "fetched.pcap");
    let journey = journey(&[&path]);
    assert_eq!(kinds(&journey), ["fetch", "fetch"]);
    let protocols: Vec<_> = steps(&journey).iter().map(|step| step["protocol"].as_str().unwrap()).collect();
    assert_eq!(protocols, ["imap", "pop3"]);
    let octets: Vec<_> = steps(&journey).iter().map(|step| step["octets"].as_u64().unwrap()).collect();
    assert_eq!(octets, [literal.len() as u64; 2]);
    let dump = stdout(&layerscope().arg("layers").arg(&path).output().unwrap());
    assert!(!dump.contains("Message-ID") && !dump.contains("s3cr3t"), "{dump}");
    let shown = stdout(&layerscope().args(["layers", "--reveal-secrets"]).arg(&path).output().unwrap());
    assert!(shown.contains("Message-ID"));
}

#[test]
fn a_rotated_capture_is_one_in_whatever_order_its_files_are_named() {
    let mut command = layerscope();
    command.args(["tcp", "--format", "json"]).arg(sample("rotated-2.pcap")).arg(sample("rotated-1.pcap"));
    let text = stdout(&command.output().unwrap());
    let records: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(records.len(), 1);
    assert_eq!(records[0]["capture"], 1);
    assert_eq!(records[0]["handshake"]["kind"], "three_way");
}
