//! Saving frames.

use std::path::Path;

use super::SourceInfo;
use crate::packet::Frame;

/// A capture that cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("{path}: {reason}", path = path.display())]
pub struct SaveError {
    /// The file.
    pub path: std::path::PathBuf,
    /// Why.
    pub reason: String,
}

/// Writes frames to a capture file: pcapng, or classic pcap where the file name ends in `.pcap` or `.cap`.
pub struct Saver {}

impl Saver {
    /// Creates the file.
    ///
    /// # Errors
    /// When it cannot be created.
    pub fn create(_path: &Path) -> Result<Self, SaveError> {
        Ok(Self {})
    }

    /// Writes one frame. `source` is what its capture says about itself.
    ///
    /// # Errors
    /// When the disk is full, or the format cannot hold the frame (a second link type in a classic pcap).
    pub fn write(&mut self, _source: &SourceInfo, _frame: &Frame<'_>) -> Result<(), SaveError> {
        Ok(())
    }

    /// Ends the file.
    ///
    /// # Errors
    /// When what is left cannot be written.
    pub fn finish(self) -> Result<(), SaveError> {
        Ok(())
    }
}
