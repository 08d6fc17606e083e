//! What a printer needs to know while packets are still coming.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

/// Octets that may wait to be written before rows are left out.
const ROOM: usize = 1 << 20;

/// How far the terminal and the loop are behind: then rows are left out, and counted, rather than packets lost.
#[derive(Debug, Default)]
pub struct Gauge {
    /// Octets that were not written yet.
    waiting: AtomicUsize,
    is_behind: AtomicBool,
    rows_lost: AtomicU64,
}

impl Gauge {
    /// Whether there is room for one more row; where there is none, it is counted as lost.
    pub fn has_room(&self) -> bool {
        let has_room = self.waiting.load(Ordering::Relaxed) < ROOM && !self.is_behind.load(Ordering::Relaxed);
        if !has_room {
            self.rows_lost.fetch_add(1, Ordering::Relaxed);
        }
        has_room
    }

    /// So many octets more wait to be written.
    pub fn waits(&self, octets: usize) {
        self.waiting.fetch_add(octets, Ordering::Relaxed);
    }

    /// So many octets were written.
    pub fn written(&self, octets: usize) {
        self.waiting.fetch_sub(octets, Ordering::Relaxed);
    }

    /// Whether so many packets wait that there is no time for rows.
    pub fn set_behind(&self, is_behind: bool) {
        self.is_behind.store(is_behind, Ordering::Relaxed);
    }

    /// Rows that were left out.
    pub fn rows_lost(&self) -> u64 {
        self.rows_lost.load(Ordering::Relaxed)
    }
}

/// A report of the wire.
#[derive(Debug, Clone, Default)]
pub struct LiveReport {
    /// How far behind it is.
    pub gauge: Arc<Gauge>,
    /// Rows of the terminal, where what was written there may be written over.
    pub screen: Option<usize>,
    /// Where the packets are saved.
    pub saved: Option<PathBuf>,
}
