//! Multicast DNS: the identifier is 0, everyone hears everyone, and an answer is known by what it answers (RFC 6762
//! sections 6 and 18.1).

use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::Arc;

use ahash::AHashMap;

use super::lookup::{Answer, Lookup, Outcome, Service, Transport};
use super::lookups::{answer_of, new_lookup};
use super::open::query_of;
use super::{Datagram, Lookups};
use crate::packet::Timestamp;
use crate::wire::dns::{Message, Question, Record, Section, kind};

/// Questions that are kept until they are answered.
const MAX_ASKED: usize = 4096;
/// Questions of one message that are followed.
const MAX_QUESTIONS: usize = 16;
/// Hosts that ask the same at one time.
const MAX_ASKERS: usize = 8;
/// Nanoseconds after the last attempt in which an answer is one to the question: answers are delayed by 500 ms at
/// most (RFC 6762 section 6 and 7.2), and a question is repeated after 1 s (section 5.2).
const PATIENCE_NS: i64 = 3_000_000_000;

/// Capture, name in lower case, type.
type Asked = (u32, String, u16);

/// Questions that wait.
#[derive(Debug, Default)]
pub(super) struct Multicast {
    asked: AHashMap<Asked, Vec<Lookup>>,
    /// Their packets, and since when they wait here.
    queue: VecDeque<(Asked, u64, Option<Timestamp>)>,
}

impl Multicast {
    /// The oldest question that has waited for too long.
    pub(super) fn expired(&mut self, capture: u32, now: Timestamp) -> Option<Lookup> {
        while let Some((key, _, since)) = self.queue.front() {
            let is_over = |since: Timestamp| now.since(since) > PATIENCE_NS;
            if key.0 == capture && !since.is_none_or(is_over) {
                return None;
            }
            let (key, packet, _) = self.queue.pop_front()?;
            let last = self.find(&key, packet).and_then(|lookup| lookup.query.as_ref()?.last_time);
            if key.0 == capture && last.is_some_and(|last| !is_over(last)) {
                // it was sent again meanwhile
                self.queue.push_back((key, packet, last));
            } else if let Some(lookup) = self.take(&key, packet) {
                return Some(lookup);
            }
        }
        None
    }

    fn find(&self, key: &Asked, packet: u64) -> Option<&Lookup> {
        self.asked.get(key)?.iter().find(|lookup| lookup.first_packet() == packet)
    }

    fn take(&mut self, key: &Asked, packet: u64) -> Option<Lookup> {
        let list = self.asked.get_mut(key)?;
        let at = list.iter().position(|lookup| lookup.first_packet() == packet)?;
        let lookup = list.swap_remove(at);
        if list.is_empty() {
            self.asked.remove(key);
        }
        Some(lookup)
    }

    /// Questions of other hosts than this one: nobody answers himself, and a host that has probed for its name tells it
    /// next.
    fn take_others(&mut self, key: &Asked, address: IpAddr) -> Vec<Lookup> {
        let Some(list) = self.asked.get_mut(key) else { return Vec::new() };
        let others = list.extract_if(.., |lookup| lookup.client.address != address).collect();
        if list.is_empty() {
            self.asked.remove(key);
        }
        others
    }

    /// Adds a question; those that have to go for it.
    fn insert(&mut self, key: Asked, lookup: Lookup) -> Vec<Lookup> {
        let mut gone = Vec::new();
        self.queue.push_back((key.clone(), lookup.first_packet(), lookup.time()));
        let list = self.asked.entry(key).or_default();
        list.push(lookup);
        if list.len() > MAX_ASKERS {
            gone.push(list.remove(0));
        }
        if self.queue.len() > MAX_ASKED
            && let Some((key, packet, _)) = self.queue.pop_front()
        {
            gone.extend(self.take(&key, packet));
        }
        gone
    }

    /// All that still wait.
    pub(super) fn drain(&mut self) -> impl Iterator<Item = Lookup> {
        self.queue.clear();
        self.asked.drain().flat_map(|(_, list)| list)
    }
}

impl Lookups {
    /// Each question is a lookup of its own: each has its own answer.
    pub(super) fn multicast_query(&mut self, datagram: &Datagram, message: &Message) {
        for question in message.questions.iter().take(MAX_QUESTIONS) {
            let key = (datagram.capture, question.name.to_ascii_lowercase(), question.kind);
            let mut waiting = self.multicast.asked.get_mut(&key).into_iter().flatten();
            if let Some(lookup) = waiting.find(|lookup| lookup.client == datagram.source) {
                if !lookup.is_copy(datagram) {
                    lookup.sent_again(datagram);
                }
                continue;
            }
            let (client, server) = (datagram.source, datagram.destination);
            let mut lookup = new_lookup(datagram, Service::Mdns, Transport::Udp, message, client, server);
            lookup.question = Some(question.clone());
            let mut query = query_of(datagram, message);
            query.records.retain(|record| concerns(record, question));
            lookup.query = Some(query);
            for lookup in self.multicast.insert(key, lookup) {
                let now = datagram.time;
                self.tell(unanswered(lookup, now));
            }
        }
    }

    /// Answers every question that waits for one of its records; if none does, a host tells its names.
    pub(super) fn multicast_response(&mut self, datagram: &Datagram, message: Message) {
        let mut answered = Vec::new();
        for record in message.section(Section::Answer) {
            let name = record.name.to_ascii_lowercase();
            for wanted in [record.kind, kind::ANY] {
                let key = (datagram.capture, name.clone(), wanted);
                answered.extend(self.multicast.take_others(&key, datagram.source.address));
            }
        }
        answered.sort_by_key(Lookup::first_packet);
        let is_goodbye =
            message.counts[1] > 0 && message.section(Section::Answer).all(|record| record.ttl == 0);
        let mut lookup = new_lookup(
            datagram,
            Service::Mdns,
            Transport::Udp,
            &message,
            datagram.source,
            datagram.destination,
        );
        let answer = Answer { message: Arc::new(message), ..answer_of(datagram, Message::default()) };
        let answer = Answer { answers: u64::from(answer.message.counts[1]), ..answer };
        if answered.is_empty() {
            lookup.outcome = if is_goodbye { Outcome::Goodbye } else { Outcome::Announced };
            lookup.answer = Some(answer);
            return self.tell(lookup);
        }
        for mut lookup in answered {
            lookup.outcome = Outcome::Answered;
            lookup.answer = Some(answer.clone());
            self.tell(lookup);
        }
    }
}

/// What a query says of its question: an answer that is known already, or the name that a host wants.
fn concerns(record: &Record, question: &Question) -> bool {
    record.name.eq_ignore_ascii_case(&question.name)
        && (record.kind == question.kind || question.kind == kind::ANY)
}

/// No answer has come. To a host that asked whether its name is free, that is good news (RFC 6762 section 8.1).
pub(super) fn unanswered(lookup: Lookup, now: Option<Timestamp>) -> Lookup {
    let mut lookup = lookup.gave_up(now);
    let wants_name = |record: &Record| record.section == Section::Authority;
    if lookup.query.as_ref().is_some_and(|query| query.records.iter().any(wants_name)) {
        lookup.outcome = Outcome::Probed;
    }
    lookup
}
