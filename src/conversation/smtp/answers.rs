//! What each reply answers, and what it changes.

use super::command::Verb;
use super::dialogue::{Dialogue, Mode, Pending, What};
use super::line::Mark;
use super::session::{AuthOutcome, Reply, Speaker, TurnKind, Warning};

impl Dialogue {
    /// A complete reply, its last octet in the packet `ended`: first in, first out, but a code that only one command can have finds that one.
    pub(super) fn reply(&mut self, code: u16, ended: Mark) {
        self.last_code = code;
        self.a_reply_ends_a_torn_message(code, ended);
        let (reply, mark) = match &mut self.record {
            Some(record) => record.take_reply(code),
            None => (Reply::default(), ended),
        };
        self.find_place(code);
        self.a_challenge_asks_for_a_response(code);
        let keep = self.keeps_waiting(code);
        let pending = if keep { None } else { self.pending.pop_front() };
        let asked_for = pending.as_ref().or_else(|| self.pending.front().filter(|_| keep));
        let unasked = asked_for.is_none();
        let greets = asked_for.is_some_and(|pending| pending.what == What::Greeting);
        let (answers, to, asked) = asked_for.map_or((None, None, None), |p| (p.packet, p.turn, p.asked));
        if unasked && code != 421 && self.client_spoke {
            self.warn(Warning::RepliesOutOfStep);
        }
        match pending {
            Some(pending) => self.answered(pending, code, &reply),
            None if keep => self.answered_in_part(code, &reply),
            None => {}
        }
        let Some(record) = &mut self.record else { return };
        let kind = if greets {
            record.greeting = reply.lines.first().cloned();
            TurnKind::Greeting(reply)
        } else {
            TurnKind::Reply { answers, to, asked, reply }
        };
        let turn = record.turn(mark, Speaker::Server, kind);
        record.turn_ends(turn, ended);
    }

    /// The server has answered a message whose end was not captured, or was none by the standard.
    fn a_reply_ends_a_torn_message(&mut self, code: u16, mark: Mark) {
        let Mode::Data(reader) = &self.mode else { return };
        if code != 354 && (self.message_torn || reader.perhaps_ended()) {
            self.end_message(mark);
        }
    }

    /// The AUTH that a challenge belongs to was not captured: the next line is a response all the same.
    fn a_challenge_asks_for_a_response(&mut self, code: u16) {
        if code == 334 && self.pending.is_empty() && matches!(self.mode, Mode::Command) {
            self.mode = Mode::Auth;
        }
    }

    fn find_place(&mut self, code: u16) {
        let greets = matches!(code, 220 | 421 | 521 | 554);
        let asks = matches!(code, 334 | 354);
        let greeting_first = self.pending.front().is_some_and(|p| p.what == What::Greeting);
        if !greets && greeting_first && (asks || self.pending.len() > 1) {
            self.pending.pop_front();
        }
        let only = match code {
            354 => Verb::Data,
            334 => Verb::Auth,
            221 => Verb::Quit,
            _ => return,
        };
        let place = self.pending.iter().position(|p| p.what == What::Command(Some(only)));
        let Some(place) = place.filter(|at| *at > 0) else { return };
        self.warn(Warning::RepliesOutOfStep);
        for skipped in self.pending.drain(..place) {
            if let (What::Command(Some(Verb::Rcpt)), Some(record)) = (skipped.what, &mut self.record) {
                record.rcpt(skipped.path, None);
            }
        }
    }

    /// The command waits for more than this reply.
    fn keeps_waiting(&mut self, code: u16) -> bool {
        match self.pending.front().map(|p| p.what) {
            Some(What::Command(Some(Verb::Auth))) => code == 334,
            Some(What::Command(Some(Verb::Data))) => code == 354,
            Some(What::Message) if code == 354 => true,
            Some(What::Message | What::Chunk { last: true }) if self.lmtp && code != 421 => {
                let left = self.deliveries_left.unwrap_or(self.accepted).saturating_sub(1);
                self.deliveries_left = (left > 0).then_some(left);
                left > 0
            }
            _ => false,
        }
    }

    /// A reply after which the command still waits: 334, 354, or one of LMTP's replies to a message.
    fn answered_in_part(&mut self, code: u16, reply: &Reply) {
        match (code, self.pending.front()) {
            (334, _) => {
                if matches!(self.mode, Mode::AwaitAuth) {
                    self.mode = Mode::Auth;
                }
            }
            (354, _) => {
                if !matches!(self.mode, Mode::Data(_)) {
                    self.enter_data();
                }
            }
            (_, Some(front)) => {
                let index = front.message;
                if let Some(record) = &mut self.record {
                    record.envelope(index);
                    record.outcome(index, reply, self.lmtp);
                }
            }
            (_, None) => {}
        }
    }

    /// The reply that a command waited for.
    fn answered(&mut self, pending: Pending, code: u16, reply: &Reply) {
        let done = code / 100 == 2;
        match pending.what {
            What::Greeting => {}
            What::Command(Some(verb)) => self.command_answered(verb, pending, code, reply),
            What::Command(None) => {}
            What::Message | What::Chunk { last: true } => self.outcome(&pending, reply),
            What::Chunk { last: false } => {
                if let Some(record) = &mut self.record {
                    record.envelope(pending.message);
                }
                if !done {
                    self.outcome(&pending, reply);
                }
            }
        }
    }

    fn outcome(&mut self, pending: &Pending, reply: &Reply) {
        if let Some(record) = &mut self.record {
            record.envelope(pending.message);
            record.outcome(pending.message, reply, self.lmtp);
        }
    }

    fn command_answered(&mut self, verb: Verb, pending: Pending, code: u16, reply: &Reply) {
        let done = code / 100 == 2;
        match verb {
            Verb::Data if matches!(self.mode, Mode::AwaitData) => self.mode = Mode::Command,
            Verb::Auth => self.auth_answered(code),
            Verb::StartTls => {
                self.tls_agreed = code == 220;
                if matches!(self.mode, Mode::AwaitTls) {
                    self.mode = Mode::Command;
                }
            }
            Verb::Rcpt => {
                self.accepted += u32::from(done);
                if let Some(record) = &mut self.record {
                    record.rcpt(pending.path, Some(reply.clone()));
                }
            }
            Verb::Mail if done => {
                self.accepted = 0;
                if let Some(record) = &mut self.record {
                    record.mail(pending.path);
                }
            }
            Verb::Ehlo | Verb::Helo | Verb::Lhlo | Verb::Rset if done => {
                self.accepted = 0;
                if let Some(record) = &mut self.record {
                    record.reset(pending.packet.filter(|_| verb == Verb::Rset));
                    if matches!(verb, Verb::Ehlo | Verb::Lhlo) {
                        record.capabilities = reply.lines.iter().skip(1).cloned().collect();
                    }
                }
            }
            _ => {}
        }
    }

    fn auth_answered(&mut self, code: u16) {
        if matches!(self.mode, Mode::AwaitAuth | Mode::Auth) {
            self.mode = Mode::Command;
        }
        if let Some(record) = &mut self.record
            && record.auth().is_some_and(|auth| auth.outcome == AuthOutcome::Unknown)
        {
            let accepted = code == 235;
            record.auth_ends(if accepted { AuthOutcome::Accepted } else { AuthOutcome::Rejected });
        }
    }
}
