//! What two programs say to each other over a stream. Sees octets of a stream, never packets.

mod conversations;
mod registry;
pub mod smtp;

pub use conversations::{Conversations, Depth};
pub use registry::identify;
