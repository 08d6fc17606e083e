//! Opens protected records of one direction (RFC 8446 section 5.2, RFC 5246 section 6.2.3).

use aes::{Aes128, Aes256};
use aws_lc_rs::aead::{self, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::cipher::{AES_128, AES_256, DecryptingKey, DecryptionContext, UnboundCipherKey};
use aws_lc_rs::hmac;
use aws_lc_rs::iv::FixedLength;
use ccm::aead::AeadInPlace;
use ccm::aead::generic_array::GenericArray;
use ccm::consts::{U8, U12, U16};
use ccm::{Ccm, KeyInit};

use super::derive::{expand_label, hmac_key};
use super::suite::{Bulk, Protection};

/// Octets of a nonce of every AEAD here.
const NONCE: usize = 12;
/// Octets of the part of a nonce that records of TLS 1.2 carry.
const EXPLICIT_NONCE: usize = 8;
/// Octets of a block of AES.
const BLOCK: usize = 16;

/// A protected record.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sealed<'a> {
    /// Its content type, as it stands outside.
    pub(super) kind: u8,
    /// Its version field.
    pub(super) version: u16,
    /// What follows its header.
    pub(super) content: &'a [u8],
}

/// What was in a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Inside {
    /// The content type that counts.
    pub(super) kind: u8,
    /// Octets of the content.
    pub(super) length: usize,
}

/// The keys that one direction is protected with. Shows itself to nobody.
pub(super) struct Cipher {
    form: Form,
}

enum Form {
    Aead(Aead, Numbered),
    Cbc(Box<Cbc>),
}

/// Where a nonce comes from, and whether the record hides its content type.
enum Numbered {
    /// TLS 1.3: the number of the record.
    Tls13([u8; NONCE]),
    /// TLS 1.2 with ChaCha20: the same.
    Tls12([u8; NONCE]),
    /// TLS 1.2 with AES: half of it stands in the record.
    Explicit([u8; 4]),
}

/// Authenticated encryption.
enum Aead {
    Library(Box<LessSafeKey>),
    Ccm128(Box<Ccm<Aes128, U16, U12>>),
    Ccm128Short(Box<Ccm<Aes128, U8, U12>>),
    Ccm256(Box<Ccm<Aes256, U16, U12>>),
    Ccm256Short(Box<Ccm<Aes256, U8, U12>>),
}

struct Cbc {
    key: DecryptingKey,
    mac: hmac::Key,
    mac_length: usize,
    encrypt_then_mac: bool,
}

impl std::fmt::Debug for Cipher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Cipher")
    }
}

impl Cipher {
    /// The keys of TLS 1.3 that come of a traffic secret (RFC 8446 section 7.3); `None` where the suite has none.
    pub(super) fn tls13(protection: Protection, secret: &[u8]) -> Option<Self> {
        let Protection { bulk, hash } = protection;
        let (mut key, mut iv) = ([0; 32], [0; NONCE]);
        let key = key.get_mut(..bulk.key_length())?;
        expand_label(hash, secret, "key", key)?;
        expand_label(hash, secret, "iv", &mut iv)?;
        Some(Self { form: Form::Aead(Aead::new(bulk, key)?, Numbered::Tls13(iv)) })
    }

    /// The keys of one direction in TLS 1.2 (RFC 5246 section 6.3); `None` where their lengths are not the suite's.
    pub(super) fn tls12(
        bulk: Bulk,
        key: &[u8],
        iv: &[u8],
        mac: &[u8],
        encrypt_then_mac: bool,
    ) -> Option<Self> {
        let form = match bulk {
            Bulk::Cbc(_, hash) => {
                let algorithm = if key.len() == 16 { &AES_128 } else { &AES_256 };
                let key = DecryptingKey::cbc(UnboundCipherKey::new(algorithm, key).ok()?).ok()?;
                let (mac, mac_length) = (hmac_key(hash, mac), hash.length());
                Form::Cbc(Box::new(Cbc { key, mac, mac_length, encrypt_then_mac }))
            }
            Bulk::ChaCha20 => Form::Aead(Aead::new(bulk, key)?, Numbered::Tls12(iv.try_into().ok()?)),
            Bulk::Gcm(_) | Bulk::Ccm(..) => {
                Form::Aead(Aead::new(bulk, key)?, Numbered::Explicit(iv.try_into().ok()?))
            }
        };
        Some(Self { form })
    }

    /// Opens the record with this number in its direction. `out` has at least as many octets as the record; its
    /// first ones are the content afterwards. `None` where authentication fails: the keys or the number do not fit.
    pub(super) fn open(&self, number: u64, record: Sealed<'_>, out: &mut [u8]) -> Option<Inside> {
        match &self.form {
            Form::Aead(aead, Numbered::Tls13(iv)) => {
                let aad = header(record, record.content.len())?;
                let length = aead.open(nonce(iv, number), &aad, record.content, out)?;
                // padding, if any, follows the content type (RFC 8446 section 5.4)
                let last = out.get(..length)?.iter().rposition(|&octet| octet != 0)?;
                Some(Inside { kind: *out.get(last)?, length: last })
            }
            Form::Aead(aead, Numbered::Tls12(iv)) => {
                let aad = numbered_header(number, record, aead.content_length(record.content)?)?;
                let length = aead.open(nonce(iv, number), &aad, record.content, out)?;
                Some(Inside { kind: record.kind, length })
            }
            Form::Aead(aead, Numbered::Explicit(iv)) => {
                let (explicit, sealed) = record.content.split_at_checked(EXPLICIT_NONCE)?;
                let aad = numbered_header(number, record, aead.content_length(sealed)?)?;
                let mut nonce = [0; NONCE];
                let (fixed, rest) = nonce.split_at_mut(iv.len());
                fixed.copy_from_slice(iv);
                rest.copy_from_slice(explicit);
                let length = aead.open(nonce, &aad, sealed, out)?;
                Some(Inside { kind: record.kind, length })
            }
            Form::Cbc(cbc) => cbc.open(number, record, out),
        }
    }
}

/// The record's number in the last eight octets of the IV (RFC 8446 section 5.3).
fn nonce(iv: &[u8; NONCE], number: u64) -> [u8; NONCE] {
    let mut nonce = *iv;
    let (_, low) = nonce.split_at_mut(NONCE - 8);
    low.iter_mut().zip(number.to_be_bytes()).for_each(|(octet, of_number)| *octet ^= of_number);
    nonce
}

/// What is authenticated with a record of TLS 1.3: its header.
fn header(record: Sealed<'_>, length: usize) -> Option<[u8; 5]> {
    let [major, minor] = record.version.to_be_bytes();
    let [high, low] = u16::try_from(length).ok()?.to_be_bytes();
    Some([record.kind, major, minor, high, low])
}

/// What is authenticated with a record of TLS 1.2: its number, and its header as if it were not protected.
fn numbered_header(number: u64, record: Sealed<'_>, length: usize) -> Option<[u8; 13]> {
    let mut out = [0; 13];
    let (first, rest) = out.split_at_mut(8);
    first.copy_from_slice(&number.to_be_bytes());
    rest.copy_from_slice(&header(record, length)?);
    Some(out)
}

impl Aead {
    fn new(bulk: Bulk, key: &[u8]) -> Option<Self> {
        let library = |algorithm| {
            let key = UnboundKey::new(algorithm, key).ok()?;
            Some(Aead::Library(Box::new(LessSafeKey::new(key))))
        };
        match bulk {
            Bulk::Gcm(16) => library(&aead::AES_128_GCM),
            Bulk::Gcm(_) => library(&aead::AES_256_GCM),
            Bulk::ChaCha20 => library(&aead::CHACHA20_POLY1305),
            Bulk::Ccm(16, 16) => Some(Aead::Ccm128(Box::new(Ccm::new_from_slice(key).ok()?))),
            Bulk::Ccm(16, _) => Some(Aead::Ccm128Short(Box::new(Ccm::new_from_slice(key).ok()?))),
            Bulk::Ccm(_, 16) => Some(Aead::Ccm256(Box::new(Ccm::new_from_slice(key).ok()?))),
            Bulk::Ccm(..) => Some(Aead::Ccm256Short(Box::new(Ccm::new_from_slice(key).ok()?))),
            Bulk::Cbc(..) => None,
        }
    }

    const fn tag_length(&self) -> usize {
        match self {
            Aead::Library(_) | Aead::Ccm128(_) | Aead::Ccm256(_) => 16,
            Aead::Ccm128Short(_) | Aead::Ccm256Short(_) => 8,
        }
    }

    fn content_length(&self, sealed: &[u8]) -> Option<usize> {
        sealed.len().checked_sub(self.tag_length())
    }

    /// Writes what was in it to `out`; how many octets that are.
    fn open(&self, nonce: [u8; NONCE], aad: &[u8], sealed: &[u8], out: &mut [u8]) -> Option<usize> {
        let length = self.content_length(sealed)?;
        let (content, tag) = sealed.split_at(length);
        let out = out.get_mut(..length)?;
        match self {
            Aead::Library(key) => {
                let nonce = Nonce::assume_unique_for_key(nonce);
                key.open_separate_gather(nonce, Aad::from(aad), content, tag, out).ok()?;
            }
            Aead::Ccm128(key) => open_ccm(&**key, nonce, aad, content, tag, out)?,
            Aead::Ccm128Short(key) => open_ccm(&**key, nonce, aad, content, tag, out)?,
            Aead::Ccm256(key) => open_ccm(&**key, nonce, aad, content, tag, out)?,
            Aead::Ccm256Short(key) => open_ccm(&**key, nonce, aad, content, tag, out)?,
        }
        Some(length)
    }
}

fn open_ccm<K: AeadInPlace>(
    key: &K,
    nonce: [u8; NONCE],
    aad: &[u8],
    content: &[u8],
    tag: &[u8],
    out: &mut [u8],
) -> Option<()> {
    out.copy_from_slice(content);
    let nonce = GenericArray::from_slice(&nonce);
    key.decrypt_in_place_detached(nonce, aad, out, GenericArray::from_slice(tag)).ok()
}

impl Cbc {
    fn open(&self, number: u64, record: Sealed<'_>, out: &mut [u8]) -> Option<Inside> {
        let length = if self.encrypt_then_mac {
            let (sealed, mac) =
                record.content.split_at_checked(record.content.len().checked_sub(self.mac_length)?)?;
            // RFC 7366 section 3
            self.verify(number, record, sealed, mac)?;
            self.decrypt(sealed, out)?
        } else {
            let both = self.decrypt(record.content, out)?;
            let length = both.checked_sub(self.mac_length)?;
            let (content, mac) = out.get(..both)?.split_at(length);
            self.verify(number, record, content, mac)?;
            length
        };
        Some(Inside { kind: record.kind, length })
    }

    fn verify(&self, number: u64, record: Sealed<'_>, covered: &[u8], mac: &[u8]) -> Option<()> {
        let mut context = hmac::Context::with_key(&self.mac);
        context.update(&numbered_header(number, record, covered.len())?);
        context.update(covered);
        (context.sign().as_ref() == mac).then_some(())
    }

    /// Decrypts what follows the IV and takes the padding away; how many octets are left.
    fn decrypt(&self, sealed: &[u8], out: &mut [u8]) -> Option<usize> {
        let (iv, blocks) = sealed.split_first_chunk::<BLOCK>()?;
        let out = out.get_mut(..blocks.len())?;
        out.copy_from_slice(blocks);
        let context = DecryptionContext::Iv128(FixedLength::from(*iv));
        let plain = self.key.decrypt(out, context).ok()?;
        let padding = *plain.last()?;
        let length = plain.len().checked_sub(usize::from(padding) + 1)?;
        plain.get(length..)?.iter().all(|&octet| octet == padding).then_some(length)
    }
}
