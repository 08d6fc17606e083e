//! The one way in: frames of a capture, lent one at a time.

use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use super::input::{Input, Opened};
use super::{Damage, Live, OpenError, file};
use crate::packet::{DeclaredFcs, Frame, LinkType};

/// An interface that a capture was made on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interface {
    /// Its link type.
    pub link_type: LinkType,
    /// The most octets captured of a frame; 0 for no limit.
    pub snap_length: u32,
    /// Its name, where the capture says.
    pub name: Option<String>,
    /// Its description, where the capture says.
    pub description: Option<String>,
    /// Comments on it.
    pub comments: Vec<String>,
    /// Units of its time stamps in a second (1,000,000 for microseconds).
    pub ticks_per_second: u64,
    /// What the capture declares of its frames' FCS.
    pub fcs: DeclaredFcs,
}

/// What a capture says about itself. Grows while a pcapng is read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SourceInfo {
    /// As the user named it; `-` for standard input; the interfaces of a live capture.
    pub name: String,
    /// `pcap`, `pcapng` or `live`.
    pub format: &'static str,
    /// `gzip`, `zstd`, or none.
    pub compression: Option<&'static str>,
    /// Interfaces seen so far, in the order of [`Frame::interface`].
    pub interfaces: Vec<Interface>,
    /// Comments on the capture as a whole (section comments).
    pub comments: Vec<String>,
    /// Size on disk in octets, where it has one (for progress).
    pub size: Option<u64>,
    /// Secrets that the capture holds, in order.
    pub secrets: Secrets,
}

/// Key logs of TLS that a pcapng holds (decryption secrets blocks). Shows itself to nobody.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Secrets(pub(super) Vec<Arc<[u8]>>);

impl Secrets {
    /// Those behind the first `known` ones.
    pub fn behind(&self, known: usize) -> &[Arc<[u8]>] {
        self.0.get(known..).unwrap_or_default()
    }
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Secrets({} blocks)", self.0.len())
    }
}

/// An open capture.
pub struct Source {
    reader: Reader,
    capture: u32,
    after: u64,
}

enum Reader {
    File(file::Reader),
    Live(Live),
}

impl Source {
    /// Opens a file, or standard input for `-`.
    ///
    /// # Errors
    /// When it cannot be opened, is empty, or is no capture.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        Self::read(Opened::open(path)?)
    }

    /// Begins to read what is open.
    ///
    /// # Errors
    /// When it cannot be read, is empty, or is no capture.
    pub fn read(opened: Opened) -> Result<Self, OpenError> {
        Ok(Self { reader: Reader::File(file::Reader::new(opened)?), capture: 1, after: 0 })
    }

    /// The same for a capture that something else holds: a program's output, octets in memory. `name` is what
    /// messages call it.
    ///
    /// # Errors
    /// When it is empty, or is no capture.
    pub fn from_reader(name: &str, reader: impl Read + Send + 'static) -> Result<Self, OpenError> {
        let path = Path::new(name);
        let input = Input::from_reader(path, reader, None)?;
        Ok(Self { reader: Reader::File(file::Reader::from_input(path, input)?), capture: 1, after: 0 })
    }

    /// The wire.
    pub fn live(live: Live) -> Self {
        Self { reader: Reader::Live(live), capture: 1, after: 0 }
    }

    /// The wire, where that is the source.
    pub fn as_live(&mut self) -> Option<&mut Live> {
        match &mut self.reader {
            Reader::File(_) => None,
            Reader::Live(live) => Some(live),
        }
    }

    /// Makes its frames part of a capture that other files began: they carry the number `capture` (see
    /// [`assign_captures`](super::assign_captures)), and the first of them is `after_number + 1`.
    pub fn continue_as(&mut self, capture: u32, after_number: u64) {
        self.capture = capture;
        self.after = after_number;
    }

    /// The next frame; `None` at the end of the capture.
    ///
    /// # Errors
    /// Damage, which does not end the reading: call again for what comes after it (`None` where nothing can).
    pub fn next_frame(&mut self) -> Result<Option<Frame<'_>>, Damage> {
        Ok(self.next_with_info()?.map(|(frame, _)| frame))
    }

    /// The next frame, and what the capture has said about itself up to it.
    ///
    /// # Errors
    /// As [`Source::next_frame`].
    pub fn next_with_info(&mut self) -> Result<Option<(Frame<'_>, &SourceInfo)>, Damage> {
        let (capture, after) = (self.capture, self.after);
        let next = match &mut self.reader {
            Reader::File(reader) => reader.next_frame()?,
            Reader::Live(live) => live.next_frame()?,
        };
        Ok(next.map(|(frame, info)| {
            (Frame { capture, number: after.saturating_add(frame.number), ..frame }, info)
        }))
    }

    /// The capture that its frames are part of.
    pub fn capture(&self) -> u32 {
        self.capture
    }

    /// What the capture has said about itself so far.
    pub fn info(&self) -> &SourceInfo {
        match &self.reader {
            Reader::File(reader) => reader.info(),
            Reader::Live(live) => live.info(),
        }
    }

    /// Octets of the file that have been read, of those counted by [`SourceInfo::size`].
    pub fn position(&self) -> u64 {
        match &self.reader {
            Reader::File(reader) => reader.position(),
            Reader::Live(_) => 0,
        }
    }

    /// Whether it can be opened and read a second time (standard input and pipes cannot).
    pub fn is_rereadable(&self) -> bool {
        self.info().size.is_some()
    }
}
