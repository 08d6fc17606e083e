//! The arguments of a live capture, as plain data.

use std::ffi::OsString;
use std::time::Duration;

use crate::capture::{ANY, LiveOptions, SNAP_LENGTH};

/// What to capture, how, and how long. Short options mean what they mean in tcpdump and tshark.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct LiveArgs {
    /// Capture on this interface, or on `any`; several times for several. `layerscope interfaces` lists them.
    #[arg(short, long, value_name = "IFACE", help_heading = "Live capture")]
    pub interface: Vec<String>,

    /// Stop after this time: `30s`, `5m`, `1h`, `500ms`.
    #[arg(long = "for", value_name = "TIME", value_parser = parse_duration, help_heading = "Live capture")]
    pub duration: Option<Duration>,

    /// Octets captured of each frame at most [default: 262144].
    #[arg(
        short = 's',
        long = "snapshot-length",
        visible_alias = "snaplen",
        value_name = "OCTETS",
        value_parser = clap::value_parser!(u32).range(1..=i64::from(SNAP_LENGTH)),
        help_heading = "Live capture"
    )]
    pub snapshot_length: Option<u32>,

    /// Size of the kernel's buffer, for each interface, in MiB [default: 16].
    #[arg(
        long,
        value_name = "MIB",
        value_parser = clap::value_parser!(u32).range(1..=2047),
        help_heading = "Live capture"
    )]
    pub buffer_size: Option<u32>,

    /// Do not ask the interface for frames that are for other hosts.
    #[arg(
        short = 'p',
        long = "no-promiscuous-mode",
        visible_alias = "no-promiscuous",
        help_heading = "Live capture"
    )]
    pub no_promiscuous: bool,

    /// Do not ask the command, by SSLKEYLOGFILE, to write its TLS secrets to a private file that is removed in the end.
    #[arg(long, help_heading = "Live capture")]
    pub no_keylog: bool,

    /// Capture while this command runs (on `any`, unless -i says otherwise). Under sudo it runs as the user who
    /// called. Its exit status becomes that of layerscope.
    #[arg(last = true, value_name = "COMMAND", help_heading = "Live capture")]
    pub command: Vec<OsString>,
}

impl LiveArgs {
    /// Whether the source is the wire.
    pub fn is_asked_for(&self) -> bool {
        !self.interface.is_empty() || !self.command.is_empty()
    }

    /// The option that only a live capture has, where there is one.
    pub fn only_live(&self) -> Option<&'static str> {
        let given = [
            (self.duration.is_some(), "--for"),
            (self.snapshot_length.is_some(), "--snapshot-length"),
            (self.buffer_size.is_some(), "--buffer-size"),
            (self.no_promiscuous, "--no-promiscuous-mode"),
            (self.no_keylog, "--no-keylog"),
        ];
        given.into_iter().find(|(given, _)| *given).map(|(_, name)| name)
    }

    /// What they come to. `immediate`: each frame at once.
    pub fn options(&self, filter: Option<&str>, immediate: bool) -> LiveOptions {
        let mut interfaces = self.interface.clone();
        if interfaces.is_empty() {
            interfaces.push(ANY.to_owned());
        }
        let mut known = Vec::new();
        interfaces.retain(|name| {
            !known.contains(name) && {
                known.push(name.clone());
                true
            }
        });
        LiveOptions {
            interfaces,
            filter: filter.map(ToOwned::to_owned),
            snap_length: self.snapshot_length.unwrap_or(SNAP_LENGTH),
            buffer_octets: self.buffer_size.map(|mebioctets| mebioctets << 20),
            promiscuous: !self.no_promiscuous,
            immediate,
            duration: self.duration,
        }
    }
}

fn parse_duration(text: &str) -> Result<Duration, String> {
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let factor = match unit {
        "ms" => 0.001,
        "" | "s" => 1.0,
        "m" | "min" => 60.0,
        "h" => 3600.0,
        _ => return Err(format!("`{unit}` is no unit; use 500ms, 30s, 5m or 1h")),
    };
    let number: f64 = number.parse().map_err(|_| "use 500ms, 30s, 5m or 1h".to_owned())?;
    let duration = Duration::try_from_secs_f64(number * factor).map_err(|error| error.to_string())?;
    if duration.is_zero() { Err("that is no time at all".to_owned()) } else { Ok(duration) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_has_a_unit_or_is_in_seconds() {
        let seconds = |text| parse_duration(text).unwrap().as_secs_f64();
        assert_eq!(["30", "30s", "1.5m", "2h", "500ms"].map(seconds), [30.0, 30.0, 90.0, 7200.0, 0.5]);
        for wrong in ["", "s", "-1", "1d", "0", "1.2.3s", "1e9", "99999999999999999999h"] {
            assert!(parse_duration(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_command_alone_is_captured_on_any() {
        let args = LiveArgs { command: vec!["true".into()], ..LiveArgs::default() };
        assert_eq!(args.options(None, true).interfaces, [ANY]);
        let args = LiveArgs { interface: vec!["lo".into(), "eth0".into(), "lo".into()], ..args };
        assert_eq!(args.options(None, true).interfaces, ["lo", "eth0"]);
    }
}
