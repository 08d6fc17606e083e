//! The few pieces of JSON that the packet record is written with, without a detour.

use std::io::Write;
use std::net::IpAddr;

/// The comma, name and colon of a field, or a literal in between.
macro_rules! push {
    ($out:expr, $text:expr) => {
        $out.extend_from_slice($text.as_bytes())
    };
}
pub(super) use push;

/// A number.
pub(super) fn number(out: &mut Vec<u8>, number: impl itoa::Integer) {
    out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}

/// A string, quotes included. Everything that a terminal could obey is escaped as JSON escapes it.
pub(super) fn string(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    let plain = |octet: u8| (0x20..0x7f).contains(&octet) && octet != b'"' && octet != b'\\';
    let mut rest = text;
    while let Some(at) = rest.bytes().position(|octet| !plain(octet)) {
        push!(out, rest[..at]);
        rest = &rest[at..];
        let mut chars = rest.chars();
        if let Some(c) = chars.next() {
            character(out, c);
        }
        rest = chars.as_str();
    }
    push!(out, rest);
    out.push(b'"');
}

/// A name of ours, which holds nothing that has to be escaped.
pub(super) fn name(out: &mut Vec<u8>, name: &str) {
    out.push(b'"');
    push!(out, name);
    out.push(b'"');
}

/// An IP address.
pub(super) fn address(out: &mut Vec<u8>, address: IpAddr) {
    out.push(b'"');
    match address {
        IpAddr::V4(v4) => {
            for (index, octet) in v4.octets().into_iter().enumerate() {
                if index > 0 {
                    out.push(b'.');
                }
                number(out, octet);
            }
        }
        IpAddr::V6(v6) => {
            // writing to a Vec cannot fail
            let _ = write!(out, "{v6}");
        }
    }
    out.push(b'"');
}

fn character(out: &mut Vec<u8>, c: char) {
    match c {
        '"' => push!(out, "\\\""),
        '\\' => push!(out, "\\\\"),
        _ if super::super::escape::is_harmful(c) => {
            for unit in c.encode_utf16(&mut [0; 2]) {
                push!(out, format!("\\u{unit:04x}"));
            }
        }
        _ => push!(out, c.encode_utf8(&mut [0; 4])),
    }
}

/// A 32-bit word as `"0x1c2d3e4f"`.
pub(super) fn hex_word(out: &mut Vec<u8>, word: u32) {
    push!(out, "\"0x");
    hex(out, &word.to_be_bytes());
    out.push(b'"');
}

fn hex(out: &mut Vec<u8>, octets: &[u8]) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for octet in octets {
        out.push(DIGITS[usize::from(octet >> 4)]);
        out.push(DIGITS[usize::from(octet & 15)]);
    }
}
