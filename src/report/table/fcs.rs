//! `fcs`: which sources' frames carry a frame check sequence, why that is believed, and which do not match.

use std::collections::BTreeMap;
use std::io::{self, Write};

use super::style::{Style, Tone};
use crate::dissect::{Basis, Fcs, FcsState};
use crate::packet::MacAddress;
use crate::report::{Options, PacketEvent, Sink, Summary};

/// Sources told apart; the others are counted together.
const SOURCES: usize = 1000;
/// Sources whose verdict is explained in a sentence.
const EXPLAINED: usize = 16;
/// Frames that are not good and are listed one by one.
const LISTED: usize = 1000;

/// Frames of one source, by verdict.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Counts {
    pub(super) good: u64,
    pub(super) bad: u64,
    pub(super) unverifiable: u64,
    pub(super) absent: u64,
    pub(super) unknown: u64,
    /// How often each reason was given: declared, inferred, forced.
    pub(super) bases: [u64; 3],
}

impl Counts {
    pub(super) fn add(&mut self, fcs: &Fcs) {
        match fcs.state {
            FcsState::Good => self.good += 1,
            FcsState::Bad => self.bad += 1,
            FcsState::Unverifiable => self.unverifiable += 1,
            FcsState::Absent => self.absent += 1,
            FcsState::Unknown => self.unknown += 1,
        }
        match fcs.basis {
            Basis::Declared => self.bases[0] += 1,
            Basis::Inferred => self.bases[1] += 1,
            Basis::Forced => self.bases[2] += 1,
            Basis::None => {}
        }
    }

    /// Frames that carry one.
    pub(super) const fn carried(&self) -> u64 {
        self.good + self.bad + self.unverifiable
    }

    pub(super) const fn frames(&self) -> u64 {
        self.carried() + self.absent + self.unknown
    }

    /// The reason that most verdicts have.
    fn basis(&self) -> &'static str {
        let names = ["declared", "inferred", "forced"];
        let given = names.into_iter().zip(self.bases).filter(|(_, count)| *count > 0);
        given.max_by_key(|(_, count)| *count).map_or("none", |(name, _)| name)
    }

    /// The texts of the reasons that were given.
    pub(super) fn reasons(&self, style: &Style) -> String {
        let names = ["declared", "inferred", "forced"];
        let given = names.iter().zip(self.bases).filter(|(_, count)| *count > 0);
        let texts: Vec<String> = given.map(|(name, _)| style.word(&format!("fcs.basis.{name}"))).collect();
        if texts.is_empty() { style.word("fcs.basis.none") } else { texts.join("; ") }
    }
}

/// Counts verdicts by source address.
pub(super) struct FcsTable {
    out: Box<dyn Write>,
    style: Style,
    sources: BTreeMap<(u32, u32, Option<MacAddress>), Counts>,
    others: Counts,
    odd: Vec<(u64, MacAddress, Fcs)>,
    odd_total: u64,
    is_live: bool,
}

impl FcsTable {
    pub(super) fn new(options: &Options, out: Box<dyn Write>) -> Self {
        Self {
            out,
            style: Style::new(options),
            sources: BTreeMap::new(),
            others: Counts::default(),
            odd: Vec::new(),
            odd_total: 0,
            is_live: options.live.is_some(),
        }
    }

    fn sources(&self, out: &mut String) {
        let style = &self.style;
        let mut table =
            style.grid(&["sender", "frames", "good", "bad", "unverifiable", "absent", "unknown", "basis"]);
        let named = self
            .sources
            .iter()
            .map(|((_, _, mac), c)| (mac.map_or_else(|| "-".to_owned(), |m| m.to_string()), c));
        let others = (self.others.frames() > 0).then(|| (style.word("fcs.others"), &self.others));
        for (name, c) in named.chain(others) {
            table.add_row(vec![
                style.cell(Tone::Link, name),
                style.number(c.frames()),
                style.number(c.good),
                style.number(c.bad),
                style.number(c.unverifiable),
                style.number(c.absent),
                style.number(c.unknown),
                style.cell(Tone::Plain, style.word(&format!("fcs.short.{}", c.basis()))),
            ]);
        }
        style.push_grid(out, table);
    }

    /// Why it is believed of each source.
    fn reasons(&self, out: &mut String) {
        let style = &self.style;
        out.push('\n');
        for ((.., mac), c) in self.sources.iter().take(EXPLAINED) {
            let from = mac.map_or_else(|| "-".to_owned(), |m| m.to_string());
            let values: [(&str, &dyn std::fmt::Display); 3] =
                [("from", &from), ("good", &c.good), ("frames", &c.frames())];
            let key = match c.basis() {
                "declared" if c.carried() == 0 => "fcs.why.absent",
                "declared" => "fcs.why.declared",
                "inferred" if c.carried() == 0 => "fcs.why.none",
                "inferred" => "fcs.why.inferred",
                "forced" => "fcs.why.forced",
                _ => "fcs.why.none",
            };
            style.paragraph(out, Tone::Plain, &style.say(key, &values), 2);
        }
        let more = self.sources.len().saturating_sub(EXPLAINED);
        if more > 0 {
            style.paragraph(out, Tone::Quiet, &style.say("view.more", &[("count", &more)]), 2);
        }
    }

    fn odd(&self, out: &mut String) {
        let style = &self.style;
        style.heading(out, &style.word("fcs.odd"));
        let mut table = style.grid(&["packet", "sender", "verdict_fcs", "offset", "stored", "computed"]);
        let hex = |value: Option<u32>| value.map_or_else(|| "-".to_owned(), |v| format!("0x{v:08x}"));
        for (packet, from, fcs) in &self.odd {
            let tone = if fcs.state == FcsState::Bad { Tone::Bad } else { Tone::Warn };
            table.add_row(vec![
                style.number(packet),
                style.cell(Tone::Link, from.to_string()),
                style.cell(tone, style.word(&format!("fcs.state.{}", fcs.state.name()))),
                style.number(fcs.offset.map_or_else(|| "-".to_owned(), |o| o.to_string())),
                style.cell(Tone::Plain, hex(fcs.stored)),
                style.cell(Tone::Plain, hex(fcs.computed)),
            ]);
        }
        style.push_grid(out, table);
        let more = self.odd_total - self.odd.len() as u64;
        if more > 0 {
            style.paragraph(out, Tone::Quiet, &style.say("view.more", &[("count", &more)]), 2);
        }
    }
}

impl Sink for FcsTable {
    fn packet(&mut self, event: &PacketEvent<'_>) -> io::Result<()> {
        let Some(fcs) = event.dissection.fcs else { return Ok(()) };
        let from = event.dissection.link.map(|(from, _)| from);
        let key = (event.frame.capture, event.frame.interface, from);
        if self.sources.len() < SOURCES || self.sources.contains_key(&key) {
            self.sources.entry(key).or_default().add(&fcs);
        } else {
            self.others.add(&fcs);
        }
        if matches!(fcs.state, FcsState::Bad | FcsState::Unverifiable) {
            self.odd_total += 1;
            if self.odd.len() < LISTED {
                self.odd.push((event.frame.number, from.unwrap_or_default(), fcs));
            }
        }
        Ok(())
    }

    fn finish(&mut self, _summary: &Summary) -> io::Result<()> {
        let mut out = String::new();
        let carries = |counts: &Counts| counts.carried() > 0;
        if self.is_live && !self.sources.values().any(carries) && !carries(&self.others) {
            // a table of nothing would look like a finding
            self.style.paragraph(&mut out, Tone::Plain, &self.style.word("fcs.live"), 2);
        } else if self.sources.is_empty() {
            self.style.paragraph(&mut out, Tone::Plain, &self.style.word("fcs.no_ethernet"), 2);
        } else {
            self.sources(&mut out);
            self.reasons(&mut out);
        }
        if !self.odd.is_empty() {
            self.odd(&mut out);
        }
        self.out.write_all(out.as_bytes())?;
        self.out.flush()
    }
}
