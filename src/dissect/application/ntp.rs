//! Network time (RFC 5905 section 7.3).

use std::fmt::Write;

use super::wire::{Collector, number_at};
use crate::dissect::{Field, Value};

/// Octets of the header without extension fields.
const HEADER: usize = 48;
/// Octets of a control message's header (RFC 9327 section 2).
const CONTROL_HEADER: usize = 12;
/// Seconds from the era of NTP (1900) to that of POSIX (1970).
const UNIX_EPOCH: u64 = 2_208_988_800;

/// Whether a datagram to or from port 123 can be NTP.
pub(super) fn plausible(octets: &[u8]) -> bool {
    let Some(&first) = octets.first() else { return false };
    let (version, mode) = (first >> 3 & 7, first & 7);
    match mode {
        // Version 1 had no modes (RFC 1059).
        0 => version == 1 && octets.len() >= HEADER,
        6 => (2..=4).contains(&version) && octets.len() >= CONTROL_HEADER,
        7 => (1..=4).contains(&version) && octets.len() >= 8,
        _ => (1..=4).contains(&version) && octets.len() >= HEADER,
    }
}

fn mode_name(mode: u64) -> Option<&'static str> {
    Some(match mode {
        1 => "symmetric active",
        2 => "symmetric passive",
        3 => "client",
        4 => "server",
        5 => "broadcast",
        6 => "control",
        7 => "private",
        _ => return None,
    })
}

/// The fields of the header.
pub(super) fn fields(octets: &[u8], offset: u32) -> Vec<Field> {
    let mut out = Collector::new(octets, offset);
    let Some(&first) = octets.first() else { return out.finish() };
    let leap = out.push("leap_indicator", 0, 1, Value::Number(u64::from(first >> 6)));
    leap.label = match first >> 6 {
        1 => Some("last minute has 61 seconds".into()),
        2 => Some("last minute has 59 seconds".into()),
        3 => Some("clock not synchronized".into()),
        _ => None,
    };
    out.push("version", 0, 1, Value::Number(u64::from(first >> 3 & 7)));
    let mode = u64::from(first & 7);
    out.push("mode", 0, 1, Value::Number(mode)).label = mode_name(mode).map(Into::into);
    if mode >= 6 {
        return out.finish();
    }
    let stratum = out.named("stratum", 1, 1, |stratum| match stratum {
        0 => Some("unspecified"),
        1 => Some("primary server"),
        2..=15 => Some("secondary server"),
        16 => Some("unsynchronized"),
        _ => None,
    });
    out.number("poll", 2, 1);
    if let Some(&precision) = octets.get(3) {
        let text = format!("2^{} s", precision.cast_signed());
        out.push("precision", 3, 1, Value::Number(precision.into())).label = Some(text.into());
    }
    for (name, at) in [("root_delay", 4), ("root_dispersion", 8)] {
        if let Some(short) = number_at(octets, at, 4) {
            let seconds = format!("{:.6} s", short as f64 / 65536.0);
            out.push(name, at, 4, Value::Hex(short, 8)).label = Some(seconds.into());
        }
    }
    // A primary server names its clock in ASCII; a secondary one the server that it follows.
    match stratum {
        Some(0 | 1) => out.text("reference_id", 12, 4),
        _ => out.ipv4("reference_id", 12),
    }
    for (name, at) in [
        ("reference_timestamp", 16),
        ("origin_timestamp", 24),
        ("receive_timestamp", 32),
        ("transmit_timestamp", 40),
    ] {
        if let Some(stamp) = number_at(octets, at, 8) {
            out.push(name, at, 8, Value::Hex(stamp, 16)).label = utc(stamp).map(Into::into);
        }
    }
    if octets.len() > HEADER {
        out.octets("extension", HEADER, octets.len() - HEADER);
    }
    out.finish()
}

/// The time of a 64-bit timestamp of era 0; none where it is 0, which says that the time is not known.
fn utc(stamp: u64) -> Option<String> {
    let seconds = (stamp >> 32).checked_sub(UNIX_EPOCH).filter(|_| stamp != 0)?;
    let nanoseconds = ((stamp & 0xffff_ffff) * 1_000_000_000) >> 32;
    let time = jiff::Timestamp::new(i64::try_from(seconds).ok()?, i32::try_from(nanoseconds).ok()?).ok()?;
    Some(format!("{time:.9}"))
}

/// `client v4 stratum 0`.
pub(super) fn summary(octets: &[u8], out: &mut String) {
    let Some(&first) = octets.first() else { return };
    let mode = mode_name(u64::from(first & 7)).unwrap_or("mode 0");
    let _ = write!(out, "{mode} v{}", first >> 3 & 7);
    if let (true, Some(stratum)) = (first & 7 < 6, octets.get(1)) {
        let _ = write!(out, " stratum {stratum}");
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in super::super) fn reply() -> Vec<u8> {
        let mut octets = vec![0x24, 1, 6, 0xe9, 0, 0, 0, 0, 0, 0, 0x80, 0, b'G', b'P', b'S', 0];
        octets.extend([0; 24]);
        octets.extend([0xd9, 0x25, 0x26, 0x40, 0x80, 0, 0, 0]);
        octets
    }

    #[test]
    fn a_primary_server_names_its_clock_and_the_time() {
        let reply = reply();
        assert!(plausible(&reply));
        let fields = fields(&reply, 42);
        let field = |name| fields.iter().find(|f| f.name == name).unwrap();
        assert_eq!(field("reference_id").value, Value::Text("GPS".into()));
        assert_eq!(field("root_dispersion").label.as_deref(), Some("0.500000 s"));
        assert_eq!(field("origin_timestamp").label, None);
        let sent = field("transmit_timestamp");
        assert_eq!((sent.offset, sent.label.as_deref()), (82, Some("2015-06-12T09:34:56.500000000Z")));
    }

    #[test]
    fn the_line_says_who_speaks() {
        let mut line = String::new();
        summary(&reply(), &mut line);
        assert_eq!(line, "server v4 stratum 1");
    }

    #[test]
    fn octets_of_version_0_are_not_ntp() {
        assert!(!plausible(&[0; 48]));
        assert!(!plausible(&reply()[..47]));
    }
}
