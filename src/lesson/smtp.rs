//! What the lines of a mail dialogue mean. Every function takes words and numbers; `None` where nothing is
//! known about them.

use super::{Lang, find};

/// The part of a session that a line belongs to (RFC 5321 section 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Phase {
    /// The connection is there, the server speaks first.
    Connect,
    /// Both sides say who they are.
    Hello,
    /// STARTTLS.
    Encryption,
    /// AUTH.
    Authentication,
    /// Sender and recipients.
    Envelope,
    /// The message itself.
    Message,
    /// Commands that change nothing, and those that start over.
    Service,
    /// QUIT.
    Closing,
}

impl Phase {
    /// Every phase.
    pub const ALL: [Phase; 8] = [
        Phase::Connect,
        Phase::Hello,
        Phase::Encryption,
        Phase::Authentication,
        Phase::Envelope,
        Phase::Message,
        Phase::Service,
        Phase::Closing,
    ];

    /// The phase that a command (upper case) belongs to, and with it the replies that answer it.
    pub fn of_verb(verb: &str) -> Self {
        match verb {
            "EHLO" | "HELO" | "LHLO" => Phase::Hello,
            "STARTTLS" => Phase::Encryption,
            "AUTH" => Phase::Authentication,
            "MAIL" | "RCPT" => Phase::Envelope,
            "DATA" | "BDAT" | "BURL" => Phase::Message,
            "QUIT" => Phase::Closing,
            _ => Phase::Service,
        }
    }

    /// The phase of a reply whose command is not known, by its code where only one command has that.
    pub const fn of_code(code: u16) -> Option<Self> {
        match code {
            221 | 421 => Some(Phase::Closing),
            235 | 334 | 432 | 534 | 535 | 538 => Some(Phase::Authentication),
            354 => Some(Phase::Message),
            _ => None,
        }
    }

    /// The name in the texts.
    pub const fn name(self) -> &'static str {
        match self {
            Phase::Connect => "connect",
            Phase::Hello => "hello",
            Phase::Encryption => "encryption",
            Phase::Authentication => "authentication",
            Phase::Envelope => "envelope",
            Phase::Message => "message",
            Phase::Service => "service",
            Phase::Closing => "closing",
        }
    }
}

fn text(lang: Lang, group: &str, name: &str) -> Option<String> {
    find(lang, &format!("smtp.{group}.{name}"), &[])
}

/// What a command asks for; `verb` in upper case.
pub fn verb(lang: Lang, verb: &str) -> Option<String> {
    text(lang, "verb", verb)
}

/// What an extension is for: a line of the reply to EHLO, or its first word, in any case.
pub fn keyword(lang: Lang, line: &str) -> Option<String> {
    let word = line.split([' ', '=']).next()?.to_ascii_uppercase();
    text(lang, "keyword", &word)
}

/// What a reply code means when nothing is known of the command; the class of the code where the code itself
/// has no text.
pub fn code(lang: Lang, code: u16) -> Option<String> {
    text(lang, "code", &code.to_string()).or_else(|| text(lang, "code.class", &(code / 100).to_string()))
}

/// What a reply means as the answer to `to`: a verb in upper case, `greeting` for the first reply, `message`
/// for the one behind the final dot. [`code`] where the two together have no text.
pub fn answer(lang: Lang, to: &str, reply_code: u16) -> Option<String> {
    let class = reply_code / 100;
    let special =
        matches!((to, reply_code), (_, 421) | ("RCPT", 251 | 252 | 551..=553) | ("AUTH", 432 | 502..=538));
    let paired = if special { None } else { text(lang, "answer", &format!("{to}.{class}")) };
    paired.or_else(|| code(lang, reply_code))
}

/// What an enhanced status code (RFC 3463, `5.1.1`) means: its detail where it has a text, else its subject,
/// with the class of a failure.
pub fn enhanced(lang: Lang, status: &str) -> Option<String> {
    let (class, rest) = status.split_once('.')?;
    let (subject, _) = rest.split_once('.')?;
    let detail = text(lang, "enhanced.detail", rest).or_else(|| text(lang, "enhanced.subject", subject))?;
    if class == "2" {
        return Some(detail);
    }
    let class = text(lang, "enhanced.class", class)?;
    find(lang, "smtp.enhanced.with", &[("detail", &detail), ("class", &class)])
}

/// What the sender can do about a refusal: by its enhanced status code, by the server's own words, by the reply
/// code, and at last by the class of that.
pub fn advice(lang: Lang, code: u16, status: Option<&str>, words: &str) -> Option<String> {
    let words = words.to_ascii_lowercase();
    let greylisted =
        code / 100 == 4 && ["greylist", "graylist", "grey-list"].iter().any(|word| words.contains(word));
    if greylisted {
        return text(lang, "advice", "greylisted");
    }
    let subject = status.and_then(|status| status.rsplit_once('.')).map(|(subject, _)| subject);
    status
        .and_then(|status| text(lang, "advice.status", status))
        .or_else(|| text(lang, "advice.code", &code.to_string()))
        .or_else(|| subject.and_then(|subject| text(lang, "advice.subject", subject)))
        .or_else(|| text(lang, "advice.class", &(code / 100).to_string()))
}

/// The name of a phase.
pub fn phase(lang: Lang, phase: Phase) -> Option<String> {
    text(lang, "phase", phase.name())
}

/// Why something about a session is odd or unsafe; `name` as in records.
pub fn warning(lang: Lang, name: &str) -> Option<String> {
    text(lang, "warning", name)
}

/// How a session ended; `name` as in records.
pub fn ended(lang: Lang, name: &str) -> Option<String> {
    text(lang, "ended", name)
}

/// What a session is for; `name` as in records.
pub fn role(lang: Lang, name: &str) -> Option<String> {
    text(lang, "role", name)
}

/// Why a role is believed; `reason` as the session has it (`port`, `auth`, ...).
pub fn role_reason(lang: Lang, reason: &str) -> Option<String> {
    text(lang, "role_reason", reason)
}

/// Whether a session could be read; `name` as in records: `none`, `starttls`, `implicit`.
pub fn encryption(lang: Lang, name: &str) -> Option<String> {
    text(lang, "encryption", name)
}

/// What came of a login; `name`: `accepted`, `rejected`, `cancelled`, `unknown`.
pub fn auth_outcome(lang: Lang, name: &str) -> Option<String> {
    text(lang, "auth", name)
}

/// What a SASL mechanism shows to those who read the wire; `name` in upper case.
pub fn mechanism(lang: Lang, name: &str) -> Option<String> {
    text(lang, "mechanism", name.strip_suffix("-PLUS").unwrap_or(name))
}

/// What a turn that is neither command nor reply is: `auth_response`, `auth_cancel`, `message`, `chunk`, `tls`, `gap`.
pub fn turn(lang: Lang, name: &str) -> Option<String> {
    text(lang, "turn", name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_its_detail_with_its_class_or_its_subject_where_the_detail_is_not_registered() {
        assert_eq!(
            enhanced(Lang::En, "5.1.1").unwrap(),
            "bad destination mailbox address (permanent failure)"
        );
        assert_eq!(
            enhanced(Lang::En, "4.7.999").unwrap(),
            "about security or policy (failure for the time being)"
        );
        assert_eq!(enhanced(Lang::Zh, "2.1.5").unwrap(), "收件人地址有效");
        assert_eq!(enhanced(Lang::En, "2.0.0").unwrap(), "other undefined status");
        assert_eq!(enhanced(Lang::En, "9.1.1"), None);
    }

    /// Subjects and how many details each has, from 0 on, in the registry "SMTP Enhanced Status Codes" of IANA.
    const REGISTERED: [(u8, u8); 8] = [(0, 0), (1, 10), (2, 4), (3, 6), (4, 7), (5, 6), (6, 10), (7, 30)];

    #[test]
    fn every_registered_status_has_words_of_its_own_in_both_languages() {
        for (subject, last) in REGISTERED {
            for detail in 0..=last {
                let [en, zh] =
                    Lang::ALL.map(|lang| text(lang, "enhanced.detail", &format!("{subject}.{detail}")));
                assert!(en.is_some() && zh.is_some() && en != zh, "x.{subject}.{detail}");
            }
        }
    }

    #[test]
    fn every_reason_for_a_role_has_its_text_in_both_languages() {
        for reason in [
            "lmtp",
            "port",
            "auth",
            "received",
            "no_received",
            "passed_on",
            "asks_for_mail",
            "orcpt",
            "null_path",
            "server_name",
            "address_literal",
            "encrypted",
            "none",
        ] {
            assert!(Lang::ALL.iter().all(|&lang| role_reason(lang, reason).is_some()), "{reason}");
        }
    }

    #[test]
    fn advice_is_by_status_then_code_then_subject_then_class() {
        let advice = |code, status, words| advice(Lang::En, code, status, words).unwrap();
        assert_eq!(advice(550, Some("5.1.1"), ""), "no such mailbox: check the address");
        assert_eq!(advice(552, Some("5.2.9"), ""), text(Lang::En, "advice.code", "552").unwrap());
        assert_eq!(advice(550, Some("5.7.99"), ""), text(Lang::En, "advice.subject", "5.7").unwrap());
        assert_eq!(advice(550, None, ""), text(Lang::En, "advice.class", "5").unwrap());
        assert_eq!(advice(450, Some("4.2.0"), "Greylisted"), text(Lang::En, "advice", "greylisted").unwrap());
        assert_ne!(
            advice(550, Some("5.7.1"), "not Greylisted"),
            text(Lang::En, "advice", "greylisted").unwrap()
        );
    }

    #[test]
    fn a_reply_means_what_it_answers_and_a_special_code_itself() {
        assert_eq!(answer(Lang::En, "RCPT", 250).unwrap(), "recipient accepted");
        assert_eq!(answer(Lang::En, "RCPT", 421), code(Lang::En, 421));
        assert_eq!(answer(Lang::En, "VRFY", 252), code(Lang::En, 252));
        assert_eq!(code(Lang::En, 599).unwrap(), "refused: trying again will not help");
        assert_eq!(code(Lang::En, 999), None);
    }

    #[test]
    fn an_offer_is_known_by_its_first_word() {
        assert_eq!(keyword(Lang::En, "starttls").unwrap(), "encryption offered");
        assert_eq!(keyword(Lang::En, "AUTH=LOGIN PLAIN"), keyword(Lang::En, "AUTH PLAIN"));
        assert_eq!(keyword(Lang::En, "X-UNKNOWN"), None);
    }

    #[test]
    fn every_phase_has_its_name_in_both_languages() {
        for lang in Lang::ALL {
            for p in Phase::ALL {
                assert!(phase(lang, p).is_some(), "{p:?}");
            }
        }
        assert_eq!(Phase::of_verb("RCPT"), Phase::Envelope);
    }
}
