//! The shape of a closing, put together segment by segment.

use super::end::{End, Facts};
use super::opening::list;
use super::{Teardown, TeardownKind};
use crate::dissect::TcpFlags;
use crate::packet::{PerSide, Side};

/// What was seen of a closing.
#[derive(Debug, Default)]
pub(super) struct Closing {
    packets: Vec<u64>,
    first: Option<Side>,
    second: bool,
    /// The second FIN did not acknowledge the first.
    crossed: bool,
    /// An ACK of its own covered the first FIN before the second was sent.
    acked_alone: bool,
    /// The other end sent octets after it had acknowledged the first FIN.
    went_on: bool,
    reset: bool,
}

/// What a segment did for the closing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// Nothing.
    None,
    /// The first FIN.
    FirstFin,
    /// The other end's FIN.
    SecondFin,
    /// The ACK that covers a FIN for the first time.
    FinAck,
}

impl Closing {
    /// Looks at a segment of `from`, before the ends take note of it.
    pub(super) fn observe(&mut self, from: Side, own: &End, peer: &End, facts: &Facts, brought: u32) -> Part {
        if facts.flags.has(TcpFlags::RST) {
            if !self.is_complete(own, peer) {
                self.reset = true;
                self.first = self.first.or(Some(from));
                list(&mut self.packets, facts.packet);
            }
            return Part::None;
        }
        let covers = facts.flags.has(TcpFlags::ACK) && peer.fin.is_some_and(|fin| facts.ack.at_or_after(fin));
        let fin = facts.flags.has(TcpFlags::FIN);
        let part = match (fin, self.first) {
            (true, None) => Part::FirstFin,
            (true, Some(side)) if side != from && !self.second => Part::SecondFin,
            _ if covers && !peer.fin_acked => Part::FinAck,
            _ => Part::None,
        };
        let answers_first = covers && self.first == Some(from.peer());
        match part {
            Part::FirstFin => self.first = Some(from),
            Part::SecondFin => {
                self.second = true;
                self.crossed = !covers;
            }
            Part::FinAck => self.acked_alone |= answers_first && !self.second,
            Part::None => {}
        }
        self.went_on |= answers_first && brought > 0;
        if part != Part::None {
            list(&mut self.packets, facts.packet);
        }
        part
    }

    fn is_complete(&self, own: &End, peer: &End) -> bool {
        self.second && own.fin_acked && peer.fin_acked
    }

    fn kind(&self, ends: &PerSide<End>) -> TeardownKind {
        match (self.first, self.second) {
            _ if self.reset => TeardownKind::Reset,
            (None, _) => TeardownKind::Open,
            // one direction was captured: what the other end did is not known
            (Some(first), false) if !ends.of(first.peer()).seen() => TeardownKind::NotSeen,
            (Some(first), false) if !ends.of(first).fin_acked => TeardownKind::Open,
            (Some(_), false) => TeardownKind::HalfClosed,
            (Some(_), true) if self.went_on => TeardownKind::HalfClosed,
            (Some(_), true) if self.crossed => TeardownKind::Simultaneous,
            (Some(_), true) if self.acked_alone => TeardownKind::FourSegment,
            (Some(_), true) => TeardownKind::ThreeSegment,
        }
    }

    /// The record; `open` where the capture shows that there was a connection.
    pub(super) fn record(&self, open: bool, ends: &PerSide<End>) -> Teardown {
        let kind = match self.kind(ends) {
            TeardownKind::Open if !open => TeardownKind::NotSeen,
            kind => kind,
        };
        Teardown { kind, packets: self.packets.clone(), first: self.first }
    }
}
