//! The records as comma-separated values: nested names joined by dots, lists by semicolons, lists of objects
//! as JSON. A cell that a spreadsheet would take for a formula begins with an apostrophe.

use std::io;

use csv::Writer;
use serde::Serialize;
use serde_json::Value;

use super::record::{
    CaptureRecord, ConnectionRecord, ExchangeRecord, FcsBook, FetchRecord, LookupRecord, SessionRecord,
    TlsRecord,
};
use super::tally::Tally;
use super::utc::utc;
use super::{Options, Out, PacketEvent, Sink, Summary, View, escape, info, payload};
use crate::conversation::dns::Lookup;
use crate::conversation::fetch;
use crate::conversation::http::Exchange;
use crate::conversation::smtp::Session;
use crate::conversation::tls;
use crate::flow::Connection;
use crate::packet::Protocol;

const PACKET: &[&str] = &[
    "capture",
    "number",
    "time",
    "captured_length",
    "original_length",
    "interface",
    "link_type",
    "layers",
    "stopped.layer",
    "stopped.offset",
    "stopped.reason",
    "fcs.state",
    "fcs.basis",
    "checksums",
    "tcp.stream",
    "tcp.from",
    "tcp.notes",
    "tcp.seq",
    "tcp.ack",
    "source",
    "destination",
    "info",
];

const CONNECTION: &[&str] = &[
    "capture",
    "stream",
    "first_packet",
    "last_packet",
    "start",
    "end",
    "initiator.address",
    "initiator.port",
    "responder.address",
    "responder.port",
    "roles",
    "packets.initiator",
    "packets.responder",
    "payload_bytes.initiator",
    "payload_bytes.responder",
    "handshake.kind",
    "handshake.syn",
    "handshake.syn_ack",
    "handshake.ack",
    "handshake.syn_attempts",
    "handshake.rtt_ns.initiator",
    "handshake.rtt_ns.responder",
    "teardown.kind",
    "teardown.packets",
    "teardown.first",
    "states.initiator",
    "states.responder",
    "completeness",
    "notes",
    "application",
    "gaps_total",
    "evicted",
];

const SESSION: &[&str] = &[
    "capture",
    "stream",
    "first_packet",
    "client.address",
    "client.port",
    "server.address",
    "server.port",
    "role",
    "role_basis",
    "encryption",
    "encrypted_from",
    "decrypted",
    "greeting",
    "client_name",
    "capabilities",
    "auth.mechanism",
    "auth.user",
    "auth.outcome",
    "turns",
    "messages",
    "warnings",
    "ended",
];

const TLS: &[&str] = &[
    "capture",
    "stream",
    "first_packet",
    "last_packet",
    "start",
    "end",
    "client.address",
    "client.port",
    "server.address",
    "server.port",
    "after_starttls",
    "application",
    "agreed.version",
    "agreed.cipher_suite",
    "agreed.key_exchange",
    "agreed.group",
    "agreed.signature",
    "agreed.server_name",
    "agreed.application_protocol",
    "agreed.resumption",
    "agreed.early_data",
    "agreed.hello_retry_request",
    "agreed.client_certificate",
    "messages",
    "certificates.server",
    "data.client.octets",
    "data.client.sealed_octets",
    "data.client.round_trips",
    "data.client.first_after_ns",
    "data.server.octets",
    "data.server.sealed_octets",
    "data.server.round_trips",
    "data.server.first_after_ns",
    "decryption.state",
    "decryption.records_opened",
    "decryption.records_sealed",
    "closed.client",
    "closed.server",
];

const FETCH: &[&str] = &[
    "record",
    "capture",
    "stream",
    "first_packet",
    "client.address",
    "client.port",
    "server.address",
    "server.port",
    "encryption",
    "encrypted_from",
    "greeting",
    "capabilities",
    "auth.command",
    "auth.mechanism",
    "auth.user",
    "auth.proof",
    "auth.outcome",
    "auth.answer",
    "turns",
    "messages",
    "changes",
    "warnings",
    "ended",
];

const LOOKUP: &[&str] = &[
    "capture",
    "first_packet",
    "last_packet",
    "time",
    "service",
    "transport",
    "stream",
    "client.address",
    "client.port",
    "server.address",
    "server.port",
    "id",
    "opcode",
    "question.name",
    "question.type",
    "question.class",
    "purpose.kind",
    "outcome",
    "query.attempts",
    "answer.rcode",
    "answer.rcode_name",
    "answer.flags.authoritative",
    "answer.flags.authentic_data",
    "answer.records",
    "took_ns",
    "waited_ns",
    "about",
    "warnings",
];

const EXCHANGE: &[&str] = &[
    "capture",
    "stream",
    "number",
    "client.address",
    "client.port",
    "server.address",
    "server.port",
    "method",
    "target",
    "host",
    "status",
    "reason",
    "interim",
    "authorization.scheme",
    "authorization.user",
    "software.client",
    "software.server",
    "request.version",
    "request.content_type",
    "request.framing",
    "request.declared_length",
    "request.octets",
    "response.version",
    "response.content_type",
    "response.codings",
    "response.framing",
    "response.declared_length",
    "response.octets",
    "response.missing_octets",
    "response.sha256",
    "response.decoded.octets",
    "response.decoded.end",
    "first_packet",
    "last_packet",
    "start",
    "end",
    "wait_ns",
    "transfer_ns",
    "complete",
    "after",
    "upgraded_to",
    "warnings",
];

const FCS: &[&str] = &[
    "record",
    "capture",
    "interface",
    "source",
    "frames",
    "good",
    "bad",
    "unverifiable",
    "absent",
    "unknown",
    "basis",
    "number",
    "time",
    "state",
    "offset",
    "stored",
    "computed",
];

const CAPTURE: &[&str] = &[
    "files",
    "packets_read",
    "packets",
    "captured_bytes",
    "original_bytes",
    "start",
    "end",
    "duration_ns",
    "protocols",
    "fcs.good",
    "fcs.bad",
    "fcs.unverifiable",
    "fcs.absent",
    "fcs.unknown",
    "bad_checksums",
    "stopped",
    "connections.count",
    "connections.handshakes",
    "connections.teardowns",
    "connections.notes",
    "connections.evicted",
    "http.exchanges",
    "http.errors",
    "http.unanswered",
    "http.warnings",
    "smtp.sessions",
    "smtp.messages",
    "smtp.recipients_accepted",
    "smtp.recipients_refused",
    "smtp.warnings",
    "dns.lookups",
    "dns.outcomes",
    "dns.warnings",
    "imap.sessions",
    "imap.messages",
    "imap.warnings",
    "pop3.sessions",
    "pop3.messages",
    "pop3.warnings",
    "damage",
];

const INTERFACE: &[&str] = &[
    "name",
    "description",
    "addresses",
    "hardware_address",
    "link_type",
    "kind",
    "state",
    "running",
    "loopback",
    "wireless",
    "fcs",
    "can_capture",
    "missing",
];

/// The interfaces of this machine.
pub(super) fn interfaces(
    records: impl Iterator<Item = impl Serialize>,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let mut out = Writer::from_writer(out);
    out.write_record(INTERFACE).map_err(unwrapped)?;
    for record in records {
        let value = serde_json::to_value(&record)?;
        let cells = INTERFACE.iter().map(|column| value.get(column).map_or_else(String::new, cell));
        out.write_record(cells).map_err(unwrapped)?;
    }
    out.flush()
}

/// The sink for a view.
pub(super) fn sink(options: &Options, out: Box<dyn Out>) -> Box<dyn Sink> {
    let columns = match options.view {
        View::Packets | View::Layers => PACKET,
        View::Tcp => CONNECTION,
        View::Tls => TLS,
        View::Dns => LOOKUP,
        View::Http => EXCHANGE,
        View::Smtp => SESSION,
        View::Imap | View::Pop3 => FETCH,
        View::Fcs => FCS,
        View::Overview => CAPTURE,
    };
    Box::new(Rows {
        view: options.view,
        reveal_secrets: options.reveal_secrets,
        columns,
        out: Writer::from_writer(out),
        headed: false,
        tally: Tally::default(),
        book: FcsBook::default(),
        info: String::new(),
    })
}

struct Rows {
    view: View,
    reveal_secrets: bool,
    columns: &'static [&'static str],
    out: Writer<Box<dyn Out>>,
    headed: bool,
    tally: Tally,
    book: FcsBook,
    info: String,
}

impl Sink for Rows {
    fn packet(&mut self, event: &PacketEvent<'_>) -> io::Result<()> {
        match self.view {
            View::Packets | View::Layers => self.packet_row(event),
            View::Fcs => match self.book.enter(event) {
                Some(frame) => self.row(&frame),
                None => Ok(()),
            },
            View::Overview => {
                self.tally.packet(event);
                Ok(())
            }
            View::Tcp | View::Tls | View::Dns | View::Http | View::Smtp | View::Imap | View::Pop3 => Ok(()),
        }
    }

    fn connection(&mut self, connection: &Connection, application: Option<Protocol>) -> io::Result<()> {
        if self.view == View::Tcp {
            return self.row(&ConnectionRecord::new(connection, application));
        }
        self.tally.connection(connection);
        Ok(())
    }

    fn tls_session(&mut self, session: Box<tls::Session>) -> io::Result<()> {
        if self.view == View::Tls { self.row(&TlsRecord::new(&session)) } else { Ok(()) }
    }

    fn session(&mut self, session: Box<Session>) -> io::Result<()> {
        if self.view == View::Smtp {
            return self.row(&SessionRecord::new(&session, self.reveal_secrets));
        }
        self.tally.session(&session);
        Ok(())
    }

    fn mailbox(&mut self, session: Box<fetch::Session>) -> io::Result<()> {
        match (self.view, session.protocol) {
            (View::Imap, Protocol::Imap) | (View::Pop3, Protocol::Pop3) => {
                self.row(&FetchRecord::new(&session, self.reveal_secrets))
            }
            _ => {
                self.tally.mailbox(&session);
                Ok(())
            }
        }
    }

    fn lookup(&mut self, lookup: Box<Lookup>) -> io::Result<()> {
        if self.view == View::Dns {
            return self.row(&LookupRecord::from(&*lookup));
        }
        self.tally.lookup(&lookup);
        Ok(())
    }

    fn exchange(&mut self, exchange: Box<Exchange>) -> io::Result<()> {
        if self.view == View::Http {
            return self.row(&ExchangeRecord::new(&exchange, self.reveal_secrets));
        }
        self.tally.exchange(&exchange);
        Ok(())
    }

    fn finish(&mut self, summary: &Summary) -> io::Result<()> {
        self.head()?;
        match self.view {
            View::Fcs => {
                let records: Vec<_> = self.book.summaries(summary).collect();
                records.iter().try_for_each(|record| self.row(record))?;
            }
            View::Overview => {
                let record = CaptureRecord::new(&self.tally, summary);
                self.row(&record)?;
            }
            View::Packets
            | View::Layers
            | View::Tcp
            | View::Tls
            | View::Dns
            | View::Http
            | View::Smtp
            | View::Imap
            | View::Pop3 => {}
        }
        self.out.flush()
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

impl Rows {
    fn head(&mut self) -> io::Result<()> {
        if !std::mem::replace(&mut self.headed, true) {
            self.out.write_record(self.columns).map_err(unwrapped)?;
        }
        Ok(())
    }

    fn row(&mut self, record: &impl Serialize) -> io::Result<()> {
        self.head()?;
        let value = serde_json::to_value(record)?;
        let cells = self.columns.iter().map(|column| {
            column.split('.').try_fold(&value, |value, name| value.get(name)).map_or_else(String::new, cell)
        });
        self.out.write_record(cells).map_err(unwrapped)
    }

    fn packet_row(&mut self, event: &PacketEvent<'_>) -> io::Result<()> {
        self.head()?;
        let (frame, dissection) = (event.frame, event.dissection);
        self.info.clear();
        info::write(event, &mut self.info);
        let text = |value: Option<String>| value.unwrap_or_default();
        let stopped = dissection.stopped;
        let fcs = dissection.fcs;
        let place = event.place;
        let checksums = dissection.checksums.named().into_iter();
        self.out
            .write_record([
                frame.capture.to_string(),
                frame.number.to_string(),
                text(frame.time.map(utc)),
                frame.octets.len().to_string(),
                frame.original_length.to_string(),
                frame.interface.to_string(),
                frame.link_type.to_string(),
                join(payload::layers(event).map(|layer| layer.protocol.name().to_owned())),
                text(stopped.map(|s| s.layer.name().to_owned())),
                text(stopped.map(|s| s.offset.to_string())),
                text(stopped.map(|s| s.reason.to_string())),
                text(fcs.map(|f| f.state.name().to_owned())),
                text(fcs.map(|f| f.basis.name().to_owned())),
                join(checksums.filter_map(|(name, state)| Some(format!("{name}={}", state?.name())))),
                text(place.map(|p| p.stream.to_string())),
                text(place.map(|p| p.from.name().to_owned())),
                join(place.into_iter().flat_map(|p| p.notes.iter()).map(|note| note.name().to_owned())),
                text(place.map(|p| p.relative_seq.to_string())),
                text(place.and_then(|p| p.relative_ack).map(|ack| ack.to_string())),
                text(dissection.ip.map(|ip| ip.source.to_string())),
                text(dissection.ip.map(|ip| ip.destination.to_string())),
                safe(&self.info),
            ])
            .map_err(unwrapped)
    }
}

/// The error beneath: a closed pipe must be known as one.
fn unwrapped(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}

fn join(words: impl Iterator<Item = String>) -> String {
    words.collect::<Vec<_>>().join(";")
}

fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::String(text) => safe(text),
        Value::Array(items) if items.iter().any(Value::is_object) => safe(&value.to_string()),
        Value::Array(items) => safe(&join(items.iter().map(cell))),
        Value::Object(map) => join(map.iter().map(|(name, value)| format!("{name}={}", cell(value)))),
    }
}

/// Text that neither a terminal nor a spreadsheet obeys.
fn safe(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        out.push('\'');
    }
    escape::push_text(&mut out, text);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_no_formula_and_no_escape_sequence() {
        assert_eq!(safe("=HYPERLINK(1)"), "'=HYPERLINK(1)");
        assert_eq!(safe("\x1b[2J"), "\\u{1b}[2J");
        assert_eq!(cell(&serde_json::json!([1, 2])), "1;2");
        assert_eq!(cell(&serde_json::json!({"a": 1, "b": 2})), "a=1;b=2");
    }
}
