//! Whole messages that a server handed out: steps of a mail's way.

use std::ops::Range;

use super::session::{Portion, Session};
use crate::conversation::mail::{self, Outline, body_digest};
use crate::conversation::smtp::{Proof, Speaker};
use crate::packet::{Endpoint, Protocol, Timestamp};

/// A message that a server handed out, all of it or its beginning.
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
    /// The worst that was sent in the clear to log in before it was handed out.
    pub login_in_the_clear: Option<Proof>,
}

impl Session {
    /// The messages that the server handed out, but for portions of them.
    pub fn fetched(&self) -> Vec<Fetched> {
        let is_fetched = |message: &&super::Message| {
            message.from == Speaker::Server && matches!(message.portion, Portion::Whole | Portion::Beginning)
        };
        self.messages.iter().filter(is_fetched).map(|message| self.fetched_one(message)).collect()
    }

    fn fetched_one(&self, message: &super::Message) -> Fetched {
        let content = &message.content;
        let complete = message.complete && message.portion == Portion::Whole;
        let in_the_clear =
            self.logins.iter().filter(|login| !login.encrypted && login.secret_packet.is_some());
        Fetched {
            protocol: self.protocol,
            capture: self.capture,
            stream: self.stream,
            client: self.client,
            server: self.server,
            packets: message.packets.clone(),
            time: message.time,
            octets: message.octets,
            complete,
            message_id: content.message_id.clone(),
            subject: content.header.subject.clone(),
            author: content.header.from.clone(),
            date: content.header.date.clone(),
            hops: content.hops.clone(),
            outline: content.outline.clone(),
            body: body_digest(&content.parts, complete && content.parts_complete),
            login_in_the_clear: in_the_clear.map(|login| login.proof).max(),
        }
    }
}
