//! One question and what came of it.

use std::net::IpAddr;
use std::sync::Arc;

use super::Purpose;
use super::purpose::reverse_address;
use crate::packet::{Endpoint, Timestamp};
use crate::wire::dns::{Edns, Flags, Message, Question, Record, Section, kind};

/// Which of the protocols that share the form of DNS, by its port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Service {
    /// DNS itself.
    Dns,
    /// Multicast DNS, port 5353 (RFC 6762).
    Mdns,
    /// Link-local multicast name resolution, port 5355 (RFC 4795).
    Llmnr,
}

impl Service {
    /// Every service.
    pub const ALL: [Service; 3] = [Service::Dns, Service::Mdns, Service::Llmnr];

    /// The name in records and texts.
    pub const fn name(self) -> &'static str {
        match self {
            Service::Dns => "dns",
            Service::Mdns => "mdns",
            Service::Llmnr => "llmnr",
        }
    }

    /// By the ports of both ends.
    pub(super) const fn of(one: u16, other: u16) -> Self {
        match (one, other) {
            (5353, _) | (_, 5353) => Service::Mdns,
            (5355, _) | (_, 5355) => Service::Llmnr,
            _ => Service::Dns,
        }
    }
}

/// What carried the messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Transport {
    /// Datagrams.
    Udp,
    /// A TCP connection.
    Tcp {
        /// Its number.
        stream: u64,
    },
}

impl Transport {
    /// The name in records and texts.
    pub const fn name(self) -> &'static str {
        match self {
            Transport::Udp => "udp",
            Transport::Tcp { .. } => "tcp",
        }
    }
}

/// What was asked.
#[derive(Debug, Clone, PartialEq)]
pub struct Query {
    /// The packet of the first attempt.
    pub packet: u64,
    /// When it was captured.
    pub time: Option<Timestamp>,
    /// Its flags.
    pub flags: Flags,
    /// EDNS, where it has it.
    pub edns: Option<Edns>,
    /// Octets of the message, as captured.
    pub octets: usize,
    /// How often it was sent.
    pub attempts: u32,
    /// The attempts after the first, the first of these: packet and time.
    pub resent: Vec<(u64, Option<Timestamp>)>,
    /// When the last attempt was captured.
    pub last_time: Option<Timestamp>,
    /// Questions of the message.
    pub questions: u16,
    /// Records of the query: answers that are known already (RFC 6762 section 7.1), what a host wants to be called
    /// (section 8.2), what is to be changed (RFC 2136).
    pub records: Vec<Record>,
}

/// What was answered.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The packet; over TCP, the one that completed the message.
    pub packet: u64,
    /// When it was captured.
    pub time: Option<Timestamp>,
    /// Who sent it.
    pub from: Endpoint,
    /// The message.
    pub message: Arc<Message>,
    /// Messages of the answer: a zone is handed over in several (RFC 5936 section 2.2).
    pub messages: u32,
    /// Records in the answer sections of all of them.
    pub answers: u64,
}

/// An answer over UDP that did not fit, so that the same was asked over TCP (RFC 7766 section 5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Truncated {
    /// The packet of that answer.
    pub packet: u64,
    /// When it was captured.
    pub time: Option<Timestamp>,
    /// Its octets.
    pub octets: usize,
    /// The packet that asked again over TCP.
    pub asked_again: u64,
    /// When that was captured.
    pub asked_again_time: Option<Timestamp>,
}

/// How a lookup ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// The records that were asked for, or an alias of them.
    Answered,
    /// The name exists, records of this type do not (RFC 2308 section 2.2).
    NoData,
    /// The name does not exist (RFC 2308 section 2.1).
    NoSuchName,
    /// Other servers are named, which know more (RFC 1034 section 4.3.1).
    Referral,
    /// Another response code than NOERROR and NXDOMAIN.
    Error,
    /// The answer did not fit, and nobody asked again over TCP.
    Truncated,
    /// No answer was captured.
    Unanswered,
    /// Sent without having been asked for: a host tells its names (RFC 6762 section 8.3).
    Announced,
    /// A host takes its names back: a time to live of 0 (RFC 6762 section 10.1).
    Goodbye,
    /// A host asks whether its name is free, and nobody objected (RFC 6762 section 8.1).
    Probed,
    /// A response whose query is not in the capture, or that answers none.
    Unmatched,
}

impl Outcome {
    /// Every outcome.
    pub const ALL: [Outcome; 11] = [
        Outcome::Answered,
        Outcome::NoData,
        Outcome::NoSuchName,
        Outcome::Referral,
        Outcome::Error,
        Outcome::Truncated,
        Outcome::Unanswered,
        Outcome::Announced,
        Outcome::Goodbye,
        Outcome::Probed,
        Outcome::Unmatched,
    ];

    /// The name in records and texts.
    pub const fn name(self) -> &'static str {
        match self {
            Outcome::Answered => "answered",
            Outcome::NoData => "no_data",
            Outcome::NoSuchName => "no_such_name",
            Outcome::Referral => "referral",
            Outcome::Error => "error",
            Outcome::Truncated => "truncated",
            Outcome::Unanswered => "unanswered",
            Outcome::Announced => "announced",
            Outcome::Goodbye => "goodbye",
            Outcome::Probed => "probed",
            Outcome::Unmatched => "unmatched",
        }
    }
}

/// What is odd about a lookup.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Warning {
    /// The query was sent more than once.
    Retransmitted,
    /// The same was asked before, under another identifier, and not answered until then.
    AskedAgain,
    /// A second answer with the same records.
    DuplicateAnswer,
    /// A second answer that says something else: one of them may be forged.
    ConflictingAnswer,
    /// It came after the query had been given up here.
    LateAnswer,
    /// The right ends and question, but another identifier: perhaps forged (RFC 5452 section 4).
    WrongId,
    /// The right identifier and question, but from another address than was asked: perhaps forged.
    WrongSource,
    /// The right ends and identifier, but another question: perhaps forged.
    WrongQuestion,
    /// Responses that may be forged were seen before the answer.
    SuspiciousResponses,
    /// No query to this response was captured.
    QueryNotSeen,
    /// The answer is truncated, and nobody asked again over TCP.
    TruncatedNotRetried,
    /// Another query took the identifier before this one was answered.
    IdentifierReused,
    /// Not all octets of a message were captured.
    MessageCut,
    /// A part of a message breaks the rules; the rest was read.
    Malformed,
    /// A message has more records than are read.
    RecordsLeftOut,
    /// More queries are in flight than are kept: this one was given up for a newer one.
    GivenUp,
}

impl Warning {
    /// Every warning.
    pub const ALL: [Warning; 16] = [
        Warning::Retransmitted,
        Warning::AskedAgain,
        Warning::DuplicateAnswer,
        Warning::ConflictingAnswer,
        Warning::LateAnswer,
        Warning::WrongId,
        Warning::WrongSource,
        Warning::WrongQuestion,
        Warning::SuspiciousResponses,
        Warning::QueryNotSeen,
        Warning::TruncatedNotRetried,
        Warning::IdentifierReused,
        Warning::MessageCut,
        Warning::Malformed,
        Warning::RecordsLeftOut,
        Warning::GivenUp,
    ];

    /// The name in records and texts.
    pub const fn name(self) -> &'static str {
        match self {
            Warning::Retransmitted => "retransmitted",
            Warning::AskedAgain => "asked_again",
            Warning::DuplicateAnswer => "duplicate_answer",
            Warning::ConflictingAnswer => "conflicting_answer",
            Warning::LateAnswer => "late_answer",
            Warning::WrongId => "wrong_id",
            Warning::WrongSource => "wrong_source",
            Warning::WrongQuestion => "wrong_question",
            Warning::SuspiciousResponses => "suspicious_responses",
            Warning::QueryNotSeen => "query_not_seen",
            Warning::TruncatedNotRetried => "truncated_not_retried",
            Warning::IdentifierReused => "identifier_reused",
            Warning::MessageCut => "message_cut",
            Warning::Malformed => "malformed",
            Warning::RecordsLeftOut => "records_left_out",
            Warning::GivenUp => "given_up",
        }
    }
}

/// A question, who asked whom, and what came of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Lookup {
    /// The capture.
    pub capture: u32,
    /// Which protocol.
    pub service: Service,
    /// What carried the answer, or the query where there is none.
    pub transport: Transport,
    /// Who asked.
    pub client: Endpoint,
    /// Who was asked: a server, or a group of hosts.
    pub server: Endpoint,
    /// The transaction's identifier.
    pub id: u16,
    /// The kind of query (RFC 6895 section 2.2).
    pub opcode: u8,
    /// What was asked; of several questions, the first. Of an announcement, none.
    pub question: Option<Question>,
    /// What it was asked for, where mail is sent.
    pub purpose: Option<Purpose>,
    /// The query, where it was captured.
    pub query: Option<Query>,
    /// The answer that did not fit into a datagram, where one came first.
    pub truncated: Option<Truncated>,
    /// The answer, where one was captured.
    pub answer: Option<Answer>,
    /// How it ended.
    pub outcome: Outcome,
    /// Nanoseconds that passed without an answer since the last attempt, until the query was given up here.
    pub waited_ns: Option<i64>,
    /// The query that this response refers to, or that this query repeats: its packet.
    pub about: Option<u64>,
    /// What is odd.
    pub warnings: Vec<Warning>,
}

impl Lookup {
    /// Its first packet.
    pub fn first_packet(&self) -> u64 {
        let packets = [self.query.as_ref().map(|query| query.packet), self.answer.as_ref().map(|a| a.packet)];
        packets.into_iter().flatten().min().unwrap_or_default()
    }

    /// Its last packet.
    pub fn last_packet(&self) -> u64 {
        let resent =
            self.query.as_ref().map(|query| query.resent.last().map_or(query.packet, |(packet, _)| *packet));
        let packets = [resent, self.answer.as_ref().map(|answer| answer.packet)];
        packets.into_iter().flatten().max().unwrap_or_default()
    }

    /// Its packets, as far as they are kept.
    pub fn packets(&self) -> impl Iterator<Item = u64> {
        let query = self.query.iter().flat_map(|query| {
            std::iter::once(query.packet).chain(query.resent.iter().map(|(packet, _)| *packet))
        });
        let truncated = self.truncated.iter().flat_map(|truncated| [truncated.packet, truncated.asked_again]);
        query.chain(truncated).chain(self.answer.iter().map(|answer| answer.packet))
    }

    /// Addresses that its answer may give a name to: those that it says, and the one whose name it was asked for.
    pub fn named_addresses(&self) -> impl Iterator<Item = IpAddr> {
        let records = self.answer.iter().flat_map(|answer| &answer.message.records);
        records.filter_map(|record| record.data.address().or_else(|| reverse_address(&record.name)))
    }

    /// When its first packet was captured.
    pub fn time(&self) -> Option<Timestamp> {
        match &self.query {
            Some(query) => query.time,
            None => self.answer.as_ref()?.time,
        }
    }

    /// Nanoseconds from the first query to the answer.
    pub fn duration_ns(&self) -> Option<i64> {
        let asked = self.query.as_ref()?.time?;
        Some(self.answer.as_ref()?.time?.since(asked))
    }

    /// The whole response code, where there is an answer.
    pub fn rcode(&self) -> Option<u16> {
        Some(self.answer.as_ref()?.message.rcode())
    }

    /// The records of the answer section.
    pub fn answers(&self) -> impl Iterator<Item = &Record> {
        self.answer.iter().flat_map(|answer| answer.message.section(Section::Answer))
    }

    /// Whether it can be believed that the server said so.
    pub fn is_trusted(&self) -> bool {
        let doubts = [
            Warning::WrongId,
            Warning::WrongSource,
            Warning::WrongQuestion,
            Warning::ConflictingAnswer,
            Warning::LateAnswer,
        ];
        !self.warnings.iter().any(|warning| doubts.contains(warning))
    }

    /// Adds a warning, once.
    pub(super) fn warn(&mut self, warning: Warning) {
        if !self.warnings.contains(&warning) {
            self.warnings.push(warning);
        }
    }
}

/// How a lookup ended, by its answer.
pub(super) fn outcome(question: Option<&Question>, message: &Message) -> Outcome {
    match message.rcode() {
        0 => {}
        3 => return Outcome::NoSuchName,
        _ => return Outcome::Error,
    }
    let wanted = question.map_or(kind::ANY, |question| question.kind);
    let is_wanted =
        |record: &Record| record.kind == wanted || matches!(wanted, kind::ANY | kind::AXFR | kind::IXFR);
    if message.flags.opcode() != 0 || message.section(Section::Answer).any(is_wanted) {
        return Outcome::Answered;
    }
    if message.flags.truncated() {
        return Outcome::Truncated;
    }
    let has = |wanted: u16| message.section(Section::Authority).any(|record| record.kind == wanted);
    let is_empty = message.section(Section::Answer).next().is_none();
    if is_empty && !message.flags.authoritative() && has(kind::NS) && !has(kind::SOA) {
        return Outcome::Referral;
    }
    Outcome::NoData
}
