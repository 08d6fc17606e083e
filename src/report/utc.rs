//! Times in RFC 3339, UTC, nine digits.

use std::cell::RefCell;

use serde::{Serialize, Serializer};

use crate::packet::Timestamp;

/// Writes times; keeps the last second, because the next packet is likely to be in it.
#[derive(Debug, Default)]
pub(super) struct UtcWriter {
    second: Option<i64>,
    text: String,
}

impl UtcWriter {
    /// `2015-06-12T18:04:05.123456000Z`.
    pub(super) fn push(&mut self, time: Timestamp, out: &mut Vec<u8>) {
        let (second, nanos) =
            (time.nanos().div_euclid(1_000_000_000), time.nanos().rem_euclid(1_000_000_000));
        if self.second != Some(second) {
            self.second = Some(second);
            self.text = jiff::Timestamp::from_second(second)
                .map_or_else(|_| String::new(), |at| at.strftime("%Y-%m-%dT%H:%M:%S.").to_string());
        }
        out.extend_from_slice(self.text.as_bytes());
        let mut digits = [b'0'; 9];
        let mut rest = nanos;
        for digit in digits.iter_mut().rev() {
            *digit = b'0' + (rest % 10) as u8;
            rest /= 10;
        }
        out.extend_from_slice(&digits);
        out.push(b'Z');
    }
}

thread_local! {
    static WRITER: RefCell<(UtcWriter, Vec<u8>)> = RefCell::default();
}

/// Makes something of the text of a time.
fn with_text<T>(time: Timestamp, make: impl FnOnce(&str) -> T) -> T {
    WRITER.with_borrow_mut(|(writer, text)| {
        text.clear();
        writer.push(time, text);
        make(str::from_utf8(text).unwrap_or_default())
    })
}

/// The same as a string of its own.
pub(super) fn utc(time: Timestamp) -> String {
    with_text(time, str::to_owned)
}

/// The same as a field of a record.
#[derive(Debug, Clone, Copy)]
pub(super) struct Utc(pub(super) Timestamp);

impl Serialize for Utc {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        with_text(self.0, |text| serializer.serialize_str(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_has_nine_digits_before_and_after_the_epoch() {
        assert_eq!(utc(Timestamp::from_parts(1_434_132_245, 123_456_000)), "2015-06-12T18:04:05.123456000Z");
        assert_eq!(utc(Timestamp::from_nanos(-1)), "1969-12-31T23:59:59.999999999Z");
    }
}
