//! The layers of a packet as its reader sees them: what its TCP connection speaks takes the place of `data`.

use super::PacketEvent;
use crate::dissect::Transport;
use crate::packet::{Layer, Protocol};

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
