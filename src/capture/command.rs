//! The command that is run while its traffic is captured.

use std::ffi::{CStr, CString, OsStr, OsString};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// A command that cannot be run.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// The system does not start it.
    #[error("{command}: cannot be run: {error}")]
    Start {
        /// Its name.
        command: String,
        /// Why.
        error: io::Error,
    },
    /// It is not known as whom it is to run: it is never run as root in the place of the user who called.
    #[error("not run: {0} does not say which user called sudo")]
    Caller(&'static str),
}

/// A command that was started, and may have ended.
#[derive(Debug)]
pub struct RunningCommand {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    child: Child,
    /// Its exit status as a shell says it, and when it was known.
    ended: Option<(u8, Instant)>,
}

impl RunningCommand {
    /// Starts it: with this process's standard input, output and error, and as the user who called sudo where this
    /// process runs under sudo.
    ///
    /// # Errors
    /// When there is no such command, or the user who called is not known.
    pub fn start(words: &[OsString]) -> Result<Self, CommandError> {
        let name = words.first().map_or(OsStr::new(""), OsString::as_os_str);
        let mut command = Command::new(name);
        command.args(words.iter().skip(1));
        if let Some(caller) = Caller::of_sudo()? {
            caller.become_in(&mut command);
        }
        let fail = |error| CommandError::Start { command: name.to_string_lossy().into_owned(), error };
        let child = command.spawn().map_err(fail)?;
        Ok(Self { state: Mutex::new(State { child, ended: None }) })
    }

    /// How long ago it ended, and with which status; `None` while it runs.
    pub fn ended(&self) -> Option<(u8, Duration)> {
        self.state().look().map(|(status, when)| (status, when.elapsed()))
    }

    /// Waits for its end: its exit status, or 128 and the number of the signal that ended it.
    pub fn wait(&self) -> u8 {
        loop {
            // not in wait(2): a signal may have to be passed on meanwhile
            if let Some((status, _)) = self.ended() {
                return status;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Passes a signal on, if it still runs.
    pub fn signal(&self, signal: i32) {
        let mut state = self.state();
        if state.look().is_some() {
            return;
        }
        // it was not waited for, so that the number is still its own
        let pid = i32::try_from(state.child.id()).ok().and_then(Pid::from_raw);
        if let (Some(pid), Some(signal)) = (pid, Signal::from_named_raw(signal)) {
            let _ = kill_process(pid, signal);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn look(&mut self) -> Option<(u8, Instant)> {
        if self.ended.is_none()
            && let Ok(Some(status)) = self.child.try_wait()
        {
            let by_signal = || status.signal().map_or(1, |signal| 128_i32.saturating_add(signal));
            let status = u8::try_from(status.code().unwrap_or_else(by_signal)).unwrap_or(u8::MAX);
            self.ended = Some((status, Instant::now()));
        }
        self.ended
    }
}

/// The user who called sudo.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Caller {
    uid: libc::uid_t,
    gid: libc::gid_t,
    groups: Vec<libc::gid_t>,
    /// Name and home folder, where the system knows the user.
    entry: Option<(OsString, OsString)>,
}

impl Caller {
    /// `None` where this process does not run as root for another user.
    fn of_sudo() -> Result<Option<Self>, CommandError> {
        let said = |name| std::env::var(name).ok().map(|value| value.parse::<u32>());
        if !rustix::process::geteuid().is_root() {
            return Ok(None);
        }
        let (uid, gid) = match (said("SUDO_UID"), said("SUDO_GID")) {
            (None, _) => return Ok(None),
            (Some(Ok(0)), _) => return Ok(None),
            (Some(Ok(uid)), Some(Ok(gid))) => (uid, gid),
            (Some(Ok(_)), _) => return Err(CommandError::Caller("SUDO_GID")),
            (Some(Err(_)), _) => return Err(CommandError::Caller("SUDO_UID")),
        };
        let entry = user(uid);
        let groups = entry.as_ref().map_or_else(|| vec![gid], |(name, _)| groups(name, gid));
        Ok(Some(Self { uid, gid, groups, entry }))
    }

    /// Makes the command run as this user, in all its groups.
    fn become_in(self, command: &mut Command) {
        if let Some((name, home)) = &self.entry {
            command.env("HOME", home).env("USER", name).env("LOGNAME", name);
        }
        let Self { uid, gid, groups, .. } = self;
        // SAFETY: between fork and exec only system calls are made, with values that were computed before: nothing
        // is allocated and no lock is taken. Groups go first, as only root may set them; once the user is set there
        // is no way back. Each failure ends the child before exec.
        unsafe {
            command.pre_exec(move || {
                check(libc::setgroups(groups.len(), groups.as_ptr()))?;
                check(libc::setgid(gid))?;
                check(libc::setuid(uid))?;
                // a user who could become root again would still be root
                if libc::setuid(0) == 0 { Err(io::ErrorKind::PermissionDenied.into()) } else { Ok(()) }
            });
        }
    }
}

fn check(result: libc::c_int) -> io::Result<()> {
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Name and home folder of a user.
fn user(uid: libc::uid_t) -> Option<(OsString, OsString)> {
    // SAFETY: all fields of `passwd` are numbers and pointers, for which zeros are values.
    let mut entry: libc::passwd = unsafe { std::mem::zeroed() };
    let mut texts = vec![0; 16 << 10];
    let mut found = std::ptr::null_mut();
    // SAFETY: the pointers are to values that live through the call; the length is that of the buffer.
    let result = unsafe { libc::getpwuid_r(uid, &mut entry, texts.as_mut_ptr(), texts.len(), &mut found) };
    if result != 0 || found.is_null() {
        return None;
    }
    // SAFETY: where an entry was found, both point to texts in the buffer that end in a zero (getpwuid_r(3)).
    let copy = |text: *const libc::c_char| unsafe { CStr::from_ptr(text) }.to_bytes().to_vec();
    let owned = |octets: Vec<u8>| OsStr::from_bytes(&octets).to_owned();
    Some((owned(copy(entry.pw_name)), owned(copy(entry.pw_dir))))
}

/// All groups of a user; `gid` is the first.
fn groups(name: &OsStr, gid: libc::gid_t) -> Vec<libc::gid_t> {
    let Ok(name) = CString::new(name.as_bytes()) else { return vec![gid] };
    let mut groups = vec![0; 1024];
    let mut count = groups.len() as libc::c_int;
    // SAFETY: the name ends in a zero, and `count` is the room that `groups` has; both live through the call.
    let result = unsafe { libc::getgrouplist(name.as_ptr(), gid, groups.as_mut_ptr(), &mut count) };
    if result < 0 {
        return vec![gid];
    }
    groups.truncate(usize::try_from(count).unwrap_or(0));
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(words: &[&str]) -> Vec<OsString> {
        words.iter().map(OsString::from).collect()
    }

    #[test]
    fn the_status_is_the_commands_own_or_says_the_signal() {
        assert_eq!(RunningCommand::start(&words(&["sh", "-c", "exit 7"])).unwrap().wait(), 7);
        let killed = RunningCommand::start(&words(&["sh", "-c", "kill -TERM $$"])).unwrap();
        assert_eq!(killed.wait(), 128 + 15);
    }

    #[test]
    fn a_signal_is_passed_on_while_it_runs() {
        let command = RunningCommand::start(&words(&["sleep", "60"])).unwrap();
        assert!(command.ended().is_none());
        command.signal(libc::SIGTERM);
        assert_eq!(command.wait(), 128 + 15);
        command.signal(libc::SIGTERM);
    }

    #[test]
    fn what_does_not_exist_is_named() {
        let error = RunningCommand::start(&words(&["no-such-command"])).unwrap_err();
        assert!(error.to_string().contains("no-such-command"), "{error}");
    }

    #[test]
    fn a_user_has_groups() {
        let (name, home) = user(0).unwrap();
        assert_eq!((name.to_str(), home.is_empty()), (Some("root"), false));
        assert!(groups(&name, 0).contains(&0));
        assert!(user(u32::MAX - 7).is_none());
    }
}
