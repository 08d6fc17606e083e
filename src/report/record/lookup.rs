//! `dns_lookup`: a question of DNS, multicast DNS or LLMNR and what came of it.

use schemars::JsonSchema;
use serde::Serialize;

use super::EndpointRecord;
use crate::conversation::dns::{Answer, Lookup, Purpose, Query, Told};
use crate::report::utc::utc;
use crate::wire::dns::{Edns, Flags, Question, Record, TypeName, class_name, opcode_name, rcode_name};

/// The shape of a `dns_lookup` record.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "dns_lookup")]
pub(in crate::report) struct LookupRecord {
    schema: u8,
    record: &'static str,
    capture: u32,
    first_packet: u64,
    last_packet: u64,
    /// When its first packet was captured.
    time: Option<String>,
    /// `dns`, `mdns` or `llmnr`.
    service: &'static str,
    /// `udp` or `tcp`; of an answer that did not fit into a datagram, `tcp`.
    transport: &'static str,
    /// The connection that carried it.
    stream: Option<u64>,
    client: EndpointRecord,
    /// Who was asked; for `mdns` a group of hosts.
    server: EndpointRecord,
    /// The transaction's identifier.
    id: u16,
    opcode: String,
    /// `null` for what is sent without having been asked for.
    question: Option<QuestionRecord>,
    /// What it was asked for, where mail is sent.
    purpose: Option<PurposeRecord>,
    query: Option<QueryRecord>,
    /// An answer that did not fit into a datagram, before the same was asked over TCP.
    truncated: Option<TruncatedRecord>,
    answer: Option<AnswerRecord>,
    /// From the first query to the answer.
    took_ns: Option<i64>,
    /// From the last query to the time when it was given up.
    waited_ns: Option<i64>,
    /// `answered`, `no_data`, `no_such_name`, `referral`, `error`, `truncated`, `unanswered`, `announced`, `goodbye`,
    /// `probed` or `unmatched`.
    outcome: &'static str,
    /// The packet of the query that it refers to, where a warning says so.
    about: Option<u64>,
    warnings: Vec<&'static str>,
}

/// A lookup that belongs to a mail session: inferred from who asked, from addresses and domains, and from the order.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct ToldRecord {
    /// `before`: the client's, that led to the server; `during`: the server's, about the client or the sender.
    part: &'static str,
    first_packet: u64,
    last_packet: u64,
    time: Option<String>,
    took_ns: Option<i64>,
    client: EndpointRecord,
    server: EndpointRecord,
    name: String,
    #[serde(rename = "type")]
    kind: String,
    /// As in `dns_lookup`.
    outcome: &'static str,
    purpose: Option<PurposeRecord>,
    /// Records of the type that was asked for, in the form of zone files.
    answers: Vec<String>,
}

impl From<&Told> for ToldRecord {
    fn from(told: &Told) -> Self {
        Self {
            part: told.part.name(),
            first_packet: told.first_packet,
            last_packet: told.last_packet,
            time: told.time.map(utc),
            took_ns: told.took_ns,
            client: told.client.into(),
            server: told.server.into(),
            name: told.name.clone(),
            kind: TypeName(told.kind).to_string(),
            outcome: told.outcome.name(),
            purpose: told.purpose.as_ref().map(PurposeRecord::from),
            answers: told.answers.clone(),
        }
    }
}

#[derive(Debug, Serialize, JsonSchema)]
struct QuestionRecord {
    name: String,
    #[serde(rename = "type")]
    kind: String,
    class: String,
}

#[derive(Debug, Default, Serialize, JsonSchema)]
struct PurposeRecord {
    /// `mail_exchange`, `exchange_address`, `reverse_name`, `forward_confirmation`, `spf`, `dkim`, `dmarc`, `mta_sts`,
    /// `tls_reporting`, `dane`, `address_list` or `service_location`.
    kind: &'static str,
    /// The domain whose mail it is about, or the list that was asked.
    domain: Option<String>,
    /// The host that it is about.
    host: Option<String>,
    /// The address that it is about.
    address: Option<String>,
    /// The selector of a key, or the name of a service.
    selector: Option<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct QueryRecord {
    packet: u64,
    time: Option<String>,
    octets: usize,
    /// How often it was sent.
    attempts: u32,
    /// The packets of the attempts after the first.
    resent: Vec<u64>,
    flags: FlagsRecord,
    edns: Option<EdnsRecord>,
    /// Records in a query: answers that are known already, names that a host wants, what is to be changed.
    records: Vec<RecordRecord>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct TruncatedRecord {
    packet: u64,
    time: Option<String>,
    octets: usize,
    /// The packet that asked again over TCP.
    asked_again: u64,
}

#[derive(Debug, Serialize, JsonSchema)]
struct AnswerRecord {
    packet: u64,
    time: Option<String>,
    from: EndpointRecord,
    octets: usize,
    /// Messages that the answer came in.
    messages: u32,
    flags: FlagsRecord,
    /// The whole response code, and its name.
    rcode: u16,
    rcode_name: Option<&'static str>,
    edns: Option<EdnsRecord>,
    records: Vec<RecordRecord>,
    /// What broke the rules or was left out, and where in the message.
    faults: Vec<FaultRecord>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct FlagsRecord {
    authoritative: bool,
    truncated: bool,
    recursion_desired: bool,
    recursion_available: bool,
    authentic_data: bool,
    checking_disabled: bool,
}

#[derive(Debug, Serialize, JsonSchema)]
struct EdnsRecord {
    udp_size: u16,
    version: u8,
    dnssec_ok: bool,
    options: Vec<OptionRecord>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct OptionRecord {
    code: u16,
    name: Option<&'static str>,
    value: String,
}

#[derive(Debug, Serialize, JsonSchema)]
struct RecordRecord {
    /// `answer`, `authority` or `additional`.
    section: &'static str,
    name: String,
    #[serde(rename = "type")]
    kind: String,
    class: String,
    /// Seconds that it may be kept.
    ttl: u32,
    /// In the form of zone files.
    data: String,
}

#[derive(Debug, Serialize, JsonSchema)]
struct FaultRecord {
    offset: usize,
    kind: &'static str,
}

impl From<&Lookup> for LookupRecord {
    fn from(lookup: &Lookup) -> Self {
        let stream = match lookup.transport {
            crate::conversation::dns::Transport::Tcp { stream } => Some(stream),
            crate::conversation::dns::Transport::Udp => None,
        };
        Self {
            schema: 1,
            record: "dns_lookup",
            capture: lookup.capture,
            first_packet: lookup.first_packet(),
            last_packet: lookup.last_packet(),
            time: lookup.time().map(utc),
            service: lookup.service.name(),
            transport: lookup.transport.name(),
            stream,
            client: lookup.client.into(),
            server: lookup.server.into(),
            id: lookup.id,
            opcode: opcode_name(lookup.opcode).map_or_else(|| lookup.opcode.to_string(), str::to_owned),
            question: lookup.question.as_ref().map(QuestionRecord::from),
            purpose: lookup.purpose.as_ref().map(PurposeRecord::from),
            query: lookup.query.as_ref().map(QueryRecord::from),
            truncated: lookup.truncated.map(|truncated| TruncatedRecord {
                packet: truncated.packet,
                time: truncated.time.map(utc),
                octets: truncated.octets,
                asked_again: truncated.asked_again,
            }),
            answer: lookup.answer.as_ref().map(AnswerRecord::from),
            took_ns: lookup.duration_ns(),
            waited_ns: lookup.waited_ns,
            outcome: lookup.outcome.name(),
            about: lookup.about,
            warnings: lookup.warnings.iter().map(|warning| warning.name()).collect(),
        }
    }
}

fn class(number: u16) -> String {
    class_name(number & 0x7fff).map_or_else(|| format!("CLASS{number}"), str::to_owned)
}

impl From<&Question> for QuestionRecord {
    fn from(question: &Question) -> Self {
        Self {
            name: question.name.clone(),
            kind: TypeName(question.kind).to_string(),
            class: class(question.class),
        }
    }
}

impl From<&Purpose> for PurposeRecord {
    fn from(purpose: &Purpose) -> Self {
        let kind = purpose.name();
        let of_domain = |domain: &String| Self { kind, domain: Some(domain.clone()), ..Self::default() };
        match purpose {
            Purpose::MailExchange { domain }
            | Purpose::ExchangeAddress { domain }
            | Purpose::Spf { domain }
            | Purpose::Dmarc { domain }
            | Purpose::MtaSts { domain }
            | Purpose::TlsReporting { domain } => of_domain(domain),
            Purpose::ReverseName { address } | Purpose::ForwardConfirmation { address } => {
                Self { kind, address: Some(address.to_string()), ..Self::default() }
            }
            Purpose::Dkim { selector, domain } => {
                Self { selector: Some(selector.clone()), ..of_domain(domain) }
            }
            Purpose::Dane { host, .. } => Self { kind, host: Some(host.clone()), ..Self::default() },
            Purpose::AddressList { address, zone } => {
                Self { address: Some(address.to_string()), ..of_domain(zone) }
            }
            Purpose::ServiceLocation { service, domain } => {
                Self { selector: Some(service.clone()), ..of_domain(domain) }
            }
        }
    }
}

impl From<&Query> for QueryRecord {
    fn from(query: &Query) -> Self {
        Self {
            packet: query.packet,
            time: query.time.map(utc),
            octets: query.octets,
            attempts: query.attempts,
            resent: query.resent.iter().map(|(packet, _)| *packet).collect(),
            flags: query.flags.into(),
            edns: query.edns.as_ref().map(EdnsRecord::from),
            records: query.records.iter().map(RecordRecord::from).collect(),
        }
    }
}

impl From<&Answer> for AnswerRecord {
    fn from(answer: &Answer) -> Self {
        let message = &answer.message;
        Self {
            packet: answer.packet,
            time: answer.time.map(utc),
            from: answer.from.into(),
            octets: message.octets,
            messages: answer.messages,
            flags: message.flags.into(),
            rcode: message.rcode(),
            rcode_name: rcode_name(message.rcode()),
            edns: message.edns.as_ref().map(EdnsRecord::from),
            records: message.records.iter().map(RecordRecord::from).collect(),
            faults: message
                .faults
                .iter()
                .map(|fault| FaultRecord { offset: fault.at, kind: fault.kind.name() })
                .collect(),
        }
    }
}

impl From<Flags> for FlagsRecord {
    fn from(flags: Flags) -> Self {
        Self {
            authoritative: flags.authoritative(),
            truncated: flags.truncated(),
            recursion_desired: flags.recursion_desired(),
            recursion_available: flags.recursion_available(),
            authentic_data: flags.authentic_data(),
            checking_disabled: flags.checking_disabled(),
        }
    }
}

impl From<&Edns> for EdnsRecord {
    fn from(edns: &Edns) -> Self {
        let options = edns.options.iter();
        Self {
            udp_size: edns.udp_size,
            version: edns.version,
            dnssec_ok: edns.dnssec_ok,
            options: options
                .map(|option| OptionRecord {
                    code: option.code,
                    name: option.name,
                    value: option.value.clone(),
                })
                .collect(),
        }
    }
}

impl From<&Record> for RecordRecord {
    fn from(record: &Record) -> Self {
        Self {
            section: record.section.name(),
            name: record.name.clone(),
            kind: TypeName(record.kind).to_string(),
            class: class(record.class),
            ttl: record.ttl,
            data: record.data.to_string(),
        }
    }
}
