//! What an IMAP client says: commands, the literals in them, and the lines of an authentication exchange.

use super::super::framing::{Line, line_end, text};
use super::super::record::{Asked, Item, Record};
use super::super::session::{Command, Phase, Portion, TurnKind, Warning};
use super::super::state::{State, behind};
use super::words::{self, Head, UNKNOWN};
use super::{Pending, Talk, phase_of};
use crate::conversation::smtp::{AuthOutcome, Proof, Speaker, auth_argument};
use crate::flow::Delivery;

/// Octets of a literal that are kept, where it is no message.
const MAX_LITERAL: u64 = 1024;
/// Octets of a literal that are shown behind its length.
const MAX_SHOWN: usize = 256;
/// Lines and literals that are kept of one command.
const MAX_PIECES: usize = 64;

/// Where the octets stand.
#[derive(Debug, Default)]
enum At {
    #[default]
    Line,
    /// `refusable`: the client waits for the server to ask for it, and has sent nothing of it.
    Literal { left: u64, refusable: bool, begun: bool, uploads: bool, kept: Option<Vec<u8>> },
}

/// A piece of a command.
#[derive(Debug)]
enum Piece {
    Text(Vec<u8>),
    /// Its octets, where they were kept.
    Literal(Option<Vec<u8>>),
}

/// A command as far as it has come.
#[derive(Debug)]
struct Assembly {
    tag: Vec<u8>,
    verb: &'static str,
    /// Where in the first piece the verb ends.
    verb_end: usize,
    pieces: Vec<Piece>,
    packet: u64,
    turn: Option<usize>,
    /// A message was announced: what follows its literals says nothing.
    uploads: bool,
}

/// A place behind an argument: the piece, and the octet in it.
type Place = (usize, usize);

/// Reads commands.
#[derive(Debug, Default)]
pub(super) struct Commands {
    line: Line,
    at: At,
    assembly: Option<Assembly>,
    /// Octets are missing: lines that are no known command say nothing.
    lost: bool,
}

impl Commands {
    pub(super) fn octets(&mut self, delivery: Delivery, octets: &[u8], talk: &mut Talk, state: &mut State) {
        let mut at = 0;
        while at < octets.len() {
            let (here, rest) = (behind(delivery, at), &octets[at..]);
            if state.is_hidden(Speaker::Client) {
                return;
            }
            if let Some(tag) = talk.refused.take() {
                self.literal_refused(&tag);
            }
            at += match &mut self.at {
                At::Literal { .. } => self.literal(here, rest, talk, state),
                At::Line => {
                    let begins = self.line.is_empty() && self.assembly.is_none();
                    if begins && state.turns_to_tls(Speaker::Client, here, rest) {
                        return;
                    }
                    let (used, ends) = line_end(rest);
                    self.line.push(here, &rest[..used]);
                    if ends {
                        let line = std::mem::take(&mut self.line);
                        self.line_ends(&line, talk, state);
                    }
                    used
                }
            };
        }
    }

    pub(super) fn gap(&mut self, length: u64, state: &mut State) {
        if let At::Literal { left, uploads, .. } = &mut self.at {
            if let Some(record) = state.record.as_mut().filter(|_| *uploads) {
                record.message_gap(Speaker::Client);
            }
            if *left >= length {
                *left -= length;
                if *left == 0 {
                    self.literal_ends(state);
                }
                return;
            }
        }
        if let Some(record) = &mut state.record {
            record.message_ends(Speaker::Client, false);
        }
        *self = Self { lost: true, ..Self::default() };
    }

    /// The server did not want the literal: what comes is a command (RFC 9051 section 4.3).
    fn literal_refused(&mut self, tag: &[u8]) {
        let is_its = self.assembly.as_ref().is_some_and(|assembly| assembly.tag == tag);
        if is_its && matches!(self.at, At::Literal { refusable: true, .. }) {
            (self.at, self.assembly) = (At::Line, None);
        }
    }

    fn literal(&mut self, here: Delivery, rest: &[u8], talk: &mut Talk, state: &mut State) -> usize {
        let At::Literal { left, refusable, begun, uploads, kept } = &mut self.at else { return 0 };
        let used = usize::try_from(*left).map_or(rest.len(), |left| left.min(rest.len()));
        let octets = &rest[..used];
        *left -= used as u64;
        let (ends, uploads) = (*left == 0, *uploads);
        if let Some(kept) = kept {
            kept.extend_from_slice(octets);
        }
        *refusable = false;
        let begins = !std::mem::replace(begun, true);
        if uploads {
            state.body(Speaker::Client, here, used);
            if begins {
                self.message_begins(here, talk, state);
            }
            if let Some(record) = &mut state.record {
                record.message_octets(Speaker::Client, here, octets);
                record.message_on_wire(Speaker::Client, here, used);
            }
        }
        if ends {
            self.literal_ends(state);
        }
        used
    }

    fn message_begins(&self, here: Delivery, talk: &Talk, state: &mut State) {
        let (Some(record), Some(assembly)) = (&mut state.record, &self.assembly) else { return };
        let mailbox = assembly.arguments(1).into_iter().next().and_then(|(mailbox, _)| mailbox);
        let waits = talk.pending.iter().rfind(|pending| pending.tag == assembly.tag);
        record.message_begins(
            here,
            Item {
                from: Speaker::Client,
                name: assembly.verb.to_owned(),
                portion: Portion::Whole,
                number: None,
                mailbox: mailbox.map(|octets| text(&octets)),
                command: waits.and_then(|pending| pending.asked.turn).or(assembly.turn),
            },
        );
    }

    fn literal_ends(&mut self, state: &mut State) {
        let At::Literal { uploads, kept, .. } = std::mem::take(&mut self.at) else { return };
        if uploads && let Some(record) = &mut state.record {
            record.message_ends(Speaker::Client, true);
        }
        if let Some(assembly) = &mut self.assembly {
            assembly.add(Piece::Literal(kept));
        }
    }

    fn line_ends(&mut self, line: &Line, talk: &mut Talk, state: &mut State) {
        *state.spoke.of_mut(Speaker::Client) = true;
        if line.is_cut() {
            state.warn(Warning::LineTooLong);
        }
        if self.assembly.is_none() && !self.begins(line, talk, state) {
            return;
        }
        let Some(assembly) = &mut self.assembly else { return };
        assembly.add(Piece::Text(line.text().to_vec()));
        let announced = words::literal(line.ending());
        if let Some(literal) = announced.filter(|_| assembly.verb != "DONE") {
            // a mailbox stands before the message; CATENATE (RFC 4469) puts it together elsewhere
            let uploads = assembly.verb == "APPEND" && !assembly.arguments(1).is_empty();
            assembly.uploads |= uploads;
            let keeps = !uploads && literal.length <= MAX_LITERAL;
            // the server may ask for it from here on
            if let Some(pending) = talk.pending.iter_mut().rfind(|pending| pending.tag == assembly.tag) {
                pending.asked.time = line.last().time;
            }
            self.show(state);
            let kept = keeps.then(Vec::new);
            let (left, refusable) = (literal.length, literal.waits);
            self.at = At::Literal { left, refusable, begun: false, uploads, kept };
            if literal.length == 0 {
                self.literal_ends(state);
            }
            return;
        }
        self.show(state);
        if let Some(assembly) = self.assembly.take() {
            complete(&assembly, line, talk, state);
        }
    }

    /// A line that goes on no command begins one, unless it is something else.
    fn begins(&mut self, line: &Line, talk: &mut Talk, state: &mut State) -> bool {
        let first = line.first();
        let head = words::head(line.text());
        let known = head.is_some_and(|head| head.verb != UNKNOWN);
        let one_word = head.is_none() && !line.text().trim_ascii().is_empty() && !line.text().contains(&b' ');
        // a line of one word is no command: it may answer a challenge whose command was not captured
        if !known && (talk.is_pending("AUTHENTICATE") || (one_word && !self.lost)) {
            auth_line(line, talk, state);
            return false;
        }
        if (self.lost && !known) || line.text().trim_ascii().is_empty() {
            return false;
        }
        self.lost = false;
        if state.starttls == Some(first.packet) && !state.inside {
            state.warn(Warning::StarttlsInjection);
        }
        // what cannot be read may hold a secret: it is passed over where it follows a gap, else shown as it is
        let none = Head { tag: b"", verb: UNKNOWN, verb_at: (0, line.text().len()) };
        let head = head.unwrap_or(none);
        let phase = phase_of(head.verb).unwrap_or(Phase::Mailbox);
        let command = TurnKind::Command(Command::default());
        let turn =
            state.record.as_mut().and_then(|record| record.turn(first, Speaker::Client, phase, command));
        let asked = Asked { packet: first.packet, turn, time: line.last().time };
        if head.verb != "DONE" {
            talk.waits(Pending { tag: head.tag.to_vec(), verb: head.verb, asked, mailbox: None }, state);
        }
        self.assembly = Some(Assembly {
            tag: head.tag.to_vec(),
            verb: head.verb,
            verb_end: head.verb_at.1,
            pieces: Vec::new(),
            packet: first.packet,
            turn,
            uploads: false,
        });
        true
    }

    /// Writes down the command as far as it is known.
    fn show(&self, state: &mut State) {
        let Some(assembly) = &self.assembly else { return };
        if let Some(record) = &mut state.record {
            record.command_is(assembly.turn, assembly.command());
        }
    }
}

/// A line of an authentication exchange.
fn auth_line(line: &Line, talk: &mut Talk, state: &mut State) {
    let Some(record) = &mut state.record else { return };
    let octets = line.text();
    let cancel = octets == b"*";
    if cancel {
        record.login_ends(AuthOutcome::Cancelled, None);
    } else {
        record.login_response(line.first().packet, octets);
    }
    let kind = TurnKind::AuthResponse { secret: text(octets), cancel };
    let turn = record.turn(line.first(), Speaker::Client, Phase::Authenticate, kind);
    record.turn_ends(turn, line.last());
    if let Some(pending) = talk.pending.iter_mut().rfind(|pending| pending.verb == "AUTHENTICATE") {
        pending.asked.time = line.last().time;
    }
}

/// What a command changes once all of it has come.
fn complete(assembly: &Assembly, line: &Line, talk: &mut Talk, state: &mut State) {
    let last = line.last();
    if let Some(pending) = talk.pending.iter_mut().rfind(|pending| pending.tag == assembly.tag) {
        pending.asked.time = last.time;
        if matches!(assembly.verb, "SELECT" | "EXAMINE") {
            let mailbox = assembly.arguments(1).into_iter().next().and_then(|(mailbox, _)| mailbox);
            pending.mailbox = mailbox.map(|octets| text(&octets));
        }
    }
    match assembly.verb {
        "STARTTLS" => state.starttls = Some(assembly.packet),
        "LOGOUT" => state.farewell_said = true,
        _ => {}
    }
    let Some(record) = &mut state.record else { return };
    if !assembly.uploads {
        record.turn_ends(assembly.turn, last);
    }
    match assembly.verb {
        "LOGIN" => log_in(assembly, last.packet, record),
        "AUTHENTICATE" => {
            let rest = assembly.rest();
            let (mechanism, response_at) = auth_argument(rest);
            record.login_begins(assembly.packet, "AUTHENTICATE", Some(mechanism));
            let response = rest.get(response_at..).unwrap_or_default().trim_ascii();
            if !response.is_empty() {
                record.login_response(assembly.packet, response);
            }
        }
        _ => {}
    }
}

/// LOGIN names user and password (section 6.2.3).
fn log_in(assembly: &Assembly, packet: u64, record: &mut Record) {
    record.login_begins(assembly.packet, "LOGIN", None);
    if record.is_offered("LOGINDISABLED") {
        record.warn(Warning::LoginDisabledIgnored);
    }
    let mut values = assembly.arguments(2).into_iter().map(|(value, _)| value.map(|octets| text(&octets)));
    let (user, password) = (values.next().flatten(), values.next().flatten());
    record.login_is(packet, user, password.or_else(|| assembly.command().secret), Proof::Password);
}

impl Assembly {
    fn add(&mut self, piece: Piece) {
        if self.pieces.len() < MAX_PIECES && !(self.uploads && self.pieces.len() > 4) {
            self.pieces.push(piece);
        }
    }

    /// What follows the verb on its line.
    fn rest(&self) -> &[u8] {
        match self.pieces.first() {
            Some(Piece::Text(line)) => line.get(self.verb_end..).unwrap_or_default().trim_ascii_start(),
            _ => b"",
        }
    }

    /// The first arguments, as many as can be read, each with the place behind it; `None` for a literal of which the
    /// octets were not kept.
    fn arguments(&self, wanted: usize) -> Vec<(Option<Vec<u8>>, Place)> {
        let mut found = Vec::new();
        let mut from = self.verb_end;
        for (index, piece) in self.pieces.iter().enumerate() {
            match piece {
                Piece::Literal(octets) => found.push((octets.clone(), (index + 1, 0))),
                Piece::Text(line) => {
                    while found.len() < wanted {
                        let rest = line.get(from..).unwrap_or_default();
                        from += rest.iter().take_while(|octet| **octet == b' ').count();
                        let rest = line.get(from..).unwrap_or_default();
                        let followed = words::literal(rest).is_some_and(|literal| literal.before.is_empty());
                        let Some((value, used)) = words::astring(rest).filter(|_| !followed) else { break };
                        from += used;
                        found.push((Some(value), (index, from)));
                    }
                }
            }
            from = 0;
            if found.len() >= wanted {
                break;
            }
        }
        found.truncate(wanted);
        found
    }

    /// What may be shown of it, and what may not.
    fn command(&self) -> Command {
        let shown_to = match self.verb {
            "LOGIN" => Some(self.arguments(1).pop().map_or((0, self.verb_end), |(_, place)| place)),
            "AUTHENTICATE" => {
                let rest = self.rest();
                let blanks = rest.len();
                let (_, response_at) = auth_argument(rest);
                let line_length = match self.pieces.first() {
                    Some(Piece::Text(line)) => line.len(),
                    _ => 0,
                };
                Some((0, line_length.saturating_sub(blanks) + response_at))
            }
            _ => None,
        };
        let place = shown_to.unwrap_or((usize::MAX, 0));
        let line = self.rendered((0, 0), place);
        let arguments = self.rendered((0, self.verb_end), place);
        let secret = shown_to.map(|from| self.rendered(from, (usize::MAX, 0)));
        let verb = if self.verb == UNKNOWN { line.clone() } else { self.verb.to_owned() };
        Command {
            tag: (!self.tag.is_empty()).then(|| text(&self.tag)),
            verb,
            line: line.trim_end().to_owned(),
            arguments: arguments.trim().to_owned(),
            secret: secret.map(|secret| secret.trim().to_owned()).filter(|secret| !secret.is_empty()),
        }
    }

    /// Text from one place to another, with what was kept of literals.
    fn rendered(&self, from: Place, to: Place) -> String {
        let mut out = String::new();
        for (index, piece) in self.pieces.iter().enumerate().skip(from.0) {
            if index > to.0 || (index == to.0 && to.1 == 0) {
                break;
            }
            match piece {
                Piece::Text(line) => {
                    let end = if index == to.0 { to.1.min(line.len()) } else { line.len() };
                    let start = if index == from.0 { from.1.min(end) } else { 0 };
                    out.push_str(&text(&line[start..end]));
                }
                Piece::Literal(Some(octets)) if is_short(octets) => {
                    out.push(' ');
                    out.push_str(&text(octets));
                }
                Piece::Literal(_) => {}
            }
        }
        out
    }
}

/// One line, short enough to be shown behind its length.
pub(super) fn is_short(octets: &[u8]) -> bool {
    octets.len() <= MAX_SHOWN && !octets.iter().any(|octet| matches!(octet, b'\r' | b'\n'))
}
