//! What is written: nothing that a terminal obeys, columns that fit, pipes that close.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::Stdio;

use crate::common::frames::{CLIENT, Dialogue, Ipv4, SERVER, ethernet, slices, udp, udp_frame};
use crate::common::pcapng::Pcapng;
use crate::common::{VIEWS, file, layerscope, pcap, records, sample, stderr, stdout};
use layerscope::report::escape::is_harmful;
use unicode_width::UnicodeWidthStr;

/// ESC, BEL, DEL, C1 in UTF-8 and bare, CR, and a bidi control that turns `gpj.exe` around.
const NASTY: &[u8] = b"\x1b[2J\x07\x7f\xc2\x9b31m\x9b\rback\xe2\x80\xaegpj.exe";

/// The first octet or character that a terminal would act on, but for the ends of lines and, where colours
/// are asked for, those.
fn harm(octets: &[u8]) -> Option<String> {
    let text = match std::str::from_utf8(octets) {
        Ok(text) => text.to_owned(),
        Err(error) => return Some(error.to_string()),
    };
    let mut plain = String::new();
    let mut rest = text.as_str();
    while let Some(at) = rest.find("\x1b[") {
        plain.push_str(&rest[..at]);
        let end = rest[at + 2..].find(|c: char| !c.is_ascii_digit() && c != ';').map(|n| at + 2 + n);
        match end.filter(|&end| rest[end..].starts_with('m') && rest[at..end].len() < 16) {
            Some(end) => rest = &rest[end + 1..],
            None => return Some(rest[at..].chars().take(20).collect::<String>().escape_debug().to_string()),
        }
    }
    plain.push_str(rest);
    let line = plain.lines().find(|line| line.chars().any(is_harmful))?;
    Some(line.escape_debug().to_string())
}

/// Every view of a capture, in every format and way; what is found in the answers is put together.
fn harmless_everywhere(path: &Path) -> String {
    let mut said = String::new();
    for view in VIEWS {
        for options in [
            &["--format", "table"][..],
            &["--format", "table", "--lang", "zh"],
            &["--format", "table", "--color", "always"],
            &["--format", "table", "--reveal-secrets"],
            &["--format", "table", "--stream", "0", "--reveal-secrets"],
            &["--format", "json"],
            &["--format", "json", "--reveal-secrets"],
            &["--format", "csv"],
            &["--format", "csv", "--reveal-secrets"],
        ] {
            let output = layerscope().arg(view).args(options).arg(path).output().unwrap();
            // a connection that is chosen need not be there
            let worst = if options.contains(&"--stream") { 2 } else { 1 };
            assert!(output.status.code().is_some_and(|code| code <= worst), "{view} {options:?}");
            for stream in [&output.stdout, &output.stderr] {
                assert_eq!(harm(stream), None, "{view} {options:?}");
            }
            said.push_str(&stdout(&output));
        }
    }
    said
}

fn with_nasty(before: &str, after: &str) -> Vec<u8> {
    [before.as_bytes(), NASTY, after.as_bytes()].concat()
}

#[test]
fn controls_in_banner_subject_address_and_attachment_reach_no_terminal() {
    let mut talk = Dialogue::open(25);
    talk.server(&with_nasty("220 mx.example.com ESMTP ", "\r\n"));
    talk.client(&with_nasty("EHLO ", "\r\n")).server(&with_nasty("250-mx\r\n250 SIZE ", "\r\n"));
    talk.client(b"AUTH PLAIN AGFsGzJKaWNlAHNlY3JldA==\r\n").server(&with_nasty("235 2.7.0 ", "\r\n"));
    talk.client(&with_nasty("MAIL FROM:<alice", "@example.com>\r\n")).server(b"250 ok\r\n");
    talk.client(&with_nasty("RCPT TO:<bob", "@example.com>\r\n")).server(&with_nasty("550 5.1.1 ", "\r\n"));
    talk.client(b"RCPT TO:<carol@example.com>\r\n").server(b"250 ok\r\n");
    talk.client(b"DATA\r\n").server(b"354 go\r\n");
    talk.client(&with_nasty("Subject: ", "\r\n"));
    talk.client(&with_nasty("From: ", " <alice@example.com>\r\n"));
    // =1B and =E2=80=AE: the same controls in encoded words and parameters (RFC 2047, RFC 2231)
    talk.client(b"To: =?utf-8?q?=1B[2J=E2=80=AE=C2=9B?= <carol@example.com>\r\nMIME-Version: 1.0\r\n");
    talk.client(b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\n");
    talk.client(NASTY);
    talk.client(
        b"\r\n--b\r\nContent-Type: application/octet-stream\r\nContent-Disposition: attachment;\r\n ",
    );
    talk.client(b"filename*=utf-8''%1B%5B2J%E2%80%AEgpj.exe%0D%C2%9B\r\n\r\nx\r\n--b--\r\n.\r\n");
    talk.server(&with_nasty("250 2.0.0 queued ", "\r\n")).client(&with_nasty("", "\r\n"));
    talk.server(b"500 what\r\n").client(b"QUIT\r\n").server(b"221 bye\r\n").close();
    let (_keep, path) = file("mail.pcap", &pcap(1, &slices(&talk.frames)));
    let said = harmless_everywhere(&path);
    for word in ["gpj.exe", "mx.example.com", "carol@example.com"] {
        assert!(said.contains(word), "`{word}` is not told at all");
    }
}

#[test]
fn controls_in_comments_and_names_of_a_capture_reach_no_terminal() {
    let mut capture = Pcapng::default();
    capture.section(false, &[(1, NASTY)]);
    capture.interface(1, 0, &[(1, NASTY), (2, NASTY), (3, NASTY)]);
    capture.packet(0, 1, &udp_frame(b"x"), &[(1, NASTY)]);
    let (_keep, path) = file("a.pcapng", &capture.octets);
    assert!(harmless_everywhere(&path).contains("gpj.exe"));
}

fn datagram(ports: (u16, u16), payload: &[u8]) -> Vec<u8> {
    Ipv4::new(CLIENT, SERVER, 17).frame(&udp(CLIENT, SERVER, ports, payload))
}

fn dns_question(name: &[u8]) -> Vec<u8> {
    let mut message = vec![0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, name.len() as u8];
    message.extend_from_slice(name);
    message.extend([0, 0, 1, 0, 1]);
    message
}

fn dhcp_discover(host_name: &[u8]) -> Vec<u8> {
    let mut message = vec![1, 1, 6, 0];
    message.resize(236, 0);
    message.extend([0x63, 0x82, 0x53, 0x63, 53, 1, 1, 12, host_name.len() as u8]);
    message.extend_from_slice(host_name);
    message.push(255);
    message
}

/// A TLS record with a ClientHello that names a server.
fn client_hello(server_name: &[u8]) -> Vec<u8> {
    let length = |octets: &[u8]| (octets.len() as u16).to_be_bytes();
    let entry = [&[0][..], &length(server_name), server_name].concat();
    let list = [&length(&entry)[..], &entry].concat();
    let extension = [&[0, 0][..], &length(&list), &list].concat();
    let mut body = vec![3, 3];
    body.extend([7; 32]);
    body.extend([0, 0, 2, 0x13, 1, 1, 0]);
    body.extend(length(&extension));
    body.extend(extension);
    let hello = [&[1, 0][..], &length(&body), &body].concat();
    [&[22, 3, 1][..], &length(&hello), &hello].concat()
}

#[test]
fn controls_in_other_protocols_reach_no_terminal() {
    let mut web = Dialogue::open(80);
    web.client(&with_nasty("GET /", " HTTP/1.1\r\nHost: example.com\r\nUser-Agent: \x1b[2J\r\n\r\n"));
    web.server(&with_nasty("HTTP/1.1 200 ", "\r\nServer: \x1b[2J\r\n\r\n")).close();
    let mut frames = web.frames;
    // LLDP: chassis, port, time to live, and a system name
    let mut lldp = vec![0x02, 2, 7, b'a', 0x04, 2, 7, b'b', 0x06, 2, 0, 120, 0x0a, NASTY.len() as u8];
    lldp.extend_from_slice(NASTY);
    lldp.extend([0, 0]);
    frames.push(ethernet(1, 2, 0x88cc, &lldp));
    frames.push(datagram((40_001, 53), &dns_question(NASTY)));
    frames.push(datagram((68, 67), &dhcp_discover(NASTY)));
    for (port, greeting) in [(110, "+OK "), (143, "* OK "), (21, "220 FTP "), (443, "")] {
        let mut talk = Dialogue::open(port);
        if port == 443 {
            talk.client(&client_hello(NASTY));
        } else {
            talk.server(&with_nasty(greeting, "\r\n")).client(&with_nasty("USER ", "\r\n"));
        }
        frames.extend(talk.close().frames.iter().cloned());
    }
    let (_keep, path) = file("a.pcap", &pcap(1, &slices(&frames)));
    let said = harmless_everywhere(&path);
    for protocol in ["LLDP", "DNS", "DHCP", "TLS", "HTTP"] {
        assert!(said.contains(protocol), "{protocol} was not met");
    }
}

#[test]
fn controls_in_a_file_s_name_reach_no_terminal() {
    use std::os::unix::ffi::OsStrExt;
    let folder = tempfile::tempdir().unwrap();
    let nasty = [NASTY, b"\nlayerscope: all is well"].concat();
    let name =
        |ending: &[u8]| folder.path().join(std::ffi::OsStr::from_bytes(&[&nasty[..], ending].concat()));
    let whole = pcap(1, &[&udp_frame(b"x"), &udp_frame(b"y")]);
    let (good, cut, text, missing) = (name(b".pcap"), name(b".cut"), name(b".txt"), name(b".none"));
    std::fs::write(&good, &whole).unwrap();
    std::fs::write(&cut, &whole[..whole.len() - 3]).unwrap();
    std::fs::write(&text, b"Dear reader, this is no capture.").unwrap();
    harmless_everywhere(&good);
    harmless_everywhere(&cut);
    for (path, status) in [(&cut, 1), (&text, 2), (&missing, 2)] {
        let output = layerscope().args(["packets"]).arg(path).output().unwrap();
        assert_eq!(output.status.code(), Some(status));
        assert_eq!(harm(&output.stderr), None);
        assert_eq!(stderr(&output).lines().count(), 1, "{}", stderr(&output));
        assert!(stderr(&output).contains("gpj.exe"), "the file is not named: {}", stderr(&output));
    }
    for output in [
        layerscope().args(["packets", "-w"]).arg(&good).arg(&good).output().unwrap(),
        layerscope().arg("packets").arg(&good).arg(&missing).output().unwrap(),
        layerscope().args(["packets", "-f", "tcp \x1b[2J and"]).arg(&good).output().unwrap(),
        layerscope().args(["packets", "--\x1b[2J\u{202e}"]).output().unwrap(),
        layerscope().args(["packets", "--format", "\x1b[2J\u{202e}"]).output().unwrap(),
        layerscope().args(["packets", "-w"]).arg(good.join("x")).arg(&good).output().unwrap(),
    ] {
        assert!(output.status.code().is_some_and(|code| (1..=2).contains(&code)));
        assert_eq!(harm(&output.stderr), None);
        assert!(!output.stderr.is_empty());
    }
}

#[test]
fn two_columns_of_the_screen_are_two_columns_of_the_table() {
    let mut talk = Dialogue::open(25);
    talk.server("220 mx.example.com ESMTP 欢迎\r\n".as_bytes()).client(b"EHLO a.example\r\n");
    talk.server(b"250 SMTPUTF8\r\n").client("MAIL FROM:<张三@example.com>\r\n".as_bytes());
    talk.server(b"250 ok\r\n").client("RCPT TO:<李四@example.com>\r\n".as_bytes());
    talk.server("550 没有这个人\r\n".as_bytes()).client(b"QUIT\r\n").server(b"221 bye\r\n").close();
    let (_keep, path) = file("mail.pcap", &pcap(1, &slices(&talk.frames)));
    for lang in ["en", "zh"] {
        let output =
            layerscope().args(["smtp", "--stream", "0", "--lang", lang]).arg(&path).output().unwrap();
        let text = stdout(&output);
        assert!(text.contains("张三@example.com") && text.contains("没有这个人"), "{text}");
        assert!(text.lines().all(|line| line.width() <= 80), "{text}");
    }
    let packets = layerscope().args(["packets"]).arg(&path).output().unwrap();
    assert!(stdout(&packets).lines().all(|line| line.width() <= 80), "{}", stdout(&packets));
}

#[test]
fn head_ends_every_view_quietly() {
    let frames: Vec<_> = (0..30_000_u32).map(|n| udp_frame(&n.to_be_bytes())).collect();
    let (_keep, path) = file("long.pcap", &pcap(1, &slices(&frames)));
    for view in ["packets", "layers"] {
        for format in ["table", "json", "csv"] {
            let mut child = layerscope()
                .args([view, "--format", format])
                .arg(&path)
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap();
            let mut reader = BufReader::new(child.stdout.take().unwrap());
            reader.read_line(&mut String::new()).unwrap();
            drop(reader);
            let output = child.wait_with_output().unwrap();
            assert_eq!(output.status.code(), Some(0), "{view} {format}");
            assert!(output.stderr.is_empty(), "{view} {format}: {}", stderr(&output));
        }
    }
}

#[test]
fn an_answer_that_cannot_be_written_is_an_error_and_no_panic() {
    let full = || std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = layerscope().arg("packets").arg(sample("http.pcap")).stdout(full()).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(stderr(&output).lines().count(), 1, "{}", stderr(&output));
    let output = layerscope().args(["packets", "none.pcap"]).stderr(full()).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn a_secret_with_controls_in_it_is_masked_as_others_are() {
    let mut talk = Dialogue::open(25);
    talk.server(b"220 mx.example.com ESMTP\r\n").client(b"EHLO a.example\r\n").server(b"250 AUTH PLAIN\r\n");
    // \0alice\0sec\x1b[2Jret
    talk.client(b"AUTH PLAIN AGFsaWNlAHNlYxtbMkpyZXQ=\r\n").server(b"235 ok\r\n");
    talk.client(b"QUIT\r\n").server(b"221 bye\r\n").close();
    let (_keep, path) = file("mail.pcap", &pcap(1, &slices(&talk.frames)));
    let session = records("smtp", &path)[0].to_string();
    assert!(session.contains("alice"), "{session}");
    assert!(!session.contains("AGFsaWNl") && !session.contains("2Jret"), "{session}");
}
