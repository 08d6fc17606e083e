//! What a change is about, in words: messages, flags, a mailbox.

use super::super::style::Style;
use crate::conversation::fetch::{Change, ChangeKind, Session};

/// In words; as it stands on the wire where that cannot be read.
pub(super) fn which(style: &Style, session: &Session, change: &Change) -> String {
    let command = session.turns.get(change.turn).and_then(|turn| turn.kind.command());
    let by_uid = command.is_some_and(|command| command.verb.starts_with("UID "));
    words(style, change, by_uid).unwrap_or_else(|| change.arguments.clone())
}

fn words(style: &Style, change: &Change, by_uid: bool) -> Option<String> {
    let arguments = change.arguments.trim();
    if change.kind == ChangeKind::Uploaded {
        return uploaded(style, arguments);
    }
    let (set, rest) = arguments.split_once(' ').unwrap_or((arguments, ""));
    if set.is_empty() {
        return None;
    }
    let key = match (by_uid, set.contains([',', ':', '*'])) {
        (true, _) => "fetch.which.uid",
        (false, true) => "fetch.which.messages",
        (false, false) => "fetch.which.message",
    };
    let more = match change.kind {
        ChangeKind::Copied | ChangeKind::Moved => {
            let (mailbox, _) = mailbox(rest)?;
            style.say("fetch.which.to", &[("mailbox", &mailbox)])
        }
        // that they are marked as deleted is said already
        ChangeKind::MarkedDeleted | ChangeKind::Expunged => String::new(),
        ChangeKind::Marked => flags(style, rest)?,
        ChangeKind::Uploaded => return None,
    };
    Some(style.say(key, &[("set", &set)]) + &more)
}

/// `+FLAGS.SILENT (\\Seen)` (RFC 9051 section 6.4.6).
fn flags(style: &Style, text: &str) -> Option<String> {
    let (item, flags) = text.split_once(' ')?;
    let key = match item.as_bytes().first()? {
        b'+' => "fetch.which.added",
        b'-' => "fetch.which.taken",
        _ => "fetch.which.replaced",
    };
    Some(style.say(key, &[("flags", &flags.trim_matches(['(', ')']))]))
}

/// `Sent (\\Seen) "date" {216}` (RFC 9051 section 6.3.12).
fn uploaded(style: &Style, arguments: &str) -> Option<String> {
    let (mailbox, rest) = mailbox(arguments)?;
    let mut said = mailbox.to_owned();
    if let Some((flags, _)) = rest.strip_prefix('(').and_then(|rest| rest.split_once(')'))
        && !flags.is_empty()
    {
        said.push_str(&style.say("fetch.which.marked", &[("flags", &flags)]));
    }
    let (_, literal) = rest.split_once('{')?;
    let octets: u64 = literal.split(['+', '}']).next()?.parse().ok()?;
    said.push_str(&style.say("fetch.which.octets", &[("octets", &octets)]));
    Some(said)
}

/// The name of a mailbox, and what follows it; `None` of a literal.
fn mailbox(text: &str) -> Option<(&str, &str)> {
    let (name, rest) = match text.strip_prefix('"') {
        Some(quoted) => quoted.split_once('"')?,
        None => text.split_once(' ').unwrap_or((text, "")),
    };
    let is_plain = !name.is_empty() && !name.contains(['{', '\\']);
    is_plain.then(|| (name, rest.trim_start()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conversation::fetch::ChangeOutcome;
    use crate::lesson::Lang;
    use crate::report::TimeFormat;

    fn said(kind: ChangeKind, arguments: &str, by_uid: bool) -> Option<String> {
        let style =
            Style { lang: Lang::En, color: false, width: 80, time: TimeFormat::Relative, names: None };
        let (arguments, outcome) = (arguments.to_owned(), ChangeOutcome::Done);
        words(&style, &Change { turn: 0, packet: 1, kind, arguments, outcome }, by_uid)
    }

    #[test]
    fn a_change_is_told_in_words() {
        use ChangeKind::{Copied, Marked, MarkedDeleted, Uploaded};
        for (kind, arguments, by_uid, expected) in [
            (Uploaded, "Sent (\\Seen) {216}", false, "Sent, marked \\Seen, 216 octets"),
            (Uploaded, "\"Sent Items\" {5+}", false, "Sent Items, 5 octets"),
            (MarkedDeleted, "1", false, "message 1"),
            (MarkedDeleted, "1:4 +FLAGS (\\Deleted)", false, "messages 1:4"),
            (Marked, "2 -FLAGS.SILENT (\\Seen)", false, "message 2, \\Seen taken away"),
            (Copied, "7 Trash", true, "by unique identifier: 7, to Trash"),
        ] {
            assert_eq!(said(kind, arguments, by_uid).as_deref(), Some(expected), "{arguments}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_left_as_it_stands() {
        assert_eq!(said(ChangeKind::Uploaded, "{4} Sent {216}", false), None);
        assert_eq!(said(ChangeKind::Expunged, "", false), None);
    }
}
