//! What can be captured on, and what is missing if nothing can.

use std::fs;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use rustix::net::{AddressFamily, SocketFlags, SocketType, socket_with};

use super::live::ANY;
use crate::packet::LinkType;

/// Whether frames on an interface can end in a frame check sequence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SeesFcs {
    /// Never: there is no Ethernet wire behind it.
    Never,
    /// Usually not: the card or its driver takes it off before the kernel has the frame.
    Stripped,
    /// Nothing tells.
    Unknown,
}

impl SeesFcs {
    /// The name in records.
    pub const fn name(self) -> &'static str {
        match self {
            SeesFcs::Never => "never",
            SeesFcs::Stripped => "stripped",
            SeesFcs::Unknown => "unknown",
        }
    }
}

/// An interface of this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalInterface {
    /// Its name, as `-i` takes it.
    pub name: String,
    /// What libpcap says of it.
    pub description: Option<String>,
    /// Its IP addresses.
    pub addresses: Vec<IpAddr>,
    /// Its Ethernet address.
    pub hardware_address: Option<[u8; 6]>,
    /// What its frames begin with, where that is known.
    pub link_type: Option<LinkType>,
    /// It is switched on.
    pub is_up: bool,
    /// It has a link: a cable, a network that it joined, or none is needed.
    pub is_running: bool,
    /// What is sent there stays on this machine.
    pub is_loopback: bool,
    /// It sends by radio.
    pub is_wireless: bool,
    /// A card is behind it.
    pub is_hardware: bool,
    /// Whether a frame check sequence can be seen there.
    pub fcs: SeesFcs,
}

impl LocalInterface {
    /// What kind it is, as a name in records.
    pub fn kind(&self) -> &'static str {
        match self {
            _ if self.name == ANY => "any",
            _ if self.is_loopback => "loopback",
            _ if self.is_wireless => "wireless",
            _ if self.is_hardware => "card",
            _ if self.link_type.is_some() => "virtual",
            _ => "other",
        }
    }
}

/// The interfaces of this machine, in libpcap's order: the one to begin with first.
///
/// # Errors
/// libpcap's own words, where it cannot list them.
pub fn interfaces() -> Result<Vec<LocalInterface>, String> {
    let devices = pcap::Device::list().map_err(|error| match error {
        pcap::Error::PcapError(reason) => reason,
        other => other.to_string(),
    })?;
    Ok(devices.into_iter().map(local).collect())
}

/// Whether this process may capture: whether the kernel gives it a socket for frames (packet(7)).
pub fn may_capture() -> bool {
    // protocol 0: a socket that hears nothing
    socket_with(AddressFamily::PACKET, SocketType::RAW, SocketFlags::CLOEXEC, None).is_ok()
}

fn local(device: pcap::Device) -> LocalInterface {
    let name = device.name;
    let folder = folder(&name);
    let is_hardware = folder.join("device").exists();
    let is_wireless = device.flags.is_wireless() && folder.exists();
    let link_type = if name == ANY { Some(LinkType::LINUX_SLL2) } else { link_type(&folder) };
    let fcs = match link_type {
        Some(LinkType::ETHERNET) if is_hardware && !is_wireless => SeesFcs::Stripped,
        Some(LinkType::ETHERNET | LinkType::LINUX_SLL2) => SeesFcs::Never,
        _ => SeesFcs::Unknown,
    };
    LocalInterface {
        description: device.desc,
        addresses: device.addresses.iter().map(|address| address.addr).collect(),
        hardware_address: hardware_address(&name),
        link_type,
        is_up: device.flags.is_up(),
        is_running: device.flags.is_running(),
        is_loopback: device.flags.is_loopback(),
        is_wireless,
        is_hardware,
        fcs,
        name,
    }
}

/// Where the kernel tells about an interface (Documentation/ABI/testing/sysfs-class-net).
fn folder(name: &str) -> PathBuf {
    // a name with a slash is none of an interface
    Path::new("/sys/class/net").join(Path::new(name).file_name().unwrap_or_default())
}

/// From the kernel's number for the hardware (linux/if_arp.h), which needs no right to capture.
fn link_type(folder: &Path) -> Option<LinkType> {
    let number: u32 = fs::read_to_string(folder.join("type")).ok()?.trim().parse().ok()?;
    match number {
        // ARPHRD_ETHER and ARPHRD_LOOPBACK
        1 | 772 => Some(LinkType::ETHERNET),
        // ARPHRD_PPP, ARPHRD_TUNNEL, ARPHRD_TUNNEL6, ARPHRD_SIT, ARPHRD_NONE
        512 | 768 | 769 | 776 | 65534 => Some(LinkType::RAW),
        // ARPHRD_IEEE80211 and the same with radiotap
        801 => Some(LinkType(105)),
        803 => Some(LinkType(127)),
        _ => None,
    }
}

pub(super) fn is_loopback(name: &str) -> bool {
    fs::read_to_string(folder(name).join("type")).is_ok_and(|number| number.trim() == "772")
}

/// The Ethernet address; `None` where it has none, or one of zeros.
pub(super) fn hardware_address(name: &str) -> Option<[u8; 6]> {
    let text = fs::read_to_string(folder(name).join("address")).ok()?;
    parse_address(text.trim()).filter(|address| *address != [0; 6])
}

fn parse_address(text: &str) -> Option<[u8; 6]> {
    let mut octets = text.split(':').map(|octet| u8::from_str_radix(octet, 16));
    let mut address = [0; 6];
    for octet in &mut address {
        *octet = octets.next()?.ok()?;
    }
    octets.next().is_none().then_some(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ethernet_address_has_six_octets() {
        assert_eq!(parse_address("02:fc:00:00:00:01"), Some([2, 0xfc, 0, 0, 0, 1]));
        assert_eq!(parse_address("02:fc:00:00:00"), None);
        assert_eq!(parse_address("02:fc:00:00:00:01:02"), None);
        assert_eq!(parse_address("zz:fc:00:00:00:01"), None);
    }

    #[test]
    fn a_name_leads_to_no_other_folder() {
        assert_eq!(folder("../../etc"), Path::new("/sys/class/net/etc"));
    }
}
