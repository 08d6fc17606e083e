//! A frame as it comes out of a capture.

use super::{LinkType, Timestamp};

/// What the capture itself says about the frame check sequence at the end of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum DeclaredFcs {
    /// The capture says nothing.
    #[default]
    Unknown,
    /// The capture says that frames have none (a declared length of 0).
    Absent,
    /// The capture says that frames end in an FCS of this many octets.
    Octets(u8),
}

/// A frame, borrowed from its source until the next one is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Frame<'a> {
    /// The point of view that it was captured from; counts from 1 (see [`crate::capture`]).
    pub capture: u32,
    /// Its place in that capture before any filter; counts from 1.
    pub number: u64,
    /// When it was captured; `None` where the capture does not say (simple packet blocks).
    pub time: Option<Timestamp>,
    /// What kind of link layer header it begins with.
    pub link_type: LinkType,
    /// The interface it was seen on, as numbered in the capture, counting from 0.
    pub interface: u32,
    /// Octets that were on the link, which may be more than were captured.
    pub original_length: u32,
    /// The octets that were captured.
    pub octets: &'a [u8],
    /// What the capture says about its FCS.
    pub declared_fcs: DeclaredFcs,
    /// The capture says that the capturing host sent it (the direction in the flags of a pcapng packet).
    pub is_outbound: bool,
    /// Comments that the capture carries for this frame.
    pub comments: &'a [String],
}

impl Frame<'_> {
    /// Whether the end of the frame was cut off by the capture's snap length.
    pub const fn is_cut(&self) -> bool {
        (self.octets.len() as u64) < self.original_length as u64
    }
}
