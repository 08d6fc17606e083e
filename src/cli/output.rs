//! Standard output, written by a thread of its own: the next packets are taken apart while the last ones are
//! being written.

use std::io::{self, Write};
use std::mem;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread::JoinHandle;

use crate::report::Out;

/// Octets collected before they are handed over.
const BUFFER: usize = 128 << 10;

/// Room for the record that fills a buffer up.
const ONE_MORE: usize = BUFFER / 8;

/// Buffers on their way at a time.
const IN_FLIGHT: usize = 16;

/// What the thread is asked to do.
enum Task {
    Write(Vec<u8>),
    /// Say so once everything before is written.
    Flush(SyncSender<()>),
}

/// Hands full buffers to a thread that writes them.
pub(super) struct BackgroundWriter {
    buffer: Vec<u8>,
    full: Option<SyncSender<Task>>,
    empty: Receiver<Vec<u8>>,
    thread: Option<JoinHandle<io::Result<()>>>,
}

impl BackgroundWriter {
    /// Starts the thread.
    pub(super) fn new(out: impl Write + Send + 'static) -> Self {
        let (full, to_do) = sync_channel(IN_FLIGHT);
        let (written, empty) = channel();
        let thread = std::thread::spawn(move || write_all(out, &to_do, &written));
        Self { buffer: Vec::with_capacity(BUFFER), full: Some(full), empty, thread: Some(thread) }
    }

    fn hand_over(&mut self) -> io::Result<()> {
        let mut buffer = mem::take(&mut self.buffer);
        let handed = self.exchange(&mut buffer);
        self.buffer = buffer;
        handed
    }

    /// Gives a full buffer to the thread, and takes an empty one for it: one that was written, or a new one.
    fn exchange(&mut self, buffer: &mut Vec<u8>) -> io::Result<()> {
        let next = self.empty.try_recv().unwrap_or_else(|_| Vec::with_capacity(BUFFER + ONE_MORE));
        self.ask(Task::Write(mem::replace(buffer, next)))
    }

    fn ask(&mut self, task: Task) -> io::Result<()> {
        match &self.full {
            Some(full) if full.send(task).is_ok() => Ok(()),
            _ => self.join(),
        }
    }

    /// Waits until everything is written; the thread's error, if it had one.
    fn join(&mut self) -> io::Result<()> {
        self.full = None;
        let ended = self.thread.take().map(JoinHandle::join);
        ended
            .unwrap_or_else(|| Ok(Ok(())))
            .unwrap_or_else(|_| Err(io::Error::other("the writer ended early")))
    }
}

fn write_all(mut out: impl Write, to_do: &Receiver<Task>, written: &Sender<Vec<u8>>) -> io::Result<()> {
    for task in to_do {
        match task {
            Task::Write(mut buffer) => {
                out.write_all(&buffer)?;
                buffer.clear();
                // nobody takes it back at the end
                let _ = written.send(buffer);
            }
            Task::Flush(done) => {
                out.flush()?;
                let _ = done.send(());
            }
        }
    }
    out.flush()
}

impl Out for BackgroundWriter {
    fn worth_collecting(&self) -> usize {
        BUFFER
    }

    /// Nothing is copied: the full buffer goes to the thread.
    fn write_buffer(&mut self, buffer: &mut Vec<u8>) -> io::Result<()> {
        if !self.buffer.is_empty() {
            self.hand_over()?;
        }
        self.exchange(buffer)
    }
}

impl Write for BackgroundWriter {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        if self.buffer.len() + octets.len() > BUFFER && !self.buffer.is_empty() {
            self.hand_over()?;
        }
        if self.thread.is_none() {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        self.buffer.extend_from_slice(octets);
        Ok(octets.len())
    }

    /// Waits until all that there is has been written.
    fn flush(&mut self) -> io::Result<()> {
        if !self.buffer.is_empty() {
            self.hand_over()?;
        }
        let (done, is_done) = sync_channel(1);
        self.ask(Task::Flush(done))?;
        if is_done.recv().is_err() { self.join() } else { Ok(()) }
    }
}

impl Drop for BackgroundWriter {
    fn drop(&mut self) {
        let _ = self.flush();
        let _ = self.join();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};

    #[derive(Clone, Default)]
    struct Shared(Arc<Mutex<Vec<u8>>>);

    impl Write for Shared {
        fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(octets);
            Ok(octets.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    struct Closed;

    impl Write for Closed {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn everything_is_written_in_order() {
        let out = Shared::default();
        let mut writer = BackgroundWriter::new(out.clone());
        let mut expected = Vec::new();
        for number in 0..100_000_u32 {
            writeln!(writer, "{number}").unwrap();
            writeln!(expected, "{number}").unwrap();
        }
        drop(writer);
        assert!(*out.0.lock().unwrap() == expected);
    }

    #[test]
    fn a_full_buffer_comes_behind_what_was_written_before_it() {
        let out = Shared::default();
        let mut writer = BackgroundWriter::new(out.clone());
        let mut buffer = b" second".to_vec();
        writer.write_all(b"first").unwrap();
        writer.write_buffer(&mut buffer).unwrap();
        assert!(buffer.is_empty());
        writer.write_all(b" third").unwrap();
        drop(writer);
        assert_eq!(*out.0.lock().unwrap(), b"first second third");
    }

    #[test]
    fn the_last_octets_are_not_lost_in_silence() {
        let mut writer = BackgroundWriter::new(Closed);
        writer.write_all(b"the end").unwrap();
        assert_eq!(writer.flush().unwrap_err().kind(), io::ErrorKind::BrokenPipe);
    }

    #[test]
    fn a_closed_pipe_ends_the_writing() {
        let mut writer = BackgroundWriter::new(Closed);
        let error = (0..1000).find_map(|_| writer.write_all(&[b'x'; 100_000]).err());
        assert_eq!(error.unwrap().kind(), io::ErrorKind::BrokenPipe);
    }
}
