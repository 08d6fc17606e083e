//! What one transfer says of one message, or of a try that came to none.

use super::envelope::{Envelope, Envelopes};
use super::{Recipient, Said, Sighting, StepKind};
use crate::conversation::fetch::Fetched;
use crate::conversation::mail::{Hop, MailHeader, Outline, body_digest};
use crate::conversation::smtp::{self, Message, Reply, Role, Session, Verdict, reply};
use crate::flow::Connection;
use crate::packet::{Protocol, Seq, Timestamp};

/// Octets of a text that are kept.
const LONGEST: usize = 1000;
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
        let hops = self.hops.iter().map(|hop| {
            let texts = [&hop.from, &hop.from_comment, &hop.by, &hop.with, &hop.id, &hop.for_];
            size_of::<Hop>() + texts.into_iter().map(length).sum::<usize>()
        });
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

/// The traces of a session; what it knows is moved into them.
pub(super) fn of_session(mut session: Session, connection: &Connection) -> impl Iterator<Item = Trace> {
    let mut envelopes = Envelopes::of(&session);
    let (messages, abandoned) =
        (std::mem::take(&mut session.messages), std::mem::take(&mut session.abandoned));
    let isn = connection.handshake.isn;
    let about = About { session, isn: [isn.initiator, isn.responder] };
    let mut traces = Vec::with_capacity(messages.len() + abandoned.len());
    for (index, message) in messages.into_iter().enumerate() {
        traces.push(about.message(index, message, envelopes.of_message(index)));
    }
    for (index, abandoned) in abandoned.into_iter().enumerate() {
        let envelope = envelopes.abandoned(abandoned.mail_from.as_deref());
        traces.extend(about.attempt(index, abandoned, envelope));
    }
    traces.into_iter()
}

/// What the traces of one session share.
struct About {
    session: Session,
    isn: [Option<Seq>; 2],
}

impl About {
    fn message(&self, index: usize, message: Message, envelope: Option<Envelope>) -> Trace {
        let fates: Vec<(Verdict, Option<Said>)> = message
            .rcpt_to
            .iter()
            .map(|recipient| message.verdict(recipient))
            .map(|(verdict, reply)| (verdict, reply.map(said)))
            .collect();
        let ids: Vec<String> = message.rcpt_to.iter().filter_map(smtp::Recipient::queue_id).collect();
        let refused = message.outcome.as_ref().is_some_and(|reply| reply.code / 100 > 3)
            || (!fates.is_empty() && fates.iter().all(|(verdict, _)| is_no(*verdict)));
        let put_off = fates.iter().any(|(verdict, _)| *verdict == Verdict::Deferred);
        let envelope = envelope.unwrap_or_default();
        let body = body_digest(&message.parts, message.complete && message.parts_complete);
        let mut trace = self.trace(index, message.packets.clone(), message.time);
        trace.kind = if refused { StepKind::Attempt } else { self.kind(&message) };
        trace.put_off = put_off;
        trace.mail_from = message.mail_from.map(cut);
        trace.recipients = recipients(message.rcpt_to, fates.into_iter().map(|(_, said)| said), &envelope);
        trace.octets = Some(message.octets);
        trace.size = envelope.size;
        trace.outcome = message.outcome.as_ref().map(said);
        trace.queue_ids = if ids.is_empty() { message.queue_id.into_iter().collect() } else { ids };
        trace.message_id = message.message_id.map(cut);
        trace.take_header(message.header);
        trace.hops = hops(message.hops);
        trace.outline = message.outline;
        trace.body = body;
        trace
    }

    /// A transaction without a message; one that nobody refused says nothing.
    fn attempt(&self, index: usize, abandoned: smtp::Abandoned, envelope: Option<Envelope>) -> Option<Trace> {
        let fates: Vec<(Verdict, Option<Said>)> = abandoned
            .rcpt_to
            .iter()
            .map(|recipient| abandoned.verdict(recipient))
            .map(|(verdict, reply)| (verdict, reply.map(said)))
            .collect();
        let refusal = fates.iter().find(|(verdict, _)| is_no(*verdict))?.1.clone();
        let envelope = envelope?;
        let mut trace = self.trace(index, envelope.packets.0..envelope.packets.1, envelope.time);
        trace.put_off = fates.iter().any(|(verdict, _)| *verdict == Verdict::Deferred);
        trace.mail_from = abandoned.mail_from.map(cut);
        trace.recipients = recipients(abandoned.rcpt_to, fates.into_iter().map(|(_, said)| said), &envelope);
        trace.size = envelope.size;
        trace.outcome = refusal;
        Some(trace)
    }

    fn trace(&self, ordinal: usize, packets: std::ops::Range<u64>, time: Option<Timestamp>) -> Trace {
        let session = &self.session;
        let greeting = session.greeting.as_deref().and_then(|text| text.split(' ').next());
        Trace {
            kind: StepKind::Attempt,
            protocol: Protocol::Smtp,
            seen: Sighting {
                capture: session.capture,
                stream: session.stream,
                first_packet: packets.start,
                last_packet: packets.end,
                time,
                client: session.client,
                server: session.server,
            },
            client_name: session.client_name.as_deref().and_then(name),
            server_name: greeting.filter(|word| word.contains('.') || *word == "localhost").and_then(name),
            isn: self.isn,
            ordinal,
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
        }
    }

    fn kind(&self, message: &Message) -> StepKind {
        match self.session.role {
            Role::Delivery => StepKind::Delivery,
            Role::Submission => StepKind::Submission,
            Role::Relay => StepKind::Relay,
            Role::Unknown if message.hops.is_empty() => StepKind::Submission,
            Role::Unknown => StepKind::Relay,
        }
    }
}

impl Trace {
    fn take_header(&mut self, header: MailHeader) {
        self.subject = header.subject.map(cut);
        self.author = header.from.map(cut);
        self.date = header.date.map(cut);
    }
}

/// The trace of a message that its reader fetched.
pub(super) fn of_fetched(fetched: Fetched) -> Trace {
    let mut trace = Trace {
        kind: StepKind::Fetch,
        protocol: fetched.protocol,
        seen: Sighting {
            capture: fetched.capture,
            stream: fetched.stream,
            first_packet: fetched.packets.start,
            last_packet: fetched.packets.end,
            time: fetched.time,
            client: fetched.client,
            server: fetched.server,
        },
        client_name: None,
        server_name: None,
        isn: [None, None],
        ordinal: 0,
        mail_from: None,
        recipients: Vec::new(),
        put_off: false,
        octets: Some(fetched.octets),
        size: None,
        outcome: None,
        queue_ids: Vec::new(),
        message_id: fetched.message_id.map(cut),
        subject: None,
        author: None,
        date: None,
        hops: hops(fetched.hops),
        outline: fetched.outline,
        body: fetched.body,
    };
    trace.take_header(fetched.header);
    trace
}

const fn is_no(verdict: Verdict) -> bool {
    matches!(verdict, Verdict::Refused | Verdict::Deferred)
}

fn recipients(
    list: Vec<smtp::Recipient>,
    said: impl Iterator<Item = Option<Said>>,
    envelope: &Envelope,
) -> Vec<Recipient> {
    let mut originals = envelope.originals.iter().peekable();
    let one = |(recipient, said): (smtp::Recipient, Option<Said>)| {
        // both lists have the order of the commands
        let original = originals.next_if(|(address, _)| *address == recipient.address);
        Recipient { address: cut(recipient.address), original: original.map(|(_, o)| o.clone()), said }
    };
    list.into_iter().zip(said).map(one).collect()
}

/// The oldest hops; those behind the bound are left out.
fn hops(mut list: Vec<Hop>) -> Vec<Hop> {
    list.truncate(MAX_HOPS);
    list
}

fn said(reply: &Reply) -> Said {
    Said { code: reply.code, text: cut(reply.lines.join(" ")) }
}

/// A host's name: `client.example.org`, not `[10.20.0.25]`.
fn name(text: &str) -> Option<String> {
    let word = text.split(' ').next()?;
    (!word.is_empty() && !word.starts_with('[')).then(|| cut(word.to_owned()))
}

fn cut(mut text: String) -> String {
    if text.len() > LONGEST {
        let end = (0..=LONGEST).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0);
        text.truncate(end);
    }
    text
}

impl smtp::Recipient {
    /// LMTP: the identifier that the reply for this recipient names.
    fn queue_id(&self) -> Option<String> {
        let delivery = self.delivery.as_ref().filter(|reply| reply.code / 100 == 2)?;
        reply::queue_id(delivery.lines.last()?)
    }
}
