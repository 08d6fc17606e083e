//! Secrets stay secret: in no view and no format do they appear, as text, as base64 or in hexadecimal.

use serde_json::{Value, json};

use crate::common::talk::{ACK, CLIENT, Capture, SERVER, Talk};
use crate::common::{VIEWS, layerscope, stderr};

const FORMATS: [&str; 3] = ["table", "json", "csv"];

/// So many octets of a secret in a row give it away.
const TELLING: usize = 6;

/// `\0alice\0s3cr3t-w0rd`, as PLAIN sends it.
const PLAIN: &str = "AGFsaWNlAHMzY3IzdC13MHJk";
const PASSWORD: &str = "s3cr3t-w0rd";
/// The password, as LOGIN sends it.
const LOGIN: &str = "czNjcjN0LXcwcmQ=";

/// What a run writes to both of its outputs.
fn written(view: &str, format: &str, capture: &Capture, options: &[&str]) -> String {
    let mut command = layerscope();
    command.env("COLUMNS", "200").args([view, "--format", format]).args(options);
    let output = command.arg(capture.path()).output().unwrap();
    assert!(output.status.code().is_some_and(|code| code < 3), "{view} {format}: {}", stderr(&output));
    String::from_utf8_lossy(&output.stdout).into_owned() + &stderr(&output)
}

/// A part of the secret that stands in the text, in any of its shapes.
fn leak(text: &str, secret: &str) -> Option<String> {
    let lower = text.to_ascii_lowercase();
    secret.as_bytes().windows(TELLING.min(secret.len())).find_map(|part| {
        let hex: Vec<String> = part.iter().map(|octet| format!("{octet:02x}")).collect();
        let plain = String::from_utf8_lossy(part).into_owned();
        let found = text.contains(&plain) || lower.contains(&hex.join(" ")) || lower.contains(&hex.concat());
        found.then_some(plain)
    })
}

fn assert_hidden_in(capture: &Capture, secrets: &[&str], views: &[&str], formats: &[&str], what: &str) {
    for view in views {
        for format in formats {
            let text = written(view, format, capture, &[]);
            for secret in secrets {
                let leak = leak(&text, secret);
                assert_eq!(
                    leak,
                    None,
                    "{what}: {view} --format {format} shows {secret}: {:?}",
                    leak.as_ref().and_then(|part| text.lines().find(|line| line.contains(part.as_str())))
                );
            }
        }
    }
}

fn assert_hidden(talk: &Talk, secrets: &[&str], what: &str) {
    let capture = talk.write();
    assert_hidden_in(&capture, secrets, &VIEWS, &FORMATS, what);
    for (format, options) in [("table", &["--stream", "0", "--raw"][..]), ("svg", &["--stream", "0"])] {
        let text = written("smtp", format, &capture, options);
        for secret in secrets {
            assert_eq!(leak(&text, secret), None, "{what}: smtp {format} {options:?} shows {secret}\n{text}");
        }
    }
}

/// The same, for many captures: in the views that show octets.
fn assert_octets_hidden(talk: &Talk, secrets: &[&str], what: &str) {
    assert_hidden_in(&talk.write(), secrets, &["layers"], &["json", "table"], what);
}

/// The client says this in two segments, cut at each octet in turn (each third of a long one), then the server answers.
fn cut_at_every_octet(begin: impl Fn() -> Talk, said: &str, answer: &str, secrets: &[&str]) {
    for at in (1..said.len()).step_by(if said.len() > 60 { 3 } else { 1 }) {
        let mut talk = begin();
        talk.say(CLIENT, &said[..at]);
        talk.say(CLIENT, &said[at..]);
        talk.say(SERVER, answer);
        assert_octets_hidden(&talk, secrets, &format!("cut at {at}: {:?} | {:?}", &said[..at], &said[at..]));
    }
}

fn auth(lines: &[&str]) -> Talk {
    let mut talk = Talk::smtp();
    talk.exchange(lines);
    talk.exchange(&["QUIT", "221 2.0.0 Bye"]);
    talk.close();
    talk
}

#[test]
fn auth_plain_with_an_initial_response() {
    assert_hidden(&auth(&[&format!("AUTH PLAIN {PLAIN}"), "235 Ok"]), &[PLAIN, PASSWORD], "initial");
    assert_hidden(&auth(&[&format!("auth plain {PLAIN}"), "535 No"]), &[PLAIN, PASSWORD], "lower case");
}

#[test]
fn auth_plain_with_a_continuation() {
    assert_hidden(&auth(&["AUTH PLAIN", "334 ", PLAIN, "235 Ok"]), &[PLAIN, PASSWORD], "continuation");
}

#[test]
fn auth_login() {
    let asked = ["AUTH LOGIN", "334 VXNlcm5hbWU6", "YWxpY2U=", "334 UGFzc3dvcmQ6", LOGIN, "535 5.7.8 No"];
    assert_hidden(&auth(&asked), &[LOGIN, PASSWORD], "asked twice");
    let initial = ["AUTH LOGIN YWxpY2U=", "334 UGFzc3dvcmQ6", LOGIN, "235 Ok"];
    assert_hidden(&auth(&initial), &[LOGIN, PASSWORD], "initial user");
}

#[test]
fn auth_cram_md5() {
    // alice 0123456789abcdef0123456789abcdef
    let response = "YWxpY2UgMDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
    let lines = ["AUTH CRAM-MD5", "334 PDEyM0BleGFtcGxlLnRlc3Q+", response, "235 Ok"];
    assert_hidden(&auth(&lines), &[response, "0123456789abcdef0123456789abcdef"], "CRAM-MD5");
}

#[test]
fn auth_xoauth2() {
    // user=alice^Aauth=Bearer s3cr3t-w0rd^A^A
    let response = "dXNlcj1hbGljZQFhdXRoPUJlYXJlciBzM2NyM3QtdzByZAEB";
    let secrets = [response, PASSWORD];
    assert_hidden(&auth(&[&format!("AUTH XOAUTH2 {response}"), "235 Ok"]), &secrets, "initial");
    assert_hidden(&auth(&["AUTH XOAUTH2", "334 ", response, "235 Ok"]), &secrets, "continuation");
}

#[test]
fn auth_oauthbearer() {
    // n,a=alice@example.test,^Ahost=mx.example.test^Aauth=Bearer s3cr3t-w0rd^A^A
    let response =
        "bixhPWFsaWNlQGV4YW1wbGUudGVzdCwBaG9zdD1teC5leGFtcGxlLnRlc3QBYXV0aD1CZWFyZXIgczNjcjN0LXcwcmQBAQ==";
    let talk = auth(&[&format!("AUTH OAUTHBEARER {response}"), "235 Ok"]);
    // the user stands at the beginning of the same octets
    assert_hidden(&talk, &[&response[64..], PASSWORD], "OAUTHBEARER");
    assert_told(&talk, "OAUTHBEARER", "alice@example.test", "token");
    let error =
        auth(&["AUTH OAUTHBEARER", "334 ", response, "334 eyJzdGF0dXMiOiI0MDEifQ==", "AQ==", "535 No"]);
    assert_hidden(&error, &[&response[64..], PASSWORD], "OAUTHBEARER, refused");
}

/// The mechanism and the user are told, and what the proof is worth.
fn assert_told(talk: &Talk, mechanism: &str, user: &str, kind: &str) {
    let session = talk.write().session();
    assert_eq!((&session["auth"]["mechanism"], &session["auth"]["user"]), (&json!(mechanism), &json!(user)));
    assert_eq!(
        (&session["exposure"]["secret"]["kind"], &session["auth"]["secret"]),
        (&json!(kind), &Value::Null)
    );
}

#[test]
fn auth_external_names_its_user_and_has_no_secret() {
    assert_told(&auth(&["AUTH EXTERNAL YWxpY2U=", "235 Ok"]), "EXTERNAL", "alice", "elsewhere");
}

#[test]
fn users_of_every_mechanism_are_shown() {
    let scram = ["334 cj14", "Yz1iaXdzLHI9YWIscD1mZjAw", "334 dj14", "", "235 Ok"];
    for mechanism in ["SCRAM-SHA-1", "SCRAM-SHA-256", "SCRAM-SHA-256-PLUS"] {
        let first = format!("AUTH {mechanism} biwsbj1hbGljZSxyPWFi");
        assert_told(&auth(&[&[first.as_str()][..], &scram].concat()), mechanism, "alice", "digest");
    }
    let token = "AUTH XOAUTH2 dXNlcj1hbGljZQFhdXRoPUJlYXJlciBzM2NyM3QtdzByZAEB";
    assert_told(&auth(&[token, "235 Ok"]), "XOAUTH2", "alice", "token");
    assert_told(&auth(&[&format!("AUTH PLAIN {PLAIN}"), "235 Ok"]), "PLAIN", "alice", "password");
}

#[test]
fn auth_scram() {
    // n,,n=alice,r=client-nonce; c=biws,r=client-nonce,p=s3cr3t-w0rd
    let first = "biwsbj1hbGljZSxyPWNsaWVudC1ub25jZQ==";
    let last = "Yz1iaXdzLHI9Y2xpZW50LW5vbmNlLHA9czNjcjN0LXcwcmQ=";
    let lines = [&format!("AUTH SCRAM-SHA-256 {first}"), "334 cj14", last, "334 dj14", "", "235 Ok"];
    assert_hidden(&auth(&lines), &[last, PASSWORD], "SCRAM");
}

#[test]
fn auth_cut_between_segments() {
    let said = format!("AUTH PLAIN {PLAIN}\r\n");
    cut_at_every_octet(Talk::smtp, &said, "235 Ok\r\n", &[PLAIN, PASSWORD]);
    let continued = || {
        let mut talk = Talk::smtp();
        talk.exchange(&["AUTH LOGIN", "334 VXNlcm5hbWU6", "YWxpY2U=", "334 UGFzc3dvcmQ6"]);
        talk
    };
    cut_at_every_octet(continued, &format!("{LOGIN}\r\n"), "235 Ok\r\n", &[LOGIN, PASSWORD]);
}

#[test]
fn auth_pipelined_with_other_commands() {
    let mut talk = Talk::smtp();
    talk.say(CLIENT, format!("NOOP\r\nAUTH PLAIN {PLAIN}\r\nMAIL FROM:<a@example.test>\r\nRSET\r\n"));
    talk.say(SERVER, "250 Ok\r\n235 Ok\r\n250 Ok\r\n250 Ok\r\n");
    assert_hidden(&talk, &[PLAIN, PASSWORD], "one segment");

    let mut talk = Talk::smtp();
    talk.say(CLIENT, format!("AUTH LOGIN\r\nYWxpY2U=\r\n{LOGIN}\r\nMAIL FROM:<a@example.test>\r\n"));
    talk.say(SERVER, "334 VXNlcm5hbWU6\r\n334 UGFzc3dvcmQ6\r\n235 Ok\r\n250 Ok\r\n");
    assert_hidden(&talk, &[LOGIN, PASSWORD], "responses that did not wait");
}

#[test]
fn auth_sent_again() {
    let mut talk = Talk::smtp();
    let at = talk.next[CLIENT];
    let line = format!("AUTH PLAIN {PLAIN}\r\n");
    talk.say(CLIENT, &line);
    talk.wait(300_000);
    talk.at(CLIENT, ACK, at, talk.next[SERVER], line.as_bytes());
    talk.at(CLIENT, ACK, at + 11, talk.next[SERVER], &line.as_bytes()[11..]);
    talk.say(SERVER, "235 Ok\r\n");
    talk.at(CLIENT, ACK, at, talk.next[SERVER], line.as_bytes());
    assert_hidden(&talk, &[PLAIN, PASSWORD], "again, in whole and in part");
}

#[test]
fn auth_out_of_order() {
    let mut talk = Talk::smtp();
    let at = talk.next[CLIENT];
    let line = format!("AUTH PLAIN {PLAIN}\r\n");
    talk.at(CLIENT, ACK, at + 15, talk.next[SERVER], &line.as_bytes()[15..]);
    talk.at(CLIENT, ACK, at, talk.next[SERVER], &line.as_bytes()[..15]);
    talk.next[CLIENT] += line.len() as u32;
    talk.say(SERVER, "235 Ok\r\n");
    assert_hidden(&talk, &[PLAIN, PASSWORD], "the end first");

    let mut talk = Talk::open(587);
    talk.at(CLIENT, ACK, 22, 1, line.as_bytes());
    talk.say(SERVER, "220 mx.example.test ESMTP\r\n");
    talk.say(CLIENT, "EHLO c.example.test\r\n");
    assert_hidden(&talk, &[PLAIN, PASSWORD], "before anything else");
}

#[test]
fn auth_in_a_capture_that_begins_late() {
    let mut talk = Talk::midway(587);
    talk.exchange(&[&format!("AUTH PLAIN {PLAIN}"), "235 Ok", "MAIL FROM:<a@example.test>", "250 Ok"]);
    assert_hidden(&talk, &[PLAIN, PASSWORD], "with AUTH");

    let mut talk = Talk::midway(587);
    talk.say(SERVER, "334 UGFzc3dvcmQ6\r\n");
    talk.exchange(&[LOGIN, "235 Ok", "MAIL FROM:<a@example.test>", "250 Ok"]);
    assert_hidden(&talk, &[LOGIN, PASSWORD], "with the challenge");
}

#[test]
fn auth_behind_a_gap() {
    let mut talk = Talk::smtp();
    talk.lose(CLIENT, "AUTH PLAIN AGFs");
    talk.say(CLIENT, format!("{}\r\n", &PLAIN[4..]));
    talk.say(SERVER, "235 Ok\r\n");
    assert_hidden(&talk, &[&PLAIN[4..], PASSWORD], "the end of the line alone");
}

#[test]
fn http_credentials() {
    for name in ["Authorization", "proxy-authorization"] {
        // alice:s3cr3t-w0rd
        let secret = "YWxpY2U6czNjcjN0LXcwcmQ=";
        let said = format!(
            "GET /index.html HTTP/1.1\r\nHost: www.example.test\r\n{name}: Basic {secret}\r\nAccept: */*\r\n\r\n"
        );
        let answer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
        let mut talk = Talk::open(80);
        talk.say(CLIENT, &said);
        talk.say(SERVER, answer);
        assert_hidden(&talk, &[secret, PASSWORD], name);

        let mut talk = Talk::midway(80);
        talk.say(CLIENT, &said[26..]);
        assert_hidden(&talk, &[secret, PASSWORD], "without the request line");
        cut_at_every_octet(|| Talk::open(80), &said, answer, &[secret, PASSWORD]);
    }
}

#[test]
fn http_secrets_in_targets_forms_cookies_and_references() {
    let answer = "HTTP/1.1 200 OK\r\nSet-Cookie: id=s3cr3t-w0rd\r\nLocation: /?token=s3cr3t-w0rd\r\n\
        Content-Length: 0\r\n\r\n";
    let form = "user=alice&password=s3cr3t-w0rd&go=1";
    let length = form.len();
    let heads = [
        "GET /?access_token=s3cr3t-w0rd&x=1 HTTP/1.1\r\nHost: a.test\r\n\r\n".to_owned(),
        "GET http://alice:s3cr3t-w0rd@a.test/ HTTP/1.1\r\nHost: a.test\r\n\r\n".to_owned(),
        "GET / HTTP/1.1\r\nHost: a.test\r\nReferer: http://a.test/?pwd=s3cr3t-w0rd\r\n\r\n".to_owned(),
        "GET / HTTP/1.1\r\nHost: a.test\r\nCookie: a=b;\r\n id=s3cr3t-w0rd\r\n\r\n".to_owned(),
        format!(
            "POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: {length}\r\n\
             Content-Type: application/x-www-form-urlencoded\r\n\r\n{form}"
        ),
    ];
    for said in heads {
        let mut talk = Talk::open(80);
        talk.say(CLIENT, &said);
        talk.say(SERVER, answer);
        assert_hidden(&talk, &[PASSWORD], &said);
        cut_at_every_octet(|| Talk::open(80), &said, answer, &[PASSWORD]);
    }
}

#[test]
fn pop3_imap_and_ftp_passwords() {
    let pop = |lines: &[&str]| {
        let mut talk = Talk::open(110);
        talk.say(SERVER, "+OK ready\r\n");
        talk.exchange(lines);
        talk
    };
    assert_hidden(&pop(&["USER alice", "+OK", "PASS s3cr3t-w0rd", "+OK"]), &[PASSWORD], "POP3 PASS");
    assert_hidden(&pop(&["AUTH PLAIN", "+ ", PLAIN, "+OK"]), &[PLAIN, PASSWORD], "POP3 AUTH");
    let imap = |lines: &[&str]| {
        let mut talk = Talk::open(143);
        talk.say(SERVER, "* OK IMAP4rev1 ready\r\n");
        talk.exchange(lines);
        talk
    };
    assert_hidden(&imap(&["a1 LOGIN alice s3cr3t-w0rd", "a1 OK"]), &[PASSWORD], "IMAP LOGIN");
    assert_hidden(&imap(&["a1 login \"alice\" \"s3cr3t-w0rd\"", "a1 OK"]), &[PASSWORD], "quoted");
    assert_hidden(&imap(&["a1 LOGIN alice {11}", "+ go", "s3cr3t-w0rd", "a1 OK"]), &[PASSWORD], "literal");
    assert_hidden(&imap(&["a1 AUTHENTICATE PLAIN", "+ ", PLAIN, "a1 OK"]), &[PLAIN, PASSWORD], "IMAP SASL");
    let ftp = || {
        let mut talk = Talk::open(21);
        talk.say(SERVER, "220 ready\r\n");
        talk.exchange(&["USER alice", "331 Password"]);
        talk
    };
    cut_at_every_octet(ftp, "PASS s3cr3t-w0rd\r\n", "230 Ok\r\n", &[PASSWORD]);
    let mut talk = ftp();
    talk.exchange(&["PASS s3cr3t-w0rd", "230 Ok"]);
    assert_hidden(&talk, &[PASSWORD], "FTP PASS");
}

#[test]
fn bodies_of_messages() {
    let lines = ["zq7-plover-xk9", "RCPT zq7-plover-xk9", "250 zq7-plover-xk9"];
    let body = format!("Subject: lunch\r\n\r\n{}", lines.join("\r\n"));
    let envelope = ["MAIL FROM:<a@example.test>", "250 Ok", "RCPT TO:<b@example.test>", "250 Ok"];
    let mut talk = Talk::smtp();
    talk.exchange(&envelope);
    talk.exchange(&["DATA", "354 Go", &format!("{body}\r\n."), "250 Ok"]);
    assert_hidden(&talk, &["zq7-plover-xk9"], "DATA");

    let mut talk = Talk::smtp();
    talk.exchange(&envelope);
    talk.say(CLIENT, format!("BDAT {} LAST\r\n{body}", body.len()));
    talk.say(SERVER, "250 Ok\r\n");
    assert_hidden(&talk, &["zq7-plover-xk9"], "BDAT");
    let capture = talk.write();
    assert!(leak(&written("layers", "table", &capture, &["--reveal-secrets"]), "zq7-plover-xk9").is_some());
}

#[test]
fn reveal_secrets_shows_them() {
    let capture = auth(&[&format!("AUTH PLAIN {PLAIN}"), "235 Ok"]).write();
    for (view, format) in [("smtp", "json"), ("smtp", "table"), ("layers", "table"), ("packets", "table")] {
        let text = written(view, format, &capture, &["--reveal-secrets"]);
        let shown = leak(&text, PLAIN).or_else(|| leak(&text, PASSWORD));
        assert!(shown.is_some(), "{view} --format {format}:\n{text}");
    }
}
