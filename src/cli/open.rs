//! Opens what is read and what is written, and gives everything else up before the first octet of a stranger's is
//! looked at.

use anyhow::{anyhow, bail};

use super::args::VIEWS;
use super::complaint::complain;
use super::keys::KeyLogs;
use super::live::Wire;
use super::plan::Plan;
use super::sandbox::{Confinement, Sandbox, State};
use super::survey::{self, Named};
use crate::capture::{Caller, OpenError, Saver};
use crate::report::{self, MailFolder};

/// What is read.
pub(super) enum Input {
    /// Files, and those that cannot be read.
    Files(Vec<Named>, Vec<OpenError>),
    /// Interfaces; a command may run.
    Wire(Box<Wire>),
}

/// A run that has all that it needs.
pub(super) struct Opened {
    pub(super) input: Input,
    pub(super) saver: Option<Saver>,
    pub(super) mail: Option<MailFolder>,
    pub(super) keys: KeyLogs,
}

/// Opens all of it. What root alone may open comes first; files that are made belong to the user who called `sudo`; a
/// command starts once there is nothing left that may fail.
///
/// # Errors
/// When nothing can be read, or what was asked for cannot be written or run.
pub(super) fn open(plan: &Plan) -> anyhow::Result<Opened> {
    let caller = caller(plan)?;
    let mut keys = KeyLogs::open(&plan.keylogs)?;
    let mut input = Input::open(plan)?;
    let confinement = plan.is_confined.then(|| Confinement::begin(sandbox(plan, &input, caller.as_ref())));
    let as_caller = confinement.as_ref().is_some_and(Confinement::has_changed_user);
    let unmade = |error| unmade(error, as_caller);
    let saver = plan.save.as_deref().map(|path| Saver::create(path, &plan.files)).transpose();
    let saver = saver.map_err(|error| unmade(error.into()))?;
    let mail = plan.save_mail.as_deref().map(|path| MailFolder::open(path, plan.report.stream)).transpose();
    let mail = mail.map_err(|error| unmade(error.into()))?;
    report::prepare(&plan.report);
    if let (Input::Wire(wire), Some(live)) = (&mut input, &plan.live) {
        if live.keylog && !live.command.is_empty() {
            keys.make_private(caller.as_ref())?;
        }
        wire.begin(live, caller.as_ref(), keys.private(), plan.quiet)?;
    }
    confine(confinement, plan.verbose);
    Ok(Opened { input, saver, mail, keys })
}

impl Input {
    fn open(plan: &Plan) -> anyhow::Result<Self> {
        if let Some(live) = &plan.live {
            return Ok(Input::Wire(Box::new(Wire::open(live)?)));
        }
        let (files, unopened) = survey::open(&plan.files);
        if files.is_empty() {
            tell_unread(unopened, true)?;
            bail!("no capture can be read");
        }
        Ok(Input::Files(files, unopened))
    }
}

/// Who called `sudo`. A command is not run for a user who is not known; reading takes nothing from anybody.
fn caller(plan: &Plan) -> anyhow::Result<Option<Caller>> {
    let runs_a_command = plan.live.as_ref().is_some_and(|live| !live.command.is_empty());
    match Caller::of_sudo() {
        Err(error) if runs_a_command => Err(anyhow!("not run: {error}")),
        caller => Ok(caller.ok().flatten()),
    }
}

/// What the run still has to be able to do once everything is open.
fn sandbox(plan: &Plan, input: &Input, caller: Option<&Caller>) -> Sandbox {
    let may_write_below = plan.save_mail.iter().cloned().collect();
    let owner = caller.cloned();
    match input {
        Input::Files(..) => Sandbox { owner, may_write_below, ..Sandbox::default() },
        Input::Wire(wire) => Sandbox {
            owner,
            may_write_below,
            may_read: wire.live.counters(),
            receive_only: wire.live.sockets(),
            runs_a_command: plan.live.as_ref().is_some_and(|live| !live.command.is_empty()),
        },
    }
}

/// Why a file for the answer cannot be made. Who typed `sudo` may wonder that root cannot.
fn unmade(error: anyhow::Error, as_caller: bool) -> anyhow::Error {
    match as_caller {
        true => anyhow!("{error:#} (made as the user who called sudo; with --no-sandbox, as root)"),
        false => error,
    }
}

/// Says which files cannot be read; where there are no others, the last of them is why nothing can be done.
///
/// # Errors
/// The last of them, where there are no others.
pub(super) fn tell_unread(mut errors: Vec<OpenError>, are_all: bool) -> anyhow::Result<()> {
    let last = if are_all { errors.pop() } else { None };
    errors.iter().for_each(complain);
    if let Some(view) = errors.iter().find_map(view) {
        complain(format_args!("{view} is a view: it comes first, as in `layerscope {view} FILE`"));
    }
    last.map_or(Ok(()), |error| Err(error.into()))
}

/// The view that a file which cannot be opened is named like.
fn view(error: &OpenError) -> Option<&str> {
    match error {
        OpenError::Io { path, .. } => path.to_str().filter(|name| VIEWS.contains(name)),
        _ => None,
    }
}

/// Gives up what is not needed from here on: the captures, the files for the answer and the terminal are open, no
/// packet has been looked at, and no thread runs yet.
fn confine(confinement: Option<Confinement>, verbose: bool) {
    let report = confinement.map(Confinement::enter).unwrap_or_default();
    for (part, state) in report {
        if let (State::Lacking(reason), true) = (state, verbose) {
            complain(format_args!("sandbox: {part}: {reason}"));
        }
    }
}
