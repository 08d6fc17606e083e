//! What a capture adds up to, within bounds.

use std::collections::BTreeMap;

use super::{PacketEvent, payload};
use crate::conversation::dns::Lookup;
use crate::conversation::fetch;
use crate::conversation::http::Exchange;
use crate::conversation::smtp::{Session, Speaker};
use crate::dissect::Checksum;
use crate::flow::Connection;
use crate::packet::{Note, Protocol, Timestamp};

/// Counts of a capture.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) packets: u64,
    pub(super) captured_octets: u64,
    pub(super) original_octets: u64,
    pub(super) first: Option<Timestamp>,
    pub(super) last: Option<Timestamp>,
    pub(super) protocols: BTreeMap<Protocol, u64>,
    /// Frames by FCS state: good, bad, unverifiable, absent, unknown.
    pub(super) fcs: [u64; 5],
    pub(super) bad_checksums: BTreeMap<&'static str, u64>,
    pub(super) offloaded_checksums: u64,
    pub(super) stopped: u64,
    pub(super) notes: BTreeMap<&'static str, u64>,
    pub(super) handshakes: BTreeMap<&'static str, u64>,
    pub(super) teardowns: BTreeMap<&'static str, u64>,
    pub(super) connections: u64,
    pub(super) evicted: u64,
    pub(super) exchanges: u64,
    /// With a status code of 400 or more.
    pub(super) http_errors: u64,
    /// Whose response was not seen.
    pub(super) http_unanswered: u64,
    pub(super) http_warnings: BTreeMap<&'static str, u64>,
    pub(super) sessions: u64,
    pub(super) messages: u64,
    pub(super) recipients_accepted: u64,
    pub(super) recipients_refused: u64,
    pub(super) smtp_warnings: BTreeMap<&'static str, u64>,
    /// Lookups by how they ended.
    pub(super) lookups: BTreeMap<&'static str, u64>,
    pub(super) dns_warnings: BTreeMap<&'static str, u64>,
    /// Sessions in which mail was read, by their protocol.
    pub(super) mailboxes: BTreeMap<Protocol, Mailboxes>,
}

/// Counts of sessions in which mail was read.
#[derive(Debug, Default)]
pub(super) struct Mailboxes {
    pub(super) sessions: u64,
    /// Messages that were fetched whole.
    pub(super) messages: u64,
    pub(super) warnings: BTreeMap<&'static str, u64>,
}

impl Tally {
    pub(super) fn packet(&mut self, event: &PacketEvent<'_>) {
        self.packets += 1;
        self.captured_octets += event.frame.octets.len() as u64;
        self.original_octets += u64::from(event.frame.original_length);
        if let Some(time) = event.frame.time {
            self.first = Some(self.first.map_or(time, |first| first.min(time)));
            self.last = Some(self.last.map_or(time, |last| last.max(time)));
        }
        for layer in payload::layers(event) {
            *self.protocols.entry(layer.protocol).or_default() += 1;
        }
        if let Some(fcs) = &event.dissection.fcs {
            self.fcs[fcs.state as usize] += 1;
        }
        for (name, state) in event.dissection.checksums.named() {
            match state {
                Some(Checksum::Bad) => *self.bad_checksums.entry(name).or_default() += 1,
                Some(Checksum::OffloadLikely) => self.offloaded_checksums += 1,
                Some(Checksum::Good | Checksum::Absent | Checksum::Unverifiable) | None => {}
            }
        }
        self.stopped += u64::from(event.dissection.stopped.is_some());
    }

    pub(super) fn connection(&mut self, connection: &Connection) {
        self.connections += 1;
        self.evicted += u64::from(connection.evicted);
        *self.handshakes.entry(connection.handshake.kind.name()).or_default() += 1;
        *self.teardowns.entry(connection.teardown.kind.name()).or_default() += 1;
        for (note, &count) in Note::ALL.iter().zip(&connection.notes).filter(|(_, count)| **count > 0) {
            *self.notes.entry(note.name()).or_default() += u64::from(count);
        }
    }

    pub(super) fn mailbox(&mut self, session: &fetch::Session) {
        let counts = self.mailboxes.entry(session.protocol).or_default();
        counts.sessions += 1;
        let whole = |message: &&fetch::Message| {
            message.portion == fetch::Portion::Whole && message.from == Speaker::Server
        };
        counts.messages += session.messages.iter().filter(whole).count() as u64;
        for warning in &session.warnings {
            *counts.warnings.entry(warning.name()).or_default() += 1;
        }
    }

    pub(super) fn lookup(&mut self, lookup: &Lookup) {
        *self.lookups.entry(lookup.outcome.name()).or_default() += 1;
        for warning in &lookup.warnings {
            *self.dns_warnings.entry(warning.name()).or_default() += 1;
        }
    }

    pub(super) fn exchange(&mut self, exchange: &Exchange) {
        self.exchanges += 1;
        let status = exchange.response.as_ref().map(|response| response.status);
        self.http_errors += u64::from(status.is_some_and(|status| status >= 400));
        self.http_unanswered += u64::from(status.is_none());
        for warning in &exchange.warnings {
            *self.http_warnings.entry(warning.name()).or_default() += 1;
        }
    }

    pub(super) fn session(&mut self, session: &Session) {
        self.sessions += 1;
        self.messages += session.messages.len() as u64;
        let delivered = session.messages.iter().flat_map(|message| &message.rcpt_to);
        let abandoned = session.abandoned.iter().flat_map(|abandoned| &abandoned.rcpt_to);
        for recipient in delivered.chain(abandoned) {
            match recipient.reply.as_ref().map(|reply| reply.code) {
                Some(200..300) => self.recipients_accepted += 1,
                Some(_) => self.recipients_refused += 1,
                None => {}
            }
        }
        for warning in &session.warnings {
            *self.smtp_warnings.entry(warning.name()).or_default() += 1;
        }
    }
}
