//! Names of what can be noted about a TCP segment, as Wireshark's documentation of TCP analysis defines them.

/// One note about a TCP segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Note {
    /// Octets that were sent before.
    Retransmission,
    /// A retransmission soon after at least two duplicate acknowledgements of its first octet.
    FastRetransmission,
    /// A retransmission of octets that had already been acknowledged.
    SpuriousRetransmission,
    /// Earlier octets that arrive late, but too soon for a retransmission.
    OutOfOrder,
    /// Octets before this segment were not captured.
    LostSegment,
    /// An acknowledgement of octets that were not captured.
    AckLostSegment,
    /// The same acknowledgement again, with no data and no change of window.
    DuplicateAck,
    /// 0 or 1 octets at one before the next sequence number.
    KeepAlive,
    /// The answer to a keep-alive.
    KeepAliveAck,
    /// The receiver has no room.
    ZeroWindow,
    /// One octet sent into a zero window.
    ZeroWindowProbe,
    /// The answer to a zero window probe.
    ZeroWindowProbeAck,
    /// The segment fills the receiver's window to the last octet.
    WindowFull,
    /// Only the window changed.
    WindowUpdate,
    /// A SYN with a new initial sequence number on addresses and ports that were used before.
    ReusedPorts,
}

impl Note {
    /// Every note, in the order of records.
    pub const ALL: [Note; 15] = [
        Note::Retransmission,
        Note::FastRetransmission,
        Note::SpuriousRetransmission,
        Note::OutOfOrder,
        Note::LostSegment,
        Note::AckLostSegment,
        Note::DuplicateAck,
        Note::KeepAlive,
        Note::KeepAliveAck,
        Note::ZeroWindow,
        Note::ZeroWindowProbe,
        Note::ZeroWindowProbeAck,
        Note::WindowFull,
        Note::WindowUpdate,
        Note::ReusedPorts,
    ];

    /// The name in records and in the texts of [`crate::lesson`].
    pub const fn name(self) -> &'static str {
        match self {
            Note::Retransmission => "retransmission",
            Note::FastRetransmission => "fast_retransmission",
            Note::SpuriousRetransmission => "spurious_retransmission",
            Note::OutOfOrder => "out_of_order",
            Note::LostSegment => "lost_segment",
            Note::AckLostSegment => "ack_lost_segment",
            Note::DuplicateAck => "duplicate_ack",
            Note::KeepAlive => "keep_alive",
            Note::KeepAliveAck => "keep_alive_ack",
            Note::ZeroWindow => "zero_window",
            Note::ZeroWindowProbe => "zero_window_probe",
            Note::ZeroWindowProbeAck => "zero_window_probe_ack",
            Note::WindowFull => "window_full",
            Note::WindowUpdate => "window_update",
            Note::ReusedPorts => "reused_ports",
        }
    }
}

/// A set of [`Note`]s.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct Notes(u16);

impl Notes {
    /// No note.
    pub const NONE: Notes = Notes(0);

    /// Adds a note.
    pub const fn add(&mut self, note: Note) {
        self.0 |= 1 << note as u8;
    }

    /// Takes a note out.
    pub const fn remove(&mut self, note: Note) {
        self.0 &= !(1 << note as u8);
    }

    /// Whether the note is in the set.
    pub const fn has(self, note: Note) -> bool {
        self.0 & (1 << note as u8) != 0
    }

    /// Whether the set has no note.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The notes of the set, in the order of [`Note::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Note> {
        Note::ALL.into_iter().filter(move |&n| self.has(n))
    }
}
