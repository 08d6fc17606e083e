//! The fields of a header (RFC 5322 section 2.2).

/// A header taken apart into its fields; nothing is copied.
#[derive(Debug)]
pub(super) struct Fields<'a>(Vec<(&'a [u8], &'a [u8])>);

/// Fields that are looked at in one header.
const MAX_FIELDS: usize = 4096;

impl<'a> Fields<'a> {
    /// Takes a header apart; lines that are no field are passed over.
    pub(super) fn of(header: &'a [u8]) -> Self {
        let mut fields = Vec::new();
        let mut rest = header;
        while !rest.is_empty() && fields.len() < MAX_FIELDS {
            let (field, behind) = rest.split_at(end_of_field(rest));
            rest = behind;
            if let Some(colon) = memchr::memchr(b':', field)
                && is_name(&field[..colon])
            {
                fields.push((field[..colon].trim_ascii_end(), &field[colon + 1..]));
            }
        }
        Self(fields)
    }

    /// The bodies of the fields with this name, in order, with their line ends.
    pub(super) fn all<'b>(&'b self, name: &'b str) -> impl Iterator<Item = &'a [u8]> + 'b {
        let named = self.0.iter().filter(move |(n, _)| n.eq_ignore_ascii_case(name.as_bytes()));
        named.map(|(_, body)| *body)
    }

    /// The body of the first field with this name.
    pub(super) fn first(&self, name: &str) -> Option<&'a [u8]> {
        self.all(name).next()
    }

    /// Names and bodies of all fields, in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&'a [u8], &'a [u8])> + '_ {
        self.0.iter().copied()
    }
}

/// A field goes on as long as the next line begins with white space.
fn end_of_field(octets: &[u8]) -> usize {
    let ends = memchr::memchr_iter(b'\n', octets).map(|at| at + 1);
    let mut ends = ends.filter(|&end| !matches!(octets.get(end), Some(b' ' | b'\t')));
    ends.next().unwrap_or(octets.len())
}

/// Whether octets before a colon are a field's name (RFC 5322 section 2.2; white space behind it is obsolete).
fn is_name(octets: &[u8]) -> bool {
    let name = octets.trim_ascii_end();
    !name.is_empty() && name.iter().all(|octet| matches!(octet, 33..=57 | 59..=126))
}

/// Whether a line, or its beginning, can stand in a header: as a field, or as the continuation of one.
pub(super) fn belongs_to_header(line: &[u8]) -> bool {
    if matches!(line.first(), Some(b' ' | b'\t')) {
        return true;
    }
    memchr::memchr(b':', line).is_some_and(|colon| is_name(&line[..colon]))
}

/// A field's body on one line, runs of white space as one blank, invalid UTF-8 replaced.
pub(super) fn unfold(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let mut line = String::with_capacity(text.len());
    for word in text.split_ascii_whitespace() {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_goes_on_while_lines_begin_with_white_space_and_its_name_has_no_case() {
        let fields = Fields::of(b"Subject: a\r\n b\r\nno field\r\nsubject : c\r\nX\xff: d\r\n");
        let all: Vec<_> = fields.all("SUBJECT").map(unfold).collect();
        assert_eq!(all, ["a b", "c"]);
        assert!(belongs_to_header(b"\tmore") && belongs_to_header(b"a:") && !belongs_to_header(b"Hi there"));
    }
}
