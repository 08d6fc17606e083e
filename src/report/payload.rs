//! The layers of a packet as its reader sees them: what its TCP connection speaks takes the place of `data`.

use std::ops::Range;

use super::PacketEvent;
use crate::dissect::{Field, Transport, Value};
use crate::packet::{Layer, Protocol};

/// What stands in the place of a value that is not shown.
const HIDDEN: &str = "(hidden)";

/// The layers of a packet, from the outside in.
pub(super) fn layers<'a>(event: &PacketEvent<'a>) -> impl Iterator<Item = Layer> + 'a {
    let speaks = event.application.filter(|_| matches!(event.dissection.transport, Transport::Tcp(_)));
    let behind_tcp = event.dissection.layers.iter().rposition(|layer| layer.protocol == Protocol::Tcp);
    event.dissection.layers.iter().enumerate().map(move |(index, &layer)| match speaks {
        Some(protocol)
            if layer.protocol == Protocol::Data && behind_tcp.is_some_and(|tcp| index == tcp + 1) =>
        {
            Layer { protocol, ..layer }
        }
        Some(_) | None => layer,
    })
}

/// The octets of a layer's buffer that must not be shown; none where secrets are revealed.
pub(super) fn hidden(event: &PacketEvent<'_>, layer: &Layer) -> Vec<Range<u32>> {
    let transport = match event.dissection.transport {
        Transport::Tcp(_) => event.dissection.layer(Protocol::Tcp),
        Transport::Udp(_) | Transport::None => None,
    };
    let Some(transport) = transport.filter(|transport| transport.buffer == layer.buffer) else {
        return Vec::new();
    };
    let start = transport.offset.saturating_add(transport.length);
    let shift = |r: &Range<u32>| start.saturating_add(r.start)..start.saturating_add(r.end);
    event.concealed.iter().map(shift).collect()
}

/// Takes the values out of the fields that have hidden octets. A text that the dissector has cleared itself stays.
pub(super) fn conceal(fields: &mut [Field], hidden: &[Range<u32>]) {
    for field in fields {
        let end = field.offset.saturating_add(field.length);
        if !hidden.iter().any(|range| range.start < end && field.offset < range.end) {
            continue;
        }
        match &mut field.value {
            Value::Group(inner) => conceal(inner, hidden),
            Value::Text(text) if text.ends_with(HIDDEN) => {}
            // a target is long, and the dissector has put out what is secret in it
            Value::Text(text) if field.name == "target" && text.contains(HIDDEN) => {}
            Value::Number(_) if field.name.ends_with("_octets") => {}
            value => {
                *value = Value::Text(HIDDEN.into());
                field.label = None;
            }
        }
    }
}
