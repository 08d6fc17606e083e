//! Writes down what is said: turns, logins, messages.

use sha2::{Digest, Sha256};

use super::session::{
    Command, Login, Message, Phase, Portion, Response, ResponseKind, Turn, TurnKind, Warning,
};
use crate::conversation::mail;
use crate::conversation::smtp::{
    Auth, AuthOutcome, Encryption, Exchange, Letters, Limits, Proof, Speaker, proves_late,
};
use crate::flow::Delivery;

/// Messages that are kept of one session.
const MAX_MESSAGES: usize = 10_000;
/// Attempts to log in that are kept of one session.
const MAX_LOGINS: usize = 256;
/// Octets of texts that are kept of one session, about.
const MAX_KEPT: usize = 16 << 20;
/// Capabilities that are kept.
const MAX_CAPABILITIES: usize = 256;

/// What is known of a message before its first octet.
#[derive(Debug, Clone)]
pub(super) struct Item {
    pub(super) from: Speaker,
    pub(super) name: String,
    pub(super) portion: Portion,
    pub(super) number: Option<u64>,
    pub(super) mailbox: Option<String>,
    pub(super) command: Option<usize>,
}

/// A message under way.
struct Open {
    index: Option<usize>,
    turn: Option<usize>,
    hash: Sha256,
    mail: Option<Box<mail::Reader>>,
    octets: u64,
    whole: bool,
    body_from: Option<u64>,
    begins_in_body: bool,
}

/// A login under way.
struct OpenLogin {
    index: usize,
    exchange: Exchange,
    responses: u32,
}

/// A session under way.
pub(super) struct Record {
    limits: Limits,
    letters: Option<Letters>,
    messages_begun: u64,
    kept: usize,
    open: [Option<Open>; 2],
    open_login: Option<OpenLogin>,
    /// What is said now stands inside TLS, and was decrypted.
    pub(super) inside: bool,
    pub(super) encryption: Encryption,
    pub(super) phase: Phase,
    pub(super) turns: Vec<Turn>,
    pub(super) turns_left_out: u64,
    pub(super) messages: Vec<Message>,
    pub(super) messages_left_out: u64,
    pub(super) logins: Vec<Login>,
    pub(super) warnings: Vec<Warning>,
    pub(super) greeting: Option<String>,
    pub(super) capabilities: Vec<String>,
}

/// A reply, and what it answers.
pub(super) struct Reply {
    pub(super) kind: ResponseKind,
    pub(super) response: Response,
    /// Packet, turn and time of the command.
    pub(super) asked: Option<Asked>,
}

/// A command that can be answered.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked {
    pub(super) packet: u64,
    pub(super) turn: Option<usize>,
    pub(super) time: Option<crate::packet::Timestamp>,
}

const fn place(from: Speaker) -> usize {
    match from {
        Speaker::Client => 0,
        Speaker::Server => 1,
    }
}

impl Record {
    pub(super) fn new(limits: Limits, letters: Option<Letters>) -> Self {
        Self {
            limits,
            letters,
            messages_begun: 0,
            kept: 0,
            open: [None, None],
            open_login: None,
            inside: false,
            encryption: Encryption::None,
            phase: Phase::Connect,
            turns: Vec::new(),
            turns_left_out: 0,
            messages: Vec::new(),
            messages_left_out: 0,
            logins: Vec::new(),
            warnings: Vec::new(),
            greeting: None,
            capabilities: Vec::new(),
        }
    }

    pub(super) fn warn(&mut self, warning: Warning) {
        if !self.warnings.contains(&warning) {
            self.warnings.push(warning);
        }
    }

    /// Writes down a turn: its place in the list, unless that is full.
    pub(super) fn turn(
        &mut self,
        delivery: Delivery,
        from: Speaker,
        phase: Phase,
        kind: TurnKind,
    ) -> Option<usize> {
        self.phase = phase;
        self.kept += size(&kind);
        if self.turns.len() >= self.limits.turns || self.kept > MAX_KEPT {
            self.turns_left_out += 1;
            return None;
        }
        let (packet, time, decrypted) = (delivery.packet, delivery.time, self.inside);
        self.turns.push(Turn {
            packet,
            time,
            last_packet: packet,
            last_time: time,
            from,
            phase,
            decrypted,
            kind,
        });
        Some(self.turns.len() - 1)
    }

    /// The last octet of a turn was in this packet.
    pub(super) fn turn_ends(&mut self, turn: Option<usize>, last: Delivery) {
        if let Some(turn) = turn.and_then(|turn| self.turns.get_mut(turn)) {
            (turn.last_packet, turn.last_time) = (last.packet, last.time);
        }
    }

    /// What a command came to, once all of it has.
    pub(super) fn command_is(&mut self, turn: Option<usize>, command: Command) {
        if let Some(turn) = turn.and_then(|turn| self.turns.get_mut(turn)) {
            self.kept += command.line.len();
            turn.kind = TurnKind::Command(command);
        }
    }

    /// Writes down what the server says.
    pub(super) fn reply(&mut self, first: Delivery, phase: Phase, reply: Reply) -> Option<usize> {
        let Reply { kind, response, asked } = reply;
        let (answers, to) = (asked.map(|asked| asked.packet), asked.and_then(|asked| asked.turn));
        let asked = asked.and_then(|asked| asked.time);
        let kind = TurnKind::Response { kind, answers, to, asked, response };
        self.turn(first, Speaker::Server, phase, kind)
    }

    /// The greeting.
    pub(super) fn greets(&mut self, first: Delivery, response: Response) -> Option<usize> {
        self.greeting = Some(response.text.clone());
        self.turn(first, Speaker::Server, Phase::Connect, TurnKind::Greeting(response))
    }

    /// A response that was written down, to be completed.
    pub(super) fn response_mut(&mut self, turn: Option<usize>) -> Option<&mut Response> {
        match &mut self.turns.get_mut(turn?)?.kind {
            TurnKind::Response { response, .. } | TurnKind::Greeting(response) => Some(response),
            _ => None,
        }
    }

    /// Takes note of octets that are kept in a turn that was written down already.
    pub(super) fn has_room_for(&mut self, octets: usize) -> bool {
        self.kept += octets;
        self.kept <= MAX_KEPT
    }

    pub(super) fn gap(&mut self, delivery: Delivery, from: Speaker, octets: u64) {
        self.warn(Warning::Gap);
        self.turn(delivery, from, self.phase, TurnKind::Gap { octets });
    }

    /// TLS begins.
    pub(super) fn tls(&mut self, delivery: Delivery, from: Speaker) {
        if self.encryption == Encryption::None {
            self.encryption = Encryption::StartTls { packet: delivery.packet };
            self.turn(delivery, from, Phase::Secure, TurnKind::Tls);
        }
    }

    /// What the server can do now.
    pub(super) fn offers(&mut self, capabilities: impl Iterator<Item = String>) {
        self.capabilities = capabilities.take(MAX_CAPABILITIES).collect();
    }

    pub(super) fn is_offered(&self, name: &str) -> bool {
        self.capabilities.iter().any(|offer| offer.eq_ignore_ascii_case(name))
    }

    /// A message begins.
    pub(super) fn message_begins(&mut self, delivery: Delivery, item: Item) {
        let from = item.from;
        self.message_ends(from, false);
        let has_room = self.messages.len() < MAX_MESSAGES && self.kept < MAX_KEPT;
        let index = has_room.then_some(self.messages.len());
        self.messages_left_out += u64::from(!has_room);
        let turn = index.and_then(|message| {
            self.turn(delivery, from, Phase::Message, TurnKind::Message { octets: 0, message })
        });
        let begins_in_body = item.portion == Portion::Section;
        self.messages_begun += 1;
        // what is no message from its first octet on is not one for the letterbox, nor for the reader of mail
        let number = self.messages_begun;
        let letters = self.letters.as_ref().filter(|_| item.portion == Portion::Whole);
        let letter = letters.and_then(|letters| letters.letterbox.letter(letters.stream, number));
        let mail = (!begins_in_body).then(|| Box::new(mail::Reader::new(self.limits.header_octets, letter)));
        if has_room {
            self.messages.push(new_message(delivery, item, self.inside));
        }
        let hash = Sha256::new();
        self.open[place(from)] =
            Some(Open { index, turn, hash, mail, octets: 0, whole: true, body_from: None, begins_in_body });
    }

    /// Octets of the message, as the reader gets them.
    pub(super) fn message_octets(&mut self, from: Speaker, delivery: Delivery, octets: &[u8]) {
        let Some(open) = &mut self.open[place(from)] else { return };
        open.octets += octets.len() as u64;
        open.hash.update(octets);
        if let Some(mail) = &mut open.mail {
            mail.octets(octets);
        }
        let in_body = open.begins_in_body || open.mail.as_ref().is_some_and(|mail| mail.body_begun());
        if in_body && !octets.is_empty() {
            open.body_from.get_or_insert(delivery.packet);
        }
    }

    /// So many octets of it were on the wire, in this packet.
    pub(super) fn message_on_wire(&mut self, from: Speaker, delivery: Delivery, used: usize) {
        let Some((index, turn)) = self.open[place(from)].as_ref().map(|open| (open.index, open.turn)) else {
            return;
        };
        if let Some(turn) = turn.and_then(|turn| self.turns.get_mut(turn)) {
            if let TurnKind::Message { octets, .. } = &mut turn.kind {
                *octets += used as u64;
            }
            (turn.last_packet, turn.last_time) = (delivery.packet, delivery.time);
        }
        if let Some(message) = index.and_then(|index| self.messages.get_mut(index)) {
            message.packets.end = delivery.packet;
        }
    }

    /// Octets of the open message are missing.
    pub(super) fn message_gap(&mut self, from: Speaker) {
        if let Some(open) = &mut self.open[place(from)] {
            open.whole = false;
            if let Some(mail) = &mut open.mail {
                mail.gap();
            }
        }
    }

    /// The open message ends: at its end, or because nothing more of it will come (`ended` is false). Its place.
    pub(super) fn message_ends(&mut self, from: Speaker, ended: bool) -> Option<usize> {
        let open = self.open[place(from)].take()?;
        let complete = ended && open.whole;
        let content = open.mail.map(|mail| mail.finish(complete)).unwrap_or_default();
        let index = open.index?;
        let message = self.messages.get_mut(index)?;
        message.octets = open.octets;
        message.complete = complete;
        message.body_from = open.body_from;
        message.sha256 = complete.then(|| open.hash.finalize().into());
        message.content = content;
        if message.portion != Portion::Whole {
            message.content.parts_complete = false;
        }
        self.kept += message.content.size();
        Some(index)
    }

    /// A login begins.
    pub(super) fn login_begins(&mut self, packet: u64, command: &'static str, mechanism: Option<&[u8]>) {
        self.login_forgotten();
        let exchange = Exchange::new(mechanism.unwrap_or_default());
        let mechanism = mechanism.map(|_| exchange.auth().mechanism.clone());
        let proof = mechanism.as_deref().map_or(Proof::Password, Proof::of_mechanism);
        let encrypted = self.inside;
        self.warn_of_an_offer_not_taken();
        if self.logins.len() >= MAX_LOGINS {
            return;
        }
        self.logins.push(Login {
            packet,
            command,
            mechanism,
            user: None,
            user_packet: None,
            secret: None,
            secret_packet: None,
            proof,
            encrypted,
            outcome: AuthOutcome::Unknown,
            answer: None,
        });
        self.open_login = Some(OpenLogin { index: self.logins.len() - 1, exchange, responses: 0 });
    }

    /// A login that began with this command has no outcome yet.
    pub(super) fn is_logging_in(&self, command: &str) -> bool {
        let login = self.open_login.as_ref().and_then(|open| self.logins.get(open.index));
        login.is_some_and(|login| login.command == command)
    }

    /// What the command names is known: who, and what proves it.
    pub(super) fn login_is(
        &mut self,
        packet: u64,
        user: Option<String>,
        secret: Option<String>,
        proof: Proof,
    ) {
        let Some(login) = self.login_mut() else { return };
        login.proof = proof;
        if user.is_some() {
            (login.user, login.user_packet) = (user, Some(packet));
        }
        if secret.is_some() {
            (login.secret, login.secret_packet) = (secret, Some(packet));
        }
        self.warn_of_a_password();
    }

    /// A response of a SASL exchange, base64 as it stands.
    pub(super) fn login_response(&mut self, packet: u64, octets: &[u8]) {
        let Some(open) = &mut self.open_login else { return };
        open.exchange.response(octets);
        open.responses += 1;
        let Auth { mechanism, user, secret, .. } = open.exchange.auth().clone();
        let is_proof = !proves_late(&mechanism) || open.responses > 1;
        if let Some(login) = self.login_mut() {
            if user.is_some() {
                login.user_packet.get_or_insert(packet);
            }
            let proves =
                is_proof && login.proof != Proof::Elsewhere && (octets != b"=" && !octets.is_empty());
            if proves {
                login.secret_packet.get_or_insert(packet);
            }
            (login.user, login.secret) = (user, secret);
        }
        self.warn_of_a_password();
    }

    /// What came of the login.
    pub(super) fn login_ends(&mut self, outcome: AuthOutcome, answer: Option<String>) {
        if let Some(login) = self.login_mut() {
            // a client that gave up is told that its command failed
            if login.outcome != AuthOutcome::Cancelled {
                login.outcome = outcome;
            }
            login.answer = answer.or_else(|| login.answer.take());
        }
        if outcome != AuthOutcome::Cancelled {
            self.open_login = None;
        }
    }

    /// Nothing more will be heard of the login.
    pub(super) fn login_forgotten(&mut self) {
        self.open_login = None;
    }

    fn login_mut(&mut self) -> Option<&mut Login> {
        self.logins.get_mut(self.open_login.as_ref()?.index)
    }

    fn warn_of_a_password(&mut self) {
        let in_the_clear = self.login_mut().is_some_and(|login| {
            !login.encrypted && login.proof == Proof::Password && login.secret_packet.is_some()
        });
        if in_the_clear {
            self.warn(Warning::AuthInTheClear);
        }
    }

    fn warn_of_an_offer_not_taken(&mut self) {
        if !self.inside && (self.is_offered("STARTTLS") || self.is_offered("STLS")) {
            self.warn(Warning::StarttlsNotUsed);
        }
    }
}

/// Octets that a turn takes, about.
fn size(kind: &TurnKind) -> usize {
    let texts = match kind {
        TurnKind::Greeting(response) | TurnKind::Response { response, .. } => 2 * response.line.len(),
        TurnKind::Command(command) => 2 * command.line.len(),
        TurnKind::AuthResponse { secret, .. } => secret.len(),
        TurnKind::Message { .. } | TurnKind::Tls | TurnKind::Gap { .. } => 0,
    };
    size_of::<Turn>() + texts
}

/// A message of which nothing is known yet.
fn new_message(delivery: Delivery, item: Item, decrypted: bool) -> Message {
    Message {
        from: item.from,
        item: item.name,
        portion: item.portion,
        number: item.number,
        uid: None,
        mailbox: item.mailbox,
        command: item.command,
        octets: 0,
        complete: false,
        sha256: None,
        packets: delivery.packet..delivery.packet,
        time: delivery.time,
        body_from: None,
        decrypted,
        content: mail::Described::default(),
    }
}
