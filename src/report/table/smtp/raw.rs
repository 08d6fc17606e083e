//! The lines alone, for other programs: who, and what was said. Secrets are masked, messages folded.

use std::fmt::Write;

use super::super::style::shown;
use crate::conversation::smtp::{Reply, Session, Speaker, TurnKind};

/// What stands for a secret.
pub(in crate::report::table) const MASK: &str = "········";

/// Appends the lines of a session; `named` puts a line before them that says which session it
/// is, and of which capture.
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
            TurnKind::Greeting(reply) | TurnKind::Reply { reply, .. } => lines(out, reply),
            TurnKind::Command { line, secret, .. } => {
                let line = command(line, secret.as_deref(), reveal);
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

/// A command line as it was sent, its secret masked.
pub(in crate::report::table) fn command(line: &str, secret: Option<&str>, reveal: bool) -> String {
    match secret {
        Some(secret) => format!("{line} {}", if reveal { secret } else { MASK }),
        None => line.to_owned(),
    }
}

/// A reply as it stands on the wire: a hyphen behind the code where more lines follow.
fn lines(out: &mut String, reply: &Reply) {
    let last = reply.lines.len().saturating_sub(1);
    for (index, text) in reply.lines.iter().enumerate() {
        let sign = if index == last { ' ' } else { '-' };
        put(out, format_args!("S: {}\n", format!("{}{sign}{}", reply.code, shown(text)).trim_end()));
    }
}

fn put(out: &mut String, text: std::fmt::Arguments<'_>) {
    // a String takes all that is written to it
    let _ = out.write_fmt(text);
}
