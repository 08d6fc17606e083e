//! Who speaks what: decided by what is said, with the port as a hint at most.

use crate::packet::Protocol;

/// The application that speaks, from the first octets of both directions.
///
/// `None` as long as it cannot be told; [`Protocol::Data`] once it is none that is known here.
pub fn identify(from_initiator: &[u8], from_responder: &[u8], _responder_port: u16) -> Option<Protocol> {
    let either = [from_initiator, from_responder];
    if either.iter().any(|o| o.starts_with(&[0x16, 0x03])) {
        return Some(Protocol::Tls);
    }
    let verb = |o: &[u8]| {
        [&b"EHLO"[..], b"HELO", b"LHLO", b"MAIL FROM", b"RCPT TO"]
            .iter()
            .any(|v| o.get(..v.len()).is_some_and(|w| w.eq_ignore_ascii_case(v)))
    };
    let banner = |o: &[u8]| {
        o.starts_with(b"220")
            && o.split(|c| *c == b'\n').next().is_some_and(|l| memchr::memmem::find(l, b"SMTP").is_some())
    };
    if either.iter().any(|o| verb(o) || banner(o)) {
        return Some(Protocol::Smtp);
    }
    (from_initiator.len() + from_responder.len() > 1024).then_some(Protocol::Data)
}
