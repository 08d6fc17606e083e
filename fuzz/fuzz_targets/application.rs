//! Gives octets to what runs over UDP, between the ports in the first four octets.

#![no_main]

use layerscope::dissect::{Dissector, Evidence, FcsMode, fields};
use layerscope::packet::{DeclaredFcs, Frame, LinkType};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let Some((ports, payload)) = input.split_first_chunk::<4>() else { return };
    let length = payload.len().min(60_000);
    // IPv4 and UDP headers without checksums, between addresses of RFC 5737.
    let mut octets = vec![0x45, 0, 0, 0, 0, 0, 0, 0, 64, 17, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2];
    octets[2..4].copy_from_slice(&(length as u16 + 28).to_be_bytes());
    octets.extend_from_slice(ports);
    octets.extend_from_slice(&(length as u16 + 8).to_be_bytes());
    octets.extend_from_slice(&[0, 0]);
    octets.extend_from_slice(&payload[..length]);
    let frame = Frame {
        capture: 1,
        number: 1,
        time: None,
        link_type: LinkType::RAW,
        interface: 0,
        original_length: octets.len() as u32,
        octets: &octets,
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
