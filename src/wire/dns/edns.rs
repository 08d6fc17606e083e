//! EDNS: the record that is none (RFC 6891 section 6.1).

use std::fmt::Write;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::ops::Range;

use super::Section;
use super::codes::{extended_error, option_name};
use super::octets::{hex, quoted, u16_at};

/// Options that are read of one record.
const MAX_OPTIONS: usize = 32;
/// Octets of an extended error that are shown.
const MAX_REASON: usize = 256;
/// Octets of an option that are shown.
const MAX_SHOWN: usize = 64;

/// What both ends can do, and what goes with this message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edns {
    /// The longest message over UDP that its sender takes, in octets.
    pub udp_size: u16,
    /// The upper eight bits of the response code.
    pub extended_rcode: u8,
    /// The version; 0 is the only one.
    pub version: u8,
    /// DO: signatures are wanted (RFC 3225).
    pub dnssec_ok: bool,
    /// Options, in order.
    pub options: Vec<EdnsOption>,
    /// The section that the record stands in: the additional one, unless its sender errs.
    pub section: Section,
    /// Where its name begins in the message.
    pub start: usize,
    /// Where its type begins.
    pub fixed: usize,
    /// Where its data stands, as far as it was captured.
    pub place: Range<usize>,
}

/// One option.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EdnsOption {
    /// Its number.
    pub code: u16,
    /// Its name, where it has one.
    pub name: Option<&'static str>,
    /// What it says, in its usual form; empty where it says nothing.
    pub value: String,
}

impl EdnsOption {
    /// The name, or `OPT65001`.
    pub fn label(&self) -> String {
        self.name.map_or_else(|| format!("OPT{}", self.code), str::to_owned)
    }
}

impl Edns {
    /// From the class, the time to live and the data of the record, and its places: section, name, type, data.
    pub(super) fn read(
        class: u16,
        ttl: u32,
        octets: &[u8],
        (section, start, fixed, place): (Section, usize, usize, Range<usize>),
    ) -> Self {
        let [extended_rcode, version, flags, _] = ttl.to_be_bytes();
        let mut options = Vec::new();
        let mut rest = octets;
        while let (Some(code), Some(length)) = (u16_at(rest, 0), u16_at(rest, 2)) {
            let after = &rest[4..];
            let value = &after[..usize::from(length).min(after.len())];
            if options.len() < MAX_OPTIONS {
                options.push(EdnsOption { code, name: option_name(code), value: option_value(code, value) });
            }
            rest = &after[value.len()..];
        }
        let dnssec_ok = flags & 0x80 != 0;
        Self { udp_size: class, extended_rcode, version, dnssec_ok, options, section, start, fixed, place }
    }

    /// The extended error that it reports (RFC 8914), if it does.
    pub fn extended_error(&self) -> Option<&str> {
        self.options.iter().find(|option| option.code == 15).map(|option| option.value.as_str())
    }
}

fn option_value(code: u16, octets: &[u8]) -> String {
    let read = match code {
        3 => Some(String::from_utf8_lossy(shown(octets)).into_owned()).filter(|_| octets.is_ascii()),
        8 => client_subnet(octets),
        10 if octets.len() > 8 => Some(format!("{} {}", hex(&octets[..8]), hex(shown(&octets[8..])))),
        11 => match u16_at(octets, 0) {
            Some(timeout) => Some(format!("{}.{} s", timeout / 10, timeout % 10)),
            None => Some(String::new()),
        },
        12 => Some(octets.len().to_string()),
        15 => error(octets),
        _ => None,
    };
    read.unwrap_or_else(|| if octets.is_empty() { String::new() } else { hex(shown(octets)) })
}

fn shown(octets: &[u8]) -> &[u8] {
    &octets[..octets.len().min(MAX_SHOWN)]
}

/// `192.0.2.0/24`, and behind a second stroke the length that the answer is good for (RFC 7871 section 6).
fn client_subnet(octets: &[u8]) -> Option<String> {
    let family = u16_at(octets, 0)?;
    let (&source, &scope) = octets.get(2).zip(octets.get(3))?;
    let prefix = &octets[4..];
    let address = match family {
        1 if prefix.len() <= 4 => IpAddr::V4(Ipv4Addr::from(filled::<4>(prefix))),
        2 if prefix.len() <= 16 => IpAddr::V6(Ipv6Addr::from(filled::<16>(prefix))),
        _ => return None,
    };
    Some(match scope {
        0 => format!("{address}/{source}"),
        scope => format!("{address}/{source}/{scope}"),
    })
}

/// The octets, and zeros behind them.
fn filled<const N: usize>(octets: &[u8]) -> [u8; N] {
    let mut out = [0; N];
    out.iter_mut().zip(octets).for_each(|(to, from)| *to = *from);
    out
}

/// `22 No Reachable Authority "at delegation example.test"`.
fn error(octets: &[u8]) -> Option<String> {
    let code = u16_at(octets, 0)?;
    let mut out = code.to_string();
    if let Some(meaning) = extended_error(code) {
        let _ = write!(out, " {meaning}");
    }
    if octets.len() > 2 {
        out.push(' ');
        quoted(&octets[2..octets.len().min(MAX_REASON)], &mut out);
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOWHERE: (Section, usize, usize, Range<usize>) = (Section::Additional, 0, 0, 0..0);

    #[test]
    fn options_are_named_and_read() {
        let octets =
            b"\0\x08\0\x07\0\x01\x18\0\xc0\0\x02\0\x0a\0\x08abcdefgh\0\x0f\0\x06\0\x16lost\xfd\xe9\0\x01\x07";
        let edns = Edns::read(1232, 0x0100_8000, octets, NOWHERE);
        assert_eq!((edns.udp_size, edns.extended_rcode, edns.version, edns.dnssec_ok), (1232, 1, 0, true));
        let said: Vec<_> = edns.options.iter().map(|o| format!("{}={}", o.label(), o.value)).collect();
        assert_eq!(
            said,
            [
                "CLIENT-SUBNET=192.0.2.0/24",
                "COOKIE=6162636465666768",
                "EDE=22 No Reachable Authority \"lost\"",
                "OPT65001=07"
            ]
        );
        assert_eq!(edns.extended_error(), Some("22 No Reachable Authority \"lost\""));
    }

    #[test]
    fn an_option_that_is_cut_is_read_as_far_as_it_goes() {
        let octets = b"\0\x0a\0\x10abcdefghijklmnop";
        for end in 0..octets.len() {
            let edns = Edns::read(512, 0, &octets[..end], NOWHERE);
            assert_eq!(edns.options.len(), usize::from(end >= 4));
        }
    }
}
