//! `mail_journey`: the way of a mail, one a mail of which more than one step was seen.

use schemars::JsonSchema;
use serde::Serialize;

use super::EndpointRecord;
use super::lookup::ToldRecord;
use super::message::HopRecord;
use crate::conversation::journey::{Basis, Change, ClockLag, Journey, Recipient, Said, Sighting, Step};
use crate::conversation::smtp::Proof;
use crate::report::utc::utc;

/// The shape of a `mail_journey` record.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "mail_journey")]
pub(in crate::report) struct JourneyRecord<'a> {
    schema: u8,
    record: &'static str,
    message_id: Option<String>,
    subject: Option<String>,
    from: Option<String>,
    /// The Date field: when the mail was created, as its author's program declares.
    date: Option<String>,
    /// In the order that Received lines prove, whatever the clocks of captures say.
    steps: Vec<StepRecord<'a>>,
    steps_left_out: u64,
    /// Where the order of the steps contradicts the times of captures.
    clocks: Vec<ClockRecord>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct StepRecord<'a> {
    /// `submission`, `relay`, `delivery`, `fetch`, or `attempt` where no recipient was accepted.
    kind: &'static str,
    /// False where only a Received line tells of it, or nothing does.
    seen: bool,
    /// Always `null` where it was not seen, as are `stream`, the packets, `client` and `server`.
    capture: Option<u32>,
    stream: Option<u64>,
    first_packet: Option<u64>,
    last_packet: Option<u64>,
    /// By the clock of the capture; not seen: of the host that wrote the Received line.
    time: Option<String>,
    client: Option<EndpointRecord>,
    server: Option<EndpointRecord>,
    /// The same transfer from another place.
    also_seen: Vec<SightingRecord>,
    /// Names that the hosts give themselves, or addresses.
    from_host: Option<String>,
    to_host: Option<String>,
    protocol: &'static str,
    /// The first identifier that the server gave the mail.
    queue_id: Option<String>,
    /// All of them: with LMTP one a recipient.
    queue_ids: Vec<String>,
    octets: Option<u64>,
    mail_from: Option<String>,
    recipients: Vec<JourneyRecipientRecord>,
    outcome: Option<SaidRecord>,
    /// The worst that was sent in the clear to log in: `password`, `token`, `digest`, `once` or `unknown`.
    login_in_the_clear: Option<&'static str>,
    /// Until a recipient that was put off here was tried again.
    tried_again_after_ns: Option<i64>,
    /// Since the step before.
    received_added: Vec<HopRecord<'a>>,
    /// What else is different from the step before.
    changes: Vec<ChangeRecord>,
    /// Lookups that led to the server, and those that it made.
    lookups: Vec<ToldRecord>,
    /// `message_id`, `queue_id`, `envelope` (inferred), `received` (declared by its line alone).
    basis: Vec<&'static str>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct SightingRecord {
    capture: u32,
    stream: u64,
    first_packet: u64,
    last_packet: u64,
    time: Option<String>,
    client: EndpointRecord,
    server: EndpointRecord,
}

#[derive(Debug, Serialize, JsonSchema)]
struct JourneyRecipientRecord {
    address: String,
    /// The address that it was at first (ORCPT).
    original: Option<String>,
    code: Option<u16>,
    text: Option<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct SaidRecord {
    code: u16,
    text: String,
}

#[derive(Debug, Default, Serialize, JsonSchema)]
struct ChangeRecord {
    /// `field_added`, `field_removed`, `field_changed`, `body`, `sender` or `recipient`.
    what: &'static str,
    /// The name of the header field.
    field: Option<String>,
    /// The address before and now.
    from: Option<String>,
    to: Option<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct ClockRecord {
    /// The capture whose clock is behind that of the capture `behind`.
    capture: u32,
    behind: u32,
    at_least_ns: i64,
}

impl<'a> From<&'a Journey> for JourneyRecord<'a> {
    fn from(journey: &'a Journey) -> Self {
        Self {
            schema: 1,
            record: "mail_journey",
            message_id: journey.message_id.clone(),
            subject: journey.subject.clone(),
            from: journey.author.clone(),
            date: journey.date.clone(),
            steps: journey.steps.iter().map(StepRecord::from).collect(),
            steps_left_out: journey.steps_left_out,
            clocks: journey.clocks.iter().map(ClockRecord::from).collect(),
        }
    }
}

impl<'a> From<&'a Step> for StepRecord<'a> {
    fn from(step: &'a Step) -> Self {
        let seen = step.seen;
        Self {
            kind: step.kind.name(),
            seen: seen.is_some(),
            capture: seen.map(|seen| seen.capture),
            stream: seen.map(|seen| seen.stream),
            first_packet: seen.map(|seen| seen.first_packet),
            last_packet: seen.map(|seen| seen.last_packet),
            time: step.time.map(utc),
            client: seen.map(|seen| seen.client.into()),
            server: seen.map(|seen| seen.server.into()),
            also_seen: step.also_seen.iter().map(SightingRecord::from).collect(),
            from_host: step.from_host.clone(),
            to_host: step.to_host.clone(),
            protocol: step.protocol.name(),
            queue_id: step.queue_ids.first().cloned(),
            queue_ids: step.queue_ids.clone(),
            octets: step.octets,
            mail_from: step.mail_from.clone(),
            recipients: step.recipients.iter().map(JourneyRecipientRecord::from).collect(),
            outcome: step.outcome.as_ref().map(SaidRecord::from),
            login_in_the_clear: step.login_in_the_clear.map(Proof::name),
            tried_again_after_ns: step.tried_again_after,
            received_added: step.received_added.iter().map(HopRecord::from).collect(),
            changes: step.changes.iter().map(ChangeRecord::from).collect(),
            lookups: step.lookups.iter().map(ToldRecord::from).collect(),
            basis: step.basis.iter().map(|&basis| Basis::name(basis)).collect(),
        }
    }
}

impl From<&Sighting> for SightingRecord {
    fn from(seen: &Sighting) -> Self {
        Self {
            capture: seen.capture,
            stream: seen.stream,
            first_packet: seen.first_packet,
            last_packet: seen.last_packet,
            time: seen.time.map(utc),
            client: seen.client.into(),
            server: seen.server.into(),
        }
    }
}

impl From<&Recipient> for JourneyRecipientRecord {
    fn from(recipient: &Recipient) -> Self {
        Self {
            address: recipient.address.clone(),
            original: recipient.original.clone(),
            code: recipient.said.as_ref().map(|said| said.code),
            text: recipient.said.as_ref().map(|said| said.text.clone()),
        }
    }
}

impl From<&Said> for SaidRecord {
    fn from(said: &Said) -> Self {
        Self { code: said.code, text: said.text.clone() }
    }
}

impl From<&Change> for ChangeRecord {
    fn from(change: &Change) -> Self {
        let field = |what, name: &String| Self { what, field: Some(name.clone()), ..Self::default() };
        let address = |what, from: &String, to: &String| {
            let (from, to) = (Some(from.clone()), Some(to.clone()));
            Self { what, from, to, ..Self::default() }
        };
        match change {
            Change::FieldAdded(name) => field("field_added", name),
            Change::FieldRemoved(name) => field("field_removed", name),
            Change::FieldChanged(name) => field("field_changed", name),
            Change::Body => Self { what: "body", ..Self::default() },
            Change::Sender { from, to } => address("sender", from, to),
            Change::Recipient { from, to } => address("recipient", from, to),
        }
    }
}

impl From<&ClockLag> for ClockRecord {
    fn from(lag: &ClockLag) -> Self {
        Self { capture: lag.capture, behind: lag.behind, at_least_ns: lag.at_least }
    }
}
