//! What is needed to tell whether two messages are one mail, and what a hop changed in its header.

use std::hash::{BuildHasher, Hasher};

use ahash::RandomState;

use super::field::{Fields, unfold};
use super::header::cut;
use super::part::{Part, PartKind};

/// Fields that are compared of one header.
const MAX_FIELDS: usize = 128;

/// The fields of a header but for Received: names, and what each says as a number that is equal where the texts
/// are, however they are folded. Small, and nothing of the texts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Outline {
    /// The names, each followed by LF.
    names: String,
    digests: Vec<u64>,
}

impl Outline {
    pub(super) fn of(fields: &Fields<'_>) -> Self {
        let mut outline = Self::default();
        let others = fields.iter().filter(|(name, _)| !name.eq_ignore_ascii_case(b"Received"));
        for (name, body) in others.take(MAX_FIELDS) {
            // names are printable ASCII
            outline.names.push_str(&String::from_utf8_lossy(name));
            outline.names.push('\n');
            outline.digests.push(digest(cut(body)));
        }
        outline
    }

    /// Name and number of each field, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, u64)> {
        self.names.lines().zip(self.digests.iter().copied())
    }

    /// Octets that it takes.
    pub(in crate::conversation) fn size(&self) -> usize {
        self.names.len() + self.digests.len() * size_of::<u64>()
    }
}

/// A hash that is the same in one run for the same octets.
fn hasher() -> ahash::AHasher {
    RandomState::with_seeds(0x6c61_7965, 0x7273_636f, 0x7065_206d, 0x6169_6c21).build_hasher()
}

fn digest(body: &[u8]) -> u64 {
    let mut hasher = hasher();
    let body = body.trim_ascii();
    match memchr::memchr(b'\n', body) {
        None => hasher.write(body),
        Some(_) => hasher.write(unfold(body).as_bytes()),
    }
    hasher.finish()
}

/// What the content of a message came to: equal for the same mail at any hop, whatever its header and transfer
/// encodings are. `None` where it is not `complete`, or has no content.
pub(in crate::conversation) fn body_digest(parts: &[Part], complete: bool) -> Option<u64> {
    let mut hasher = hasher();
    let leaves = parts.iter().filter(|part| part.kind == PartKind::Leaf);
    let mut any = false;
    for part in leaves.filter(|_| complete) {
        hasher.write(&part.sha256?);
        any = true;
    }
    any.then(|| hasher.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_that_is_folded_in_another_way_says_the_same() {
        let [one, other, third] = [&b"A: b c\r\nReceived: x\r\n"[..], b"A:  b\r\n\tc\r\n", b"A: bc\r\n"]
            .map(|header| Outline::of(&Fields::of(header)));
        assert_eq!(one, other);
        assert_ne!(one, third);
        assert_eq!(one.iter().map(|(name, _)| name).collect::<Vec<_>>(), ["A"]);
    }
}
