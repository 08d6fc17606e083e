//! A message of an `smtp_session` record, and what it has in common with those that are fetched.

use schemars::JsonSchema;
use serde::Serialize;

use super::hex;
use crate::conversation::mail::{Assessment, Described, Finding, Hop, MailHeader, Part, PartKind, Signature};
use crate::conversation::smtp::{Message, Recipient, Reply, Transfer, Verdict};
use crate::report::utc::utc;

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct MessageRecord {
    mail_from: Option<String>,
    rcpt_to: Vec<RecipientRecord>,
    /// `DATA` or `BDAT`.
    transfer: &'static str,
    /// As the recipient gets them.
    octets: u64,
    complete: bool,
    sha256: Option<String>,
    outcome: Option<OutcomeRecord>,
    queue_id: Option<String>,
    first_packet: u64,
    last_packet: u64,
    message_id: Option<String>,
    header: HeaderRecord,
    /// From Received fields, the oldest first. Declared by those who wrote them.
    hops: Vec<HopRecord>,
    /// Declared by the header, not verified here.
    signatures: Vec<SignatureRecord>,
    /// What hosts on the way say that they checked. Declared by the header, not verified here.
    authentication_results: Vec<AssessmentRecord>,
    /// Leaves of the MIME tree and messages in the message, in their order.
    parts: Vec<PartRecord>,
    /// The multiparts that they stand in, in their order.
    containers: Vec<ContainerRecord>,
    /// Both lists are whole: no octets were missing, and no bound was reached.
    parts_complete: bool,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct RecipientRecord {
    address: String,
    code: Option<u16>,
    enhanced: Option<String>,
    text: Option<String>,
    accepted: Option<bool>,
    /// What became of this recipient in the end: `accepted`, `refused`, `deferred`, `dropped` or `unknown`.
    verdict: &'static str,
    /// LMTP: the reply for this recipient after the message.
    #[serde(skip_serializing_if = "Option::is_none")]
    delivery: Option<OutcomeRecord>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct OutcomeRecord {
    code: u16,
    enhanced: Option<String>,
    text: String,
}

#[derive(Debug, Serialize, JsonSchema)]
struct HeaderRecord {
    from: Option<String>,
    to: Option<String>,
    cc: Option<String>,
    reply_to: Option<String>,
    subject: Option<String>,
    date: Option<String>,
    /// The fields on one line each, the newest first.
    received: Vec<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct HopRecord {
    /// The name by which the sending host introduced itself.
    from: Option<String>,
    /// What the receiving host knew of it.
    from_comment: Option<String>,
    by: Option<String>,
    with: Option<String>,
    id: Option<String>,
    #[serde(rename = "for")]
    for_: Option<String>,
    /// By the clock of `by`.
    time: Option<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct SignatureRecord {
    /// `DKIM-Signature`, `ARC-Message-Signature` or `ARC-Seal`.
    field: &'static str,
    domain: Option<String>,
    selector: Option<String>,
    algorithm: Option<String>,
    /// Always `declared`.
    basis: &'static str,
}

#[derive(Debug, Serialize, JsonSchema)]
struct AssessmentRecord {
    /// `Authentication-Results`, `ARC-Authentication-Results` or `Received-SPF`.
    field: &'static str,
    /// The host that says so.
    by: Option<String>,
    results: Vec<FindingRecord>,
    /// Always `declared`.
    basis: &'static str,
}

#[derive(Debug, Serialize, JsonSchema)]
struct FindingRecord {
    /// `spf`, `dkim`, `dmarc`, `arc`, ...
    method: String,
    result: String,
}

#[derive(Debug, Serialize, JsonSchema)]
struct PartRecord {
    /// The part's number as in IMAP (RFC 9051 section 6.4.5.1): `1`, `1.2`.
    part: String,
    content_type: String,
    encoding: String,
    charset: Option<String>,
    filename: Option<String>,
    /// Of the content, its transfer encoding undone.
    octets: u64,
    /// Of the same octets; `null` where some are missing.
    sha256: Option<String>,
    complete: bool,
}

#[derive(Debug, Serialize, JsonSchema)]
struct ContainerRecord {
    /// The number that its parts' numbers begin with; `null` for the whole message.
    part: Option<String>,
    content_type: String,
}

/// What a message says about itself, whatever carried it.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct ContentRecord {
    message_id: Option<String>,
    header: HeaderRecord,
    /// From Received fields, the oldest first. Declared by those who wrote them.
    hops: Vec<HopRecord>,
    /// Declared by the header, not verified here.
    signatures: Vec<SignatureRecord>,
    /// What hosts on the way say that they checked. Declared by the header, not verified here.
    authentication_results: Vec<AssessmentRecord>,
    /// Leaves of the MIME tree and messages in the message, in their order.
    parts: Vec<PartRecord>,
    /// The multiparts that they stand in, in their order.
    containers: Vec<ContainerRecord>,
    /// Both lists are whole: no octets were missing, and no bound was reached.
    parts_complete: bool,
}

impl From<&Described> for ContentRecord {
    fn from(content: &Described) -> Self {
        let nodes = |wanted: fn(PartKind) -> bool| content.parts.iter().filter(move |part| wanted(part.kind));
        Self {
            message_id: content.message_id.clone(),
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

impl From<&Message> for MessageRecord {
    fn from(message: &Message) -> Self {
        let nodes = |wanted: fn(PartKind) -> bool| message.parts.iter().filter(move |part| wanted(part.kind));
        Self {
            mail_from: message.mail_from.clone(),
            rcpt_to: message.rcpt_to.iter().map(|r| RecipientRecord::new(r, message.verdict(r).0)).collect(),
            transfer: match message.transfer {
                Transfer::Data => "DATA",
                Transfer::Bdat => "BDAT",
            },
            octets: message.octets,
            complete: message.complete,
            sha256: message.sha256.as_ref().map(|digest| hex(digest)),
            outcome: message.outcome.as_ref().map(OutcomeRecord::from),
            queue_id: message.queue_id.clone(),
            first_packet: message.packets.start,
            last_packet: message.packets.end,
            message_id: message.message_id.clone(),
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

impl RecipientRecord {
    pub(super) fn new(recipient: &Recipient, verdict: Verdict) -> Self {
        let reply = recipient.reply.as_ref();
        Self {
            address: recipient.address.clone(),
            code: reply.map(|reply| reply.code),
            enhanced: reply.and_then(|reply| reply.enhanced.clone()),
            text: reply.map(|reply| reply.lines.join("\n")),
            accepted: reply.map(|reply| (200..300).contains(&reply.code)),
            verdict: verdict.name(),
            delivery: recipient.delivery.as_ref().map(OutcomeRecord::from),
        }
    }
}

impl From<&Reply> for OutcomeRecord {
    fn from(reply: &Reply) -> Self {
        Self { code: reply.code, enhanced: reply.enhanced.clone(), text: reply.lines.join("\n") }
    }
}

impl From<&MailHeader> for HeaderRecord {
    fn from(header: &MailHeader) -> Self {
        Self {
            from: header.from.clone(),
            to: header.to.clone(),
            cc: header.cc.clone(),
            reply_to: header.reply_to.clone(),
            subject: header.subject.clone(),
            date: header.date.clone(),
            received: header.received.clone(),
        }
    }
}

impl From<&Hop> for HopRecord {
    fn from(hop: &Hop) -> Self {
        Self {
            from: hop.from.clone(),
            from_comment: hop.from_comment.clone(),
            by: hop.by.clone(),
            with: hop.with.clone(),
            id: hop.id.clone(),
            for_: hop.for_.clone(),
            time: hop.time.map(utc),
        }
    }
}

impl From<&Signature> for SignatureRecord {
    fn from(signature: &Signature) -> Self {
        Self {
            field: signature.field,
            domain: signature.domain.clone(),
            selector: signature.selector.clone(),
            algorithm: signature.algorithm.clone(),
            basis: "declared",
        }
    }
}

impl From<&Assessment> for AssessmentRecord {
    fn from(assessment: &Assessment) -> Self {
        let finding = |f: &Finding| FindingRecord { method: f.method.clone(), result: f.result.clone() };
        Self {
            field: assessment.field,
            by: assessment.by.clone(),
            results: assessment.results.iter().map(finding).collect(),
            basis: "declared",
        }
    }
}

impl From<&Part> for PartRecord {
    fn from(part: &Part) -> Self {
        Self {
            part: part.number.clone(),
            content_type: part.content_type.clone(),
            encoding: part.encoding.clone(),
            charset: part.charset.clone(),
            filename: part.filename.clone(),
            octets: part.octets,
            sha256: part.sha256.as_ref().map(|digest| hex(digest)),
            complete: part.complete,
        }
    }
}

impl From<&Part> for ContainerRecord {
    fn from(part: &Part) -> Self {
        let number = Some(&part.number).filter(|number| !number.is_empty());
        Self { part: number.cloned(), content_type: part.content_type.clone() }
    }
}
