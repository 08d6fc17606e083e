//! What the header of a message says, decoded (RFC 5322 section 3.6, RFC 2047).

use mail_parser::parsers::MessageStream;
use mail_parser::{Addr, Address, HeaderValue};

use super::field::{Fields, unfold};

/// Octets of one field that are read.
const LONGEST_FIELD: usize = 64 << 10;
/// Received fields that are kept of one message.
const MAX_RECEIVED: usize = 256;

/// Main header fields of a message, decoded.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MailHeader {
    /// From.
    pub from: Option<String>,
    /// To.
    pub to: Option<String>,
    /// Cc.
    pub cc: Option<String>,
    /// Reply-To.
    pub reply_to: Option<String>,
    /// Subject.
    pub subject: Option<String>,
    /// Date, as it stands.
    pub date: Option<String>,
    /// Received, the newest first, each on one line.
    pub received: Vec<String>,
}

impl MailHeader {
    pub(super) fn read(fields: &Fields<'_>) -> Self {
        Self {
            from: addresses(fields, "From"),
            to: addresses(fields, "To"),
            cc: addresses(fields, "Cc"),
            reply_to: addresses(fields, "Reply-To"),
            subject: subject(fields),
            date: fields.first("Date").map(cut).map(unfold),
            received: fields.all("Received").take(MAX_RECEIVED).map(cut).map(unfold).collect(),
        }
    }
}

/// The Message-ID, without brackets.
pub(super) fn message_id(fields: &Fields<'_>) -> Option<String> {
    let value = MessageStream::new(cut(fields.first("Message-ID")?)).parse_id();
    match value {
        HeaderValue::TextList(list) => list.first().map(|id| id.to_string()),
        value => value.into_text().map(|id| id.into_owned()),
    }
}

fn subject(fields: &Fields<'_>) -> Option<String> {
    let value = MessageStream::new(cut(fields.first("Subject")?)).parse_unstructured();
    value.into_text().map(|text| text.into_owned())
}

fn addresses(fields: &Fields<'_>, name: &str) -> Option<String> {
    let value = MessageStream::new(cut(fields.first(name)?)).parse_address();
    let list = match value {
        HeaderValue::Address(Address::List(list)) => list.iter().map(one).collect::<Vec<_>>(),
        HeaderValue::Address(Address::Group(groups)) => {
            groups.iter().flat_map(|group| &group.addresses).map(one).collect()
        }
        _ => return None,
    };
    Some(list.join(", "))
}

/// `Name <address>`.
fn one(address: &Addr<'_>) -> String {
    match (&address.name, &address.address) {
        (Some(name), Some(address)) => format!("{name} <{address}>"),
        (Some(name), None) => name.to_string(),
        (None, address) => address.as_deref().unwrap_or_default().to_owned(),
    }
}

pub(super) fn cut(body: &[u8]) -> &[u8] {
    body.get(..LONGEST_FIELD).unwrap_or(body)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(header: &[u8]) -> MailHeader {
        MailHeader::read(&Fields::of(header))
    }

    #[test]
    fn encoded_words_of_any_charset_are_decoded() {
        let subject = |text: &str| read(format!("Subject: {text}\r\n").as_bytes()).subject.unwrap();
        assert_eq!(subject("=?GB2312?B?1tzO5c7nss0=?="), "周五午餐");
        assert_eq!(subject("=?ISO-2022-JP?B?GyRCRnxLXBsoQg==?="), "日本");
        assert_eq!(subject("=?utf-8?Q?caf=C3=A9?=\r\n =?utf-8?Q?_au_lait?="), "café au lait");
        assert_eq!(subject("=?unheard-of?B?SGk=?="), "Hi");
    }

    #[test]
    fn addresses_are_decoded_and_lists_and_groups_are_one_line() {
        let header = read(
            b"From: =?utf-8?B?5byg5LiJ?= <z@example.test>\r\nCc: a@example.test,\r\n B <b@example.test>\r\n\
            Reply-To: team: c@example.test, d@example.test;\r\n",
        );
        assert_eq!(header.from.as_deref(), Some("张三 <z@example.test>"));
        assert_eq!(header.cc.as_deref(), Some("a@example.test, B <b@example.test>"));
        assert_eq!(header.reply_to.as_deref(), Some("c@example.test, d@example.test"));
    }
}
