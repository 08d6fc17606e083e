//! IMAP (RFC 9051, RFC 3501): commands with tags, the responses that carry them, and literals on both sides.
//!
//! `words` knows the grammar of a line, `client` and `server` put lines and literals together and act on them.

mod client;
mod server;
mod words;

use std::collections::VecDeque;

use super::record::Asked;
use super::session::{Phase, Warning};
use super::state::State;
use crate::conversation::smtp::Speaker;
use crate::flow::Delivery;

/// Commands that may wait for their outcome.
const MAX_PENDING: usize = 1024;

/// A command that waits for its outcome.
#[derive(Debug)]
struct Pending {
    tag: Vec<u8>,
    verb: &'static str,
    asked: Asked,
    /// The mailbox that it opens.
    mailbox: Option<String>,
}

/// Reads both sides.
#[derive(Default)]
pub(super) struct Dialogue {
    client: client::Commands,
    server: server::Responses,
    talk: Talk,
}

/// What both sides have to know.
#[derive(Default)]
struct Talk {
    pending: VecDeque<Pending>,
    /// The mailbox that is open.
    mailbox: Option<String>,
    /// The tag of a command that failed: a literal of it that is still to come will not be sent.
    refused: Option<Vec<u8>>,
}

impl Talk {
    fn waits(&mut self, pending: Pending, state: &mut State) {
        if self.pending.len() >= MAX_PENDING {
            self.pending.pop_front();
            if *state.spoke.of(Speaker::Server) {
                state.warn(Warning::RepliesOutOfStep);
            }
        }
        self.pending.push_back(pending);
    }

    fn is_pending(&self, verb: &str) -> bool {
        self.pending.iter().any(|pending| pending.verb == verb)
    }
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
    pub(super) fn gap(&mut self, from: Speaker, length: u64, state: &mut State) {
        match from {
            Speaker::Client => self.client.gap(length, state),
            Speaker::Server => self.server.gap(length, state),
        }
    }

    /// What comes from here on stood inside TLS: lines begin anew, with a greeting where TLS came first.
    pub(super) fn inside_tls(&mut self, greets: bool) {
        self.client = client::Commands::default();
        self.server = server::Responses::default();
        self.server.greeted = !greets;
    }
}

/// Commands (RFC 9051 section 6 and the extensions that are met most), and where in a session they stand.
const COMMANDS: &[(&str, Phase)] = &[
    ("CAPABILITY", Phase::Greet),
    ("ID", Phase::Greet),
    ("ENABLE", Phase::Greet),
    ("STARTTLS", Phase::Secure),
    ("COMPRESS", Phase::Secure),
    ("LOGIN", Phase::Authenticate),
    ("AUTHENTICATE", Phase::Authenticate),
    ("UNAUTHENTICATE", Phase::Authenticate),
    ("SELECT", Phase::Mailbox),
    ("EXAMINE", Phase::Mailbox),
    ("CREATE", Phase::Mailbox),
    ("DELETE", Phase::Mailbox),
    ("RENAME", Phase::Mailbox),
    ("SUBSCRIBE", Phase::Mailbox),
    ("UNSUBSCRIBE", Phase::Mailbox),
    ("LIST", Phase::Mailbox),
    ("LSUB", Phase::Mailbox),
    ("XLIST", Phase::Mailbox),
    ("STATUS", Phase::Mailbox),
    ("NAMESPACE", Phase::Mailbox),
    ("GETQUOTA", Phase::Mailbox),
    ("GETQUOTAROOT", Phase::Mailbox),
    ("SETQUOTA", Phase::Mailbox),
    ("GETACL", Phase::Mailbox),
    ("MYRIGHTS", Phase::Mailbox),
    ("GETMETADATA", Phase::Mailbox),
    ("SETMETADATA", Phase::Mailbox),
    ("NOTIFY", Phase::Mailbox),
    ("IDLE", Phase::Mailbox),
    ("DONE", Phase::Mailbox),
    ("NOOP", Phase::Mailbox),
    ("CHECK", Phase::Mailbox),
    ("CLOSE", Phase::Mailbox),
    ("UNSELECT", Phase::Mailbox),
    ("SEARCH", Phase::Message),
    ("SORT", Phase::Message),
    ("THREAD", Phase::Message),
    ("FETCH", Phase::Message),
    ("STORE", Phase::Message),
    ("COPY", Phase::Message),
    ("MOVE", Phase::Message),
    ("EXPUNGE", Phase::Message),
    ("APPEND", Phase::Message),
    ("UID SEARCH", Phase::Message),
    ("UID SORT", Phase::Message),
    ("UID THREAD", Phase::Message),
    ("UID FETCH", Phase::Message),
    ("UID STORE", Phase::Message),
    ("UID COPY", Phase::Message),
    ("UID MOVE", Phase::Message),
    ("UID EXPUNGE", Phase::Message),
    ("LOGOUT", Phase::Close),
];

/// Where in a session a command stands.
fn phase_of(verb: &str) -> Option<Phase> {
    COMMANDS.iter().find(|(name, _)| *name == verb).map(|(_, phase)| *phase)
}
