//! What is in a header, for the views that show it.

use std::borrow::Cow;
use std::net::IpAddr;

use super::Dissection;
use crate::packet::{Layer, MacAddress};

/// One field of a header.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    /// The standard's name for it in snake_case: `time_to_live`.
    pub name: &'static str,
    /// First octet, counted as the layer's own offset is.
    pub offset: u32,
    /// Octets that it has a part in (a flag has a part in 1).
    pub length: u32,
    /// What it holds.
    pub value: Value,
    /// The standard's own word for that value: `echo request` for ICMP type 8.
    pub label: Option<Cow<'static, str>>,
}

/// What a field holds.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// A number that people read in decimal.
    Number(u64),
    /// A number that people read in hexadecimal, with its width in digits.
    Hex(u64, u8),
    /// A flag.
    Flag(bool),
    /// A link address.
    Mac(MacAddress),
    /// An IP address.
    Ip(IpAddr),
    /// Text from the packet, not escaped.
    Text(String),
    /// Octets with no more meaning here; at most the first 64.
    Octets(Vec<u8>),
    /// Fields inside this field (an option, a quoted packet, a DNS record).
    Group(Vec<Field>),
}

impl Field {
    /// A field with no label.
    pub fn new(name: &'static str, offset: u32, length: u32, value: Value) -> Self {
        Self { name, offset, length, value, label: None }
    }

    /// The same with a label.
    #[must_use]
    pub fn labelled(mut self, label: impl Into<Cow<'static, str>>) -> Self {
        self.label = Some(label.into());
        self
    }
}

/// The fields of one layer of a packet, in the order of its octets.
pub fn fields(_dissection: &Dissection<'_>, _layer: &Layer) -> Vec<Field> {
    Vec::new()
}
