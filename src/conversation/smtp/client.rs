//! What the client says: its lines, and what each command changes before its reply.

use std::ops::Range;

use super::auth;
use super::command::{self, Command, Verb};
use super::dialogue::{Dialogue, Mode, Pending, What};
use super::line::{self, Mark, Run, Split};
use super::session::{AuthOutcome, Speaker, TurnKind, Warning};
use crate::packet::Timestamp;

/// Octets that may wait for the reply that says how to read them.
const MAX_HELD: usize = 64 << 10;
/// Commands that may wait for replies.
const MAX_PENDING: usize = 4096;

impl Dialogue {
    /// Octets that the client sent.
    pub(super) fn client_octets(&mut self, offset: u64, mark: Mark, octets: &[u8]) {
        self.client_spoke = true;
        if self.client.octets.is_empty() {
            let run = Run { octets, offset, marks: &[(offset, mark)] };
            let used = self.run_client(&run);
            self.client.keep(&run, used);
        } else {
            self.client.octets.extend_from_slice(octets);
            self.client.marks.push((offset, mark));
            self.release_client();
        }
    }

    /// Reads what waits, as far as that is possible now.
    pub(super) fn release_client(&mut self) {
        if self.client.octets.is_empty() {
            return;
        }
        let octets = std::mem::take(&mut self.client.octets);
        let marks = std::mem::take(&mut self.client.marks);
        let used = self.run_client(&Run::of(&octets, &marks));
        self.client.put_back(octets, marks, used);
    }

    /// Reads as far as it can be told how; the number of octets used.
    fn run_client(&mut self, run: &Run<'_>) -> usize {
        let mut at = 0;
        while !run.rest(at).is_empty() {
            let used = match self.mode {
                Mode::Tls => run.rest(at).len(),
                Mode::Data(_) => self.data(run, at),
                Mode::Chunk { .. } => self.chunk(run, at),
                Mode::Command | Mode::Auth => match self.client_line(run, at) {
                    Some(used) => used,
                    None => break,
                },
                Mode::AwaitData | Mode::AwaitAuth | Mode::AwaitTls => {
                    if self.server_spoke && !self.reply_lost && run.rest(at).len() <= MAX_HELD {
                        break;
                    }
                    // A response or a command: only a whole line tells.
                    if matches!(self.mode, Mode::AwaitAuth) && line::split(run.rest(at)) == Split::More {
                        break;
                    }
                    self.decide_without_reply(run.rest(at));
                    0
                }
            };
            at += used;
            self.read_to = run.offset + at as u64;
        }
        at
    }

    /// The reply that decides will not come: the client's octets themselves tell.
    pub(super) fn decide_without_reply(&mut self, octets: &[u8]) {
        self.reply_lost = false;
        match self.mode {
            Mode::AwaitData => self.enter_data(),
            Mode::AwaitAuth => {
                let command = command::parse(octets).verb.is_some();
                self.mode = if command { Mode::Command } else { Mode::Auth };
            }
            _ => self.mode = Mode::Command,
        }
    }

    /// Takes one line; `None` where it has not ended yet.
    fn client_line(&mut self, run: &Run<'_>, at: usize) -> Option<usize> {
        let rest = run.rest(at);
        let start = run.offset + at as u64;
        if let Some(secret) = self.client.skipping {
            let end = memchr::memchr(b'\n', rest);
            let used = end.map_or(rest.len(), |n| n + 1);
            if secret {
                self.secrets.add(start..start + used as u64);
            }
            self.client.skipping = self.client.skipping.filter(|_| end.is_none());
            return Some(used);
        }
        let mark = run.mark(at);
        match self.tls_record(rest) {
            Some(true) => {
                self.tls_from = Some((start, self.server_read_to));
                return Some(self.tls_begins(mark));
            }
            None => return None,
            Some(false) => {}
        }
        let (line, cut) = match line::split(rest) {
            Split::Line(line) => (line, false),
            Split::Cut(line) => (line, true),
            Split::More => return None,
        };
        let ended = run.mark(at + line.len() - 1);
        let secret = if matches!(self.mode, Mode::Auth) {
            self.auth_line(line::bare(line), mark, ended);
            Some(0..line.len())
        } else {
            self.command_line(line::bare(line), mark, ended)
        };
        if let Some(range) = &secret {
            self.secrets.add(start + range.start as u64..start + range.end as u64);
        }
        if cut {
            self.client.skipping = Some(secret.is_some());
            self.warn(Warning::LineTooLong);
        }
        Some(line.len())
    }

    pub(super) fn tls_begins(&mut self, mark: Mark) -> usize {
        self.mode = Mode::Tls;
        self.tls_packet = Some(mark.packet);
        if let Some(record) = &mut self.record {
            record.turn(mark, Speaker::Client, TurnKind::Tls);
        }
        0
    }

    fn auth_line(&mut self, line: &[u8], mark: Mark, ended: Mark) {
        self.mode = Mode::AwaitAuth;
        let auth = What::Command(Some(Verb::Auth));
        if let Some(pending) = self.pending.iter_mut().find(|pending| pending.what == auth) {
            pending.asked = ended.time;
        }
        let in_the_clear = !self.tls_agreed;
        let Some(record) = &mut self.record else { return };
        let cancel = line == b"*";
        if cancel {
            record.auth_ends(AuthOutcome::Cancelled);
        } else {
            record.auth_response(line, in_the_clear);
        }
        let kind = TurnKind::AuthResponse { secret: line::text(line), cancel };
        let turn = record.turn(mark, Speaker::Client, kind);
        record.turn_ends(turn, ended);
    }

    /// Takes a command line; where a secret stands in it.
    fn command_line(&mut self, line: &[u8], mark: Mark, ended: Mark) -> Option<Range<usize>> {
        let command = command::parse(line);
        if line.is_empty() {
            return None;
        }
        if self.lost && command.verb.is_none() {
            return Some(0..line.len());
        }
        self.lost = false;
        if self.starttls_packet == Some(mark.packet) {
            self.warn(Warning::StarttlsInjection);
        }
        let secret = match command.verb {
            Some(Verb::Auth) => Some(command.argument_at + auth::argument(command.argument).1..line.len()),
            _ => None,
        };
        let turn = self.write_command(line, &command, secret.clone(), mark);
        if let Some(record) = &mut self.record {
            record.turn_ends(turn, ended);
        }
        self.obey(&command, mark, turn, ended.time);
        secret.filter(|range| !range.is_empty())
    }

    fn write_command(
        &mut self,
        line: &[u8],
        command: &Command<'_>,
        secret: Option<Range<usize>>,
        mark: Mark,
    ) -> Option<usize> {
        let record = self.record.as_mut()?;
        let (verb, argument) = match command.verb {
            Some(verb) => (verb.name().to_owned(), command.argument),
            None => (line::text(line), &b""[..]),
        };
        let shown = secret.as_ref().map_or(argument, |range| &line[command.argument_at..range.start]);
        let told = secret.as_ref().map_or(line, |range| &line[..range.start]);
        let secret = secret.map(|range| line[range].trim_ascii()).filter(|octets| !octets.is_empty());
        let kind = TurnKind::Command {
            verb,
            line: line::text(told.trim_ascii_end()),
            argument: line::text(shown.trim_ascii_end()),
            secret: secret.map(line::text),
        };
        record.turn(mark, Speaker::Client, kind)
    }

    /// What a command changes at once, before its reply.
    fn obey(&mut self, command: &Command<'_>, mark: Mark, turn: Option<usize>, asked: Option<Timestamp>) {
        let mut message = None;
        let mut what = What::Command(command.verb);
        let path = match command.verb {
            Some(Verb::Mail | Verb::Rcpt) if self.record.is_some() => Some(command::path(command.argument)),
            _ => None,
        };
        match command.verb {
            Some(verb @ (Verb::Ehlo | Verb::Helo | Verb::Lhlo)) => self.hello(verb, command.argument),
            Some(Verb::Rset) => self.drop_message(),
            Some(Verb::Mail) => self.warn_of_an_offer_not_taken(),
            Some(Verb::Data) => self.mode = Mode::AwaitData,
            Some(Verb::StartTls) => {
                self.mode = Mode::AwaitTls;
                self.starttls_packet = Some(mark.packet);
            }
            Some(Verb::Auth) => self.auth_begins(command.argument),
            Some(Verb::Quit) => self.quit_said = true,
            Some(Verb::Bdat) => {
                let chunk = command::chunk(command.argument);
                what = What::Chunk { last: chunk.is_some_and(|(_, last)| last) };
                message = chunk.and_then(|(octets, last)| self.chunk_begins(octets, last, mark));
            }
            _ => {}
        }
        let pending = Pending { what, packet: Some(mark.packet), turn, asked, path, message };
        if self.server_spoke {
            self.wait_for_reply(pending);
        } else {
            self.suppose_accepted(pending);
        }
    }

    fn wait_for_reply(&mut self, pending: Pending) {
        if self.pending.len() >= MAX_PENDING {
            self.pending.pop_front();
            self.warn(Warning::RepliesOutOfStep);
        }
        self.pending.push_back(pending);
    }

    /// The server has not been heard at all: its replies are not in the capture. They may still come.
    fn suppose_accepted(&mut self, pending: Pending) {
        if let Some(record) = &mut self.record {
            match pending.what {
                What::Command(Some(Verb::Mail)) => record.mail(pending.path.clone()),
                What::Command(Some(Verb::Rcpt)) => record.rcpt(pending.path.clone(), None),
                What::Chunk { .. } => record.envelope(pending.message),
                _ => {}
            }
        }
    }

    fn hello(&mut self, verb: Verb, name: &[u8]) {
        self.lmtp = verb == Verb::Lhlo;
        self.drop_message();
        if let Some(record) = &mut self.record {
            record.client_name = Some(line::text(name));
        }
    }

    /// An envelope goes out in the clear although encryption was on offer; where it was asked for and refused, the
    /// client did what it could.
    fn warn_of_an_offer_not_taken(&mut self) {
        let Some(record) = &mut self.record else { return };
        if !self.tls_agreed && self.starttls_packet.is_none() && record.offers("STARTTLS") {
            record.warn(Warning::StarttlsNotUsed);
        }
    }

    fn drop_message(&mut self) {
        if let Some(record) = &mut self.record {
            record.message_ends(false);
        }
    }

    fn auth_begins(&mut self, argument: &[u8]) {
        self.mode = Mode::AwaitAuth;
        self.auth_used = true;
        let in_the_clear = !self.tls_agreed;
        let (mechanism, response_at) = auth::argument(argument);
        let Some(record) = &mut self.record else { return };
        record.auth_begins(mechanism);
        if in_the_clear && record.offers("STARTTLS") {
            record.warn(Warning::StarttlsNotUsed);
        }
        if response_at < argument.len() {
            record.auth_response(&argument[response_at..], in_the_clear);
        }
    }
}
