//! Arguments, as plain data.

use std::path::PathBuf;

use clap::Parser;

/// Captures packets or reads saved captures, and explains them.
#[derive(Debug, Clone, Parser)]
#[command(version, about)]
pub struct Args {
    /// View and files.
    pub words: Vec<PathBuf>,
}
