//! Octets of a capture: opened, counted, decompressed, and looked at far enough to know the format.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::OpenError;

/// Octets that are looked at to know the format: the header of a classic pcap.
pub(super) const HEAD: usize = 24;

const GZIP: [u8; 2] = [0x1f, 0x8b];
const ZSTD: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

/// An opened capture whose format is known from its first octets.
pub(super) struct Input {
    /// The first octets of the uncompressed capture, at most [`HEAD`].
    pub(super) head: Vec<u8>,
    /// All its octets.
    pub(super) octets: Octets,
    /// Octets read from disk so far.
    pub(super) position: Arc<AtomicU64>,
    /// `gzip` or `zstd`.
    pub(super) compression: Option<&'static str>,
    /// Size on disk.
    pub(super) size: Option<u64>,
}

/// Where the octets come from.
pub(super) enum Octets {
    /// A regular file, not compressed, at its beginning.
    File(File),
    /// Anything else; counts the octets that it takes from the disk.
    Stream(Box<dyn Read + Send>),
}

/// Something that is to be read as a capture, of which nothing has been read yet.
#[derive(Debug)]
pub struct Opened {
    path: PathBuf,
    /// `None` is standard input.
    file: Option<File>,
}

impl Opened {
    /// Opens a file, or standard input for `-`.
    ///
    /// # Errors
    /// When it cannot be opened, or is a folder.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        if path.as_os_str() == "-" {
            return Ok(Self { path: path.into(), file: None });
        }
        let io_error = |error| OpenError::Io { path: path.into(), error };
        let file = File::open(path).map_err(io_error)?;
        if file.metadata().map_err(io_error)?.is_dir() {
            return Err(OpenError::NotACapture { path: path.into(), reason: "it is a folder".into() });
        }
        Ok(Self { path: path.into(), file: Some(file) })
    }

    /// Where it is, as it was named.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The same a second time, to be read on its own; `None` where that cannot be (standard input, pipes).
    ///
    /// # Errors
    /// When it cannot be opened any more.
    pub fn again(&self) -> Result<Option<Self>, OpenError> {
        let is_file = |file: &File| file.metadata().is_ok_and(|metadata| metadata.is_file());
        if self.file.as_ref().is_some_and(is_file) { Self::open(&self.path).map(Some) } else { Ok(None) }
    }
}

impl Input {
    pub(super) fn new(opened: Opened) -> Result<Self, OpenError> {
        let path = &*opened.path;
        let io_error = |error| OpenError::Io { path: path.into(), error };
        let Some(mut file) = opened.file else { return Self::from_reader(path, io::stdin(), None) };
        let metadata = file.metadata().map_err(io_error)?;
        if !metadata.is_file() {
            return Self::from_reader(path, file, None);
        }
        let head = read_head(&mut file).map_err(io_error)?;
        file.rewind().map_err(io_error)?;
        if compression(&head).is_some() {
            return Self::from_reader(path, file, Some(metadata.len()));
        }
        Ok(Self {
            head,
            octets: Octets::File(file),
            position: Arc::default(),
            compression: None,
            size: Some(metadata.len()),
        })
    }

    /// From anything that can be read but not sought in.
    pub(super) fn from_reader(
        path: &Path,
        reader: impl Read + Send + 'static,
        size: Option<u64>,
    ) -> Result<Self, OpenError> {
        let io_error = |error| OpenError::Io { path: path.into(), error };
        let position = Arc::new(AtomicU64::new(0));
        let mut counted = Counted { reader, position: Arc::clone(&position) };
        let head = read_head(&mut counted).map_err(io_error)?;
        let compression = compression(&head);
        let raw = io::Cursor::new(head.clone()).chain(counted);
        let Some(name) = compression else {
            return Ok(Self { head, octets: Octets::Stream(Box::new(raw)), position, compression, size });
        };
        let mut plain: Box<dyn Read + Send> = if name == "gzip" {
            Box::new(flate2::bufread::MultiGzDecoder::new(BufReader::with_capacity(1 << 16, raw)))
        } else {
            Box::new(zstd::stream::read::Decoder::new(raw).map_err(io_error)?)
        };
        let (head, failure) = read_some(&mut plain);
        if let (true, Some(error)) = (head.len() < HEAD, failure) {
            let reason = format!("{name} data that cannot be decompressed: {error}");
            return Err(OpenError::NotACapture { path: path.into(), reason });
        }
        let octets = Octets::Stream(Box::new(io::Cursor::new(head.clone()).chain(plain)));
        Ok(Self { head, octets, position, compression, size })
    }
}

/// The name of the compression that begins like this.
fn compression(head: &[u8]) -> Option<&'static str> {
    if head.starts_with(&GZIP) {
        Some("gzip")
    } else if head.starts_with(&ZSTD) {
        Some("zstd")
    } else {
        None
    }
}

fn read_head(reader: &mut impl Read) -> io::Result<Vec<u8>> {
    let (head, failure) = read_some(reader);
    failure.map_or(Ok(head), Err)
}

/// Up to [`HEAD`] octets, and what stopped the reading if it was not the end.
fn read_some(reader: &mut impl Read) -> (Vec<u8>, Option<io::Error>) {
    let mut head = Vec::with_capacity(HEAD);
    let failure = reader.take(HEAD as u64).read_to_end(&mut head).err();
    (head, failure)
}

/// The reader, counting what is read through it.
pub(super) fn count<R: Read>(reader: R, position: &Arc<AtomicU64>) -> impl Read + use<R> {
    Counted { reader, position: Arc::clone(position) }
}

/// Counts what is read through it.
struct Counted<R> {
    reader: R,
    position: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.reader.read(buffer)?;
        self.position.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}
