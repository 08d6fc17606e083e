//! What each thing means, in English and Chinese. Knows words and numbers, no packets.
//!
//! The texts stand in `locales/`, one file a subject, both languages side by side; `%{name}` marks a number
//! or word that the caller puts in.

pub mod smtp;

use std::fmt::Display;

/// The language of tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Lang {
    /// English.
    #[default]
    En,
    /// Chinese (simplified).
    Zh,
}

impl Lang {
    /// Both languages.
    pub const ALL: [Lang; 2] = [Lang::En, Lang::Zh];

    /// The locale's name.
    pub const fn code(self) -> &'static str {
        match self {
            Lang::En => "en",
            Lang::Zh => "zh",
        }
    }
}

/// The text with this key, its `%{name}`s filled in. `None` where there is no such text.
pub fn find(lang: Lang, key: &str, values: &[(&str, &dyn Display)]) -> Option<String> {
    let template = crate::_rust_i18n_try_translate(lang.code(), key)?;
    Some(fill(&template, values))
}

/// The text with this key, its `%{name}`s filled in; the key itself where there is no such text, which the
/// tests of this module rule out.
pub fn say(lang: Lang, key: &str, values: &[(&str, &dyn Display)]) -> String {
    find(lang, key, values).unwrap_or_else(|| key.to_owned())
}

fn fill(template: &str, values: &[(&str, &dyn Display)]) -> String {
    let mut out = String::with_capacity(template.len() + 16);
    let mut rest = template;
    while let Some(start) = rest.find("%{") {
        out.push_str(&rest[..start]);
        let Some(end) = rest[start..].find('}') else { break };
        let name = &rest[start + 2..start + end];
        match values.iter().find(|(n, _)| *n == name) {
            Some((_, value)) => out.push_str(&value.to_string()),
            None => out.push_str(&rest[start..=start + end]),
        }
        rest = &rest[start + end + 1..];
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_note_scope_and_layer_has_its_text_in_both_languages() {
        use crate::packet::{Note, Scope};
        let notes =
            Note::ALL.iter().flat_map(|n| [format!("note.{}", n.name()), format!("note.name.{}", n.name())]);
        let scopes = Scope::ALL.iter().map(|s| format!("scope.{}", s.name()));
        let layers =
            (1..=7).flat_map(|n| [format!("osi.{n}"), format!("osi.tcpip.{n}"), format!("osi.empty.{n}")]);
        for key in notes.chain(scopes).chain(layers) {
            let [en, zh] = Lang::ALL.map(|lang| find(lang, &key, &[]));
            assert!(en.is_some() && zh.is_some() && en != zh, "{key}");
        }
    }

    #[test]
    fn values_take_the_place_of_their_names() {
        assert_eq!(say(Lang::En, "scope.private", &[]), "private");
        assert_eq!(say(Lang::Zh, "scope.private", &[]), "私有");
        assert_eq!(fill("ack = %{isn} + 1", &[("isn", &41)]), "ack = 41 + 1");
    }
}
