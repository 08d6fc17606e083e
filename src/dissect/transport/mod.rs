//! Headers of the transport layer, and of tunnels in UDP.

pub(super) mod sctp;
pub(super) mod tcp;
pub(super) mod tunnel;
pub(super) mod udp;
