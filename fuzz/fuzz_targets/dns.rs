//! Gives DNS messages of a client and a server: each begins with an octet that says who sends it, how, and when, and
//! one that is its length.

#![no_main]

use std::net::{IpAddr, Ipv4Addr};

use layerscope::conversation::dns::{Datagram, Lookups, Reader};
use layerscope::flow::Delivery;
use layerscope::packet::{Endpoint, Side, Timestamp};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let mut lookups = Lookups::default();
    let mut reader = Reader::default();
    let client = Endpoint::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)), 40_000);
    let server = Endpoint::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 53)), 53);
    let group = Endpoint::new(IpAddr::V4(Ipv4Addr::new(224, 0, 0, 251)), 5353);
    let (mut rest, mut packet, mut seconds) = (input, 0, 0);
    while let [how, length, after @ ..] = rest {
        let (octets, after) = after.split_at(after.len().min(usize::from(*length)));
        rest = after;
        packet += 1;
        seconds += i64::from(how >> 4);
        let time = (how & 8 == 0).then(|| Timestamp::from_parts(seconds, 0));
        let (source, destination) = match (how & 1 == 0, how & 2 == 0) {
            (true, true) => (client, server),
            (false, true) => (server, client),
            (true, false) => (Endpoint { port: 5353, ..client }, group),
            (false, false) => (server, Endpoint { port: 40_001, ..client }),
        };
        let datagram = Datagram { capture: 1, packet, time, source, destination };
        if how & 4 == 0 {
            lookups.datagram(&datagram, octets);
        } else {
            let from = if how & 1 == 0 { Side::Initiator } else { Side::Responder };
            let delivery = Delivery { stream: 0, from, offset: 0, packet, time };
            if how & 2 == 0 {
                reader.octets(delivery, octets);
            } else {
                reader.gap(delivery, octets.len() as u64);
            }
            while let Some(framed) = reader.take() {
                lookups.framed(&datagram, 0, &framed);
            }
        }
    }
    lookups.finish();
    while let Some(lookup) = lookups.take_finished() {
        for record in lookup.answers() {
            let _ = record.data.to_string();
        }
    }
});
