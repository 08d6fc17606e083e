//! Lookups of names, those that led to a mail's server, and addresses by the names that answers gave them.

use serde_json::{Value, json};

use crate::common::{layerscope, records, records_with, run, sample, stdout};

fn lookups(name: &str) -> Vec<Value> {
    records("dns", &sample(name))
}

/// `MX example.com: answered`.
fn line(lookup: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let question = &lookup["question"];
    format!("{} {}: {}", text(&question["type"]), text(&question["name"]), text(&lookup["outcome"]))
}

fn lines(lookups: &[Value]) -> Vec<String> {
    lookups.iter().map(line).collect()
}

fn told(lookups: &Value, part: &str) -> Vec<String> {
    let mine = lookups.as_array().unwrap().iter().filter(|told| told["part"] == part);
    mine.map(|told| format!("{} {}", told["type"].as_str().unwrap(), told["name"].as_str().unwrap()))
        .collect()
}

#[test]
fn a_mail_server_finds_the_next_one_by_mx_and_address() {
    let all = lookups("dns-mail.pcap");
    let exchange = &all[1];
    assert_eq!(line(exchange), "MX example.com: answered");
    assert_eq!(exchange["purpose"]["kind"], "mail_exchange");
    assert_eq!(exchange["answer"]["records"][0]["data"], "10 mx.example.com");
    assert_eq!(
        all[2]["purpose"],
        json!({"kind": "exchange_address", "domain": "example.com", "host": null, "address": null, "selector": null})
    );
    assert!(
        all.iter().all(|lookup| lookup["warnings"] == json!([]) && lookup["took_ns"].as_i64().unwrap() > 0)
    );
}

#[test]
fn the_lookups_that_led_to_a_server_stand_before_its_session() {
    let sessions = records_with("smtp", &sample("dns-mail.pcap"), &["--stream", "1"]);
    let session = sessions.iter().find(|record| record["record"] == "smtp_session").unwrap();
    assert_eq!(
        told(&session["lookups"], "before"),
        ["MX example.com", "A mx.example.com", "AAAA mx.example.com"]
    );
    assert_eq!(
        told(&session["lookups"], "during"),
        [
            "PTR 20.0.20.10.in-addr.arpa",
            "A smarthost.example.org",
            "MX example.org",
            "A 20.0.20.10.bl.example.net",
            "TXT mail._domainkey.example.org",
            "TXT example.org",
            "TXT _dmarc.example.org"
        ]
    );
    let first = session["first_packet"].as_u64().unwrap();
    let is_before = |told: &Value| told["last_packet"].as_u64().unwrap() < first;
    assert!(
        session["lookups"]
            .as_array()
            .unwrap()
            .iter()
            .all(|told| (told["part"] == "before") == is_before(told))
    );
}

#[test]
fn the_story_of_a_mail_has_its_lookups() {
    let journeys = records("smtp", &sample("dns-mail.pcap"));
    let journey = journeys.iter().find(|record| record["record"] == "mail_journey").unwrap();
    let relay = journey["steps"].as_array().unwrap().iter().find(|step| step["kind"] == "relay").unwrap();
    assert_eq!(told(&relay["lookups"], "before")[0], "MX example.com");
    let text = stdout(&run(["smtp", sample("dns-mail.pcap").to_str().unwrap()]));
    assert!(
        text.contains("packets 26–27: MX example.com → 10 mx.example.com, 20 backup.example.com"),
        "{text}"
    );
}

#[test]
fn an_answer_that_does_not_fit_and_its_retry_over_tcp_are_one_lookup() {
    let all = lookups("dns-truncated.pcap");
    assert_eq!(lines(&all), ["TXT long.example.com: answered"]);
    assert_eq!((&all[0]["transport"], &all[0]["stream"]), (&json!("tcp"), &json!(0)));
    assert_eq!((&all[0]["truncated"]["packet"], &all[0]["truncated"]["asked_again"]), (&json!(2), &json!(6)));
    assert_eq!(all[0]["answer"]["octets"], 737);
}

#[test]
fn queries_sent_again_are_counted_and_those_without_an_answer_are_told() {
    let mut all = lookups("dns-unanswered.pcap");
    all.sort_by_key(|lookup| lookup["first_packet"].as_u64());
    let counted: Vec<_> =
        all.iter().map(|lookup| format!("{} ×{}", line(lookup), lookup["query"]["attempts"])).collect();
    assert_eq!(
        counted,
        [
            "A www.example.com: unanswered ×3",
            "A mx.example.com: unanswered ×2",
            "A mx.example.com.example.org: unanswered ×2",
            "A www.example.com: answered ×2"
        ]
    );
    assert_eq!(all[3]["warnings"], json!(["asked_again", "retransmitted"]));
}

#[test]
fn records_of_many_types_and_refusals_are_read() {
    let all = lookups("dns-records.pcap");
    let outcome = |name: &str| {
        let found = all.iter().find(|lookup| lookup["question"]["name"] == name).unwrap();
        (found["outcome"].as_str().unwrap(), found["answer"]["rcode_name"].as_str().unwrap())
    };
    assert_eq!(outcome("nobody.example.com"), ("no_such_name", "NXDOMAIN"));
    assert_eq!(outcome("www.broken.example.com"), ("error", "SERVFAIL"));
    assert_eq!(outcome("www.example.net.invalid"), ("error", "REFUSED"));
    let data: Vec<&str> = all
        .iter()
        .flat_map(|lookup| lookup["answer"]["records"].as_array().unwrap())
        .filter_map(|record| record["data"].as_str())
        .collect();
    for wanted in [
        "0 1 587 mx.example.com",
        "0 issue \"ca.example.net\"",
        "1 . alpn=h2,h3 ipv4hint=192.0.2.80",
        "100 10 \"s\" \"SIP+D2U\" \"\" _sip._udp.example.com",
        "\"餐厅每周五开放\"",
        "\\# 4 0a140019",
        "mail.signed.example.net NS SOA RRSIG NSEC DNSKEY TYPE65534",
    ] {
        assert!(data.contains(&wanted), "{wanted}");
    }
    assert!(all.iter().all(|lookup| lookup["answer"]["faults"] == json!([])));
    let zone = all.iter().find(|lookup| lookup["question"]["type"] == "AXFR").unwrap();
    assert_eq!((&zone["outcome"], &zone["transport"]), (&json!("answered"), &json!("tcp")));
}

#[test]
fn hosts_probe_for_their_names_tell_them_and_take_them_back() {
    let all = lookups("mdns.pcap");
    let mut outcomes: Vec<&str> = all.iter().map(|lookup| lookup["outcome"].as_str().unwrap()).collect();
    assert_eq!(outcomes.last(), Some(&"goodbye"));
    outcomes.sort_unstable();
    outcomes.dedup();
    assert_eq!(outcomes, ["announced", "answered", "goodbye", "probed"]);
}

#[test]
fn one_lookup_is_chosen_by_any_of_its_packets() {
    for packet in ["26", "27", "26-27"] {
        let chosen = records_with("dns", &sample("dns-mail.pcap"), &["--packet", packet]);
        assert_eq!(lines(&chosen), ["MX example.com: answered"], "{packet}");
    }
    assert_eq!(lines(&records_with("dns", &sample("dns-tcp.pcap"), &["--stream", "0"])).len(), 1);
}

#[test]
fn addresses_have_names_only_where_they_are_asked_for() {
    let table = |options: &[&str]| {
        let output =
            layerscope().args(["smtp", "--stream", "1"]).args(options).arg(sample("dns-mail.pcap")).output();
        stdout(&output.unwrap())
    };
    let heading = |text: &str| text.lines().next().unwrap().to_owned();
    assert!(heading(&table(&[])).contains("10.20.0.10:25"), "{}", table(&[]));
    assert!(table(&["--names"]).contains("mx.example.com:25"), "{}", table(&["--names"]));
}
