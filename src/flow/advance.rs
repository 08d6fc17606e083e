//! How one segment moves the states of both ends (RFC 9293 section 3.3.2), as if it arrives: what a sender does is
//! certain, what its peer then does is what the RFC prescribes. Where the peer is known to miss earlier octets, it
//! moves once it acknowledges.

use super::Reset;
use super::TcpState::{self, *};
use super::end::{End, Facts};
use crate::dissect::TcpFlags;

/// Moves both ends by a segment that `own` sent; `reset` is what it does, where it is a RST.
pub(super) fn advance(own: &mut End, peer: &mut End, facts: &Facts, reset: Option<Reset>) {
    if let Some(reset) = reset {
        // who turns down a SYN-ACK goes on waiting for the right one
        own.state = if reset == Reset::TurnsDown { own.state } else { Closed };
        peer.state = Closed;
        return;
    }
    if facts.flags.has(TcpFlags::SYN) {
        send_syn(own, peer, facts);
    } else {
        join_late(own, peer, facts);
    }
    if facts.flags.has(TcpFlags::ACK) {
        acknowledge(own, peer, facts);
    }
    if facts.flags.has(TcpFlags::FIN) && own.fin.is_none() {
        send_fin(own, peer, facts);
    }
}

/// A SYN: its sender waits for the peer's, its receiver answers (sections 3.5 and 3.10.7.2).
fn send_syn(own: &mut End, peer: &mut End, facts: &Facts) {
    let answered = facts.is_syn() && peer.ack == Some(facts.next) && peer.isn_known;
    own.state = match own.state {
        Unknown if answered => Established,
        // thought to have heard the peer's SYN, it would have acknowledged it: the SYNs cross
        SynReceived if facts.is_syn() && !own.seen() => SynSent,
        Unknown | Closed | Listen | SynSent if facts.is_syn_ack() => SynReceived,
        Unknown | Closed | Listen => SynSent,
        state => state,
    };
    peer.state = match peer.state {
        state if facts.is_syn_ack() && !(peer.seen() && peer.is_answered_by(facts.ack)) => state,
        Unknown | Closed | Listen | SynSent => SynReceived,
        state => state,
    };
}

/// A segment of a connection whose opening was not captured: both ends must be open.
fn join_late(own: &mut End, peer: &mut End, facts: &Facts) {
    if own.state == Unknown || (own.state == SynSent && !peer.seen()) {
        own.state = Established;
    }
    let not_captured = peer.state == Unknown || (peer.state == SynReceived && !peer.seen());
    if not_captured && facts.flags.has(TcpFlags::ACK) {
        peer.state = Established;
    }
}

/// An ACK: covers the peer's SYN or FIN, or neither.
fn acknowledge(own: &mut End, peer: &mut End, facts: &Facts) {
    if facts.is_syn_ack() {
        if peer.is_answered_by(facts.ack) && peer.seen() && peer.state == SynReceived {
            peer.state = Established;
        }
        return;
    }
    if peer.state == SynReceived && peer.isn_known && peer.syn_covered_by(facts.ack) {
        peer.state = Established;
        if matches!(own.state, SynSent | SynReceived) {
            own.state = Established;
        }
    }
    if own.has_not_heard_fin(peer, facts) {
        peer.fin_heard = false;
        own.state = unhear_fin(own.state);
    }
    if peer.fin.is_some_and(|fin| facts.ack.at_or_after(fin)) && !peer.fin_acked {
        peer.fin_acked = true;
        if !std::mem::replace(&mut peer.fin_heard, true) {
            own.state = hear_fin(own.state);
        }
        peer.state = match peer.state {
            FinWait1 => FinWait2,
            Closing => TimeWait,
            LastAck => Closed,
            state => state,
        };
    }
}

/// The first FIN of an end (sections 3.6 and 3.10.4).
fn send_fin(own: &mut End, peer: &mut End, facts: &Facts) {
    own.fin = Some(facts.next);
    own.fin_heard = !misses_octets(peer, own, facts);
    own.state = match own.state {
        CloseWait => LastAck,
        Established | SynReceived | SynSent | Unknown => FinWait1,
        state => state,
    };
    if own.fin_heard {
        peer.state = hear_fin(peer.state);
    }
    if peer.fin.is_some() && !peer.fin_heard {
        // the FINs cross: the other one arrives now
        peer.fin_heard = true;
        own.state = hear_fin(own.state);
    }
}

/// Whether the receiver is known to miss octets before this segment: it asks for them, or they were not captured.
fn misses_octets(receiver: &End, own: &End, facts: &Facts) -> bool {
    let behind_hole = own.next.is_some_and(|next| facts.seq.after(next)) || own.contiguous != own.next;
    receiver.seen() && (receiver.duplicate_acks > 0 || behind_hole)
}

/// What an end was before it was thought to have heard a FIN.
fn unhear_fin(state: TcpState) -> TcpState {
    match state {
        CloseWait => Established,
        Closing => FinWait1,
        TimeWait => FinWait2,
        state => state,
    }
}

/// What a FIN does to the end that receives it (section 3.10.7.4).
fn hear_fin(state: TcpState) -> TcpState {
    match state {
        Unknown | SynSent | SynReceived | Established => CloseWait,
        FinWait1 => Closing,
        FinWait2 => TimeWait,
        Closed | Listen | CloseWait | Closing | LastAck | TimeWait => state,
    }
}
