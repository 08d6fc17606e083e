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
#[derive(Default)]
pub struct Evidence {
    sources: AHashSet<Source>,
    /// Not run yet.
    first_passes: Vec<FirstPass>,
}

/// Reads a capture through and tells what it found.
type FirstPass = Box<dyn FnOnce() -> Evidence + Send>;

/// An interface, and a source address seen there.
type Source = (u32, [u8; 6]);

impl Evidence {
    /// What `first_pass` will find in the capture. It runs once the verdict on a frame depends on it, which in
    /// most captures is never: the headers of most frames leave no room for an FCS.
    pub fn when_needed(first_pass: impl FnOnce() -> Evidence + Send + 'static) -> Self {
        Self { first_passes: vec![Box::new(first_pass)], ..Self::default() }
    }

    /// Takes note of a frame, in a first pass over a capture.
    pub fn learn(&mut self, frame: &Frame<'_>) {
        if frame.link_type == LinkType::ETHERNET && !frame.is_cut() && matches(frame.octets) {
            let mut dissector = Walk::of_frame(frame.octets, frame.original_length);
            let mut layers = Vec::new();
            dissector.run(&mut layers, Next::Protocol(Protocol::Ethernet));
            if has_room(frame.octets.len(), dissector.content_end) {
                self.add(frame);
            }
        }
    }

    /// Takes over what was learned elsewhere, or will be.
    pub fn merge(&mut self, other: Evidence) {
        let room = MAX_SOURCES.saturating_sub(self.sources.len());
        self.sources.extend(other.sources.into_iter().take(room));
        self.first_passes.extend(other.first_passes);
    }

    fn add(&mut self, frame: &Frame<'_>) {
        if let Some(source) = source_of(frame).filter(|_| self.sources.len() < MAX_SOURCES) {
            self.sources.insert(source);
        }
    }

    fn has(&mut self, frame: &Frame<'_>) -> bool {
        while let Some(first_pass) = self.first_passes.pop() {
            self.merge(first_pass());
        }
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

/// Four octets at the end of a frame of this length belong to nothing else. Where no header says how long the
/// content is, they may.
fn has_room(length: usize, content_end: Option<usize>) -> bool {
    length >= content_end.unwrap_or_default().max(SHORTEST - LENGTH) + LENGTH
}

/// The verdict on an Ethernet frame whose headers say that its content ends at `content_end`. Learns from it.
pub(crate) fn judge(
    frame: &Frame<'_>,
    content_end: Option<usize>,
    mode: FcsMode,
    evidence: &mut Evidence,
) -> Fcs {
    match (mode, frame.declared_fcs) {
        (FcsMode::Never, _) => without(FcsState::Absent, Basis::Forced),
        (FcsMode::Always, _) => judge_certain(frame, content_end, Basis::Forced, evidence),
        (FcsMode::Auto, DeclaredFcs::Octets(4)) => {
            judge_certain(frame, content_end, Basis::Declared, evidence)
        }
        (FcsMode::Auto, _) => judge_by_evidence(frame, content_end, evidence),
    }
}

/// Someone says that there is one.
fn judge_certain(
    frame: &Frame<'_>,
    content_end: Option<usize>,
    basis: Basis,
    evidence: &mut Evidence,
) -> Fcs {
    if frame.is_cut() {
        return without(FcsState::Unverifiable, basis);
    }
    if matches(frame.octets) {
        if has_room(frame.octets.len(), content_end) {
            evidence.add(frame);
        }
        return with(frame.octets, FcsState::Good, basis);
    }
    if frame.octets.len() < SHORTEST {
        return without(FcsState::Absent, basis);
    }
    with(frame.octets, FcsState::Bad, basis)
}

/// Nobody says so, or the capture says that there is none: the frame itself and others of its source decide.
/// The evidence is asked last, because it may cost a reading of the whole capture.
fn judge_by_evidence(frame: &Frame<'_>, content_end: Option<usize>, evidence: &mut Evidence) -> Fcs {
    let length = frame.octets.len().max(frame.original_length as usize);
    let room = has_room(length, content_end);
    if room && !frame.is_cut() && matches(frame.octets) {
        evidence.add(frame);
        return with(frame.octets, FcsState::Good, Basis::Inferred);
    }
    if frame.declared_fcs == DeclaredFcs::Absent {
        return without(FcsState::Absent, Basis::Declared);
    }
    // A frame of exactly the padded minimum is one without an FCS: with it, it would be longer.
    let is_minimum = length == minimum(false) && content_end.is_some();
    if !room || is_minimum {
        return without(FcsState::Absent, Basis::None);
    }
    match (evidence.has(frame), content_end) {
        (true, _) if frame.is_cut() => without(FcsState::Unverifiable, Basis::Inferred),
        (true, _) if length == minimum(false) => without(FcsState::Absent, Basis::Inferred),
        (true, _) => with(frame.octets, FcsState::Bad, Basis::Inferred),
        (false, Some(_)) if length < minimum(false) => without(FcsState::Absent, Basis::None),
        (false, _) => without(FcsState::Unknown, Basis::None),
    }
}

fn without(state: FcsState, basis: Basis) -> Fcs {
    Fcs { state, basis, offset: None, stored: None, computed: None }
}

/// A verdict on the last four octets, of at least that many.
fn with(octets: &[u8], state: FcsState, basis: Basis) -> Fcs {
    let (body, stored) = octets.split_at(octets.len().saturating_sub(LENGTH));
    Fcs {
        state,
        basis,
        offset: Some(body.len() as u32),
        stored: stored.try_into().ok().map(u32::from_le_bytes),
        computed: Some(crc32fast::hash(body)),
    }
}
