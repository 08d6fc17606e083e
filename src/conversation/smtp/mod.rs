//! SMTP (RFC 5321 and its extensions): the dialogue of a client and a server, and the mail in it.

mod session;

pub use session::{
    Auth, AuthOutcome, Encryption, Ended, MailHeader, Message, Part, Recipient, Reply, Role, Session,
    Speaker, Transfer, Turn, TurnKind, Warning,
};
