//! Cipher suites: their names in the registry, and how they protect records.

/// How records are encrypted and authenticated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bulk {
    /// AES in Galois/counter mode (RFC 5288): octets of the key.
    Gcm(usize),
    /// AES in counter mode with CBC-MAC (RFC 6655): octets of the key, octets of the tag.
    Ccm(usize, usize),
    /// ChaCha20 with Poly1305 (RFC 7905).
    ChaCha20,
    /// AES in CBC mode with HMAC (RFC 5246 section 6.2.3.2): octets of the key, and the hash.
    Cbc(usize, Hash),
}

/// A hash function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hash {
    Sha1,
    Sha256,
    Sha384,
}

/// What has to be known of a suite to open its records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Protection {
    pub(super) bulk: Bulk,
    /// The hash that keys are derived with.
    pub(super) hash: Hash,
}

/// Names by code, in the order of codes.
const NAMES: [(u16, &str); 84] = [
    (0x0001, "TLS_RSA_WITH_NULL_MD5"),
    (0x0002, "TLS_RSA_WITH_NULL_SHA"),
    (0x0004, "TLS_RSA_WITH_RC4_128_MD5"),
    (0x0005, "TLS_RSA_WITH_RC4_128_SHA"),
    (0x000a, "TLS_RSA_WITH_3DES_EDE_CBC_SHA"),
    (0x0013, "TLS_DHE_DSS_WITH_3DES_EDE_CBC_SHA"),
    (0x0016, "TLS_DHE_RSA_WITH_3DES_EDE_CBC_SHA"),
    (0x002f, "TLS_RSA_WITH_AES_128_CBC_SHA"),
    (0x0032, "TLS_DHE_DSS_WITH_AES_128_CBC_SHA"),
    (0x0033, "TLS_DHE_RSA_WITH_AES_128_CBC_SHA"),
    (0x0034, "TLS_DH_anon_WITH_AES_128_CBC_SHA"),
    (0x0035, "TLS_RSA_WITH_AES_256_CBC_SHA"),
    (0x0038, "TLS_DHE_DSS_WITH_AES_256_CBC_SHA"),
    (0x0039, "TLS_DHE_RSA_WITH_AES_256_CBC_SHA"),
    (0x003a, "TLS_DH_anon_WITH_AES_256_CBC_SHA"),
    (0x003b, "TLS_RSA_WITH_NULL_SHA256"),
    (0x003c, "TLS_RSA_WITH_AES_128_CBC_SHA256"),
    (0x003d, "TLS_RSA_WITH_AES_256_CBC_SHA256"),
    (0x0041, "TLS_RSA_WITH_CAMELLIA_128_CBC_SHA"),
    (0x0045, "TLS_DHE_RSA_WITH_CAMELLIA_128_CBC_SHA"),
    (0x0067, "TLS_DHE_RSA_WITH_AES_128_CBC_SHA256"),
    (0x006b, "TLS_DHE_RSA_WITH_AES_256_CBC_SHA256"),
    (0x0084, "TLS_RSA_WITH_CAMELLIA_256_CBC_SHA"),
    (0x0088, "TLS_DHE_RSA_WITH_CAMELLIA_256_CBC_SHA"),
    (0x008c, "TLS_PSK_WITH_AES_128_CBC_SHA"),
    (0x008d, "TLS_PSK_WITH_AES_256_CBC_SHA"),
    (0x009c, "TLS_RSA_WITH_AES_128_GCM_SHA256"),
    (0x009d, "TLS_RSA_WITH_AES_256_GCM_SHA384"),
    (0x009e, "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256"),
    (0x009f, "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384"),
    (0x00a8, "TLS_PSK_WITH_AES_128_GCM_SHA256"),
    (0x00a9, "TLS_PSK_WITH_AES_256_GCM_SHA384"),
    (0x00aa, "TLS_DHE_PSK_WITH_AES_128_GCM_SHA256"),
    (0x00ab, "TLS_DHE_PSK_WITH_AES_256_GCM_SHA384"),
    (0x00ae, "TLS_PSK_WITH_AES_128_CBC_SHA256"),
    (0x00af, "TLS_PSK_WITH_AES_256_CBC_SHA384"),
    (0x00ff, "TLS_EMPTY_RENEGOTIATION_INFO_SCSV"),
    (0x1301, "TLS_AES_128_GCM_SHA256"),
    (0x1302, "TLS_AES_256_GCM_SHA384"),
    (0x1303, "TLS_CHACHA20_POLY1305_SHA256"),
    (0x1304, "TLS_AES_128_CCM_SHA256"),
    (0x1305, "TLS_AES_128_CCM_8_SHA256"),
    (0x5600, "TLS_FALLBACK_SCSV"),
    (0xc007, "TLS_ECDHE_ECDSA_WITH_RC4_128_SHA"),
    (0xc008, "TLS_ECDHE_ECDSA_WITH_3DES_EDE_CBC_SHA"),
    (0xc009, "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA"),
    (0xc00a, "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA"),
    (0xc011, "TLS_ECDHE_RSA_WITH_RC4_128_SHA"),
    (0xc012, "TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA"),
    (0xc013, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA"),
    (0xc014, "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA"),
    (0xc018, "TLS_ECDH_anon_WITH_AES_128_CBC_SHA"),
    (0xc019, "TLS_ECDH_anon_WITH_AES_256_CBC_SHA"),
    (0xc023, "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256"),
    (0xc024, "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384"),
    (0xc025, "TLS_ECDH_ECDSA_WITH_AES_128_CBC_SHA256"),
    (0xc026, "TLS_ECDH_ECDSA_WITH_AES_256_CBC_SHA384"),
    (0xc027, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256"),
    (0xc028, "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384"),
    (0xc02b, "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"),
    (0xc02c, "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"),
    (0xc02f, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"),
    (0xc030, "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"),
    (0xc035, "TLS_ECDHE_PSK_WITH_AES_128_CBC_SHA"),
    (0xc036, "TLS_ECDHE_PSK_WITH_AES_256_CBC_SHA"),
    (0xc037, "TLS_ECDHE_PSK_WITH_AES_128_CBC_SHA256"),
    (0xc038, "TLS_ECDHE_PSK_WITH_AES_256_CBC_SHA384"),
    (0xc09c, "TLS_RSA_WITH_AES_128_CCM"),
    (0xc09d, "TLS_RSA_WITH_AES_256_CCM"),
    (0xc09e, "TLS_DHE_RSA_WITH_AES_128_CCM"),
    (0xc09f, "TLS_DHE_RSA_WITH_AES_256_CCM"),
    (0xc0a0, "TLS_RSA_WITH_AES_128_CCM_8"),
    (0xc0a1, "TLS_RSA_WITH_AES_256_CCM_8"),
    (0xc0a2, "TLS_DHE_RSA_WITH_AES_128_CCM_8"),
    (0xc0a3, "TLS_DHE_RSA_WITH_AES_256_CCM_8"),
    (0xc0ac, "TLS_ECDHE_ECDSA_WITH_AES_128_CCM"),
    (0xc0ad, "TLS_ECDHE_ECDSA_WITH_AES_256_CCM"),
    (0xc0ae, "TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8"),
    (0xc0af, "TLS_ECDHE_ECDSA_WITH_AES_256_CCM_8"),
    (0xcca8, "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256"),
    (0xcca9, "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"),
    (0xccaa, "TLS_DHE_RSA_WITH_CHACHA20_POLY1305_SHA256"),
    (0xccac, "TLS_ECDHE_PSK_WITH_CHACHA20_POLY1305_SHA256"),
    (0xd001, "TLS_ECDHE_PSK_WITH_AES_128_GCM_SHA256"),
];

/// The name of a cipher suite in the registry, where it is one of the common ones.
pub fn suite_name(suite: u16) -> Option<&'static str> {
    let at = NAMES.binary_search_by_key(&suite, |(code, _)| *code).ok()?;
    NAMES.get(at).map(|(_, name)| *name)
}

/// How the keys of a suite are agreed on: the part of its name before `WITH`, as `ECDHE_RSA`. A suite of TLS 1.3
/// leaves that to extensions (RFC 8446 section 1.2) and has none.
pub fn key_exchange(suite: u16) -> Option<&'static str> {
    let (exchange, _) = suite_name(suite)?.split_once("_WITH_")?;
    exchange.strip_prefix("TLS_")
}

/// How a suite protects records; `None` where records of it cannot be opened here.
pub(super) fn protection(suite: u16) -> Option<Protection> {
    let name = suite_name(suite)?;
    let after = name.split_once("_WITH_").map_or(name.strip_prefix("TLS_")?, |(_, after)| after);
    let (bulk, hash) = match after {
        "AES_128_GCM_SHA256" => (Bulk::Gcm(16), Hash::Sha256),
        "AES_256_GCM_SHA384" => (Bulk::Gcm(32), Hash::Sha384),
        "CHACHA20_POLY1305_SHA256" => (Bulk::ChaCha20, Hash::Sha256),
        "AES_128_CCM" | "AES_128_CCM_SHA256" => (Bulk::Ccm(16, 16), Hash::Sha256),
        "AES_128_CCM_8" | "AES_128_CCM_8_SHA256" => (Bulk::Ccm(16, 8), Hash::Sha256),
        "AES_256_CCM" => (Bulk::Ccm(32, 16), Hash::Sha256),
        "AES_256_CCM_8" => (Bulk::Ccm(32, 8), Hash::Sha256),
        "AES_128_CBC_SHA" => (Bulk::Cbc(16, Hash::Sha1), Hash::Sha256),
        "AES_256_CBC_SHA" => (Bulk::Cbc(32, Hash::Sha1), Hash::Sha256),
        "AES_128_CBC_SHA256" => (Bulk::Cbc(16, Hash::Sha256), Hash::Sha256),
        "AES_256_CBC_SHA256" => (Bulk::Cbc(32, Hash::Sha256), Hash::Sha256),
        "AES_256_CBC_SHA384" => (Bulk::Cbc(32, Hash::Sha384), Hash::Sha384),
        _ => return None,
    };
    Some(Protection { bulk, hash })
}

impl Bulk {
    /// Octets of the key.
    pub(super) const fn key_length(self) -> usize {
        match self {
            Bulk::Gcm(key) | Bulk::Ccm(key, _) | Bulk::Cbc(key, _) => key,
            Bulk::ChaCha20 => 32,
        }
    }

    /// Octets that TLS 1.2 takes from the key block as IV: all of a nonce, or the part of it that no record
    /// carries (RFC 5288 section 3, RFC 6655 section 3, RFC 7905 section 2).
    pub(super) const fn fixed_iv_length(self) -> usize {
        match self {
            Bulk::Gcm(_) | Bulk::Ccm(..) => 4,
            Bulk::ChaCha20 => 12,
            Bulk::Cbc(..) => 0,
        }
    }

    /// Octets of the key for HMAC that TLS 1.2 takes from the key block.
    pub(super) const fn mac_key_length(self) -> usize {
        match self {
            Bulk::Cbc(_, hash) => hash.length(),
            Bulk::Gcm(_) | Bulk::Ccm(..) | Bulk::ChaCha20 => 0,
        }
    }
}

impl Hash {
    /// Octets of a digest.
    pub(super) const fn length(self) -> usize {
        match self {
            Hash::Sha1 => 20,
            Hash::Sha256 => 32,
            Hash::Sha384 => 48,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_stand_in_order_each_once() {
        assert!(NAMES.is_sorted_by(|a, b| a.0 < b.0));
    }

    #[test]
    fn a_name_says_how_records_are_protected() {
        let gcm = Protection { bulk: Bulk::Gcm(16), hash: Hash::Sha256 };
        assert_eq!(protection(0x1301), Some(gcm));
        assert_eq!(protection(0xc02f), Some(gcm));
        let cbc = Protection { bulk: Bulk::Cbc(32, Hash::Sha384), hash: Hash::Sha384 };
        assert_eq!(protection(0xc028), Some(cbc));
        assert_eq!(protection(0x0005), None);
        assert_eq!(key_exchange(0xc02f), Some("ECDHE_RSA"));
        assert_eq!(key_exchange(0x1301), None);
    }
}
