//! Side jobs: the schema of the records, shell completions, the man page.

use std::io::{self, Write};

use clap::CommandFactory;

use super::args::Args;
use super::run::Outcome;
use crate::report;

pub(super) fn schema() -> anyhow::Result<Outcome> {
    let mut text = serde_json::to_string_pretty(&report::schema())?;
    text.push('\n');
    print(text.as_bytes())
}

pub(super) fn completions(shell: clap_complete::Shell) -> anyhow::Result<Outcome> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Args::command(), "layerscope", &mut script);
    print(&script)
}

pub(super) fn man() -> anyhow::Result<Outcome> {
    let mut page = Vec::new();
    clap_mangen::Man::new(Args::command()).render(&mut page)?;
    for view in Args::command().get_subcommands() {
        render_view(view, &mut page)?;
    }
    print(&page)
}

/// A section of the one page for each view, so that every option is found in it.
fn render_view(view: &clap::Command, page: &mut Vec<u8>) -> io::Result<()> {
    let man = clap_mangen::Man::new(view.clone().disable_version_flag(true));
    writeln!(page, ".SH \"{}\"", view.get_name().to_uppercase())?;
    man.render_description_section(page)?;
    man.render_options_section(page)?;
    man.render_extra_section(page)
}

fn print(octets: &[u8]) -> anyhow::Result<Outcome> {
    match io::stdout().write_all(octets) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(Outcome::Done),
    }
}
