//! Reply lines (RFC 5321 section 4.2) and what can be told from their text.

/// A reply line taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ReplyLine<'a> {
    pub(super) code: u16,
    /// More lines of the same reply follow.
    pub(super) more: bool,
    pub(super) text: &'a [u8],
}

/// Takes a line (without its ending) apart; `None` for one that is no reply.
pub(super) fn parse(line: &[u8]) -> Option<ReplyLine<'_>> {
    let (digits, rest) = line.split_at_checked(3)?;
    let code =
        digits.iter().try_fold(0, |sum, c| c.is_ascii_digit().then(|| sum * 10 + u16::from(c - b'0')))?;
    match rest.split_first() {
        None => Some(ReplyLine { code, more: false, text: b"" }),
        Some((b' ', text)) => Some(ReplyLine { code, more: false, text }),
        Some((b'-', text)) => Some(ReplyLine { code, more: true, text }),
        Some(_) => None,
    }
}

/// The enhanced status code at the beginning of a reply's text (RFC 2034 section 4), which has the class of
/// the reply's code.
pub(super) fn enhanced(code: u16, text: &str) -> Option<String> {
    let word = text.split(' ').next()?;
    let mut parts = word.split('.');
    let (class, subject, detail) = (parts.next()?, parts.next()?, parts.next()?);
    let number = |s: &str| (1..=3).contains(&s.len()) && s.bytes().all(|c| c.is_ascii_digit());
    let fits = parts.next().is_none() && class.parse() == Ok(code / 100) && number(subject) && number(detail);
    fits.then(|| word.to_owned())
}

/// The identifier that a server gave the message, in the wording of the usual servers.
pub(in crate::conversation) fn queue_id(text: &str) -> Option<String> {
    let word_after = |mark: &str| {
        let rest = &text[text.find(mark)? + mark.len()..];
        rest.split([' ', ',', ']', ';', ')', '>']).find(|w| !w.is_empty())
    };
    let word_before = |mark: &str| text[..text.find(mark)?].split_ascii_whitespace().next_back();
    ["queued as ", "InternalId=", " id=", " qp "]
        .iter()
        .find_map(|mark| word_after(mark))
        .or_else(|| word_before(" Message accepted"))
        .or_else(|| saved(text))
        .or_else(|| text.ends_with("gsmtp").then(|| word_before(" - gsmtp")).flatten())
        .filter(|id| id.bytes().any(|c| c.is_ascii_digit()) && enhanced(250, id).is_none())
        .map(str::to_owned)
}

/// `<recipient> identifier Saved`: what Dovecot says of a recipient of LMTP.
fn saved(text: &str) -> Option<&str> {
    let (_, rest) = text.strip_suffix(" Saved")?.rsplit_once("> ")?;
    (!rest.contains(' ')).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_line_is_three_digits_and_a_blank_a_hyphen_or_nothing() {
        assert_eq!(parse(b"250-SIZE"), Some(ReplyLine { code: 250, more: true, text: b"SIZE" }));
        assert_eq!(parse(b"250"), Some(ReplyLine { code: 250, more: false, text: b"" }));
        assert_eq!(parse(b"2500"), None);
        assert_eq!(parse(b"25"), None);
        assert_eq!(parse(b"+OK"), None);
    }

    #[test]
    fn an_enhanced_code_has_the_class_of_the_reply() {
        assert_eq!(enhanced(550, "5.1.1 no such user").as_deref(), Some("5.1.1"));
        assert_eq!(enhanced(550, "2.1.1 no such user"), None);
        assert_eq!(enhanced(250, "2.1 ok"), None);
        assert_eq!(enhanced(220, "192.0.2.1 ready"), None);
    }

    #[test]
    fn a_queue_identifier_is_found_in_the_wording_of_each_server() {
        for (text, expected) in [
            ("2.0.0 Ok: queued as 4F1A2B3C4D", Some("4F1A2B3C4D")),
            ("OK id=1aBcDe-0001Ab-2C", Some("1aBcDe-0001Ab-2C")),
            ("2.0.0 1a2b3c4d Message accepted for delivery", Some("1a2b3c4d")),
            ("2.6.0 <m@example.com> [InternalId=123, Hostname=a.example.com] Queued", Some("123")),
            ("ok 1439390000 qp 4711", Some("4711")),
            ("2.0.0 <bob@example.com> jOG8MvsMB2u/AQAAG7A98A Saved", Some("jOG8MvsMB2u/AQAAG7A98A")),
            ("2.0.0 <bob@example.com> jOG8MvsMB2u/AQAAG7A98A:R2 Saved", Some("jOG8MvsMB2u/AQAAG7A98A:R2")),
            ("2.0.0 Message accepted for delivery", None),
            ("OK", None),
        ] {
            assert_eq!(queue_id(text).as_deref(), expected, "{text}");
        }
    }
}
