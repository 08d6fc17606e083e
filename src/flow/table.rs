//! The table of connections: found by key, bounded in number, the least recently active one makes room.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use super::entry::Entry;
use super::key::Key;

/// A place in the table.
pub(super) type Index = u32;
const NONE: Index = Index::MAX;

/// Keys are hashed before they come here, with a key of this process that senders cannot know.
#[derive(Debug, Default, Clone)]
struct Hashed(u64);

impl Hasher for Hashed {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, octets: &[u8]) {
        for &octet in octets {
            self.0 = self.0.rotate_left(8) ^ u64::from(octet);
        }
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

#[derive(Debug)]
struct Slot {
    /// `None` where a connection was taken out.
    entry: Option<Entry>,
    hash: u64,
    /// The next slot whose key has the same hash.
    same: Index,
    older: Index,
    newer: Index,
}

/// The connections of a table that is over.
#[derive(Debug)]
pub(super) struct Drained(std::vec::IntoIter<Slot>);

impl Iterator for Drained {
    type Item = Entry;

    fn next(&mut self) -> Option<Entry> {
        self.0.find_map(|slot| slot.entry)
    }
}

/// Connections, at most `limit` of them.
#[derive(Debug)]
pub(super) struct Table {
    random: ahash::RandomState,
    heads: HashMap<u64, Index, BuildHasherDefault<Hashed>>,
    slots: Vec<Slot>,
    /// Slots of connections that were taken out.
    free: Vec<Index>,
    oldest: Index,
    newest: Index,
    limit: usize,
}

impl Table {
    /// An empty table.
    pub(super) fn new(limit: usize) -> Self {
        let limit = limit.clamp(1, NONE as usize);
        Self {
            random: ahash::RandomState::new(),
            heads: HashMap::default(),
            slots: Vec::new(),
            free: Vec::new(),
            oldest: NONE,
            newest: NONE,
            limit,
        }
    }

    /// The hash of a key.
    pub(super) fn hash(&self, key: &Key) -> u64 {
        self.random.hash_one(key)
    }

    /// The connection that uses these ports now.
    pub(super) fn find(&self, hash: u64, key: &Key) -> Option<Index> {
        let mut index = *self.heads.get(&hash)?;
        loop {
            let slot = self.slots.get(index as usize)?;
            if slot.entry.as_ref().is_some_and(|entry| entry.key() == key) {
                return Some(index);
            }
            index = slot.same;
        }
    }

    /// A connection.
    pub(super) fn get_mut(&mut self, index: Index) -> Option<&mut Entry> {
        self.slots.get_mut(index as usize).and_then(|slot| slot.entry.as_mut())
    }

    /// Puts another connection in the place of one that used its ports before it; that one is returned.
    pub(super) fn succeed(&mut self, index: Index, entry: Entry) -> Option<Entry> {
        self.touch(index);
        self.get_mut(index).map(|old| std::mem::replace(old, entry))
    }

    /// Puts a connection in, whose ports no other uses; the one that had to make room is returned.
    pub(super) fn insert(&mut self, hash: u64, entry: Entry) -> Option<Entry> {
        let full = self.free.is_empty() && self.slots.len() >= self.limit;
        let evicted = if full { self.take_out(self.oldest) } else { None };
        let slot = Slot { entry: Some(entry), hash, same: NONE, older: NONE, newer: NONE };
        let index = if let Some(index) = self.free.pop() {
            self.change(index, |place| *place = slot);
            index
        } else {
            self.slots.push(slot);
            self.slots.len() as Index - 1
        };
        let head = self.heads.insert(hash, index).unwrap_or(NONE);
        self.change(index, |slot| slot.same = head);
        self.link_newest(index);
        evicted
    }

    /// Takes a connection out.
    pub(super) fn take_out(&mut self, index: Index) -> Option<Entry> {
        let entry = self.slots.get_mut(index as usize)?.entry.take()?;
        self.unlink_hash(index);
        self.unlink_age(index);
        self.free.push(index);
        Some(entry)
    }

    /// Marks a connection as the most recently active one.
    pub(super) fn touch(&mut self, index: Index) {
        if self.newest != index {
            self.unlink_age(index);
            self.link_newest(index);
        }
    }

    /// All connections, in the order of their numbers; the table is empty afterwards.
    pub(super) fn drain(&mut self) -> Drained {
        self.heads = HashMap::default();
        (self.oldest, self.newest) = (NONE, NONE);
        self.free.clear();
        let mut slots = std::mem::take(&mut self.slots);
        slots.sort_unstable_by_key(|slot| slot.entry.as_ref().map(Entry::stream));
        Drained(slots.into_iter())
    }

    fn change(&mut self, index: Index, change: impl FnOnce(&mut Slot)) {
        if let Some(slot) = self.slots.get_mut(index as usize) {
            change(slot);
        }
    }

    fn link_newest(&mut self, index: Index) {
        let newest = std::mem::replace(&mut self.newest, index);
        self.change(index, |slot| (slot.older, slot.newer) = (newest, NONE));
        self.change(newest, |slot| slot.newer = index);
        if self.oldest == NONE {
            self.oldest = index;
        }
    }

    fn unlink_age(&mut self, index: Index) {
        let Some(slot) = self.slots.get(index as usize) else { return };
        let (older, newer) = (slot.older, slot.newer);
        self.change(older, |slot| slot.newer = newer);
        self.change(newer, |slot| slot.older = older);
        if self.oldest == index {
            self.oldest = newer;
        }
        if self.newest == index {
            self.newest = older;
        }
    }

    fn unlink_hash(&mut self, index: Index) {
        let Some(slot) = self.slots.get(index as usize) else { return };
        let (hash, same) = (slot.hash, slot.same);
        let head = self.heads.get(&hash).copied().unwrap_or(NONE);
        if head != index {
            let mut before = head;
            while let Some(slot) = self.slots.get_mut(before as usize) {
                if slot.same == index {
                    slot.same = same;
                    return;
                }
                before = slot.same;
            }
        } else if same == NONE {
            self.heads.remove(&hash);
        } else {
            self.heads.insert(hash, same);
        }
    }
}
