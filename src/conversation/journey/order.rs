//! Steps of a mail's way, in the order that is proved: by the number of Received lines that the mail had, and only
//! within one capture by time.

use std::cmp::Reverse;

use ahash::{AHashMap, AHashSet};

use super::change::{changes, envelope};
use super::clock::compare;
use super::join::{Joined, chain, plain_id};
use super::trace::Trace;
use super::{Basis, Change, ClockLag, Journey, Sighting, Step, StepKind, told};
use crate::packet::Timestamp;

/// Steps that are kept of one mail.
const MAX_STEPS: usize = 200;

/// Makes a journey of every mail of which more than one step was seen, or that was fetched.
pub(super) fn journeys(mut traces: Vec<Trace>, joined: &Joined) -> Vec<Journey> {
    let mut mails: AHashMap<usize, Vec<usize>> = AHashMap::new();
    for (index, &mail) in joined.mail.iter().enumerate() {
        mails.entry(mail).or_default().push(index);
    }
    mails.retain(|_, all| all.len() > 1 || all.iter().any(|&one| traces[one].kind == StepKind::Fetch));
    let mut list = Vec::with_capacity(mails.len());
    for all in mails.into_values() {
        let plan = Mail::new(&traces, joined, &all).plan();
        list.push(plan.build(&mut traces));
    }
    list.sort_by_key(|journey| {
        journey.steps.iter().find_map(|step| step.seen).map(|s| (s.capture, s.first_packet))
    });
    list
}

/// The traces of one mail.
struct Mail<'a> {
    traces: &'a [Trace],
    joined: &'a Joined,
    /// One a transfer.
    own: Vec<usize>,
    /// Other sightings of those.
    also: AHashMap<usize, Vec<Sighting>>,
    /// The number of Received lines that the mail had.
    depth: AHashMap<usize, usize>,
}

/// What a journey is made of; nothing has been moved yet.
struct Plan {
    message_id: Option<String>,
    steps: Vec<Planned>,
    steps_left_out: u64,
    clocks: Vec<ClockLag>,
    was_fetched: bool,
    was_taken: bool,
}

/// What steps are put in order by.
type Key = (usize, bool, bool, u32, Option<Timestamp>, u64);

enum Planned {
    Seen(Box<Seen>),
    Told(Box<Step>),
}

/// What is known of a step beside its own trace.
struct Seen {
    index: usize,
    also_seen: Vec<Sighting>,
    tried_again_after: Option<i64>,
    changes: Vec<Change>,
    adds_hop: bool,
    basis: Vec<Basis>,
}

/// Where a mail is looked up that came by this way: a number for the way, and a queue identifier or a host's name.
#[derive(Default)]
struct Ways {
    by_queue: AHashMap<(u64, String), usize>,
    by_server: AHashMap<(u64, String), usize>,
    any: AHashMap<u64, usize>,
    /// Transfers of which the server named no queue identifier.
    unnamed: AHashSet<u64>,
}

impl<'a> Mail<'a> {
    fn new(traces: &'a [Trace], joined: &'a Joined, all: &[usize]) -> Self {
        let mut also: AHashMap<usize, Vec<Sighting>> = AHashMap::new();
        let mut own = Vec::new();
        for &index in all {
            match joined.same_as[index] {
                Some(first) => also.entry(first).or_default().push(traces[index].seen),
                None => own.push(index),
            }
        }
        let mut mail = Self { traces, joined, own, also, depth: AHashMap::new() };
        mail.count_hops();
        mail
    }

    /// An attempt that had no message stands where its next try does, or behind the transfer that brought the mail to
    /// its host.
    fn count_hops(&mut self) {
        let Self { traces, joined, own, depth, .. } = self;
        let (with, mut without): (Vec<usize>, Vec<usize>) =
            own.iter().partition(|&&index| traces[index].octets.is_some());
        depth.extend(with.iter().map(|&index| (index, traces[index].hops.len())));
        // the next try is a later one
        without.sort_by_key(|&index| Reverse(traces[index].time()));
        for index in without {
            let next = joined.next_try[index].and_then(|next| depth.get(&next).copied());
            let before = joined.came_by[index].map(|giver| traces[giver].hops.len() + 1);
            depth.insert(index, next.or(before).unwrap_or(0));
        }
    }

    fn ways(&self) -> Ways {
        let mut ways = Ways::default();
        let carried = self
            .own
            .iter()
            .copied()
            .filter(|&index| self.traces[index].carried() && self.traces[index].kind != StepKind::Fetch);
        for index in carried {
            let trace = &self.traces[index];
            let way = chain(trace).last().unwrap_or(0);
            for id in &trace.queue_ids {
                ways.by_queue.entry((way, plain_id(id).to_owned())).or_insert(index);
            }
            if let Some(name) = &trace.server_name {
                ways.by_server.entry((way, name.to_ascii_lowercase())).or_insert(index);
            }
            if trace.queue_ids.is_empty() {
                ways.unnamed.insert(way);
            }
            ways.any.entry(way).or_insert(index);
        }
        ways
    }

    /// The last transfer before this one that was seen.
    fn parent(&self, index: usize, ways: &Ways) -> Option<usize> {
        let trace = &self.traces[index];
        if trace.octets.is_none() {
            return self.joined.came_by[index].filter(|giver| self.depth.contains_key(giver));
        }
        let way: Vec<u64> = std::iter::once(0).chain(chain(trace)).collect();
        // a reader gets the lines of the last transfer, and one more where the last server wrote one
        let own = (trace.kind == StepKind::Fetch).then(|| ways.any.get(way.last()?)).flatten();
        own.copied().or_else(|| {
            trace
                .hops
                .iter()
                .zip(&way)
                .rev()
                .find_map(|(hop, way)| ways.find(*way, hop).or_else(|| ways.any.get(way).copied()))
        })
    }

    /// The steps that only Received lines tell of, each with the number of lines before it.
    fn told(&self, ways: &Ways) -> Vec<(usize, Step)> {
        let mut known = AHashSet::new();
        let mut out = Vec::new();
        for &index in &self.own {
            let trace = &self.traces[index];
            let mut before = 0;
            for (depth, (hop, way)) in trace.hops.iter().zip(chain(trace)).enumerate() {
                let seen = ways.find(before, hop).is_some()
                    || ways.unnamed.contains(&before)
                    || (hop.id.is_none() && ways.any.contains_key(&before));
                if !seen && known.insert(way) && out.len() < MAX_STEPS {
                    let mut step = told::step(hop, depth == 0);
                    step.received_added
                        .extend(depth.checked_sub(1).and_then(|last| trace.hops.get(last)).cloned());
                    out.push((depth, step));
                }
                before = way;
            }
        }
        out
    }

    fn plan(self) -> Plan {
        let ways = self.ways();
        let parents: AHashMap<usize, usize> =
            self.own.iter().filter_map(|&index| Some((index, self.parent(index, &ways)?))).collect();
        let told = self.told(&ways);
        let ids = self.own.iter().filter_map(|&index| self.traces[index].message_id.as_ref());
        let message_id = ids.clone().next().cloned();
        let is_shared = ids.count() > 1 || !self.also.is_empty();
        let clocks = self.clocks(&parents);
        let mut steps: Vec<(Key, Planned)> = Vec::new();
        for &index in &self.own {
            let trace = &self.traces[index];
            let (seen, is_fetch) = (&trace.seen, trace.kind == StepKind::Fetch);
            let key = (self.depth[&index], is_fetch, false, seen.capture, seen.time, seen.first_packet);
            let known = self.seen(index, parents.get(&index).copied(), is_shared);
            steps.push((key, Planned::Seen(Box::new(known))));
        }
        for (depth, step) in told {
            steps.push(((depth, false, true, 0, step.time, 0), Planned::Told(Box::new(step))));
        }
        steps.sort_by_key(|(key, _)| *key);
        let steps_left_out = steps.len().saturating_sub(MAX_STEPS) as u64;
        steps.truncate(MAX_STEPS);
        rewritten_once(&mut steps, &parents);
        let traces = self.traces;
        Plan {
            message_id,
            steps: steps.into_iter().map(|(_, step)| step).collect(),
            steps_left_out,
            clocks,
            was_fetched: self.own.iter().any(|&index| traces[index].kind == StepKind::Fetch),
            was_taken: self.own.iter().any(|&index| traces[index].carried()),
        }
    }

    fn seen(&self, index: usize, parent: Option<usize>, is_shared: bool) -> Seen {
        let trace = &self.traces[index];
        let next = self.joined.next_try[index].and_then(|next| self.traces[next].time());
        let before = parent.map(|parent| &self.traces[parent]);
        let with_message = before.filter(|_| trace.octets.is_some());
        let changes = match (before, with_message) {
            (_, Some(before)) => changes(before, trace),
            (Some(before), None) => envelope(before, trace),
            (None, None) => Vec::new(),
        };
        let same_lines = with_message.is_some_and(|before| before.hops.len() == trace.hops.len());
        let by_envelope = trace.message_id.is_none()
            && (self.joined.next_try[index].is_some() || self.joined.came_by[index].is_some());
        let reasons = [
            (Basis::MessageId, is_shared && trace.message_id.is_some()),
            (Basis::QueueId, self.joined.by_queue[index]),
            (Basis::Envelope, by_envelope),
        ];
        Seen {
            index,
            also_seen: self.also.get(&index).cloned().unwrap_or_default(),
            tried_again_after: next.zip(trace.time()).map(|(next, now)| next.since(now)),
            changes,
            adds_hop: !same_lines,
            basis: reasons.into_iter().filter(|(_, holds)| *holds).map(|(basis, _)| basis).collect(),
        }
    }

    /// Compares each step with all that came before it on its way.
    fn clocks(&self, parents: &AHashMap<usize, usize>) -> Vec<ClockLag> {
        let mut lags = Vec::new();
        let several =
            self.own.iter().any(|&i| self.traces[i].seen.capture != self.traces[self.own[0]].seen.capture);
        for &index in self.own.iter().filter(|_| several) {
            let mut before = parents.get(&index);
            // lines of Received are bounded, and each parent has fewer of them but for a fetch
            while let Some(&earlier) = before {
                compare(&self.traces[earlier].seen, &self.traces[index].seen, &mut lags);
                before = parents.get(&earlier);
            }
        }
        lags
    }
}

impl Ways {
    /// The transfer at which a Received line was written.
    fn find(&self, way: u64, hop: &crate::conversation::mail::Hop) -> Option<usize> {
        let queued = hop.id.as_deref().and_then(|id| self.by_queue.get(&(way, plain_id(id).to_owned())));
        let named = || self.by_server.get(&(way, hop.by.as_deref()?.to_ascii_lowercase()));
        queued.or_else(named).copied()
    }
}

impl Plan {
    fn build(self, traces: &mut [Trace]) -> Journey {
        let mut journey = Journey {
            message_id: self.message_id,
            steps_left_out: self.steps_left_out,
            clocks: self.clocks,
            ..Journey::default()
        };
        for planned in self.steps {
            let step = match planned {
                Planned::Told(step) => *step,
                Planned::Seen(seen) => {
                    let trace = &mut traces[seen.index];
                    for (known, own) in [
                        (&mut journey.subject, &mut trace.subject),
                        (&mut journey.author, &mut trace.author),
                        (&mut journey.date, &mut trace.date),
                    ] {
                        *known = known.take().or_else(|| own.take());
                    }
                    step(*seen, trace)
                }
            };
            journey.steps.push(step);
        }
        name_hosts(&mut journey.steps);
        if self.was_taken && !self.was_fetched {
            journey.steps.push(told::unseen_fetch());
        }
        journey
    }
}

/// A host that does not say its name has the one that it says at another step, or its address.
fn name_hosts(steps: &mut [Step]) {
    let ends = |step: &Step| {
        let (client, server) = step.seen.map(|seen| (seen.client.address, seen.server.address))?;
        Some(if step.kind == StepKind::Fetch { (server, client) } else { (client, server) })
    };
    let mut names = AHashMap::new();
    for step in steps.iter() {
        let Some((from, to)) = ends(step) else { continue };
        for (address, name) in [(from, &step.from_host), (to, &step.to_host)] {
            if let Some(name) = name {
                names.entry(address).or_insert_with(|| name.clone());
            }
        }
    }
    for step in steps {
        let Some((from, to)) = ends(step) else { continue };
        for (address, name) in [(from, &mut step.from_host), (to, &mut step.to_host)] {
            let known = || names.get(&address).cloned().unwrap_or_else(|| address.to_string());
            name.get_or_insert_with(known);
        }
    }
}

/// A host rewrites an envelope once, however often it tries to hand the mail on: told at the first of its tries.
fn rewritten_once(steps: &mut [(Key, Planned)], parents: &AHashMap<usize, usize>) {
    let mut known: AHashSet<(usize, Change)> = AHashSet::new();
    for (_, step) in steps {
        let Planned::Seen(seen) = step else { continue };
        let Some(&parent) = parents.get(&seen.index) else { continue };
        seen.changes.retain(|change| match change {
            Change::Sender { .. } | Change::Recipient { .. } => known.insert((parent, change.clone())),
            Change::FieldAdded(_) | Change::FieldRemoved(_) | Change::FieldChanged(_) | Change::Body => true,
        });
    }
}

/// Moves what a trace knows into its step.
fn step(seen: Seen, trace: &mut Trace) -> Step {
    let sighting = trace.seen;
    let hosts = (trace.client_name.take(), trace.server_name.take());
    let (from_host, to_host) = if trace.kind == StepKind::Fetch { (hosts.1, hosts.0) } else { hosts };
    let last = trace.hops.pop().filter(|_| seen.adds_hop);
    Step {
        kind: trace.kind,
        seen: Some(sighting),
        also_seen: seen.also_seen,
        time: sighting.time,
        from_host,
        to_host,
        protocol: trace.protocol,
        queue_ids: std::mem::take(&mut trace.queue_ids),
        octets: trace.octets,
        mail_from: trace.mail_from.take(),
        recipients: std::mem::take(&mut trace.recipients),
        outcome: trace.outcome.take(),
        login_in_the_clear: trace.login_in_the_clear,
        tried_again_after: seen.tried_again_after,
        received_added: last.into_iter().collect(),
        changes: seen.changes,
        lookups: std::mem::take(&mut trace.lookups),
        basis: seen.basis,
    }
}
