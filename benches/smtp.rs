//! The SMTP reader alone: octets of a message in, in segments of 1,460.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use layerscope::conversation::{Conversations, Depth};
use layerscope::flow::{Delivery, Receiver};
use layerscope::packet::Side;

const OPENING: [(Side, &[u8]); 4] = [
    (Side::Responder, b"220 mx.example.com ESMTP\r\n"),
    (Side::Initiator, b"EHLO a.test\r\nMAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.com>\r\nDATA\r\n"),
    (Side::Responder, b"250 mx\r\n250 ok\r\n250 ok\r\n"),
    (Side::Responder, b"354 go\r\n"),
];

fn read(depth: Depth, body: &[u8]) -> Conversations {
    let mut conversations = Conversations::new(depth);
    let mut offsets = [0u64; 2];
    let segments = body.chunks(1460).map(|octets| (Side::Initiator, octets));
    for (packet, (from, octets)) in (1..).zip(OPENING.into_iter().chain(segments)) {
        let offset = &mut offsets[usize::from(from == Side::Responder)];
        conversations.octets(Delivery { stream: 0, from, offset: *offset, packet, time: None }, octets);
        *offset += octets.len() as u64;
    }
    conversations
}

fn message(c: &mut Criterion) {
    let line = b"TWFuIGlzIGRpc3Rpbmd1aXNoZWQsIG5vdCBvbmx5IGJ5IGhpcyByZWFzb24sIGJ1dCBieSB0aGlz\r\n";
    let mut body = line.repeat((8 << 20) / line.len());
    body.extend_from_slice(b".\r\n");
    let mut group = c.benchmark_group("smtp message");
    group.throughput(Throughput::Bytes(body.len() as u64));
    group.bench_function("names", |b| b.iter(|| read(Depth::Secrets, black_box(&body))));
    group.bench_function("full", |b| b.iter(|| read(Depth::Full, black_box(&body))));
    group.finish();
}

criterion_group!(benches, message);
criterion_main!(benches);
