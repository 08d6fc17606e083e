//! A message, and what became of it for each recipient.

use super::super::style::{Style, Tone, clipped, shown};
use super::list::{Fate, fate, shown_path, tone};
use super::{hops, mime, trust};
use crate::conversation::smtp::{Abandoned, Message, Recipient};
use crate::lesson;

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
    recipients(style, message.rcpt_to.iter().map(|r| fate(r, message.verdict(r))), out);
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

/// A transaction without a message: who was to get one.
pub(super) fn abandoned_section(style: &Style, abandoned: &Abandoned, out: &mut String) {
    let from = shown_path(abandoned.mail_from.as_deref().unwrap_or("?"));
    style.heading(out, &style.say("smtp.view.abandoned", &[("from", &from)]));
    if !abandoned.rcpt_to.is_empty() {
        recipients(style, abandoned.rcpt_to.iter().map(|r| fate(r, abandoned.verdict(r))), out);
    }
}

fn recipients<'a>(style: &Style, fates: impl Iterator<Item = Fate<'a>>, out: &mut String) {
    let mut grid = style.grid(&["recipient", "verdict", "said"]);
    for Fate { recipient, verdict, reply } in fates {
        let text = lesson::smtp::verdict(style.lang, verdict.name()).unwrap_or_default();
        let said = reply
            .map_or_else(String::new, |reply| format!("{} {}", reply.code, shown(&reply.lines.join(" "))));
        let meaning = reply
            .and_then(|reply| reply.enhanced.as_deref())
            .and_then(|enhanced| lesson::smtp::enhanced(style.lang, enhanced))
            .map(|meaning| format!("\n= {meaning}"))
            .unwrap_or_default();
        grid.add_row([
            style.cell(Tone::Plain, recipient_name(recipient)),
            style.cell(tone(verdict), text),
            style.cell(Tone::Plain, format!("{said}{meaning}")),
        ]);
    }
    out.push('\n');
    style.push_grid(out, grid);
}

fn recipient_name(recipient: &Recipient) -> String {
    shown_path(&recipient.address)
}
