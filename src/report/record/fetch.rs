//! `imap_session` and `pop3_session`: one a session in which mail was read.

use schemars::JsonSchema;
use serde::Serialize;

use super::exposure::{SecretRecord, SightRecord};
use super::message::ContentRecord;
use super::{EndpointRecord, hex};
use crate::conversation::fetch::{
    Change, Exposed, Exposure, Login, Message, Response, Session, Status, Turn, TurnKind, Warning,
};
use crate::conversation::smtp::{AuthOutcome, Encryption, Proof, Speaker};
use crate::packet::Protocol;
use crate::report::utc::Utc;

/// The shape of an `imap_session` and of a `pop3_session` record.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "imap_session")]
pub(in crate::report) struct FetchRecord<'a> {
    schema: u8,
    record: &'static str,
    capture: u32,
    stream: u64,
    first_packet: u64,
    client: EndpointRecord,
    server: EndpointRecord,
    /// `none`, `starttls` or `implicit`.
    encryption: &'static str,
    /// The first packet of the TLS handshake after STARTTLS or STLS.
    encrypted_from: Option<u64>,
    greeting: Option<String>,
    /// What the server offered last.
    capabilities: Vec<String>,
    /// The last attempt to log in.
    auth: Option<LoginRecord>,
    /// All of them, in order.
    logins: Vec<LoginRecord>,
    turns: Vec<TurnRecord>,
    turns_left_out: u64,
    /// Messages, and portions of them, fetched and uploaded.
    messages: Vec<FetchedRecord<'a>>,
    messages_left_out: u64,
    /// What the client changed: flags, deletions, copies.
    changes: Vec<ChangeRecord>,
    /// What those who read this wire could read, and what TLS hid.
    exposure: FetchExposureRecord,
    warnings: Vec<&'static str>,
    /// `logout`, `quit`, `bye`, `closed`, `reset`, `tls` or `open`.
    ended: &'static str,
}

#[derive(Debug, Clone, Serialize, JsonSchema)]
struct LoginRecord {
    packet: u64,
    /// `LOGIN`, `AUTHENTICATE`, `USER`, `APOP` or `AUTH`.
    command: &'static str,
    /// The SASL mechanism, where one was named.
    mechanism: Option<String>,
    user: Option<String>,
    /// What was sent to prove it: `password`, `token`, `digest`, `once`, `elsewhere` or `unknown`.
    proof: &'static str,
    /// It was sent inside TLS.
    encrypted: bool,
    /// `accepted`, `rejected`, `cancelled` or `unknown`.
    outcome: &'static str,
    /// The server's words.
    answer: Option<String>,
    /// Only with `--reveal-secrets`.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
}

#[derive(Debug, Default, Serialize, JsonSchema)]
struct TurnRecord {
    packet: u64,
    #[schemars(with = "Option<String>")]
    time: Option<Utc>,
    /// The packet in which it ended, where that is another one.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_packet: Option<u64>,
    /// `client` or `server`.
    from: &'static str,
    /// `greeting command untagged tagged continuation status auth_response message tls gap`.
    kind: &'static str,
    /// `connect greet secure authenticate mailbox message close`.
    phase: &'static str,
    /// It was sent inside TLS.
    #[serde(skip_serializing_if = "Option::is_none")]
    decrypted: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tag: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    verb: Option<String>,
    /// A command or response as it was sent, without a secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    argument: Option<String>,
    /// The packet of the command that a response answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    answers: Option<u64>,
    /// The place in `turns` of the command that a response answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    answers_turn: Option<usize>,
    /// `ok`, `no`, `bad`, `preauth`, `bye` or `err`.
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<&'static str>,
    /// What stands in brackets behind the status.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<String>,
    /// IMAP data: its name and number.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    number: Option<u64>,
    /// POP3: the lines behind a reply, but for those of a message.
    #[serde(skip_serializing_if = "Option::is_none")]
    lines: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lines_left_out: Option<u64>,
    /// Octets of a message (on the wire) or a gap.
    #[serde(skip_serializing_if = "Option::is_none")]
    octets: Option<u64>,
    /// Index in `messages`.
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<usize>,
    /// A line of a login with `*`.
    #[serde(skip_serializing_if = "Option::is_none")]
    cancel: Option<bool>,
    /// Only with `--reveal-secrets`.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct FetchedRecord<'a> {
    /// `server` where it was fetched, `client` where it was uploaded.
    from: &'static str,
    /// As the protocol names it: `BODY[]`, `RETR`, `APPEND`.
    item: String,
    /// `whole`, `beginning`, `header`, `top` or `section`.
    portion: &'static str,
    number: Option<u64>,
    uid: Option<u64>,
    mailbox: Option<String>,
    /// As the reader gets them.
    octets: u64,
    complete: bool,
    sha256: Option<String>,
    first_packet: u64,
    last_packet: u64,
    /// It was sent inside TLS.
    decrypted: bool,
    #[serde(flatten)]
    content: ContentRecord<'a>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct ChangeRecord {
    packet: u64,
    /// `marked`, `marked_deleted`, `expunged`, `copied`, `moved` or `uploaded`.
    what: &'static str,
    /// The command's arguments: which messages, flags, the mailbox.
    argument: String,
    /// `done`, `refused`, `undone` (POP3: no QUIT, or RSET) or `unknown`.
    outcome: &'static str,
}

/// Each with the packet in which it could first be read.
#[derive(Debug, Default, Serialize, JsonSchema)]
struct FetchExposureRecord {
    /// Who logs in.
    user: SightRecord,
    /// What proves it.
    secret: SecretRecord,
    /// IMAP: names of mailboxes.
    #[serde(skip_serializing_if = "Option::is_none")]
    mailboxes: Option<SightRecord>,
    /// Subjects, of messages or in lists of them.
    subject: SightRecord,
    /// Bodies of messages.
    body: SightRecord,
}

impl<'a> FetchRecord<'a> {
    pub(in crate::report) fn new(session: &'a Session, reveal: bool) -> Self {
        let logins: Vec<_> = session.logins.iter().map(|login| login_record(login, reveal)).collect();
        Self {
            schema: 1,
            record: if session.protocol == Protocol::Pop3 { "pop3_session" } else { "imap_session" },
            capture: session.capture,
            stream: session.stream,
            first_packet: session.first_packet,
            client: session.client.into(),
            server: session.server.into(),
            encryption: match session.encryption {
                Encryption::None => "none",
                Encryption::StartTls { .. } => "starttls",
                Encryption::Implicit => "implicit",
            },
            encrypted_from: match session.encryption {
                Encryption::StartTls { packet } => Some(packet),
                Encryption::None | Encryption::Implicit => None,
            },
            greeting: session.greeting.clone(),
            capabilities: session.capabilities.clone(),
            auth: logins.last().cloned(),
            logins,
            turns: session.turns.iter().map(|turn| turn_record(turn, reveal)).collect(),
            turns_left_out: session.turns_left_out,
            messages: session.messages.iter().map(FetchedRecord::from).collect(),
            messages_left_out: session.messages_left_out,
            changes: session.changes().iter().map(ChangeRecord::from).collect(),
            exposure: session.into(),
            warnings: session.warnings.iter().map(|&warning| Warning::name(warning)).collect(),
            ended: session.ended.name(),
        }
    }
}

fn login_record(login: &Login, reveal: bool) -> LoginRecord {
    LoginRecord {
        packet: login.packet,
        command: login.command,
        mechanism: login.mechanism.clone(),
        user: login.user.clone(),
        proof: login.proof.name(),
        encrypted: login.encrypted,
        outcome: match login.outcome {
            AuthOutcome::Accepted => "accepted",
            AuthOutcome::Rejected => "rejected",
            AuthOutcome::Cancelled => "cancelled",
            AuthOutcome::Unknown => "unknown",
        },
        answer: login.answer.clone(),
        secret: login.secret.clone().filter(|_| reveal),
    }
}

const fn speaker(from: Speaker) -> &'static str {
    match from {
        Speaker::Client => "client",
        Speaker::Server => "server",
    }
}

fn turn_record(turn: &Turn, reveal: bool) -> TurnRecord {
    let record = TurnRecord {
        packet: turn.packet,
        time: turn.time.map(Utc),
        last_packet: Some(turn.last_packet).filter(|last| *last != turn.packet),
        from: speaker(turn.from),
        phase: turn.phase.name(),
        decrypted: turn.decrypted.then_some(true),
        ..TurnRecord::default()
    };
    match &turn.kind {
        TurnKind::Greeting(response) => with_response(TurnRecord { kind: "greeting", ..record }, response),
        TurnKind::Response { kind, answers, to, response, .. } => with_response(
            TurnRecord { kind: kind.name(), answers: *answers, answers_turn: *to, ..record },
            response,
        ),
        TurnKind::Command(command) => TurnRecord {
            kind: "command",
            tag: command.tag.clone(),
            verb: Some(command.verb.clone()),
            line: Some(command.line.clone()),
            argument: Some(command.arguments.clone()),
            secret: command.secret.clone().filter(|_| reveal),
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

fn with_response(record: TurnRecord, response: &Response) -> TurnRecord {
    TurnRecord {
        tag: response.tag.clone(),
        status: response.status.map(Status::name),
        code: response.code.clone(),
        name: response.name.clone(),
        number: response.number,
        line: Some(response.line.clone()),
        lines: (!response.lines.is_empty()).then(|| response.lines.clone()),
        lines_left_out: Some(response.lines_left_out).filter(|count| *count > 0),
        ..record
    }
}

impl<'a> From<&'a Message> for FetchedRecord<'a> {
    fn from(message: &'a Message) -> Self {
        Self {
            from: speaker(message.from),
            item: message.item.clone(),
            portion: message.portion.name(),
            number: message.number,
            uid: message.uid,
            mailbox: message.mailbox.clone(),
            octets: message.octets,
            complete: message.complete,
            sha256: message.sha256.as_ref().map(|digest| hex(digest)),
            first_packet: message.packets.start,
            last_packet: message.packets.end,
            decrypted: message.decrypted,
            content: (&message.content).into(),
        }
    }
}

impl From<&Change> for ChangeRecord {
    fn from(change: &Change) -> Self {
        Self {
            packet: change.packet,
            what: change.kind.name(),
            argument: change.arguments.clone(),
            outcome: change.outcome.name(),
        }
    }
}

impl From<&Session> for FetchExposureRecord {
    fn from(session: &Session) -> Self {
        let mut record = Self::default();
        for Exposure { what, sight, packet, proof } in session.exposure() {
            let sight = SightRecord { state: sight.name(), packet };
            match what {
                Exposed::User => record.user = sight,
                Exposed::Secret => record.secret = SecretRecord { sight, kind: proof.map(Proof::name) },
                Exposed::Mailboxes => record.mailboxes = Some(sight),
                Exposed::Subject => record.subject = sight,
                Exposed::Body => record.body = sight,
            }
        }
        record
    }
}
