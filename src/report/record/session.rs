//! `smtp_session`: one an SMTP session.

use schemars::JsonSchema;
use serde::Serialize;

use super::EndpointRecord;
use super::exposure::ExposureRecord;
use super::message::{MessageRecord, RecipientRecord};
use crate::conversation::smtp::{
    Abandoned, Auth, AuthOutcome, Encryption, Pace, Reply, Role, Session, Speaker, Turn, TurnKind, Warning,
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
    /// What stood inside TLS was decrypted with a key log; each turn says so of itself.
    decrypted: bool,
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
    timing: TimingRecord,
    /// What those who read this wire could read, and what TLS hid.
    exposure: ExposureRecord,
    warnings: Vec<&'static str>,
    /// `quit`, `closed`, `reset`, `timeout`, `tls` or `open`.
    ended: &'static str,
}

/// Who let the other wait, in nanoseconds.
#[derive(Debug, Serialize, JsonSchema)]
struct TimingRecord {
    /// From the connection's opening to the greeting.
    greeting_ns: Option<i64>,
    /// All waits for the server but that one; the way there and back over the wire is in it.
    server_ns: i64,
    /// The rest of the time between the first turn and the last.
    client_ns: i64,
}

impl From<Pace> for TimingRecord {
    fn from(pace: Pace) -> Self {
        Self { greeting_ns: pace.greeting, server_ns: pace.server, client_ns: pace.client }
    }
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
    /// The packet in which it ended, where that is another one.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_packet: Option<u64>,
    /// It stood inside TLS and was decrypted with a key log.
    #[serde(skip_serializing_if = "Option::is_none")]
    decrypted: Option<bool>,
    /// First and last packet of the TLS records that carried it.
    #[serde(skip_serializing_if = "Option::is_none")]
    sealed_in: Option<[u64; 2]>,
    /// `client` or `server`.
    from: &'static str,
    /// `greeting command reply auth_response message tls gap`.
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    verb: Option<String>,
    /// A command as it was sent, without a secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    argument: Option<String>,
    /// The packet of the command that a reply answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    answers: Option<u64>,
    /// The place in `turns` of the command, or message, that a reply answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    answers_turn: Option<usize>,
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
struct AbandonedRecord {
    mail_from: Option<String>,
    rcpt_to: Vec<RecipientRecord>,
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
            decrypted: session.decrypted.is_some(),
            lmtp: session.lmtp,
            greeting: session.greeting.clone(),
            client_name: session.client_name.clone(),
            capabilities: session.capabilities.clone(),
            auth: session.auth.as_ref().map(|auth| auth_record(auth, reveal)),
            turns: session
                .turns
                .iter()
                .enumerate()
                .map(|(at, turn)| turn_record(turn, session.sealed_in(at), reveal))
                .collect(),
            turns_left_out: session.turns_left_out,
            messages: session.messages.iter().map(MessageRecord::from).collect(),
            abandoned: session.abandoned.iter().map(AbandonedRecord::from).collect(),
            timing: Pace::of(session).into(),
            exposure: session.into(),
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

fn turn_record(turn: &Turn, sealed_in: Option<(u64, u64)>, reveal: bool) -> TurnRecord {
    let record = TurnRecord {
        packet: turn.packet,
        time: turn.time.map(utc),
        last_packet: Some(turn.last_packet).filter(|last| *last != turn.packet),
        decrypted: sealed_in.map(|_| true),
        sealed_in: sealed_in.map(|(first, last)| [first, last]),
        from: match turn.from {
            Speaker::Client => "client",
            Speaker::Server => "server",
        },
        ..TurnRecord::default()
    };
    match &turn.kind {
        TurnKind::Greeting(reply) => with_reply(TurnRecord { kind: "greeting", ..record }, reply),
        TurnKind::Reply { answers, to, reply, .. } => {
            with_reply(TurnRecord { kind: "reply", answers: *answers, answers_turn: *to, ..record }, reply)
        }
        TurnKind::Command { verb, line, argument, secret } => TurnRecord {
            kind: "command",
            verb: Some(verb.clone()),
            line: Some(line.clone()),
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

impl From<&Abandoned> for AbandonedRecord {
    fn from(abandoned: &Abandoned) -> Self {
        Self {
            mail_from: abandoned.mail_from.clone(),
            rcpt_to: abandoned
                .rcpt_to
                .iter()
                .map(|r| RecipientRecord::new(r, abandoned.verdict(r).0))
                .collect(),
        }
    }
}
