//! Reads both directions of a TLS session, and hands on what was inside.

use std::collections::VecDeque;

use super::cipher::Sealed;
use super::direction::{Direction, Epoch, Negotiated, Outcome, TLS_1_3};
use super::facts::{Facts, SealedData};
use super::handshake::Message;
use super::keys::Keys;
use super::record::{Header, MAX_CONTENT, Next, Packets, Records, content};
use super::session::{DecryptionState, Secrecy, Session, What};
use crate::flow::Delivery;
use crate::packet::{PerSide, Side};

/// Octets that a protected record has beyond its content, about: a content type and a tag.
const OVERHEAD: usize = 17;
/// Octets of one session that wait for keys.
const MAX_WAITING: usize = 1 << 20;
/// What a waiting record costs beyond its octets.
const WAITING_OVERHEAD: usize = 96;

/// What was inside of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plain<'a> {
    /// Where it stands in what its sender said inside; packet and time are those with which the record was whole.
    pub delivery: Delivery,
    /// The first packet of the record.
    pub first_packet: u64,
    /// What was said.
    pub said: Inner<'a>,
}

/// A piece of what was said inside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Inner<'a> {
    /// Octets.
    Octets(&'a [u8]),
    /// About so many octets cannot be read: they were not captured, or not opened.
    Gap(u64),
}

/// Where what was inside goes.
pub type Sink<'s> = dyn FnMut(Plain<'_>) + 's;

/// Something that came while keys were missing.
#[derive(Debug)]
struct Waiting {
    from: Side,
    packets: Packets,
    event: Event,
}

#[derive(Debug)]
enum Event {
    /// A record, and its content where it is held.
    Record(Header, Option<Vec<u8>>),
    /// So many octets were not captured.
    Gap(u64),
    /// So many octets were no records.
    NoRecords(u64),
}

/// Opens one session.
#[derive(Debug)]
pub struct Opener {
    keys: Keys,
    stream: u64,
    negotiated: Negotiated,
    records: PerSide<Records>,
    directions: PerSide<Direction>,
    /// Octets of both sides that wait for the rest of a record or message, as far as they were counted.
    held: usize,
    waiting: VecDeque<Waiting>,
    waiting_octets: usize,
    /// Whether records may wait for keys: not once too many did.
    patient: bool,
    /// The key log knows the session, and does not forget it.
    is_known: bool,
    facts: Facts,
}

impl Opener {
    /// A session of this connection that nothing is known of.
    pub fn new(keys: Keys, stream: u64) -> Self {
        Self {
            keys,
            stream,
            negotiated: Negotiated::default(),
            records: PerSide::default(),
            directions: PerSide { initiator: Direction::new(true), responder: Direction::new(false) },
            held: 0,
            waiting: VecDeque::new(),
            waiting_octets: 0,
            patient: true,
            is_known: false,
            facts: Facts::new(stream),
        }
    }

    /// The application protocol that both agreed on, where that could be read.
    pub fn application_protocol(&self) -> Option<&str> {
        self.facts.session.agreed.application_protocol.as_deref()
    }

    /// The next octets of one side.
    pub fn octets(&mut self, delivery: Delivery, mut octets: &[u8], sink: &mut Sink<'_>) {
        let from = delivery.from;
        if let Some(buffer) = self.records.of_mut(from).idle_buffer() {
            *buffer = self.keys.buffer();
        }
        loop {
            let hopeless = self.is_hopeless();
            let (direction, negotiated) = (self.directions.of(from), &self.negotiated);
            let wanted = |header: Header| !hopeless || !direction.is_protected(header.kind, negotiated);
            match self.records.of_mut(from).next(delivery, &mut octets, wanted) {
                Next::More => break,
                Next::Lost(0, _) => {}
                Next::Lost(lost, packets) => self.arrives(from, packets, Event::NoRecords(lost), sink),
                Next::Record(header, packets, false) => {
                    self.arrives(from, packets, Event::Record(header, None), sink);
                }
                Next::Record(header, packets, true) => {
                    let mut records = std::mem::take(self.records.of_mut(from));
                    self.record_arrives(from, packets, header, records.content(), sink);
                    records.done();
                    *self.records.of_mut(from) = records;
                }
            }
        }
        if let Some(buffer) = self.records.of_mut(from).idle_buffer() {
            self.keys.give_back(std::mem::take(buffer));
        }
        self.bound(from);
    }

    /// Octets of one side that are not in the capture.
    pub fn gap(&mut self, delivery: Delivery, length: u64, sink: &mut Sink<'_>) {
        self.records.of_mut(delivery.from).gap();
        let packets = Packets { first: delivery.packet, last: delivery.packet, time: delivery.time };
        self.arrives(delivery.from, packets, Event::Gap(length), sink);
    }

    /// Keys may have come: what waited for them is opened as far as they go.
    pub fn retry(&mut self, sink: &mut Sink<'_>) {
        self.work_off(true, sink);
    }

    /// Whether anything could be opened so far.
    pub fn has_opened(&self) -> bool {
        self.facts.session.decryption.has_opened()
    }

    /// Whether something waits for keys that may come.
    pub fn is_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// No more octets and no more keys come: what still waits is given up.
    pub fn give_up(&mut self, sink: &mut Sink<'_>) {
        self.patient = false;
        self.work_off(false, sink);
    }

    /// What was seen. What waits and was not given up by [`Opener::give_up`] is left out.
    pub fn finish(mut self) -> Session {
        self.keys.release(self.held);
        self.keys.waited(self.waiting_octets);
        for side in [Side::Initiator, Side::Responder] {
            *self.facts.session.lost_octets.of_mut(side) += self.records.of(side).lost();
        }
        let state = self.state();
        let mut session = self.facts.session;
        session.decryption.state = state;
        session
    }

    /// No key that could come would open anything.
    fn is_hopeless(&mut self) -> bool {
        let Some(random) = &self.negotiated.random else { return true };
        self.is_known = self.is_known || self.keys.knows(random);
        self.negotiated.is_supported() == Some(false)
            || !(self.is_known || self.keys.is_growing() && self.patient)
    }

    /// What is kept of records and messages that have not ended is bounded, in all sessions together.
    fn bound(&mut self, from: Side) {
        let held = |side| self.records.of(side).held() + self.directions.of(side).joiner.held();
        let held = held(Side::Initiator) + held(Side::Responder);
        if held == self.held {
            return;
        }
        self.keys.release(self.held);
        self.held = if self.keys.hold(held) { held } else { 0 };
        if self.held < held {
            let lost = self.records.of(from).held() as u64;
            self.records = PerSide::default();
            self.records.of_mut(from).gap();
            self.records.of_mut(from.peer()).gap();
            self.directions.initiator.lost(lost);
            self.directions.responder.lost(lost);
        }
    }

    /// A record that is held by the reader of records.
    fn record_arrives(
        &mut self,
        from: Side,
        packets: Packets,
        header: Header,
        content: &[u8],
        sink: &mut Sink<'_>,
    ) {
        let done =
            self.waiting.is_empty() && self.record(from, packets, header, Some(content), self.patient, sink);
        if !done {
            self.wait(from, packets, Event::Record(header, Some(content.to_vec())), sink);
        }
    }

    fn arrives(&mut self, from: Side, packets: Packets, event: Event, sink: &mut Sink<'_>) {
        if self.waiting.is_empty() {
            // a record without its content never waits: it was not asked for
            self.event(from, packets, &event, false, sink);
        } else {
            self.wait(from, packets, event, sink);
        }
    }

    /// Keeps something for later; where it is too much, all that waits is given up.
    fn wait(&mut self, from: Side, packets: Packets, event: Event, sink: &mut Sink<'_>) {
        let octets = event.octets() + WAITING_OVERHEAD;
        let fits = self.waiting_octets + octets <= MAX_WAITING;
        let waits = fits && self.keys.wait(octets, self.negotiated.random.as_ref(), self.stream);
        self.waiting.push_back(Waiting { from, packets, event });
        if waits {
            self.waiting_octets += octets;
        } else {
            self.patient = false;
            self.work_off(false, sink);
        }
    }

    /// Takes up what waits, in order; without patience all of it.
    fn work_off(&mut self, patient: bool, sink: &mut Sink<'_>) {
        while let Some(first) = self.waiting.pop_front() {
            if !self.event(first.from, first.packets, &first.event, patient, sink) {
                let random = self.negotiated.random.as_ref();
                self.keys.wait(0, random, self.stream);
                self.waiting.push_front(first);
                return;
            }
            let octets = (first.event.octets() + WAITING_OVERHEAD).min(self.waiting_octets);
            self.waiting_octets -= octets;
            self.keys.waited(octets);
        }
    }

    /// Whether it was dealt with; otherwise it has to wait.
    fn event(
        &mut self,
        from: Side,
        packets: Packets,
        event: &Event,
        patient: bool,
        sink: &mut Sink<'_>,
    ) -> bool {
        match event {
            Event::Record(header, content) => {
                return self.record(from, packets, *header, content.as_deref(), patient, sink);
            }
            Event::Gap(octets) => self.lost(from, packets, *octets, What::Gap(*octets), sink),
            Event::NoRecords(octets) => self.lost(from, packets, *octets, What::NoRecords(*octets), sink),
        }
        true
    }

    fn lost(&mut self, from: Side, packets: Packets, octets: u64, what: What, sink: &mut Sink<'_>) {
        self.facts.step(from, packets, Secrecy::Clear, what);
        *self.facts.session.lost_octets.of_mut(from) += octets;
        self.directions.of_mut(from).lost(octets);
        self.inner_gap(from, packets, octets, sink);
    }

    /// Whether the record was dealt with; otherwise it has to wait for a key.
    fn record(
        &mut self,
        from: Side,
        packets: Packets,
        header: Header,
        content: Option<&[u8]>,
        patient: bool,
        sink: &mut Sink<'_>,
    ) -> bool {
        self.begin_behind_gap(from, header);
        if !self.directions.of(from).is_protected(header.kind, &self.negotiated) {
            self.facts.record(from, packets);
            self.inside(from, packets, header.kind, content.unwrap_or_default(), Secrecy::Clear, sink);
            return true;
        }
        let Some(content) = content else {
            self.sealed(from, packets, header, Outcome::NoKey { may_come: false }, sink);
            return true;
        };
        let mut out = self.keys.scratch(MAX_CONTENT);
        let record = Sealed { kind: header.kind, version: header.version, content };
        let outcome = self.directions.of_mut(from).open(&self.negotiated, &self.keys, record, &mut out);
        let done = match outcome {
            Outcome::Open(inside) => {
                self.facts.record(from, packets);
                *self.facts.session.decryption.opened.of_mut(from) += 1;
                let content = out.get(..inside.length).unwrap_or_default();
                self.inside(from, packets, inside.kind, content, Secrecy::Opened, sink);
                true
            }
            Outcome::NoKey { may_come: true } if patient && self.keys.is_growing() => false,
            Outcome::NoKey { .. } | Outcome::Fails { .. } => {
                self.sealed(from, packets, header, outcome, sink);
                true
            }
        };
        self.keys.give_back_scratch(out);
        done
    }

    /// Data in the clear is none: a gap has swallowed the ChangeCipherSpec.
    fn begin_behind_gap(&mut self, from: Side, header: Header) {
        let direction = self.directions.of_mut(from);
        let before_tls13 = self.negotiated.version().is_some_and(|version| version < TLS_1_3);
        if direction.epoch == Epoch::Clear && before_tls13 && header.kind == content::APPLICATION_DATA {
            direction.enter(Epoch::Master);
        }
    }

    /// What was in a record.
    fn inside(
        &mut self,
        from: Side,
        packets: Packets,
        kind: u8,
        content: &[u8],
        secrecy: Secrecy,
        sink: &mut Sink<'_>,
    ) {
        match kind {
            content::HANDSHAKE => self.handshake(from, packets, content, secrecy),
            content::ALERT => self.facts.alert(from, packets, secrecy, content),
            content::CHANGE_CIPHER_SPEC => {
                self.facts.step(from, packets, secrecy, What::ChangeCipherSpec);
                self.change_cipher_spec(from);
            }
            content::APPLICATION_DATA => {
                let early = self.directions.of(from).epoch == Epoch::Early;
                self.facts.data(from, packets, secrecy, content.len(), early);
                if !content.is_empty() {
                    self.hand_on(from, packets, Inner::Octets(content), content.len() as u64, sink);
                }
            }
            other => self.facts.step(from, packets, secrecy, What::Other(other)),
        }
    }

    fn hand_on(&mut self, from: Side, packets: Packets, said: Inner<'_>, length: u64, sink: &mut Sink<'_>) {
        let direction = self.directions.of_mut(from);
        let (offset, stream) = (direction.plain, self.stream);
        direction.plain += length;
        let delivery = Delivery { stream, from, offset, packet: packets.last, time: packets.time };
        sink(Plain { delivery, first_packet: packets.first, said });
    }

    /// What was inside is missing, where anything inside can be read at all.
    fn inner_gap(&mut self, from: Side, packets: Packets, length: u64, sink: &mut Sink<'_>) {
        let carries_data = matches!(self.directions.of(from).epoch, Epoch::Traffic | Epoch::Master);
        if carries_data && !self.is_hopeless() && length > 0 {
            self.hand_on(from, packets, Inner::Gap(length), length, sink);
        }
    }

    fn sealed(
        &mut self,
        from: Side,
        packets: Packets,
        header: Header,
        outcome: Outcome,
        sink: &mut Sink<'_>,
    ) {
        self.facts.record(from, packets);
        let direction = self.directions.of_mut(from);
        direction.skip();
        let data = match direction.epoch {
            _ if header.kind != content::APPLICATION_DATA => SealedData::No,
            Epoch::Clear | Epoch::Master => SealedData::Known,
            // before the ServerHello nothing else can be
            Epoch::Early if self.negotiated.version().is_none() => SealedData::Known,
            Epoch::Early | Epoch::Handshake | Epoch::Traffic => SealedData::Perhaps,
        };
        let decryption = &mut self.facts.session.decryption;
        *decryption.sealed.of_mut(from) += 1;
        match outcome {
            Outcome::Fails { behind_gap: true } => decryption.behind_gap += 1,
            Outcome::Fails { behind_gap: false } => decryption.not_fitting += 1,
            Outcome::NoKey { .. } | Outcome::Open(_) => decryption.without_key += 1,
        }
        self.facts.sealed(from, packets, header.kind, header.length, data);
        if header.kind == content::APPLICATION_DATA {
            self.inner_gap(from, packets, header.length.saturating_sub(OVERHEAD) as u64, sink);
        }
    }

    fn handshake(&mut self, from: Side, packets: Packets, content: &[u8], secrecy: Secrecy) {
        let tls13 = self.negotiated.version().is_some_and(|version| version >= TLS_1_3);
        let mut messages = Vec::new();
        let joiner = &mut self.directions.of_mut(from).joiner;
        joiner.content(content, packets, tls13, |message, packets| messages.push((message, packets)));
        for (message, packets) in messages {
            self.obey(from, &message);
            self.facts.message(from, packets, secrecy, message);
        }
    }

    /// What a message changes about keys.
    fn obey(&mut self, from: Side, message: &Message) {
        let direction = self.directions.of_mut(from);
        match message {
            Message::ClientHello(hello) => {
                let again = self.negotiated.random == Some(hello.random);
                self.is_known &= again;
                self.negotiated.client(hello);
                self.turn_to(from);
                let client = self.directions.of_mut(from);
                if client.epoch == Epoch::Clear && hello.extensions.early_data && !again {
                    client.enter(Epoch::Early);
                }
            }
            Message::ServerHello(hello) if hello.retry => {
                self.negotiated.server(hello);
                self.turn_to(from.peer());
                self.directions.of_mut(from.peer()).enter(Epoch::Clear);
            }
            Message::ServerHello(hello) => {
                self.negotiated.server(hello);
                self.turn_to(from.peer());
                let (server, client) = self.directions.both_mut(from);
                if hello.version >= TLS_1_3 {
                    server.enter(Epoch::Handshake);
                    if client.epoch != Epoch::Early {
                        client.enter(Epoch::Handshake);
                    }
                } else if client.epoch == Epoch::Early {
                    client.enter(Epoch::Clear);
                }
            }
            Message::EndOfEarlyData if direction.epoch == Epoch::Early => direction.enter(Epoch::Handshake),
            Message::Finished if direction.epoch == Epoch::Handshake => direction.enter(Epoch::Traffic),
            Message::KeyUpdate(_) if direction.epoch == Epoch::Traffic => direction.update(&self.negotiated),
            _ => {}
        }
    }

    /// Learns who is the client.
    fn turn_to(&mut self, client: Side) {
        self.directions.of_mut(client).set_client(true);
        self.directions.of_mut(client.peer()).set_client(false);
    }

    fn change_cipher_spec(&mut self, from: Side) {
        let direction = self.directions.of_mut(from);
        direction.changed = true;
        // in TLS 1.3 it says nothing (RFC 8446 appendix D.4)
        if self.negotiated.version().is_some_and(|version| version < TLS_1_3) {
            direction.enter(Epoch::Master);
        }
    }

    fn state(&self) -> DecryptionState {
        let decryption = &self.facts.session.decryption;
        let opened = decryption.opened.initiator + decryption.opened.responder;
        let sealed = decryption.sealed.initiator + decryption.sealed.responder;
        match (opened, sealed) {
            (0, 0) => DecryptionState::Nothing,
            (_, 0) => DecryptionState::Decrypted,
            (1.., _) => DecryptionState::Partly,
            _ if !self.keys.is_given() => DecryptionState::NoKeyLog,
            _ if self.negotiated.is_supported() == Some(false) => DecryptionState::NotSupported,
            _ if self.negotiated.random.is_none() || self.facts.version().is_none() => {
                DecryptionState::HelloNotSeen
            }
            _ if decryption.not_fitting + decryption.behind_gap > 0 => DecryptionState::KeysDoNotFit,
            _ => DecryptionState::NoKeys,
        }
    }
}

impl Event {
    fn octets(&self) -> usize {
        match self {
            Event::Record(_, content) => content.as_ref().map_or(0, Vec::len),
            Event::Gap(_) | Event::NoRecords(_) => 0,
        }
    }
}
