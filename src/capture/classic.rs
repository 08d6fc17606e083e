//! Classic pcap, read through libpcap.
//!
//! libpcap hides three things that are wanted here: the link type as the file has it, the FCS bits that share
//! its word, and record lengths beyond the header's snap length, which it cuts. The first two are read from
//! the header; for the third, files that promise less than [`TRUSTED_SNAP`] octets (and all that cannot be
//! sought in) reach libpcap through a pipe, with the promise lifted.

use std::io::{PipeReader, PipeWriter, Read, Write};
use std::os::fd::{IntoRawFd, OwnedFd};
use std::sync::{Arc, OnceLock};

use super::input::{HEAD, Input, Octets};
use super::{Damage, Interface, SourceInfo};
use crate::packet::{DeclaredFcs, Frame, LinkType, Timestamp};

/// Captures with this snap length or more are not expected to hold longer records.
const TRUSTED_SNAP: u32 = 65_535;

/// The header of a classic pcap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    link_type: LinkType,
    fcs: DeclaredFcs,
    snap_length: u32,
    ticks_per_second: u64,
    /// Octets of a record's header.
    record_header: u64,
}

impl Header {
    /// `None` where the magic is another; the error is the number of octets of a header that is cut.
    pub(super) fn parse(head: &[u8]) -> Option<Result<Self, usize>> {
        let magic: [u8; 4] = head.first_chunk().copied()?;
        let (ticks_per_second, record_header, big_endian) = match magic {
            [0xa1, 0xb2, 0xc3, 0xd4] => (1_000_000, 16, true),
            [0xd4, 0xc3, 0xb2, 0xa1] => (1_000_000, 16, false),
            [0xa1, 0xb2, 0x3c, 0x4d] => (1_000_000_000, 16, true),
            [0x4d, 0x3c, 0xb2, 0xa1] => (1_000_000_000, 16, false),
            // Alexey Kuznetzov's patched libpcap: eight octets more in each record.
            [0xa1, 0xb2, 0xcd, 0x34] => (1_000_000, 24, true),
            [0x34, 0xcd, 0xb2, 0xa1] => (1_000_000, 24, false),
            _ => return None,
        };
        let Some(head) = head.first_chunk::<HEAD>() else { return Some(Err(head.len())) };
        let word = |at: usize| {
            let octets = [head[at], head[at + 1], head[at + 2], head[at + 3]];
            if big_endian { u32::from_be_bytes(octets) } else { u32::from_le_bytes(octets) }
        };
        let network = word(20);
        Some(Ok(Self {
            link_type: LinkType(network as u16),
            fcs: declared_fcs(network),
            snap_length: word(16),
            ticks_per_second,
            record_header,
        }))
    }
}

/// The FCS bits beside the link type: bit 26 says that bits 28 to 31 count 16-bit words.
const fn declared_fcs(network: u32) -> DeclaredFcs {
    match (network & 0x0400_0000 != 0, network >> 28) {
        (false, _) => DeclaredFcs::Unknown,
        (true, 0) => DeclaredFcs::Absent,
        (true, words) => DeclaredFcs::Octets(words as u8 * 2),
    }
}

/// Reads a classic pcap.
pub(super) struct Classic {
    capture: pcap::Capture<pcap::Offline>,
    header: Header,
    info: SourceInfo,
    /// Offset of the next record.
    offset: u64,
    number: u64,
    ended: bool,
    direct: bool,
    /// Why the feeding of libpcap ended early.
    failure: Arc<OnceLock<String>>,
}

impl Classic {
    pub(super) fn open(header: Header, input: Input, mut info: SourceInfo) -> Result<Self, String> {
        info.format = "pcap";
        info.interfaces = vec![Interface {
            link_type: header.link_type,
            snap_length: header.snap_length,
            name: None,
            description: None,
            comments: Vec::new(),
            ticks_per_second: header.ticks_per_second,
            fcs: header.fcs,
        }];
        let failure = Arc::new(OnceLock::new());
        let trusted = header.snap_length == 0 || header.snap_length >= TRUSTED_SNAP;
        let (descriptor, direct): (OwnedFd, bool) = match input.octets {
            Octets::File(file) if trusted => (file.into(), true),
            Octets::File(file) => {
                let counted = super::input::count(file, &input.position);
                (feed(counted, Arc::clone(&failure)).map_err(|e| e.to_string())?.into(), false)
            }
            Octets::Stream(stream) => {
                (feed(stream, Arc::clone(&failure)).map_err(|e| e.to_string())?.into(), false)
            }
        };
        // SAFETY: the descriptor is open and owned by nobody else: `into_raw_fd` has just given it up.
        let capture = unsafe {
            pcap::Capture::from_raw_fd_with_precision(descriptor.into_raw_fd(), pcap::Precision::Nano)
        }
        .map_err(|error| words(&error))?;
        Ok(Self { capture, header, info, offset: HEAD as u64, number: 0, ended: false, direct, failure })
    }

    pub(super) fn next_frame(&mut self) -> Result<Option<(Frame<'_>, &SourceInfo)>, Damage> {
        if self.ended {
            return Ok(None);
        }
        let packet = match self.capture.next_packet() {
            Ok(packet) => packet,
            Err(error) => {
                self.ended = true;
                let reason = match (self.failure.get(), error) {
                    (Some(failure), _) => failure.clone(),
                    (None, pcap::Error::NoMorePackets) => return Ok(None),
                    (None, error) => words(&error),
                };
                let name = self.info.name.clone();
                return Err(Damage { name, offset: Some(self.offset), packets: self.number, reason });
            }
        };
        self.number += 1;
        self.offset += self.header.record_header + u64::from(packet.header.caplen);
        let frame = Frame {
            capture: 1,
            number: self.number,
            time: Some(time(packet.header.ts.tv_sec, packet.header.ts.tv_usec)),
            link_type: self.header.link_type,
            interface: 0,
            original_length: packet.header.len,
            octets: packet.data,
            declared_fcs: self.header.fcs,
            is_outbound: false,
            comments: &[],
        };
        Ok(Some((frame, &self.info)))
    }

    pub(super) fn info(&self) -> &SourceInfo {
        &self.info
    }

    /// Octets of the file that have been read, where libpcap reads the file itself.
    pub(super) fn offset_in_file(&self) -> Option<u64> {
        self.direct.then_some(self.offset)
    }
}

/// The fraction, in nanoseconds, can be more than a second in a hostile file.
fn time(seconds: i64, nanos: i64) -> Timestamp {
    const SECOND: i64 = 1_000_000_000;
    Timestamp::from_parts(seconds.saturating_add(nanos.div_euclid(SECOND)), nanos.rem_euclid(SECOND) as u32)
}

/// libpcap's own words, without those of its wrapper.
fn words(error: &pcap::Error) -> String {
    match error {
        pcap::Error::PcapError(reason) => reason.clone(),
        other => other.to_string(),
    }
}

/// A pipe that a thread fills with a capture, its snap length lifted. The thread ends with the capture or
/// when the pipe is closed.
fn feed(
    mut octets: impl Read + Send + 'static,
    failure: Arc<OnceLock<String>>,
) -> std::io::Result<PipeReader> {
    let (reader, mut writer) = std::io::pipe()?;
    std::thread::Builder::new().name("decompress".into()).spawn(move || {
        if let Err(error) = pump(&mut octets, &mut writer) {
            // Set before the writer is dropped: who sees the end of the pipe sees the reason.
            let _ = failure.set(error);
        }
    })?;
    Ok(reader)
}

/// Copies until the end, or until nobody reads any more; fails where the octets cannot be read.
fn pump(octets: &mut impl Read, writer: &mut PipeWriter) -> Result<(), String> {
    let mut head = [0; HEAD];
    octets.read_exact(&mut head).map_err(|e| e.to_string())?;
    head[16..20].fill(0);
    if writer.write_all(&head).is_err() {
        return Ok(());
    }
    let mut buffer = vec![0; 1 << 16];
    loop {
        match octets.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(count) => {
                if writer.write_all(&buffer[..count]).is_err() {
                    return Ok(());
                }
            }
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error.to_string()),
        }
    }
}
