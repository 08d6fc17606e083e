//! All conversations of a capture, each with the reader of its protocol.

use std::collections::VecDeque;
use std::ops::Range;
use std::rc::Rc;

use ahash::AHashMap;

use super::dns::{self, Lookup, Lookups};
use super::fetch;
use super::http;
use super::mail::Letterbox;
use super::smtp;
use super::smtp::offers::TlsOffers;
use super::stream::{Full, Keep, Said, Stream};
use super::tls;
use crate::flow::{Connection, Delivery, Receiver};
use crate::packet::{Endpoint, PerSide, Protocol, Side};

/// How much of a conversation is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// Which application it is.
    Names,
    /// The same, and which octets are secret.
    Secrets,
    /// All that was said.
    Full,
}

/// What is known in full.
#[derive(Debug)]
pub enum Finished {
    /// A connection, and the application that it carried, where that is known.
    Connection(Box<Connection>, Option<Protocol>),
    /// A TLS session, where all that was said is kept.
    Tls(Box<tls::Session>),
    /// A mail session, where all that was said is kept: before its connection, if that was closed.
    Session(Box<smtp::Session>),
    /// A lookup of a name, where all that was said is kept: as soon as it is over.
    Lookup(Box<Lookup>),
    /// A session in which mail was read, where all that was said is kept: before its connection, if that was closed.
    Mailbox(Box<fetch::Session>),
    /// A request and its response: before its connection, and long before that ends. Who spoke is known with
    /// [`http::Exchange::ends`] only where the connection is over.
    Exchange(Box<http::Exchange>),
}

/// Reads every stream that speaks a known protocol.
pub struct Conversations {
    keep: Keep,
    streams: AHashMap<u64, Stream>,
    finished: VecDeque<Finished>,
    offered_tls: TlsOffers,
    lookups: Lookups,
    /// Streams whose messages of DNS wait for the ends of their connection to be told.
    names_wait: Vec<u64>,
}

impl Conversations {
    /// No conversation yet.
    pub fn new(depth: Depth) -> Self {
        Self::with_limits(depth, smtp::Limits::default())
    }

    /// No conversation yet; each session keeps at most so much.
    pub fn with_limits(depth: Depth, limits: smtp::Limits) -> Self {
        let keep = match depth {
            Depth::Names => Keep::Name,
            Depth::Secrets => Keep::Secrets,
            Depth::Full => Keep::All(Full {
                limits,
                letterbox: None,
                keys: tls::Keys::default(),
                inside: None,
                sharing: None,
            }),
        };
        Self {
            keep,
            streams: AHashMap::new(),
            finished: VecDeque::new(),
            offered_tls: TlsOffers::default(),
            lookups: Lookups::default(),
            names_wait: Vec::new(),
        }
    }

    /// Messages of this protocol go to the letterbox as well, while they arrive. Without [`Depth::Full`] there are none.
    pub fn deliver_to(&mut self, letterbox: Rc<dyn Letterbox>, protocol: Protocol) {
        if let Keep::All(full) = &mut self.keep {
            full.letterbox = Some((protocol, letterbox));
        }
    }

    /// The key log that TLS is opened with, to be added to. Without [`Depth::Full`] nothing is opened.
    pub fn keys(&self) -> Option<&tls::Keys> {
        match &self.keep {
            Keep::All(full) => Some(&full.keys),
            Keep::Name | Keep::Secrets => None,
        }
    }

    /// The key log has grown: what waited for it is opened.
    pub fn keys_came(&mut self) {
        for stream in self.keys().map(tls::Keys::take_ready).unwrap_or_default() {
            if let Some(stream) = self.streams.get_mut(&stream) {
                stream.retry();
            }
        }
    }

    fn tell(&mut self, said: Said) {
        let Said { tls, session, fetch, exchanges, .. } = said;
        self.finished.extend(exchanges.into_iter().map(Box::new).map(Finished::Exchange));
        self.finished.extend(tls.map(Finished::Tls));
        if let Some(session) = session {
            self.tell_session(session);
        }
        self.finished.extend(fetch.map(Box::new).map(Finished::Mailbox));
    }

    /// HTTP is read, too, and not only named. Without [`Depth::Full`] it is not.
    pub fn read_http(&mut self, sharing: http::Sharing) {
        if let Keep::All(full) = &mut self.keep {
            full.sharing = Some(sharing);
        }
    }

    /// The application that a stream speaks, as far as it is known now.
    pub fn application(&self, stream: u64) -> Option<Protocol> {
        self.streams.get(&stream)?.application()
    }

    /// What was said so far in a mail session that is under way, where all is kept; a message that is under way is the
    /// last of it, and grows.
    pub fn said(&self, stream: u64) -> Option<smtp::Said<'_>> {
        self.streams.get(&stream)?.said()
    }

    /// Which of `length` octets of a stream must not be shown unless secrets are revealed: ranges counted from
    /// the first of them. `offset` is where they begin in the stream of `from`.
    pub fn concealed(
        &self,
        stream: u64,
        from: Side,
        offset: Option<u64>,
        length: u32,
        out: &mut Vec<Range<u32>>,
    ) {
        out.clear();
        if length > 0 {
            let silent = Stream::default();
            self.streams.get(&stream).unwrap_or(&silent).concealed(from, offset, length, out);
        }
    }

    /// Whether datagrams are wanted.
    pub const fn takes_datagrams(&self) -> bool {
        matches!(self.keep, Keep::All(..))
    }

    /// Takes a message of DNS that one datagram carried.
    pub fn datagram(&mut self, datagram: &dns::Datagram, octets: &[u8]) {
        self.lookups.datagram(datagram, octets);
        self.tell_lookups();
    }

    /// Says whose the stream is that the last octets came from, which a delivery does not: messages of DNS in it are
    /// paired by that.
    pub fn between(&mut self, capture: u32, ends: impl FnOnce() -> PerSide<Endpoint>) {
        if !self.names_wait.is_empty() {
            let ends = ends();
            for stream in std::mem::take(&mut self.names_wait) {
                self.pair(capture, stream, &ends);
            }
        }
    }

    fn pair(&mut self, capture: u32, stream: u64, ends: &PerSide<Endpoint>) {
        let Some(Stream::Dns(reader)) = self.streams.get_mut(&stream) else { return };
        while let Some(framed) = reader.take() {
            let (source, destination) = (*ends.of(framed.from), *ends.of(framed.from.peer()));
            let (packet, time) = (framed.packet, framed.time);
            let datagram = dns::Datagram { capture, packet, time, source, destination };
            self.lookups.framed(&datagram, stream, &framed);
        }
        self.tell_lookups();
    }

    fn tell_lookups(&mut self) {
        while let Some(lookup) = self.lookups.take_finished() {
            self.finished.push_back(Finished::Lookup(Box::new(lookup)));
        }
    }

    /// The names that answers have given to addresses so far.
    pub const fn names(&self) -> &dns::NameBook {
        self.lookups.names()
    }

    /// Everything has been read: what still waits for an answer has none.
    pub fn finish(&mut self) {
        self.lookups.finish();
        self.tell_lookups();
    }

    /// A session with what belongs to it.
    fn tell_session(&mut self, mut session: smtp::Session) {
        self.offered_tls.meet(&mut session);
        session.lookups = self.lookups.of_session(&session);
        self.finished.push_back(Finished::Session(Box::new(session)));
    }

    /// The next connection or session that is known in full.
    pub fn take_finished(&mut self) -> Option<Finished> {
        self.finished.pop_front()
    }
}

impl Receiver for Conversations {
    fn octets(&mut self, delivery: Delivery, octets: &[u8]) {
        let stream = self.streams.entry(delivery.stream).or_default();
        stream.octets(delivery, octets, &self.keep);
        if matches!(stream, Stream::Dns(_)) && self.names_wait.last() != Some(&delivery.stream) {
            self.names_wait.push(delivery.stream);
        }
        tell_exchanges(stream, &mut self.finished);
    }

    fn gap(&mut self, delivery: Delivery, length: u64) {
        let stream = self.streams.entry(delivery.stream).or_default();
        stream.gap(delivery, length);
        tell_exchanges(stream, &mut self.finished);
    }

    fn end(&mut self, delivery: Delivery, reset: bool) {
        if let Some(stream) = self.streams.get_mut(&delivery.stream) {
            stream.end(delivery, reset);
            tell_exchanges(stream, &mut self.finished);
        }
    }

    /// A session is told of at once: connections linger, and sessions are large.
    fn closed(&mut self, stream: u64, record: impl FnOnce() -> Connection) {
        if let Some(open) = self.streams.get_mut(&stream) {
            let said = open.close(record);
            self.tell(said);
        }
    }

    fn finished(&mut self, connection: Connection) {
        self.pair(connection.capture, connection.stream, &connection.endpoints);
        let stream = self.streams.remove(&connection.stream);
        let said = stream.map(|stream| stream.finish(&connection)).unwrap_or_default();
        self.finished.push_back(Finished::Connection(Box::new(connection), said.application));
        self.tell(said);
    }
}

/// What is known in full of a stream that goes on.
fn tell_exchanges(stream: &mut Stream, finished: &mut VecDeque<Finished>) {
    while let Some(exchange) = stream.take_exchange() {
        finished.push_back(Finished::Exchange(Box::new(exchange)));
    }
}
