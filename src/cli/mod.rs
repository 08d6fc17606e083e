//! The command line: arguments as plain data, the plan made of them, the loop.

mod args;
mod plan;
mod run;

pub use args::Args;
pub use run::{Outcome, run};
