//! A TLS 1.3 stream opened with its keys: 16 KB records in segments of 1,460 octets.
//!
//! The hellos are those of a recorded session; the records behind them are sealed here with traffic secrets that the
//! key log names, so that there can be as many as are wanted.

use std::hint::black_box;

use aws_lc_rs::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::hmac;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use layerscope::conversation::tls::{Inner, Keys, Opener, Plain};
use layerscope::flow::Delivery;
use layerscope::packet::Side;

const RECORDED: &str = include_str!("../src/conversation/tls/fixtures/tls13-aes-128-gcm.txt");
const CONTENT: usize = 1 << 14;
const SECRET: [u8; 32] = [0x5a; 32];

/// HKDF-Expand-Label of RFC 8446 section 7.1 for one block.
fn expand<const N: usize>(label: &str) -> [u8; N] {
    let label = format!("tls13 {label}");
    let info = [&[0, N as u8, label.len() as u8][..], label.as_bytes(), &[0, 1]].concat();
    let block = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &SECRET), &info);
    block.as_ref()[..N].try_into().unwrap()
}

/// Records of the server that hold so many octets of data.
fn records(octets: usize) -> Vec<u8> {
    let key = LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &expand::<16>("key")).unwrap());
    let iv = expand::<12>("iv");
    let mut out = Vec::new();
    for number in 0..octets.div_ceil(CONTENT) as u64 {
        let mut nonce = iv;
        nonce[4..].iter_mut().zip(number.to_be_bytes()).for_each(|(octet, of_number)| *octet ^= of_number);
        let length = (CONTENT + 17) as u16;
        let header = [&[23, 3, 3][..], &length.to_be_bytes()].concat();
        let mut sealed = vec![number as u8; CONTENT];
        sealed.push(23);
        let nonce = Nonce::assume_unique_for_key(nonce);
        key.seal_in_place_append_tag(nonce, Aad::from(&header), &mut sealed).unwrap();
        out.extend(header);
        out.extend(sealed);
    }
    out
}

fn hellos() -> Vec<(Side, Vec<u8>)> {
    let octets = |hex: &str| -> Vec<u8> {
        (0..hex.len() / 2).map(|i| u8::from_str_radix(&hex[2 * i..2 * i + 2], 16).unwrap()).collect()
    };
    let mut said = RECORDED.lines().filter_map(|line| match line.split_once(' ')? {
        (">", hex) => Some((Side::Initiator, octets(hex))),
        ("<", hex) => Some((Side::Responder, octets(hex))),
        _ => None,
    });
    let (client, mut server) = (said.next().unwrap(), said.next().unwrap());
    // the ServerHello alone: what follows is sealed with other secrets
    let length = usize::from(u16::from_be_bytes([server.1[3], server.1[4]]));
    server.1.truncate(5 + length);
    vec![client, server]
}

fn open(keys: &Keys, hellos: &[(Side, Vec<u8>)], records: &[u8]) -> u64 {
    let mut opener = Opener::new(keys.clone(), 0);
    let mut opened = 0;
    let mut sink = |plain: Plain<'_>| {
        if let Inner::Octets(octets) = plain.said {
            opened += octets.len() as u64;
        }
    };
    let segments = records.chunks(1460).map(|octets| (Side::Responder, octets));
    let hellos = hellos.iter().map(|(from, octets)| (*from, &octets[..]));
    for (packet, (from, octets)) in (1..).zip(hellos.chain(segments)) {
        opener.octets(Delivery { stream: 0, from, offset: 0, packet, time: None }, octets, &mut sink);
    }
    opener.finish();
    opened
}

fn download(c: &mut Criterion) {
    let octets = 100 << 20;
    let (hellos, records) = (hellos(), records(octets));
    let random: String = hellos[0].1[11..43].iter().map(|octet| format!("{octet:02x}")).collect();
    let secret = "5a".repeat(32);
    let keys = Keys::default();
    keys.add_whole(format!("SERVER_TRAFFIC_SECRET_0 {random} {secret}\n").as_bytes());
    assert_eq!(open(&keys, &hellos, &records), octets as u64);
    let mut group = c.benchmark_group("tls 1.3 aes-128-gcm");
    group.sample_size(10).throughput(Throughput::Bytes(octets as u64));
    group.bench_function("opened", |b| b.iter(|| open(&keys, &hellos, black_box(&records))));
    let none = Keys::default();
    group.bench_function("without keys", |b| b.iter(|| open(&none, &hellos, black_box(&records))));
    group.finish();
}

criterion_group!(benches, download);
criterion_main!(benches);
