//! A message of an `smtp_session` record, and what it has in common with those that are fetched.

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::Serialize;

use super::hex;
use crate::conversation::mail::{Assessment, Described, Finding, Hop, MailHeader, Part, PartKind, Signature};
use crate::conversation::smtp::{Message, Recipient, Reply, Transfer, Verdict};
use crate::report::utc::Utc;

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct MessageRecord<'a> {
    mail_from: Option<&'a str>,
    rcpt_to: Vec<RecipientRecord<'a>>,
    /// `DATA` or `BDAT`.
    transfer: &'static str,
    /// As the recipient gets them.
    octets: u64,
    complete: bool,
    sha256: Option<String>,
    outcome: Option<OutcomeRecord<'a>>,
    queue_id: Option<&'a str>,
    first_packet: u64,
    last_packet: u64,
    message_id: Option<&'a str>,
    header: HeaderRecord<'a>,
    /// From Received fields, the oldest first. Declared by those who wrote them.
    hops: Vec<HopRecord<'a>>,
    /// Declared by the header, not verified here.
    signatures: Vec<SignatureRecord<'a>>,
    /// What hosts on the way say that they checked. Declared by the header, not verified here.
    authentication_results: Vec<AssessmentRecord<'a>>,
    /// Leaves of the MIME tree and messages in the message, in their order.
    parts: Vec<PartRecord<'a>>,
    /// The multiparts that they stand in, in their order.
    containers: Vec<ContainerRecord<'a>>,
    /// Both lists are whole: no octets were missing, and no bound was reached.
    parts_complete: bool,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct RecipientRecord<'a> {
    address: &'a str,
    code: Option<u16>,
    enhanced: Option<&'a str>,
    text: Option<Cow<'a, str>>,
    accepted: Option<bool>,
    /// What became of this recipient in the end: `accepted`, `refused`, `deferred`, `dropped` or `unknown`.
    verdict: &'static str,
    /// LMTP: the reply for this recipient after the message.
    #[serde(skip_serializing_if = "Option::is_none")]
    delivery: Option<OutcomeRecord<'a>>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct OutcomeRecord<'a> {
    code: u16,
    enhanced: Option<&'a str>,
    text: Cow<'a, str>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct HeaderRecord<'a> {
    from: Option<&'a str>,
    to: Option<&'a str>,
    cc: Option<&'a str>,
    reply_to: Option<&'a str>,
    subject: Option<&'a str>,
    date: Option<&'a str>,
    /// The fields on one line each, the newest first.
    received: &'a [String],
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct HopRecord<'a> {
    /// The name by which the sending host introduced itself.
    from: Option<&'a str>,
    /// What the receiving host knew of it.
    from_comment: Option<&'a str>,
    by: Option<&'a str>,
    with: Option<&'a str>,
    id: Option<&'a str>,
    #[serde(rename = "for")]
    for_: Option<&'a str>,
    /// By the clock of `by`.
    #[schemars(with = "Option<String>")]
    time: Option<Utc>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct SignatureRecord<'a> {
    /// `DKIM-Signature`, `ARC-Message-Signature` or `ARC-Seal`.
    field: &'static str,
    domain: Option<&'a str>,
    selector: Option<&'a str>,
    algorithm: Option<&'a str>,
    /// Always `declared`.
    basis: &'static str,
}

#[derive(Debug, Serialize, JsonSchema)]
struct AssessmentRecord<'a> {
    /// `Authentication-Results`, `ARC-Authentication-Results` or `Received-SPF`.
    field: &'static str,
    /// The host that says so.
    by: Option<&'a str>,
    results: Vec<FindingRecord<'a>>,
    /// Always `declared`.
    basis: &'static str,
}

#[derive(Debug, Serialize, JsonSchema)]
struct FindingRecord<'a> {
    /// `spf`, `dkim`, `dmarc`, `arc`, ...
    method: &'a str,
    result: &'a str,
}

#[derive(Debug, Serialize, JsonSchema)]
struct PartRecord<'a> {
    /// The part's number as in IMAP (RFC 9051 section 6.4.5.1): `1`, `1.2`.
    part: &'a str,
    content_type: &'a str,
    encoding: &'a str,
    charset: Option<&'a str>,
    filename: Option<&'a str>,
    /// Of the content, its transfer encoding undone.
    octets: u64,
    /// Of the same octets; `null` where some are missing.
    sha256: Option<String>,
    complete: bool,
}

#[derive(Debug, Serialize, JsonSchema)]
struct ContainerRecord<'a> {
    /// The number that its parts' numbers begin with; `null` for the whole message.
    part: Option<&'a str>,
    content_type: &'a str,
}

/// What a message says about itself, whatever carried it.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct ContentRecord<'a> {
    message_id: Option<&'a str>,
    header: HeaderRecord<'a>,
    /// From Received fields, the oldest first. Declared by those who wrote them.
    hops: Vec<HopRecord<'a>>,
    /// Declared by the header, not verified here.
    signatures: Vec<SignatureRecord<'a>>,
    /// What hosts on the way say that they checked. Declared by the header, not verified here.
    authentication_results: Vec<AssessmentRecord<'a>>,
    /// Leaves of the MIME tree and messages in the message, in their order.
    parts: Vec<PartRecord<'a>>,
    /// The multiparts that they stand in, in their order.
    containers: Vec<ContainerRecord<'a>>,
    /// Both lists are whole: no octets were missing, and no bound was reached.
    parts_complete: bool,
}

impl<'a> From<&'a Described> for ContentRecord<'a> {
    fn from(content: &'a Described) -> Self {
        let nodes = |wanted: fn(PartKind) -> bool| content.parts.iter().filter(move |part| wanted(part.kind));
        Self {
            message_id: content.message_id.as_deref(),
            header: (&content.header).into(),
            hops: content.hops.iter().map(HopRecord::from).collect(),
            signatures: content.signatures.iter().map(SignatureRecord::from).collect(),
            authentication_results: content.assessments.iter().map(AssessmentRecord::from).collect(),
            parts: nodes(|kind| kind != PartKind::Multipart).map(PartRecord::from).collect(),
            containers: nodes(|kind| kind == PartKind::Multipart).map(ContainerRecord::from).collect(),
            parts_complete: content.parts_complete,
        }
    }
}

impl<'a> From<&'a Message> for MessageRecord<'a> {
    fn from(message: &'a Message) -> Self {
        let nodes = |wanted: fn(PartKind) -> bool| message.parts.iter().filter(move |part| wanted(part.kind));
        Self {
            mail_from: message.mail_from.as_deref(),
            rcpt_to: message.rcpt_to.iter().map(|r| RecipientRecord::new(r, message.verdict(r).0)).collect(),
            transfer: match message.transfer {
                Transfer::Data => "DATA",
                Transfer::Bdat => "BDAT",
            },
            octets: message.octets,
            complete: message.complete,
            sha256: message.sha256.as_ref().map(|digest| hex(digest)),
            outcome: message.outcome.as_ref().map(OutcomeRecord::from),
            queue_id: message.queue_id.as_deref(),
            first_packet: message.packets.start,
            last_packet: message.packets.end,
            message_id: message.message_id.as_deref(),
            header: (&message.header).into(),
            hops: message.hops.iter().map(HopRecord::from).collect(),
            signatures: message.signatures.iter().map(SignatureRecord::from).collect(),
            authentication_results: message.assessments.iter().map(AssessmentRecord::from).collect(),
            parts: nodes(|kind| kind != PartKind::Multipart).map(PartRecord::from).collect(),
            containers: nodes(|kind| kind == PartKind::Multipart).map(ContainerRecord::from).collect(),
            parts_complete: message.parts_complete,
        }
    }
}

impl<'a> RecipientRecord<'a> {
    pub(super) fn new(recipient: &'a Recipient, verdict: Verdict) -> Self {
        let reply = recipient.reply.as_ref();
        Self {
            address: &recipient.address,
            code: reply.map(|reply| reply.code),
            enhanced: reply.and_then(|reply| reply.enhanced.as_deref()),
            text: reply.map(text),
            accepted: reply.map(|reply| (200..300).contains(&reply.code)),
            verdict: verdict.name(),
            delivery: recipient.delivery.as_ref().map(OutcomeRecord::from),
        }
    }
}

/// What a reply says, its lines joined.
fn text(reply: &Reply) -> Cow<'_, str> {
    match reply.lines.as_slice() {
        [line] => line.into(),
        lines => lines.join("\n").into(),
    }
}

impl<'a> From<&'a Reply> for OutcomeRecord<'a> {
    fn from(reply: &'a Reply) -> Self {
        Self { code: reply.code, enhanced: reply.enhanced.as_deref(), text: text(reply) }
    }
}

impl<'a> From<&'a MailHeader> for HeaderRecord<'a> {
    fn from(header: &'a MailHeader) -> Self {
        Self {
            from: header.from.as_deref(),
            to: header.to.as_deref(),
            cc: header.cc.as_deref(),
            reply_to: header.reply_to.as_deref(),
            subject: header.subject.as_deref(),
            date: header.date.as_deref(),
            received: &header.received,
        }
    }
}

impl<'a> From<&'a Hop> for HopRecord<'a> {
    fn from(hop: &'a Hop) -> Self {
        Self {
            from: hop.from.as_deref(),
            from_comment: hop.from_comment.as_deref(),
            by: hop.by.as_deref(),
            with: hop.with.as_deref(),
            id: hop.id.as_deref(),
            for_: hop.for_.as_deref(),
            time: hop.time.map(Utc),
        }
    }
}

impl<'a> From<&'a Signature> for SignatureRecord<'a> {
    fn from(signature: &'a Signature) -> Self {
        Self {
            field: signature.field,
            domain: signature.domain.as_deref(),
            selector: signature.selector.as_deref(),
            algorithm: signature.algorithm.as_deref(),
            basis: "declared",
        }
    }
}

impl<'a> From<&'a Assessment> for AssessmentRecord<'a> {
    fn from(assessment: &'a Assessment) -> Self {
        let finding = |f: &'a Finding| FindingRecord { method: &f.method, result: &f.result };
        Self {
            field: assessment.field,
            by: assessment.by.as_deref(),
            results: assessment.results.iter().map(finding).collect(),
            basis: "declared",
        }
    }
}

impl<'a> From<&'a Part> for PartRecord<'a> {
    fn from(part: &'a Part) -> Self {
        Self {
            part: &part.number,
            content_type: &part.content_type,
            encoding: &part.encoding,
            charset: part.charset.as_deref(),
            filename: part.filename.as_deref(),
            octets: part.octets,
            sha256: part.sha256.as_ref().map(|digest| hex(digest)),
            complete: part.complete,
        }
    }
}

impl<'a> From<&'a Part> for ContainerRecord<'a> {
    fn from(part: &'a Part) -> Self {
        let number = Some(part.number.as_str()).filter(|number| !number.is_empty());
        Self { part: number, content_type: &part.content_type }
    }
}
