//! Command lines: verbs, arguments, paths (RFC 5321 section 4.1).

use super::line;

macro_rules! verbs {
    ($($(#[$doc:meta])* $variant:ident, $name:literal;)*) => {
        /// A command that is known here.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(super) enum Verb { $($(#[$doc])* $variant,)* }

        impl Verb {
            /// The verb with this name, in any case.
            fn named(name: &[u8]) -> Option<Self> {
                $(if name.eq_ignore_ascii_case($name.as_bytes()) { return Some(Verb::$variant); })*
                None
            }

            /// The name, upper case.
            pub(super) const fn name(self) -> &'static str {
                match self { $(Verb::$variant => $name,)* }
            }
        }
    };
}

verbs! {
    Mail, "MAIL"; Rcpt, "RCPT"; Data, "DATA"; Bdat, "BDAT"; Ehlo, "EHLO"; Helo, "HELO"; Lhlo, "LHLO";
    Rset, "RSET"; Noop, "NOOP"; Quit, "QUIT"; Auth, "AUTH"; StartTls, "STARTTLS"; Vrfy, "VRFY"; Expn, "EXPN";
    Help, "HELP"; Etrn, "ETRN"; Atrn, "ATRN"; Turn, "TURN"; Send, "SEND"; Soml, "SOML"; Saml, "SAML";
    XClient, "XCLIENT"; XForward, "XFORWARD";
}

/// A command line taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Command<'a> {
    /// `None` for a word that is no verb known here.
    pub(super) verb: Option<Verb>,
    /// What follows the verb.
    pub(super) argument: &'a [u8],
    /// Where that begins in the line.
    pub(super) argument_at: usize,
}

/// Takes a line (without its ending) apart. `MAIL:FROM` and the like are read as well.
pub(super) fn parse(line: &[u8]) -> Command<'_> {
    let end = line.iter().position(|c| matches!(c, b' ' | b':')).unwrap_or(line.len());
    let verb = Verb::named(&line[..end]);
    let blanks = line[end..].iter().take_while(|c| **c == b' ').count();
    let argument_at = end + blanks;
    Command { verb, argument: line[argument_at..].trim_ascii_end(), argument_at }
}

/// The mailbox of MAIL or RCPT as it stands between the brackets (empty for the null path, a source route
/// kept); without brackets, the word behind the colon.
pub(in crate::conversation) fn path(argument: &[u8]) -> String {
    match memchr::memchr(b'<', argument) {
        Some(open) => {
            let inside = &argument[open + 1..];
            line::text(&inside[..closing_bracket(inside)])
        }
        None => {
            let colon = memchr::memchr2(b':', b' ', argument).map_or(0, |at| at + 1);
            let word = argument[colon..].trim_ascii_start();
            line::text(word.split(|c| *c == b' ').next().unwrap_or_default())
        }
    }
}

/// The place of `>`, which may stand in a quoted local part (RFC 5321 section 4.1.2) without closing the path.
fn closing_bracket(octets: &[u8]) -> usize {
    let (mut quoted, mut escaped) = (false, false);
    for (at, octet) in octets.iter().enumerate() {
        match octet {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'>' if !quoted => return at,
            _ => {}
        }
    }
    memchr::memchr(b'>', octets).unwrap_or(octets.len())
}

/// The argument of BDAT (RFC 3030 section 2): how many octets, and whether they are the last. `None` where it
/// cannot be read: then nothing but a refusal follows.
pub(super) fn chunk(argument: &[u8]) -> Option<(u64, bool)> {
    let text = std::str::from_utf8(argument).ok()?;
    let mut words = text.split_ascii_whitespace();
    let length = words.next()?;
    let octets = length.bytes().all(|c| c.is_ascii_digit()).then(|| length.parse().ok())??;
    match (words.next(), words.next()) {
        (None, _) => Some((octets, false)),
        (Some(word), None) if word.eq_ignore_ascii_case("LAST") => Some((octets, true)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> (Option<Verb>, String) {
        let command = parse(line.as_bytes());
        (command.verb, path(command.argument))
    }

    #[test]
    fn a_path_is_read_however_it_is_written() {
        for (line, expected) in [
            ("MAIL FROM:<a@example.com>", "a@example.com"),
            ("MAIL FROM:a@example.com", "a@example.com"),
            ("MAIL FROM: a@example.com SIZE=5", "a@example.com"),
            ("MAIL FROM: <a@example.com> SIZE=5 BODY=8BITMIME", "a@example.com"),
            ("mail from:<A@example.com>", "A@example.com"),
            ("MAIL FROM:<\"a>b c\"@example.com>", "\"a>b c\"@example.com"),
            ("MAIL FROM:<>", ""),
            ("MAIL FROM:<@relay.test:a@example.com>", "@relay.test:a@example.com"),
            ("MAIL FROM a@example.com", "a@example.com"),
            ("MAIL FROM:<a@example.com", "a@example.com"),
        ] {
            assert_eq!(read(line), (Some(Verb::Mail), expected.to_owned()), "{line}");
        }
        assert_eq!(
            read("rcpt to:<b@example.com> NOTIFY=NEVER"),
            (Some(Verb::Rcpt), "b@example.com".to_owned())
        );
    }

    #[test]
    fn a_chunk_says_how_many_octets_and_whether_it_is_the_last() {
        assert_eq!(chunk(b"86"), Some((86, false)));
        assert_eq!(chunk(b"0 last"), Some((0, true)));
        assert_eq!(chunk(b"LAST"), None);
        assert_eq!(chunk(b"+5"), None);
        assert_eq!(chunk(b"99999999999999999999999"), None);
    }
}
