//! What is true of mail dialogues (RFC 5321 and its extensions), asked of the program itself.

use crate::common::talk::{ACK, CLIENT, FIN, SERVER, Talk};
use serde_json::{Value, json};

const ENVELOPE: [&str; 4] =
    ["MAIL FROM:<a@example.test>", "250 2.1.0 Ok", "RCPT TO:<b@example.test>", "250 2.1.5 Ok"];

/// A session up to the reply to RCPT.
fn with_envelope() -> Talk {
    let mut talk = Talk::smtp();
    talk.exchange(&ENVELOPE);
    talk
}

fn quit(talk: &mut Talk) {
    talk.exchange(&["QUIT", "221 2.0.0 Bye"]);
}

/// Verbs of the commands, in order.
fn verbs(session: &Value) -> Vec<String> {
    let turns = session["turns"].as_array().unwrap().iter();
    let commands = turns.filter(|turn| turn["kind"] == "command");
    commands.map(|turn| turn["verb"].as_str().unwrap().to_owned()).collect()
}

/// Of each reply its code and the verb, or kind, of the turn in the packet that it answers.
fn answers(session: &Value) -> Vec<(u64, String)> {
    let turns = session["turns"].as_array().unwrap();
    let replies = turns.iter().filter(|turn| turn["kind"] == "reply");
    let name = |packet: &Value| {
        let said = turns.iter().find(|turn| turn["packet"] == *packet && turn["from"] == "client");
        let said = said.map(|turn| turn["verb"].as_str().or(turn["kind"].as_str()).unwrap());
        said.unwrap_or("nothing").to_owned()
    };
    replies.map(|reply| (reply["code"].as_u64().unwrap(), name(&reply["answers"]))).collect()
}

fn warns(session: &Value, warning: &str) -> bool {
    session["warnings"].as_array().unwrap().contains(&json!(warning))
}

fn message_of(talk: &Talk) -> Value {
    let session = talk.write().session();
    assert_eq!(session["messages"].as_array().unwrap().len(), 1, "{session:#}");
    session["messages"][0].clone()
}

#[test]
fn data_is_entered_only_on_354_and_after_503_the_following_lines_are_commands() {
    let mut talk = Talk::smtp();
    talk.exchange(&["DATA", "503 5.5.1 Need RCPT", "NOOP", "250 Ok"]);
    quit(&mut talk);
    let session = talk.write().session();
    assert_eq!(verbs(&session), ["EHLO", "DATA", "NOOP", "QUIT"]);
    assert_eq!(session["messages"], json!([]));
}

#[test]
fn pipelined_commands_refused_behind_data_are_commands() {
    let mut talk = Talk::smtp();
    talk.say(CLIENT, "MAIL FROM:<a@example.test>\r\nRCPT TO:<b@example.test>\r\nDATA\r\n");
    talk.say(SERVER, "250 Ok\r\n550 No\r\n554 No valid recipients\r\n");
    quit(&mut talk);
    let session = talk.write().session();
    assert_eq!(verbs(&session), ["EHLO", "MAIL", "RCPT", "DATA", "QUIT"]);
    assert_eq!(session["ended"], "quit");
}

#[test]
fn pipelined_commands_and_replies_match_first_in_first_out() {
    let mut talk = Talk::smtp();
    let packet = talk.say(CLIENT, "MAIL FROM:<a@example.test>\r\nRCPT TO:<b@example.test>\r\n");
    let second = talk.say(CLIENT, "RCPT TO:<c@example.test>\r\nDATA\r\n");
    talk.say(SERVER, "250 Ok\r\n250 Ok\r\n550 No\r\n354 Go\r\n");
    talk.exchange(&["Hi\r\n.", "250 Ok"]);
    let session = talk.write().session();
    let turns = session["turns"].as_array().unwrap().iter();
    let replies: Vec<_> = turns
        .filter(|turn| turn["kind"] == "reply")
        .skip(1)
        .take(4)
        .map(|turn| (turn["code"].clone(), turn["answers"].clone()))
        .collect();
    let expected = [(250, packet), (250, packet), (550, second), (354, second)];
    assert_eq!(replies, expected.map(|(code, answers)| (json!(code), json!(answers))));
}

#[test]
fn a_reply_of_several_lines_is_one_reply() {
    let talk = Talk::smtp();
    let session = talk.write().session();
    assert_eq!(answers(&session), [(250, "EHLO".to_owned())]);
    assert_eq!(session["capabilities"], json!(["PIPELINING", "CHUNKING", "AUTH PLAIN LOGIN"]));
}

#[test]
fn a_missing_reply_does_not_shift_the_later_pairs() {
    let mut talk = Talk::smtp();
    talk.exchange(&ENVELOPE[..3]);
    talk.exchange(&["DATA", "354 Go", "Hi\r\n.", "250 Ok"]);
    quit(&mut talk);
    let session = talk.write().session();
    let pairs = answers(&session);
    let pairs: Vec<_> = pairs.iter().map(|(code, verb)| (*code, verb.as_str())).collect();
    let expected = [(250, "EHLO"), (250, "MAIL"), (354, "DATA"), (250, "message"), (221, "QUIT")];
    assert_eq!(pairs, expected);
}

#[test]
fn a_334_belongs_to_auth() {
    let mut talk = Talk::smtp();
    talk.say(CLIENT, "NOOP\r\n");
    talk.say(CLIENT, "AUTH LOGIN\r\n");
    talk.say(SERVER, "334 VXNlcm5hbWU6\r\n");
    assert_eq!(answers(&talk.write().session())[1], (334, "AUTH".to_owned()));
}

#[test]
fn a_421_may_come_at_any_time() {
    let mut talk = with_envelope();
    talk.say(SERVER, "421 4.4.2 Timeout\r\n");
    talk.segment(SERVER, FIN | ACK, b"");
    let session = talk.write().session();
    assert_eq!(session["ended"], "timeout");
    assert!(!warns(&session, "replies_out_of_step"));
}

#[test]
fn a_message_that_ends_in_mid_segment_is_followed_by_the_next_command() {
    let mut talk = with_envelope();
    talk.exchange(&["DATA", "354 Go"]);
    talk.say(CLIENT, "Hi\r\n.\r\nMAIL FROM:<second@example.test>\r\n");
    talk.say(SERVER, "250 Ok\r\n250 Ok\r\n");
    let session = talk.write().session();
    assert_eq!(session["messages"][0]["octets"], 4);
    assert_eq!(verbs(&session), ["EHLO", "MAIL", "RCPT", "DATA", "MAIL"]);
}

#[test]
fn the_end_of_a_message_may_be_cut_over_three_segments() {
    let mut talk = with_envelope();
    talk.exchange(&["DATA", "354 Go"]);
    for part in ["Hi\r", "\n.", "\r\n"] {
        talk.say(CLIENT, part);
    }
    talk.say(SERVER, "250 Ok\r\n");
    quit(&mut talk);
    let message = message_of(&talk);
    assert_eq!((&message["octets"], &message["complete"]), (&json!(4), &json!(true)));
}

#[test]
fn a_doubled_dot_becomes_one_in_data_and_stays_in_bdat() {
    let mut talk = with_envelope();
    talk.exchange(&["DATA", "354 Go", "..x\r\n.", "250 Ok"]);
    assert_eq!(message_of(&talk)["octets"], 4);

    let mut talk = with_envelope();
    talk.say(CLIENT, "BDAT 5 LAST\r\n..x\r\n");
    talk.say(SERVER, "250 Ok\r\n");
    let message = message_of(&talk);
    assert_eq!((&message["octets"], &message["transfer"]), (&json!(5), &json!("BDAT")));
}

#[test]
fn bdat_0_last_ends_a_message() {
    let mut talk = with_envelope();
    talk.say(CLIENT, "BDAT 4\r\nHi\r\n");
    talk.say(SERVER, "250 Ok\r\n");
    talk.exchange(&["BDAT 0 LAST", "250 2.0.0 Ok: queued as 4F1A2B3C4D"]);
    let message = message_of(&talk);
    assert_eq!((&message["octets"], &message["complete"]), (&json!(4), &json!(true)));
    assert_eq!(message["queue_id"], "4F1A2B3C4D");
}

#[test]
fn the_octets_of_a_refused_chunk_are_still_consumed() {
    let mut talk = Talk::smtp();
    talk.say(CLIENT, "BDAT 6 LAST\r\nQUIT\r\n");
    talk.say(SERVER, "503 5.5.1 No recipients\r\n");
    talk.exchange(&["NOOP", "250 Ok"]);
    assert_eq!(verbs(&talk.write().session()), ["EHLO", "BDAT", "NOOP"]);
}

#[test]
fn two_chunks_and_a_command_may_share_a_segment() {
    let mut talk = with_envelope();
    talk.say(CLIENT, "BDAT 4\r\nHi\r\nBDAT 3 LAST\r\n.\r\nQUIT\r\n");
    talk.say(SERVER, "250 Ok\r\n250 Ok\r\n221 Bye\r\n");
    let session = talk.write().session();
    assert_eq!(verbs(&session), ["EHLO", "MAIL", "RCPT", "BDAT", "BDAT", "QUIT"]);
    assert_eq!((&session["messages"][0]["octets"], &session["ended"]), (&json!(7), &json!("quit")));
}

#[test]
fn a_dot_between_bare_line_feeds_ends_no_message_and_is_warned_of() {
    let mut talk = with_envelope();
    talk.exchange(&["DATA", "354 Go"]);
    talk.say(CLIENT, "Hi\n.\nMAIL FROM:<smuggled@example.test>\r\n.\r\n");
    talk.say(SERVER, "250 Ok\r\n");
    quit(&mut talk);
    let session = talk.write().session();
    assert!(warns(&session, "bare_lf"));
    assert_eq!(verbs(&session), ["EHLO", "MAIL", "RCPT", "DATA", "QUIT"]);
    assert_eq!(session["messages"].as_array().unwrap().len(), 1);
}

/// The first octets of a ClientHello.
const HELLO: &[u8] = b"\x16\x03\x01\x00\x2f\x01\x00\x00\x2b\x03\x03";

#[test]
fn tls_begins_after_220_to_starttls_and_a_tls_record() {
    let mut talk = Talk::smtp();
    talk.exchange(&["STARTTLS", "220 2.0.0 Ready"]);
    let hello = talk.say(CLIENT, HELLO);
    let session = talk.write().session();
    assert_eq!((&session["encryption"], &session["encrypted_from"]), (&json!("starttls"), &json!(hello)));
    assert_eq!(session["ended"], "tls");

    let mut talk = Talk::smtp();
    talk.exchange(&["STARTTLS", "220 2.0.0 Ready", "NOOP", "250 Ok"]);
    let session = talk.write().session();
    assert_eq!((&session["encryption"], verbs(&session).pop()), (&json!("none"), Some("NOOP".into())));
}

#[test]
fn a_454_to_starttls_stays_in_plain_text() {
    let mut talk = Talk::smtp();
    talk.exchange(&["STARTTLS", "454 4.7.0 TLS not available"]);
    quit(&mut talk);
    let session = talk.write().session();
    assert_eq!((&session["encryption"], &session["ended"]), (&json!("none"), &json!("quit")));
}

#[test]
fn octets_behind_starttls_in_its_own_segment_are_warned_of() {
    let mut talk = Talk::smtp();
    talk.say(CLIENT, "STARTTLS\r\nRSET\r\n");
    talk.say(SERVER, "220 Ready\r\n");
    talk.say(CLIENT, HELLO);
    assert!(warns(&talk.write().session(), "starttls_injection"));
}

#[test]
fn a_second_ehlo_replaces_the_capabilities() {
    let mut talk = Talk::smtp();
    talk.exchange(&["EHLO client.example.test", "250-mx.example.test\r\n250 SIZE 1000"]);
    assert_eq!(talk.write().session()["capabilities"], json!(["SIZE 1000"]));
}

#[test]
fn a_client_that_authenticates_without_the_offered_starttls_is_warned_of() {
    let mut talk = Talk::open(587);
    talk.say(SERVER, "220 mx.example.test ESMTP\r\n");
    talk.exchange(&["EHLO c", "250-mx\r\n250-STARTTLS\r\n250 AUTH PLAIN", "AUTH PLAIN AGEAYg==", "235 Ok"]);
    assert!(warns(&talk.write().session(), "starttls_not_used"));
}

#[test]
fn auth_shows_the_user_of_an_initial_response_and_of_a_continuation() {
    for lines in [
        &["AUTH PLAIN AGFsaWNlAHNlY3JldA==", "235 Ok"][..],
        &["AUTH PLAIN", "334 ", "AGFsaWNlAHNlY3JldA==", "235 Ok"],
    ] {
        let mut talk = Talk::smtp();
        talk.exchange(lines);
        let auth = talk.write().session()["auth"].clone();
        assert_eq!(auth, json!({"mechanism": "PLAIN", "user": "alice", "outcome": "accepted"}));
    }
}

#[test]
fn an_equals_sign_is_an_empty_initial_response() {
    let mut talk = Talk::smtp();
    talk.exchange(&["AUTH EXTERNAL =", "235 Ok"]);
    let session = talk.write().session();
    assert_eq!(session["auth"]["mechanism"], "EXTERNAL");
    assert!(session["auth"]["user"].as_str().is_none_or(str::is_empty));
}

#[test]
fn a_star_cancels_auth() {
    let mut talk = Talk::smtp();
    talk.exchange(&["AUTH PLAIN", "334 ", "*", "501 Cancelled"]);
    quit(&mut talk);
    let session = talk.write().session();
    assert_eq!((&session["auth"]["outcome"], &session["ended"]), (&json!("cancelled"), &json!("quit")));
}

#[test]
fn login_asks_twice_and_the_user_is_the_first_answer() {
    let mut talk = Talk::smtp();
    talk.exchange(&[
        "AUTH LOGIN",
        "334 VXNlcm5hbWU6",
        "YWxpY2U=",
        "334 UGFzc3dvcmQ6",
        "c2VjcmV0",
        "535 5.7.8 No",
    ]);
    let auth = talk.write().session()["auth"].clone();
    assert_eq!(auth, json!({"mechanism": "LOGIN", "user": "alice", "outcome": "rejected"}));
}

#[test]
fn a_reverse_path_is_read_in_every_shape_that_is_met() {
    for (line, path) in [
        ("MAIL FROM:<x@example.test>", "x@example.test"),
        ("MAIL FROM:x@example.test", "x@example.test"),
        ("MAIL FROM: <x@example.test>", "x@example.test"),
        ("mail from:<x@example.test>", "x@example.test"),
        ("MAIL FROM:<x@example.test> SIZE=100 BODY=8BITMIME", "x@example.test"),
        ("MAIL FROM:x@example.test SIZE=100", "x@example.test"),
        ("MAIL FROM:<\"a > b\"@example.test> SIZE=1", "\"a > b\"@example.test"),
        ("MAIL FROM:<>", ""),
    ] {
        let mut talk = Talk::smtp();
        talk.exchange(&[
            line,
            "250 Ok",
            "RCPT TO:<b@example.test>",
            "250 Ok",
            "DATA",
            "354 Go",
            "Hi\r\n.",
            "250 Ok",
        ]);
        assert_eq!(message_of(&talk)["mail_from"], path, "{line}");
    }
}

#[test]
fn a_rejected_mail_does_not_change_the_sender_of_the_transaction() {
    let mut talk = Talk::smtp();
    talk.exchange(&ENVELOPE[..2]);
    talk.exchange(&["MAIL FROM:<other@example.test>", "503 5.5.1 Nested MAIL"]);
    talk.exchange(&ENVELOPE[2..]);
    talk.exchange(&["DATA", "354 Go", "Hi\r\n.", "250 Ok"]);
    assert_eq!(message_of(&talk)["mail_from"], "a@example.test");
}

#[test]
fn a_rejected_recipient_stays_in_the_list_with_its_code() {
    let mut talk = with_envelope();
    talk.exchange(&["RCPT TO:<c@example.test>", "550 5.1.1 Unknown", "DATA", "354 Go", "Hi\r\n.", "250 Ok"]);
    let recipients = message_of(&talk)["rcpt_to"].clone();
    assert_eq!((&recipients[0]["code"], &recipients[0]["accepted"]), (&json!(250), &json!(true)));
    assert_eq!(recipients[1]["address"], "c@example.test");
    assert_eq!((&recipients[1]["code"], &recipients[1]["accepted"]), (&json!(550), &json!(false)));
}

#[test]
fn a_transaction_whose_recipients_were_all_refused_is_told_without_a_message() {
    let mut talk = Talk::smtp();
    talk.exchange(&ENVELOPE[..2]);
    talk.exchange(&["RCPT TO:<c@example.test>", "550 5.1.1 Unknown"]);
    quit(&mut talk);
    let capture = talk.write();
    let session = capture.session();
    assert_eq!(session["messages"], json!([]));
    let abandoned = &session["abandoned"][0];
    assert_eq!(abandoned["mail_from"], "a@example.test");
    assert_eq!(
        (&abandoned["rcpt_to"][0]["code"], &abandoned["rcpt_to"][0]["accepted"]),
        (&json!(550), &json!(false))
    );
    let table = crate::common::stdout(&crate::common::run([
        std::ffi::OsStr::new("smtp"),
        capture.path().as_os_str(),
    ]));
    assert!(table.contains("c@example.test") && table.contains("refused 550"), "{table}");
}

#[test]
fn rset_and_ehlo_drop_the_transaction() {
    for reset in ["RSET", "EHLO client.example.test"] {
        let mut talk = with_envelope();
        talk.exchange(&[reset, "250 Ok", "MAIL FROM:<>", "250 Ok", "RCPT TO:<d@example.test>", "250 Ok"]);
        talk.exchange(&["DATA", "354 Go", "Hi\r\n.", "250 Ok"]);
        let session = talk.write().session();
        assert_eq!(session["messages"][0]["mail_from"], "");
        assert_eq!(session["messages"][0]["rcpt_to"].as_array().unwrap().len(), 1, "{reset}");
        assert_eq!(session["abandoned"][0]["rcpt_to"][0]["address"], "b@example.test");
        assert_eq!(session["abandoned"].as_array().unwrap().len(), 1);
    }
}

#[test]
fn lmtp_has_a_reply_for_each_accepted_recipient_after_the_final_dot() {
    let mut talk = Talk::open(24);
    talk.say(SERVER, "220 mx.example.test LMTP\r\n");
    talk.exchange(&["LHLO c", "250 mx.example.test"]);
    talk.exchange(&ENVELOPE);
    talk.exchange(&["RCPT TO:<no@example.test>", "550 No", "RCPT TO:<c@example.test>", "250 Ok"]);
    talk.exchange(&["DATA", "354 Go", "Hi\r\n.", "250 Stored\r\n452 Full"]);
    quit(&mut talk);
    let session = talk.write().session();
    assert_eq!((&session["lmtp"], &session["ended"]), (&json!(true), &json!("quit")));
    let recipients = &session["messages"][0]["rcpt_to"];
    let codes: Vec<_> = (0..3).map(|at| recipients[at]["delivery"]["code"].as_u64()).collect();
    assert_eq!(codes, [Some(250), None, Some(452)]);
}

#[test]
fn a_banner_of_220_alone_is_no_smtp() {
    let mut talk = Talk::open(21);
    talk.say(SERVER, "220 ready\r\n");
    talk.exchange(&["USER alice", "331 Password", "PASS secret", "230 Ok", "QUIT", "221 Bye"]);
    let capture = talk.write();
    assert!(capture.sessions().is_empty());
    assert_ne!(capture.connection()["application"], "smtp");
}

#[test]
fn a_client_verb_or_the_word_smtp_decides_on_any_port() {
    for port in [2525, 1025, 31_337] {
        let mut talk = Talk::open(port);
        talk.say(SERVER, "220 hello\r\n");
        talk.exchange(&["EHLO c", "250 hello"]);
        assert_eq!(talk.write().connection()["application"], "smtp", "by verb, port {port}");

        let mut talk = Talk::open(port);
        talk.say(SERVER, "220 mx.example.test ESMTP\r\n");
        assert_eq!(talk.write().connection()["application"], "smtp", "by word, port {port}");
    }
}

#[test]
fn port_25_that_speaks_something_else_is_not_called_smtp() {
    let mut talk = Talk::open(25);
    talk.say(CLIENT, "GET / HTTP/1.1\r\nHost: www.example.test\r\n\r\n");
    talk.say(SERVER, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    let capture = talk.write();
    assert!(capture.sessions().is_empty());
    assert_ne!(capture.connection()["application"], "smtp");
}

#[test]
fn a_capture_of_one_side_only_still_shows_that_side() {
    let talk = || {
        let mut talk = with_envelope();
        talk.exchange(&["DATA", "354 Go", "Hi\r\n.", "250 Ok"]);
        quit(&mut talk);
        talk
    };
    let client = talk().only(CLIENT).write().session();
    assert_eq!(verbs(&client), ["EHLO", "MAIL", "RCPT", "DATA", "QUIT"]);
    assert_eq!(client["messages"][0]["octets"], 4);
    assert!(warns(&client, "one_sided"));
    let server = talk().only(SERVER).write().session();
    let turns = server["turns"].as_array().unwrap();
    let codes: Vec<_> = turns.iter().filter_map(|turn| turn["code"].as_u64()).collect();
    assert_eq!(codes, [220, 250, 250, 250, 354, 250, 221]);
    assert!(warns(&server, "one_sided"));
}

#[test]
fn a_gap_becomes_a_turn_and_the_next_line_is_read_again() {
    let mut talk = Talk::smtp();
    talk.lose(CLIENT, "MAIL FROM:<a@exam");
    talk.say(CLIENT, "ple.test>\r\n");
    talk.say(SERVER, "250 2.1.0 Ok\r\n");
    talk.exchange(&["RCPT TO:<b@example.test>", "250 Ok"]);
    quit(&mut talk);
    let session = talk.write().session();
    let turns = session["turns"].as_array().unwrap();
    let gap = turns.iter().find(|turn| turn["kind"] == "gap").unwrap();
    assert_eq!((&gap["octets"], &gap["from"]), (&json!(17), &json!("client")));
    assert_eq!(verbs(&session), ["EHLO", "RCPT", "QUIT"]);
    assert_eq!(session["ended"], "quit");
}

#[test]
fn a_session_that_does_nothing_but_connect_is_still_a_session() {
    let mut talk = Talk::open(25);
    talk.say(SERVER, "220 mx.example.test ESMTP\r\n");
    talk.close();
    let session = talk.write().session();
    assert_eq!(
        (&session["ended"], &session["greeting"]),
        (&json!("closed"), &json!("mx.example.test ESMTP"))
    );
}

#[test]
fn a_session_of_ehlo_and_quit_is_still_a_session() {
    let mut talk = Talk::smtp();
    quit(&mut talk);
    talk.close();
    let session = talk.write().session();
    assert_eq!((&session["ended"], verbs(&session)), (&json!("quit"), vec!["EHLO".into(), "QUIT".into()]));
}

#[test]
fn a_221_belongs_to_quit() {
    let mut talk = Talk::smtp();
    talk.say(CLIENT, "NOOP\r\nRSET\r\nQUIT\r\n");
    talk.say(SERVER, "250 Ok\r\n221 Bye\r\n");
    let session = talk.write().session();
    assert_eq!(answers(&session)[1..], [(250, "NOOP".to_owned()), (221, "NOOP".to_owned())], "one packet");
    let turns = session["turns"].as_array().unwrap();
    let last = turns.last().unwrap()["answers_turn"].as_u64().unwrap() as usize;
    assert_eq!(turns[last]["verb"], "QUIT");
    assert!(warns(&session, "replies_out_of_step"));
    assert_eq!(session["ended"], "quit");
}

#[test]
fn commands_of_extensions_are_named_and_told() {
    for (line, verb, reply, told) in [
        ("ETRN example.test", "ETRN", "253 2 messages", "waits for this host"),
        ("XCLIENT NAME=c.example.test ADDR=192.0.2.9", "XCLIENT", "220 mx ESMTP", "who the real client is"),
        ("XFORWARD NAME=c.example.test HELO=c", "XFORWARD", "250 Ok", "where the mail came from"),
        ("vrfy alice", "VRFY", "252 Perhaps", "whether a mailbox exists"),
    ] {
        let mut talk = Talk::smtp();
        talk.exchange(&[line, reply]);
        quit(&mut talk);
        let capture = talk.write();
        let session = capture.session();
        assert_eq!(verbs(&session), ["EHLO", verb, "QUIT"]);
        assert_eq!(session["ended"], "quit", "{line}");
        let output =
            crate::common::layerscope().env("COLUMNS", "300").arg("smtp").arg(capture.path()).output();
        let table = crate::common::stdout(&output.unwrap());
        assert!(table.contains(told), "{told:?} is not in\n{table}");
    }
}

#[test]
fn parameters_of_extensions_leave_the_paths_alone() {
    let mut talk = Talk::smtp();
    talk.exchange(&[
        "MAIL FROM:<用户@例子.test> SIZE=9 BODY=8BITMIME SMTPUTF8 RET=HDRS ENVID=x AUTH=<>",
        "250 Ok",
        "RCPT TO:<b@example.test> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;c@example.test",
        "250 Ok",
        "DATA",
        "354 Go",
        "Hi\r\n.",
        "250 Ok",
    ]);
    let message = message_of(&talk);
    assert_eq!(message["mail_from"], "用户@例子.test");
    assert_eq!(message["rcpt_to"][0]["address"], "b@example.test");
}

#[test]
fn a_capture_cut_at_any_packet_tells_what_it_has() {
    let build = |packets: usize| {
        let mut talk = with_envelope();
        talk.exchange(&["DATA", "354 Go", "Hi\r\n.", "250 Ok"]);
        quit(&mut talk);
        talk.first(packets).write()
    };
    for packets in 4..=16 {
        let session = build(packets).session();
        assert_eq!(session["turns"].as_array().unwrap().len(), packets - 3, "{packets} packets");
        assert_eq!(session["ended"], if packets == 16 { "quit" } else { "open" });
    }
}
