//! ClientHello, ServerHello and HelloRetryRequest (RFC 8446 section 4.1, RFC 5246 section 7.4.1) and their extensions.

use super::keylog::ClientRandom;
use super::names::is_grease;
use super::octets::Octets;

/// Codes of one list that are kept.
const MAX_CODES: usize = 256;
/// Extensions of one message that are looked at.
const MAX_EXTENSIONS: usize = 64;
/// Application protocols that are kept.
const MAX_PROTOCOLS: usize = 32;
/// The random of a ServerHello that is a HelloRetryRequest: the SHA-256 of that word (RFC 8446 section 4.1.3).
const RETRY: [u8; 32] = [
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2,
    0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
];

mod kind {
    pub(super) const SERVER_NAME: u16 = 0;
    pub(super) const SUPPORTED_GROUPS: u16 = 10;
    pub(super) const SIGNATURE_ALGORITHMS: u16 = 13;
    pub(super) const ALPN: u16 = 16;
    pub(super) const ENCRYPT_THEN_MAC: u16 = 22;
    pub(super) const EXTENDED_MASTER_SECRET: u16 = 23;
    pub(super) const SESSION_TICKET: u16 = 35;
    pub(super) const PRE_SHARED_KEY: u16 = 41;
    pub(super) const EARLY_DATA: u16 = 42;
    pub(super) const SUPPORTED_VERSIONS: u16 = 43;
    pub(super) const KEY_SHARE: u16 = 51;
    pub(super) const RENEGOTIATION_INFO: u16 = 0xff01;
}

/// What the extensions of a message say; of a server they are answers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Extensions {
    /// All extensions by their codes, in order; those that say nothing left out (RFC 8701).
    pub kinds: Vec<u16>,
    /// The host that the client wants to reach (RFC 6066 section 3).
    pub server_name: Option<String>,
    /// Application protocols, the preferred one first; of a server the one that it chose (RFC 7301).
    pub application_protocols: Vec<String>,
    /// Versions, the preferred one first; of a server the one that it chose.
    pub versions: Vec<u16>,
    /// Groups for key exchange, the preferred one first.
    pub groups: Vec<u16>,
    /// Signature schemes that can be verified.
    pub signature_schemes: Vec<u16>,
    /// Groups of the key shares; of a HelloRetryRequest the group that it asks for.
    pub key_shares: Vec<u16>,
    /// How many pre-shared keys a client offers; of a server which one it took, counted from 0.
    pub pre_shared_key: Option<u16>,
    /// The client sends data before the handshake is over, or the server takes it (0-RTT).
    pub early_data: bool,
    /// The session ticket: `Some(0)` asks for one, otherwise so many octets of one are handed back (RFC 5077).
    pub session_ticket: Option<usize>,
    /// The master secret is bound to the whole handshake (RFC 7627).
    pub extended_master_secret: bool,
    /// HMAC covers what is encrypted (RFC 7366).
    pub encrypt_then_mac: bool,
    /// A renegotiation is bound to what went before (RFC 5746).
    pub renegotiation_info: bool,
    /// The extensions end before they should.
    pub cut: bool,
}

/// A ClientHello.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientHello {
    /// The version field; since TLS 1.3 the extension supported_versions counts.
    pub legacy_version: u16,
    /// The random by which a key log knows the session.
    pub random: ClientRandom,
    /// Octets of the session ID; what is in it tells whether the server resumed that session.
    pub session_id: Vec<u8>,
    /// Cipher suites, the preferred one first; those that say nothing left out (RFC 8701).
    pub suites: Vec<u16>,
    /// The extensions.
    pub extensions: Extensions,
}

/// A ServerHello, or a HelloRetryRequest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerHello {
    /// It asks for another ClientHello.
    pub retry: bool,
    /// The version that the server chose.
    pub version: u16,
    /// Its random, which keys of TLS 1.2 are made of.
    pub random: [u8; 32],
    /// The session ID, which in TLS 1.2 names a session to be resumed.
    pub session_id: Vec<u8>,
    /// The cipher suite that it chose.
    pub suite: u16,
    /// The extensions.
    pub extensions: Extensions,
}

impl ClientHello {
    /// Reads the body of the message; `None` where it ends before its extensions.
    pub(super) fn read(body: &[u8]) -> Option<Self> {
        let mut body = Octets(body);
        let legacy_version = body.u16()?;
        let random = body.take(32)?.try_into().ok()?;
        let session_id = body.vector8()?.0.iter().copied().take(32).collect();
        let mut suites = body.vector16()?.u16s(MAX_CODES);
        suites.retain(|&suite| !is_grease(suite));
        body.vector8()?;
        let extensions = Extensions::read(body, true);
        Some(Self { legacy_version, random, session_id, suites, extensions })
    }

    /// The versions that it offers, the preferred one first.
    pub fn versions(&self) -> &[u16] {
        let offered = &self.extensions.versions[..];
        if offered.is_empty() { std::slice::from_ref(&self.legacy_version) } else { offered }
    }
}

impl ServerHello {
    /// Reads the body of the message; `None` where it ends before its extensions.
    pub(super) fn read(body: &[u8]) -> Option<Self> {
        let mut body = Octets(body);
        let legacy_version = body.u16()?;
        let random = body.take(32)?.try_into().ok()?;
        let session_id = body.vector8()?.0.iter().copied().take(32).collect();
        let suite = body.u16()?;
        body.u8()?;
        let extensions = Extensions::read(body, false);
        let version = extensions.versions.first().copied().unwrap_or(legacy_version);
        Some(Self { retry: random == RETRY, version, random, session_id, suite, extensions })
    }

    /// The group of the server's key share.
    pub fn group(&self) -> Option<u16> {
        self.extensions.key_shares.first().copied()
    }
}

impl Extensions {
    /// Reads a block of extensions as far as it goes; a message may end without one.
    pub(super) fn read(mut body: Octets<'_>, client: bool) -> Self {
        let mut out = Self::default();
        if body.0.is_empty() {
            return out;
        }
        let Some(mut block) = body.vector16() else {
            out.cut = true;
            return out;
        };
        while !block.0.is_empty() && out.kinds.len() < MAX_EXTENSIONS {
            let Some((kind, content)) = block.u16().zip(block.vector16()) else {
                out.cut = true;
                break;
            };
            if !is_grease(kind) {
                out.kinds.push(kind);
                out.cut |= out.one(kind, content, client).is_none();
            }
        }
        out
    }

    fn one(&mut self, kind: u16, mut content: Octets<'_>, client: bool) -> Option<()> {
        match kind {
            kind::SERVER_NAME if client => self.server_name = server_name(content)?,
            kind::SUPPORTED_GROUPS => self.groups = codes(content.vector16()?),
            kind::SIGNATURE_ALGORITHMS => self.signature_schemes = codes(content.vector16()?),
            kind::ALPN => self.application_protocols = protocols(content.vector16()?),
            kind::SUPPORTED_VERSIONS if client => self.versions = codes(content.vector8()?),
            kind::SUPPORTED_VERSIONS => self.versions = vec![content.u16()?],
            kind::KEY_SHARE if client => self.key_shares = key_shares(content.vector16()?),
            kind::KEY_SHARE => self.key_shares = vec![content.u16()?],
            kind::PRE_SHARED_KEY if client => self.pre_shared_key = Some(identities(content.vector16()?)),
            kind::PRE_SHARED_KEY => self.pre_shared_key = Some(content.u16()?),
            kind::EARLY_DATA => self.early_data = true,
            kind::SESSION_TICKET => self.session_ticket = Some(content.0.len()),
            kind::EXTENDED_MASTER_SECRET => self.extended_master_secret = true,
            kind::ENCRYPT_THEN_MAC => self.encrypt_then_mac = true,
            kind::RENEGOTIATION_INFO => self.renegotiation_info = true,
            _ => {}
        }
        Some(())
    }
}

fn codes(list: Octets<'_>) -> Vec<u16> {
    let mut codes = list.u16s(MAX_CODES);
    codes.retain(|&code| !is_grease(code));
    codes
}

/// The first name of type host_name.
fn server_name(mut content: Octets<'_>) -> Option<Option<String>> {
    let mut names = content.vector16()?;
    while !names.0.is_empty() {
        let (kind, name) = names.u8().zip(names.vector16())?;
        if kind == 0 {
            return Some(Some(text(name)));
        }
    }
    Some(None)
}

fn protocols(mut list: Octets<'_>) -> Vec<String> {
    let mut out = Vec::new();
    while let Some(name) = list.vector8().filter(|_| out.len() < MAX_PROTOCOLS) {
        // a name that says nothing has two octets of its pattern (RFC 8701)
        if !name.0.first_chunk().is_some_and(|&pair| is_grease(u16::from_be_bytes(pair))) {
            out.push(text(name));
        }
    }
    out
}

fn key_shares(mut list: Octets<'_>) -> Vec<u16> {
    let mut out = Vec::new();
    while let Some((group, _)) = list.u16().zip(list.vector16()).filter(|_| out.len() < MAX_CODES) {
        if !is_grease(group) {
            out.push(group);
        }
    }
    out
}

fn identities(mut list: Octets<'_>) -> u16 {
    let mut count = 0u16;
    while list.vector16().zip(list.u32()).is_some() {
        count = count.saturating_add(1);
    }
    count
}

fn text(octets: Octets<'_>) -> String {
    String::from_utf8_lossy(octets.0).into_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn extension(kind: u16, content: &[u8]) -> Vec<u8> {
        [&kind.to_be_bytes()[..], &(content.len() as u16).to_be_bytes(), content].concat()
    }

    fn hello(choices: &[u8], extensions: &[Vec<u8>]) -> Vec<u8> {
        let extensions = extensions.concat();
        let length = (extensions.len() as u16).to_be_bytes();
        [&[3, 3][..], &[7; 32], &[2, 8, 9], choices, &length, &extensions].concat()
    }

    fn client() -> Vec<u8> {
        hello(
            &[0, 6, 0x1a, 0x1a, 0x13, 1, 0xc0, 0x2f, 1, 0],
            &[
                extension(0, b"\0\x12\0\0\x0fmx.example.test"),
                extension(0x2a2a, b""),
                extension(16, b"\0\x0c\x02h2\x08http/1.1"),
                extension(43, &[6, 0x2a, 0x2a, 3, 4, 3, 3]),
                extension(10, &[0, 4, 0, 29, 0, 23]),
                extension(51, &[0, 6, 0, 29, 0, 2, 1, 1]),
                extension(41, &[0, 9, 0, 3, 1, 2, 3, 0, 0, 0, 0, 0, 2, 1, 5]),
                extension(42, b""),
            ],
        )
    }

    #[test]
    fn a_client_hello_says_what_the_client_can_do() {
        let hello = ClientHello::read(&client()).unwrap();
        assert_eq!(hello.suites, [0x1301, 0xc02f]);
        assert_eq!(hello.versions(), [0x0304, 0x0303]);
        let said = hello.extensions;
        assert_eq!(said.server_name.as_deref(), Some("mx.example.test"));
        assert_eq!(said.application_protocols, ["h2", "http/1.1"]);
        assert_eq!((&said.groups[..], &said.key_shares[..]), (&[29, 23][..], &[29][..]));
        assert_eq!((said.pre_shared_key, said.early_data, said.cut), (Some(1), true, false));
    }

    #[test]
    fn a_retry_request_is_a_server_hello_with_a_random_of_its_own() {
        let mut octets = hello(&[0x13, 1, 0], &[extension(43, &[3, 4]), extension(51, &[0, 23])]);
        let hello = ServerHello::read(&octets).unwrap();
        assert_eq!((hello.retry, hello.version, hello.group()), (false, 0x0304, Some(23)));
        octets[2..34].copy_from_slice(&RETRY);
        assert!(ServerHello::read(&octets).unwrap().retry);
    }

    #[test]
    fn a_hello_that_is_cut_says_what_was_there() {
        let octets = client();
        for end in 0..octets.len() {
            let read = ClientHello::read(&octets[..end]);
            assert!(read.is_none_or(|hello| hello.extensions.cut || hello.extensions.kinds.is_empty()));
        }
    }

    proptest! {
        #[test]
        fn arbitrary_octets_never_panic(octets in any::<Vec<u8>>()) {
            ClientHello::read(&octets);
            ServerHello::read(&octets);
            Extensions::read(Octets(&octets), false);
        }
    }
}
