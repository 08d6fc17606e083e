//! A stream of IMAP or POP3, from its first octet to the finished session.

use std::ops::Range;

use super::record::Record;
use super::session::{Ended, Phase, Session, Turn, TurnKind, Warning};
use super::state::State;
use super::{imap, pop3};
use crate::conversation::plain::PlainLines;
use crate::conversation::secured::Inside;
use crate::conversation::smtp::{Encryption, Letters, Limits, Speaker};
use crate::flow::{Connection, Delivery, TeardownKind};
use crate::packet::{PerSide, Protocol, Side};

/// The grammar of the protocol.
enum Grammar {
    Imap(Box<imap::Dialogue>),
    Pop3(Box<pop3::Dialogue>),
}

/// Reads one stream.
pub(in crate::conversation) struct Reader {
    server: Side,
    lines: PerSide<PlainLines>,
    grammar: Grammar,
    state: State,
    /// Something that stood inside TLS was decrypted.
    decrypted: bool,
    /// All that comes stood inside TLS.
    implicit: bool,
    reset: bool,
}

impl Reader {
    /// `server`: who has the mail. Without limits nothing is written down but which octets are secret. Messages go to
    /// `letters` as well, where there are any.
    pub(in crate::conversation) fn new(
        protocol: Protocol,
        server: Side,
        limits: Option<Limits>,
        letters: Option<Letters>,
    ) -> Self {
        let grammar = match protocol {
            Protocol::Pop3 => Grammar::Pop3(Box::default()),
            _ => Grammar::Imap(Box::default()),
        };
        let record = limits.map(|limits| Box::new(Record::new(limits, letters)));
        let state = State { record, ..State::default() };
        Self {
            server,
            lines: PerSide::default(),
            grammar,
            state,
            decrypted: false,
            implicit: false,
            reset: false,
        }
    }

    /// Which of both protocols it is.
    pub(in crate::conversation) const fn protocol(&self) -> Protocol {
        match self.grammar {
            Grammar::Imap(_) => Protocol::Imap,
            Grammar::Pop3(_) => Protocol::Pop3,
        }
    }

    /// Whether what is said is written down.
    pub(in crate::conversation) const fn records(&self) -> bool {
        self.state.record.is_some()
    }

    /// The next octets of one side.
    pub(in crate::conversation) fn octets(&mut self, delivery: Delivery, octets: &[u8]) {
        if self.implicit {
            return self.decrypted(delivery, octets);
        }
        self.lines.of_mut(delivery.from).octets(delivery.offset, octets);
        self.say(delivery, octets);
    }

    fn say(&mut self, delivery: Delivery, octets: &[u8]) {
        let from = self.speaker(delivery.from);
        match &mut self.grammar {
            Grammar::Imap(dialogue) => dialogue.octets(from, delivery, octets, &mut self.state),
            Grammar::Pop3(dialogue) => dialogue.octets(from, delivery, octets, &mut self.state),
        }
    }

    /// Octets of one side that are not in the capture.
    pub(in crate::conversation) fn gap(&mut self, delivery: Delivery, length: u64) {
        if self.implicit {
            return self.decrypted_gap(delivery, length);
        }
        self.lines.of_mut(delivery.from).gap();
        let from = self.speaker(delivery.from);
        if !self.state.is_hidden(from) {
            self.gap_of(from, delivery, length);
        }
    }

    fn gap_of(&mut self, from: Speaker, delivery: Delivery, length: u64) {
        if let Some(record) = &mut self.state.record {
            record.gap(delivery, from, length);
        }
        match &mut self.grammar {
            Grammar::Imap(dialogue) => dialogue.gap(from, length, &mut self.state),
            Grammar::Pop3(dialogue) => dialogue.gap(from, &mut self.state),
        }
    }

    /// All that is said here stood inside TLS, which began in this packet (RFC 8314 section 3.2).
    pub(in crate::conversation) fn is_inside_tls(&mut self, first: Delivery) {
        self.implicit = true;
        let from = self.speaker(first.from);
        if let Some(record) = &mut self.state.record {
            record.tls(first, from);
            record.encryption = Encryption::Implicit;
        }
    }

    fn enter_tls(&mut self) {
        let greets = match &self.state.record {
            Some(record) => record.encryption == Encryption::Implicit,
            None => false,
        };
        self.set_inside(true);
        if std::mem::replace(&mut self.decrypted, true) {
            return;
        }
        // what was offered before does not count any more (RFC 9051 section 6.2.1, RFC 2595 section 4)
        if let Some(record) = &mut self.state.record {
            record.capabilities.clear();
        }
        match &mut self.grammar {
            Grammar::Imap(dialogue) => dialogue.inside_tls(greets),
            Grammar::Pop3(dialogue) => dialogue.inside_tls(greets),
        }
    }

    fn set_inside(&mut self, inside: bool) {
        self.state.inside = inside;
        if let Some(record) = &mut self.state.record {
            record.inside = inside;
        }
    }

    /// The connection was reset.
    pub(in crate::conversation) const fn reset(&mut self) {
        self.reset = true;
    }

    /// What must not be shown: secrets, and messages; `asked` is `None` where the place in the stream is not known.
    pub(in crate::conversation) fn concealed(
        &self,
        from: Side,
        asked: Option<Range<u64>>,
        length: u32,
        out: &mut Vec<Range<u32>>,
    ) {
        // what TLS has sealed shows nothing
        let sealed = self.tls_from(from);
        let asked = match (asked, sealed) {
            (Some(asked), Some(sealed)) => Some(asked.start..asked.end.min(sealed)),
            (None, Some(_)) => return,
            (asked, None) => asked,
        };
        if asked.as_ref().is_some_and(Range::is_empty) {
            return;
        }
        self.lines.of(from).concealed(asked.clone(), length, out);
        let Some(asked) = asked else { return };
        let mut bodies = Vec::new();
        self.state.bodies.of(self.speaker(from)).within(asked, u64::MAX, &mut bodies);
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

    /// The whole session; `None` where nothing was written down.
    pub(in crate::conversation) fn finish(mut self, connection: &Connection) -> Option<Session> {
        let ended = self.ended(connection);
        let protocol = self.protocol();
        let spoke = [Speaker::Client, Speaker::Server].map(|speaker| *self.state.spoke.of(speaker));
        let mut record = self.state.record.take()?;
        record.message_ends(Speaker::Client, false);
        record.message_ends(Speaker::Server, false);
        // a session that only connected is whole: the server greets, and the client says nothing
        let only_greeted = spoke == [false, true] && record.turns.len() <= 1 && record.greeting.is_some();
        let hidden = record.encryption != Encryption::None && !self.decrypted;
        if spoke.contains(&false) && !only_greeted && !hidden {
            record.warn(Warning::OneSided);
        }
        Some(Session {
            protocol,
            capture: connection.capture,
            stream: connection.stream,
            first_packet: connection.first_packet,
            client: *connection.endpoints.of(self.server.peer()),
            server: *connection.endpoints.of(self.server),
            encryption: record.encryption,
            greeting: record.greeting.take(),
            capabilities: std::mem::take(&mut record.capabilities),
            logins: std::mem::take(&mut record.logins),
            turns: std::mem::take(&mut record.turns),
            turns_left_out: record.turns_left_out,
            messages: std::mem::take(&mut record.messages),
            messages_left_out: record.messages_left_out,
            warnings: std::mem::take(&mut record.warnings),
            ended,
        })
    }

    fn ended(&self, connection: &Connection) -> Ended {
        let state = &self.state;
        let has_tls = self.implicit
            || state.tls_from.of(Speaker::Client).or(*state.tls_from.of(Speaker::Server)).is_some();
        let farewell = state.farewell_said && (state.farewell_answered || !*state.spoke.of(Speaker::Server));
        let reset = self.reset || connection.teardown.kind == TeardownKind::Reset;
        match connection.teardown.kind {
            _ if has_tls && !self.decrypted => Ended::Tls,
            _ if farewell && self.protocol() == Protocol::Pop3 => Ended::Quit,
            _ if farewell => Ended::Logout,
            _ if state.dismissed => Ended::Bye,
            _ if reset => Ended::Reset,
            TeardownKind::Open | TeardownKind::NotSeen => Ended::Open,
            _ => Ended::Closed,
        }
    }

    fn speaker(&self, side: Side) -> Speaker {
        if side == self.server { Speaker::Server } else { Speaker::Client }
    }
}

impl Inside for Reader {
    /// Where STARTTLS or STLS led to TLS (RFC 9051 section 6.2.1, RFC 2595 section 4).
    fn tls_from(&self, from: Side) -> Option<u64> {
        *self.state.tls_from.of(self.speaker(from))
    }

    fn decrypted(&mut self, delivery: Delivery, octets: &[u8]) {
        self.enter_tls();
        self.say(delivery, octets);
        self.set_inside(false);
    }

    fn decrypted_gap(&mut self, delivery: Delivery, length: u64) {
        self.enter_tls();
        let from = self.speaker(delivery.from);
        self.gap_of(from, delivery, length);
        self.set_inside(false);
    }
}

/// The session of a connection to a port for implicit TLS (RFC 8314 section 3): nothing of it can be read.
pub(in crate::conversation) fn implicit_tls(
    protocol: Protocol,
    connection: &Connection,
    first: Delivery,
) -> Session {
    let Delivery { packet, time, .. } = first;
    let turn = Turn {
        packet,
        time,
        last_packet: packet,
        last_time: time,
        from: Speaker::Client,
        phase: Phase::Secure,
        decrypted: false,
        kind: TurnKind::Tls,
    };
    Session {
        protocol,
        capture: connection.capture,
        stream: connection.stream,
        first_packet: connection.first_packet,
        client: connection.endpoints.initiator,
        server: connection.endpoints.responder,
        encryption: Encryption::Implicit,
        greeting: None,
        capabilities: Vec::new(),
        logins: Vec::new(),
        turns: vec![turn],
        turns_left_out: 0,
        messages: Vec::new(),
        messages_left_out: 0,
        warnings: Vec::new(),
        ended: Ended::Tls,
    }
}
