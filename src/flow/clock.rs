//! Times in eight octets, for tables of a million connections.

use crate::packet::Timestamp;

/// A time that may be missing (simple packet blocks have none).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Clock(i64);

impl Clock {
    const UNKNOWN: i64 = i64::MIN;
    /// No time.
    pub(super) const NEVER: Clock = Clock(Self::UNKNOWN);

    /// Nanoseconds since `earlier`; `None` where either is missing.
    pub(super) fn since(self, earlier: Clock) -> Option<i64> {
        (self != Self::NEVER && earlier != Self::NEVER).then(|| self.0.saturating_sub(earlier.0))
    }

    /// As the rest of the house writes it.
    pub(super) fn timestamp(self) -> Option<Timestamp> {
        (self != Self::NEVER).then_some(Timestamp::from_nanos(self.0))
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self::NEVER
    }
}

impl From<Option<Timestamp>> for Clock {
    fn from(time: Option<Timestamp>) -> Self {
        Self(time.map_or(Self::UNKNOWN, Timestamp::nanos))
    }
}
