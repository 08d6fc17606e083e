//! Content transfer encodings, undone octet by octet (RFC 2045 section 6).

/// Octets of white space that may turn out to stand at the end of a line of quoted-printable.
const MAX_BLANKS: usize = 256;

/// How content is encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    /// Not at all, or in a way that is not known here.
    Identity,
    /// RFC 2045 section 6.7.
    QuotedPrintable,
    /// RFC 2045 section 6.8.
    Base64,
}

impl Encoding {
    /// The encoding with this name, lower case.
    pub(super) fn named(name: &str) -> Self {
        match name {
            "base64" => Encoding::Base64,
            "quoted-printable" => Encoding::QuotedPrintable,
            _ => Encoding::Identity,
        }
    }
}

/// Undoes an encoding; what it gives is in [`Decoder::take`].
#[derive(Debug)]
pub(super) struct Decoder {
    state: State,
    out: Vec<u8>,
}

#[derive(Debug)]
enum State {
    Identity,
    Base64 { bits: u32, digits: u8 },
    QuotedPrintable { at: Quoted, blanks: Vec<u8> },
}

/// Where the reader of quoted-printable stands.
#[derive(Debug, Clone, Copy)]
enum Quoted {
    Text,
    /// Behind CR.
    Cr,
    /// Behind `=`.
    Equals,
    /// Behind `=` and blanks, which may only be followed by the end of the line.
    Padding,
    /// Behind `=` and one hexadecimal digit.
    Digit(u8),
    /// Behind `=`, perhaps blanks, and CR.
    SoftCr,
}

impl Decoder {
    pub(super) fn new(encoding: Encoding) -> Self {
        let state = match encoding {
            Encoding::Identity => State::Identity,
            Encoding::Base64 => State::Base64 { bits: 0, digits: 0 },
            Encoding::QuotedPrintable => State::QuotedPrintable { at: Quoted::Text, blanks: Vec::new() },
        };
        Self { state, out: Vec::new() }
    }

    /// Takes the next octets; what they decode to goes to `out`.
    pub(super) fn push(&mut self, octets: &[u8], mut out: impl FnMut(&[u8])) {
        match &mut self.state {
            State::Identity => return out(octets),
            State::Base64 { bits, digits } => {
                octets.iter().for_each(|&octet| base64(bits, digits, octet, &mut self.out));
            }
            State::QuotedPrintable { at, blanks } => {
                octets.iter().for_each(|&octet| *at = quoted(*at, blanks, octet, &mut self.out));
            }
        }
        out(&self.out);
        self.out.clear();
    }

    /// Nothing more will come.
    pub(super) fn finish(&mut self, mut out: impl FnMut(&[u8])) {
        match &mut self.state {
            State::Identity => {}
            State::Base64 { bits, digits } => end_quantum(bits, digits, &mut self.out),
            State::QuotedPrintable { at, .. } => match at {
                Quoted::Cr => self.out.push(b'\r'),
                Quoted::Digit(digit) => self.out.extend([b'=', *digit]),
                // blanks at the end of a line do not count, nor does a soft line break
                Quoted::Text | Quoted::Equals | Quoted::Padding | Quoted::SoftCr => {}
            },
        }
        out(&self.out);
        self.out.clear();
    }
}

/// Octets outside of the alphabet are passed over (RFC 2045 section 6.8).
fn base64(bits: &mut u32, digits: &mut u8, octet: u8, out: &mut Vec<u8>) {
    let value = match octet {
        b'A'..=b'Z' => octet - b'A',
        b'a'..=b'z' => octet - b'a' + 26,
        b'0'..=b'9' => octet - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        b'=' => return end_quantum(bits, digits, out),
        _ => return,
    };
    *bits = *bits << 6 | u32::from(value);
    *digits += 1;
    if *digits == 4 {
        out.extend_from_slice(&bits.to_be_bytes()[1..]);
        (*bits, *digits) = (0, 0);
    }
}

/// The octets of a quantum that ends early, with or without its padding.
fn end_quantum(bits: &mut u32, digits: &mut u8, out: &mut Vec<u8>) {
    match digits {
        2 => out.push((*bits >> 4) as u8),
        3 => out.extend_from_slice(&((*bits >> 2) as u16).to_be_bytes()),
        _ => {}
    }
    (*bits, *digits) = (0, 0);
}

fn quoted(at: Quoted, blanks: &mut Vec<u8>, octet: u8, out: &mut Vec<u8>) -> Quoted {
    match (at, octet) {
        (Quoted::Text, _) => text(blanks, octet, out),
        (Quoted::Cr, b'\n') => {
            blanks.clear();
            out.extend_from_slice(b"\r\n");
            Quoted::Text
        }
        (Quoted::Cr, _) => {
            out.append(blanks);
            out.push(b'\r');
            text(blanks, octet, out)
        }
        (Quoted::Equals | Quoted::Padding, b' ' | b'\t') => {
            keep_blank(blanks, octet, out);
            Quoted::Padding
        }
        (Quoted::Equals | Quoted::Padding | Quoted::SoftCr, b'\n') => {
            blanks.clear();
            Quoted::Text
        }
        (Quoted::Equals | Quoted::Padding, b'\r') => Quoted::SoftCr,
        (Quoted::Equals, digit) if digit.is_ascii_hexdigit() => Quoted::Digit(digit),
        (Quoted::Digit(high), low) if low.is_ascii_hexdigit() => {
            out.push(hex(high) << 4 | hex(low));
            Quoted::Text
        }
        // not quoted-printable: as it stands
        (Quoted::Digit(high), _) => {
            out.extend([b'=', high]);
            text(blanks, octet, out)
        }
        (Quoted::Equals | Quoted::Padding, _) => {
            out.push(b'=');
            out.append(blanks);
            text(blanks, octet, out)
        }
        (Quoted::SoftCr, _) => {
            out.push(b'=');
            out.append(blanks);
            out.push(b'\r');
            text(blanks, octet, out)
        }
    }
}

/// White space at the end of a line was added on the way (RFC 2045 section 6.7, rule 3).
fn text(blanks: &mut Vec<u8>, octet: u8, out: &mut Vec<u8>) -> Quoted {
    match octet {
        b' ' | b'\t' => keep_blank(blanks, octet, out),
        b'\r' => return Quoted::Cr,
        b'\n' => {
            blanks.clear();
            out.push(b'\n');
        }
        b'=' => {
            out.append(blanks);
            return Quoted::Equals;
        }
        octet => {
            out.append(blanks);
            out.push(octet);
        }
    }
    Quoted::Text
}

fn keep_blank(blanks: &mut Vec<u8>, octet: u8, out: &mut Vec<u8>) {
    if blanks.len() >= MAX_BLANKS {
        out.append(blanks);
    }
    blanks.push(octet);
}

const fn hex(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        b'a'..=b'f' => digit - b'a' + 10,
        b'A'..=b'F' => digit - b'A' + 10,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn decode(encoding: Encoding, pieces: &[&[u8]]) -> Vec<u8> {
        let mut decoder = Decoder::new(encoding);
        let mut out = Vec::new();
        for piece in pieces {
            decoder.push(piece, |octets| out.extend_from_slice(octets));
        }
        decoder.finish(|octets| out.extend_from_slice(octets));
        out
    }

    fn text(encoding: Encoding, octets: &str) -> String {
        String::from_utf8(decode(encoding, &[octets.as_bytes()])).unwrap()
    }

    #[test]
    fn base64_passes_over_what_is_not_of_its_alphabet_and_needs_no_padding() {
        assert_eq!(text(Encoding::Base64, "SGVs\r\nbG8="), "Hello");
        assert_eq!(text(Encoding::Base64, "SGVsbG8"), "Hello");
        assert_eq!(text(Encoding::Base64, "SG*Vs bG8=\r\n"), "Hello");
        assert_eq!(text(Encoding::Base64, "SGk=SGk="), "HiHi");
    }

    #[test]
    fn quoted_printable_joins_soft_line_breaks_and_drops_blanks_at_the_end_of_a_line() {
        assert_eq!(text(Encoding::QuotedPrintable, "caf=C3=A9 =\r\nau lait \t\r\n"), "café au lait\r\n");
        assert_eq!(text(Encoding::QuotedPrintable, "a= \t\r\nb=\nc"), "abc");
        assert_eq!(text(Encoding::QuotedPrintable, "1+1=2 =X =4"), "1+1=2 =X =4");
        assert_eq!(text(Encoding::QuotedPrintable, "a\rb  "), "a\rb");
    }

    proptest! {
        #[test]
        fn a_cut_changes_nothing(
            octets in proptest::collection::vec(prop::sample::select(b"=\r\n \tAf09+/x".to_vec()), 0..60),
            cut in 0usize..60,
        ) {
            let (one, two) = octets.split_at(cut.min(octets.len()));
            for encoding in [Encoding::Identity, Encoding::Base64, Encoding::QuotedPrintable] {
                prop_assert_eq!(decode(encoding, &[&octets]), decode(encoding, &[one, two]));
            }
        }
    }
}
