//! `interface`, one an interface that can be captured on.

use schemars::JsonSchema;
use serde::Serialize;

use crate::capture::LocalInterface;
use crate::packet::MacAddress;

/// The shape of an `interface` record.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(rename = "interface")]
pub(in crate::report) struct InterfaceLine {
    schema: u8,
    record: &'static str,
    name: String,
    description: Option<String>,
    /// IP addresses.
    addresses: Vec<String>,
    hardware_address: Option<String>,
    /// What its frames begin with; null where that shows only in a capture.
    link_type: Option<String>,
    /// `any loopback wireless card virtual other`.
    kind: &'static str,
    /// `up` or `down`.
    state: &'static str,
    /// It has a link, or needs none.
    running: bool,
    loopback: bool,
    wireless: bool,
    /// Whether a frame check sequence can be seen there: `stripped` by the card or its driver, `never`, `unknown`.
    fcs: &'static str,
    /// Whether this program may capture.
    can_capture: bool,
    /// The right that is missing: `CAP_NET_RAW`.
    missing: Option<&'static str>,
}

impl InterfaceLine {
    pub(in crate::report) fn new(interface: &LocalInterface, may_capture: bool) -> Self {
        Self {
            schema: 1,
            record: "interface",
            name: interface.name.clone(),
            description: interface.description.clone(),
            addresses: interface.addresses.iter().map(ToString::to_string).collect(),
            hardware_address: interface.hardware_address.map(|address| MacAddress(address).to_string()),
            link_type: interface.link_type.map(|link_type| link_type.to_string()),
            kind: interface.kind(),
            state: if interface.is_up { "up" } else { "down" },
            running: interface.is_running,
            loopback: interface.is_loopback,
            wireless: interface.is_wireless,
            fcs: interface.fcs.name(),
            can_capture: may_capture,
            missing: (!may_capture).then_some("CAP_NET_RAW"),
        }
    }
}
