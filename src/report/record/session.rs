//! `smtp_session`: one an SMTP session.

use schemars::JsonSchema;
use serde::Serialize;

use super::{EndpointRecord, hex};
use crate::conversation::smtp::{
    Abandoned, Auth, AuthOutcome, Encryption, MailHeader, Message, Part, Recipient, Reply, Role, Session,
    Speaker, Transfer, Turn, TurnKind, Warning,
};
use crate::report::utc::utc;

/// The shape of an `smtp_session` record.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "smtp_session")]
pub(in crate::report) struct SessionRecord {
    schema: u8,
    record: &'static str,
    capture: u32,
    stream: u64,
    first_packet: u64,
    client: EndpointRecord,
    server: EndpointRecord,
    /// `submission`, `relay`, `delivery` or `unknown`.
    role: &'static str,
    /// Nothing on the wire states the role: always `inferred`.
    role_basis: &'static str,
    role_reason: &'static str,
    /// `none`, `starttls` or `implicit`.
    encryption: &'static str,
    /// The first packet of the TLS handshake after STARTTLS.
    encrypted_from: Option<u64>,
    lmtp: bool,
    greeting: Option<String>,
    client_name: Option<String>,
    capabilities: Vec<String>,
    auth: Option<AuthRecord>,
    turns: Vec<TurnRecord>,
    turns_left_out: u64,
    messages: Vec<MessageRecord>,
    /// Transactions that never reached DATA or BDAT.
    abandoned: Vec<AbandonedRecord>,
    warnings: Vec<&'static str>,
    /// `quit`, `closed`, `reset`, `timeout`, `tls` or `open`.
    ended: &'static str,
}

#[derive(Debug, Serialize, JsonSchema)]
struct AuthRecord {
    mechanism: String,
    user: Option<String>,
    /// `accepted`, `rejected`, `cancelled` or `unknown`.
    outcome: &'static str,
    /// Only with `--reveal-secrets`.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
}

#[derive(Debug, Default, Serialize, JsonSchema)]
struct TurnRecord {
    packet: u64,
    time: Option<String>,
    /// `client` or `server`.
    from: &'static str,
    /// `greeting command reply auth_response message tls gap`.
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    verb: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    argument: Option<String>,
    /// The packet of the command that a reply answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    answers: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    enhanced: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lines: Option<Vec<String>>,
    /// Octets of a message (on the wire) or a gap.
    #[serde(skip_serializing_if = "Option::is_none")]
    octets: Option<u64>,
    /// Index in `messages`.
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<usize>,
    /// An AUTH line with `*`.
    #[serde(skip_serializing_if = "Option::is_none")]
    cancel: Option<bool>,
    /// Only with `--reveal-secrets`.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct MessageRecord {
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
    parts: Vec<PartRecord>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct AbandonedRecord {
    mail_from: Option<String>,
    rcpt_to: Vec<RecipientRecord>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct RecipientRecord {
    address: String,
    code: Option<u16>,
    enhanced: Option<String>,
    text: Option<String>,
    accepted: Option<bool>,
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
    subject: Option<String>,
    date: Option<String>,
    received: Vec<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct PartRecord {
    content_type: String,
    encoding: String,
    charset: Option<String>,
    filename: Option<String>,
    octets: u64,
}

impl SessionRecord {
    pub(in crate::report) fn new(session: &Session, reveal: bool) -> Self {
        Self {
            schema: 1,
            record: "smtp_session",
            capture: session.capture,
            stream: session.stream,
            first_packet: session.first_packet,
            client: session.client.into(),
            server: session.server.into(),
            role: role(session.role),
            role_basis: "inferred",
            role_reason: session.role_reason,
            encryption: match session.encryption {
                Encryption::None => "none",
                Encryption::StartTls { .. } => "starttls",
                Encryption::Implicit => "implicit",
            },
            encrypted_from: match session.encryption {
                Encryption::StartTls { packet } => Some(packet),
                Encryption::None | Encryption::Implicit => None,
            },
            lmtp: session.lmtp,
            greeting: session.greeting.clone(),
            client_name: session.client_name.clone(),
            capabilities: session.capabilities.clone(),
            auth: session.auth.as_ref().map(|auth| auth_record(auth, reveal)),
            turns: session.turns.iter().map(|turn| turn_record(turn, reveal)).collect(),
            turns_left_out: session.turns_left_out,
            messages: session.messages.iter().map(MessageRecord::from).collect(),
            abandoned: session.abandoned.iter().map(AbandonedRecord::from).collect(),
            warnings: session.warnings.iter().map(|&warning| Warning::name(warning)).collect(),
            ended: session.ended.name(),
        }
    }
}

const fn role(role: Role) -> &'static str {
    match role {
        Role::Submission => "submission",
        Role::Relay => "relay",
        Role::Delivery => "delivery",
        Role::Unknown => "unknown",
    }
}

fn auth_record(auth: &Auth, reveal: bool) -> AuthRecord {
    AuthRecord {
        mechanism: auth.mechanism.clone(),
        user: auth.user.clone(),
        outcome: match auth.outcome {
            AuthOutcome::Accepted => "accepted",
            AuthOutcome::Rejected => "rejected",
            AuthOutcome::Cancelled => "cancelled",
            AuthOutcome::Unknown => "unknown",
        },
        secret: auth.secret.clone().filter(|_| reveal),
    }
}

fn turn_record(turn: &Turn, reveal: bool) -> TurnRecord {
    let record = TurnRecord {
        packet: turn.packet,
        time: turn.time.map(utc),
        from: match turn.from {
            Speaker::Client => "client",
            Speaker::Server => "server",
        },
        ..TurnRecord::default()
    };
    match &turn.kind {
        TurnKind::Greeting(reply) => with_reply(TurnRecord { kind: "greeting", ..record }, reply),
        TurnKind::Reply { answers, reply } => {
            with_reply(TurnRecord { kind: "reply", answers: *answers, ..record }, reply)
        }
        TurnKind::Command { verb, argument, secret } => TurnRecord {
            kind: "command",
            verb: Some(verb.clone()),
            argument: Some(argument.clone()),
            secret: secret.clone().filter(|_| reveal),
            ..record
        },
        TurnKind::AuthResponse { secret, cancel } => TurnRecord {
            kind: "auth_response",
            cancel: Some(*cancel),
            secret: reveal.then(|| secret.clone()),
            ..record
        },
        TurnKind::Message { octets, message } => {
            TurnRecord { kind: "message", octets: Some(*octets), message: Some(*message), ..record }
        }
        TurnKind::Tls => TurnRecord { kind: "tls", ..record },
        TurnKind::Gap { octets } => TurnRecord { kind: "gap", octets: Some(*octets), ..record },
    }
}

fn with_reply(record: TurnRecord, reply: &Reply) -> TurnRecord {
    TurnRecord {
        code: Some(reply.code),
        enhanced: reply.enhanced.clone(),
        lines: Some(reply.lines.clone()),
        ..record
    }
}

impl From<&Message> for MessageRecord {
    fn from(message: &Message) -> Self {
        Self {
            mail_from: message.mail_from.clone(),
            rcpt_to: message.rcpt_to.iter().map(RecipientRecord::from).collect(),
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
            parts: message.parts.iter().map(PartRecord::from).collect(),
        }
    }
}

impl From<&Abandoned> for AbandonedRecord {
    fn from(abandoned: &Abandoned) -> Self {
        Self {
            mail_from: abandoned.mail_from.clone(),
            rcpt_to: abandoned.rcpt_to.iter().map(RecipientRecord::from).collect(),
        }
    }
}

impl From<&Recipient> for RecipientRecord {
    fn from(recipient: &Recipient) -> Self {
        let reply = recipient.reply.as_ref();
        Self {
            address: recipient.address.clone(),
            code: reply.map(|reply| reply.code),
            enhanced: reply.and_then(|reply| reply.enhanced.clone()),
            text: reply.map(|reply| reply.lines.join("\n")),
            accepted: reply.map(|reply| (200..300).contains(&reply.code)),
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
            subject: header.subject.clone(),
            date: header.date.clone(),
            received: header.received.clone(),
        }
    }
}

impl From<&Part> for PartRecord {
    fn from(part: &Part) -> Self {
        Self {
            content_type: part.content_type.clone(),
            encoding: part.encoding.clone(),
            charset: part.charset.clone(),
            filename: part.filename.clone(),
            octets: part.octets,
        }
    }
}
