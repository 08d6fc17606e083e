//! What a message says about itself: header fields and the leaves of its MIME tree (RFC 5322, RFC 2045).

use mail_parser::{Address, Encoding, HeaderValue, MessageParser, MessagePart, MimeHeaders, PartType};

use super::session::{MailHeader, Message, Part};

/// Leaves, and Received fields, that are kept of one message.
const MAX_PARTS: usize = 256;

/// Fills in what the octets of a message tell.
pub(super) fn describe(octets: &[u8], message: &mut Message) {
    let Some(mail) = MessageParser::default().parse(octets) else { return };
    message.message_id = mail.message_id().map(str::to_owned);
    message.header = MailHeader {
        from: mail.from().map(addresses),
        to: mail.to().map(addresses),
        subject: mail.subject().map(str::to_owned),
        date: mail.header_raw("Date").map(|d| d.trim().to_owned()),
        received: received(&mail),
    };
    let leaves = mail.parts.iter().filter(|p| !matches!(p.body, PartType::Multipart(_)));
    message.parts = leaves.take(MAX_PARTS).map(part).collect();
}

/// The fields as they stand, unfolded, the newest (the first) first.
fn received(mail: &mail_parser::Message<'_>) -> Vec<String> {
    let fields = mail.headers_raw().filter(|(name, _)| name.eq_ignore_ascii_case("Received"));
    fields.take(MAX_PARTS).map(|(_, value)| unfold(value)).collect()
}

fn unfold(value: &str) -> String {
    value.split_ascii_whitespace().collect::<Vec<_>>().join(" ")
}

/// `Name <address>, ...`.
fn addresses(list: &Address<'_>) -> String {
    let one = |a: &mail_parser::Addr<'_>| match (&a.name, &a.address) {
        (Some(name), Some(address)) => format!("{name} <{address}>"),
        (Some(name), None) => name.to_string(),
        (None, address) => address.as_deref().unwrap_or_default().to_owned(),
    };
    list.iter().map(one).collect::<Vec<_>>().join(", ")
}

fn part(part: &MessagePart<'_>) -> Part {
    let kind = part.content_type();
    let content_type = match (kind, &part.body) {
        (Some(kind), _) => format!("{}/{}", kind.ctype(), kind.subtype().unwrap_or("*")).to_ascii_lowercase(),
        (None, PartType::Message(_)) => "message/rfc822".to_owned(),
        (None, _) => "text/plain".to_owned(),
    };
    Part {
        content_type,
        encoding: encoding(part),
        charset: kind.and_then(|k| k.attribute("charset")).map(str::to_owned),
        filename: part.attachment_name().map(str::to_owned),
        octets: match &part.body {
            PartType::Message(inner) => inner.raw_message.len() as u64,
            _ => part.len() as u64,
        },
    }
}

/// The transfer encoding as the part names it; `7bit` where it does not (RFC 2045 section 6.1).
fn encoding(part: &MessagePart<'_>) -> String {
    let named = match part.headers.iter().find(|h| h.name().eq_ignore_ascii_case("Content-Transfer-Encoding"))
    {
        Some(header) => match header.value() {
            HeaderValue::Text(text) => Some(text.to_ascii_lowercase()),
            _ => None,
        },
        None => None,
    };
    named.unwrap_or_else(|| {
        match part.encoding {
            Encoding::None => "7bit",
            Encoding::QuotedPrintable => "quoted-printable",
            Encoding::Base64 => "base64",
        }
        .to_owned()
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn arbitrary_messages_never_panic(pieces in prop::collection::vec(prop_oneof![
            prop::collection::vec(any::<u8>(), 0..20),
            prop::sample::select(vec![
                b"Content-Type: multipart/mixed; boundary=b\r\n".to_vec(),
                b"Content-Type: message/rfc822\r\n".to_vec(),
                b"Content-Transfer-Encoding: base64\r\n".to_vec(),
                b"Subject: =?utf-8?b?".to_vec(),
                b"Received: from".to_vec(),
                b"From: <".to_vec(),
                b"Date: Mon".to_vec(),
                b"\r\n".to_vec(),
                b"\r\n--b\r\n".to_vec(),
                b"\r\n--b--\r\n".to_vec(),
            ]),
        ], 0..30)) {
            let mut message = super::super::builder::new_message(
                super::super::session::Transfer::Data,
                super::super::line::Mark::default(),
            );
            describe(&pieces.concat(), &mut message);
        }
    }
}
