//! The keys of one direction: which of them its records are protected with, and the number of the next record.

use super::cipher::{Cipher, Inside, Sealed};
use super::derive::{next_secret, prf};
use super::handshake::Joiner;
use super::hello::{ClientHello, ServerHello};
use super::keylog::{ClientRandom, Label, Secret};
use super::keys::Keys;
use super::record::{HEADER, content};
use super::suite::{Protection, protection};

/// Record numbers that are tried behind a gap.
const WINDOW: u64 = 256;
/// Trials of one direction, all gaps together.
const MAX_TRIALS: u32 = 4096;
/// The least that a protected record takes: its header, a content type and a tag.
const LEAST_RECORD: u64 = HEADER as u64 + 9;
pub(super) const TLS_1_2: u16 = 0x0303;
pub(super) const TLS_1_3: u16 = 0x0304;

/// What records of a direction are protected with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Epoch {
    /// Not at all.
    #[default]
    Clear,
    /// With keys of an earlier session: 0-RTT data (TLS 1.3).
    Early,
    /// With keys for the handshake (TLS 1.3).
    Handshake,
    /// With keys for data (TLS 1.3).
    Traffic,
    /// With the keys of the master secret (TLS 1.2 and before).
    Master,
}

/// What both hellos say about keys.
#[derive(Debug, Default)]
pub(super) struct Negotiated {
    /// By which the key log knows the session.
    pub(super) random: Option<ClientRandom>,
    server_random: Option<[u8; 32]>,
    version: Option<u16>,
    protection: Option<Protection>,
    /// How 0-RTT data may be protected: the client's suites of TLS 1.3.
    offered: Vec<Protection>,
    encrypt_then_mac: bool,
    /// The server asked for another ClientHello: hellos may follow a ChangeCipherSpec.
    retried: bool,
}

impl Negotiated {
    pub(super) fn client(&mut self, hello: &ClientHello) {
        self.random = Some(hello.random);
        let of_tls13 = hello.suites.iter().filter(|suite| **suite >> 8 == 0x13);
        self.offered = of_tls13.filter_map(|suite| protection(*suite)).collect();
    }

    pub(super) fn server(&mut self, hello: &ServerHello) {
        if hello.retry {
            self.retried = true;
            return;
        }
        self.server_random = Some(hello.random);
        self.version = Some(hello.version);
        self.protection = protection(hello.suite).filter(|_| matches!(hello.version, TLS_1_2 | TLS_1_3));
        self.encrypt_then_mac = hello.extensions.encrypt_then_mac;
    }

    /// The version, if the ServerHello was seen.
    pub(super) const fn version(&self) -> Option<u16> {
        self.version
    }

    /// Whether records of the version and the suite are opened here; `None` before the ServerHello.
    pub(super) fn is_supported(&self) -> Option<bool> {
        self.version.map(|_| self.protection.is_some())
    }
}

/// What opening a record came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It is open.
    Open(Inside),
    /// There is no key. It may still come, or it is known that it will not.
    NoKey { may_come: bool },
    /// There is a key, and authentication fails.
    Fails { behind_gap: bool },
}

/// One direction.
#[derive(Debug)]
pub(super) struct Direction {
    pub(super) epoch: Epoch,
    pub(super) joiner: Joiner,
    /// Octets of data so far.
    pub(super) plain: u64,
    /// It said ChangeCipherSpec.
    pub(super) changed: bool,
    client: bool,
    cipher: Option<Cipher>,
    secret: Option<Secret>,
    /// The number of the next record under these keys.
    number: u64,
    /// So many records may be missing before the next one.
    missing: u64,
    trials: u32,
}

impl Direction {
    /// `client`: whether it leads from the client to the server.
    pub(super) fn new(client: bool) -> Self {
        Self {
            epoch: Epoch::Clear,
            joiner: Joiner::default(),
            plain: 0,
            changed: false,
            client,
            cipher: None,
            secret: None,
            number: 0,
            missing: 0,
            trials: MAX_TRIALS,
        }
    }

    /// Whether it leads from the client to the server, once that is known.
    pub(super) const fn set_client(&mut self, client: bool) {
        self.client = client;
    }

    /// From the next record on other keys are used.
    pub(super) fn enter(&mut self, epoch: Epoch) {
        self.epoch = epoch;
        (self.cipher, self.secret, self.number) = (None, None, 0);
        self.joiner.forget();
    }

    /// Records may be missing: as many as fit into so many octets.
    pub(super) fn lost(&mut self, octets: u64) {
        self.missing = self.missing.saturating_add(octets / LEAST_RECORD + 2);
        self.joiner.forget();
    }

    /// Whether records may be missing before the next one.
    pub(super) const fn is_behind_gap(&self) -> bool {
        self.missing > 0
    }

    /// A record was not opened.
    pub(super) const fn skip(&mut self) {
        self.number = self.number.saturating_add(1);
    }

    /// New keys after a KeyUpdate (RFC 8446 section 7.2).
    pub(super) fn update(&mut self, negotiated: &Negotiated) {
        let next = self.secret.zip(negotiated.protection).and_then(|(secret, protection)| {
            let next = next_secret(protection.hash, &secret)?;
            Some((Cipher::tls13(protection, next.octets())?, next))
        });
        self.number = 0;
        if let Some((cipher, secret)) = next {
            (self.cipher, self.secret) = (Some(cipher), Some(secret));
        }
    }

    /// Whether a record with this content type is protected.
    pub(super) fn is_protected(&self, kind: u8, negotiated: &Negotiated) -> bool {
        match self.epoch {
            Epoch::Clear => {
                // the other side was not captured, and this one has changed its keys
                let alone = self.changed && negotiated.version.is_none() && !negotiated.retried;
                kind == content::APPLICATION_DATA || (alone && kind == content::HANDSHAKE)
            }
            Epoch::Early | Epoch::Handshake | Epoch::Traffic => kind == content::APPLICATION_DATA,
            Epoch::Master => true,
        }
    }

    /// Opens a record; what was in it stands in `out` afterwards.
    pub(super) fn open(
        &mut self,
        session: &Negotiated,
        keys: &Keys,
        record: Sealed<'_>,
        out: &mut [u8],
    ) -> Outcome {
        match self.epoch {
            Epoch::Clear => Outcome::NoKey { may_come: false },
            Epoch::Early => self.open_early(session, keys, record, out),
            Epoch::Handshake => {
                let outcome = self.open_current(session, keys, record, out);
                if matches!(outcome, Outcome::Open(_)) {
                    return outcome;
                }
                // the Finished may be missing, or the keys for the handshake
                self.open_next(Epoch::Traffic, session, keys, record, out).map_or(outcome, Outcome::Open)
            }
            Epoch::Traffic | Epoch::Master => self.open_current(session, keys, record, out),
        }
    }

    fn open_current(
        &mut self,
        session: &Negotiated,
        keys: &Keys,
        record: Sealed<'_>,
        out: &mut [u8],
    ) -> Outcome {
        if self.cipher.is_none() {
            (self.cipher, self.secret) = self.keys_of(self.epoch, session, keys).unzip();
        }
        let Some(cipher) = &self.cipher else {
            return Outcome::NoKey { may_come: session.random.is_some() };
        };
        match open_within(cipher, self.number, self.missing, &mut self.trials, record, out) {
            Some((number, inside)) => {
                (self.number, self.missing) = (number + 1, 0);
                Outcome::Open(inside)
            }
            None => Outcome::Fails { behind_gap: self.missing > 0 },
        }
    }

    /// Opens with keys that come later; if that succeeds they count from now on.
    fn open_next(
        &mut self,
        epoch: Epoch,
        session: &Negotiated,
        keys: &Keys,
        record: Sealed<'_>,
        out: &mut [u8],
    ) -> Option<Inside> {
        let (cipher, secret) = self.keys_of(epoch, session, keys)?;
        let (number, inside) = open_within(&cipher, 0, self.missing, &mut self.trials, record, out)?;
        self.enter(epoch);
        (self.cipher, self.secret, self.number, self.missing) = (Some(cipher), Some(secret), number + 1, 0);
        Some(inside)
    }

    /// 0-RTT data ends with a message that is part of it; where it cannot be read, the first record that opens with
    /// other keys shows that it has ended, as it does for a server that does not take the data (RFC 8446 section 4.2.10).
    fn open_early(
        &mut self,
        session: &Negotiated,
        keys: &Keys,
        record: Sealed<'_>,
        out: &mut [u8],
    ) -> Outcome {
        let secret = session.random.and_then(|random| keys.secret(&random, Label::ClientEarly));
        if let Some(secret) = secret.filter(|_| self.cipher.is_none()) {
            let mut ciphers =
                session.offered.iter().filter_map(|suite| Cipher::tls13(*suite, secret.octets()));
            self.cipher = ciphers.find(|cipher| cipher.open(self.number, record, out).is_some());
        }
        if let Some(inside) = self.cipher.as_ref().and_then(|cipher| cipher.open(self.number, record, out)) {
            self.number += 1;
            return Outcome::Open(inside);
        }
        for epoch in [Epoch::Handshake, Epoch::Traffic] {
            if let Some(inside) = self.open_next(epoch, session, keys, record, out) {
                return Outcome::Open(inside);
            }
        }
        let later = session.random.and_then(|random| keys.secret(&random, Label::ClientHandshake));
        match secret {
            Some(_) => Outcome::Fails { behind_gap: self.is_behind_gap() },
            None => Outcome::NoKey { may_come: later.is_none() },
        }
    }

    fn keys_of(&self, epoch: Epoch, session: &Negotiated, keys: &Keys) -> Option<(Cipher, Secret)> {
        let protection = session.protection?;
        let label = match (epoch, self.client) {
            (Epoch::Clear, _) => return None,
            (Epoch::Early, _) => Label::ClientEarly,
            (Epoch::Handshake, true) => Label::ClientHandshake,
            (Epoch::Handshake, false) => Label::ServerHandshake,
            (Epoch::Traffic, true) => Label::ClientTraffic,
            (Epoch::Traffic, false) => Label::ServerTraffic,
            (Epoch::Master, _) => Label::Master,
        };
        let secret = keys.secret(&session.random?, label)?;
        let cipher = if epoch == Epoch::Master {
            self.cipher_of_master(session, protection, &secret)?
        } else {
            Cipher::tls13(protection, secret.octets())?
        };
        Some((cipher, secret))
    }

    /// RFC 5246 section 6.3: first both keys for HMAC, then both for encryption, then both IVs.
    fn cipher_of_master(
        &self,
        session: &Negotiated,
        protection: Protection,
        master: &Secret,
    ) -> Option<Cipher> {
        let bulk = protection.bulk;
        let lengths = [bulk.mac_key_length(), bulk.key_length(), bulk.fixed_iv_length()];
        let mut block = [0; 2 * (48 + 32 + 12)];
        let block = block.get_mut(..2 * lengths.iter().sum::<usize>())?;
        let (server, client) = (session.server_random?, session.random?);
        prf(protection.hash, master.octets(), "key expansion", [&server, &client], block);
        let mut rest = &*block;
        let mut own = [&[][..]; 3];
        for (part, length) in own.iter_mut().zip(lengths) {
            let (of_client, of_server);
            (of_client, rest) = rest.split_at_checked(length)?;
            (of_server, rest) = rest.split_at_checked(length)?;
            *part = if self.client { of_client } else { of_server };
        }
        let [mac, key, iv] = own;
        Cipher::tls12(bulk, key, iv, mac, session.encrypt_then_mac)
    }
}

/// Opens a record whose number is `number` or, where records may be missing, a later one; the number that it has.
fn open_within(
    cipher: &Cipher,
    number: u64,
    missing: u64,
    trials: &mut u32,
    record: Sealed<'_>,
    out: &mut [u8],
) -> Option<(u64, Inside)> {
    if let Some(inside) = cipher.open(number, record, out) {
        return Some((number, inside));
    }
    for ahead in 1..=missing.min(WINDOW) {
        *trials = trials.checked_sub(1)?;
        let later = number.saturating_add(ahead);
        if let Some(inside) = cipher.open(later, record, out) {
            return Some((later, inside));
        }
    }
    None
}
