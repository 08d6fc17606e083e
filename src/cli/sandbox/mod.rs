//! What the process gives up before it looks at the first octet from a stranger.
//!
//! A capture is other people's octets, and the parsers that read them may have an error that nobody has found yet.
//! So once the captures and the files for the answer are open, the process keeps what it needs to read the former
//! and write the latter, and gives the rest back: [`Confinement::begin`] the user that `sudo` gave it,
//! [`Confinement::enter`] everything else. Each part stands alone: what the kernel lacks is reported, and the others
//! hold.
//!
//! User, capabilities and files are the calling thread's, and those of the threads that it starts later. So both
//! have to be called before any thread is started; system calls alone are refused to all threads at once.

#[cfg(target_os = "linux")]
mod files;
#[cfg(target_os = "linux")]
mod privileges;
#[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
mod syscalls;

use std::fmt;
use std::os::fd::RawFd;
use std::path::PathBuf;

use crate::capture::Caller;

/// What the process has to be able to do once it is confined, beyond the use of what is open.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Sandbox {
    /// Who becomes the process's user: the one who called `sudo`. `None` where the user stays.
    pub(super) owner: Option<Caller>,
    /// Files, and folders with all that is in them, that are still opened by name.
    pub(super) may_read: Vec<PathBuf>,
    /// Folders in which files are still made, written, and given another name.
    pub(super) may_write_below: Vec<PathBuf>,
    /// Sockets that packets are received from: nothing can be sent by them any more.
    pub(super) receive_only: Vec<RawFd>,
    /// Whether a command is started before all is given up: signals are sent to it, and what it may become is its own
    /// affair.
    pub(super) runs_a_command: bool,
}

/// A part of the confinement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Part {
    /// The user who called `sudo` takes root's place.
    User,
    /// No capability is left, in no set.
    Capabilities,
    /// No program that is started gets more privileges.
    NoNewPrivileges,
    /// Neither a debugger nor a core dump sees the memory, in which there may be passwords.
    Memory,
    /// No file can be opened but those of the plan (Landlock).
    Files,
    /// No TCP port can be connected to or listened on (Landlock; system calls refuse the same and more).
    Tcp,
    /// No abstract socket and no signal reaches a process outside (Landlock).
    Processes,
    /// No socket, no new process, no tracing: what is not needed is refused (seccomp).
    SystemCalls,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Part::User => "user",
            Part::Capabilities => "capabilities",
            Part::NoNewPrivileges => "no new privileges",
            Part::Memory => "memory",
            Part::Files => "files",
            Part::Tcp => "TCP",
            Part::Processes => "other processes",
            Part::SystemCalls => "system calls",
        })
    }
}

/// Whether a part holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum State {
    /// It does.
    Held,
    /// It does not, or not in full: why.
    Lacking(String),
}

impl State {
    /// Held where `result` is no error.
    fn of<T, E: fmt::Display>(result: Result<T, E>) -> Self {
        result.map_or_else(|error| State::Lacking(error.to_string()), |_| State::Held)
    }
}

/// The parts that were tried.
pub(super) type Report = Vec<(Part, State)>;

/// The way into confinement: between its two steps, files are made that belong to the user.
#[must_use]
pub(super) struct Confinement {
    plan: Sandbox,
    report: Report,
}

impl Confinement {
    /// The first step, once what root alone may open is open: the user who called `sudo` takes root's place, so
    /// that files that are made from here on are theirs and lie where they may make some.
    pub(super) fn begin(plan: Sandbox) -> Self {
        let mut report = Report::new();
        first(&plan, &mut report);
        Self { plan, report }
    }

    /// Whether the user who called `sudo` has taken root's place.
    pub(super) fn has_changed_user(&self) -> bool {
        self.report.contains(&(Part::User, State::Held))
    }

    /// Everything else, once all files are open and before a thread is started. There is no way back.
    pub(super) fn enter(self) -> Report {
        let Self { plan, mut report } = self;
        then(&plan, &mut report);
        report
    }
}

#[cfg(target_os = "linux")]
fn first(plan: &Sandbox, report: &mut Report) {
    if !plan.runs_a_command {
        privileges::empty_bounding_set();
    }
    if let Some(owner) = &plan.owner {
        report.push((Part::User, State::of(privileges::become_user(owner))));
    }
}

#[cfg(target_os = "linux")]
fn then(plan: &Sandbox, report: &mut Report) {
    report.push((Part::NoNewPrivileges, State::of(privileges::no_new_privileges())));
    files::restrict(plan, report);
    report.push((Part::Capabilities, privileges::drop_capabilities(&plan.may_write_below)));
    report.push((Part::Memory, State::of(privileges::hide_memory())));
    // last: it refuses the calls that the others are made of
    report.push((Part::SystemCalls, refuse_system_calls(plan)));
}

#[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
fn refuse_system_calls(plan: &Sandbox) -> State {
    State::of(syscalls::refuse(plan))
}

#[cfg(all(target_os = "linux", not(any(target_arch = "x86_64", target_arch = "aarch64"))))]
fn refuse_system_calls(_: &Sandbox) -> State {
    State::Lacking("there is no list of system calls for this processor yet".into())
}

#[cfg(not(target_os = "linux"))]
fn first(_: &Sandbox, _: &mut Report) {}

#[cfg(not(target_os = "linux"))]
fn then(_: &Sandbox, report: &mut Report) {
    let why = || State::Lacking("the sandbox is made of parts of Linux".into());
    report.extend([Part::Capabilities, Part::Files, Part::SystemCalls].map(|part| (part, why())));
}

#[cfg(all(test, target_os = "linux"))]
mod tests;
