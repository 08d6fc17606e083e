//! The wire while mails go out.

use crate::lab::{Lab, PORT, parse, read_back};

/// The one session that `smtp --format json` tells of while a client does this.
fn session(words: &[&str]) -> Option<serde_json::Value> {
    let lab = Lab::with_server()?;
    let watched = lab.watch(&["smtp", "--format", "json", "-i", "lo"]);
    lab.send(words);
    // a session is told of when both ends have closed: the capture still runs
    let line = watched.out.await_line("smtp_session");
    let (status, out, errors) = watched.interrupt();
    assert_eq!(status, Some(0), "{errors}");
    assert_eq!(out.lines().count(), 1, "{out}");
    Some(serde_json::from_str(&line).unwrap())
}

#[test]
fn a_mail_in_plain_text_is_told_of_with_its_verdict() {
    let Some(session) = session(&["plain"]) else { return };
    assert_eq!(session["ended"], "quit");
    assert_eq!(session["client_name"], "client.example.test");
    let message = &session["messages"][0];
    assert_eq!((&message["mail_from"], &message["complete"]), (&"alice@example.test".into(), &true.into()));
    assert_eq!(message["rcpt_to"][0]["accepted"], true);
    assert_eq!(message["queue_id"], "4F1A2B");
    assert_eq!(session["warnings"], serde_json::json!([]));
}

#[test]
fn a_login_is_told_of_without_its_password() {
    let Some(session) = session(&["auth", "plain"]) else { return };
    assert_eq!(
        (&session["auth"]["user"], &session["auth"]["outcome"]),
        (&"alice".into(), &"accepted".into())
    );
    let text = session.to_string();
    assert!(!text.contains("sesame") && !text.contains("AGFsaWNlAG9wZW4gc2VzYW1l"), "{text}");
}

#[test]
fn starttls_hides_the_mail_and_the_session_says_from_where_on() {
    let Some(lab) = Lab::with_tls_server() else { return };
    let watched = lab.watch(&["smtp", "-i", "lo", "--format", "json"]);
    lab.send(&["starttls", "plain"]);
    let session = parse(&watched.out.await_line("\"smtp_session\"")).remove(0);
    let (status, _, errors) = watched.interrupt();
    assert_eq!(status, Some(0), "{errors}");
    assert_eq!(session["encryption"], "starttls");
    let turns = session["turns"].as_array().unwrap();
    let verbs: Vec<&str> = turns.iter().filter_map(|turn| turn["verb"].as_str()).collect();
    assert_eq!(verbs, ["EHLO", "STARTTLS"]);
    assert_eq!(turns.last().unwrap()["kind"], "tls");
}

#[test]
fn a_mail_from_swaks_is_told_of_as_well() {
    let Some(lab) = Lab::with_server() else { return };
    let watched = lab.watch(&["smtp", "-i", "lo"]);
    let mut swaks = lab.command("swaks");
    let words =
        ["--server", "127.0.0.1", "--port", PORT, "--from", "a@example.test", "--to", "b@example.test"];
    assert!(swaks.args(words).args(["--ehlo", "client.example.test"]).output().unwrap().status.success());
    watched.out.await_line("221 Bye");
    let (status, out, errors) = watched.interrupt();
    assert_eq!(status, Some(0), "{errors}");
    assert!(
        out.contains("EHLO client.example.test") && out.contains("b@example.test  accepted 250"),
        "{out}"
    );
}

#[test]
fn a_refused_recipient_is_told_of() {
    let Some(session) = session(&["refused"]) else { return };
    let text = session["turns"].to_string();
    assert!(text.contains("no such user"), "{text}");
    assert_eq!(session["messages"], serde_json::json!([]));
}

#[test]
fn rows_appear_while_the_session_goes_on_and_two_at_once_are_told_apart() {
    let Some(lab) = Lab::with_server() else { return };
    let watched = lab.watch(&["smtp", "-i", "lo", "-f", &format!("port {PORT}")]);
    lab.send(&["two"]);
    for stream in [0, 1] {
        watched.out.await_line(&format!("SMTP on TCP connection {stream} "));
    }
    // the last word of the first one, which ends last
    while !watched.out.await_line("221 Bye").starts_with("  0") {}
    let (status, out, errors) = watched.interrupt();
    assert_eq!(status, Some(0), "{errors}");
    let (rows, _) = out.split_once("SMTP session on").unwrap();
    let rows: Vec<Vec<&str>> = rows.lines().map(|row| row.split_whitespace().collect()).collect();
    for stream in ["0", "1"] {
        let said = rows.iter().filter(|row| row.first() == Some(&stream) && row.get(3) == Some(&"client"));
        let verbs: Vec<String> = said.map(|row| row[4].to_uppercase()).collect();
        assert_eq!(verbs, ["EHLO", "MAIL", "RCPT", "DATA", "(MESSAGE,", "QUIT"], "{stream}: {out}");
    }
    // at the end, the conversations as of a file
    assert!(out.contains("SMTP session on TCP connection 0") && out.contains("accepted"), "{out}");
    assert!(errors.contains("0 dropped by the kernel"), "{errors}");
}

#[test]
fn segments_appear_as_they_come_with_the_number_of_their_connection() {
    let Some(lab) = Lab::with_server() else { return };
    let watched = lab.watch(&["tcp", "-i", "lo", "--lang", "zh"]);
    lab.send(&["two"]);
    watched.out.await_line("TCP 0 · 127.0.0.1:");
    watched.out.await_line("TCP 1 · 127.0.0.1:");
    watched.out.await_line("FIN ACK");
    let (status, out, errors) = watched.interrupt();
    assert_eq!(status, Some(0), "{errors}");
    assert!(out.contains("你在吗") && out.contains("ESTABLISHED / ESTABLISHED"), "{out}");
}

#[test]
fn what_was_saved_gives_the_records_that_the_wire_gave() {
    let Some(lab) = Lab::with_server() else { return };
    for (view, record) in [("packets", "packet"), ("tcp", "connection"), ("smtp", "smtp_session")] {
        for interface in ["lo", "any"] {
            let saved = lab.file(&format!("{view}-{interface}.pcapng"));
            let save = saved.to_string_lossy();
            let watched = lab.watch(&[view, "-i", interface, "--format", "json", "-w", &save]);
            lab.send(&["auth", "plain", "large40"]);
            let (status, out, errors) = watched.interrupt();
            assert_eq!(status, Some(0), "{errors}");
            let live = parse(&out);
            assert!(!live.is_empty() && live.iter().all(|r| r["record"] == record), "{view} {interface}");
            assert_eq!(live, read_back(view, &saved), "{view} on {interface}");
        }
    }
}
