//! One stream: what it speaks, and who reads it.

use std::ops::Range;
use std::rc::Rc;

use super::dns;
use super::fetch;
use super::http;
use super::identify;
use super::mail::Letterbox;
use super::plain::PlainLines;
use super::secured::{Inside, Secured, sealed_part};
use super::smtp::reader::{self, Reader};
use super::smtp::{self, Letters, Limits, Session};
use super::tls;
use crate::flow::{Connection, Delivery};
use crate::packet::{PerSide, Protocol, Side};

/// Octets of each side that are kept until it is known what they speak.
const MAX_UNDECIDED: usize = 4 << 10;
/// The ports for mail over TLS from the first octet on (RFC 8314 sections 3 and 7.3).
const SUBMISSIONS: u16 = 465;
const IMAPS: u16 = 993;
const POP3S: u16 = 995;

/// What is kept of a stream.
#[derive(Clone)]
pub(super) enum Keep {
    /// The name of what it speaks.
    Name,
    /// Which octets are secret, too.
    Secrets,
    /// All that was said.
    All(Full),
}

/// What readers need that keep all that was said.
#[derive(Clone)]
pub(super) struct Full {
    /// How much is kept.
    pub(super) limits: Limits,
    /// Messages of one protocol go here as well, where there is one.
    pub(super) letterbox: Option<(Protocol, Rc<dyn Letterbox>)>,
    /// What TLS is opened with.
    pub(super) keys: tls::Keys,
    /// What is read stood inside TLS, which began here.
    pub(super) inside: Option<Delivery>,
    /// HTTP is read only where something is said of its contents.
    pub(super) sharing: Option<http::Sharing>,
}

/// One stream.
#[derive(Default)]
pub(super) enum Stream {
    /// Nothing has been said yet.
    #[default]
    Silent,
    /// It cannot be told yet what it speaks.
    Undecided(Box<Undecided>),
    /// SMTP, and what TLS it led to.
    Smtp(Box<Reader>, Option<Box<Secured>>),
    /// TLS from the first octet on, and what is inside, where it can be opened.
    Tls(Box<TlsStream>),
    /// IMAP or POP3, and the TLS behind STARTTLS or STLS.
    Fetch(Box<fetch::Reader>, Option<Box<Secured>>),
    /// DNS.
    Dns(Box<dns::Reader>),
    /// HTTP, and what the connection was turned into.
    Http(Box<http::Reader>, Box<Stream>),
    /// Another protocol that has a name here.
    Named(Protocol),
    /// A protocol whose session was told of when both ends had closed.
    Told(Protocol),
    /// No protocol known here, perhaps one of lines with passwords in them.
    Unknown(Box<PerSide<PlainLines>>),
}

/// What a stream came to.
#[derive(Default)]
pub(super) struct Said {
    pub(super) application: Option<Protocol>,
    pub(super) tls: Option<Box<tls::Session>>,
    pub(super) session: Option<Session>,
    pub(super) fetch: Option<fetch::Session>,
    pub(super) exchanges: Vec<http::Exchange>,
}

/// A stream of TLS.
pub(super) struct TlsStream {
    secured: Secured,
    inner: InnerStream,
    first: Delivery,
}

/// What is inside.
struct InnerStream {
    stream: Stream,
    keep: Keep,
}

impl Inside for InnerStream {
    fn tls_from(&self, _: Side) -> Option<u64> {
        None
    }

    fn decrypted(&mut self, delivery: Delivery, octets: &[u8]) {
        self.stream.octets(delivery, octets, &self.keep);
    }

    fn decrypted_gap(&mut self, delivery: Delivery, length: u64) {
        self.stream.gap(delivery, length);
    }
}

/// What was said so far, in order.
#[derive(Default)]
pub(super) struct Undecided {
    sides: PerSide<Vec<u8>>,
    events: Vec<(Delivery, Event)>,
    lines: PerSide<PlainLines>,
}

#[derive(Clone, Copy)]
enum Event {
    Octets { at: usize, length: usize },
    Gap(u64),
}

/// The same, with its octets.
enum Replayed<'a> {
    Octets(&'a [u8]),
    Gap(u64),
}

impl Stream {
    /// What it speaks, as far as that is known.
    pub(super) const fn application(&self) -> Option<Protocol> {
        match self {
            Stream::Silent | Stream::Undecided(_) => None,
            Stream::Smtp(..) => Some(Protocol::Smtp),
            Stream::Tls(_) => Some(Protocol::Tls),
            Stream::Fetch(reader, _) => Some(reader.protocol()),
            Stream::Dns(_) => Some(Protocol::Dns),
            Stream::Http(..) => Some(Protocol::Http),
            Stream::Named(protocol) | Stream::Told(protocol) => Some(*protocol),
            Stream::Unknown(_) => Some(Protocol::Data),
        }
    }

    /// What was said so far, where it is a mail session and all is kept.
    pub(super) fn said(&self) -> Option<smtp::Said<'_>> {
        match self {
            Stream::Smtp(reader, _) => reader.said(),
            Stream::Tls(tls) => tls.inner.stream.said(),
            _ => None,
        }
    }

    /// The next octets of one side.
    pub(super) fn octets(&mut self, delivery: Delivery, octets: &[u8], keep: &Keep) {
        match self {
            Stream::Smtp(reader, secured) => mail_octets(&mut **reader, secured, delivery, octets, keep),
            Stream::Tls(tls) => tls.secured.octets(delivery, octets, &mut tls.inner),
            Stream::Fetch(reader, secured) => mail_octets(&mut **reader, secured, delivery, octets, keep),
            Stream::Dns(reader) => reader.octets(delivery, octets),
            Stream::Http(reader, then) => {
                let used = reader.octets(delivery, octets);
                let behind = Delivery { offset: delivery.offset + used as u64, ..delivery };
                if used < octets.len() {
                    then.octets(behind, &octets[used..], keep);
                }
            }
            Stream::Named(..) | Stream::Told(_) => {}
            Stream::Unknown(lines) => lines.of_mut(delivery.from).octets(delivery.offset, octets),
            Stream::Silent => {
                *self = Stream::Undecided(Box::default());
                self.octets(delivery, octets, keep);
            }
            Stream::Undecided(undecided) => {
                let taken = undecided.take(delivery, octets);
                let full = taken < octets.len();
                let decision = undecided.decide().or(full.then_some(Protocol::Data));
                let Some(protocol) = decision else { return };
                let undecided = std::mem::take(&mut **undecided);
                *self = undecided.become_stream(protocol, keep);
                if full {
                    let behind = Delivery { offset: delivery.offset + taken as u64, ..delivery };
                    self.octets(behind, &octets[taken..], keep);
                }
            }
        }
    }

    /// Octets of one side that are not in the capture.
    pub(super) fn gap(&mut self, delivery: Delivery, length: u64) {
        match self {
            Stream::Smtp(reader, secured) => mail_gap(&mut **reader, secured, delivery, length),
            Stream::Tls(tls) => tls.secured.gap(delivery, length, &mut tls.inner),
            Stream::Fetch(reader, secured) => mail_gap(&mut **reader, secured, delivery, length),
            Stream::Dns(reader) => reader.gap(delivery, length),
            Stream::Http(_, then) if !matches!(**then, Stream::Silent) => then.gap(delivery, length),
            Stream::Http(reader, _) => reader.gap(delivery, length),
            Stream::Unknown(lines) => lines.of_mut(delivery.from).gap(),
            Stream::Undecided(undecided) => undecided.gap(delivery, length),
            Stream::Silent => {
                let mut undecided = Box::<Undecided>::default();
                undecided.gap(delivery, length);
                *self = Stream::Undecided(undecided);
            }
            Stream::Named(..) | Stream::Told(_) => {}
        }
    }

    /// One end sends no more, or the connection was reset.
    pub(super) fn end(&mut self, delivery: Delivery, reset: bool) {
        match self {
            Stream::Smtp(reader, _) if reset => reader.reset(),
            Stream::Fetch(reader, _) if reset => reader.reset(),
            Stream::Tls(tls) => tls.inner.stream.end(delivery, reset),
            Stream::Http(reader, then) => {
                reader.end(delivery, reset);
                then.end(delivery, reset);
            }
            _ => {}
        }
    }

    /// Keys have come that it may wait for.
    pub(super) fn retry(&mut self) {
        match self {
            Stream::Smtp(reader, Some(secured)) => secured.retry(&mut **reader),
            Stream::Fetch(reader, Some(secured)) => secured.retry(&mut **reader),
            Stream::Tls(tls) => tls.secured.retry(&mut tls.inner),
            Stream::Http(_, then) => then.retry(),
            _ => {}
        }
    }

    /// The next exchange that is known in full.
    pub(super) fn take_exchange(&mut self) -> Option<http::Exchange> {
        match self {
            Stream::Http(reader, then) => reader.take_finished().or_else(|| then.take_exchange()),
            Stream::Tls(tls) => tls.inner.stream.take_exchange().map(decrypted),
            _ => None,
        }
    }

    /// Which octets must not be shown.
    pub(super) fn concealed(&self, from: Side, offset: Option<u64>, length: u32, out: &mut Vec<Range<u32>>) {
        let asked = offset.map(|begin| begin..begin.saturating_add(u64::from(length)));
        let lines = match self {
            Stream::Smtp(reader, _) => return reader.concealed(from, asked, length, out),
            Stream::Fetch(reader, _) => return reader.concealed(from, asked, length, out),
            Stream::Http(reader, then) => {
                if offset.is_some_and(|offset| reader.is_over_at(from, offset)) {
                    return then.concealed(from, offset, length, out);
                }
                return reader.concealed(from, asked, length, out);
            }
            Stream::Unknown(lines) => lines.of(from),
            Stream::Undecided(undecided) => undecided.lines.of(from),
            // nothing was delivered: what comes before its turn has not been read
            Stream::Silent => return out.push(0..length),
            Stream::Dns(_) | Stream::Named(..) | Stream::Told(_) | Stream::Tls(_) => return,
        };
        lines.concealed(asked, length, out);
    }

    /// Both ends have closed: what it came to, if all that was said is kept and nothing waits for keys. What it spoke
    /// is still known afterwards.
    pub(super) fn close(&mut self, record: impl FnOnce() -> Connection) -> Said {
        let is_whole = match self {
            Stream::Smtp(reader, secured) => {
                reader.records() && !secured.as_ref().is_some_and(|secured| secured.is_waiting())
            }
            Stream::Fetch(reader, secured) => {
                reader.records() && !secured.as_ref().is_some_and(|secured| secured.is_waiting())
            }
            Stream::Tls(tls) => !tls.secured.is_waiting(),
            _ => false,
        };
        let Some(protocol) = self.application().filter(|_| is_whole) else { return Said::default() };
        std::mem::replace(self, Stream::Told(protocol)).finish(&record())
    }

    /// The connection is over: what it spoke, and what is known of that.
    pub(super) fn finish(self, connection: &Connection) -> Said {
        let application = self.application().filter(|&protocol| protocol != Protocol::Data);
        let said = Said { application, ..Said::default() };
        match self {
            Stream::Smtp(reader, secured) => mail_ends(*reader, secured, connection, said),
            Stream::Tls(tls) => tls.finish(connection, said),
            Stream::Fetch(reader, secured) => mailbox_ends(*reader, secured, connection, said),
            Stream::Http(reader, then) => {
                let mut exchanges: Vec<http::Exchange> = reader.finish(connection).collect();
                let then = then.finish(connection);
                exchanges.extend(then.exchanges);
                Said { application, exchanges, ..then }
            }
            _ => said,
        }
    }
}

impl TlsStream {
    fn new(first: Delivery, full: &Full) -> Self {
        let keep = Keep::All(Full { inside: Some(first), ..full.clone() });
        let inner = InnerStream { stream: Stream::Silent, keep };
        Self { secured: Secured::new(&full.keys, first.stream, false), inner, first }
    }

    fn finish(mut self, connection: &Connection, said: Said) -> Said {
        self.secured.give_up(&mut self.inner);
        let mut inside = self.inner.stream.finish(connection);
        let (tls, records) = self.secured.finish(connection, inside.application);
        if let Some(decrypted) = inside.session.as_mut().and_then(|session| session.decrypted.as_mut()) {
            decrypted.records = records;
        }
        if inside.session.is_none() && inside.fetch.is_none() {
            let mailbox = |protocol| Some(fetch::implicit_tls(protocol, connection, self.first));
            match connection.endpoints.responder.port {
                SUBMISSIONS => inside.session = Some(reader::implicit_tls(connection, self.first)),
                IMAPS => inside.fetch = mailbox(Protocol::Imap),
                POP3S => inside.fetch = mailbox(Protocol::Pop3),
                _ => {}
            }
        }
        inside.exchanges = inside.exchanges.into_iter().map(decrypted).collect();
        Said { application: said.application, tls: Some(Box::new(tls)), ..inside }
    }
}

/// An exchange that stood inside TLS.
fn decrypted(exchange: http::Exchange) -> http::Exchange {
    http::Exchange { decrypted: true, ..exchange }
}

/// A reader of a protocol that may turn to TLS.
trait Spoken: Inside {
    /// The next octets that are not sealed.
    fn in_the_clear(&mut self, delivery: Delivery, octets: &[u8]);

    /// Octets that are not in the capture.
    fn missing(&mut self, delivery: Delivery, length: u64);
}

impl Spoken for Reader {
    fn in_the_clear(&mut self, delivery: Delivery, octets: &[u8]) {
        self.octets(delivery, octets);
    }

    fn missing(&mut self, delivery: Delivery, length: u64) {
        self.gap(delivery, length);
    }
}

impl Spoken for fetch::Reader {
    fn in_the_clear(&mut self, delivery: Delivery, octets: &[u8]) {
        self.octets(delivery, octets);
    }

    fn missing(&mut self, delivery: Delivery, length: u64) {
        self.gap(delivery, length);
    }
}

/// The next octets of a mail session, in the clear or, behind STARTTLS, in TLS.
fn mail_octets(
    reader: &mut impl Spoken,
    secured: &mut Option<Box<Secured>>,
    delivery: Delivery,
    octets: &[u8],
    keep: &Keep,
) {
    if reader.tls_from(delivery.from).is_none_or(|from| delivery.offset < from) {
        reader.in_the_clear(delivery, octets);
    }
    let (Keep::All(full), Some((delivery, sealed))) = (keep, sealed_part(reader, delivery, octets)) else {
        return;
    };
    let new = || Box::new(Secured::new(&full.keys, delivery.stream, true));
    secured.get_or_insert_with(new).octets(delivery, sealed, reader);
}

fn mail_gap(reader: &mut impl Spoken, secured: &mut Option<Box<Secured>>, delivery: Delivery, length: u64) {
    let sealed = secured.as_mut().filter(|_| reader.tls_from(delivery.from).is_some());
    let is_told = sealed.is_some_and(|secured| {
        secured.gap(delivery, length, reader);
        secured.has_opened()
    });
    if !is_told {
        reader.missing(delivery, length);
    }
}

fn mail_ends(mut reader: Reader, secured: Option<Box<Secured>>, connection: &Connection, said: Said) -> Said {
    let Some(mut secured) = secured else { return Said { session: reader.finish(connection), ..said } };
    secured.give_up(&mut reader);
    let mut session = reader.finish(connection);
    let (tls, records) = secured.finish(connection, Some(Protocol::Smtp));
    if let Some(decrypted) = session.as_mut().and_then(|session| session.decrypted.as_mut()) {
        decrypted.records = records;
    }
    Said { session, tls: Some(Box::new(tls)), ..said }
}

fn mailbox_ends(
    mut reader: fetch::Reader,
    secured: Option<Box<Secured>>,
    connection: &Connection,
    said: Said,
) -> Said {
    let Some(mut secured) = secured else { return Said { fetch: reader.finish(connection), ..said } };
    secured.give_up(&mut reader);
    let protocol = reader.protocol();
    let fetch = reader.finish(connection);
    let (tls, _) = secured.finish(connection, Some(protocol));
    Said { fetch, tls: Some(Box::new(tls)), ..said }
}

impl Undecided {
    /// Keeps what fits; how many octets that was.
    fn take(&mut self, delivery: Delivery, octets: &[u8]) -> usize {
        self.lines.of_mut(delivery.from).octets(delivery.offset, octets);
        let kept = self.sides.of_mut(delivery.from);
        let length = octets.len().min(MAX_UNDECIDED.saturating_sub(kept.len()));
        self.events.push((delivery, Event::Octets { at: kept.len(), length }));
        kept.extend_from_slice(&octets[..length]);
        length
    }

    fn gap(&mut self, delivery: Delivery, length: u64) {
        self.lines.of_mut(delivery.from).gap();
        if self.events.len() < 2 * MAX_UNDECIDED {
            self.events.push((delivery, Event::Gap(length)));
        }
    }

    fn decide(&self) -> Option<Protocol> {
        identify(&self.sides.initiator, &self.sides.responder)
    }

    /// Hands what was kept to the reader of the protocol.
    fn become_stream(self, protocol: Protocol, keep: &Keep) -> Stream {
        let full = match keep {
            Keep::Name => return Stream::Named(protocol),
            Keep::Secrets => None,
            Keep::All(full) if protocol == Protocol::Http && full.sharing.is_none() => {
                return Stream::Named(protocol);
            }
            Keep::All(full) => Some(full),
        };
        let limits = full.map(|full| full.limits);
        match protocol {
            Protocol::Smtp => {
                let letters = self.letters(full, protocol);
                let (mut reader, mut secured) = (Reader::new(self.client(), limits, letters), None);
                if let Some(first) = full.and_then(|full| full.inside) {
                    reader.is_inside_tls(first);
                }
                self.replay(|delivery, event| match event {
                    Replayed::Octets(octets) => {
                        mail_octets(&mut reader, &mut secured, delivery, octets, keep)
                    }
                    Replayed::Gap(length) => mail_gap(&mut reader, &mut secured, delivery, length),
                });
                Stream::Smtp(Box::new(reader), secured)
            }
            Protocol::Imap | Protocol::Pop3 => {
                let letters = self.letters(full, protocol);
                let reader = fetch::Reader::new(protocol, self.answering(), limits, letters);
                let (mut reader, mut secured) = (reader, None);
                if let Some(first) = full.and_then(|full| full.inside) {
                    reader.is_inside_tls(first);
                }
                self.replay(|delivery, event| match event {
                    Replayed::Octets(octets) => {
                        mail_octets(&mut reader, &mut secured, delivery, octets, keep)
                    }
                    Replayed::Gap(length) => mail_gap(&mut reader, &mut secured, delivery, length),
                });
                Stream::Fetch(Box::new(reader), secured)
            }
            Protocol::Tls if full.is_some_and(|full| full.inside.is_none()) => self.become_tls(full),
            Protocol::Dns if full.is_some_and(|full| full.inside.is_none()) => {
                let mut reader = dns::Reader::default();
                self.replay(|delivery, event| match event {
                    Replayed::Octets(octets) => reader.octets(delivery, octets),
                    Replayed::Gap(length) => reader.gap(delivery, length),
                });
                Stream::Dns(Box::new(reader))
            }
            Protocol::Http => {
                let sharing = full.and_then(|full| full.sharing.clone());
                let client = http::Reader::client_of(&self.sides.initiator, &self.sides.responder);
                let reader = http::Reader::new(client, http::Limits::default(), sharing);
                let mut stream = Stream::Http(Box::new(reader), Box::default());
                self.replay(|delivery, event| match event {
                    Replayed::Octets(octets) => stream.octets(delivery, octets, keep),
                    Replayed::Gap(length) => stream.gap(delivery, length),
                });
                stream
            }
            Protocol::Data => Stream::Unknown(Box::new(self.lines)),
            named => Stream::Named(named),
        }
    }

    /// Where the messages of this protocol go.
    fn letters(&self, full: Option<&Full>, protocol: Protocol) -> Option<Letters> {
        let stream = self.events.first().map_or(0, |(delivery, _)| delivery.stream);
        let (wanted, letterbox) = full?.letterbox.clone()?;
        (wanted == protocol).then_some(Letters { stream, letterbox })
    }

    /// Everything that was kept, once more.
    fn replay(&self, mut take: impl FnMut(Delivery, Replayed<'_>)) {
        for (delivery, event) in &self.events {
            match *event {
                Event::Octets { at, length } => {
                    let octets = self.sides.of(delivery.from).get(at..at + length);
                    take(*delivery, Replayed::Octets(octets.unwrap_or_default()));
                }
                Event::Gap(length) => take(*delivery, Replayed::Gap(length)),
            }
        }
    }

    /// The side that answers in IMAP or POP3: the responder, unless the other one begins as only servers do.
    fn answering(&self) -> Side {
        let answers =
            |octets: &[u8]| [&b"* "[..], b"+OK", b"-ERR"].iter().any(|word| octets.starts_with(word));
        let swapped = answers(&self.sides.initiator) && !answers(&self.sides.responder);
        if swapped { Side::Initiator } else { Side::Responder }
    }

    fn become_tls(&self, full: Option<&Full>) -> Stream {
        let Some((full, (first, _))) = full.zip(self.events.first()) else { return Stream::Silent };
        let mut tls = TlsStream::new(*first, full);
        self.replay(|delivery, event| match event {
            Replayed::Octets(octets) => tls.secured.octets(delivery, octets, &mut tls.inner),
            Replayed::Gap(length) => tls.secured.gap(delivery, length, &mut tls.inner),
        });
        Stream::Tls(Box::new(tls))
    }

    /// The side that says commands: the initiator, unless it says codes or the responder says commands.
    fn client(&self) -> Side {
        let says_code = |octets: &[u8]| {
            octets.len() > 3 && octets[..3].iter().all(u8::is_ascii_digit) && matches!(octets[3], b' ' | b'-')
        };
        let swapped = says_code(&self.sides.initiator)
            || (!self.sides.responder.is_empty()
                && !says_code(&self.sides.responder)
                && self.sides.initiator.is_empty());
        if swapped { Side::Responder } else { Side::Initiator }
    }
}
