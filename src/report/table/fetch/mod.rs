//! Sessions in which mail is read, IMAP and POP3: a row each; and a conversation line by line, with who logged in,
//! what was fetched and what was changed.

mod exposure;
mod list;
mod means;
mod pace;
mod raw;
mod rows;
mod sections;
mod which;

use std::io::{self, Write};

pub(super) use self::list::overview;
use self::list::{is_fetched_whole, push_list, took};
use self::rows::rows;
use super::dialogue;
use super::smtp::{ROWS_A_TABLE, SHOWN_IN_FULL, protection_tone};
use super::style::{Style, Tone, clipped, shown};
use crate::conversation::fetch::{Ended, Login, ResponseKind, Session, TurnKind, Warning};
use crate::conversation::smtp::{AuthOutcome, Encryption, Speaker};
use crate::lesson;
use crate::packet::Protocol;
use crate::report::{Options, Sink, Summary};

/// Columns that the name of a capture takes at most.
const LONGEST_NAME: usize = 80;

/// The sink.
pub(super) struct Sessions {
    style: Style,
    protocol: Protocol,
    reveal: bool,
    chosen: Option<u64>,
    raw: bool,
    out: Box<dyn Write>,
    kept: Vec<Session>,
    count: u64,
    captures: Vec<(u32, String)>,
}

impl Sessions {
    /// Takes the sessions of one of both protocols.
    pub(super) fn new(options: &Options, protocol: Protocol, out: Box<dyn Write>) -> Self {
        Self {
            style: Style::new(options),
            protocol,
            reveal: options.reveal_secrets,
            chosen: options.stream,
            raw: options.raw,
            out,
            kept: Vec::new(),
            count: 0,
            captures: options.captures.clone(),
        }
    }

    /// Which capture it was, where there is more than one.
    fn capture(&self, session: &Session) -> Option<(u32, String)> {
        let first = self.captures.iter().find(|(capture, _)| *capture == session.capture);
        let are_more = self.captures.iter().any(|(capture, _)| *capture != session.capture);
        first.filter(|_| are_more).map(|(capture, name)| (*capture, clipped(&shown(name), LONGEST_NAME)))
    }

    fn list(&mut self) -> io::Result<()> {
        let mut text = String::new();
        push_list(&self.style, &mut text, self.protocol, std::mem::take(&mut self.kept).iter());
        self.out.write_all(text.as_bytes())
    }

    fn in_full(&mut self) -> io::Result<()> {
        for session in std::mem::take(&mut self.kept) {
            let text = conversation(&self.style, &session, self.capture(&session), self.reveal);
            self.out.write_all(text.as_bytes())?;
        }
        Ok(())
    }

    fn none(&self) -> String {
        let protocol = name(self.protocol);
        match self.chosen {
            Some(stream) => {
                self.style.say("fetch.view.none_in", &[("stream", &stream), ("protocol", &protocol)])
            }
            None => self.style.say("fetch.view.none", &[("protocol", &protocol)]),
        }
    }
}

impl Sink for Sessions {
    fn mailbox(&mut self, session: Box<Session>) -> io::Result<()> {
        if session.protocol != self.protocol {
            return Ok(());
        }
        self.count += 1;
        if self.raw {
            let mut text = String::new();
            let named = self.chosen.is_none().then(|| {
                let capture = self.capture(&session);
                capture.map(|(number, name)| format!(" · capture {number} ({name})")).unwrap_or_default()
            });
            raw::push(&mut text, &session, named.as_deref(), self.reveal);
            return self.out.write_all(text.as_bytes());
        }
        self.kept.push(*session);
        if self.kept.len() >= ROWS_A_TABLE {
            self.list()?;
        }
        Ok(())
    }

    fn finish(&mut self, _: &Summary) -> io::Result<()> {
        if self.raw {
            return self.out.flush();
        }
        if self.count == 0 {
            let none = self.none();
            writeln!(self.out, "{none}")?;
        } else if self.chosen.is_some() || self.count <= SHOWN_IN_FULL as u64 {
            self.in_full()?;
        } else {
            self.list()?;
            let mut text = String::new();
            let foot = self.style.say("fetch.view.foot", &[("count", &self.count)]);
            self.style.paragraph(&mut text, Tone::Quiet, &foot, 0);
            self.out.write_all(text.as_bytes())?;
        }
        self.out.flush()
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// The protocol's name.
pub(super) const fn name(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::Pop3 => "POP3",
        _ => "IMAP",
    }
}

/// The protocol's name in keys.
const fn key(session: &Session) -> &'static str {
    match session.protocol {
        Protocol::Pop3 => "pop3",
        _ => "imap",
    }
}

/// The command that asks for TLS.
const fn starttls(session: &Session) -> &'static str {
    match session.protocol {
        Protocol::Pop3 => "STLS",
        _ => "STARTTLS",
    }
}

const fn how(outcome: AuthOutcome) -> &'static str {
    match outcome {
        AuthOutcome::Accepted => "accepted",
        AuthOutcome::Rejected => "rejected",
        AuthOutcome::Cancelled => "cancelled",
        AuthOutcome::Unknown => "unknown",
    }
}

const fn login_tone(outcome: AuthOutcome) -> Tone {
    match outcome {
        AuthOutcome::Accepted => Tone::Good,
        AuthOutcome::Rejected => Tone::Bad,
        AuthOutcome::Cancelled | AuthOutcome::Unknown => Tone::Quiet,
    }
}

fn conversation(style: &Style, session: &Session, capture: Option<(u32, String)>, reveal: bool) -> String {
    let mut out = String::new();
    heading(style, session, capture, &mut out);
    turns(style, session, reveal, &mut out);
    sections::logins(style, session, &mut out);
    sections::messages(style, session, &mut out);
    sections::changes(style, session, &mut out);
    sections::in_full(style, session, &mut out);
    exposure::push(style, session, &mut out);
    remarks(style, session, &mut out);
    out.push('\n');
    out
}

fn heading(style: &Style, session: &Session, capture: Option<(u32, String)>, out: &mut String) {
    let took = took(session).map(|took| match session.ended {
        Ended::Tls => format!(" · {}", style.say("smtp.view.until_tls", &[("took", &took)])),
        _ => format!(" · {took}"),
    });
    let capture = capture
        .map(|(number, name)| style.say("smtp.view.capture_name", &[("capture", &number), ("name", &name)]));
    let title = style.say(
        "fetch.view.heading",
        &[
            ("protocol", &name(session.protocol)),
            ("stream", &session.stream),
            ("capture", &capture.unwrap_or_default()),
            ("client", &session.client),
            ("server", &session.server),
            ("took", &took.unwrap_or_default()),
        ],
    );
    style.paragraph(out, Tone::Title, &title, 2);
    style.paragraph(out, Tone::Plain, &style.word(&format!("fetch.view.about.{}", key(session))), 2);
    let encryption = match session.encryption {
        Encryption::None => "none",
        Encryption::StartTls { .. } => "starttls",
        Encryption::Implicit => "implicit",
    };
    let said = match (session.encryption, session.protocol) {
        (Encryption::StartTls { .. }, Protocol::Pop3) => style.word("fetch.view.encrypted_stls"),
        _ => lesson::smtp::encryption(style.lang, encryption).unwrap_or_default(),
    };
    let from = match session.encryption {
        Encryption::StartTls { packet } => style.say("smtp.view.from_packet", &[("packet", &packet)]),
        Encryption::None | Encryption::Implicit => String::new(),
    };
    style.paragraph(out, protection_tone(session.encryption), &format!("{said}{from}"), 2);
    if session.ended == Ended::Tls && session.logins.is_empty() {
        style.paragraph(out, Tone::Plain, &style.word("fetch.view.hidden"), 2);
    } else {
        login(style, session, out);
        style.paragraph(out, Tone::Plain, &fetched(style, session), 2);
    }
    let ended = style.word(&format!("fetch.ended.{}", session.ended.name()));
    style.paragraph(out, Tone::Plain, &style.say("smtp.view.ended", &[("how", &ended)]), 2);
    pace::push(style, session, out);
}

/// The last attempt to log in.
fn login(style: &Style, session: &Session, out: &mut String) {
    let Some(login) = session.logins.last() else {
        return style.paragraph(out, Tone::Plain, &style.word("fetch.view.no_login"), 2);
    };
    let outcome = lesson::smtp::auth_outcome(style.lang, how(login.outcome)).unwrap_or_default();
    let user = clipped(&shown(login.user.as_deref().unwrap_or("?")), LONGEST_NAME);
    let text = style.say(
        "fetch.view.login",
        &[("how", &sections::mechanism(login)), ("user", &user), ("outcome", &outcome)],
    );
    style.paragraph(out, login_tone(login.outcome), &text, 2);
}

/// Messages and their octets, portions, uploads.
fn fetched(style: &Style, session: &Session) -> String {
    let whole = || session.messages.iter().filter(|message| is_fetched_whole(message));
    let octets: u64 = whole().map(|message| message.octets).sum();
    let mut text = style.say("fetch.view.fetched", &[("messages", &whole().count()), ("octets", &octets)]);
    let uploads = session.messages.iter().filter(|message| message.from == Speaker::Client).count();
    let portions = session.messages.len() - whole().count() - uploads;
    if portions > 0 {
        text.push_str(&style.say("fetch.view.portions", &[("count", &portions)]));
    }
    if uploads > 0 {
        text.push_str(&style.say("fetch.view.uploaded", &[("count", &uploads)]));
    }
    text
}

fn turns(style: &Style, session: &Session, reveal: bool, out: &mut String) {
    if session.turns.is_empty() {
        return;
    }
    out.push('\n');
    dialogue::push(style, out, "osi_phase", rows(style, session, reveal));
    let osi = style.say("fetch.view.osi", &[("protocol", &name(session.protocol))]);
    style.paragraph(out, Tone::Quiet, &osi, 2);
    if session.turns.iter().any(|turn| turn.decrypted) {
        style.paragraph(out, Tone::Good, &style.word("smtp.view.decrypted"), 2);
    }
    if session.turns_left_out > 0 {
        let text = style.say("fetch.view.left_out", &[("count", &session.turns_left_out)]);
        style.paragraph(out, Tone::Warn, &text, 2);
    }
}

/// The packets of a challenge and of the digest of it from which a password can be guessed (RFC 1939 section 13,
/// RFC 2195 section 3). The challenge of APOP stands in the greeting.
fn guessable(session: &Session) -> Option<(u64, u64)> {
    let is_apop = |login: &Login| login.command == "APOP";
    let digest = |login: &&Login| is_apop(login) || login.mechanism.as_deref() == Some("CRAM-MD5");
    let login = session.logins.iter().filter(|login| !login.encrypted).find(digest)?;
    let response = login.secret_packet?;
    let asks = |kind: &TurnKind| match kind {
        TurnKind::Greeting(_) => is_apop(login),
        TurnKind::Response { kind: ResponseKind::Continuation, .. } => !is_apop(login),
        _ => false,
    };
    let mut before = session.turns.iter().rev().filter(|turn| turn.packet <= response);
    Some((before.find(|turn| asks(&turn.kind))?.packet, response))
}

fn remarks(style: &Style, session: &Session, out: &mut String) {
    let guessable = guessable(session);
    if !session.warnings.is_empty() || guessable.is_some() {
        out.push('\n');
    }
    if let Some((challenge, response)) = guessable {
        let packets = [("challenge", &challenge as &dyn std::fmt::Display), ("response", &response)];
        style.paragraph(out, Tone::Warn, &style.say("smtp.here.guessable", &packets), 2);
    }
    let accepted = session.logins.iter().any(|login| login.outcome == AuthOutcome::Accepted);
    let refused = session.logins.iter().any(|login| login.outcome == AuthOutcome::Rejected);
    for &warning in &session.warnings {
        let name = match warning {
            Warning::AuthInTheClear if refused && !accepted => "auth_in_the_clear_refused",
            _ => Warning::name(warning),
        };
        let text = style.say(&format!("fetch.warning.{name}"), &[("verb", &starttls(session))]);
        style.paragraph(out, Tone::Warn, &format!("! {text}"), 2);
    }
}

#[cfg(test)]
mod tests {
    use crate::conversation::fetch::{ChangeKind, ChangeOutcome, Ended, Phase, Portion, Warning};
    use crate::lesson::{Lang, find};

    #[test]
    fn every_word_of_a_session_has_its_text_in_both_languages() {
        let keys = Phase::ALL
            .map(|phase| format!("fetch.phase.{}", phase.name()))
            .into_iter()
            .chain(Portion::ALL.map(|portion| format!("fetch.portion.{}", portion.name())))
            .chain(ChangeKind::ALL.map(|kind| format!("fetch.change.{}", kind.name())))
            .chain(ChangeOutcome::ALL.map(|outcome| format!("fetch.outcome.{}", outcome.name())))
            .chain(Warning::ALL.map(|warning| format!("fetch.warning.{}", warning.name())))
            .chain(Ended::ALL.map(|ended| format!("fetch.ended.{}", ended.name())))
            .chain(Ended::ALL.map(|ended| format!("fetch.ended.short.{}", ended.name())));
        for key in keys {
            let [en, zh] = Lang::ALL.map(|lang| find(lang, &key, &[]));
            assert!(en.is_some() && zh.is_some() && en != zh, "{key}");
        }
    }
}
