//! One row a session: who logged in, what was fetched, what was changed.

use std::collections::BTreeMap;

use super::super::smtp::{protection, protection_tone};
use super::super::style::{Style, Tone, push_clipped, shown};
use super::super::time::milliseconds;
use super::{how, login_tone, pace};
use crate::conversation::fetch::{Change, ChangeKind, ChangeOutcome, Portion, Session};
use crate::conversation::smtp::{Encryption, Speaker};
use crate::lesson;
use crate::packet::Protocol;
use crate::report::tally::Mailboxes;

/// Columns that a user's name takes at most.
const LONGEST_USER: usize = 40;
/// Columns from which on a terminal has room for the addresses of both ends.
const WIDE: usize = 120;

/// Appends the sessions of an overview, each protocol in a table of its own, and how many more there are.
pub(in crate::report::table) fn overview(
    style: &Style,
    out: &mut String,
    sessions: &[Session],
    counts: &BTreeMap<Protocol, Mailboxes>,
) {
    for (protocol, counts) in counts {
        out.push('\n');
        let own = || sessions.iter().filter(|session| session.protocol == *protocol);
        push_list(style, out, *protocol, own());
        let more = counts.sessions.saturating_sub(own().count() as u64);
        if more > 0 {
            let values = [("count", &more as &dyn std::fmt::Display), ("view", &protocol.name())];
            style.paragraph(out, Tone::Quiet, &style.say("fetch.view.more", &values), 2);
        }
    }
}

/// Without the addresses of both ends where the terminal is narrow: the connections' table has them.
pub(super) fn push_list<'a>(
    style: &Style,
    out: &mut String,
    protocol: Protocol,
    sessions: impl Iterator<Item = &'a Session>,
) {
    let columns = [
        protocol.name(),
        "client",
        "fetch_user",
        "fetch_outcome",
        "fetch_fetched",
        "protected",
        "took",
        "ended",
    ];
    let is_wide = style.width >= WIDE;
    let shown: Vec<&str> = columns.into_iter().filter(|&column| is_wide || column != "client").collect();
    let mut grid = style.grid(&shown);
    for session in sessions {
        let mut row = vec![style.number(session.stream)];
        if is_wide {
            let ends = format!("{} → {}", session.client.address, session.server);
            row.push(style.cell(Tone::Plain, ends));
        }
        let (user, outcome, tone) = login(style, session);
        row.extend([
            style.cell(Tone::Plain, user),
            style.cell(tone, outcome),
            style.cell(Tone::Plain, mails(style, session)),
            style.cell(protection_tone(session.encryption), protection(style, session.encryption)),
            style.number(took(session).unwrap_or_else(|| "-".to_owned())),
            style.cell(Tone::Quiet, style.word(&format!("fetch.ended.short.{}", session.ended.name()))),
        ]);
        grid.add_row(row);
    }
    style.push_grid(out, grid);
}

/// From the first line of a session to the end of the last; `None` where there is one alone.
pub(super) fn took(session: &Session) -> Option<String> {
    let first = session.turns.iter().find_map(|turn| turn.time);
    let last = session.turns.iter().filter_map(|turn| turn.last_time).max();
    pace::whole(session).map(|_| format!("{} ms", milliseconds(first, last)))
}

/// The last user, and what came of the login.
fn login(style: &Style, session: &Session) -> (String, String, Tone) {
    let Some(login) = session.logins.last() else {
        let hidden = session.encryption != Encryption::None;
        return (if hidden { "?" } else { "-" }.to_owned(), String::new(), Tone::Quiet);
    };
    let mut user = String::new();
    push_clipped(&mut user, &shown(login.user.as_deref().unwrap_or("?")), LONGEST_USER);
    let outcome = lesson::smtp::auth_outcome(style.lang, how(login.outcome)).unwrap_or_default();
    (user, outcome, login_tone(login.outcome))
}

/// Messages that were fetched whole, uploaded and deleted.
fn mails(style: &Style, session: &Session) -> String {
    let fetched = session.messages.iter().filter(|message| is_fetched_whole(message)).count();
    let hidden = session.encryption != Encryption::None && session.logins.is_empty();
    let mut said = if hidden { "?".to_owned() } else { fetched.to_string() };
    let is_deleted =
        |change: &Change| change.kind == ChangeKind::MarkedDeleted && change.outcome == ChangeOutcome::Done;
    let deleted = session.changes().iter().filter(|change| is_deleted(change)).count();
    if deleted > 0 {
        said.push_str(&style.say("fetch.view.deletions", &[("count", &deleted)]));
    }
    said
}

pub(super) fn is_fetched_whole(message: &crate::conversation::fetch::Message) -> bool {
    message.from == Speaker::Server && message.portion == Portion::Whole
}
