//! The Ethernet frame check sequence (IEEE 802.3 clause 3.2.9), and why one is believed to be there.

use ahash::AHashSet;

use super::super::walk::{Next, Walk};
use crate::packet::{DeclaredFcs, Frame, LinkType, Protocol};

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

/// Octets of an FCS.
pub(crate) const LENGTH: usize = 4;
/// CRC-32 over a frame and its own FCS.
const RESIDUE: u32 = 0x2144_df1c;
/// The shortest frame that can be taken for one with an FCS: a MAC header and an FCS.
const SHORTEST: usize = 14 + LENGTH;
/// The most sources that evidence is kept for.
const MAX_SOURCES: usize = 100_000;

/// Octets that padding brings a frame up to, its FCS not counted (IEEE 802.3 clause 4.2.3.3). Many stations
/// pad a tagged frame as if the tag were not there.
pub(crate) const fn minimum(tagged: bool) -> usize {
    if tagged { 64 } else { 60 }
}

/// Which sources' frames end in their own CRC-32, by interface and source address.
#[derive(Debug, Clone, Default)]
pub struct Evidence {
    sources: AHashSet<Source>,
}

/// An interface, and a source address seen there.
type Source = (u32, [u8; 6]);

impl Evidence {
    /// Takes note of a frame, in a first pass over a capture.
    pub fn learn(&mut self, frame: &Frame<'_>) {
        if frame.link_type == LinkType::ETHERNET && !frame.is_cut() && matches(frame.octets) {
            let mut dissector = Walk::of_frame(frame.octets, frame.original_length);
            let mut layers = Vec::new();
            dissector.run(&mut layers, Next::Protocol(Protocol::Ethernet));
            if has_room(frame.octets, dissector.content_end) {
                self.add(frame);
            }
        }
    }

    /// Takes over what was learned elsewhere.
    pub fn merge(&mut self, other: &Evidence) {
        let room = MAX_SOURCES.saturating_sub(self.sources.len());
        self.sources.extend(other.sources.iter().take(room));
    }

    fn add(&mut self, frame: &Frame<'_>) {
        if let Some(source) = source_of(frame).filter(|_| self.sources.len() < MAX_SOURCES) {
            self.sources.insert(source);
        }
    }

    fn has(&self, frame: &Frame<'_>) -> bool {
        !self.sources.is_empty() && source_of(frame).is_some_and(|source| self.sources.contains(&source))
    }
}

fn source_of(frame: &Frame<'_>) -> Option<Source> {
    let address = frame.octets.get(6..12)?.try_into().ok()?;
    Some((frame.interface, address))
}

/// The last four octets are the CRC-32 of those before them.
fn matches(octets: &[u8]) -> bool {
    octets.len() >= SHORTEST && crc32fast::hash(octets) == RESIDUE
}

/// Four octets at the end belong to nothing else. Where no header says how long the content is, they may.
fn has_room(octets: &[u8], content_end: Option<usize>) -> bool {
    octets.len() >= content_end.unwrap_or_default().max(SHORTEST - LENGTH) + LENGTH
}

/// The verdict on an Ethernet frame whose headers say that its content ends at `content_end`. Learns from it.
pub(crate) fn judge(
    frame: &Frame<'_>,
    content_end: Option<usize>,
    mode: FcsMode,
    evidence: &mut Evidence,
) -> Fcs {
    let octets = frame.octets;
    let without = |state, basis| Fcs { state, basis, offset: None, stored: None, computed: None };
    let believed = match (mode, frame.declared_fcs) {
        (FcsMode::Never, _) => return without(FcsState::Absent, Basis::Forced),
        (FcsMode::Always, _) => Basis::Forced,
        (FcsMode::Auto, DeclaredFcs::Octets(4)) => Basis::Declared,
        (FcsMode::Auto, _) if evidence.has(frame) => Basis::Inferred,
        (FcsMode::Auto, _) => Basis::None,
    };
    if frame.is_cut() {
        let state = if believed == Basis::None { FcsState::Unknown } else { FcsState::Unverifiable };
        return without(state, believed);
    }
    let certain = matches!(believed, Basis::Forced | Basis::Declared);
    let room = has_room(octets, content_end);
    let is_good = (room || certain) && matches(octets);
    let with = |state, basis| {
        let (body, stored) = octets.split_at(octets.len() - LENGTH);
        Fcs {
            state,
            basis,
            offset: Some(body.len() as u32),
            stored: stored.try_into().ok().map(u32::from_le_bytes),
            computed: Some(crc32fast::hash(body)),
        }
    };
    if is_good {
        if room {
            evidence.add(frame);
        }
        return with(FcsState::Good, if certain { believed } else { Basis::Inferred });
    }
    match believed {
        Basis::Forced | Basis::Declared if octets.len() >= SHORTEST => with(FcsState::Bad, believed),
        Basis::Forced | Basis::Declared => without(FcsState::Absent, believed),
        _ if frame.declared_fcs == DeclaredFcs::Absent => without(FcsState::Absent, Basis::Declared),
        // A frame of exactly the padded minimum is one without an FCS: with it, it would be longer.
        Basis::Inferred if room && octets.len() != minimum(false) => with(FcsState::Bad, believed),
        Basis::Inferred => without(FcsState::Absent, believed),
        Basis::None if content_end.is_some() && (!room || octets.len() <= minimum(false)) => {
            without(FcsState::Absent, believed)
        }
        Basis::None => without(FcsState::Unknown, believed),
    }
}
