//! What the order of hops says of the clocks of captures.

use super::{ClockLag, Sighting};

/// Capture pairs that are told of.
const MAX_PAIRS: usize = 32;

/// A mail was at `earlier` before it was at `later`: where the times of two captures contradict, the later one's
/// clock is behind. Keeps the largest lag of each pair.
pub(super) fn compare(earlier: &Sighting, later: &Sighting, lags: &mut Vec<ClockLag>) {
    let (Some(first), Some(second)) = (earlier.time, later.time) else { return };
    let lag = first.since(second);
    if earlier.capture == later.capture || lag <= 0 {
        return;
    }
    let pair = (later.capture, earlier.capture);
    if let Some(known) = lags.iter_mut().find(|known| (known.capture, known.behind) == pair) {
        known.at_least = known.at_least.max(lag);
    } else if lags.len() < MAX_PAIRS {
        lags.push(ClockLag { capture: later.capture, behind: earlier.capture, at_least: lag });
    }
}
