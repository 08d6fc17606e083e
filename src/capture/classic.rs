//! Classic pcap: a header, and records one after the other (draft-ietf-opsawg-pcap).
//!
//! Read here and not through libpcap, which hides three things that are wanted: the link type as the file has
//! it, the FCS bits that share its word, and octets of a record beyond the header's snap length. It also reads
//! 4 KiB at a time. What it refuses is refused here in its words, which people look for.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use super::block::Order;
use super::input::{HEAD, Octets};
use super::window::Window;
use super::{Damage, Interface, SourceInfo};
use crate::packet::{DeclaredFcs, Frame, LinkType, Timestamp};

/// The header of a classic pcap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    order: Order,
    version: (u16, u16),
    link_type: LinkType,
    fcs: DeclaredFcs,
    snap_length: u32,
    ticks_per_second: u64,
    /// Octets of a record's header.
    record_header: usize,
}

impl Header {
    /// `None` where the magic is another; the error is the number of octets of a header that is cut.
    pub(super) fn parse(head: &[u8]) -> Option<Result<Self, usize>> {
        let magic: [u8; 4] = head.first_chunk().copied()?;
        let (ticks_per_second, record_header, order) = match magic {
            [0xa1, 0xb2, 0xc3, 0xd4] => (1_000_000, 16, Order::Big),
            [0xd4, 0xc3, 0xb2, 0xa1] => (1_000_000, 16, Order::Little),
            [0xa1, 0xb2, 0x3c, 0x4d] => (1_000_000_000, 16, Order::Big),
            [0x4d, 0x3c, 0xb2, 0xa1] => (1_000_000_000, 16, Order::Little),
            // Alexey Kuznetzov's patched libpcap: eight octets more in each record.
            [0xa1, 0xb2, 0xcd, 0x34] => (1_000_000, 24, Order::Big),
            [0x34, 0xcd, 0xb2, 0xa1] => (1_000_000, 24, Order::Little),
            _ => return None,
        };
        let fields = || {
            let network = order.u32(head, 20)?;
            Some(Self {
                order,
                version: (order.u16(head, 4)?, order.u16(head, 6)?),
                link_type: LinkType(network as u16),
                fcs: declared_fcs(network),
                snap_length: order.u32(head, 16)?,
                ticks_per_second,
                record_header,
            })
        };
        Some(fields().ok_or(head.len()))
    }

    /// Whether records of this version can be read, and if not, why.
    fn is_known(&self) -> Result<(), String> {
        match self.version {
            (2, 0..=4) | (543, 0) => Ok(()),
            (0 | 1, _) => Err("archaic pcap savefile format".to_owned()),
            (major, minor) => Err(format!("unsupported pcap savefile version {major}.{minor}")),
        }
    }

    /// Writers before version 2.4 had the two lengths of a record in the other order, in 2.3 only some of them.
    fn has_lengths_swapped(&self, captured: u32, original: u32) -> bool {
        match self.version {
            (2, 3) => captured > original,
            (2, 4..) => false,
            _ => true,
        }
    }

    /// The most octets that a record can hold: libpcap's bounds.
    const fn longest_record(&self) -> u32 {
        match self.link_type.0 {
            // D-Bus; USB: Linux, its mmapped form, USBPcap
            231 | 189 | 220 | 249 => 128 << 20,
            // Elektrobit's automotive buses
            279 => 8 << 20,
            _ => 256 << 10,
        }
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
    window: Window,
    header: Header,
    info: SourceInfo,
    number: u64,
    /// Octets of the record that was lent out, to be left behind.
    pending: usize,
    ended: bool,
}

/// What the header of a record says.
struct Record {
    time: Timestamp,
    captured: usize,
    original_length: u32,
}

impl Classic {
    pub(super) fn open(
        header: Header,
        octets: Octets,
        position: &Arc<AtomicU64>,
        mut info: SourceInfo,
    ) -> Result<Self, String> {
        header.is_known()?;
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
        let mut window = Window::new(octets, position);
        window.fill(HEAD);
        window.consume(HEAD);
        Ok(Self { window, header, info, number: 0, pending: 0, ended: false })
    }

    pub(super) fn next_frame(&mut self) -> Result<Option<(Frame<'_>, &SourceInfo)>, Damage> {
        if self.ended {
            return Ok(None);
        }
        let record = match self.next_record() {
            Ok(Some(record)) => record,
            Ok(None) => {
                self.ended = true;
                return Ok(None);
            }
            Err(reason) => {
                self.ended = true;
                return Err(self.damage(reason));
            }
        };
        self.number += 1;
        let begin = self.header.record_header;
        self.pending = begin + record.captured;
        let frame = Frame {
            capture: 1,
            number: self.number,
            time: Some(record.time),
            link_type: self.header.link_type,
            interface: 0,
            original_length: record.original_length,
            octets: self.window.data().get(begin..self.pending).unwrap_or_default(),
            declared_fcs: self.header.fcs,
            is_outbound: false,
            comments: &[],
        };
        Ok(Some((frame, &self.info)))
    }

    /// The next record, all of which is then in the window; the error says what is wrong.
    fn next_record(&mut self) -> Result<Option<Record>, String> {
        self.window.consume(std::mem::take(&mut self.pending));
        let header_length = self.header.record_header;
        if !self.window.fill(header_length) {
            return match self.window.data().len() {
                0 => self.window.take_failure().map_or(Ok(None), Err),
                left => Err(self.cut(format!("{header_length} header bytes, only got {left}"))),
            };
        }
        let Some(record) = self.read_header() else { return Ok(None) };
        let longest = self.header.longest_record();
        if record.captured > longest as usize {
            return Err(self.too_long(record.captured, longest));
        }
        if !self.window.fill(header_length + record.captured) {
            let left = self.window.data().len() - header_length;
            return Err(self.cut(format!("{} captured bytes, only got {left}", record.captured)));
        }
        Ok(Some(record))
    }

    fn read_header(&self) -> Option<Record> {
        let Header { order, ticks_per_second, .. } = self.header;
        let word = |at| order.u32(self.window.data(), at);
        let (seconds, fraction) = (i64::from(word(0)?), i64::from(word(4)?));
        let nanos = if ticks_per_second == 1_000_000 { fraction * 1000 } else { fraction };
        let (mut captured, mut original) = (word(8)?, word(12)?);
        if self.header.has_lengths_swapped(captured, original) {
            (captured, original) = (original, captured);
        }
        Some(Record { time: time(seconds, nanos), captured: captured as usize, original_length: original })
    }

    /// The file ends, or cannot be read further, before what was to be read.
    fn cut(&mut self, tried: String) -> String {
        let failure = self.window.take_failure();
        failure.unwrap_or_else(|| format!("truncated dump file; tried to read {tried}"))
    }

    fn too_long(&self, captured: usize, longest: u32) -> String {
        let snap_length = match self.header.snap_length {
            0 | 0x8000_0000.. => longest,
            length => length,
        };
        let bound = match captured > snap_length as usize {
            true => format!("snaplen of {snap_length}"),
            false => format!("maximum of {longest}"),
        };
        format!("invalid packet capture length {captured}, bigger than {bound}")
    }

    fn damage(&self, reason: String) -> Damage {
        let name = self.info.name.clone();
        Damage { name, offset: Some(self.window.offset()), packets: self.number, reason }
    }

    pub(super) fn info(&self) -> &SourceInfo {
        &self.info
    }
}

/// The fraction, in nanoseconds, can be more than a second in a hostile file.
fn time(seconds: i64, nanos: i64) -> Timestamp {
    const SECOND: i64 = 1_000_000_000;
    Timestamp::from_parts(seconds + nanos / SECOND, (nanos % SECOND) as u32)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::capture::Source;

    /// A little-endian capture of microseconds: its version, and records of seconds, both lengths and octets.
    fn capture(version: [u16; 2], records: &[([u32; 3], &[u8])]) -> Vec<u8> {
        let mut octets = 0xa1b2_c3d4_u32.to_le_bytes().to_vec();
        octets.extend(version.iter().flat_map(|number| number.to_le_bytes()));
        octets.extend([0, 0, 64, 1].iter().flat_map(|word: &u32| word.to_le_bytes()));
        for ([seconds, first, second], data) in records {
            octets.extend([*seconds, 7, *first, *second].iter().flat_map(|word| word.to_le_bytes()));
            octets.extend_from_slice(data);
        }
        octets
    }

    fn source(octets: Vec<u8>) -> Source {
        Source::from_reader("a", std::io::Cursor::new(octets)).unwrap()
    }

    /// Seconds, octets and original length of each frame; what is wrong in the end.
    fn read(octets: Vec<u8>) -> (Vec<(i64, usize, u32)>, Option<String>) {
        let (mut source, mut frames) = (source(octets), Vec::new());
        loop {
            match source.next_frame() {
                Ok(Some(frame)) => {
                    let seconds = frame.time.unwrap().nanos() / 1_000_000_000;
                    frames.push((seconds, frame.octets.len(), frame.original_length));
                }
                Ok(None) => return (frames, None),
                Err(damage) => return (frames, Some(damage.to_string())),
            }
        }
    }

    #[test]
    fn seconds_go_on_after_january_2038() {
        let octets = capture([2, 4], &[([0x8000_0000, 1, 1], b"x"), ([u32::MAX, 1, 1], b"x")]);
        assert_eq!(read(octets).0, [(1 << 31, 1, 1), ((1 << 32) - 1, 1, 1)]);
    }

    #[test]
    fn a_record_longer_than_the_snap_length_is_read_whole_and_one_that_cannot_be_is_damage() {
        let octets = capture([2, 4], &[([1, 100, 100], &[0; 100]), ([2, 300_000, 300_000], b"x")]);
        let (frames, wrong) = read(octets);
        assert_eq!(frames, [(1, 100, 100)]);
        let wrong = wrong.unwrap();
        assert!(wrong.contains("offset 140, after packet 1") && wrong.contains("300000"), "{wrong}");
    }

    #[test]
    fn before_version_2_4_the_lengths_of_a_record_stand_in_the_other_order() {
        let one =
            |version, lengths: [u32; 2]| read(capture(version, &[([0, lengths[0], lengths[1]], b"abc")])).0;
        assert_eq!(one([2, 2], [9, 3]), [(0, 3, 9)]);
        assert_eq!(one([2, 3], [9, 3]), [(0, 3, 9)]);
        assert_eq!(one([2, 3], [3, 9]), [(0, 3, 9)]);
        assert_eq!(one([2, 4], [3, 2]), [(0, 3, 2)]);
    }

    #[test]
    fn a_version_that_nobody_knows_is_refused() {
        for (version, words) in [([1, 2], "archaic"), ([2, 5], "version 2.5"), ([543, 1], "version 543.1")] {
            let octets = std::io::Cursor::new(capture(version, &[]));
            let error = Source::from_reader("a", octets).err().unwrap().to_string();
            assert!(error.contains(words), "{error}");
        }
    }

    #[test]
    fn every_cut_gives_the_records_before_it() {
        let whole = capture([2, 4], &[([1, 3, 3], b"abc"), ([2, 0, 60], b""), ([3, 2, 2], b"de")]);
        let ends = [24, 43, 59, 77];
        for cut in 24..=whole.len() {
            let (frames, wrong) = read(whole[..cut].to_vec());
            assert_eq!(frames.len(), ends.iter().filter(|&&end| end <= cut).count() - 1, "{cut}");
            assert_eq!(wrong.is_none(), ends.contains(&cut), "{cut}: {wrong:?}");
        }
    }

    proptest! {
        #[test]
        fn arbitrary_octets_behind_a_header_never_panic_or_loop(
            version in 0u16..6,
            words in proptest::collection::vec(prop_oneof![0u32..64, any::<u32>()], 0..80),
        ) {
            let mut octets = capture([2, version.min(4)], &[]);
            octets.extend(words.iter().flat_map(|word| word.to_le_bytes()));
            let mut source = source(octets);
            while !matches!(source.next_frame(), Ok(None)) {}
        }
    }
}
