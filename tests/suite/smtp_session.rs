//! What the view of one session says: each reply by the command that it answers, offers and their use, verdicts and
//! advice, what was exposed; the lines alone and the ladder.

use std::path::Path;

use serde_json::{Value, json};

use crate::common::talk::{CLIENT, Capture, SERVER, Talk};
use crate::common::{layerscope, sample, stderr, stdout};

/// The view of the only session, in columns wide enough for whole rows.
fn told(path: &Path, options: &[&str]) -> String {
    let output =
        layerscope().env("COLUMNS", "400").args(["smtp", "--stream", "0"]).args(options).arg(path).output();
    let output = output.unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    stdout(&output)
}

fn table(capture: &Capture) -> String {
    told(capture.path(), &[])
}

/// The row of the conversation that has this in its line.
fn row<'a>(table: &'a str, line: &str) -> &'a str {
    let conversation = table.split_once("OSI phase").unwrap().1;
    conversation.lines().find(|row| row.contains(line)).unwrap_or_else(|| panic!("no {line:?} in\n{table}"))
}

fn says(table: &str, line: &str, what: &[&str]) {
    let row = row(table, line);
    for text in what {
        assert!(row.contains(text), "{text:?} is not in {row:?}");
    }
}

fn exposure(session: &Value, what: &str) -> (String, Option<u64>) {
    let exposed = &session["exposure"][what];
    (exposed["state"].as_str().unwrap().to_owned(), exposed["packet"].as_u64())
}

fn readable(packet: u64) -> (String, Option<u64>) {
    ("readable".to_owned(), Some(packet))
}

/// MAIL, two RCPT and DATA in one segment; the message and QUIT in another.
fn pipelined() -> Talk {
    let mut talk = Talk::smtp();
    talk.say(
        CLIENT,
        "MAIL FROM:<a@example.test>\r\nRCPT TO:<b@example.test>\r\nRCPT TO:<c@example.test>\r\nDATA\r\n",
    );
    talk.say(SERVER, "250 2.1.0 Ok\r\n250 2.1.5 Ok\r\n450 4.2.0 Greylisted\r\n354 Go\r\n");
    talk.say(CLIENT, "Subject: hi\r\n\r\nhi\r\n.\r\nQUIT\r\n");
    talk.say(SERVER, "250 2.0.0 Ok: queued as 4F1A2B3C4D\r\n221 2.0.0 Bye\r\n");
    talk.close();
    talk
}

#[test]
fn a_pipelined_reply_has_the_phase_and_the_meaning_of_the_command_that_it_answers() {
    let table = table(&pipelined().write());
    says(&table, "250 2.1.0 Ok", &["7 envelope", "sender accepted"]);
    says(&table, "250 2.1.5 Ok", &["7 envelope", "recipient accepted", "answers RCPT <b@example.test>"]);
    says(&table, "450 4.2.0", &["7 envelope", "recipient put off", "answers RCPT <c@example.test>"]);
    says(&table, "354 Go", &["7 message", "invites the message"]);
    says(&table, "queued as", &["7 message", "accepted: from here on", "answers the message"]);
    says(&table, "221 2.0.0", &["5 close", "goodbye"]);
}

#[test]
fn a_reply_names_the_place_of_what_it_answers_among_the_turns() {
    let session = pipelined().write().session();
    let turns = session["turns"].as_array().unwrap();
    let replies = turns.iter().filter(|turn| turn["kind"] == "reply");
    let asked: Vec<_> = replies
        .map(|reply| {
            let turn = &turns[reply["answers_turn"].as_u64().unwrap() as usize];
            turn["verb"].as_str().or(turn["kind"].as_str()).unwrap()
        })
        .collect();
    assert_eq!(asked, ["EHLO", "MAIL", "RCPT", "RCPT", "DATA", "message", "QUIT"]);
}

#[test]
fn real_servers_pipelined_replies_are_told_apart() {
    for (name, line, what) in [
        ("mail-pipelined.pcap", "550 5.1.1", "recipient refused"),
        ("mail-journey-2-relay.pcap", "queued as", "accepted: from here on"),
        ("mail-journey-2-relay.pcap", "250 2.1.0", "sender accepted"),
        ("mail-lmtp.pcap", "250 2.0.0 <bob", "accepted: from here on"),
    ] {
        says(&told(&sample(name), &[]), line, &[what]);
    }
    says(&told(&sample("mail-lmtp.pcap"), &[]), "250 2.0.0 <carol", &["for carol@example.com"]);
    let chunks = told(&sample("mail-chunking.pcap"), &[]);
    says(&chunks, "BDAT 0 LAST", &["0 octets: nothing follows; LAST ends the message"]);
    assert!(
        !chunks.contains("(message, 0 octets")
            && !told(&sample("mail-chunking.pcap"), &["--raw"]).contains("message: 0 octets")
    );
    assert!(!row(&chunks, "250 2.0.0 Ok: 62").contains("answers"), "{chunks}");
    says(&chunks, "queued as", &["7 message", "accepted: from here on"]);
    let path = sample("mail-journey-greylisted.pcap");
    let output = layerscope().env("COLUMNS", "400").args(["smtp", "--stream", "1"]).arg(path).output();
    let table = stdout(&output.unwrap());
    says(&table, "450 4.2.0 <bob", &["7 envelope", "recipient put off"]);
    assert!(table.contains("relay: ") && table.contains("ORCPT"), "{table}");
}

fn offers(lines: &str) -> Talk {
    let mut talk = Talk::open(25);
    talk.say(SERVER, "220 mx.example.test ESMTP\r\n");
    talk.exchange(&["EHLO client.example.test", lines]);
    talk
}

#[test]
fn each_offer_says_what_the_client_made_of_it() {
    let mut talk = offers(
        "250-mx\r\n250-PIPELINING\r\n250-SIZE 1000\r\n250-DSN\r\n250-CHUNKING\r\n250-AUTH PLAIN LOGIN\r\n250-STARTTLS\
         \r\n250 X-WHAT",
    );
    talk.exchange(&["AUTH PLAIN AGEAYg==", "235 Ok"]);
    let packet = talk.say(
        CLIENT,
        "MAIL FROM:<a@example.test> SIZE=2000\r\nRCPT TO:<b@example.test> NOTIFY=NEVER ORCPT=rfc822;b@example.test\r\n",
    );
    talk.say(SERVER, "552 5.3.4 Too big\r\n503 No\r\n");
    let table = table(&talk.write());
    says(&table, "250-PIPELINING", &[&format!("used: 2 commands at once in packet {packet}")]);
    says(&table, "250-SIZE", &["at most 1000 octets", "used: 2000 announced", "over the limit"]);
    says(&table, "250-DSN", &["used: NOTIFY, ORCPT"]);
    says(&table, "250-CHUNKING", &["not used"]);
    says(&table, "250-AUTH", &["PLAIN, LOGIN", "the client chose PLAIN"]);
    says(&table, "250-STARTTLS", &["not used: all that follows can be read"]);
    says(&table, "250 X-WHAT", &["an unknown extension"]);
}

#[test]
fn a_slow_reply_says_how_long_the_server_thought() {
    let mut talk = Talk::smtp();
    talk.say(CLIENT, "NOOP\r\n");
    talk.wait(2_100_000);
    talk.say(SERVER, "250 Slow\r\n");
    talk.wait(3_000_000);
    talk.exchange(&["QUIT", "221 Bye"]);
    let capture = talk.write();
    let timing = capture.session()["timing"].clone();
    assert_eq!(
        (&timing["server_ns"], &timing["client_ns"]),
        (&json!(2_103_000_000_i64), &json!(3_003_000_000_i64))
    );
    let table = table(&capture);
    says(&table, "250 Slow", &["the server thought for 2.1 s"]);
    says(&table, "QUIT", &["the client took 3.0 s"]);
    assert!(table.contains("Time: 2.1 s waiting for the server, 3.0 s for the client"), "{table}");
}

#[test]
fn pipelined_replies_are_not_all_charged_with_the_wait_for_the_first() {
    let mut talk = Talk::smtp();
    talk.say(CLIENT, "NOOP\r\nRSET\r\n");
    talk.wait(2_000_000);
    talk.say(SERVER, "250 First\r\n");
    talk.say(SERVER, "250 Second\r\n");
    let table = table(&talk.write());
    says(&table, "250 First", &["the server thought for 2.0 s"]);
    assert!(!row(&table, "250 Second").contains("thought"), "{table}");
}

#[test]
fn a_verdict_says_what_the_sender_can_do() {
    for (reply, advice) in [
        ("450 4.2.0 Greylisted, come back", "greylisting"),
        ("451 4.3.0 Trouble", "try again later"),
        ("550 5.1.1 Unknown", "check the address"),
        ("552 5.2.2 Full", "mailbox full"),
        ("552 5.3.4 Big", "make the message smaller"),
        ("554 5.7.1 Relay access denied", "log in"),
        ("550 No", "do not send it again unchanged"),
    ] {
        let mut talk = Talk::smtp();
        talk.exchange(&["MAIL FROM:<a@example.test>", "250 Ok", "RCPT TO:<b@example.test>", reply]);
        talk.exchange(&["QUIT", "221 Bye"]);
        let table = table(&talk.write());
        let line = table.lines().find(|line| line.trim_start().starts_with('→') && line.contains(advice));
        assert!(line.is_some(), "{reply}: no {advice:?} in\n{table}");
    }
}

#[test]
fn the_record_has_the_verdict_of_each_recipient() {
    let session = pipelined().write().session();
    let recipients = session["messages"][0]["rcpt_to"].as_array().unwrap();
    let verdicts: Vec<_> =
        recipients.iter().map(|recipient| recipient["verdict"].as_str().unwrap()).collect();
    assert_eq!(verdicts, ["accepted", "deferred"]);
}

#[test]
fn an_unknown_verdict_says_whether_the_capture_or_the_connection_ended_first() {
    let sent = || {
        let mut talk = Talk::smtp();
        talk.exchange(&["MAIL FROM:<a@example.test>", "250 Ok", "RCPT TO:<b@example.test>", "250 Ok"]);
        talk.exchange(&["DATA", "354 Go"]);
        talk.say(CLIENT, "hi\r\n.\r\n");
        talk
    };
    assert!(table(&sent().write()).contains("the capture ended before the answer"));
    let mut closed = sent();
    closed.close();
    assert!(table(&closed.write()).contains("no answer came before the connection closed"));
    let mut dropped = Talk::smtp();
    dropped.exchange(&["MAIL FROM:<a@example.test>", "250 Ok", "RCPT TO:<b@example.test>", "250 Ok"]);
    dropped.close();
    assert!(table(&dropped.write()).contains("no message followed"));
}

#[test]
fn the_exposure_of_a_session_in_the_clear_names_the_first_packets() {
    let mut talk = offers("250-mx\r\n250 AUTH LOGIN");
    let greeting = 4;
    talk.exchange(&["AUTH LOGIN", "334 VXNlcm5hbWU6"]);
    let user = talk.say(CLIENT, "YWxpY2U=\r\n");
    talk.say(SERVER, "334 UGFzc3dvcmQ6\r\n");
    let password = talk.say(CLIENT, "c2VjcmV0\r\n");
    talk.say(SERVER, "235 Ok\r\n");
    let mail = talk.say(CLIENT, "MAIL FROM:<a@example.test>\r\n");
    talk.say(SERVER, "250 Ok\r\n");
    talk.exchange(&["RCPT TO:<b@example.test>", "250 Ok", "DATA", "354 Go"]);
    let message = talk.say(CLIENT, "Subject: hi\r\n\r\nhi\r\n.\r\n");
    talk.say(SERVER, "250 Ok\r\n");
    talk.exchange(&["QUIT", "221 Bye"]);
    let session = talk.write().session();
    assert_eq!(exposure(&session, "host_names"), readable(greeting));
    assert_eq!(exposure(&session, "user"), readable(user));
    assert_eq!(exposure(&session, "secret"), readable(password));
    assert_eq!(session["exposure"]["secret"]["kind"], "password");
    assert_eq!(exposure(&session, "addresses"), readable(mail));
    assert_eq!(exposure(&session, "subject"), readable(message));
    assert_eq!(exposure(&session, "body"), readable(message));
}

#[test]
fn what_tls_may_have_carried_is_hidden_and_what_was_never_said_is_not_sent() {
    let mut talk = offers("250-mx\r\n250 STARTTLS");
    talk.exchange(&["STARTTLS", "220 Go"]);
    talk.say(CLIENT, b"\x16\x03\x01\x00\x2f\x01\x00\x00\x2b\x03\x03");
    let session = talk.write().session();
    assert_eq!(exposure(&session, "host_names"), readable(4));
    assert_eq!(exposure(&session, "body"), ("hidden".to_owned(), None));

    let mut talk = offers("250 mx");
    talk.exchange(&["QUIT", "221 Bye"]);
    assert_eq!(exposure(&talk.write().session(), "user"), ("not_sent".to_owned(), None));

    let talk = offers("250 mx");
    assert_eq!(exposure(&talk.write().session(), "user"), ("not_seen".to_owned(), None));
}

#[test]
fn a_body_that_its_author_encrypted_is_sealed() {
    let mut talk = Talk::smtp();
    talk.exchange(&["MAIL FROM:<a@example.test>", "250 Ok", "RCPT TO:<b@example.test>", "250 Ok"]);
    let message = "Subject: hi\r\nMIME-Version: 1.0\r\nContent-Type: application/pkcs7-mime\r\n\
                   Content-Transfer-Encoding: base64\r\n\r\nMIIB\r\n.";
    talk.exchange(&["DATA", "354 Go", message, "250 Ok", "QUIT", "221 Bye"]);
    let session = talk.write().session();
    assert_eq!(session["exposure"]["body"]["state"], "sealed");
    assert_eq!(session["exposure"]["subject"]["state"], "readable");
}

#[test]
fn an_offer_that_was_crossed_out_or_is_gone_is_warned_of() {
    let stripped =
        |session: &Value| session["warnings"].as_array().unwrap().contains(&json!("starttls_stripped"));
    let mut talk = offers("250-mx\r\n250-XXXXXXXA\r\n250 SIZE");
    talk.exchange(&["QUIT", "221 Bye"]);
    let capture = talk.write();
    assert!(stripped(&capture.session()));
    says(&table(&capture), "XXXXXXXA", &["most likely STARTTLS"]);

    let mut talk = offers("250-mx\r\n250 STARTTLS");
    talk.exchange(&["QUIT", "221 Bye"]);
    talk.close();
    (talk.ports[0], talk.next) = (40_001, [0, 0]);
    talk.handshake();
    talk.say(SERVER, "220 mx.example.test ESMTP\r\n");
    talk.exchange(&["EHLO client.example.test", "250-mx\r\n250 SIZE", "QUIT", "221 Bye"]);
    talk.close();
    let sessions = talk.write().sessions();
    assert_eq!(sessions.iter().map(stripped).collect::<Vec<_>>(), [false, true]);
}

#[test]
fn an_envelope_in_the_clear_although_starttls_was_offered_is_warned_of() {
    let warned = |lines: &[&str]| {
        let mut talk = offers("250-mx\r\n250 STARTTLS");
        talk.exchange(lines);
        talk.write().session()["warnings"].as_array().unwrap().contains(&json!("starttls_not_used"))
    };
    assert!(warned(&["MAIL FROM:<a@example.test>", "250 Ok"]));
    assert!(!warned(&["QUIT", "221 Bye"]));
    let refused = ["STARTTLS", "454 Not now", "MAIL FROM:<a@example.test>", "250 Ok"];
    assert!(!warned(&refused), "the client asked and was refused");
}

#[test]
fn raw_writes_the_lines_alone() {
    let mut talk = Talk::smtp();
    talk.exchange(&["AUTH PLAIN AGFsaWNlAHNlY3JldA==", "235 Ok"]);
    talk.exchange(&["MAIL FROM:<a@example.test>", "250 Ok", "RCPT TO:<b@example.test>", "250 Ok"]);
    talk.exchange(&["DATA", "354 Go", "hi\r\n.", "250 Ok", "QUIT", "221 \u{1b}[2JBye"]);
    let expected = "\
S: 220 mx.example.test ESMTP
C: EHLO client.example.test
S: 250-mx.example.test
S: 250-PIPELINING
S: 250-CHUNKING
S: 250 AUTH PLAIN LOGIN
C: AUTH PLAIN ········
S: 235 Ok
C: MAIL FROM:<a@example.test>
S: 250 Ok
C: RCPT TO:<b@example.test>
S: 250 Ok
C: DATA
S: 354 Go
C: [message: 7 octets]
S: 250 Ok
C: QUIT
";
    let raw = told(talk.write().path(), &["--raw"]);
    let (lines, last) = raw.split_at(expected.len());
    assert_eq!(lines, expected);
    assert!(last.starts_with("S: 221 ") && last.ends_with("Bye\n") && !last.contains('\u{1b}'), "{last:?}");
}

#[test]
fn a_session_is_drawn_as_a_ladder() {
    let capture = pipelined().write();
    let table = table(&capture);
    let ladder: Vec<_> = table.lines().filter(|line| line.contains('│')).collect();
    let arrow = |line: &str, head: char| ladder.iter().any(|rung| rung.contains(line) && rung.contains(head));
    assert!(arrow("EHLO client.example.test", '▶') && arrow("221 2.0.0 Bye", '◀'), "{table}");
    let svg = told(capture.path(), &["--format", "svg"]);
    assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"));
    assert!(svg.contains("RCPT TO:&lt;c@example.test&gt;") && svg.contains("url(#"), "{svg}");
}

#[test]
fn what_spans_packets_names_the_last_one_and_the_next_row_is_measured_from_it() {
    let mut talk = Talk::smtp();
    talk.exchange(&[
        "MAIL FROM:<a@example.test>",
        "250 Ok",
        "RCPT TO:<b@example.test>",
        "250 Ok",
        "DATA",
        "354 Go",
    ]);
    let first = talk.say(CLIENT, "Subject: hi\r\n\r\nhi\r\n");
    talk.wait(1_500_000);
    let last = talk.say(CLIENT, "there\r\n.\r\n");
    talk.say(SERVER, "250 Taken\r\n");
    let capture = talk.write();
    let table = table(&capture);
    says(&table, "(message, ", &[&format!("{first}–{last}")]);
    says(&table, "250 Taken", &["  1.000  "]);
    let session = capture.session();
    let turns = session["turns"].as_array().unwrap();
    let message = turns.iter().find(|turn| turn["kind"] == "message").unwrap();
    assert_eq!((&message["packet"], &message["last_packet"]), (&json!(first), &json!(last)));
    assert!(table.contains("ms waiting for the server"), "{table}");
}

#[test]
fn a_command_is_shown_as_it_was_sent() {
    let mut talk = Talk::smtp();
    talk.exchange(&["mail FROM:<a@example.test>", "250 Ok", "auth plain AGFsaWNlAHNlY3JldA==", "235 Ok"]);
    let capture = talk.write();
    let raw = told(capture.path(), &["--raw"]);
    assert!(
        raw.contains("C: mail FROM:<a@example.test>\n") && raw.contains("C: auth plain ········\n"),
        "{raw}"
    );
    let table = table(&capture);
    says(&table, "mail FROM:<a@example.test>", &["envelope"]);
    let turn = capture.session()["turns"][5].clone();
    assert_eq!(
        (&turn["verb"], &turn["line"], &turn["argument"]),
        (&json!("AUTH"), &json!("auth plain"), &json!("plain"))
    );
}

#[test]
fn a_login_says_what_each_line_of_it_is_and_once_that_it_is_hidden() {
    let login = told(&sample("mail-auth-login.pcap"), &[]);
    says(&login, "334 VXNlcm5hbWU6", &["base64 of \"Username:\": asks for the user name"]);
    says(&login, "334 UGFzc3dvcmQ6", &["asks for the password"]);
    assert!(login.contains("the password, in base64"), "{login}");
    assert_eq!(login.matches("--reveal-secrets shows it").count(), 1, "{login}");
    assert!(!told(&sample("mail-auth-login.pcap"), &["--reveal-secrets"]).contains("hidden here"));
    let digest = told(&sample("mail-auth-cram-md5.pcap"), &[]);
    assert!(
        digest.contains("a challenge: base64 of <") && digest.contains("a digest of challenge and password")
    );
    assert!(digest.contains("! the password can be guessed offline from packets 10 and 11"), "{digest}");
}

#[test]
fn a_doubled_dot_is_told_where_it_acts() {
    let table = told(&sample("mail-dot-stuffing.pcap"), &[]);
    says(&table, "(message, ", &["3 lines began with a dot"]);
    assert!(table.contains("394 octets, as handed over here"), "{table}");
}

#[test]
fn a_refused_data_without_a_recipient_refuses_the_command_and_not_the_mail() {
    let mut talk = Talk::smtp();
    talk.say(CLIENT, "MAIL FROM:<a@example.test>\r\nRCPT TO:<b@example.test>\r\nDATA\r\n");
    talk.say(SERVER, "250 Ok\r\n450 4.2.0 Greylisted\r\n554 5.5.1 Error: no valid recipients\r\n");
    says(&table(&talk.write()), "554 5.5.1", &["no recipient was accepted", "not the mail"]);
    let mut talk = Talk::smtp();
    talk.exchange(&[
        "MAIL FROM:<a@example.test>",
        "250 Ok",
        "RCPT TO:<b@example.test>",
        "250 Ok",
        "DATA",
        "554 No",
    ]);
    says(&table(&talk.write()), "554 No", &["the message is not wanted"]);
}

#[test]
fn a_mail_without_mime_fields_has_the_defaults() {
    let assumed = told(&sample("mail-port-2525.pcap"), &[]);
    assert!(
        assumed.contains("text/plain · assumed") && assumed.contains("the defaults of RFC 2045"),
        "{assumed}"
    );
    assert!(!told(&sample("mail-attachment-utf8.pcap"), &[]).contains("assumed"));
}

#[test]
fn a_delayed_refusal_of_a_login_is_no_thinking() {
    let table = told(&sample("mail-auth-failed.pcap"), &[]);
    says(&table, "535 ", &["the reply took 1.5 s", "on purpose"]);
}

#[test]
fn a_ladder_is_cut_only_where_that_saves_much_and_never_at_its_close() {
    let long = |commands: usize| {
        let mut talk = Talk::smtp();
        for _ in 0..commands {
            talk.exchange(&["NOOP", "250 Ok"]);
        }
        talk.exchange(&["QUIT", "221 2.0.0 Bye"]);
        table(&talk.write())
    };
    assert!(!long(11).contains("more packets"));
    let table = long(40);
    let ladder = table.split_once("OSI phase").unwrap().0;
    assert!(ladder.contains("more packets") && ladder.contains("221 2.0.0 Bye"), "{ladder}");
}

#[test]
fn a_drawing_shows_one_session() {
    let output =
        layerscope().args(["smtp", "--format", "svg"]).arg(sample("mail-refusals.pcap")).output().unwrap();
    assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0));
    assert!(stderr(&output).contains("--stream N"));
}

#[test]
fn every_screen_fits_eighty_columns_in_both_languages() {
    for name in ["mail-auth-without-tls.pcap", "mail-pipelined.pcap", "mail-lmtp.pcap", "mail-starttls.pcap"]
    {
        for lang in ["en", "zh"] {
            let output = layerscope().args(["smtp", "--lang", lang]).arg(sample(name)).output().unwrap();
            for line in stdout(&output).lines() {
                assert!(unicode_width::UnicodeWidthStr::width(line) <= 80, "{name} {lang}: {line}");
            }
        }
    }
}

/// The view of a whole sample in a language.
fn shown_of(lang: &str, files: &[&str]) -> String {
    let mut command = layerscope();
    command.env("COLUMNS", "400").args(["smtp", "--lang", lang]);
    let output = command.args(files.iter().map(|file| sample(file))).output().unwrap();
    stdout(&output)
}

fn shows(file: &str, english: &[&str], chinese: &[&str]) {
    for (lang, texts) in [("en", english), ("zh", chinese)] {
        let table = shown_of(lang, &[file]);
        for text in texts {
            assert!(table.contains(text), "{file}: {text:?} is not in\n{table}");
        }
    }
}

#[test]
fn behind_tls_the_number_of_messages_and_the_time_are_not_known() {
    shows(
        "mail-starttls.pcap",
        &["Messages: not known: TLS hides them", "ms until TLS", "(until TLS)"],
        &["已加密：看不到发送的内容", "到 TLS 为止"],
    );
    let table = shown_of("en", &["mail-implicit-tls.pcap"]);
    assert!(table.contains("Messages: not known") && !table.contains("0.000 ms"), "{table}");
}

#[test]
fn what_was_offered_before_tls_is_void_behind_it() {
    let table = shown_of("en", &["mail-starttls.pcap"]);
    assert!(
        table.contains("void after STARTTLS: the client must ask again inside TLS")
            && !table.contains("not used")
    );
    assert!(shown_of("zh", &["mail-starttls.pcap"]).contains("STARTTLS 后作废"));
}

#[test]
fn without_ehlo_the_offer_of_starttls_is_not_known() {
    shows(
        "mail-connect-only.pcap",
        &["No EHLO, so it is not known", "(reason: "],
        &["没有 EHLO，因此不知道", "（原因："],
    );
}

#[test]
fn a_last_stay_below_zero_says_that_the_clock_of_the_capture_is_behind() {
    let table = shown_of("en", &["mail-journey-2-relay.pcap"]);
    assert!(
        table.contains("this capture's clock is behind that of") && !table.contains("two hosts"),
        "{table}"
    );
    assert!(shown_of("zh", &["mail-journey-2-relay.pcap"]).contains("此捕获的时钟慢于"));
}

#[test]
fn a_refused_login_is_the_verdict_of_a_session_without_mail() {
    shows(
        "mail-auth-failed.pcap",
        &[
            "login refused 535 5.7.8 → no mail was sent: check user name and password",
            "the password that was tried (and refused)",
        ],
        &["认证被拒绝 535 5.7.8 → 没有发送邮件：检查用户名和密码", "所尝试（并被拒绝）的密码"],
    );
}

#[test]
fn the_heading_counts_recipients_by_their_verdicts() {
    shows(
        "mail-refused.pcap",
        &["Messages: 1 (258 octets) · recipients: 1 accepted, 1 refused"],
        &["邮件：1（258 字节） · 收件人：已接受 1、被拒绝 1"],
    );
}

#[test]
fn sizes_of_several_mails_are_told_one_by_one() {
    shows(
        "mail-two-in-one-session.pcap",
        &["used for 2 mails: 137 and 142 announced, as many sent"],
        &["用于 2 封邮件：申报 137 和 142，实际相同"],
    );
}

#[test]
fn of_several_captures_each_session_names_its_own() {
    let files = ["mail-journey-1-client.pcap", "mail-journey-2-relay.pcap"];
    let title = "SMTP session on TCP connection 1 · capture 2 (mail-journey-2-relay.pcap) · ";
    let table = shown_of("en", &files);
    assert!(table.contains(title), "{table}");
    assert!(shown_of("zh", &files).contains("· 捕获 2（mail-journey-2-relay.pcap）"));
    assert!(!shown_of("en", &files[1..]).contains("capture 1 ("));
    let raw = layerscope().args(["smtp", "--raw"]).args(files.map(sample)).output().unwrap();
    assert!(stdout(&raw).contains("# TCP connection 1 · capture 2 (mail-journey-2-relay.pcap): "));
}

#[test]
fn lhlo_makes_it_a_session_of_lmtp() {
    shows("mail-lmtp.pcap", &["LMTP session on TCP connection 0"], &["TCP 连接 0 上的 LMTP 会话"]);
}

#[test]
fn an_original_recipient_is_told_without_the_type_of_its_address() {
    let mut talk = Talk::smtp();
    talk.exchange(&["MAIL FROM:<a@example.test>", "250 Ok"]);
    talk.exchange(&["RCPT TO:<b@example.test> ORCPT=rfc822;team@example.test", "250 Ok"]);
    talk.close();
    says(&table(&talk.write()), "RCPT TO", &["first addressed to team@example.test (ORCPT)"]);
}

#[test]
fn a_mail_that_rset_drops_stands_in_its_place_and_was_not_sent() {
    let dropped = "the client dropped it with RSET (packet 21) before any message: nothing was sent";
    let file = "mail-two-in-one-session.pcap";
    shows(
        file,
        &["recipients: 2 accepted, 1 dropped", "dropped 250", dropped],
        &["已接受 2、已放弃 1", "客户端在发送邮件之前用 RSET（包 21）放弃：没有发送任何内容"],
    );
    let table = shown_of("en", &[file]);
    let place = |text: &str| table.rfind(text).unwrap();
    assert!(place("queued as F248441") < place(dropped) && place(dropped) < place("queued as F343A43"));
}

#[test]
fn a_recipient_refused_before_rset_stays_refused() {
    let mut talk = Talk::smtp();
    talk.exchange(&["MAIL FROM:<a@example.test>", "250 Ok", "RCPT TO:<b@example.test>", "550 5.1.1 No"]);
    talk.exchange(&["RSET", "250 Ok", "QUIT", "221 Bye"]);
    let table = table(&talk.write());
    assert!(table.contains("recipients: 1 refused") && !table.contains("dropped"), "{table}");
}

#[test]
fn octets_above_127_without_a_word_in_mail_are_told() {
    shows(
        "mail-attachment-utf8.pcap",
        &["not asked for (no BODY=8BITMIME), yet the message has octets above 127 (RFC 6152)"],
        &["未声明（没有 BODY=8BITMIME），但邮件含大于 127 的字节"],
    );
    assert!(!shown_of("en", &["mail-refused.pcap"]).contains("octets above 127 (RFC"));
}

#[test]
fn the_body_is_exposed_where_it_begins_and_not_with_the_header_before_it() {
    let body = |messages: &[&str]| {
        let mut talk = Talk::smtp();
        talk.exchange(&["MAIL FROM:<a@example.test>", "250 Ok", "RCPT TO:<b@example.test>", "250 Ok"]);
        for (index, text) in messages.iter().enumerate() {
            let last = if index + 1 == messages.len() { " LAST" } else { "" };
            talk.say(CLIENT, format!("BDAT {}{last}\r\n{text}", text.len()));
            talk.say(SERVER, "250 Ok\r\n");
        }
        talk.exchange(&["QUIT", "221 Bye"]);
        talk.close();
        let session = talk.write().session();
        let turns = session["turns"].as_array().unwrap().iter();
        let packets: Vec<u64> = turns
            .filter(|turn| turn["kind"] == "message")
            .map(|turn| turn["packet"].as_u64().unwrap())
            .collect();
        assert_eq!(packets.len(), messages.len());
        let begins = exposure(&session, "body").1;
        begins.map(|packet| packets.iter().position(|other| *other == packet).unwrap())
    };
    assert_eq!(body(&["Subject: a\r\n\r\n", "hi"]), Some(1));
    assert_eq!(body(&["Subject: a\r\n", "\r\n", "hi\r\n"]), Some(2));
    assert_eq!(body(&["Subject: a\r\n\r", "\nhi"]), Some(1));
    assert_eq!(body(&["Subject: a\r\n\r\nhi\r\n\r\n", "ho"]), Some(0));
    assert_eq!(body(&["Subject: a\r\n\r\n"]), None);
    shows("mail-chunking.pcap", &["body                   readable                        15"], &[]);
}

#[test]
fn what_was_decrypted_says_what_was_sent_what_is_void_and_what_tls_took() {
    let opened = told(&sample("tls-s-client.pcapng"), &[]);
    assert!(
        opened.contains("void after STARTTLS: forgotten, and to be asked for again inside TLS"),
        "{opened}"
    );
    assert_eq!(opened.matches("void after STARTTLS").count(), 3, "{opened}");
    assert!(!opened.contains("TLS hides what would tell") && !opened.contains("if sent"), "{opened}");
    assert!(opened.contains("247.8 ms for TLS to be agreed on"), "{opened}");
    says(&opened, "user ", &["not sent"]);
    says(&opened, "subject and header", &["hidden by TLS"]);
    let closed = told(&sample("mail-starttls.pcap"), &[]);
    assert!(closed.contains("hidden by TLS, if sent") && closed.contains("inside TLS, unseen"), "{closed}");
}

#[test]
fn octets_say_how_they_were_handed_over() {
    let chunks = told(&sample("mail-chunking.pcap"), &[]);
    assert!(chunks.contains("as handed over here: the pieces put together"), "{chunks}");
    assert!(told(&sample("mail-dot-stuffing.pcap"), &[]).contains("doubled dots"));
    assert!(!told(&sample("mail-plain.pcap"), &[]).contains("doubled dots"));
}
