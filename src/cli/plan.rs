//! What to do, made of the arguments: values checked, terminal looked at, nothing read yet.

use std::io::{self, IsTerminal, LineWriter};
use std::path::PathBuf;
use std::sync::Arc;

use anstream::{AutoStream, ColorChoice};
use anyhow::bail;

use super::args::{ColorArg, FormatArg, LangArg, OutputArgs, Packets, SourceArgs};
use super::live::LivePlan;
use super::live_output::LiveWriter;
use super::output::BackgroundWriter;
use crate::capture::{Filter, FilterError, Joining};
use crate::conversation::Depth;
use crate::dissect::FcsMode;
use crate::flow::Limits;
use crate::lesson::Lang;
use crate::report::{Format, KnownNames, LiveReport, Options, Out, Sort, TimeFormat, View};

/// Connections that views of single packets keep: their rows need only the recent ones.
const CONNECTIONS_FOR_PACKET_VIEWS: usize = 16_384;

/// Octets that a line may have before parts of it are written out.
const LINE_BUFFER: usize = 64 << 10;

/// Columns of a table that goes nowhere in particular.
const WIDTH_WITHOUT_TERMINAL: usize = 100;

/// A run, decided in full.
pub(super) struct Plan {
    pub(super) files: Vec<PathBuf>,
    pub(super) live: Option<LivePlan>,
    /// An option that only a live capture has.
    only_live: Option<&'static str>,
    pub(super) joining: Joining,
    pub(super) filter: Option<Filter>,
    pub(super) count: u64,
    pub(super) packets: Option<Packets>,
    pub(super) fcs: FcsMode,
    pub(super) limits: Limits,
    pub(super) depth: Depth,
    pub(super) save: Option<PathBuf>,
    pub(super) save_mail: Option<PathBuf>,
    /// Key logs of TLS.
    pub(super) keylogs: Vec<PathBuf>,
    /// What is known of secrets is saved, too.
    pub(super) embeds_keys: bool,
    pub(super) report: Options,
    pub(super) progress: bool,
    pub(super) quiet: bool,
    pub(super) verbose: bool,
    pub(super) is_confined: bool,
}

impl Plan {
    /// What `view` of `args` comes to.
    ///
    /// # Errors
    /// When libpcap does not accept the filter.
    pub(super) fn new(view: View, args: &SourceArgs) -> Result<Self, FilterError> {
        let files = args.files.iter().chain(&args.read).cloned().collect();
        let is_live = args.live.is_asked_for();
        Ok(Self {
            files,
            live: is_live.then(|| LivePlan {
                options: args.live.options(args.filter.as_deref(), is_immediate(view, args)),
                command: args.live.command.clone(),
                keylog: !args.live.no_keylog,
            }),
            only_live: args.live.only_live(),
            joining: args.joining(),
            filter: args.filter.as_deref().map(Filter::new).transpose()?,
            count: args.count.unwrap_or(u64::MAX),
            packets: args.packet.clone(),
            fcs: args.fcs.into(),
            limits: limits(view, args),
            // names stand in the answers of conversations
            depth: if args.names { Depth::Full } else { depth(view) },
            save: args.write.clone(),
            save_mail: None,
            keylogs: args.keylog.clone(),
            embeds_keys: args.embed_keys,
            report: report_options(view, args),
            progress: !args.no_progress && !args.quiet && io::stderr().is_terminal(),
            quiet: args.quiet,
            verbose: args.verbose,
            is_confined: !args.no_sandbox,
        })
    }

    /// Whether there is something to do.
    ///
    /// # Errors
    /// What does not go together.
    pub(super) fn check(&self) -> anyhow::Result<()> {
        if self.report.format == Format::Svg && !matches!(self.report.view, View::Tcp | View::Smtp) {
            bail!(
                "`--format svg` draws a connection or a session; try `layerscope tcp --stream N --format svg FILE`"
            );
        }
        match (&self.live, self.files.is_empty()) {
            (None, true) => bail!(
                "no capture named; try `layerscope FILE`, `layerscope -` for standard input, or `layerscope -i any`"
            ),
            (None, false) => match self.only_live {
                Some(option) => bail!("{option} is for live captures: it needs -i IFACE or -- COMMAND"),
                None => Ok(()),
            },
            (Some(_), true) => Ok(()),
            (Some(_), false) => bail!("either files or the wire (-i, -- COMMAND), not both"),
        }
    }

    /// Whether a packet that passed the filter is among those asked for.
    pub(super) fn asks_for(&self, number: u64, stream: Option<u64>) -> bool {
        self.packets.as_ref().is_none_or(|packets| packets.has(number))
            && self.report.stream.is_none_or(|asked| stream == Some(asked))
    }

    /// Whether no packet after this one can be among those asked for.
    pub(super) fn is_over_after(&self, number: u64) -> bool {
        let by_packet = matches!(self.report.view, View::Packets | View::Layers);
        by_packet
            && self.save.is_none()
            && self.packets.as_ref().is_some_and(|packets| number >= packets.last())
    }

    /// Standard output: line by line where the input may still be growing.
    pub(super) fn output(&self) -> Box<dyn Out> {
        let stdout = io::stdout();
        if let Some(live) = self.report.live.as_ref().filter(|_| self.report.format == Format::Table) {
            return Box::new(LiveWriter::new(stdout, Arc::clone(&live.gauge)));
        }
        if self.files.iter().any(|file| file.as_os_str() == "-") {
            Box::new(LineWriter::with_capacity(LINE_BUFFER, stdout))
        } else {
            Box::new(BackgroundWriter::new(stdout))
        }
    }
}

/// Whether each frame is wanted at once: where somebody waits for its row.
fn is_immediate(view: View, args: &SourceArgs) -> bool {
    let rows = matches!(view, View::Packets | View::Layers | View::Tcp | View::Dns | View::Smtp);
    args.format == FormatArg::Table && rows || io::stdout().is_terminal()
}

fn limits(view: View, args: &SourceArgs) -> Limits {
    let mut limits = Limits::default();
    if matches!(view, View::Packets | View::Layers) {
        limits.connections = CONNECTIONS_FOR_PACKET_VIEWS;
        limits.waiting_octets_total = 8 << 20;
    }
    if let Some(asked) = args.max_connections {
        limits.connections = asked as usize;
    }
    if let Some(asked) = args.max_waiting {
        limits.waiting_octets = asked as usize;
    }
    if let Some(asked) = args.max_waiting_total {
        limits.waiting_octets_total = asked as usize;
    }
    limits
}

const fn depth(view: View) -> Depth {
    match view {
        View::Overview | View::Tls | View::Dns | View::Http | View::Smtp | View::Imap | View::Pop3 => {
            Depth::Full
        }
        View::Packets | View::Layers => Depth::Secrets,
        View::Tcp | View::Fcs => Depth::Names,
    }
}

/// The ladder has the times since the first segment, so the rows below it say what each waited for the one before.
const fn default_time(view: View) -> TimeFormat {
    match view {
        View::Tcp => TimeFormat::Delta,
        View::Overview
        | View::Packets
        | View::Layers
        | View::Tls
        | View::Dns
        | View::Http
        | View::Smtp
        | View::Imap
        | View::Pop3
        | View::Fcs => TimeFormat::Relative,
    }
}

fn report_options(view: View, args: &SourceArgs) -> Options {
    let output = OutputArgs { format: args.format, lang: args.lang, color: args.color, ascii: args.ascii };
    Options {
        time: args.time.map_or_else(|| default_time(view), Into::into),
        reveal_secrets: args.reveal_secrets,
        stream: args.stream,
        by_packet: args.packet.is_some(),
        names: args.names.then(KnownNames::default),
        live: args.live.is_asked_for().then(|| live_report(args)),
        ..options(view, &output)
    }
}

/// What concerns the writing alone.
pub(super) fn options(view: View, args: &OutputArgs) -> Options {
    let stdout = io::stdout();
    let color = match args.color {
        ColorArg::Auto => AutoStream::choice(&stdout) != ColorChoice::Never,
        ColorArg::Always => true,
        ColorArg::Never => false,
    };
    Options {
        captures: Vec::new(),
        view,
        format: args.format.into(),
        lang: args.lang.unwrap_or_else(lang_of_environment).into(),
        color,
        width: width(),
        clip: stdout.is_terminal() || std::env::var_os("COLUMNS").is_some(),
        ascii: args.ascii || stdout.is_terminal() && !locale_is_utf8(),
        time: default_time(view),
        raw: false,
        reveal_secrets: false,
        stream: None,
        by_packet: false,
        names: None,
        all: false,
        sort: Sort::Start,
        live: None,
    }
}

fn live_report(args: &SourceArgs) -> LiveReport {
    // what a command writes would be written over
    let alone = args.live.command.is_empty() && io::stdout().is_terminal();
    let screen = terminal_size::terminal_size().filter(|_| alone).map(|(_, height)| usize::from(height.0));
    LiveReport { screen, saved: args.write.clone(), ..LiveReport::default() }
}

/// The terminal's width, or what COLUMNS says of it.
fn width() -> usize {
    let said = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    let measured = || terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
    said.or_else(measured).unwrap_or(WIDTH_WITHOUT_TERMINAL).clamp(40, 1000)
}

/// Whether the locale's characters are UTF-8; where it says nothing, they are.
fn locale_is_utf8() -> bool {
    let set = ["LC_ALL", "LC_CTYPE", "LANG"]
        .iter()
        .find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()));
    set.is_none_or(|locale| {
        let locale = locale.to_ascii_lowercase();
        locale.contains("utf-8") || locale.contains("utf8")
    })
}

fn lang_of_environment() -> LangArg {
    let set = ["LC_ALL", "LC_MESSAGES", "LANG"]
        .iter()
        .find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()));
    if set.is_some_and(|locale| locale.starts_with(Lang::Zh.code())) { LangArg::Zh } else { LangArg::En }
}
