//! What is known of a TLS session: plain data.

use super::certificate::Certificate;
use super::handshake::Message;
use super::hello::{ClientHello, ServerHello};
use super::record::Packets;
use crate::packet::{Endpoint, PerSide, Protocol, Side, Timestamp};

/// One session: the TLS part of one connection.
#[derive(Debug, Clone, PartialEq)]
pub struct Session {
    /// The capture it was seen in.
    pub capture: u32,
    /// The connection.
    pub stream: u64,
    /// The end that sent the ClientHello.
    pub client_end: Endpoint,
    /// The end that answered.
    pub server_end: Endpoint,
    /// It began after words in the clear (STARTTLS, STLS).
    pub after_starttls: bool,
    /// What was spoken inside, where that could be read.
    pub application: Option<Protocol>,
    /// Its first packet with a record.
    pub first_packet: u64,
    /// Its last packet with a record.
    pub last_packet: u64,
    /// When the first one was captured.
    pub start: Option<Timestamp>,
    /// When the last one was captured.
    pub end: Option<Timestamp>,
    /// Who sent the ClientHello; the initiator where none was captured.
    pub client: Side,
    /// The last ClientHello.
    pub client_hello: Option<ClientHello>,
    /// The ServerHello.
    pub server_hello: Option<ServerHello>,
    /// What both agreed on.
    pub agreed: Agreed,
    /// What was sent, in order.
    pub steps: Vec<Step>,
    /// Steps beyond those that are kept.
    pub steps_left_out: u64,
    /// The last chain of certificates of each side.
    pub certificates: PerSide<Vec<Certificate>>,
    /// The data of each side.
    pub data: PerSide<Data>,
    /// How many records could be opened, and why not all.
    pub decryption: Decryption,
    /// How each side ended it.
    pub closing: PerSide<Option<Closing>>,
    /// Octets of each side that were not captured, or in which no record was found.
    pub lost_octets: PerSide<u64>,
}

impl Session {
    /// Whether at least a part of what was encrypted was opened.
    pub const fn is_opened(&self) -> bool {
        matches!(self.decryption.state, DecryptionState::Partly | DecryptionState::Decrypted)
    }

    /// Round trips that a side waited for before it could send data, and whether that was seen; otherwise it follows
    /// from the version: in TLS 1.3 the client's data may follow its Finished at once (RFC 8446 section 2).
    pub fn round_trips(&self, side: Side) -> Option<(u32, bool)> {
        if let Some(first) = &self.data.of(side).first {
            return Some((first.round_trips, first.observed));
        }
        let infers =
            side == self.client && self.agreed.version == Some(0x0304) && self.data.of(side).is_any();
        infers.then_some((1 + u32::from(self.agreed.retried), false))
    }
}

/// What both agreed on, as far as it was seen.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Agreed {
    /// The version.
    pub version: Option<u16>,
    /// The cipher suite.
    pub suite: Option<u16>,
    /// The group of the key exchange.
    pub group: Option<u16>,
    /// The host that the client asked for.
    pub server_name: Option<String>,
    /// The application protocol.
    pub application_protocol: Option<String>,
    /// The signature scheme of the server's CertificateVerify.
    pub signature: Option<u16>,
    /// What was taken up again.
    pub resumption: Option<Resumption>,
    /// Data before the end of the handshake.
    pub early_data: EarlyData,
    /// The server asked for another ClientHello.
    pub retried: bool,
    /// The master secret is bound to the whole handshake (TLS 1.2).
    pub extended_master_secret: bool,
    /// HMAC covers what is encrypted (TLS 1.2).
    pub encrypt_then_mac: bool,
    /// The client showed a certificate.
    pub client_certificate: bool,
}

/// How a session takes up an earlier one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resumption {
    /// By a session ID that the server remembered (RFC 5246 section 7.3).
    SessionId,
    /// By a ticket that the client handed back (RFC 5077).
    Ticket,
    /// By a pre-shared key, mostly one of a ticket (RFC 8446 section 2.2).
    PreSharedKey,
}

impl Resumption {
    /// The name in records.
    pub const fn name(self) -> &'static str {
        match self {
            Resumption::SessionId => "session_id",
            Resumption::Ticket => "ticket",
            Resumption::PreSharedKey => "psk",
        }
    }
}

/// What became of data before the end of the handshake (0-RTT, RFC 8446 section 2.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum EarlyData {
    /// The client did not offer it.
    #[default]
    NotOffered,
    /// The client offered it; the answer is encrypted and was not opened.
    Offered,
    /// The server took it.
    Accepted,
    /// The server did not take it.
    Rejected,
}

impl EarlyData {
    /// The name in records.
    pub const fn name(self) -> &'static str {
        match self {
            EarlyData::NotOffered => "not_offered",
            EarlyData::Offered => "offered",
            EarlyData::Accepted => "accepted",
            EarlyData::Rejected => "rejected",
        }
    }
}

/// Something that one side sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Where.
    pub packets: Packets,
    /// Who.
    pub from: Side,
    /// How it was on the wire.
    pub secrecy: Secrecy,
    /// What.
    pub what: What,
}

/// How something was on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Secrecy {
    /// In the clear.
    Clear,
    /// Encrypted, and opened with the key log.
    Opened,
    /// Encrypted, and not opened.
    Sealed,
}

impl Secrecy {
    /// The name in records.
    pub const fn name(self) -> &'static str {
        match self {
            Secrecy::Clear => "clear",
            Secrecy::Opened => "opened",
            Secrecy::Sealed => "sealed",
        }
    }
}

/// What one side sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// A handshake message.
    Handshake(Message),
    /// From here on what this side sends is protected (TLS 1.2); in TLS 1.3 it says nothing (RFC 8446 section 5).
    ChangeCipherSpec,
    /// An alert: 1 warning or 2 fatal, and its description.
    Alert(u8, u8),
    /// Application data, one step for what a side sent in a row.
    Data {
        /// Records.
        records: u64,
        /// Octets: of the data where it was opened, else of the records' contents.
        octets: u64,
        /// It is 0-RTT data.
        early: bool,
    },
    /// Records that were not opened and may be any of these, one step for what a side sent in a row.
    Sealed {
        /// The content type that they show.
        content_type: u8,
        /// Records.
        records: u64,
        /// Octets of their contents.
        octets: u64,
    },
    /// A record of another content type: which.
    Other(u8),
    /// So many octets were not captured.
    Gap(u64),
    /// So many octets were no records.
    NoRecords(u64),
}

/// Application data of one side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Data {
    /// Records that carried data, or that may have (see [`Step`]).
    pub records: u64,
    /// Octets of data, where it was opened.
    pub octets: u64,
    /// Octets of the contents of records that were not opened and may be data.
    pub sealed_octets: u64,
    /// Octets of data before the end of the handshake.
    pub early_octets: u64,
    /// The first record that carried data.
    pub first: Option<FirstData>,
}

/// The first application data of a side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FirstData {
    /// Its packet.
    pub packet: u64,
    /// How often this side had to wait for the other, from the hello on, before it could send it.
    pub round_trips: u32,
    /// Nanoseconds since the ClientHello.
    pub nanos: Option<i64>,
    /// Whether it was seen to be data; otherwise that follows from the version.
    pub observed: bool,
}

/// How a side ended the session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Closing {
    /// It said that it will send no more: what it sent is complete (RFC 8446 section 6.1).
    CloseNotify,
    /// It gave up with this alert.
    Fatal(u8),
    /// With an alert that was not opened.
    SealedAlert,
}

/// How many records were opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Decryption {
    /// In a word.
    pub state: DecryptionState,
    /// Protected records of each side that were opened.
    pub opened: PerSide<u64>,
    /// Those that were not.
    pub sealed: PerSide<u64>,
    /// Of those: the key log has no key for them.
    pub without_key: u64,
    /// Of those: there is a key, but authentication failed.
    pub not_fitting: u64,
    /// Of those: they lie behind a gap, and how many records it swallowed is not known.
    pub behind_gap: u64,
}

impl Decryption {
    /// Whether any record was opened.
    pub const fn has_opened(&self) -> bool {
        self.opened.initiator > 0 || self.opened.responder > 0
    }
}

/// What decryption came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DecryptionState {
    /// Nothing that was captured is encrypted.
    #[default]
    Nothing,
    /// There is no key log.
    NoKeyLog,
    /// The key log does not know this session.
    NoKeys,
    /// The key log has keys for this session, and they do not open it.
    KeysDoNotFit,
    /// The version or the cipher suite is none that is opened here.
    NotSupported,
    /// The ClientHello or the ServerHello was not captured: which keys belong to it is not known.
    HelloNotSeen,
    /// Some records were opened.
    Partly,
    /// All records were opened.
    Decrypted,
}

impl DecryptionState {
    /// The name in records.
    pub const fn name(self) -> &'static str {
        match self {
            DecryptionState::Nothing => "nothing_encrypted",
            DecryptionState::NoKeyLog => "no_key_log",
            DecryptionState::NoKeys => "no_keys",
            DecryptionState::KeysDoNotFit => "keys_do_not_fit",
            DecryptionState::NotSupported => "not_supported",
            DecryptionState::HelloNotSeen => "hello_not_seen",
            DecryptionState::Partly => "partly",
            DecryptionState::Decrypted => "decrypted",
        }
    }
}
