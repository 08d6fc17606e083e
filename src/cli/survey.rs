//! The first pass over captures that can be read twice: which frames end in their own CRC-32, and when each
//! file begins and ends. So no answer depends on the order of frames, and files find their places. A file that
//! is alone has its place, and is read through only if a verdict on an FCS turns out to need it.

use std::path::PathBuf;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::plan::Plan;
use crate::capture::{Extent, OpenError, Opened, Source, Span, assign_captures};
use crate::dissect::Evidence;

/// For a capture that reaches libpcap through a pipe: itself twice, and both ends of the pipe.
const DESCRIPTORS_A_FILE: u64 = 4;

/// Standard streams, files for the answer, and what libraries open.
const DESCRIPTORS_BESIDES: u64 = 128;

/// What the first pass found.
pub(super) struct Survey {
    /// One a capture, in the order of their numbers.
    pub(super) chapters: Vec<Chapter>,
    /// Files that cannot be read at all.
    pub(super) errors: Vec<OpenError>,
    /// Whether every source could be looked at beforehand.
    pub(super) is_complete: bool,
}

impl Survey {
    /// The number of each capture and the name of its first file, without the folder.
    pub(super) fn captures(&self) -> Vec<(u32, String)> {
        let first = self.chapters.iter().filter_map(|chapter| chapter.sources.first());
        let named = first.map(|source| {
            let name = &source.info().name;
            (source.capture(), name.rsplit('/').next().unwrap_or(name).to_owned())
        });
        named.collect()
    }
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

/// A file that is open for the second pass and, where it can be read twice, for the first one.
pub(super) struct Named {
    opened: Opened,
    again: Option<Opened>,
}

/// Opens the files, as often as they are read: none of them is opened by name later.
pub(super) fn open(files: &[PathBuf]) -> (Vec<Named>, Vec<OpenError>) {
    make_room_for(files.len());
    let mut errors = Vec::new();
    let mut named = Vec::new();
    for path in files {
        let opened = Opened::open(path);
        match opened.and_then(|opened| Ok(Named { again: opened.again()?, opened })) {
            Ok(one) => named.push(one),
            Err(error) => errors.push(error),
        }
    }
    (named, errors)
}

/// Raises the number of files that may be open, as far as that is allowed, where there are many of them.
fn make_room_for(files: usize) {
    let wanted = DESCRIPTORS_A_FILE * files as u64 + DESCRIPTORS_BESIDES;
    let limit = getrlimit(Resource::Nofile);
    if limit.current.is_some_and(|current| current < wanted) {
        let current = Some(limit.maximum.map_or(wanted, |maximum| maximum.min(wanted)));
        // where it fails, opening says what is wrong
        let _ = setrlimit(Resource::Nofile, Rlimit { current, ..limit });
    }
}

/// Looks through the files of the plan, as far as their order asks for it.
/// `errors` are those of the files that could not be opened.
pub(super) fn survey(plan: &Plan, files: Vec<Named>, mut errors: Vec<OpenError>) -> Survey {
    let look = if plan.files.len() == 1 { look_later } else { look_now };
    let mut looked = Vec::new();
    for file in files {
        match look(file) {
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

fn look_now(file: Named) -> Result<Looked, OpenError> {
    let Some(again) = file.again else { return Looked::new(file.opened) };
    let mut looked = Looked::new(again)?;
    looked.read_through();
    looked.source = Source::read(file.opened)?;
    Ok(looked)
}

fn look_later(file: Named) -> Result<Looked, OpenError> {
    let mut looked = Looked::new(file.opened)?;
    if let Some(again) = file.again {
        looked.evidence = Evidence::when_needed(move || evidence_of(again).unwrap_or_default());
    }
    Ok(looked)
}

fn evidence_of(file: Opened) -> Result<Evidence, OpenError> {
    let mut looked = Looked::new(file)?;
    looked.read_through();
    Ok(looked.evidence)
}

impl Looked {
    fn new(file: Opened) -> Result<Self, OpenError> {
        let (extent, evidence) = (Extent::default(), Evidence::default());
        Ok(Self { source: Source::read(file)?, extent, packets: 0, evidence })
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
