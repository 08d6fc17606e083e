//! What one transfer says of one message, or of a try that came to none.

use std::ops::Range;

use super::envelope::{Envelope, Envelopes};
use super::{Recipient, Said, Sighting, StepKind};
use crate::conversation::dns;
use crate::conversation::fetch::Fetched;
use crate::conversation::mail::{Hop, Outline, body_digest};
use crate::conversation::smtp::{self, Exposed, Message, Proof, Reply, Role, Session, Sight, Verdict, reply};
use crate::packet::{Protocol, Seq, Timestamp};

/// Octets of a text that are kept.
const LONGEST: usize = 1000;
/// Recipients that are kept of one message.
const MAX_RECIPIENTS: usize = 1000;
/// Hops that are kept of one message.
const MAX_HOPS: usize = 50;

/// One transfer of one message, or one attempt.
#[derive(Debug)]
pub(super) struct Trace {
    pub(super) kind: StepKind,
    pub(super) protocol: Protocol,
    pub(super) seen: Sighting,
    pub(super) client_name: Option<String>,
    pub(super) server_name: Option<String>,
    /// What tells the connection from others between the same ends.
    pub(super) isn: [Option<Seq>; 2],
    /// Its place among the messages, or among the attempts, of the connection.
    pub(super) ordinal: usize,
    pub(super) mail_from: Option<String>,
    pub(super) recipients: Vec<Recipient>,
    /// Some recipient was put off (4xx).
    pub(super) put_off: bool,
    /// Octets of the message, where there was one.
    pub(super) octets: Option<u64>,
    /// Octets of the message, as the client declared them.
    pub(super) size: Option<u64>,
    pub(super) outcome: Option<Said>,
    pub(super) queue_ids: Vec<String>,
    pub(super) message_id: Option<String>,
    pub(super) subject: Option<String>,
    pub(super) author: Option<String>,
    pub(super) date: Option<String>,
    pub(super) hops: Vec<Hop>,
    pub(super) outline: Outline,
    pub(super) body: Option<u64>,
    /// The worst that was sent in the clear to log in.
    pub(super) login_in_the_clear: Option<Proof>,
    /// Of a session with several messages, those of the first.
    pub(super) lookups: Vec<dns::Told>,
}

impl Trace {
    /// Octets that it takes, about.
    pub(super) fn size(&self) -> usize {
        let length = |text: &Option<String>| text.as_ref().map_or(0, String::len);
        let texts = [
            &self.client_name,
            &self.server_name,
            &self.mail_from,
            &self.message_id,
            &self.subject,
            &self.author,
            &self.date,
        ];
        let hops = self.hops.iter().map(Hop::size);
        let recipients = self.recipients.iter().map(|r| {
            let said = r.said.as_ref().map_or(0, |said| said.text.len());
            size_of::<Recipient>() + r.address.len() + length(&r.original) + said
        });
        let ids = self.queue_ids.iter().map(|id| size_of::<String>() + id.len());
        let lists: usize = hops.chain(recipients).chain(ids).sum();
        let outcome = self.outcome.as_ref().map_or(0, |said| said.text.len());
        size_of::<Self>()
            + texts.into_iter().map(length).sum::<usize>()
            + lists
            + outcome
            + self.lookups.iter().map(dns::Told::size).sum::<usize>()
            + self.outline.size()
    }

    /// When it was seen.
    pub(super) const fn time(&self) -> Option<Timestamp> {
        self.seen.time
    }

    /// The message was taken, or fetched.
    pub(super) fn carried(&self) -> bool {
        self.kind != StepKind::Attempt
    }
}

/// The traces of a session.
pub(super) fn of_session(session: &Session) -> impl Iterator<Item = Trace> {
    let mut envelopes = Envelopes::of(session);
    let mut traces = Vec::with_capacity(session.messages.len() + session.abandoned.len());
    for (index, message) in session.messages.iter().enumerate() {
        traces.push(of_message(session, index, message, envelopes.of_message(index).unwrap_or_default()));
    }
    for (index, abandoned) in session.abandoned.iter().enumerate() {
        let envelope = envelopes.abandoned(abandoned.mail_from.as_deref());
        traces.extend(envelope.and_then(|envelope| of_attempt(session, index, abandoned, &envelope)));
    }
    if let Some(first) = traces.first_mut() {
        first.lookups = session.lookups.clone();
    }
    traces.into_iter()
}

fn of_message(session: &Session, index: usize, message: &Message, envelope: Envelope) -> Trace {
    let fates = || message.rcpt_to.iter().map(|recipient| message.verdict(recipient));
    let refused = message.outcome.as_ref().is_some_and(|reply| reply.code / 100 > 3)
        || (!message.rcpt_to.is_empty() && fates().all(|(verdict, _)| is_no(verdict)));
    let ids: Vec<String> = message.rcpt_to.iter().filter_map(smtp::Recipient::queue_id).collect();
    let packets = message.packets.start..message.packets.end;
    Trace {
        kind: if refused { StepKind::Attempt } else { kind(session, message) },
        put_off: fates().any(|(verdict, _)| verdict == Verdict::Deferred),
        mail_from: message.mail_from.as_deref().map(cut),
        recipients: recipients(&message.rcpt_to, fates(), &envelope),
        octets: Some(message.octets),
        size: envelope.size,
        outcome: message.outcome.as_ref().map(said),
        queue_ids: if ids.is_empty() { message.queue_id.iter().cloned().collect() } else { ids },
        message_id: message.message_id.as_deref().map(cut),
        subject: message.header.subject.as_deref().map(cut),
        author: message.header.from.as_deref().map(cut),
        date: message.header.date.as_deref().map(cut),
        hops: hops(&message.hops),
        outline: message.outline.clone(),
        body: body_digest(&message.parts, message.complete && message.parts_complete),
        ..bare(session, index, packets, message.time)
    }
}

/// A transaction without a message; one that nobody refused says nothing.
fn of_attempt(
    session: &Session,
    index: usize,
    abandoned: &smtp::Abandoned,
    envelope: &Envelope,
) -> Option<Trace> {
    let fates = || abandoned.rcpt_to.iter().map(|recipient| abandoned.verdict(recipient));
    let (_, refusal) = fates().find(|(verdict, _)| is_no(*verdict))?;
    let packets = envelope.packets.0..envelope.packets.1;
    Some(Trace {
        put_off: fates().any(|(verdict, _)| verdict == Verdict::Deferred),
        mail_from: abandoned.mail_from.as_deref().map(cut),
        recipients: recipients(&abandoned.rcpt_to, fates(), envelope),
        size: envelope.size,
        outcome: refusal.map(said),
        ..bare(session, index, packets, envelope.time)
    })
}

/// What all traces of a session share.
fn bare(session: &Session, ordinal: usize, packets: Range<u64>, time: Option<Timestamp>) -> Trace {
    let greeting = session.greeting.as_deref().and_then(|text| text.split(' ').next());
    let seen = Sighting {
        capture: session.capture,
        stream: session.stream,
        first_packet: packets.start,
        last_packet: packets.end,
        time,
        client: session.client,
        server: session.server,
    };
    Trace {
        client_name: session.client_name.as_deref().and_then(name),
        server_name: greeting.filter(|word| word.contains('.') || *word == "localhost").and_then(name),
        isn: [session.isn.initiator, session.isn.responder],
        login_in_the_clear: login_in_the_clear(session),
        ordinal,
        ..Trace::new(StepKind::Attempt, Protocol::Smtp, seen)
    }
}

/// The worst that a session shows of its logins.
fn login_in_the_clear(session: &Session) -> Option<Proof> {
    session.auth.as_ref()?;
    let secret = session.exposure().into_iter().find(|exposure| exposure.what == Exposed::Secret)?;
    secret.proof.filter(|_| secret.sight == Sight::Readable)
}

fn kind(session: &Session, message: &Message) -> StepKind {
    match session.role {
        Role::Delivery => StepKind::Delivery,
        Role::Submission => StepKind::Submission,
        Role::Relay => StepKind::Relay,
        Role::Unknown if message.hops.is_empty() => StepKind::Submission,
        Role::Unknown => StepKind::Relay,
    }
}

impl Trace {
    fn new(kind: StepKind, protocol: Protocol, seen: Sighting) -> Self {
        Self {
            kind,
            protocol,
            seen,
            client_name: None,
            server_name: None,
            isn: [None, None],
            ordinal: 0,
            mail_from: None,
            recipients: Vec::new(),
            put_off: false,
            octets: None,
            size: None,
            outcome: None,
            queue_ids: Vec::new(),
            message_id: None,
            subject: None,
            author: None,
            date: None,
            hops: Vec::new(),
            outline: Outline::default(),
            body: None,
            login_in_the_clear: None,
            lookups: Vec::new(),
        }
    }
}

/// The trace of a message that its reader fetched.
pub(super) fn of_fetched(fetched: &Fetched) -> Trace {
    let seen = Sighting {
        capture: fetched.capture,
        stream: fetched.stream,
        first_packet: fetched.packets.start,
        last_packet: fetched.packets.end,
        time: fetched.time,
        client: fetched.client,
        server: fetched.server,
    };
    Trace {
        octets: Some(fetched.octets),
        message_id: fetched.message_id.as_deref().map(cut),
        subject: fetched.subject.as_deref().map(cut),
        author: fetched.author.as_deref().map(cut),
        date: fetched.date.as_deref().map(cut),
        hops: hops(&fetched.hops),
        outline: fetched.outline.clone(),
        body: fetched.body,
        login_in_the_clear: fetched.login_in_the_clear,
        ..Trace::new(StepKind::Fetch, fetched.protocol, seen)
    }
}

const fn is_no(verdict: Verdict) -> bool {
    matches!(verdict, Verdict::Refused | Verdict::Deferred)
}

fn recipients<'a>(
    list: &[smtp::Recipient],
    fates: impl Iterator<Item = (Verdict, Option<&'a Reply>)>,
    envelope: &Envelope,
) -> Vec<Recipient> {
    let mut originals = envelope.originals.iter().peekable();
    let one = |(recipient, (_, reply)): (&smtp::Recipient, (Verdict, Option<&Reply>))| {
        // both lists have the order of the commands
        let original = originals.next_if(|(address, _)| *address == recipient.address);
        Recipient {
            address: cut(&recipient.address),
            original: original.map(|(_, original)| original.clone()),
            said: reply.map(said),
        }
    };
    list.iter().take(MAX_RECIPIENTS).zip(fates).map(one).collect()
}

/// The oldest hops; those behind the bound are left out.
fn hops(list: &[Hop]) -> Vec<Hop> {
    list.iter().take(MAX_HOPS).cloned().collect()
}

fn said(reply: &Reply) -> Said {
    let text = match reply.lines.as_slice() {
        [line] => cut(line),
        lines => cut(&lines.join(" ")),
    };
    Said { code: reply.code, text }
}

/// A host's name: `client.example.org`, not `[10.20.0.25]`.
fn name(text: &str) -> Option<String> {
    let word = text.split(' ').next()?;
    (!word.is_empty() && !word.starts_with('[')).then(|| cut(word))
}

fn cut(text: &str) -> String {
    let end = (0..=LONGEST.min(text.len())).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0);
    text[..end].to_owned()
}

impl smtp::Recipient {
    /// LMTP: the identifier that the reply for this recipient names.
    fn queue_id(&self) -> Option<String> {
        let delivery = self.delivery.as_ref().filter(|reply| reply.code / 100 == 2)?;
        reply::queue_id(delivery.lines.last()?)
    }
}
