//! Which names the answers of a capture gave to addresses.

use std::net::IpAddr;

use ahash::AHashMap;

use super::purpose::reverse_address;
use super::{Lookup, Outcome};
use crate::packet::Timestamp;
use crate::wire::dns::{Data, Message, Record, Section, kind};

/// Addresses that are kept.
const MAX_ADDRESSES: usize = 50_000;
/// Aliases that are followed from a name to its address.
const MAX_ALIASES: usize = 16;
/// Octets of a name that is kept.
const MAX_NAME: usize = 256;

/// What kind of answer gave the name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NameSource {
    /// The address of a name that was asked for.
    Forward,
    /// The name of an address that was asked for (PTR).
    Reverse,
}

impl NameSource {
    /// The name in records and texts.
    pub const fn name(self) -> &'static str {
        match self {
            NameSource::Forward => "forward",
            NameSource::Reverse => "reverse",
        }
    }
}

/// A name that an answer gave to an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// The name that was asked for; for a pointer, the one it leads to.
    pub name: String,
    /// What it is an alias of, where the address belongs to another name.
    pub canonical: Option<String>,
    /// What kind of answer said so.
    pub source: NameSource,
    /// The capture.
    pub capture: u32,
    /// The packet of the answer.
    pub packet: u64,
    /// When it was captured.
    pub time: Option<Timestamp>,
}

/// All that is known of one address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Names {
    /// The first name that it was given.
    pub first: Named,
    /// The latest name, where it is another one.
    pub latest: Option<Named>,
    /// A pointer's name, where names were asked for as well.
    pub reverse: Option<Named>,
    /// How many times an answer gave it another name than the one before.
    pub changes: u32,
}

impl Names {
    /// The name that it had last: that of an answer to its name before that of a pointer.
    pub fn current(&self) -> &Named {
        self.latest.as_ref().unwrap_or(&self.first)
    }

    /// Whether it was given several names.
    pub const fn is_ambiguous(&self) -> bool {
        self.changes > 0
    }
}

/// The names of addresses, by the answers that were seen.
#[derive(Debug, Default)]
pub struct NameBook {
    addresses: AHashMap<IpAddr, Names>,
    left_out: u64,
}

impl NameBook {
    /// What is known of an address.
    pub fn names(&self, address: IpAddr) -> Option<&Names> {
        self.addresses.get(&address)
    }

    /// The name that an address had last.
    pub fn name(&self, address: IpAddr) -> Option<&str> {
        Some(self.names(address)?.current().name.as_str())
    }

    /// Addresses that have a name.
    pub fn len(&self) -> usize {
        self.addresses.len()
    }

    /// Whether no address has a name.
    pub fn is_empty(&self) -> bool {
        self.addresses.is_empty()
    }

    /// Names that were not kept, because the bound was reached.
    pub const fn left_out(&self) -> u64 {
        self.left_out
    }

    /// Takes the names that an answer gives.
    pub(super) fn learn(&mut self, lookup: &Lookup) {
        let Some(answer) = lookup.answer.as_ref().filter(|_| lookup.is_trusted()) else { return };
        if matches!(lookup.outcome, Outcome::Goodbye) {
            return;
        }
        let named = |name: &str, canonical: Option<&str>, source| Named {
            name: name.to_owned(),
            canonical: canonical.map(str::to_owned),
            source,
            capture: lookup.capture,
            packet: answer.packet,
            time: answer.time,
        };
        let message = &answer.message;
        let asked = lookup.question.as_ref().map(|question| question.name.as_str());
        let end = asked.map(|name| (name, end_of_aliases(message, name)));
        for record in &message.records {
            if let Some(address) = record.data.address() {
                // the name that was asked for, where its aliases end here
                let (name, canonical) = match end {
                    Some((asked, end)) if record.name.eq_ignore_ascii_case(end) => {
                        (asked, (!asked.eq_ignore_ascii_case(end)).then_some(end))
                    }
                    _ => (record.name.as_str(), None),
                };
                self.add(address, named(name, canonical, NameSource::Forward));
            } else if let Some(address) = pointed(record).filter(|_| record.section == Section::Answer) {
                let name = record.data.host().unwrap_or_default();
                self.add(address, named(name, None, NameSource::Reverse));
            }
        }
    }

    fn add(&mut self, address: IpAddr, named: Named) {
        if named.name.len() > MAX_NAME || address.is_unspecified() || named.name == "." {
            return;
        }
        let has_room = self.addresses.len() < MAX_ADDRESSES;
        match self.addresses.get_mut(&address) {
            Some(names) => names.add(named),
            None if has_room => {
                let names = Names { first: named, latest: None, reverse: None, changes: 0 };
                self.addresses.insert(address, names);
            }
            None => self.left_out += 1,
        }
    }
}

impl Names {
    fn add(&mut self, named: Named) {
        let is_same = |one: &Named| one.name.eq_ignore_ascii_case(&named.name);
        match (self.first.source, named.source) {
            (NameSource::Forward, NameSource::Reverse) => {
                self.reverse.get_or_insert(named);
            }
            // what was asked for by name counts more than what an address was said to be called
            (NameSource::Reverse, NameSource::Forward) => {
                self.latest = None;
                self.changes = 0;
                self.reverse = Some(std::mem::replace(&mut self.first, named));
            }
            _ if is_same(self.current()) => {}
            _ => {
                self.changes = self.changes.saturating_add(1);
                self.latest = Some(named);
            }
        }
    }
}

/// The address that a pointer belongs to.
fn pointed(record: &Record) -> Option<IpAddr> {
    if record.kind != kind::PTR {
        return None;
    }
    reverse_address(&record.name)
}

/// The name that `name` is an alias of, in the end.
fn end_of_aliases<'a>(message: &'a Message, name: &'a str) -> &'a str {
    let mut name = name;
    for _ in 0..MAX_ALIASES {
        let alias = message.section(Section::Answer).find_map(|record| match &record.data {
            Data::Host(target) if record.kind == kind::CNAME && record.name.eq_ignore_ascii_case(name) => {
                Some(target)
            }
            _ => None,
        });
        match alias {
            Some(target) => name = target,
            None => break,
        }
    }
    name
}
