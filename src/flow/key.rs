//! What makes two segments belong together: the capture, and both ends' addresses and ports.

use super::{RoleBasis, SegmentInput};
use crate::dissect::TcpFlags;
use crate::packet::{Endpoint, PerSide};

/// A connection's key, the same for both directions: the lower endpoint stands first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Key {
    low: Endpoint,
    high: Endpoint,
    capture: u32,
}

impl Key {
    /// The key of a segment, and whether its sender is the lower endpoint.
    pub(super) fn of(input: &SegmentInput<'_>) -> (Self, bool) {
        let source = Endpoint::new(input.source, input.segment.source_port);
        let destination = Endpoint::new(input.destination, input.segment.destination_port);
        let from_low = source <= destination;
        let (low, high) = if from_low { (source, destination) } else { (destination, source) };
        (Self { low, high, capture: input.capture }, from_low)
    }

    /// The key of two endpoints, the lower one first.
    #[cfg(test)]
    pub(super) const fn between(low: Endpoint, high: Endpoint) -> Self {
        Self { low, high, capture: 1 }
    }

    /// The capture.
    pub(super) fn capture(&self) -> u32 {
        self.capture
    }

    /// Both endpoints by role.
    pub(super) fn endpoints(&self, initiator_is_low: bool) -> PerSide<Endpoint> {
        if initiator_is_low {
            PerSide { initiator: self.low, responder: self.high }
        } else {
            PerSide { initiator: self.high, responder: self.low }
        }
    }
}

/// Which end opened the connection, told from its first segment: the sender of a SYN or the receiver of a
/// SYN-ACK; without either, the end whose port is higher, as services listen on low ones.
pub(super) fn sender_is_initiator(input: &SegmentInput<'_>) -> (bool, RoleBasis) {
    let segment = &input.segment;
    if segment.flags.has(TcpFlags::SYN) {
        return (!segment.flags.has(TcpFlags::ACK), RoleBasis::Observed);
    }
    (segment.source_port >= segment.destination_port, RoleBasis::Inferred)
}
