//! What is noted of a session while it is read.

use super::handshake::Message;
use super::record::Packets;
use super::session::{
    Agreed, Closing, Data, Decryption, EarlyData, FirstData, Resumption, Secrecy, Session, Step, What,
};
use crate::packet::{Endpoint, PerSide, Side};

/// Steps that are kept.
const MAX_STEPS: usize = 512;
/// Steps from which on data is only counted, so that there is room for how it ends.
const MAX_DATA_STEPS: usize = 256;
/// The alert that ends a session (RFC 8446 section 6.1).
const CLOSE_NOTIFY: u8 = 0;
const FATAL: u8 = 2;
const TLS_1_3: u16 = 0x0304;

/// Notes what is seen.
#[derive(Debug)]
pub(super) struct Facts {
    pub(super) session: Session,
    seen: bool,
    /// How often each side began to speak.
    flights: PerSide<u32>,
    last_from: Option<Side>,
    hello_time: Option<crate::packet::Timestamp>,
}

impl Facts {
    pub(super) fn new(stream: u64) -> Self {
        let nobody = Endpoint::new(std::net::Ipv4Addr::UNSPECIFIED.into(), 0);
        let session = Session {
            capture: 0,
            stream,
            client_end: nobody,
            server_end: nobody,
            after_starttls: false,
            application: None,
            first_packet: 0,
            last_packet: 0,
            start: None,
            end: None,
            client: Side::Initiator,
            client_hello: None,
            server_hello: None,
            agreed: Agreed::default(),
            steps: Vec::new(),
            steps_left_out: 0,
            certificates: PerSide::default(),
            data: PerSide::default(),
            decryption: Decryption::default(),
            closing: PerSide::default(),
            lost_octets: PerSide::default(),
        };
        Self { session, seen: false, flights: PerSide::default(), last_from: None, hello_time: None }
    }

    /// The version that both agreed on.
    pub(super) const fn version(&self) -> Option<u16> {
        self.session.agreed.version
    }

    /// A record of this side came.
    pub(super) fn record(&mut self, from: Side, packets: Packets) {
        let session = &mut self.session;
        if !self.seen {
            self.seen = true;
            (session.first_packet, session.start) = (packets.first, packets.time);
        }
        (session.last_packet, session.end) = (packets.last, packets.time);
        if self.last_from != Some(from) {
            *self.flights.of_mut(from) += 1;
            self.last_from = Some(from);
        }
    }

    /// A handshake message.
    pub(super) fn message(&mut self, from: Side, packets: Packets, secrecy: Secrecy, message: Message) {
        self.learn(from, packets, &message);
        self.step(from, packets, secrecy, What::Handshake(message));
    }

    fn learn(&mut self, from: Side, packets: Packets, message: &Message) {
        let session = &mut self.session;
        let agreed = &mut session.agreed;
        match message {
            Message::ClientHello(hello) => {
                session.client = from;
                self.hello_time = self.hello_time.or(packets.time);
                agreed.server_name.clone_from(&hello.extensions.server_name);
                if agreed.early_data == EarlyData::NotOffered && hello.extensions.early_data {
                    agreed.early_data = EarlyData::Offered;
                }
                session.client_hello = Some((**hello).clone());
            }
            Message::ServerHello(hello) if hello.retry => {
                agreed.retried = true;
                if agreed.early_data == EarlyData::Offered {
                    agreed.early_data = EarlyData::Rejected;
                }
            }
            Message::ServerHello(hello) => {
                session.client = from.peer();
                agreed.version = Some(hello.version);
                agreed.suite = Some(hello.suite);
                agreed.group = hello.group();
                agreed.extended_master_secret = hello.extensions.extended_master_secret;
                agreed.encrypt_then_mac = hello.extensions.encrypt_then_mac;
                agreed.application_protocol = hello.extensions.application_protocols.first().cloned();
                session.server_hello = Some((**hello).clone());
                if hello.version < TLS_1_3 && agreed.early_data == EarlyData::Offered {
                    agreed.early_data = EarlyData::Rejected;
                }
                session.agreed.resumption = resumption(session);
            }
            Message::EncryptedExtensions(extensions) => {
                agreed.application_protocol = extensions.application_protocols.first().cloned();
                if agreed.early_data == EarlyData::Offered {
                    agreed.early_data =
                        if extensions.early_data { EarlyData::Accepted } else { EarlyData::Rejected };
                }
            }
            Message::ServerKeyExchange(group) => agreed.group = *group,
            Message::Certificate(chain) => {
                agreed.client_certificate |= from == session.client && !chain.is_empty();
                session.certificates.of_mut(from).clone_from(chain);
            }
            Message::CertificateVerify(scheme) if from != session.client => {
                agreed.signature = Some(*scheme);
            }
            _ => {}
        }
    }

    /// An alert in the clear, or one that was opened.
    pub(super) fn alert(&mut self, from: Side, packets: Packets, secrecy: Secrecy, content: &[u8]) {
        let &[level, description] = content else {
            return self.step(from, packets, secrecy, What::Other(super::record::content::ALERT));
        };
        let closing = self.session.closing.of_mut(from);
        if description == CLOSE_NOTIFY {
            *closing = closing.or(Some(Closing::CloseNotify));
        } else if level == FATAL {
            *closing = closing.or(Some(Closing::Fatal(description)));
        }
        self.step(from, packets, secrecy, What::Alert(level, description));
    }

    /// Application data that can be read.
    pub(super) fn data(
        &mut self,
        from: Side,
        packets: Packets,
        secrecy: Secrecy,
        octets: usize,
        early: bool,
    ) {
        let first = self.first_data(from, packets, true);
        let data = self.session.data.of_mut(from);
        data.records += 1;
        data.octets += octets as u64;
        data.early_octets += if early { octets as u64 } else { 0 };
        // an empty record of data opens no conversation
        if octets > 0 {
            data.first.get_or_insert(first);
        }
        let what = What::Data { records: 1, octets: octets as u64, early };
        self.step(from, packets, secrecy, what);
    }

    /// A protected record that was not opened. `data`: whether it is known to carry data, or may carry it.
    pub(super) fn sealed(
        &mut self,
        from: Side,
        packets: Packets,
        content_type: u8,
        octets: usize,
        data: SealedData,
    ) {
        let first = self.first_data(from, packets, data == SealedData::Known);
        let of_side = self.session.data.of_mut(from);
        if data != SealedData::No {
            of_side.records += 1;
            of_side.sealed_octets += octets as u64;
        }
        match data {
            SealedData::Known => {
                of_side.first.get_or_insert(first);
            }
            SealedData::No | SealedData::Perhaps => {}
        }
        if content_type == super::record::content::ALERT {
            let closing = self.session.closing.of_mut(from);
            *closing = closing.or(Some(Closing::SealedAlert));
        }
        let what = What::Sealed { content_type, records: 1, octets: octets as u64 };
        self.step(from, packets, Secrecy::Sealed, what);
    }

    fn first_data(&self, from: Side, packets: Packets, observed: bool) -> FirstData {
        let heard = *self.flights.of(from.peer());
        // the server's first wait is for somebody to come at all
        let round_trips = if from == self.session.client { heard } else { heard.saturating_sub(1) };
        let nanos = packets.time.zip(self.hello_time).map(|(time, hello)| time.since(hello));
        FirstData { packet: packets.last, round_trips, nanos, observed }
    }

    /// Whatever a side sent; what it sends in a row of one kind is one step.
    pub(super) fn step(&mut self, from: Side, packets: Packets, secrecy: Secrecy, what: What) {
        let session = &mut self.session;
        if let Some(last) = session.steps.last_mut()
            && (last.from, last.secrecy) == (from, secrecy)
            && last.what.take_in(&what)
        {
            (last.packets.last, last.packets.time) = (packets.last, packets.time);
            return;
        }
        let is_data = matches!(what, What::Data { .. } | What::Sealed { .. });
        let room = if is_data { MAX_DATA_STEPS } else { MAX_STEPS };
        if session.steps.len() < room {
            session.steps.push(Step { packets, from, secrecy, what });
        } else {
            session.steps_left_out += 1;
        }
    }
}

/// Whether a record that was not opened carries data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SealedData {
    No,
    Perhaps,
    Known,
}

impl What {
    /// Adds a later one of the same kind; whether that was possible.
    fn take_in(&mut self, later: &What) -> bool {
        match (self, later) {
            (
                What::Data { records, octets, early },
                What::Data { records: more, octets: longer, early: also },
            ) if *early == *also => {
                (*records, *octets) = (*records + more, *octets + longer);
                true
            }
            (
                What::Sealed { content_type, records, octets },
                What::Sealed { content_type: other, records: more, octets: longer },
            ) if content_type == other => {
                (*records, *octets) = (*records + more, *octets + longer);
                true
            }
            _ => false,
        }
    }
}

/// What a session takes up again, by the hellos of both.
fn resumption(session: &Session) -> Option<Resumption> {
    let (client, server) = session.client_hello.as_ref().zip(session.server_hello.as_ref())?;
    if server.version >= TLS_1_3 {
        return server.extensions.pre_shared_key.map(|_| Resumption::PreSharedKey);
    }
    // RFC 5246 section 7.4.1.3, RFC 5077 section 3.4: the server says the client's session ID again
    let resumed = !client.session_id.is_empty() && client.session_id == server.session_id;
    let with_ticket = client.extensions.session_ticket.is_some_and(|octets| octets > 0);
    resumed.then_some(if with_ticket { Resumption::Ticket } else { Resumption::SessionId })
}

impl Data {
    /// Whether anything was sent that is, or may be, data.
    pub const fn is_any(&self) -> bool {
        self.records > 0
    }
}
