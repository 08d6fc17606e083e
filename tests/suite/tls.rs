//! TLS opened with keys: samples of real programs, compared with what the server stored.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::common::{layerscope, records, records_with, run, sample, sha256, stderr, stdout};

/// The one TLS session of a sample.
fn session(name: &str) -> Value {
    let all = records("tls", &sample(name));
    assert_eq!(all.len(), 1, "{name}");
    all.into_iter().next().unwrap()
}

/// A key log as its sample holds it: the octets of its decryption secrets block.
fn key_log(name: &str) -> Vec<u8> {
    let octets = fs::read(sample(name)).unwrap();
    let at = octets.windows(4).position(|word| word == b"KSLT").unwrap();
    let length = u32::from_le_bytes(octets[at + 4..at + 8].try_into().unwrap()) as usize;
    octets[at + 8..at + 8 + length].to_vec()
}

/// The octets of a sample without its secrets: every block but those of type 10.
fn without_secrets(name: &str, folder: &Path) -> std::path::PathBuf {
    let octets = fs::read(sample(name)).unwrap();
    let mut rest = &octets[..];
    let mut out = Vec::new();
    while !rest.is_empty() {
        let length = u32::from_le_bytes(rest[4..8].try_into().unwrap()) as usize;
        if rest[..4] != [10, 0, 0, 0] {
            out.extend_from_slice(&rest[..length]);
        }
        rest = &rest[length..];
    }
    let path = folder.join("sealed.pcapng");
    fs::write(&path, out).unwrap();
    path
}

#[test]
fn a_decrypted_mail_is_the_one_that_the_server_stored() {
    for (name, version, after_starttls) in [
        ("tls-smtplib-starttls", "TLS 1.3", true),
        ("tls-smtplib-implicit", "TLS 1.2", false),
        ("tls-swaks", "TLS 1.3", true),
        ("tls-s-client", "TLS 1.2", true),
    ] {
        let capture = format!("{name}.pcapng");
        let tls = session(&capture);
        assert_eq!(tls["decryption"]["state"], "decrypted", "{name}");
        assert_eq!(tls["agreed"]["version"], version, "{name}");
        assert_eq!(tls["after_starttls"], after_starttls, "{name}");
        assert_eq!(tls["application"], "smtp", "{name}");
        let stored = fs::read(sample(&format!("{name}.stored.eml"))).unwrap();
        let mails = records("smtp", &sample(&capture));
        let mail = mails.iter().find(|record| record["record"] == "smtp_session").unwrap();
        let message = &mail["messages"][0];
        assert_eq!(
            (&message["octets"], &message["complete"]),
            (&json!(stored.len()), &json!(true)),
            "{name}"
        );
        assert_eq!(message["sha256"], sha256(&stored), "{name}");
        assert_eq!((&mail["decrypted"], &mail["ended"]), (&json!(true), &json!("quit")), "{name}");
    }
}

#[test]
fn each_line_says_that_it_was_decrypted_and_from_which_packets() {
    let mails = records("smtp", &sample("tls-smtplib-starttls.pcapng"));
    let turns = mails[0]["turns"].as_array().unwrap();
    let tls = turns.iter().position(|turn| turn["kind"] == "tls").unwrap();
    assert!(turns[..=tls].iter().all(|turn| turn.get("decrypted").is_none()));
    for turn in &turns[tls + 1..] {
        assert_eq!(turn["decrypted"], true);
        let packets = turn["sealed_in"].as_array().unwrap();
        assert!(packets[0].as_u64() <= turn["packet"].as_u64() && packets.len() == 2, "{turn}");
    }
    let table = stdout(&run(["smtp".as_ref(), sample("tls-smtplib-starttls.pcapng").as_os_str()]));
    assert!(table.contains("+20") && table.contains("unreadable on the wire"), "{table}");
}

#[test]
fn what_was_exposed_is_what_the_wire_showed_not_what_the_keys_opened() {
    for (name, host_names) in [("tls-smtplib-starttls", "readable"), ("tls-smtplib-implicit", "hidden")] {
        let mails = records("smtp", &sample(&format!("{name}.pcapng")));
        let exposure = &mails[0]["exposure"];
        let sight = |what: &str| exposure[what]["state"].as_str().map(str::to_owned);
        assert_eq!(sight("host_names").as_deref(), Some(host_names), "{exposure}");
        for what in ["addresses", "user", "secret", "subject", "body"] {
            assert_eq!(sight(what).as_deref(), Some("hidden"), "{name} {what}: {exposure}");
        }
        let warnings = mails[0]["warnings"].as_array().unwrap();
        assert!(!warnings.contains(&json!("auth_in_the_clear")), "{warnings:?}");
    }
}

#[test]
fn a_password_inside_tls_is_masked_unless_secrets_are_revealed() {
    // AUTH PLAIN: NUL user NUL password, in base64
    let secret = "AGFsaWNlQGV4YW1wbGUub3JnAGNvcnJlY3QtaG9yc2UtYmF0dGVyeQ==";
    for name in ["tls-smtplib-starttls.pcapng", "tls-smtplib-implicit.pcapng"] {
        for format in ["table", "json", "csv"] {
            for view in ["smtp", "tls", "overview"] {
                let output =
                    layerscope().args([view, "--format", format]).arg(sample(name)).output().unwrap();
                assert!(!stdout(&output).contains(secret), "{view} {format} {name}");
            }
        }
        let output =
            layerscope().args(["smtp", "--reveal-secrets", "--format", "json"]).arg(sample(name)).output();
        assert!(stdout(&output.unwrap()).contains(secret), "{name}");
    }
}

#[test]
fn web_pages_are_opened_in_tls_1_2_and_1_3() {
    for (name, version, application) in
        [("https-tls13-with-keys.pcapng", "TLS 1.3", "http"), ("tls-curl-12.pcapng", "TLS 1.2", "http")]
    {
        let tls = session(name);
        assert_eq!(tls["decryption"]["state"], "decrypted", "{name}");
        assert_eq!((&tls["agreed"]["version"], &tls["application"]), (&json!(version), &json!(application)));
        assert_eq!(tls["agreed"]["server_name"], "www.example.com");
        assert_eq!(tls["certificates"]["server"][0]["names"], json!(["www.example.com"]));
    }
    assert_eq!(session("https-tls13-with-keys.pcapng")["data"]["client"]["round_trips"], 1);
    assert_eq!(session("tls-curl-12.pcapng")["data"]["client"]["round_trips"], 2);
}

#[test]
fn without_keys_the_handshake_is_read_as_far_as_it_is_in_the_clear() {
    let tls = session("https-tls13.pcap");
    assert_eq!(
        (&tls["decryption"]["state"], &tls["decryption"]["records_opened"]),
        (&json!("no_key_log"), &json!(0))
    );
    assert_eq!(
        (&tls["agreed"]["version"], &tls["agreed"]["server_name"]),
        (&json!("TLS 1.3"), &json!("www.example.com"))
    );
    assert_eq!(tls["certificates"]["server"], json!([]));
    let client = &tls["data"]["client"];
    assert_eq!((&client["round_trips"], &client["round_trips_basis"]), (&json!(1), &json!("inferred")));
}

#[test]
fn a_key_log_in_a_file_opens_and_a_wrong_one_is_told_of() {
    let folder = tempfile::tempdir().unwrap();
    let sealed = without_secrets("tls-swaks.pcapng", folder.path());
    assert_eq!(records("tls", &sealed)[0]["decryption"]["state"], "no_key_log");
    let log = folder.path().join("keys");
    fs::write(&log, key_log("tls-swaks.pcapng")).unwrap();
    let option = ["--keylog", log.to_str().unwrap()];
    assert_eq!(records_with("tls", &sealed, &option)[0]["decryption"]["state"], "decrypted");
    fs::write(&log, key_log("tls-s-client.pcapng")).unwrap();
    assert_eq!(records_with("tls", &sealed, &option)[0]["decryption"]["state"], "no_keys");
    // the right names with one octet of each secret changed
    let text = String::from_utf8(key_log("tls-swaks.pcapng")).unwrap();
    let wrong: Vec<String> = text
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| format!("{}{}", &line[..line.len() - 2], if line.ends_with("00") { "01" } else { "00" }))
        .collect();
    fs::write(&log, wrong.join("\n")).unwrap();
    assert_eq!(records_with("tls", &sealed, &option)[0]["decryption"]["state"], "keys_do_not_fit");
    fs::write(&log, "this is no key log\n").unwrap();
    let output = layerscope().arg("tls").args(option).arg(&sealed).output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert!(stderr(&output).contains("no secret of a TLS session"), "{}", stderr(&output));
    let missing = layerscope().args(["tls", "--keylog", "/no/such/file"]).arg(&sealed).output().unwrap();
    assert_eq!(missing.status.code(), Some(2));
}

#[test]
fn keys_are_saved_only_when_asked_and_open_the_capture_then() {
    let folder = tempfile::tempdir().unwrap();
    let saved = folder.path().join("saved.pcapng");
    let save = |more: &[&str]| {
        let output = layerscope()
            .args(["packets", "-w", saved.to_str().unwrap()])
            .args(more)
            .arg(sample("tls-swaks.pcapng"))
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        records("tls", &saved)[0]["decryption"]["state"].clone()
    };
    assert_eq!(save(&[]), "no_key_log");
    assert_eq!(save(&["--embed-keys"]), "decrypted");
    let classic = folder.path().join("saved.pcap");
    let words = ["packets", "--embed-keys", "-w", classic.to_str().unwrap()];
    let output = layerscope().args(words).arg(sample("tls-swaks.pcapng")).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    assert!(stderr(&output).contains("pcapng"), "{}", stderr(&output));
}

#[test]
fn a_mail_read_over_imaps_and_pop3_with_stls_has_its_handshakes() {
    let sessions = records("tls", &sample("tls-fetch.pcapng"));
    assert!(
        sessions.iter().any(|tls| tls["server"]["port"] == 993 && tls["decryption"]["state"] == "decrypted")
    );
}
