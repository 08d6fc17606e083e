//! SMTP (RFC 5321 and its extensions): the dialogue of a client and a server, and the mail in it.
//!
//! `reader` takes the octets of a stream; `dialogue` is the state machine, and `client`, `server`, `answers` and
//! `transfer` are its parts; `builder` writes the session down; `session` is what is known in the end.

mod answers;
mod auth;
mod builder;
mod client;
pub(super) mod command;
mod data;
mod dialogue;
mod exposure;
mod line;
pub(super) mod offers;
mod pace;
pub(super) mod reader;
pub(super) mod reply;
mod role;
mod server;
mod session;
#[cfg(test)]
mod tests;
mod transfer;
mod verdict;

pub(super) use auth::base64;
pub use auth::challenge;
pub(super) use auth::{Exchange, argument as auth_argument};
pub(super) use builder::Letters;
pub use builder::Limits;
pub(super) use data::DataReader;
pub(super) use exposure::proves_late;
pub use exposure::{Exposed, Exposure, Proof, Sight};
pub use offers::is_crossed_out;
pub use pace::Pace;
pub use session::{
    Abandoned, Auth, AuthOutcome, Decrypted, Encryption, Ended, Message, Recipient, Reply, Role, Said,
    Session, Speaker, Transfer, Turn, TurnKind, Warning,
};
pub use verdict::Verdict;
