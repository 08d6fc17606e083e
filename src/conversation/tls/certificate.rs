//! Certificates (RFC 5280) as the Certificate message carries them (RFC 8446 section 4.4.2, RFC 5246 section 7.4.2):
//! names and dates. Whether a certificate is to be trusted is not judged here.

use sha2::{Digest, Sha256};
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate};
use x509_parser::public_key::PublicKey;
use x509_parser::x509::X509Name;

use super::octets::Octets;

/// Certificates of a chain that are read.
const MAX_CHAIN: usize = 16;
/// Alternative names that are kept of a certificate.
const MAX_NAMES: usize = 64;
/// Characters of a name that are kept.
const MAX_NAME: usize = 512;

/// A certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// Octets of its DER encoding.
    pub octets: usize,
    /// SHA-256 of its DER encoding, by which programs show a certificate.
    pub fingerprint: [u8; 32],
    /// What it says; `None` where it cannot be read.
    pub said: Option<Said>,
}

/// What a certificate says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// Whom it is for, as a distinguished name (RFC 4514 in its form, in the order of the encoding).
    pub subject: String,
    /// Who issued it.
    pub issuer: String,
    /// Names that it is for (subjectAltName): DNS names and addresses first to last; at most 64.
    pub names: Vec<String>,
    /// Names beyond those.
    pub names_left_out: usize,
    /// Valid from: seconds since 1970.
    pub not_before: i64,
    /// Valid until: seconds since 1970.
    pub not_after: i64,
    /// Its serial number, in hexadecimal.
    pub serial: String,
    /// The kind of its key and its bits, as `RSA 2048`.
    pub key: String,
    /// It names itself as its issuer.
    pub self_issued: bool,
    /// It may issue other certificates.
    pub authority: bool,
}

impl Certificate {
    fn read(der: &[u8]) -> Self {
        let said = X509Certificate::from_der(der).ok().map(|(_, certificate)| said(&certificate));
        Self { octets: der.len(), fingerprint: Sha256::digest(der).into(), said }
    }
}

/// The chain of a Certificate message: the first certificate is the sender's own. Empty where it sent none.
/// `None` where the message is cut before its list.
pub(super) fn chain(body: &[u8], tls13: bool) -> Option<Vec<Certificate>> {
    let mut body = Octets(body);
    if tls13 {
        body.vector8()?;
    }
    let mut list = body.vector24()?;
    let mut out = Vec::new();
    while let Some(der) = list.vector24().filter(|_| out.len() < MAX_CHAIN) {
        out.push(Certificate::read(der.0));
        if tls13 {
            // its extensions: a stapled response, signed timestamps
            list.vector16();
        }
    }
    Some(out)
}

fn said(certificate: &X509Certificate<'_>) -> Said {
    let alternatives = certificate.subject_alternative_name().ok().flatten();
    let all = alternatives.map(|extension| &extension.value.general_names[..]).unwrap_or_default();
    let validity = certificate.validity();
    Said {
        subject: name(certificate.subject()),
        issuer: name(certificate.issuer()),
        names: all.iter().take(MAX_NAMES).filter_map(general_name).collect(),
        names_left_out: all.len().saturating_sub(MAX_NAMES),
        not_before: validity.not_before.timestamp(),
        not_after: validity.not_after.timestamp(),
        serial: certificate.raw_serial().iter().take(32).map(|octet| format!("{octet:02x}")).collect(),
        key: key(certificate),
        self_issued: certificate.subject().as_raw() == certificate.issuer().as_raw(),
        authority: certificate.is_ca(),
    }
}

fn name(name: &X509Name<'_>) -> String {
    shortened(name.to_string())
}

fn shortened(text: String) -> String {
    if text.chars().count() <= MAX_NAME { text } else { text.chars().take(MAX_NAME).chain(['…']).collect() }
}

fn general_name(name: &GeneralName<'_>) -> Option<String> {
    Some(shortened(match name {
        GeneralName::DNSName(name) | GeneralName::RFC822Name(name) | GeneralName::URI(name) => {
            (*name).to_owned()
        }
        GeneralName::IPAddress(octets) => match octets.len() {
            4 => std::net::Ipv4Addr::from(<[u8; 4]>::try_from(*octets).ok()?).to_string(),
            _ => std::net::Ipv6Addr::from(<[u8; 16]>::try_from(*octets).ok()?).to_string(),
        },
        _ => return None,
    }))
}

fn key(certificate: &X509Certificate<'_>) -> String {
    let key = certificate.public_key();
    match key.parsed() {
        Ok(PublicKey::RSA(rsa)) => format!("RSA {}", rsa.key_size()),
        Ok(PublicKey::EC(point)) => format!("EC {}", point.key_size()),
        Ok(PublicKey::DSA(_)) => "DSA".to_owned(),
        _ => match key.algorithm.algorithm.to_id_string().as_str() {
            "1.3.101.112" => "Ed25519".to_owned(),
            "1.3.101.113" => "Ed448".to_owned(),
            other => shortened(other.to_owned()),
        },
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const DER: &[u8] = include_bytes!("fixtures/certificate.der");

    fn message(der: &[u8], tls13: bool) -> Vec<u8> {
        let u24 = |n: usize| (n as u32).to_be_bytes()[1..].to_vec();
        let mut entry = [&u24(der.len())[..], der].concat();
        if tls13 {
            entry.extend([0, 0]);
        }
        let list = [u24(entry.len()), entry].concat();
        if tls13 { [vec![0], list].concat() } else { list }
    }

    #[test]
    fn a_certificate_says_whose_it_is_and_until_when() {
        for tls13 in [false, true] {
            let chain = chain(&message(DER, tls13), tls13).unwrap();
            let [certificate] = &chain[..] else { panic!("{chain:?}") };
            let said = certificate.said.as_ref().unwrap();
            assert_eq!(said.subject, "O=Example, CN=mx.example.test");
            assert_eq!(said.names, ["mx.example.test", "192.0.2.25", "2001:db8::25"]);
            assert!(said.self_issued);
            assert_eq!(said.key, "EC 256");
            assert_eq!(said.not_after - said.not_before, 3650 * 86_400);
        }
    }

    #[test]
    fn what_is_no_certificate_is_one_that_says_nothing() {
        let chain = chain(&message(b"not DER", false), false).unwrap();
        assert_eq!((chain.len(), chain[0].octets, &chain[0].said), (1, 7, &None));
    }

    #[test]
    fn a_message_that_is_cut_never_panics() {
        let whole = message(DER, true);
        (0..whole.len()).for_each(|end| assert!(chain(&whole[..end], true).is_none()));
    }

    proptest! {
        #[test]
        fn arbitrary_octets_never_panic(at in 0..DER.len(), octet in any::<u8>(), rest in any::<Vec<u8>>()) {
            let mut der = DER.to_vec();
            der[at] = octet;
            Certificate::read(&der);
            chain(&rest, false);
            chain(&rest, true);
        }
    }
}
