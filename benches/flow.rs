//! The connection table, and the octets of one connection put in order.

use std::hint::black_box;
use std::net::{IpAddr, Ipv4Addr};

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use layerscope::dissect::{TcpFlags, TcpOptions, TcpSegment};
use layerscope::flow::{Connection, Delivery, Limits, Receiver, SegmentInput, Tracker};
use layerscope::packet::{Seq, Timestamp};

const SEGMENTS: u32 = 10_000;
const MSS: u32 = 1460;
const CONNECTIONS: u32 = 100_000;
static OCTETS: [u8; MSS as usize] = [b'x'; MSS as usize];

/// Counts what comes, so that nothing of it is left out.
#[derive(Default)]
struct Count {
    octets: u64,
    gaps: u64,
    connections: u64,
}

impl Receiver for Count {
    fn octets(&mut self, _: Delivery, octets: &[u8]) {
        self.octets += octets.len() as u64;
    }
    fn gap(&mut self, _: Delivery, length: u64) {
        self.gaps += length;
    }
    fn end(&mut self, _: Delivery, _: bool) {}
    fn finished(&mut self, connection: Connection) {
        self.connections += u64::from(black_box(connection).packets.initiator > 0);
    }
}

/// A segment of client `client` to one server.
fn segment(packet: u64, client: u32, flags: u16, seq: u32, payload: &'static [u8]) -> SegmentInput<'static> {
    SegmentInput {
        capture: 1,
        packet,
        time: Some(Timestamp::from_nanos(packet as i64 * 1_000)),
        source: IpAddr::V4(Ipv4Addr::from(0x0a00_0000 | client)),
        destination: IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)),
        identification: Some(packet as u32 & 0xffff),
        ttl: 64,
        segment: TcpSegment {
            source_port: 50_000,
            destination_port: 25,
            seq: Seq(seq),
            ack: Seq(0),
            flags: TcpFlags(flags),
            window: 65_535,
            urgent: 0,
            options: TcpOptions(&[]),
            options_cut: false,
            payload,
            payload_length: payload.len() as u32,
        },
    }
}

/// A SYN of each of many clients.
fn table(c: &mut Criterion) {
    let syns: Vec<_> = (0..CONNECTIONS)
        .map(|client| segment(u64::from(client) + 1, client, TcpFlags::SYN, client, b""))
        .collect();
    let mut group = c.benchmark_group("connection table");
    group.throughput(Throughput::Elements(u64::from(CONNECTIONS)));
    for (name, connections) in [("room for all", 1_000_000), ("room for a tenth", CONNECTIONS as usize / 10)]
    {
        group.bench_function(name, |b| {
            b.iter(|| {
                let mut tracker = Tracker::new(Limits { connections, ..Limits::default() });
                let mut count = Count::default();
                for syn in &syns {
                    tracker.push(black_box(syn), &mut count);
                }
                tracker.finish(&mut count);
                assert_eq!(count.connections, u64::from(CONNECTIONS));
            });
        });
    }
    group.finish();
}

/// One connection's octets, in the order in which `arrange` puts its segments.
fn reassembly(c: &mut Criterion) {
    let data = |index: u32| segment(u64::from(index) + 2, 1, TcpFlags::ACK, 1 + index * MSS, &OCTETS);
    let in_order: Vec<_> = (0..SEGMENTS).map(data).collect();
    let reversed: Vec<_> = in_order.iter().rev().copied().collect();
    let lossy: Vec<_> =
        in_order.iter().enumerate().filter(|(index, _)| index % 100 != 50).map(|(_, one)| *one).collect();
    let mut group = c.benchmark_group("reassembly");
    group.throughput(Throughput::Bytes(u64::from(SEGMENTS * MSS)));
    for (name, segments) in [("in order", in_order), ("reversed", reversed), ("one in a hundred lost", lossy)]
    {
        let sent: u64 = segments.iter().map(|one| one.segment.payload.len() as u64).sum();
        let limits = Limits { waiting_octets: 32 << 20, ..Limits::default() };
        group.bench_function(name, |b| {
            b.iter_batched_ref(
                || {
                    let mut tracker = Tracker::new(limits);
                    tracker.push(&segment(1, 1, TcpFlags::SYN, 0, b""), &mut ());
                    (tracker, Count::default())
                },
                |(tracker, count)| {
                    for one in &segments {
                        tracker.push(black_box(one), count);
                    }
                    tracker.finish(count);
                    assert_eq!(count.octets, sent);
                },
                BatchSize::LargeInput,
            );
        });
    }
    group.finish();
}

criterion_group!(benches, table, reassembly);
criterion_main!(benches);
