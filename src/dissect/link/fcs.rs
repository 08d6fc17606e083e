//! The Ethernet frame check sequence (IEEE 802.3 clause 3.2.9), and why one is believed to be there.

use crate::packet::Frame;

/// What the user says about FCSs (`--fcs`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FcsMode {
    /// Go by declaration and evidence.
    #[default]
    Auto,
    /// Every frame ends in an FCS.
    Always,
    /// No frame does.
    Never,
}

/// The verdict on a frame's FCS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FcsState {
    /// It matches the frame.
    Good,
    /// It does not match the frame.
    Bad,
    /// There is one, but not all of the frame was captured.
    Unverifiable,
    /// There is none.
    Absent,
    /// Nobody can tell.
    Unknown,
}

impl FcsState {
    /// The name in records.
    pub const fn name(self) -> &'static str {
        match self {
            FcsState::Good => "good",
            FcsState::Bad => "bad",
            FcsState::Unverifiable => "unverifiable",
            FcsState::Absent => "absent",
            FcsState::Unknown => "unknown",
        }
    }
}

/// Why an FCS is believed to be there, or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Basis {
    /// The capture says so.
    Declared,
    /// Frames of this source on this interface end in their own CRC-32.
    Inferred,
    /// The user says so.
    Forced,
    /// No reason either way.
    None,
}

impl Basis {
    /// The name in records.
    pub const fn name(self) -> &'static str {
        match self {
            Basis::Declared => "declared",
            Basis::Inferred => "inferred",
            Basis::Forced => "forced",
            Basis::None => "none",
        }
    }
}

/// The frame check sequence of one frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fcs {
    /// The verdict.
    pub state: FcsState,
    /// Why it is believed to be there, or not.
    pub basis: Basis,
    /// Where it stands in the frame.
    pub offset: Option<u32>,
    /// What stands there (stored least significant octet first).
    pub stored: Option<u32>,
    /// CRC-32 of the frame before it.
    pub computed: Option<u32>,
}

/// Which sources' frames end in their own CRC-32, by interface and source address.
#[derive(Debug, Clone, Default)]
pub struct Evidence {}

impl Evidence {
    /// Takes note of a frame, in a first pass over a capture.
    pub fn learn(&mut self, _frame: &Frame<'_>) {}
}
