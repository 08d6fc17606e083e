//! What is true of messages (RFC 5322, MIME), asked of the program itself.

use serde_json::{Value, json};

use crate::common::talk::{CLIENT, SERVER, Talk};
use crate::common::{layerscope, sha256, stdout};

/// Octets of a segment.
const SEGMENT: usize = 1400;

/// The record of a message.
fn message(octets: impl AsRef<[u8]>) -> Value {
    let mut talk = Talk::smtp();
    talk.mail(octets.as_ref(), SEGMENT);
    let session = talk.write().session();
    assert_eq!(session["messages"].as_array().unwrap().len(), 1);
    session["messages"][0].clone()
}

/// The `smtp` view of a message, as a table.
fn shown(octets: impl AsRef<[u8]>, lang: &str) -> String {
    let mut talk = Talk::smtp();
    talk.mail(octets.as_ref(), SEGMENT);
    let capture = talk.write();
    let output = layerscope().args(["smtp", "--lang", lang]).arg(capture.path()).output().unwrap();
    assert!(output.status.success());
    stdout(&output)
}

/// Lines of a header, and a body.
fn with_header(lines: &[&str]) -> String {
    lines.iter().map(|line| format!("{line}\r\n")).collect::<String>() + "\r\nHi\r\n"
}

/// One multipart of these parts, each with its header.
fn multipart(parts: &[&str]) -> String {
    let mut out = "From: a@example.test\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n".to_owned();
    parts.iter().for_each(|part| out.push_str(&format!("--b\r\n{part}\r\n")));
    out + "--b--\r\n"
}

fn filename(field: &str) -> Value {
    let part = format!("Content-Type: application/octet-stream\r\nContent-Disposition: {field}\r\n\r\nx");
    message(multipart(&[&part]))["parts"][0]["filename"].clone()
}

#[test]
fn encoded_words_of_any_charset_are_decoded() {
    let header = message(with_header(&[
        "From: =?GB2312?B?1cXI/Q==?= <zhang@example.test>",
        "To: =?ISO-2022-JP?B?GyRCRnxLXBsoQg==?= <nihon@example.test>, b@example.test",
        "Cc: =?iso-8859-1?Q?Andr=E9?= <c@example.test>",
        "Reply-To: d@example.test",
        "Subject: =?utf-8?B?5ZGo5LqU?=",
        " =?utf-8?Q?=E5=8D=88=E9=A4=90?=",
    ]))["header"]
        .clone();
    let expected = json!({
        "from": "张三 <zhang@example.test>", "to": "日本 <nihon@example.test>, b@example.test",
        "cc": "André <c@example.test>", "reply_to": "d@example.test", "subject": "周五午餐", "date": null, "received": [],
    });
    assert_eq!(header, expected);
}

#[test]
fn a_part_has_its_number_and_the_size_and_hash_of_its_decoded_content() {
    let nested = "Content-Type: multipart/alternative; boundary=i\r\n\r\n--i\r\n\r\nplain\r\n--i\r\n\
        Content-Type: text/html; charset=gb2312\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n=D6=DC\r\n--i--";
    let image = "Content-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\
        Content-Disposition: attachment; filename=dot.png\r\n\r\nAAECAw==";
    let message = message(multipart(&[nested, image]));
    let part = |number: &str, kind: &str, encoding: &str, charset: Value, name: Value, content: &[u8]| {
        json!({"part": number, "content_type": kind, "encoding": encoding, "charset": charset, "filename": name,
            "octets": content.len(), "sha256": sha256(content), "complete": true})
    };
    let expected = [
        part("1.1", "text/plain", "7bit", Value::Null, Value::Null, b"plain"),
        part("1.2", "text/html", "quoted-printable", json!("gb2312"), Value::Null, &[0xd6, 0xdc]),
        part("2", "image/png", "base64", Value::Null, json!("dot.png"), &[0, 1, 2, 3]),
    ];
    assert_eq!(message["parts"], json!(expected));
    let containers = [
        json!({"part": null, "content_type": "multipart/mixed"}),
        json!({"part": "1", "content_type": "multipart/alternative"}),
    ];
    assert_eq!(message["containers"], json!(containers));
    assert_eq!(message["parts_complete"], true);
}

#[test]
fn file_names_are_decoded_whole() {
    assert_eq!(filename("attachment; filename*=GB2312''%B1%A8%BC%DB.pdf"), "报价.pdf");
    assert_eq!(
        filename(
            "attachment;\r\n filename*0*=utf-8''%E6%8A%A5;\r\n filename*1*=%E4%BB%B7;\r\n filename*2=.pdf"
        ),
        "报价.pdf"
    );
    assert_eq!(filename("attachment; filename=\"=?utf-8?B?5oql5Lu3?=.pdf\""), "报价.pdf");
    assert_eq!(filename("attachment; filename=\"../../etc/passwd\""), "../../etc/passwd");
}

#[test]
fn a_large_message_has_the_right_size_and_hash_and_so_has_its_attachment() {
    let content: Vec<u8> = (0..14_000_000_u32).map(|n| (n ^ (n >> 11)) as u8).collect();
    let mut octets = multipart(&["\r\nThe table."]).into_bytes();
    octets.truncate(octets.len() - b"--b--\r\n".len());
    octets.extend(b"--b\r\nContent-Type: application/pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n");
    base64(&content, &mut octets);
    octets.extend(b"--b--\r\n");
    let mut talk = Talk::smtp();
    talk.mail(&octets, 60_000);
    let message = talk.write().session()["messages"][0].clone();
    assert_eq!((&message["octets"], &message["sha256"]), (&json!(octets.len()), &json!(sha256(&octets))));
    let attachment = &message["parts"][1];
    assert_eq!(
        (&attachment["octets"], &attachment["sha256"]),
        (&json!(content.len()), &json!(sha256(&content)))
    );
}

/// Lines of 76 digits.
fn base64(content: &[u8], out: &mut Vec<u8>) {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for line in content.chunks(57) {
        for three in line.chunks(3) {
            let bits =
                three.iter().fold(0, |bits, octet| bits << 8 | u32::from(*octet)) << (8 * (3 - three.len()));
            let digits = [18, 12, 6, 0].map(|shift| DIGITS[(bits >> shift & 63) as usize]);
            out.extend_from_slice(&digits[..=three.len()]);
            out.extend(&b"=="[..3 - three.len()]);
        }
        out.extend(b"\r\n");
    }
}

#[test]
fn a_part_with_a_gap_has_no_hash_and_what_lies_behind_has_no_place() {
    let mut talk = Talk::smtp();
    talk.begin_mail();
    talk.say(CLIENT, "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\none\r\n--b\r\n\r\ntwo");
    talk.lose(CLIENT, "three\r\n--b\r\n\r\nfour");
    talk.say(CLIENT, "five\r\n--b\r\n\r\nsix\r\n--b--\r\n.\r\n");
    talk.say(SERVER, "250 Ok\r\n");
    talk.exchange(&["QUIT", "221 Bye"]);
    let message = talk.write().session()["messages"][0].clone();
    assert_eq!(
        (&message["complete"], &message["parts_complete"], &message["sha256"]),
        (&json!(false), &json!(false), &Value::Null)
    );
    let parts = message["parts"].as_array().unwrap();
    assert_eq!(parts.len(), 2);
    assert_eq!((&parts[0]["complete"], &parts[0]["sha256"]), (&json!(true), &json!(sha256(b"one"))));
    assert_eq!((&parts[1]["complete"], &parts[1]["sha256"]), (&json!(false), &Value::Null));
}

#[test]
fn a_header_of_a_megabyte_is_cut_and_nothing_is_guessed_from_what_is_left() {
    let long =
        format!("Subject: kept\r\nX-Long: {}\r\nContent-Type: text/html\r\n\r\nHi\r\n", "y".repeat(1 << 20));
    let message = message(&long);
    assert_eq!(
        (&message["octets"], &message["sha256"]),
        (&json!(long.len()), &json!(sha256(long.as_bytes())))
    );
    assert_eq!((&message["header"]["subject"], &message["parts"]), (&json!("kept"), &json!([])));
    assert_eq!(message["parts_complete"], false);
}

#[test]
fn ten_thousand_parts_are_bounded() {
    let part = "Content-Type: multipart/mixed; boundary=absent\r\n\r\nx";
    let message = message(multipart(&[part; 10_000]));
    let nodes = ["parts", "containers"].map(|list| message[list].as_array().unwrap().len());
    assert!(nodes.iter().sum::<usize>() <= 1000, "{nodes:?}");
    assert_eq!((&message["complete"], &message["parts_complete"]), (&json!(true), &json!(false)));
}

#[test]
fn hostile_names_of_parts_reach_no_terminal_raw() {
    let name = "\x1b[2J\u{202e}gpj.exe";
    let part = format!(
        "Content-Type: image/\u{202e}png\r\nContent-Transfer-Encoding: base\x1b64\r\n\
        Content-Disposition: attachment; filename=\"{name}\"\r\n\r\nx"
    );
    let text = shown(multipart(&[&part]), "en");
    assert!(!text.contains(['\x1b', '\u{202e}']), "{text}");
    assert!(text.contains("\\u{1b}[2J"), "{text}");
}

const RECEIVED: [&str; 2] = [
    "Received: from relay.example.test (relay.example.test [192.0.2.9]) by mx.example.test (Postfix)\r\n\twith ESMTPS id \
     4F1A2B3C4D for <b@example.test>; Tue, 14 Nov 2023 23:13:00 +0100 (CET)",
    "Received: from client (unknown [192.0.2.7]) by relay.example.test with esmtpa (Exim 4.96)\r\n\tid 1r2x3y-000abc-0A; \
     Tue, 14 Nov 2023 22:13:05 +0000",
];

#[test]
fn received_fields_are_the_hops_before_this_one_the_oldest_first() {
    let message = message(with_header(&RECEIVED));
    let expected = [
        json!({"from": "client", "from_comment": "unknown [192.0.2.7]", "by": "relay.example.test", "with": "esmtpa",
            "id": "1r2x3y-000abc-0A", "for": null, "time": "2023-11-14T22:13:05.000000000Z"}),
        json!({"from": "relay.example.test", "from_comment": "relay.example.test [192.0.2.9]", "by": "mx.example.test",
            "with": "ESMTPS", "id": "4F1A2B3C4D", "for": "b@example.test", "time": "2023-11-14T22:13:00.000000000Z"}),
    ];
    assert_eq!(message["hops"], json!(expected));
}

#[test]
fn a_negative_stay_is_remarked_as_clocks_that_differ() {
    let text = shown(with_header(&RECEIVED), "en");
    assert!(text.contains("-5 s") && text.contains("clocks"), "{text}");
    assert!(text.contains("20 s"), "the last stay lasts until the capture: {text}");
    let text = shown(with_header(&RECEIVED[1..]), "zh");
    assert!(text.contains("15 s") && !text.contains("时钟不一致"), "{text}");
}

#[test]
fn signatures_and_results_are_named_and_said_to_be_declared() {
    let header = [
        "DKIM-Signature: v=1; a=rsa-sha256; d=example.test; s=k1;\r\n\tbh=abc=; b=xyz",
        "Authentication-Results: mx.example.test;\r\n\tspf=pass (ok; really) smtp.mailfrom=example.test; dkim=fail",
        "Received-SPF: pass (mx: ok) receiver=mx.example.test;",
        "ARC-Seal: i=1; a=rsa-sha256; d=arc.test; s=s; cv=none; b=x",
    ];
    let message = message(with_header(&header));
    let signature = |field: &str, domain: &str, selector: &str| json!({"field": field, "domain": domain, "selector": selector, "algorithm": "rsa-sha256", "basis": "declared"});
    assert_eq!(
        message["signatures"],
        json!([signature("DKIM-Signature", "example.test", "k1"), signature("ARC-Seal", "arc.test", "s")])
    );
    let results = |field: &str, results: &[(&str, &str)]| {
        let results: Vec<_> = results.iter().map(|(m, r)| json!({"method": m, "result": r})).collect();
        json!({"field": field, "by": "mx.example.test", "results": results, "basis": "declared"})
    };
    let expected = [
        results("Authentication-Results", &[("spf", "pass"), ("dkim", "fail")]),
        results("Received-SPF", &[("spf", "pass")]),
    ];
    assert_eq!(message["authentication_results"], json!(expected));
    for (lang, declared) in [("en", "not checked here"), ("zh", "未验证")] {
        let text = shown(with_header(&header), lang);
        assert!(text.contains(declared) && text.contains("spf=pass, dkim=fail"), "{text}");
    }
}

#[test]
fn a_message_s_body_is_not_shown() {
    let text = shown(multipart(&["\r\nthe-body-itself"]), "en");
    assert!(!text.contains("the-body-itself") && text.contains("multipart/mixed"), "{text}");
}

#[test]
fn a_message_of_everything_holds_to_the_schema() {
    let text = stdout(&layerscope().arg("schema").output().unwrap());
    let schema = jsonschema::validator_for(&serde_json::from_str(&text).unwrap()).unwrap();
    let trust =
        "DKIM-Signature: d=a.test\r\nAuthentication-Results: mx.test; spf=pass\r\nReceived-SPF: none\r\n";
    let message = format!(
        "{}\r\n{trust}{}",
        RECEIVED.join("\r\n"),
        multipart(&["Content-Type: message/rfc822\r\n\r\nSubject: inner\r\n\r\nx", "\r\ny"])
    );
    let mut talk = Talk::smtp();
    talk.mail(message.as_bytes(), SEGMENT);
    let session = talk.write().session();
    let errors: Vec<_> = schema.iter_errors(&session).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:?}");
    let lists = ["hops", "signatures", "authentication_results", "parts", "containers"];
    assert_eq!(lists.map(|list| session["messages"][0][list].as_array().unwrap().len()), [2, 1, 2, 3, 1]);
}
