//! Steps that only Received lines tell of.

use super::{Basis, Step, StepKind};
use crate::conversation::mail::Hop;
use crate::packet::Protocol;

/// The transfer that a Received line was written at; `first` where the mail had none before.
pub(super) fn step(hop: &Hop, first: bool) -> Step {
    Step {
        kind: kind(hop, first),
        seen: None,
        also_seen: Vec::new(),
        time: hop.time,
        from_host: hop.from.clone(),
        to_host: hop.by.clone(),
        protocol: Protocol::Smtp,
        queue_ids: hop.id.iter().cloned().collect(),
        octets: None,
        mail_from: None,
        recipients: Vec::new(),
        outcome: None,
        login_in_the_clear: None,
        tried_again_after: None,
        received_added: Vec::new(),
        changes: Vec::new(),
        lookups: Vec::new(),
        basis: vec![Basis::Received],
    }
}

/// A fetch that no capture shows.
pub(super) fn unseen_fetch() -> Step {
    let nowhere = Hop::default();
    Step { kind: StepKind::Fetch, protocol: Protocol::Data, basis: Vec::new(), ..step(&nowhere, false) }
}

/// By the protocol that the line names (RFC 3848): LMTP delivers, and only a user logs in.
fn kind(hop: &Hop, first: bool) -> StepKind {
    let with = hop.with.as_deref().unwrap_or_default().to_ascii_uppercase();
    let word = with.split(' ').next().unwrap_or_default();
    if word.starts_with("LMTP") {
        StepKind::Delivery
    } else if first || word.ends_with("SMTPA") || word.ends_with("SMTPSA") {
        StepKind::Submission
    } else {
        StepKind::Relay
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_protocol_of_a_received_line_tells_what_the_step_was() {
        let hop = |with: &str| Hop { with: Some(with.to_owned()), ..Hop::default() };
        assert_eq!(kind(&hop("LMTP"), false), StepKind::Delivery);
        assert_eq!(kind(&hop("ESMTPSA"), false), StepKind::Submission);
        assert_eq!(kind(&hop("ESMTPS"), false), StepKind::Relay);
        assert_eq!(kind(&hop("ESMTP"), true), StepKind::Submission);
    }
}
