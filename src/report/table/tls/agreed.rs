//! What both sides agreed on, and what that means.

use super::super::style::{Style, Tone};
use super::super::time::utc;
use super::shorter;
use crate::conversation::tls::{
    Agreed, EarlyData, Session, group_name, key_exchange, signature_name, suite_name, version_name,
};
use crate::packet::Timestamp;

const TLS_1_3: u16 = 0x0304;

/// The name of a code, or the code itself.
pub(super) fn code(name: Option<&str>, code: u16) -> String {
    name.map_or_else(|| format!("0x{code:04x}"), ToOwned::to_owned)
}

/// A day: `2015-06-12`.
pub(super) fn date(seconds: i64) -> String {
    let text = utc(Timestamp::from_parts(seconds, 0));
    text.split(' ').next().unwrap_or_default().to_owned()
}

pub(super) fn push(style: &Style, out: &mut String, session: &Session) {
    let agreed = &session.agreed;
    let (Some(version), Some(suite)) = (agreed.version, agreed.suite) else {
        return style.paragraph(out, Tone::Warn, &style.word("tls.agreed.not_seen"), 2);
    };
    let mut parts = vec![code(version_name(version), version), code(suite_name(suite), suite)];
    parts.extend(agreed.group.map(|group| code(group_name(group), group)));
    parts.extend(agreed.application_protocol.as_deref().map(|name| format!("ALPN {}", shorter(name))));
    let text = style.say("tls.agreed.on", &[("list", &parts.join(&style.word("smtp.sign.list")))]);
    style.paragraph(out, Tone::Plain, &text, 2);
    for sentence in meaning(style, agreed, version, suite) {
        style.paragraph(out, Tone::Quiet, &sentence, 2);
    }
}

/// What it means, a sentence each.
fn meaning(style: &Style, agreed: &Agreed, version: u16, suite: u16) -> Vec<String> {
    let mut out = Vec::new();
    out.extend(style.find(&format!("tls.means.version.{version:04x}")));
    let exchange = key_exchange(suite).unwrap_or_default();
    let group = agreed.group.map(|group| code(group_name(group), group));
    if version >= TLS_1_3 && group.is_none() && agreed.resumption.is_some() {
        out.push(style.word("tls.means.psk_alone"));
    } else if version >= TLS_1_3 || exchange.starts_with("ECDHE") || exchange.starts_with("DHE") {
        let group = group.unwrap_or_else(|| exchange.to_owned());
        out.push(style.say("tls.means.forward_secrecy", &[("group", &group)]));
    } else if exchange == "RSA" {
        out.push(style.word("tls.means.no_forward_secrecy"));
    }
    let suite = suite_name(suite).unwrap_or_default();
    if suite.contains("_CBC_") {
        let key = if agreed.encrypt_then_mac { "tls.means.cbc_etm" } else { "tls.means.cbc" };
        out.push(style.word(key));
    } else if ["_GCM_", "_CCM", "POLY1305"].iter().any(|mode| suite.contains(mode)) {
        out.push(style.word("tls.means.aead"));
    }
    if let Some(resumption) = agreed.resumption {
        out.push(style.word(&format!("tls.means.resumed.{}", resumption.name())));
    }
    if let Some(scheme) = agreed.signature {
        out.push(style.say("tls.means.signature", &[("scheme", &code(signature_name(scheme), scheme))]));
    }
    if agreed.retried {
        out.push(style.word("tls.means.retried"));
    }
    if agreed.early_data != EarlyData::NotOffered {
        out.push(style.word(&format!("tls.means.early_data.{}", agreed.early_data.name())));
    }
    if agreed.client_certificate {
        out.push(style.word("tls.means.client_certificate"));
    }
    out
}
