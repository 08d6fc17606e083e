//! A segment's place in its connection.

use super::TcpState;
use crate::packet::{Notes, PerSide, Side};

/// What the tracker says about one segment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Place {
    /// The connection.
    pub stream: u64,
    /// Who sent it.
    pub from: Side,
    /// The first packet of its connection.
    pub opens_stream: bool,
    /// What is odd about it.
    pub notes: Notes,
    /// What it does for the connection.
    pub step: Step,
    /// State of both ends after it.
    pub states: PerSide<TcpState>,
    /// Sequence number less the sender's ISN (or the first one seen).
    pub relative_seq: u32,
    /// Acknowledgement number less the peer's ISN; `None` without ACK or where the peer was never seen.
    pub relative_ack: Option<u32>,
    /// Where its payload begins in the sender's stream, from 0; `None` for octets before the first one seen.
    pub stream_offset: Option<u64>,
    /// Octets that it brings and no earlier segment brought.
    pub new_octets: u32,
    /// The window it offers, in octets, scaled; `None` where the scale is not known.
    pub window: Option<u32>,
    /// The packet that sent what its acknowledgement number covers last.
    pub acknowledges: Option<u64>,
    /// The packet whose octets it repeats.
    pub repeats: Option<u64>,
    /// The packet of which this is a second copy made by the capture, not by the sender.
    pub copy_of: Option<u64>,
    /// What it does, where it is a RST.
    pub reset: Option<Reset>,
    /// It was sent before the peer's SYN or FIN had arrived, which it does not acknowledge.
    pub unheard: bool,
    /// It brings other octets than an earlier segment had brought; those of the first copy are used.
    pub conflicts: bool,
    /// An ACK that asks back, as a SYN or RST came that does not fit (RFC 5961).
    pub challenge: bool,
    /// It brings octets that the receiver's program can read now, as nothing before them is known to be missing.
    pub readable: bool,
}

impl Place {
    /// A RST that its receiver does not act on.
    pub const fn is_ignored(&self) -> bool {
        matches!(self.reset, Some(Reset::Ignored | Reset::Challenged))
    }
}

/// What a RST does (RFC 9293 section 3.10.7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reset {
    /// It ends the connection.
    Ends,
    /// It turns down a SYN-ACK that answers none of its sender's SYNs; its sender still waits for an answer.
    TurnsDown,
    /// Its number is in the window, but not the next one: the receiver asks back (RFC 5961 section 3.2).
    Challenged,
    /// Its number lies outside the window: the receiver ignores it.
    Ignored,
}

/// What a segment does for its connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Step {
    /// Opens: the initiator's SYN.
    Syn,
    /// The responder's SYN with ACK.
    SynAck,
    /// The ACK that completes the opening.
    HandshakeAck,
    /// Carries data.
    Data,
    /// Acknowledges, and no more.
    Ack,
    /// The first FIN.
    FirstFin,
    /// The other end's FIN.
    SecondFin,
    /// The ACK that covers a FIN.
    FinAck,
    /// RST.
    Reset,
}
