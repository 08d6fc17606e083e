//! What a printer of events has to do, and which printer a view and a format ask for.

use std::io::{self, Write};

use super::names::KnownNames;
use super::{LiveReport, PacketEvent, Summary, csv, json, table};
use crate::conversation::dns::Lookup;
use crate::conversation::fetch;
use crate::conversation::http::Exchange;
use crate::conversation::journey::Journeys;
use crate::conversation::smtp::{Said, Session};
use crate::conversation::tls;
use crate::flow::Connection;
use crate::lesson::Lang;
use crate::packet::Protocol;

/// The questions that can be asked of a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum View {
    /// The capture at a glance.
    Overview,
    /// One row a packet.
    Packets,
    /// Packets taken apart.
    Layers,
    /// Connections.
    Tcp,
    /// TLS sessions.
    Tls,
    /// Lookups of names.
    Dns,
    /// HTTP exchanges.
    Http,
    /// SMTP sessions.
    Smtp,
    /// IMAP sessions.
    Imap,
    /// POP3 sessions.
    Pop3,
    /// Frame check sequences.
    Fcs,
}

/// How answers are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Format {
    /// For people.
    #[default]
    Table,
    /// One JSON object a line.
    Json,
    /// The same columns, flattened.
    Csv,
    /// A drawing of one connection.
    Svg,
}

/// How times are written in tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TimeFormat {
    /// Since the first packet.
    #[default]
    Relative,
    /// Since the row before.
    Delta,
    /// Coordinated universal time.
    Utc,
    /// The time zone of this machine.
    Local,
    /// Seconds since 1970.
    Epoch,
}

/// The order of connections: by their beginning, or the largest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sort {
    /// The order of their beginning.
    #[default]
    Start,
    /// The longest first.
    Duration,
    /// The one with the most packets first.
    Packets,
    /// The one with the most octets first.
    Octets,
    /// The longest round trip first.
    Rtt,
    /// The one with the most notes first.
    Notes,
}

/// What a sink needs to know of the user's wishes.
#[derive(Debug, Clone)]
pub struct Options {
    /// Which view.
    pub view: View,
    /// Which format.
    pub format: Format,
    /// Which language tables are in.
    pub lang: Lang,
    /// Whether tables are coloured.
    pub color: bool,
    /// Columns of the terminal (80 where there is none).
    pub width: usize,
    /// Whether rows that stream are cut at `width`: not where a pipe or a file takes them.
    pub clip: bool,
    /// Whether tables are drawn with ASCII characters alone.
    pub ascii: bool,
    /// How times are written.
    pub time: TimeFormat,
    /// The number and the first file of each capture.
    pub captures: Vec<(u32, String)>,
    /// Whether the lines of a session are written alone, without their meaning.
    pub raw: bool,
    /// Whether secrets are shown.
    pub reveal_secrets: bool,
    /// The one connection that is asked for.
    pub stream: Option<u64>,
    /// Whether runs of plain segments are shown one by one.
    pub all: bool,
    /// The order of connections.
    pub sort: Sort,
    /// Whether packets are asked for by their numbers.
    pub by_packet: bool,
    /// The names that answers of this capture gave to addresses, where tables show them.
    pub names: Option<KnownNames>,
    /// What is known where the source is the wire.
    pub live: Option<LiveReport>,
}

/// What a printer wants to be told of while packets come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Follows {
    /// Nothing besides packets.
    Nothing,
    /// [`Sink::segment`].
    Segments,
    /// [`Sink::said`].
    Mail,
}

impl Options {
    /// Whether what is written has no word on the checksums of segments.
    pub fn says_nothing_of_checksums(&self) -> bool {
        match self.view {
            View::Tls | View::Dns | View::Http | View::Smtp | View::Imap | View::Pop3 | View::Fcs => true,
            View::Tcp => matches!(self.format, Format::Json | Format::Csv),
            View::Overview | View::Packets | View::Layers => false,
        }
    }
}

/// Takes the events of a run, in order, and writes what they are for.
pub trait Sink {
    /// What it wants to be told of besides, live.
    fn follows(&self) -> Follows {
        Follows::Nothing
    }

    /// A packet was read.
    ///
    /// # Errors
    /// When its answer cannot be written.
    fn packet(&mut self, _event: &PacketEvent<'_>) -> io::Result<()> {
        Ok(())
    }

    /// A connection is known in full, with the application that it carried.
    ///
    /// # Errors
    /// When its answer cannot be written.
    fn connection(&mut self, _connection: &Connection, _application: Option<Protocol>) -> io::Result<()> {
        Ok(())
    }

    /// An SMTP session is known in full; its connection may linger.
    ///
    /// # Errors
    /// When its answer cannot be written.
    fn session(&mut self, _session: Box<Session>) -> io::Result<()> {
        Ok(())
    }

    /// A session in which mail was read is known in full; its connection may linger.
    ///
    /// # Errors
    /// When its answer cannot be written.
    fn mailbox(&mut self, _session: Box<fetch::Session>) -> io::Result<()> {
        Ok(())
    }

    /// A TLS session is known in full; what was spoken inside follows.
    ///
    /// # Errors
    /// When its answer cannot be written.
    fn tls_session(&mut self, _session: Box<tls::Session>) -> io::Result<()> {
        Ok(())
    }

    /// A lookup of a name is over.
    ///
    /// # Errors
    /// When its answer cannot be written.
    fn lookup(&mut self, _lookup: Box<Lookup>) -> io::Result<()> {
        Ok(())
    }

    /// An HTTP request and its response are known in full; their connection may go on.
    ///
    /// # Errors
    /// When its answer cannot be written.
    fn exchange(&mut self, _exchange: Box<Exchange>) -> io::Result<()> {
        Ok(())
    }

    /// The ways of mails are known, after all sessions.
    ///
    /// # Errors
    /// When its answer cannot be written.
    fn journeys(&mut self, _journeys: Journeys) -> io::Result<()> {
        Ok(())
    }

    /// A segment came, live, and its connection is this by now.
    ///
    /// # Errors
    /// When its answer cannot be written.
    fn segment(&mut self, _event: &PacketEvent<'_>, _connection: &Connection) -> io::Result<()> {
        Ok(())
    }

    /// Something was said in a mail session, live: all of it up to now.
    ///
    /// # Errors
    /// When its answer cannot be written.
    fn said(&mut self, _connection: &Connection, _said: Said<'_>) -> io::Result<()> {
        Ok(())
    }

    /// The wire may be quiet for a while: what is known now may be shown.
    ///
    /// # Errors
    /// When it cannot be written.
    fn refresh(&mut self, _summary: &Summary) -> io::Result<()> {
        Ok(())
    }

    /// What was written so far is to be seen, because something else is said now.
    ///
    /// # Errors
    /// When it cannot be written.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }

    /// Everything has been read.
    ///
    /// # Errors
    /// When the rest cannot be written.
    fn finish(&mut self, _summary: &Summary) -> io::Result<()> {
        Ok(())
    }
}

/// Where answers go.
pub trait Out: Write + Send {
    /// Octets that are worth collecting before they are written; 0 where a reader waits for each line.
    fn worth_collecting(&self) -> usize;

    /// Writes a buffer that its owner has filled, and leaves it one that is empty: the same, or another.
    ///
    /// # Errors
    /// When it cannot be written.
    fn write_buffer(&mut self, buffer: &mut Vec<u8>) -> io::Result<()> {
        self.write_all(buffer)?;
        buffer.clear();
        Ok(())
    }
}

impl<W: Write + Send> Out for io::LineWriter<W> {
    fn worth_collecting(&self) -> usize {
        0
    }
}

/// Reads what tables need of this machine, so that [`sink_for`] opens no file: the time zone, which is kept for
/// minutes.
pub fn prepare(options: &Options) {
    if options.time == TimeFormat::Local {
        let _ = jiff::tz::TimeZone::system();
    }
}

/// The sink for a view in a format.
pub fn sink_for(options: &Options, out: Box<dyn Out>) -> Box<dyn Sink> {
    match options.format {
        Format::Json => json::sink(options, out),
        Format::Csv => csv::sink(options, out),
        Format::Table | Format::Svg => table::sink(options, out),
    }
}
