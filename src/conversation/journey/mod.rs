//! The way of a mail: transfers that carried the same message, joined and put in order, within one capture and
//! over several.
//!
//! `trace` keeps what one transfer says of one message, `envelope` what its commands said; `join` finds the traces
//! of one mail by Message-ID, queue identifier and envelope; `order` makes steps of them in the order that Received
//! lines prove; `change` tells what a hop added or changed; `clock` what that order says of the captures' clocks.
//! Plain data in, plain data out: knows no packets but their numbers.

mod change;
mod clock;
mod envelope;
mod join;
mod order;
mod told;
mod trace;

use crate::conversation::dns;
use crate::conversation::fetch::{self, Fetched};
use crate::conversation::mail::Hop;
use crate::conversation::smtp::{Proof, Session};
use crate::packet::{Endpoint, Protocol, Timestamp};
use trace::Trace;

/// How much is kept until everything has been read.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Transfers of a message, and attempts at one.
    pub traces: usize,
    /// Octets that they take, about.
    pub octets: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { traces: 100_000, octets: 128 << 20 }
    }
}

/// Collects what each connection says of each message.
#[derive(Debug, Default)]
pub struct Collector {
    limits: Limits,
    traces: Vec<Trace>,
    octets: usize,
    left_out: u64,
}

/// Every mail of which more than one step was seen.
#[derive(Debug, Default)]
pub struct Journeys {
    /// A mail each, in the order of their first steps' captures and packets.
    pub list: Vec<Journey>,
    /// Transfers beyond the bounds, which are part of none.
    pub left_out: u64,
}

/// The way of one mail.
#[derive(Debug, Default)]
pub struct Journey {
    /// Its Message-ID, without brackets.
    pub message_id: Option<String>,
    /// Its subject at the first step that has one, decoded.
    pub subject: Option<String>,
    /// From, decoded.
    pub author: Option<String>,
    /// Date, as it stands: when its author's program says that it was created.
    pub date: Option<String>,
    /// In the order that is proved by the hops.
    pub steps: Vec<Step>,
    /// Steps beyond the bound.
    pub steps_left_out: u64,
    /// What the order of the steps says of the clocks of captures.
    pub clocks: Vec<ClockLag>,
}

/// What a step did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepKind {
    /// A user's program handed the mail to its first server.
    Submission,
    /// A server handed it to the next one.
    Relay,
    /// A server handed it to the program that stores it.
    Delivery,
    /// Its reader fetched it.
    Fetch,
    /// No recipient was accepted.
    Attempt,
}

impl StepKind {
    /// Every kind.
    pub const ALL: [StepKind; 5] =
        [StepKind::Submission, StepKind::Relay, StepKind::Delivery, StepKind::Fetch, StepKind::Attempt];

    /// The name in records and texts.
    pub const fn name(self) -> &'static str {
        match self {
            StepKind::Submission => "submission",
            StepKind::Relay => "relay",
            StepKind::Delivery => "delivery",
            StepKind::Fetch => "fetch",
            StepKind::Attempt => "attempt",
        }
    }
}

/// Why a step is believed to be part of this mail's way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Basis {
    /// It carried the Message-ID that others carried, and what else could be compared agrees.
    MessageId,
    /// A server named a queue identifier in its reply, and a Received line names it.
    QueueId,
    /// The same sender and recipients between the same hosts: inferred.
    Envelope,
    /// A Received line tells of it: declared by the host that wrote the line.
    Received,
}

impl Basis {
    /// Every basis.
    pub const ALL: [Basis; 4] = [Basis::MessageId, Basis::QueueId, Basis::Envelope, Basis::Received];

    /// The name in records and texts.
    pub const fn name(self) -> &'static str {
        match self {
            Basis::MessageId => "message_id",
            Basis::QueueId => "queue_id",
            Basis::Envelope => "envelope",
            Basis::Received => "received",
        }
    }
}

/// Where a step was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sighting {
    /// The capture.
    pub capture: u32,
    /// The connection.
    pub stream: u64,
    /// The first packet: of the message; of an attempt without one, of its envelope.
    pub first_packet: u64,
    /// The last packet of the same.
    pub last_packet: u64,
    /// When the first of them was captured, by that capture's clock.
    pub time: Option<Timestamp>,
    /// The end that handed the mail over; for a fetch, the one that asked for it.
    pub client: Endpoint,
    /// The end that took it; for a fetch, the one that had it.
    pub server: Endpoint,
}

/// What a server said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// The three-digit code.
    pub code: u16,
    /// The text of all lines.
    pub text: String,
}

/// A recipient in an envelope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipient {
    /// The address.
    pub address: String,
    /// The address that it was at first, where the client says so (ORCPT, RFC 3461 section 4.2).
    pub original: Option<String>,
    /// The reply that decides on this recipient.
    pub said: Option<Said>,
}

/// What a hop changed, compared with the step before.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Change {
    /// A header field that was not there before.
    FieldAdded(String),
    /// A header field that is gone.
    FieldRemoved(String),
    /// A header field that says something else.
    FieldChanged(String),
    /// The content is another one.
    Body,
    /// The sender of the envelope.
    Sender {
        /// The address before.
        from: String,
        /// The address now.
        to: String,
    },
    /// A recipient of the envelope.
    Recipient {
        /// The address before.
        from: String,
        /// The address now.
        to: String,
    },
}

/// One step.
#[derive(Debug, Clone)]
pub struct Step {
    /// What it did.
    pub kind: StepKind,
    /// Where it was seen; `None` where only a Received line tells of it.
    pub seen: Option<Sighting>,
    /// Where it was seen as well: the same transfer from another place.
    pub also_seen: Vec<Sighting>,
    /// When: by the clock of the capture, or of the host that wrote the Received line.
    pub time: Option<Timestamp>,
    /// The host that had the mail, by its own name or its address.
    pub from_host: Option<String>,
    /// The host that got it, by its own name or its address.
    pub to_host: Option<String>,
    /// What was spoken.
    pub protocol: Protocol,
    /// The queue identifiers that the server gave it: one, or with LMTP one a recipient.
    pub queue_ids: Vec<String>,
    /// Octets of the message.
    pub octets: Option<u64>,
    /// The sender in the envelope; empty for the null path.
    pub mail_from: Option<String>,
    /// The recipients in the envelope.
    pub recipients: Vec<Recipient>,
    /// The server's word on the message or the attempt.
    pub outcome: Option<Said>,
    /// The worst that was sent in the clear to log in.
    pub login_in_the_clear: Option<Proof>,
    /// Nanoseconds until the next try for a recipient that was put off here.
    pub tried_again_after: Option<i64>,
    /// Received lines that were added since the step before.
    pub received_added: Vec<Hop>,
    /// What else was changed since the step before.
    pub changes: Vec<Change>,
    /// The lookups that led to its server, and those that the server made because of it: inferred.
    pub lookups: Vec<dns::Told>,
    /// Why it is believed to be part of this.
    pub basis: Vec<Basis>,
}

/// What the order of two steps says of the clocks of their captures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClockLag {
    /// The capture whose clock is behind.
    pub capture: u32,
    /// The capture whose clock it is behind.
    pub behind: u32,
    /// Nanoseconds, at least.
    pub at_least: i64,
}

impl Collector {
    /// Nothing has been collected.
    pub fn new(limits: Limits) -> Self {
        Self { limits, ..Self::default() }
    }

    /// Takes what a session says of its messages, and of the tries that had none.
    pub fn session(&mut self, session: &Session) {
        for trace in trace::of_session(session) {
            self.add(trace);
        }
    }

    /// Takes the messages that were fetched in a session.
    pub fn mailbox(&mut self, session: &fetch::Session) {
        self.fetched(session.fetched());
    }

    fn fetched(&mut self, fetched: Vec<Fetched>) {
        for one in fetched {
            self.add(trace::of_fetched(&one));
        }
    }

    fn add(&mut self, trace: Trace) {
        let octets = self.octets + trace.size();
        if self.traces.len() >= self.limits.traces || octets > self.limits.octets {
            self.left_out += 1;
            return;
        }
        self.octets = octets;
        self.traces.push(trace);
    }

    /// Joins what was collected.
    pub fn join(self) -> Journeys {
        let joined = join::join(&self.traces);
        Journeys { list: order::journeys(self.traces, &joined), left_out: self.left_out }
    }
}

#[cfg(test)]
mod tests;
