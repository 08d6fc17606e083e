//! What each line of the reply to EHLO offers, and what this client made of it.

use super::super::style::{Style, clipped, shown};
use crate::conversation::smtp::{Encryption, Session, Speaker, TurnKind, is_crossed_out};
use crate::lesson::smtp;

/// Columns that words from the wire take at most.
const LONGEST_VALUE: usize = 120;

/// Mails whose sizes are told one by one; of more the largest is.
const SIZES: usize = 3;

/// The meaning of one line; of a session that is over, also what became of it, as far as the reply has `validity`.
pub(super) fn capability(
    style: &Style,
    session: Option<&Session>,
    line: &str,
    validity: &mut Validity,
) -> String {
    if is_crossed_out(line) {
        return style.word("smtp.use.crossed_out");
    }
    let mut words = line.split([' ', '=']).filter(|word| !word.is_empty());
    let keyword = words.next().unwrap_or_default().to_ascii_uppercase();
    let parameters: Vec<&str> = words.collect();
    let mut means =
        smtp::keyword(style.lang, line).unwrap_or_else(|| style.word("smtp.view.unknown_keyword"));
    if let Some(detail) = detail(style, &keyword, &parameters) {
        means.push_str(&detail);
    }
    if let Some(session) = session
        && let Some(mut used) = used(style, session, &keyword, &parameters)
    {
        let is_void = match validity {
            Validity::Counts => false,
            Validity::Void { .. } if keyword == "STARTTLS" => false,
            // what is used later may have been offered again inside
            Validity::Void { .. } => session.decrypted.is_some() || used == style.word("smtp.view.not_used"),
        };
        if is_void {
            used = style.word(validity.word(session));
        }
        means.push_str(" · ");
        means.push_str(&used);
    }
    means
}

/// What becomes of the lines of one reply.
pub(super) enum Validity {
    /// They stand.
    Counts,
    /// They were offered before TLS and are to be forgotten (RFC 3207 section 4.2).
    Void {
        /// A line before this one has said why.
        told: bool,
    },
}

impl Validity {
    /// Of the lines of a reply that stood inside TLS or did not.
    pub(super) const fn of(session: Option<&Session>, inside: bool) -> Self {
        match session {
            Some(session) if !inside && matches!(session.encryption, Encryption::StartTls { .. }) => {
                Validity::Void { told: false }
            }
            _ => Validity::Counts,
        }
    }

    /// The key of the word for what is void: the first one says why.
    const fn word(&mut self, session: &Session) -> &'static str {
        let told = matches!(self, Validity::Void { told: true });
        *self = Validity::Void { told: true };
        match (told, &session.decrypted) {
            (true, _) => "smtp.use.void_too",
            (false, Some(_)) => "smtp.use.void_again",
            (false, None) => "smtp.use.void",
        }
    }
}

fn value(text: &str) -> String {
    clipped(&shown(text), LONGEST_VALUE)
}

/// What the parameters of the line say.
fn detail(style: &Style, keyword: &str, parameters: &[&str]) -> Option<String> {
    match (keyword, parameters) {
        ("SIZE", [limit]) => match limit.parse::<u64>() {
            Ok(0) => Some(style.word("smtp.use.no_limit")),
            Ok(octets) => Some(style.say("smtp.use.limit", &[("octets", &octets)])),
            Err(_) => None,
        },
        ("SIZE", []) => Some(style.word("smtp.use.no_limit")),
        ("AUTH" | "LIMITS" | "NO-SOLICITING", [_, ..]) => Some(
            style.say("smtp.use.list", &[("list", &value(&parameters.join(&style.word("smtp.sign.list"))))]),
        ),
        _ => None,
    }
}

/// What the client made of it; `None` where the wire does not show that.
fn used(style: &Style, session: &Session, keyword: &str, parameters: &[&str]) -> Option<String> {
    let seen = |found: bool| style.word(if found { "smtp.view.used" } else { "smtp.view.not_used" });
    let with = |verb: &str, names: &[&str]| {
        let found: Vec<String> = commands(session)
            .filter(|(_, said, _)| *said == verb)
            .flat_map(|(_, _, argument)| matching(argument, names))
            .collect();
        match found.first() {
            Some(first) => style.say("smtp.use.by", &[("how", &value(&format!("{verb} … {first}")))]),
            None => seen(false),
        }
    };
    Some(match keyword {
        "PIPELINING" => pipelining(style, session),
        "SIZE" => size(style, session, parameters.first().and_then(|limit| limit.parse().ok())),
        "8BITMIME" if eight_bit_unasked(session) => style.word("smtp.use.eight_bit_unasked"),
        "8BITMIME" => with("MAIL", &["BODY=8BITMIME", "BODY=7BIT"]),
        "BINARYMIME" => with("MAIL", &["BODY=BINARYMIME"]),
        "SMTPUTF8" | "REQUIRETLS" => with("MAIL", &[keyword]),
        "DELIVERBY" => with("MAIL", &["BY="]),
        "FUTURERELEASE" => with("MAIL", &["HOLDFOR=", "HOLDUNTIL="]),
        "MT-PRIORITY" => with("MAIL", &["MT-PRIORITY="]),
        "SUBMITTER" => with("MAIL", &["SUBMITTER="]),
        "RRVS" => with("RCPT", &["RRVS="]),
        "DSN" => dsn(style, session),
        "STARTTLS" => starttls(style, session),
        "AUTH" => match &session.auth {
            Some(auth) => style.say("smtp.use.chosen", &[("mechanism", &shown(&auth.mechanism))]),
            None => seen(false),
        },
        "ENHANCEDSTATUSCODES" => {
            let count = replies_with_status(session);
            style.say("smtp.use.statuses", &[("count", &count)])
        }
        "CHUNKING" => {
            let count = commands(session).filter(|(_, verb, _)| *verb == "BDAT").count();
            if count == 0 { seen(false) } else { style.say("smtp.use.chunks", &[("count", &count)]) }
        }
        "VRFY" | "ETRN" | "ATRN" | "EXPN" | "HELP" | "BURL" | "XCLIENT" | "XFORWARD" => {
            seen(commands(session).any(|(_, verb, _)| verb == keyword))
        }
        _ => return None,
    })
}

fn commands(session: &Session) -> impl Iterator<Item = (u64, &str, &str)> {
    session.turns.iter().filter_map(|turn| {
        let (verb, argument) = turn.kind.command()?;
        Some((turn.packet, verb, argument))
    })
}

/// Parameters of MAIL or RCPT that have one of these names, or begin with it.
fn matching<'a>(argument: &'a str, names: &'a [&str]) -> impl Iterator<Item = String> + 'a {
    let words = argument.split(' ').skip(1).map(str::to_ascii_uppercase);
    words
        .filter(|word| names.iter().any(|name| word == name || name.ends_with('=') && word.starts_with(name)))
}

/// Commands that did not wait for the reply to the one before (RFC 2920 section 3.1).
fn pipelining(style: &Style, session: &Session) -> String {
    let (mut longest, mut first, mut last) = (0, 0, 0);
    let (mut count, mut begin) = (0, 0);
    for turn in &session.turns {
        match (&turn.kind, turn.from) {
            (TurnKind::Command { .. }, _) => {
                begin = if count == 0 { turn.packet } else { begin };
                count += 1;
                if count > longest {
                    (longest, first, last) = (count, begin, turn.packet);
                }
            }
            (_, Speaker::Server) => count = 0,
            (_, Speaker::Client) => {}
        }
    }
    let heard = session.turns.iter().any(|turn| turn.from == Speaker::Server);
    match longest {
        0 | 1 => style.word("smtp.view.not_used"),
        _ if !heard => style.word("smtp.view.not_used"),
        _ if first == last => {
            style.say("smtp.use.at_once_in_one", &[("count", &longest), ("packet", &first)])
        }
        _ => style.say("smtp.use.at_once", &[("count", &longest), ("first", &first), ("last", &last)]),
    }
}

/// A message has octets above 127, and no MAIL says so (RFC 6152 section 2, RFC 3030 section 3).
fn eight_bit_unasked(session: &Session) -> bool {
    let asked = commands(session)
        .filter(|(_, verb, _)| *verb == "MAIL")
        .any(|(_, _, argument)| matching(argument, &["BODY="]).next().is_some());
    !asked && session.messages.iter().any(|message| message.eight_bit)
}

/// The size that MAIL announced, or that of the message, against the limit (RFC 1870).
fn size(style: &Style, session: &Session, limit: Option<u64>) -> String {
    let all_announced: Vec<u64> = commands(session)
        .filter(|(_, verb, _)| *verb == "MAIL")
        .flat_map(|(_, _, argument)| matching(argument, &["SIZE="]))
        .filter_map(|word| word.strip_prefix("SIZE=")?.parse().ok())
        .collect();
    let all_sent: Vec<u64> = session.messages.iter().map(|message| message.octets).collect();
    let (announced, sent) = (all_announced.iter().copied().max(), all_sent.iter().copied().max());
    let mut text = match (announced, sent) {
        (Some(_), Some(_))
            if (2..=SIZES).contains(&all_sent.len()) && all_sent.len() == all_announced.len() =>
        {
            sizes(style, &all_announced, &all_sent)
        }
        (Some(announced), Some(sent)) => {
            style.say("smtp.use.announced_and_sent", &[("announced", &announced), ("sent", &sent)])
        }
        (Some(announced), None) => style.say("smtp.use.announced", &[("announced", &announced)]),
        (None, Some(sent)) => style.say("smtp.use.not_announced", &[("sent", &sent)]),
        (None, None) => style.word("smtp.view.not_used"),
    };
    let pairs = || all_announced.iter().zip(&all_sent);
    let each = all_announced.len() == all_sent.len() && pairs().any(|(announced, sent)| sent > announced);
    if each || announced.is_some_and(|announced| sent.is_some_and(|sent| sent > announced)) {
        text.push_str(&style.word("smtp.use.more_than_announced"));
    }
    let largest = announced.max(sent);
    if limit.filter(|limit| *limit > 0).zip(largest).is_some_and(|(limit, largest)| largest > limit) {
        text.push_str(&style.word("smtp.use.over_limit"));
    }
    text
}

/// What was announced for each of some mails, and what was sent.
fn sizes(style: &Style, announced: &[u64], sent: &[u64]) -> String {
    let list = |sizes: &[u64]| {
        let names: Vec<String> = sizes.iter().map(u64::to_string).collect();
        names.join(&style.word("smtp.use.and"))
    };
    let key = if announced == sent { "smtp.use.sizes_as_sent" } else { "smtp.use.sizes" };
    style.say(key, &[("count", &sent.len()), ("announced", &list(announced)), ("sent", &list(sent))])
}

fn dsn(style: &Style, session: &Session) -> String {
    let mut names: Vec<String> = commands(session)
        .flat_map(|(_, verb, argument)| match verb {
            "MAIL" => matching(argument, &["RET=", "ENVID="]).collect::<Vec<_>>(),
            "RCPT" => matching(argument, &["NOTIFY=", "ORCPT="]).collect(),
            _ => Vec::new(),
        })
        .filter_map(|word| Some(word.split_once('=')?.0.to_owned()))
        .collect();
    names.sort();
    names.dedup();
    match names.as_slice() {
        [] => style.word("smtp.view.not_used"),
        names => style.say("smtp.use.by", &[("how", &names.join(&style.word("smtp.sign.list")))]),
    }
}

fn starttls(style: &Style, session: &Session) -> String {
    let asked = commands(session).any(|(_, verb, _)| verb == "STARTTLS");
    match session.encryption {
        Encryption::StartTls { packet } => style.say("smtp.use.tls", &[("packet", &packet)]),
        Encryption::None | Encryption::Implicit if asked => style.word("smtp.use.tls_in_vain"),
        Encryption::None | Encryption::Implicit => style.word("smtp.use.no_tls"),
    }
}

fn replies_with_status(session: &Session) -> usize {
    let replies = session.turns.iter().filter(|turn| match &turn.kind {
        TurnKind::Reply { reply, .. } => reply.enhanced.is_some(),
        TurnKind::Greeting(_)
        | TurnKind::Command { .. }
        | TurnKind::AuthResponse { .. }
        | TurnKind::Message { .. }
        | TurnKind::Tls
        | TurnKind::Gap { .. } => false,
    });
    replies.count()
}
