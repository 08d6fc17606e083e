//! The HTTP reader alone: short exchanges, and a long body in segments of 1,460.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use layerscope::conversation::http::{Limits, Reader, Sharing};
use layerscope::flow::Delivery;
use layerscope::packet::Side;

const REQUEST: &[u8] = b"GET /index.html?page=1 HTTP/1.1\r\nHost: www.example.test\r\nUser-Agent: bench/1.0\r\n\
    Accept: text/html,application/xhtml+xml\r\nAccept-Encoding: gzip, br\r\nCookie: session=0123456789abcdef\r\n\r\n";
const RESPONSE: &[u8] = b"HTTP/1.1 200 OK\r\nServer: bench/1.0\r\nContent-Type: text/html\r\n\
    Cache-Control: max-age=60\r\nConnection: keep-alive\r\nContent-Length: 5\r\n\r\nhello";
const EXCHANGES: u64 = 10_000;

/// Reads these segments; how many exchanges there were.
fn read<'a>(sharing: Option<Sharing>, segments: impl Iterator<Item = (Side, &'a [u8])>) -> u64 {
    let mut reader = Reader::new(Side::Initiator, Limits::default(), sharing);
    let mut offsets = [0u64; 2];
    let mut exchanges = 0;
    for (packet, (from, octets)) in (1..).zip(segments) {
        let offset = &mut offsets[usize::from(from == Side::Responder)];
        reader.octets(Delivery { stream: 0, from, offset: *offset, packet, time: None }, octets);
        *offset += octets.len() as u64;
        while reader.take_finished().is_some() {
            exchanges += 1;
        }
    }
    exchanges
}

fn exchanges(c: &mut Criterion) {
    let segments = || {
        (0..EXCHANGES)
            .flat_map(|_| [(Side::Initiator, black_box(REQUEST)), (Side::Responder, black_box(RESPONSE))])
    };
    let mut group = c.benchmark_group("http exchanges");
    group.throughput(Throughput::Elements(EXCHANGES));
    group.bench_function("secrets", |b| b.iter(|| read(None, segments())));
    group.bench_function("heads", |b| b.iter(|| read(Some(Sharing::of_heads_alone()), segments())));
    group.bench_function("full", |b| b.iter(|| read(Some(Sharing::default()), segments())));
    group.finish();
}

fn body(c: &mut Criterion) {
    let octets = vec![b'x'; 8 << 20];
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", octets.len());
    let segments = || {
        let begin = [(Side::Initiator, REQUEST), (Side::Responder, head.as_bytes())];
        begin.into_iter().chain(black_box(&octets).chunks(1460).map(|piece| (Side::Responder, piece)))
    };
    let mut group = c.benchmark_group("http body");
    group.throughput(Throughput::Bytes(octets.len() as u64));
    group.bench_function("secrets", |b| b.iter(|| read(None, segments())));
    group.bench_function("full", |b| b.iter(|| read(Some(Sharing::default()), segments())));
    group.finish();
}

criterion_group!(benches, exchanges, body);
criterion_main!(benches);
