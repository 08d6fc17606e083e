//! A packet in one line, for packets that are not TCP.

use std::ops::Range;

use super::{Dissection, application};
use crate::packet::Protocol;

/// Appends what a packet says, in one line. Text from the wire is not escaped.
pub fn summary(dissection: &Dissection<'_>, out: &mut String) {
    let Some(layer) = dissection.layers.last() else { return };
    application::summary(layer.protocol, dissection.octets(layer), out);
}

/// Appends what an application's octets say, in one line. Text from the wire is not escaped.
pub fn application_summary(protocol: Protocol, octets: &[u8], out: &mut String) {
    application::summary(protocol, octets, out);
}

/// Appends the ranges of an application's octets that are secret whatever came before them.
pub fn application_concealed(protocol: Protocol, octets: &[u8], out: &mut Vec<Range<u32>>) {
    application::concealed(protocol, octets, out);
}
