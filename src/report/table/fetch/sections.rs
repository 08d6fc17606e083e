//! What came of a session: logins, messages, changes.

use super::super::smtp::{Content, content_section, packets};
use super::super::style::{Style, Tone, clipped, shown};
use super::{how, login_tone, means, which};
use crate::conversation::fetch::{ChangeOutcome, Login, Message, Portion, Session};
use crate::conversation::smtp::Speaker;
use crate::lesson;

/// Columns that a text of the server's or the client's takes at most.
const LONGEST: usize = 200;
/// Rows of a table that are shown.
const MOST: usize = 100;
/// Messages that are shown one by one.
const MOST_IN_FULL: usize = 10;

/// How somebody logged in: a command, and the mechanism where it names one.
pub(super) fn mechanism(login: &Login) -> String {
    match (&login.mechanism, login.command) {
        (Some(mechanism), command) => format!("{command} {}", clipped(&shown(mechanism), LONGEST)),
        (None, "USER") => "USER/PASS".to_owned(),
        (None, command) => command.to_owned(),
    }
}

/// A row for each attempt to log in.
pub(super) fn logins(style: &Style, session: &Session, out: &mut String) {
    if session.logins.is_empty() {
        return;
    }
    style.heading(out, &style.word("fetch.view.logins"));
    let mut grid = style.grid(&["packet", "fetch_user", "fetch_login", "fetch_outcome", "said"]);
    for login in session.logins.iter().take(MOST) {
        let outcome = lesson::smtp::auth_outcome(style.lang, how(login.outcome)).unwrap_or_default();
        let said = login.answer.as_deref().unwrap_or_default();
        grid.add_row([
            style.number(login.packet),
            style.cell(Tone::Plain, clipped(&shown(login.user.as_deref().unwrap_or("?")), LONGEST)),
            style.cell(Tone::Plain, mechanism(login)),
            style.cell(login_tone(login.outcome), outcome),
            style.cell(Tone::Plain, clipped(&shown(said), LONGEST)),
        ]);
    }
    style.push_grid(out, grid);
    more(style, session.logins.len(), out);
}

/// A row for each message, or portion of one, that went over the wire.
pub(super) fn messages(style: &Style, session: &Session, out: &mut String) {
    if session.messages.is_empty() {
        return;
    }
    style.heading(out, &style.word("fetch.view.messages"));
    let mut grid = style.grid(&["packet", "fetch_place", "fetch_item", "fetch_octets", "fetch_subject"]);
    for message in session.messages.iter().take(MOST) {
        let subject = message.content.header.subject.as_deref().unwrap_or_default();
        let state = if message.complete { Tone::Plain } else { Tone::Warn };
        grid.add_row([
            style.number(packets(message.packets.start, message.packets.end)),
            style.cell(Tone::Plain, place(message)),
            style.cell(Tone::Plain, item(style, message)),
            style.number(octets(style, message)),
            style.cell(state, clipped(&shown(subject), LONGEST)),
        ]);
    }
    style.push_grid(out, grid);
    more(style, session.messages.len(), out);
    if session.messages_left_out > 0 {
        let text = style.say("fetch.view.messages_left_out", &[("count", &session.messages_left_out)]);
        style.paragraph(out, Tone::Warn, &text, 2);
    }
}

/// `INBOX 1`; of an upload the mailbox alone.
fn place(message: &Message) -> String {
    let number = message.number.map(|number| number.to_string());
    let mailbox = message.mailbox.as_deref().map(|mailbox| clipped(&shown(mailbox), LONGEST));
    [mailbox, number].into_iter().flatten().collect::<Vec<_>>().join(" ")
}

fn item(style: &Style, message: &Message) -> String {
    let way = match message.from {
        Speaker::Client => style.word("fetch.view.uploaded_word"),
        Speaker::Server => clipped(&shown(&message.item), LONGEST),
    };
    match message.portion {
        Portion::Whole => way,
        Portion::Beginning | Portion::Header | Portion::Top | Portion::Section => {
            format!("{way}{}", style.in_brackets(&means::what(style, message)))
        }
    }
}

fn octets(style: &Style, message: &Message) -> String {
    if message.complete {
        message.octets.to_string()
    } else {
        format!("{}{}", message.octets, style.in_brackets(&style.word("smtp.mail.incomplete")))
    }
}

/// A row for each command that changes messages.
pub(super) fn changes(style: &Style, session: &Session, out: &mut String) {
    let changes = session.changes();
    if changes.is_empty() {
        return;
    }
    style.heading(out, &style.word("fetch.view.changes"));
    let mut grid = style.grid(&["packet", "fetch_what", "fetch_which", "fetch_outcome"]);
    for change in changes.iter().take(MOST) {
        let tone = match change.outcome {
            ChangeOutcome::Done => Tone::Good,
            ChangeOutcome::Refused => Tone::Bad,
            ChangeOutcome::Undone => Tone::Warn,
            ChangeOutcome::Unknown => Tone::Quiet,
        };
        grid.add_row([
            style.number(change.packet),
            style.cell(Tone::Plain, style.word(&format!("fetch.change.{}", change.kind.name()))),
            style.cell(Tone::Plain, clipped(&shown(&which::which(style, session, change)), LONGEST)),
            style.cell(tone, style.word(&format!("fetch.outcome.{}", change.outcome.name()))),
        ]);
    }
    style.push_grid(out, grid);
    more(style, changes.len(), out);
}

/// Whole messages, each with its header, its parts and its way.
pub(super) fn in_full(style: &Style, session: &Session, out: &mut String) {
    let all = session.messages.iter();
    let whole: Vec<&Message> = all.filter(|message| message.portion == Portion::Whole).collect();
    for message in whole.iter().take(MOST_IN_FULL) {
        let what = match message.from {
            Speaker::Server => "fetch.view.fetched_word",
            Speaker::Client => "fetch.view.uploaded_word",
        };
        let packets = packets(message.packets.start, message.packets.end);
        let values = [("packets", &packets as &dyn std::fmt::Display), ("what", &style.word(what))];
        style.heading(out, &style.say("fetch.view.message", &values));
        let state = match (message.complete, message.from) {
            (false, _) => "fetch.view.octets_incomplete",
            (true, Speaker::Server) => "fetch.view.octets",
            (true, Speaker::Client) => "fetch.view.octets_uploaded",
        };
        let octets = style.say(state, &[("octets", &message.octets)]);
        content_section(style, &content(message), &octets, out);
    }
    let left = whole.len().saturating_sub(MOST_IN_FULL);
    if left > 0 {
        let text = style.say("fetch.view.more_messages", &[("count", &left)]);
        style.paragraph(out, Tone::Quiet, &text, 2);
    }
}

fn more(style: &Style, all: usize, out: &mut String) {
    let left = all.saturating_sub(MOST);
    if left > 0 {
        style.paragraph(out, Tone::Quiet, &style.say("fetch.more_lines", &[("count", &left)]), 2);
    }
}

fn content(message: &Message) -> Content<'_> {
    let content = &message.content;
    Content {
        message_id: content.message_id.as_deref(),
        header: &content.header,
        hops: &content.hops,
        signatures: &content.signatures,
        assessments: &content.assessments,
        parts: &content.parts,
        parts_complete: content.parts_complete,
        sha256: message.sha256.as_ref(),
        time: message.time,
    }
}
