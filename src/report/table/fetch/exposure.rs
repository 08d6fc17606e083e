//! What those who read this wire could read, and what TLS hid.

use super::super::smtp::{secret_sight, sight_tone, sight_word};
use super::super::style::{Style, Tone};
use super::starttls;
use crate::conversation::fetch::{Exposed, Exposure, Session, TurnKind};
use crate::conversation::smtp::Encryption;

/// Appends a short table, and what would have hidden more.
pub(super) fn push(style: &Style, session: &Session, out: &mut String) {
    if session.turns.is_empty() {
        return;
    }
    style.heading(out, &style.word("smtp.exposure.heading"));
    let mut grid = style.grid(&["exposed", "sight", "first_packet"]);
    for Exposure { what, sight, packet, proof } in session.exposure() {
        let seen = if what == Exposed::Secret {
            secret_sight(style, sight, proof)
        } else {
            sight_word(style, sight)
        };
        grid.add_row([
            style.cell(Tone::Plain, style.word(&format!("fetch.exposure.what.{}", what.name()))),
            style.cell(sight_tone(sight), seen),
            style.number(packet.map_or_else(String::new, |packet| packet.to_string())),
        ]);
    }
    style.push_grid(out, grid);
    let verb = starttls(session);
    let text = match session.encryption {
        Encryption::StartTls { packet } => style.say("smtp.exposure.hidden_from", &[("packet", &packet)]),
        Encryption::Implicit => style.word("smtp.exposure.hidden_all"),
        Encryption::None if offers(session, verb) => style.say("fetch.exposure.offered", &[("verb", &verb)]),
        Encryption::None if was_asked(session) => style.say("fetch.exposure.not_offered", &[("verb", &verb)]),
        Encryption::None => style.say("fetch.exposure.not_known", &[("verb", &verb)]),
    };
    style.paragraph(out, Tone::Quiet, &text, 2);
}

/// Offers may stand in several answers, and those behind the login have it no more (RFC 9051 section 6.1.1).
fn offers(session: &Session, verb: &str) -> bool {
    session.turns.iter().any(|turn| match &turn.kind {
        TurnKind::Greeting(response) | TurnKind::Response { response, .. } => {
            let code = response.code.as_deref().unwrap_or_default();
            let data = response.name.as_deref().map_or("", |_| response.text.as_str());
            let mut words =
                code.split(' ').chain(data.split(' ')).chain(response.lines.iter().map(String::as_str));
            words.any(|word| word.eq_ignore_ascii_case(verb))
        }
        TurnKind::Command(_)
        | TurnKind::AuthResponse { .. }
        | TurnKind::Message { .. }
        | TurnKind::Tls
        | TurnKind::Gap { .. } => false,
    })
}

/// What the server can do is known.
fn was_asked(session: &Session) -> bool {
    !session.capabilities.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lesson::{Lang, find};

    #[test]
    fn every_kind_of_exposure_has_its_text_in_both_languages() {
        for key in Exposed::ALL.map(|what| format!("fetch.exposure.what.{}", what.name())) {
            let [en, zh] = Lang::ALL.map(|lang| find(lang, &key, &[]));
            assert!(en.is_some() && zh.is_some() && en != zh, "{key}");
        }
    }
}
