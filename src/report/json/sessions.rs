//! Session records, made by a thread of their own while the next sessions are being read.

use std::io;
use std::mem;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use super::push_line;
use crate::conversation::journey::Journeys;
use crate::conversation::smtp::Session;
use crate::report::record::{JourneyRecord, SessionRecord};
use crate::report::{Out, Sink, Summary};

/// Sessions handed over at once, where nobody waits for each.
const BATCH: usize = 32;
/// Batches on their way at a time.
const IN_FLIGHT: usize = 4;

/// What the thread is asked to do.
enum Task {
    Write(Vec<Session>),
    /// The ways of mails, behind all sessions.
    Join(Journeys),
    /// Say so once everything before is written.
    Flush(SyncSender<()>),
}

/// Hands sessions to a thread that writes their records.
pub(super) struct Sessions {
    batch: Vec<Session>,
    worth_collecting: usize,
    tasks: Option<SyncSender<Task>>,
    thread: Option<JoinHandle<io::Result<()>>>,
}

impl Sessions {
    /// Starts the thread.
    pub(super) fn new(out: Box<dyn Out>, reveal_secrets: bool) -> Self {
        let worth_collecting = if out.worth_collecting() > 0 { BATCH } else { 1 };
        let (tasks, to_do) = sync_channel(IN_FLIGHT);
        let thread = std::thread::spawn(move || write_all(out, &to_do, reveal_secrets));
        Self { batch: Vec::new(), worth_collecting, tasks: Some(tasks), thread: Some(thread) }
    }

    fn hand_over(&mut self) -> io::Result<()> {
        if self.batch.is_empty() {
            return Ok(());
        }
        let batch = mem::take(&mut self.batch);
        self.ask(Task::Write(batch))
    }

    fn ask(&mut self, task: Task) -> io::Result<()> {
        match &self.tasks {
            Some(tasks) if tasks.send(task).is_ok() => Ok(()),
            _ => self.join(),
        }
    }

    /// Waits until everything is written; the thread's error, if it had one.
    fn join(&mut self) -> io::Result<()> {
        self.tasks = None;
        let ended = self.thread.take().map(JoinHandle::join);
        ended
            .unwrap_or_else(|| Ok(Err(io::ErrorKind::BrokenPipe.into())))
            .unwrap_or_else(|_| Err(io::Error::other("the thread that writes session records ended early")))
    }
}

fn write_all(mut out: Box<dyn Out>, to_do: &Receiver<Task>, reveal_secrets: bool) -> io::Result<()> {
    let mut lines = Vec::new();
    for task in to_do {
        match task {
            Task::Write(batch) => {
                for session in batch {
                    push_line(&mut lines, &SessionRecord::new(&session, reveal_secrets))?;
                    if lines.len() >= out.worth_collecting() {
                        out.write_buffer(&mut lines)?;
                    }
                }
            }
            Task::Join(journeys) => {
                for journey in &journeys.list {
                    push_line(&mut lines, &JourneyRecord::from(journey))?;
                    if lines.len() >= out.worth_collecting() {
                        out.write_buffer(&mut lines)?;
                    }
                }
            }
            Task::Flush(done) => {
                out.write_buffer(&mut lines)?;
                out.flush()?;
                // whoever asked may have gone
                let _ = done.send(());
            }
        }
    }
    out.write_buffer(&mut lines)?;
    out.flush()
}

impl Sink for Sessions {
    fn session(&mut self, session: Box<Session>) -> io::Result<()> {
        self.batch.push(*session);
        if self.batch.len() < self.worth_collecting { Ok(()) } else { self.hand_over() }
    }

    fn journeys(&mut self, journeys: Journeys) -> io::Result<()> {
        self.hand_over()?;
        if journeys.list.is_empty() { Ok(()) } else { self.ask(Task::Join(journeys)) }
    }

    fn finish(&mut self, _: &Summary) -> io::Result<()> {
        self.hand_over()?;
        self.join()
    }

    fn flush(&mut self) -> io::Result<()> {
        self.hand_over()?;
        let (done, written) = sync_channel(1);
        self.ask(Task::Flush(done))?;
        // an error ends the thread, and comes to light with the next request
        let _ = written.recv();
        Ok(())
    }
}
