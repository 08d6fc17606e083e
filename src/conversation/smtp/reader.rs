//! An SMTP stream, from its first octet to the finished session.

use std::ops::Range;

use super::builder::{Builder, Letters, Limits};
use super::dialogue::{Dialogue, Mode};
use super::line::Mark;
use super::role::{Evidence, role};
use super::session::{Decrypted, Encryption, Ended, Role, Said, Session, Speaker, Turn, TurnKind, Warning};
use crate::conversation::secured::Inside;
use crate::flow::{Connection, Delivery, TeardownKind};
use crate::packet::{Side, Timestamp};

/// Reads one stream.
pub(in crate::conversation) struct Reader {
    dialogue: Dialogue,
    client: Side,
    reset: bool,
    /// All of it stood inside TLS.
    implicit: bool,
}

impl Reader {
    /// `client`: who says the commands. Without limits nothing is written down but which octets are secret.
    /// Messages go to `letters` as well, where there are any.
    pub(in crate::conversation) fn new(
        client: Side,
        limits: Option<Limits>,
        letters: Option<Letters>,
    ) -> Self {
        let record = limits.map(|limits| Builder::new(limits, letters));
        Self { dialogue: Dialogue::new(record), client, reset: false, implicit: false }
    }

    /// The next octets of the stream.
    pub(in crate::conversation) fn octets(&mut self, delivery: Delivery, octets: &[u8]) {
        let mark = Mark { packet: delivery.packet, time: delivery.time };
        if delivery.from == self.client {
            self.dialogue.client_octets(delivery.offset, mark, octets);
        } else {
            self.dialogue.server_octets(delivery.offset, mark, octets);
        }
    }

    /// Octets that are not in the capture.
    pub(in crate::conversation) fn gap(&mut self, delivery: Delivery, length: u64) {
        let from = if delivery.from == self.client { Speaker::Client } else { Speaker::Server };
        let mark = Mark { packet: delivery.packet, time: delivery.time };
        self.dialogue.gap(from, delivery.offset, length, mark);
    }

    /// What was said so far, where it is written down.
    pub(in crate::conversation) fn said(&self) -> Option<Said<'_>> {
        let record = self.dialogue.record.as_ref()?;
        let inside_from = record.inside_from;
        let lmtp = self.dialogue.lmtp;
        Some(Said { turns: &record.turns, messages: &record.messages, inside_from, lmtp })
    }

    /// All of it stood inside TLS, which began in the packet of `first` (RFC 8314 section 3.3).
    pub(in crate::conversation) fn is_inside_tls(&mut self, first: Delivery) {
        self.implicit = true;
        self.dialogue.tls_agreed = true;
        self.dialogue.tls_packet = Some(first.packet);
        self.dialogue.inside = true;
        if let Some(record) = &mut self.dialogue.record {
            let mark = Mark { packet: first.packet, time: first.time };
            record.turn(mark, Speaker::Client, TurnKind::Tls);
            record.enter_tls();
        }
    }

    /// The connection was reset.
    pub(in crate::conversation) fn reset(&mut self) {
        self.reset = true;
    }

    /// Whether what is said is written down.
    pub(in crate::conversation) const fn records(&self) -> bool {
        self.dialogue.record.is_some()
    }

    /// What must not be shown; `asked` is `None` where the place in the stream is not known.
    pub(in crate::conversation) fn concealed(
        &self,
        from: Side,
        asked: Option<Range<u64>>,
        length: u32,
        out: &mut Vec<Range<u32>>,
    ) {
        if from != self.client {
            return;
        }
        match asked {
            Some(asked) => self.dialogue.concealed(asked, out),
            None if self.dialogue.inside || matches!(self.dialogue.mode, Mode::Tls) => {}
            None => out.push(0..length),
        }
    }

    /// The whole session; `None` where nothing was written down.
    pub(in crate::conversation) fn finish(mut self, connection: &Connection) -> Option<Session> {
        self.dialogue.finish();
        let one_sided = !(self.dialogue.client_spoke && self.dialogue.server_spoke);
        let ended = self.ended(connection);
        let dialogue = self.dialogue;
        let mut record = dialogue.record?;
        // A session that only connected is whole: the server greets, and the client says nothing.
        let only_greeted = !dialogue.client_spoke
            && record.turns.len() <= 1 + usize::from(self.implicit)
            && record.greeting.is_some();
        if one_sided && !only_greeted {
            record.warn(Warning::OneSided);
        }
        let auth = record.auth().cloned();
        let server = self.client.peer();
        let port = connection.endpoints.of(server).port;
        let (role, role_reason) = role(&Evidence {
            port,
            lmtp: dialogue.lmtp,
            auth_used: dialogue.auth_used,
            encrypted: dialogue.tls_packet.is_some() && record.inside_from.is_none(),
            client_name: record.client_name.as_deref(),
            turns: &record.turns,
            messages: &record.messages,
        });
        if super::offers::is_garbled(&record.capabilities) {
            record.warn(Warning::StarttlsStripped);
        }
        Some(Session {
            capture: connection.capture,
            stream: connection.stream,
            first_packet: connection.first_packet,
            isn: connection.handshake.isn,
            client: *connection.endpoints.of(self.client),
            server: *connection.endpoints.of(server),
            role,
            role_reason,
            encryption: match dialogue.tls_packet {
                Some(_) if self.implicit => Encryption::Implicit,
                Some(packet) => Encryption::StartTls { packet },
                None => Encryption::None,
            },
            decrypted: record.inside_from.map(|from_turn| Decrypted { from_turn, records: Vec::new() }),
            lmtp: dialogue.lmtp,
            opened: opened(connection),
            greeting: record.greeting.take(),
            client_name: record.client_name.take(),
            capabilities: std::mem::take(&mut record.capabilities),
            auth,
            turns: std::mem::take(&mut record.turns),
            turns_left_out: record.turns_left_out,
            messages: std::mem::take(&mut record.messages),
            abandoned: std::mem::take(&mut record.abandoned),
            lookups: Vec::new(),
            warnings: std::mem::take(&mut record.warnings),
            ended,
        })
    }

    fn ended(&self, connection: &Connection) -> Ended {
        let d = &self.dialogue;
        let reset = self.reset || connection.teardown.kind == TeardownKind::Reset;
        match connection.teardown.kind {
            _ if matches!(d.mode, Mode::Tls) => Ended::Tls,
            _ if d.quit_said && (d.last_code == 221 || !d.server_spoke) => Ended::Quit,
            _ if d.last_code == 421 => Ended::Timeout,
            _ if reset => Ended::Reset,
            TeardownKind::Open | TeardownKind::NotSeen => Ended::Open,
            _ => Ended::Closed,
        }
    }
}

impl Inside for Reader {
    fn tls_from(&self, from: Side) -> Option<u64> {
        let (client, server) = self.dialogue.tls_from?;
        Some(if from == self.client { client } else { server })
    }

    fn decrypted(&mut self, delivery: Delivery, octets: &[u8]) {
        if !self.dialogue.inside {
            self.dialogue.enter_tls();
        }
        self.octets(delivery, octets);
    }

    fn decrypted_gap(&mut self, delivery: Delivery, length: u64) {
        if !self.dialogue.inside {
            self.dialogue.enter_tls();
        }
        self.gap(delivery, length);
    }
}

/// The session of a connection to the port for implicit TLS (RFC 8314 section 3.3): nothing of it can be read.
pub(in crate::conversation) fn implicit_tls(connection: &Connection, first: Delivery) -> Session {
    let Delivery { packet, time, .. } = first;
    let (from, kind) = (Speaker::Client, TurnKind::Tls);
    let turn = Turn { packet, time, last_packet: packet, last_time: time, from, kind };
    Session {
        capture: connection.capture,
        stream: connection.stream,
        first_packet: connection.first_packet,
        isn: connection.handshake.isn,
        client: connection.endpoints.initiator,
        server: connection.endpoints.responder,
        role: Role::Submission,
        role_reason: "port",
        encryption: Encryption::Implicit,
        decrypted: None,
        lmtp: false,
        opened: opened(connection),
        greeting: None,
        client_name: None,
        capabilities: Vec::new(),
        auth: None,
        turns: vec![turn],
        turns_left_out: 0,
        messages: Vec::new(),
        abandoned: Vec::new(),
        lookups: Vec::new(),
        warnings: Vec::new(),
        ended: Ended::Tls,
    }
}

/// When the last segment of the handshake was captured, as far as its round trips tell.
fn opened(connection: &Connection) -> Option<Timestamp> {
    let there_and_back = &connection.handshake.rtt_ns;
    let took =
        there_and_back.responder.zip(there_and_back.initiator).map(|(out, back)| out.saturating_add(back))?;
    Some(Timestamp::from_nanos(connection.start?.nanos().saturating_add(took)))
}
