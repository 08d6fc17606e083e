//! Keys from secrets: HKDF-Expand-Label of TLS 1.3 (RFC 8446 section 7.1) and the PRF of TLS 1.2 (RFC 5246 section 5).

use aws_lc_rs::hmac;

use super::keylog::Secret;
use super::suite::Hash;

/// HMAC with this hash.
pub(super) fn hmac_key(hash: Hash, key: &[u8]) -> hmac::Key {
    let algorithm = match hash {
        Hash::Sha1 => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
        Hash::Sha256 => hmac::HMAC_SHA256,
        Hash::Sha384 => hmac::HMAC_SHA384,
    };
    hmac::Key::new(algorithm, key)
}

/// HKDF-Expand-Label with an empty context, for at most as many octets as the hash has: all that TLS asks for.
/// Writes to all of `out`; `None` where that is more.
pub(super) fn expand_label(hash: Hash, secret: &[u8], label: &str, out: &mut [u8]) -> Option<()> {
    let length = u16::try_from(out.len()).ok()?;
    let mut context = hmac::Context::with_key(&hmac_key(hash, secret));
    context.update(&length.to_be_bytes());
    context.update(&[u8::try_from("tls13 ".len() + label.len()).ok()?]);
    context.update(b"tls13 ");
    context.update(label.as_bytes());
    // no context, and the number of the first and only block
    context.update(&[0, 1]);
    out.copy_from_slice(context.sign().as_ref().get(..out.len())?);
    Some(())
}

/// The secret that follows `secret` after a KeyUpdate (RFC 8446 section 7.2).
pub(super) fn next_secret(hash: Hash, secret: &Secret) -> Option<Secret> {
    let mut next = [0; 64];
    let next = next.get_mut(..hash.length())?;
    expand_label(hash, secret.octets(), "traffic upd", next)?;
    Secret::new(next)
}

/// `PRF(secret, label, seed)` of TLS 1.2, as many octets as `out` has.
pub(super) fn prf(hash: Hash, secret: &[u8], label: &str, seed: [&[u8]; 2], out: &mut [u8]) {
    let key = hmac_key(hash, secret);
    let sign = |before: &[u8]| {
        let mut context = hmac::Context::with_key(&key);
        context.update(before);
        context.update(label.as_bytes());
        seed.iter().for_each(|part| context.update(part));
        context.sign()
    };
    let mut a = sign(&[]);
    for block in out.chunks_mut(hash.length()) {
        let output = sign(a.as_ref());
        let (wanted, _) = output.as_ref().split_at(block.len().min(output.as_ref().len()));
        block.copy_from_slice(wanted);
        a = hmac::sign(&key, a.as_ref());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn octets(hex: &str) -> Vec<u8> {
        (0..hex.len() / 2).map(|i| u8::from_str_radix(&hex[2 * i..2 * i + 2], 16).unwrap()).collect()
    }

    /// RFC 8448 section 3: the server's handshake traffic secret and the key and IV that come of it.
    #[test]
    fn keys_of_tls_1_3_come_of_a_traffic_secret() {
        let secret = octets("b67b7d690cc16c4e75e54213cb2d37b4e9c912bcded9105d42befd59d391ad38");
        let (mut key, mut iv) = ([0; 16], [0; 12]);
        expand_label(Hash::Sha256, &secret, "key", &mut key).unwrap();
        expand_label(Hash::Sha256, &secret, "iv", &mut iv).unwrap();
        assert_eq!(key, *octets("3fce516009c21727d0f2e4e86ee403bc"));
        assert_eq!(iv, *octets("5d313eb2671276ee13000b30"));
        assert_eq!(expand_label(Hash::Sha256, &secret, "key", &mut [0; 33]), None);
    }

    /// The test vector for P_SHA256 that the IETF's TLS working group agreed on (2007, "TLS 1.2 PRF test vectors").
    #[test]
    fn the_prf_of_tls_1_2_joins_blocks() {
        let mut out = [0; 100];
        let (secret, seed) =
            (octets("9bbe436ba940f017b17652849a71db35"), octets("a0ba9f936cda311827a6f796ffd5198c"));
        prf(Hash::Sha256, &secret, "test label", [&seed, &[]], &mut out);
        assert_eq!(out[..16], *octets("e3f229ba727be17b8d122620557cd453"));
        assert_eq!(out[84..], *octets("22ee42c5a72e5a5110fff70187347b66"));
    }
}
