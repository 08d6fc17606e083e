//! Arguments, as plain data: nothing is opened here.

use std::ffi::OsString;
use std::ops::RangeInclusive;
use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::{Parser, Subcommand, ValueEnum};

use super::complaint::complain_of_usage;
use super::live_args::LiveArgs;
use crate::capture::Joining;
use crate::dissect::FcsMode;
use crate::lesson::Lang;
use crate::report::{Format, Sort, TimeFormat};

/// The words that may stand in the place of a view.
pub(super) const VIEWS: [&str; 16] = [
    "overview",
    "packets",
    "layers",
    "tcp",
    "tls",
    "dns",
    "http",
    "smtp",
    "imap",
    "pop3",
    "fcs",
    "interfaces",
    "schema",
    "completions",
    "man",
    "help",
];

/// Watches the wire or reads saved packet captures, and explains them: every header with its OSI and TCP/IP layer, the frame
/// check sequence, TCP handshakes, SMTP conversations.
#[derive(Debug, Clone, Parser)]
#[command(name = "layerscope", version, about, after_help = EXAMPLES, disable_help_subcommand = true)]
pub struct Args {
    /// What to show; `overview` when none is named.
    #[command(subcommand)]
    pub command: Command,
}

impl Args {
    /// Reads the program's arguments. Ends the program for `--help`, `--version` and usage errors.
    pub fn from_command_line() -> Self {
        Self::try_parse_from(with_view(std::env::args_os().collect())).unwrap_or_else(|error| {
            // help, which is also shown where nothing is named, has no foreign text
            if error.use_stderr() && error.kind() != ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
                complain_of_usage(&error);
                std::process::exit(2)
            }
            error.exit()
        })
    }
}

/// Names the view `overview` where the first argument names none.
fn with_view(mut words: Vec<OsString>) -> Vec<OsString> {
    let names_a_view = words
        .get(1)
        .and_then(|word| word.to_str())
        .is_none_or(|word| VIEWS.contains(&word) || ["-h", "--help", "-V", "--version"].contains(&word));
    if !names_a_view {
        words.insert(1, "overview".into());
    }
    words
}

/// A view over a source, or a side job.
#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    /// The capture at a glance, and which command to run next.
    #[command(after_help = "\
Examples:
  layerscope mail.pcap
  layerscope overview --lang zh mail.pcap
  layerscope rotated-1.pcap rotated-2.pcap        one capture in two files
  zstd -dc big.pcap.zst | layerscope -            from standard input
  sudo layerscope -i eth0 --for 30s               live, half a minute")]
    Overview(SourceArgs),
    /// One row a packet.
    #[command(after_help = "\
Examples:
  layerscope packets mail.pcap | head
  layerscope packets -f 'tcp port 25 and host 10.0.0.1' mail.pcap
  layerscope packets --stream 0 --time utc mail.pcap
  layerscope packets --format json mail.pcap | jq 'select(.tcp.notes != [])'
  layerscope packets -f 'icmp' -w pings.pcapng all.pcap
  sudo layerscope packets -i eth0 -i lo -f 'not port 22'
  sudo layerscope packets -i any -c 100 -w first.pcapng")]
    Packets(SourceArgs),
    /// Packets taken apart, layer by layer, with a hex dump.
    #[command(after_help = "\
Examples:
  layerscope layers --packet 1 mail.pcap
  layerscope layers --packet 4,7-9 --lang zh mail.pcap
  layerscope layers --packet 1 --format json mail.pcap")]
    Layers(SourceArgs),
    /// TCP connections; for one of them handshake, data and teardown row by row.
    #[command(after_help = "\
Examples:
  layerscope tcp mail.pcap
  layerscope tcp --stream 0 mail.pcap
  layerscope tcp --stream 0 --all mail.pcap       every segment
  layerscope tcp --sort rtt mail.pcap             the slowest first
  layerscope tcp --stream 0 --format svg mail.pcap > ladder.svg
  layerscope tcp --format csv big.pcap > connections.csv
  sudo layerscope tcp -i lo -f 'port 25'          segments as they come
  sudo layerscope tcp -- curl http://example.test/")]
    Tcp(TcpArgs),
    /// TLS sessions; for one of them the handshake message by message, and whether a key log opens it.
    #[command(after_help = "\
Examples:
  layerscope tls web.pcap
  layerscope tls --stream 0 --keylog keys.txt web.pcap
  layerscope tls -- curl https://example.test/       the command writes its keys down by itself
  layerscope smtp --keylog keys.txt mail.pcap        the mail inside
  layerscope -f 'port 465' --keylog keys.txt -w mail.pcapng --embed-keys all.pcap
  layerscope tls --format json web.pcap | jq '.agreed'")]
    Tls(SourceArgs),
    /// Lookups of names: who asked whom for what, and what came of it.
    #[command(after_help = "\
Examples:
  layerscope dns mail.pcap                        one row a lookup
  layerscope dns --packet 3 mail.pcap             one lookup, with its flags and every record
  layerscope dns --stream 0 mail.pcap             those of one TCP connection
  layerscope dns --format json mail.pcap | jq 'select(.outcome != \"answered\")'
  sudo layerscope dns -i any -f 'port 53'         live

Multicast DNS and LLMNR are shown as well.")]
    Dns(SourceArgs),
    /// HTTP requests and their responses; for one connection line by line.
    #[command(after_help = "\
Examples:
  layerscope http web.pcap
  layerscope http --stream 0 --lang zh web.pcap
  layerscope http --save bodies web.pcap          the bodies, compression undone
  layerscope http -- curl http://example.test/    the wire while a program asks
  layerscope http --format json web.pcap | jq 'select(.status >= 400) | .target'
  layerscope http --format csv web.pcap > exchanges.csv")]
    Http(HttpArgs),
    /// SMTP sessions; for one of them the conversation line by line.
    #[command(after_help = "\
Examples:
  layerscope smtp mail.pcap
  layerscope smtp --stream 0 --lang zh mail.pcap
  layerscope smtp --stream 0 --raw mail.pcap      the lines alone
  layerscope smtp --stream 0 --format svg mail.pcap > ladder.svg
  layerscope smtp -- python3 send.py              the wire while a program sends a mail
  sudo layerscope smtp -i lo                      the wire, until Ctrl-C
  layerscope smtp --save mails mail.pcap          messages as .eml, and their attachments
  layerscope smtp --format json mail.pcap | jq '.messages[].rcpt_to'")]
    Smtp(SmtpArgs),
    /// IMAP sessions; for one of them the conversation line by line.
    #[command(after_help = "\
Examples:
  layerscope imap mail.pcap
  layerscope imap --stream 0 --lang zh mail.pcap
  layerscope imap --stream 0 --raw mail.pcap      the lines alone
  layerscope imap --save mails mail.pcap          fetched messages as .eml, and their attachments
  layerscope imap --format json mail.pcap | jq '.messages[].header.subject'")]
    Imap(SmtpArgs),
    /// POP3 sessions; for one of them the conversation line by line.
    #[command(after_help = "\
Examples:
  layerscope pop3 mail.pcap
  layerscope pop3 --stream 0 --lang zh mail.pcap
  layerscope pop3 --stream 0 --raw mail.pcap      the lines alone
  layerscope pop3 --save mails mail.pcap          fetched messages as .eml, and their attachments
  layerscope pop3 --format json mail.pcap | jq '.logins'")]
    Pop3(SmtpArgs),
    /// Frame check sequences, and why frames are believed to carry one.
    #[command(after_help = "\
Examples:
  layerscope fcs mail.pcap
  layerscope fcs --fcs always switch-port.pcap    every frame ends in an FCS
  layerscope fcs --format json mail.pcap")]
    Fcs(SourceArgs),
    /// What can be captured on, and what is missing if nothing can.
    #[command(after_help = "\
Examples:
  layerscope interfaces
  layerscope interfaces --format json | jq 'select(.state == \"up\").name'")]
    Interfaces(OutputArgs),
    /// The JSON Schema of the records that `--format json` writes.
    Schema,
    /// Completions for a shell.
    #[command(after_help = "Example:\n  layerscope completions bash > /etc/bash_completion.d/layerscope")]
    Completions {
        /// Which shell.
        shell: clap_complete::Shell,
    },
    /// The man page.
    #[command(after_help = "Example:\n  layerscope man > /usr/local/share/man/man1/layerscope.1")]
    Man,
}

/// What the `interfaces` view takes.
#[derive(Debug, Clone, clap::Args)]
pub struct OutputArgs {
    /// How the answer is written.
    #[arg(long, value_enum, default_value_t)]
    pub format: FormatArg,

    /// Language of tables [default: by LC_ALL, LC_MESSAGES or LANG].
    #[arg(long, value_enum)]
    pub lang: Option<LangArg>,

    /// When to colour tables.
    #[arg(long, value_enum, default_value_t)]
    pub color: ColorArg,

    /// Draw tables with ASCII characters alone.
    #[arg(long)]
    pub ascii: bool,
}

/// What the `tcp` view takes besides.
#[derive(Debug, Clone, clap::Args)]
pub struct TcpArgs {
    /// Where packets come from.
    #[command(flatten)]
    pub source: SourceArgs,

    /// Show every segment: do not fold runs of data and acknowledgements.
    #[arg(long, help_heading = "Output")]
    pub all: bool,

    /// Order of the table of connections; all but `start` put the largest first.
    #[arg(long, value_enum, default_value_t, help_heading = "Output")]
    pub sort: SortArg,
}

/// What the `http` view takes besides.
#[derive(Debug, Clone, clap::Args)]
pub struct HttpArgs {
    /// Where packets come from.
    #[command(flatten)]
    pub source: SourceArgs,

    /// Also save the bodies of requests and responses, chunks joined and compression undone, in DIR (made where it does
    /// not exist; nothing in it is written over).
    #[arg(long, value_name = "DIR", help_heading = "Output")]
    pub save: Option<PathBuf>,
}

/// What the `smtp` view takes besides.
#[derive(Debug, Clone, clap::Args)]
pub struct SmtpArgs {
    /// Where packets come from.
    #[command(flatten)]
    pub source: SourceArgs,

    /// Write the lines alone, `C:` the client's and `S:` the server's; messages folded, secrets masked.
    #[arg(long, help_heading = "Output")]
    pub raw: bool,

    /// Also save each message as .eml, and its attachments, in DIR (made where it does not exist; nothing in it
    /// is written over).
    #[arg(long, value_name = "DIR", help_heading = "Output")]
    pub save: Option<PathBuf>,
}

/// Where packets come from, which of them count, and how the answer is written.
#[derive(Debug, Clone, clap::Args)]
pub struct SourceArgs {
    /// Captures (pcap or pcapng, also gzip- or zstd-compressed); `-` is standard input.
    #[arg(value_name = "FILE")]
    pub files: Vec<PathBuf>,

    /// The wire.
    #[command(flatten)]
    pub live: LiveArgs,

    /// A capture to read; the same as naming the file.
    #[arg(short = 'r', value_name = "FILE", help_heading = "Source")]
    pub read: Vec<PathBuf>,

    /// Treat all files as one capture, one after the other.
    #[arg(long, conflicts_with = "separate", help_heading = "Source")]
    pub join: bool,

    /// Treat each file as a capture of its own.
    #[arg(long, help_heading = "Source")]
    pub separate: bool,

    /// Only packets that pass this filter (pcap-filter(7)).
    #[arg(short, long, value_name = "BPF", help_heading = "Selection")]
    pub filter: Option<String>,

    /// Stop after N packets.
    #[arg(short, long, value_name = "N", help_heading = "Selection")]
    pub count: Option<u64>,

    /// Only these packets: numbers and ranges, `4,7-9`.
    #[arg(long, value_name = "N[,N-M]", value_parser = parse_packets, help_heading = "Selection")]
    pub packet: Option<Packets>,

    /// Only this TCP connection, by its number.
    #[arg(long, value_name = "N", help_heading = "Selection")]
    pub stream: Option<u64>,

    /// How the answer is written.
    #[arg(long, value_enum, default_value_t, help_heading = "Output")]
    pub format: FormatArg,

    /// Language of tables [default: by LC_ALL, LC_MESSAGES or LANG].
    #[arg(long, value_enum, help_heading = "Output")]
    pub lang: Option<LangArg>,

    /// When to colour tables.
    #[arg(long, value_enum, default_value_t, help_heading = "Output")]
    pub color: ColorArg,

    /// Draw tables and ladders with ASCII characters alone, as on a terminal whose locale is not UTF-8.
    #[arg(long, help_heading = "Output")]
    pub ascii: bool,

    /// Show addresses in tables by the names that answers in this capture gave them, the latest where there are
    /// several. The network is never asked; a row that is written before the answer has come has the address.
    #[arg(long, help_heading = "Output")]
    pub names: bool,

    /// How times are written in tables [default: relative, for tcp delta].
    #[arg(long, value_enum, help_heading = "Output")]
    pub time: Option<TimeArg>,

    /// Whether frames end in a frame check sequence.
    #[arg(long, value_enum, default_value_t, help_heading = "Reading")]
    pub fcs: FcsArg,

    /// Connections kept at a time; the least recently active one is reported and dropped first
    /// [default: 1000000, for packets and layers 16384].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..), help_heading = "Reading")]
    pub max_connections: Option<u32>,

    /// Octets that one connection may keep waiting for earlier ones; those that never come are reported as a gap
    /// [default: 4194304].
    #[arg(long, value_name = "OCTETS", help_heading = "Reading")]
    pub max_waiting: Option<u32>,

    /// Octets that all connections together may keep waiting
    /// [default: 67108864, for packets and layers 8388608].
    #[arg(long, value_name = "OCTETS", help_heading = "Reading")]
    pub max_waiting_total: Option<u32>,

    /// Also save the packets that passed: pcapng, or pcap where FILE ends in .pcap or .cap.
    #[arg(short, long, value_name = "FILE", help_heading = "Output")]
    pub write: Option<PathBuf>,

    /// Show passwords, tokens and message bodies.
    #[arg(long, help_heading = "Output")]
    pub reveal_secrets: bool,

    /// Open TLS with the secrets in this key log (SSLKEYLOGFILE); several times for several. What a pcapng holds is
    /// used without asking.
    #[arg(long, value_name = "FILE", help_heading = "Reading")]
    pub keylog: Vec<PathBuf>,

    /// With -w: also save all TLS secrets that are known, into a pcapng. Who has them can read what was encrypted.
    #[arg(long, requires = "write", help_heading = "Output")]
    pub embed_keys: bool,

    /// No progress bar.
    #[arg(long, help_heading = "Output")]
    pub no_progress: bool,

    /// No warnings.
    #[arg(short, long, conflicts_with = "verbose", help_heading = "Output")]
    pub quiet: bool,

    /// Say on standard error what was read and kept.
    #[arg(short, long, help_heading = "Output")]
    pub verbose: bool,

    /// Keep all rights while reading. Without this, no other file can be opened then, no network reached and no
    /// program started.
    #[arg(long, help_heading = "Reading")]
    pub no_sandbox: bool,

    /// Accepted and without effect: names are never looked up on the network.
    #[arg(short = 'n', hide = true)]
    pub numeric: bool,
}

impl SourceArgs {
    /// How several files belong together.
    pub const fn joining(&self) -> Joining {
        match (self.join, self.separate) {
            (true, _) => Joining::Join,
            (_, true) => Joining::Separate,
            (false, false) => Joining::Auto,
        }
    }
}

/// Packet numbers that were asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packets(Vec<RangeInclusive<u64>>);

impl Packets {
    /// Whether a packet was asked for.
    pub fn has(&self, number: u64) -> bool {
        self.0.iter().any(|range| range.contains(&number))
    }

    /// The first packet that was asked for.
    pub fn first(&self) -> u64 {
        self.0.iter().map(|range| *range.start()).min().unwrap_or(0)
    }

    /// The last packet that was asked for.
    pub fn last(&self) -> u64 {
        self.0.iter().map(|range| *range.end()).max().unwrap_or(0)
    }
}

fn parse_packets(text: &str) -> Result<Packets, String> {
    let ranges = text.split(',').map(|item| {
        let (first, last) = item.split_once('-').unwrap_or((item, item));
        let number = |digits: &str| match digits.trim().parse::<u64>() {
            Ok(0) => Err("packets are numbered from 1".to_owned()),
            Ok(n) => Ok(n),
            Err(_) => Err(format!("`{digits}` is not a packet number; use 4 or 4,7-9")),
        };
        let (first, last) = (number(first)?, number(last)?);
        if first > last { Err(format!("`{item}` ends before it begins")) } else { Ok(first..=last) }
    });
    ranges.collect::<Result<_, _>>().map(Packets)
}

macro_rules! choices {
    ($(#[$doc:meta])* $name:ident => $target:ty { $($(#[$vdoc:meta])* $variant:ident => $value:expr,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
        pub enum $name { $($(#[$vdoc])* $variant,)* }

        impl From<$name> for $target {
            fn from(choice: $name) -> Self {
                match choice { $($name::$variant => $value,)* }
            }
        }
    };
}

choices! {
    /// `--format`.
    FormatArg => Format {
        /// For people.
        #[default]
        Table => Format::Table,
        /// One JSON object a line.
        Json => Format::Json,
        /// Comma-separated values.
        Csv => Format::Csv,
        /// A ladder diagram of one connection (`tcp`) or session (`smtp`).
        Svg => Format::Svg,
    }
}

choices! {
    /// `--lang`.
    LangArg => Lang {
        /// English.
        #[default]
        En => Lang::En,
        /// Chinese.
        Zh => Lang::Zh,
    }
}

choices! {
    /// `--time`.
    TimeArg => TimeFormat {
        /// Since the first packet.
        #[default]
        Relative => TimeFormat::Relative,
        /// Since the row before.
        Delta => TimeFormat::Delta,
        /// Date and time, UTC.
        Utc => TimeFormat::Utc,
        /// Date and time, in this machine's time zone.
        Local => TimeFormat::Local,
        /// Seconds since 1970.
        Epoch => TimeFormat::Epoch,
    }
}

choices! {
    /// `--sort`.
    SortArg => Sort {
        /// By their first packets.
        #[default]
        Start => Sort::Start,
        /// By their duration.
        Duration => Sort::Duration,
        /// By packets.
        Packets => Sort::Packets,
        /// By octets of payload.
        Octets => Sort::Octets,
        /// By the round trip of the handshake.
        Rtt => Sort::Rtt,
        /// By what is odd: retransmissions and the like.
        Notes => Sort::Notes,
    }
}

choices! {
    /// `--fcs`.
    FcsArg => FcsMode {
        /// As the capture declares, or as frames give evidence.
        #[default]
        Auto => FcsMode::Auto,
        /// Every Ethernet frame ends in one.
        Always => FcsMode::Always,
        /// No frame does.
        Never => FcsMode::Never,
    }
}

/// `--color`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum ColorArg {
    /// On a terminal, unless NO_COLOR is set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

const EXAMPLES: &str = "\
Examples:
  layerscope mail.pcap                          the capture at a glance
  layerscope packets mail.pcap                  one row a packet
  layerscope layers --packet 1 mail.pcap        one packet, header by header
  layerscope tcp --stream 0 mail.pcap           one connection, row by row
  layerscope smtp mail.pcap                     who sent what to whom, and what the server said
  layerscope --lang zh mail.pcap                in Chinese
  layerscope smtp -- python3 send.py            the wire while a program sends a mail
  sudo layerscope packets -i eth0               the wire, until Ctrl-C

Exit status: 0 done; 1 done, but the input was damaged, an interface went away, or not all could be saved;
2 nothing could be done. With `-- COMMAND` it is the command's own (128 + N where signal N ended it), unless that is 0
and ours is not; 2 also where the command could not be started.
A file that is called like a view is named with its folder: ./tcp";

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_arguments_are_consistent() {
        Args::command().debug_assert();
    }

    #[test]
    fn a_file_alone_asks_for_its_overview() {
        let words = ["layerscope", "mail.pcap", "-c", "3"].map(OsString::from).to_vec();
        let args = Args::try_parse_from(with_view(words)).unwrap();
        let Command::Overview(source) = args.command else { panic!("{args:?}") };
        assert_eq!(source.files, [PathBuf::from("mail.pcap")]);
        assert_eq!(source.count, Some(3));
    }

    #[test]
    fn packets_are_asked_for_by_number_and_range() {
        let packets = parse_packets("4,7-9").unwrap();
        let asked: Vec<u64> = (1..12).filter(|&n| packets.has(n)).collect();
        assert_eq!(asked, [4, 7, 8, 9]);
        assert_eq!(packets.last(), 9);
        for wrong in ["", "0", "x", "3-", "9-7", "1,,2", "-1"] {
            assert!(parse_packets(wrong).is_err(), "{wrong}");
        }
    }
}
