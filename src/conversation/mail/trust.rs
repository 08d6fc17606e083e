//! What a header says of signatures and of checks that hosts on the way made: DKIM, SPF, ARC (RFC 6376,
//! RFC 7208, RFC 8601, RFC 8617). Read, not verified: anybody can write such fields.

use super::field::{Fields, unfold};
use super::header::cut;

/// Fields of one kind that are kept of one message.
const MAX_FIELDS: usize = 32;
/// Findings that are kept of one field.
const MAX_FINDINGS: usize = 32;

/// A signature field, not verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// `DKIM-Signature`, `ARC-Message-Signature` or `ARC-Seal`.
    pub field: &'static str,
    /// `d=`: the domain that says it signed.
    pub domain: Option<String>,
    /// `s=`: which of the domain's keys.
    pub selector: Option<String>,
    /// `a=`: `rsa-sha256`.
    pub algorithm: Option<String>,
}

/// What a host on the way says that it found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assessment {
    /// `Authentication-Results`, `ARC-Authentication-Results` or `Received-SPF`.
    pub field: &'static str,
    /// The host that says so.
    pub by: Option<String>,
    /// One a method.
    pub results: Vec<Finding>,
}

/// What one method came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// `spf`, `dkim`, `dmarc`, `arc`, ..., lower case.
    pub method: String,
    /// `pass`, `fail`, `none`, ..., lower case.
    pub result: String,
}

/// The signatures of a message, in the order of their fields.
pub(super) fn signatures(fields: &Fields<'_>) -> Vec<Signature> {
    const NAMES: [&str; 3] = ["DKIM-Signature", "ARC-Message-Signature", "ARC-Seal"];
    named(fields, &NAMES).map(|(field, text)| signature(field, &text)).collect()
}

/// The checks that hosts on the way say they made, the latest first.
pub(super) fn assessments(fields: &Fields<'_>) -> Vec<Assessment> {
    const NAMES: [&str; 3] = ["Authentication-Results", "ARC-Authentication-Results", "Received-SPF"];
    let all = named(fields, &NAMES).map(|(field, text)| match field {
        "Received-SPF" => received_spf(field, &text),
        _ => authentication_results(field, &text),
    });
    all.collect()
}

/// The fields with one of these names, without comments.
fn named<'a>(
    fields: &'a Fields<'_>,
    names: &'static [&'static str],
) -> impl Iterator<Item = (&'static str, String)> + 'a {
    let known = |name: &[u8]| names.iter().find(|n| name.eq_ignore_ascii_case(n.as_bytes())).copied();
    let found = fields.iter().filter_map(move |(name, body)| Some((known(name)?, body)));
    found.take(MAX_FIELDS).map(|(name, body)| (name, without_comments(&unfold(cut(body)))))
}

/// `tag=value; ...` (RFC 6376 section 3.2). White space within a value means nothing.
fn signature(field: &'static str, text: &str) -> Signature {
    let tag = |name: &str| {
        let mut tags = text.split(';').filter_map(|tag| tag.split_once('='));
        let value = tags.find(|(tag, _)| tag.trim() == name).map(|(_, value)| value.trim());
        value.filter(|value| !value.is_empty()).map(str::to_owned)
    };
    Signature { field, domain: tag("d"), selector: tag("s"), algorithm: tag("a") }
}

/// `host [version]; method=result property=value ...; ...` (RFC 8601 section 2.2); in ARC `i=1;` comes first
/// (RFC 8617 section 4.1.1).
fn authentication_results(field: &'static str, text: &str) -> Assessment {
    let mut statements = text.split(';').map(str::trim).filter(|statement| !statement.is_empty()).peekable();
    if field.starts_with("ARC") {
        statements.next_if(|statement| statement.starts_with("i="));
    }
    // some hosts leave their name out
    let by = statements.next_if(|statement| !statement.contains('=') && *statement != "none");
    let by = by.and_then(|by| by.split(' ').next()).map(str::to_owned);
    let results = statements.filter_map(finding).take(MAX_FINDINGS).collect();
    Assessment { field, by, results }
}

fn finding(statement: &str) -> Option<Finding> {
    let (method, rest) = statement.split_once('=')?;
    let method = method.split('/').next().unwrap_or_default().trim().to_ascii_lowercase();
    let result = rest.trim_start().split(' ').next().unwrap_or_default().to_ascii_lowercase();
    (!method.is_empty() && !method.contains(' ') && !result.is_empty()).then_some(Finding { method, result })
}

/// `pass client-ip=...; receiver=host; ...` (RFC 7208 section 9.1).
fn received_spf(field: &'static str, text: &str) -> Assessment {
    let result = text.split([' ', ';']).find(|word| !word.is_empty()).unwrap_or_default();
    let receiver = text.split([' ', ';']).find_map(|word| word.strip_prefix("receiver="));
    let finding = Finding { method: "spf".to_owned(), result: result.to_ascii_lowercase() };
    Assessment { field, by: receiver.map(str::to_owned), results: vec![finding] }
}

/// Text without comments, which may hold others (RFC 5322 section 3.2.2).
fn without_comments(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let (mut depth, mut quoted) = (0_u32, false);
    for c in text.chars() {
        match c {
            '"' if depth == 0 => quoted = !quoted,
            '(' if !quoted => depth += 1,
            ')' if !quoted && depth > 0 => {
                depth -= 1;
                continue;
            }
            _ => {}
        }
        if depth == 0 {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(assessment: &Assessment) -> Vec<(&str, &str)> {
        assessment.results.iter().map(|f| (f.method.as_str(), f.result.as_str())).collect()
    }

    #[test]
    fn a_signature_names_domain_key_and_algorithm() {
        let header = b"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/simple;\r\n\td=example.test; s=k1;\r\n\
            \tbh=abc=; h=from:to; b=xyz\r\nARC-Seal: i=1; a=ed25519-sha256; d=mx.test; s=; cv=none\r\n";
        let found = signatures(&Fields::of(header));
        let shown: Vec<_> = found
            .iter()
            .map(|s| (s.field, s.domain.as_deref(), s.selector.as_deref(), s.algorithm.as_deref()))
            .collect();
        let dkim = ("DKIM-Signature", Some("example.test"), Some("k1"), Some("rsa-sha256"));
        assert_eq!(shown, [dkim, ("ARC-Seal", Some("mx.test"), None, Some("ed25519-sha256"))]);
    }

    #[test]
    fn results_are_named_by_method_without_comments_and_properties() {
        let header =
            b"Authentication-Results: mx.test 1;\r\n spf=pass (mx: 192.0.2.1; ok) smtp.mailfrom=a.test;\r\n\
            \tDKIM/1=fail reason=\"bad; key\" header.d=a.test; dmarc=none\r\n\
            ARC-Authentication-Results: i=1; mx.test; arc=none\r\nAuthentication-Results: mx.test; none\r\n\
            Received-SPF: SoftFail (mx.test: a.test) client-ip=192.0.2.1; receiver=mx.test;\r\n";
        let found = assessments(&Fields::of(header));
        assert!(found.iter().all(|a| a.by.as_deref() == Some("mx.test")), "{found:?}");
        assert_eq!(findings(&found[0]), [("spf", "pass"), ("dkim", "fail"), ("dmarc", "none")]);
        assert_eq!(findings(&found[1]), [("arc", "none")]);
        assert_eq!(findings(&found[2]), []);
        assert_eq!(findings(&found[3]), [("spf", "softfail")]);
    }
}
