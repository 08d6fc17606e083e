//! Times as tables write them.

use std::fmt::Write;

use jiff::tz::TimeZone;

use crate::packet::Timestamp;
use crate::report::TimeFormat;

const SECOND: i64 = 1_000_000_000;

/// Writes times in one format, remembering the first one and the one before.
#[derive(Debug)]
pub(super) struct Clock {
    format: TimeFormat,
    zone: TimeZone,
    first: Option<Timestamp>,
    before: Option<Timestamp>,
    /// The second that was written last, and how it was written.
    second: (i64, String),
}

impl Clock {
    pub(super) fn new(format: TimeFormat) -> Self {
        let zone = if format == TimeFormat::Local { TimeZone::system() } else { TimeZone::UTC };
        Self { format, zone, first: None, before: None, second: (i64::MIN, String::new()) }
    }

    /// Columns that a time takes at least.
    pub(super) const fn columns(&self) -> usize {
        match self.format {
            TimeFormat::Relative | TimeFormat::Delta => 9,
            TimeFormat::Utc | TimeFormat::Local => 26,
            TimeFormat::Epoch => 17,
        }
    }

    /// Appends `time` with six digits behind the point; `-` where the capture has none.
    pub(super) fn push(&mut self, out: &mut String, time: Option<Timestamp>) {
        let Some(time) = time else {
            out.push('-');
            return;
        };
        let first = *self.first.get_or_insert(time);
        let before = self.before.replace(time).unwrap_or(time);
        match self.format {
            TimeFormat::Relative => push_seconds(out, time.since(first)),
            TimeFormat::Delta => push_seconds(out, time.since(before)),
            TimeFormat::Epoch => push_seconds(out, time.nanos()),
            TimeFormat::Utc | TimeFormat::Local => self.push_date(out, time),
        }
    }

    fn push_date(&mut self, out: &mut String, time: Timestamp) {
        let second = time.nanos().div_euclid(SECOND);
        if self.second.0 != second {
            self.second.0 = second;
            self.second.1.clear();
            push_date(&mut self.second.1, second, &self.zone);
        }
        out.push_str(&self.second.1);
        push_fraction(out, time.nanos().rem_euclid(SECOND));
    }
}

fn push_date(out: &mut String, second: i64, zone: &TimeZone) {
    match jiff::Timestamp::from_second(second) {
        Ok(time) => {
            let time = time.to_zoned(zone.clone());
            let _ = write!(out, "{} {}", time.date(), time.time());
        }
        Err(_) => {
            let _ = write!(out, "{second}");
        }
    }
}

/// A point in time as `2015-06-12 18:04:05 UTC`.
pub(super) fn utc(time: Timestamp) -> String {
    let mut out = String::new();
    push_date(&mut out, time.nanos().div_euclid(SECOND), &TimeZone::UTC);
    out.push_str(" UTC");
    out
}

/// A point in time as `2015-06-12` and `18:04:05.123`, UTC.
pub(super) fn day_and_time(time: Timestamp) -> (String, String) {
    let mut out = String::new();
    push_date(&mut out, time.nanos().div_euclid(SECOND), &TimeZone::UTC);
    let (date, time_of_day) = out.split_once(' ').unwrap_or((&out, ""));
    (date.to_owned(), format!("{time_of_day}.{:03}", time.nanos().rem_euclid(SECOND) / 1_000_000))
}

/// Nanoseconds as seconds with six digits, cut, not rounded.
fn push_seconds(out: &mut String, nanos: i64) {
    if nanos < 0 {
        out.push('-');
    }
    let nanos = nanos.unsigned_abs();
    out.push_str(itoa::Buffer::new().format(nanos / SECOND as u64));
    push_fraction(out, (nanos % SECOND as u64) as i64);
}

fn push_fraction(out: &mut String, nanos: i64) {
    let mut digits = *b".000000";
    let mut rest = nanos / 1000;
    for digit in digits[1..].iter_mut().rev() {
        *digit = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    out.push_str(std::str::from_utf8(&digits).unwrap_or_default());
}

/// The time of a row below a first one: in milliseconds since that or the row before, as the time of day, or in seconds
/// since 1970; `-` where the capture has none.
pub(super) fn of_row(
    format: TimeFormat,
    first: Option<Timestamp>,
    before: Option<Timestamp>,
    time: Option<Timestamp>,
) -> String {
    match format {
        TimeFormat::Relative => milliseconds(first, time),
        TimeFormat::Delta => milliseconds(before, time),
        TimeFormat::Utc | TimeFormat::Local | TimeFormat::Epoch => {
            let mut written = String::new();
            Clock::new(format).push(&mut written, time);
            match (format, written.split_once(' ')) {
                (TimeFormat::Epoch, _) | (_, None) => written,
                (_, Some((_, of_day))) => of_day.to_owned(),
            }
        }
    }
}

/// The day of a time and where it is told so, where rows have the time of day alone: `2015-06-12`, `UTC`.
pub(super) fn day(format: TimeFormat, time: Timestamp) -> Option<(String, String)> {
    let zone = match format {
        TimeFormat::Utc => "UTC".to_owned(),
        TimeFormat::Local => TimeZone::system().iana_name().unwrap_or("local").to_owned(),
        TimeFormat::Relative | TimeFormat::Delta | TimeFormat::Epoch => return None,
    };
    let mut written = String::new();
    Clock::new(format).push(&mut written, Some(time));
    Some((written.split(' ').next()?.to_owned(), zone))
}

/// A duration with the unit that suits it: `73.3 ms`, `12.0 s`, `3 h 20 min`.
pub(super) fn duration(nanos: i64) -> String {
    let sign = if nanos < 0 { "-" } else { "" };
    let n = nanos.unsigned_abs();
    match n {
        0..1_000_000 => format!("{sign}{:.1} µs", n as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{sign}{:.1} ms", n as f64 / 1e6),
        1_000_000_000..120_000_000_000 => format!("{sign}{:.1} s", n as f64 / 1e9),
        120_000_000_000..7_200_000_000_000 => {
            format!("{sign}{} min {} s", n / 60_000_000_000, n / 1_000_000_000 % 60)
        }
        _ => format!("{sign}{} h {} min", n / 3_600_000_000_000, n / 60_000_000_000 % 60),
    }
}

/// A lower bound: never more than `nanos`, which is not negative.
pub(super) fn at_least(nanos: i64) -> String {
    match nanos {
        0..1_000_000 => format!("{} µs", nanos / 1000),
        1_000_000..1_000_000_000 => format!("{} ms", nanos / 1_000_000),
        1_000_000_000..120_000_000_000 => {
            format!("{}.{:03} s", nanos / SECOND, nanos / 1_000_000 % 1000)
        }
        _ => duration(nanos),
    }
}

/// Milliseconds with three digits, from one time to another; `-` where one of them is not known.
pub(super) fn milliseconds(from: Option<Timestamp>, to: Option<Timestamp>) -> String {
    match (from, to) {
        (Some(from), Some(to)) => in_milliseconds(to.since(from)),
        _ => "-".to_owned(),
    }
}

/// Nanoseconds as milliseconds with three digits.
pub(super) fn in_milliseconds(nanos: i64) -> String {
    format!("{:.3}", nanos as f64 / 1e6)
}

/// Nanoseconds as seconds with three digits, cut, not rounded.
pub(super) fn in_seconds(nanos: i64) -> String {
    format!("{}.{:03}", nanos.div_euclid(SECOND), nanos.rem_euclid(SECOND) / 1_000_000)
}

/// `18:04:05.123`, in UTC or in the local time zone.
pub(super) fn time_of_day(time: Timestamp, local: bool) -> String {
    let zone = if local { TimeZone::system() } else { TimeZone::UTC };
    let milliseconds = time.nanos().rem_euclid(SECOND) / 1_000_000;
    match jiff::Timestamp::from_second(time.nanos().div_euclid(SECOND)) {
        Ok(second) => format!("{}.{milliseconds:03}", second.to_zoned(zone).time()),
        Err(_) => in_seconds(time.nanos()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(format: TimeFormat, nanos: &[i64]) -> Vec<String> {
        let mut clock = Clock::new(format);
        let one = |n: &i64| {
            let mut out = String::new();
            clock.push(&mut out, Some(Timestamp::from_nanos(*n)));
            out
        };
        nanos.iter().map(one).collect()
    }

    #[test]
    fn a_time_is_written_from_the_first_packet_the_one_before_or_the_epoch() {
        let times = [1_434_132_245_123_456_789, 1_434_132_246_000_000_000, 1_434_132_245_500_000_000];
        assert_eq!(shown(TimeFormat::Relative, &times), ["0.000000", "0.876543", "0.376543"]);
        assert_eq!(shown(TimeFormat::Delta, &times), ["0.000000", "0.876543", "-0.500000"]);
        assert_eq!(shown(TimeFormat::Epoch, &times)[0], "1434132245.123456");
        assert_eq!(shown(TimeFormat::Utc, &times)[0], "2015-06-12 18:04:05.123456");
        assert_eq!(shown(TimeFormat::Utc, &[-1])[0], "1969-12-31 23:59:59.999999");
    }

    #[test]
    fn a_row_has_the_time_that_was_asked_for_and_the_day_stands_above() {
        let time = |nanos: i64| Some(Timestamp::from_nanos(1_434_132_245_123_456_789 + nanos));
        let written = |format| of_row(format, time(0), time(1_500_000), time(2_000_000));
        assert_eq!(written(TimeFormat::Relative), "2.000");
        assert_eq!(written(TimeFormat::Delta), "0.500");
        assert_eq!(written(TimeFormat::Utc), "18:04:05.125456");
        assert_eq!(written(TimeFormat::Epoch), "1434132245.125456");
        assert_eq!(of_row(TimeFormat::Utc, time(0), None, None), "-");
        assert_eq!(day(TimeFormat::Utc, time(0).unwrap()), Some(("2015-06-12".into(), "UTC".into())));
        assert_eq!(day(TimeFormat::Epoch, time(0).unwrap()), None);
    }

    #[test]
    fn the_time_of_day_has_milliseconds() {
        let time = Timestamp::from_nanos(1_434_132_245_123_456_789);
        assert_eq!(time_of_day(time, false), "18:04:05.123");
        assert_eq!(time_of_day(Timestamp::from_nanos(-1), false), "23:59:59.999");
        assert_eq!(in_seconds(time.nanos()), "1434132245.123");
    }

    #[test]
    fn a_duration_has_the_unit_that_suits_it() {
        let all = [900, 73_300_000, 12_000_000_000, 200_000_000_000, 12_000_000_000_000];
        assert_eq!(at_least(1_665_999_999), "1.665 s");
        assert_eq!(all.map(duration), ["0.9 µs", "73.3 ms", "12.0 s", "3 min 20 s", "3 h 20 min"]);
    }
}
