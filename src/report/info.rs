//! A packet in one line.

use std::fmt::Write;

use super::PacketEvent;
use crate::dissect::{self, TcpFlags, TcpSegment, Transport};
use crate::flow::Place;
use crate::packet::Protocol;

/// The most octets of a payload that its line shows.
const SHOWN: usize = 120;

/// Appends what a packet says, in one line. Text from the wire is not escaped yet; concealed octets are left
/// out.
pub(super) fn write(event: &PacketEvent<'_>, out: &mut String) {
    match (&event.dissection.transport, event.place) {
        (Transport::Tcp(segment), Some(place)) => {
            if !write_said(event, segment, out) {
                write_segment(segment, place, out);
            }
        }
        (Transport::Tcp(_) | Transport::Udp(_) | Transport::None, _) => {
            dissect::summary(event.dissection, out)
        }
    }
}

/// The first line of what the application says in this segment. False where it says nothing that can be read.
fn write_said(event: &PacketEvent<'_>, segment: &TcpSegment<'_>, out: &mut String) -> bool {
    let payload = segment.payload;
    let Some(application) = event.application.filter(|_| !payload.is_empty()) else { return false };
    match application {
        Protocol::Smtp => write_smtp(event, payload, out),
        Protocol::Data => return false,
        _ => dissect::application_summary(application, payload, out),
    }
    !out.is_empty()
}

fn write_smtp(event: &PacketEvent<'_>, payload: &[u8], out: &mut String) {
    let line = memchr::memchr2(b'\r', b'\n', payload).unwrap_or(payload.len()).min(SHOWN);
    let hidden = event.concealed.first().map(|range| range.start as usize..range.end as usize);
    let shown = hidden.as_ref().map_or(line, |range| range.start.min(line));
    out.push_str(&String::from_utf8_lossy(&payload[..shown]));
    if let Some(range) = hidden.filter(|range| range.start <= line) {
        let _ = write!(out, "[{} octets hidden]", range.len());
    }
}

fn write_segment(segment: &TcpSegment<'_>, place: &Place, out: &mut String) {
    let mut digits = itoa::Buffer::new();
    out.push_str(digits.format(segment.source_port));
    out.push_str(" → ");
    out.push_str(digits.format(segment.destination_port));
    out.push_str(" [");
    write_flags(segment.flags, out);
    out.push_str("] seq=");
    out.push_str(digits.format(place.relative_seq));
    if let Some(ack) = place.relative_ack {
        out.push_str(" ack=");
        out.push_str(digits.format(ack));
    }
    out.push_str(" win=");
    out.push_str(digits.format(place.window.unwrap_or(u32::from(segment.window))));
    if segment.payload_length > 0 {
        out.push_str(" len=");
        out.push_str(digits.format(segment.payload_length));
    }
    if segment.flags.has(TcpFlags::SYN) {
        write_offer(segment, out);
    }
}

/// The flags that are set, as people say them.
pub(super) fn write_flags(flags: TcpFlags, out: &mut String) {
    const NAMES: [(u16, &str); 9] = [
        (TcpFlags::SYN, "SYN"),
        (TcpFlags::FIN, "FIN"),
        (TcpFlags::RST, "RST"),
        (TcpFlags::PSH, "PSH"),
        (TcpFlags::ACK, "ACK"),
        (TcpFlags::URG, "URG"),
        (TcpFlags::ECE, "ECE"),
        (TcpFlags::CWR, "CWR"),
        (TcpFlags::AE, "AE"),
    ];
    let start = out.len();
    for (bit, name) in NAMES {
        if flags.has(bit) {
            if out.len() > start {
                out.push(' ');
            }
            out.push_str(name);
        }
    }
}

fn write_offer(segment: &TcpSegment<'_>, out: &mut String) {
    if let Some(mss) = segment.options.mss() {
        let _ = write!(out, " mss={mss}");
    }
    if let Some(shift) = segment.options.window_scale() {
        let _ = write!(out, " ws={shift}");
    }
    if segment.options.sack_permitted() {
        out.push_str(" sack");
    }
}
