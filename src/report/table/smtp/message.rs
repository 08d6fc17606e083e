//! A message: its header, its size, its parts.

use super::super::style::{Style, Tone, shown};
use crate::conversation::smtp::Message;

pub(super) fn message_section(style: &Style, number: usize, message: &Message, out: &mut String) {
    style.heading(out, &style.say("smtp.view.message", &[("number", &number)]));
    let header = &message.header;
    let fields = [
        ("From", &header.from),
        ("To", &header.to),
        ("Subject", &header.subject),
        ("Date", &header.date),
        ("Message-ID", &message.message_id),
    ];
    for (name, value) in fields {
        if let Some(value) = value {
            style.paragraph(out, Tone::Plain, &format!("{name}: {}", shown(value)), 4);
        }
    }
    let state = if message.complete { "smtp.view.octets" } else { "smtp.view.octets_incomplete" };
    style.paragraph(out, Tone::Plain, &style.say(state, &[("octets", &message.octets)]), 4);
    if let Some(digest) = &message.sha256 {
        let digest: String = digest.iter().map(|octet| format!("{octet:02x}")).collect();
        style.paragraph(out, Tone::Quiet, &format!("SHA-256 {digest}"), 4);
    }
    for part in &message.parts {
        let name = part.filename.as_deref().map(|name| format!(" · {}", shown(name))).unwrap_or_default();
        let charset = part.charset.as_deref().map(|name| format!(" · {}", shown(name))).unwrap_or_default();
        let values = [&part.content_type, &part.encoding].map(|text| shown(text));
        let text = style.say(
            "smtp.view.part",
            &[("type", &values[0]), ("encoding", &values[1]), ("octets", &part.octets)],
        );
        style.paragraph(out, Tone::Plain, &format!("{text}{charset}{name}"), 4);
    }
}
