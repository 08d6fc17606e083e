//! Frames from the wire, as they come.
//!
//! Two threads: one takes frames out of the kernel's ring and copies them into batches (`pump`), the other, which
//! calls [`Live::next_frame`], looks into them. Between them is a bounded queue of batches that are used again and
//! again: nothing is allocated for a frame once the batches have grown. While the reader is behind, the kernel's
//! ring fills up, and what does not fit there is counted by the kernel.

mod batch;
mod handle;
mod pump;

use std::io::{self, PipeWriter, Write};
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TryRecvError, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use self::batch::Batch;
use self::handle::Handle;
use self::pump::{Doors, Item, Pump};
use super::{Damage, Interface, LiveError, SourceInfo};
use crate::packet::{DeclaredFcs, Frame};

/// The name of all interfaces at once.
pub const ANY: &str = "any";

/// Octets captured of a frame at most, unless asked otherwise: what libpcap takes for no limit.
pub const SNAP_LENGTH: u32 = 262_144;

/// Batches on their way at a time; each holds about a mebioctet.
const BATCHES: usize = 16;

/// Frames that may wait before the reader is behind.
const BACKLOG: usize = 8192;

/// What to capture, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveOptions {
    /// Interfaces, by their names; [`ANY`] stands for all.
    pub interfaces: Vec<String>,
    /// A filter that the kernel applies.
    pub filter: Option<String>,
    /// Octets captured of a frame at most.
    pub snap_length: u32,
    /// Octets of the kernel's ring, for each interface; `None` for 16 MiB.
    pub buffer_octets: Option<u32>,
    /// Also take frames that are for other hosts.
    pub promiscuous: bool,
    /// Hand over frames within some 10 ms, instead of 50: somebody waits for them.
    pub immediate: bool,
    /// End after this time.
    pub duration: Option<Duration>,
}

/// What libpcap and the kernel counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LiveCounts {
    /// Frames that the filter let through, those that were dropped included.
    pub received: u64,
    /// Frames that found no room in the kernel's ring.
    pub dropped_by_kernel: u64,
    /// Frames that the interface or its driver dropped.
    pub dropped_by_interface: u64,
}

/// Ends a live capture from elsewhere: a signal, a command that is over.
#[derive(Debug, Clone)]
pub struct Stopper(Arc<PipeWriter>);

impl Stopper {
    /// What the kernel has is still taken, then the capture is over.
    pub fn stop(&self) {
        // a pipe that is full, or that nobody reads any more, has said so before
        let _ = (&*self.0).write(&[1]);
    }
}

/// A live capture.
pub struct Live {
    info: SourceInfo,
    /// Until it begins.
    pump: Option<(Pump, Doors)>,
    queue: Receiver<Item>,
    empty: SyncSender<Batch>,
    waiting: Arc<AtomicUsize>,
    current: Option<Batch>,
    at: usize,
    number: u64,
    trouble: Option<Damage>,
    down: Option<String>,
    is_over: bool,
    thread: Option<JoinHandle<LiveCounts>>,
    counts: LiveCounts,
    stopper: Stopper,
}

impl Live {
    /// Opens the interfaces: from here on the kernel keeps their frames.
    ///
    /// # Errors
    /// When one cannot be opened: no right to, no such interface, a filter that makes no sense there.
    pub fn open(options: &LiveOptions) -> Result<Self, LiveError> {
        let handles = options
            .interfaces
            .iter()
            .map(|name| Handle::open(name, options))
            .collect::<Result<Vec<_>, _>>()?;
        let info = SourceInfo {
            name: options.interfaces.join(", "),
            format: "live",
            interfaces: handles.iter().map(|handle| interface(handle, options)).collect(),
            ..SourceInfo::default()
        };
        let fail = |error: io::Error| LiveError::other(&info.name, error.to_string());
        let (wake, writer) = io::pipe().map_err(fail)?;
        let (sender, queue) = sync_channel(BATCHES);
        let (empty, returned) = sync_channel(BATCHES);
        for _ in 0..BATCHES {
            let _ = empty.send(Batch::default());
        }
        let waiting = Arc::new(AtomicUsize::new(0));
        let frames = handles.iter().map(Handle::descriptor).collect::<io::Result<_>>().map_err(fail)?;
        let doors = Doors { frames, wake: wake.into(), watched: None };
        let pump = Pump {
            handles,
            queue: sender,
            empty: returned,
            waiting: Arc::clone(&waiting),
            duration: options.duration,
        };
        Ok(Self {
            info,
            pump: Some((pump, doors)),
            queue,
            empty,
            waiting,
            current: None,
            at: 0,
            number: 0,
            trouble: None,
            down: None,
            is_over: false,
            thread: None,
            counts: LiveCounts::default(),
            stopper: Stopper(Arc::new(writer)),
        })
    }

    /// Ends the capture as soon as nobody reads from this pipe or socket any more.
    pub fn end_when_closed(&mut self, out: OwnedFd) {
        if let Some((_, doors)) = &mut self.pump {
            doors.watched = Some(out);
        }
    }

    /// Begins to hand over frames; the thread that takes them from the kernel starts here.
    ///
    /// # Errors
    /// When there can be no more threads.
    pub fn start(&mut self) -> io::Result<()> {
        if let Some((pump, doors)) = self.pump.take() {
            let take = move || pump.run(&doors);
            self.thread = Some(std::thread::Builder::new().name("capture".into()).spawn(take)?);
        }
        Ok(())
    }

    /// The sockets that frames come from, before it has begun: nothing needs to be sent by them.
    pub fn sockets(&self) -> Vec<RawFd> {
        let of = |(pump, doors): &(Pump, Doors)| {
            let doors = doors.frames.iter().map(AsRawFd::as_raw_fd);
            doors.chain(pump.handles.iter().map(Handle::socket)).collect()
        };
        self.pump.as_ref().map(of).unwrap_or_default()
    }

    /// Folders from which libpcap reads what interfaces dropped, each time that it is asked for counts.
    pub fn counters(&self) -> Vec<PathBuf> {
        let of = |name: &str| PathBuf::from("/sys/class/net").join(name).join("statistics");
        let names = self.info.interfaces.iter().filter_map(|interface| interface.name.as_deref());
        names.map(of).filter(|folder| folder.is_dir()).collect()
    }

    /// What ends it from elsewhere.
    pub fn stopper(&self) -> Stopper {
        self.stopper.clone()
    }

    /// What is known of the interfaces.
    pub fn info(&self) -> &SourceInfo {
        &self.info
    }

    /// Whether the next frame is here, or it is known that none will come. Waits for it at most so long.
    pub fn wait(&mut self, at_most: Duration) -> bool {
        if self.has_frame() || self.trouble.is_some() || self.is_over {
            return true;
        }
        let item = if at_most.is_zero() {
            self.queue.try_recv().map_err(|error| error == TryRecvError::Disconnected)
        } else {
            self.queue.recv_timeout(at_most).map_err(|error| error == RecvTimeoutError::Disconnected)
        };
        match item {
            Ok(item) => self.take(item),
            Err(is_over) => self.is_over = is_over,
        }
        self.has_frame() || self.trouble.is_some() || self.is_over
    }

    /// The interface that went down since this was asked last.
    pub fn take_down(&mut self) -> Option<String> {
        self.down.take()
    }

    /// Whether so many frames wait that the reader cannot keep up.
    pub fn is_behind(&self) -> bool {
        self.waiting.load(Ordering::Relaxed) > BACKLOG
    }

    /// The next frame; waits for it. `None` once the capture is over.
    ///
    /// # Errors
    /// An interface that is gone; what the others bring still comes.
    pub fn next_frame(&mut self) -> Result<Option<(Frame<'_>, &SourceInfo)>, Damage> {
        while !self.wait(Duration::from_secs(3600)) {}
        if !self.has_frame() {
            return self.trouble.take().map_or(Ok(None), Err);
        }
        let Some(batch) = &self.current else { return Ok(None) };
        self.number += 1;
        let frame = batch.frame(self.at, self.number, &self.info.interfaces);
        self.at += 1;
        Ok(frame.map(|frame| (frame, &self.info)))
    }

    /// Takes no more frames, and waits for what the kernel counted.
    pub fn close(&mut self) -> LiveCounts {
        self.stopper.stop();
        self.pump = None;
        while let Ok(item) = self.queue.recv() {
            self.take(item);
        }
        if let Some(counts) = self.thread.take().and_then(|thread| thread.join().ok()) {
            self.counts = counts;
        }
        self.counts
    }

    /// Whether the next frame is here.
    pub fn has_frame(&self) -> bool {
        self.current.as_ref().is_some_and(|batch| self.at < batch.len())
    }

    fn take(&mut self, item: Item) {
        match item {
            Item::Frames(batch) => {
                self.waiting.fetch_sub(batch.len(), Ordering::Relaxed);
                self.at = 0;
                if let Some(mut old) = self.current.replace(batch) {
                    old.clear();
                    // at the end nobody takes it back
                    let _ = self.empty.try_send(old);
                }
            }
            Item::Down(name) => self.down = Some(name),
            Item::Trouble { name, reason } => {
                self.trouble = Some(Damage { name, offset: None, packets: self.number, reason });
            }
        }
    }
}

fn interface(handle: &Handle, options: &LiveOptions) -> Interface {
    Interface {
        link_type: handle.link_type,
        snap_length: options.snap_length,
        name: Some(handle.name.clone()),
        description: None,
        comments: Vec::new(),
        ticks_per_second: 1_000_000_000,
        fcs: DeclaredFcs::Unknown,
    }
}
