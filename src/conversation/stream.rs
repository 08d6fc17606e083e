//! One stream: what it speaks, and who reads it.

use std::ops::Range;
use std::rc::Rc;

use super::dns;
use super::fetch;
use super::identify;
use super::mail::Letterbox;
use super::plain::PlainLines;
use super::smtp::reader::{self, Reader};
use super::smtp::{self, Letters, Limits, Session};
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
    /// All that was said, within limits; messages of one protocol go to the letterbox as well, where there is one.
    All(Limits, Option<(Protocol, Rc<dyn Letterbox>)>),
}

/// One stream.
#[derive(Default)]
pub(super) enum Stream {
    /// Nothing has been said yet.
    #[default]
    Silent,
    /// It cannot be told yet what it speaks.
    Undecided(Box<Undecided>),
    /// SMTP.
    Smtp(Box<Reader>),
    /// IMAP or POP3.
    Fetch(Box<fetch::Reader>),
    /// DNS.
    Dns(Box<dns::Reader>),
    /// Another protocol that has a name here.
    Named(Protocol, Delivery),
    /// A protocol whose session was told of when both ends had closed.
    Told(Protocol),
    /// No protocol known here, perhaps one of lines with passwords in them.
    Unknown(Box<PerSide<PlainLines>>),
}

/// What a stream came to.
#[derive(Default)]
pub(super) struct Said {
    pub(super) application: Option<Protocol>,
    pub(super) session: Option<Session>,
    pub(super) fetch: Option<fetch::Session>,
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
            Stream::Smtp(_) => Some(Protocol::Smtp),
            Stream::Fetch(reader) => Some(reader.protocol()),
            Stream::Dns(_) => Some(Protocol::Dns),
            Stream::Named(protocol, _) | Stream::Told(protocol) => Some(*protocol),
            Stream::Unknown(_) => Some(Protocol::Data),
        }
    }

    /// What was said so far, where it is a mail session and all is kept.
    pub(super) fn said(&self) -> Option<smtp::Said<'_>> {
        match self {
            Stream::Smtp(reader) => reader.said(),
            _ => None,
        }
    }

    /// The next octets of one side.
    pub(super) fn octets(&mut self, delivery: Delivery, octets: &[u8], keep: &Keep) {
        match self {
            Stream::Smtp(reader) => reader.octets(delivery, octets),
            Stream::Fetch(reader) => reader.octets(delivery, octets),
            Stream::Dns(reader) => reader.octets(delivery, octets),
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
            Stream::Smtp(reader) => reader.gap(delivery, length),
            Stream::Fetch(reader) => reader.gap(delivery, length),
            Stream::Dns(reader) => reader.gap(delivery, length),
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

    /// The connection was reset.
    pub(super) fn reset(&mut self) {
        match self {
            Stream::Smtp(reader) => reader.reset(),
            Stream::Fetch(reader) => reader.reset(),
            Stream::Silent
            | Stream::Undecided(_)
            | Stream::Named(..)
            | Stream::Told(_)
            | Stream::Unknown(_)
            | Stream::Dns(_) => {}
        }
    }

    /// Which octets must not be shown.
    pub(super) fn concealed(&self, from: Side, offset: Option<u64>, length: u32, out: &mut Vec<Range<u32>>) {
        let asked = offset.map(|begin| begin..begin.saturating_add(u64::from(length)));
        let lines = match self {
            Stream::Smtp(reader) => return reader.concealed(from, asked, length, out),
            Stream::Fetch(reader) => return reader.concealed(from, asked, length, out),
            Stream::Unknown(lines) => lines.of(from),
            Stream::Undecided(undecided) => undecided.lines.of(from),
            // nothing was delivered: what comes before its turn has not been read
            Stream::Silent => return out.push(0..length),
            Stream::Dns(_) | Stream::Named(..) | Stream::Told(_) => return,
        };
        lines.concealed(asked, length, out);
    }

    /// Both ends have closed: its session, if all that was said is kept. What it spoke is still known afterwards.
    pub(super) fn close(&mut self, record: impl FnOnce() -> Connection) -> Said {
        let protocol = match self {
            Stream::Smtp(reader) if reader.records() => Protocol::Smtp,
            Stream::Fetch(reader) if reader.records() => reader.protocol(),
            _ => return Said::default(),
        };
        match std::mem::replace(self, Stream::Told(protocol)) {
            Stream::Smtp(reader) => Said { session: reader.finish(&record()), ..Said::default() },
            Stream::Fetch(reader) => Said { fetch: reader.finish(&record()), ..Said::default() },
            _ => Said::default(),
        }
    }

    /// The connection is over: what it spoke, and what is known of that.
    pub(super) fn finish(self, connection: &Connection, keep: &Keep) -> Said {
        let port = connection.endpoints.responder.port;
        let application = self.application().filter(|&protocol| protocol != Protocol::Data);
        let said = Said { application, ..Said::default() };
        match self {
            Stream::Smtp(reader) => Said { session: reader.finish(connection), ..said },
            Stream::Fetch(reader) => Said { fetch: reader.finish(connection), ..said },
            Stream::Named(Protocol::Tls, first) if matches!(keep, Keep::All(..)) => match port {
                SUBMISSIONS => Said { session: Some(reader::implicit_tls(connection, first)), ..said },
                IMAPS => Said { fetch: Some(fetch::implicit_tls(Protocol::Imap, connection, first)), ..said },
                POP3S => Said { fetch: Some(fetch::implicit_tls(Protocol::Pop3, connection, first)), ..said },
                _ => said,
            },
            _ => said,
        }
    }
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
    fn become_stream(mut self, protocol: Protocol, keep: &Keep) -> Stream {
        let (limits, letterbox) = match keep {
            Keep::Name => return self.become_name(protocol),
            Keep::Secrets => (None, None),
            Keep::All(limits, letterbox) => {
                let wanted = letterbox.as_ref().filter(|(wanted, _)| *wanted == protocol);
                (Some(*limits), wanted.map(|(_, letterbox)| Rc::clone(letterbox)))
            }
        };
        match protocol {
            Protocol::Smtp => {
                let letters = self.letters(letterbox);
                let mut reader = Reader::new(self.client(), limits, letters);
                self.replay(|delivery, event| match event {
                    Replayed::Octets(octets) => reader.octets(delivery, octets),
                    Replayed::Gap(length) => reader.gap(delivery, length),
                });
                Stream::Smtp(Box::new(reader))
            }
            Protocol::Imap | Protocol::Pop3 => {
                let server = self.answering();
                let letters = self.letters(letterbox);
                let lines = std::mem::take(&mut self.lines);
                let mut reader = fetch::Reader::new(protocol, server, lines, limits, letters);
                self.replay(|delivery, event| match event {
                    Replayed::Octets(octets) => reader.replay(delivery, octets),
                    Replayed::Gap(length) => reader.replay_gap(delivery, length),
                });
                Stream::Fetch(Box::new(reader))
            }
            Protocol::Dns if limits.is_some() => {
                let mut reader = dns::Reader::default();
                self.replay(|delivery, event| match event {
                    Replayed::Octets(octets) => reader.octets(delivery, octets),
                    Replayed::Gap(length) => reader.gap(delivery, length),
                });
                Stream::Dns(Box::new(reader))
            }
            Protocol::Data => Stream::Unknown(Box::new(self.lines)),
            named => self.become_name(named),
        }
    }

    fn letters(&self, letterbox: Option<Rc<dyn Letterbox>>) -> Option<Letters> {
        let stream = self.events.first().map_or(0, |(delivery, _)| delivery.stream);
        letterbox.map(|letterbox| Letters { stream, letterbox })
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

    fn become_name(&self, protocol: Protocol) -> Stream {
        self.events.first().map_or(Stream::Silent, |(first, _)| Stream::Named(protocol, *first))
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
