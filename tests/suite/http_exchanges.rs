//! The `http` view: requests and responses of real programs, and bodies as files.

use serde_json::{Value, json};

use crate::common::talk::{CLIENT, SERVER, Talk};
use crate::common::{layerscope, records, run, sample, sha256, stderr, stdout};

/// Method, target, status and what the connection is for behind it.
fn told(name: &str) -> Vec<Value> {
    let brief = |r: &Value| json!([r["method"], r["target"], r["status"], r["after"]]);
    records("http", &sample(name)).iter().map(brief).collect()
}

#[test]
fn several_requests_share_a_connection() {
    let told = told("http-keep-alive.pcap");
    let expected = [
        json!(["GET", "/", 200, "persists"]),
        json!(["GET", "/", 200, "persists"]),
        json!(["HEAD", "/", 200, "persists"]),
        json!(["GET", "/", 304, "persists"]),
    ];
    assert_eq!(told, expected);
}

#[test]
fn a_compressed_body_unpacks_to_the_body_that_was_sent_plain() {
    let records = records("http", &sample("http-keep-alive.pcap"));
    let (plain, packed) = (&records[0]["response"], &records[1]["response"]);
    assert_eq!((&packed["codings"], &packed["framing"]), (&json!(["gzip"]), &json!("chunked")));
    assert_eq!(packed["decoded"]["sha256"], plain["sha256"]);
    assert_eq!(packed["decoded"]["octets"], plain["octets"]);
    let head = &records[2]["response"];
    assert_eq!((&head["declared_length"], &head["octets"]), (&plain["octets"], &json!(0)));
}

#[test]
fn pipelined_requests_are_paired_in_their_order() {
    let expected = [
        json!(["GET", "/", 200, "persists"]),
        json!(["HEAD", "/missing", 404, "persists"]),
        json!(["GET", "/private/", 401, "server_closes"]),
    ];
    assert_eq!(told("http-pipelined.pcap"), expected);
}

#[test]
fn chunks_and_the_fields_behind_them_are_read() {
    let record = records("http", &sample("http-chunked.pcap")).remove(0);
    let response = &record["response"];
    assert_eq!((&response["chunks"], &response["octets"]), (&json!(3), &json!(45)));
    assert_eq!(response["trailer"], json!([{"name": "X-Octets", "value": "45"}]));
    let content = b"first chunk\nthe second chunk is longer\nthird\n";
    assert_eq!(response["sha256"], sha256(content));
}

#[test]
fn a_body_may_end_with_the_connection() {
    let record = records("http", &sample("http-until-close.pcap")).remove(0);
    assert_eq!((&record["response"]["framing"], &record["complete"]), (&json!("until_close"), &json!(true)));
}

#[test]
fn a_body_is_held_back_until_the_server_wants_it() {
    let record = records("http", &sample("http-100-continue.pcap")).remove(0);
    assert_eq!((&record["interim"], &record["status"]), (&json!([100]), &json!(201)));
    assert_eq!(record["request"]["octets"], 3000);
    let output =
        layerscope().env("COLUMNS", "140").arg("http").arg(sample("http-100-continue.pcap")).output();
    let text = stdout(&output.unwrap());
    let place = |what: &str| text.find(what).unwrap_or_else(|| panic!("{what} is missing:\n{text}"));
    assert!(place("100 Continue") < place("3000 octets)"), "{text}");
}

#[test]
fn what_follows_connect_and_upgrade_is_named() {
    let expected = [
        json!(["CONNECT", "www.example.com:443", 407, "persists"]),
        json!(["CONNECT", "www.example.com:443", 200, "tunnel"]),
    ];
    assert_eq!(told("http-connect.pcap"), expected);
    let record = records("http", &sample("http-websocket.pcap")).remove(0);
    assert_eq!((&record["after"], &record["upgraded_to"]), (&json!("upgraded"), &json!("websocket")));
}

#[test]
fn two_lengths_that_disagree_are_a_warning() {
    let records = records("http", &sample("http-two-lengths.pcap"));
    assert_eq!(records[0]["warnings"], json!(["both_lengths"]));
    let overview = stdout(&run(["overview", sample("http-two-lengths.pcap").to_str().unwrap()]));
    assert!(overview.contains("HTTP, 1 HTTP exchange") || overview.contains("smuggled"), "{overview}");
}

#[test]
fn the_ends_of_an_exchange_are_told_while_its_connection_goes_on() {
    let record = records("http", &sample("http-basic-auth.pcap")).remove(1);
    assert_eq!((&record["client"]["address"], &record["server"]["port"]), (&json!("10.20.0.25"), &json!(80)));
    assert_eq!(record["authorization"], json!({"scheme": "Basic", "user": "alice"}));
}

#[test]
fn a_long_list_has_a_row_for_each_exchange() {
    let mut talk = Talk::open(80);
    for n in 0..250 {
        talk.say(CLIENT, format!("GET /{n} HTTP/1.1\r\nHost: a.test\r\n\r\n"));
        talk.say(SERVER, "HTTP/1.1 204 No Content\r\n\r\n");
    }
    let capture = talk.write();
    let text = stdout(&run(["http", capture.path().to_str().unwrap()]));
    assert_eq!(text.matches("GET a.test/").count(), 250);
    assert!(text.contains("250 exchanges"), "{text}");
    let one = stdout(&run(["http", "--stream", "0", capture.path().to_str().unwrap()]));
    assert_eq!(one.matches("204 No Content").count(), 250);
}

#[test]
fn http_2_is_named_and_not_read() {
    let mut talk = Talk::open(80);
    talk.say(CLIENT, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0");
    talk.say(SERVER, b"\0\0\0\x04\x01\0\0\0\0");
    let capture = talk.write();
    let text = stdout(&run(["http", capture.path().to_str().unwrap()]));
    assert!(text.contains("connection 0 speaks HTTP/2"), "{text}");
    assert_eq!(records("tcp", capture.path())[0]["application"], "http2");
}

fn saved(talk: &Talk) -> (tempfile::TempDir, Vec<(String, Vec<u8>)>) {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("bodies");
    let capture = talk.write();
    let output = layerscope().args(["http", "--save"]).arg(&place).arg(capture.path()).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let entries = std::fs::read_dir(&place).unwrap().map(|entry| entry.unwrap());
    let file = |entry: std::fs::DirEntry| {
        (entry.file_name().into_string().unwrap(), std::fs::read(entry.path()).unwrap())
    };
    let mut files: Vec<_> = entries.map(file).collect();
    files.sort();
    (folder, files)
}

#[test]
fn bodies_are_saved_as_their_reader_gets_them() {
    let mut talk = Talk::open(80);
    talk.say(
        CLIENT,
        "POST /up.txt HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nhi",
    );
    talk.say(SERVER, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n");
    talk.say(CLIENT, "GET /page HTTP/1.1\r\nHost: a\r\n\r\n");
    talk.say(SERVER, "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 9\r\n\r\nfive");
    let (_keep, files) = saved(&talk);
    let expected = [
        ("c1-s0-x1-request-body.txt", &b"hi"[..]),
        ("c1-s0-x1-up.txt", b"hello"),
        ("c1-s0-x2-page.html.partial", b"five"),
    ];
    let files: Vec<_> = files.iter().map(|(name, octets)| (name.as_str(), octets.as_slice())).collect();
    assert_eq!(files, expected);
}

#[test]
fn no_name_from_the_wire_leads_out_of_the_folder() {
    let mut talk = Talk::open(80);
    for (target, disposition) in [
        ("/../../../etc/passwd", ""),
        ("/a", "Content-Disposition: attachment; filename=\"../../evil\"\r\n"),
        ("/b", "Content-Disposition: attachment; filename=\"/etc/cron.d/x\"\r\n"),
        ("/..", ""),
        ("/%2e%2e/x\u{1b}[2J", ""),
    ] {
        talk.say(CLIENT, format!("GET {target} HTTP/1.1\r\nHost: a\r\n\r\n"));
        talk.say(SERVER, format!("HTTP/1.1 200 OK\r\n{disposition}Content-Length: 1\r\n\r\nx"));
    }
    let (folder, files) = saved(&talk);
    assert_eq!(files.len(), 5, "{files:?}");
    assert!(
        files.iter().all(|(name, _)| name.starts_with("c1-s0-x") && !name.contains('\u{1b}')),
        "{files:?}"
    );
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}
