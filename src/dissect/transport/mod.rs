//! Headers of the transport layer.

pub(super) mod tcp;
pub(super) mod udp;
