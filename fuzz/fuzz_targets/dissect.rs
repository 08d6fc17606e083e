//! Takes apart a frame whose link type stands in the first two octets.

#![no_main]

use layerscope::dissect::{Dissector, Evidence, FcsMode, fields};
use layerscope::packet::{DeclaredFcs, Frame, LinkType};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let [high, low, octets @ ..] = input else { return };
    let frame = Frame {
        capture: 1,
        number: 1,
        time: None,
        link_type: LinkType(u16::from_be_bytes([*high, *low])),
        interface: 0,
        original_length: octets.len() as u32,
        octets,
        declared_fcs: DeclaredFcs::Unknown,
        is_outbound: false,
        comments: &[],
    };
    let mut dissector = Dissector::new(FcsMode::Auto, Evidence::default());
    let dissection = dissector.dissect(&frame);
    for layer in dissection.layers {
        let _ = fields(&dissection, layer);
    }
});
