//! Who let the other wait, and how long.

use super::super::style::{Style, Tone};
use super::super::time::duration;
use crate::conversation::fetch::{Ended, ResponseKind, Session, Turn, TurnKind};
use crate::conversation::smtp::Speaker;
use crate::packet::Timestamp;

/// For each turn, when it could have been said: for what a server says to a command, the last that the client said of
/// it, or the end of what the server said before. In IDLE the server has nothing to say until DONE.
pub(super) fn due(session: &Session) -> Vec<Option<Timestamp>> {
    let mut said: Option<Timestamp> = None;
    let mut done: Option<Timestamp> = None;
    let mut due = Vec::with_capacity(session.turns.len());
    for turn in &session.turns {
        let since = match &turn.kind {
            TurnKind::Response { kind, to, asked, .. } => {
                if verb(session, *to) == Some("IDLE") && *kind != ResponseKind::Continuation {
                    done.take_if(|_| *kind == ResponseKind::Tagged)
                } else {
                    *asked
                }
            }
            TurnKind::Message { .. } if turn.from == Speaker::Server => said,
            TurnKind::Command(command) if command.verb == "DONE" => {
                done = turn.last_time;
                None
            }
            _ => None,
        };
        due.push(since.map(|since| said.map_or(since, |said| said.max(since))));
        if turn.from == Speaker::Server {
            said = said.max(turn.last_time);
        }
    }
    due
}

fn verb(session: &Session, command: Option<usize>) -> Option<&str> {
    Some(session.turns.get(command?)?.kind.command()?.verb.as_str())
}

/// From the first turn to the end of the last, in nanoseconds; `None` where there is one alone.
pub(super) fn whole(session: &Session) -> Option<i64> {
    let first = session.turns.iter().find_map(|turn| turn.time)?;
    let last = session.turns.iter().filter_map(|turn| turn.last_time).max()?;
    (session.turns.len() > 1).then(|| last.since(first).max(0))
}

/// How long the server took, in nanoseconds.
fn server(session: &Session) -> i64 {
    let wait = |(turn, due): (&Turn, Option<Timestamp>)| Some(turn.last_time?.since(due?).max(0));
    session.turns.iter().zip(due(session)).filter_map(wait).sum()
}

/// How long the client waited in IDLE, as it wanted to: from the server's invitation to DONE.
fn idle(session: &Session) -> i64 {
    let mut begun = None;
    let mut all = 0;
    for turn in &session.turns {
        match &turn.kind {
            TurnKind::Response { kind: ResponseKind::Continuation, to, .. } => {
                begun = turn.time.filter(|_| verb(session, *to) == Some("IDLE"));
            }
            TurnKind::Command(command) if command.verb == "DONE" => {
                let waited = begun.take().zip(turn.time).map_or(0, |(begun, done)| done.since(begun));
                all += waited.max(0);
            }
            _ => {}
        }
    }
    all
}

/// From the first octet of TLS to the first line inside it, where that could be read: the handshake is both sides' work.
fn handshake(session: &Session) -> i64 {
    let begun = session.turns.iter().position(|turn| turn.kind == TurnKind::Tls);
    let Some((tls, inside)) = begun.and_then(|at| session.turns.get(at).zip(session.turns.get(at + 1)))
    else {
        return 0;
    };
    let times = inside.time.filter(|_| inside.decrypted).zip(tls.time);
    times.map_or(0, |(inside, tls)| inside.since(tls).max(0))
}

/// Appends how long each side let the other wait; IDLE and the handshake of TLS are neither's.
pub(super) fn push(style: &Style, session: &Session, out: &mut String) {
    let all = whole(session).unwrap_or(0);
    let (server, idle, handshake) = (server(session), idle(session), handshake(session));
    if all == 0 || server > all {
        return;
    }
    let client = (all - server - idle - handshake).max(0);
    let values = [("server", &duration(server) as &dyn std::fmt::Display), ("client", &duration(client))];
    let mut text = style.say("smtp.pace.both", &values);
    for (key, time) in [("fetch.view.idle", idle), ("fetch.view.tls", handshake)] {
        if time > 0 {
            text.push_str(&style.say(key, &[("time", &duration(time))]));
        }
    }
    if session.ended == Ended::Tls {
        text.push_str(&style.word("smtp.pace.until_tls"));
    }
    style.paragraph(out, Tone::Quiet, &text, 2);
}
