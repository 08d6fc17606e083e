//! The door: parse, run, exit status.

use std::process::ExitCode;

use layerscope::cli::{Args, Outcome, complain_of, run};

fn main() -> ExitCode {
    match run(&Args::from_command_line()) {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::Damaged) => ExitCode::from(1),
        Ok(Outcome::Command(status)) => ExitCode::from(status),
        Err(error) => {
            complain_of(&error);
            ExitCode::from(2)
        }
    }
}
