//! A window over a stream of octets, as wide as what is being looked at.

use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use super::input::Octets;

const FIRST_CAPACITY: usize = 1 << 18;

/// The octets of a stream from the current place on, as many as were asked for.
pub(super) struct Window {
    octets: Box<dyn Read + Send>,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    offset: u64,
    ended: bool,
    failure: Option<String>,
}

impl Window {
    /// `position` counts what is read of a plain file; a stream counts for itself.
    pub(super) fn new(octets: Octets, position: &Arc<AtomicU64>) -> Self {
        let octets: Box<dyn Read + Send> = match octets {
            Octets::File(file) => Box::new(super::input::count(file, position)),
            Octets::Stream(stream) => stream,
        };
        Self {
            octets,
            buffer: vec![0; FIRST_CAPACITY],
            start: 0,
            end: 0,
            offset: 0,
            ended: false,
            failure: None,
        }
    }

    /// What is there.
    pub(super) fn data(&self) -> &[u8] {
        &self.buffer[self.start..self.end]
    }

    /// Octets from the beginning of the stream to the first of [`Self::data`].
    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    /// Why the stream ended early; tells it once.
    pub(super) fn take_failure(&mut self) -> Option<String> {
        self.failure.take()
    }

    /// Moves on, over octets that are there.
    pub(super) fn consume(&mut self, count: usize) {
        let count = count.min(self.end - self.start);
        self.start += count;
        self.offset += count as u64;
    }

    /// Reads until `wanted` octets are there; `false` where the stream ends before.
    pub(super) fn fill(&mut self, wanted: usize) -> bool {
        while self.end - self.start < wanted && !self.ended {
            self.make_room(wanted);
            match self.octets.read(&mut self.buffer[self.end..]) {
                Ok(0) => self.ended = true,
                Ok(count) => self.end += count,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => {
                    self.ended = true;
                    self.failure = Some(error.to_string());
                }
            }
        }
        self.end - self.start >= wanted
    }

    /// Room for more octets. The buffer is kept twice as large as what it must hold, so that moving its
    /// content costs no more than reading it did; and it grows only as octets come, whatever lengths claim.
    fn make_room(&mut self, wanted: usize) {
        if self.start > 0 && (self.start + wanted > self.buffer.len() || self.end == self.buffer.len()) {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        let target = wanted.saturating_mul(2).min(self.buffer.len().saturating_mul(2));
        if self.end * 2 >= self.buffer.len() && target > self.buffer.len() {
            self.buffer.resize(target, 0);
        }
    }
}
