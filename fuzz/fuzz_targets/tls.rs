//! Gives a TLS session a key log and then octets of either side, in pieces: each begins with an octet whose first
//! bit is the side and whose others are the length. The key log is what stands before the first octet 0xff.

#![no_main]

use layerscope::conversation::tls::{Keys, Opener};
use layerscope::flow::Delivery;
use layerscope::packet::Side;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let end = input.iter().position(|&octet| octet == 0xff).unwrap_or(0);
    let (log, mut rest) = input.split_at(end);
    let keys = Keys::default();
    keys.expect_more(log.len() % 2 == 1);
    let (first, second) = log.split_at(log.len() / 2);
    keys.add(first);
    let mut opener = Opener::new(keys.clone(), 0);
    let mut offsets = [0u64; 2];
    let mut packet = 0;
    let mut sink = |_: layerscope::conversation::tls::Plain<'_>| {};
    while let Some((&first, after)) = rest.split_first() {
        let (octets, after) = after.split_at(after.len().min(usize::from(first & 0x7f)));
        rest = after;
        packet += 1;
        let side = usize::from(first >> 7);
        let from = [Side::Initiator, Side::Responder][side];
        let delivery = Delivery { stream: 0, from, offset: offsets[side], packet, time: None };
        if octets.is_empty() {
            opener.gap(delivery, 700, &mut sink);
            offsets[side] += 700;
        } else {
            opener.octets(delivery, octets, &mut sink);
            offsets[side] += octets.len() as u64;
        }
    }
    keys.add_whole(second);
    opener.retry(&mut sink);
    opener.give_up(&mut sink);
    opener.finish();
});
