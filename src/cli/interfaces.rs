//! `interfaces`: what can be captured on.

use std::io;

use anyhow::Context;

use super::args::OutputArgs;
use super::complaint::program;
use super::plan::options;
use super::run::Outcome;
use crate::capture::{interfaces, may_capture};
use crate::report::{View, tell_interfaces};

/// Writes the interfaces of this machine.
pub(super) fn list(args: &OutputArgs) -> anyhow::Result<Outcome> {
    let all = interfaces().map_err(anyhow::Error::msg).context("cannot list interfaces")?;
    // a view has to be named, and makes no difference to these options
    let options = options(View::Overview, args);
    match tell_interfaces(&options, &all, may_capture(), &program(), &mut io::stdout().lock()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(error).context("cannot write the answer")
        }
        _ => Ok(Outcome::Done),
    }
}
