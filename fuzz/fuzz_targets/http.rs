//! Gives the HTTP reader octets of either side, in pieces: each begins with an octet whose first bit is the side and
//! whose others are the length; a length of 0 is a gap.

#![no_main]

use layerscope::conversation::http::{Limits, Reader, Sharing};
use layerscope::flow::Delivery;
use layerscope::packet::Side;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let mut reader = Reader::new(Side::Initiator, Limits::default(), Some(Sharing::default()));
    let mut offsets = [0u64; 2];
    let mut packet = 0;
    let mut rest = input;
    let mut ranges = Vec::new();
    while let Some((&first, after)) = rest.split_first() {
        let (octets, after) = after.split_at(after.len().min(usize::from(first & 0x7f)));
        rest = after;
        packet += 1;
        let side = usize::from(first >> 7);
        let from = [Side::Initiator, Side::Responder][side];
        let delivery = Delivery { stream: 0, from, offset: offsets[side], packet, time: None };
        if octets.is_empty() {
            reader.gap(delivery, 7);
            offsets[side] += 7;
        } else {
            assert!(reader.octets(delivery, octets) <= octets.len());
            offsets[side] += octets.len() as u64;
        }
        ranges.clear();
        reader.concealed(from, Some(0..offsets[side] + 9), 9, &mut ranges);
        assert!(ranges.windows(2).all(|pair| pair[0].end <= pair[1].start));
        while let Some(exchange) = reader.take_finished() {
            assert!(exchange.messages().next().is_some());
        }
    }
    for from in [Side::Initiator, Side::Responder] {
        reader.end(Delivery { stream: 0, from, offset: offsets[from as usize], packet, time: None }, false);
    }
});
