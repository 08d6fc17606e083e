//! Classic pcap, as it is written (draft-ietf-opsawg-pcap): little endian, version 2.4.

use super::SourceInfo;
use crate::packet::{DeclaredFcs, Frame, LinkType};

/// The snap length that the header says: what libpcap takes for no limit.
const SNAP_LENGTH: u32 = 262_144;

/// What the header that was written promises.
#[derive(Debug, Clone, Copy)]
struct Promise {
    link_type: LinkType,
    fcs: DeclaredFcs,
    nanoseconds: bool,
}

/// Makes records of frames; the header comes before the first.
#[derive(Debug, Default)]
pub(super) struct Classic {
    promise: Option<Promise>,
}

impl Classic {
    /// Appends a record; the error says what the format has no place for.
    pub(super) fn record(
        &mut self,
        source: &SourceInfo,
        frame: &Frame<'_>,
        out: &mut Vec<u8>,
    ) -> Result<(), String> {
        let number = frame.number;
        let fine = source.interfaces.iter().any(|i| i.ticks_per_second > 1_000_000);
        let promise = self.promise.unwrap_or(Promise {
            link_type: frame.link_type,
            fcs: frame.declared_fcs,
            nanoseconds: fine,
        });
        if promise.link_type != frame.link_type {
            let (first, second) = (promise.link_type, frame.link_type);
            return Err(format!(
                "packet {number} has link type {second} after {first}: a pcap holds one; save as .pcapng"
            ));
        }
        if promise.fcs != frame.declared_fcs {
            return Err(format!("packet {number} declares another FCS: a pcap holds one; save as .pcapng"));
        }
        let Some(time) = frame.time else {
            return Err(format!("packet {number} has no time, which a pcap cannot say; save as .pcapng"));
        };
        let Ok(seconds) = u32::try_from(time.nanos().div_euclid(1_000_000_000)) else {
            return Err(format!(
                "packet {number} is from before 1970 or after 2106, which a pcap cannot say"
            ));
        };
        let Ok(captured) = u32::try_from(frame.octets.len()) else {
            return Err(format!("packet {number} is too long for a pcap"));
        };
        if self.promise.is_none() {
            header(promise, out)?;
            self.promise = Some(promise);
        }
        let nanos = time.nanos().rem_euclid(1_000_000_000) as u32;
        let fraction = if promise.nanoseconds { nanos } else { nanos / 1000 };
        for word in [seconds, fraction, captured, frame.original_length] {
            out.extend_from_slice(&word.to_le_bytes());
        }
        out.extend_from_slice(frame.octets);
        Ok(())
    }

    /// A capture without packets has a header all the same; it says Ethernet.
    pub(super) fn end(&mut self, out: &mut Vec<u8>) {
        if self.promise.is_none() {
            let promise =
                Promise { link_type: LinkType::ETHERNET, fcs: DeclaredFcs::Unknown, nanoseconds: false };
            self.promise = header(promise, out).ok().map(|()| promise);
        }
    }
}

fn header(promise: Promise, out: &mut Vec<u8>) -> Result<(), String> {
    let fcs = match promise.fcs {
        DeclaredFcs::Unknown => 0,
        DeclaredFcs::Absent => 0x0400_0000,
        // The length is counted in 16-bit words, in four bits.
        DeclaredFcs::Octets(octets) if octets % 2 == 0 && octets / 2 < 16 => {
            0x0400_0000 | u32::from(octets / 2) << 28
        }
        DeclaredFcs::Octets(octets) => {
            return Err(format!("an FCS of {octets} octets cannot be declared in a pcap; save as .pcapng"));
        }
    };
    let magic: u32 = if promise.nanoseconds { 0xa1b2_3c4d } else { 0xa1b2_c3d4 };
    let version = 2u32 | 4 << 16;
    for word in [magic, version, 0, 0, SNAP_LENGTH, u32::from(promise.link_type.0) | fcs] {
        out.extend_from_slice(&word.to_le_bytes());
    }
    Ok(())
}
