//! `smtp_session`: one an SMTP session.

use schemars::JsonSchema;
use serde::Serialize;

use super::EndpointRecord;
use super::exposure::ExposureRecord;
use super::lookup::ToldRecord;
use super::message::{MessageRecord, RecipientRecord};
use crate::conversation::smtp::{
    Abandoned, Auth, AuthOutcome, Encryption, Pace, Reply, Role, Session, Speaker, Turn, TurnKind, Warning,
};
use crate::report::utc::Utc;

/// The shape of an `smtp_session` record.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "smtp_session")]
pub(in crate::report) struct SessionRecord<'a> {
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
    greeting: Option<&'a str>,
    client_name: Option<&'a str>,
    capabilities: &'a [String],
    auth: Option<AuthRecord<'a>>,
    turns: Vec<TurnRecord<'a>>,
    turns_left_out: u64,
    messages: Vec<MessageRecord<'a>>,
    /// Transactions that never reached DATA or BDAT.
    abandoned: Vec<AbandonedRecord<'a>>,
    timing: TimingRecord,
    /// Lookups that led to the server, and those that it made.
    lookups: Vec<ToldRecord>,
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
    /// From the first message of TLS to the first line that was decrypted; 0 where there is none.
    tls_ns: i64,
    /// The rest of the time between the first turn and the last.
    client_ns: i64,
}

impl From<Pace> for TimingRecord {
    fn from(pace: Pace) -> Self {
        let Pace { greeting: greeting_ns, server: server_ns, tls: tls_ns, client: client_ns, .. } = pace;
        Self { greeting_ns, server_ns, tls_ns, client_ns }
    }
}

#[derive(Debug, Serialize, JsonSchema)]
struct AuthRecord<'a> {
    mechanism: &'a str,
    user: Option<&'a str>,
    /// `accepted`, `rejected`, `cancelled` or `unknown`.
    outcome: &'static str,
    /// Only with `--reveal-secrets`.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<&'a str>,
}

#[derive(Debug, Default, Serialize, JsonSchema)]
struct TurnRecord<'a> {
    packet: u64,
    #[schemars(with = "Option<String>")]
    time: Option<Utc>,
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
    verb: Option<&'a str>,
    /// A command as it was sent, without a secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    argument: Option<&'a str>,
    /// The packet of the command that a reply answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    answers: Option<u64>,
    /// The place in `turns` of the command, or message, that a reply answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    answers_turn: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    enhanced: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lines: Option<&'a [String]>,
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
    secret: Option<&'a str>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct AbandonedRecord<'a> {
    mail_from: Option<&'a str>,
    rcpt_to: Vec<RecipientRecord<'a>>,
}

impl<'a> SessionRecord<'a> {
    pub(in crate::report) fn new(session: &'a Session, reveal: bool) -> Self {
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
            greeting: session.greeting.as_deref(),
            client_name: session.client_name.as_deref(),
            capabilities: &session.capabilities,
            auth: session.auth.as_ref().map(|auth| auth_record(auth, reveal)),
            turns: turns(session, reveal),
            turns_left_out: session.turns_left_out,
            messages: session.messages.iter().map(MessageRecord::from).collect(),
            abandoned: session.abandoned.iter().map(AbandonedRecord::from).collect(),
            timing: Pace::of(session).into(),
            lookups: session.lookups.iter().map(ToldRecord::from).collect(),
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

fn auth_record(auth: &Auth, reveal: bool) -> AuthRecord<'_> {
    AuthRecord {
        mechanism: &auth.mechanism,
        user: auth.user.as_deref(),
        outcome: match auth.outcome {
            AuthOutcome::Accepted => "accepted",
            AuthOutcome::Rejected => "rejected",
            AuthOutcome::Cancelled => "cancelled",
            AuthOutcome::Unknown => "unknown",
        },
        secret: auth.secret.as_deref().filter(|_| reveal),
    }
}

fn turns(session: &Session, reveal: bool) -> Vec<TurnRecord<'_>> {
    let all = session.turns.iter().enumerate();
    all.map(|(at, turn)| {
        let sealed_in = session.sealed_in(at).map(|(first, last)| [first, last]);
        let decrypted = sealed_in.map(|_| true);
        TurnRecord { decrypted, sealed_in, ..turn_record(turn, reveal) }
    })
    .collect()
}

fn turn_record(turn: &Turn, reveal: bool) -> TurnRecord<'_> {
    let record = TurnRecord {
        packet: turn.packet,
        time: turn.time.map(Utc),
        last_packet: Some(turn.last_packet).filter(|last| *last != turn.packet),
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
            verb: Some(verb),
            line: Some(line),
            argument: Some(argument),
            secret: secret.as_deref().filter(|_| reveal),
            ..record
        },
        TurnKind::AuthResponse { secret, cancel } => TurnRecord {
            kind: "auth_response",
            cancel: Some(*cancel),
            secret: reveal.then_some(secret),
            ..record
        },
        TurnKind::Message { octets, message } => {
            TurnRecord { kind: "message", octets: Some(*octets), message: Some(*message), ..record }
        }
        TurnKind::Tls => TurnRecord { kind: "tls", ..record },
        TurnKind::Gap { octets } => TurnRecord { kind: "gap", octets: Some(*octets), ..record },
    }
}

fn with_reply<'a>(record: TurnRecord<'a>, reply: &'a Reply) -> TurnRecord<'a> {
    TurnRecord {
        code: Some(reply.code),
        enhanced: reply.enhanced.as_deref(),
        lines: Some(&reply.lines),
        ..record
    }
}

impl<'a> From<&'a Abandoned> for AbandonedRecord<'a> {
    fn from(abandoned: &'a Abandoned) -> Self {
        Self {
            mail_from: abandoned.mail_from.as_deref(),
            rcpt_to: abandoned
                .rcpt_to
                .iter()
                .map(|r| RecipientRecord::new(r, abandoned.verdict(r).0))
                .collect(),
        }
    }
}
