//! Records as JSON, one object a line.

mod connection;
mod packet;
mod sessions;
mod text;

use std::io::{self, Write};

use serde::Serialize;

use super::record::{CaptureRecord, ExchangeRecord, FcsBook, FetchRecord, LookupRecord, TlsRecord};
use super::{Options, Out, PacketEvent, Sink, Summary, View, escape, tally::Tally};
use crate::conversation::dns::Lookup;
use crate::conversation::fetch;
use crate::conversation::http::Exchange;
use crate::conversation::smtp::Session;
use crate::conversation::tls;
use crate::flow::Connection;
use crate::packet::Protocol;
use connection::ConnectionWriter;
use packet::PacketWriter;
use sessions::Sessions;

/// The sink for a view.
pub(super) fn sink(options: &Options, out: Box<dyn Out>) -> Box<dyn Sink> {
    match options.view {
        View::Packets => Box::new(Packets { writer: PacketWriter::new(false), out }),
        View::Layers => Box::new(Packets { writer: PacketWriter::new(true), out }),
        View::Tcp => Box::new(Connections { out, writer: ConnectionWriter::default() }),
        View::Tls => Box::new(TlsSessions { out }),
        View::Dns => Box::new(Lookups { out }),
        View::Http => Box::new(Exchanges { out, reveal: options.reveal_secrets }),
        View::Smtp => Box::new(Sessions::new(out, options.reveal_secrets)),
        View::Imap => Box::new(Fetches { out, protocol: Protocol::Imap, reveal: options.reveal_secrets }),
        View::Pop3 => Box::new(Fetches { out, protocol: Protocol::Pop3, reveal: options.reveal_secrets }),
        View::Fcs => Box::new(Fcs { out, book: FcsBook::default() }),
        View::Overview => Box::new(Capture { out, tally: Tally::default() }),
    }
}

/// Packet records are many: they are collected until they fill a buffer.
struct Packets {
    writer: PacketWriter,
    out: Box<dyn Out>,
}

impl Sink for Packets {
    fn packet(&mut self, event: &PacketEvent<'_>) -> io::Result<()> {
        self.writer.record(event);
        if self.writer.out.len() < self.out.worth_collecting() {
            return Ok(());
        }
        self.out.write_buffer(&mut self.writer.out)
    }

    fn finish(&mut self, _: &Summary) -> io::Result<()> {
        self.flush()
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.write_buffer(&mut self.writer.out)?;
        self.out.flush()
    }
}

/// Connection records can be many, too.
struct Connections {
    writer: ConnectionWriter,
    out: Box<dyn Out>,
}

impl Sink for Connections {
    fn connection(&mut self, connection: &Connection, application: Option<Protocol>) -> io::Result<()> {
        self.writer.record(connection, application);
        if self.writer.out.len() < self.out.worth_collecting() {
            return Ok(());
        }
        self.out.write_buffer(&mut self.writer.out)
    }

    fn finish(&mut self, _: &Summary) -> io::Result<()> {
        self.flush()
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.write_buffer(&mut self.writer.out)?;
        self.out.flush()
    }
}

/// Sessions in which mail was read.
struct Fetches {
    out: Box<dyn Out>,
    protocol: Protocol,
    reveal: bool,
}

impl Sink for Fetches {
    fn mailbox(&mut self, session: Box<fetch::Session>) -> io::Result<()> {
        if session.protocol != self.protocol {
            return Ok(());
        }
        line(&mut self.out, &FetchRecord::new(&session, self.reveal))
    }

    fn finish(&mut self, _: &Summary) -> io::Result<()> {
        self.out.flush()
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

struct TlsSessions {
    out: Box<dyn Out>,
}

impl Sink for TlsSessions {
    fn tls_session(&mut self, session: Box<tls::Session>) -> io::Result<()> {
        line(&mut self.out, &TlsRecord::new(&session))
    }

    fn finish(&mut self, _: &Summary) -> io::Result<()> {
        self.out.flush()
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

struct Lookups {
    out: Box<dyn Out>,
}

impl Sink for Lookups {
    fn lookup(&mut self, lookup: Box<Lookup>) -> io::Result<()> {
        line(&mut self.out, &LookupRecord::from(&*lookup))
    }

    fn finish(&mut self, _: &Summary) -> io::Result<()> {
        self.out.flush()
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

struct Exchanges {
    out: Box<dyn Out>,
    reveal: bool,
}

impl Sink for Exchanges {
    fn exchange(&mut self, exchange: Box<Exchange>) -> io::Result<()> {
        line(&mut self.out, &ExchangeRecord::new(&exchange, self.reveal))
    }

    fn finish(&mut self, _: &Summary) -> io::Result<()> {
        self.out.flush()
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

struct Fcs {
    out: Box<dyn Out>,
    book: FcsBook,
}

impl Sink for Fcs {
    fn packet(&mut self, event: &PacketEvent<'_>) -> io::Result<()> {
        match self.book.enter(event) {
            Some(frame) => line(&mut self.out, &frame),
            None => Ok(()),
        }
    }

    fn finish(&mut self, summary: &Summary) -> io::Result<()> {
        for record in self.book.summaries(summary) {
            line(&mut self.out, &record)?;
        }
        self.out.flush()
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

struct Capture {
    out: Box<dyn Out>,
    tally: Tally,
}

impl Sink for Capture {
    fn packet(&mut self, event: &PacketEvent<'_>) -> io::Result<()> {
        self.tally.packet(event);
        Ok(())
    }

    fn connection(&mut self, connection: &Connection, _: Option<Protocol>) -> io::Result<()> {
        self.tally.connection(connection);
        Ok(())
    }

    fn session(&mut self, session: Box<Session>) -> io::Result<()> {
        self.tally.session(&session);
        Ok(())
    }

    fn mailbox(&mut self, session: Box<fetch::Session>) -> io::Result<()> {
        self.tally.mailbox(&session);
        Ok(())
    }

    fn lookup(&mut self, lookup: Box<Lookup>) -> io::Result<()> {
        self.tally.lookup(&lookup);
        Ok(())
    }

    fn exchange(&mut self, exchange: Box<Exchange>) -> io::Result<()> {
        self.tally.exchange(&exchange);
        Ok(())
    }

    fn finish(&mut self, summary: &Summary) -> io::Result<()> {
        line(&mut self.out, &CaptureRecord::new(&self.tally, summary))?;
        self.out.flush()
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Writes a record and its line end.
pub(super) fn line(out: &mut dyn Write, record: &impl Serialize) -> io::Result<()> {
    let mut text = Vec::new();
    push_line(&mut text, record)?;
    out.write_all(&text)
}

/// Appends a record and its line end.
fn push_line(out: &mut Vec<u8>, record: &impl Serialize) -> io::Result<()> {
    let start = out.len();
    serde_json::to_writer(&mut *out, record)?;
    let written = &out[start..];
    if !written.is_ascii() || memchr::memchr(0x7f, written).is_some() {
        let text = harmless(&String::from_utf8_lossy(written));
        out.truncate(start);
        out.extend_from_slice(text.as_bytes());
    }
    out.push(b'\n');
    Ok(())
}

/// JSON with every character that a terminal could obey escaped, which serde_json does for C0 alone.
fn harmless(json: &str) -> String {
    let mut out = String::with_capacity(json.len() + 16);
    for c in json.chars() {
        if escape::is_harmful(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                out.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            out.push(c);
        }
    }
    out
}
