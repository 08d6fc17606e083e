//! Headers of the data link layer.

pub(super) mod arp;
pub(super) mod cooked;
pub(super) mod ethernet;
pub(crate) mod fcs;
pub(super) mod llc;
pub(super) mod mac_control;
pub(super) mod mpls;
pub(super) mod null;
pub(super) mod other;
pub(super) mod ppp;
pub(super) mod pppoe;
pub(super) mod vlan;
