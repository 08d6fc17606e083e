//! Reads a message while it arrives, with the memory of one header and the beginning of one line.

use sha2::{Digest, Sha256};

use super::decode::{Decoder, Encoding};
use super::field::{Fields, belongs_to_header};
use super::header::message_id;
use super::lines::{BEGINNING, Ending, Lines, Piece};
use super::outline::Outline;
use super::part::{Described as PartHeader, Part, PartKind};
use super::received::{Hop, hops};
use super::trust::{Assessment, Signature, assessments, signatures};
use super::{Letter, MailHeader};

/// Nodes of the MIME tree that are kept; what lies in others is passed over.
const MAX_PARTS: usize = 500;
/// Nodes that a node may stand in. What is deeper is not taken apart.
const MAX_DEPTH: usize = 32;
/// Octets of a part's header that are kept.
const MAX_PART_HEADER: usize = 16 << 10;
/// Octets that most headers have: room for them is made at once.
const USUAL_HEADER: usize = 1 << 10;
/// Octets of a delimiter line (RFC 2046 section 5.1.1), padding included.
const LONGEST_DELIMITER: usize = 512;

/// What a message says about itself.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Described {
    /// The Message-ID header, without brackets.
    pub message_id: Option<String>,
    /// Main headers, decoded.
    pub header: MailHeader,
    /// The hops before this one, the oldest first.
    pub hops: Vec<Hop>,
    /// Its header fields, to be compared with those of the same mail at another hop.
    pub outline: Outline,
    /// Signatures, not verified.
    pub signatures: Vec<Signature>,
    /// What hosts on the way say that they checked.
    pub assessments: Vec<Assessment>,
    /// The nodes of the MIME tree, in their order.
    pub parts: Vec<Part>,
    /// The whole tree is in `parts`.
    pub parts_complete: bool,
}

impl Described {
    /// Octets that it takes, about.
    pub(in crate::conversation) fn size(&self) -> usize {
        let header = &self.header;
        let texts = [
            &self.message_id,
            &header.from,
            &header.to,
            &header.cc,
            &header.reply_to,
            &header.subject,
            &header.date,
        ];
        let texts: usize = texts.into_iter().flatten().map(String::len).sum();
        let received: usize = header.received.iter().map(String::len).sum();
        let hops: usize = self.hops.iter().map(Hop::size).sum();
        let parts = self.parts.len() * size_of::<Part>();
        size_of::<Self>() + texts + received + hops + parts + self.outline.size()
    }
}

/// Reads one message.
pub(in crate::conversation) struct Reader {
    lines: Lines,
    tree: Tree,
    body_begun: bool,
}

/// Where in the tree the next line stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    Header,
    /// In content, a preamble or an epilogue.
    Body,
    /// Octets were missed: what comes has no place that is known.
    Lost,
}

/// A node that others stand in.
enum Frame {
    Multipart { boundary: Vec<u8>, number: String, children: u32, digest: bool },
    Message { number: String, content: Content },
}

/// Content on its way.
struct Content {
    index: usize,
    hash: Sha256,
    octets: u64,
    /// The line ending before its first line is not its own.
    fresh: bool,
}

struct Tree {
    /// Octets of the message's own header that are kept.
    max_header: usize,
    at: At,
    header: Vec<u8>,
    header_cut: bool,
    /// The message's own header is over.
    header_ended: bool,
    /// A line behind it has come.
    body_line: bool,
    /// The ending of the last line: it belongs to the delimiter, if one follows.
    ending: &'static [u8],
    stack: Vec<Frame>,
    leaf: Option<(Content, Decoder)>,
    described: Described,
    letter: Option<Box<dyn Letter>>,
}

impl Reader {
    /// Before the first octet. `max_header`: octets of the header that are kept.
    pub(in crate::conversation) fn new(max_header: usize, letter: Option<Box<dyn Letter>>) -> Self {
        let tree = Tree {
            max_header,
            at: At::Header,
            header: Vec::with_capacity(USUAL_HEADER),
            header_cut: false,
            header_ended: false,
            body_line: false,
            ending: b"",
            stack: Vec::new(),
            leaf: None,
            described: Described { parts_complete: true, ..Described::default() },
            letter,
        };
        Self { lines: Lines::default(), tree, body_begun: false }
    }

    /// The next octets, as the recipient gets them.
    pub(in crate::conversation) fn octets(&mut self, octets: &[u8]) {
        if let Some(letter) = &mut self.tree.letter {
            letter.octets(octets);
        }
        // the empty line behind the header is not of the body (RFC 5322 section 2.1)
        self.body_begun |= self.tree.header_ended && !octets.is_empty();
        let Self { lines, tree, body_begun } = self;
        match tree.at {
            At::Lost => {}
            At::Body if tree.stack.is_empty() => {
                // no delimiter can follow
                lines.finish(None, |piece| tree.piece(piece));
                tree.content_goes_on();
                tree.content(octets);
            }
            At::Header | At::Body => lines.push(octets, |piece| tree.piece(piece)),
        }
        *body_begun |= tree.header_ended && (tree.body_line || !ends_in_empty_line(octets));
    }

    /// Octets behind the header and its empty line have come.
    pub(in crate::conversation) const fn body_begun(&self) -> bool {
        self.body_begun
    }

    /// Octets are missing here.
    pub(in crate::conversation) fn gap(&mut self) {
        let Self { lines, tree, .. } = self;
        lines.finish(None, |piece| tree.piece(piece));
        tree.gap();
    }

    /// The message is over; `complete` where its end was seen and nothing in it is missing.
    pub(in crate::conversation) fn finish(mut self, complete: bool) -> Described {
        let Self { lines, tree, .. } = &mut self;
        if tree.at != At::Lost {
            lines.finish(Some(b""), |piece| tree.piece(piece));
            tree.finish(complete);
        }
        if let Some(letter) = &mut self.tree.letter {
            letter.end(complete);
        }
        self.tree.described
    }
}

impl Tree {
    fn piece(&mut self, piece: Piece<'_>) {
        match piece {
            Piece::First(text, ending) => self.line(text, ending),
            Piece::More(text, ending) => self.text(text, ending),
        }
    }

    /// A line begins: what it is decides where its text goes.
    fn line(&mut self, text: &[u8], ending: Ending) {
        if ending.is_some()
            && let Some((level, last)) = self.delimiter(text)
        {
            return self.delimiter_line(level, last, text, ending);
        }
        self.content_goes_on();
        if self.at == At::Header {
            let beginning = text.get(..BEGINNING - 1).unwrap_or(text);
            let is_mbox_line = self.header.is_empty() && beginning.starts_with(b"From ");
            if text.is_empty() && ending.is_some() {
                self.raw(text, ending);
                return self.header_ends(true);
            }
            // a line that cannot stand in a header ends it: mail servers read it that way, too
            if !belongs_to_header(beginning) && !is_mbox_line {
                self.header_ends(false);
            }
        }
        self.text(text, ending);
    }

    /// Text of a line that is no delimiter.
    fn text(&mut self, text: &[u8], ending: Ending) {
        self.body_line |= self.header_ended;
        match self.at {
            At::Header => self.header_text(text, ending.is_some()),
            At::Body => {
                if let Some((content, decoder)) = &mut self.leaf {
                    content.decoded(decoder, text, &mut self.letter);
                }
            }
            At::Lost => {}
        }
        self.raw(text, ending);
    }

    fn header_text(&mut self, text: &[u8], ended: bool) {
        let max = if self.stack.is_empty() { self.max_header } else { MAX_PART_HEADER };
        let room = max.saturating_sub(self.header.len());
        self.header_cut |= text.len() >= room;
        self.header.extend_from_slice(&text[..text.len().min(room)]);
        if ended && self.header.len() < max {
            self.header.push(b'\n');
        }
    }

    /// Everything within a message is that message's content.
    fn raw(&mut self, text: &[u8], ending: Ending) {
        for frame in &mut self.stack {
            if let Frame::Message { content, .. } = frame {
                content.add(text, &mut self.letter);
            }
        }
        self.ending = ending.unwrap_or_default();
    }

    /// No delimiter followed: the ending of the last line belongs to the content.
    fn content_goes_on(&mut self) {
        let ending = std::mem::take(&mut self.ending);
        if ending.is_empty() {
            return;
        }
        for frame in &mut self.stack {
            if let Frame::Message { content, .. } = frame {
                content.add_ending(ending, &mut self.letter);
            }
        }
        if let Some((content, decoder)) = &mut self.leaf {
            if std::mem::take(&mut content.fresh) {
                return;
            }
            content.decoded(decoder, ending, &mut self.letter);
        }
    }

    /// Content of a message that is one part.
    fn content(&mut self, octets: &[u8]) {
        if let Some((content, decoder)) = &mut self.leaf {
            content.decoded(decoder, octets, &mut self.letter);
        }
    }

    /// The multipart that a line delimits, and whether it is the last delimiter (RFC 2046 section 5.1.1).
    fn delimiter(&self, line: &[u8]) -> Option<(usize, bool)> {
        let rest = line.strip_prefix(b"--").filter(|_| line.len() <= LONGEST_DELIMITER)?;
        self.stack.iter().enumerate().rev().find_map(|(level, frame)| {
            let Frame::Multipart { boundary, .. } = frame else { return None };
            let behind = rest.strip_prefix(boundary.as_slice())?;
            let last = behind.strip_prefix(b"--");
            last.unwrap_or(behind).trim_ascii().is_empty().then_some((level, last.is_some()))
        })
    }

    fn delimiter_line(&mut self, level: usize, last: bool, text: &[u8], ending: Ending) {
        self.body_line = true;
        if self.at == At::Header && !self.header.is_empty() {
            self.header_ends(true);
        }
        self.close(level + 1, true);
        self.content_goes_on();
        self.raw(text, ending);
        (self.at, self.header_cut) = (At::Header, false);
        self.header.clear();
        if last {
            self.stack.truncate(level);
            self.at = At::Body;
        } else if let Some(Frame::Multipart { children, .. }) = self.stack.last_mut() {
            *children += 1;
        }
    }

    /// Ends the leaf and the nodes from this level on.
    fn close(&mut self, level: usize, complete: bool) {
        if let Some((mut content, mut decoder)) = self.leaf.take() {
            if complete {
                decoder.finish(|octets| content.add(octets, &mut self.letter));
            }
            self.content_ends(content, complete);
        }
        while self.stack.len() > level {
            if let Some(Frame::Message { content, .. }) = self.stack.pop() {
                self.content_ends(content, complete);
            }
        }
    }

    fn content_ends(&mut self, content: Content, complete: bool) {
        let Some(part) = self.described.parts.get_mut(content.index) else { return };
        part.octets = content.octets;
        part.complete = complete;
        part.sha256 = complete.then(|| content.hash.finalize().into());
        if let Some(letter) = &mut self.letter {
            letter.part_ends(content.index, complete);
        }
    }

    /// A header is over; `blank`: an ending that is not the content's still stands before the content.
    fn header_ends(&mut self, blank: bool) {
        (self.at, self.header_ended) = (At::Body, true);
        let header = std::mem::take(&mut self.header);
        let cut = std::mem::take(&mut self.header_cut);
        let fields = Fields::of(&header);
        if self.stack.is_empty() {
            self.describe(&fields);
        }
        let digest = matches!(self.stack.last(), Some(Frame::Multipart { digest: true, .. }));
        let described = PartHeader::read(&fields, if digest { "message/rfc822" } else { "text/plain" });
        // the fields that say what the content is may stand behind the cut
        let unknown =
            cut && !(described.names_type && (described.is_multipart() || described.names_encoding));
        self.described.parts_complete &= !cut;
        if unknown || self.described.parts.len() >= MAX_PARTS {
            self.described.parts_complete = false;
            return;
        }
        self.node(described, blank);
    }

    fn node(&mut self, described: PartHeader, blank: bool) {
        let holds_others = described.is_multipart() || described.is_message();
        let deeper = self.stack.len() < MAX_DEPTH;
        self.described.parts_complete &= deeper || !holds_others;
        let depth = self.stack.len();
        let content =
            Content { index: self.described.parts.len(), hash: Sha256::new(), octets: 0, fresh: blank };
        if deeper && described.is_multipart() {
            let number = self.number(true);
            let digest = described.content_type == "multipart/digest";
            let boundary = described.boundary.clone().unwrap_or_default();
            self.described.parts.push(described.into_part(PartKind::Multipart, number.clone(), depth));
            self.stack.push(Frame::Multipart { boundary, number, children: 0, digest });
        } else if deeper && described.is_message() {
            let number = self.number(false);
            self.part_begins(described.into_part(PartKind::Message, number.clone(), depth));
            self.stack.push(Frame::Message { number, content });
            self.at = At::Header;
        } else {
            let decoder = Decoder::new(Encoding::named(&described.encoding));
            let number = self.number(false);
            self.part_begins(described.into_part(PartKind::Leaf, number, depth));
            self.leaf = Some((content, decoder));
        }
    }

    fn part_begins(&mut self, part: Part) {
        if let Some(letter) = &mut self.letter {
            letter.part_begins(self.described.parts.len(), &part);
        }
        self.described.parts.push(part);
    }

    /// The number of the node that begins (RFC 9051 section 6.4.5.1).
    fn number(&self, multipart: bool) -> String {
        match self.stack.last() {
            None if multipart => String::new(),
            None => "1".to_owned(),
            Some(Frame::Message { number, .. }) if multipart => number.clone(),
            Some(Frame::Message { number, .. }) => format!("{number}.1"),
            Some(Frame::Multipart { number, children, .. }) if number.is_empty() => children.to_string(),
            Some(Frame::Multipart { number, children, .. }) => format!("{number}.{children}"),
        }
    }

    fn describe(&mut self, fields: &Fields<'_>) {
        self.described.message_id = message_id(fields);
        self.described.header = MailHeader::read(fields);
        self.described.hops = hops(fields);
        self.described.outline = Outline::of(fields);
        self.described.signatures = signatures(fields);
        self.described.assessments = assessments(fields);
    }

    fn gap(&mut self) {
        if self.at == At::Header && self.stack.is_empty() {
            let header = std::mem::take(&mut self.header);
            self.describe(&Fields::of(&header));
        }
        self.close(0, false);
        (self.at, self.header_ended) = (At::Lost, true);
        self.described.parts_complete = false;
    }

    fn finish(&mut self, complete: bool) {
        if self.at == At::Header && !self.header.is_empty() {
            self.header_ends(true);
        }
        self.content_goes_on();
        self.close(0, complete);
        self.described.parts_complete &= complete;
    }
}

/// Nothing stands behind the last empty line; of the line before it, no more than its ending may be here.
fn ends_in_empty_line(octets: &[u8]) -> bool {
    let Some(before) = octets.strip_suffix(b"\n") else { return false };
    let before = before.strip_suffix(b"\r").unwrap_or(before);
    before.is_empty() || before.ends_with(b"\n")
}

impl Content {
    fn add(&mut self, octets: &[u8], letter: &mut Option<Box<dyn Letter>>) {
        if octets.is_empty() {
            return;
        }
        self.fresh = false;
        self.octets += octets.len() as u64;
        self.hash.update(octets);
        if let Some(letter) = letter {
            letter.part_octets(self.index, octets);
        }
    }

    fn add_ending(&mut self, ending: &[u8], letter: &mut Option<Box<dyn Letter>>) {
        if !std::mem::take(&mut self.fresh) {
            self.add(ending, letter);
        }
    }

    fn decoded(&mut self, decoder: &mut Decoder, octets: &[u8], letter: &mut Option<Box<dyn Letter>>) {
        decoder.push(octets, |decoded| self.add(decoded, letter));
    }
}

#[cfg(test)]
#[path = "reader_tests.rs"]
mod tests;
