//! Spanning tree: BPDUs of IEEE 802.1D (configuration, topology change), 802.1w (rapid) and 802.1s (multiple).

use std::fmt::Write;

use super::wire::{Collector, number_at, u16_at};
use crate::dissect::{Field, Value};
use crate::packet::MacAddress;

/// Octet of the BPDU type that says: topology change notification, which has no more fields.
const TOPOLOGY_CHANGE: u8 = 0x80;
/// Where the fields of multiple spanning trees begin (behind the version 1 length).
const MST: usize = 36;
/// Octets of one MSTI configuration message.
const MSTI: usize = 16;
/// IEEE 802.1s allows 64 instances beside the common one.
const MAX_INSTANCES: usize = 64;

/// The fields of a BPDU, which begins behind the LLC header.
pub(super) fn fields(octets: &[u8], offset: u32) -> Vec<Field> {
    let mut out = Collector::new(octets, offset);
    out.number("protocol_identifier", 0, 2);
    let version = out.named("version", 2, 1, |version| match version {
        0 => Some("spanning tree"),
        2 => Some("rapid spanning tree"),
        3 => Some("multiple spanning trees"),
        4 => Some("shortest path trees"),
        _ => None,
    });
    let bpdu = out.named("bpdu_type", 3, 1, |kind| match kind {
        0 => Some("configuration"),
        2 => Some("rapid or multiple spanning tree"),
        0x80 => Some("topology change notification"),
        _ => None,
    });
    if bpdu == Some(TOPOLOGY_CHANGE.into()) {
        return out.finish();
    }
    flags(&mut out, octets, bpdu == Some(2));
    bridge(&mut out, "root_identifier", octets, 5);
    out.number("root_path_cost", 13, 4);
    bridge(&mut out, "bridge_identifier", octets, 17);
    out.hex("port_identifier", 25, 2);
    for (name, at) in [("message_age", 27), ("max_age", 29), ("hello_time", 31), ("forward_delay", 33)] {
        if let Some(ticks) = u16_at(octets, at) {
            let seconds = format!("{} s", f64::from(ticks) / 256.0);
            out.push(name, at, 2, Value::Number(ticks.into())).label = Some(seconds.into());
        }
    }
    if version >= Some(2) && bpdu == Some(2) {
        out.number("version_1_length", 35, 1);
    }
    if version >= Some(3) && bpdu == Some(2) {
        multiple(&mut out, octets);
    }
    out.finish()
}

fn flags(out: &mut Collector<'_>, octets: &[u8], rapid: bool) {
    out.flag("topology_change", 4, 0x01);
    if let (true, Some(flags)) = (rapid, octets.get(4)) {
        out.flag("proposal", 4, 0x02);
        let role = flags >> 2 & 3;
        let word = ["unknown", "alternate or backup", "root", "designated"][usize::from(role)];
        out.push("port_role", 4, 1, Value::Number(role.into())).label = Some(word.into());
        out.flag("learning", 4, 0x10);
        out.flag("forwarding", 4, 0x20);
        out.flag("agreement", 4, 0x40);
    }
    out.flag("topology_change_acknowledgment", 4, 0x80);
}

/// A bridge identifier: 4 bits of priority, a 12-bit system ID extension (802.1t), an address.
fn bridge(out: &mut Collector<'_>, name: &'static str, octets: &[u8], at: usize) {
    let Some(both) = u16_at(octets, at).filter(|_| octets.len() >= at + 8) else { return };
    let mut inner = out.inner();
    inner.push("priority", at, 2, Value::Number(u64::from(both & 0xf000)));
    inner.push("system_id_extension", at, 2, Value::Number(u64::from(both & 0x0fff)));
    inner.mac("address", at + 2);
    out.group(name, at, 8, inner);
}

fn multiple(out: &mut Collector<'_>, octets: &[u8]) {
    let length = out.number("version_3_length", MST, 2).unwrap_or(0);
    out.number("configuration_format", MST + 2, 1);
    out.text("configuration_name", MST + 3, 32);
    out.number("revision_level", MST + 35, 2);
    out.octets("configuration_digest", MST + 37, 16);
    out.number("internal_root_path_cost", MST + 53, 4);
    bridge(out, "cist_bridge_identifier", octets, MST + 57);
    out.number("remaining_hops", MST + 65, 1);
    let instances = usize::try_from(length).unwrap_or(0).saturating_sub(64) / MSTI;
    for index in 0..instances.min(MAX_INSTANCES) {
        let at = MST + 66 + index * MSTI;
        if octets.len() < at + MSTI {
            break;
        }
        let mut inner = out.inner();
        inner.hex("flags", at, 1);
        bridge(&mut inner, "regional_root_identifier", octets, at + 1);
        inner.number("internal_root_path_cost", at + 9, 4);
        inner.hex("bridge_priority", at + 13, 1);
        inner.hex("port_priority", at + 14, 1);
        inner.number("remaining_hops", at + 15, 1);
        out.group("msti", at, MSTI, inner);
    }
}

/// `root 32768/02:00:00:00:00:01 cost 4 port 0x8001`.
pub(super) fn summary(octets: &[u8], out: &mut String) {
    if octets.get(3) == Some(&TOPOLOGY_CHANGE) {
        out.push_str("topology change notification");
        return;
    }
    let root = octets.get(7..).and_then(MacAddress::from_slice);
    let (Some(priority), Some(root), Some(cost), Some(port)) =
        (u16_at(octets, 5), root, number_at(octets, 13, 4), u16_at(octets, 25))
    else {
        return;
    };
    let _ = write!(out, "root {priority}/{root} cost {cost} port {port:#06x}");
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in super::super) const RSTP: &[u8] = &[
        0, 0, 2, 2, 0x3c, 0x80, 1, 2, 0, 0, 0, 0, 1, 0, 0, 0, 4, 0x80, 1, 2, 0, 0, 0, 0, 2, 0x80, 1, 1, 0,
        0x14, 0, 2, 0, 0x0f, 0, 0,
    ];

    #[test]
    fn a_bridge_identifier_is_priority_extension_and_address() {
        let fields = fields(RSTP, 17);
        let root = fields.iter().find(|f| f.name == "root_identifier").unwrap();
        assert_eq!((root.offset, root.length), (22, 8));
        let Value::Group(parts) = &root.value else { panic!("{root:?}") };
        assert_eq!(parts[0].value, Value::Number(32768));
        assert_eq!(parts[1].value, Value::Number(1));
        let role = fields.iter().find(|f| f.name == "port_role").unwrap();
        assert_eq!(role.label.as_deref(), Some("designated"));
        let hello = fields.iter().find(|f| f.name == "hello_time").unwrap();
        assert_eq!(hello.label.as_deref(), Some("2 s"));
    }

    #[test]
    fn the_line_names_the_root() {
        let mut line = String::new();
        summary(RSTP, &mut line);
        assert_eq!(line, "root 32769/02:00:00:00:00:01 cost 4 port 0x8001");
    }

    #[test]
    fn a_topology_change_notification_has_four_octets() {
        let mut line = String::new();
        summary(&[0, 0, 0, 0x80], &mut line);
        assert_eq!(line, "topology change notification");
        assert_eq!(fields(&[0, 0, 0, 0x80, 1, 2, 3, 4, 5], 0).len(), 3);
    }
}
