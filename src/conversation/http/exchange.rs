//! What is known of a request and its response: plain data, one field a fact of the `http_exchange` record.
//!
//! Texts are as they came (invalid UTF-8 replaced, not escaped). Secrets are kept apart from what may be shown.

use super::decode::Decoded;
use super::start::TargetForm;
use super::text::Text;
use crate::packet::{Endpoint, PerSide, Side, Timestamp};

/// A request, and what answered it.
#[derive(Debug, Clone, PartialEq)]
pub struct Exchange {
    /// The connection that carried it.
    pub stream: u64,
    /// The end of the connection that asks.
    pub asks: Side,
    /// Where it was seen, and between whom.
    pub ends: Option<Ends>,
    /// Its place among the exchanges of the connection, from 1.
    pub number: u64,
    /// It stood inside TLS and was decrypted with a key log: others on the wire could not read it.
    pub decrypted: bool,
    /// The request; `None` where it was not seen.
    pub request: Option<Request>,
    /// Responses of code 1xx before the final one, the first few.
    pub interim: Vec<Response>,
    /// Those beyond the bound.
    pub interim_left_out: u64,
    /// The final response; `None` where it was not seen.
    pub response: Option<Response>,
    /// What the connection is for behind it.
    pub after: After,
    /// What is odd or unsafe, each once.
    pub warnings: Vec<Warning>,
}

/// Where an exchange was seen, and between whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ends {
    /// The capture it was seen in.
    pub capture: u32,
    /// Both ends of its connection.
    pub endpoints: PerSide<Endpoint>,
}

/// A request.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// The method, as it stands: methods are case-sensitive.
    pub method: String,
    /// The target, as it stands.
    pub target: Text,
    /// Its form.
    pub form: TargetForm,
    /// The host and port that it is for: of the target, or else of the Host field.
    pub host: Option<String>,
    /// How it authenticates itself.
    pub authorization: Option<Authorization>,
    /// All else.
    pub message: Message,
}

/// A response.
#[derive(Debug, Clone, PartialEq)]
pub struct Response {
    /// The status code, 100 to 999.
    pub status: u16,
    /// The reason phrase, which may be empty.
    pub reason: String,
    /// All else.
    pub message: Message,
}

/// What a request's Authorization field says that is no secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authorization {
    /// The scheme, as it stands.
    pub scheme: String,
    /// The user, of the Basic scheme (RFC 7617).
    pub user: Option<String>,
}

/// What requests and responses have both.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// The digit behind `HTTP/1.`.
    pub minor: u8,
    /// The header fields in order, the first few.
    pub fields: Vec<Field>,
    /// Those beyond the bound.
    pub fields_left_out: u64,
    /// The fields behind a chunked body, the first few.
    pub trailer: Vec<Field>,
    /// Octets of the head, its blank line included.
    pub head_octets: u64,
    /// Where the body ends.
    pub framing: Framing,
    /// What Content-Length says, also where it does not decide.
    pub declared_length: Option<u64>,
    /// The body.
    pub body: Body,
    /// The packet of its first octet.
    pub first_packet: u64,
    /// The packet of the head's last octet.
    pub head_last_packet: u64,
    /// The packet of its last octet so far.
    pub last_packet: u64,
    /// When its first octet was captured.
    pub first_time: Option<Timestamp>,
    /// When its last octet was captured.
    pub last_time: Option<Timestamp>,
    /// Why it is not whole, where it is not.
    pub cut: Option<Cut>,
}

/// A header field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// The name, as it stands: names are not case-sensitive.
    pub name: String,
    /// The value, without white space around it.
    pub value: Text,
}

/// A body.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Body {
    /// The packet of its first octet, where one was captured.
    pub first_packet: Option<u64>,
    /// Octets of content that were captured, the transfer coding undone, the content coding not.
    pub octets: u64,
    /// Octets of content that are missing in the capture.
    pub missing: u64,
    /// The chunks, where it is chunked.
    pub chunks: Chunks,
    /// SHA-256 of the content in hexadecimal, the content coding not undone, where all of it was read.
    pub sha256: Option<String>,
    /// The media type, in lower case and without parameters.
    pub content_type: Option<String>,
    /// Its charset.
    pub charset: Option<String>,
    /// The content codings, in lower case, in the order in which they were applied.
    pub codings: Vec<String>,
    /// What came of undoing the coding, where it was tried.
    pub decoded: Option<Decoded>,
}

/// The chunks of a body.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Chunks {
    /// How many, without the last one of size 0.
    pub count: u64,
    /// The sizes of the first few.
    pub sizes: Vec<u64>,
    /// Whether one of them has an extension.
    pub extensions: bool,
}

/// Where a body ends (RFC 9112 section 6.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// There is none.
    None(NoBody),
    /// After so many octets.
    Length(u64),
    /// With the last chunk.
    Chunked,
    /// With the connection.
    UntilClose,
    /// Nobody can tell: the next start line is looked for.
    Unknown,
}

impl Framing {
    /// The name in records.
    pub const fn name(self) -> &'static str {
        match self {
            Framing::None(_) => "none",
            Framing::Length(_) => "content_length",
            Framing::Chunked => "chunked",
            Framing::UntilClose => "until_close",
            Framing::Unknown => "unknown",
        }
    }
}

/// Why there is no body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoBody {
    /// A request that announces none.
    NotAnnounced,
    /// The answer to HEAD, whatever it announces.
    Head,
    /// Code 1xx, 204 or 304, whatever it announces.
    Status,
    /// The answer to CONNECT that opens the tunnel.
    Tunnel,
    /// The request was not seen, and the next response stands where a body would: so this answered a HEAD.
    ProbablyHead,
}

/// Why a message is not whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// Octets of its head are missing in the capture.
    GapInHead,
    /// Octets of its body are missing in the capture.
    GapInBody,
    /// The sender closed the connection too early.
    Closed,
    /// The connection was reset.
    Reset,
    /// The capture ends first.
    CaptureEnds,
    /// A chunk is none: where the body ends cannot be told.
    BrokenChunk,
}

impl Cut {
    /// The name in records.
    pub const fn name(self) -> &'static str {
        match self {
            Cut::GapInHead => "gap_in_head",
            Cut::GapInBody => "gap_in_body",
            Cut::Closed => "closed",
            Cut::Reset => "reset",
            Cut::CaptureEnds => "capture_ends",
            Cut::BrokenChunk => "broken_chunk",
        }
    }
}

/// What a connection is for behind an exchange.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum After {
    /// The response was not seen.
    Unknown,
    /// It stays open: the rule of HTTP/1.1.
    Persists,
    /// It stays open: both HTTP/1.0 ends asked for that with `keep-alive`.
    KeptAlive,
    /// It closes: the request said `Connection: close`.
    ClientCloses,
    /// It closes: the response said `Connection: close`.
    ServerCloses,
    /// It closes: the rule of HTTP/1.0.
    OldVersion,
    /// It closes: that is the end of the body.
    EndsBody,
    /// It is a tunnel to the request's target (CONNECT).
    Tunnel,
    /// It speaks another protocol from here on, by its name in the Upgrade field.
    Upgraded(String),
}

impl After {
    /// The name in records.
    pub const fn name(&self) -> &'static str {
        match self {
            After::Unknown => "unknown",
            After::Persists => "persists",
            After::KeptAlive => "kept_alive",
            After::ClientCloses => "client_closes",
            After::ServerCloses => "server_closes",
            After::OldVersion => "old_version",
            After::EndsBody => "ends_body",
            After::Tunnel => "tunnel",
            After::Upgraded(_) => "upgraded",
        }
    }

    /// Whether more requests may follow; `None` where that is not known.
    pub const fn persists(&self) -> Option<bool> {
        match self {
            After::Unknown => None,
            After::Persists | After::KeptAlive => Some(true),
            _ => Some(false),
        }
    }
}

/// What is odd or unsafe.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Warning {
    /// Transfer-Encoding and Content-Length together (RFC 9112 section 6.3): request smuggling.
    BothLengths,
    /// Several Content-Lengths that differ (RFC 9110 section 8.6): request smuggling.
    LengthsDiffer,
    /// A Content-Length that is no number.
    InvalidLength,
    /// A transfer coding of which chunked is not the last (RFC 9112 section 6.1).
    NotChunkedLast,
    /// Transfer-Encoding with HTTP/1.0, which has none (RFC 9112 section 6.1).
    TransferEncodingInHttp10,
    /// A line of a head that ends in LF alone (RFC 9112 section 2.2).
    BareLf,
    /// A line of the chunked coding that ends in LF alone.
    BareLfInChunk,
    /// A header field folded over lines (RFC 9112 section 5.2).
    ObsoleteFolding,
    /// White space between a field's name and its colon (RFC 9112 section 5.1): request smuggling.
    SpaceBeforeColon,
    /// A line of a head that is no field.
    InvalidField,
    /// A head beyond the bound: only its beginning was read.
    HeadTooLong,
    /// An HTTP/1.1 request without a Host field (RFC 9112 section 3.2).
    NoHost,
    /// A request with several Host fields.
    SeveralHosts,
    /// A secret in the target, where logs and histories keep it.
    SecretInTarget,
    /// A final response that came before its request had ended.
    AnsweredEarly,
    /// Requests or responses are missing: which belong together is not certain.
    PairingUncertain,
    /// More came out of a compressed body than the bounds allow.
    DecodingStopped,
}

impl Warning {
    /// All of them, in the order of records.
    pub const ALL: [Warning; 17] = [
        Warning::BothLengths,
        Warning::LengthsDiffer,
        Warning::InvalidLength,
        Warning::NotChunkedLast,
        Warning::TransferEncodingInHttp10,
        Warning::BareLf,
        Warning::BareLfInChunk,
        Warning::ObsoleteFolding,
        Warning::SpaceBeforeColon,
        Warning::InvalidField,
        Warning::HeadTooLong,
        Warning::NoHost,
        Warning::SeveralHosts,
        Warning::SecretInTarget,
        Warning::AnsweredEarly,
        Warning::PairingUncertain,
        Warning::DecodingStopped,
    ];

    /// The name in records.
    pub const fn name(self) -> &'static str {
        match self {
            Warning::BothLengths => "both_lengths",
            Warning::LengthsDiffer => "lengths_differ",
            Warning::InvalidLength => "invalid_length",
            Warning::NotChunkedLast => "not_chunked_last",
            Warning::TransferEncodingInHttp10 => "transfer_encoding_in_http_1_0",
            Warning::BareLf => "bare_lf",
            Warning::BareLfInChunk => "bare_lf_in_chunk",
            Warning::ObsoleteFolding => "obsolete_folding",
            Warning::SpaceBeforeColon => "space_before_colon",
            Warning::InvalidField => "invalid_field",
            Warning::HeadTooLong => "head_too_long",
            Warning::NoHost => "no_host",
            Warning::SeveralHosts => "several_hosts",
            Warning::SecretInTarget => "secret_in_target",
            Warning::AnsweredEarly => "answered_early",
            Warning::PairingUncertain => "pairing_uncertain",
            Warning::DecodingStopped => "decoding_stopped",
        }
    }
}

impl Message {
    /// The value of the first field with this name.
    pub fn field(&self, name: &str) -> Option<&Text> {
        self.fields.iter().find(|field| field.name.eq_ignore_ascii_case(name)).map(|field| &field.value)
    }

    /// Whether nothing of it is missing.
    pub fn is_complete(&self) -> bool {
        self.cut.is_none()
    }
}

impl Exchange {
    /// The capture it was seen in; the first one where that is not known.
    pub fn capture(&self) -> u32 {
        self.ends.map_or(1, |ends| ends.capture)
    }

    /// The end that asked.
    pub fn client(&self) -> Option<Endpoint> {
        self.ends.map(|ends| *ends.endpoints.of(self.asks))
    }

    /// The end that answered.
    pub fn server(&self) -> Option<Endpoint> {
        self.ends.map(|ends| *ends.endpoints.of(self.asks.peer()))
    }

    /// Nanoseconds from the request's last octet to the first one of its final response; `None` where one was not
    /// seen, and where the response came first.
    pub fn wait(&self) -> Option<i64> {
        let asked = self.request.as_ref()?.message.last_time?;
        let answered = self.response.as_ref()?.message.first_time?;
        Some(answered.since(asked)).filter(|wait| *wait >= 0)
    }

    /// Nanoseconds from the first octet of the response to its last one.
    pub fn transfer(&self) -> Option<i64> {
        let message = &self.response.as_ref()?.message;
        Some(message.last_time?.since(message.first_time?))
    }

    /// The messages that were seen, in order.
    pub fn messages(&self) -> impl Iterator<Item = &Message> {
        let request = self.request.as_ref().map(|request| &request.message);
        let responses = self.interim.iter().chain(&self.response).map(|response| &response.message);
        request.into_iter().chain(responses)
    }

    /// The first packet of it.
    pub fn first_packet(&self) -> u64 {
        self.messages().map(|message| message.first_packet).min().unwrap_or_default()
    }

    /// The last packet of it.
    pub fn last_packet(&self) -> u64 {
        self.messages().map(|message| message.last_packet).max().unwrap_or_default()
    }

    /// Whether both its request and its final response were seen, whole.
    pub fn is_complete(&self) -> bool {
        self.request.is_some() && self.response.is_some() && self.messages().all(Message::is_complete)
    }

    pub(super) fn warn(&mut self, warning: Warning) {
        if let Err(at) = self.warnings.binary_search(&warning) {
            self.warnings.insert(at, warning);
        }
    }
}
