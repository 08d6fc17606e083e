//! The records: what `--format json` writes and `layerscope schema` describes. One file a record.

mod capture;
mod connection;
mod exchange;
mod exposure;
mod fcs;
mod fetch;
mod interface;
mod journey;
mod lookup;
mod message;
mod packet;
mod session;
mod tls;

use serde::Serialize;

pub(super) use capture::CaptureRecord;
pub(super) use connection::ConnectionRecord;
pub(super) use exchange::ExchangeRecord;
pub(super) use fcs::{FcsBook, FcsFrameRecord, FcsSummaryRecord};
pub(super) use fetch::FetchRecord;
pub(super) use interface::InterfaceLine;
pub(super) use journey::JourneyRecord;
pub(super) use lookup::LookupRecord;
pub(super) use packet::{FieldRecord, PacketRecord};
pub(super) use session::SessionRecord;
pub(super) use tls::TlsRecord;

use crate::packet::PerSide;

/// A value for each end of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub(super) struct Sides<T> {
    initiator: T,
    responder: T,
}

impl<T: Clone> Sides<T> {
    fn map<U>(sides: &PerSide<U>, convert: impl Fn(&U) -> T) -> Self {
        Self { initiator: convert(&sides.initiator), responder: convert(&sides.responder) }
    }
}

/// A value for each end that has one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub(super) struct KnownSides<T> {
    #[serde(skip_serializing_if = "Option::is_none")]
    initiator: Option<T>,
    #[serde(skip_serializing_if = "Option::is_none")]
    responder: Option<T>,
}

impl<T> KnownSides<T> {
    fn map<U>(sides: &PerSide<U>, convert: impl Fn(&U) -> Option<T>) -> Self {
        Self { initiator: convert(&sides.initiator), responder: convert(&sides.responder) }
    }
}

/// An address and a port.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub(super) struct EndpointRecord {
    address: String,
    port: u16,
    /// What kind of address it is.
    scope: &'static str,
}

impl From<crate::packet::Endpoint> for EndpointRecord {
    fn from(endpoint: crate::packet::Endpoint) -> Self {
        Self {
            address: endpoint.address.to_string(),
            port: endpoint.port,
            scope: crate::packet::scope(endpoint.address).name(),
        }
    }
}

fn hex(octets: &[u8]) -> String {
    let digit = |nibble: u8| char::from(b"0123456789abcdef"[usize::from(nibble & 0xf)]);
    let mut text = String::with_capacity(2 * octets.len());
    text.extend(octets.iter().flat_map(|&octet| [digit(octet >> 4), digit(octet)]));
    text
}
