//! What a record says (RFC 1035 section 3.3 and its successors).

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::ops::Range;

use super::octets::{hex, quoted, u16_at, u32_at};
use super::{name, security, service};

/// Octets that are kept of data that is not read.
const MAX_RAW: usize = 64;

/// The data of a record. Its `Display` is the form of zone files (RFC 1035 section 5.1), names without the last dot.
#[derive(Debug, Clone, PartialEq)]
pub enum Data {
    /// A, AAAA.
    Address(IpAddr),
    /// NS, CNAME, PTR, DNAME: another name.
    Host(String),
    /// MX, and what has its form.
    Exchange {
        /// The lowest is tried first.
        preference: u16,
        /// The host.
        host: String,
    },
    /// SRV (RFC 2782).
    Service {
        /// The lowest is tried first.
        priority: u16,
        /// The share among those of one priority.
        weight: u16,
        /// The port.
        port: u16,
        /// The host.
        target: String,
    },
    /// TXT, SPF, HINFO: character strings of 255 octets at most.
    Text(Vec<Vec<u8>>),
    /// SOA (RFC 1035 section 3.3.13). All times in seconds.
    Authority {
        /// The server that the zone comes from.
        server: String,
        /// The mailbox of who is responsible, its `@` written as a dot.
        mailbox: String,
        /// The zone's version.
        serial: u32,
        /// How often other servers look for a new version.
        refresh: u32,
        /// How soon they look again when that failed.
        retry: u32,
        /// How long they answer without having found one.
        expire: u32,
        /// How long it may be kept that a name does not exist (RFC 2308 section 4).
        minimum: u32,
    },
    /// Another type that is read here, in the form of zone files.
    Other(String),
    /// What is not read: the first octets, and how many there are (RFC 3597 section 5).
    Raw {
        /// The first of them.
        octets: Vec<u8>,
        /// How many the record says it has.
        length: u16,
    },
}

impl Data {
    /// Octets that are not read, of `length`.
    pub(super) fn raw(octets: &[u8], length: u16) -> Self {
        Data::Raw { octets: octets[..octets.len().min(MAX_RAW)].to_vec(), length }
    }

    /// The address of an A or AAAA record.
    pub const fn address(&self) -> Option<IpAddr> {
        match self {
            Data::Address(address) => Some(*address),
            _ => None,
        }
    }

    /// The name that an NS, CNAME, PTR or DNAME record leads to.
    pub fn host(&self) -> Option<&str> {
        match self {
            Data::Host(name) => Some(name),
            _ => None,
        }
    }

    /// The text of all strings together (RFC 7208 section 3.3); none for what has no text.
    pub fn text(&self) -> Option<String> {
        match self {
            Data::Text(strings) => Some(joined(strings)),
            _ => None,
        }
    }
}

/// All strings together, with no space between.
pub fn joined(strings: &[Vec<u8>]) -> String {
    String::from_utf8_lossy(&strings.concat()).into_owned()
}

impl fmt::Display for Data {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Data::Address(address) => write!(f, "{address}"),
            Data::Host(name) => f.write_str(name),
            Data::Exchange { preference, host } => write!(f, "{preference} {host}"),
            Data::Service { priority, weight, port, target } => {
                write!(f, "{priority} {weight} {port} {target}")
            }
            Data::Text(strings) => {
                let mut out = String::new();
                for string in strings {
                    if !out.is_empty() {
                        out.push(' ');
                    }
                    quoted(string, &mut out);
                }
                f.write_str(&out)
            }
            Data::Authority { server, mailbox, serial, refresh, retry, expire, minimum } => {
                write!(f, "{server} {mailbox} {serial} {refresh} {retry} {expire} {minimum}")
            }
            Data::Other(text) => f.write_str(text),
            Data::Raw { length: 0, .. } => f.write_str("\\# 0"),
            Data::Raw { octets, length } => {
                let rest = if octets.len() < usize::from(*length) { "..." } else { "" };
                write!(f, "\\# {length} {}{rest}", hex(octets))
            }
        }
    }
}

/// Reads the data of a record of type `kind`; `None` where it is none of its type. A type that is not known is
/// [`Data::Raw`].
pub(super) fn read(message: &[u8], place: Range<usize>, kind: u16) -> Option<Data> {
    let mut reader = Reader { message, at: place.start, end: place.end };
    let octets = message.get(place)?;
    let data = match kind {
        1 => Data::Address(Ipv4Addr::from(<[u8; 4]>::try_from(octets).ok()?).into()),
        28 => Data::Address(Ipv6Addr::from(<[u8; 16]>::try_from(octets).ok()?).into()),
        2 | 5 | 12 | 39 => Data::Host(reader.name()?),
        15 | 18 | 36 => Data::Exchange { preference: reader.u16()?, host: reader.name()? },
        33 => Data::Service {
            priority: reader.u16()?,
            weight: reader.u16()?,
            port: reader.u16()?,
            target: reader.name()?,
        },
        6 => Data::Authority {
            server: reader.name()?,
            mailbox: reader.name()?,
            serial: reader.u32()?,
            refresh: reader.u32()?,
            retry: reader.u32()?,
            expire: reader.u32()?,
            minimum: reader.u32()?,
        },
        13 | 16 | 99 => Data::Text(reader.strings()?),
        17 => Data::Other(format!("{} {}", reader.name()?, reader.name()?)),
        35 => Data::Other(service::naptr(&mut reader)?),
        64 | 65 => Data::Other(service::binding(&mut reader)?),
        256 => Data::Other(service::uri(&mut reader)?),
        43 | 59 | 32769 => Data::Other(security::delegation_signer(&mut reader)?),
        44 => Data::Other(security::fingerprint(&mut reader)?),
        24 | 46 => Data::Other(security::signature(&mut reader)?),
        47 => Data::Other(security::next(&mut reader)?),
        25 | 48 | 60 => Data::Other(security::key(&mut reader)?),
        50 => Data::Other(security::next_hashed(&mut reader)?),
        51 => Data::Other(security::hash_parameters(&mut reader)?),
        52 | 53 => Data::Other(security::certificate(&mut reader)?),
        250 => Data::Other(security::transaction(&mut reader)?),
        257 => Data::Other(security::authorities(&mut reader)?),
        _ => return Some(Data::raw(octets, u16::try_from(octets.len()).ok()?)),
    };
    Some(data)
}

/// Reads the data of one record from front to back.
pub(super) struct Reader<'a> {
    message: &'a [u8],
    at: usize,
    end: usize,
}

impl<'a> Reader<'a> {
    /// What has not been read.
    pub(super) fn rest(&mut self) -> &'a [u8] {
        let rest = self.message.get(self.at..self.end).unwrap_or_default();
        self.at = self.end;
        rest
    }

    /// The next octets.
    pub(super) fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let end = self.at.checked_add(length).filter(|&end| end <= self.end)?;
        let octets = self.message.get(self.at..end)?;
        self.at = end;
        Some(octets)
    }

    /// Whether there is no more.
    pub(super) const fn is_empty(&self) -> bool {
        self.at >= self.end
    }

    pub(super) fn u8(&mut self) -> Option<u8> {
        self.take(1)?.first().copied()
    }

    pub(super) fn u16(&mut self) -> Option<u16> {
        u16_at(self.take(2)?, 0)
    }

    pub(super) fn u32(&mut self) -> Option<u32> {
        u32_at(self.take(4)?, 0)
    }

    /// A name that ends within the record; one with a fault is none.
    pub(super) fn name(&mut self) -> Option<String> {
        let name = name::read(self.message, self.at).ok()?;
        if name.fault.is_some() || name.end > self.end {
            return None;
        }
        self.at = name.end;
        Some(name.text)
    }

    /// A string behind an octet with its length.
    pub(super) fn string(&mut self) -> Option<&'a [u8]> {
        let length = self.u8()?;
        self.take(usize::from(length))
    }

    fn strings(&mut self) -> Option<Vec<Vec<u8>>> {
        let mut strings = Vec::new();
        while !self.is_empty() {
            strings.push(self.string()?.to_vec());
        }
        Some(strings)
    }
}
