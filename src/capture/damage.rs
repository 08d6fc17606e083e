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
#[error("{name}: {place}after packet {packets}: {reason}", place = self.place())]
pub struct Damage {
    /// The file, as the user named it; or the interface.
    pub name: String,
    /// Octets from the beginning of the (uncompressed) capture; `None` on an interface.
    pub offset: Option<u64>,
    /// Packets that had been read before it.
    pub packets: u64,
    /// What is wrong, with its numbers.
    pub reason: String,
}

impl Damage {
    fn place(&self) -> String {
        self.offset.map_or_else(String::new, |offset| format!("damaged at offset {offset}, "))
    }
}

/// An interface that cannot be captured on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot capture on {name}: {reason}")]
pub struct LiveError {
    /// The interface.
    pub name: String,
    /// Why, in the words of libpcap or the system.
    pub reason: String,
    /// What is missing is the right to capture.
    pub is_permission: bool,
}

impl LiveError {
    /// What libpcap says about an interface.
    pub(super) fn of(name: &str, error: &pcap::Error) -> Self {
        let reason = match error {
            pcap::Error::PcapError(reason) => reason.clone(),
            other => other.to_string(),
        };
        // libpcap begins with the name in some of its messages
        let reason = reason.strip_prefix(&format!("{name}: ")).unwrap_or(&reason).to_owned();
        Self { is_permission: !super::interfaces::may_capture(), ..Self::other(name, reason) }
    }

    /// Anything else.
    pub(super) fn other(name: &str, reason: impl Into<String>) -> Self {
        Self { name: name.into(), reason: reason.into(), is_permission: false }
    }
}
