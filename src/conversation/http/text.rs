//! Text from the wire, of which parts may be secret.

use std::borrow::Cow;
use std::ops::Range;

use crate::packet::{is_reference_field, is_secret_field, secrets_of_target};

/// What stands in the place of a secret.
const HIDDEN: &str = "(hidden)";

/// Text from the wire (invalid UTF-8 replaced, not escaped), and which octets of it are secret.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Text {
    text: String,
    secrets: Vec<Range<usize>>,
}

impl Text {
    /// A request target, or another reference.
    pub(super) fn reference(octets: &[u8]) -> Self {
        let text = String::from_utf8_lossy(octets).into_owned();
        let secrets = secrets_of_target(text.as_bytes());
        Self { text, secrets }
    }

    /// The value of the header field with this name.
    pub(super) fn of_field(name: &str, value: &[u8]) -> Self {
        if is_reference_field(name.as_bytes()) {
            return Self::reference(value);
        }
        let text = String::from_utf8_lossy(value).into_owned();
        let is_secret = is_secret_field(name.as_bytes()) && !text.is_empty();
        let secrets = is_secret.then_some(0..text.len());
        Self { text, secrets: secrets.into_iter().collect() }
    }

    /// As it may be shown: secrets only if `reveal`.
    pub fn shown(&self, reveal: bool) -> Cow<'_, str> {
        if reveal { Cow::Borrowed(&self.text) } else { self.masked(HIDDEN) }
    }

    /// With this in the place of each secret.
    pub fn masked(&self, mask: &str) -> Cow<'_, str> {
        if self.secrets.is_empty() {
            return Cow::Borrowed(&self.text);
        }
        let mut out = String::new();
        let mut at = 0;
        for secret in &self.secrets {
            out.push_str(self.text.get(at..secret.start).unwrap_or_default());
            out.push_str(mask);
            at = secret.end;
        }
        out.push_str(self.text.get(at..).unwrap_or_default());
        Cow::Owned(out)
    }

    /// Whether a part of it is secret.
    pub fn has_secrets(&self) -> bool {
        !self.secrets.is_empty()
    }

    /// All of it. Not to be shown.
    pub(super) fn all(&self) -> &str {
        &self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_shown_only_when_asked_for() {
        let target = Text::reference(b"http://alice:open-sesame@a.test/?token=1&x=2");
        assert_eq!(target.shown(false), "http://alice:(hidden)@a.test/?token=(hidden)&x=2");
        assert_eq!(target.shown(true), "http://alice:open-sesame@a.test/?token=1&x=2");
        assert_eq!(Text::of_field("Cookie", b"id=1").shown(false), "(hidden)");
        assert_eq!(Text::of_field("Referer", b"/?token=1").shown(false), "/?token=(hidden)");
        assert_eq!(Text::of_field("Accept", b"token=1").shown(false), "token=1");
    }
}
