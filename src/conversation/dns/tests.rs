use std::net::IpAddr;

use proptest::prelude::*;

use super::*;
use crate::packet::Side;
use crate::wire::dns::{TypeName, kind};

const CLIENT: [u8; 4] = [192, 0, 2, 25];
const SERVER: [u8; 4] = [192, 0, 2, 53];
const SECOND: i64 = 1_000_000_000;

/// Writes messages.
#[derive(Debug, Clone)]
struct Made(Vec<u8>);

fn labels(name: &str) -> Vec<u8> {
    let mut out = Vec::new();
    for label in name.split('.').filter(|label| !label.is_empty()) {
        out.push(u8::try_from(label.len()).unwrap());
        out.extend(label.as_bytes());
    }
    out.push(0);
    out
}

impl Made {
    fn new(id: u16, flags: u16) -> Self {
        let mut octets = id.to_be_bytes().to_vec();
        octets.extend(flags.to_be_bytes());
        octets.extend([0; 8]);
        Made(octets)
    }

    fn ask(mut self, name: &str, kind: u16) -> Self {
        self.0[5] += 1;
        self.0.extend(labels(name));
        self.0.extend(kind.to_be_bytes());
        self.0.extend([0, 1]);
        self
    }

    /// `section`: 1 answer, 2 authority, 3 additional.
    fn say(mut self, section: usize, name: &str, kind: u16, ttl: u32, data: &[u8]) -> Self {
        self.0[5 + 2 * section] += 1;
        self.0.extend(labels(name));
        self.0.extend(kind.to_be_bytes());
        self.0.extend([0, 1]);
        self.0.extend(ttl.to_be_bytes());
        self.0.extend(u16::try_from(data.len()).unwrap().to_be_bytes());
        self.0.extend(data);
        self
    }
}

fn query(id: u16, name: &str, kind: u16) -> Made {
    Made::new(id, 0x0100).ask(name, kind)
}

fn answer(id: u16, name: &str, kind: u16) -> Made {
    Made::new(id, 0x8180).ask(name, kind)
}

/// A capture that numbers its packets.
#[derive(Default)]
struct Wire {
    lookups: Lookups,
    packet: u64,
    told: Vec<Lookup>,
}

impl Wire {
    fn send(&mut self, from: ([u8; 4], u16), to: ([u8; 4], u16), time: i64, message: &Made) {
        self.packet += 1;
        let end = |(address, port): ([u8; 4], u16)| Endpoint::new(IpAddr::from(address), port);
        let time = Some(Timestamp::from_nanos(time));
        let datagram =
            Datagram { capture: 1, packet: self.packet, time, source: end(from), destination: end(to) };
        self.lookups.datagram(&datagram, &message.0);
        self.take();
    }

    fn tcp(&mut self, up: bool, time: i64, message: &Made) {
        self.packet += 1;
        let (client, server) = (Endpoint::new(CLIENT.into(), 50000), Endpoint::new(SERVER.into(), 53));
        let (source, destination) = if up { (client, server) } else { (server, client) };
        let time = Some(Timestamp::from_nanos(time));
        let from = if up { Side::Initiator } else { Side::Responder };
        let framed = Framed { from, packet: self.packet, time, octets: message.0.clone() };
        let datagram = Datagram { capture: 1, packet: self.packet, time, source, destination };
        self.lookups.framed(&datagram, 7, &framed);
        self.take();
    }

    fn up(&mut self, time: i64, message: &Made) {
        self.send((CLIENT, 40000), (SERVER, 53), time, message);
    }

    fn down(&mut self, time: i64, message: &Made) {
        self.send((SERVER, 53), (CLIENT, 40000), time, message);
    }

    fn take(&mut self) {
        self.told.extend(std::iter::from_fn(|| self.lookups.take_finished()));
    }

    fn end(mut self) -> Vec<Lookup> {
        self.lookups.finish();
        self.take();
        self.told
    }
}

/// A lookup in one line, to be compared.
fn line(lookup: &Lookup) -> String {
    let question = lookup.question.as_ref();
    let asked = question.map_or("-".into(), |q| format!("{} {}", TypeName(q.kind), q.name));
    let answers: Vec<_> = lookup.answers().map(|record| record.data.to_string()).collect();
    let warnings: Vec<_> = lookup.warnings.iter().map(|warning| warning.name()).collect();
    format!("{asked}: {} {} {}", lookup.outcome.name(), answers.join(","), warnings.join(","))
        .trim_end()
        .to_owned()
}

fn lines(lookups: &[Lookup]) -> Vec<String> {
    lookups.iter().map(line).collect()
}

#[test]
fn an_answer_belongs_to_the_query_with_its_identifier() {
    let mut wire = Wire::default();
    wire.up(0, &query(1, "a.test", kind::A));
    wire.up(10, &query(2, "b.test", kind::A));
    wire.down(30, &answer(2, "b.test", kind::A).say(1, "b.test", kind::A, 60, &[192, 0, 2, 2]));
    wire.down(50, &answer(1, "A.TEST", kind::A).say(1, "a.test", kind::A, 60, &[192, 0, 2, 1]));
    let told = wire.end();
    assert_eq!(lines(&told), ["A b.test: answered 192.0.2.2", "A a.test: answered 192.0.2.1"]);
    assert_eq!((told[0].duration_ns(), told[1].duration_ns()), (Some(20), Some(50)));
    assert_eq!((told[1].first_packet(), told[1].last_packet()), (1, 4));
}

#[test]
fn what_is_not_there_has_three_names() {
    let soa = b"\0\0\0\0\0\x01\0\0\0\x02\0\0\0\x03\0\0\0\x04\0\0\0\x05";
    let mut wire = Wire::default();
    for (id, name) in (1..).zip(["gone.test", "empty.test", "below.test", "broken.test"]) {
        wire.up(0, &query(id, name, kind::A));
    }
    wire.down(1, &Made::new(1, 0x8183).ask("gone.test", kind::A).say(2, "test", kind::SOA, 60, soa));
    wire.down(1, &answer(2, "empty.test", kind::A).say(2, "test", kind::SOA, 60, soa));
    wire.down(1, &answer(3, "below.test", kind::A).say(2, "below.test", kind::NS, 60, b"\x02ns\0"));
    wire.down(1, &Made::new(4, 0x8182).ask("broken.test", kind::A));
    let outcomes: Vec<_> = wire.end().iter().map(|lookup| lookup.outcome).collect();
    assert_eq!(outcomes, [Outcome::NoSuchName, Outcome::NoData, Outcome::Referral, Outcome::Error]);
}

#[test]
fn a_query_sent_again_is_one_lookup_also_from_another_port() {
    let mut wire = Wire::default();
    wire.up(0, &query(1, "a.test", kind::A));
    wire.up(5 * SECOND, &query(1, "a.test", kind::A));
    wire.send((CLIENT, 40001), (SERVER, 53), 10 * SECOND, &query(1, "a.test", kind::A));
    let reply = answer(1, "a.test", kind::A).say(1, "a.test", kind::A, 60, &[192, 0, 2, 1]);
    wire.send((SERVER, 53), (CLIENT, 40001), 11 * SECOND, &reply);
    let told = wire.end();
    assert_eq!(lines(&told), ["A a.test: answered 192.0.2.1 retransmitted"]);
    let query = told[0].query.as_ref().unwrap();
    assert_eq!((query.attempts, query.resent.iter().map(|(packet, _)| *packet).collect()), (3, vec![2, 3]));
    assert_eq!(told[0].duration_ns(), Some(11 * SECOND));
}

#[test]
fn the_same_question_under_another_identifier_is_another_lookup() {
    let mut wire = Wire::default();
    wire.up(0, &query(1, "a.test", kind::A));
    wire.send((CLIENT, 40001), (SERVER, 53), 5 * SECOND, &query(2, "a.test", kind::A));
    let told = wire.end();
    assert_eq!(lines(&told), ["A a.test: unanswered", "A a.test: unanswered  asked_again"]);
    assert_eq!(told[1].about, Some(1));
}

#[test]
fn a_query_without_an_answer_is_given_up_after_a_while_and_a_late_answer_says_so() {
    let mut wire = Wire::default();
    wire.up(0, &query(1, "a.test", kind::A));
    wire.up(31 * SECOND, &query(2, "b.test", kind::A));
    assert_eq!(lines(&wire.told), ["A a.test: unanswered"]);
    assert_eq!(wire.told[0].waited_ns, Some(31 * SECOND));
    wire.down(32 * SECOND, &answer(1, "a.test", kind::A).say(1, "a.test", kind::A, 60, &[192, 0, 2, 1]));
    assert_eq!(line(&wire.told[1]), "A a.test: unmatched 192.0.2.1 late_answer");
    assert_eq!(wire.told[1].about, Some(1));
}

#[test]
fn a_second_answer_is_a_duplicate_or_contradicts() {
    let mut wire = Wire::default();
    let reply = |last| answer(1, "a.test", kind::A).say(1, "a.test", kind::A, 60, &[192, 0, 2, last]);
    wire.up(0, &query(1, "a.test", kind::A));
    wire.down(SECOND, &reply(1));
    wire.down(2 * SECOND, &reply(1));
    wire.down(3 * SECOND, &reply(66));
    assert_eq!(wire.lookups.names().name([192, 0, 2, 66].into()), None, "an answer in doubt names nothing");
    assert_eq!(
        lines(&wire.end()),
        [
            "A a.test: answered 192.0.2.1",
            "A a.test: unmatched 192.0.2.1 duplicate_answer",
            "A a.test: unmatched 192.0.2.66 conflicting_answer"
        ]
    );
}

#[test]
fn a_packet_that_was_captured_twice_is_neither_sent_again_nor_a_second_answer() {
    let mut wire = Wire::default();
    let reply = answer(1, "a.test", kind::A).say(1, "a.test", kind::A, 60, &[192, 0, 2, 1]);
    wire.up(0, &query(1, "a.test", kind::A));
    wire.up(20_000, &query(1, "a.test", kind::A));
    wire.down(300_000, &reply);
    wire.down(310_000, &reply);
    assert_eq!(lines(&wire.end()), ["A a.test: answered 192.0.2.1"]);
}

#[test]
fn a_response_that_fits_but_for_one_thing_may_be_forged() {
    let mut wire = Wire::default();
    let reply = |id, name| answer(id, name, kind::A).say(1, name, kind::A, 60, &[192, 0, 2, 66]);
    wire.up(0, &query(1, "a.test", kind::A));
    wire.down(1, &reply(2, "a.test"));
    wire.send(([192, 0, 2, 99], 53), (CLIENT, 40000), 2, &reply(1, "a.test"));
    wire.down(3, &reply(1, "b.test"));
    wire.down(4, &reply(9, "c.test"));
    wire.down(5, &answer(1, "a.test", kind::A).say(1, "a.test", kind::A, 60, &[192, 0, 2, 1]));
    assert_eq!(wire.lookups.names().name([192, 0, 2, 1].into()), Some("a.test"));
    assert_eq!(
        lines(&wire.end()),
        [
            "A a.test: unmatched 192.0.2.66 wrong_id",
            "A a.test: unmatched 192.0.2.66 wrong_source",
            "A b.test: unmatched 192.0.2.66 wrong_question",
            "A c.test: answered 192.0.2.66 query_not_seen",
            "A a.test: answered 192.0.2.1 suspicious_responses"
        ]
    );
}

#[test]
fn a_truncated_answer_and_its_retry_over_tcp_are_one_lookup() {
    let mut wire = Wire::default();
    wire.up(0, &query(1, "big.test", kind::TXT));
    wire.down(10, &Made::new(1, 0x8380).ask("big.test", kind::TXT));
    assert_eq!(wire.told.len(), 0);
    wire.tcp(true, 20, &query(5, "big.test", kind::TXT));
    wire.tcp(false, 30, &answer(5, "big.test", kind::TXT).say(1, "big.test", kind::TXT, 60, b"\x01x"));
    let told = wire.end();
    assert_eq!(lines(&told), ["TXT big.test: answered \"x\""]);
    let truncated = told[0].truncated.unwrap();
    assert_eq!((truncated.packet, truncated.asked_again, told[0].first_packet()), (2, 3, 1));
    assert_eq!((told[0].transport, told[0].duration_ns()), (Transport::Tcp { stream: 7 }, Some(30)));
}

#[test]
fn a_truncated_answer_without_a_retry_is_told_as_such() {
    let mut wire = Wire::default();
    wire.up(0, &query(1, "big.test", kind::TXT));
    wire.down(10, &Made::new(1, 0x8380).ask("big.test", kind::TXT));
    wire.up(11 * SECOND, &query(2, "a.test", kind::A));
    assert_eq!(lines(&wire.told), ["TXT big.test: truncated  truncated_not_retried"]);
}

#[test]
fn a_zone_transfer_ends_with_its_second_soa() {
    let soa = b"\0\0\0\0\0\x01\0\0\0\x02\0\0\0\x03\0\0\0\x04\0\0\0\x05";
    let mut wire = Wire::default();
    wire.tcp(true, 0, &query(1, "test", kind::AXFR));
    wire.tcp(false, 1, &answer(1, "test", kind::AXFR).say(1, "test", kind::SOA, 60, soa));
    wire.tcp(false, 2, &answer(1, "test", kind::AXFR).say(1, "a.test", kind::A, 60, &[192, 0, 2, 1]));
    wire.tcp(false, 3, &answer(1, "test", kind::AXFR).say(1, "test", kind::SOA, 60, soa));
    let told = wire.end();
    assert_eq!(told.len(), 1);
    let answer = told[0].answer.as_ref().unwrap();
    assert_eq!((answer.messages, answer.answers, told[0].outcome), (3, 3, Outcome::Answered));
}

#[test]
fn names_come_from_answers_through_aliases_and_say_what_they_are_aliases_of() {
    let mut wire = Wire::default();
    wire.up(0, &query(1, "www.test", kind::A));
    let reply = answer(1, "www.test", kind::A).say(1, "www.test", kind::CNAME, 60, &labels("web.test")).say(
        1,
        "web.test",
        kind::A,
        60,
        &[192, 0, 2, 80],
    );
    wire.down(1, &reply);
    let names = wire.lookups.names().names([192, 0, 2, 80].into()).unwrap();
    assert_eq!((names.first.name.as_str(), names.first.canonical.as_deref()), ("www.test", Some("web.test")));
    assert_eq!((names.first.packet, names.is_ambiguous()), (2, false));
    // another name of the same address: the latest is shown, the first is kept
    wire.up(2, &query(2, "b.test", kind::A));
    wire.down(3, &answer(2, "b.test", kind::A).say(1, "b.test", kind::A, 60, &[192, 0, 2, 80]));
    let names = wire.lookups.names().names([192, 0, 2, 80].into()).unwrap();
    assert_eq!((names.current().name.as_str(), names.first.name.as_str()), ("b.test", "www.test"));
    assert!(names.is_ambiguous());
}

#[test]
fn the_name_that_was_asked_for_counts_more_than_a_pointer() {
    let mut wire = Wire::default();
    wire.up(0, &query(1, "25.2.0.192.in-addr.arpa", kind::PTR));
    let pointer = labels("host25.test");
    let reply = answer(1, "25.2.0.192.in-addr.arpa", kind::PTR);
    wire.down(1, &reply.say(1, "25.2.0.192.in-addr.arpa", kind::PTR, 60, &pointer));
    assert_eq!(wire.lookups.names().name(CLIENT.into()), Some("host25.test"));
    wire.up(2, &query(2, "pc.test", kind::A));
    wire.down(3, &answer(2, "pc.test", kind::A).say(1, "pc.test", kind::A, 60, &CLIENT));
    let names = wire.lookups.names().names(CLIENT.into()).unwrap();
    assert_eq!(names.current().name, "pc.test");
    assert_eq!(names.reverse.as_ref().unwrap().name, "host25.test");
    assert!(!names.is_ambiguous());
}

#[test]
fn what_a_mail_server_asks_is_told_by_what_it_asked_before() {
    let mut wire = Wire::default();
    wire.up(0, &query(1, "example.test", kind::MX));
    let exchange = [&[0, 10][..], &labels("mx.example.test")].concat();
    wire.down(1, &answer(1, "example.test", kind::MX).say(1, "example.test", kind::MX, 60, &exchange));
    wire.up(2, &query(2, "MX.example.test", kind::A));
    wire.down(3, &answer(2, "MX.example.test", kind::A).say(1, "mx.example.test", kind::A, 60, &SERVER));
    wire.up(4, &query(3, "example.test", kind::TXT));
    wire.down(
        5,
        &answer(3, "example.test", kind::TXT).say(1, "example.test", kind::TXT, 60, b"\x0bv=spf1 -all"),
    );
    let purposes: Vec<_> = wire.end().into_iter().map(|lookup| lookup.purpose.unwrap()).collect();
    let domain = || "example.test".to_owned();
    assert_eq!(
        purposes,
        [
            Purpose::MailExchange { domain: domain() },
            Purpose::ExchangeAddress { domain: domain() },
            Purpose::Spf { domain: domain() }
        ]
    );
}

const GROUP: ([u8; 4], u16) = ([224, 0, 0, 251], 5353);

#[test]
fn over_multicast_an_answer_is_known_by_its_record() {
    let mut wire = Wire::default();
    wire.send(
        (CLIENT, 5353),
        GROUP,
        0,
        &Made::new(0, 0).ask("pc.local", kind::A).ask("pc.local", kind::AAAA),
    );
    wire.send((SERVER, 5353), GROUP, 20, &Made::new(0, 0x8400).say(1, "PC.local", kind::A, 120, &SERVER));
    wire.send((CLIENT, 5353), GROUP, 4 * SECOND, &Made::new(0, 0).ask("x.local", kind::A));
    let told = wire.end();
    assert_eq!(
        lines(&told),
        ["A pc.local: answered 192.0.2.53", "AAAA pc.local: unanswered", "A x.local: unanswered"]
    );
    assert_eq!(told[0].answer.as_ref().unwrap().from.address, IpAddr::from(SERVER));
}

#[test]
fn a_host_probes_announces_and_takes_its_name_back() {
    let mut wire = Wire::default();
    let probe = Made::new(0, 0).ask("pc.local", kind::ANY).say(2, "pc.local", kind::A, 120, &CLIENT);
    wire.send((CLIENT, 5353), GROUP, 0, &probe);
    let tell = |ttl| Made::new(0, 0x8400).say(1, "pc.local", kind::A, ttl, &CLIENT);
    wire.send((CLIENT, 5353), GROUP, 4 * SECOND, &tell(120));
    wire.send((CLIENT, 5353), GROUP, 5 * SECOND, &tell(0));
    assert_eq!(wire.lookups.names().name(CLIENT.into()), Some("pc.local"));
    assert_eq!(
        lines(&wire.end()),
        ["ANY pc.local: probed", "-: announced 192.0.2.25", "-: goodbye 192.0.2.25"]
    );
}

#[test]
fn a_program_that_knows_nothing_of_multicast_is_answered_by_any_host() {
    let mut wire = Wire::default();
    wire.send((CLIENT, 40000), GROUP, 0, &query(1, "pc.local", kind::A));
    let reply = answer(1, "pc.local", kind::A).say(1, "pc.local", kind::A, 10, &SERVER);
    wire.send((SERVER, 5353), (CLIENT, 40000), 20, &reply);
    let told = wire.end();
    assert_eq!(lines(&told), ["A pc.local: answered 192.0.2.53"]);
    assert_eq!(told[0].service, Service::Mdns);
}

#[test]
fn what_is_in_flight_has_a_bound_and_what_is_given_up_for_it_is_told() {
    let mut wire = Wire::default();
    let (mut port, mut id) = (1024u16, 0u16);
    for _ in 0..10_001 {
        (port, id) = (if id == 100 { port + 1 } else { port }, if id == 100 { 0 } else { id + 1 });
        wire.send((CLIENT, port), (SERVER, 53), 0, &query(id, &format!("h{port}-{id}.test"), kind::A));
    }
    assert_eq!(lines(&wire.told), ["A h1024-1.test: unanswered  given_up"]);
    assert_eq!(wire.end().len(), 10_001);
}

fn any_message() -> impl Strategy<Value = Made> {
    let name = prop_oneof![Just("a.test"), Just("B.test"), Just("25.2.0.192.in-addr.arpa"), Just("")];
    let record =
        (1usize..4, name.clone(), any::<u16>(), 0u32..2, proptest::collection::vec(any::<u8>(), 0..20));
    let kind = prop_oneof![Just(1u16), Just(5), Just(6), Just(12), Just(15), Just(16), Just(252), Just(255)];
    (
        0u16..4,
        any::<u16>(),
        proptest::collection::vec((name, kind.clone()), 0..3),
        kind,
        proptest::collection::vec(record, 0..4),
    )
        .prop_map(|(id, flags, asked, kind, said)| {
            let mut made = Made::new(id, flags & 0x878f);
            for (name, kind) in asked {
                made = made.ask(name, kind);
            }
            // sections stand in order
            let mut said = said;
            said.sort_by_key(|record| record.0);
            for (section, name, any_kind, ttl, data) in said {
                made = made.say(section, name, if any_kind & 1 == 0 { kind } else { any_kind }, ttl, &data);
            }
            made
        })
}

proptest! {
    #[test]
    fn every_query_and_every_response_is_told_once(
        sent in proptest::collection::vec((any_message(), 0u8..4, 0i64..40, 0u8..2), 0..30),
    ) {
        let mut wire = Wire::default();
        let mut responses = 0;
        for ((message, way, seconds, port), index) in sent.iter().zip(0..) {
            let client = (CLIENT, 40000 + u16::from(*port));
            let time = seconds * SECOND + index * 5_000_000;
            let is_response = message.0[2] & 0x80 != 0;
            responses += usize::from(is_response && *way < 2);
            match way {
                0 | 1 if is_response => wire.send((SERVER, 53), client, time, message),
                0 | 1 => wire.send(client, (SERVER, 53), time, message),
                2 => wire.send((CLIENT, 5353), GROUP, time, message),
                _ => wire.tcp(!is_response, time, message),
            }
        }
        let told = wire.end();
        let mut packets: Vec<_> = told
            .iter()
            .filter(|lookup| lookup.service == Service::Dns && lookup.transport == Transport::Udp)
            .filter_map(|lookup| Some(lookup.answer.as_ref()?.packet))
            .chain(told.iter().filter_map(|lookup| Some(lookup.truncated?.packet)))
            .collect();
        packets.sort_unstable();
        let count = packets.len();
        packets.dedup();
        prop_assert_eq!(packets.len(), count, "no response is told twice");
        prop_assert_eq!(count, responses, "no response is lost");
    }

    #[test]
    fn arbitrary_octets_are_told_or_passed_over(
        octets in proptest::collection::vec(any::<u8>(), 0..200),
        port in prop_oneof![Just(53u16), Just(5353), Just(5355)],
    ) {
        let mut wire = Wire::default();
        wire.send((CLIENT, 40000), (SERVER, port), 0, &Made(octets.clone()));
        wire.send((SERVER, port), (CLIENT, port), 1, &Made(octets));
        wire.end();
    }

    #[test]
    fn a_message_cut_at_any_octet_is_still_an_answer(end in 12usize..60) {
        let mut wire = Wire::default();
        wire.up(0, &query(1, "a.test", kind::A));
        let mut reply = answer(1, "a.test", kind::A).say(1, "a.test", kind::A, 60, &[192, 0, 2, 1]);
        reply.0.truncate(end);
        wire.down(1, &reply);
        let told = wire.end();
        prop_assert_eq!(told.len(), 1);
        prop_assert!(told[0].answer.is_some());
    }
}
