//! `packet`: one a packet, for the views `packets` and `layers`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::dissect::{Field, Value};

/// The shape of a `packet` record. Written by [`super::super::json`] without it, for speed.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "packet")]
pub(in crate::report) struct PacketRecord {
    schema: u8,
    record: String,
    /// The point of view; counts from 1.
    capture: u32,
    /// Counts from 1, before any filter.
    number: u64,
    /// RFC 3339, UTC, nine digits; null where the capture does not say.
    time: Option<String>,
    captured_length: u32,
    original_length: u32,
    interface: u32,
    link_type: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    comments: Vec<String>,
    layers: Vec<LayerRecord>,
    stopped: Option<StoppedRecord>,
    fcs: Option<FcsRecord>,
    checksums: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tcp: Option<TcpRecord>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fragment: Option<FragmentRecord>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    destination: Option<String>,
    info: String,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct LayerRecord {
    protocol: String,
    /// Numbers of the OSI layers whose work it does.
    osi: Vec<u8>,
    tcpip: Option<String>,
    /// Octets from the beginning of the frame (or of the reassembled datagram).
    offset: u32,
    length: u32,
    /// `reassembled` where the offset counts in a datagram that was put together from fragments.
    #[serde(skip_serializing_if = "Option::is_none")]
    buffer: Option<String>,
    /// View `layers` only.
    #[serde(skip_serializing_if = "Option::is_none")]
    fields: Option<Vec<FieldRecord>>,
}

/// One field of a header.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::report) struct FieldRecord {
    name: String,
    offset: u32,
    length: u32,
    /// A number, a flag, or a text; octets are in hexadecimal.
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<serde_json::Value>,
    /// The standard's own word for the value.
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<String>,
    /// Fields inside this field.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    fields: Vec<FieldRecord>,
}

impl From<&Field> for FieldRecord {
    fn from(field: &Field) -> Self {
        let value = match &field.value {
            Value::Number(n) | Value::Hex(n, _) => Some((*n).into()),
            Value::Flag(set) => Some((*set).into()),
            Value::Mac(address) => Some(address.to_string().into()),
            Value::Ip(address) => Some(address.to_string().into()),
            Value::Text(text) => Some(text.clone().into()),
            Value::Octets(octets) => Some(super::hex(octets).into()),
            Value::Group(_) => None,
        };
        let fields = match &field.value {
            Value::Group(fields) => fields.iter().map(FieldRecord::from).collect(),
            _ => Vec::new(),
        };
        Self {
            name: field.name.to_owned(),
            offset: field.offset,
            length: field.length,
            value,
            label: field.label.as_deref().map(str::to_owned),
            fields,
        }
    }
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct StoppedRecord {
    layer: String,
    offset: u32,
    reason: String,
    /// The field that made the claim.
    claimed_by: String,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct FcsRecord {
    /// `good bad unverifiable absent unknown`.
    state: String,
    /// `declared inferred forced none`.
    basis: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    offset: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stored: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    computed: Option<String>,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct TcpRecord {
    stream: u64,
    /// `initiator` or `responder`.
    from: String,
    notes: Vec<String>,
    /// Relative to the sender's initial sequence number.
    seq: u32,
    /// Relative to the peer's initial sequence number.
    #[serde(skip_serializing_if = "Option::is_none")]
    ack: Option<u32>,
    /// Octets, scaled.
    #[serde(skip_serializing_if = "Option::is_none")]
    window: Option<u32>,
    /// The packet that sent what is acknowledged last.
    #[serde(skip_serializing_if = "Option::is_none")]
    acknowledges: Option<u64>,
    /// The packet whose octets are sent again.
    #[serde(skip_serializing_if = "Option::is_none")]
    repeats: Option<u64>,
    /// The packet of which this is a second copy made by the capture.
    #[serde(skip_serializing_if = "Option::is_none")]
    copy_of: Option<u64>,
    /// Of both ends after this segment.
    states: StatesRecord,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct StatesRecord {
    initiator: String,
    responder: String,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct FragmentRecord {
    identification: u32,
    offset: u32,
    more: bool,
    completed: bool,
    overlaps: bool,
}
