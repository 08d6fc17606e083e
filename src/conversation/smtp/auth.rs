//! SASL exchanges (RFC 4954): who logs in, and which part of it is the secret.

use super::line;
use super::session::{Auth, AuthOutcome};

/// An exchange under way.
#[derive(Debug)]
pub(in crate::conversation) struct Exchange {
    auth: Auth,
    responses: u32,
}

/// The longest name that a SASL mechanism may have (RFC 4422 section 3.1).
const MAX_MECHANISM: usize = 20;

/// The mechanism and the initial response in the argument of AUTH, with the place where the response begins.
/// A first word that can be no mechanism is taken for a response, as it may be a secret.
pub(in crate::conversation) fn argument(argument: &[u8]) -> (&[u8], usize) {
    let end = argument.iter().position(|c| *c == b' ').unwrap_or(argument.len());
    let name = &argument[..end];
    let allowed = |c: &u8| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_');
    if name.len() > MAX_MECHANISM || !name.iter().all(allowed) {
        return (b"", 0);
    }
    let blanks = argument[end..].iter().take_while(|c| **c == b' ').count();
    (name, end + blanks)
}

impl Exchange {
    /// Behind the command, before any response.
    pub(in crate::conversation) fn new(mechanism: &[u8]) -> Self {
        let mechanism = line::text(mechanism).to_ascii_uppercase();
        let auth = Auth { mechanism, user: None, secret: None, outcome: AuthOutcome::Unknown };
        Self { auth, responses: 0 }
    }

    /// What is known so far.
    pub(in crate::conversation) const fn auth(&self) -> &Auth {
        &self.auth
    }

    /// The mechanism puts the password itself on the wire.
    pub(super) fn shows_password(&self) -> bool {
        matches!(self.auth.mechanism.as_str(), "PLAIN" | "LOGIN")
    }

    /// What came of it.
    pub(super) fn finish(&mut self, outcome: AuthOutcome) {
        self.auth.outcome = outcome;
    }

    /// A response as it stands in its line: base64, or `=` for an empty one.
    pub(in crate::conversation) fn response(&mut self, octets: &[u8]) {
        self.responses += 1;
        let decoded = if octets == b"=" { Vec::new() } else { base64(octets) };
        let decoded = line::text(&decoded);
        let nth = self.responses;
        let auth = &mut self.auth;
        match auth.mechanism.as_str() {
            "PLAIN" => plain(auth, &decoded),
            "LOGIN" if nth == 1 => auth.user = Some(decoded),
            "CRAM-MD5" => {
                let (user, digest) = decoded.rsplit_once(' ').unwrap_or((&decoded, ""));
                auth.user = Some(user.to_owned());
                auth.secret = Some(digest.to_owned());
            }
            "XOAUTH2" | "OAUTHBEARER" if nth == 1 => oauth(auth, &decoded),
            // the answer to an error, without anything in it (RFC 7628 section 3.2.3)
            "XOAUTH2" | "OAUTHBEARER" => {}
            "DIGEST-MD5" if nth == 1 => {
                auth.user = digest_user(&decoded);
                auth.secret = Some(decoded);
            }
            "EXTERNAL" => auth.user = Some(decoded).filter(|u| !u.is_empty()),
            name if name.starts_with("SCRAM-") && nth == 1 => auth.user = scram_user(&decoded),
            // the last response of several mechanisms is empty
            _ if decoded.is_empty() => {}
            _ => auth.secret = Some(decoded),
        }
    }
}

/// The text that a challenge (the text of a 334) is the base64 of; `None` where it is none.
pub fn challenge(text: &str) -> Option<String> {
    let decoded = line::text(&base64(text.trim().as_bytes()));
    (!decoded.is_empty()).then_some(decoded)
}

/// RFC 4616: authorisation identity, authentication identity and password, NUL between them.
fn plain(auth: &mut Auth, message: &str) {
    let mut parts = message.split('\0');
    let (_, user, secret) = (parts.next(), parts.next(), parts.next());
    auth.user = user.map(str::to_owned);
    auth.secret = secret.map(str::to_owned);
}

/// `user=a^Aauth=Bearer ...`, or RFC 7628: `n,a=a,^Aauth=Bearer ...`.
fn oauth(auth: &mut Auth, message: &str) {
    for part in message.split('\u{1}') {
        if let Some(user) = part.strip_prefix("user=") {
            auth.user = Some(user.to_owned());
        } else if let Some(secret) = part.strip_prefix("auth=") {
            auth.secret = Some(secret.to_owned());
        } else if let Some(user) = part.split(',').find_map(|p| p.strip_prefix("a=")) {
            auth.user = Some(user.to_owned());
        }
    }
}

/// RFC 5802 section 7: `n,,n=user,r=nonce`; `=2C` and `=3D` stand for comma and equals sign.
fn scram_user(message: &str) -> Option<String> {
    let name = message.split(',').skip(2).find_map(|part| part.strip_prefix("n="))?;
    Some(name.replace("=2C", ",").replace("=3D", "="))
}

/// RFC 2831 section 2.1.2: `charset=utf-8,username="alice",realm=...`.
fn digest_user(message: &str) -> Option<String> {
    let (_, behind) = message.split_once("username=\"")?;
    Some(behind.split_once('"')?.0.to_owned())
}

/// Base64 (RFC 4648 section 4), as far as it goes: stops at the first character that is none of it.
pub(in crate::conversation) fn base64(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() / 4 * 3 + 3);
    let (mut bits, mut count) = (0u32, 0u32);
    for c in text {
        let value = match c {
            b'A'..=b'Z' => c - b'A',
            b'a'..=b'z' => c - b'a' + 26,
            b'0'..=b'9' => c - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => break,
        };
        bits = bits << 6 | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            out.push((bits >> count) as u8);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(mechanism: &str, responses: &[&str]) -> (Option<String>, Option<String>) {
        let mut exchange = Exchange::new(mechanism.as_bytes());
        for r in responses {
            exchange.response(r.as_bytes());
        }
        let auth = exchange.auth().clone();
        (auth.user, auth.secret)
    }

    fn pair(user: &str, secret: &str) -> (Option<String>, Option<String>) {
        (Some(user.to_owned()), Some(secret.to_owned()))
    }

    #[test]
    fn the_user_is_told_apart_from_the_secret() {
        assert_eq!(after("plain", &["AGFsaWNlAHMzY3JldA=="]), pair("alice", "s3cret"));
        assert_eq!(after("LOGIN", &["YWxpY2U=", "czNjcmV0"]), pair("alice", "s3cret"));
        assert_eq!(after("CRAM-MD5", &["YWxpY2UgZmYwMA=="]), pair("alice", "ff00"));
        assert_eq!(after("XOAUTH2", &["dXNlcj1hbGljZQFhdXRoPUJlYXJlciB4AQE="]), pair("alice", "Bearer x"));
        assert_eq!(after("SCRAM-SHA-256", &["biwsbj1hbGljZSxyPWFi"]).0.as_deref(), Some("alice"));
        let scram = ["cD10bHMtdW5pcXVlLCxuPWFsaWNlLHI9YWI=", "Yz1iaXdzLHI9YWIscD1mZjAw", ""];
        assert_eq!(after("SCRAM-SHA-1-PLUS", &scram), pair("alice", "c=biws,r=ab,p=ff00"));
        let bearer = ["bixhPWFsaWNlQGV4YW1wbGUudGVzdCwBaG9zdD1teAFhdXRoPUJlYXJlciB4AQE=", "AQ=="];
        assert_eq!(after("OAUTHBEARER", &bearer), pair("alice@example.test", "Bearer x"));
        let digest = "dXNlcm5hbWU9ImFsaWNlIixyZXNwb25zZT1mZjAw";
        assert_eq!(after("DIGEST-MD5", &[digest]).0.as_deref(), Some("alice"));
        assert_eq!(after("EXTERNAL", &["YWxpY2U="]).0.as_deref(), Some("alice"));
        assert_eq!(after("EXTERNAL", &["="]), (None, None));
    }

    #[test]
    fn a_word_that_can_be_no_mechanism_is_taken_for_a_secret() {
        assert_eq!(argument(b"PLAIN AGFs"), (&b"PLAIN"[..], 6));
        assert_eq!(argument(b"LOGIN"), (&b"LOGIN"[..], 5));
        assert_eq!(argument(b"AGFsaWNlAHMzY3JldA=="), (&b""[..], 0));
    }
}
