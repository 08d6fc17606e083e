//! What mail sessions warn of, and what was refused in them.

use std::collections::BTreeMap;

use super::super::osi::units;
use super::super::smtp::answered;
use super::super::style::Style;
use crate::conversation::fetch;
use crate::conversation::smtp::{AuthOutcome, Reply, Session, TurnKind, Warning};
use crate::packet::Protocol;

/// The server gives the session up (RFC 5321 section 3.8).
const GIVEN_UP: u16 = 421;

/// Counts of all sessions.
#[derive(Debug, Default)]
pub(super) struct Remarks {
    /// Refusals for now (4xx), and for good (5xx).
    later: u64,
    never: u64,
    given_up: u64,
    /// Sessions, by their protocol and the name of the warning's text.
    warnings: BTreeMap<(Protocol, &'static str), u64>,
}

impl Remarks {
    pub(super) fn session(&mut self, session: &Session) {
        let mut given_up = false;
        for turn in &session.turns {
            match &turn.kind {
                TurnKind::Greeting(Reply { code: GIVEN_UP, .. })
                | TurnKind::Reply { reply: Reply { code: GIVEN_UP, .. }, .. } => given_up = true,
                // of DATA it is refused that no recipient is left, which has been counted
                TurnKind::Reply { to, .. } if answered(session.said(), *to) == "DATA" => {}
                TurnKind::Greeting(reply) | TurnKind::Reply { reply, .. } => match reply.code {
                    500.. => self.never += 1,
                    400.. => self.later += 1,
                    _ => {}
                },
                _ => {}
            }
        }
        self.given_up += u64::from(given_up);
        let refused = session.auth.as_ref().is_some_and(|auth| auth.outcome == AuthOutcome::Rejected);
        for warning in &session.warnings {
            let name = match warning {
                Warning::AuthInTheClear if refused => "auth_in_the_clear_refused",
                other => other.name(),
            };
            *self.warnings.entry((Protocol::Smtp, name)).or_default() += 1;
        }
    }

    pub(super) fn mailbox(&mut self, session: &fetch::Session) {
        let any = |outcome: AuthOutcome| session.logins.iter().any(|login| login.outcome == outcome);
        let refused = any(AuthOutcome::Rejected) && !any(AuthOutcome::Accepted);
        for warning in &session.warnings {
            let name = match warning {
                fetch::Warning::AuthInTheClear if refused => "auth_in_the_clear_refused",
                other => other.name(),
            };
            *self.warnings.entry((session.protocol, name)).or_default() += 1;
        }
    }

    /// A line for each kind.
    pub(super) fn lines(&self, style: &Style) -> Vec<String> {
        let mut lines = Vec::new();
        let refusals = [("overview.refused.later", self.later), ("overview.refused.never", self.never)];
        let parts = refusals.into_iter().filter(|(_, count)| *count > 0);
        let parts: Vec<String> = parts.map(|(key, count)| style.say(key, &[("count", &count)])).collect();
        if !parts.is_empty() {
            let what = parts.join(&style.word("overview.and"));
            lines.push(style.say("overview.refused", &[("what", &what)]));
        }
        if self.given_up > 0 {
            let count = units(style, "session", self.given_up);
            lines.push(style.say("overview.given_up", &[("count", &count)]));
        }
        for ((protocol, name), count) in &self.warnings {
            let what = match protocol {
                Protocol::Smtp => style.word(&format!("smtp.warning.{name}")),
                Protocol::Pop3 => style.say(&format!("fetch.warning.{name}"), &[("verb", &"STLS")]),
                _ => style.say(&format!("fetch.warning.{name}"), &[("verb", &"STARTTLS")]),
            };
            let count = units(style, "session", *count);
            let values: [(&str, &dyn std::fmt::Display); 3] =
                [("protocol", &protocol.title()), ("count", &count), ("what", &what)];
            lines.push(style.say("overview.warning", &values));
        }
        lines
    }
}
