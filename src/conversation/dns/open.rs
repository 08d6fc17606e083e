//! Queries that wait for their answers, and what is remembered of those that have theirs.

use std::collections::VecDeque;

use ahash::{AHashMap, RandomState};

use super::lookup::{Lookup, Outcome, Transport, Warning};
use super::{Datagram, Query};
use crate::packet::{Endpoint, Timestamp};
use crate::wire::dns::{Message, Question, Section};

/// Queries in flight that are kept; beyond it the oldest is given up.
pub(super) const MAX_OPEN: usize = 10_000;
/// Answered queries that are remembered, to know a second answer.
const MAX_CLOSED: usize = 10_000;
/// Packets of attempts that are kept of one query, and ports that it was sent from.
pub(super) const MAX_ATTEMPTS: usize = 16;
/// Nanoseconds between two copies of one packet, at most: where a capture takes all interfaces, it has those of the
/// loopback twice.
const COPY_NS: i64 = 1_000_000;
/// Records of a query that are kept, where the query has at most so many octets.
const MAX_RECORDS: usize = 6;
const MAX_QUERY: usize = 1500;
/// Nanoseconds after the last attempt until a query is given up: longer than resolvers wait.
pub(super) const PATIENCE_NS: i64 = 30_000_000_000;

/// What identifies a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Key {
    pub(super) capture: u32,
    pub(super) stream: Option<u64>,
    pub(super) client: Endpoint,
    /// `None` for a group: any of its hosts answers.
    pub(super) server: Option<Endpoint>,
    pub(super) id: u16,
}

impl Key {
    pub(super) fn new(
        capture: u32,
        transport: Transport,
        client: Endpoint,
        server: Endpoint,
        id: u16,
    ) -> Self {
        let stream = match transport {
            Transport::Tcp { stream } => Some(stream),
            Transport::Udp => None,
        };
        let server = Some(server).filter(|server| !server.address.is_multicast());
        Self { capture, stream, client, server, id }
    }
}

/// A query that waits.
pub(super) struct Pending {
    pub(super) lookup: Lookup,
    /// Further keys that it is known by: the same identifier from another port.
    aliases: Vec<Key>,
    /// Answers of a zone that were seen, and their messages.
    pub(super) transfer: Transfer,
}

/// What has come of a zone transfer.
#[derive(Default)]
pub(super) struct Transfer {
    pub(super) messages: u32,
    pub(super) answers: u64,
    pub(super) authorities: u64,
}

/// What is remembered of a query that is over.
#[derive(Clone, Copy)]
pub(super) struct Closed {
    pub(super) packet: u64,
    question: u64,
    /// What was answered; `None` where nothing was.
    pub(super) answer: Option<u64>,
    /// When that was captured.
    time: Option<Timestamp>,
}

impl Closed {
    /// Whether a second response can be the same packet, captured twice.
    pub(super) fn is_copy(&self, datagram: &Datagram) -> bool {
        self.time
            .zip(datagram.time)
            .is_some_and(|(first, second)| (0..COPY_NS).contains(&second.since(first)))
    }
}

/// A query's place in the queue: its key and packet, and since when it waits there.
struct Waiting {
    key: Key,
    packet: u64,
    since: Option<Timestamp>,
}

/// All queries that wait.
#[derive(Default)]
pub(super) struct Open {
    state: RandomState,
    pending: AHashMap<Key, Pending>,
    aliases: AHashMap<Key, Key>,
    /// Keys by other traits; what is found is compared again.
    index: AHashMap<u64, Key>,
    /// In the order in which they were put here.
    queue: VecDeque<Waiting>,
    closed: AHashMap<Key, Closed>,
    closed_queue: VecDeque<(Key, u64)>,
}

impl Open {
    /// The query that a response with this key answers.
    pub(super) fn find(&mut self, key: &Key) -> Option<&mut Pending> {
        let key = self.aliases.get(key).unwrap_or(key);
        self.pending.get_mut(key)
    }

    /// A query that is like this one, but for its identifier or port.
    pub(super) fn same_asker(&self, lookup: &Lookup) -> Option<Key> {
        let question = lookup.question.as_ref()?;
        let hash = self.asker(lookup.capture, &lookup.client, &lookup.server, question);
        self.found(hash, question)
    }

    /// A query between the same ends with the same question: its packet.
    pub(super) fn same_ends(
        &self,
        capture: u32,
        client: &Endpoint,
        server: &Endpoint,
        q: &Question,
    ) -> Option<Key> {
        self.found(self.ends(capture, client, server, q), q)
    }

    /// A query by the same client with the same identifier and question.
    pub(super) fn same_client(&self, capture: u32, client: &Endpoint, id: u16, q: &Question) -> Option<Key> {
        self.found(self.client(capture, client, id, q), q)
    }

    fn found(&self, hash: u64, question: &Question) -> Option<Key> {
        let key = self.index.get(&hash)?;
        let pending = self.pending.get(key)?;
        pending.lookup.question.as_ref().is_some_and(|asked| asked.is_same(question)).then_some(*key)
    }

    /// Adds a query; the one that had to be given up for it, if there are too many.
    pub(super) fn insert(&mut self, key: Key, lookup: Lookup) -> Option<Lookup> {
        let given_up = if self.pending.len() >= MAX_OPEN { self.oldest() } else { None };
        if self.queue.len() >= 2 * MAX_OPEN {
            let pending = &self.pending;
            self.queue.retain(|waiting| pending.contains_key(&waiting.key));
            self.queue.truncate(2 * MAX_OPEN);
        }
        for hash in self.hashes(&lookup).into_iter().flatten() {
            self.index.insert(hash, key);
        }
        self.queue.push_back(Waiting { key, packet: lookup.first_packet(), since: lookup.time() });
        self.pending.insert(key, Pending { lookup, aliases: Vec::new(), transfer: Transfer::default() });
        given_up
    }

    /// The same query is sent from another port as well.
    pub(super) fn alias(&mut self, other: Key, key: Key) {
        let Some(pending) = self.pending.get_mut(&key) else { return };
        if pending.aliases.len() < MAX_ATTEMPTS {
            pending.aliases.push(other);
            self.aliases.insert(other, key);
        }
    }

    /// Takes a query out, and remembers what was answered.
    pub(super) fn close(&mut self, key: &Key, answer: Option<(&Datagram, &Message)>) -> Option<Pending> {
        let key = *self.aliases.get(key).unwrap_or(key);
        let pending = self.pending.remove(&key)?;
        for hash in self.hashes(&pending.lookup).into_iter().flatten() {
            if self.index.get(&hash) == Some(&key) {
                self.index.remove(&hash);
            }
        }
        let closed = Closed {
            packet: pending.lookup.first_packet(),
            question: pending.lookup.question.as_ref().map_or(0, |question| self.question(question)),
            answer: answer.map(|(_, message)| self.digest(message)),
            time: answer.and_then(|(datagram, _)| datagram.time),
        };
        for alias in &pending.aliases {
            self.aliases.remove(alias);
            self.remember(*alias, closed);
        }
        self.remember(key, closed);
        Some(pending)
    }

    fn remember(&mut self, key: Key, closed: Closed) {
        if self.closed_queue.len() >= MAX_CLOSED
            && let Some((old, packet)) = self.closed_queue.pop_front()
            && self.closed.get(&old).is_some_and(|closed| closed.packet == packet)
        {
            self.closed.remove(&old);
        }
        self.closed_queue.push_back((key, closed.packet));
        self.closed.insert(key, closed);
    }

    /// The query that is over and that this response belongs to.
    pub(super) fn closed(&self, key: &Key, message: &Message) -> Option<Closed> {
        let closed = self.closed.get(key)?;
        let asked = message.questions.first().map(|question| self.question(question));
        asked.is_none_or(|asked| asked == closed.question).then_some(*closed)
    }

    /// The oldest query that has waited longer than resolvers wait, or that belongs to a capture that is over.
    pub(super) fn expired(&mut self, capture: u32, now: Timestamp) -> Option<Lookup> {
        while let Some(&Waiting { key, packet, since }) = self.queue.front() {
            if key.capture == capture && since.is_some_and(|since| now.since(since) <= PATIENCE_NS) {
                return None;
            }
            self.queue.pop_front();
            let Some(query) = self.query(&key, packet) else { continue };
            let last = query.last_time.filter(|last| now.since(*last) <= PATIENCE_NS);
            if key.capture == capture && last.is_some() {
                // it was sent again meanwhile
                self.queue.push_back(Waiting { key, packet, since: last });
                continue;
            }
            return self.close(&key, None).map(|pending| pending.lookup);
        }
        None
    }

    fn oldest(&mut self) -> Option<Lookup> {
        while let Some(Waiting { key, packet, .. }) = self.queue.pop_front() {
            if self.query(&key, packet).is_some() {
                return self.close(&key, None).map(|pending| pending.lookup);
            }
        }
        None
    }

    fn query(&self, key: &Key, packet: u64) -> Option<&Query> {
        let lookup = &self.pending.get(key)?.lookup;
        lookup.query.as_ref().filter(|_| lookup.first_packet() == packet)
    }

    /// All that still wait.
    pub(super) fn drain(&mut self) -> impl Iterator<Item = Lookup> {
        self.index.clear();
        self.aliases.clear();
        self.queue.clear();
        self.pending.drain().map(|(_, pending)| pending.lookup)
    }

    fn hashes(&self, lookup: &Lookup) -> Option<[u64; 3]> {
        let question = lookup.question.as_ref()?;
        let (capture, client, server) = (lookup.capture, &lookup.client, &lookup.server);
        Some([
            self.asker(capture, client, server, question),
            self.ends(capture, client, server, question),
            self.client(capture, client, lookup.id, question),
        ])
    }

    /// Who asked whom, whatever the port and the identifier; also what joins a truncated answer and its retry.
    pub(super) fn asker(&self, capture: u32, client: &Endpoint, server: &Endpoint, q: &Question) -> u64 {
        self.state.hash_one(("asker", capture, client.address, server.address, self.question(q)))
    }

    fn ends(&self, capture: u32, client: &Endpoint, server: &Endpoint, q: &Question) -> u64 {
        self.state.hash_one(("ends", capture, client, server, self.question(q)))
    }

    fn client(&self, capture: u32, client: &Endpoint, id: u16, q: &Question) -> u64 {
        self.state.hash_one(("client", capture, client, id, self.question(q)))
    }

    /// The case of letters does not matter (RFC 4343).
    pub(super) fn question(&self, q: &Question) -> u64 {
        self.state.hash_one((q.name.to_ascii_lowercase(), q.kind, q.class & 0x7fff))
    }

    /// What is answered, whatever the order of its records and their times to live.
    pub(super) fn digest(&self, message: &Message) -> u64 {
        let records = message.section(Section::Answer).map(|record| {
            self.state.hash_one((record.name.to_ascii_lowercase(), record.kind, record.data.to_string()))
        });
        records.fold(u64::from(message.rcode()), u64::wrapping_add)
    }
}

/// The query of a message, as its first attempt.
pub(super) fn query_of(datagram: &Datagram, message: &Message) -> Query {
    let is_short = message.octets <= MAX_QUERY;
    Query {
        packet: datagram.packet,
        time: datagram.time,
        flags: message.flags,
        edns: message.edns.clone(),
        octets: message.octets,
        attempts: 1,
        resent: Vec::new(),
        last_time: datagram.time,
        questions: message.counts[0],
        records: message.records.iter().filter(|_| is_short).take(MAX_RECORDS).cloned().collect(),
    }
}

impl Lookup {
    /// Whether a query is the last attempt, captured twice: nobody asks again so soon.
    pub(super) fn is_copy(&self, datagram: &Datagram) -> bool {
        let last = self.query.as_ref().and_then(|query| query.last_time);
        last.zip(datagram.time).is_some_and(|(last, time)| (0..COPY_NS).contains(&time.since(last)))
    }

    /// One more attempt.
    pub(super) fn sent_again(&mut self, datagram: &Datagram) {
        if let Some(query) = &mut self.query {
            query.attempts = query.attempts.saturating_add(1);
            query.last_time = datagram.time.or(query.last_time);
            if query.resent.len() >= MAX_ATTEMPTS {
                query.resent.pop();
            }
            query.resent.push((datagram.packet, datagram.time));
        }
        self.warn(Warning::Retransmitted);
    }

    /// No answer has come until `now`.
    pub(super) fn gave_up(mut self, now: Option<Timestamp>) -> Self {
        let last = self.query.as_ref().and_then(|query| query.last_time);
        self.waited_ns = now.zip(last).map(|(now, last)| now.since(last));
        self.outcome = Outcome::Unanswered;
        self
    }
}
