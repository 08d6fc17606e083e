//! What is known of a session in which mail was read: plain data, one field a fact of the `imap_session` and
//! `pop3_session` records.
//!
//! Texts are as they came (invalid UTF-8 replaced, not escaped). Secrets are kept apart from what may be shown.

use std::ops::Range;

use crate::conversation::mail::Described;
use crate::conversation::smtp::{AuthOutcome, Encryption, Proof, Speaker};
use crate::packet::{Endpoint, Protocol, Timestamp};

/// One session, from connect to close.
#[derive(Debug, Clone, PartialEq)]
pub struct Session {
    /// [`Protocol::Imap`] or [`Protocol::Pop3`].
    pub protocol: Protocol,
    /// The capture it was seen in.
    pub capture: u32,
    /// The connection that carried it.
    pub stream: u64,
    /// The first packet of that connection.
    pub first_packet: u64,
    /// The end that asks.
    pub client: Endpoint,
    /// The end that has the mail.
    pub server: Endpoint,
    /// Whether it was encrypted, and from when on.
    pub encryption: Encryption,
    /// The server's greeting: the text behind `* OK` or `+OK`.
    pub greeting: Option<String>,
    /// What the server offered last: CAPABILITY (RFC 9051 section 7.2.2) or CAPA (RFC 2449), one a word or line.
    pub capabilities: Vec<String>,
    /// Attempts to log in, in order.
    pub logins: Vec<Login>,
    /// What was said, in order.
    pub turns: Vec<Turn>,
    /// Turns beyond the bound that are not in `turns`.
    pub turns_left_out: u64,
    /// Messages, and portions of them, that went over the wire.
    pub messages: Vec<Message>,
    /// Messages beyond the bound that are not in `messages`.
    pub messages_left_out: u64,
    /// What is odd or unsafe.
    pub warnings: Vec<Warning>,
    /// How it ended.
    pub ended: Ended,
}

/// Which part of a session something belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Phase {
    /// The greeting.
    #[default]
    Connect,
    /// What the other end can do: CAPABILITY, CAPA, ID.
    Greet,
    /// STARTTLS, STLS, and the TLS behind it.
    Secure,
    /// Who the user is.
    Authenticate,
    /// Mailboxes, and what stands in them.
    Mailbox,
    /// Messages: fetched, marked, deleted, uploaded.
    Message,
    /// LOGOUT, QUIT.
    Close,
}

impl Phase {
    /// Every phase, in order.
    pub const ALL: [Phase; 7] = [
        Phase::Connect,
        Phase::Greet,
        Phase::Secure,
        Phase::Authenticate,
        Phase::Mailbox,
        Phase::Message,
        Phase::Close,
    ];

    /// The name in records and texts.
    pub const fn name(self) -> &'static str {
        match self {
            Phase::Connect => "connect",
            Phase::Greet => "greet",
            Phase::Secure => "secure",
            Phase::Authenticate => "authenticate",
            Phase::Mailbox => "mailbox",
            Phase::Message => "message",
            Phase::Close => "close",
        }
    }
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
    /// Where in the session it stands.
    pub phase: Phase,
    /// It was sent inside TLS, and decrypted.
    pub decrypted: bool,
    /// What.
    pub kind: TurnKind,
}

/// What was said.
#[derive(Debug, Clone, PartialEq)]
pub enum TurnKind {
    /// The server's first line.
    Greeting(Response),
    /// A command.
    Command(Command),
    /// What the server says to a command, or unasked.
    Response {
        /// Which of the forms it has.
        kind: ResponseKind,
        /// The packet of the command that it answers.
        answers: Option<u64>,
        /// That command's place in [`Session::turns`].
        to: Option<usize>,
        /// When the last octet of it was captured.
        asked: Option<Timestamp>,
        /// What it says.
        response: Response,
    },
    /// A line of an authentication exchange.
    AuthResponse {
        /// The line, shown only when secrets are revealed.
        secret: String,
        /// It was `*`: the client gives up.
        cancel: bool,
    },
    /// A message, or a portion of one.
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
    /// The command, where it is one.
    pub const fn command(&self) -> Option<&Command> {
        match self {
            TurnKind::Command(command) => Some(command),
            _ => None,
        }
    }

    /// The response, where it is one; the greeting is none.
    pub const fn response(&self) -> Option<&Response> {
        match self {
            TurnKind::Response { response, .. } => Some(response),
            _ => None,
        }
    }
}

/// A command, its literals included.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Command {
    /// The tag that its answer will carry; POP3 has none, nor has the DONE of IDLE.
    pub tag: Option<String>,
    /// Upper case, `UID FETCH` with both words; the whole line where it is no known verb.
    pub verb: String,
    /// As it was sent, on one line, without a secret. Short literals stand behind their lengths.
    pub line: String,
    /// What follows the verb, without a secret.
    pub arguments: String,
    /// The secret that stood in it, shown only when secrets are revealed.
    pub secret: Option<String>,
}

/// The form of a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ResponseKind {
    /// IMAP: `*`, data or a word of the server (RFC 9051 section 7).
    Untagged,
    /// IMAP: the outcome of the command with this tag.
    Tagged,
    /// `+`: the server is ready for more (RFC 9051 section 7.6, RFC 5034 section 4).
    Continuation,
    /// POP3: `+OK` or `-ERR`, and the lines behind it (RFC 1939 section 3).
    Status,
}

impl ResponseKind {
    /// The name in records.
    pub const fn name(self) -> &'static str {
        match self {
            ResponseKind::Untagged => "untagged",
            ResponseKind::Tagged => "tagged",
            ResponseKind::Continuation => "continuation",
            ResponseKind::Status => "status",
        }
    }
}

/// The word that says how it went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Status {
    /// `OK`, `+OK`.
    Ok,
    /// `NO`: refused.
    No,
    /// `BAD`: not understood.
    Bad,
    /// `PREAUTH`: greeted as somebody known already.
    Preauth,
    /// `BYE`: the server closes.
    Bye,
    /// `-ERR`.
    Err,
}

impl Status {
    /// The name in records.
    pub const fn name(self) -> &'static str {
        match self {
            Status::Ok => "ok",
            Status::No => "no",
            Status::Bad => "bad",
            Status::Preauth => "preauth",
            Status::Bye => "bye",
            Status::Err => "err",
        }
    }
}

/// What a server said, on one line, and what stood behind it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Response {
    /// IMAP: the tag of the command that it ends.
    pub tag: Option<String>,
    /// The word that says how it went, where it has one.
    pub status: Option<Status>,
    /// What stands in brackets behind it (RFC 9051 section 7.1, RFC 2449 section 8): `AUTHENTICATIONFAILED`.
    pub code: Option<String>,
    /// IMAP data: its name, `FETCH` of `* 3 FETCH (...)`.
    pub name: Option<String>,
    /// IMAP data: the number before that name.
    pub number: Option<u64>,
    /// What follows status, code or name.
    pub text: String,
    /// The line as it came. Short literals stand behind their lengths.
    pub line: String,
    /// POP3: the lines behind the reply, dots undone; those of a message are not here.
    pub lines: Vec<String>,
    /// Such lines beyond the bound.
    pub lines_left_out: u64,
}

/// An attempt to log in.
#[derive(Debug, Clone, PartialEq)]
pub struct Login {
    /// The packet of its first command.
    pub packet: u64,
    /// `LOGIN`, `AUTHENTICATE`, `USER`, `APOP` or `AUTH`.
    pub command: &'static str,
    /// The SASL mechanism, upper case, where one was named.
    pub mechanism: Option<String>,
    /// Who the client says it is, where one can read it.
    pub user: Option<String>,
    /// The packet that names the user.
    pub user_packet: Option<u64>,
    /// The password, digest or token, shown only when secrets are revealed.
    pub secret: Option<String>,
    /// The packet that carried it.
    pub secret_packet: Option<u64>,
    /// What the secret is worth to those who read it.
    pub proof: Proof,
    /// It was sent inside TLS.
    pub encrypted: bool,
    /// What came of it.
    pub outcome: AuthOutcome,
    /// The server's words.
    pub answer: Option<String>,
}

/// How much of a message it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Portion {
    /// All of it: `BODY[]`, `RFC822`, `RETR`, `APPEND`.
    Whole,
    /// Its beginning, up to a length that was asked for: `BODY[]<0>`.
    Beginning,
    /// Its header: `BODY[HEADER]`, `BODY[HEADER.FIELDS (...)]`, `RFC822.HEADER`.
    Header,
    /// Its header and some lines: `TOP`.
    Top,
    /// Another part of it: `BODY[TEXT]`, `BODY[1.2]`, `BODY[]<4096>`.
    Section,
}

impl Portion {
    /// Every portion.
    pub const ALL: [Portion; 5] =
        [Portion::Whole, Portion::Beginning, Portion::Header, Portion::Top, Portion::Section];

    /// The name in records and texts.
    pub const fn name(self) -> &'static str {
        match self {
            Portion::Whole => "whole",
            Portion::Beginning => "beginning",
            Portion::Header => "header",
            Portion::Top => "top",
            Portion::Section => "section",
        }
    }
}

/// A message, or a portion of one, that went over the wire.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// The server where it was fetched, the client where it was uploaded.
    pub from: Speaker,
    /// What was asked for, as the protocol names it: `BODY[]`, `RETR`.
    pub item: String,
    /// How much of the message that is.
    pub portion: Portion,
    /// Its number in the mailbox (RFC 9051 section 2.3.1.2) or maildrop.
    pub number: Option<u64>,
    /// Its unique identifier (RFC 9051 section 2.3.1.1), where the response has it.
    pub uid: Option<u64>,
    /// The mailbox it was fetched from or put into, where that was said.
    pub mailbox: Option<String>,
    /// The place in [`Session::turns`] of the command that asked for it or uploaded it.
    pub command: Option<usize>,
    /// Octets as the reader gets them: dots of POP3 undone.
    pub octets: u64,
    /// Its end was captured and nothing in it is missing.
    pub complete: bool,
    /// SHA-256 of those octets, where complete.
    pub sha256: Option<[u8; 32]>,
    /// First and last packet of it.
    pub packets: Range<u64>,
    /// When the first of them was captured.
    pub time: Option<Timestamp>,
    /// The packet in which its body begins, where it has one.
    pub body_from: Option<u64>,
    /// It was sent inside TLS, and decrypted.
    pub decrypted: bool,
    /// What it says about itself.
    pub content: Described,
}

/// What is odd or unsafe about a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Warning {
    /// Octets behind STARTTLS or STLS in its own segment: they would be obeyed after the handshake.
    StarttlsInjection,
    /// The server offered STARTTLS or STLS, and the client logged in without it.
    StarttlsNotUsed,
    /// A password went over the wire with no encryption.
    AuthInTheClear,
    /// The server said LOGINDISABLED (RFC 9051 section 6.2.3), and the client sent LOGIN.
    LoginDisabledIgnored,
    /// The rest is compressed (RFC 4978) and was not read.
    Compressed,
    /// A line longer than the bound was cut.
    LineTooLong,
    /// Octets were not captured.
    Gap,
    /// Only one direction was captured.
    OneSided,
    /// Responses that no command asked for.
    RepliesOutOfStep,
}

impl Warning {
    /// Every warning.
    pub const ALL: [Warning; 9] = [
        Warning::StarttlsInjection,
        Warning::StarttlsNotUsed,
        Warning::AuthInTheClear,
        Warning::LoginDisabledIgnored,
        Warning::Compressed,
        Warning::LineTooLong,
        Warning::Gap,
        Warning::OneSided,
        Warning::RepliesOutOfStep,
    ];

    /// The name in records and in the texts of [`crate::lesson`].
    pub const fn name(self) -> &'static str {
        match self {
            Warning::StarttlsInjection => "starttls_injection",
            Warning::StarttlsNotUsed => "starttls_not_used",
            Warning::AuthInTheClear => "auth_in_the_clear",
            Warning::LoginDisabledIgnored => "login_disabled_ignored",
            Warning::Compressed => "compressed",
            Warning::LineTooLong => "line_too_long",
            Warning::Gap => "gap",
            Warning::OneSided => "one_sided",
            Warning::RepliesOutOfStep => "replies_out_of_step",
        }
    }
}

/// How a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Ended {
    /// IMAP: LOGOUT and its answer.
    Logout,
    /// POP3: QUIT and its answer.
    Quit,
    /// IMAP: the server said BYE, unasked.
    Bye,
    /// The connection was closed without a farewell.
    Closed,
    /// The connection was reset.
    Reset,
    /// TLS hides the rest.
    Tls,
    /// The capture ended first.
    Open,
}

impl Ended {
    /// Every ending.
    pub const ALL: [Ended; 7] =
        [Ended::Logout, Ended::Quit, Ended::Bye, Ended::Closed, Ended::Reset, Ended::Tls, Ended::Open];

    /// The name in records.
    pub const fn name(self) -> &'static str {
        match self {
            Ended::Logout => "logout",
            Ended::Quit => "quit",
            Ended::Bye => "bye",
            Ended::Closed => "closed",
            Ended::Reset => "reset",
            Ended::Tls => "tls",
            Ended::Open => "open",
        }
    }
}
