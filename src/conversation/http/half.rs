//! One direction of a stream: heads and bodies told apart.

use std::ops::Range;

use super::chunked::{Chunked, Piece};
use super::exchange::{Cut, Framing, Warning};
use super::head::{Gathered, Gatherer, Head};
use super::hide::Hidden;
use super::pairing::{Next, Pairing};
use super::start::{Kind, PREFACE};
use crate::flow::Delivery;
use crate::packet::Timestamp;

/// When something was captured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Mark {
    pub(super) packet: u64,
    pub(super) time: Option<Timestamp>,
}

impl From<Delivery> for Mark {
    fn from(delivery: Delivery) -> Self {
        Self { packet: delivery.packet, time: delivery.time }
    }
}

/// Where a direction stands.
enum At {
    /// In a head, or before the first octet of one.
    Head(Gatherer),
    /// In a line that is no start line, while one is looked for.
    OtherLine,
    /// In a body, so many octets before its end.
    Length(u64),
    /// In a chunked body.
    Chunked(Chunked),
    /// In a body that ends with the connection.
    UntilClose,
}

/// Reads one direction.
pub(super) struct Half {
    kind: Kind,
    at: At,
    /// It is not known where messages begin: lines that begin none are passed over.
    searches: bool,
    hidden: Hidden,
    /// Whether the body under way is a form.
    is_form: bool,
    /// Octets of a head that are kept.
    head_limit: usize,
    /// Before this place all has been read.
    read_to: u64,
    /// What was read last.
    last: Mark,
}

impl Half {
    pub(super) fn new(kind: Kind, head_limit: usize) -> Self {
        Self {
            kind,
            at: At::Head(Gatherer::default()),
            searches: false,
            hidden: Hidden::default(),
            is_form: false,
            head_limit,
            read_to: 0,
            last: Mark::default(),
        }
    }

    /// The next octets; how many of them are HTTP: what is behind belongs to another protocol.
    pub(super) fn octets(&mut self, delivery: Delivery, octets: &[u8], pairing: &mut Pairing) -> usize {
        let mut at = 0;
        self.last = Mark::from(delivery);
        while at < octets.len() && !pairing.is_over() {
            let rest = &octets[at..];
            let offset = delivery.offset + at as u64;
            at += match &mut self.at {
                At::Head(_) => self.head_piece(offset, rest, pairing),
                At::OtherLine => self.other_line(offset, rest),
                At::Length(_) => self.body_piece(offset, rest, pairing),
                At::Chunked(_) => self.chunked_piece(offset, rest, pairing),
                At::UntilClose => {
                    pairing.body(self.kind, self.last, rest);
                    rest.len()
                }
            };
        }
        self.read_to = delivery.offset + at as u64;
        at
    }

    /// So many octets are missing.
    pub(super) fn gap(&mut self, delivery: Delivery, length: u64, pairing: &mut Pairing) {
        if pairing.is_over() {
            return;
        }
        self.read_to = delivery.offset.saturating_add(length);
        match &mut self.at {
            At::Length(left) if length <= *left => {
                *left -= length;
                let ends = *left == 0;
                self.body_gap(length, pairing);
                if ends {
                    self.message_ends(None, pairing);
                }
                return;
            }
            At::Length(left) => {
                let missing = *left;
                pairing.missing(self.kind, missing);
                pairing.ends(self.kind, self.last, None);
            }
            At::Chunked(chunked) => {
                if chunked.gap(length) {
                    return self.body_gap(length, pairing);
                }
                pairing.missing(self.kind, length);
                pairing.ends(self.kind, self.last, Some(Cut::GapInBody));
            }
            At::UntilClose => return self.body_gap(length, pairing),
            At::Head(gatherer) => {
                if let Some(head) = gatherer.take(self.kind) {
                    self.cut_head(head, Cut::GapInHead, pairing);
                }
            }
            At::OtherLine => {}
        }
        self.search(false, pairing);
        self.hidden.gap();
    }

    /// The sender has closed, or the connection was reset.
    pub(super) fn end(&mut self, mark: Mark, reset: bool, pairing: &mut Pairing) {
        if pairing.is_over() {
            return;
        }
        let cut = if reset { Cut::Reset } else { Cut::Closed };
        match &mut self.at {
            At::UntilClose => {
                self.last = mark;
                self.message_ends(reset.then_some(cut), pairing);
            }
            At::Length(_) | At::Chunked(_) => self.message_ends(Some(cut), pairing),
            At::Head(gatherer) => {
                if let Some(head) = gatherer.take(self.kind) {
                    self.cut_head(head, cut, pairing);
                }
            }
            At::OtherLine => {}
        }
    }

    /// The capture has no more of it.
    pub(super) fn finish(&mut self, cut: Cut, pairing: &mut Pairing) {
        if let At::Head(gatherer) = &mut self.at
            && !pairing.is_over()
            && let Some(head) = gatherer.take(self.kind)
        {
            self.cut_head(head, cut, pairing);
        }
    }

    /// What must not be shown of these octets; where `is_over`, all that has not been read may be.
    pub(super) fn concealed(&self, asked: Range<u64>, is_over: bool, out: &mut Vec<Range<u32>>) {
        let body_left = match &self.at {
            _ if is_over => u64::MAX,
            _ if self.is_form => 0,
            At::Length(left) => *left,
            At::Chunked(chunked) => chunked.content_left(),
            At::UntilClose => u64::MAX,
            At::Head(_) | At::OtherLine => 0,
        };
        self.hidden.within(asked, self.read_to.saturating_add(body_left), out);
    }

    fn body_gap(&mut self, length: u64, pairing: &mut Pairing) {
        pairing.missing(self.kind, length);
        if self.is_form {
            self.hidden.gap();
        }
    }

    /// A head of which not all has come.
    fn cut_head(&mut self, head: Head, cut: Cut, pairing: &mut Pairing) {
        pairing.head(self.kind, head, self.last);
        pairing.ends(self.kind, self.last, Some(cut));
    }

    /// The next start line has to be looked for, from here or, `in_line`, from the end of this line on.
    fn search(&mut self, in_line: bool, pairing: &mut Pairing) {
        if !std::mem::replace(&mut self.searches, true) {
            pairing.heads_lost();
        }
        self.at = if in_line { At::OtherLine } else { At::Head(Gatherer::default()) };
        self.is_form = false;
    }

    fn message_ends(&mut self, cut: Option<Cut>, pairing: &mut Pairing) {
        pairing.ends(self.kind, self.last, cut);
        self.at = At::Head(Gatherer::default());
        self.is_form = false;
        self.hidden.fresh();
    }

    /// Up to the end of a line.
    fn head_piece(&mut self, offset: u64, rest: &[u8], pairing: &mut Pairing) -> usize {
        let used = memchr::memchr(b'\n', rest).map_or(rest.len(), |end| end + 1);
        let At::Head(gatherer) = &mut self.at else { return used };
        let had_begun = gatherer.has_begun();
        let piece = &rest[..used];
        let gathered = gatherer.line_piece(self.kind, piece, self.head_limit);
        if gathered == Gathered::Foreign && self.kind == Kind::Request && gatherer.first_line() == PREFACE {
            pairing.preface();
            return 0;
        }
        if !had_begun && gatherer.has_begun() {
            pairing.begins(self.kind, self.last);
        }
        self.hidden.line_piece(offset, piece);
        match gathered {
            Gathered::More => {}
            Gathered::Whole => match gatherer.take(self.kind) {
                Some(head) => self.head_ends(head, pairing),
                None => self.search(false, pairing),
            },
            Gathered::Foreign => self.search(!piece.ends_with(b"\n"), pairing),
        }
        used
    }

    /// Up to the end of the line.
    fn other_line(&mut self, offset: u64, rest: &[u8]) -> usize {
        let end = memchr::memchr(b'\n', rest).map(|end| end + 1);
        let used = end.unwrap_or(rest.len());
        self.hidden.line_piece(offset, &rest[..used]);
        if end.is_some() {
            self.at = At::Head(Gatherer::default());
        }
        used
    }

    fn head_ends(&mut self, head: Head, pairing: &mut Pairing) {
        self.searches = false;
        self.hidden.fresh();
        let is_form = self.kind == Kind::Request && is_form(&head);
        self.at = match pairing.head(self.kind, head, self.last) {
            Next::Body(Framing::Length(length)) if length > 0 => At::Length(length),
            Next::Body(Framing::Chunked) => At::Chunked(Chunked::default()),
            Next::Body(Framing::UntilClose) => At::UntilClose,
            Next::Body(Framing::Unknown) => {
                pairing.ends(self.kind, self.last, None);
                return self.search(false, pairing);
            }
            Next::Body(Framing::None(_) | Framing::Length(_)) => {
                pairing.ends(self.kind, self.last, None);
                At::Head(Gatherer::default())
            }
            Next::Head => At::Head(Gatherer::default()),
        };
        self.is_form = is_form && !matches!(self.at, At::Head(_));
    }

    fn body_piece(&mut self, offset: u64, rest: &[u8], pairing: &mut Pairing) -> usize {
        let At::Length(left) = &mut self.at else { return 0 };
        if pairing.answers_head(self.kind, rest) {
            self.message_ends(None, pairing);
            return 0;
        }
        let used = rest.len().min(usize::try_from(*left).unwrap_or(usize::MAX));
        *left -= used as u64;
        let ends = *left == 0;
        self.content(offset, &rest[..used], pairing);
        if ends {
            self.message_ends(None, pairing);
        }
        used
    }

    fn content(&mut self, offset: u64, octets: &[u8], pairing: &mut Pairing) {
        if self.is_form {
            self.hidden.form_octets(offset, octets);
        }
        pairing.body(self.kind, self.last, octets);
    }

    fn chunked_piece(&mut self, offset: u64, rest: &[u8], pairing: &mut Pairing) -> usize {
        let At::Chunked(chunked) = &mut self.at else { return 0 };
        if pairing.answers_head(self.kind, rest) {
            self.message_ends(None, pairing);
            return 0;
        }
        let in_trailer = chunked.is_in_trailer();
        let (used, piece) = chunked.next(rest);
        if in_trailer {
            self.hidden.line_piece(offset, &rest[..used]);
        }
        match piece {
            Piece::Coding => pairing.coding(self.kind, self.last),
            Piece::Size { size, extension, bare_lf } => {
                pairing.chunk(self.kind, self.last, size, extension);
                if bare_lf {
                    pairing.warn(self.kind, Warning::BareLfInChunk);
                }
            }
            Piece::Content => self.content(offset, &rest[..used], pairing),
            Piece::Field(line) => pairing.trailer(self.kind, self.last, &line),
            Piece::End => self.message_ends(None, pairing),
            Piece::Broken => {
                pairing.ends(self.kind, self.last, Some(Cut::BrokenChunk));
                self.search(!rest[..used].ends_with(b"\n"), pairing);
                self.hidden.gap();
            }
        }
        used
    }
}

/// Whether the body is a form as browsers send it.
fn is_form(head: &Head) -> bool {
    head.all("Content-Type").any(|value| {
        let essence = value.split(';').next().unwrap_or_default().trim();
        essence.eq_ignore_ascii_case("application/x-www-form-urlencoded")
    })
}
