//! Builds captures of TCP conversations: Ethernet, IPv4 and TCP with right checksums, a millisecond apart.

use std::path::{Path, PathBuf};

use serde_json::Value;

pub(crate) use super::frames::{ACK, FIN, SYN};
use super::frames::{checksum, ethernet};
use crate::common;

/// The end that sends the first SYN: 192.0.2.1, port 40000.
pub(crate) const CLIENT: usize = 0;
/// The other end: 192.0.2.2.
pub(crate) const SERVER: usize = 1;

pub(crate) const RST: u8 = 0x04;

const MSS: [u8; 4] = [2, 4, 0x05, 0xb4];

/// A conversation, a frame a segment. Sequence numbers count from each end's initial one, as readers show them.
pub(crate) struct Talk {
    pub(crate) isn: [u32; 2],
    pub(crate) next: [u32; 2],
    pub(crate) ports: [u16; 2],
    /// TCP options of each end's SYN; a multiple of four octets.
    pub(crate) options: [Vec<u8>; 2],
    pub(crate) window: u16,
    frames: Vec<(u64, Vec<u8>)>,
    now: u64,
    identification: u16,
}

impl Talk {
    /// Nothing has been said yet to this port.
    pub(crate) fn new(server_port: u16) -> Self {
        Self {
            isn: [1000, 5000],
            next: [0, 0],
            ports: [40_000, server_port],
            options: [MSS.to_vec(), MSS.to_vec()],
            window: 8192,
            frames: Vec::new(),
            now: 0,
            identification: 0,
        }
    }

    /// A conversation that begins with three segments: 1, 2, 3.
    pub(crate) fn open(server_port: u16) -> Self {
        let mut talk = Self::new(server_port);
        talk.handshake();
        talk
    }

    /// One whose opening was not captured.
    pub(crate) fn midway(server_port: u16) -> Self {
        Self { next: [1, 1], ..Self::new(server_port) }
    }

    /// A session up to the reply to EHLO, each line a segment.
    pub(crate) fn smtp() -> Self {
        let mut talk = Self::open(25);
        talk.say(SERVER, "220 mx.example.test ESMTP\r\n");
        talk.say(CLIENT, "EHLO client.example.test\r\n");
        talk.say(SERVER, "250-mx.example.test\r\n250-PIPELINING\r\n250-CHUNKING\r\n250 AUTH PLAIN LOGIN\r\n");
        talk
    }

    pub(crate) fn handshake(&mut self) {
        self.segment(CLIENT, SYN, b"");
        self.segment(SERVER, SYN | ACK, b"");
        self.segment(CLIENT, ACK, b"");
    }

    /// The next octets of one end, in a segment of their own: its number.
    pub(crate) fn say(&mut self, side: usize, octets: impl AsRef<[u8]>) -> u64 {
        self.segment(side, ACK, octets.as_ref())
    }

    /// Commands and replies by turns, the client's first.
    pub(crate) fn exchange(&mut self, lines: &[&str]) {
        for (index, line) in lines.iter().enumerate() {
            self.say(index % 2, format!("{line}\r\n"));
        }
    }

    /// The next segment of one end, which acknowledges all that the other one has said.
    pub(crate) fn segment(&mut self, side: usize, flags: u8, payload: &[u8]) -> u64 {
        let number = self.at(side, flags, self.next[side], self.next[1 - side], payload);
        self.next[side] += payload.len() as u32 + u32::from(flags & SYN > 0) + u32::from(flags & FIN > 0);
        number
    }

    /// A segment with these numbers, which changes nothing of what comes next.
    pub(crate) fn at(&mut self, side: usize, flags: u8, seq: u32, ack: u32, payload: &[u8]) -> u64 {
        let options = if flags & SYN > 0 { self.options[side].clone() } else { Vec::new() };
        self.with(side, flags, (seq, ack), &options, payload)
    }

    /// An acknowledgement with SACK blocks (RFC 2018 section 3).
    pub(crate) fn sack(&mut self, side: usize, ack: u32, blocks: &[(u32, u32)]) -> u64 {
        let mut options = vec![1, 1, 5, 2 + 8 * blocks.len() as u8];
        for edge in blocks.iter().flat_map(|(left, right)| [left, right]) {
            options.extend(self.isn[1 - side].wrapping_add(*edge).to_be_bytes());
        }
        self.with(side, ACK, (self.next[side], ack), &options, b"")
    }

    fn with(
        &mut self,
        side: usize,
        flags: u8,
        (seq, ack): (u32, u32),
        options: &[u8],
        payload: &[u8],
    ) -> u64 {
        self.identification = self.identification.wrapping_add(1);
        let ack = if flags & ACK > 0 { self.isn[1 - side].wrapping_add(ack) } else { 0 };
        let mut tcp = Vec::new();
        tcp.extend(self.ports[side].to_be_bytes());
        tcp.extend(self.ports[1 - side].to_be_bytes());
        tcp.extend(self.isn[side].wrapping_add(seq).to_be_bytes());
        tcp.extend(ack.to_be_bytes());
        tcp.extend([(5 + options.len() as u8 / 4) << 4, flags]);
        tcp.extend(self.window.to_be_bytes());
        tcp.extend([0; 4]);
        tcp.extend(options);
        tcp.extend(payload);
        let frame = frame(side, self.identification, &mut tcp);
        self.put(frame)
    }

    /// Octets that the end sent and nobody captured.
    pub(crate) fn lose(&mut self, side: usize, octets: impl AsRef<[u8]>) {
        self.next[side] += octets.as_ref().len() as u32;
    }

    /// Four segments close, the client first.
    pub(crate) fn close(&mut self) {
        self.segment(CLIENT, FIN | ACK, b"");
        self.segment(SERVER, ACK, b"");
        self.segment(SERVER, FIN | ACK, b"");
        self.segment(CLIENT, ACK, b"");
    }

    /// The frame of this number once more, as it was, so many microseconds after the last one.
    pub(crate) fn copy(&mut self, number: u64, microseconds: u64) -> u64 {
        let frame = self.frames[number as usize - 1].1.clone();
        self.now = self.now - 1000 + microseconds;
        self.put(frame)
    }

    /// Time passes.
    pub(crate) fn wait(&mut self, microseconds: u64) {
        self.now += microseconds;
    }

    /// A transaction whose message is this one, in segments of at most so many octets; dots are doubled.
    pub(crate) fn mail(&mut self, message: &[u8], segment: usize) {
        self.begin_mail();
        let stuffed = common::stuffed(message);
        for chunk in stuffed.chunks(segment) {
            self.say(CLIENT, chunk);
        }
        self.say(CLIENT, ".\r\n");
        self.say(SERVER, "250 2.0.0 Ok: queued as 4F1A2B3C4D\r\n");
    }

    /// A transaction up to the reply to DATA.
    pub(crate) fn begin_mail(&mut self) {
        self.exchange(&["MAIL FROM:<a@example.test>", "250 Ok", "RCPT TO:<b@example.test>", "250 Ok"]);
        self.exchange(&["DATA", "354 Go"]);
    }

    /// The segments of one end alone.
    pub(crate) fn only(mut self, side: usize) -> Self {
        self.frames.retain(|(_, frame)| frame[29] == side as u8 + 1);
        self
    }

    /// The first so many frames alone.
    pub(crate) fn first(mut self, count: usize) -> Self {
        self.frames.truncate(count);
        self
    }

    /// The frames in another order: numbers from 1.
    pub(crate) fn reorder(&mut self, first: usize, second: usize) {
        let [one, other] = [first - 1, second - 1];
        let (earlier, later) = (self.frames[one].0, self.frames[other].0);
        self.frames.swap(one, other);
        (self.frames[one].0, self.frames[other].0) = (earlier, later);
    }

    fn put(&mut self, frame: Vec<u8>) -> u64 {
        self.frames.push((self.now, frame));
        self.now += 1000;
        self.frames.len() as u64
    }

    /// The capture as a file.
    pub(crate) fn write(&self) -> Capture {
        let frames = self.frames.iter().map(|(time, frame)| (*time, frame.as_slice()));
        let octets = common::timed_pcap(1, frames);
        let (folder, path) = common::file("talk.pcap", &octets);
        Capture { _folder: folder, path }
    }
}

fn frame(side: usize, identification: u16, tcp: &mut [u8]) -> Vec<u8> {
    let address = |side: usize| [192, 0, 2, side as u8 + 1];
    let mut pseudo = [address(side), address(1 - side)].concat();
    pseudo.extend([0, 6]);
    pseudo.extend((tcp.len() as u16).to_be_bytes());
    pseudo.extend_from_slice(tcp);
    tcp[16..18].copy_from_slice(&checksum(&pseudo).to_be_bytes());

    let mut ip = vec![0x45, 0];
    ip.extend((20 + tcp.len() as u16).to_be_bytes());
    ip.extend(identification.to_be_bytes());
    ip.extend([0x40, 0, 64, 6, 0, 0]);
    ip.extend(address(side));
    ip.extend(address(1 - side));
    let sum = checksum(&ip);
    ip[10..12].copy_from_slice(&sum.to_be_bytes());

    ip.extend_from_slice(tcp);
    let station = |side: usize| side as u8 + 1;
    ethernet(station(side), station(1 - side), 0x0800, &ip)
}

/// A conversation on disk.
pub(crate) struct Capture {
    _folder: tempfile::TempDir,
    path: PathBuf,
}

impl Capture {
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn packets(&self) -> Vec<Value> {
        common::records("packets", &self.path)
    }

    /// `tcp` of the packet of this number.
    pub(crate) fn place(&self, number: u64) -> Value {
        self.packets()[number as usize - 1]["tcp"].clone()
    }

    pub(crate) fn notes(&self, number: u64) -> Vec<String> {
        let place = self.place(number);
        place["notes"].as_array().unwrap().iter().map(|note| note.as_str().unwrap().to_owned()).collect()
    }

    pub(crate) fn connections(&self) -> Vec<Value> {
        records_of("connection", common::records("tcp", &self.path))
    }

    /// The only connection.
    pub(crate) fn connection(&self) -> Value {
        only(self.connections())
    }

    pub(crate) fn sessions(&self) -> Vec<Value> {
        records_of("smtp_session", common::records("smtp", &self.path))
    }

    /// The only session.
    pub(crate) fn session(&self) -> Value {
        only(self.sessions())
    }
}

fn records_of(kind: &str, mut records: Vec<Value>) -> Vec<Value> {
    records.retain(|record| record["record"] == kind);
    records
}

fn only(mut records: Vec<Value>) -> Value {
    assert_eq!(records.len(), 1, "{records:#?}");
    records.remove(0)
}
