//! Saved captures of any format.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::classic::{Classic, Header};
use super::input::{Input, Opened};
use super::pcapng::Pcapng;
use super::{Damage, OpenError, SourceInfo};
use crate::packet::Frame;

/// Reads a saved capture of any format.
pub(super) struct Reader {
    format: Format,
    position: Arc<AtomicU64>,
}

enum Format {
    Classic(Classic),
    Pcapng(Pcapng),
}

impl Reader {
    pub(super) fn new(opened: Opened) -> Result<Self, OpenError> {
        let path = opened.path().to_owned();
        Self::from_input(&path, Input::new(opened)?)
    }

    pub(super) fn from_input(path: &Path, input: Input) -> Result<Self, OpenError> {
        let refuse = |reason| Err(OpenError::NotACapture { path: path.into(), reason });
        let position = Arc::clone(&input.position);
        let info = SourceInfo {
            name: path.display().to_string(),
            compression: input.compression,
            size: input.size,
            ..SourceInfo::default()
        };
        let format = match kind(&input.head) {
            Kind::Pcapng => Format::Pcapng(Pcapng::new(input.octets, &position, info)),
            Kind::Classic(header) => match Classic::open(header, input.octets, &position, info) {
                Ok(classic) => Format::Classic(classic),
                Err(reason) => return refuse(reason),
            },
            Kind::Other(reason) => return refuse(reason),
        };
        Ok(Self { format, position })
    }

    pub(super) fn next_frame(&mut self) -> Result<Option<(Frame<'_>, &SourceInfo)>, Damage> {
        match &mut self.format {
            Format::Classic(reader) => reader.next_frame(),
            Format::Pcapng(reader) => reader.next_frame(),
        }
    }

    pub(super) fn info(&self) -> &SourceInfo {
        match &self.format {
            Format::Classic(reader) => reader.info(),
            Format::Pcapng(reader) => reader.info(),
        }
    }

    pub(super) fn position(&self) -> u64 {
        self.position.load(Ordering::Relaxed)
    }
}

enum Kind {
    Classic(Header),
    Pcapng,
    Other(String),
}

/// What begins with these octets.
fn kind(head: &[u8]) -> Kind {
    match head {
        [] => Kind::Other("it is empty (0 octets)".into()),
        [0x0a, 0x0d, 0x0d, 0x0a, _, _, _, _, magic @ ..]
            if magic.starts_with(&[0x1a, 0x2b, 0x3c, 0x4d])
                || magic.starts_with(&[0x4d, 0x3c, 0x2b, 0x1a]) =>
        {
            Kind::Pcapng
        }
        [0x0a, 0x0d, 0x0d, 0x0a, ..] => {
            Kind::Other("a pcapng section header without a byte-order magic".into())
        }
        _ => match Header::parse(head) {
            Some(Ok(header)) => Kind::Classic(header),
            Some(Err(length)) => {
                Kind::Other(format!("a pcap header has 24 octets, the file ends after {length}"))
            }
            None => Kind::Other(format!("it begins with {}", first_octets(head))),
        },
    }
}

/// The first octets, for a message: in hexadecimal, and as text where they are printable.
fn first_octets(head: &[u8]) -> String {
    let first = &head[..head.len().min(8)];
    let hex: Vec<String> = first.iter().map(|o| format!("{o:02x}")).collect();
    let hex = hex.join(" ");
    if first.iter().all(|o| o.is_ascii_graphic() || *o == b' ') {
        format!("{hex} ({:?})", String::from_utf8_lossy(first))
    } else {
        hex
    }
}
