//! Which call of the socket interface stands behind a segment. Inferred: a capture shows segments, not calls.

use super::super::style::Style;
use super::row::Row;
use crate::flow::{Connection, HandshakeKind, Step};
use crate::packet::{Note, Side};

/// What the programs on both ends did, first the sender's; none where a segment comes from the kernel alone.
pub(super) fn calls(style: &Style, c: &Connection, row: &Row, before: Option<&Row>) -> Vec<String> {
    let from = row.place.from;
    let (own, peer) = keys(c, row, before);
    let said = |side: Side, key: &str| {
        (!key.is_empty()).then(|| {
            let who = style.word(&format!("tcp.side.{}", side.name()));
            let call = style.word(&format!("tcp.socket.{key}"));
            style.say("tcp.socket.call", &[("who", &who), ("call", &call)])
        })
    };
    said(from, own).into_iter().chain(said(from.peer(), peer)).collect()
}

/// The sender's call and the receiver's.
fn keys(c: &Connection, row: &Row, before: Option<&Row>) -> (&'static str, &'static str) {
    let again = row.place.notes.has(Note::Retransmission);
    let kind = c.handshake.kind;
    match row.place.step {
        _ if row.place.copy_of.is_some() || row.place.ignored => ("", ""),
        Step::Syn if again && kind == HandshakeKind::Unanswered && c.last_packet == row.packet => {
            ("connect_timeout", "")
        }
        Step::Syn if again => ("connect_waits", ""),
        Step::Syn if row.length > 0 => ("send_early", "listens"),
        Step::Syn if kind == HandshakeKind::SimultaneousOpen => ("connect_begins", ""),
        Step::Syn if matches!(kind, HandshakeKind::Refused | HandshakeKind::Unanswered) => {
            ("connect_begins", "")
        }
        Step::Syn => ("connect_begins", "listens"),
        Step::SynAck if again => ("", ""),
        Step::SynAck if kind == HandshakeKind::SimultaneousOpen => ("", "connect_returns"),
        Step::SynAck => ("kernel_answers", "connect_returns"),
        Step::HandshakeAck => ("", "accept_returns"),
        Step::Data if again || row.place.new_octets == 0 => ("", ""),
        Step::Data => ("send", "recv"),
        Step::Ack | Step::FinAck => ("", ""),
        Step::FirstFin | Step::SecondFin if again => ("", ""),
        Step::FirstFin => ("shuts", "recv_zero"),
        Step::SecondFin => ("closes", "recv_zero"),
        Step::Reset if kind == HandshakeKind::Refused => ("nobody", "refused"),
        Step::Reset if is_over(before) => ("gone", ""),
        Step::Reset => ("aborts", "reset"),
    }
}

/// Whether both ends were done already.
fn is_over(before: Option<&Row>) -> bool {
    use crate::flow::TcpState::{Closed, LastAck, TimeWait};
    before.is_some_and(|row| {
        let states = row.place.states;
        [states.initiator, states.responder].iter().all(|state| matches!(state, Closed | LastAck | TimeWait))
    })
}
