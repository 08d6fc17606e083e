use std::sync::Arc;

use super::*;
use crate::conversation::dns::lookup::{Answer, Query, Service, Transport};
use crate::conversation::smtp::{Encryption, Ended, Role};
use crate::packet::PerSide;
use crate::wire::dns::{Flags, Message, Question, Record, Section};

const CLIENT: &str = "192.0.2.25";
const SERVER: &str = "192.0.2.10";

fn end(address: &str, port: u16) -> Endpoint {
    Endpoint::new(address.parse().unwrap(), port)
}

/// A lookup in the packets `packet` and the next one.
fn lookup(asker: &str, packet: u64, name: &str, kind: u16, answer: Data) -> Lookup {
    let question = Question { name: name.to_owned(), kind, class: 1, start: 12, fixed: 20 };
    let record = Record {
        section: Section::Answer,
        name: name.to_owned(),
        kind,
        class: 1,
        ttl: 60,
        data: answer,
        start: 0,
        fixed: 0,
        place: 0..0,
        data_length: 0,
    };
    let message = Message { records: vec![record], ..Message::default() };
    Lookup {
        capture: 1,
        service: Service::Dns,
        transport: Transport::Udp,
        client: end(asker, 40_000),
        server: end("192.0.2.53", 53),
        id: 1,
        opcode: 0,
        question: Some(question),
        purpose: None,
        query: Some(Query {
            packet,
            time: None,
            flags: Flags(0),
            edns: None,
            octets: 30,
            attempts: 1,
            resent: Vec::new(),
            last_time: None,
            questions: 1,
            records: Vec::new(),
        }),
        truncated: None,
        answer: Some(Answer {
            packet: packet + 1,
            time: None,
            from: end("192.0.2.53", 53),
            message: Arc::new(message),
            messages: 1,
            answers: 1,
        }),
        outcome: Outcome::Answered,
        waited_ns: None,
        about: None,
        warnings: Vec::new(),
    }
}

fn address(asker: &str, packet: u64, name: &str, of: &str) -> Lookup {
    lookup(asker, packet, name, kind::A, Data::Address(of.parse().unwrap()))
}

fn exchange(asker: &str, packet: u64, domain: &str, host: &str) -> Lookup {
    lookup(asker, packet, domain, kind::MX, Data::Exchange { preference: 10, host: host.to_owned() })
}

/// A session whose connection begins with packet 100.
fn session(client: &str, server: &str) -> Session {
    Session {
        capture: 1,
        stream: 0,
        first_packet: 100,
        isn: PerSide::default(),
        client: end(client, 50_000),
        server: end(server, 25),
        role: Role::Unknown,
        role_reason: "",
        encryption: Encryption::None,
        decrypted: None,
        lmtp: false,
        greeting: None,
        opened: None,
        client_name: None,
        capabilities: Vec::new(),
        auth: None,
        turns: Vec::new(),
        turns_left_out: 0,
        messages: Vec::new(),
        abandoned: Vec::new(),
        lookups: Vec::new(),
        warnings: Vec::new(),
        ended: Ended::Open,
    }
}

fn told(lookups: &[Lookup], session: &Session) -> Vec<(&'static str, u64)> {
    let mut trail = Trail::default();
    for lookup in lookups {
        trail.learn(lookup);
    }
    trail.of_session(session).iter().map(|told| (told.part.name(), told.first_packet)).collect()
}

#[test]
fn from_the_address_the_trail_leads_back_to_the_name_and_the_domain() {
    let lookups = [
        exchange(CLIENT, 1, "example.test", "MX.example.test"),
        address(CLIENT, 3, "mx.example.test", SERVER),
        address(CLIENT, 5, "www.example.test", "192.0.2.80"),
        exchange(CLIENT, 7, "other.test", "mx.other.test"),
    ];
    assert_eq!(told(&lookups, &session(CLIENT, SERVER)), [("before", 1), ("before", 3)]);
}

#[test]
fn what_was_asked_by_another_host_or_too_late_leads_nowhere() {
    let lookups =
        [address("192.0.2.99", 1, "mx.example.test", SERVER), address(CLIENT, 99, "mx.example.test", SERVER)];
    assert_eq!(told(&lookups, &session(CLIENT, SERVER)), []);
}

#[test]
fn of_two_lookups_that_ask_the_same_the_latest_is_told() {
    let lookups =
        [address(CLIENT, 1, "mx.example.test", SERVER), address(CLIENT, 3, "MX.example.test", SERVER)];
    assert_eq!(told(&lookups, &session(CLIENT, SERVER)), [("before", 3)]);
}

#[test]
fn a_resolver_on_the_host_is_asked_over_its_loopback() {
    let lookups = [address("127.0.0.1", 1, "mx.example.test", SERVER)];
    assert_eq!(told(&lookups, &session(CLIENT, SERVER)), [("before", 1)]);
}

#[test]
fn a_host_may_ask_over_one_family_and_connect_over_the_other() {
    let server = "2001:db8::10";
    let found = lookup(CLIENT, 1, "mx.example.test", kind::AAAA, Data::Address(server.parse().unwrap()));
    assert_eq!(told(&[found], &session("2001:db8::25", server)), [("before", 1)]);
}

#[test]
fn what_the_server_asks_counts_where_it_is_about_the_client_or_the_sender() {
    let with = |packet, purpose| Lookup {
        purpose: Some(purpose),
        ..address(SERVER, packet, "x.example.test", "192.0.2.1")
    };
    let client: IpAddr = CLIENT.parse().unwrap();
    let lookups = [
        with(110, Purpose::ReverseName { address: client }),
        with(112, Purpose::ReverseName { address: "192.0.2.99".parse().unwrap() }),
        with(114, Purpose::Spf { domain: "example.test".into() }),
        with(50, Purpose::ReverseName { address: client }),
    ];
    assert_eq!(told(&lookups, &session(CLIENT, SERVER)), [("during", 110), ("during", 114)]);
}

#[test]
fn what_is_remembered_has_a_bound() {
    let mut trail = Trail::default();
    for index in 0..40_000u64 {
        let asker = format!("10.0.{}.{}", index / 250 % 250, index % 250);
        trail.learn(&address(&asker, index, "mx.example.test", SERVER));
    }
    let kept: usize = trail.hosts.values().map(VecDeque::len).sum();
    assert!(kept <= MAX_ALL && trail.order.len() <= MAX_ALL, "{kept}");
}
