//! POP3 (RFC 1939, extended by RFC 2449, RFC 2595, RFC 5034): a reply a command, in order, and behind some replies
//! lines up to a dot.

mod client;
mod server;

use std::collections::VecDeque;

use super::record::Asked;
use super::session::{Phase, Portion};
use super::state::State;
use crate::conversation::smtp::Speaker;
use crate::flow::Delivery;

/// What follows the reply to a command, if it is `+OK`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Follows {
    Nothing,
    Lines,
    Message(Portion),
}

/// A command that waits for its reply.
#[derive(Debug)]
struct Pending {
    verb: &'static str,
    asked: Asked,
    follows: Follows,
    /// The number of the message that it asks for.
    number: Option<u64>,
    /// What ends its login: PASS, APOP, AUTH.
    logs_in: bool,
}

/// Reads both sides.
#[derive(Default)]
pub(super) struct Dialogue {
    client: client::Commands,
    server: server::Replies,
    talk: Talk,
}

/// What both sides have to know.
#[derive(Default)]
struct Talk {
    pending: VecDeque<Pending>,
    /// AUTH was said, and its exchange has not ended.
    exchange: bool,
    /// Octets of the server's are missing: replies to what was asked before may be among them.
    replies_lost: bool,
}

impl Dialogue {
    /// The next octets of one side.
    pub(super) fn octets(&mut self, from: Speaker, delivery: Delivery, octets: &[u8], state: &mut State) {
        match from {
            Speaker::Client => self.client.octets(delivery, octets, &mut self.talk, state),
            Speaker::Server => self.server.octets(delivery, octets, &mut self.talk, state),
        }
    }

    /// Octets of one side are missing.
    pub(super) fn gap(&mut self, from: Speaker, state: &mut State) {
        match from {
            Speaker::Client => self.client.gap(),
            Speaker::Server => {
                self.talk.replies_lost = true;
                self.server.gap(state);
            }
        }
    }

    /// What comes from here on stood inside TLS: lines begin anew, with a greeting where TLS came first.
    pub(super) fn inside_tls(&mut self, greets: bool) {
        *self = Self::default();
        self.server.greeted = !greets;
    }
}

/// Commands (RFC 1939 sections 5 to 7 and the extensions), and where in a session they stand.
const COMMANDS: &[(&str, Phase)] = &[
    ("CAPA", Phase::Greet),
    ("LANG", Phase::Greet),
    ("UTF8", Phase::Greet),
    ("XCLIENT", Phase::Greet),
    ("STLS", Phase::Secure),
    ("USER", Phase::Authenticate),
    ("PASS", Phase::Authenticate),
    ("APOP", Phase::Authenticate),
    ("AUTH", Phase::Authenticate),
    ("STAT", Phase::Mailbox),
    ("LIST", Phase::Mailbox),
    ("UIDL", Phase::Mailbox),
    ("LAST", Phase::Mailbox),
    ("NOOP", Phase::Mailbox),
    ("RETR", Phase::Message),
    ("TOP", Phase::Message),
    ("DELE", Phase::Message),
    ("RSET", Phase::Message),
    ("XTND", Phase::Message),
    ("HELP", Phase::Greet),
    ("QUIT", Phase::Close),
];

/// The command of that name, and where in a session it stands.
fn known(word: &[u8]) -> Option<(&'static str, Phase)> {
    COMMANDS.iter().find(|(name, _)| word.eq_ignore_ascii_case(name.as_bytes())).copied()
}

/// What follows the reply to a command; `argued`: it has an argument.
fn follows(verb: &str, argued: bool) -> Follows {
    match verb {
        "RETR" => Follows::Message(Portion::Whole),
        "TOP" => Follows::Message(Portion::Top),
        "CAPA" => Follows::Lines,
        // without an argument: of all messages; of AUTH: the mechanisms
        "LIST" | "UIDL" | "AUTH" if !argued => Follows::Lines,
        _ => Follows::Nothing,
    }
}
