//! What two programs say to each other, over a stream or in datagrams. Sees their octets, never packets.

mod conversations;
pub mod dns;
pub mod fetch;
pub mod http;
pub mod journey;
pub mod mail;
mod plain;
mod registry;
mod secret;
mod secured;
pub mod smtp;
mod stream;
pub mod tls;

pub use conversations::{Conversations, Depth, Finished};
pub use registry::identify;
