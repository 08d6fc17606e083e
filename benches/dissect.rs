//! What it costs to take a packet apart: octets in, layers out.

#![allow(missing_docs)]

use std::hint::black_box;
use std::path::Path;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use layerscope::capture::Source;
use layerscope::dissect::{Dissector, Evidence, FcsMode};
use layerscope::packet::{DeclaredFcs, Frame, LinkType};

/// Addresses of an Ethernet header.
const MACS: &[u8] = &[2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2];

fn ethernet(ether_type: u16, rest: &[&[u8]]) -> Vec<u8> {
    let mut frame = [MACS, &ether_type.to_be_bytes(), &rest.concat()].concat();
    frame.resize(frame.len().max(60), 0);
    frame
}

fn ipv4(protocol: u8, payload: &[u8]) -> Vec<u8> {
    let length = (20 + payload.len() as u16).to_be_bytes();
    let start = [0x45, 0, length[0], length[1], 0, 1, 0x40, 0, 64, protocol, 0, 0];
    [&start[..], &[10, 0, 0, 1, 10, 0, 0, 2], payload].concat()
}

fn ipv6(next: u8, payload: &[u8]) -> Vec<u8> {
    let length = (payload.len() as u16).to_be_bytes();
    let address = [0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
    [&[0x60, 0, 0, 0, length[0], length[1], next, 64], &address[..], &address[..], payload].concat()
}

fn tcp(octets: usize) -> Vec<u8> {
    let mut segment = vec![0xc0, 0, 0, 25, 0, 0, 0, 1, 0, 0, 0, 1, 0x50, 0x18, 0xff, 0xff, 0, 0, 0, 0];
    segment.resize(20 + octets, b'a');
    segment
}

fn udp(port: u16, payload: &[u8]) -> Vec<u8> {
    let length = 8 + payload.len() as u16;
    [&[0xc0, 0], &port.to_be_bytes()[..], &length.to_be_bytes(), &[0, 1], payload].concat()
}

fn mix() -> Vec<Vec<u8>> {
    let query = b"\x12\x34\x01\0\0\x01\0\0\0\0\0\0\x07example\x03com\0\0\x01\0\x01";
    let arp = [&[0, 1, 8, 0, 6, 4, 0, 1][..], &MACS[..6], &[10, 0, 0, 1], &MACS[..6], &[10, 0, 0, 2]];
    vec![
        ethernet(0x0800, &[&ipv4(6, &tcp(512))]),
        ethernet(0x0800, &[&ipv4(6, &tcp(0))]),
        ethernet(0x86dd, &[&ipv6(17, &udp(53, query))]),
        ethernet(0x8100, &[&[0, 100, 8, 0], &ipv4(6, &tcp(64))]),
        ethernet(0x0806, &arp),
    ]
}

fn sample(name: &str) -> Option<Vec<Vec<u8>>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples").join(name);
    let mut source = Source::open(&path).ok()?;
    let mut frames = Vec::new();
    while let Ok(Some(frame)) = source.next_frame() {
        frames.push(frame.octets.to_vec());
    }
    Some(frames)
}

fn dissect(c: &mut Criterion) {
    let mut group = c.benchmark_group("dissect");
    let sets = [("mix", Some(mix())), ("mail-plain", sample("mail-plain.pcap"))];
    for (name, frames) in sets {
        let Some(frames) = frames.filter(|f| !f.is_empty()) else { continue };
        let mut dissector = Dissector::new(FcsMode::Auto, Evidence::default());
        group.throughput(Throughput::Elements(frames.len() as u64));
        group.bench_function(name, |b| {
            b.iter(|| {
                for octets in &frames {
                    let frame = Frame {
                        capture: 1,
                        number: 1,
                        time: None,
                        link_type: LinkType::ETHERNET,
                        interface: 0,
                        original_length: octets.len() as u32,
                        octets,
                        declared_fcs: DeclaredFcs::Unknown,
                        is_outbound: false,
                        comments: &[],
                    };
                    black_box(dissector.dissect(&frame).layers.len());
                }
            });
        });
    }
    group.finish();
}

criterion_group!(benches, dissect);
criterion_main!(benches);
