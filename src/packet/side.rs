//! The two ends of a connection.

/// One end of a connection, by role and not by port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Side {
    /// The end that opened the connection (sent the SYN).
    Initiator,
    /// The end that was listening.
    Responder,
}

impl Side {
    /// The other end.
    #[must_use]
    pub const fn peer(self) -> Self {
        match self {
            Side::Initiator => Side::Responder,
            Side::Responder => Side::Initiator,
        }
    }

    /// The name in records.
    pub const fn name(self) -> &'static str {
        match self {
            Side::Initiator => "initiator",
            Side::Responder => "responder",
        }
    }
}

/// A value for each end of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PerSide<T> {
    /// The initiator's.
    pub initiator: T,
    /// The responder's.
    pub responder: T,
}

impl<T> PerSide<T> {
    /// The value of one end.
    pub const fn of(&self, side: Side) -> &T {
        match side {
            Side::Initiator => &self.initiator,
            Side::Responder => &self.responder,
        }
    }

    /// The value of one end, to change.
    pub const fn of_mut(&mut self, side: Side) -> &mut T {
        match side {
            Side::Initiator => &mut self.initiator,
            Side::Responder => &mut self.responder,
        }
    }

    /// The value of `side` and that of its peer, both to change.
    pub const fn both_mut(&mut self, side: Side) -> (&mut T, &mut T) {
        match side {
            Side::Initiator => (&mut self.initiator, &mut self.responder),
            Side::Responder => (&mut self.responder, &mut self.initiator),
        }
    }
}
