//! The lines alone, for other programs: who, and what was said. Secrets are masked, messages folded.

use std::fmt::Write;

use super::super::smtp::{MASK, masked_command};
use super::super::style::shown;
use crate::conversation::fetch::{Response, Session, TurnKind};
use crate::conversation::smtp::Speaker;

/// Appends the lines of a session; `named` puts a line before them that says which session it is, and of which
/// capture.
pub(super) fn push(out: &mut String, session: &Session, named: Option<&str>, reveal: bool) {
    if let Some(capture) = named {
        let (client, server) = (session.client, session.server);
        put(out, format_args!("# TCP connection {}{capture}: {client} → {server}\n", session.stream));
    }
    for turn in &session.turns {
        let who = match turn.from {
            Speaker::Client => "C",
            Speaker::Server => "S",
        };
        match &turn.kind {
            TurnKind::Greeting(response) | TurnKind::Response { response, .. } => lines(out, response),
            TurnKind::Command(command) => {
                let line = masked_command(&command.line, command.secret.as_deref(), reveal);
                put(out, format_args!("{who}: {}\n", shown(&line)));
            }
            TurnKind::AuthResponse { secret, cancel } => {
                let line = if reveal || *cancel { secret.as_str() } else { MASK };
                put(out, format_args!("{who}: {}\n", shown(line)));
            }
            TurnKind::Message { octets, .. } => put(out, format_args!("{who}: [message: {octets} octets]\n")),
            TurnKind::Tls => put(out, format_args!("{who}: [TLS]\n")),
            TurnKind::Gap { octets } => put(out, format_args!("{who}: [not captured: {octets} octets]\n")),
        }
    }
    if session.turns_left_out > 0 {
        put(out, format_args!("# left out: {}\n", session.turns_left_out));
    }
}

/// A response, and the lines behind it up to the one with a dot (RFC 1939 section 3).
fn lines(out: &mut String, response: &Response) {
    put(out, format_args!("S: {}\n", shown(&response.line)));
    for line in &response.lines {
        let stuffed = if line.starts_with('.') { "." } else { "" };
        put(out, format_args!("S: {stuffed}{}\n", shown(line)));
    }
    if response.lines_left_out > 0 {
        put(out, format_args!("# left out: {}\n", response.lines_left_out));
    }
    if !response.lines.is_empty() {
        out.push_str("S: .\n");
    }
}

fn put(out: &mut String, text: std::fmt::Arguments<'_>) {
    // a String takes all that is written to it
    let _ = out.write_fmt(text);
}
