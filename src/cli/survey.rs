//! The first pass over captures that can be read twice: which frames end in their own CRC-32, and when each
//! file begins and ends. So no answer depends on the order of frames, and files find their places. A file that
//! is alone has its place, and is read through only if a verdict on an FCS turns out to need it.

use std::path::Path;

use super::plan::Plan;
use crate::capture::{Extent, OpenError, Source, Span, assign_captures};
use crate::dissect::Evidence;

/// What the first pass found.
pub(super) struct Survey {
    /// One a capture, in the order of their numbers.
    pub(super) chapters: Vec<Chapter>,
    /// Files that cannot be read at all.
    pub(super) errors: Vec<OpenError>,
    /// Whether every source could be looked at beforehand.
    pub(super) is_complete: bool,
}

/// The files of one capture, in order, open at their beginning.
pub(super) struct Chapter {
    pub(super) sources: Vec<Source>,
    pub(super) evidence: Evidence,
}

struct Looked {
    source: Source,
    extent: Extent,
    packets: u64,
    evidence: Evidence,
}

/// Looks through the files of the plan, as far as their order asks for it.
pub(super) fn survey(plan: &Plan) -> Survey {
    let look = if plan.files.len() == 1 { look_later } else { look_now };
    let mut errors = Vec::new();
    let mut looked = Vec::new();
    for path in &plan.files {
        match look(path) {
            Ok(one) => looked.push(one),
            Err(error) => errors.push(error),
        }
    }
    let is_complete = looked.iter().all(|one| one.source.is_rereadable());
    let extents: Vec<Extent> = looked.iter_mut().map(|one| std::mem::take(&mut one.extent)).collect();
    let mut placed: Vec<((u32, usize), Looked)> =
        assign_captures(&extents, plan.joining).into_iter().zip(looked).collect();
    placed.sort_by_key(|(place, _)| *place);
    let mut chapters: Vec<(Chapter, u64)> = Vec::new();
    for ((capture, _), mut one) in placed {
        if capture as usize > chapters.len() {
            chapters.push((Chapter { sources: Vec::new(), evidence: Evidence::default() }, 0));
        }
        let Some((chapter, packets)) = chapters.last_mut() else { continue };
        one.source.continue_as(capture, *packets);
        *packets += one.packets;
        chapter.evidence.merge(one.evidence);
        chapter.sources.push(one.source);
    }
    Survey { chapters: chapters.into_iter().map(|(chapter, _)| chapter).collect(), errors, is_complete }
}

fn look_now(path: &Path) -> Result<Looked, OpenError> {
    let mut looked = Looked::new(path)?;
    if looked.source.is_rereadable() {
        looked.read_through();
        looked.source = Source::open(path)?;
    }
    Ok(looked)
}

fn look_later(path: &Path) -> Result<Looked, OpenError> {
    let mut looked = Looked::new(path)?;
    if looked.source.is_rereadable() {
        let path = path.to_path_buf();
        // a file that is gone by then gives no evidence
        looked.evidence = Evidence::when_needed(move || evidence_of(&path).unwrap_or_default());
    }
    Ok(looked)
}

fn evidence_of(path: &Path) -> Result<Evidence, OpenError> {
    let mut looked = Looked::new(path)?;
    looked.read_through();
    Ok(looked.evidence)
}

impl Looked {
    fn new(path: &Path) -> Result<Self, OpenError> {
        let (extent, evidence) = (Extent::default(), Evidence::default());
        Ok(Self { source: Source::open(path)?, extent, packets: 0, evidence })
    }

    fn read_through(&mut self) {
        loop {
            match self.source.next_frame() {
                Ok(Some(frame)) => {
                    self.packets += 1;
                    self.evidence.learn(&frame);
                    self.extent.neighbours.learn(&frame);
                    if let Some(time) = frame.time {
                        let span = self.extent.span.get_or_insert(Span { first: time, last: time });
                        span.first = span.first.min(time);
                        span.last = span.last.max(time);
                    }
                }
                Ok(None) => return,
                // told in the second pass, which meets it again
                Err(_) => {}
            }
        }
    }
}
