//! What a command and what a response say here.

use super::super::style::{Style, clipped, shown};
use super::{key, starttls};
use crate::conversation::fetch::{
    Change, ChangeKind, ChangeOutcome, Command, Message, Portion, Response, ResponseKind, Session, Status,
    Warning,
};
use crate::conversation::smtp::{Encryption, Speaker, challenge};
use crate::lesson;
use crate::packet::Protocol;

/// Columns that a value takes at most.
const LONGEST_VALUE: usize = 60;

/// The meaning of a command.
pub(super) fn command(
    style: &Style,
    session: &Session,
    command: &Command,
    decrypted: bool,
    keeps: bool,
) -> String {
    let verb = command.verb.strip_prefix("UID ").unwrap_or(&command.verb);
    let text = style.find(&format!("fetch.verb.{}.{}", key(session), said(verb, keeps)));
    let Some(mut means) = text else { return style.word("fetch.verb.unknown") };
    let arguments = command.arguments.to_ascii_uppercase();
    if command.verb.starts_with("UID ") {
        means.push_str(&style.word("fetch.verb.imap.uid"));
    }
    if verb == "FETCH" && arguments.contains(".PEEK[") {
        means.push_str(&style.word("fetch.verb.imap.peek"));
    }
    if verb == "STORE" && arguments.contains("\\DELETED") {
        means.push_str(&style.word("fetch.verb.imap.deleted"));
    }
    if matches!(verb, "AUTHENTICATE" | "AUTH")
        && let Some(text) = mechanism(style, &arguments, decrypted)
    {
        means.push_str(&format!(" · {text}"));
    }
    if session.protocol == Protocol::Imap
        && let Some((octets, waits)) = literal(&command.line)
    {
        let key = if waits { "fetch.verb.literal_waits" } else { "fetch.verb.literal_at_once" };
        means.push_str(&style.say(key, &[("octets", &octets)]));
    }
    means
}

/// What a mechanism sends, and what of it those on the wire could read.
fn mechanism(style: &Style, name: &str, decrypted: bool) -> Option<String> {
    let hidden = style.find(&format!("tls.mechanism.{name}")).filter(|_| decrypted);
    hidden.or_else(|| lesson::smtp::mechanism(style.lang, name))
}

/// A verb as the texts call it: QUIT of POP3 deletes only what was marked.
fn said(verb: &str, keeps: bool) -> &str {
    if verb == "QUIT" && keeps { "QUIT_unmarked" } else { verb }
}

/// All of a session is known, and no message in it was marked to be deleted.
pub(super) fn marks_nothing(session: &Session) -> bool {
    if session.protocol != Protocol::Pop3 {
        return false;
    }
    let torn = |warning: &Warning| matches!(warning, Warning::Gap | Warning::OneSided);
    let is_whole =
        session.greeting.is_some() && session.turns_left_out == 0 && !session.warnings.iter().any(torn);
    let marks = |change: &Change| {
        change.kind == ChangeKind::MarkedDeleted
            && matches!(change.outcome, ChangeOutcome::Done | ChangeOutcome::Unknown)
    };
    is_whole && !session.changes().iter().any(marks)
}

/// The first literal that a line announces: its octets, and whether the client waits for the server to ask for it.
fn literal(line: &str) -> Option<(u64, bool)> {
    line.match_indices('{').find_map(|(at, _)| {
        let (inner, _) = line[at + 1..].split_once('}')?;
        let (digits, waits) = inner.strip_suffix('+').map_or((inner, true), |digits| (digits, false));
        Some((digits.parse().ok()?, waits))
    })
}

/// The meaning of the greeting.
pub(super) fn greeting(style: &Style, session: &Session, response: &Response) -> String {
    let how = match response.status {
        Some(Status::Preauth) => "preauth",
        Some(Status::Bye) => "bye",
        _ => "ok",
    };
    let mut means = style.word(&format!("fetch.greeting.{how}"));
    if session.protocol == Protocol::Pop3 && response.text.contains('<') && response.text.contains('@') {
        means.push_str(&style.word("fetch.greeting.apop"));
    }
    means.push_str(&offered_in_code(style, session, response));
    means
}

/// The meaning of what a server says to a command, or unasked.
pub(super) fn response(
    style: &Style,
    session: &Session,
    kind: ResponseKind,
    command: Option<&Command>,
    response: &Response,
    keeps: bool,
) -> String {
    let verb = command.map_or("", |command| command.verb.as_str());
    let verb = verb.strip_prefix("UID ").unwrap_or(verb);
    match kind {
        ResponseKind::Untagged => untagged(style, session, verb, response),
        ResponseKind::Continuation => continuation(style, verb, response),
        ResponseKind::Tagged | ResponseKind::Status => {
            let mut means = outcome(style, session, verb, command, response, keeps);
            push_code(style, &mut means, response);
            means.push_str(&offered_in_code(style, session, response));
            means
        }
    }
}

fn outcome(
    style: &Style,
    session: &Session,
    verb: &str,
    command: Option<&Command>,
    response: &Response,
    keeps: bool,
) -> String {
    let status = match response.status {
        Some(Status::No) => "no",
        Some(Status::Bad) => "bad",
        Some(Status::Err) => "err",
        _ => "ok",
    };
    if status != "ok" {
        return style.word(&format!("fetch.status.{status}"));
    }
    // with a number these have their answer on the line itself
    let argued = command.is_some_and(|command| !command.arguments.is_empty());
    if argued && matches!(verb, "LIST" | "UIDL") && session.protocol == Protocol::Pop3 {
        return line(style, verb);
    }
    let done = style.find(&format!("fetch.done.{}.{}", key(session), said(verb, keeps)));
    done.unwrap_or_else(|| style.word("fetch.status.ok"))
}

/// What the code in brackets says.
fn push_code(style: &Style, means: &mut String, response: &Response) {
    let Some(code) = &response.code else { return };
    let word = code.split(' ').next().unwrap_or_default().to_ascii_uppercase();
    if word == "CAPABILITY" {
        return;
    }
    if let Some(text) = style.find(&format!("fetch.code.{word}")) {
        let colon = style.word("smtp.sign.colon");
        means.push_str(&format!(" · {}{colon}{text}", clipped(&shown(&word), LONGEST_VALUE)));
    }
}

fn untagged(style: &Style, session: &Session, verb: &str, response: &Response) -> String {
    let Some(name) = &response.name else {
        if response.status == Some(Status::Bye) {
            return style.word("fetch.status.bye");
        }
        let mut means = String::new();
        push_code(style, &mut means, response);
        let offered = offered_in_code(style, session, response);
        let said = means + &offered;
        let told = said.trim_start_matches(" · ");
        return if told.is_empty() { style.word("fetch.status.note") } else { told.to_owned() };
    };
    let number = response.number.unwrap_or_default();
    let found = style.find(&format!("fetch.data.{name}"));
    let mut means = match found {
        Some(_) => style.say(&format!("fetch.data.{name}"), &[("number", &number)]),
        None => style.word("fetch.status.note"),
    };
    match name.as_str() {
        "CAPABILITY" => means.push_str(&offered(style, session, response.text.split(' '))),
        "FETCH" => fetched(style, response, &mut means),
        "STATUS" => means.push_str(&figures(style, &response.text)),
        "LIST" | "LSUB" | "XLIST" => {
            for purpose in ["Sent", "Drafts", "Trash", "Junk", "Archive"] {
                if response.text.contains(&format!("\\{purpose}")) {
                    means.push_str(&style.word(&format!("fetch.data.list.{purpose}")));
                }
            }
        }
        _ => {}
    }
    let changes = matches!(name.as_str(), "EXISTS" | "RECENT" | "EXPUNGE" | "FETCH" | "VANISHED");
    if changes && matches!(verb, "" | "IDLE" | "NOOP") {
        means.push_str(&style.word("fetch.data.unasked"));
    }
    means
}

/// The figures of a mailbox (RFC 9051 section 7.3.4): pairs of name and number behind its name.
fn figures(style: &Style, text: &str) -> String {
    let inner = text.rsplit_once('(').map_or("", |(_, inner)| inner.trim_end_matches(')'));
    let words: Vec<&str> = inner.split_ascii_whitespace().collect();
    let figure = |pair: &[&str]| {
        let [name, number] = pair else { return None };
        let (key, number) =
            (format!("fetch.figure.{}", name.to_ascii_uppercase()), number.parse::<u64>().ok()?);
        style.find(&key).map(|_| style.say(&key, &[("number", &number)]))
    };
    words.chunks(2).filter_map(figure).collect()
}

/// What a FETCH response has of its message.
fn fetched(style: &Style, response: &Response, means: &mut String) {
    let text = response.text.to_ascii_uppercase();
    if text.contains("ENVELOPE (") {
        means.push_str(&style.word("fetch.data.envelope"));
    }
    if text.contains("FLAGS (") {
        means.push_str(&style.word("fetch.data.flags"));
    }
    if text.contains("BODYSTRUCTURE (") || text.contains("BODY (") {
        means.push_str(&style.word("fetch.data.structure"));
    }
}

fn continuation(style: &Style, verb: &str, response: &Response) -> String {
    match verb {
        "IDLE" => style.word("fetch.continuation.idle"),
        "AUTHENTICATE" | "AUTH" => {
            let asked = challenge(&response.text).filter(|text| !text.contains(char::is_control));
            match asked {
                Some(text) => {
                    let text = shown(&clipped(&text, LONGEST_VALUE));
                    style.say("fetch.continuation.challenge", &[("text", &text)])
                }
                None => style.word("fetch.continuation.auth"),
            }
        }
        _ => style.word("fetch.continuation.literal"),
    }
}

fn offered_in_code(style: &Style, session: &Session, response: &Response) -> String {
    let code = response.code.as_deref().unwrap_or_default();
    match code.split_once(' ') {
        Some((name, words)) if name.eq_ignore_ascii_case("CAPABILITY") => {
            offered(style, session, words.split(' '))
        }
        _ => String::new(),
    }
}

/// What matters among the capabilities of an IMAP server, and how many more there are.
fn offered<'a>(style: &Style, session: &Session, words: impl Iterator<Item = &'a str>) -> String {
    let (mut secure, mut more, mut ways, mut others) = (String::new(), String::new(), Vec::new(), 0);
    for word in words.filter(|word| !word.is_empty()) {
        let upper = word.to_ascii_uppercase();
        match upper.as_str() {
            "STARTTLS" => secure.push_str(&style.word(&format!("fetch.offer.starttls_{}", used(session)))),
            "LOGINDISABLED" => secure.push_str(&style.word("fetch.offer.logindisabled")),
            "IDLE" => more.push_str(&style.word("fetch.offer.idle")),
            "LITERAL+" => more.push_str(&style.word("fetch.offer.literal")),
            _ => match upper.strip_prefix("AUTH=") {
                Some(way) => ways.push(clipped(&shown(way), LONGEST_VALUE)),
                None => others += 1,
            },
        }
    }
    let mut said = secure;
    if !ways.is_empty() {
        let list = clipped(&ways.join(&style.word("smtp.sign.list")), LONGEST_VALUE);
        said.push_str(&style.say("fetch.offer.auth", &[("list", &list)]));
    }
    said.push_str(&more);
    if others > 0 {
        said.push_str(&style.say("fetch.offer.others", &[("count", &others)]));
    }
    said
}

const fn used(session: &Session) -> &'static str {
    match session.encryption {
        Encryption::None => "unused",
        Encryption::StartTls { .. } | Encryption::Implicit => "used",
    }
}

/// What a line of the answer to CAPA offers.
pub(super) fn capability(style: &Style, session: &Session, line: &str) -> String {
    let word = line.split(' ').next().unwrap_or_default().to_ascii_uppercase();
    let Some(mut means) = style.find(&format!("fetch.capa.{word}")) else {
        return style.word("fetch.capa.unknown");
    };
    if word == starttls(session) {
        let key = if used(session) == "used" { "smtp.view.used" } else { "smtp.view.not_used" };
        means.push_str(&format!(" · {}", style.word(key)));
    }
    means
}

/// What a line behind a reply of POP3 is.
pub(super) fn line(style: &Style, verb: &str) -> String {
    match verb {
        "LIST" => style.word("fetch.line.list"),
        "UIDL" => style.word("fetch.line.uidl"),
        "AUTH" => style.word("fetch.line.auth"),
        _ => String::new(),
    }
}

/// How much of a message it is, in words.
pub(super) fn what(style: &Style, message: &Message) -> String {
    style.word(&format!("fetch.portion.{}", message.portion.name()))
}

/// What a message is here, and how it is written down.
pub(super) fn message(style: &Style, message: &Message) -> String {
    let mut means = match (message.from, message.portion) {
        (Speaker::Client, _) => style.word("fetch.means.uploaded"),
        (Speaker::Server, Portion::Whole | Portion::Beginning) => {
            lesson::smtp::turn(style.lang, "message").unwrap_or_default()
        }
        (Speaker::Server, Portion::Header | Portion::Top | Portion::Section) => {
            clipped(&shown(&message.item), LONGEST_VALUE)
        }
    };
    if let Some(subject) = &message.content.header.subject {
        let subject = clipped(&shown(subject), LONGEST_VALUE);
        means.push_str(&style.say("fetch.means.subject", &[("subject", &subject)]));
    }
    means
}

/// Changes octets on the way; 7bit, 8bit and binary do not (RFC 2045 section 6.2).
pub(super) fn is_encoding(name: &str) -> bool {
    ["base64", "quoted-printable"].iter().any(|known| name.eq_ignore_ascii_case(known))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_literal_is_found_in_a_line() {
        assert_eq!(literal("a4 APPEND Sent (\\Seen) {310}"), Some((310, true)));
        assert_eq!(literal("a1 LOGIN {5+} alice"), Some((5, false)));
        assert_eq!(literal("a1 SEARCH {x}"), None);
    }
}
