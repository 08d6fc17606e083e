//! Queries and their answers.

use std::collections::VecDeque;
use std::sync::Arc;

use ahash::AHashMap;

use super::lookup::{Answer, Lookup, Outcome, Service, Transport, Truncated, Warning, outcome};
use super::multicast::Multicast;
use super::names::NameBook;
use super::open::{Key, Open, Pending, query_of};
use super::purpose::Context;
use super::trail::{Told, Trail};
use super::{Datagram, Framed};
use crate::conversation::smtp::Session;
use crate::packet::{Endpoint, Timestamp};
use crate::wire::dns::{FaultKind, Message, Section, kind};

/// Truncated answers that wait for the same question over TCP.
const MAX_TRUNCATED: usize = 256;
/// Nanoseconds that they wait.
const RETRY_NS: i64 = 10_000_000_000;

/// Pairs the messages of all captures, and hands out each lookup as soon as it is over.
#[derive(Default)]
pub struct Lookups {
    open: Open,
    /// Answers that did not fit, by who asked whom for what.
    truncated: AHashMap<u64, Lookup>,
    truncated_queue: VecDeque<(u64, u64)>,
    pub(super) multicast: Multicast,
    context: Context,
    names: NameBook,
    trail: Trail,
    finished: VecDeque<Lookup>,
    /// The latest time of the capture that is being read.
    now: Option<(u32, Timestamp)>,
}

impl Lookups {
    /// Takes a message that one datagram carried.
    pub fn datagram(&mut self, datagram: &Datagram, octets: &[u8]) {
        if let Some(message) = Message::read(octets) {
            self.message(datagram, Transport::Udp, message);
        }
    }

    /// Takes a message of the connection `stream`; `datagram` says between whom.
    pub fn framed(&mut self, datagram: &Datagram, stream: u64, framed: &Framed) {
        if let Some(message) = Message::read(&framed.octets) {
            self.message(datagram, Transport::Tcp { stream }, message);
        }
    }

    /// The next lookup that is over, in the order of their ends.
    pub fn take_finished(&mut self) -> Option<Lookup> {
        self.finished.pop_front()
    }

    /// The names that answers have given so far.
    pub const fn names(&self) -> &NameBook {
        &self.names
    }

    /// The lookups that led to a mail session, and those that its server made because of it.
    pub fn of_session(&self, session: &Session) -> Vec<Told> {
        self.trail.of_session(session)
    }

    /// The capture is over: what still waits has no answer in it.
    pub fn finish(&mut self) {
        let now = self.now.map(|(_, now)| now);
        let mut rest: Vec<_> = self.open.drain().map(|lookup| lookup.gave_up(now)).collect();
        rest.extend(self.truncated.drain().map(|(_, lookup)| lookup));
        self.truncated_queue.clear();
        rest.extend(self.multicast.drain().map(|lookup| super::multicast::unanswered(lookup, now)));
        rest.sort_by_key(|lookup| (lookup.capture, lookup.first_packet()));
        for lookup in rest {
            self.tell(lookup);
        }
    }

    fn message(&mut self, datagram: &Datagram, transport: Transport, message: Message) {
        self.advance(datagram);
        let service = Service::of(datagram.source.port, datagram.destination.port);
        let is_response = message.flags.is_response();
        // queries from other ports are those of programs that know nothing of multicast (RFC 6762 section 6.7)
        let speaks_multicast = match is_response {
            true => datagram.destination.port == 5353,
            false => datagram.source.port == 5353,
        };
        match (service == Service::Mdns && speaks_multicast, is_response) {
            (true, true) => self.multicast_response(datagram, message),
            (true, false) => self.multicast_query(datagram, &message),
            (false, true) => self.response(datagram, service, transport, message),
            (false, false) => self.query(datagram, service, transport, &message),
        }
    }

    /// Gives up what has waited for too long.
    fn advance(&mut self, datagram: &Datagram) {
        let Some(time) = datagram.time else { return };
        let now = match self.now {
            Some((capture, now)) if capture == datagram.capture => now.max(time),
            _ => time,
        };
        self.now = Some((datagram.capture, now));
        while let Some(lookup) = self.open.expired(datagram.capture, now) {
            let now = (lookup.capture == datagram.capture).then_some(now);
            self.tell(lookup.gave_up(now));
        }
        while let Some(&(hash, packet)) = self.truncated_queue.front() {
            let waiting = self.truncated.get(&hash).filter(|lookup| lookup.first_packet() == packet);
            let answered = waiting.and_then(|lookup| lookup.answer.as_ref()?.time);
            let is_over = answered.is_none_or(|answered| now.since(answered) > RETRY_NS);
            if waiting.is_some() && !is_over {
                break;
            }
            self.truncated_queue.pop_front();
            if is_over
                && waiting.is_some()
                && let Some(lookup) = self.truncated.remove(&hash)
            {
                self.tell(lookup);
            }
        }
        while let Some(lookup) = self.multicast.expired(datagram.capture, now) {
            self.tell(super::multicast::unanswered(lookup, Some(now)));
        }
    }

    fn query(&mut self, datagram: &Datagram, service: Service, transport: Transport, message: &Message) {
        let (client, server) = (datagram.source, datagram.destination);
        let key = Key::new(datagram.capture, transport, client, server, message.id);
        if let Some(pending) = self.open.find(&key) {
            let is_same = match (&pending.lookup.question, message.questions.first()) {
                (Some(asked), Some(question)) => asked.is_same(question),
                (None, None) => true,
                _ => false,
            };
            if is_same {
                if !pending.lookup.is_copy(datagram) {
                    pending.lookup.sent_again(datagram);
                }
                return;
            }
            self.give_up(&key, Warning::IdentifierReused);
        }
        let mut lookup = new_lookup(datagram, service, transport, message, client, server);
        lookup.query = Some(query_of(datagram, message));
        if let Some(other) = self.open.same_asker(&lookup).filter(|other| other.stream == key.stream) {
            if other.id == message.id
                && let Some(pending) = self.open.find(&other)
            {
                pending.lookup.sent_again(datagram);
                return self.open.alias(key, other);
            }
            lookup.about = self.open.find(&other).map(|pending| pending.lookup.first_packet());
            lookup.warn(Warning::AskedAgain);
        }
        if matches!(transport, Transport::Tcp { .. }) {
            self.continue_truncated(datagram, &mut lookup);
        }
        if let Some(lookup) = self.open.insert(key, lookup) {
            self.give_up_lookup(lookup, Warning::GivenUp);
        }
    }

    fn give_up(&mut self, key: &Key, warning: Warning) {
        if let Some(pending) = self.open.close(key, None) {
            self.give_up_lookup(pending.lookup, warning);
        }
    }

    fn give_up_lookup(&mut self, mut lookup: Lookup, warning: Warning) {
        lookup.warn(warning);
        let now = self.now.map(|(_, now)| now);
        self.tell(lookup.gave_up(now));
    }

    /// The question over TCP whose answer over UDP did not fit.
    fn continue_truncated(&mut self, datagram: &Datagram, lookup: &mut Lookup) {
        let Some(question) = &lookup.question else { return };
        let hash = self.open.asker(lookup.capture, &lookup.client, &lookup.server, question);
        let Some(first) = self.truncated.remove(&hash) else { return };
        let Some(answer) = first.answer else { return };
        lookup.truncated = Some(Truncated {
            packet: answer.packet,
            time: answer.time,
            octets: answer.message.octets,
            asked_again: datagram.packet,
            asked_again_time: datagram.time,
        });
        lookup.query = first.query;
        for warning in first.warnings.into_iter().filter(|&warning| warning != Warning::TruncatedNotRetried) {
            lookup.warn(warning);
        }
    }

    fn response(&mut self, datagram: &Datagram, service: Service, transport: Transport, message: Message) {
        let (client, server) = (datagram.destination, datagram.source);
        let key = Key::new(datagram.capture, transport, client, server, message.id);
        let of_group = Key { server: None, ..key };
        let key = if self.open.find(&key).is_none() && self.open.find(&of_group).is_some() {
            of_group
        } else {
            key
        };
        let Some(pending) = self.open.find(&key) else {
            return self.unmatched(datagram, service, transport, message, &key);
        };
        let asked = pending.lookup.question.as_ref();
        let is_another = |asked| message.questions.first().is_some_and(|question| !question.is_same(asked));
        if asked.is_some_and(is_another) {
            pending.lookup.warn(Warning::SuspiciousResponses);
            let about = pending.lookup.first_packet();
            let lookup = new_lookup(datagram, service, transport, &message, client, server);
            return self.tell_stray(lookup, datagram, message, Warning::WrongQuestion, Some(about));
        }
        if pending.goes_on(&message) {
            return;
        }
        let Some(pending) = self.open.close(&key, Some((datagram, &message))) else { return };
        self.answered(pending, datagram, transport, message);
    }

    fn answered(&mut self, pending: Pending, datagram: &Datagram, transport: Transport, message: Message) {
        let Pending { mut lookup, transfer, .. } = pending;
        lookup.outcome = outcome(lookup.question.as_ref(), &message);
        lookup.opcode = message.flags.opcode();
        let fits_not = message.flags.truncated() && transport == Transport::Udp;
        let mut answer = answer_of(datagram, message);
        answer.messages = answer.messages.saturating_add(transfer.messages);
        answer.answers += transfer.answers;
        lookup.answer = Some(answer);
        if !fits_not {
            return self.tell(lookup);
        }
        lookup.warn(Warning::TruncatedNotRetried);
        let question = lookup.question.as_ref();
        let Some(hash) = question.map(|q| self.open.asker(lookup.capture, &lookup.client, &lookup.server, q))
        else {
            return self.tell(lookup);
        };
        if self.truncated_queue.len() >= 4 * MAX_TRUNCATED {
            let waiting = &self.truncated;
            self.truncated_queue.retain(|(hash, _)| waiting.contains_key(hash));
            self.truncated_queue.truncate(4 * MAX_TRUNCATED);
        }
        self.truncated_queue.push_back((hash, lookup.first_packet()));
        let replaced = self.truncated.insert(hash, lookup);
        let oldest = match replaced {
            None if self.truncated.len() > MAX_TRUNCATED => {
                let oldest = self.truncated_queue.pop_front();
                oldest.and_then(|(hash, _)| self.truncated.remove(&hash))
            }
            replaced => replaced,
        };
        if let Some(lookup) = oldest {
            self.tell(lookup);
        }
    }

    /// A response that no query waits for: which one it may mean.
    fn unmatched(
        &mut self,
        datagram: &Datagram,
        service: Service,
        transport: Transport,
        message: Message,
        key: &Key,
    ) {
        let (client, server) = (datagram.destination, datagram.source);
        let lookup = new_lookup(datagram, service, transport, &message, client, server);
        if let Some(closed) = self.open.closed(key, &message) {
            let warning = match closed.answer {
                Some(answer) if closed.is_copy(datagram) && answer == self.open.digest(&message) => return,
                None => Warning::LateAnswer,
                Some(answer) if answer == self.open.digest(&message) => Warning::DuplicateAnswer,
                Some(_) => Warning::ConflictingAnswer,
            };
            return self.tell_stray(lookup, datagram, message, warning, Some(closed.packet));
        }
        let other = message.questions.first().and_then(|question| {
            let capture = datagram.capture;
            let wrong_id = self.open.same_ends(capture, &client, &server, question);
            let wrong_source = || self.open.same_client(capture, &client, message.id, question);
            wrong_id
                .map(|key| (key, Warning::WrongId))
                .or_else(|| wrong_source().map(|key| (key, Warning::WrongSource)))
        });
        if let Some((key, warning)) = other
            && let Some(pending) = self.open.find(&key)
        {
            pending.lookup.warn(Warning::SuspiciousResponses);
            let about = pending.lookup.first_packet();
            return self.tell_stray(lookup, datagram, message, warning, Some(about));
        }
        self.tell_stray(lookup, datagram, message, Warning::QueryNotSeen, None);
    }

    fn tell_stray(
        &mut self,
        mut lookup: Lookup,
        datagram: &Datagram,
        message: Message,
        warning: Warning,
        about: Option<u64>,
    ) {
        if warning == Warning::QueryNotSeen {
            lookup.outcome = outcome(lookup.question.as_ref(), &message);
        }
        lookup.answer = Some(answer_of(datagram, message));
        lookup.about = about;
        lookup.warn(warning);
        self.tell(lookup);
    }

    /// Hands a lookup out, and keeps what it leads to.
    pub(super) fn tell(&mut self, mut lookup: Lookup) {
        let faults =
            lookup.answer.iter().flat_map(|answer| answer.message.faults.clone()).collect::<Vec<_>>();
        for fault in faults {
            lookup.warn(match fault.kind {
                FaultKind::Cut => Warning::MessageCut,
                FaultKind::TooMany => Warning::RecordsLeftOut,
                FaultKind::Name(_) | FaultKind::Data | FaultKind::Trailing => Warning::Malformed,
            });
        }
        lookup.purpose = self.context.purpose(&lookup);
        if lookup.is_trusted() {
            self.context.learn(&lookup);
            self.names.learn(&lookup);
            self.trail.learn(&lookup);
        }
        self.finished.push_back(lookup);
    }
}

impl Pending {
    /// Whether a message is one of several that hand over a zone, and not the last: the zone's SOA record stands at
    /// its beginning and at its end (RFC 5936 section 2.2).
    fn goes_on(&mut self, message: &Message) -> bool {
        let wanted = self.lookup.question.as_ref().map(|question| question.kind);
        let over_tcp = matches!(self.lookup.transport, Transport::Tcp { .. });
        if !over_tcp || !matches!(wanted, Some(kind::AXFR | kind::IXFR)) || message.rcode() != 0 {
            return false;
        }
        let authorities =
            message.section(Section::Answer).filter(|record| record.kind == kind::SOA).count() as u64;
        let is_current = wanted == Some(kind::IXFR) && self.transfer.messages == 0 && message.counts[1] == 1;
        let seen = self.transfer.authorities + authorities;
        if seen >= 2 || is_current || message.counts[1] == 0 {
            return false;
        }
        self.transfer.messages = self.transfer.messages.saturating_add(1);
        self.transfer.answers += u64::from(message.counts[1]);
        self.transfer.authorities = seen;
        true
    }
}

/// A lookup of which nothing is known but what one message says.
pub(super) fn new_lookup(
    datagram: &Datagram,
    service: Service,
    transport: Transport,
    message: &Message,
    client: Endpoint,
    server: Endpoint,
) -> Lookup {
    Lookup {
        capture: datagram.capture,
        service,
        transport,
        client,
        server,
        id: message.id,
        opcode: message.flags.opcode(),
        question: message.questions.first().cloned(),
        purpose: None,
        query: None,
        truncated: None,
        answer: None,
        outcome: Outcome::Unmatched,
        waited_ns: None,
        about: None,
        warnings: Vec::new(),
    }
}

pub(super) fn answer_of(datagram: &Datagram, message: Message) -> Answer {
    let answers = u64::from(message.counts[1]);
    Answer {
        packet: datagram.packet,
        time: datagram.time,
        from: datagram.source,
        message: Arc::new(message),
        messages: 1,
        answers,
    }
}
