//! `packets`: one row a packet, written as it comes.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::net::IpAddr;
use std::ops::Range;
use std::sync::Arc;

use super::style::{Style, Tone, push_clipped, width};
use super::time::Clock;
use crate::dissect::{Checksum, Dissection, FcsState, TcpFlags, TcpSegment, Transport, summary};
use crate::flow::Place;
use crate::packet::{Protocol, Side};
use crate::report::{Gauge, Options, PacketEvent, Sink, escape, info};

/// Columns of a terminal below which what an application says leaves no room for its segment.
const NARROW: usize = 110;

/// Writes rows of columns that grow with what they have held, up to a bound, and never shrink.
pub(super) struct Packets {
    out: Box<dyn Write>,
    style: Style,
    reveal: bool,
    clip: bool,
    clock: Clock,
    gauge: Option<Arc<Gauge>>,
    number_columns: usize,
    time_columns: usize,
    address_columns: usize,
    address_limit: usize,
    protocol_columns: usize,
    begun: bool,
    row: String,
    part: String,
    /// What a packet says, as it came from the wire.
    raw: String,
    /// The source's and the destination's address.
    ends: [String; 2],
}

impl Packets {
    pub(super) fn new(options: &Options, out: Box<dyn Write>) -> Self {
        let style = Style::new(options);
        let clock = Clock::new(options.time);
        let address_limit = match style.width {
            ..90 => 17,
            90..120 => 21,
            _ => 39,
        };
        Self {
            out,
            style,
            reveal: options.reveal_secrets,
            clip: options.clip,
            gauge: options.live.as_ref().map(|live| Arc::clone(&live.gauge)),
            time_columns: clock.columns(),
            clock,
            number_columns: 4,
            address_columns: 11,
            address_limit,
            protocol_columns: 5,
            begun: false,
            row: String::with_capacity(256),
            part: String::with_capacity(256),
            raw: String::new(),
            ends: Default::default(),
        }
    }

    fn header(&mut self) -> io::Result<()> {
        self.begun = true;
        let widths = [
            ("view.number", self.number_columns, true),
            ("view.time", self.time_columns, true),
            ("view.source", self.address_columns, false),
            ("view.arrow", 1, false),
            ("view.destination", self.address_columns, false),
            ("view.protocol", self.protocol_columns, false),
            ("view.octets", 5, true),
            ("view.info", 8, false),
        ];
        self.row.clear();
        for (key, columns, right) in widths {
            let text = self.style.word(key);
            let blanks = columns.saturating_sub(width(&text));
            if right {
                pad(&mut self.row, blanks);
            }
            push_clipped(&mut self.row, &text, columns);
            if !right {
                pad(&mut self.row, blanks);
            }
            self.row.push(' ');
        }
        let mut line = String::new();
        self.style.push(&mut line, Tone::Title, self.row.trim_end());
        line.push('\n');
        self.out.write_all(line.as_bytes())
    }

    /// Takes down both addresses and makes room for them.
    fn measure(&mut self, event: &PacketEvent<'_>) {
        for (end, source) in self.ends.iter_mut().zip([true, false]) {
            end.clear();
            let ip = event.dissection.ip.map(|ip| if source { ip.source } else { ip.destination });
            match ip.and_then(|address| self.style.name(address)) {
                Some(name) => end.push_str(&name),
                None => push_address(end, event.dissection, source),
            }
            self.address_columns = self.address_columns.max(end.len().min(self.address_limit));
        }
    }

    fn address(&mut self, end: usize) {
        let used = push_clipped(&mut self.row, &self.ends[end], self.address_columns);
        pad(&mut self.row, self.address_columns.saturating_sub(used));
    }

    fn info(&mut self, event: &PacketEvent<'_>) {
        self.part.clear();
        let d = event.dissection;
        push_faults(&mut self.part, d);
        let concealed = if self.reveal { &[][..] } else { event.concealed };
        match (&d.transport, event.place) {
            (Transport::Tcp(segment), Some(place)) => {
                let narrow = self.clip && self.style.width < NARROW;
                push_tcp(&mut self.part, segment, place, event.application, concealed, narrow);
            }
            _ => {
                self.raw.clear();
                summary(d, &mut self.raw);
                escape::push_text(&mut self.part, &self.raw);
            }
        }
        for comment in event.frame.comments {
            self.part.push_str(" # ");
            escape::push_text(&mut self.part, comment);
        }
    }
}

impl Sink for Packets {
    fn packet(&mut self, event: &PacketEvent<'_>) -> io::Result<()> {
        if self.gauge.as_ref().is_some_and(|gauge| !gauge.has_room()) {
            return Ok(());
        }
        self.measure(event);
        if !self.begun {
            self.header()?;
        }
        self.row.clear();
        push_right(&mut self.row, event.frame.number, &mut self.number_columns);
        self.row.push(' ');
        self.part.clear();
        self.clock.push(&mut self.part, event.frame.time);
        self.time_columns = self.time_columns.max(self.part.len());
        pad(&mut self.row, self.time_columns - self.part.len());
        self.row.push_str(&self.part);
        self.row.push(' ');
        self.address(0);
        self.row.push_str(" → ");
        self.address(1);
        self.row.push(' ');
        let protocol = protocol(event);
        let title = protocol.title();
        self.protocol_columns = self.protocol_columns.max(title.len().min(8));
        self.style.push(&mut self.row, Tone::of(protocol), title.get(..title.len().min(8)).unwrap_or(title));
        pad(&mut self.row, self.protocol_columns.saturating_sub(title.len()));
        self.row.push(' ');
        push_right(&mut self.row, u64::from(event.frame.original_length), &mut 5);
        self.row.push(' ');
        let fixed = self.number_columns.max(4)
            + self.time_columns
            + 2 * self.address_columns
            + self.protocol_columns
            + 5.max(digits(u64::from(event.frame.original_length)))
            + 8;
        self.info(event);
        let tone = tone(event);
        let room = if self.clip { self.style.width.saturating_sub(fixed) } else { usize::MAX };
        if self.style.color && tone != Tone::Plain {
            let mut clipped = String::new();
            push_clipped(&mut clipped, &self.part, room);
            self.style.push(&mut self.row, tone, &clipped);
        } else {
            push_clipped(&mut self.row, &self.part, room);
        }
        self.row.push('\n');
        self.out.write_all(self.row.as_bytes())
    }

    fn finish(&mut self, _summary: &crate::report::Summary) -> io::Result<()> {
        self.out.flush()
    }
}

fn tone(event: &PacketEvent<'_>) -> Tone {
    let d = event.dissection;
    let c = &d.checksums;
    let bad = [c.ipv4, c.tcp, c.udp, c.icmpv4, c.icmpv6, c.igmp, c.sctp].contains(&Some(Checksum::Bad));
    if bad || d.stopped.is_some() || d.fcs.is_some_and(|f| f.state == FcsState::Bad) {
        Tone::Bad
    } else if event.place.is_some_and(|p| !p.notes.is_empty()) {
        Tone::Warn
    } else {
        Tone::Plain
    }
}

/// The protocol that a row is named by: what the stream speaks where the packet brings octets of it, else the
/// innermost header.
pub(super) fn protocol(event: &PacketEvent<'_>) -> Protocol {
    let d = event.dissection;
    if let (Transport::Tcp(segment), Some(application)) = (&d.transport, event.application)
        && !segment.payload.is_empty()
        && application != Protocol::Data
    {
        return application;
    }
    let named = d.layers.iter().rev().find(|l| {
        !matches!(l.protocol, Protocol::Data | Protocol::Padding | Protocol::Trailer | Protocol::Fcs)
    });
    named.map_or(Protocol::Data, |l| l.protocol)
}

fn push_address(out: &mut String, d: &Dissection<'_>, source: bool) {
    if let Some(ip) = d.ip {
        push_ip(out, if source { ip.source } else { ip.destination });
    } else if let Some((from, to)) = d.link {
        let _ = write!(out, "{}", if source { from } else { to });
    } else {
        out.push('-');
    }
}

fn push_ip(out: &mut String, address: IpAddr) {
    match address {
        IpAddr::V4(a) => {
            let mut digits = itoa::Buffer::new();
            for (at, octet) in a.octets().into_iter().enumerate() {
                if at > 0 {
                    out.push('.');
                }
                out.push_str(digits.format(octet));
            }
        }
        IpAddr::V6(a) => {
            let _ = write!(out, "{a}");
        }
    }
}

/// What is wrong with the packet, before anything else.
fn push_faults(out: &mut String, d: &Dissection<'_>) {
    let c = &d.checksums;
    let all = [
        ("ipv4", c.ipv4),
        ("tcp", c.tcp),
        ("udp", c.udp),
        ("icmp", c.icmpv4),
        ("icmpv6", c.icmpv6),
        ("igmp", c.igmp),
        ("sctp", c.sctp),
    ];
    for (name, verdict) in all {
        if verdict == Some(Checksum::Bad) {
            let _ = write!(out, "[{name} checksum bad] ");
        }
    }
    if d.fcs.is_some_and(|f| f.state == FcsState::Bad) {
        out.push_str("[FCS bad] ");
    }
    if let Some(stopped) = d.stopped {
        let _ = write!(
            out,
            "[{} stopped at {}: {}: {}] ",
            stopped.layer, stopped.offset, stopped.claimed_by, stopped.reason
        );
    }
}

fn push_tcp(
    out: &mut String,
    segment: &TcpSegment<'_>,
    place: &Place,
    application: Option<Protocol>,
    concealed: &[Range<u32>],
    narrow: bool,
) {
    if !place.notes.is_empty() {
        out.push('[');
        for (at, note) in place.notes.iter().enumerate() {
            if at > 0 {
                out.push_str(", ");
            }
            out.push_str(note.name());
        }
        out.push_str("] ");
    }
    if let Some(copied) = place.copy_of {
        let _ = write!(out, "[copy of {copied}] ");
    }
    if matches!(application, Some(Protocol::Smtp | Protocol::Http)) && !segment.payload.is_empty() {
        push_first_line(out, segment.payload, concealed);
        if narrow {
            return;
        }
        out.push_str(" · ");
    }
    push_segment(out, segment, place);
}

fn push_segment(out: &mut String, segment: &TcpSegment<'_>, place: &Place) {
    let mut number = itoa::Buffer::new();
    out.push_str(number.format(segment.source_port));
    out.push_str(" → ");
    out.push_str(number.format(segment.destination_port));
    out.push_str(" [");
    info::write_flags(segment.flags, out);
    out.push_str("] seq=");
    out.push_str(number.format(place.relative_seq));
    if segment.flags.has(TcpFlags::ACK) {
        out.push_str(" ack=");
        out.push_str(number.format(place.relative_ack.unwrap_or(segment.ack.0)));
    }
    if segment.payload_length > 0 {
        out.push_str(" len=");
        out.push_str(number.format(segment.payload_length));
    }
    out.push_str(" win=");
    out.push_str(number.format(place.window.unwrap_or(u32::from(segment.window))));
    if segment.flags.has(TcpFlags::SYN) {
        if let Some(mss) = segment.options.mss() {
            out.push_str(" mss=");
            out.push_str(number.format(mss));
        }
        if let Some(scale) = segment.options.window_scale() {
            out.push_str(" ws=");
            out.push_str(number.format(scale));
        }
        if segment.options.sack_permitted() {
            out.push_str(" sack");
        }
    }
}

/// The first line of a payload, at most 200 octets of it, with what is concealed left out.
fn push_first_line(out: &mut String, payload: &[u8], concealed: &[Range<u32>]) {
    let line = payload.split(|&o| o == b'\r' || o == b'\n').next().unwrap_or_default();
    let line = &line[..line.len().min(200)];
    let mut at = 0;
    for range in concealed {
        let start = (range.start as usize).clamp(at, line.len());
        let end = (range.end as usize).clamp(start, line.len());
        if start == line.len() || start == end {
            continue;
        }
        escape::push_octets(out, &line[at..start]);
        out.push_str("[hidden]");
        at = end;
    }
    escape::push_octets(out, &line[at..]);
}

/// Which way a segment goes.
pub(super) const fn arrow(from: Side) -> &'static str {
    match from {
        Side::Initiator => "→",
        Side::Responder => "←",
    }
}

fn pad(out: &mut String, columns: usize) {
    const BLANKS: &str = "                                                                ";
    let mut left = columns;
    while left > 0 {
        let some = left.min(BLANKS.len());
        out.push_str(&BLANKS[..some]);
        left -= some;
    }
}

fn digits(value: u64) -> usize {
    value.checked_ilog10().map_or(1, |n| n as usize + 1)
}

fn push_right(out: &mut String, value: u64, columns: &mut usize) {
    let mut buffer = itoa::Buffer::new();
    let text = buffer.format(value);
    *columns = (*columns).max(text.len());
    pad(out, *columns - text.len());
    out.push_str(text);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(payload: &[u8], concealed: &[Range<u32>]) -> String {
        let mut out = String::new();
        push_first_line(&mut out, payload, concealed);
        out
    }

    #[test]
    fn a_concealed_range_is_left_out_of_the_line_and_escapes_are_made_visible() {
        assert_eq!(
            line(b"AUTH PLAIN AGEAYg==\r\nnext", std::slice::from_ref(&(11..19))),
            "AUTH PLAIN [hidden]"
        );
        assert_eq!(line(b"secret\r\n", std::slice::from_ref(&(0..6))), "[hidden]");
        assert_eq!(line(b"a\x1b[2Jb\r\n", &[]), "a\\u{1b}[2Jb");
        assert_eq!(line(b"short\r\n", std::slice::from_ref(&(40..60))), "short");
        assert_eq!(line(b"abcdef", &[2..4, 1..3, 5..99]), "ab[hidden]e[hidden]");
    }
}
