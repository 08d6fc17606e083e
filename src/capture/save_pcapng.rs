//! pcapng, as it is written (draft-ietf-opsawg-pcapng): little endian, version 1.0.

use super::block::{
    COMMENT, END_OF_OPTIONS, ENHANCED_PACKET, EPB_FLAGS, IF_DESCRIPTION, IF_FCSLEN, IF_NAME, IF_TSOFFSET,
    IF_TSRESOL, INTERFACE, OUTBOUND, SECRETS, SECTION, SIMPLE_PACKET, TLS_KEY_LOG,
};
use super::save::pad;
use super::{Interface, SourceInfo};
use crate::packet::{DeclaredFcs, Frame, Timestamp};

/// For packets from before 1970: the seconds that are added to their time stamps, which count from 0.
const LONG_AGO: i64 = -9_223_372_037;

/// Makes blocks of frames.
#[derive(Debug, Default)]
pub(super) struct Pcapng {
    /// A section has begun.
    begun: bool,
    /// The section's interfaces, in the order of their numbers.
    written: Vec<Written>,
    /// The comments of these sources have been written.
    told: Vec<String>,
}

/// An interface of the section that is being written.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Written {
    source: String,
    interface: u32,
    /// Its packets are from before 1970.
    long_ago: bool,
    snap_length: u32,
    /// Decimal digits of a second.
    digits: u8,
    fcs: DeclaredFcs,
}

impl Pcapng {
    /// Appends a packet block, and before it what it needs.
    pub(super) fn record(
        &mut self,
        source: &SourceInfo,
        frame: &Frame<'_>,
        out: &mut Vec<u8>,
    ) -> Result<(), String> {
        if !self.told.contains(&source.name) {
            self.told.push(source.name.clone());
            if !source.comments.is_empty() {
                self.begin_section(&source.comments, out);
            }
        }
        if !self.begun {
            self.begin_section(&[], out);
        }
        match frame.time {
            Some(time) => self.timed(source, frame, time, out),
            None => self.untimed(source, frame, out),
        }
    }

    /// Appends a block of decryption secrets: a key log of TLS, or a part of one.
    pub(super) fn secrets(&mut self, key_log: &[u8], out: &mut Vec<u8>) {
        if !self.begun {
            self.begin_section(&[], out);
        }
        block(SECRETS, out, |out| {
            out.extend_from_slice(&TLS_KEY_LOG.to_le_bytes());
            out.extend_from_slice(&(key_log.len() as u32).to_le_bytes());
            padded(key_log, out);
        });
    }

    fn begin_section(&mut self, comments: &[String], out: &mut Vec<u8>) {
        section(comments, out);
        self.begun = true;
        self.written.clear();
    }

    /// A capture without packets has a section header all the same.
    pub(super) fn end(&mut self, out: &mut Vec<u8>) {
        if !self.begun {
            self.begin_section(&[], out);
        }
    }

    fn timed(
        &mut self,
        source: &SourceInfo,
        frame: &Frame<'_>,
        time: Timestamp,
        out: &mut Vec<u8>,
    ) -> Result<(), String> {
        let captured = length(frame)?;
        let number = self.interface(source, frame, time.nanos() < 0, out);
        let Some(written) = self.written.get(number) else { return Ok(()) };
        let ticks = ticks(time, written);
        let (fcs, declared) = (written.fcs, frame.declared_fcs);
        block(ENHANCED_PACKET, out, |out| {
            for word in [number as u32, (ticks >> 32) as u32, ticks as u32, captured, frame.original_length] {
                out.extend_from_slice(&word.to_le_bytes());
            }
            padded(frame.octets, out);
            let start = out.len();
            for comment in frame.comments {
                text(COMMENT, comment, out);
            }
            let direction = if frame.is_outbound { OUTBOUND } else { 0 };
            let fcs = match declared {
                DeclaredFcs::Octets(octets @ 1..16) if fcs != declared => u32::from(octets) << 5,
                _ => 0,
            };
            if direction | fcs != 0 {
                option(EPB_FLAGS, &(direction | fcs).to_le_bytes(), out);
            }
            end_options(start, out);
        });
        Ok(())
    }

    /// A simple packet block belongs to the section's first interface, and its captured length is what the
    /// interface's snap length leaves of the original one.
    fn untimed(&mut self, source: &SourceInfo, frame: &Frame<'_>, out: &mut Vec<u8>) -> Result<(), String> {
        let captured = length(frame)?;
        let fits = |w: &Written| {
            let snap = if w.snap_length == 0 { u32::MAX } else { w.snap_length };
            w.source == source.name
                && w.interface == frame.interface
                && w.fcs == frame.declared_fcs
                && frame.original_length.min(snap) == captured
        };
        if !self.written.first().is_some_and(fits) {
            if !self.written.is_empty() {
                self.begin_section(&[], out);
            }
            let mut first = describe(source, frame, false);
            first.fcs = frame.declared_fcs;
            let snap = if frame.original_length > captured { captured } else { 0 };
            let kept = Written { snap_length: first.snap_length, ..first.clone() };
            first.snap_length = if fits(&kept) { kept.snap_length } else { snap };
            self.add(source, frame, first, out);
        }
        block(SIMPLE_PACKET, out, |out| {
            out.extend_from_slice(&frame.original_length.to_le_bytes());
            padded(frame.octets, out);
        });
        Ok(())
    }

    /// The number of the frame's interface in this section, described when it is new.
    fn interface(
        &mut self,
        source: &SourceInfo,
        frame: &Frame<'_>,
        long_ago: bool,
        out: &mut Vec<u8>,
    ) -> usize {
        let known = self.written.iter().position(|w| {
            w.interface == frame.interface && w.long_ago == long_ago && w.source == source.name
        });
        known.unwrap_or_else(|| {
            let described = describe(source, frame, long_ago);
            self.add(source, frame, described, out);
            self.written.len() - 1
        })
    }

    fn add(&mut self, source: &SourceInfo, frame: &Frame<'_>, written: Written, out: &mut Vec<u8>) {
        block(INTERFACE, out, |out| {
            out.extend_from_slice(&u32::from(frame.link_type.0).to_le_bytes());
            out.extend_from_slice(&written.snap_length.to_le_bytes());
            let start = out.len();
            if let Some(interface) = source.interfaces.get(frame.interface as usize) {
                about(interface, out);
            }
            option(IF_TSRESOL, &[written.digits], out);
            match written.fcs {
                DeclaredFcs::Unknown => {}
                DeclaredFcs::Absent => option(IF_FCSLEN, &[0], out),
                DeclaredFcs::Octets(octets) => option(IF_FCSLEN, &[fcs_length(octets)], out),
            }
            if written.long_ago {
                option(IF_TSOFFSET, &LONG_AGO.to_le_bytes(), out);
            }
            end_options(start, out);
        });
        self.written.push(written);
    }
}

/// Names and comments of an interface.
fn about(interface: &Interface, out: &mut Vec<u8>) {
    for comment in &interface.comments {
        text(COMMENT, comment, out);
    }
    if let Some(name) = &interface.name {
        text(IF_NAME, name, out);
    }
    if let Some(description) = &interface.description {
        text(IF_DESCRIPTION, description, out);
    }
}

fn describe(source: &SourceInfo, frame: &Frame<'_>, long_ago: bool) -> Written {
    let interface = source.interfaces.get(frame.interface as usize);
    let rate = interface.map_or(1_000_000_000, |i| i.ticks_per_second);
    Written {
        source: source.name.clone(),
        interface: frame.interface,
        long_ago,
        snap_length: interface.map_or(0, |i| i.snap_length),
        // Powers of ten up to nanoseconds stay; what is finer or between them is told in nanoseconds.
        digits: (0..9).find(|&digits| 10u64.pow(digits) == rate).unwrap_or(9) as u8,
        fcs: interface.map_or(frame.declared_fcs, |i| i.fcs),
    }
}

/// A time as the interface counts it.
fn ticks(time: Timestamp, written: &Written) -> u64 {
    let offset = if written.long_ago { LONG_AGO } else { 0 };
    let nanos = i128::from(time.nanos()) - i128::from(offset) * 1_000_000_000;
    (nanos / 10i128.pow(9 - u32::from(written.digits))) as u64
}

/// In octets, as most programs write and read it; from 8 on in bits, as a reader takes it for that.
fn fcs_length(octets: u8) -> u8 {
    if octets < 8 { octets } else { octets.checked_mul(8).unwrap_or(octets) }
}

fn length(frame: &Frame<'_>) -> Result<u32, String> {
    u32::try_from(frame.octets.len()).map_err(|_| format!("packet {} is too long", frame.number))
}

fn section(comments: &[String], out: &mut Vec<u8>) {
    block(SECTION, out, |out| {
        out.extend_from_slice(&[0x4d, 0x3c, 0x2b, 0x1a, 1, 0, 0, 0]);
        out.extend_from_slice(&(-1i64).to_le_bytes());
        let start = out.len();
        for comment in comments {
            text(COMMENT, comment, out);
        }
        end_options(start, out);
    });
}

/// A block: its type, and its length at both ends.
fn block(kind: u32, out: &mut Vec<u8>, body: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    out.extend_from_slice(&kind.to_le_bytes());
    out.extend_from_slice(&[0; 4]);
    body(out);
    let length = ((out.len() - start + 4) as u32).to_le_bytes();
    out.extend_from_slice(&length);
    out[start + 4..start + 8].copy_from_slice(&length);
}

/// A text option, cut at the last whole character that its 16-bit length can hold.
fn text(code: u16, text: &str, out: &mut Vec<u8>) {
    let longest = text.len().min(usize::from(u16::MAX));
    let end = (0..=longest).rev().find(|&end| text.is_char_boundary(end)).unwrap_or(0);
    option(code, &text.as_bytes()[..end], out);
}

fn option(code: u16, value: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(&code.to_le_bytes());
    out.extend_from_slice(&(value.len() as u16).to_le_bytes());
    padded(value, out);
}

/// Options that began at `start` have an end, where there are any.
fn end_options(start: usize, out: &mut Vec<u8>) {
    if out.len() > start {
        option(END_OF_OPTIONS, &[], out);
    }
}

fn padded(octets: &[u8], out: &mut Vec<u8>) {
    let start = out.len();
    out.extend_from_slice(octets);
    pad(out, start);
}
