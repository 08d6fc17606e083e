//! Reading numbers out of octets, and collecting fields with their places.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::dissect::{Field, Value};
use crate::packet::MacAddress;

/// The most octets that a [`Value::Octets`] holds.
const MAX_SHOWN: usize = 64;

/// The unsigned number in network order in the `length` octets (8 at most) at `at`.
pub(super) fn number_at(octets: &[u8], at: usize, length: usize) -> Option<u64> {
    let slice = octets.get(at..at.checked_add(length)?)?;
    Some(slice.iter().fold(0, |number, &octet| number << 8 | u64::from(octet)))
}

/// The 16-bit number at `at`.
pub(super) fn u16_at(octets: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(octets.get(at..at.checked_add(2)?)?.try_into().ok()?))
}

/// The IPv4 address at `at`.
pub(super) fn ipv4_at(octets: &[u8], at: usize) -> Option<Ipv4Addr> {
    let four: [u8; 4] = octets.get(at..at.checked_add(4)?)?.try_into().ok()?;
    Some(four.into())
}

/// The IPv6 address at `at`.
pub(super) fn ipv6_at(octets: &[u8], at: usize) -> Option<Ipv6Addr> {
    let sixteen: [u8; 16] = octets.get(at..at.checked_add(16)?)?.try_into().ok()?;
    Some(sixteen.into())
}

/// Text, as far as the octets are UTF-8.
pub(super) fn text(octets: &[u8]) -> String {
    String::from_utf8_lossy(octets).into_owned()
}

/// Octets for show, cut at the bound of [`Value::Octets`].
pub(super) fn shown(octets: &[u8]) -> Value {
    Value::Octets(octets[..octets.len().min(MAX_SHOWN)].to_vec())
}

/// Collects fields of one header. Places are counted from the header's first octet and written down as
/// offsets into the buffer that the header stands in; a field whose octets are missing is left out.
pub(super) struct Collector<'a> {
    octets: &'a [u8],
    base: u32,
    list: Vec<Field>,
}

impl<'a> Collector<'a> {
    /// `base` is where `octets` begin in their buffer.
    pub(super) fn new(octets: &'a [u8], base: u32) -> Self {
        Self { octets, base, list: Vec::new() }
    }

    /// An empty collector over the same octets, for the fields of a group.
    pub(super) fn inner(&self) -> Collector<'a> {
        Collector::new(self.octets, self.base)
    }

    /// The offset in the buffer of the octet at `at`.
    pub(super) fn offset(&self, at: usize) -> u32 {
        self.base.saturating_add(u32::try_from(at).unwrap_or(u32::MAX))
    }

    /// Adds a field with a value that the caller made.
    pub(super) fn push(&mut self, name: &'static str, at: usize, length: usize, value: Value) -> &mut Field {
        let length = u32::try_from(length).unwrap_or(u32::MAX);
        let index = self.list.len();
        self.list.push(Field::new(name, self.offset(at), length, value));
        &mut self.list[index]
    }

    /// Adds a decimal number.
    pub(super) fn number(&mut self, name: &'static str, at: usize, length: usize) -> Option<u64> {
        let number = number_at(self.octets, at, length)?;
        self.push(name, at, length, Value::Number(number));
        Some(number)
    }

    /// Adds a decimal number with the word that it stands for, if it stands for one.
    pub(super) fn named(
        &mut self,
        name: &'static str,
        at: usize,
        length: usize,
        word: impl Fn(u64) -> Option<&'static str>,
    ) -> Option<u64> {
        let number = number_at(self.octets, at, length)?;
        self.push(name, at, length, Value::Number(number)).label = word(number).map(Into::into);
        Some(number)
    }

    /// Adds a hexadecimal number, two digits an octet.
    pub(super) fn hex(&mut self, name: &'static str, at: usize, length: usize) -> Option<u64> {
        let number = number_at(self.octets, at, length)?;
        let digits = u8::try_from(length * 2).unwrap_or(16);
        self.push(name, at, length, Value::Hex(number, digits));
        Some(number)
    }

    /// Adds the flag that is the bit `mask` of the octet at `at`.
    pub(super) fn flag(&mut self, name: &'static str, at: usize, mask: u8) {
        if let Some(&octet) = self.octets.get(at) {
            self.push(name, at, 1, Value::Flag(octet & mask != 0));
        }
    }

    /// Adds an IPv4 address.
    pub(super) fn ipv4(&mut self, name: &'static str, at: usize) {
        if let Some(address) = ipv4_at(self.octets, at) {
            self.push(name, at, 4, Value::Ip(IpAddr::V4(address)));
        }
    }

    /// Adds an IPv6 address.
    pub(super) fn ipv6(&mut self, name: &'static str, at: usize) {
        if let Some(address) = ipv6_at(self.octets, at) {
            self.push(name, at, 16, Value::Ip(IpAddr::V6(address)));
        }
    }

    /// Adds a link address.
    pub(super) fn mac(&mut self, name: &'static str, at: usize) {
        if let Some(address) = self.octets.get(at..).and_then(MacAddress::from_slice) {
            self.push(name, at, 6, Value::Mac(address));
        }
    }

    /// Adds text, without the zero octets that fill it up.
    pub(super) fn text(&mut self, name: &'static str, at: usize, length: usize) {
        if let Some(octets) = at.checked_add(length).and_then(|end| self.octets.get(at..end)) {
            let end = octets.iter().position(|&o| o == 0).unwrap_or(octets.len());
            self.push(name, at, length, Value::Text(text(&octets[..end])));
        }
    }

    /// Adds octets with no more meaning.
    pub(super) fn octets(&mut self, name: &'static str, at: usize, length: usize) {
        if let Some(octets) = at.checked_add(length).and_then(|end| self.octets.get(at..end)) {
            self.push(name, at, length, shown(octets));
        }
    }

    /// Adds a group of fields.
    pub(super) fn group(
        &mut self,
        name: &'static str,
        at: usize,
        length: usize,
        inner: Collector<'_>,
    ) -> &mut Field {
        self.push(name, at, length, Value::Group(inner.list))
    }

    /// The fields, in the order in which they were added.
    pub(super) fn finish(self) -> Vec<Field> {
        self.list
    }
}
