//! What a segment does for its connection, in a sentence with its own numbers.

use super::super::style::Style;
use super::super::time::duration;
use super::row::Row;
use crate::dissect::TcpFlags;
use crate::flow::{Connection, HandshakeKind, Reset, Step};
use crate::packet::{Note, Side};

type Values<'a> = Vec<(&'static str, String)>;

/// The sentence; `earlier` are the rows before it.
pub(super) fn sentence(style: &Style, c: &Connection, row: &Row, earlier: &[Row]) -> String {
    let (key, more) = match row.place.step {
        Step::Syn => syn(row, earlier),
        Step::SynAck => syn_ack(c, row, earlier),
        Step::HandshakeAck => ("handshake_ack", Values::new()),
        Step::Data if c.handshake.ack == Some(row.packet) => ("data_opens", Values::new()),
        Step::Data => ("data", Values::new()),
        Step::Ack => ("ack", Values::new()),
        Step::FirstFin => ("first_fin", Values::new()),
        Step::SecondFin => second_fin(style, row, earlier),
        Step::FinAck => fin_ack(style, row, earlier),
        Step::Reset => reset(c, row, earlier),
    };
    // where the other end was never captured, its numbers have no beginning to count from
    let ack = row.place.relative_ack.unwrap_or(row.ack);
    let packet = row.place.acknowledges.unwrap_or(0);
    let before = ack.saturating_sub(1);
    let mut values: Vec<(&str, &dyn std::fmt::Display)> = vec![
        ("isn", &row.seq),
        ("ack", &ack),
        ("before", &before),
        ("early", &before),
        ("packet", &packet),
        ("octets", &row.length),
        ("seq", &row.place.relative_seq),
    ];
    values.extend(more.iter().map(|(name, value)| (*name, value as &dyn std::fmt::Display)));
    let unseen = style.find(&format!("tcp.step.{key}_unseen")).filter(|_| row.place.acknowledges.is_none());
    let key = format!("tcp.step.{key}{}", if unseen.is_some() { "_unseen" } else { "" });
    let said = style.say(&key, &values);
    let closes = matches!(row.place.step, Step::FirstFin | Step::SecondFin);
    if closes && row.length > 0 { format!("{} · {said}", style.say("tcp.step.data", &values)) } else { said }
}

/// A SYN, and how long after the one before it.
fn syn(row: &Row, earlier: &[Row]) -> (&'static str, Values<'static>) {
    let again = row.place.notes.has(Note::Retransmission);
    let answers = |r: &&Row| r.place.from != row.place.from && r.place.step == Step::SynAck;
    if let Some(answer) = earlier.iter().take(OPENING).find(answers).filter(|_| !again) {
        return ("syn_late", vec![("answer", answer.packet.to_string())]);
    }
    if !again {
        return (if row.length > 0 { "syn_data" } else { "syn" }, Values::new());
    }
    let before = earlier.iter().rev().find(|r| r.place.from == row.place.from && r.place.step == Step::Syn);
    let pause = before.and_then(|before| Some(row.time?.nanos() - before.time?.nanos()));
    // a retry that comes sooner was not the timer's (RFC 6298 section 2.1)
    match pause.filter(|&pause| pause >= TIMER_NS) {
        Some(pause) => ("syn_again", vec![("pause", duration(pause))]),
        None => ("syn_once_more", Values::new()),
    }
}

fn syn_ack(c: &Connection, row: &Row, earlier: &[Row]) -> (&'static str, Values<'static>) {
    let kind = c.handshake.kind;
    let opening = earlier.iter().take(OPENING);
    let mut asked =
        opening.clone().filter(|r| r.place.from == row.place.from && r.place.step == Step::SynAck);
    let early = opening.clone().find(|r| r.place.from != row.place.from && r.length > 0);
    let key = if kind == HandshakeKind::SimultaneousOpen {
        "syn_ack_crossed"
    } else if asked.any(|r| r.seq == row.seq) {
        "syn_ack_again"
    } else if kind == HandshakeKind::FastOpen && row.covers_early_octets() {
        "syn_ack_data"
    } else if row.place.relative_ack.is_some_and(|ack| ack != 1) {
        "syn_ack_stray"
    } else if let Some(early) = early.filter(|r| r.flags.has(TcpFlags::SYN)) {
        return ("syn_ack_data_refused", vec![("refused", early.length.to_string())]);
    } else {
        "syn_ack"
    };
    (key, Values::new())
}

/// Segments at the beginning among which those of the opening are looked for.
const OPENING: usize = 64;

/// The other end's FIN: it may acknowledge the first one, cross it, or come later than that.
fn second_fin(style: &Style, row: &Row, earlier: &[Row]) -> (&'static str, Values<'static>) {
    let first = fin_of(earlier, row.place.from.peer());
    let Some(first) = first else { return ("second_fin", Values::new()) };
    let expected = after_fin(first);
    if row.place.unheard {
        let values = vec![("first", first.packet.to_string()), ("expected", expected.to_string())];
        return ("second_fin_crossed", values);
    }
    let told =
        earlier.iter().any(|r| r.place.from == row.place.from && r.place.relative_ack == Some(expected));
    if told || row.place.relative_ack != Some(expected) {
        return ("second_fin", Values::new());
    }
    ("second_fin_acks", vec![("first", first.packet.to_string()), ("sum", sum(style, first))])
}

fn fin_ack(style: &Style, row: &Row, earlier: &[Row]) -> (&'static str, Values<'static>) {
    let fin = fin_of(earlier, row.place.from.peer());
    match fin.filter(|fin| row.place.relative_ack == Some(after_fin(fin))) {
        Some(fin) => ("fin_ack", vec![("first", fin.packet.to_string()), ("sum", sum(style, fin))]),
        None => ("fin_ack_unexplained", Values::new()),
    }
}

fn reset(c: &Connection, row: &Row, earlier: &[Row]) -> (&'static str, Values<'static>) {
    let before = earlier.last();
    match row.place.reset {
        Some(Reset::Ignored) => return ("reset_ignored", Values::new()),
        Some(Reset::Challenged) => return ("reset_challenged", Values::new()),
        Some(Reset::TurnsDown) => return ("reset_turns_down", Values::new()),
        Some(Reset::Ends) | None => {}
    }
    if c.handshake.kind == HandshakeKind::Refused {
        let syn = c.handshake.syn.last().map(ToString::to_string).unwrap_or_default();
        return (if row.seq == 0 { "refused" } else { "refused_seq" }, vec![("syn", syn)]);
    }
    if before.is_some_and(Row::is_over) {
        return ("reset_over", Values::new());
    }
    if row.turns_down_unasked(c, before) {
        return ("reset_unasked", Values::new());
    }
    let answered = !c.handshake.syn_ack.is_empty() && c.handshake.ack.is_none();
    if answered && row.place.from == Side::Initiator && !c.handshake.syn.is_empty() {
        return ("reset_gives_up", Values::new());
    }
    let unread = before.filter(|r| r.place.from != row.place.from && r.length > 0);
    match unread {
        Some(unread) if fin_of(earlier, row.place.from).is_some() => {
            ("reset_closed", vec![("unread", unread.length.to_string()), ("in", unread.packet.to_string())])
        }
        Some(unread) => {
            let values = vec![("unread", unread.length.to_string()), ("in", unread.packet.to_string())];
            ("reset_unread", values)
        }
        None => ("reset", Values::new()),
    }
}

/// The first segment with a FIN of one end.
fn fin_of(earlier: &[Row], side: Side) -> Option<&Row> {
    let closing = earlier.get(earlier.len().saturating_sub(CLOSING)..)?;
    closing.iter().find(|r| r.place.from == side && r.is_fin())
}

/// Nanoseconds that a SYN waits at least, give or take what clocks do.
const TIMER_NS: i64 = 900_000_000;

/// A FIN is looked for no further back than this.
const CLOSING: usize = 1000;

/// The number that acknowledges a FIN.
fn after_fin(fin: &Row) -> u32 {
    fin.place.relative_seq.wrapping_add(fin.length).wrapping_add(1)
}

/// `seq 494 + 18 octets + 1 for its FIN`.
fn sum(style: &Style, fin: &Row) -> String {
    let values: [(&str, &dyn std::fmt::Display); 2] =
        [("seq", &fin.place.relative_seq), ("octets", &fin.length)];
    style.say(if fin.length > 0 { "tcp.sum.fin_data" } else { "tcp.sum.fin" }, &values)
}
