//! What those who read this wire could read, and what TLS hid.

use super::super::style::{Style, Tone};
use crate::conversation::smtp::{Encryption, Exposed, Exposure, Proof, Session, Sight, TurnKind};

/// Appends a short table, and what would have hidden more.
pub(super) fn push(style: &Style, session: &Session, out: &mut String) {
    if session.turns.is_empty() {
        return;
    }
    style.heading(out, &style.word("smtp.exposure.heading"));
    let mut grid = style.grid(&["exposed", "sight", "first_packet"]);
    for exposure in session.exposure() {
        let Exposure { what, sight, packet, proof } = exposure;
        let what = style.word(&format!("smtp.exposure.what.{}", what.name()));
        let seen = if exposure.what == Exposed::Secret {
            secret_sight(style, sight, proof)
        } else {
            sight_word(style, sight)
        };
        // only without keys it is not known whether it was sent
        let seen = match sight {
            Sight::Hidden if session.was_sent(exposure.what) => style.word("smtp.exposure.hidden_and_sent"),
            _ => seen,
        };
        grid.add_row([
            style.cell(Tone::Plain, what),
            style.cell(sight_tone(sight), seen),
            style.number(packet.map_or_else(String::new, |packet| packet.to_string())),
        ]);
    }
    style.push_grid(out, grid);
    offer(style, session, out);
}

pub(in crate::report::table) fn sight_word(style: &Style, sight: Sight) -> String {
    style.word(&format!("smtp.exposure.sight.{}", sight.name()))
}

/// What a secret that was sent is good for.
pub(in crate::report::table) fn secret_sight(style: &Style, sight: Sight, proof: Option<Proof>) -> String {
    let sight_word = sight_word(style, sight);
    match proof {
        Some(proof) if sight == Sight::Readable || proof == Proof::Elsewhere => {
            let proof = style.word(&format!("smtp.exposure.proof.{}", proof.name()));
            style.say("smtp.exposure.with_proof", &[("sight", &sight_word), ("proof", &proof)])
        }
        _ => sight_word,
    }
}

pub(in crate::report::table) const fn sight_tone(sight: Sight) -> Tone {
    match sight {
        Sight::Readable => Tone::Warn,
        Sight::Sealed | Sight::Hidden => Tone::Good,
        Sight::NotSent | Sight::NotSeen => Tone::Quiet,
    }
}

/// Encryption that was to be had: where it was offered, and what came of it.
fn offer(style: &Style, session: &Session, out: &mut String) {
    let offered = session.turns.iter().find(|turn| match &turn.kind {
        TurnKind::Reply { reply, .. } => {
            reply.lines.iter().skip(1).any(|line| line.trim().eq_ignore_ascii_case("STARTTLS"))
        }
        TurnKind::Greeting(_)
        | TurnKind::Command { .. }
        | TurnKind::AuthResponse { .. }
        | TurnKind::Message { .. }
        | TurnKind::Tls
        | TurnKind::Gap { .. } => false,
    });
    let text = match (session.encryption, offered) {
        (Encryption::StartTls { packet }, _) => {
            style.say("smtp.exposure.hidden_from", &[("packet", &packet)])
        }
        (Encryption::Implicit, _) => style.word("smtp.exposure.hidden_all"),
        (Encryption::None, Some(turn)) => style.say("smtp.exposure.offered", &[("packet", &turn.packet)]),
        (Encryption::None, None) if !asks_for_extensions(session) => style.word("smtp.exposure.no_ehlo"),
        (Encryption::None, None) => style.word("smtp.exposure.not_offered"),
    };
    style.paragraph(out, Tone::Quiet, &text, 2);
}

/// Offers stand in the reply to EHLO or LHLO alone (RFC 5321 section 4.1.1.1, RFC 2033 section 4.1).
fn asks_for_extensions(session: &Session) -> bool {
    session.turns.iter().any(|turn| match &turn.kind {
        TurnKind::Command { verb, .. } => matches!(verb.as_str(), "EHLO" | "LHLO"),
        TurnKind::Greeting(_)
        | TurnKind::Reply { .. }
        | TurnKind::AuthResponse { .. }
        | TurnKind::Message { .. }
        | TurnKind::Tls
        | TurnKind::Gap { .. } => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lesson::{Lang, find};

    #[test]
    fn every_kind_of_exposure_has_its_text_in_both_languages() {
        let sights = [Sight::Readable, Sight::Sealed, Sight::Hidden, Sight::NotSent, Sight::NotSeen];
        let proofs =
            [Proof::Elsewhere, Proof::Once, Proof::Unknown, Proof::Digest, Proof::Token, Proof::Password];
        let keys = Exposed::ALL
            .map(|what| format!("what.{}", what.name()))
            .into_iter()
            .chain(sights.map(|sight| format!("sight.{}", sight.name())))
            .chain(proofs.map(|proof| format!("proof.{}", proof.name())));
        for key in keys {
            let [en, zh] = Lang::ALL.map(|lang| find(lang, &format!("smtp.exposure.{key}"), &[]));
            assert!(en.is_some() && zh.is_some() && en != zh, "{key}");
        }
    }
}
