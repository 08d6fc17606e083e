//! What all sessions share: the key log, and bounds on what waits for it.

use std::cell::{Cell, Ref, RefCell};
use std::rc::Rc;

use ahash::AHashMap;

use super::keylog::{ClientRandom, Counts, KeyLog, Label, Secret};

/// Octets of records that wait for keys, in all sessions together.
const MAX_WAITING: usize = 64 << 20;
/// Octets of records and messages that have not ended, in all sessions together.
const MAX_HELD: usize = 256 << 20;
/// Buffers that are kept for the next record.
const MAX_SPARE: usize = 8;

/// The key log that all sessions look into, and that may grow while they run. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Keys(Rc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    log: RefCell<KeyLog>,
    given: Cell<bool>,
    growing: Cell<bool>,
    waiting: Cell<usize>,
    held: Cell<usize>,
    /// Empty buffers.
    spare: RefCell<Vec<Vec<u8>>>,
    /// Buffers that are filled, with anything.
    scratch: RefCell<Vec<Vec<u8>>>,
    streams: RefCell<AHashMap<ClientRandom, Vec<u64>>>,
}

impl Keys {
    /// The next octets of the key log.
    pub fn add(&self, text: &[u8]) {
        self.0.given.set(true);
        self.0.log.borrow_mut().add(text);
    }

    /// A whole key log, or a block of secrets: its last line needs no end.
    pub fn add_whole(&self, text: &[u8]) {
        self.add(text);
        self.0.log.borrow_mut().end_of_text();
    }

    /// The last line needs no end.
    pub fn end_of_text(&self) {
        self.0.log.borrow_mut().end_of_text();
    }

    /// Whether keys may still come: records wait for them, within bounds.
    pub fn expect_more(&self, growing: bool) {
        self.0.growing.set(growing);
        self.0.given.set(self.0.given.get() || growing);
    }

    /// What the key log held so far.
    pub fn counts(&self) -> Counts {
        self.0.log.borrow().counts()
    }

    /// Streams that wait and that have got a key since this was last asked.
    pub fn take_ready(&self) -> Vec<u64> {
        let added = self.0.log.borrow_mut().take_added();
        let mut streams = self.0.streams.borrow_mut();
        let mut ready: Vec<u64> =
            added.iter().filter_map(|random| streams.remove(random)).flatten().collect();
        ready.sort_unstable();
        ready.dedup();
        ready
    }

    /// Whether there is a key log at all.
    pub(super) fn is_given(&self) -> bool {
        self.0.given.get()
    }

    /// Whether keys may still come.
    pub(super) fn is_growing(&self) -> bool {
        self.0.growing.get()
    }

    /// Whether anything is known of a session.
    pub(super) fn knows(&self, random: &ClientRandom) -> bool {
        self.0.log.borrow().knows(random)
    }

    /// A secret of a session.
    pub(super) fn secret(&self, random: &ClientRandom, label: Label) -> Option<Secret> {
        let log: Ref<'_, KeyLog> = self.0.log.borrow();
        log.secret(random, label)
    }

    /// So many octets of a stream want to wait for keys of this session; whether they may.
    pub(super) fn wait(&self, octets: usize, random: Option<&ClientRandom>, stream: u64) -> bool {
        let waiting = self.0.waiting.get() + octets;
        if waiting > MAX_WAITING {
            return false;
        }
        self.0.waiting.set(waiting);
        if let Some(random) = random {
            let mut streams = self.0.streams.borrow_mut();
            let of_session = streams.entry(*random).or_default();
            if of_session.last() != Some(&stream) {
                of_session.push(stream);
            }
        }
        true
    }

    /// So many octets wait no longer.
    pub(super) fn waited(&self, octets: usize) {
        self.0.waiting.set(self.0.waiting.get().saturating_sub(octets));
    }

    /// So many octets of records that have not ended are kept; whether they may be.
    pub(super) fn hold(&self, octets: usize) -> bool {
        let held = self.0.held.get() + octets;
        let fits = held <= MAX_HELD;
        self.0.held.set(if fits { held } else { self.0.held.get() });
        fits
    }

    /// So many of them are kept no longer.
    pub(super) fn release(&self, octets: usize) {
        self.0.held.set(self.0.held.get().saturating_sub(octets));
    }

    /// An empty buffer.
    pub(super) fn buffer(&self) -> Vec<u8> {
        self.0.spare.borrow_mut().pop().unwrap_or_default()
    }

    /// An empty buffer that is not needed any more.
    pub(super) fn give_back(&self, buffer: Vec<u8>) {
        let mut spare = self.0.spare.borrow_mut();
        if spare.len() < MAX_SPARE && buffer.capacity() > 0 {
            spare.push(buffer);
        }
    }

    /// A buffer of so many octets at least, which may be anything.
    pub(super) fn scratch(&self, octets: usize) -> Vec<u8> {
        let mut buffer = self.0.scratch.borrow_mut().pop().unwrap_or_default();
        if buffer.len() < octets {
            buffer.resize(octets, 0);
        }
        buffer
    }

    /// A buffer that was lent by [`Keys::scratch`].
    pub(super) fn give_back_scratch(&self, buffer: Vec<u8>) {
        let mut scratch = self.0.scratch.borrow_mut();
        if scratch.len() < MAX_SPARE {
            scratch.push(buffer);
        }
    }
}
