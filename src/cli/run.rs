//! The loop: frames in, events out.

use super::Args;

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Everything was read.
    Done,
    /// The input was damaged; what could be read was reported.
    Damaged,
}

/// Does what the arguments ask for.
///
/// # Errors
/// When nothing could be done.
pub fn run(_args: &Args) -> anyhow::Result<Outcome> {
    Ok(Outcome::Done)
}
