//! Writes down what is said: turns, transactions, messages.

use std::rc::Rc;

use sha2::{Digest, Sha256};

use super::auth::Exchange;
use super::line::Mark;
use super::reply;
use super::session::{
    Abandoned, Auth, AuthOutcome, Message, Recipient, Reply, Speaker, Transfer, Turn, TurnKind, Warning,
};
use crate::conversation::mail::{self, Letterbox};

/// How much of a session is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Turns; more are counted.
    pub turns: usize,
    /// Messages, and as many transactions without one; more are counted as turns left out.
    pub messages: usize,
    /// Recipients of one transaction.
    pub recipients: usize,
    /// Octets of a message's header that are kept until all of it has come; of the message itself none are.
    pub header_octets: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { turns: 10_000, messages: 1_000, recipients: 10_000, header_octets: 256 << 10 }
    }
}

/// Turns of a session with one message: room is made for them at once.
const USUAL_TURNS: usize = 16;
/// Lines that are kept of one reply.
const MAX_REPLY_LINES: usize = 256;

/// Where the messages of a stream go, beside the session.
#[derive(Clone)]
pub(in crate::conversation) struct Letters {
    pub(in crate::conversation) stream: u64,
    pub(in crate::conversation) letterbox: Rc<dyn Letterbox>,
}

/// A message under way.
struct Open {
    /// Its place in the list; `None` beyond the bound.
    index: Option<usize>,
    hash: Sha256,
    mail: mail::Reader,
    octets: u64,
    whole: bool,
    eight_bit: bool,
    body_from: Option<u64>,
}

/// A session under way.
#[derive(Default)]
pub(super) struct Builder {
    limits: Limits,
    letters: Option<Letters>,
    messages_begun: u64,
    pub(super) turns: Vec<Turn>,
    pub(super) turns_left_out: u64,
    pub(super) messages: Vec<Message>,
    pub(super) abandoned: Vec<Abandoned>,
    pub(super) warnings: Vec<Warning>,
    pub(super) greeting: Option<String>,
    pub(super) client_name: Option<String>,
    pub(super) capabilities: Vec<String>,
    exchange: Option<Exchange>,
    mail_from: Option<String>,
    rcpt_to: Vec<Recipient>,
    /// The transaction has a message.
    carried: bool,
    lines: Vec<String>,
    reply_began: Mark,
    open: Option<Open>,
    message_turn: Option<usize>,
    /// Turns from this place on stood inside TLS.
    pub(super) inside_from: Option<usize>,
}

impl Builder {
    pub(super) fn new(limits: Limits, letters: Option<Letters>) -> Self {
        Self { limits, letters, turns: Vec::with_capacity(USUAL_TURNS), ..Self::default() }
    }

    pub(super) fn warn(&mut self, warning: Warning) {
        if !self.warnings.contains(&warning) {
            self.warnings.push(warning);
        }
    }

    pub(super) fn turn(&mut self, mark: Mark, from: Speaker, kind: TurnKind) -> Option<usize> {
        if self.turns.len() >= self.limits.turns {
            self.turns_left_out += 1;
            return None;
        }
        let Mark { packet, time } = mark;
        self.turns.push(Turn { packet, time, last_packet: packet, last_time: time, from, kind });
        Some(self.turns.len() - 1)
    }

    /// What comes next stood inside TLS.
    pub(super) fn enter_tls(&mut self) {
        self.message_ends(false);
        self.lines.clear();
        self.inside_from = Some(self.turns.len());
    }

    /// The last octet of a turn was in this packet.
    pub(super) fn turn_ends(&mut self, turn: Option<usize>, mark: Mark) {
        if let Some(turn) = turn.and_then(|turn| self.turns.get_mut(turn)) {
            (turn.last_packet, turn.last_time) = (mark.packet, mark.time);
        }
    }

    /// A line of a reply whose last line has not come yet.
    pub(super) fn reply_line(&mut self, text: &[u8], mark: Mark) {
        if self.lines.is_empty() {
            self.reply_began = mark;
        }
        if self.lines.len() < MAX_REPLY_LINES {
            self.lines.push(super::line::text(text));
        }
    }

    /// The reply is complete: all lines that came since the last one, and where it began.
    pub(super) fn take_reply(&mut self, code: u16) -> (Reply, Mark) {
        let lines = std::mem::take(&mut self.lines);
        let enhanced = lines.last().and_then(|text| reply::enhanced(code, text));
        (Reply { code, enhanced, lines }, self.reply_began)
    }

    pub(super) fn auth_begins(&mut self, mechanism: &[u8]) {
        self.exchange = Some(Exchange::new(mechanism));
    }

    pub(super) fn auth_response(&mut self, octets: &[u8], in_the_clear: bool) {
        let Some(exchange) = &mut self.exchange else { return };
        exchange.response(octets);
        let shows_password = exchange.shows_password();
        if in_the_clear && shows_password {
            self.warn(Warning::AuthInTheClear);
        }
    }

    pub(super) fn auth_ends(&mut self, outcome: AuthOutcome) {
        if let Some(exchange) = &mut self.exchange {
            exchange.finish(outcome);
        }
    }

    pub(super) fn auth(&self) -> Option<&Auth> {
        self.exchange.as_ref().map(Exchange::auth)
    }

    pub(super) fn offers(&self, keyword: &str) -> bool {
        self.capabilities.iter().any(|line| line.trim().eq_ignore_ascii_case(keyword))
    }

    /// A transaction begins: MAIL was accepted.
    pub(super) fn mail(&mut self, path: Option<String>) {
        self.transaction_ends();
        self.mail_from = path;
    }

    /// What was asked for since MAIL is over; what has no message is kept for itself.
    pub(super) fn transaction_ends(&mut self) {
        self.transaction_dropped(None);
    }

    fn transaction_dropped(&mut self, dropped: Option<u64>) {
        let (mail_from, rcpt_to) = (self.mail_from.take(), std::mem::take(&mut self.rcpt_to));
        let carried = std::mem::take(&mut self.carried);
        if carried || (mail_from.is_none() && rcpt_to.is_empty()) {
            return;
        }
        if self.abandoned.len() < self.limits.messages {
            let messages_before = self.messages.len();
            self.abandoned.push(Abandoned { mail_from, rcpt_to, dropped, messages_before });
        } else {
            self.turns_left_out += 1;
        }
    }

    pub(super) fn rcpt(&mut self, path: Option<String>, reply: Option<Reply>) {
        if self.rcpt_to.len() < self.limits.recipients {
            let address = path.unwrap_or_default();
            self.rcpt_to.push(Recipient { address, reply, delivery: None });
        }
    }

    /// RSET and EHLO drop the transaction; `by`: the packet of RSET, which says so outright.
    pub(super) fn reset(&mut self, by: Option<u64>) {
        self.transaction_dropped(by);
    }

    /// A message is under way.
    pub(super) const fn in_message(&self) -> bool {
        self.open.is_some()
    }

    /// A message or a chunk of one begins: the message's place in the list.
    ///
    /// `some`: octets follow, which are a turn of their own.
    pub(super) fn message_begins(&mut self, transfer: Transfer, mark: Mark, some: bool) -> Option<usize> {
        if self.open.is_none() {
            let index = (self.messages.len() < self.limits.messages).then_some(self.messages.len());
            if index.is_some() {
                if self.messages.is_empty() {
                    // most sessions have one, and a message is large
                    self.messages.reserve_exact(1);
                }
                self.messages.push(new_message(transfer, mark));
            } else {
                self.turns_left_out += 1;
            }
            self.messages_begun += 1;
            let letters = self.letters.as_ref();
            let letter = letters.and_then(|l| l.letterbox.letter(l.stream, self.messages_begun));
            let mail = mail::Reader::new(self.limits.header_octets, letter);
            let hash = Sha256::new();
            self.open =
                Some(Open { index, hash, mail, octets: 0, whole: true, eight_bit: false, body_from: None });
        }
        let index = self.open.as_ref().and_then(|open| open.index);
        self.message_turn = index
            .filter(|_| some)
            .and_then(|message| self.turn(mark, Speaker::Client, TurnKind::Message { octets: 0, message }));
        index
    }

    /// The transaction's addresses belong to this message.
    pub(super) fn envelope(&mut self, index: Option<usize>) {
        self.carried = true;
        let Some(message) = index.and_then(|i| self.messages.get_mut(i)) else { return };
        if message.mail_from.is_none() && message.rcpt_to.is_empty() {
            message.mail_from = self.mail_from.clone();
            message.rcpt_to = self.rcpt_to.clone();
        }
    }

    /// The place in the list of turns of the message, or chunk, that was met last.
    pub(super) const fn message_turn(&self) -> Option<usize> {
        self.message_turn
    }

    /// Octets of the message, as the recipient gets them.
    pub(super) fn message_octets(&mut self, octets: &[u8]) {
        let Some(open) = &mut self.open else { return };
        open.octets += octets.len() as u64;
        open.eight_bit = open.eight_bit || !octets.is_ascii();
        open.hash.update(octets);
        open.mail.octets(octets);
    }

    /// So many octets of it were on the wire, the last of them in this packet.
    pub(super) fn message_on_wire(&mut self, used: usize, mark: Mark) {
        let turn = self.message_turn.and_then(|turn| self.turns.get_mut(turn));
        if let Some(Turn { kind: TurnKind::Message { octets, .. }, .. }) = turn {
            *octets += used as u64;
        }
        self.turn_ends(self.message_turn, mark);
        let Some(open) = &mut self.open else { return };
        if open.body_from.is_none() && open.mail.body_begun() {
            open.body_from = Some(mark.packet);
        }
        if let Some(message) = open.index.and_then(|i| self.messages.get_mut(i)) {
            message.packets.end = mark.packet;
        }
    }

    /// So many of its lines have had a dot put before their own so far.
    pub(super) fn message_stuffed(&mut self, lines: u64) {
        let index = self.open.as_ref().and_then(|open| open.index);
        if let Some(message) = index.and_then(|i| self.messages.get_mut(i)) {
            message.stuffed = lines;
        }
    }

    /// Octets of the open message are missing.
    pub(super) fn message_gap(&mut self) {
        if let Some(open) = &mut self.open {
            open.whole = false;
            open.mail.gap();
        }
    }

    /// The open message ends: at its end, or because nothing more of it will come (`ended` is false).
    pub(super) fn message_ends(&mut self, ended: bool) {
        let Some(open) = self.open.take() else { return };
        let complete = ended && open.whole;
        let described = open.mail.finish(complete);
        let Some(message) = open.index.and_then(|i| self.messages.get_mut(i)) else { return };
        message.octets = open.octets;
        message.complete = complete;
        (message.eight_bit, message.body_from) = (open.eight_bit, open.body_from);
        message.sha256 = complete.then(|| open.hash.finalize().into());
        message.message_id = described.message_id;
        message.header = described.header;
        message.hops = described.hops;
        message.outline = described.outline;
        message.signatures = described.signatures;
        message.assessments = described.assessments;
        message.parts = described.parts;
        message.parts_complete = described.parts_complete;
    }

    /// The server's word on a message; for LMTP on the next of its recipients.
    pub(super) fn outcome(&mut self, index: Option<usize>, reply: &Reply, lmtp: bool) {
        let Some(message) = index.and_then(|i| self.messages.get_mut(i)) else { return };
        if lmtp {
            let mut waiting = message.rcpt_to.iter_mut().filter(|r| r.accepted() && r.delivery.is_none());
            if let Some(recipient) = waiting.next() {
                recipient.delivery = Some(reply.clone());
            }
        }
        // LMTP has a reply for each recipient: one that refuses says nothing of the others
        let says_more =
            message.outcome.as_ref().is_some_and(|known| known.code / 100 != 2 && reply.code / 100 == 2);
        if message.outcome.is_none() || !lmtp || says_more {
            message.queue_id = reply.lines.last().and_then(|text| reply::queue_id(text));
            message.outcome = Some(reply.clone());
        }
    }
}

/// A message of which nothing is known yet.
fn new_message(transfer: Transfer, mark: Mark) -> Message {
    Message {
        mail_from: None,
        rcpt_to: Vec::new(),
        transfer,
        octets: 0,
        stuffed: 0,
        complete: false,
        sha256: None,
        outcome: None,
        queue_id: None,
        packets: mark.packet..mark.packet,
        time: mark.time,
        body_from: None,
        eight_bit: false,
        message_id: None,
        header: Default::default(),
        hops: Vec::new(),
        outline: Default::default(),
        signatures: Vec::new(),
        assessments: Vec::new(),
        parts: Vec::new(),
        parts_complete: true,
    }
}
