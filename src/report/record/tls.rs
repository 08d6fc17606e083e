//! `tls_session`, one a TLS session.

use schemars::JsonSchema;
use serde::Serialize;

use super::{EndpointRecord, hex};
use crate::conversation::tls::{
    Agreed, Certificate, Closing, Extensions, Message, Session, Step, What, alert_name, extension_name,
    group_name, key_exchange, signature_name, suite_name, version_name,
};
use crate::packet::{PerSide, Side, Timestamp};
use crate::report::utc::utc;

/// The shape of a `tls_session` record.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "tls_session")]
pub(in crate::report) struct TlsRecord {
    schema: u8,
    record: &'static str,
    capture: u32,
    stream: u64,
    first_packet: u64,
    last_packet: u64,
    start: Option<String>,
    end: Option<String>,
    client: EndpointRecord,
    server: EndpointRecord,
    /// It began after words in the clear (STARTTLS, STLS).
    after_starttls: bool,
    /// What was spoken inside, where that could be read.
    application: Option<&'static str>,
    agreed: AgreedRecord,
    offered: Option<OfferedRecord>,
    messages: Vec<StepRecord>,
    messages_left_out: u64,
    certificates: Ends<Vec<CertificateRecord>>,
    data: Ends<DataRecord>,
    decryption: DecryptionRecord,
    /// `close_notify`, the name of a fatal alert, `sealed_alert`, or null.
    closed: Ends<Option<String>>,
    /// Octets that were not captured, or in which no record was found.
    lost_octets: Ends<u64>,
}

/// A value for each end.
#[derive(Debug, Serialize, JsonSchema)]
struct Ends<T> {
    client: T,
    server: T,
}

impl<T> Ends<T> {
    fn of<U>(session: &Session, sides: &PerSide<U>, convert: impl Fn(&U) -> T) -> Self {
        let client = session.client;
        Self { client: convert(sides.of(client)), server: convert(sides.of(client.peer())) }
    }
}

#[derive(Debug, Serialize, JsonSchema)]
struct AgreedRecord {
    version: Option<String>,
    cipher_suite: Option<String>,
    /// `ECDHE_RSA` and the like; in TLS 1.3 the suite does not say.
    key_exchange: Option<&'static str>,
    group: Option<String>,
    signature: Option<String>,
    server_name: Option<String>,
    application_protocol: Option<String>,
    /// `session_id`, `ticket` or `psk`.
    resumption: Option<&'static str>,
    /// `not_offered offered accepted rejected`.
    early_data: &'static str,
    hello_retry_request: bool,
    extended_master_secret: bool,
    encrypt_then_mac: bool,
    client_certificate: bool,
}

#[derive(Debug, Serialize, JsonSchema)]
struct OfferedRecord {
    versions: Vec<String>,
    cipher_suites: Vec<String>,
    groups: Vec<String>,
    key_shares: Vec<String>,
    signature_algorithms: Vec<String>,
    application_protocols: Vec<String>,
    extensions: Vec<String>,
}

#[derive(Debug, Default, Serialize, JsonSchema)]
struct StepRecord {
    packet: u64,
    /// The packet with which all of it was there, where that is another one.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_packet: Option<u64>,
    time: Option<String>,
    /// `client` or `server`.
    from: &'static str,
    /// On the wire: `clear`, `opened` (encrypted, and opened with the key log) or `sealed`.
    wire: &'static str,
    /// `handshake change_cipher_spec alert data sealed other gap no_records`.
    kind: &'static str,
    /// The name of a handshake message or an alert.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    /// Of an alert: `warning` or `fatal`.
    #[serde(skip_serializing_if = "Option::is_none")]
    level: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    records: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    octets: Option<u64>,
    /// Data before the end of the handshake.
    #[serde(skip_serializing_if = "Option::is_none")]
    early: Option<bool>,
    /// The content type that a record shows.
    #[serde(skip_serializing_if = "Option::is_none")]
    content_type: Option<u8>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct CertificateRecord {
    octets: usize,
    sha256: String,
    subject: Option<String>,
    issuer: Option<String>,
    names: Vec<String>,
    not_before: Option<String>,
    not_after: Option<String>,
    serial: Option<String>,
    key: Option<String>,
    self_issued: Option<bool>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct DataRecord {
    records: u64,
    /// Octets of data that could be read.
    octets: u64,
    /// Octets of records that were not opened and may be data.
    sealed_octets: u64,
    early_octets: u64,
    first_packet: Option<u64>,
    /// How often this end waited for the other before it could send data.
    round_trips: Option<u32>,
    /// `observed` or `inferred`.
    round_trips_basis: Option<&'static str>,
    /// From the ClientHello to the first data.
    first_after_ns: Option<i64>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct DecryptionRecord {
    /// `decrypted partly no_key_log no_keys keys_do_not_fit not_supported hello_not_seen nothing_encrypted`.
    state: &'static str,
    records_opened: u64,
    records_sealed: u64,
    /// Of those that were not opened: no key, keys that do not fit, behind a gap.
    without_key: u64,
    not_fitting: u64,
    behind_gap: u64,
}

impl TlsRecord {
    pub(in crate::report) fn new(session: &Session) -> Self {
        let decryption = &session.decryption;
        let side = |side: Side| data(session, side);
        Self {
            schema: 1,
            record: "tls_session",
            capture: session.capture,
            stream: session.stream,
            first_packet: session.first_packet,
            last_packet: session.last_packet,
            start: session.start.map(utc),
            end: session.end.map(utc),
            client: session.client_end.into(),
            server: session.server_end.into(),
            after_starttls: session.after_starttls,
            application: session.application.map(|protocol| protocol.name()),
            agreed: agreed(&session.agreed),
            offered: session.client_hello.as_ref().map(|hello| OfferedRecord {
                versions: hello.versions().iter().map(|&code| named(version_name(code), code)).collect(),
                cipher_suites: hello.suites.iter().map(|&code| named(suite_name(code), code)).collect(),
                ..offered(&hello.extensions)
            }),
            messages: session.steps.iter().map(|one| step(session, one)).collect(),
            messages_left_out: session.steps_left_out,
            certificates: Ends::of(session, &session.certificates, |chain| {
                chain.iter().map(certificate).collect()
            }),
            data: Ends { client: side(session.client), server: side(session.client.peer()) },
            decryption: DecryptionRecord {
                state: decryption.state.name(),
                records_opened: decryption.opened.initiator + decryption.opened.responder,
                records_sealed: decryption.sealed.initiator + decryption.sealed.responder,
                without_key: decryption.without_key,
                not_fitting: decryption.not_fitting,
                behind_gap: decryption.behind_gap,
            },
            closed: Ends::of(session, &session.closing, |closing| closing.map(closed)),
            lost_octets: Ends::of(session, &session.lost_octets, |octets| *octets),
        }
    }
}

/// A name of a registry, or the code itself.
fn named(name: Option<&str>, code: u16) -> String {
    name.map_or_else(|| format!("0x{code:04x}"), ToOwned::to_owned)
}

fn closed(closing: Closing) -> String {
    match closing {
        Closing::CloseNotify => "close_notify".to_owned(),
        Closing::Fatal(description) => alert(description),
        Closing::SealedAlert => "sealed_alert".to_owned(),
    }
}

fn alert(description: u8) -> String {
    alert_name(description).map_or_else(|| description.to_string(), ToOwned::to_owned)
}

fn agreed(agreed: &Agreed) -> AgreedRecord {
    AgreedRecord {
        version: agreed.version.map(|code| named(version_name(code), code)),
        cipher_suite: agreed.suite.map(|code| named(suite_name(code), code)),
        key_exchange: agreed.suite.and_then(key_exchange),
        group: agreed.group.map(|code| named(group_name(code), code)),
        signature: agreed.signature.map(|code| named(signature_name(code), code)),
        server_name: agreed.server_name.clone(),
        application_protocol: agreed.application_protocol.clone(),
        resumption: agreed.resumption.map(|resumption| resumption.name()),
        early_data: agreed.early_data.name(),
        hello_retry_request: agreed.retried,
        extended_master_secret: agreed.extended_master_secret,
        encrypt_then_mac: agreed.encrypt_then_mac,
        client_certificate: agreed.client_certificate,
    }
}

fn offered(extensions: &Extensions) -> OfferedRecord {
    let all = |codes: &[u16], name: fn(u16) -> Option<&'static str>| {
        codes.iter().map(|&code| named(name(code), code)).collect()
    };
    OfferedRecord {
        versions: Vec::new(),
        cipher_suites: Vec::new(),
        groups: all(&extensions.groups, group_name),
        key_shares: all(&extensions.key_shares, group_name),
        signature_algorithms: all(&extensions.signature_schemes, signature_name),
        application_protocols: extensions.application_protocols.clone(),
        extensions: all(&extensions.kinds, extension_name),
    }
}

fn step(session: &Session, step: &Step) -> StepRecord {
    let Step { packets, from, secrecy, what } = step;
    let record = StepRecord {
        packet: packets.first,
        last_packet: Some(packets.last).filter(|last| *last != packets.first),
        time: packets.time.map(utc),
        from: if *from == session.client { "client" } else { "server" },
        wire: secrecy.name(),
        ..StepRecord::default()
    };
    match what {
        What::Handshake(message) => {
            StepRecord { kind: "handshake", name: Some(message_name(message)), ..record }
        }
        What::ChangeCipherSpec => StepRecord { kind: "change_cipher_spec", ..record },
        What::Alert(level, description) => StepRecord {
            kind: "alert",
            name: Some(alert(*description)),
            level: Some(if *level == 2 { "fatal" } else { "warning" }),
            ..record
        },
        What::Data { records, octets, early } => StepRecord {
            kind: "data",
            records: Some(*records),
            octets: Some(*octets),
            early: early.then_some(true),
            ..record
        },
        What::Sealed { content_type, records, octets } => StepRecord {
            kind: "sealed",
            records: Some(*records),
            octets: Some(*octets),
            content_type: Some(*content_type),
            ..record
        },
        What::Other(content_type) => {
            StepRecord { kind: "other", content_type: Some(*content_type), ..record }
        }
        What::Gap(octets) => StepRecord { kind: "gap", octets: Some(*octets), ..record },
        What::NoRecords(octets) => StepRecord { kind: "no_records", octets: Some(*octets), ..record },
    }
}

fn message_name(message: &Message) -> String {
    match message {
        Message::Unread(kind) => format!("type {kind}"),
        named => named.name().to_owned(),
    }
}

fn certificate(certificate: &Certificate) -> CertificateRecord {
    let said = certificate.said.as_ref();
    let date = |seconds: i64| utc(Timestamp::from_parts(seconds, 0));
    CertificateRecord {
        octets: certificate.octets,
        sha256: hex(&certificate.fingerprint),
        subject: said.map(|said| said.subject.clone()),
        issuer: said.map(|said| said.issuer.clone()),
        names: said.map(|said| said.names.clone()).unwrap_or_default(),
        not_before: said.map(|said| date(said.not_before)),
        not_after: said.map(|said| date(said.not_after)),
        serial: said.map(|said| said.serial.clone()),
        key: said.map(|said| said.key.clone()),
        self_issued: said.map(|said| said.self_issued),
    }
}

fn data(session: &Session, side: Side) -> DataRecord {
    let data = session.data.of(side);
    let round_trips = session.round_trips(side);
    DataRecord {
        records: data.records,
        octets: data.octets,
        sealed_octets: data.sealed_octets,
        early_octets: data.early_octets,
        first_packet: data.first.map(|first| first.packet),
        round_trips: round_trips.map(|(count, _)| count),
        round_trips_basis: round_trips.map(|(_, observed)| if observed { "observed" } else { "inferred" }),
        first_after_ns: data.first.and_then(|first| first.nanos),
    }
}
