//! Numbers out of octets, and octets as text.

use std::fmt::Write;

/// The 16-bit number in network order at `at`.
pub(super) fn u16_at(octets: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(octets.get(at..at.checked_add(2)?)?.try_into().ok()?))
}

/// The 32-bit number in network order at `at`.
pub(super) fn u32_at(octets: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(octets.get(at..at.checked_add(4)?)?.try_into().ok()?))
}

/// Two digits an octet; `-` where there are none, as zone files write it.
pub(super) fn hex(octets: &[u8]) -> String {
    if octets.is_empty() {
        return "-".to_owned();
    }
    octets.iter().fold(String::with_capacity(octets.len() * 2), |mut out, octet| {
        let _ = write!(out, "{octet:02x}");
        out
    })
}

/// Base64 (RFC 4648 section 4).
pub(super) fn base64(octets: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    digits(octets, ALPHABET, 6, 4)
}

/// Base 32 with the alphabet that keeps the order, unpadded (RFC 4648 section 7, RFC 5155 section 3.3).
pub(super) fn base32hex(octets: &[u8]) -> String {
    const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHIJKLMNOPQRSTUV";
    digits(octets, ALPHABET, 5, 1)
}

/// Writes octets with a digit for each `bits` bits, filled up with `=` to a multiple of `group` digits.
fn digits(octets: &[u8], alphabet: &[u8], bits: u32, group: usize) -> String {
    let mut out = String::with_capacity(octets.len() * 8 / bits as usize + group);
    let (mut value, mut have) = (0u32, 0);
    let mask = (1 << bits) - 1;
    let digit = |value: u32| alphabet.get((value & mask) as usize).map_or('?', |&c| char::from(c));
    for &octet in octets {
        value = (value << 8 | u32::from(octet)) & 0xffff;
        have += 8;
        while have >= bits {
            have -= bits;
            out.push(digit(value >> have));
        }
    }
    if have > 0 {
        out.push(digit(value << (bits - have)));
    }
    while !out.len().is_multiple_of(group) {
        out.push('=');
    }
    out
}

/// A character string in quotes: what is UTF-8 as it stands, all else as `\DDD` (RFC 1035 section 5.1).
pub(super) fn quoted(octets: &[u8], out: &mut String) {
    out.push('"');
    for chunk in octets.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '"' | '\\' => out.extend(['\\', c]),
                c if c.is_ascii_control() => drop(write!(out, "\\{:03}", c as u32)),
                c => out.push(c),
            }
        }
        for octet in chunk.invalid() {
            let _ = write!(out, "\\{octet:03}");
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_of_rfc_4648_come_out() {
        let examples = [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")];
        for (plain, coded) in examples {
            assert_eq!(base64(plain.as_bytes()), coded);
        }
        assert_eq!(base32hex(b"foobar"), "CPNMUOJ1E8");
    }

    #[test]
    fn text_is_quoted_and_what_is_no_text_is_numbered() {
        let mut out = String::new();
        quoted("a\"b\\ \u{e9}\x07".as_bytes(), &mut out);
        assert_eq!(out, "\"a\\\"b\\\\ \u{e9}\\007\"");
        out.clear();
        quoted(b"\xff", &mut out);
        assert_eq!(out, "\"\\255\"");
    }
}
