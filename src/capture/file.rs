//! Saved captures.

use std::path::Path;

use super::{Damage, OpenError, SourceInfo};
use crate::packet::{DeclaredFcs, Frame, LinkType, Timestamp};

/// Reads a saved capture of any format.
pub(super) struct Reader {
    capture: pcap::Capture<pcap::Offline>,
    info: SourceInfo,
    number: u64,
    link_type: LinkType,
}

impl Reader {
    pub(super) fn open(path: &Path) -> Result<Self, OpenError> {
        let capture = pcap::Capture::from_file_with_precision(path, pcap::Precision::Nano)
            .map_err(|e| OpenError::NotACapture { path: path.into(), reason: e.to_string() })?;
        let link_type = LinkType(capture.get_datalink().0 as u16);
        let info = SourceInfo { name: path.display().to_string(), format: "pcap", ..SourceInfo::default() };
        Ok(Self { capture, info, number: 0, link_type })
    }

    pub(super) fn next_frame(&mut self) -> Result<Option<Frame<'_>>, Damage> {
        match self.capture.next_packet() {
            Ok(packet) => {
                self.number += 1;
                let ts = packet.header.ts;
                Ok(Some(Frame {
                    capture: 1,
                    number: self.number,
                    time: Some(Timestamp::from_parts(ts.tv_sec, ts.tv_usec as u32)),
                    link_type: self.link_type,
                    interface: 0,
                    original_length: packet.header.len,
                    octets: packet.data,
                    declared_fcs: DeclaredFcs::Unknown,
                    comments: &[],
                }))
            }
            Err(_) => Ok(None),
        }
    }

    pub(super) fn info(&self) -> &SourceInfo {
        &self.info
    }

    pub(super) fn position(&self) -> u64 {
        0
    }
}
