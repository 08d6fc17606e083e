//! Mail read by its user: IMAP (RFC 9051, RFC 3501) and POP3 (RFC 1939 and its extensions), as conversations.
//!
//! `reader` takes the octets of a stream; `imap` and `pop3` are the state machines, each with a part for either side;
//! `record` writes the session down; `session` is what is known in the end, `verdict` and `exposure` what follows
//! from it.

mod exposure;
mod fetched;
mod framing;
mod imap;
mod pop3;
#[cfg(test)]
mod pop3_tests;
mod reader;
mod record;
mod session;
mod state;
#[cfg(test)]
mod tests;
mod verdict;

pub use exposure::{Exposed, Exposure};
pub use fetched::Fetched;
pub(super) use reader::{Reader, implicit_tls};
pub use session::{
    Command, Ended, Login, Message, Phase, Portion, Response, ResponseKind, Session, Status, Turn, TurnKind,
    Warning,
};
pub use verdict::{Change, ChangeKind, ChangeOutcome};
