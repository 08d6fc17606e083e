//! A message of electronic mail (RFC 5322) and the MIME tree in it (RFC 2045, RFC 2046), read while it arrives.
//!
//! `reader` takes the octets and keeps no more of them than one header and the beginning of one line; `decode`
//! undoes transfer encodings; `header`, `received` and `trust` say what the fields say. Knows no SMTP.

mod decode;
mod field;
mod header;
mod lines;
mod outline;
mod part;
mod reader;
mod received;
mod trust;

pub use header::MailHeader;
pub use outline::Outline;
pub(super) use outline::body_digest;
pub use part::{Part, PartKind};
pub use reader::Described;
pub(super) use reader::Reader;
pub use received::Hop;
pub use trust::{Assessment, Finding, Signature};

/// Takes one message while it arrives: its octets, and those of its parts, decoded.
///
/// Parts are known by their index: the place in [`super::smtp::Message::parts`].
pub trait Letter {
    /// The next octets of the message, as the recipient gets them.
    fn octets(&mut self, octets: &[u8]);

    /// A part with content begins: a leaf, or a message within the message. Its size is not known yet.
    fn part_begins(&mut self, index: usize, part: &Part);

    /// The next octets of a part's content, its transfer encoding undone.
    fn part_octets(&mut self, index: usize, octets: &[u8]);

    /// The part ends; `complete` where none of its octets is missing.
    fn part_ends(&mut self, index: usize, complete: bool);

    /// The message ends; `complete` where its end was captured and nothing in it is missing.
    fn end(&mut self, complete: bool);
}

/// Where messages are taken.
pub trait Letterbox {
    /// Message `number` (from 1) of a stream begins. `None` where nobody wants it.
    fn letter(&self, stream: u64, number: u64) -> Option<Box<dyn Letter>>;
}
