//! A live capture from the side of the loop: opened before anything is parsed, watched for its end, told of at the end.

use std::collections::HashSet;
use std::ffi::OsString;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::FileTypeExt;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;

use super::complaint::complain;
use super::signals::Signals;
use crate::capture::{Caller, Live, LiveCounts, LiveOptions, RunningCommand, Stopper};
use crate::flow::{Place, Step, TcpState};
use crate::packet::PerSide;
use crate::report::Gauge;

/// How long after its command's end a capture goes on at least: the kernel may still hand over its last frames.
const LAST_FRAMES: Duration = Duration::from_millis(150);
/// And at most, while connections are open: some are left open by those who keep them.
const GRACE: Duration = Duration::from_secs(2);
/// How often the screen is drawn again.
const REDRAW: Duration = Duration::from_millis(300);
/// How often the end of the command is looked for.
const TICK: Duration = Duration::from_millis(50);
/// Connections whose end is waited for.
const WAITED_FOR: usize = 10_000;

/// What to capture, decided in full.
#[derive(Debug, Clone)]
pub(super) struct LivePlan {
    pub(super) options: LiveOptions,
    pub(super) command: Vec<OsString>,
    /// The command is asked to write its TLS secrets down.
    pub(super) keylog: bool,
}

/// The wire, open; the command runs already.
pub(super) struct Wire {
    pub(super) live: Live,
    pub(super) command: Option<Arc<RunningCommand>>,
    signals: Option<Signals>,
}

impl Wire {
    /// Opens the interfaces.
    pub(super) fn open(plan: &LivePlan) -> anyhow::Result<Self> {
        let mut live = Live::open(&plan.options)?;
        // where the reader of a pipe has gone, nobody waits for a quiet wire to say something
        let stdout = io::stdout().as_fd().try_clone_to_owned().map(std::fs::File::from);
        if let Some(pipe) = stdout.ok().filter(|out| out.metadata().is_ok_and(|m| m.file_type().is_fifo())) {
            live.end_when_closed(pipe.into());
        }
        Ok(Self { live, command: None, signals: None })
    }

    /// Takes signals over, and starts the command. From here on the kernel keeps what the command sends.
    pub(super) fn begin(
        &mut self,
        plan: &LivePlan,
        caller: Option<&Caller>,
        keylog: Option<&Path>,
        quiet: bool,
    ) -> anyhow::Result<()> {
        // first: a signal that comes as soon as the command runs is for the command, too
        self.signals = Some(Signals::take_over().context("cannot take over signals")?);
        if !plan.command.is_empty() {
            self.command = Some(Arc::new(RunningCommand::start(&plan.command, caller, keylog)?));
        } else if !quiet {
            let links: Vec<String> = self
                .live
                .info()
                .interfaces
                .iter()
                .map(|i| format!("{} ({})", i.name.as_deref().unwrap_or_default(), i.link_type))
                .collect();
            complain(format_args!("capturing on {}; Ctrl-C ends it", links.join(", ")));
        }
        Ok(())
    }

    /// Starts the threads: frames come, signals are heard.
    pub(super) fn start(&mut self) -> anyhow::Result<()> {
        if let Some(signals) = self.signals.take() {
            signals.obey(self.live.stopper(), self.command.clone()).context("cannot listen to signals")?;
        }
        self.live.start().context("cannot start capturing")
    }

    /// What the loop has to look after.
    pub(super) fn watch(&self, gauge: Arc<Gauge>) -> Watch {
        Watch {
            gauge,
            stopper: self.live.stopper(),
            command: self.command.clone(),
            open: HashSet::new(),
            drawn: Instant::now(),
            counts: None,
        }
    }
}

/// Looks after the end of a live capture, and how far behind it is.
pub(super) struct Watch {
    pub(super) gauge: Arc<Gauge>,
    stopper: Stopper,
    command: Option<Arc<RunningCommand>>,
    /// Connections that began during the run and are not over.
    open: HashSet<u64>,
    drawn: Instant,
    pub(super) counts: Option<LiveCounts>,
}

impl Watch {
    /// A segment: its connection may have begun or ended with it.
    pub(super) fn segment(&mut self, place: &Place) {
        if self.command.is_none() {
            return;
        }
        if is_over(&place.states) {
            self.open.remove(&place.stream);
        } else if place.opens_stream && place.step == Step::Syn && self.open.len() < WAITED_FOR {
            self.open.insert(place.stream);
        }
    }

    /// Ends the capture once the command has ended and its connections have, too, or were given time enough.
    pub(super) fn look(&self) {
        let Some((_, since)) = self.command.as_ref().and_then(|command| command.ended()) else { return };
        if since >= GRACE || since >= LAST_FRAMES && self.open.is_empty() {
            self.stopper.stop();
        }
    }

    /// How long the loop may wait for frames before it has to look after other things.
    pub(super) const fn patience(&self) -> Duration {
        if self.command.is_some() { TICK } else { REDRAW }
    }

    /// Whether the screen may be drawn again.
    pub(super) fn may_redraw(&mut self) -> bool {
        let now = Instant::now();
        let may = now - self.drawn >= REDRAW;
        if may {
            self.drawn = now;
        }
        may
    }

    /// Says what was counted. `captured`: frames that came to the loop.
    pub(super) fn tell(&self, captured: u64) {
        let LiveCounts { received, dropped_by_kernel, dropped_by_interface } =
            self.counts.unwrap_or_default();
        complain(format_args!(
            "{captured} packets captured, {received} received by the filter, {dropped_by_kernel} dropped by the \
             kernel, {dropped_by_interface} dropped by the interface"
        ));
        if self.command.is_some() {
            complain(
                "what is shown is all that these interfaces saw while the command ran, other programs' traffic \
                 included; -f chooses",
            );
        }
        let lost = self.gauge.rows_lost();
        if lost > 0 {
            complain(format_args!(
                "{lost} rows not shown, because they came faster than they could be written; their packets are \
                 counted, and saved where -w was given"
            ));
        }
    }
}

fn is_over(states: &PerSide<TcpState>) -> bool {
    let done = |state| matches!(state, TcpState::Closed | TcpState::TimeWait);
    done(states.initiator) && done(states.responder)
}
