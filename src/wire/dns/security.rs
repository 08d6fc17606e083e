//! Records of keys, signatures and certificates (RFC 4034, 5155, 6698, 8659, 8945), in the form of zone files.

use std::fmt::Write;

use super::TypeName;
use super::data::Reader;
use super::octets::{base32hex, base64, hex, quoted};

/// Types that are read of one bitmap.
const MAX_TYPES: usize = 64;

/// DS (RFC 4034 section 5.3): key tag, algorithm, digest type, digest.
pub(super) fn delegation_signer(reader: &mut Reader<'_>) -> Option<String> {
    Some(format!("{} {} {} {}", reader.u16()?, reader.u8()?, reader.u8()?, hex(reader.rest())))
}

/// SSHFP (RFC 4255 section 3.2).
pub(super) fn fingerprint(reader: &mut Reader<'_>) -> Option<String> {
    Some(format!("{} {} {}", reader.u8()?, reader.u8()?, hex(reader.rest())))
}

/// DNSKEY (RFC 4034 section 2.2): flags, protocol, algorithm, key.
pub(super) fn key(reader: &mut Reader<'_>) -> Option<String> {
    Some(format!("{} {} {} {}", reader.u16()?, reader.u8()?, reader.u8()?, base64(reader.rest())))
}

/// RRSIG (RFC 4034 section 3.2).
pub(super) fn signature(reader: &mut Reader<'_>) -> Option<String> {
    let covered = TypeName(reader.u16()?);
    let (algorithm, labels, ttl) = (reader.u8()?, reader.u8()?, reader.u32()?);
    let (expires, begins) = (moment(reader.u32()?), moment(reader.u32()?));
    let (tag, signer) = (reader.u16()?, reader.name()?);
    let signature = base64(reader.rest());
    Some(format!("{covered} {algorithm} {labels} {ttl} {expires} {begins} {tag} {signer} {signature}"))
}

/// `YYYYMMDDHHmmSS` in UTC. Seconds since 1970 of 32 bits: those before 2106.
fn moment(seconds: u32) -> String {
    match jiff::Timestamp::from_second(i64::from(seconds)) {
        Ok(time) => time.strftime("%Y%m%d%H%M%S").to_string(),
        Err(_) => seconds.to_string(),
    }
}

/// NSEC (RFC 4034 section 4.2).
pub(super) fn next(reader: &mut Reader<'_>) -> Option<String> {
    let mut out = reader.name()?;
    types(reader, &mut out)?;
    Some(out)
}

/// NSEC3 (RFC 5155 section 3.3).
pub(super) fn next_hashed(reader: &mut Reader<'_>) -> Option<String> {
    let mut out = hash_parameters(reader)?;
    let _ = write!(out, " {}", base32hex(reader.string()?));
    types(reader, &mut out)?;
    Some(out)
}

/// NSEC3PARAM (RFC 5155 section 4.3): algorithm, flags, iterations, salt.
pub(super) fn hash_parameters(reader: &mut Reader<'_>) -> Option<String> {
    Some(format!("{} {} {} {}", reader.u8()?, reader.u8()?, reader.u16()?, hex(reader.string()?)))
}

/// The types that exist at a name (RFC 4034 section 4.1.2).
fn types(reader: &mut Reader<'_>, out: &mut String) -> Option<()> {
    let mut count = 0;
    while !reader.is_empty() {
        let window = u16::from(reader.u8()?);
        let bitmap = reader.string()?;
        let bits = bitmap.iter().zip(0u16..).flat_map(|(&octet, index)| {
            (0..8u16)
                .filter(move |bit| octet & 0x80 >> bit != 0)
                .map(move |bit| (window << 8) + index * 8 + bit)
        });
        for number in bits {
            count += 1;
            if count <= MAX_TYPES {
                let _ = write!(out, " {}", TypeName(number));
            }
        }
    }
    if count > MAX_TYPES {
        out.push_str(" ...");
    }
    Some(())
}

/// TLSA (RFC 6698 section 2.2): usage, selector, matching type, data.
pub(super) fn certificate(reader: &mut Reader<'_>) -> Option<String> {
    Some(format!("{} {} {} {}", reader.u8()?, reader.u8()?, reader.u8()?, hex(reader.rest())))
}

/// CAA (RFC 8659 section 4.1): flags, tag, value.
pub(super) fn authorities(reader: &mut Reader<'_>) -> Option<String> {
    let mut out = format!("{} ", reader.u8()?);
    out.push_str(&String::from_utf8_lossy(reader.string()?));
    out.push(' ');
    quoted(reader.rest(), &mut out);
    Some(out)
}

/// TSIG (RFC 8945 section 4.2), without the code that proves it: algorithm, time signed, fudge, error.
pub(super) fn transaction(reader: &mut Reader<'_>) -> Option<String> {
    let algorithm = reader.name()?;
    let (upper, lower) = (reader.u16()?, reader.u32()?);
    let seconds = u64::from(upper) << 32 | u64::from(lower);
    let (fudge, length) = (reader.u16()?, reader.u16()?);
    reader.take(usize::from(length))?;
    let (_, error) = (reader.u16()?, reader.u16()?);
    Some(format!("{algorithm} {seconds} {fudge} {error}"))
}
