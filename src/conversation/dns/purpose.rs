//! What a question is asked for where mail is sent.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ahash::AHashMap;

use super::Lookup;
use crate::wire::dns::{Data, Question, kind};

/// Names that are remembered from answers.
const MAX_REMEMBERED: usize = 10_000;
/// Octets of a name that is remembered.
const MAX_NAME: usize = 256;

/// Why mail programs ask a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Purpose {
    /// Who takes mail for a domain (RFC 5321 section 5.1).
    MailExchange {
        /// The domain.
        domain: String,
    },
    /// The address of a host that an MX answer of this capture named.
    ExchangeAddress {
        /// The domain whose mail it takes.
        domain: String,
    },
    /// The name of a host whose address is known.
    ReverseName {
        /// The address.
        address: IpAddr,
    },
    /// Whether the name that a PTR answer of this capture gave leads back to the address.
    ForwardConfirmation {
        /// The address.
        address: IpAddr,
    },
    /// Who may send mail in a domain's name (RFC 7208); known by its answer.
    Spf {
        /// The domain.
        domain: String,
    },
    /// The key that a signature is verified with (RFC 6376 section 3.6.2).
    Dkim {
        /// Which of the domain's keys.
        selector: String,
        /// The domain that signed.
        domain: String,
    },
    /// What to do with mail that fails both (RFC 7489).
    Dmarc {
        /// The domain in From.
        domain: String,
    },
    /// Whether a domain asks for TLS (RFC 8461 section 3.1).
    MtaSts {
        /// The domain.
        domain: String,
    },
    /// Where reports on failed TLS go (RFC 8460 section 3).
    TlsReporting {
        /// The domain.
        domain: String,
    },
    /// Which certificate a server has to show (RFC 6698, RFC 7672).
    Dane {
        /// The port.
        port: u16,
        /// The server.
        host: String,
    },
    /// Whether an address is on a list of blocked or trusted ones (RFC 5782).
    AddressList {
        /// The address.
        address: IpAddr,
        /// The list.
        zone: String,
    },
    /// Which host offers a service (RFC 2782, RFC 6186).
    ServiceLocation {
        /// Its name: `submission`.
        service: String,
        /// The domain.
        domain: String,
    },
}

impl Purpose {
    /// The name in records and texts.
    pub const fn name(&self) -> &'static str {
        match self {
            Purpose::MailExchange { .. } => "mail_exchange",
            Purpose::ExchangeAddress { .. } => "exchange_address",
            Purpose::ReverseName { .. } => "reverse_name",
            Purpose::ForwardConfirmation { .. } => "forward_confirmation",
            Purpose::Spf { .. } => "spf",
            Purpose::Dkim { .. } => "dkim",
            Purpose::Dmarc { .. } => "dmarc",
            Purpose::MtaSts { .. } => "mta_sts",
            Purpose::TlsReporting { .. } => "tls_reporting",
            Purpose::Dane { .. } => "dane",
            Purpose::AddressList { .. } => "address_list",
            Purpose::ServiceLocation { .. } => "service_location",
        }
    }
}

/// What earlier answers of a capture led to.
#[derive(Debug, Default)]
pub(super) struct Context {
    /// Hosts that MX answers named, with the domain whose mail they take.
    exchanges: AHashMap<String, String>,
    /// Names that PTR answers gave, with their address.
    pointed: AHashMap<String, IpAddr>,
}

impl Context {
    /// What a lookup is asked for, as far as its question and its answer tell.
    pub(super) fn purpose(&self, lookup: &Lookup) -> Option<Purpose> {
        let question = lookup.question.as_ref()?;
        by_question(question).or_else(|| self.by_context(question)).or_else(|| by_answer(question, lookup))
    }

    fn by_context(&self, question: &Question) -> Option<Purpose> {
        if !matches!(question.kind, kind::A | kind::AAAA) {
            return None;
        }
        let name = question.name.to_ascii_lowercase();
        if let Some(domain) = self.exchanges.get(&name) {
            return Some(Purpose::ExchangeAddress { domain: domain.clone() });
        }
        self.pointed.get(&name).map(|&address| Purpose::ForwardConfirmation { address })
    }

    /// Remembers what an answer leads to.
    pub(super) fn learn(&mut self, lookup: &Lookup) {
        let Some(question) = &lookup.question else { return };
        let address = reverse_address(&question.name).filter(|_| question.kind == kind::PTR);
        for record in lookup.answers() {
            match (&record.data, address) {
                (Data::Exchange { host, .. }, _) if record.kind == kind::MX && host != "." => {
                    let room = self.exchanges.len() < MAX_REMEMBERED;
                    if room && host.len() <= MAX_NAME && question.name.len() <= MAX_NAME {
                        self.exchanges.insert(host.to_ascii_lowercase(), question.name.clone());
                    }
                }
                (Data::Host(name), Some(address))
                    if record.kind == kind::PTR
                        && name.len() <= MAX_NAME
                        && self.pointed.len() < MAX_REMEMBERED =>
                {
                    self.pointed.insert(name.to_ascii_lowercase(), address);
                }
                _ => {}
            }
        }
    }
}

fn by_question(question: &Question) -> Option<Purpose> {
    let name = question.name.as_str();
    match question.kind {
        kind::MX => Some(Purpose::MailExchange { domain: name.to_owned() }),
        kind::PTR => reverse_address(name).map(|address| Purpose::ReverseName { address }),
        kind::SPF => Some(Purpose::Spf { domain: name.to_owned() }),
        kind::TXT => policy(name),
        kind::TLSA => {
            let (port, rest) = name.strip_prefix('_')?.split_once("._tcp.")?;
            Some(Purpose::Dane { port: port.parse().ok()?, host: rest.to_owned() })
        }
        kind::SRV => {
            let (service, rest) = name.strip_prefix('_')?.split_once('.')?;
            let domain = strip_prefix(rest, "_tcp.").or_else(|| strip_prefix(rest, "_udp."))?;
            Some(Purpose::ServiceLocation { service: service.to_owned(), domain: domain.to_owned() })
        }
        kind::A => address_list(name),
        _ => None,
    }
}

/// What is published as text under a name of its own.
fn policy(name: &str) -> Option<Purpose> {
    let owned = str::to_owned;
    if let Some(domain) = strip_prefix(name, "_dmarc.").map(owned) {
        return Some(Purpose::Dmarc { domain });
    }
    if let Some(domain) = strip_prefix(name, "_mta-sts.").map(owned) {
        return Some(Purpose::MtaSts { domain });
    }
    if let Some(domain) = strip_prefix(name, "_smtp._tls.").map(owned) {
        return Some(Purpose::TlsReporting { domain });
    }
    let at = name.to_ascii_lowercase().find("._domainkey.")?;
    let (selector, rest) = name.split_at_checked(at)?;
    let domain = rest.get("._domainkey.".len()..)?;
    Some(Purpose::Dkim { selector: owned(selector), domain: owned(domain) })
}

fn by_answer(question: &Question, lookup: &Lookup) -> Option<Purpose> {
    let is_policy = |text: String| text == "v=spf1" || text.starts_with("v=spf1 ");
    let found =
        question.kind == kind::TXT && lookup.answers().filter_map(|record| record.data.text()).any(is_policy);
    found.then(|| Purpose::Spf { domain: question.name.clone() })
}

fn strip_prefix<'a>(name: &'a str, prefix: &str) -> Option<&'a str> {
    let (head, rest) = name.split_at_checked(prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then_some(rest)
}

/// The address whose name is asked for: `25.2.0.192.in-addr.arpa`, or 32 digits under `ip6.arpa` (RFC 1035 section
/// 3.5, RFC 3596 section 2.5).
pub(super) fn reverse_address(name: &str) -> Option<IpAddr> {
    let name = name.to_ascii_lowercase();
    let octets = name.strip_suffix(".in-addr.arpa").and_then(reversed_v4);
    octets.or_else(|| name.strip_suffix(".ip6.arpa").and_then(reversed_v6))
}

/// An address in reverse order before the name of a list (RFC 5782 sections 2.1 and 2.4).
fn address_list(name: &str) -> Option<Purpose> {
    let cut = |labels: usize| {
        let at = name.match_indices('.').nth(labels - 1)?.0;
        Some((name.get(..at)?, name.get(at + 1..)?))
    };
    let is_zone = |zone: &str| zone.contains('.');
    let read = |labels, read: fn(&str) -> Option<IpAddr>| {
        let (reversed, zone) = cut(labels)?;
        Some((read(reversed)?, zone.to_owned())).filter(|_| is_zone(zone))
    };
    let (address, zone) = read(32, reversed_v6).or_else(|| read(4, reversed_v4))?;
    Some(Purpose::AddressList { address, zone })
}

fn reversed_v4(labels: &str) -> Option<IpAddr> {
    let mut octets = [0; 4];
    let mut parts = labels.split('.');
    for octet in octets.iter_mut().rev() {
        *octet = parts.next()?.parse().ok()?;
    }
    parts.next().is_none().then(|| Ipv4Addr::from(octets).into())
}

fn reversed_v6(labels: &str) -> Option<IpAddr> {
    let mut value = 0u128;
    let mut digits = 0;
    for label in labels.rsplit('.') {
        let [digit] = label.as_bytes() else { return None };
        value = value << 4 | u128::from(char::from(*digit).to_digit(16)?);
        digits += 1;
        if digits > 32 {
            return None;
        }
    }
    (digits == 32).then(|| Ipv6Addr::from(value).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(name: &str, kind: u16) -> Option<Purpose> {
        by_question(&Question { name: name.to_owned(), kind, class: 1, start: 0, fixed: 0 })
    }

    #[test]
    fn the_names_of_policies_tell_what_they_are_for() {
        let domain = || "example.test".to_owned();
        assert_eq!(asked("_dmarc.example.test", kind::TXT), Some(Purpose::Dmarc { domain: domain() }));
        assert_eq!(asked("_MTA-STS.example.test", kind::TXT), Some(Purpose::MtaSts { domain: domain() }));
        let dkim = Purpose::Dkim { selector: "s1.mail".into(), domain: domain() };
        assert_eq!(asked("s1.mail._domainkey.example.test", kind::TXT), Some(dkim));
        let dane = Purpose::Dane { port: 25, host: "mx.example.test".into() };
        assert_eq!(asked("_25._tcp.mx.example.test", kind::TLSA), Some(dane));
        let service = Purpose::ServiceLocation { service: "submission".into(), domain: domain() };
        assert_eq!(asked("_submission._tcp.example.test", kind::SRV), Some(service));
        assert_eq!(asked("example.test", kind::TXT), None, "only its answer tells that it is SPF");
    }

    #[test]
    fn a_reversed_address_is_a_host_or_an_entry_of_a_list() {
        let address = IpAddr::from([192, 0, 2, 25]);
        assert_eq!(asked("25.2.0.192.in-addr.arpa", kind::PTR), Some(Purpose::ReverseName { address }));
        let list = Purpose::AddressList { address, zone: "bl.example.test".into() };
        assert_eq!(asked("25.2.0.192.bl.example.test", kind::A), Some(list));
        assert_eq!(asked("25.2.0.192.test", kind::A), None);
        assert_eq!(asked("256.2.0.192.bl.example.test", kind::A), None);
        let nibbles = "5.2.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2";
        let address: IpAddr = "2001:db8::25".parse().unwrap();
        assert_eq!(reverse_address(&format!("{nibbles}.ip6.arpa")), Some(address));
        let list = Purpose::AddressList { address, zone: "bl.example.test".into() };
        assert_eq!(asked(&format!("{nibbles}.bl.example.test"), kind::A), Some(list));
    }
}
