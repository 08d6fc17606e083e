//! A ladder diagram of a session: client and server as uprights, what was said as rungs.

mod svg;
mod text;

use super::super::style::{Style, shown};
use super::raw;
use super::turns::phases;
use crate::conversation::smtp::{Reply, Session, Speaker, Turn, TurnKind};
use crate::lesson::smtp::{self, Phase};
pub(super) use svg::draw;
pub(super) use text::push;

/// What one side said in one packet.
struct Rung {
    packet: u64,
    /// The packet in which that ended.
    last: u64,
    /// Nanoseconds since the first one.
    at: Option<i64>,
    from: Speaker,
    /// What it said, a part a line; what came from the wire is harmless by now.
    said: Vec<String>,
    /// The same, each in one word.
    short: Vec<String>,
    /// The phase, where another one begins.
    phase: Option<String>,
}

/// The rungs of a session: lines of one side in one packet share one.
fn rungs(style: &Style, session: &Session) -> Vec<Rung> {
    let begin = session.turns.iter().find_map(|turn| turn.time);
    let mut rungs: Vec<Rung> = Vec::new();
    let mut now: Option<Phase> = None;
    for (turn, phase) in session.turns.iter().zip(phases(session)) {
        let words = words(style, turn);
        if let Some(rung) = rungs.last_mut().filter(|r| r.packet == turn.packet && r.from == turn.from) {
            rung.last = rung.last.max(turn.last_packet);
            rung.said.push(words);
            rung.short.push(word(style, turn));
            continue;
        }
        let name = |phase| smtp::phase(style.lang, phase);
        rungs.push(Rung {
            packet: turn.packet,
            last: turn.last_packet,
            at: turn.time.zip(begin).map(|(time, begin)| time.since(begin)),
            from: turn.from,
            said: vec![words],
            short: vec![word(style, turn)],
            phase: if now == Some(phase) { None } else { name(phase) },
        });
        now = Some(phase);
    }
    rungs
}

/// A turn in a few words. Secrets are left out, whatever the user wishes: a ladder is for showing around.
fn words(style: &Style, turn: &Turn) -> String {
    match &turn.kind {
        TurnKind::Greeting(reply) | TurnKind::Reply { reply, .. } => shown(&first_line(reply)),
        TurnKind::Command { line, secret, .. } => shown(&raw::command(line, secret.as_deref(), false)),
        TurnKind::AuthResponse { cancel, .. } => (if *cancel { "*" } else { raw::MASK }).to_owned(),
        TurnKind::Message { octets, .. } => style.say("smtp.view.message_line", &[("octets", octets)]),
        TurnKind::Tls => "TLS".to_owned(),
        TurnKind::Gap { octets } => style.say("smtp.view.gap_line", &[("octets", octets)]),
    }
}

/// A turn in one word: its verb or its code.
fn word(style: &Style, turn: &Turn) -> String {
    match &turn.kind {
        TurnKind::Greeting(reply) | TurnKind::Reply { reply, .. } => reply.code.to_string(),
        // its argument is the size of what follows
        TurnKind::Command { verb, line, .. } if verb == "BDAT" => shown(line),
        TurnKind::Command { verb, line, .. } => shown(line.get(..verb.len()).unwrap_or(verb)),
        TurnKind::AuthResponse { .. } => raw::MASK.to_owned(),
        TurnKind::Message { octets, .. } => style.say("smtp.view.message_short", &[("octets", octets)]),
        TurnKind::Tls => "TLS".to_owned(),
        TurnKind::Gap { .. } => "?".to_owned(),
    }
}

fn first_line(reply: &Reply) -> String {
    let first = reply.lines.first().map_or("", String::as_str);
    let more = reply.lines.len().saturating_sub(1);
    let sign = if more > 0 { "-" } else { " " };
    let rest = if more > 0 { format!(" … +{more}") } else { String::new() };
    format!("{}{sign}{first}{rest}", reply.code).trim_end().to_owned()
}
