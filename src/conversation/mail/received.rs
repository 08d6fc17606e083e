//! Received fields: the hops that a message took before this one (RFC 5321 section 4.4).

use super::field::{Fields, unfold};
use super::header::cut;
use crate::packet::Timestamp;

/// Hops that are kept of one message.
const MAX_HOPS: usize = 256;

/// One hop, as the host that took the message wrote it down. Nothing vouches for it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Hop {
    /// The name by which the sending host introduced itself.
    pub from: Option<String>,
    /// What the receiving host knew of it: name and address, as they stand in the comment behind `from`.
    pub from_comment: Option<String>,
    /// The host that took the message.
    pub by: Option<String>,
    /// The protocol (RFC 3848): `ESMTPS`.
    pub with: Option<String>,
    /// The queue identifier.
    pub id: Option<String>,
    /// The recipient it was taken for, without brackets.
    pub for_: Option<String>,
    /// When the host took it, by that host's clock.
    pub time: Option<Timestamp>,
}

impl Hop {
    /// Octets that it takes, about.
    pub(in crate::conversation) fn size(&self) -> usize {
        let texts = [&self.from, &self.from_comment, &self.by, &self.with, &self.id, &self.for_];
        size_of::<Self>() + texts.into_iter().flatten().map(String::len).sum::<usize>()
    }
}

/// The hops of a message, the oldest first.
pub(super) fn hops(fields: &Fields<'_>) -> Vec<Hop> {
    let mut hops: Vec<_> =
        fields.all("Received").take(MAX_HOPS).map(|body| hop(&unfold(cut(body)))).collect();
    hops.reverse();
    hops
}

/// A word of a field, or a comment.
enum Token<'a> {
    Word(&'a str),
    Comment(&'a str),
}

/// Reads one field, unfolded.
fn hop(text: &str) -> Hop {
    let (clauses, date) = at_last_semicolon(text);
    let mut hop = Hop { time: date.and_then(time), ..Hop::default() };
    let mut clause = None;
    for token in tokens(clauses) {
        match token {
            Token::Word(word) => match keyword(word) {
                // a clause has a value before the next one begins; `with HTTP via ...`
                Some(next) => clause = Some((next, false)),
                None => {
                    if let Some((name, filled)) = &mut clause {
                        add_word(&mut hop, *name, word, *filled);
                        *filled = true;
                    }
                }
            },
            Token::Comment(comment) => {
                if let Some((Clause::From, true)) = clause {
                    append(&mut hop.from_comment, comment);
                }
            }
        }
    }
    hop
}

/// The clauses of RFC 5321 section 4.4.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Clause {
    From,
    By,
    Via,
    With,
    Id,
    For,
}

fn keyword(word: &str) -> Option<Clause> {
    let names = [
        ("from", Clause::From),
        ("by", Clause::By),
        ("via", Clause::Via),
        ("with", Clause::With),
        ("id", Clause::Id),
        ("for", Clause::For),
    ];
    names.into_iter().find(|(name, _)| name.eq_ignore_ascii_case(word)).map(|(_, clause)| clause)
}

/// Only `with` may have several words: `Microsoft SMTP Server`.
fn add_word(hop: &mut Hop, clause: Clause, word: &str, filled: bool) {
    let value = match clause {
        Clause::From => &mut hop.from,
        Clause::By => &mut hop.by,
        Clause::With => return append(&mut hop.with, word),
        Clause::Id => &mut hop.id,
        Clause::For => &mut hop.for_,
        Clause::Via => return,
    };
    if !filled && value.is_none() {
        let bare = word.trim_end_matches(',').strip_prefix('<').and_then(|word| word.strip_suffix('>'));
        *value = Some(bare.unwrap_or(word).to_owned());
    }
}

fn append(value: &mut Option<String>, word: &str) {
    match value {
        Some(text) => {
            text.push(' ');
            text.push_str(word);
        }
        None => *value = Some(word.to_owned()),
    }
}

/// What stands before the last semicolon outside of comments, and what stands behind it.
fn at_last_semicolon(text: &str) -> (&str, Option<&str>) {
    let mut depth = 0_u32;
    let mut last = None;
    for (at, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            ';' if depth == 0 => last = Some(at),
            _ => {}
        }
    }
    last.map_or((text, None), |at| (&text[..at], Some(&text[at + 1..])))
}

/// Words and comments; a comment may hold others.
fn tokens(text: &str) -> impl Iterator<Item = Token<'_>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        rest = rest.trim_start();
        if rest.is_empty() {
            return None;
        }
        if !rest.starts_with('(') {
            let end = rest.find([' ', '(']).unwrap_or(rest.len());
            let (word, behind) = rest.split_at(end);
            rest = behind;
            return Some(Token::Word(word));
        }
        let end = comment_end(rest);
        let (comment, behind) = rest.split_at(end);
        rest = behind;
        let inner = comment.strip_prefix('(').unwrap_or(comment);
        Some(Token::Comment(inner.strip_suffix(')').unwrap_or(inner)))
    })
}

fn comment_end(text: &str) -> usize {
    let mut depth = 0_u32;
    for (at, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' if depth <= 1 => return at + 1,
            ')' => depth -= 1,
            _ => {}
        }
    }
    text.len()
}

/// A date and time (RFC 5322 section 3.3); `None` where there is no such day.
fn time(text: &str) -> Option<Timestamp> {
    let date = mail_parser::DateTime::parse_rfc822(text.trim())?;
    let valid = date.is_valid() && (1970..2262).contains(&date.year);
    valid.then(|| Timestamp::from_parts(date.to_timestamp(), 0))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOON: i64 = 1_700_000_000 * 1_000_000_000;

    fn parts(text: &str) -> [Option<String>; 6] {
        let hop = hop(text);
        [hop.from, hop.from_comment, hop.by, hop.with, hop.id, hop.for_]
    }

    fn some(values: [&str; 6]) -> [Option<String>; 6] {
        values.map(|value| (!value.is_empty()).then(|| value.to_owned()))
    }

    #[test]
    fn the_field_is_read_as_postfix_writes_it() {
        let text = "from client.example.test (unknown [192.0.2.7]) (using TLSv1.3 with cipher \
            TLS_AES_256_GCM_SHA384 (256/256 bits)) by mx.example.test (Postfix) with ESMTPS id 4F1A2B3C4D for \
            <b@example.test>; Tue, 14 Nov 2023 23:13:20 +0100 (CET)";
        let comment = "unknown [192.0.2.7] using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits)";
        let [from, by] = ["client.example.test", "mx.example.test"];
        assert_eq!(parts(text), some([from, comment, by, "ESMTPS", "4F1A2B3C4D", "b@example.test"]));
        assert_eq!(hop(text).time.unwrap().nanos(), NOON);
    }

    #[test]
    fn the_field_is_read_as_exim_and_sendmail_write_it() {
        let exim = "from [192.0.2.7] (port=41012 helo=client) by mx.example.test with esmtpsa (TLS1.3) (Exim \
            4.96) (envelope-from <a@example.test>) id 1r2x3y-000abc-0A for b@example.test; Tue, 14 Nov 2023 \
            22:13:20 +0000";
        let expected = ["[192.0.2.7]", "port=41012 helo=client", "mx.example.test", "esmtpsa"];
        let [from, comment, by, with] = expected;
        assert_eq!(parts(exim), some([from, comment, by, with, "1r2x3y-000abc-0A", "b@example.test"]));
        let sendmail = "from client (client.example.test [192.0.2.7] (may be forged)) by mx.example.test \
            (8.17.1/8.17.1) with ESMTP id 3AEMDKkx012345; Tue, 14 Nov 2023 14:13:20 -0800 (PST)";
        let comment = "client.example.test [192.0.2.7] (may be forged)";
        assert_eq!(parts(sendmail), some(["client", comment, by, "ESMTP", "3AEMDKkx012345", ""]));
        assert_eq!(hop(sendmail).time, hop(exim).time);
    }

    #[test]
    fn the_field_is_read_as_qmail_and_exchange_write_it() {
        let local = "(qmail 12345 invoked by uid 1000); 14 Nov 2023 22:13:20 -0000";
        assert_eq!(parts(local), some([""; 6]));
        assert_eq!(hop(local).time.unwrap().nanos(), NOON);
        let qmail =
            "from unknown (HELO client) (192.0.2.7) by mx.example.test with SMTP; 14 Nov 2023 22:13:20 -0000";
        assert_eq!(
            parts(qmail),
            some(["unknown", "HELO client 192.0.2.7", "mx.example.test", "SMTP", "", ""])
        );
        let exchange = "from A.example.test (2001:db8::1) by B.example.test (2001:db8::2) with Microsoft SMTP \
            Server (version=TLS1_2, cipher=TLS_ECDHE) id 15.20.7002.21; Tue, 14 Nov 2023 22:13:20 +0000";
        let expected = ["A.example.test", "2001:db8::1", "B.example.test", "Microsoft SMTP Server"];
        let [from, comment, by, with] = expected;
        assert_eq!(parts(exchange), some([from, comment, by, with, "15.20.7002.21", ""]));
    }

    #[test]
    fn a_date_that_does_not_exist_is_no_time() {
        for text in
            ["by a; Tue, 99 Nov 2023 22:13:20 +0000", "by a", "by a; tomorrow", "by a; 1 Jan 0001 0:0:0"]
        {
            assert_eq!(hop(text).time, None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn arbitrary_fields_never_panic(text in "[ -~]{0,80}") {
            hop(&text);
        }
    }
}
