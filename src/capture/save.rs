//! Saving frames.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::SourceInfo;
use super::save_classic::Classic;
use super::save_pcapng::Pcapng;
use crate::packet::Frame;

/// Records that wait for each other before they are written, in octets.
const FLUSH_AT: usize = 1 << 16;

/// Octets of a key log in one block.
const MAX_SECRETS: usize = 1 << 19;

/// A capture that cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("{path}: {reason}", path = path.display())]
pub struct SaveError {
    /// The file.
    pub path: PathBuf,
    /// Why.
    pub reason: String,
    /// Packets that the file holds all the same, whole.
    pub records: u64,
}

/// Writes frames to a capture file: pcapng, or classic pcap where the file name ends in `.pcap` or `.cap`.
///
/// pcapng keeps each interface with its name, description, comments, time resolution and FCS length, and
/// each packet's comments. A packet without a time becomes a simple packet block; as such a block belongs to
/// the first interface of its section, a new section begins where that is another one. Resolutions that are
/// powers of two, or finer than nanoseconds, become nanoseconds.
///
/// Classic pcap keeps one link type, one FCS declaration and one resolution (that of the first frame's
/// source, micro- or nanoseconds); what it has no place for is an error, except names and comments, which
/// are left out.
pub struct Saver {
    path: PathBuf,
    file: File,
    format: Format,
    /// Complete records that are still to be written.
    waiting: Vec<u8>,
    /// How many they are.
    waiting_records: u64,
    is_stdout: bool,
    begun: bool,
    /// Octets that were written: all of them complete records.
    written: u64,
    written_records: u64,
}

enum Format {
    Classic(Classic),
    Pcapng(Pcapng),
}

impl Saver {
    /// Creates the file; `-` is standard output. `inputs` are the captures that are being read: none of them
    /// is written over.
    ///
    /// # Errors
    /// When it cannot be created, or is one of the inputs.
    pub fn create(path: &Path, inputs: &[PathBuf]) -> Result<Self, SaveError> {
        let fail = |reason: String| SaveError { path: path.into(), reason, records: 0 };
        let is_stdout = path.as_os_str() == "-";
        if let Some(input) = inputs.iter().find(|input| !is_stdout && is_same_file(input, path)) {
            return Err(fail(format!("is being read (as {}) and is not written over", input.display())));
        }
        let file = if is_stdout {
            io::stdout().as_fd().try_clone_to_owned().map(File::from)
        } else {
            // what the file holds is kept until there is something in its place
            File::options().write(true).create(true).truncate(false).open(path)
        };
        let file = file.map_err(|error| fail(error.to_string()))?;
        let extension = path.extension().and_then(|e| e.to_str()).unwrap_or_default();
        let format = if extension.eq_ignore_ascii_case("pcap") || extension.eq_ignore_ascii_case("cap") {
            Format::Classic(Classic::default())
        } else {
            Format::Pcapng(Pcapng::default())
        };
        let waiting = Vec::with_capacity(2 * FLUSH_AT);
        Ok(Self {
            path: path.into(),
            file,
            format,
            waiting,
            waiting_records: 0,
            is_stdout,
            begun: false,
            written: 0,
            written_records: 0,
        })
    }

    /// Writes one frame. `source` is what its capture says about itself.
    ///
    /// # Errors
    /// When the disk is full, or the format cannot hold the frame (a second link type in a classic pcap).
    /// The file then ends with the last record that was written in full.
    pub fn write(&mut self, source: &SourceInfo, frame: &Frame<'_>) -> Result<(), SaveError> {
        let complete = self.waiting.len();
        let record = match &mut self.format {
            Format::Classic(format) => format.record(source, frame, &mut self.waiting),
            Format::Pcapng(format) => format.record(source, frame, &mut self.waiting),
        };
        if let Err(reason) = record {
            self.waiting.truncate(complete);
            return Err(self.error(reason));
        }
        self.waiting_records += 1;
        if self.waiting.len() >= FLUSH_AT { self.flush() } else { Ok(()) }
    }

    /// Writes a part of a key log of TLS, whole lines of it, into the capture. A part is cut into blocks that every
    /// reader takes.
    ///
    /// # Errors
    /// When the format has no place for it (classic pcap), or the disk is full.
    pub fn secrets(&mut self, key_log: &[u8]) -> Result<(), SaveError> {
        let Format::Pcapng(format) = &mut self.format else {
            return Err(self.error("a classic pcap has no place for secrets; name the file .pcapng".into()));
        };
        let mut rest = key_log;
        loop {
            let end = match rest.get(..MAX_SECRETS) {
                Some(part) => part.iter().rposition(|&octet| octet == b'\n').map_or(MAX_SECRETS, |at| at + 1),
                None => rest.len(),
            };
            let (part, after) = rest.split_at(end);
            format.secrets(part, &mut self.waiting);
            rest = after;
            if rest.is_empty() {
                break;
            }
        }
        self.flush()
    }

    /// Ends the file.
    ///
    /// # Errors
    /// When what is left cannot be written.
    pub fn finish(mut self) -> Result<(), SaveError> {
        match &mut self.format {
            Format::Classic(format) => format.end(&mut self.waiting),
            Format::Pcapng(format) => format.end(&mut self.waiting),
        }
        self.flush()
    }

    /// Empties the file. Only a regular one can hold anything.
    fn begin(&mut self) -> io::Result<()> {
        if !std::mem::replace(&mut self.begun, true) && self.file.metadata()?.is_file() && !self.is_stdout {
            self.file.set_len(0)?;
        }
        Ok(())
    }

    /// Writes what waits, so that others can read it.
    ///
    /// # Errors
    /// When it cannot be written. The file then ends with the last record that was written in full.
    pub fn flush(&mut self) -> Result<(), SaveError> {
        let result = self.begin().and_then(|()| self.file.write_all(&self.waiting));
        let count = self.waiting.len() as u64;
        let records = std::mem::take(&mut self.waiting_records);
        self.waiting.clear();
        match result {
            Ok(()) => {
                self.written += count;
                self.written_records += records;
                Ok(())
            }
            Err(error) => {
                // Only a regular file can be cut back; of anything else the octets are gone.
                let _ = self.file.set_len(self.written);
                Err(self.error(error.to_string()))
            }
        }
    }

    fn error(&self, reason: String) -> SaveError {
        SaveError { path: self.path.clone(), reason, records: self.written_records }
    }
}

impl Drop for Saver {
    /// Keeps what was given to [`Saver::write`] also where the run ends early.
    fn drop(&mut self) {
        if !self.waiting.is_empty() {
            let _ = self.flush();
        }
    }
}

fn is_same_file(one: &Path, other: &Path) -> bool {
    match (one.metadata(), other.metadata()) {
        (Ok(one), Ok(other)) => one.is_file() && (one.dev(), one.ino()) == (other.dev(), other.ino()),
        _ => false,
    }
}

/// Rounds up to the four octets that blocks and options are padded to.
pub(super) fn pad(out: &mut Vec<u8>, start: usize) {
    while !(out.len() - start).is_multiple_of(4) {
        out.push(0);
    }
}

#[cfg(test)]
#[path = "save_tests.rs"]
mod tests;
