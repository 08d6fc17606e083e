//! Which call of the socket interface stands behind a segment. Inferred: a capture shows segments, not calls.

use super::super::style::Style;
use super::row::Row;
use crate::dissect::TcpFlags;
use crate::flow::{Connection, HandshakeKind, Reset, Step, TcpState, TeardownKind};
use crate::packet::{Note, Side};

/// What the programs on both ends did, first the sender's; none where a segment comes from the kernel alone. `earlier`
/// are the rows before it. Of a segment that was `lost` its receiver knows nothing.
pub(super) fn calls(style: &Style, c: &Connection, row: &Row, earlier: &[Row], lost: bool) -> Vec<String> {
    let from = row.place.from;
    let (own, peer) = keys(c, row, earlier);
    let peer = if lost { "" } else { peer };
    said(style, from, own).into_iter().chain(said(style, from.peer(), peer)).collect()
}

fn said(style: &Style, side: Side, key: &str) -> Option<String> {
    (!key.is_empty()).then(|| {
        let who = style.word(&format!("tcp.side.{}", side.name()));
        let call = style.word(&format!("tcp.socket.{key}"));
        style.say("tcp.socket.call", &[("who", &who), ("call", &call)])
    })
}

/// The sender's call and the receiver's.
fn keys(c: &Connection, row: &Row, earlier: &[Row]) -> (&'static str, &'static str) {
    let ignored = matches!(row.place.reset, Some(Reset::Ignored | Reset::Challenged | Reset::TurnsDown));
    if row.place.copy_of.is_some() || ignored {
        return ("", "");
    }
    let again = row.place.notes.has(Note::Retransmission);
    match row.place.step {
        Step::Syn => syn(c, row, again),
        Step::SynAck => syn_ack(c, row, again, earlier),
        Step::HandshakeAck => handshake_ack(c),
        _ if again => ("", ""),
        Step::Data if row.place.new_octets == 0 => ("", ""),
        Step::Data => (sends(row, earlier), receives(row, earlier)),
        Step::Ack if row.place.notes.has(Note::WindowUpdate) && was_shut(row, earlier) => ("makes_room", ""),
        Step::Ack | Step::FinAck => ("", ""),
        Step::FirstFin => (first_fin(c, row), hears_fin(row)),
        Step::SecondFin => (if row.length > 0 { "sends_and_closes" } else { "closes" }, hears_fin(row)),
        Step::Reset => reset(c, row, earlier),
    }
}

fn syn(c: &Connection, row: &Row, again: bool) -> (&'static str, &'static str) {
    match c.handshake.kind {
        HandshakeKind::Unanswered if again && c.last_packet == row.packet => ("connect_timeout", ""),
        _ if again => ("connect_waits", ""),
        _ if row.length > 0 => ("send_early", "listens"),
        HandshakeKind::SimultaneousOpen | HandshakeKind::Refused | HandshakeKind::Unanswered => {
            ("connect_begins", "")
        }
        HandshakeKind::ThreeWay
        | HandshakeKind::FastOpen
        | HandshakeKind::HalfOpen
        | HandshakeKind::NotSeen => ("connect_begins", "listens"),
    }
}

fn syn_ack(c: &Connection, row: &Row, again: bool, earlier: &[Row]) -> (&'static str, &'static str) {
    let given_up = c.handshake.ack.is_none() && c.teardown.first == Some(Side::Initiator);
    let unasked = !earlier.iter().take(64).any(|r| r.place.step == Step::Syn);
    let early = c.handshake.kind == HandshakeKind::FastOpen;
    match c.handshake.kind {
        // it repeats the SYN, and completes the opening
        HandshakeKind::SimultaneousOpen => ("", "connect_returns"),
        _ if again || row.place.relative_ack.is_some_and(|ack| ack != 1) && !early => ("", ""),
        // nobody waits for it: a RST turns it down
        _ if unasked || given_up => ("kernel_answers", ""),
        HandshakeKind::ThreeWay if sent_early(earlier) => ("kernel_answers", "send_returns"),
        // the cookie vouches for the initiator: its octets are given out before the third step (RFC 7413)
        HandshakeKind::FastOpen if row.covers_early_octets() => ("accept_early", ""),
        _ => ("kernel_answers", "connect_returns"),
    }
}

/// Whether the SYN carried octets.
fn sent_early(earlier: &[Row]) -> bool {
    earlier.iter().take(64).any(|r| r.place.step == Step::Syn && r.length > 0)
}

fn handshake_ack(c: &Connection) -> (&'static str, &'static str) {
    match c.handshake.kind {
        HandshakeKind::SimultaneousOpen | HandshakeKind::FastOpen => ("", ""),
        _ => ("", "accept_returns"),
    }
}

/// One call may hand over what takes many segments, and nothing in them shows where it ends: it is named where its sender
/// takes the turn.
fn sends(row: &Row, earlier: &[Row]) -> &'static str {
    let data = |r: &&Row| r.length > 0 && r.place.copy_of.is_none();
    let goes_on = earlier.iter().rev().take(64).find(data).is_some_and(|r| r.place.from == row.place.from);
    if goes_on { "" } else { "send" }
}

/// A receiver that asks for earlier octets cannot give out these.
fn receives(row: &Row, earlier: &[Row]) -> &'static str {
    let heard = earlier.iter().rev().take(64).find(|r| r.place.from != row.place.from);
    let misses = heard.is_some_and(|r| r.sack.iter().any(Option::is_some));
    if row.place.readable && !misses { "recv" } else { "" }
}

/// Whether the sender of this window update had said before that it has no room.
fn was_shut(row: &Row, earlier: &[Row]) -> bool {
    let own = earlier.iter().rev().find(|r| r.place.from == row.place.from);
    own.is_some_and(|r| r.place.window == Some(0))
}

fn first_fin(c: &Connection, row: &Row) -> &'static str {
    match c.teardown.kind {
        TeardownKind::HalfClosed => "shuts_half",
        _ if row.length > 0 => "sends_and_closes",
        _ => "shuts",
    }
}

/// A receiver that is still open reads the end of the stream, once it has come there.
fn hears_fin(row: &Row) -> &'static str {
    match row.place.states.of(row.place.from.peer()) {
        TcpState::CloseWait | TcpState::TimeWait | TcpState::Closing if row.length > 0 => "recv_rest",
        TcpState::CloseWait | TcpState::TimeWait | TcpState::Closing => "recv_zero",
        _ => "",
    }
}

fn reset(c: &Connection, row: &Row, earlier: &[Row]) -> (&'static str, &'static str) {
    let before = earlier.last();
    if c.handshake.kind == HandshakeKind::Refused {
        return ("nobody", "refused");
    }
    if before.is_some_and(Row::is_over) {
        return ("gone", "");
    }
    if row.turns_down_unasked(c, before) {
        return ("unasked", "");
    }
    let peer = row.place.from.peer();
    if before.is_some_and(|r| *r.place.states.of(peer) == TcpState::SynReceived) {
        return ("gives_up", "half_open_gone");
    }
    let own_fin = earlier.iter().any(|r| r.place.from == row.place.from && r.is_fin());
    let closed = earlier.iter().any(|r| r.place.from == peer && r.flags.has(TcpFlags::FIN));
    let unread = before.is_some_and(|r| r.place.from == peer && r.length > 0);
    let own = match (own_fin, unread) {
        (true, _) => "closed_before",
        (false, true) => "closes_unread",
        (false, false) => "aborts",
    };
    (own, if closed { "" } else { "reset" })
}
