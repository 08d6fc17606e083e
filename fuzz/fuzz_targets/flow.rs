//! Follows segments made of the input, sixteen octets of header and up to 255 of payload each.

#![no_main]

use std::net::{IpAddr, Ipv4Addr};

use layerscope::dissect::{TcpFlags, TcpOptions, TcpSegment};
use layerscope::flow::{Limits, SegmentInput, Tracker};
use layerscope::packet::{Seq, Timestamp};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let mut tracker =
        Tracker::new(Limits { connections: 4, waiting_octets: 1 << 10, waiting_octets_total: 1 << 11 });
    let mut rest = input;
    let mut packet = 0;
    while let Some((header, after)) = rest.split_first_chunk::<16>() {
        let [way, port, flags, options, payload, window, s0, s1, s2, s3, a0, a1, a2, a3, time, cut] = *header;
        let (options, after) = after.split_at(after.len().min(usize::from(options % 41)));
        let (payload, after) = after.split_at(after.len().min(usize::from(payload)));
        rest = after;
        packet += 1;
        let ends = [(Ipv4Addr::new(192, 0, 2, 1), 1024 + u16::from(port % 8)), (Ipv4Addr::new(192, 0, 2, 2), 25)];
        let (from, to) = if way & 1 == 0 { (ends[0], ends[1]) } else { (ends[1], ends[0]) };
        let segment = TcpSegment {
            source_port: from.1,
            destination_port: to.1,
            seq: Seq(u32::from_be_bytes([s0, s1, s2, s3])),
            ack: Seq(u32::from_be_bytes([a0, a1, a2, a3])),
            flags: TcpFlags(u16::from(flags)),
            window: u16::from(window),
            urgent: 0,
            options: TcpOptions(options),
            options_cut: false,
            payload,
            payload_length: payload.len() as u32 + u32::from(cut),
        };
        let _ = tracker.push(
            &SegmentInput {
                capture: 1,
                packet,
                time: (way & 2 == 0).then(|| Timestamp::from_parts(i64::from(time), 0)),
                source: IpAddr::V4(from.0),
                destination: IpAddr::V4(to.0),
                identification: None,
                ttl: 64,
                segment,
            },
            &mut (),
        );
    }
    tracker.finish(&mut ());
});
