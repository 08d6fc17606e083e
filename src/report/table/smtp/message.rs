//! A message: its header, its size, its parts.

use super::super::style::{Style, Tone, clipped, shown};
use super::{hops, mime, trust};
use crate::conversation::smtp::Message;

/// Columns that a field takes at most: a list of recipients may have thousands.
const LONGEST_VALUE: usize = 1000;

/// Everything that is known of one message; its body is not shown.
pub(super) fn message_section(style: &Style, number: usize, message: &Message, out: &mut String) {
    style.heading(out, &style.say("smtp.view.message", &[("number", &number)]));
    fields(style, message, out);
    let state = if message.complete { "smtp.view.octets" } else { "smtp.view.octets_incomplete" };
    style.paragraph(out, Tone::Plain, &style.say(state, &[("octets", &message.octets)]), 4);
    if let Some(digest) = &message.sha256 {
        let digest: String = digest.iter().map(|octet| format!("{octet:02x}")).collect();
        style.paragraph(out, Tone::Quiet, &format!("SHA-256 {digest}"), 4);
    }
    mime::push(style, message, out);
    hops::push(style, message, out);
    trust::push(style, message, out);
}

/// The header's main fields, decoded.
fn fields(style: &Style, message: &Message, out: &mut String) {
    let header = &message.header;
    let fields = [
        ("From", &header.from),
        ("To", &header.to),
        ("Cc", &header.cc),
        ("Reply-To", &header.reply_to),
        ("Subject", &header.subject),
        ("Date", &header.date),
        ("Message-ID", &message.message_id),
    ];
    for (name, value) in fields {
        if let Some(value) = value {
            let value = clipped(&shown(value), LONGEST_VALUE);
            style.paragraph(out, Tone::Plain, &format!("{name}: {value}"), 4);
        }
    }
}
