//! What the arguments ask for: a side job, files that are read to their ends, or the wire that is watched.

use std::io;
use std::sync::Arc;

use anyhow::{Context, bail};

use super::args::{Args, Command, HttpArgs, SmtpArgs, SourceArgs, TcpArgs};
use super::live::Wire;
use super::open::{self, Input, Opened};
use super::plan::Plan;
use super::survey::{self, Chapter, Named};
use super::way::{Outputs, Run, Stop};
use crate::capture::{OpenError, Source};
use crate::dissect::Evidence;
use crate::report::{self, Format, View};

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Everything was read.
    Done,
    /// The input was damaged, or a message could not be saved; what could be read was reported.
    Damaged,
    /// A command was run: its exit status, or ours where it had none to complain of and we had.
    Command(u8),
}

/// Does what the arguments ask for.
///
/// # Errors
/// When nothing could be done.
pub fn run(args: &Args) -> anyhow::Result<Outcome> {
    match &args.command {
        Command::Overview(source) => view(View::Overview, source),
        Command::Packets(source) => view(View::Packets, source),
        Command::Layers(source) => view(View::Layers, source),
        Command::Tcp(args) => tcp(args),
        Command::Tls(source) => view(View::Tls, source),
        Command::Dns(source) => view(View::Dns, source),
        Command::Http(args) => http(args),
        Command::Smtp(args) => conversations(View::Smtp, args),
        Command::Imap(args) => conversations(View::Imap, args),
        Command::Pop3(args) => conversations(View::Pop3, args),
        Command::Fcs(source) => view(View::Fcs, source),
        Command::Interfaces(args) => super::interfaces::list(args),
        Command::Schema => super::side::schema(),
        Command::Completions { shell } => super::side::completions(*shell),
        Command::Man => super::side::man(),
    }
}

fn tcp(args: &TcpArgs) -> anyhow::Result<Outcome> {
    let mut plan = Plan::new(View::Tcp, &args.source)?;
    plan.report.all = args.all;
    plan.report.sort = args.sort.into();
    follow(plan)
}

fn http(args: &HttpArgs) -> anyhow::Result<Outcome> {
    let mut plan = Plan::new(View::Http, &args.source)?;
    plan.save_mail = args.save.clone();
    follow(plan)
}

fn conversations(view: View, args: &SmtpArgs) -> anyhow::Result<Outcome> {
    let mut plan = Plan::new(view, &args.source)?;
    plan.report.raw = args.raw;
    if args.raw && plan.report.format != Format::Table {
        bail!("`--raw` is a form of its own; leave `--format` out");
    }
    plan.save_mail = args.save.clone();
    follow(plan)
}

fn view(view: View, args: &SourceArgs) -> anyhow::Result<Outcome> {
    follow(Plan::new(view, args)?)
}

fn follow(plan: Plan) -> anyhow::Result<Outcome> {
    plan.check()?;
    let Opened { input, saver, mail, keys } = open::open(&plan)?;
    let outputs = Outputs { saver, mail, keys };
    match input {
        Input::Files(files, unopened) => read(plan, files, unopened, outputs),
        Input::Wire(wire) => watch(plan, *wire, outputs),
    }
}

/// Reads files to their ends.
fn read(
    mut plan: Plan,
    files: Vec<Named>,
    unopened: Vec<OpenError>,
    outputs: Outputs,
) -> anyhow::Result<Outcome> {
    let mut survey = survey::survey(&plan, files, unopened);
    let unopened = !survey.errors.is_empty();
    open::tell_unread(std::mem::take(&mut survey.errors), survey.chapters.is_empty())?;
    plan.report.captures = survey.captures();
    let sink = report::sink_for(&plan.report, plan.output());
    let mut run = Run::new(plan, sink, outputs);
    run.summary.fcs_first_pass = survey.is_complete;
    let ended = run.all(survey.chapters);
    run.tell_saved(&ended);
    told(ended)?;
    Ok(if unopened || run.is_damaged() { Outcome::Damaged } else { Outcome::Done })
}

/// Watches the wire to its end: a signal's, the time's, or that of the command.
fn watch(plan: Plan, mut wire: Wire, outputs: Outputs) -> anyhow::Result<Outcome> {
    let gauge = plan.report.live.as_ref().map(|live| Arc::clone(&live.gauge)).unwrap_or_default();
    let sink = report::sink_for(&plan.report, plan.output());
    let mut run = Run::new(plan, sink, outputs);
    wire.start()?;
    run.watch = Some(wire.watch(gauge));
    let command = wire.command.take();
    let ended =
        run.all(vec![Chapter { sources: vec![Source::live(wire.live)], evidence: Evidence::default() }]);
    run.tell_saved(&ended);
    run.tell_wire();
    let status = command.map(|command| command.wait());
    told(ended)?;
    Ok(match status {
        Some(0) | None if run.is_damaged() => Outcome::Damaged,
        Some(status) => Outcome::Command(status),
        None => Outcome::Done,
    })
}

/// Whether a run ended as it should; who does not want to read any more has been told enough.
fn told(ended: Result<(), Stop>) -> anyhow::Result<()> {
    match ended {
        Ok(()) => Ok(()),
        Err(Stop::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        Err(Stop::Output(error)) if error.kind() == io::ErrorKind::InvalidInput => Err(error.into()),
        Err(Stop::Output(error)) => Err(error).context("cannot write the answer"),
        Err(Stop::Other(error)) => Err(error),
    }
}
