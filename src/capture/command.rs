//! The command that is run while its traffic is captured.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::Caller;

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
    /// Starts it: with this process's standard input, output and error, and as the user who called sudo where there
    /// was one. `keylog`: the file that it is asked to write its TLS secrets to.
    ///
    /// # Errors
    /// When there is no such command.
    pub fn start(
        words: &[OsString],
        caller: Option<&Caller>,
        keylog: Option<&Path>,
    ) -> Result<Self, CommandError> {
        let name = words.first().map_or(OsStr::new(""), OsString::as_os_str);
        let mut command = Command::new(name);
        command.args(words.iter().skip(1));
        if let Some(keylog) = keylog {
            command.env("SSLKEYLOGFILE", keylog);
        }
        if let Some(caller) = caller {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn words(words: &[&str]) -> Vec<OsString> {
        words.iter().map(OsString::from).collect()
    }

    #[test]
    fn the_status_is_the_commands_own_or_says_the_signal() {
        assert_eq!(RunningCommand::start(&words(&["sh", "-c", "exit 7"]), None, None).unwrap().wait(), 7);
        let killed = RunningCommand::start(&words(&["sh", "-c", "kill -TERM $$"]), None, None).unwrap();
        assert_eq!(killed.wait(), 128 + 15);
    }

    #[test]
    fn a_signal_is_passed_on_while_it_runs() {
        let command = RunningCommand::start(&words(&["sleep", "60"]), None, None).unwrap();
        assert!(command.ended().is_none());
        command.signal(libc::SIGTERM);
        assert_eq!(command.wait(), 128 + 15);
        command.signal(libc::SIGTERM);
    }

    #[test]
    fn what_does_not_exist_is_named() {
        let error = RunningCommand::start(&words(&["no-such-command"]), None, None).unwrap_err();
        assert!(error.to_string().contains("no-such-command"), "{error}");
    }
}
