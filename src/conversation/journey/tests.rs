use super::*;
use crate::conversation::mail::Outline;

fn fetched(number: u64, message_id: &str, hops: &[&str]) -> Fetched {
    let end = |last: u8| Endpoint::new(std::net::Ipv4Addr::new(192, 0, 2, last).into(), 143);
    let hop = |id: &&str| Hop { by: Some("mx.test".into()), id: Some((*id).into()), ..Hop::default() };
    Fetched {
        protocol: Protocol::Imap,
        capture: 1,
        stream: number,
        client: end(1),
        server: end(2),
        packets: number..number,
        time: Some(Timestamp::from_nanos(number as i64)),
        octets: 100,
        complete: true,
        message_id: Some(message_id.into()),
        subject: None,
        author: None,
        date: None,
        hops: hops.iter().map(hop).collect(),
        outline: Outline::default(),
        body: Some(number),
        login_in_the_clear: None,
    }
}

fn joined(all: Vec<Fetched>) -> Vec<Vec<u64>> {
    let mut collector = Collector::new(Limits::default());
    collector.fetched(all);
    let streams = |journey: Journey| {
        journey.steps.into_iter().filter_map(|step| step.seen).map(|seen| seen.stream).collect()
    };
    collector.join().list.into_iter().map(streams).collect()
}

#[test]
fn the_way_that_received_lines_tell_of_joins_what_has_another_content() {
    let short = fetched(1, "m@a.test", &["A"]);
    let long = fetched(2, "m@a.test", &["A", "B"]);
    let other = fetched(3, "m@a.test", &["C", "B"]);
    assert_eq!(joined(vec![long, short, other]), [vec![1, 2], vec![3]]);
}

#[test]
fn more_transfers_than_the_bound_are_counted_and_not_kept() {
    let mut collector = Collector::new(Limits { traces: 2, ..Limits::default() });
    collector.fetched((0..5).map(|number| fetched(number, "m@a.test", &[])).collect());
    assert_eq!(collector.join().left_out, 3);
    let mut collector = Collector::new(Limits { octets: 2000, ..Limits::default() });
    collector.fetched((0..50).map(|number| fetched(number, "m@a.test", &["A"])).collect());
    assert!(collector.left_out > 40 && !collector.traces.is_empty());
}

#[test]
fn a_lag_is_the_largest_that_is_proved() {
    let at = |capture: u32, nanos: i64| Sighting {
        capture,
        stream: 0,
        first_packet: 1,
        last_packet: 1,
        time: Some(Timestamp::from_nanos(nanos)),
        client: fetched(0, "", &[]).client,
        server: fetched(0, "", &[]).server,
    };
    let mut lags = Vec::new();
    clock::compare(&at(1, 100), &at(2, 40), &mut lags);
    clock::compare(&at(1, 100), &at(2, 70), &mut lags);
    clock::compare(&at(1, 100), &at(1, 10), &mut lags);
    clock::compare(&at(2, 10), &at(1, 100), &mut lags);
    assert_eq!(lags, [ClockLag { capture: 2, behind: 1, at_least: 60 }]);
}
