//! What the rungs above say about the next one.

use super::super::row::Row;
use crate::dissect::TcpFlags;
use crate::flow::Step;
use crate::packet::PerSide;

/// What each end has sent up to a segment.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// Row of its first SYN without ACK.
    syn: PerSide<Option<usize>>,
    syn_ack: PerSide<bool>,
    /// Row of its first FIN.
    fin: PerSide<Option<usize>>,
    window: PerSide<Option<u32>>,
}

impl Seen {
    /// Takes in a segment.
    pub(super) fn add(&mut self, at: usize, row: &Row) {
        let from = row.place.from;
        match row.place.step {
            Step::Syn => *self.syn.of_mut(from) = self.syn.of(from).or(Some(at)),
            Step::SynAck => *self.syn_ack.of_mut(from) = true,
            _ => {}
        }
        if row.flags.has(TcpFlags::FIN) {
            *self.fin.of_mut(from) = self.fin.of(from).or(Some(at));
        }
        *self.window.of_mut(from) = row.place.window;
    }

    /// Whether the same end asked, or answered, with the same step before.
    pub(super) fn opens_again(&self, row: &Row) -> bool {
        match row.place.step {
            Step::Syn => self.syn.of(row.place.from).is_some(),
            Step::SynAck => *self.syn_ack.of(row.place.from),
            _ => false,
        }
    }

    /// The window that the receiver offered last.
    pub(super) fn window_for(&self, row: &Row) -> Option<u32> {
        *self.window.of(row.place.from.peer())
    }

    /// The row of the other end's SYN or FIN that was still on its way when this one was sent.
    pub(super) fn crosses(&self, rows: &[Row], row: &Row) -> Option<usize> {
        let (from, peer) = (row.place.from, row.place.from.peer());
        if row.place.step == Step::Syn {
            return self.syn.of(peer).filter(|_| self.syn.of(from).is_none());
        }
        let fin =
            self.fin.of(peer).filter(|_| row.flags.has(TcpFlags::FIN) && self.fin.of(from).is_none())?;
        let other = rows.get(fin)?;
        let number = other.place.relative_seq.wrapping_add(other.length);
        let knows = row.place.relative_ack.is_some_and(|ack| ack.wrapping_sub(number) as i32 > 0);
        (!knows).then_some(fin)
    }
}
