//! Heads of messages: gathered while they arrive, and taken apart (RFC 9112 sections 2 and 5).

use super::exchange::{Field, Warning};
use super::start::{Kind, is_start_line, may_start};
use super::text::Text;

/// Fields of a head that are kept.
const MAX_FIELDS: usize = 256;
/// Lines of a head that are looked at.
const MAX_LINES: usize = 1024;

/// Gathers the octets of one head.
#[derive(Debug, Default)]
pub(super) struct Gatherer {
    kept: Vec<u8>,
    /// Octets of it, kept or not.
    total: u64,
    /// Octets of the line that is under way.
    line: u64,
    /// The first of them, to tell a blank line.
    line_begins: u8,
    lines: u64,
}

/// What came of more octets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Gathered {
    /// More is needed.
    More,
    /// The head is whole.
    Whole,
    /// The first line is no start line.
    Foreign,
}

impl Gatherer {
    /// Takes octets of one line, with its end or without; of a head no more than `limit` are kept.
    pub(super) fn line_piece(&mut self, kind: Kind, piece: &[u8], limit: usize) -> Gathered {
        let ends = piece.ends_with(b"\n");
        if self.line == 0 {
            self.line_begins = piece.first().copied().unwrap_or_default();
        }
        self.line += piece.len() as u64;
        let is_blank = ends && (self.line == 1 || (self.line == 2 && self.line_begins == b'\r'));
        if self.kept.is_empty() && (is_blank || piece == b"\r") {
            // RFC 9112 section 2.2: empty lines in front of a start line mean nothing
            self.line = if ends { 0 } else { self.line };
            return Gathered::More;
        }
        if self.kept.is_empty() {
            self.line = piece.len() as u64;
        }
        self.total += piece.len() as u64;
        let room = limit.saturating_sub(self.kept.len()).min(piece.len());
        self.kept.extend_from_slice(&piece[..room]);
        if self.lines == 0 && !self.may_be_head(kind, ends) {
            return Gathered::Foreign;
        }
        if ends {
            self.lines += 1;
            self.line = 0;
        }
        if is_blank { Gathered::Whole } else { Gathered::More }
    }

    fn may_be_head(&self, kind: Kind, ends: bool) -> bool {
        if ends { is_start_line(kind, trimmed(&self.kept)) } else { may_start(kind, &self.kept) }
    }

    /// Whether a head has begun.
    pub(super) fn has_begun(&self) -> bool {
        !self.kept.is_empty()
    }

    /// The first line, as far as it has come.
    pub(super) fn first_line(&self) -> &[u8] {
        let end = memchr::memchr(b'\n', &self.kept).unwrap_or(self.kept.len());
        trimmed(&self.kept[..end])
    }

    /// What has come, taken apart; `None` where not even its first line has come.
    pub(super) fn take(&mut self, kind: Kind) -> Option<Head> {
        let gathered = std::mem::take(self);
        let is_whole = gathered.total == gathered.kept.len() as u64;
        Head::parse(kind, gathered.kept, gathered.total, is_whole)
    }
}

fn trimmed(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// What a message begins with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Start {
    Request { method: String, target: Text },
    Response { status: u16, reason: String },
}

/// A head.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) start: Start,
    /// The digit behind `HTTP/1.`.
    pub(super) minor: u8,
    pub(super) fields: Vec<Field>,
    pub(super) fields_left_out: u64,
    /// Its octets, the blank line included.
    pub(super) octets: u64,
    pub(super) warnings: Vec<Warning>,
}

impl Head {
    /// The values of the fields with this name, in order.
    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.fields.iter().filter(move |field| field.name.eq_ignore_ascii_case(name)).map(|f| f.value.all())
    }

    /// The elements of the list that these fields are together (RFC 9110 section 5.6.1), in lower case.
    pub(super) fn list(&self, name: &str) -> Vec<String> {
        let elements = self.all(name).flat_map(|value| value.split(','));
        let words = elements.map(|element| element.trim().to_ascii_lowercase());
        words.filter(|word| !word.is_empty()).collect()
    }

    fn parse(kind: Kind, mut octets: Vec<u8>, total: u64, is_whole: bool) -> Option<Self> {
        let mut warnings = Vec::new();
        if !is_whole {
            warnings.push(Warning::HeadTooLong);
        }
        let last_line = memchr::memrchr(b'\n', &octets)? + 1;
        octets.truncate(last_line);
        let begins_with_blank = octets.starts_with(b"\r\n") || octets.starts_with(b"\n");
        debug_assert!(!begins_with_blank, "empty lines are skipped before");
        let lines = look_at_lines(&mut octets, &mut warnings);
        octets.extend_from_slice(b"\r\n");
        let mut parsed = with_fields(kind, &octets)?;
        let invalid = (lines.fields as usize).saturating_sub(parsed.fields.len());
        if invalid > 0 {
            warnings.push(Warning::InvalidField);
        }
        let kept = parsed.fields.len().min(MAX_FIELDS);
        let fields_left_out = lines.left_out + (parsed.fields.len() - kept) as u64;
        parsed.fields.truncate(MAX_FIELDS);
        let Parsed { start, minor, fields } = parsed;
        Some(Self { start, minor, fields, fields_left_out, octets: total, warnings })
    }
}

/// What the lines of a head are.
struct Lines {
    fields: u64,
    left_out: u64,
}

/// Joins folded lines (RFC 9112 section 5.2: their ends become spaces), takes out lines beyond the bound and what
/// stands between a name and its colon, and notes what is odd.
fn look_at_lines(octets: &mut Vec<u8>, warnings: &mut Vec<Warning>) -> Lines {
    let mut warn = |warning| {
        if !warnings.contains(&warning) {
            warnings.push(warning);
        }
    };
    let mut lines = Lines { fields: 0, left_out: 0 };
    let mut at = 0;
    let mut seen = 0;
    while let Some(end) = memchr::memchr(b'\n', &octets[at..]).map(|end| at + end) {
        let line = &octets[at..end];
        if !line.ends_with(b"\r") {
            warn(Warning::BareLf);
        }
        let line = trimmed(line);
        if seen > 0 && line.is_empty() {
            octets.truncate(at);
            break;
        }
        if seen > 1 && matches!(line.first(), Some(b' ' | b'\t')) {
            warn(Warning::ObsoleteFolding);
            let before = if octets[..at].ends_with(b"\r\n") { at - 2 } else { at - 1 };
            octets[before..at].fill(b' ');
        } else if seen > MAX_LINES {
            let rest = &octets[at..];
            let others =
                rest.split_inclusive(|octet| *octet == b'\n').filter(|line| !trimmed(line).is_empty());
            lines.left_out = others.count() as u64;
            octets.truncate(at);
            break;
        } else if seen > 0 {
            lines.fields += 1;
            let name = memchr::memchr(b':', line).unwrap_or(0);
            if name > 0 && line[name - 1].is_ascii_whitespace() {
                warn(Warning::SpaceBeforeColon);
            }
        }
        seen += 1;
        at = end + 1;
    }
    lines
}

struct Parsed {
    start: Start,
    minor: u8,
    fields: Vec<Field>,
}

/// The start line and the fields of a head whose folded lines are joined.
fn with_fields(kind: Kind, octets: &[u8]) -> Option<Parsed> {
    let mut room = vec![httparse::EMPTY_HEADER; memchr::memchr_iter(b'\n', octets).count()];
    let mut rules = httparse::ParserConfig::default();
    rules
        .ignore_invalid_headers_in_requests(true)
        .ignore_invalid_headers_in_responses(true)
        .allow_spaces_after_header_name_in_responses(true);
    let fields = |headers: &[httparse::Header<'_>]| headers.iter().map(field).collect();
    let parsed = match kind {
        Kind::Request => {
            let mut request = httparse::Request::new(&mut room);
            rules.parse_request(&mut request, octets).ok().map(|_| Parsed {
                start: Start::Request {
                    method: request.method.unwrap_or_default().to_owned(),
                    target: Text::reference(request.path.unwrap_or_default().as_bytes()),
                },
                minor: request.version.unwrap_or_default(),
                fields: fields(request.headers),
            })
        }
        Kind::Response => {
            let mut response = httparse::Response::new(&mut room);
            rules.parse_response(&mut response, octets).ok().map(|_| Parsed {
                start: Start::Response {
                    status: response.code.unwrap_or_default(),
                    reason: response.reason.unwrap_or_default().to_owned(),
                },
                minor: response.version.unwrap_or_default(),
                fields: fields(response.headers),
            })
        }
    };
    parsed.or_else(|| start_alone(kind, octets))
}

fn field(header: &httparse::Header<'_>) -> Field {
    Field { name: header.name.to_owned(), value: Text::of_field(header.name, header.value) }
}

/// A start line with octets in it that the grammar forbids, as it stands; its fields read on their own.
fn start_alone(kind: Kind, octets: &[u8]) -> Option<Parsed> {
    let end = memchr::memchr(b'\n', octets)?;
    let line = trimmed(&octets[..end]);
    let mut room = vec![httparse::EMPTY_HEADER; memchr::memchr_iter(b'\n', octets).count()];
    let fields = match httparse::parse_headers(&octets[end + 1..], &mut room) {
        Ok(httparse::Status::Complete((_, headers))) => headers.iter().map(field).collect(),
        Ok(httparse::Status::Partial) | Err(_) => Vec::new(),
    };
    let digit = |octet: Option<&u8>| octet.map_or(1, |digit| digit.wrapping_sub(b'0').min(9));
    let (start, minor) = match kind {
        Kind::Request => {
            let target = super::start::target(line)?;
            let minor = digit(line.get(target.end + " HTTP/1.".len()));
            let method = String::from_utf8_lossy(&line[..target.start - 1]).into_owned();
            (Start::Request { method, target: Text::reference(&line[target]) }, minor)
        }
        Kind::Response => {
            let code = line.get(9..12).filter(|code| code.iter().all(u8::is_ascii_digit))?;
            let status = code.iter().fold(0, |sum, digit| sum * 10 + u16::from(digit - b'0'));
            let reason = String::from_utf8_lossy(line.get(13..).unwrap_or_default()).into_owned();
            (Start::Response { status, reason }, digit(line.get(7)))
        }
    };
    Some(Parsed { start, minor, fields })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn head(kind: Kind, text: &str) -> Option<Head> {
        let mut gatherer = Gatherer::default();
        for piece in text.as_bytes().split_inclusive(|octet| *octet == b'\n') {
            gatherer.line_piece(kind, piece, 1 << 16);
        }
        gatherer.take(kind)
    }

    fn fields(head: &Head) -> Vec<(&str, &str)> {
        head.fields.iter().map(|field| (field.name.as_str(), field.value.all())).collect()
    }

    #[test]
    fn a_head_is_its_start_line_and_its_fields() {
        let head = head(Kind::Response, "\r\nHTTP/1.1 404 Not Found\r\nServer: a\r\nVary:\r\n\r\n").unwrap();
        assert_eq!(head.start, Start::Response { status: 404, reason: "Not Found".into() });
        assert_eq!((fields(&head), head.minor, head.octets), (vec![("Server", "a"), ("Vary", "")], 1, 44));
        assert_eq!(head.warnings, []);
    }

    #[test]
    fn folded_lines_bare_line_feeds_and_invalid_fields_are_read_and_named() {
        let text = "GET / HTTP/1.0\nHost: a\r\n\tb\r\n@@@\r\nX : y\r\n\r\n";
        let head = head(Kind::Request, text).unwrap();
        assert_eq!(fields(&head)[0], ("Host", "a  \tb"));
        for warning in
            [Warning::BareLf, Warning::ObsoleteFolding, Warning::InvalidField, Warning::SpaceBeforeColon]
        {
            assert!(head.warnings.contains(&warning), "{warning:?}");
        }
    }

    #[test]
    fn a_target_with_spaces_or_other_octets_is_kept_as_it_stands() {
        let head = head(Kind::Request, "GET /a b\u{1}c HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
        let Start::Request { target, .. } = &head.start else { panic!() };
        assert_eq!((target.all(), fields(&head)), ("/a b\u{1}c", vec![("Host", "a")]));
    }

    #[test]
    fn a_head_has_its_bound() {
        let mut gatherer = Gatherer::default();
        gatherer.line_piece(Kind::Request, b"GET / HTTP/1.1\r\n", 100);
        for _ in 0..50 {
            gatherer.line_piece(Kind::Request, b"A: 12345678\r\n", 100);
        }
        assert_eq!(gatherer.line_piece(Kind::Request, b"\r\n", 100), Gathered::Whole);
        let head = gatherer.take(Kind::Request).unwrap();
        assert_eq!((head.fields.len(), head.warnings), (6, vec![Warning::HeadTooLong]));
        assert_eq!(head.octets, 16 + 50 * 13 + 2);
    }

    #[test]
    fn lines_beyond_the_bound_are_counted() {
        let text = format!("GET / HTTP/1.1\r\n{}\r\n", "a:\r\n".repeat(3000));
        let head = head(Kind::Request, &text).unwrap();
        assert_eq!((head.fields.len() as u64 + head.fields_left_out, head.fields.len()), (3000, MAX_FIELDS));
    }

    proptest! {
        #[test]
        fn arbitrary_octets_never_panic(
            octets in "(GET / HTTP/1.1|HTTP/1.1 200|[ -~]{0,9})(\r\n|\n)([ -~\t]{0,9}(\r\n|\n|\r)){0,9}",
            cut in 0..60_usize,
        ) {
            for kind in [Kind::Request, Kind::Response] {
                head(kind, &octets);
                head(kind, octets.get(..cut).unwrap_or(""));
            }
        }
    }
}
