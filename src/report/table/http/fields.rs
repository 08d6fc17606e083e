//! What the header fields of a message do there, and which of them are told.

use super::super::style::{Style, shown};
use super::masked;
use crate::conversation::http::{Authorization, Field, Framing, Message};

/// Characters of a value that are shown.
const LONGEST_VALUE: usize = 200;
/// Names of fields that are listed without their values.
const MOST_NAMES: usize = 24;

/// A line of the table.
pub(super) struct Line {
    pub(super) text: String,
    pub(super) osi: &'static str,
    pub(super) means: String,
}

/// Whose message it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Whose {
    Request,
    Response,
}

impl Whose {
    const fn key(self) -> &'static str {
        match self {
            Whose::Request => "request",
            Whose::Response => "response",
        }
    }
}

/// A line for each field that has a meaning here, and one for the names of all others.
pub(super) fn lines(
    style: &Style,
    whose: Whose,
    message: &Message,
    authorization: Option<&Authorization>,
    before: &[Field],
    reveal: bool,
) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut others = Vec::new();
    let mut same = Vec::new();
    for field in &message.fields {
        let name = field.name.to_ascii_lowercase();
        if before.contains(field) && !tells_each_time(&name) {
            same.push(shown(&field.name));
            continue;
        }
        let Some(mut means) = meaning(style, whose, message, &name) else {
            others.push(shown(&field.name));
            continue;
        };
        if let Some(authorization) = authorization.filter(|_| name.ends_with("authorization")) {
            means.push_str(&who(style, authorization));
        }
        let value: String = shown(&masked(&field.value, reveal)).chars().take(LONGEST_VALUE).collect();
        lines.push(Line { text: format!("{}: {value}", shown(&field.name)), osi: layer(&name), means });
    }
    if !same.is_empty() {
        let count = same.len();
        let key = if count == 1 { "http.view.same_field" } else { "http.view.same_fields" };
        same.truncate(MOST_NAMES);
        let names = same.join(&style.word("http.sign.list"));
        lines.push(Line { text: style.say(key, &[("count", &count)]), osi: "", means: names });
    }
    if !others.is_empty() || message.fields_left_out > 0 {
        let count = others.len() as u64 + message.fields_left_out;
        others.dedup();
        let cut = others.len() > MOST_NAMES;
        others.truncate(MOST_NAMES);
        let mut names = others.join(&style.word("http.sign.list"));
        if cut {
            names.push('…');
        }
        if message.fields_left_out > 0 {
            let values: [(&str, &dyn std::fmt::Display); 2] =
                [("names", &names), ("count", &message.fields_left_out)];
            names = style.say("http.view.fields_left_out", &values);
        }
        let key = if count == 1 { "http.view.other_field" } else { "http.view.other_fields" };
        lines.push(Line { text: style.say(key, &[("count", &count)]), osi: "", means: names });
    }
    lines
}

fn meaning(style: &Style, whose: Whose, message: &Message, name: &str) -> Option<String> {
    let has_no_body = matches!(message.framing, Framing::None(_));
    if whose == Whose::Response && name == "content-length" && has_no_body {
        return style.find("http.response.content-length.none");
    }
    style.find(&format!("http.{}.{name}", whose.key()))
}

/// Fields that are told in every message, also where they are the same as in the one before.
fn tells_each_time(name: &str) -> bool {
    const FIELDS: [&str; 9] = [
        "content-length",
        "transfer-encoding",
        "content-encoding",
        "authorization",
        "proxy-authorization",
        "cookie",
        "set-cookie",
        "location",
        "upgrade",
    ];
    FIELDS.contains(&name)
}

/// The user of an authorization, and what the scheme is worth.
fn who(style: &Style, authorization: &Authorization) -> String {
    let user = authorization.user.as_deref().map(shown);
    match user {
        Some(user) if authorization.scheme.eq_ignore_ascii_case("basic") => {
            style.say("http.view.basic", &[("user", &user)])
        }
        Some(user) => style.say("http.view.scheme_user", &[("user", &user)]),
        None => String::new(),
    }
}

/// The OSI layer whose work a field does: what keeps the dialogue going or knows the client again is of the session,
/// what says how contents are written of the presentation, all else of the application.
fn layer(name: &str) -> &'static str {
    match name {
        "connection" | "proxy-connection" | "keep-alive" | "cookie" | "set-cookie" | "upgrade" => "5",
        "content-type" | "content-encoding" | "transfer-encoding" | "accept" | "accept-encoding" | "te"
        | "trailer" => "6",
        _ => "7",
    }
}
