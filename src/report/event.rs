//! The events that every sink is told of.

use std::ops::Range;

use crate::capture::{Damage, SourceInfo};
use crate::dissect::Dissection;
use crate::flow::Place;
use crate::packet::{Frame, Protocol};

/// A packet, taken apart and put in its place.
#[derive(Debug, Clone, Copy)]
pub struct PacketEvent<'a> {
    /// As captured.
    pub frame: &'a Frame<'a>,
    /// Its headers.
    pub dissection: &'a Dissection<'a>,
    /// Its place in its TCP connection.
    pub place: Option<&'a Place>,
    /// What the payload of its TCP connection speaks.
    pub application: Option<Protocol>,
    /// Ranges of the transport payload that must not be shown.
    pub concealed: &'a [Range<u32>],
}

/// What is known when everything has been read.
#[derive(Debug, Clone, Default)]
pub struct Summary {
    /// Each file, with the number of the capture it belongs to.
    pub sources: Vec<(u32, SourceInfo)>,
    /// Packets that were read.
    pub packets_read: u64,
    /// Packets that passed the filter and the other choices.
    pub packets_shown: u64,
    /// Damage that was met.
    pub damage: Vec<Damage>,
    /// Whether FCS verdicts rest on the whole capture, not only on what was read before the frame.
    pub fcs_first_pass: bool,
}
