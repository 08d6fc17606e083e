//! What a command says here, with its own parameters; and which layer's part a line plays.

use super::super::style::{Style, clipped, shown};
use crate::conversation::smtp::{Message, Turn, TurnKind};
use crate::lesson::smtp::{self, Phase};

/// Columns that a value takes at most.
const LONGEST_VALUE: usize = 60;

/// The meaning of a command.
pub(super) fn command(style: &Style, verb: &str, argument: &str) -> String {
    let mut means = smtp::verb(style.lang, verb).unwrap_or_else(|| style.word("smtp.view.unknown_verb"));
    let more = match verb {
        "EHLO" | "HELO" | "LHLO" if argument.starts_with('[') => {
            vec![style.word("smtp.here.address_literal")]
        }
        "MAIL" => mail(style, argument),
        "RCPT" => parameters(style, "rcpt", argument),
        "BDAT" => chunk(style, argument),
        "AUTH" => smtp::mechanism(style.lang, &argument.to_ascii_uppercase()).into_iter().collect(),
        _ => Vec::new(),
    };
    for text in more {
        means.push_str(" · ");
        means.push_str(&text);
    }
    means
}

fn mail(style: &Style, argument: &str) -> Vec<String> {
    let mut said = parameters(style, "mail", argument);
    if path(argument) == Some("<>") {
        said.insert(0, style.word("smtp.here.null_path"));
    }
    said
}

/// A text for each parameter of MAIL or RCPT (RFC 5321 section 4.1.2): `smtp.here.<verb>.<NAME>`.
fn parameters(style: &Style, verb: &str, argument: &str) -> Vec<String> {
    let behind = argument.rfind('>').map_or("", |at| &argument[at + 1..]);
    let words = behind.split(' ').filter(|word| !word.is_empty());
    let said = words.map(|word| {
        let (name, value) = word.split_once('=').unwrap_or((word, ""));
        let key = format!("smtp.here.{verb}.{}", name.to_ascii_uppercase());
        // `rfc822;user@example.com`: the type of the address says nothing here (RFC 3461 section 4.2)
        let address = value.split_once(';').filter(|_| name.eq_ignore_ascii_case("ORCPT"));
        let value = clipped(&shown(address.map_or(value, |(_, address)| address)), LONGEST_VALUE);
        match style.find(&key) {
            Some(_) => style.say(&key, &[("value", &value)]),
            None => style.say("smtp.here.parameter", &[("name", &clipped(&shown(name), LONGEST_VALUE))]),
        }
    });
    said.collect()
}

fn chunk(style: &Style, argument: &str) -> Vec<String> {
    let octets: Option<u64> = argument.split_ascii_whitespace().next().and_then(|word| word.parse().ok());
    let key = match is_last_chunk(argument) {
        true if octets == Some(0) => "smtp.here.empty_last_chunk",
        true => "smtp.here.last_chunk",
        false => "smtp.here.chunk",
    };
    octets.map(|octets| style.say(key, &[("octets", &octets)])).into_iter().collect()
}

/// Whether BDAT announces the last piece of a message.
pub(super) fn is_last_chunk(argument: &str) -> bool {
    argument.split_ascii_whitespace().nth(1).is_some_and(|word| word.eq_ignore_ascii_case("LAST"))
}

/// `<a@example.com>` of a command's argument.
pub(super) fn path(argument: &str) -> Option<&str> {
    let open = argument.find('<')?;
    let close = open + argument[open..].find('>')?;
    Some(&argument[open..=close])
}

/// How what is in the message is written down: transfer encodings and charsets, each once.
pub(super) fn encodings(style: &Style, message: &Message) -> Option<String> {
    let mut names: Vec<String> = Vec::new();
    for part in &message.parts {
        let charset = part.charset.as_deref().filter(|charset| !charset.eq_ignore_ascii_case("us-ascii"));
        let encoding = Some(part.encoding.as_str()).filter(|encoding| is_encoding(encoding));
        for name in [encoding, charset].into_iter().flatten().map(str::to_ascii_lowercase) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
    }
    let list = clipped(&shown(&names.join(&style.word("smtp.sign.list"))), LONGEST_VALUE);
    (!names.is_empty()).then(|| style.say("smtp.here.encodings", &[("list", &list)]))
}

/// Changes octets on the way; 7bit, 8bit and binary do not (RFC 2045 section 6.2).
fn is_encoding(name: &str) -> bool {
    ["base64", "quoted-printable"].iter().any(|known| name.eq_ignore_ascii_case(known))
}

/// The OSI layers whose part a line plays: what opens and closes the dialogue is of the session, what encodes or
/// encrypts of the presentation, all else of the application.
pub(super) fn osi(messages: &[Message], turn: &Turn, phase: Phase) -> &'static str {
    match (&turn.kind, phase) {
        (TurnKind::Gap { .. }, _) => "",
        (TurnKind::Message { message, .. }, _) => {
            let message = messages.get(*message);
            let written =
                |m: &Message| m.parts.iter().any(|p| is_encoding(&p.encoding) || p.charset.is_some());
            if message.is_some_and(written) { "6,7" } else { "7" }
        }
        (TurnKind::AuthResponse { cancel: false, .. }, _) => "6,7",
        // the challenge is base64 as well
        (TurnKind::Reply { reply, .. }, Phase::Authentication) if reply.code == 334 => "6,7",
        (TurnKind::Command { secret: Some(_), .. }, Phase::Authentication) => "6,7",
        (_, Phase::Connect | Phase::Hello | Phase::Closing) => "5",
        (_, Phase::Encryption) => "6",
        (_, Phase::Authentication | Phase::Envelope | Phase::Message | Phase::Service) => "7",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_what_stands_in_brackets() {
        assert_eq!(path("FROM:<> SIZE=5"), Some("<>"));
        assert_eq!(path("TO:<b@example.com>"), Some("<b@example.com>"));
        assert_eq!(path("TO:b@example.com"), None);
        assert_eq!(path("> <"), None);
    }
}
