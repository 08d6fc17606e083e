//! A message: its header, its size, its parts.

use super::super::style::{Style, Tone, clipped, shown};
use super::{hops, mime, trust};
use crate::conversation::mail::{Assessment, Hop, MailHeader, Part, Signature};
use crate::conversation::smtp::{Message, Transfer};
use crate::packet::Timestamp;

/// Columns that a field takes at most: a list of recipients may have thousands.
const LONGEST_VALUE: usize = 1000;

/// What a message says about itself, whatever carried it.
pub(in crate::report::table) struct Content<'a> {
    /// The Message-ID header, without brackets.
    pub(in crate::report::table) message_id: Option<&'a str>,
    /// Main headers, decoded.
    pub(in crate::report::table) header: &'a MailHeader,
    /// The hops before this one, the oldest first.
    pub(in crate::report::table) hops: &'a [Hop],
    /// Signatures, not verified.
    pub(in crate::report::table) signatures: &'a [Signature],
    /// What hosts on the way say that they checked.
    pub(in crate::report::table) assessments: &'a [Assessment],
    /// The nodes of the MIME tree, in their order.
    pub(in crate::report::table) parts: &'a [Part],
    /// They are all there.
    pub(in crate::report::table) parts_complete: bool,
    /// SHA-256 of its octets, where complete.
    pub(in crate::report::table) sha256: Option<&'a [u8; 32]>,
    /// When its first octet was captured.
    pub(in crate::report::table) time: Option<Timestamp>,
}

impl<'a> From<&'a Message> for Content<'a> {
    fn from(message: &'a Message) -> Self {
        Self {
            message_id: message.message_id.as_deref(),
            header: &message.header,
            hops: &message.hops,
            signatures: &message.signatures,
            assessments: &message.assessments,
            parts: &message.parts,
            parts_complete: message.parts_complete,
            sha256: message.sha256.as_ref(),
            time: message.time,
        }
    }
}

/// Everything that is known of one message; its body is not shown.
pub(super) fn message_section(style: &Style, number: usize, message: &Message, out: &mut String) {
    style.heading(out, &style.say("smtp.view.message", &[("number", &number)]));
    let state = match message.transfer {
        _ if !message.complete => "smtp.view.octets_incomplete",
        Transfer::Bdat => "smtp.view.octets_joined",
        Transfer::Data if message.stuffed > 0 => "smtp.view.octets",
        Transfer::Data => "smtp.view.octets_unstuffed",
    };
    let octets = style.say(state, &[("octets", &message.octets)]);
    content_section(style, &message.into(), &octets, out);
}

/// The same without a heading; `octets` says how many there are.
pub(in crate::report::table) fn content_section(
    style: &Style,
    message: &Content<'_>,
    octets: &str,
    out: &mut String,
) {
    fields(style, message, out);
    style.paragraph(out, Tone::Plain, octets, 4);
    if let Some(digest) = message.sha256 {
        let digest: String = digest.iter().map(|octet| format!("{octet:02x}")).collect();
        style.paragraph(out, Tone::Quiet, &format!("SHA-256 {digest}"), 4);
    }
    mime::push(style, message, out);
    hops::push(style, message, out);
    trust::push(style, message, out);
}

/// The header's main fields, decoded.
fn fields(style: &Style, message: &Content<'_>, out: &mut String) {
    let header = message.header;
    let fields = [
        ("From", header.from.as_deref()),
        ("To", header.to.as_deref()),
        ("Cc", header.cc.as_deref()),
        ("Reply-To", header.reply_to.as_deref()),
        ("Subject", header.subject.as_deref()),
        ("Date", header.date.as_deref()),
        ("Message-ID", message.message_id),
    ];
    for (name, value) in fields {
        if let Some(value) = value {
            let value = clipped(&shown(value), LONGEST_VALUE);
            style.paragraph(out, Tone::Plain, &format!("{name}: {value}"), 4);
        }
    }
}
