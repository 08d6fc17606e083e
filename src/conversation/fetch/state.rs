//! What both protocols keep of a stream while it is read.

use super::record::Record;
use super::session::Warning;
use crate::conversation::secret::Secrets;
use crate::conversation::smtp::Speaker;
use crate::flow::Delivery;

/// The first octet of a TLS handshake record (RFC 8446 section 5.1), which no line of IMAP or POP3 begins with.
const TLS_HANDSHAKE: u8 = 0x16;

/// A value for each speaker.
#[derive(Debug, Default)]
pub(super) struct PerSpeaker<T> {
    client: T,
    server: T,
}

impl<T> PerSpeaker<T> {
    pub(super) const fn of(&self, speaker: Speaker) -> &T {
        match speaker {
            Speaker::Client => &self.client,
            Speaker::Server => &self.server,
        }
    }

    pub(super) const fn of_mut(&mut self, speaker: Speaker) -> &mut T {
        match speaker {
            Speaker::Client => &mut self.client,
            Speaker::Server => &mut self.server,
        }
    }
}

/// One stream as far as it has been read.
#[derive(Default)]
pub(super) struct State {
    /// `None` where only places are asked for.
    pub(super) record: Option<Box<Record>>,
    /// Where in each stream messages stand.
    pub(super) bodies: PerSpeaker<Secrets>,
    /// Who has said anything.
    pub(super) spoke: PerSpeaker<bool>,
    /// The packet of the last STARTTLS or STLS.
    pub(super) starttls: Option<u64>,
    /// Where TLS begins in each stream.
    pub(super) tls_from: PerSpeaker<Option<u64>>,
    /// What is read now stood inside TLS.
    pub(super) inside: bool,
    /// The rest is compressed.
    pub(super) compressed: bool,
    /// LOGOUT or QUIT was said, and answered.
    pub(super) farewell_said: bool,
    pub(super) farewell_answered: bool,
    /// The server closes, unasked.
    pub(super) dismissed: bool,
}

impl State {
    pub(super) fn warn(&mut self, warning: Warning) {
        if let Some(record) = &mut self.record {
            record.warn(warning);
        }
    }

    /// Whether what this speaker says next is TLS; asked at the beginning of a line.
    pub(super) fn turns_to_tls(&mut self, from: Speaker, delivery: Delivery, octets: &[u8]) -> bool {
        let begins = !self.inside && self.starttls.is_some() && octets.first() == Some(&TLS_HANDSHAKE);
        if begins {
            self.tls_from.of_mut(from).get_or_insert(delivery.offset);
            if let Some(record) = &mut self.record {
                record.tls(delivery, from);
            }
        }
        begins
    }

    /// Nothing of what this speaker says can be read.
    pub(super) const fn is_hidden(&self, from: Speaker) -> bool {
        self.compressed || (!self.inside && self.tls_from.of(from).is_some())
    }

    /// These octets are of a message.
    pub(super) fn body(&mut self, from: Speaker, delivery: Delivery, length: usize) {
        if !self.inside {
            self.bodies.of_mut(from).add(delivery.offset..delivery.offset + length as u64);
        }
    }
}

/// The place so many octets behind this one, in the same packet.
pub(super) const fn behind(delivery: Delivery, octets: usize) -> Delivery {
    Delivery { offset: delivery.offset + octets as u64, ..delivery }
}
