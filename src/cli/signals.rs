//! Ctrl-C and its like end a live capture, not the program: what was seen is still to be told. A command that runs
//! gets them as well.

use std::io;
use std::sync::Arc;

use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use signal_hook::iterator::SignalsInfo;
use signal_hook::iterator::exfiltrator::WithOrigin;
use signal_hook::low_level::emulate_default_handler;
use signal_hook::low_level::siginfo::{Cause, Origin};

use crate::capture::{RunningCommand, Stopper};

/// The signals that ask for an end.
const ENDING: [i32; 4] = [SIGINT, SIGTERM, SIGHUP, SIGQUIT];

/// From here on these signals wait to be heard.
pub(super) struct Signals(SignalsInfo<WithOrigin>);

impl Signals {
    /// Takes the signals over.
    ///
    /// # Errors
    /// When the system does not let us.
    pub(super) fn take_over() -> io::Result<Self> {
        // nohup asks for this one to be ignored; the others a shell ignores for what runs in its background
        let heard = ENDING.into_iter().filter(|signal| *signal != SIGHUP || !is_ignored(*signal));
        SignalsInfo::new(heard).map(Self)
    }

    /// Starts the thread that hears them. Without a command the first ends the capture; with one the first is for the
    /// command, whose end ends the capture. One more and the capture ends; one more still and the program does.
    ///
    /// # Errors
    /// When there can be no more threads.
    pub(super) fn obey(mut self, stopper: Stopper, command: Option<Arc<RunningCommand>>) -> io::Result<()> {
        let hear = move || {
            let mut patience = if command.is_some() { 2 } else { 1 };
            for origin in self.0.forever() {
                if let Some(command) = command.as_deref().filter(|_| !came_from_the_terminal(&origin)) {
                    command.signal(origin.signal);
                }
                match patience {
                    0 => drop(emulate_default_handler(origin.signal)),
                    1 => stopper.stop(),
                    _ => {}
                }
                patience -= 1;
                if command.as_deref().is_some_and(|command| command.ended().is_some()) {
                    stopper.stop();
                }
            }
        };
        std::thread::Builder::new().name("signals".into()).spawn(hear).map(drop)
    }
}

/// A terminal sends its signals to all programs in the foreground: the command has had it already.
fn came_from_the_terminal(origin: &Origin) -> bool {
    matches!(origin.cause, Cause::Kernel)
}

fn is_ignored(signal: i32) -> bool {
    // SAFETY: all fields of `sigaction` are numbers and pointers, for which zeros are values.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    // SAFETY: nothing is changed; what is in force is written to a value that lives through the call.
    let known = unsafe { libc::sigaction(signal, std::ptr::null(), &mut action) } == 0;
    known && action.sa_sigaction == libc::SIG_IGN
}
