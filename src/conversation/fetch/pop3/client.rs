//! What a POP3 client says: commands, and the lines of an authentication exchange.

use super::super::framing::{Line, line_end, text, words};
use super::super::record::{Asked, Record};
use super::super::session::{Command, Phase, TurnKind, Warning};
use super::super::state::{State, behind};
use super::{Follows, Pending, Talk, follows, known};
use crate::conversation::smtp::{AuthOutcome, Proof, Speaker, auth_argument};
use crate::flow::Delivery;

/// Commands that may wait for their replies.
const MAX_PENDING: usize = 4096;

/// Reads commands.
#[derive(Debug, Default)]
pub(super) struct Commands {
    line: Line,
    /// Octets are missing: lines that are no known command say nothing.
    lost: bool,
}

impl Commands {
    pub(super) fn octets(&mut self, delivery: Delivery, octets: &[u8], talk: &mut Talk, state: &mut State) {
        let mut at = 0;
        while at < octets.len() {
            let (here, rest) = (behind(delivery, at), &octets[at..]);
            if state.is_hidden(Speaker::Client)
                || (self.line.is_empty() && state.turns_to_tls(Speaker::Client, here, rest))
            {
                return;
            }
            let (used, ends) = line_end(rest);
            self.line.push(here, &rest[..used]);
            if ends {
                let line = std::mem::take(&mut self.line);
                self.line_ends(&line, talk, state);
            }
            at += used;
        }
    }

    pub(super) fn gap(&mut self) {
        *self = Self { line: Line::default(), lost: true };
    }

    fn line_ends(&mut self, line: &Line, talk: &mut Talk, state: &mut State) {
        *state.spoke.of_mut(Speaker::Client) = true;
        if line.is_cut() {
            state.warn(Warning::LineTooLong);
        }
        let octets = line.text();
        let verb = words(octets).next().and_then(known);
        let one_word = words(octets).count() == 1;
        match verb {
            // what is no command may answer a challenge whose AUTH was not captured
            None if talk.exchange || (one_word && !self.lost && looks_encoded(octets)) => {
                auth_line(line, talk, state);
            }
            None if self.lost || octets.trim_ascii().is_empty() => {}
            _ => {
                self.lost = false;
                talk.exchange = false;
                command(line, verb, talk, state);
            }
        }
    }
}

/// Base64, or what cancels an exchange (RFC 5034 section 4): words of other commands are shorter.
fn looks_encoded(octets: &[u8]) -> bool {
    let encoded = |octet: &u8| octet.is_ascii_alphanumeric() || matches!(octet, b'+' | b'/' | b'=');
    octets.len() > 4 && octets.len().is_multiple_of(4) && octets.iter().all(encoded)
}

fn command(line: &Line, verb: Option<(&'static str, Phase)>, talk: &mut Talk, state: &mut State) {
    let (first, last) = (line.first(), line.last());
    if state.starttls == Some(first.packet) && !state.inside {
        state.warn(Warning::StarttlsInjection);
    }
    if std::mem::take(&mut talk.replies_lost) {
        // whoever asks again has been answered
        talk.pending.clear();
    }
    let octets = line.text().trim_ascii_end();
    let (name, phase) = verb.unwrap_or(("", Phase::Mailbox));
    let verb_end = octets.iter().position(|octet| *octet == b' ').unwrap_or(octets.len());
    let rest = &octets[verb_end..];
    let arguments = rest.trim_ascii_start();
    let shown = shown(name, arguments);
    let secret = arguments.get(shown..).unwrap_or_default();
    let shown_line = octets.len() - secret.len();
    let written = Command {
        tag: None,
        verb: if name.is_empty() { text(octets) } else { name.to_owned() },
        line: text(octets[..shown_line].trim_ascii_end()),
        arguments: text(arguments[..shown].trim_ascii_end()),
        secret: (!secret.trim_ascii().is_empty()).then(|| text(secret)),
    };
    let turn = state.record.as_mut().and_then(|record| {
        let turn = record.turn(first, Speaker::Client, phase, TurnKind::Command(written));
        record.turn_ends(turn, last);
        turn
    });
    let asked = Asked { packet: first.packet, turn, time: last.time };
    let number = words(arguments).next().and_then(|word| std::str::from_utf8(word).ok()?.parse().ok());
    let logs_in = matches!(name, "PASS" | "APOP") || (name == "AUTH" && !arguments.is_empty());
    if talk.pending.len() < MAX_PENDING {
        let follows = follows(name, !arguments.is_empty());
        talk.pending.push_back(Pending { verb: name, asked, follows, number, logs_in });
    } else {
        state.warn(Warning::RepliesOutOfStep);
    }
    match name {
        "STLS" => state.starttls = Some(first.packet),
        "QUIT" => state.farewell_said = true,
        "AUTH" if logs_in => talk.exchange = true,
        _ => {}
    }
    if let Some(record) = &mut state.record {
        log_in(name, arguments, last.packet, record);
    }
}

/// How many octets of the arguments may be shown.
fn shown(verb: &str, arguments: &[u8]) -> usize {
    match verb {
        "PASS" => 0,
        // the name, and then the digest (RFC 1939 section 7)
        "APOP" => arguments.iter().position(|octet| *octet == b' ').map_or(arguments.len(), |at| at + 1),
        "AUTH" => auth_argument(arguments).1,
        _ => arguments.len(),
    }
}

fn log_in(verb: &str, arguments: &[u8], packet: u64, record: &mut Record) {
    match verb {
        "USER" => {
            record.login_begins(packet, "USER", None);
            record.login_is(packet, Some(text(arguments)), None, Proof::Password);
        }
        "PASS" => {
            if !record.is_logging_in("USER") {
                // its USER was not captured
                record.login_begins(packet, "USER", None);
            }
            record.login_is(packet, None, Some(text(arguments)), Proof::Password);
        }
        "APOP" => {
            record.login_begins(packet, "APOP", None);
            let mut words = words(arguments).map(text);
            let (user, digest) = (words.next(), words.next());
            record.login_is(packet, user, digest, Proof::Digest);
        }
        "AUTH" if !arguments.is_empty() => {
            let (mechanism, response_at) = auth_argument(arguments);
            record.login_begins(packet, "AUTH", Some(mechanism));
            let response = arguments.get(response_at..).unwrap_or_default();
            if !response.is_empty() {
                record.login_response(packet, response);
            }
        }
        _ => {}
    }
}

/// A line of an authentication exchange.
fn auth_line(line: &Line, talk: &mut Talk, state: &mut State) {
    let octets = line.text();
    let cancel = octets == b"*";
    if let Some(pending) = talk.pending.iter_mut().rfind(|pending| pending.verb == "AUTH") {
        pending.asked.time = line.last().time;
    } else if *state.spoke.of(Speaker::Server) {
        // whatever it is, it is answered
        let asked = Asked { packet: line.first().packet, turn: None, time: line.last().time };
        let pending = Pending { verb: "AUTH", asked, follows: Follows::Nothing, number: None, logs_in: true };
        talk.pending.push_back(pending);
        talk.pending.truncate(MAX_PENDING);
    }
    let Some(record) = &mut state.record else { return };
    if cancel {
        record.login_ends(AuthOutcome::Cancelled, None);
    } else {
        record.login_response(line.first().packet, octets);
    }
    let kind = TurnKind::AuthResponse { secret: text(octets), cancel };
    let turn = record.turn(line.first(), Speaker::Client, Phase::Authenticate, kind);
    record.turn_ends(turn, line.last());
}
