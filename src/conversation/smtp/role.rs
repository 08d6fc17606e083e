//! What a session is for, and what speaks for it. Nothing on the wire says so: it is inferred.

use super::session::{Message, Role, Turn};

/// What can tell.
pub(super) struct Evidence<'a> {
    pub(super) port: u16,
    pub(super) lmtp: bool,
    pub(super) auth_used: bool,
    /// TLS hides what would tell: it was not decrypted.
    pub(super) encrypted: bool,
    pub(super) client_name: Option<&'a str>,
    pub(super) turns: &'a [Turn],
    pub(super) messages: &'a [Message],
}

/// The first labels of names that are usually given to mail servers.
const SERVER_LABELS: [&str; 14] = [
    "mx",
    "mail",
    "smtp",
    "relay",
    "smarthost",
    "mta",
    "mailout",
    "mailhost",
    "mailer",
    "out",
    "outbound",
    "gateway",
    "postfix",
    "exim",
];

/// The role, and the reason to believe it as a key of the texts. The strongest reason is asked first: what the
/// standard says of a port (RFC 6409, RFC 8314) or a command, then what the mail shows, then habits.
pub(super) fn role(evidence: &Evidence<'_>) -> (Role, &'static str) {
    let received = |m: &Message| !m.header.received.is_empty();
    let has_header = |m: &Message| m.header.from.is_some() || m.header.date.is_some();
    let says = |wanted: &[&str]| commands(evidence.turns).any(|(verb, _)| wanted.contains(&verb));
    let rcpt_with = |parameter: &str| {
        commands(evidence.turns)
            .any(|(verb, argument)| verb == "RCPT" && argument.to_ascii_uppercase().contains(parameter))
    };
    let null_path =
        || commands(evidence.turns).any(|(verb, argument)| verb == "MAIL" && has_null_path(argument));
    let name = evidence.client_name.unwrap_or_default();
    if evidence.lmtp {
        (Role::Delivery, "lmtp")
    } else if matches!(evidence.port, 587 | 465) {
        (Role::Submission, "port")
    } else if evidence.auth_used {
        (Role::Submission, "auth")
    } else if evidence.messages.iter().any(received) {
        (Role::Relay, "received")
    } else if evidence.messages.iter().any(has_header) {
        (Role::Submission, "no_received")
    } else if says(&["XFORWARD", "XCLIENT"]) {
        (Role::Relay, "passed_on")
    } else if says(&["ETRN", "ATRN"]) {
        (Role::Relay, "asks_for_mail")
    } else if rcpt_with(" ORCPT=") {
        (Role::Relay, "orcpt")
    } else if null_path() {
        (Role::Relay, "null_path")
    } else if evidence.port == 25 && is_server_name(name) {
        (Role::Relay, "server_name")
    } else if name.starts_with('[') {
        (Role::Submission, "address_literal")
    } else if evidence.encrypted {
        (Role::Unknown, "encrypted")
    } else {
        (Role::Unknown, "none")
    }
}

fn commands(turns: &[Turn]) -> impl Iterator<Item = (&str, &str)> {
    turns.iter().filter_map(|turn| turn.kind.command())
}

/// Reports of delivery come from servers, and nobody is to answer them (RFC 5321 section 4.5.5).
fn has_null_path(argument: &str) -> bool {
    argument.find('<').is_some_and(|at| argument[at..].starts_with("<>"))
}

/// `mx1.example.com`: a name with dots whose first label, its digits aside, is one of the usual ones.
fn is_server_name(name: &str) -> bool {
    let Some((first, rest)) = name.split_once('.') else { return false };
    let label = first.split('-').next().unwrap_or(first).trim_end_matches(|c: char| c.is_ascii_digit());
    rest.contains('.') && SERVER_LABELS.iter().any(|known| label.eq_ignore_ascii_case(known))
}

#[cfg(test)]
mod tests {
    use super::super::session::TurnKind;
    use super::*;
    use crate::conversation::smtp::Speaker;

    fn told(name: &str, port: u16, said: &[(&str, &str)]) -> (Role, &'static str) {
        let turn = |(verb, argument): &(&str, &str)| Turn {
            packet: 1,
            time: None,
            last_packet: 1,
            last_time: None,
            from: Speaker::Client,
            kind: TurnKind::Command {
                verb: (*verb).into(),
                line: format!("{verb} {argument}"),
                argument: (*argument).into(),
                secret: None,
            },
        };
        let turns: Vec<Turn> = said.iter().map(turn).collect();
        let (client_name, turns) = (Some(name), turns.as_slice());
        let quiet = (false, false, false);
        let (lmtp, auth_used, encrypted) = quiet;
        role(&Evidence { port, lmtp, auth_used, encrypted, client_name, turns, messages: &[] })
    }

    #[test]
    fn an_envelope_alone_gives_evidence() {
        let rcpt = ("RCPT", "TO:<b@example.com> ORCPT=rfc822;a@example.com");
        assert_eq!(told("client.example.org", 25, &[rcpt]), (Role::Relay, "orcpt"));
        assert_eq!(told("c", 25, &[("MAIL", "FROM:<> SIZE=5")]), (Role::Relay, "null_path"));
        assert_eq!(told("c", 25, &[("XFORWARD", "NAME=x")]), (Role::Relay, "passed_on"));
        assert_eq!(told("c", 25, &[("MAIL", "FROM:<a@example.com>")]), (Role::Unknown, "none"));
    }

    #[test]
    fn a_server_is_known_by_its_name_at_the_port_for_relaying_alone() {
        assert_eq!(told("mx2.example.com", 25, &[]), (Role::Relay, "server_name"));
        assert_eq!(told("mail-7.example.com", 25, &[]), (Role::Relay, "server_name"));
        assert_eq!(told("mx2.example.com", 2525, &[]), (Role::Unknown, "none"));
        assert_eq!(told("mail", 25, &[]), (Role::Unknown, "none"));
        assert_eq!(told("mxyzptlk.example.com", 25, &[]), (Role::Unknown, "none"));
        assert_eq!(told("[192.0.2.1]", 25, &[]), (Role::Submission, "address_literal"));
    }
}
