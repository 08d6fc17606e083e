//! What stands on a rung.

use super::super::super::style::{Style, push_clipped, width};
use super::super::fate::{Fate, Fates};
use super::super::row::Row;
use super::seen::Seen;
use crate::dissect::TcpFlags;
use crate::flow::{Connection, Reset};
use crate::packet::Note;
use crate::report::info;

/// Notes that a rung names, the most telling one first.
const NAMED: [Note; 12] = [
    Note::FastRetransmission,
    Note::SpuriousRetransmission,
    Note::Retransmission,
    Note::LostSegment,
    Note::OutOfOrder,
    Note::ZeroWindowProbe,
    Note::ZeroWindowProbeAck,
    Note::ZeroWindow,
    Note::WindowFull,
    Note::WindowUpdate,
    Note::KeepAlive,
    Note::KeepAliveAck,
];

/// `SYN seq=0 mss=1460`, and what is odd about it.
#[derive(Debug, Default)]
pub(super) struct Label {
    flags: String,
    /// In the order of writing, each with how important it is.
    parts: Vec<(u8, String)>,
    tag: Option<String>,
}

impl Label {
    /// Of a row; `seen` is what came before it.
    pub(super) fn new(
        style: &Style,
        c: &Connection,
        rows: &[Row],
        at: usize,
        fates: &Fates,
        seen: &Seen,
    ) -> Self {
        let Some(row) = rows.get(at) else { return Self::default() };
        let place = &row.place;
        let mut label = Self::default();
        info::write_flags(row.flags, &mut label.flags);
        let asks = [Note::KeepAlive, Note::ZeroWindowProbe].into_iter().any(|note| place.notes.has(note));
        let bare = row.length == 0 && !asks && !row.flags.any(TcpFlags::SYN | TcpFlags::FIN);
        label.part(if bare { 2 } else { 9 }, "seq", Some(place.relative_seq));
        label.part(if bare { 9 } else { 3 }, "ack", place.relative_ack);
        label.part(8, "len", Some(row.length).filter(|length| *length > 0));
        if row.flags.has(TcpFlags::SYN) {
            let offer = c.handshake.offers.of(place.from);
            label.part(4, "mss", offer.and_then(|offer| offer.mss).map(u32::from));
            label.part(1, "win", place.window);
        } else if place.notes.has(Note::WindowUpdate) {
            label.part(10, "win", place.window);
        } else if place.notes.has(Note::ZeroWindow) || place.notes.has(Note::ZeroWindowProbeAck) {
            label.part(7, "win", place.window);
        } else if place.notes.has(Note::WindowFull) {
            // the window that is full is the receiver's (RFC 5681 section 2), not the one in this header
            label.part(1, "rwnd", seen.window_for(row));
        }
        label.tag =
            tag(style, rows, at, row, fates, seen).map(|tag| style.say("tcp.ladder.tag", &[("tag", &tag)]));
        label
    }

    fn part(&mut self, importance: u8, name: &str, value: Option<u32>) {
        if let Some(value) = value {
            self.parts.push((importance, format!("{name}={value}")));
        }
    }

    /// As much of it as `columns` take: what matters least goes first, what is odd stays to the last.
    pub(super) fn fitted(&self, columns: usize) -> String {
        let mut least: Vec<u8> = self.parts.iter().map(|(importance, _)| *importance).collect();
        least.sort_unstable();
        let tries = std::iter::once(0).chain(least.into_iter().map(|importance| importance + 1));
        let mut text = String::new();
        for limit in tries {
            text = self.with(limit);
            if width(&text) <= columns {
                return text;
            }
        }
        let mut clipped = String::new();
        push_clipped(&mut clipped, self.tag.as_ref().unwrap_or(&text), columns);
        clipped
    }

    /// With the parts that are at least as important as `limit`.
    fn with(&self, limit: u8) -> String {
        let parts = self.parts.iter().filter(|(importance, _)| *importance >= limit).map(|(_, text)| text);
        let all = std::iter::once(&self.flags).chain(parts).chain(&self.tag);
        all.map(String::as_str).collect::<Vec<_>>().join(" ")
    }
}

/// What is odd about a segment.
fn tag(style: &Style, rows: &[Row], at: usize, row: &Row, fates: &Fates, seen: &Seen) -> Option<String> {
    if row.place.copy_of.is_some() {
        return Some(style.word("tcp.ladder.copy"));
    }
    match row.place.reset {
        Some(Reset::Ignored) => return Some(style.word("tcp.ladder.ignored")),
        Some(Reset::Challenged) => return Some(style.word("tcp.ladder.challenged")),
        Some(Reset::Ends | Reset::TurnsDown) | None => {}
    }
    if row.place.challenge {
        return Some(style.word("tcp.ladder.challenge"));
    }
    if seen.opens_again(row) {
        return Some(style.word("tcp.ladder.again"));
    }
    let crossed = seen.crosses(rows, row).filter(|other| fates.of(*other) != Fate::Lost);
    if let Some(other) = crossed.and_then(|other| rows.get(other)) {
        return Some(style.say("tcp.ladder.crosses", &[("packet", &other.packet)]));
    }
    let deserved = |note: &Note| row.place.notes.has(*note) && !row.flags.has(TcpFlags::SYN);
    if let Some(note) = NAMED.into_iter().find(deserved) {
        // what looks like a keep-alive asks for room where the window is shut
        let probes = note == Note::KeepAlive && seen.window_for(row) == Some(0);
        let note = if probes { Note::ZeroWindowProbe } else { note };
        return Some(style.word(&format!("note.name.{}", note.name())));
    }
    (fates.of(at) == Fate::Partly).then(|| style.word("tcp.ladder.partly"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_matters_least_is_dropped_first_and_what_is_odd_last() {
        let parts = [(9, "seq=4345"), (3, "ack=1"), (8, "len=1448")];
        let label = Label {
            flags: "PSH ACK".to_owned(),
            parts: parts.map(|(importance, text)| (importance, text.to_owned())).to_vec(),
            tag: Some("(window full)".to_owned()),
        };
        assert_eq!(label.fitted(60), "PSH ACK seq=4345 ack=1 len=1448 (window full)");
        assert_eq!(label.fitted(44), "PSH ACK seq=4345 len=1448 (window full)");
        assert_eq!(label.fitted(31), "PSH ACK seq=4345 (window full)");
        assert_eq!(label.fitted(21), "PSH ACK (window full)");
        assert_eq!(label.fitted(20), "(window full)");
    }
}
