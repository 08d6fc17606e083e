//! How long each side let the other wait.

use super::session::{Session, Speaker, Turn, TurnKind};
use crate::packet::Timestamp;

/// Waits that are long in any session, in nanoseconds.
const LONG: i64 = 1_000_000_000;
/// Shorter waits are long where they are so many times that of most replies, from this many nanoseconds on.
const TIMES_MEDIAN: i64 = 20;
const NOTABLE: i64 = 200_000_000;

/// The waits of a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pace {
    /// For each turn of the server's, nanoseconds since it could have been said.
    waits: Vec<Option<i64>>,
    /// All of them but that for the greeting, in nanoseconds; the way there and back over the wire is in it.
    pub server: i64,
    /// From the first message of TLS to the first line inside, in nanoseconds.
    pub tls: i64,
    /// The rest of the time between the first turn and the last, in nanoseconds.
    pub client: i64,
    /// From the connection's opening to the greeting, in nanoseconds.
    pub greeting: Option<i64>,
    /// From which on a wait is worth a word.
    long: i64,
    opened: Option<Timestamp>,
    /// When the server said something last.
    said: Option<Timestamp>,
    /// When TLS began, where nothing has been said since.
    tls_began: Option<Timestamp>,
}

impl Pace {
    /// Of a session that begins, on a connection that was opened then: [`Pace::take`] adds its turns. What is long in
    /// this session alone is known only in the end.
    pub const fn new(opened: Option<Timestamp>) -> Self {
        Self {
            waits: Vec::new(),
            server: 0,
            tls: 0,
            client: 0,
            greeting: None,
            long: LONG,
            opened,
            said: None,
            tls_began: None,
        }
    }

    /// Measures a session.
    pub fn of(session: &Session) -> Self {
        let mut pace = Self::new(session.opened);
        pace.waits.reserve(session.turns.len());
        session.turns.iter().for_each(|turn| pace.take(turn));
        let first = session.turns.iter().find_map(|turn| turn.time);
        let last = session.turns.iter().filter_map(|turn| turn.last_time).max();
        let total = first.zip(last).map_or(0, |(first, last)| last.since(first));
        pace.client = (total - pace.server - pace.tls).max(0);
        pace.long = long(&pace.waits);
        pace
    }

    /// Adds the next turn.
    pub fn take(&mut self, turn: &Turn) {
        let is_greeting = matches!(turn.kind, TurnKind::Greeting(_));
        let since = match &turn.kind {
            TurnKind::Greeting(_) => self.opened,
            // of pipelined commands the server answers one after the other
            TurnKind::Reply { asked, .. } => {
                asked.map(|asked| self.said.map_or(asked, |said| said.max(asked)))
            }
            TurnKind::Command { .. }
            | TurnKind::AuthResponse { .. }
            | TurnKind::Message { .. }
            | TurnKind::Tls
            | TurnKind::Gap { .. } => None,
        };
        let began = self.tls_began.take().zip(turn.time);
        self.tls += began.map_or(0, |(began, time)| time.since(began).max(0));
        if turn.kind == TurnKind::Tls {
            self.tls_began = turn.time;
        }
        let wait = turn.time.zip(since).map(|(time, since)| time.since(since).max(0));
        if turn.from == Speaker::Server {
            self.said = turn.last_time.or(self.said);
        }
        if is_greeting {
            self.greeting = wait;
        } else {
            self.server += wait.unwrap_or(0);
        }
        self.waits.push(wait);
    }

    /// How long the server thought before this turn, in nanoseconds, where that is long: in any session, or in this one.
    pub fn long_wait(&self, turn: usize) -> Option<i64> {
        self.waits.get(turn).copied().flatten().filter(|wait| *wait >= self.long)
    }

    /// Whether the client let this much time pass for a reason of its own.
    pub const fn is_long(nanos: i64) -> bool {
        nanos >= LONG
    }
}

fn long(waits: &[Option<i64>]) -> i64 {
    let mut known = Vec::with_capacity(waits.len());
    known.extend(waits.iter().flatten().copied());
    known.sort_unstable();
    let median = known.get(known.len() / 2).copied().unwrap_or(0);
    median.saturating_mul(TIMES_MEDIAN).clamp(NOTABLE, LONG)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_long_by_itself_or_among_the_others() {
        assert_eq!(long(&[]), NOTABLE);
        assert_eq!(long(&[Some(1_000_000), None, Some(300_000_000), Some(1_000_000)]), NOTABLE);
        assert_eq!(long(&[Some(40_000_000); 3]), 800_000_000);
        assert_eq!(long(&[Some(400_000_000); 3]), LONG);
    }
}
