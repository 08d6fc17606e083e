//! `http_exchange`: one an HTTP request and the response to it.

use schemars::JsonSchema;
use serde::Serialize;

use super::EndpointRecord;
use crate::conversation::http::{After, Authorization, Decoded, Exchange, Field, Message, Text, Warning};
use crate::report::utc::utc;

/// The shape of an `http_exchange` record.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "http_exchange")]
pub(in crate::report) struct ExchangeRecord {
    schema: u8,
    record: &'static str,
    capture: u32,
    stream: u64,
    /// Its place among the exchanges of the connection, from 1.
    number: u64,
    /// It stood inside TLS and was decrypted with a key log.
    decrypted: bool,
    client: Option<EndpointRecord>,
    server: Option<EndpointRecord>,
    /// `null`, like all else of the request, where the request was not seen.
    method: Option<String>,
    target: Option<String>,
    /// `origin`, `absolute`, `authority`, `asterisk` or `other`.
    target_form: Option<&'static str>,
    /// The host and port that the request is for.
    host: Option<String>,
    /// The final one; `null`, like all else of the response, where it was not seen.
    status: Option<u16>,
    reason: Option<String>,
    /// Codes 1xx before the final one.
    interim: Vec<u16>,
    authorization: Option<AuthorizationRecord>,
    software: SoftwareRecord,
    request: Option<MessageRecord>,
    response: Option<MessageRecord>,
    first_packet: u64,
    last_packet: u64,
    start: Option<String>,
    end: Option<String>,
    /// From the request's last octet to the response's first.
    wait_ns: Option<i64>,
    /// From the response's first octet to its last.
    transfer_ns: Option<i64>,
    /// Both were seen, whole.
    complete: bool,
    /// What the connection is for behind it: `persists`, `kept_alive`, `client_closes`, `server_closes`,
    /// `old_version`, `ends_body`, `tunnel`, `upgraded` or `unknown`.
    after: &'static str,
    /// The protocol that follows, by its name in the Upgrade field.
    upgraded_to: Option<String>,
    warnings: Vec<&'static str>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct AuthorizationRecord {
    scheme: String,
    user: Option<String>,
}

/// What both programs call themselves.
#[derive(Debug, Serialize, JsonSchema)]
struct SoftwareRecord {
    client: Option<String>,
    server: Option<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct MessageRecord {
    version: String,
    fields: Vec<HeaderFieldRecord>,
    fields_left_out: u64,
    trailer: Vec<HeaderFieldRecord>,
    head_octets: u64,
    /// Where the body ends: `none`, `content_length`, `chunked`, `until_close` or `unknown`.
    framing: &'static str,
    /// What Content-Length says, also where it does not decide.
    declared_length: Option<u64>,
    /// Octets of the body that were captured, without what chunks add to them.
    octets: u64,
    missing_octets: u64,
    chunks: u64,
    content_type: Option<String>,
    charset: Option<String>,
    /// Content codings, in the order in which they were applied.
    codings: Vec<String>,
    /// Of the body as it was sent, where it is whole.
    sha256: Option<String>,
    /// What came of undoing the content coding.
    decoded: Option<DecodedRecord>,
    first_packet: u64,
    last_packet: u64,
    start: Option<String>,
    end: Option<String>,
    complete: bool,
    /// `gap_in_head`, `gap_in_body`, `closed`, `reset`, `capture_ends` or `broken_chunk`.
    cut: Option<&'static str>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct HeaderFieldRecord {
    name: String,
    value: String,
}

#[derive(Debug, Serialize, JsonSchema)]
struct DecodedRecord {
    octets: u64,
    sha256: Option<String>,
    /// `whole`, `cut`, `damaged` or `too_much`.
    end: &'static str,
}

impl ExchangeRecord {
    /// The record; secrets in it only if `reveal`.
    pub(in crate::report) fn new(exchange: &Exchange, reveal: bool) -> Self {
        let request = exchange.request.as_ref();
        let response = exchange.response.as_ref();
        let said = |message: Option<&Message>, name: &str| {
            message.and_then(|message| message.field(name)).map(|value| value.shown(reveal).into_owned())
        };
        let messages = || exchange.messages();
        Self {
            schema: 1,
            record: "http_exchange",
            capture: exchange.capture(),
            stream: exchange.stream,
            number: exchange.number,
            decrypted: exchange.decrypted,
            client: exchange.client().map(Into::into),
            server: exchange.server().map(Into::into),
            method: request.map(|request| request.method.clone()),
            target: request.map(|request| request.target.shown(reveal).into_owned()),
            target_form: request.map(|request| request.form.name()),
            host: request.and_then(|request| request.host.clone()),
            status: response.map(|response| response.status),
            reason: response.map(|response| response.reason.clone()),
            interim: exchange.interim.iter().map(|response| response.status).collect(),
            authorization: request.and_then(|request| request.authorization.as_ref()).map(Into::into),
            software: SoftwareRecord {
                client: said(request.map(|request| &request.message), "User-Agent"),
                server: said(response.map(|response| &response.message), "Server"),
            },
            request: request.map(|request| MessageRecord::new(&request.message, reveal)),
            response: response.map(|response| MessageRecord::new(&response.message, reveal)),
            first_packet: exchange.first_packet(),
            last_packet: exchange.last_packet(),
            start: messages().filter_map(|message| message.first_time).min().map(utc),
            end: messages().filter_map(|message| message.last_time).max().map(utc),
            wait_ns: exchange.wait(),
            transfer_ns: exchange.transfer(),
            complete: exchange.is_complete(),
            after: exchange.after.name(),
            upgraded_to: match &exchange.after {
                After::Upgraded(protocol) => Some(protocol.clone()),
                _ => None,
            },
            warnings: exchange.warnings.iter().map(|&warning| Warning::name(warning)).collect(),
        }
    }
}

impl MessageRecord {
    fn new(message: &Message, reveal: bool) -> Self {
        let fields =
            |list: &[Field]| list.iter().map(|field| HeaderFieldRecord::new(field, reveal)).collect();
        let body = &message.body;
        Self {
            version: format!("1.{}", message.minor),
            fields: fields(&message.fields),
            fields_left_out: message.fields_left_out,
            trailer: fields(&message.trailer),
            head_octets: message.head_octets,
            framing: message.framing.name(),
            declared_length: message.declared_length,
            octets: body.octets,
            missing_octets: body.missing,
            chunks: body.chunks.count,
            content_type: body.content_type.clone(),
            charset: body.charset.clone(),
            codings: body.codings.clone(),
            sha256: body.sha256.clone(),
            decoded: body.decoded.as_ref().map(Into::into),
            first_packet: message.first_packet,
            last_packet: message.last_packet,
            start: message.first_time.map(utc),
            end: message.last_time.map(utc),
            complete: message.is_complete(),
            cut: message.cut.map(|cut| cut.name()),
        }
    }
}

impl HeaderFieldRecord {
    fn new(field: &Field, reveal: bool) -> Self {
        Self { name: field.name.clone(), value: Text::shown(&field.value, reveal).into_owned() }
    }
}

impl From<&Authorization> for AuthorizationRecord {
    fn from(authorization: &Authorization) -> Self {
        Self { scheme: authorization.scheme.clone(), user: authorization.user.clone() }
    }
}

impl From<&Decoded> for DecodedRecord {
    fn from(decoded: &Decoded) -> Self {
        Self { octets: decoded.octets, sha256: decoded.sha256.clone(), end: decoded.end.name() }
    }
}
