//! Records that say where and how a service is reached: NAPTR, SVCB, HTTPS, URI.

use std::fmt::Write;
use std::net::{Ipv4Addr, Ipv6Addr};

use super::codes::svcb_key_name;
use super::data::Reader;
use super::octets::{base64, quoted, u16_at};

/// NAPTR (RFC 3403 section 4.1).
pub(super) fn naptr(reader: &mut Reader<'_>) -> Option<String> {
    let mut out = format!("{} {}", reader.u16()?, reader.u16()?);
    for _ in 0..3 {
        out.push(' ');
        quoted(reader.string()?, &mut out);
    }
    let _ = write!(out, " {}", reader.name()?);
    Some(out)
}

/// URI (RFC 7553 section 4.5).
pub(super) fn uri(reader: &mut Reader<'_>) -> Option<String> {
    let mut out = format!("{} {} ", reader.u16()?, reader.u16()?);
    quoted(reader.rest(), &mut out);
    Some(out)
}

/// SVCB and HTTPS (RFC 9460 section 2.1).
pub(super) fn binding(reader: &mut Reader<'_>) -> Option<String> {
    let mut out = format!("{} {}", reader.u16()?, reader.name()?);
    while !reader.is_empty() {
        let key = reader.u16()?;
        let length = reader.u16()?;
        let value = reader.take(usize::from(length))?;
        match svcb_key_name(key) {
            Some(name) => drop(write!(out, " {name}")),
            None => drop(write!(out, " key{key}")),
        }
        let value = parameter(key, value)?;
        if !value.is_empty() {
            let _ = write!(out, "={value}");
        }
    }
    Some(out)
}

fn parameter(key: u16, octets: &[u8]) -> Option<String> {
    Some(match key {
        0 => list(octets.chunks(2).map(|pair| {
            let key = u16_at(pair, 0).unwrap_or_default();
            svcb_key_name(key).map_or_else(|| format!("key{key}"), str::to_owned)
        })),
        1 => protocols(octets)?,
        2 | 8 => String::new(),
        3 => u16_at(octets, 0)?.to_string(),
        4 => list(octets.as_chunks::<4>().0.iter().map(|&four| Ipv4Addr::from(four).to_string())),
        5 => base64(octets),
        6 => list(octets.as_chunks::<16>().0.iter().map(|&sixteen| Ipv6Addr::from(sixteen).to_string())),
        _ => {
            let mut out = String::new();
            quoted(octets, &mut out);
            out
        }
    })
}

fn list(items: impl Iterator<Item = String>) -> String {
    items.collect::<Vec<_>>().join(",")
}

/// `h2,h3`: each behind an octet with its length.
fn protocols(mut octets: &[u8]) -> Option<String> {
    let mut names = Vec::new();
    while let Some((&length, rest)) = octets.split_first() {
        let (name, rest) = rest.split_at_checked(usize::from(length))?;
        names.push(String::from_utf8_lossy(name).into_owned());
        octets = rest;
    }
    Some(names.join(","))
}
