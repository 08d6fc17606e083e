//! Headers of the network layer.

pub(super) mod extension;
pub(super) mod fragments;
pub(super) mod gre;
pub(super) mod icmpv4;
pub(super) mod icmpv6;
pub(super) mod igmp;
pub(super) mod ipsec;
pub(super) mod ipv4;
pub(super) mod ipv6;
