//! An HTTP stream, from its first octet to its last exchange.

use std::ops::Range;

use super::body::Sharing;
use super::exchange::{Cut, Ends, Exchange};
use super::half::{Half, Mark};
use super::pairing::{Became, Pairing};
use super::start::Kind;
use crate::flow::{Connection, Delivery, TeardownKind};
use crate::packet::Side;

/// Bounds of what is kept of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Octets of a head.
    pub head: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { head: 64 << 10 }
    }
}

/// Reads one stream.
pub struct Reader {
    client: Side,
    halves: [Half; 2],
    pairing: Pairing,
    /// Where in each half another protocol begins.
    over_at: [Option<u64>; 2],
}

impl Reader {
    /// `client`: who asks. Without `sharing` no exchange is written down, only which octets are secret.
    pub fn new(client: Side, limits: Limits, sharing: Option<Sharing>) -> Self {
        let halves = [Kind::Request, Kind::Response].map(|kind| Half::new(kind, limits.head));
        Self { client, halves, pairing: Pairing::new(client, sharing), over_at: [None; 2] }
    }

    /// The side that asks, from the first octets of both: the initiator, unless it answers.
    pub fn client_of(initiator: &[u8], responder: &[u8]) -> Side {
        let swapped = initiator.starts_with(b"HTTP/1.")
            || (initiator.is_empty() && !responder.is_empty() && !responder.starts_with(b"HTTP/1."));
        if swapped { Side::Responder } else { Side::Initiator }
    }

    /// The next octets of one side; how many of them are HTTP. What is behind belongs to the protocol that the
    /// connection [`became`](Self::became).
    pub fn octets(&mut self, delivery: Delivery, octets: &[u8]) -> usize {
        let kind = self.kind(delivery.from);
        self.pairing.at_stream(delivery.stream);
        let used = self.halves[kind as usize].octets(delivery, octets, &mut self.pairing);
        if self.pairing.is_over() {
            self.over_at[kind as usize].get_or_insert(delivery.offset + used as u64);
        }
        used
    }

    /// Octets of one side that are not in the capture.
    pub fn gap(&mut self, delivery: Delivery, length: u64) {
        let kind = self.kind(delivery.from);
        self.halves[kind as usize].gap(delivery, length, &mut self.pairing);
    }

    /// One side sends no more, or the connection was reset.
    pub fn end(&mut self, delivery: Delivery, reset: bool) {
        let mark = Mark::from(delivery);
        let kind = self.kind(delivery.from);
        self.halves[kind as usize].end(mark, reset, &mut self.pairing);
        if reset {
            let other = self.kind(delivery.from.peer());
            self.halves[other as usize].end(mark, reset, &mut self.pairing);
        }
    }

    /// Whether what this side says here belongs to another protocol.
    pub fn is_over_at(&self, from: Side, offset: u64) -> bool {
        self.over_at[self.kind(from) as usize].is_some_and(|over| over <= offset)
    }

    /// What the connection became for good, if it did.
    pub fn became(&self) -> Option<&Became> {
        self.pairing.became()
    }

    /// The next exchange that is known in full.
    pub fn take_finished(&mut self) -> Option<Exchange> {
        self.pairing.take_finished()
    }

    /// What must not be shown; `asked` is `None` where the place in the stream is not known. Of octets that belong
    /// to another protocol nothing is said.
    pub fn concealed(&self, from: Side, asked: Option<Range<u64>>, length: u32, out: &mut Vec<Range<u32>>) {
        let kind = self.kind(from);
        match asked {
            Some(asked) if self.is_over_at(from, asked.start) => {}
            Some(asked) => self.halves[kind as usize].concealed(asked, self.pairing.is_over(), out),
            None if self.pairing.is_over() => {}
            None => out.push(0..length),
        }
    }

    /// The connection is over: what was still under way.
    pub fn finish(mut self, connection: &Connection) -> impl Iterator<Item = Exchange> {
        let was_reset = connection.teardown.kind == TeardownKind::Reset;
        let cut = if was_reset { Cut::Reset } else { Cut::CaptureEnds };
        for half in &mut self.halves {
            half.finish(cut, &mut self.pairing);
        }
        self.pairing.finish(cut);
        let ends = Ends { capture: connection.capture, endpoints: connection.endpoints };
        std::iter::from_fn(move || self.pairing.take_finished())
            .map(move |exchange| Exchange { ends: Some(ends), ..exchange })
    }

    fn kind(&self, from: Side) -> Kind {
        if from == self.client { Kind::Request } else { Kind::Response }
    }
}
