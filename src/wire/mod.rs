//! Formats that two rooms read: [`crate::dissect`] for the fields of one packet, [`crate::conversation`] for what two
//! programs say to each other. Octets in, plain data with its places out; remembers nothing from one message to the
//! next.

pub mod dns;
