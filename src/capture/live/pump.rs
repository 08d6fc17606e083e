//! The thread that takes frames from the kernel, and does nothing else.

use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::LiveCounts;
use super::batch::Batch;
use super::handle::Handle;

/// How often the kernel's counts are asked for, which come round at 2^32.
const COUNT_EVERY: Duration = Duration::from_secs(60);
/// How often an interface that went down is looked at, where libpcap finds out whether it is gone, and a batch that
/// waits for its turn.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// How long the kernel may collect frames before it shows them: those from before the end are waited for.
const LAST_FRAMES: Duration = Duration::from_millis(2 * super::handle::COLLECT_MS as u64);

/// What goes to the other thread.
pub(super) enum Item {
    /// Frames.
    Frames(Batch),
    /// An interface went down, and may come up again.
    Down(String),
    /// An interface brings no more.
    Trouble {
        /// The interface.
        name: String,
        /// Why.
        reason: String,
    },
}

/// What the thread waits for. None of it is made in the thread, which may make no descriptors any more.
pub(super) struct Doors {
    /// One for each handle: frames are there.
    pub(super) frames: Vec<OwnedFd>,
    /// A word in it ends the capture.
    pub(super) wake: OwnedFd,
    /// So does the loss of its reader.
    pub(super) watched: Option<OwnedFd>,
}

/// All else that the thread needs.
pub(super) struct Pump {
    pub(super) handles: Vec<Handle>,
    pub(super) queue: SyncSender<Item>,
    pub(super) empty: Receiver<Batch>,
    /// Frames that were handed over and not looked into yet.
    pub(super) waiting: Arc<AtomicUsize>,
    pub(super) duration: Option<Duration>,
}

/// The other thread has gone.
#[derive(Debug, Clone, Copy)]
struct NobodyReads;

/// What woke the thread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Woken {
    /// It is to end.
    Stop,
    /// Something may be here.
    Look,
}

impl Pump {
    /// Takes frames until the end; what was counted.
    pub(super) fn run(mut self, doors: &Doors) -> LiveCounts {
        let mut fds: Vec<PollFd<'_>> = doors.frames.iter().map(|fd| PollFd::new(fd, PollFlags::IN)).collect();
        let interfaces = fds.len();
        fds.push(PollFd::new(&doors.wake, PollFlags::IN));
        // no flag: a pipe without a reader is always told
        fds.extend(doors.watched.iter().map(|fd| PollFd::new(fd, PollFlags::empty())));
        let end = self.duration.map(|duration| Instant::now() + duration);
        let mut batch = Batch::default();
        let mut gone = vec![false; interfaces];
        let mut down = false;
        let mut counted = Instant::now();
        while gone.contains(&false) {
            let now = Instant::now();
            if end.is_some_and(|end| now >= end) {
                break;
            }
            if now - counted > COUNT_EVERY {
                counted = now;
                self.counts();
            }
            let look = if down || batch.len() > 0 { LOOK_EVERY } else { COUNT_EVERY };
            let left = end.map_or(look, |end| look.min(end - now));
            if wait(&mut fds, interfaces, left) == Woken::Stop {
                break;
            }
            for (index, fd) in fds[..interfaces].iter().enumerate() {
                if fd.revents().intersects(PollFlags::ERR) && !gone[index] {
                    down = true;
                    // with nobody left to be told, the next frames find out
                    let _ = self.queue.send(Item::Down(self.handles[index].name.clone()));
                }
            }
            if self.take_all(&mut gone, &mut batch).is_err() {
                return self.counts();
            }
        }
        self.drain(&mut gone, &mut batch);
        self.counts()
    }

    /// Takes what all interfaces have, and hands it over: whether there was anything. While all batches are on their
    /// way, the one here is filled first: few frames in many batches would soon be as many as there may be.
    fn take_all(&mut self, gone: &mut [bool], batch: &mut Batch) -> Result<bool, NobodyReads> {
        let before = batch.len();
        let mut troubles = Vec::new();
        for (index, handle) in self.handles.iter_mut().enumerate().filter(|(index, _)| !gone[*index]) {
            if let Err(reason) = handle.take(index as u32, batch) {
                troubles.push((index, reason));
            }
        }
        let came = batch.len() > before;
        let may_wait = troubles.is_empty() && !batch.is_full();
        if batch.len() > 0
            && let Some(next) = self.next_batch(may_wait)?
        {
            if self.handles.len() > 1 {
                batch.sort();
            }
            self.hand_over(std::mem::replace(batch, next))?;
        }
        for (index, reason) in troubles {
            gone[index] = true;
            let name = self.handles[index].name.clone();
            self.queue.send(Item::Trouble { name, reason }).map_err(|_| NobodyReads)?;
        }
        Ok(came)
    }

    fn hand_over(&self, batch: Batch) -> Result<(), NobodyReads> {
        self.waiting.fetch_add(batch.len(), Ordering::Relaxed);
        self.queue.send(Item::Frames(batch)).map_err(|_| NobodyReads)
    }

    /// An empty batch; `None` where there is none at once, and the one that is filled may wait for it.
    fn next_batch(&self, may_wait: bool) -> Result<Option<Batch>, NobodyReads> {
        match self.empty.try_recv() {
            Ok(next) => Ok(Some(next)),
            Err(TryRecvError::Empty) if may_wait => Ok(None),
            Err(TryRecvError::Empty) => self.empty.recv().map(Some).map_err(|_| NobodyReads),
            Err(TryRecvError::Disconnected) => Err(NobodyReads),
        }
    }

    /// What came before the end and is still in the ring. Under a flood that is never empty: then what is there at once.
    fn drain(&mut self, gone: &mut [bool], batch: &mut Batch) {
        std::thread::sleep(LAST_FRAMES);
        let end = Instant::now() + LAST_FRAMES;
        while self.take_all(gone, batch).is_ok_and(|came| came) && Instant::now() < end {}
        if batch.len() > 0 && self.next_batch(false).is_ok() {
            // with nobody left to take it, it is not missed
            let _ = self.hand_over(std::mem::take(batch));
        }
    }

    fn counts(&mut self) -> LiveCounts {
        self.handles.iter_mut().map(Handle::count).fold(LiveCounts::default(), |sum, one| LiveCounts {
            received: sum.received + one.received,
            dropped_by_kernel: sum.dropped_by_kernel + one.dropped_by_kernel,
            dropped_by_interface: sum.dropped_by_interface + one.dropped_by_interface,
        })
    }
}

/// Waits until something happens, at most so long.
fn wait(fds: &mut [PollFd<'_>], interfaces: usize, at_most: Duration) -> Woken {
    let timeout = Timespec { tv_sec: at_most.as_secs() as i64, tv_nsec: i64::from(at_most.subsec_nanos()) };
    if poll(fds, Some(&timeout)).is_err() {
        // a signal; it is told through the pipe as well
        return Woken::Look;
    }
    let told = fds[interfaces..].iter().any(|fd| !fd.revents().is_empty());
    if told { Woken::Stop } else { Woken::Look }
}
