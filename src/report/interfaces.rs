//! The answer of `interfaces`, in every format.

use std::io::{self, Write};

use super::record::InterfaceLine;
use super::{Format, Options, csv, json, table};
use crate::capture::LocalInterface;

/// Writes what can be captured on. `program`: this program's file, as a shell takes it for one word.
///
/// # Errors
/// When it cannot be written.
pub fn tell_interfaces(
    options: &Options,
    all: &[LocalInterface],
    may_capture: bool,
    program: &str,
    out: &mut dyn Write,
) -> io::Result<()> {
    let records = || all.iter().map(|interface| InterfaceLine::new(interface, may_capture));
    match options.format {
        Format::Json => records().try_for_each(|record| json::line(out, &record))?,
        Format::Csv => csv::interfaces(records(), out)?,
        Format::Table | Format::Svg => {
            out.write_all(table::interfaces(options, all, may_capture, program).as_bytes())?;
        }
    }
    out.flush()
}
