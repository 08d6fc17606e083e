//! All conversations of a capture, each with the reader of its protocol.

use std::collections::VecDeque;
use std::ops::Range;
use std::rc::Rc;

use ahash::AHashMap;

use super::fetch;
use super::mail::Letterbox;
use super::smtp;
use super::smtp::offers::TlsOffers;
use super::stream::{Keep, Said, Stream};
use crate::flow::{Connection, Delivery, Receiver};
use crate::packet::{Protocol, Side};

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
    /// A mail session, where all that was said is kept: before its connection, if that was closed.
    Session(Box<smtp::Session>),
    /// A session in which mail was read, where all that was said is kept: before its connection, if that was closed.
    Mailbox(Box<fetch::Session>),
}

/// Reads every stream that speaks a known protocol.
pub struct Conversations {
    keep: Keep,
    streams: AHashMap<u64, Stream>,
    finished: VecDeque<Finished>,
    offered_tls: TlsOffers,
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
            Depth::Full => Keep::All(limits, None),
        };
        Self { keep, streams: AHashMap::new(), finished: VecDeque::new(), offered_tls: TlsOffers::default() }
    }

    /// Messages of this protocol go to the letterbox as well, while they arrive. Without [`Depth::Full`] there are none.
    pub fn deliver_to(&mut self, letterbox: Rc<dyn Letterbox>, protocol: Protocol) {
        if let Keep::All(limits, _) = self.keep {
            self.keep = Keep::All(limits, Some((protocol, letterbox)));
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

    /// What a stream came to waits to be taken.
    fn told(&mut self, said: Said) {
        let Said { session, fetch, .. } = said;
        if let Some(mut session) = session {
            self.offered_tls.meet(&mut session);
            self.finished.push_back(Finished::Session(Box::new(session)));
        }
        self.finished.extend(fetch.map(Box::new).map(Finished::Mailbox));
    }

    /// The next connection or session that is known in full.
    pub fn take_finished(&mut self) -> Option<Finished> {
        self.finished.pop_front()
    }
}

impl Receiver for Conversations {
    fn octets(&mut self, delivery: Delivery, octets: &[u8]) {
        self.streams.entry(delivery.stream).or_default().octets(delivery, octets, &self.keep);
    }

    fn gap(&mut self, delivery: Delivery, length: u64) {
        self.streams.entry(delivery.stream).or_default().gap(delivery, length);
    }

    fn end(&mut self, delivery: Delivery, reset: bool) {
        if let Some(stream) = self.streams.get_mut(&delivery.stream).filter(|_| reset) {
            stream.reset();
        }
    }

    /// A session is told of at once: connections linger, and sessions are large.
    fn closed(&mut self, stream: u64, record: impl FnOnce() -> Connection) {
        if let Some(open) = self.streams.get_mut(&stream) {
            let said = open.close(record);
            self.told(said);
        }
    }

    fn finished(&mut self, connection: Connection) {
        let stream = self.streams.remove(&connection.stream);
        let said = stream.map(|stream| stream.finish(&connection, &self.keep)).unwrap_or_default();
        self.finished.push_back(Finished::Connection(Box::new(connection), said.application));
        self.told(said);
    }
}
