//! TCP connections: who opened them, how, what was lost on the way, how they ended; and their octets in order.
//!
//! Knows segments, not what the octets mean. [`Tracker::push`] takes one segment and returns its [`Place`];
//! what can be delivered in order goes to a [`Receiver`] on the way.

mod advance;
mod clock;
mod closing;
mod connection;
mod copies;
mod end;
mod entry;
mod figures;
mod key;
mod live;
mod notes;
mod opening;
mod place;
mod reassembly;
mod receiver;
mod state;
mod table;
mod tracker;

pub use connection::{Connection, Gap, Handshake, HandshakeKind, Offer, RoleBasis, Teardown, TeardownKind};
pub use figures::{EndFigures, Figures};
pub use place::{Place, Reset, Step};
pub use receiver::{Delivery, Receiver};
pub use state::TcpState;
pub use tracker::{Limits, SegmentInput, Tracker};

#[cfg(test)]
mod tests;
