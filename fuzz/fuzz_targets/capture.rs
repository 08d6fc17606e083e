//! Reads arbitrary octets as a capture of any format, classic and pcapng, compressed or not.

#![no_main]

use layerscope::capture::Source;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|octets: &[u8]| {
    let Ok(mut source) = Source::from_reader("fuzz", std::io::Cursor::new(octets.to_vec())) else { return };
    while !matches!(source.next_frame(), Ok(None)) {}
});
