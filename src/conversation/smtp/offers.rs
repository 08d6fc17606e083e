//! Offers of STARTTLS that were taken out on the way, or look like it (RFC 3207 section 6).

use ahash::AHashMap;

use super::session::{Encryption, Session, Warning};
use crate::packet::Endpoint;

/// Servers that are remembered.
const MAX_SERVERS: usize = 10_000;

/// The servers that offered STARTTLS so far.
#[derive(Debug, Default)]
pub(in crate::conversation) struct TlsOffers(AHashMap<Endpoint, ()>);

impl TlsOffers {
    /// Takes note of a session's offer, or warns of one that is missing.
    pub(in crate::conversation) fn meet(&mut self, session: &mut Session) {
        let offers =
            offers(&session.capabilities) || matches!(session.encryption, Encryption::StartTls { .. });
        let known = self.0.contains_key(&session.server);
        if offers && self.0.len() < MAX_SERVERS {
            self.0.insert(session.server, ());
        } else if !offers && known && !session.capabilities.is_empty() {
            let warned = session.warnings.contains(&Warning::StarttlsStripped);
            session.warnings.extend((!warned).then_some(Warning::StarttlsStripped));
        }
    }
}

fn offers(capabilities: &[String]) -> bool {
    capabilities.iter().any(|line| line.trim().eq_ignore_ascii_case("STARTTLS"))
}

/// Whether a line of the reply to EHLO was crossed out.
pub(super) fn is_garbled(capabilities: &[String]) -> bool {
    capabilities.iter().any(|line| is_crossed_out(line))
}

/// Whether a line of the reply to EHLO is what firewalls make of STARTTLS: eight octets, `XXXXXXXA`.
pub fn is_crossed_out(line: &str) -> bool {
    let word = line.trim();
    word.len() == 8 && word.bytes().take(7).all(|octet| octet == b'X')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_keyword_as_long_as_starttls_that_was_crossed_out_is_no_keyword() {
        let garbled = |line: &str| is_garbled(&["PIPELINING".to_owned(), line.to_owned()]);
        assert!(garbled("XXXXXXXA") && garbled("XXXXXXXX"));
        assert!(!garbled("STARTTLS") && !garbled("XXXX") && !garbled("XFORWARD") && !garbled("XXXXXXXXX"));
    }
}
