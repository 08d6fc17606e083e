//! Which traces belong to one mail. Every look-up is in a hash map: the work grows with the number of traces, however
//! many of them are alike.

use std::hash::Hash;

use ahash::{AHashMap, RandomState};

use super::trace::Trace;
use crate::packet::Timestamp;

/// Later transfers that are looked at to find the next try after an attempt.
const MAX_CANDIDATES: usize = 16;
/// Recipients of an attempt by which the next try is looked for.
const MAX_RECIPIENTS: usize = 16;

/// What is known of the traces together.
pub(super) struct Joined {
    /// The mail of each trace, as the index of one of its traces.
    pub(super) mail: Vec<usize>,
    /// The transfer that a trace shows from another place, as the index of its first trace.
    pub(super) same_as: Vec<Option<usize>>,
    /// Joined by a queue identifier.
    pub(super) by_queue: Vec<bool>,
    /// The next try after an attempt, or after a transfer in which a recipient was put off.
    pub(super) next_try: Vec<Option<usize>>,
    /// The transfer to the host that an attempt comes from.
    pub(super) came_by: Vec<Option<usize>>,
}

/// Finds the traces that belong together.
pub(super) fn join(traces: &[Trace]) -> Joined {
    let none = || vec![None; traces.len()];
    let mut work = Work {
        traces,
        state: RandomState::new(),
        parent: (0..traces.len()).collect(),
        joined: Joined {
            mail: Vec::new(),
            same_as: none(),
            by_queue: vec![false; traces.len()],
            next_try: none(),
            came_by: none(),
        },
    };
    work.same_transfers();
    work.queues();
    work.message_ids();
    work.attempts();
    work.joined.mail = (0..traces.len()).map(|index| work.root(index)).collect();
    work.joined
}

struct Work<'a> {
    traces: &'a [Trace],
    state: RandomState,
    /// Union of sets: the index of a trace of the same mail, or its own.
    parent: Vec<usize>,
    joined: Joined,
}

/// An identifier without what Dovecot adds to it for each recipient: `...:R2`.
pub(super) fn plain_id(id: &str) -> &str {
    match id.rsplit_once(":R") {
        Some((id, number)) if number.bytes().all(|c| c.is_ascii_digit()) => id,
        _ => id,
    }
}

impl Work<'_> {
    fn root(&mut self, index: usize) -> usize {
        let mut at = index;
        while self.parent[at] != at {
            // halves the way for the next one
            self.parent[at] = self.parent[self.parent[at]];
            at = self.parent[at];
        }
        at
    }

    fn unite(&mut self, one: usize, other: usize) {
        let (one, other) = (self.root(one), self.root(other));
        let (first, second) = (one.min(other), one.max(other));
        self.parent[second] = first;
    }

    fn key(&self, what: impl Hash) -> u64 {
        self.state.hash_one(what)
    }

    /// One transfer seen in two captures: the same ends and the same initial sequence numbers; or, where addresses
    /// are translated on the way or the opening was not captured, the same Message-ID and queue identifier.
    fn same_transfers(&mut self) {
        let traces = self.traces;
        let mut first: AHashMap<u64, usize> = AHashMap::new();
        for (index, trace) in traces.iter().enumerate() {
            let ends = (trace.seen.client, trace.seen.server);
            let isn = trace.isn.map(|isn| isn.map(|isn| isn.0));
            let connection = isn.iter().all(Option::is_some).then(|| {
                self.key(("connection", ends, isn, trace.ordinal, trace.octets.is_some(), &trace.message_id))
            });
            let queued = trace
                .queue_ids
                .first()
                .zip(trace.message_id.as_ref())
                .map(|(id, message)| self.key(("queued", id, message, trace.hops.len())));
            for key in [connection, queued].into_iter().flatten() {
                match first.entry(key) {
                    std::collections::hash_map::Entry::Vacant(entry) => {
                        entry.insert(index);
                    }
                    std::collections::hash_map::Entry::Occupied(entry) => {
                        let other = *entry.get();
                        let elsewhere = traces[other].seen.capture != trace.seen.capture;
                        if elsewhere && self.joined.same_as[index].is_none() {
                            self.joined.same_as[index] = Some(self.joined.same_as[other].unwrap_or(other));
                            self.unite(index, other);
                        }
                    }
                }
            }
        }
    }

    /// A queue identifier in a server's reply, and in the Received line that the same server wrote. The Message-ID
    /// must be the same where both have one: short identifiers are used again.
    fn queues(&mut self) {
        let traces = self.traces;
        let mut given: AHashMap<u64, usize> = AHashMap::new();
        for (index, trace) in traces.iter().enumerate() {
            for id in trace.queue_ids.iter().map(|id| plain_id(id)) {
                let by_message = trace.message_id.as_ref().map(|message| self.key(("message", id, message)));
                let by_server = trace
                    .server_name
                    .as_ref()
                    .map(|name| self.key(("server", id, name.to_ascii_lowercase())));
                for key in [by_message, by_server].into_iter().flatten() {
                    given.entry(key).or_insert(index);
                }
            }
        }
        if given.is_empty() {
            return;
        }
        for (index, trace) in traces.iter().enumerate() {
            for hop in &trace.hops {
                let Some(id) = hop.id.as_deref().map(plain_id) else { continue };
                let by_message = trace.message_id.as_ref().map(|message| self.key(("message", id, message)));
                let by_server = hop.by.as_ref().map(|by| self.key(("server", id, by.to_ascii_lowercase())));
                for giver in [by_message, by_server].into_iter().flatten().filter_map(|key| given.get(&key)) {
                    let other = &traces[*giver].message_id;
                    if other.is_none() || trace.message_id.is_none() || *other == trace.message_id {
                        self.unite(index, *giver);
                        self.joined.by_queue[index] = true;
                        self.joined.by_queue[*giver] = true;
                    }
                }
            }
        }
    }

    /// The same Message-ID makes one mail of what has the same content as well, or of which one came the way that
    /// the other's Received lines tell of. What has nothing else in common is another mail with the same Message-ID.
    fn message_ids(&mut self) {
        let traces = self.traces;
        let mut known: AHashMap<u64, usize> = AHashMap::new();
        for (index, trace) in traces.iter().enumerate() {
            let Some(id) = &trace.message_id else { continue };
            let way = chain(trace).last().map(|way| self.key(("way", id, way)));
            let body = trace.body.map(|body| self.key(("body", id, body)));
            let date = trace.date.as_ref().map(|date| self.key(("date", id, date)));
            // without the whole content the date must do
            let date = date.filter(|_| trace.body.is_none());
            for key in [way, body, date].into_iter().flatten() {
                let other = *known.entry(key).or_insert(index);
                self.unite(index, other);
            }
        }
        for (index, trace) in traces.iter().enumerate() {
            let Some(id) = &trace.message_id else { continue };
            for way in chain(trace) {
                if let Some(&earlier) = known.get(&self.key(("way", id, way))) {
                    self.unite(index, earlier);
                }
            }
            // one whose content was not captured in full belongs to what has its date
            let date = trace.date.as_ref().map(|date| self.key(("date", id, date)));
            if let Some(&torn) = date.and_then(|key| known.get(&key)) {
                self.unite(index, torn);
            }
        }
    }

    /// What was put off comes again: the same sender and a recipient in common, between the same hosts, later.
    fn attempts(&mut self) {
        let traces = self.traces;
        if traces.iter().all(|trace| trace.carried() && !trace.put_off) {
            return;
        }
        let mut between: AHashMap<u64, Vec<usize>> = AHashMap::new();
        let mut to: AHashMap<u64, Vec<usize>> = AHashMap::new();
        for (index, trace) in traces.iter().enumerate() {
            for recipient in trace.recipients.iter().take(MAX_RECIPIENTS) {
                let sender = trace.mail_from.as_deref().unwrap_or_default();
                let hosts = (trace.seen.client.address, trace.seen.server.address);
                let key = self.key((hosts, sender, recipient.address.to_ascii_lowercase()));
                between.entry(key).or_default().push(index);
                if trace.carried() {
                    let key = self.key((hosts.1, sender, recipient.address.to_ascii_lowercase()));
                    to.entry(key).or_default().push(index);
                }
            }
        }
        let order = |index: &usize| (traces[*index].seen.capture, traces[*index].time());
        for list in between.values_mut().chain(to.values_mut()) {
            list.sort_by_key(order);
        }
        for (index, trace) in traces.iter().enumerate().filter(|(_, trace)| !trace.carried() || trace.put_off)
        {
            self.next_try(index, trace, &between);
            if trace.message_id.is_none() {
                self.came_by(index, trace, &to);
            }
        }
    }

    fn next_try(&mut self, index: usize, trace: &Trace, between: &AHashMap<u64, Vec<usize>>) {
        let traces = self.traces;
        let sender = trace.mail_from.as_deref().unwrap_or_default();
        let hosts = (trace.seen.client.address, trace.seen.server.address);
        let now = (trace.seen.capture, trace.time());
        let put_off = trace.recipients.iter().take(MAX_RECIPIENTS);
        let put_off = put_off.filter(|r| r.said.as_ref().is_some_and(|said| said.code / 100 == 4));
        for recipient in put_off {
            let key = self.key((hosts, sender, recipient.address.to_ascii_lowercase()));
            let Some(list) = between.get(&key) else { continue };
            let behind = list.partition_point(|at| (traces[*at].seen.capture, traces[*at].time()) <= now);
            let mut later = list[behind..].iter().take(MAX_CANDIDATES);
            let Some(&next) = later.find(|at| may_follow(trace, &traces[**at])) else { continue };
            self.joined.next_try[index] = Some(next);
            self.unite(index, next);
            return;
        }
    }

    fn came_by(&mut self, index: usize, trace: &Trace, to: &AHashMap<u64, Vec<usize>>) {
        let traces = self.traces;
        let sender = trace.mail_from.as_deref().unwrap_or_default();
        let now = (trace.seen.capture, trace.time());
        for recipient in trace.recipients.iter().take(MAX_RECIPIENTS) {
            let before = recipient.original.as_ref().unwrap_or(&recipient.address).to_ascii_lowercase();
            let key = self.key((trace.seen.client.address, sender, before));
            let Some(list) = to.get(&key) else { continue };
            let behind = list.partition_point(|at| (traces[*at].seen.capture, traces[*at].time()) <= now);
            let earlier = list[..behind].last().filter(|at| traces[**at].seen.capture == trace.seen.capture);
            // the clocks of two captures cannot be compared: only where there is no choice
            let only =
                list.first().filter(|at| list.len() == 1 && traces[**at].seen.capture != trace.seen.capture);
            let Some(&giver) = earlier.or(only) else { continue };
            self.joined.came_by[index] = Some(giver);
            // the next try says which mail it was, and better
            if self.joined.next_try[index].is_none() {
                self.unite(index, giver);
            }
            return;
        }
    }
}

/// Whether a later transfer can be the next try: seen in the same capture, of the same mail as far as both say.
fn may_follow(attempt: &Trace, later: &Trace) -> bool {
    let same = |one: Option<u64>, other: Option<u64>| one.is_none() || other.is_none() || one == other;
    let ids = (&attempt.message_id, &later.message_id);
    attempt.seen.capture == later.seen.capture
        && same(attempt.size, later.size)
        && (ids.0.is_none() || ids.1.is_none() || ids.0 == ids.1)
        && later.time() > attempt.time().max(Some(Timestamp::from_nanos(i64::MIN)))
}

/// A number for the way up to each hop: equal where all Received lines up to there name the same hosts and
/// identifiers.
pub(super) fn chain(trace: &Trace) -> impl Iterator<Item = u64> {
    let state = RandomState::with_seeds(1, 2, 3, 4);
    trace.hops.iter().scan(0_u64, move |way, hop| {
        *way = state.hash_one((*way, &hop.by, &hop.id, &hop.from));
        Some(*way)
    })
}
