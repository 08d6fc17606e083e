//! TLS (RFC 8446, RFC 5246) as a conversation: what both sides say in their handshake, what they agree on, and,
//! where a key log has the secrets of the session, what they say inside.
//!
//! Sees the octets of a stream and never packets; judges no certificate and verifies no signature. A [`Keys`] holds
//! the secrets that programs wrote down; an [`Opener`] reads one session and hands on what was inside.

mod certificate;
mod cipher;
mod derive;
mod direction;
mod facts;
mod handshake;
mod hello;
mod keylog;
mod keys;
mod names;
mod octets;
mod opener;
mod record;
mod session;
mod suite;

pub use certificate::{Certificate, Said};
pub use handshake::Message;
pub use hello::{ClientHello, Extensions, ServerHello};
pub use keylog::{ClientRandom, Counts, KeyLog, Label};
pub use keys::Keys;
pub use names::{alert_name, extension_name, group_name, is_grease, signature_name, version_name};
pub use opener::{Inner, Opener, Plain, Sink};
pub use record::Packets;
pub use session::{
    Agreed, Closing, Data, Decryption, DecryptionState, EarlyData, FirstData, Resumption, Secrecy, Session,
    Step, What,
};
pub use suite::{key_exchange, suite_name};

#[cfg(test)]
mod tests;
