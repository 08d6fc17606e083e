//! Handshake messages (RFC 8446 section 4, RFC 5246 section 7.4), joined from the records that carry them.

use super::certificate::{self, Certificate};
use super::hello::{ClientHello, Extensions, ServerHello};
use super::octets::Octets;
use super::record::Packets;

/// Octets of a message's header.
const HEADER: usize = 4;
/// Octets of a message that are kept; a longer one is passed over.
const MAX_MESSAGE: usize = 256 << 10;
/// ECParameters of kind named_curve (RFC 8422 section 5.4).
const NAMED_CURVE: u8 = 3;

/// Handshake types.
mod kind {
    pub(super) const HELLO_REQUEST: u8 = 0;
    pub(super) const CLIENT_HELLO: u8 = 1;
    pub(super) const SERVER_HELLO: u8 = 2;
    pub(super) const NEW_SESSION_TICKET: u8 = 4;
    pub(super) const END_OF_EARLY_DATA: u8 = 5;
    pub(super) const ENCRYPTED_EXTENSIONS: u8 = 8;
    pub(super) const CERTIFICATE: u8 = 11;
    pub(super) const SERVER_KEY_EXCHANGE: u8 = 12;
    pub(super) const CERTIFICATE_REQUEST: u8 = 13;
    pub(super) const SERVER_HELLO_DONE: u8 = 14;
    pub(super) const CERTIFICATE_VERIFY: u8 = 15;
    pub(super) const CLIENT_KEY_EXCHANGE: u8 = 16;
    pub(super) const FINISHED: u8 = 20;
    pub(super) const CERTIFICATE_STATUS: u8 = 22;
    pub(super) const KEY_UPDATE: u8 = 24;
    pub(super) const COMPRESSED_CERTIFICATE: u8 = 25;
}

/// What a message says, as far as it is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// The server wants to negotiate once more (TLS 1.2).
    HelloRequest,
    /// What the client can do and wants.
    ClientHello(Box<ClientHello>),
    /// What the server chose; also a HelloRetryRequest.
    ServerHello(Box<ServerHello>),
    /// What the client may hand back in order to resume: seconds that it is good for, octets of it.
    NewSessionTicket {
        /// Seconds.
        lifetime: u32,
        /// Octets.
        ticket: usize,
        /// The client may send data with it before the handshake is over.
        early_data: bool,
    },
    /// The client has sent all of its 0-RTT data.
    EndOfEarlyData,
    /// Answers of the server that need no clear text (TLS 1.3).
    EncryptedExtensions(Box<Extensions>),
    /// A chain of certificates; empty where the sender has none.
    Certificate(Vec<Certificate>),
    /// A chain of certificates, compressed (RFC 8879): octets before compression. Not read.
    CompressedCertificate(usize),
    /// The server's part of the key exchange (TLS 1.2): the group, where it is an elliptic curve.
    ServerKeyExchange(Option<u16>),
    /// The client shall show a certificate.
    CertificateRequest,
    /// The server has said all it had to say (TLS 1.2).
    ServerHelloDone,
    /// The sender holds the key of its certificate: the signature scheme.
    CertificateVerify(u16),
    /// The client's part of the key exchange (TLS 1.2).
    ClientKeyExchange,
    /// The handshake, as the sender saw it, is what both saw.
    Finished,
    /// What the certificate's issuer says about it.
    CertificateStatus,
    /// The sender's next record has new keys; whether the peer is asked to do the same.
    KeyUpdate(bool),
    /// A message whose body cannot be read or is not known: its type.
    Unread(u8),
}

impl Message {
    fn read(kind: u8, body: &[u8], tls13: bool) -> Self {
        read_body(kind, body, tls13).unwrap_or(Message::Unread(kind))
    }

    /// The name in the standard.
    pub const fn name(&self) -> &'static str {
        match self {
            Message::HelloRequest => "HelloRequest",
            Message::ClientHello(_) => "ClientHello",
            Message::ServerHello(hello) if hello.retry => "HelloRetryRequest",
            Message::ServerHello(_) => "ServerHello",
            Message::NewSessionTicket { .. } => "NewSessionTicket",
            Message::EndOfEarlyData => "EndOfEarlyData",
            Message::EncryptedExtensions(_) => "EncryptedExtensions",
            Message::Certificate(_) => "Certificate",
            Message::CompressedCertificate(_) => "CompressedCertificate",
            Message::ServerKeyExchange(_) => "ServerKeyExchange",
            Message::CertificateRequest => "CertificateRequest",
            Message::ServerHelloDone => "ServerHelloDone",
            Message::CertificateVerify(_) => "CertificateVerify",
            Message::ClientKeyExchange => "ClientKeyExchange",
            Message::Finished => "Finished",
            Message::CertificateStatus => "CertificateStatus",
            Message::KeyUpdate(_) => "KeyUpdate",
            Message::Unread(_) => "Handshake",
        }
    }
}

fn read_body(kind: u8, octets: &[u8], tls13: bool) -> Option<Message> {
    let mut body = Octets(octets);
    Some(match kind {
        kind::HELLO_REQUEST => Message::HelloRequest,
        kind::CLIENT_HELLO => Message::ClientHello(Box::new(ClientHello::read(octets)?)),
        kind::SERVER_HELLO => Message::ServerHello(Box::new(ServerHello::read(octets)?)),
        kind::NEW_SESSION_TICKET => new_session_ticket(body, tls13)?,
        kind::END_OF_EARLY_DATA => Message::EndOfEarlyData,
        kind::ENCRYPTED_EXTENSIONS => Message::EncryptedExtensions(Box::new(Extensions::read(body, false))),
        kind::CERTIFICATE => Message::Certificate(certificate::chain(octets, tls13)?),
        kind::COMPRESSED_CERTIFICATE => {
            body.u16()?;
            Message::CompressedCertificate(body.u24()?)
        }
        kind::SERVER_KEY_EXCHANGE => {
            Message::ServerKeyExchange((body.u8()? == NAMED_CURVE).then(|| body.u16()).flatten())
        }
        kind::CERTIFICATE_REQUEST => Message::CertificateRequest,
        kind::SERVER_HELLO_DONE => Message::ServerHelloDone,
        kind::CERTIFICATE_VERIFY => Message::CertificateVerify(body.u16()?),
        kind::CLIENT_KEY_EXCHANGE => Message::ClientKeyExchange,
        kind::FINISHED => Message::Finished,
        kind::CERTIFICATE_STATUS => Message::CertificateStatus,
        kind::KEY_UPDATE => Message::KeyUpdate(body.u8()? == 1),
        other => Message::Unread(other),
    })
}

/// RFC 8446 section 4.6.1, RFC 5077 section 3.3.
fn new_session_ticket(mut body: Octets<'_>, tls13: bool) -> Option<Message> {
    let lifetime = body.u32()?;
    if tls13 {
        body.u32()?;
        body.vector8()?;
    }
    let ticket = body.vector16()?.0.len();
    let early_data = tls13 && Extensions::read(body, false).early_data;
    Some(Message::NewSessionTicket { lifetime, ticket, early_data })
}

/// Joins the messages of one side.
#[derive(Debug, Default)]
pub(super) struct Joiner {
    held: Vec<u8>,
    first: Option<Packets>,
    /// Octets of a message that is too long.
    passing: usize,
}

impl Joiner {
    /// Octets of a message that has not ended.
    pub(super) fn held(&self) -> usize {
        self.held.len()
    }

    /// What was before is lost, or belongs to other keys.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }

    /// The content of the next record; every message that is whole goes to `take`.
    pub(super) fn content(
        &mut self,
        mut octets: &[u8],
        packets: Packets,
        tls13: bool,
        mut take: impl FnMut(Message, Packets),
    ) {
        loop {
            let passed = self.passing.min(octets.len());
            self.passing -= passed;
            octets = octets.get(passed..).unwrap_or_default();
            let missing = self.missing();
            if octets.is_empty() || missing == 0 {
                return;
            }
            let (taken, rest) = octets.split_at(missing.min(octets.len()));
            self.held.extend_from_slice(taken);
            octets = rest;
            let first = *self.first.get_or_insert(packets);
            let (kind, length) = match *self.held {
                [kind, a, b, c, ..] => (kind, u32::from_be_bytes([0, a, b, c]) as usize),
                _ => continue,
            };
            let place = Packets { first: first.first, ..packets };
            if length > MAX_MESSAGE {
                take(Message::Unread(kind), place);
                self.forget();
                self.passing = length;
            } else if self.held.len() == HEADER + length {
                let message = Message::read(kind, self.held.get(HEADER..).unwrap_or_default(), tls13);
                take(message, place);
                self.held.clear();
                self.first = None;
            }
        }
    }

    /// Octets up to the end of the header, or then to the end of the message.
    fn missing(&self) -> usize {
        match *self.held {
            [_, a, b, c, ..] => HEADER + u32::from_be_bytes([0, a, b, c]) as usize - self.held.len(),
            _ => HEADER - self.held.len(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn packets(packet: u64) -> Packets {
        Packets { first: packet, last: packet, time: None }
    }

    fn join(pieces: &[&[u8]], tls13: bool) -> Vec<(Message, u64, u64)> {
        let mut joiner = Joiner::default();
        let mut out = Vec::new();
        for (packet, piece) in (1..).zip(pieces) {
            joiner.content(piece, packets(packet), tls13, |message, p| out.push((message, p.first, p.last)));
        }
        out
    }

    /// NewSessionTicket, an empty ServerHelloDone, KeyUpdate.
    const THREE: &[u8] = &[4, 0, 0, 9, 0, 0, 0x1c, 0x20, 0, 3, 1, 2, 3, 14, 0, 0, 0, 24, 0, 0, 1, 1];

    #[test]
    fn messages_are_joined_and_split_over_records() {
        let said = [
            Message::NewSessionTicket { lifetime: 7200, ticket: 3, early_data: false },
            Message::ServerHelloDone,
            Message::KeyUpdate(true),
        ];
        for size in 1..=THREE.len() {
            let pieces: Vec<_> = THREE.chunks(size).collect();
            let out = join(&pieces, false);
            assert!(out.iter().map(|(message, ..)| message).eq(&said), "in pieces of {size}: {out:?}");
            assert_eq!(out[0].2, 13_u64.div_ceil(size as u64));
        }
    }

    #[test]
    fn a_message_that_is_too_long_is_passed_over() {
        let mut octets = vec![11, 0x10, 0, 0];
        octets.resize(4 + 0x10_0000, 7);
        octets.extend([14, 0, 0, 0]);
        let pieces: Vec<_> = octets.chunks(16_384).collect();
        let out: Vec<_> = join(&pieces, false).into_iter().map(|(message, ..)| message).collect();
        assert_eq!(out, [Message::Unread(11), Message::ServerHelloDone]);
    }

    proptest! {
        #[test]
        fn arbitrary_octets_never_panic(octets in any::<Vec<u8>>(), tls13 in any::<bool>()) {
            join(&[&octets, &octets], tls13);
            for kind in 0..=26 {
                Message::read(kind, &octets, tls13);
            }
        }
    }
}
