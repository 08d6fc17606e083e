//! What is known of a session: plain data, one field a fact of the `smtp_session` record.
//!
//! Texts are as they came (invalid UTF-8 replaced, not escaped). Secrets are kept apart from what may be shown.

use std::ops::Range;

use crate::conversation::dns;
use crate::conversation::mail::{Assessment, Hop, MailHeader, Outline, Part, Signature};
use crate::packet::{Endpoint, PerSide, Seq, Timestamp};

/// One session, from connect to close.
#[derive(Debug, Clone, PartialEq)]
pub struct Session {
    /// The capture it was seen in.
    pub capture: u32,
    /// The connection that carried it.
    pub stream: u64,
    /// The first packet of that connection.
    pub first_packet: u64,
    /// Initial sequence numbers of the connection, which tell it from others between the same ends.
    pub isn: PerSide<Option<Seq>>,
    /// The client's end.
    pub client: Endpoint,
    /// The server's end.
    pub server: Endpoint,
    /// What the session is for.
    pub role: Role,
    /// Why that is believed: the port, AUTH, Received headers ... as a key of the texts.
    pub role_reason: &'static str,
    /// Whether it was encrypted, and from when on.
    pub encryption: Encryption,
    /// What stood inside TLS and was decrypted with a key log; `None` where nothing was.
    pub decrypted: Option<Decrypted>,
    /// `SMTP`, or LMTP where the client said LHLO.
    pub lmtp: bool,
    /// The server's greeting, without the code.
    pub greeting: Option<String>,
    /// When both ends were connected: from here on the greeting is waited for.
    pub opened: Option<Timestamp>,
    /// What the client called itself in EHLO, HELO or LHLO.
    pub client_name: Option<String>,
    /// What the server offered to the last EHLO, a line each.
    pub capabilities: Vec<String>,
    /// The last attempt to authenticate.
    pub auth: Option<Auth>,
    /// What was said, in order.
    pub turns: Vec<Turn>,
    /// Turns beyond the bound that are not in `turns`.
    pub turns_left_out: u64,
    /// Mail transactions that reached DATA or BDAT.
    pub messages: Vec<Message>,
    /// Mail transactions that never reached DATA or BDAT: all recipients refused, dropped, or not captured on.
    pub abandoned: Vec<Abandoned>,
    /// The lookups that led here, and those that the server made because of it: inferred.
    pub lookups: Vec<dns::Told>,
    /// What is odd or unsafe.
    pub warnings: Vec<Warning>,
    /// How it ended.
    pub ended: Ended,
}

/// What stood inside TLS and was decrypted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Decrypted {
    /// [`Session::turns`] from this place on; what is before them was in the clear, or the beginning of TLS.
    pub from_turn: usize,
    /// Records that several packets carried: the last of these and the first, in order of the last.
    pub records: Vec<(u64, u64)>,
}

impl Decrypted {
    /// The first packet of the record that was whole with this packet.
    pub fn first_packet(&self, last: u64) -> u64 {
        let at = self.records.partition_point(|(known, _)| *known < last);
        let record = self.records.get(at).filter(|(known, _)| *known == last);
        record.map_or(last, |(_, first)| *first)
    }
}

impl Session {
    /// First and last packet of the records that carried a turn, by its place, where it stood inside TLS.
    pub fn sealed_in(&self, turn: usize) -> Option<(u64, u64)> {
        let decrypted = self.decrypted.as_ref().filter(|decrypted| turn >= decrypted.from_turn)?;
        let Turn { packet, last_packet, .. } = self.turns.get(turn)?;
        Some((decrypted.first_packet(*packet), *last_packet))
    }

    /// The turns that anyone on the wire could read.
    pub fn turns_in_the_clear(&self) -> &[Turn] {
        let end = self.decrypted.as_ref().map_or(self.turns.len(), |decrypted| decrypted.from_turn);
        self.turns.get(..end).unwrap_or(&self.turns)
    }

    /// Whether a message that began in this packet stood inside TLS.
    fn is_inside(&self, packet: u64) -> bool {
        let first = self.decrypted.as_ref().and_then(|decrypted| self.turns.get(decrypted.from_turn));
        first.is_some_and(|first| packet >= first.packet)
    }

    /// The messages that anyone on the wire could read.
    pub(super) fn messages_in_the_clear(&self) -> impl Iterator<Item = &Message> {
        self.messages.iter().filter(|message| !self.is_inside(message.packets.start))
    }
}

/// What was said in a session, which may still be under way.
#[derive(Debug, Clone, Copy)]
pub struct Said<'a> {
    /// In order; of a message under way the turn is there, and grows.
    pub turns: &'a [Turn],
    /// What those that carry a message refer to.
    pub messages: &'a [Message],
    /// Turns from this place on stood inside TLS and were decrypted.
    pub inside_from: Option<usize>,
    /// LMTP (RFC 2033).
    pub lmtp: bool,
}

impl Session {
    /// All that was said.
    pub fn said(&self) -> Said<'_> {
        let inside_from = self.decrypted.as_ref().map(|decrypted| decrypted.from_turn);
        Said { turns: &self.turns, messages: &self.messages, inside_from, lmtp: self.lmtp }
    }
}

/// What a session is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// A user's program hands a mail to its first server.
    Submission,
    /// A server hands a mail to the next one.
    Relay,
    /// A server hands a mail to the program that stores it (LMTP).
    Delivery,
    /// Nothing tells.
    Unknown,
}

/// Whether a session was encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encryption {
    /// All of it could be read.
    None,
    /// STARTTLS: encrypted from this packet on.
    StartTls {
        /// The first packet of the TLS handshake.
        packet: u64,
    },
    /// TLS from the first octet on.
    Implicit,
}

/// An attempt to authenticate (RFC 4954).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Auth {
    /// The SASL mechanism, upper case.
    pub mechanism: String,
    /// Who the client says it is, where the mechanism lets one read it.
    pub user: Option<String>,
    /// The password, token or response, shown only when secrets are revealed.
    pub secret: Option<String>,
    /// What came of it.
    pub outcome: AuthOutcome,
}

/// What came of an attempt to authenticate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuthOutcome {
    /// 235.
    Accepted,
    /// Any other reply.
    Rejected,
    /// The client gave up with `*`.
    Cancelled,
    /// The capture has no answer.
    Unknown,
}

/// Who said something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Speaker {
    /// The end that connected.
    Client,
    /// The end that answers.
    Server,
}

/// One thing that was said.
#[derive(Debug, Clone, PartialEq)]
pub struct Turn {
    /// The packet in which it began.
    pub packet: u64,
    /// When.
    pub time: Option<Timestamp>,
    /// The packet in which it ended: later than that where it spans several.
    pub last_packet: u64,
    /// When that was captured.
    pub last_time: Option<Timestamp>,
    /// Who.
    pub from: Speaker,
    /// What.
    pub kind: TurnKind,
}

/// What was said.
#[derive(Debug, Clone, PartialEq)]
pub enum TurnKind {
    /// The server's first reply.
    Greeting(Reply),
    /// A command line.
    Command {
        /// Upper case; the whole line where it is no known verb.
        verb: String,
        /// The line as it was sent, without a secret.
        line: String,
        /// What follows the verb, without a secret.
        argument: String,
        /// The secret that stood in it, shown only when secrets are revealed.
        secret: Option<String>,
    },
    /// A reply to the oldest command that waits for one.
    Reply {
        /// The packet of that command.
        answers: Option<u64>,
        /// Its place in [`Session::turns`]: several commands may share a packet. That of the message where the
        /// reply is behind one.
        to: Option<usize>,
        /// When the last octet of it was captured.
        asked: Option<Timestamp>,
        /// What it says.
        reply: Reply,
    },
    /// A line of an authentication exchange.
    AuthResponse {
        /// The line, shown only when secrets are revealed.
        secret: String,
        /// It was `*`: the client gives up.
        cancel: bool,
    },
    /// A message, or one BDAT chunk of it.
    Message {
        /// Octets on the wire.
        octets: u64,
        /// Its place in [`Session::messages`].
        message: usize,
    },
    /// From here on TLS.
    Tls,
    /// Octets that were not captured.
    Gap {
        /// How many.
        octets: u64,
    },
}

impl TurnKind {
    /// The verb and the argument, where it is a command.
    pub fn command(&self) -> Option<(&str, &str)> {
        match self {
            TurnKind::Command { verb, argument, .. } => Some((verb, argument)),
            TurnKind::Greeting(_)
            | TurnKind::Reply { .. }
            | TurnKind::AuthResponse { .. }
            | TurnKind::Message { .. }
            | TurnKind::Tls
            | TurnKind::Gap { .. } => None,
        }
    }
}

/// A reply, however many lines it has.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reply {
    /// The three-digit code.
    pub code: u16,
    /// The enhanced status code (RFC 3463) of the last line.
    pub enhanced: Option<String>,
    /// The lines' texts, without the codes.
    pub lines: Vec<String>,
}

/// How a message was transferred.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transfer {
    /// DATA.
    Data,
    /// BDAT (RFC 3030).
    Bdat,
}

/// A mail transaction that reached DATA or BDAT.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// The reverse-path, without brackets; empty for the null path.
    pub mail_from: Option<String>,
    /// Recipients asked for, accepted or not, in order.
    pub rcpt_to: Vec<Recipient>,
    /// How it was transferred.
    pub transfer: Transfer,
    /// Octets as the recipient gets them: dot-stuffing undone, chunks joined, the last CRLF kept.
    pub octets: u64,
    /// Lines that began with a dot and were sent with one more (RFC 5321 section 4.5.2).
    pub stuffed: u64,
    /// The end of the message was captured and nothing in it is missing.
    pub complete: bool,
    /// SHA-256 of those octets, where complete.
    pub sha256: Option<[u8; 32]>,
    /// The server's reply to the message.
    pub outcome: Option<Reply>,
    /// The queue identifier that the reply names.
    pub queue_id: Option<String>,
    /// First and last packet of the message.
    pub packets: Range<u64>,
    /// When the first of them was captured.
    pub time: Option<Timestamp>,
    /// The packet in which the body begins, behind the header and its empty line.
    pub body_from: Option<u64>,
    /// It has octets above 127 (RFC 6152).
    pub eight_bit: bool,
    /// The Message-ID header, without brackets.
    pub message_id: Option<String>,
    /// Main headers, decoded.
    pub header: MailHeader,
    /// The hops before this one, the oldest first.
    pub hops: Vec<Hop>,
    /// Its header fields, to be compared with those of the same mail at another hop.
    pub outline: Outline,
    /// Signatures, not verified.
    pub signatures: Vec<Signature>,
    /// What hosts on the way say that they checked.
    pub assessments: Vec<Assessment>,
    /// The nodes of the MIME tree, in their order.
    pub parts: Vec<Part>,
    /// They are all there: nothing was missing, and no bound was reached.
    pub parts_complete: bool,
}

/// A mail transaction that never reached DATA or BDAT.
#[derive(Debug, Clone, PartialEq)]
pub struct Abandoned {
    /// The reverse-path, without brackets; empty for the null path, `None` where no MAIL was accepted.
    pub mail_from: Option<String>,
    /// Recipients asked for, accepted or not, in order.
    pub rcpt_to: Vec<Recipient>,
    /// The packet of the RSET that dropped it.
    pub dropped: Option<u64>,
    /// How many messages the session had before it.
    pub messages_before: usize,
}

/// One recipient of a message.
#[derive(Debug, Clone, PartialEq)]
pub struct Recipient {
    /// The forward-path, without brackets.
    pub address: String,
    /// The server's reply to RCPT.
    pub reply: Option<Reply>,
    /// LMTP: the reply for this recipient after the message.
    pub delivery: Option<Reply>,
}

/// What is odd or unsafe about a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Warning {
    /// A line of a message ended in LF alone: message smuggling becomes possible.
    BareLf,
    /// Octets behind STARTTLS in its own segment: they would be obeyed after the handshake.
    StarttlsInjection,
    /// The server offered STARTTLS, the client authenticated or sent an envelope without it.
    StarttlsNotUsed,
    /// The offer of STARTTLS was made unreadable, or the server made it earlier in the capture and not now.
    StarttlsStripped,
    /// AUTH PLAIN or LOGIN with no encryption: the password could be read.
    AuthInTheClear,
    /// A line longer than the bound was cut.
    LineTooLong,
    /// Octets were not captured.
    Gap,
    /// Only one direction was captured.
    OneSided,
    /// Replies that no command asked for, or commands that no reply answered.
    RepliesOutOfStep,
}

impl Warning {
    /// Every warning.
    pub const ALL: [Warning; 9] = [
        Warning::BareLf,
        Warning::StarttlsInjection,
        Warning::StarttlsNotUsed,
        Warning::StarttlsStripped,
        Warning::AuthInTheClear,
        Warning::LineTooLong,
        Warning::Gap,
        Warning::OneSided,
        Warning::RepliesOutOfStep,
    ];

    /// The name in records and in the texts of [`crate::lesson`].
    pub const fn name(self) -> &'static str {
        match self {
            Warning::BareLf => "bare_lf",
            Warning::StarttlsInjection => "starttls_injection",
            Warning::StarttlsNotUsed => "starttls_not_used",
            Warning::StarttlsStripped => "starttls_stripped",
            Warning::AuthInTheClear => "auth_in_the_clear",
            Warning::LineTooLong => "line_too_long",
            Warning::Gap => "gap",
            Warning::OneSided => "one_sided",
            Warning::RepliesOutOfStep => "replies_out_of_step",
        }
    }
}

/// How a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// QUIT and 221.
    Quit,
    /// The connection was closed without QUIT.
    Closed,
    /// The connection was reset.
    Reset,
    /// The server gave up with 421.
    Timeout,
    /// TLS hides the rest.
    Tls,
    /// The capture ended first.
    Open,
}

impl Ended {
    /// The name in records.
    pub const fn name(self) -> &'static str {
        match self {
            Ended::Quit => "quit",
            Ended::Closed => "closed",
            Ended::Reset => "reset",
            Ended::Timeout => "timeout",
            Ended::Tls => "tls",
            Ended::Open => "open",
        }
    }
}
