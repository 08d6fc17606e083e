//! The command line: arguments as plain data, the plan made of them, what is given up before packets are
//! looked at, a first pass, the loop.

mod args;
mod complaint;
mod interfaces;
mod keys;
mod live;
mod live_args;
mod live_output;
mod open;
mod output;
mod plan;
mod progress;
mod run;
mod sandbox;
mod side;
mod signals;
mod survey;
mod way;

pub use args::Args;
pub use complaint::complain_of;
pub use run::{Outcome, run};
