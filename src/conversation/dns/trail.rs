//! Which lookups led to a mail session, and which its server made because of it.
//!
//! Nothing on the wire says so: it is inferred from who asked, from the addresses and domains, and from the order.

use std::collections::VecDeque;
use std::net::{IpAddr, Ipv4Addr};

use ahash::AHashMap;

use super::{Lookup, Outcome, Purpose};
use crate::conversation::smtp::Session;
use crate::packet::{Endpoint, Timestamp};
use crate::wire::dns::{Data, kind};

/// Lookups that are remembered of all hosts, and of each.
const MAX_ALL: usize = 16_384;
const MAX_RECENT: usize = 128;
/// Lookups that are told of one session.
const MAX_TOLD: usize = 24;
/// Answers that are kept of one lookup, and octets of each.
const MAX_ANSWERS: usize = 8;
const MAX_OCTETS: usize = 300;
/// Where programs ask a resolver on their own host.
const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
/// Nanoseconds before the connection in which a lookup can have led to it: caches of programs keep no longer.
const WITHIN_NS: i64 = 300_000_000_000;

/// Whose lookup it was, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The client's, before it connected: it led to the server.
    Before,
    /// The server's, during the session: about the client or the sender.
    During,
}

impl Part {
    /// Both parts.
    pub const ALL: [Part; 2] = [Part::Before, Part::During];

    /// The name in records and texts.
    pub const fn name(self) -> &'static str {
        match self {
            Part::Before => "before",
            Part::During => "during",
        }
    }
}

/// A lookup that belongs to a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// Whose it was.
    pub part: Part,
    /// Its first packet.
    pub first_packet: u64,
    /// Its last packet.
    pub last_packet: u64,
    /// When its first packet was captured.
    pub time: Option<Timestamp>,
    /// Nanoseconds until the answer.
    pub took_ns: Option<i64>,
    /// Who asked.
    pub client: Endpoint,
    /// Who was asked.
    pub server: Endpoint,
    /// The name that was asked for.
    pub name: String,
    /// The type that was asked for.
    pub kind: u16,
    /// How it ended.
    pub outcome: Outcome,
    /// What it was asked for.
    pub purpose: Option<Purpose>,
    /// What was answered, in the form of zone files; aliases left out.
    pub answers: Vec<String>,
    /// Addresses among the answers, and hosts that they name.
    addresses: Vec<IpAddr>,
    hosts: Vec<String>,
}

impl Told {
    /// Octets that it takes, about.
    pub(in crate::conversation) fn size(&self) -> usize {
        let texts = self.answers.iter().chain(&self.hosts).map(|text| size_of::<String>() + text.len());
        size_of::<Self>() + self.name.len() + texts.sum::<usize>()
    }
}

/// What hosts asked lately.
#[derive(Debug, Default)]
pub(super) struct Trail {
    hosts: AHashMap<(u32, IpAddr), VecDeque<Told>>,
    /// Whose they are, in the order in which they came.
    order: VecDeque<(u32, IpAddr)>,
    /// Who asked last for a name that has this address.
    askers: AHashMap<(u32, IpAddr), IpAddr>,
}

impl Trail {
    /// Remembers a lookup.
    pub(super) fn learn(&mut self, lookup: &Lookup) {
        let Some(question) = lookup.question.as_ref().filter(|question| question.name.len() <= MAX_OCTETS)
        else {
            return;
        };
        let key = (lookup.capture, lookup.client.address);
        let records = || lookup.answers().filter(|record| record.kind == question.kind).take(MAX_ANSWERS);
        let told = Told {
            part: Part::Before,
            first_packet: lookup.first_packet(),
            last_packet: lookup.last_packet(),
            time: lookup.time(),
            took_ns: lookup.duration_ns(),
            client: lookup.client,
            server: lookup.server,
            name: question.name.clone(),
            kind: question.kind,
            outcome: lookup.outcome,
            purpose: lookup.purpose.clone(),
            answers: records().map(|record| cut(record.data.to_string())).collect(),
            addresses: records().filter_map(|record| record.data.address()).collect(),
            hosts: records().filter_map(|record| host(&record.data)).collect(),
        };
        if self.askers.len() >= MAX_ALL {
            self.askers.clear();
        }
        let askers = told.addresses.iter().map(|&address| ((lookup.capture, address), lookup.client.address));
        self.askers.extend(askers);
        self.order.push_back(key);
        if self.order.len() > MAX_ALL
            && let Some(oldest) = self.order.pop_front()
        {
            self.forget(oldest, 0);
        }
        self.hosts.entry(key).or_default().push_back(told);
        self.forget(key, MAX_RECENT);
    }

    /// Forgets the oldest lookup of a host that has more than `most`.
    fn forget(&mut self, key: (u32, IpAddr), most: usize) {
        let Some(recent) = self.hosts.get_mut(&key).filter(|recent| recent.len() > most) else { return };
        recent.pop_front();
        if recent.is_empty() {
            self.hosts.remove(&key);
        }
    }

    /// The lookups that belong to a session: those that led to it, then those of its server.
    pub(super) fn of_session(&self, session: &Session) -> Vec<Told> {
        let mut told = self.before(session);
        told.extend(self.during(session));
        told.truncate(MAX_TOLD);
        told
    }

    fn recent(&self, capture: u32, address: IpAddr) -> impl DoubleEndedIterator<Item = &Told> {
        self.hosts.get(&(capture, address)).into_iter().flatten()
    }

    /// What the client asked; where it asked nothing that led here, what was asked over the loopback of the host, where
    /// a resolver listens, or from an address of the other family.
    fn before(&self, session: &Session) -> Vec<Told> {
        let client = session.client.address;
        let asker = self.askers.get(&(session.capture, session.server.address)).copied();
        let other = asker.filter(|asker| asker.is_ipv4() != client.is_ipv4());
        [Some(client), Some(LOOPBACK), other]
            .into_iter()
            .flatten()
            .map(|asker| self.led(session, asker))
            .find(|told| !told.is_empty())
            .unwrap_or_default()
    }

    /// From the address back to the name, and to the domain that has it for its mail.
    fn led(&self, session: &Session, asker: IpAddr) -> Vec<Told> {
        let is_near = |told: &&Told| {
            let before = told.last_packet < session.first_packet;
            let since = session.opened.zip(told.time).map(|(opened, time)| opened.since(time));
            before && since.is_none_or(|since| since <= WITHIN_NS)
        };
        let recent: Vec<&Told> = self.recent(session.capture, asker).filter(is_near).collect();
        let mut names: Vec<String> = recent
            .iter()
            .filter(|told| told.addresses.contains(&session.server.address))
            .map(|told| told.name.to_ascii_lowercase())
            .collect();
        names.dedup();
        if names.is_empty() {
            return Vec::new();
        }
        let leads = |told: &Told| {
            let leads_to_name = told.hosts.iter().any(|host| names.contains(host));
            let name = told.name.to_ascii_lowercase();
            let is_address = matches!(told.kind, kind::A | kind::AAAA) && names.contains(&name);
            let is_certificate = matches!(&told.purpose, Some(Purpose::Dane { host, .. })
                if names.contains(&host.to_ascii_lowercase()));
            leads_to_name && matches!(told.kind, kind::MX | kind::SRV) || is_address || is_certificate
        };
        let domains: Vec<&str> = recent
            .iter()
            .filter(|told| leads(told) && told.kind == kind::MX)
            .map(|told| &*told.name)
            .collect();
        let is_policy = |told: &Told| match &told.purpose {
            Some(Purpose::MtaSts { domain }) => domains.iter().any(|one| one.eq_ignore_ascii_case(domain)),
            _ => false,
        };
        let mut told: Vec<Told> = Vec::new();
        // the latest of those that ask the same
        for one in recent.into_iter().rev().filter(|told| leads(told) || is_policy(told)) {
            let is_known =
                |known: &Told| known.kind == one.kind && known.name.eq_ignore_ascii_case(&one.name);
            if !told.iter().any(is_known) {
                told.push(one.clone());
            }
        }
        told.reverse();
        told
    }

    /// What the server asked about the client's address and the sender's domain.
    fn during(&self, session: &Session) -> Vec<Told> {
        let senders = senders(session);
        let last = session.turns.iter().map(|turn| turn.last_packet).max().unwrap_or(u64::MAX);
        let is_now = |told: &&Told| told.first_packet >= session.first_packet && told.first_packet <= last;
        let concerns = |told: &&Told| match &told.purpose {
            Some(
                Purpose::ReverseName { address }
                | Purpose::ForwardConfirmation { address }
                | Purpose::AddressList { address, .. },
            ) => *address == session.client.address,
            Some(
                Purpose::Spf { domain }
                | Purpose::Dkim { domain, .. }
                | Purpose::Dmarc { domain }
                | Purpose::MailExchange { domain },
            ) => senders.is_empty() || senders.iter().any(|sender| is_related(sender, domain)),
            Some(
                Purpose::ExchangeAddress { .. }
                | Purpose::MtaSts { .. }
                | Purpose::TlsReporting { .. }
                | Purpose::Dane { .. }
                | Purpose::ServiceLocation { .. },
            )
            | None => false,
        };
        let recent = [session.server.address, LOOPBACK].into_iter();
        let recent = recent.flat_map(|asker| self.recent(session.capture, asker));
        recent
            .filter(is_now)
            .filter(concerns)
            .map(|told| Told { part: Part::During, ..told.clone() })
            .collect()
    }
}

/// The host that a record leads to.
fn host(data: &Data) -> Option<String> {
    match data {
        Data::Exchange { host, .. } | Data::Service { target: host, .. } => Some(host.to_ascii_lowercase()),
        _ => None,
    }
}

/// The domains that a session's senders claim.
fn senders(session: &Session) -> Vec<String> {
    let of_address = |address: &str| {
        let domain = address.rsplit_once('@')?.1.trim_end_matches(['>', ' ']);
        (!domain.is_empty()).then(|| domain.to_ascii_lowercase())
    };
    let paths = session.messages.iter().map(|message| message.mail_from.as_deref());
    let paths = paths.chain(session.abandoned.iter().map(|mail| mail.mail_from.as_deref()));
    let authors = session.messages.iter().map(|message| message.header.from.as_deref());
    let mut senders: Vec<String> = paths.chain(authors).flatten().filter_map(of_address).collect();
    senders.sort_unstable();
    senders.dedup();
    senders
}

/// Whether one domain is the other, or lies below it.
fn is_related(sender: &str, domain: &str) -> bool {
    let below = |one: &str, other: &str| {
        one.strip_suffix(other).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    };
    let domain = domain.to_ascii_lowercase();
    below(sender, &domain) || below(&domain, sender)
}

fn cut(text: String) -> String {
    match text.char_indices().nth(MAX_OCTETS) {
        Some((at, _)) => format!("{}...", &text[..at]),
        None => text,
    }
}

#[cfg(test)]
#[path = "trail_tests.rs"]
mod tests;
