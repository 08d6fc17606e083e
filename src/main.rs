//! The door: parse, run, exit status.

use std::process::ExitCode;

use layerscope::cli::{Args, Outcome, run};

fn main() -> ExitCode {
    match run(&Args::from_command_line()) {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::Damaged) => ExitCode::from(1),
        Err(error) => {
            eprintln!("layerscope: {error:#}");
            ExitCode::from(2)
        }
    }
}
