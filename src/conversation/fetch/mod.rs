//! Mail fetched by its reader: IMAP (RFC 9051) and POP3 (RFC 1939), read as far as it takes to find the messages
//! that a server hands out. What else is said is passed over.

mod imap;
mod pop3;

use std::ops::Range;

use super::mail::{self, Outline, body_digest};
use super::plain::PlainLines;
use super::secret::Secrets;
use crate::flow::{Connection, Delivery};
use crate::packet::{Endpoint, PerSide, Protocol, Side, Timestamp};

/// Messages that are kept of one connection.
const MAX_FETCHED: usize = 10_000;
/// Octets of their headers that are kept of one connection.
const MAX_KEPT: usize = 16 << 20;
/// Octets of a message's header that are kept until all of it has come.
const MAX_HEADER: usize = 256 << 10;

/// A whole message that a server handed out.
#[derive(Debug)]
pub struct Fetched {
    /// [`Protocol::Imap`] or [`Protocol::Pop3`].
    pub protocol: Protocol,
    /// The capture it was seen in.
    pub capture: u32,
    /// The connection that carried it.
    pub stream: u64,
    /// The end that asked.
    pub client: Endpoint,
    /// The end that answered.
    pub server: Endpoint,
    /// First and last packet of the message.
    pub packets: Range<u64>,
    /// When the first of them was captured.
    pub time: Option<Timestamp>,
    /// Octets as the reader gets them.
    pub octets: u64,
    /// Its end was captured and nothing in it is missing.
    pub complete: bool,
    /// The Message-ID header, without brackets.
    pub message_id: Option<String>,
    /// Subject, decoded.
    pub subject: Option<String>,
    /// From, decoded.
    pub author: Option<String>,
    /// Date, as it stands.
    pub date: Option<String>,
    /// The hops before this one, the oldest first.
    pub hops: Vec<mail::Hop>,
    /// Its header fields, to be compared.
    pub outline: Outline,
    /// What its content came to, where all of it is there.
    pub body: Option<u64>,
}

/// A message on its way; what is known of it so far.
struct Letter {
    /// `None` where only its place in the stream is asked for.
    mail: Option<Box<mail::Reader>>,
    packets: Range<u64>,
    time: Option<Timestamp>,
    octets: u64,
    whole: bool,
}

/// What a parser finds.
struct Finds {
    protocol: Protocol,
    /// Whether messages are read, or only their places noted.
    reads: bool,
    done: Vec<Fetched>,
    /// Octets that those take, about.
    kept: usize,
    /// Where in the server's stream the messages stand.
    bodies: Secrets,
}

/// The grammar of the protocol.
enum Grammar {
    Imap(imap::Responses),
    Pop3(pop3::Dialogue),
}

/// Reads one stream.
pub(super) struct Reader {
    server: Side,
    lines: PerSide<PlainLines>,
    grammar: Grammar,
    finds: Finds,
}

impl Reader {
    /// `server`: who hands out. `lines` have read what came so far; `reads`: whether messages are read.
    pub(super) fn new(protocol: Protocol, server: Side, lines: PerSide<PlainLines>, reads: bool) -> Self {
        let grammar = match protocol {
            Protocol::Pop3 => Grammar::Pop3(pop3::Dialogue::default()),
            _ => Grammar::Imap(imap::Responses::default()),
        };
        let finds = Finds { protocol, reads, done: Vec::new(), kept: 0, bodies: Secrets::default() };
        Self { server, lines, grammar, finds }
    }

    /// Which of both protocols it is.
    pub(super) const fn protocol(&self) -> Protocol {
        self.finds.protocol
    }

    /// The next octets of one side.
    pub(super) fn octets(&mut self, delivery: Delivery, octets: &[u8]) {
        self.lines.of_mut(delivery.from).octets(delivery.offset, octets);
        self.replay(delivery, octets);
    }

    /// Octets that the lines have read already.
    pub(super) fn replay(&mut self, delivery: Delivery, octets: &[u8]) {
        let from_server = delivery.from == self.server;
        match (&mut self.grammar, from_server) {
            (Grammar::Imap(responses), true) => responses.octets(delivery, octets, &mut self.finds),
            (Grammar::Imap(_), false) => {}
            (Grammar::Pop3(dialogue), true) => dialogue.server(delivery, octets, &mut self.finds),
            (Grammar::Pop3(dialogue), false) => dialogue.client(octets),
        }
    }

    /// Octets of one side that are not in the capture.
    pub(super) fn gap(&mut self, delivery: Delivery, length: u64) {
        self.lines.of_mut(delivery.from).gap();
        self.replay_gap(delivery, length);
    }

    /// A gap that the lines know already.
    pub(super) fn replay_gap(&mut self, delivery: Delivery, length: u64) {
        let from_server = delivery.from == self.server;
        match (&mut self.grammar, from_server) {
            (Grammar::Imap(responses), true) => responses.gap(length, &mut self.finds),
            (Grammar::Imap(_), false) => {}
            (Grammar::Pop3(dialogue), true) => dialogue.gap(),
            (Grammar::Pop3(dialogue), false) => dialogue.client_gap(),
        }
    }

    /// What must not be shown: secrets, and messages; `asked` is `None` where the place in the stream is not known.
    pub(super) fn concealed(
        &self,
        from: Side,
        asked: Option<Range<u64>>,
        length: u32,
        out: &mut Vec<Range<u32>>,
    ) {
        self.lines.of(from).concealed(asked.clone(), length, out);
        let Some(asked) = asked.filter(|_| from == self.server) else { return };
        let mut bodies = Vec::new();
        self.finds.bodies.within(asked, u64::MAX, &mut bodies);
        if bodies.is_empty() {
            return;
        }
        out.append(&mut bodies);
        out.sort_unstable_by_key(|range| range.start);
        out.dedup_by(|next, before| {
            let joins = next.start <= before.end;
            before.end = if joins { before.end.max(next.end) } else { before.end };
            joins
        });
    }

    /// The connection is over: the messages that were handed out.
    pub(super) fn finish(mut self, connection: &Connection) -> Vec<Fetched> {
        let open = match self.grammar {
            Grammar::Imap(responses) => responses.finish(),
            Grammar::Pop3(dialogue) => dialogue.finish(),
        };
        if let Some(letter) = open {
            self.finds.letter(letter, false);
        }
        let mut fetched = self.finds.done;
        for one in &mut fetched {
            one.capture = connection.capture;
            one.stream = connection.stream;
            one.client = *connection.endpoints.of(self.server.peer());
            one.server = *connection.endpoints.of(self.server);
        }
        fetched
    }
}

impl Letter {
    fn octets(&mut self, delivery: Delivery, octets: &[u8]) {
        self.packets.end = delivery.packet;
        self.octets += octets.len() as u64;
        if let Some(mail) = &mut self.mail {
            mail.octets(octets);
        }
    }

    fn gap(&mut self) {
        self.whole = false;
        if let Some(mail) = &mut self.mail {
            mail.gap();
        }
    }
}

impl Fetched {
    /// Octets that it takes, about.
    fn size(&self) -> usize {
        let texts = [&self.message_id, &self.subject, &self.author, &self.date];
        let texts: usize = texts.into_iter().flatten().map(String::len).sum();
        size_of::<Self>() + texts + self.hops.iter().map(mail::Hop::size).sum::<usize>() + self.outline.size()
    }
}

impl Finds {
    /// A message begins in this packet.
    fn begins(&self, delivery: Delivery) -> Letter {
        let mail = self.reads.then(|| Box::new(mail::Reader::new(MAX_HEADER, None)));
        let packets = delivery.packet..delivery.packet;
        Letter { mail, packets, time: delivery.time, octets: 0, whole: true }
    }

    /// A message ends; `ended` where its end was seen.
    fn letter(&mut self, letter: Letter, ended: bool) {
        let has_room = self.done.len() < MAX_FETCHED && self.kept < MAX_KEPT;
        let Some(mail) = letter.mail.filter(|_| has_room) else { return };
        let complete = ended && letter.whole;
        let described = mail.finish(complete);
        let body = body_digest(&described.parts, complete && described.parts_complete);
        // the connection says in the end who they were
        let nobody = Endpoint::new(std::net::Ipv4Addr::UNSPECIFIED.into(), 0);
        let fetched = Fetched {
            protocol: self.protocol,
            capture: 0,
            stream: 0,
            client: nobody,
            server: nobody,
            packets: letter.packets,
            time: letter.time,
            octets: letter.octets,
            complete,
            message_id: described.message_id,
            subject: described.header.subject,
            author: described.header.from,
            date: described.header.date,
            hops: described.hops,
            outline: described.outline,
            body,
        };
        self.kept += fetched.size();
        self.done.push(fetched);
    }
}

#[cfg(test)]
mod tests;
