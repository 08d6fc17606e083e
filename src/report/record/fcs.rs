//! `fcs_summary`, one a source address, and `fcs_frame`, one a frame whose FCS is not good.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use crate::dissect::{Basis, Fcs, FcsState};
use crate::packet::MacAddress;
use crate::report::utc::utc;
use crate::report::{PacketEvent, Summary};

/// Source addresses that are told apart; the rest are counted together.
const MOST_SOURCES: usize = 10_000;

/// The shape of an `fcs_summary` record.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(rename = "fcs_summary")]
pub(in crate::report) struct FcsSummaryRecord {
    schema: u8,
    record: &'static str,
    capture: u32,
    interface: u32,
    /// The source address; null for all that did not find a row of their own.
    source: Option<String>,
    frames: u64,
    good: u64,
    bad: u64,
    unverifiable: u64,
    absent: u64,
    unknown: u64,
    /// `declared inferred forced none`: the strongest that any frame of this source has.
    basis: &'static str,
    /// False for a stream that cannot be read twice: each verdict was the best at that moment.
    whole_capture_known: bool,
}

/// The shape of an `fcs_frame` record.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(rename = "fcs_frame")]
pub(in crate::report) struct FcsFrameRecord {
    schema: u8,
    record: &'static str,
    capture: u32,
    number: u64,
    time: Option<String>,
    interface: u32,
    source: Option<String>,
    state: &'static str,
    basis: &'static str,
    offset: Option<u32>,
    stored: Option<String>,
    computed: Option<String>,
}

/// The verdicts on the frames of one source.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::report) struct FcsCount {
    /// Frames by state, in the order good, bad, unverifiable, absent, unknown.
    pub(in crate::report) states: [u64; 5],
    basis: u8,
}

impl FcsCount {
    /// All frames.
    pub(in crate::report) fn frames(&self) -> u64 {
        self.states.iter().sum()
    }

    /// The strongest reason that any frame has.
    pub(in crate::report) const fn basis(&self) -> Basis {
        match self.basis {
            3 => Basis::Forced,
            2 => Basis::Declared,
            1 => Basis::Inferred,
            _ => Basis::None,
        }
    }

    fn add(&mut self, fcs: &Fcs) {
        self.states[fcs.state as usize] += 1;
        let strength = match fcs.basis {
            Basis::Forced => 3,
            Basis::Declared => 2,
            Basis::Inferred => 1,
            Basis::None => 0,
        };
        self.basis = self.basis.max(strength);
    }
}

/// A source of frames: capture, interface, address.
type FrameSource = (u32, u32, Option<MacAddress>);

/// Counts verdicts by source.
#[derive(Debug, Default)]
pub(in crate::report) struct FcsBook {
    sources: BTreeMap<FrameSource, FcsCount>,
}

impl FcsBook {
    /// Counts a packet; its record where its FCS is there and not good.
    pub(in crate::report) fn enter(&mut self, event: &PacketEvent<'_>) -> Option<FcsFrameRecord> {
        let fcs = event.dissection.fcs.as_ref()?;
        let frame = event.frame;
        let source = event.dissection.link.map(|(source, _)| source);
        let mut key = (frame.capture, frame.interface, source);
        if self.sources.len() >= MOST_SOURCES && !self.sources.contains_key(&key) {
            key.2 = None;
        }
        self.sources.entry(key).or_default().add(fcs);
        if !matches!(fcs.state, FcsState::Bad | FcsState::Unverifiable) {
            return None;
        }
        Some(FcsFrameRecord {
            schema: 1,
            record: "fcs_frame",
            capture: frame.capture,
            number: frame.number,
            time: frame.time.map(utc),
            interface: frame.interface,
            source: source.map(|address| address.to_string()),
            state: fcs.state.name(),
            basis: fcs.basis.name(),
            offset: fcs.offset,
            stored: fcs.stored.map(|word| format!("0x{word:08x}")),
            computed: fcs.computed.map(|word| format!("0x{word:08x}")),
        })
    }

    /// One record a source.
    pub(in crate::report) fn summaries<'a>(
        &'a self,
        summary: &'a Summary,
    ) -> impl Iterator<Item = FcsSummaryRecord> + 'a {
        self.sources.iter().map(|(&(capture, interface, source), count)| {
            let [good, bad, unverifiable, absent, unknown] = count.states;
            FcsSummaryRecord {
                schema: 1,
                record: "fcs_summary",
                capture,
                interface,
                source: source.map(|address| address.to_string()),
                frames: count.frames(),
                good,
                bad,
                unverifiable,
                absent,
                unknown,
                basis: count.basis().name(),
                whole_capture_known: summary.fcs_first_pass,
            }
        })
    }
}
