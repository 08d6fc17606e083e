//! The words that every other room shares: frames, times, link types, protocol labels, addresses,
//! sequence numbers, the names of TCP notes and those of secrets.
//!
//! Nothing here reads a file, parses a header or writes a line.

mod address;
mod frame;
mod layer;
mod link_type;
mod note;
mod protocol;
mod secret;
mod seq;
mod side;
mod time;

pub use address::{Endpoint, MacAddress, Scope, scope};
pub use frame::{DeclaredFcs, Frame};
pub use layer::{Buffer, Layer, MAX_LAYERS};
pub use link_type::LinkType;
pub use note::{Note, Notes};
pub use protocol::{Protocol, TcpIpLayer};
pub use secret::{
    LONGEST_SECRET_NAME, ends_secret_field, is_reference_field, is_secret_field, is_secret_parameter,
    secrets_of_target,
};
pub use seq::Seq;
pub use side::{PerSide, Side};
pub use time::Timestamp;
