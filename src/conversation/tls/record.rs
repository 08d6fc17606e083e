//! The record layer (RFC 8446 section 5.1, RFC 5246 section 6.2): octets of one side, in whatever pieces they
//! come, and the records that they are.

use crate::flow::Delivery;
use crate::packet::Timestamp;

/// Octets of a record's header.
pub(super) const HEADER: usize = 5;
/// Octets that a record may have behind its header: 2^14 and, in TLS 1.2, 2,048 for its protection.
pub(super) const MAX_CONTENT: usize = (1 << 14) + 2048;

/// Content types.
pub(super) mod content {
    pub(in super::super) const CHANGE_CIPHER_SPEC: u8 = 20;
    pub(in super::super) const ALERT: u8 = 21;
    pub(in super::super) const HANDSHAKE: u8 = 22;
    pub(in super::super) const APPLICATION_DATA: u8 = 23;
    pub(in super::super) const HEARTBEAT: u8 = 24;
}

/// The packets that something came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Packets {
    /// The first one.
    pub first: u64,
    /// The last one: with it all was there.
    pub last: u64,
    /// When the last one was captured.
    pub time: Option<Timestamp>,
}

impl Packets {
    fn of(delivery: Delivery) -> Self {
        Self { first: delivery.packet, last: delivery.packet, time: delivery.time }
    }
}

/// The header of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) kind: u8,
    pub(super) version: u16,
    pub(super) length: usize,
}

impl Header {
    /// The header that octets begin with; `None` where they cannot be one.
    fn read(octets: &[u8]) -> Option<Self> {
        let &[kind, 3, minor, high, low] = octets.first_chunk::<HEADER>()? else { return None };
        let length = usize::from(u16::from_be_bytes([high, low]));
        let known = matches!(kind, content::CHANGE_CIPHER_SPEC..=content::HEARTBEAT) && minor <= 4;
        let fits = length <= MAX_CONTENT && (length > 0 || kind == content::APPLICATION_DATA);
        (known && fits).then_some(Self { kind, version: u16::from_be_bytes([3, minor]), length })
    }
}

/// What comes next of a side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// All octets are used up.
    More,
    /// A record, and whether its content was asked for and can be read until [`Records::done`].
    Record(Header, Packets, bool),
    /// So many octets could not be records; what follows them can.
    Lost(u64, Packets),
}

/// Octets that a search looks at in one go.
const STEP: usize = 64;

/// Puts the records of one side together.
#[derive(Debug, Default)]
pub(super) struct Records {
    /// A record as far as it has come, header and all, from `start` on; in a search, all that may be one.
    held: Vec<u8>,
    start: usize,
    packets: Option<Packets>,
    /// The length of the record that was announced last, header and all.
    announced: usize,
    /// Octets of a record that are still to be passed over, and its header.
    passing: Option<(usize, Header)>,
    /// Set while it is searched for a header: octets given up so far.
    searching: Option<u64>,
}

impl Records {
    /// Octets that wait for more.
    pub(super) fn held(&self) -> usize {
        self.held.len()
    }

    /// Octets in which no record was found so far.
    pub(super) fn lost(&self) -> u64 {
        self.searching.map_or(0, |lost| lost + self.unread().len() as u64)
    }

    /// The content of the record that was announced last.
    pub(super) fn content(&self) -> &[u8] {
        self.unread().get(HEADER..self.announced).unwrap_or_default()
    }

    /// The record that was announced last has been read.
    pub(super) fn done(&mut self) {
        self.advance(self.announced);
        self.announced = 0;
        self.packets = None;
    }

    /// The buffer where nothing waits in it, to be filled by others or to be another's.
    pub(super) fn idle_buffer(&mut self) -> Option<&mut Vec<u8>> {
        self.held.is_empty().then_some(&mut self.held)
    }

    /// Octets are missing: the search for the next record begins behind them.
    pub(super) fn gap(&mut self) {
        let lost = self.lost();
        self.held.clear();
        (self.start, self.announced) = (0, 0);
        (self.packets, self.passing) = (None, None);
        self.searching = Some(lost);
    }

    /// Reads on from `octets`, which shrink to what was not used. `wanted`: whether the content of a record with
    /// this header is needed.
    pub(super) fn next(
        &mut self,
        delivery: Delivery,
        octets: &mut &[u8],
        wanted: impl Fn(Header) -> bool,
    ) -> Next {
        if self.searching.is_some() {
            return self.search(delivery, octets);
        }
        if let Some((left, header)) = self.passing {
            return self.pass(left, header, delivery, octets);
        }
        if octets.is_empty() && self.unread().len() < HEADER {
            return Next::More;
        }
        let packets = self.note(delivery);
        self.take(octets, HEADER);
        if self.unread().len() < HEADER {
            return Next::More;
        }
        let Some(header) = Header::read(self.unread()) else {
            self.searching = Some(0);
            return self.search(delivery, octets);
        };
        let whole = HEADER + header.length;
        if self.unread().len() == HEADER && !wanted(header) {
            self.advance(HEADER);
            return self.pass(header.length, header, delivery, octets);
        }
        self.take(octets, whole);
        if self.unread().len() < whole {
            return Next::More;
        }
        self.announced = whole;
        Next::Record(header, packets, true)
    }

    fn unread(&self) -> &[u8] {
        self.held.get(self.start..).unwrap_or_default()
    }

    /// So many octets at the beginning are not needed any more.
    fn advance(&mut self, octets: usize) {
        self.start += octets;
        if self.start >= self.held.len() {
            self.held.clear();
            self.start = 0;
        } else if self.start > MAX_CONTENT {
            self.held.drain(..self.start);
            self.start = 0;
        }
    }

    /// Takes octets until so many are held.
    fn take(&mut self, octets: &mut &[u8], until: usize) {
        let (taken, rest) = octets.split_at(until.saturating_sub(self.unread().len()).min(octets.len()));
        self.held.extend_from_slice(taken);
        *octets = rest;
    }

    fn note(&mut self, delivery: Delivery) -> Packets {
        let packets = self.packets.get_or_insert(Packets::of(delivery));
        (packets.last, packets.time) = (delivery.packet, delivery.time);
        *packets
    }

    fn pass(&mut self, left: usize, header: Header, delivery: Delivery, octets: &mut &[u8]) -> Next {
        let used = left.min(octets.len());
        *octets = octets.get(used..).unwrap_or_default();
        self.passing = (used < left).then_some((left - used, header));
        if used == 0 && left > 0 {
            return Next::More;
        }
        let packets = self.note(delivery);
        if self.passing.is_some() {
            return Next::More;
        }
        self.packets = None;
        Next::Record(header, packets, false)
    }

    /// A header counts when the record that it announces ends where another begins, or with all that has come:
    /// within protected octets every pattern of five occurs.
    fn search(&mut self, delivery: Delivery, octets: &mut &[u8]) -> Next {
        let packets = self.note(delivery);
        loop {
            let unread = self.unread();
            let needed = match Header::read(unread) {
                Some(header) => {
                    let whole = HEADER + header.length;
                    match unread.get(whole..) {
                        Some([]) if octets.is_empty() => return self.found(packets),
                        Some(after) if after.len() >= HEADER => {
                            if Header::read(after).is_some() {
                                return self.found(packets);
                            }
                            self.give_up_one();
                            continue;
                        }
                        _ => whole + HEADER,
                    }
                }
                None if unread.len() >= HEADER => {
                    self.give_up_one();
                    continue;
                }
                None => STEP,
            };
            if octets.is_empty() {
                return Next::More;
            }
            self.take(octets, needed);
        }
    }

    fn give_up_one(&mut self) {
        self.advance(1);
        self.searching = self.searching.map(|lost| lost + 1);
    }

    fn found(&mut self, packets: Packets) -> Next {
        Next::Lost(self.searching.take().unwrap_or_default(), packets)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::packet::Side;

    fn record(kind: u8, content: &[u8]) -> Vec<u8> {
        let mut octets = vec![kind, 3, 3];
        octets.extend((content.len() as u16).to_be_bytes());
        octets.extend(content);
        octets
    }

    fn delivery(packet: u64) -> Delivery {
        Delivery { stream: 0, from: Side::Initiator, offset: 0, packet, time: None }
    }

    /// All records of `pieces`: kind, content where it was wanted, first and last packet. Lost octets are of kind 0.
    fn read(records: &mut Records, pieces: &[&[u8]], wanted: bool) -> Vec<(u8, Vec<u8>, u64, u64)> {
        let mut out = Vec::new();
        for (packet, piece) in (1..).zip(pieces) {
            let mut octets = *piece;
            loop {
                match records.next(delivery(packet), &mut octets, |_| wanted) {
                    Next::More => break,
                    Next::Record(header, packets, held) => {
                        let content = if held { records.content().to_vec() } else { Vec::new() };
                        out.push((header.kind, content, packets.first, packets.last));
                        if held {
                            records.done();
                        }
                    }
                    Next::Lost(octets, packets) => {
                        out.push((0, vec![0; octets as usize], packets.first, packets.last));
                    }
                }
            }
        }
        out
    }

    #[test]
    fn records_are_the_same_however_they_are_cut() {
        let octets = [record(22, b"hello"), record(23, b""), record(23, &[23; 300])].concat();
        let kinds =
            |out: &[(u8, Vec<u8>, u64, u64)]| out.iter().map(|r| (r.0, r.1.len())).collect::<Vec<_>>();
        for size in 1..octets.len() {
            let pieces: Vec<_> = octets.chunks(size).collect();
            let out = read(&mut Records::default(), &pieces, true);
            assert_eq!(kinds(&out), [(22, 5), (23, 0), (23, 300)], "in pieces of {size}");
            assert_eq!((out[2].2, out[2].3), ((15 / size + 1) as u64, pieces.len() as u64));
            let passed = read(&mut Records::default(), &pieces, false);
            assert_eq!(kinds(&passed), [(22, 0), (23, 0), (23, 0)], "in pieces of {size}");
            assert_eq!((passed[2].2, passed[2].3), (out[2].2, out[2].3));
        }
    }

    #[test]
    fn behind_a_gap_the_next_header_that_another_follows_counts() {
        let mut records = Records::default();
        let whole = [record(23, &[7; 50]), record(23, &[8; 20])].concat();
        read(&mut records, &[&whole[..20]], true);
        records.gap();
        // in what is left of the first record something looks like a header
        let rest = [&[7, 7, 23, 3, 3, 0, 9, 7, 7][..], &record(23, &[9; 40]), &record(21, &[1, 0])].concat();
        let out = read(&mut records, &[&rest[..30], &rest[30..]], true);
        assert_eq!(out.iter().map(|r| (r.0, r.1.len())).collect::<Vec<_>>(), [(0, 9), (23, 40), (21, 2)]);
    }

    #[test]
    fn what_is_no_record_is_lost_and_bounded() {
        let mut records = Records::default();
        let out = read(&mut records, &[&[0x41; 100_000]], true);
        assert_eq!(out, []);
        assert_eq!(records.lost(), 100_000);
        assert!(records.held() < 2 * MAX_CONTENT);
    }

    proptest! {
        #[test]
        fn arbitrary_octets_are_records_or_lost(
            octets in proptest::collection::vec(prop_oneof![Just(23u8), Just(3), Just(0), any::<u8>()], 0..600),
            size in 1usize..80,
            gaps in any::<bool>(),
        ) {
            let mut records = Records::default();
            if gaps {
                records.gap();
            }
            let pieces: Vec<_> = octets.chunks(size).collect();
            let out = read(&mut records, &pieces, true);
            let records_and_lost: usize =
                out.iter().map(|r| r.1.len() + if r.0 == 0 { 0 } else { HEADER }).sum();
            let rest = if records.lost() > 0 { records.lost() as usize } else { records.held() - records.start };
            prop_assert_eq!(records_and_lost + rest, octets.len());
        }
    }
}
