//! The state machine of a session: which octets are commands, replies, message or secret.

use std::collections::VecDeque;
use std::ops::Range;

use super::builder::Builder;
use super::command::Verb;
use super::data::DataReader;
use super::line::{Held, MAX_LINE, Mark};
use super::session::{Speaker, TurnKind, Warning};
use crate::conversation::secret::Secrets;
use crate::packet::Timestamp;

/// How the client's next octets are to be read.
#[derive(Debug)]
pub(super) enum Mode {
    /// As a command line.
    Command,
    /// DATA was said: 354 or a refusal decides.
    AwaitData,
    /// As a message, up to its final dot.
    Data(DataReader),
    /// As so many octets of a BDAT chunk.
    Chunk { left: u64, last: bool },
    /// AUTH, or a response, was said: 334 or the outcome decides.
    AwaitAuth,
    /// As a line of an authentication exchange.
    Auth,
    /// STARTTLS was said: 220 or a refusal decides.
    AwaitTls,
    /// Not at all: TLS.
    Tls,
}

/// What a reply can answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    /// The connection itself.
    Greeting,
    /// A command; `None` for one that is not known here.
    Command(Option<Verb>),
    /// A BDAT chunk.
    Chunk { last: bool },
    /// A message behind its final dot.
    Message,
}

/// A command that waits for its reply.
#[derive(Debug)]
pub(super) struct Pending {
    pub(super) what: What,
    pub(super) packet: Option<u64>,
    /// Its place in the list of turns.
    pub(super) turn: Option<usize>,
    /// When its last octet was captured.
    pub(super) asked: Option<Timestamp>,
    pub(super) path: Option<String>,
    pub(super) message: Option<usize>,
}

/// One session as far as it has been read.
pub(super) struct Dialogue {
    pub(super) mode: Mode,
    pub(super) pending: VecDeque<Pending>,
    pub(super) record: Option<Box<Builder>>,
    pub(super) secrets: Secrets,
    pub(super) client: Held,
    pub(super) server: Held,
    /// Where the client's octets have been read to.
    pub(super) read_to: u64,
    /// Octets of the client's were missed: lines that are no command are passed over.
    pub(super) lost: bool,
    /// A message is under way in which octets are missing: the next reply is behind its end.
    pub(super) message_torn: bool,
    /// The reply that the client waits for may be missing.
    pub(super) reply_lost: bool,
    pub(super) client_spoke: bool,
    pub(super) server_spoke: bool,
    pub(super) lmtp: bool,
    /// Recipients of the transaction that were accepted, and replies behind an LMTP message still to come.
    pub(super) accepted: u32,
    pub(super) deliveries_left: Option<u32>,
    pub(super) tls_agreed: bool,
    pub(super) tls_packet: Option<u64>,
    /// Where TLS begins in the stream of the client, and in that of the server.
    pub(super) tls_from: Option<(u64, u64)>,
    /// What is read now stood inside TLS; its places are not those of the stream.
    pub(super) inside: bool,
    /// What was secret before TLS began.
    outside: Secrets,
    /// Where the server's octets have been read to.
    pub(super) server_read_to: u64,
    pub(super) starttls_packet: Option<u64>,
    pub(super) quit_said: bool,
    pub(super) last_code: u16,
    pub(super) auth_used: bool,
}

impl Dialogue {
    pub(super) fn new(record: Option<Builder>) -> Self {
        let greeting = Pending {
            what: What::Greeting,
            packet: None,
            turn: None,
            asked: None,
            path: None,
            message: None,
        };
        Self {
            mode: Mode::Command,
            pending: VecDeque::from([greeting]),
            record: record.map(Box::new),
            secrets: Secrets::default(),
            client: Held::default(),
            server: Held::default(),
            read_to: 0,
            lost: false,
            message_torn: false,
            reply_lost: false,
            client_spoke: false,
            server_spoke: false,
            lmtp: false,
            accepted: 0,
            deliveries_left: None,
            tls_agreed: false,
            tls_packet: None,
            tls_from: None,
            inside: false,
            outside: Secrets::default(),
            server_read_to: 0,
            starttls_packet: None,
            quit_said: false,
            last_code: 0,
            auth_used: false,
        }
    }

    pub(super) fn warn(&mut self, warning: Warning) {
        if let Some(record) = &mut self.record {
            record.warn(warning);
        }
    }

    /// `length` octets of one side are not in the capture.
    pub(super) fn gap(&mut self, from: Speaker, offset: u64, length: u64, mark: Mark) {
        self.warn(Warning::Gap);
        match from {
            Speaker::Client => self.client_gap(offset, length, mark),
            Speaker::Server => {
                self.server = Held::default();
                self.reply_lost = !self.client.octets.is_empty() || !matches!(self.mode, Mode::Command);
                self.release_client();
            }
        }
        if let Some(record) = &mut self.record {
            record.turn(mark, from, TurnKind::Gap { octets: length });
        }
    }

    fn client_gap(&mut self, offset: u64, length: u64, mark: Mark) {
        if !self.client.octets.is_empty() && !matches!(self.mode, Mode::Command | Mode::Auth) {
            self.reply_lost = true;
            self.release_client();
        }
        self.client = Held::default();
        let behind = offset.saturating_add(length);
        self.secrets.add(offset..behind);
        self.read_to = behind;
        match &mut self.mode {
            Mode::Data(reader) => {
                reader.gap();
                self.message_torn = true;
            }
            Mode::Chunk { left, last } if *left > length => {
                let (left, last) = (*left - length, *last);
                self.mode = Mode::Chunk { left, last };
            }
            Mode::Tls => {}
            _ => {
                self.mode = Mode::Command;
                self.lost = true;
            }
        }
        self.message_begins_if_data(mark);
        if let Some(record) = &mut self.record {
            record.message_gap();
            if self.lost {
                record.message_ends(false);
            }
        }
    }

    /// What comes next stood inside TLS, and both sides begin anew.
    pub(super) fn enter_tls(&mut self) {
        self.outside = std::mem::take(&mut self.secrets);
        self.inside = true;
        self.mode = Mode::Command;
        self.pending.clear();
        (self.client, self.server) = (Held::default(), Held::default());
        (self.read_to, self.server_read_to) = (0, 0);
        (self.lost, self.reply_lost, self.message_torn) = (false, false, false);
        if let Some(record) = &mut self.record {
            record.enter_tls();
        }
    }

    /// Whether octets begin with a TLS record of a handshake (RFC 8446 section 5.1); `None`: too few to tell.
    pub(super) fn tls_record(&self, octets: &[u8]) -> Option<bool> {
        match octets {
            _ if self.inside => Some(false),
            [0x16, 0x03, ..] => Some(true),
            [0x16] => None,
            _ => Some(false),
        }
    }

    /// Nothing more will come: what waits is read the way it most likely was meant.
    pub(super) fn finish(&mut self) {
        self.reply_lost = true;
        self.release_client();
        if let Mode::Data(reader) = &self.mode
            && reader.perhaps_ended()
        {
            self.end_message(Mark::default());
        }
        if let Some(record) = &mut self.record {
            record.message_ends(false);
            record.transaction_ends();
        }
    }

    /// The ranges of the client's octets that must not be shown.
    pub(super) fn concealed(&self, asked: Range<u64>, out: &mut Vec<Range<u32>>) {
        if self.inside {
            return self.outside.within(asked, u64::MAX, out);
        }
        let plain_line = matches!(self.mode, Mode::Command)
            && !self.lost
            && self.client.octets.get(..4).is_some_and(|word| !word.eq_ignore_ascii_case(b"AUTH"));
        let held = if plain_line { self.client.octets.len().min(MAX_LINE) as u64 } else { 0 };
        let shown_before = if matches!(self.mode, Mode::Tls) { u64::MAX } else { self.read_to + held };
        self.secrets.within(asked, shown_before, out);
    }
}
