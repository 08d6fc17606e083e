//! Signatures and checks that a header declares. Nothing of it is verified here, and the text says so.

use super::super::style::{Style, Tone, clipped, shown};
use super::message::Content;
use crate::conversation::mail::{Assessment, Finding, Signature};

/// Columns that a name takes at most.
const LONGEST_NAME: usize = 80;
/// Methods whose meaning is told, in this order.
const METHODS: [&str; 5] = ["spf", "dkim", "dmarc", "arc", "iprev"];

/// Appends a line for each field, and what the methods named in them are.
pub(super) fn push(style: &Style, message: &Content<'_>, out: &mut String) {
    if message.signatures.is_empty() && message.assessments.is_empty() {
        return;
    }
    style.heading(out, &style.word("smtp.mail.trust"));
    for signature in message.signatures {
        style.paragraph(out, Tone::Plain, &signed(style, signature), 4);
    }
    for assessment in message.assessments {
        style.paragraph(out, Tone::Plain, &assessed(style, assessment), 4);
    }
    for method in METHODS.into_iter().filter(|method| is_named(message, method)) {
        style.paragraph(out, Tone::Quiet, &style.word(&format!("smtp.mail.method.{method}")), 4);
    }
}

fn signed(style: &Style, signature: &Signature) -> String {
    let key = if signature.field == "ARC-Seal" { "smtp.mail.sealed" } else { "smtp.mail.signed" };
    let [domain, selector, algorithm] =
        [&signature.domain, &signature.selector, &signature.algorithm].map(|text| name(text.as_deref()));
    let values: [(&str, &dyn std::fmt::Display); 4] = [
        ("field", &signature.field),
        ("domain", &domain),
        ("selector", &selector),
        ("algorithm", &algorithm),
    ];
    style.say(key, &values)
}

fn assessed(style: &Style, assessment: &Assessment) -> String {
    let finding = |f: &Finding| format!("{}={}", name(Some(&f.method)), name(Some(&f.result)));
    let mut results = assessment.results.iter().map(finding).collect::<Vec<_>>().join(", ");
    if results.is_empty() {
        results = style.word("smtp.mail.nothing_checked");
    }
    let by = name(assessment.by.as_deref());
    style.say("smtp.mail.assessed", &[("field", &assessment.field), ("by", &by), ("results", &results)])
}

fn name(text: Option<&str>) -> String {
    text.map_or_else(|| "?".to_owned(), |text| clipped(&shown(text), LONGEST_NAME))
}

fn is_named(message: &Content<'_>, method: &str) -> bool {
    let by_signature = |s: &Signature| match method {
        "dkim" => s.field.starts_with("DKIM"),
        "arc" => s.field.starts_with("ARC"),
        _ => false,
    };
    message.signatures.iter().any(by_signature)
        || message.assessments.iter().flat_map(|a| &a.results).any(|finding| finding.method == method)
}

#[cfg(test)]
mod tests {
    use super::METHODS;
    use crate::lesson::{Lang, find};

    #[test]
    fn every_method_has_its_text_in_both_languages() {
        for method in METHODS {
            let [en, zh] = Lang::ALL.map(|lang| find(lang, &format!("smtp.mail.method.{method}"), &[]));
            assert!(en.is_some() && en != zh, "{method}");
        }
    }
}
