//! A node of the MIME tree: what its header says, and what its content came to.

use mail_parser::ContentType;
use mail_parser::parsers::MessageStream;

use super::decode::Encoding;
use super::field::{Fields, unfold};

/// Octets of a Content-Type or Content-Disposition that are read.
const LONGEST_PARAMETERS: usize = 8 << 10;
/// Octets of a boundary that are remembered; RFC 2046 section 5.1.1 allows 70.
const LONGEST_BOUNDARY: usize = 200;

/// Octets of a file name that are kept; file systems have names of 255.
const LONGEST_NAME: usize = 1000;
/// Octets of a type, an encoding or a character set that are kept; RFC 6838 section 4.2 allows 127 for either half
/// of a type.
const LONGEST_WORD: usize = 255;

/// What stands in a node of the MIME tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PartKind {
    /// Content of its own.
    Leaf,
    /// A message, whose parts follow (RFC 2046 section 5.2.1).
    Message,
    /// Other parts, which follow, and no content (RFC 2046 section 5.1).
    Multipart,
}

/// A node of the MIME tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// What stands in it.
    pub kind: PartKind,
    /// Its number (RFC 9051 section 6.4.5.1): `1`, `1.2`; empty for a multipart that is the whole message. A
    /// multipart that is the whole of an inner message has that message's number.
    pub number: String,
    /// How many nodes it stands in.
    pub depth: usize,
    /// `text/plain`, lower case.
    pub content_type: String,
    /// The part names neither type nor encoding: those of RFC 2045 section 5.2 are assumed.
    pub assumed: bool,
    /// The transfer encoding as the part names it, lower case; `7bit` where it does not.
    pub encoding: String,
    /// The character set, where given.
    pub charset: Option<String>,
    /// The file name, decoded, where given.
    pub filename: Option<String>,
    /// Octets of the content, its transfer encoding undone; 0 for a multipart.
    pub octets: u64,
    /// SHA-256 of those octets; `None` for a multipart, and where octets are missing.
    pub sha256: Option<[u8; 32]>,
    /// None of its octets is missing.
    pub complete: bool,
}

/// What the header of a part says of its content.
#[derive(Debug, Default)]
pub(super) struct Described {
    pub(super) content_type: String,
    pub(super) encoding: String,
    pub(super) charset: Option<String>,
    pub(super) filename: Option<String>,
    pub(super) boundary: Option<Vec<u8>>,
    /// Which of the fields that decide on the content are there.
    pub(super) names_type: bool,
    pub(super) names_encoding: bool,
}

impl Described {
    /// Reads the MIME fields of a header. `default` is the type where none is named (RFC 2046 section 5.1.5).
    pub(super) fn read(fields: &Fields<'_>, default: &str) -> Self {
        let named = |name| fields.first(name).map(|value| parameters(value));
        let kind = named("Content-Type").and_then(|value| value.into_content_type());
        let disposition = named("Content-Disposition").and_then(|value| value.into_content_type());
        let encoding = fields.first("Content-Transfer-Encoding");
        let attribute = |of: &Option<ContentType<'_>>, name| {
            of.as_ref().and_then(|t| t.attribute(name)).map(str::to_owned)
        };
        Self {
            content_type: shortened(
                kind.as_ref().map_or_else(|| default.to_owned(), full_type),
                LONGEST_WORD,
            ),
            encoding: encoding.map_or_else(|| "7bit".to_owned(), word),
            charset: attribute(&kind, "charset").map(|charset| shortened(charset, LONGEST_WORD)),
            filename: attribute(&disposition, "filename")
                .or_else(|| attribute(&kind, "name"))
                .map(|name| shortened(name, LONGEST_NAME)),
            boundary: attribute(&kind, "boundary")
                .map(String::into_bytes)
                .filter(|boundary| !boundary.is_empty() && boundary.len() <= LONGEST_BOUNDARY),
            names_type: kind.is_some(),
            names_encoding: encoding.is_some(),
        }
    }

    /// It is a multipart whose parts can be told apart.
    pub(super) fn is_multipart(&self) -> bool {
        self.content_type.starts_with("multipart/") && self.boundary.is_some()
    }

    /// It is a message whose parts can be read (RFC 2046 section 5.2.1, RFC 6532 section 3.7).
    pub(super) fn is_message(&self) -> bool {
        matches!(self.content_type.as_str(), "message/rfc822" | "message/global")
            && Encoding::named(&self.encoding) == Encoding::Identity
    }

    /// The node of the tree; nothing of its content has come yet.
    pub(super) fn into_part(self, kind: PartKind, number: String, depth: usize) -> Part {
        let named = self.names_type || self.names_encoding;
        let Self { content_type, encoding, charset, filename, .. } = self;
        let (octets, sha256, complete) = (0, None, false);
        let assumed = !named;
        Part {
            kind,
            number,
            depth,
            content_type,
            assumed,
            encoding,
            charset,
            filename,
            octets,
            sha256,
            complete,
        }
    }
}

fn parameters(value: &[u8]) -> mail_parser::HeaderValue<'_> {
    MessageStream::new(value.get(..LONGEST_PARAMETERS).unwrap_or(value)).parse_content_type()
}

fn full_type(kind: &ContentType<'_>) -> String {
    format!("{}/{}", kind.ctype(), kind.subtype().unwrap_or("*")).to_ascii_lowercase()
}

/// The first word of a field, without comments.
fn word(value: &[u8]) -> String {
    let text = unfold(value.get(..LONGEST_PARAMETERS).unwrap_or(value));
    let end = text.find([' ', '(', ';']).unwrap_or(text.len());
    shortened(text[..end].to_ascii_lowercase(), LONGEST_WORD)
}

/// So many parts may be kept that each of them has to be small.
fn shortened(mut text: String, longest: usize) -> String {
    if text.len() > longest {
        let end = (0..=longest).rev().find(|&end| text.is_char_boundary(end)).unwrap_or(0);
        text.truncate(end);
        text.shrink_to_fit();
    }
    text
}
