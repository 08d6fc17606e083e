//! Sessions in which mail is read: the `imap` and `pop3` views on captures of real programs.

use std::fs;

use serde_json::Value;

use crate::common::{VIEWS, layerscope, records, records_with, sample, sha256, stdout};

/// Made up for these captures.
const PASSWORD: &str = "four-score-and-seven";

/// The one session of a sample.
fn session(view: &str, name: &str) -> Value {
    let mut all = records(view, &sample(name));
    assert_eq!(all.len(), 1, "{name}");
    all.remove(0)
}

fn pairs<'a>(list: &'a Value, first: &str, second: &str) -> Vec<(&'a str, &'a str)> {
    let text = |value: &'a Value, name: &str| value[name].as_str().unwrap();
    list.as_array().unwrap().iter().map(|one| (text(one, first), text(one, second))).collect()
}

#[test]
fn an_imap_session_is_told_with_its_login_its_messages_and_its_changes() {
    let session = session("imap", "mail-imap-session.pcap");
    assert_eq!((&session["record"], &session["ended"]), (&"imap_session".into(), &"logout".into()));
    let auth = &session["auth"];
    assert_eq!((&auth["command"], &auth["user"]), (&"LOGIN".into(), &"bob@example.com".into()));
    assert_eq!((&auth["outcome"], &auth["proof"]), (&"accepted".into(), &"password".into()));
    let messages = &session["messages"];
    assert_eq!(
        pairs(messages, "from", "portion"),
        [("server", "header"), ("server", "whole"), ("client", "whole"), ("server", "whole")]
    );
    assert_eq!((&messages[1]["uid"], &messages[1]["mailbox"]), (&1.into(), &"INBOX".into()));
    assert_eq!((&messages[1]["octets"], &messages[2]["mailbox"]), (&327.into(), &"Sent".into()));
    assert_eq!(messages[1]["message_id"], "lunch@client.example.org");
    assert_eq!(
        pairs(&session["changes"], "what", "outcome"),
        [("uploaded", "done"), ("marked_deleted", "done"), ("expunged", "done")]
    );
    for what in ["user", "secret", "mailboxes", "subject", "body"] {
        assert_eq!(session["exposure"][what]["state"], "readable", "{what}");
    }
    assert_eq!(session["warnings"], serde_json::json!(["auth_in_the_clear"]));
}

#[test]
fn every_tagged_response_answers_the_command_with_its_tag() {
    let session = session("imap", "mail-imap-session.pcap");
    let turns = session["turns"].as_array().unwrap();
    let tagged = turns.iter().filter(|turn| turn["kind"] == "tagged");
    assert_eq!(tagged.clone().count(), 15);
    for turn in tagged {
        let command = &turns[turn["answers_turn"].as_u64().unwrap() as usize];
        assert_eq!(command["tag"], turn["tag"]);
        assert_eq!(command["packet"], turn["answers"]);
    }
}

#[test]
fn a_refused_login_is_told_in_the_servers_words() {
    let session = session("imap", "mail-imap-refused.pcap");
    let auth = &session["auth"];
    assert_eq!((&auth["mechanism"], &auth["outcome"]), (&"PLAIN".into(), &"rejected".into()));
    assert_eq!(auth["answer"], "[AUTHENTICATIONFAILED] Authentication failed.");
    assert_eq!(session["messages"], serde_json::json!([]));
}

#[test]
fn starttls_and_stls_hide_the_rest() {
    for (view, name) in [("imap", "mail-imap-starttls.pcap"), ("pop3", "mail-pop3-stls.pcap")] {
        let session = session(view, name);
        assert_eq!(
            (&session["encryption"], &session["ended"]),
            (&"starttls".into(), &"tls".into()),
            "{name}"
        );
        assert_eq!(session["exposure"]["secret"]["state"], "hidden", "{name}");
        assert_eq!(session["warnings"], serde_json::json!([]), "{name}");
    }
}

#[test]
fn a_pop3_session_deletes_with_quit() {
    for (name, command) in [("mail-pop3-session.pcap", "USER"), ("mail-pop3-apop.pcap", "APOP")] {
        let session = session("pop3", name);
        assert_eq!(
            (&session["record"], &session["ended"]),
            (&"pop3_session".into(), &"quit".into()),
            "{name}"
        );
        assert_eq!(
            (&session["auth"]["command"], &session["auth"]["outcome"]),
            (&command.into(), &"accepted".into())
        );
        assert_eq!(pairs(&session["messages"], "item", "portion"), [("TOP", "top"), ("RETR", "whole")]);
        assert_eq!(pairs(&session["changes"], "what", "outcome"), [("marked_deleted", "done")]);
    }
    let apop = session("pop3", "mail-pop3-apop.pcap");
    assert_eq!(apop["exposure"]["secret"]["kind"], "digest");
}

#[test]
fn each_view_tells_its_own_protocol_alone() {
    for (view, other) in [("imap", "mail-pop3-session.pcap"), ("pop3", "mail-imap-session.pcap")] {
        assert_eq!(records(view, &sample(other)), Vec::<Value>::new());
        let text = stdout(&layerscope().arg(view).arg(sample(other)).output().unwrap());
        assert!(text.starts_with("No ") && text.contains("session in this capture"), "{text}");
    }
}

#[test]
fn passwords_and_digests_are_shown_only_when_secrets_are_revealed() {
    for (view, name) in [
        ("imap", "mail-imap-session.pcap"),
        ("imap", "mail-imap.pcap"),
        ("imap", "mail-imap-refused.pcap"),
        ("pop3", "mail-pop3-session.pcap"),
        ("pop3", "mail-pop3-apop.pcap"),
        ("pop3", "mail-pop3.pcap"),
    ] {
        let revealed = records_with(view, &sample(name), &["--reveal-secrets"]);
        let secret = revealed[0]["auth"]["secret"].as_str().unwrap().to_owned();
        assert!(secret.len() > 8, "{name}: {secret}");
        for view in VIEWS {
            for format in ["table", "json", "csv"] {
                let output =
                    layerscope().args([view, "--format", format]).arg(sample(name)).output().unwrap();
                let text = stdout(&output);
                assert!(!text.contains(&secret) && !text.contains(PASSWORD), "{view} {format} {name}");
            }
        }
        let raw = stdout(&layerscope().args([view, "--raw"]).arg(sample(name)).output().unwrap());
        assert!(!raw.contains(&secret) && raw.contains("········"), "{raw}");
    }
}

#[test]
fn whole_messages_are_saved_as_they_were_handed_out() {
    for (view, name, files) in [
        ("imap", "mail-imap-session.pcap", &["c1-s0-m2.eml", "c1-s0-m3.eml", "c1-s0-m4.eml"][..]),
        ("pop3", "mail-pop3-session.pcap", &["c1-s0-m2.eml"]),
        ("smtp", "mail-imap-session.pcap", &[]),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let output =
            layerscope().args([view, "--save"]).arg(folder.path()).arg(sample(name)).output().unwrap();
        assert_eq!(output.status.code(), Some(0));
        let mut names: Vec<_> = fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        assert_eq!(names, files, "{view} {name}");
        for file in files {
            let number: usize = file.trim_end_matches(".eml").rsplit('m').next().unwrap().parse().unwrap();
            let octets = fs::read(folder.path().join(file)).unwrap();
            assert_eq!(session(view, name)["messages"][number - 1]["sha256"], sha256(&octets), "{file}");
        }
    }
}

#[test]
fn raw_lines_are_those_of_the_wire() {
    let text =
        stdout(&layerscope().args(["pop3", "--raw"]).arg(sample("mail-pop3-session.pcap")).output().unwrap());
    for line in
        ["C: USER bob@example.com", "C: PASS ········", "S: 1 327", "S: [message: 330 octets]", "C: QUIT"]
    {
        assert!(text.lines().any(|one| one == line), "{line}: {text}");
    }
}

#[test]
fn a_mails_way_says_what_its_reader_gave_away() {
    let journeys = records("smtp", &sample("mail-journey.pcap"));
    let journey = journeys.iter().find(|record| record["record"] == "mail_journey").unwrap();
    let fetch = journey["steps"].as_array().unwrap().iter().find(|step| step["kind"] == "fetch").unwrap();
    assert_eq!(fetch["login_in_the_clear"], "password");
    let text = stdout(&layerscope().arg("smtp").arg(sample("mail-journey.pcap")).output().unwrap());
    assert!(text.contains("the password itself"), "{text}");
}

#[test]
fn an_overview_names_who_read_mail_and_the_view_that_shows_it() {
    let path = sample("mail-imap-session.pcap");
    let text = stdout(&layerscope().arg("overview").arg(&path).output().unwrap());
    assert!(text.contains("bob@example.com") && text.contains("layerscope imap "), "{text}");
    let capture = &records("overview", &path)[0];
    assert_eq!((&capture["imap"]["sessions"], &capture["imap"]["messages"]), (&1.into(), &2.into()));
}

/// A view in English, its blanks and line ends as one blank each.
fn told(view: &str, name: &str) -> String {
    let text = stdout(&layerscope().arg(view).arg(sample(name)).args(["--lang", "en"]).output().unwrap());
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn the_server_lets_wait_where_it_answers_a_line_without_a_tag() {
    let pop3 = told("pop3", "mail-pop3.pcap");
    assert!(pop3.contains("Time: 18.5 ms waiting for the server, 343.0 µs for the client"), "{pop3}");
    let imap = told("imap", "tls-fetch.pcapng");
    let time =
        "Time: 12.5 ms waiting for the server, 896.0 µs for the client, 80.4 ms for TLS to be agreed on";
    assert!(imap.contains(time), "{imap}");
    let idle = told("imap", "mail-imap-session.pcap");
    let time =
        "Time: 31.8 ms waiting for the server, 5.8 ms for the client, 503.4 ms waiting in IDLE for news";
    assert!(idle.contains(time), "{idle}");
}

#[test]
fn what_was_decrypted_is_marked_and_not_called_readable() {
    for view in ["imap", "pop3"] {
        let text = told(view, "tls-fetch.pcapng");
        assert!(text.contains("the rows marked + were unreadable on the wire"), "{text}");
        assert!(text.contains("hidden here, and by TLS on the wire"), "{text}");
        assert!(!text.contains("readable on the wire; --reveal"), "{text}");
        assert!(!text.contains("can be guessed offline from packets"), "{text}");
    }
}

#[test]
fn quit_deletes_only_what_was_marked() {
    let kept = told("pop3", "mail-pop3.pcap");
    assert!(!kept.contains("is deleted now") && !kept.contains("was marked is deleted"), "{kept}");
    let deleted = told("pop3", "mail-pop3-session.pcap");
    assert!(!deleted.contains("mail stays"), "{deleted}");
}

#[test]
fn a_digest_of_apop_can_be_guessed_from_the_greeting() {
    let text = told("pop3", "mail-pop3-apop.pcap");
    assert!(text.contains("! the password can be guessed offline from packets 4 and 9"), "{text}");
}

#[test]
fn changes_and_figures_are_told_in_words() {
    let changes = told("imap", "mail-imap-session.pcap");
    assert!(changes.contains("uploaded Sent, marked \\Seen, 216 octets done"), "{changes}");
    assert!(changes.contains("marked as deleted message 1 done"), "{changes}");
    let figures = told("imap", "mail-journey-3-reader.pcap");
    assert!(figures.contains("messages: 0"), "{figures}");
}
