//! Messages and attachments, and the bodies of HTTP, as files: `--save DIR`.
//!
//! The `.eml` holds the octets that the recipient gets; attachments are parts with a name and parts that are no
//! text, decoded. Both are written while they arrive, under names that say that they are not whole yet; nothing of
//! them is kept in memory but buffers.

mod bodies;
mod folder;
mod name;

use std::cell::RefCell;
use std::fmt::Write;
use std::io;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use ahash::AHashMap;

use self::folder::{Folder, Id};
use crate::conversation::mail::{Letter, Letterbox, Part, PartKind};

/// Files that are named in the end; more are counted.
const MAX_NAMED: usize = 20;

/// A message that cannot be saved.
#[derive(Debug, thiserror::Error)]
#[error("{path}: {reason}", path = path.display())]
pub struct SaveMailError {
    /// The folder.
    pub path: PathBuf,
    /// Why.
    pub reason: String,
}

/// A folder that messages are saved in. Clones are the same folder.
#[derive(Clone)]
pub struct MailFolder(Rc<RefCell<Inner>>);

struct Inner {
    path: PathBuf,
    folder: Folder,
    /// The only stream whose messages are wanted.
    only: Option<u64>,
    /// The capture that is being read, and that of each stream which was met before.
    capture: u32,
    captures: AHashMap<u64, u32>,
    /// Nothing more is written: the folder failed.
    failed: bool,
    error: Option<SaveMailError>,
    saved: Saved,
}

/// What was saved so far.
#[derive(Default)]
struct Saved {
    names: Vec<String>,
    left_out: u64,
}

impl MailFolder {
    /// Opens a folder, which is made where it does not exist. With `only`, messages of that stream alone are saved.
    ///
    /// # Errors
    /// When the folder cannot be made or opened.
    pub fn open(path: &Path, only: Option<u64>) -> Result<Self, SaveMailError> {
        let fail = |error: io::Error| SaveMailError { path: path.into(), reason: error.to_string() };
        let folder = Folder::open(path).map_err(fail)?;
        Ok(Self(Rc::new(RefCell::new(Inner {
            path: path.into(),
            folder,
            only,
            capture: 1,
            captures: AHashMap::new(),
            failed: false,
            error: None,
            saved: Saved::default(),
        }))))
    }

    /// Packets of this capture come next.
    pub fn at_capture(&self, capture: u32) {
        self.0.borrow_mut().capture = capture;
    }

    /// The stream was met in the capture that is being read: its octets may come later.
    pub fn met(&self, stream: u64) {
        let mut inner = self.0.borrow_mut();
        let capture = inner.capture;
        inner.captures.entry(stream).or_insert(capture);
    }

    /// Nothing more will come of this stream.
    pub fn forget(&self, stream: u64) {
        self.0.borrow_mut().captures.remove(&stream);
    }

    /// Why nothing more is saved; told once.
    pub fn take_error(&self) -> Option<SaveMailError> {
        self.0.borrow_mut().error.take()
    }

    /// Whether something could not be saved.
    pub fn failed(&self) -> bool {
        self.0.borrow().failed
    }

    /// What was saved and where, in a line.
    pub fn summary(&self) -> String {
        let inner = self.0.borrow();
        let mut out = inner.path.display().to_string();
        if inner.saved.names.is_empty() {
            out.push_str(": nothing was saved");
            return out;
        }
        let _ = write!(out, ": saved {}", inner.saved.names.join(", "));
        if inner.saved.left_out > 0 {
            let _ = write!(out, " and {} more files", inner.saved.left_out);
        }
        out
    }
}

impl Letterbox for MailFolder {
    fn letter(&self, stream: u64, number: u64) -> Option<Box<dyn Letter>> {
        let mut inner = self.0.borrow_mut();
        if inner.failed || inner.only.is_some_and(|only| only != stream) {
            return None;
        }
        let capture = inner.captures.get(&stream).copied().unwrap_or(inner.capture);
        let stem = name::stem(capture, stream, number);
        let id = inner.attempt(|folder| folder.begin(&stem, ".partial.eml"))?;
        let message = Writing { id, stem, extension: ".eml".into(), octets: 0 };
        let inner = Rc::clone(&self.0);
        Some(Box::new(Saving { inner, message: Some(message), parts: Vec::new(), within: Vec::new() }))
    }
}

impl Inner {
    /// Does something with the folder, unless it has failed before.
    fn attempt<T>(&mut self, work: impl FnOnce(&mut Folder) -> io::Result<T>) -> Option<T> {
        if self.failed {
            return None;
        }
        match work(&mut self.folder) {
            Ok(value) => Some(value),
            Err(error) => {
                let reason = format!("{error}; nothing more is saved");
                self.error = Some(SaveMailError { path: self.path.clone(), reason });
                self.failed = true;
                None
            }
        }
    }

    fn write(&mut self, file: &mut Writing, octets: &[u8]) {
        file.octets += octets.len() as u64;
        self.attempt(|folder| folder.write(file.id, octets));
    }

    /// Ends a file; only what is whole gets its own name.
    fn end(&mut self, file: &Writing, complete: bool) {
        let name = self.attempt(|folder| match complete {
            true => folder.end_as(file.id, &file.stem, &file.extension),
            false => folder.end(file.id),
        });
        let Some(name) = name else { return };
        if self.saved.names.len() >= MAX_NAMED {
            self.saved.left_out += 1;
            return;
        }
        let state = if complete { "" } else { ", not whole" };
        self.saved.names.push(format!("{name} ({} octets{state})", file.octets));
    }
}

/// A file on its way.
struct Writing {
    id: Id,
    stem: String,
    extension: String,
    octets: u64,
}

/// One message on its way into the folder.
struct Saving {
    inner: Rc<RefCell<Inner>>,
    message: Option<Writing>,
    /// The parts under way that get a file.
    parts: Vec<(usize, Writing)>,
    /// The messages within the message that are under way.
    within: Vec<usize>,
}

impl Letter for Saving {
    fn octets(&mut self, octets: &[u8]) {
        if let Some(message) = &mut self.message {
            self.inner.borrow_mut().write(message, octets);
        }
    }

    fn part_begins(&mut self, index: usize, part: &Part) {
        let wanted = name::is_wanted(part, !self.within.is_empty());
        if part.kind == PartKind::Message {
            self.within.push(index);
        }
        let Some(message) = self.message.as_ref().filter(|_| wanted) else { return };
        let (stem, extension) = name::of_part(&message.stem, part, index);
        let partial = format!("{extension}.partial");
        let id = self.inner.borrow_mut().attempt(|folder| folder.begin(&stem, &partial));
        if let Some(id) = id {
            self.parts.push((index, Writing { id, stem, extension, octets: 0 }));
        }
    }

    fn part_octets(&mut self, index: usize, octets: &[u8]) {
        if let Some((_, part)) = self.parts.iter_mut().find(|(at, _)| *at == index) {
            self.inner.borrow_mut().write(part, octets);
        }
    }

    fn part_ends(&mut self, index: usize, complete: bool) {
        self.within.retain(|at| *at != index);
        if let Some(at) = self.parts.iter().position(|(at, _)| *at == index) {
            let (_, part) = self.parts.swap_remove(at);
            self.inner.borrow_mut().end(&part, complete);
        }
    }

    fn end(&mut self, complete: bool) {
        if let Some(message) = self.message.take() {
            self.inner.borrow_mut().end(&message, complete);
        }
    }
}
