//! `capture`: the answer of `overview`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use crate::capture::{Interface, SourceInfo};
use crate::packet::{DeclaredFcs, Protocol};
use crate::report::Summary;
use crate::report::tally::{Mailboxes, Tally};
use crate::report::utc::utc;

/// The shape of a `capture` record.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "capture")]
pub(in crate::report) struct CaptureRecord {
    schema: u8,
    record: &'static str,
    files: Vec<FileRecord>,
    /// Packets that were read, before any filter.
    packets_read: u64,
    /// Packets that passed.
    packets: u64,
    captured_bytes: u64,
    original_bytes: u64,
    start: Option<String>,
    end: Option<String>,
    duration_ns: Option<i64>,
    /// Packets in which a protocol's header occurs, counted a header.
    protocols: BTreeMap<&'static str, u64>,
    fcs: FcsCounts,
    /// Wrong checksums by protocol.
    bad_checksums: BTreeMap<&'static str, u64>,
    offloaded_checksums: u64,
    /// Packets that could not be taken apart to the end.
    stopped: u64,
    connections: ConnectionCounts,
    http: HttpCounts,
    smtp: SmtpCounts,
    dns: DnsCounts,
    imap: MailboxCounts,
    pop3: MailboxCounts,
    damage: Vec<DamageRecord>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct FileRecord {
    name: String,
    /// The point of view that it belongs to.
    capture: u32,
    format: &'static str,
    compression: Option<&'static str>,
    comments: Vec<String>,
    interfaces: Vec<InterfaceRecord>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct InterfaceRecord {
    link_type: String,
    snap_length: u32,
    name: Option<String>,
    description: Option<String>,
    ticks_per_second: u64,
    /// Declared octets of FCS; null where the file does not say.
    fcs_octets: Option<u8>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct FcsCounts {
    good: u64,
    bad: u64,
    unverifiable: u64,
    absent: u64,
    unknown: u64,
}

#[derive(Debug, Serialize, JsonSchema)]
struct ConnectionCounts {
    count: u64,
    handshakes: BTreeMap<&'static str, u64>,
    teardowns: BTreeMap<&'static str, u64>,
    notes: BTreeMap<&'static str, u64>,
    evicted: u64,
}

#[derive(Debug, Serialize, JsonSchema)]
struct HttpCounts {
    exchanges: u64,
    /// With a status code of 400 or more.
    errors: u64,
    /// Whose response was not seen.
    unanswered: u64,
    warnings: BTreeMap<&'static str, u64>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct SmtpCounts {
    sessions: u64,
    messages: u64,
    recipients_accepted: u64,
    recipients_refused: u64,
    warnings: BTreeMap<&'static str, u64>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct MailboxCounts {
    sessions: u64,
    /// Fetched whole.
    messages: u64,
    warnings: BTreeMap<&'static str, u64>,
}

impl MailboxCounts {
    fn new(tally: &Tally, protocol: Protocol) -> Self {
        let none = Mailboxes::default();
        let counts = tally.mailboxes.get(&protocol).unwrap_or(&none);
        Self { sessions: counts.sessions, messages: counts.messages, warnings: counts.warnings.clone() }
    }
}

#[derive(Debug, Serialize, JsonSchema)]
struct DnsCounts {
    lookups: u64,
    /// Lookups by how they ended.
    outcomes: BTreeMap<&'static str, u64>,
    warnings: BTreeMap<&'static str, u64>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct DamageRecord {
    name: String,
    /// Octets from the beginning of the file; null on an interface.
    offset: Option<u64>,
    after_packet: u64,
    reason: String,
}

impl CaptureRecord {
    pub(in crate::report) fn new(tally: &Tally, summary: &Summary) -> Self {
        let [good, bad, unverifiable, absent, unknown] = tally.fcs;
        Self {
            schema: 1,
            record: "capture",
            files: summary.sources.iter().map(|(capture, info)| file(*capture, info)).collect(),
            packets_read: summary.packets_read,
            packets: tally.packets,
            captured_bytes: tally.captured_octets,
            original_bytes: tally.original_octets,
            start: tally.first.map(utc),
            end: tally.last.map(utc),
            duration_ns: tally.first.zip(tally.last).map(|(first, last)| last.since(first)),
            protocols: tally.protocols.iter().map(|(&p, &count)| (Protocol::name(p), count)).collect(),
            fcs: FcsCounts { good, bad, unverifiable, absent, unknown },
            bad_checksums: tally.bad_checksums.clone(),
            offloaded_checksums: tally.offloaded_checksums,
            stopped: tally.stopped,
            connections: ConnectionCounts {
                count: tally.connections,
                handshakes: tally.handshakes.clone(),
                teardowns: tally.teardowns.clone(),
                notes: tally.notes.clone(),
                evicted: tally.evicted,
            },
            http: HttpCounts {
                exchanges: tally.exchanges,
                errors: tally.http_errors,
                unanswered: tally.http_unanswered,
                warnings: tally.http_warnings.clone(),
            },
            smtp: SmtpCounts {
                sessions: tally.sessions,
                messages: tally.messages,
                recipients_accepted: tally.recipients_accepted,
                recipients_refused: tally.recipients_refused,
                warnings: tally.smtp_warnings.clone(),
            },
            dns: DnsCounts {
                lookups: tally.lookups.values().sum(),
                outcomes: tally.lookups.clone(),
                warnings: tally.dns_warnings.clone(),
            },
            imap: MailboxCounts::new(tally, Protocol::Imap),
            pop3: MailboxCounts::new(tally, Protocol::Pop3),
            damage: summary
                .damage
                .iter()
                .map(|damage| DamageRecord {
                    name: damage.name.clone(),
                    offset: damage.offset,
                    after_packet: damage.packets,
                    reason: damage.reason.clone(),
                })
                .collect(),
        }
    }
}

fn file(capture: u32, info: &SourceInfo) -> FileRecord {
    FileRecord {
        name: info.name.clone(),
        capture,
        format: info.format,
        compression: info.compression,
        comments: info.comments.clone(),
        interfaces: info.interfaces.iter().map(interface).collect(),
    }
}

fn interface(interface: &Interface) -> InterfaceRecord {
    InterfaceRecord {
        link_type: interface.link_type.to_string(),
        snap_length: interface.snap_length,
        name: interface.name.clone(),
        description: interface.description.clone(),
        ticks_per_second: interface.ticks_per_second,
        fcs_octets: match interface.fcs {
            DeclaredFcs::Unknown => None,
            DeclaredFcs::Absent => Some(0),
            DeclaredFcs::Octets(octets) => Some(octets),
        },
    }
}
