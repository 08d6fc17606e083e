//! Gives a conversation in IMAP or POP3 (the first octet says which) octets of either side, in pieces: each begins
//! with an octet whose first bit is the side and whose others are the length.

#![no_main]

use layerscope::conversation::{Conversations, Depth, Finished};
use layerscope::flow::{Connection, Delivery, Receiver, RoleBasis};
use layerscope::packet::{Endpoint, PerSide, Side};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let Some((&first, mut rest)) = input.split_first() else { return };
    let mut conversations = Conversations::new(Depth::Full);
    let mut offsets = [0u64; 2];
    let mut packet = 0;
    let mut say = |side: usize, octets: &[u8]| {
        packet += 1;
        let from = [Side::Initiator, Side::Responder][side];
        let delivery = Delivery { stream: 1, from, offset: offsets[side], packet, time: None };
        if octets.is_empty() {
            conversations.gap(delivery, 7);
            offsets[side] += 7;
        } else {
            conversations.octets(delivery, octets);
            offsets[side] += octets.len() as u64;
        }
    };
    if first & 1 == 0 {
        say(1, b"* OK ready\r\n");
    } else {
        say(1, b"+OK ready\r\n");
        say(0, b"CAPA\r\n");
    }
    while let Some((&first, after)) = rest.split_first() {
        let (octets, after) = after.split_at(after.len().min(usize::from(first & 0x7f)));
        rest = after;
        say(usize::from(first >> 7), octets);
    }
    let end = |port| Endpoint::new(std::net::Ipv4Addr::LOCALHOST.into(), port);
    let ends = PerSide { initiator: end(50_000), responder: end(143) };
    conversations.finished(Connection::between(1, ends, RoleBasis::Observed));
    while let Some(finished) = conversations.take_finished() {
        if let Finished::Mailbox(session) = finished {
            assert!(session.turns.len() <= 10_000 && session.messages.len() <= 10_000);
            session.exposure();
            session.changes();
        }
    }
});
