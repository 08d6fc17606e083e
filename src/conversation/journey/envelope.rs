//! What the commands of a session said about each transaction, beyond its addresses.

use std::collections::VecDeque;

use crate::conversation::smtp::command;
use crate::conversation::smtp::{Session, TurnKind};
use crate::packet::Timestamp;

/// Recipients of which the first address is looked for.
const MAX_RECIPIENTS: usize = 1000;

/// A transaction, as its commands have it.
#[derive(Debug, Default)]
pub(super) struct Envelope {
    pub(super) mail_from: String,
    /// First and last packet of its commands.
    pub(super) packets: (u64, u64),
    pub(super) time: Option<Timestamp>,
    /// SIZE (RFC 1870): octets of the message, as the client declares them.
    pub(super) size: Option<u64>,
    /// Recipients with the address that they were at first.
    pub(super) originals: Vec<(String, String)>,
    /// Its place in the session's messages.
    message: Option<usize>,
}

/// The transactions of a session, in order.
pub(super) struct Envelopes(VecDeque<Envelope>);

impl Envelopes {
    /// Reads the commands once.
    pub(super) fn of(session: &Session) -> Self {
        let mut all: VecDeque<Envelope> = VecDeque::new();
        for turn in &session.turns {
            match &turn.kind {
                TurnKind::Command { verb, argument, .. } if verb == "MAIL" => all.push_back(Envelope {
                    mail_from: command::path(argument.as_bytes()),
                    packets: (turn.packet, turn.packet),
                    time: turn.time,
                    size: parameter(argument, "SIZE=").and_then(|size| size.parse().ok()),
                    ..Envelope::default()
                }),
                TurnKind::Command { verb, argument, .. } if verb == "RCPT" => {
                    let Some(envelope) = all.back_mut().filter(|envelope| envelope.message.is_none()) else {
                        continue;
                    };
                    envelope.packets.1 = turn.packet;
                    if let Some(original) =
                        original(argument).filter(|_| envelope.originals.len() < MAX_RECIPIENTS)
                    {
                        envelope.originals.push((command::path(argument.as_bytes()), original));
                    }
                }
                TurnKind::Message { message, .. } => {
                    if let Some(envelope) = all.back_mut().filter(|envelope| envelope.message.is_none()) {
                        envelope.message = Some(*message);
                    }
                }
                _ => {}
            }
        }
        Self(all)
    }

    /// The one of a message: asked for in the order of messages.
    pub(super) fn of_message(&mut self, index: usize) -> Option<Envelope> {
        let at = self.0.iter().position(|envelope| envelope.message == Some(index))?;
        self.0.remove(at)
    }

    /// The next one that had no message, from this sender.
    pub(super) fn abandoned(&mut self, mail_from: Option<&str>) -> Option<Envelope> {
        let fits = |e: &Envelope| e.message.is_none() && mail_from.is_none_or(|from| from == e.mail_from);
        let at = self.0.iter().position(fits)?;
        self.0.remove(at)
    }
}

/// The value of an ESMTP parameter behind the path.
fn parameter<'a>(argument: &'a str, name: &str) -> Option<&'a str> {
    let behind = argument.rfind('>').map_or(argument, |at| &argument[at + 1..]);
    behind.split(' ').find_map(|word| {
        let (key, value) = word.split_at_checked(name.len())?;
        key.eq_ignore_ascii_case(name).then_some(value)
    })
}

/// `ORCPT=rfc822;team@example.com`, decoded.
fn original(argument: &str) -> Option<String> {
    let (_, address) = parameter(argument, "ORCPT=")?.split_once(';')?;
    Some(xtext(address))
}

/// Text in which `+3D` stands for an octet (RFC 3461 section 4).
fn xtext(text: &str) -> String {
    let mut octets = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&octet, behind)) = rest.split_first() {
        rest = behind;
        let digits = behind.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(value) if octet == b'+' => {
                octets.push(value);
                rest = &behind[2..];
            }
            _ => octets.push(octet),
        }
    }
    String::from_utf8_lossy(&octets).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_before_a_rewriting_stands_in_orcpt() {
        assert_eq!(
            original("TO:<bob@example.com> ORCPT=rfc822;team@example.com").unwrap(),
            "team@example.com"
        );
        assert_eq!(original("TO:<b@a.test> orcpt=rfc822;a+2Bb@a.test").unwrap(), "a+b@a.test");
        assert_eq!(original("TO:<bob@example.com>"), None);
        assert_eq!(parameter("FROM:<a@b> BODY=8BITMIME SIZE=12", "SIZE="), Some("12"));
        assert_eq!(xtext("a+ZZ+"), "a+ZZ+");
    }
}
