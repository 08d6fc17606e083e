//! Gives a conversation octets of either side, in pieces: each begins with an octet whose first bit is the
//! side and whose others are the length.

#![no_main]

use layerscope::conversation::{Conversations, Depth};
use layerscope::flow::{Delivery, Receiver};
use layerscope::packet::Side;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let mut conversations = Conversations::new(Depth::Full);
    let mut offsets = [0u64; 2];
    let mut packet = 0;
    let mut rest = input;
    while let Some((&first, after)) = rest.split_first() {
        let (octets, after) = after.split_at(after.len().min(usize::from(first & 0x7f)));
        rest = after;
        packet += 1;
        let side = usize::from(first >> 7);
        let from = [Side::Initiator, Side::Responder][side];
        let delivery = Delivery { stream: 0, from, offset: offsets[side], packet, time: None };
        if octets.is_empty() {
            conversations.gap(delivery, 7);
            offsets[side] += 7;
        } else {
            conversations.octets(delivery, octets);
            offsets[side] += octets.len() as u64;
        }
    }
    for from in [Side::Initiator, Side::Responder] {
        conversations.end(Delivery { stream: 0, from, offset: offsets[from as usize], packet, time: None }, false);
    }
});
