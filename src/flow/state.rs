//! The states of one end of a connection (RFC 9293 section 3.3.2).

/// The state of one end, as far as the captured segments show it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum TcpState {
    /// The capture began too late to know.
    #[default]
    Unknown,
    /// No connection.
    Closed,
    /// Waiting for a SYN.
    Listen,
    /// Sent a SYN, waiting for the peer's.
    SynSent,
    /// Has both SYNs, waiting for the acknowledgement of its own.
    SynReceived,
    /// Open: data flows.
    Established,
    /// Sent a FIN, waiting for its acknowledgement or the peer's FIN.
    FinWait1,
    /// Its FIN is acknowledged; waiting for the peer's FIN.
    FinWait2,
    /// Has the peer's FIN; its own program has not closed yet.
    CloseWait,
    /// Both sent a FIN at once; waiting for the acknowledgement of its own.
    Closing,
    /// Sent its FIN after the peer's; waiting for the last acknowledgement.
    LastAck,
    /// Waiting long enough for the peer to have its last acknowledgement.
    TimeWait,
}

impl TcpState {
    /// The RFC's name, as records spell it.
    pub const fn name(self) -> &'static str {
        match self {
            TcpState::Unknown => "UNKNOWN",
            TcpState::Closed => "CLOSED",
            TcpState::Listen => "LISTEN",
            TcpState::SynSent => "SYN_SENT",
            TcpState::SynReceived => "SYN_RECEIVED",
            TcpState::Established => "ESTABLISHED",
            TcpState::FinWait1 => "FIN_WAIT_1",
            TcpState::FinWait2 => "FIN_WAIT_2",
            TcpState::CloseWait => "CLOSE_WAIT",
            TcpState::Closing => "CLOSING",
            TcpState::LastAck => "LAST_ACK",
            TcpState::TimeWait => "TIME_WAIT",
        }
    }
}
