//! What can be wrong with a capture.

use std::path::PathBuf;

/// A capture that cannot be read at all.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The file cannot be opened.
    #[error("{path}: {error}", path = path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// The file is not a capture.
    #[error("{path}: not a capture: {reason}", path = path.display())]
    NotACapture {
        /// The file.
        path: PathBuf,
        /// What its first octets are instead.
        reason: String,
    },
}

/// A place where a capture is damaged. What came before it (and, where the format lets one find one's feet
/// again, what comes after) is still read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name}: damaged at offset {offset}, after packet {packets}: {reason}")]
pub struct Damage {
    /// The file, as the user named it.
    pub name: String,
    /// Octets from the beginning of the (uncompressed) capture.
    pub offset: u64,
    /// Packets that had been read before it.
    pub packets: u64,
    /// What is wrong, with its numbers.
    pub reason: String,
}
