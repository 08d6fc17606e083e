//! What became of each recipient.

use super::session::{Abandoned, Message, Recipient, Reply};

/// What became of a recipient.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// The server took responsibility (2xx).
    Accepted,
    /// The server refused for good (5xx).
    Refused,
    /// The server put it off (4xx).
    Deferred,
    /// The client dropped it before any message.
    Dropped,
    /// The capture has no answer.
    Unknown,
}

impl Verdict {
    /// The name in the texts.
    pub const fn name(self) -> &'static str {
        match self {
            Verdict::Accepted => "accepted",
            Verdict::Refused => "refused",
            Verdict::Deferred => "deferred",
            Verdict::Dropped => "dropped",
            Verdict::Unknown => "unknown",
        }
    }

    fn of(reply: &Reply) -> Self {
        match reply.code / 100 {
            2 => Verdict::Accepted,
            4 => Verdict::Deferred,
            5 => Verdict::Refused,
            _ => Verdict::Unknown,
        }
    }
}

impl Recipient {
    /// The server did not refuse this recipient when it was asked for.
    pub fn accepted(&self) -> bool {
        self.reply.as_ref().is_none_or(|reply| reply.code / 100 == 2)
    }
}

impl Abandoned {
    /// What became of one of its recipients: refused; where it was accepted, dropped by
    /// the client or not known; and the reply to RCPT.
    pub fn verdict<'a>(&'a self, recipient: &'a Recipient) -> (Verdict, Option<&'a Reply>) {
        let reply = recipient.reply.as_ref();
        let else_verdict = if self.dropped.is_some() { Verdict::Dropped } else { Verdict::Unknown };
        let verdict = reply.filter(|_| !recipient.accepted()).map_or(else_verdict, Verdict::of);
        (verdict, reply)
    }
}

impl Message {
    /// What became of one of its recipients, and the reply that says so: that to RCPT where it refuses, else
    /// (LMTP) the one for this recipient, else the one to the message.
    pub fn verdict<'a>(&'a self, recipient: &'a Recipient) -> (Verdict, Option<&'a Reply>) {
        let refused = recipient.reply.as_ref().filter(|_| !recipient.accepted());
        let reply = refused.or(recipient.delivery.as_ref()).or(self.outcome.as_ref());
        (reply.map_or(Verdict::Unknown, Verdict::of), reply)
    }
}
