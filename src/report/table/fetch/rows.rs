//! The lines of a conversation, and what each of them means where it stands.

use super::super::dialogue::Row;
use super::super::smtp::{MASK, masked_command, packets};
use super::super::style::{Style, Tone, shown};
use super::super::time::duration;
use super::{means, pace};
use crate::conversation::fetch::{Command, Phase, Response, ResponseKind, Session, Status, Turn, TurnKind};
use crate::conversation::smtp::{Pace, Speaker};
use crate::packet::{Protocol, Timestamp};

/// Characters of a line that are shown.
const LONGEST_LINE: usize = 400;
/// Responses of one kind in a row, from which on some of them are told together.
const MANY: usize = 6;
/// As many of them are shown.
const SHOWN: usize = 3;
/// Lines behind a reply of POP3 that are shown.
const SHOWN_LINES: usize = 5;

/// All rows of a session, in order.
pub(super) fn rows(style: &Style, session: &Session, reveal: bool) -> Vec<Row> {
    let mut teller = Teller {
        style,
        session,
        reveal,
        before: None,
        mechanism: String::new(),
        responses: 0,
        mask_told: reveal,
        due: pace::due(session),
        keeps: means::marks_nothing(session),
    };
    let mut rows = Vec::new();
    let mut at = 0;
    while let Some(turn) = session.turns.get(at) {
        let run = run(session, at);
        if run.count >= MANY {
            for (place, turn) in (at..).zip(&session.turns[at..run.shown_to]) {
                rows.extend(teller.turn(place, turn));
            }
            rows.push(teller.folded(&session.turns[run.shown_to..run.end], run.count - SHOWN));
            at = run.end;
        } else {
            rows.extend(teller.turn(at, turn));
            at += 1;
        }
    }
    rows
}

/// Responses of one kind to one command, and the messages in them.
struct Run {
    count: usize,
    /// Behind the last of those that are shown.
    shown_to: usize,
    end: usize,
}

fn run(session: &Session, begin: usize) -> Run {
    let key = |turn: &Turn| match &turn.kind {
        TurnKind::Response { kind: ResponseKind::Untagged, to, response, .. } => {
            response.name.clone().map(|name| (name, *to))
        }
        _ => None,
    };
    let mut run = Run { count: 0, shown_to: begin, end: begin };
    let Some(first) = session.turns.get(begin).and_then(key) else { return run };
    for turn in session.turns.iter().skip(begin) {
        match &turn.kind {
            TurnKind::Message { .. } if turn.from == Speaker::Server => {}
            _ if key(turn).as_ref() == Some(&first) => run.count += 1,
            _ => break,
        }
        run.end += 1;
        if run.count <= SHOWN {
            run.shown_to = run.end;
        }
    }
    run
}

struct Teller<'a> {
    style: &'a Style,
    session: &'a Session,
    reveal: bool,
    before: Option<Timestamp>,
    /// Of the login under way, upper case.
    mechanism: String,
    /// Responses of the client's in it so far.
    responses: u32,
    /// What stands for a secret has been explained.
    mask_told: bool,
    /// For each turn, when it could have been said.
    due: Vec<Option<Timestamp>>,
    /// No message was marked to be deleted.
    keeps: bool,
}

impl Teller<'_> {
    fn turn(&mut self, at: usize, turn: &Turn) -> Vec<Row> {
        match &turn.kind {
            TurnKind::Greeting(response) => {
                let means = means::greeting(self.style, self.session, response);
                vec![self.row(turn, &response.line, means, tone(response))]
            }
            TurnKind::Command(command) => vec![self.command(turn, command)],
            TurnKind::Response { kind, to, response, .. } => self.response(at, turn, *kind, *to, response),
            TurnKind::AuthResponse { secret, cancel } => {
                let line = if self.reveal || *cancel { secret.as_str() } else { MASK };
                let means = if *cancel { self.said("auth_cancel") } else { self.auth_response(turn) };
                vec![self.row(turn, line, means, Tone::Upper)]
            }
            TurnKind::Message { octets, message } => {
                let message = self.session.messages.get(*message);
                let what = message.map(|message| means::what(self.style, message)).unwrap_or_default();
                let line = self.style.say("fetch.view.message_line", &[("what", &what), ("octets", octets)]);
                let means = message.map(|message| means::message(self.style, message)).unwrap_or_default();
                vec![self.row(turn, &line, means, Tone::Upper)]
            }
            TurnKind::Tls => vec![self.row(turn, "TLS", self.said("tls"), Tone::Good)],
            TurnKind::Gap { octets } => {
                let line = self.style.say("smtp.view.gap_line", &[("octets", octets)]);
                vec![self.row(turn, &line, self.said("gap"), Tone::Warn)]
            }
        }
    }

    fn said(&self, key: &str) -> String {
        crate::lesson::smtp::turn(self.style.lang, key).unwrap_or_default()
    }

    fn command(&mut self, turn: &Turn, command: &Command) -> Row {
        let line = masked_command(&command.line, command.secret.as_deref(), self.reveal);
        let mut means = means::command(self.style, self.session, command, turn.decrypted, self.keeps);
        if matches!(command.verb.as_str(), "AUTHENTICATE" | "AUTH") {
            self.mechanism = command.arguments.to_ascii_uppercase();
            self.responses = u32::from(command.secret.is_some());
        }
        if command.secret.is_some() {
            self.explain_mask(&mut means, turn);
        }
        self.row(turn, &line, means, Tone::Upper)
    }

    /// What a line of the client's is in a login.
    fn auth_response(&mut self, turn: &Turn) -> String {
        self.responses += 1;
        let key = match (self.mechanism.as_str(), self.responses) {
            ("LOGIN", 1) => "auth_user",
            ("LOGIN", 2) => "auth_password",
            ("PLAIN", 1) => "auth_plain",
            ("CRAM-MD5", 1) => "auth_digest",
            _ => "auth_response",
        };
        let mut means = self.said(key);
        self.explain_mask(&mut means, turn);
        means
    }

    fn explain_mask(&mut self, means: &mut String, turn: &Turn) {
        if !std::mem::replace(&mut self.mask_told, true) {
            let key = if turn.decrypted { "tls.mask" } else { "smtp.here.mask" };
            means.push_str(&self.style.say(key, &[("mask", &MASK)]));
        }
    }

    fn response(
        &mut self,
        at: usize,
        turn: &Turn,
        kind: ResponseKind,
        to: Option<usize>,
        response: &Response,
    ) -> Vec<Row> {
        let command = to.and_then(|to| self.session.turns.get(to)).and_then(|turn| turn.kind.command());
        let mut means = means::response(self.style, self.session, kind, command, response, self.keeps);
        if let Some(to) = to.filter(|&to| self.others_between(to, at)) {
            let verb = command.map_or("", |command| command.verb.as_str());
            let packet = self.session.turns.get(to).map_or(0, |turn| turn.packet);
            let values = [("what", &shown(verb) as &dyn std::fmt::Display), ("packet", &packet)];
            means.push_str(&self.style.say("fetch.view.of_command", &values));
        }
        let verb = command.map_or("", |command| command.verb.as_str());
        let due = self.due.get(at).copied().flatten();
        let wait = turn.time.zip(due).map(|(now, due)| now.since(due));
        if let Some(wait) = wait.filter(|wait| Pace::is_long(*wait)) {
            let refused = matches!(response.status, Some(Status::No | Status::Err))
                && matches!(verb, "LOGIN" | "AUTHENTICATE" | "PASS" | "AUTH" | "APOP");
            let key = if refused { "smtp.pace.auth" } else { "smtp.pace.server" };
            means.push_str(&self.style.say(key, &[("time", &duration(wait))]));
        }
        let mut rows = vec![self.row(turn, &response.line, means, tone(response))];
        rows.extend(self.lines(turn, verb, response));
        rows
    }

    /// The lines behind a reply of POP3.
    fn lines(&mut self, turn: &Turn, verb: &str, response: &Response) -> Vec<Row> {
        let most = if verb == "CAPA" { response.lines.len() } else { SHOWN_LINES };
        let mut rows = Vec::new();
        for (index, line) in response.lines.iter().take(most).enumerate() {
            let means = match verb {
                "CAPA" => means::capability(self.style, self.session, line),
                _ if index == 0 => means::line(self.style, verb),
                _ => String::new(),
            };
            rows.push(self.row(turn, line, means, Tone::Good));
        }
        let more = response.lines.len().saturating_sub(most) as u64 + response.lines_left_out;
        if more > 0 {
            let line = self.style.say("fetch.more_lines", &[("count", &more)]);
            let means = self.style.word("fetch.more_means");
            rows.push(self.row(turn, &line, means, Tone::Quiet));
        }
        for row in &mut rows {
            for cell in [&mut row.packet, &mut row.delta, &mut row.who, &mut row.role] {
                cell.clear();
            }
        }
        rows
    }

    /// Whether other commands stand between a command and what answers it.
    fn others_between(&self, command: usize, at: usize) -> bool {
        let between = self.session.turns.get(command + 1..at).unwrap_or_default();
        between.iter().any(|turn| turn.kind.command().is_some_and(|command| command.verb != "DONE"))
    }

    /// What is like the rows before it.
    fn folded(&mut self, turns: &[Turn], count: usize) -> Row {
        let name = turns.iter().find_map(|turn| turn.kind.response()?.name.clone()).unwrap_or_default();
        let line = self.style.say("fetch.more", &[("count", &count), ("name", &shown(&name))]);
        let means = self.style.word("fetch.more_means");
        let (Some(first), Some(last)) = (turns.first(), turns.last()) else {
            return Row {
                packet: String::new(),
                delta: String::new(),
                who: String::new(),
                line,
                role: String::new(),
                means,
                tone: Tone::Quiet,
            };
        };
        let whole = Turn { last_packet: last.last_packet, last_time: last.last_time, ..first.clone() };
        self.row(&whole, &line, means, Tone::Quiet)
    }

    fn row(&mut self, turn: &Turn, line: &str, mut means: String, tone: Tone) -> Row {
        let since = turn.time.zip(self.before).map(|(now, before)| now.since(before).max(0));
        self.before = turn.last_time.or(self.before);
        let who = match turn.from {
            Speaker::Client => "smtp.view.client",
            Speaker::Server => "smtp.view.server",
        };
        if let Some(wait) = since.filter(|wait| turn.from == Speaker::Client && Pace::is_long(*wait)) {
            means.push_str(&self.style.say("smtp.pace.client", &[("time", &duration(wait))]));
        }
        let phase = match (self.session.protocol, turn.phase) {
            // POP3 has one place for mail, IMAP has folders
            (Protocol::Pop3, Phase::Mailbox) => "maildrop",
            (_, phase) => phase.name(),
        };
        let name = self.style.word(&format!("fetch.phase.{phase}"));
        let mark = if turn.decrypted { "+" } else { "" };
        Row {
            packet: format!("{mark}{}", packets(turn.packet, turn.last_packet)),
            delta: since.map(|since| format!("{:.3}", since as f64 / 1e6)).unwrap_or_default(),
            who: self.style.word(who),
            line: shown(line).chars().take(LONGEST_LINE).collect(),
            role: format!("{} {name}", self.layers(turn)).trim_start().to_owned(),
            means,
            tone,
        }
    }

    fn layers(&self, turn: &Turn) -> String {
        osi(self.session, turn).replace(',', self.style.word("smtp.sign.list").trim_end())
    }
}

/// The OSI layers whose part a line plays: what opens and closes the dialogue is of the session, what encodes or
/// encrypts of the presentation, all else of the application.
fn osi(session: &Session, turn: &Turn) -> &'static str {
    match (&turn.kind, turn.phase) {
        (TurnKind::Gap { .. }, _) => "",
        (TurnKind::Message { message, .. }, _) => {
            let written = session.messages.get(*message).is_some_and(|message| {
                let mut parts = message.content.parts.iter();
                parts.any(|part| part.charset.is_some() || means::is_encoding(&part.encoding))
            });
            if written { "6,7" } else { "7" }
        }
        (TurnKind::AuthResponse { cancel: false, .. }, _) => "6,7",
        (TurnKind::Response { kind: ResponseKind::Continuation, .. }, Phase::Authenticate) => "6,7",
        (TurnKind::Command(Command { verb, secret: Some(_), .. }), _)
            if matches!(verb.as_str(), "AUTHENTICATE" | "AUTH") =>
        {
            "6,7"
        }
        (_, Phase::Connect | Phase::Greet | Phase::Close) => "5",
        (_, Phase::Secure) => "6",
        (_, Phase::Authenticate | Phase::Mailbox | Phase::Message) => "7",
    }
}

const fn tone(response: &Response) -> Tone {
    match response.status {
        Some(Status::Bad | Status::No | Status::Err) => Tone::Bad,
        Some(Status::Ok | Status::Preauth | Status::Bye) | None => Tone::Good,
    }
}
