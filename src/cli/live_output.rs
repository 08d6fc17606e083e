//! Standard output of a live capture: rows are handed over as they are made, and written by a thread of their own,
//! so that a slow terminal holds up neither the packets nor the loop.

use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use crate::report::{Gauge, Out};

/// Octets from which on the writer is waited for: only the tables at the end are as large.
const MOST: usize = 16 << 20;

/// Hands text to the thread that writes it.
pub(super) struct LiveWriter {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    gauge: Arc<Gauge>,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    pending: Vec<u8>,
    is_writing: bool,
    is_over: bool,
    error: Option<io::Error>,
}

impl LiveWriter {
    /// Starts the thread. What waits for it is told to `gauge`.
    pub(super) fn new(out: impl Write + Send + 'static, gauge: Arc<Gauge>) -> Self {
        let shared = Arc::new(Shared { gauge, state: Mutex::default(), changed: Condvar::new() });
        let other = Arc::clone(&shared);
        let thread = std::thread::spawn(move || other.write_all(out));
        Self { shared, thread: Some(thread) }
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(&self, state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
        self.changed.wait(state).unwrap_or_else(PoisonError::into_inner)
    }

    fn write_all(&self, mut out: impl Write) {
        let mut octets = Vec::new();
        let mut state = self.state();
        loop {
            while state.pending.is_empty() {
                if state.is_over {
                    return;
                }
                state = self.wait(state);
            }
            std::mem::swap(&mut octets, &mut state.pending);
            state.is_writing = true;
            drop(state);
            let written = out.write_all(&octets).and_then(|()| out.flush());
            self.gauge.written(octets.len());
            octets.clear();
            state = self.state();
            state.is_writing = false;
            if let Err(error) = written {
                state.error = Some(error);
                state.pending.clear();
            }
            self.changed.notify_all();
        }
    }
}

impl Out for LiveWriter {
    fn worth_collecting(&self) -> usize {
        0
    }
}

impl Write for LiveWriter {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        let mut state = self.shared.state();
        while state.error.is_none() && state.pending.len() > MOST {
            state = self.shared.wait(state);
        }
        if let Some(error) = &state.error {
            return Err(error.kind().into());
        }
        state.pending.extend_from_slice(octets);
        self.shared.gauge.waits(octets.len());
        self.shared.changed.notify_all();
        Ok(octets.len())
    }

    /// Waits until all that there is has been written.
    fn flush(&mut self) -> io::Result<()> {
        let mut state = self.shared.state();
        while state.error.is_none() && (state.is_writing || !state.pending.is_empty()) {
            state = self.shared.wait(state);
        }
        state.error.as_ref().map_or(Ok(()), |error| Err(error.kind().into()))
    }
}

impl Drop for LiveWriter {
    fn drop(&mut self) {
        self.shared.state().is_over = true;
        self.shared.changed.notify_all();
        if let Some(thread) = self.thread.take() {
            // its errors have been told
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    #[test]
    fn what_a_slow_reader_has_not_read_is_on_the_gauge() {
        let (mut reader, pipe) = io::pipe().unwrap();
        let gauge = Arc::new(Gauge::default());
        let mut writer = LiveWriter::new(pipe, Arc::clone(&gauge));
        let row = [b'x'; 1000];
        let mut rows = 0;
        while gauge.has_room() {
            writer.write_all(&row).unwrap();
            rows += 1;
            assert!(rows < 1_000_000);
        }
        assert_eq!(gauge.rows_lost(), 1);
        let reads = std::thread::spawn(move || {
            let mut all = Vec::new();
            reader.read_to_end(&mut all).unwrap();
            all.len()
        });
        writer.flush().unwrap();
        assert!(gauge.has_room());
        drop(writer);
        assert_eq!(reads.join().unwrap(), rows * row.len());
    }

    #[test]
    fn a_closed_pipe_ends_the_writing() {
        let (reader, pipe) = io::pipe().unwrap();
        drop(reader);
        let mut writer = LiveWriter::new(pipe, Arc::default());
        let error = (0..1000).find_map(|_| writer.write_all(b"x").and_then(|()| writer.flush()).err());
        assert_eq!(error.unwrap().kind(), io::ErrorKind::BrokenPipe);
    }
}
