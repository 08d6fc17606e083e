//! One interface, open.

use std::os::fd::{AsFd, AsRawFd, OwnedFd, RawFd};

use pcap::{Active, Capture, Linktype, Precision};

use super::batch::Batch;
use super::{ANY, LiveCounts, LiveOptions};
use crate::capture::LiveError;
use crate::capture::filter::{dlt, link_type};
use crate::capture::interfaces::{hardware_address, is_loopback};
use crate::packet::{LinkType, Timestamp};

/// Milliseconds after which the kernel hands over what it has. libpcap's immediate mode is no help: it cuts the ring
/// into places for the longest frame there may be, and few of those fit in.
pub(super) const COLLECT_MS: i32 = 50;
/// The same where somebody waits for each row.
const AT_ONCE_MS: i32 = 10;
/// Octets of the kernel's ring, unless asked otherwise. libpcap's own 2 MiB are full within 14 ms at 1 Gbit/s.
const RING: u32 = 16 << 20;
/// Frames taken at a time: a batch is not much larger than it should be.
const AT_A_TIME: usize = 32;

/// Which frames this host sent itself, whose checksums its card was still to make.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Own {
    /// All: nobody else speaks on a loopback interface.
    All,
    /// Those of this Ethernet address.
    From([u8; 6]),
    /// The frame says so itself (Linux cooked captures), or nothing tells.
    Unknown,
}

/// An interface that is being captured on.
pub(super) struct Handle {
    pub(super) name: String,
    pub(super) link_type: LinkType,
    capture: Capture<Active>,
    own: Own,
    counts: LiveCounts,
    /// What the kernel had counted when it was asked last; its counters are of 32 bits.
    told: [u32; 3],
}

impl Handle {
    pub(super) fn open(name: &str, options: &LiveOptions) -> Result<Self, LiveError> {
        let fail = |error: &pcap::Error| LiveError::of(name, error);
        let inactive = Capture::from_device(name)
            .map_err(|error| fail(&error))?
            .precision(Precision::Nano)
            .snaplen(i32::try_from(options.snap_length).unwrap_or(i32::MAX))
            // libpcap warns where all interfaces at once are asked for frames of other hosts
            .promisc(options.promiscuous && name != ANY)
            .timeout(if options.immediate { AT_ONCE_MS } else { COLLECT_MS })
            .buffer_size(i32::try_from(options.buffer_octets.unwrap_or(RING)).unwrap_or(i32::MAX));
        let mut capture = inactive.open().map_err(|error| fail(&error))?;
        keep_from_children(&capture).map_err(|error| LiveError::other(name, error.to_string()))?;
        if name == ANY {
            // version 2 also says which interface; where libpcap is too old for it, version 1 stays
            let _ = capture.set_datalink(Linktype(i32::from(LinkType::LINUX_SLL2.0)));
        }
        if let Some(filter) = &options.filter {
            capture.filter(filter, true).map_err(|error| fail(&error))?;
        }
        let capture = capture.setnonblock().map_err(|error| fail(&error))?;
        let link_type = link_type(capture.get_datalink());
        debug_assert_eq!(dlt(link_type), capture.get_datalink());
        let own = match hardware_address(name).filter(|_| link_type == LinkType::ETHERNET) {
            _ if is_loopback(name) => Own::All,
            Some(address) => Own::From(address),
            None => Own::Unknown,
        };
        Ok(Self { name: name.into(), link_type, capture, own, counts: LiveCounts::default(), told: [0; 3] })
    }

    /// What tells that frames are here.
    pub(super) fn descriptor(&self) -> std::io::Result<OwnedFd> {
        self.capture.as_fd().try_clone_to_owned()
    }

    /// The number of its socket.
    pub(super) fn socket(&self) -> RawFd {
        self.capture.as_fd().as_raw_fd()
    }

    /// Takes what is here, until the batch is full. Whether something came; the error is libpcap's own words.
    pub(super) fn take(&mut self, interface: u32, batch: &mut Batch) -> Result<bool, String> {
        let own = self.own;
        let before = batch.len();
        while !batch.is_full() {
            let taken = self.capture.dispatch(Some(AT_A_TIME), |packet| {
                let header = packet.header;
                // with Precision::Nano the fraction is in nanoseconds
                let time = Timestamp::from_parts(header.ts.tv_sec, header.ts.tv_usec as u32);
                batch.push(interface, time, header.len, own.sent(packet.data), packet.data);
            });
            match taken {
                Ok(0) => break,
                Ok(_) => {}
                Err(pcap::Error::PcapError(reason)) => return Err(reason),
                Err(error) => return Err(error.to_string()),
            }
        }
        Ok(batch.len() > before)
    }

    /// Asks the kernel for its counts; often enough, so that none of them comes round.
    pub(super) fn count(&mut self) -> LiveCounts {
        let Ok(stat) = self.capture.stats() else { return self.counts };
        let now = [stat.received, stat.dropped, stat.if_dropped];
        let [received, dropped, at_interface] =
            std::array::from_fn(|i| now[i].wrapping_sub(self.told[i])).map(u64::from);
        self.told = now;
        self.counts.received += received;
        self.counts.dropped_by_kernel += dropped;
        // Below zero where the interface's own counters cannot be read any more: then nothing is known.
        if at_interface < 1 << 31 {
            self.counts.dropped_by_interface += at_interface;
        }
        self.counts
    }
}

impl Own {
    /// Whether this host sent the frame. Of all octets only the source address is looked at: nothing else tells the
    /// direction on an Ethernet interface.
    fn sent(self, frame: &[u8]) -> bool {
        match self {
            Own::All => true,
            Own::From(address) => frame.get(6..12) == Some(&address[..]),
            Own::Unknown => false,
        }
    }
}

/// A command that is started later must not hold a socket that hears everything.
fn keep_from_children(capture: &Capture<Active>) -> rustix::io::Result<()> {
    rustix::io::fcntl_setfd(capture.as_fd(), rustix::io::FdFlags::CLOEXEC)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_its_hosts_own_by_its_source_address() {
        let frame = [0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 1, 8, 0];
        assert!(Own::From([2, 0, 0, 0, 0, 1]).sent(&frame));
        assert!(!Own::From([2, 0, 0, 0, 0, 2]).sent(&frame));
        assert!(!Own::From([2, 0, 0, 0, 0, 1]).sent(&frame[..8]));
        assert!(Own::All.sent(&frame) && !Own::Unknown.sent(&frame));
    }
}
