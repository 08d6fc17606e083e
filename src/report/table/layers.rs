//! `layers`: packets taken apart, all seven layers, field by field and octet by octet.

use std::fmt::Display;
use std::io::{self, Write};

use super::fields::{FieldWriter, row};
use super::hexdump::{Dump, Mask, letter};
use super::style::{Style, Tone};
use super::time::{Clock, utc};
use crate::dissect::{self, Fcs, StopReason, Stopped};
use crate::lesson;
use crate::packet::{Buffer, Layer, Protocol, TcpIpLayer};
use crate::report::{Options, PacketEvent, Sink, TimeFormat, escape, payload};

/// Writes one packet after the other.
pub(super) struct Layers {
    out: Box<dyn Write>,
    style: Style,
    reveal: bool,
    clock: Clock,
    /// Whether times count from another packet, which may not be shown.
    since: bool,
    text: String,
}

impl Layers {
    pub(super) fn new(options: &Options, out: Box<dyn Write>) -> Self {
        Self {
            out,
            style: Style::new(options),
            reveal: options.reveal_secrets,
            clock: Clock::new(options.time),
            since: matches!(options.time, TimeFormat::Relative | TimeFormat::Delta),
            text: String::new(),
        }
    }
}

impl Sink for Layers {
    fn packet(&mut self, event: &PacketEvent<'_>) -> io::Result<()> {
        if !self.text.is_empty() {
            self.out.write_all(b"\n")?;
        }
        self.text.clear();
        let mut time = String::new();
        self.clock.push(&mut time, event.frame.time);
        if let (true, Some(at)) = (self.since, event.frame.time) {
            time = format!("{time} ({})", utc(at));
        }
        let layers: Vec<Layer> = payload::layers(event).collect();
        let mask = if self.reveal { Mask::default() } else { Mask::of(event, &layers) };
        let page = Page { style: &self.style, event, layers: &layers, mask: &mask, reveal: self.reveal };
        page.push(&time, &mut self.text);
        self.out.write_all(self.text.as_bytes())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }

    fn finish(&mut self, _summary: &crate::report::Summary) -> io::Result<()> {
        self.out.flush()
    }
}

/// One packet and all that is needed to write about it.
struct Page<'a> {
    style: &'a Style,
    event: &'a PacketEvent<'a>,
    layers: &'a [Layer],
    mask: &'a Mask,
    reveal: bool,
}

impl Page<'_> {
    fn push(&self, time: &str, out: &mut String) {
        self.heading(time, out);
        out.push('\n');
        self.seven_layers(out);
        for (index, layer) in self.layers.iter().enumerate() {
            self.layer(index, layer, out);
        }
        self.end(out);
        out.push('\n');
        self.dump(Buffer::Frame, "layers.dump_frame", out);
        if !self.event.dissection.reassembled.is_empty() {
            out.push('\n');
            self.dump(Buffer::Reassembled, "layers.dump_reassembled", out);
        }
    }

    fn heading(&self, time: &str, out: &mut String) {
        let frame = self.event.frame;
        let style = self.style;
        let lengths = if frame.is_cut() { "layers.cut" } else { "layers.whole" };
        let parts = [
            style.say("layers.packet", &[("number", &frame.number)]),
            style.say("layers.time", &[("time", &time)]),
            style.say(lengths, &[("original", &frame.original_length), ("captured", &frame.octets.len())]),
            style.say("layers.link_type", &[("name", &frame.link_type)]),
            style.say("layers.interface", &[("number", &frame.interface)]),
        ];
        style.paragraph(out, Tone::Title, &parts.join(" · "), 2);
        for comment in frame.comments {
            let mut text = String::new();
            escape::push_text(&mut text, comment);
            let text = style.say("layers.comment", &[("text", &text)]);
            style.paragraph(out, Tone::Plain, &text, 2);
        }
    }

    /// The table of all seven OSI layers.
    fn seven_layers(&self, out: &mut String) {
        let head = ["layers.osi_column", "layers.tcpip_column", "layers.here_column"]
            .map(|key| (Tone::Title, self.style.word(key)));
        let columns = [16, 14];
        row(self.style, out, &columns, &head);
        for osi in (1..=7).rev() {
            let name = format!("{osi} {}", self.style.word(&format!("layers.osi.{osi}")));
            let found: Vec<&Layer> = self.layers.iter().filter(|l| l.protocol.osi().contains(&osi)).collect();
            let (tone, here) = match found.first() {
                Some(first) => {
                    let list: Vec<String> =
                        found.iter().map(|l| format!("{} {}", l.protocol.title(), self.span(l))).collect();
                    (Tone::of(first.protocol), list.join(", "))
                }
                None => (Tone::Quiet, self.why_none(osi)),
            };
            let tcpip = self.tcpip(tcpip_of(osi));
            row(self.style, out, &columns, &[(tone, name), (tone, tcpip), (tone, here)]);
        }
    }

    /// Why a layer has no octets in this packet.
    fn why_none(&self, osi: u8) -> String {
        let d = self.event.dissection;
        let has = |protocol| self.layers.iter().any(|l| l.protocol == protocol && l.length > 0);
        let later = d.fragment.is_some_and(|f| f.offset > 0 && !f.completed);
        let stopped = d.stopped.as_ref().is_some_and(|s| s.layer.osi().contains(&osi));
        let key = match osi {
            2..=4 | 7 if stopped => "layers.none_stopped",
            4 if later => "layers.none_fragment",
            4 | 7 if d.fragment.is_some_and(|f| !f.completed) => "layers.none_waiting",
            7 if has(Protocol::Tls) => "layers.none_tls",
            7 => match self.layers.iter().find(|l| l.protocol == Protocol::Data && l.length > 0) {
                Some(data) => {
                    return self.style.say("layers.unknown_data", &[("span", &self.span(data))]);
                }
                None if has(Protocol::Tcp) => "layers.none_tcp",
                None => "layers.none.7",
            },
            _ => return self.style.say(&format!("layers.none.{osi}"), &[("link_type", &d.link_type)]),
        };
        self.style.word(key)
    }

    fn tcpip(&self, layer: TcpIpLayer) -> String {
        self.style.word(&format!("layers.tcpip.{}", layer.name()))
    }

    /// `14–33`: the first octet and the last.
    fn span(&self, layer: &Layer) -> String {
        let end = layer.offset.saturating_add(layer.length.saturating_sub(1));
        let span =
            if layer.length < 2 { layer.offset.to_string() } else { format!("{}–{end}", layer.offset) };
        match layer.buffer {
            Buffer::Frame => span,
            Buffer::Reassembled => self.style.say("layers.reassembled", &[("span", &span)]),
        }
    }

    fn layer(&self, index: usize, layer: &Layer, out: &mut String) {
        let d = self.event.dissection;
        out.push('\n');
        self.style.paragraph(out, title_tone(layer.protocol), &self.title(index, layer), 4);
        let fields = dissect::fields(d, layer);
        if !fields.is_empty() {
            let writer = FieldWriter {
                style: self.style,
                mask: self.mask,
                buffer: layer.buffer,
                octets: d.buffer(layer.buffer),
                reveal: self.reveal,
            };
            writer.push(layer.protocol, &fields, out);
        }
        self.checksum(layer, out);
    }

    fn title(&self, index: usize, layer: &Layer) -> String {
        let style = self.style;
        let numbers: Vec<String> = layer.protocol.osi().iter().map(u8::to_string).collect();
        let mut parts = vec![format!("[{}] {}", letter(index), layer.protocol.title())];
        if !numbers.is_empty() {
            parts.push(style.say("layers.title_osi", &[("osi", &numbers.join(", "))]));
        }
        if let Some(tcpip) = layer.protocol.tcpip() {
            parts.push(style.say("layers.title_tcpip", &[("name", &self.tcpip(tcpip))]));
        }
        let captured = self.event.dissection.octets(layer).len();
        if layer.length == 0 || captured == 0 {
            parts.push(style.word("layers.title_empty"));
        } else {
            let values: [(&str, &dyn Display); 2] = [("span", &self.span(layer)), ("length", &layer.length)];
            parts.push(style.say("layers.title_octets", &values));
        }
        let missing = (layer.length as usize).saturating_sub(captured);
        if missing > 0 {
            parts.push(style.say("layers.title_missing", &[("missing", &missing)]));
        }
        parts.join(" · ")
    }

    /// The verdict on this layer's checksum, which is known of the innermost header of each protocol.
    fn checksum(&self, layer: &Layer, out: &mut String) {
        let d = self.event.dissection;
        let verdict = d.checksums.named().into_iter().find(|(name, _)| *name == layer.protocol.name());
        if let Some((_, Some(verdict))) = verdict
            && d.layer(layer.protocol) == Some(layer)
        {
            let text = self.style.word(&format!("layers.checksum.{}", verdict.name()));
            self.note(verdict_tone(verdict.name()), &text, out);
        }
    }

    /// An indented paragraph.
    fn note(&self, tone: Tone, text: &str, out: &mut String) {
        row(self.style, out, &[1], &[(Tone::Plain, String::new()), (tone, text.to_owned())]);
    }

    /// What is known of the frame's end, and why dissection stopped.
    fn end(&self, out: &mut String) {
        let d = self.event.dissection;
        if d.stopped.is_some() || d.fcs.is_some() {
            out.push('\n');
        }
        if let Some(stopped) = &d.stopped {
            self.style.paragraph(out, Tone::Warn, &self.stopped(stopped), 2);
        }
        if let Some(fcs) = &d.fcs {
            self.style.paragraph(out, verdict_tone(fcs.state.name()), &self.fcs(fcs), 2);
        }
    }

    fn stopped(&self, stopped: &Stopped) -> String {
        let mut values: Vec<(&str, &dyn Display)> = vec![("offset", &stopped.offset)];
        let title = stopped.layer.title();
        values.push(("protocol", &title));
        values.push(("claimed_by", &stopped.claimed_by));
        match &stopped.reason {
            StopReason::TooShort { needed, left } => {
                values.extend([("needed", needed as &dyn Display), ("left", left)]);
                self.style.say("layers.stopped.too_short", &values)
            }
            StopReason::Invalid { value } => {
                values.push(("value", value));
                self.style.say("layers.stopped.invalid", &values)
            }
            StopReason::TooDeep => self.style.say("layers.stopped.too_deep", &values),
        }
    }

    fn fcs(&self, fcs: &Fcs) -> String {
        let style = self.style;
        let mut parts = vec![style.word(&format!("layers.fcs.{}", fcs.state.name()))];
        if let (Some(stored), Some(computed)) = (fcs.stored, fcs.computed) {
            let (stored, computed) = (format!("0x{stored:08x}"), format!("0x{computed:08x}"));
            parts.push(style.say("layers.fcs_values", &[("stored", &stored), ("computed", &computed)]));
        }
        parts.extend(style.find(&format!("layers.basis.{}", fcs.basis.name())));
        parts.join(" · ")
    }

    fn dump(&self, buffer: Buffer, title: &str, out: &mut String) {
        let octets = self.event.dissection.buffer(buffer);
        let style = self.style;
        style.paragraph(out, Tone::Title, &style.word(title), 2);
        let legend: Vec<String> = self
            .layers
            .iter()
            .enumerate()
            .filter(|(_, layer)| layer.buffer == buffer && layer.length > 0)
            .map(|(index, layer)| format!("{} {}", letter(index), layer.protocol.title()))
            .collect();
        style.paragraph(out, Tone::Quiet, &legend.join(", "), 2);
        let left = Dump { buffer, octets, layers: self.layers, mask: self.mask }.push(style, out);
        if left > 0 {
            let text = lesson::say(style.lang, "layers.dump_bounded", &[("left", &left)]);
            style.paragraph(out, Tone::Quiet, &text, 2);
        }
        if self.mask.hides_any(buffer, 0, octets.len()) {
            style.paragraph(out, Tone::Quiet, &style.word("layers.dump_hidden"), 2);
        }
    }
}

const fn tcpip_of(osi: u8) -> TcpIpLayer {
    match osi {
        5..=7 => TcpIpLayer::Application,
        4 => TcpIpLayer::Transport,
        3 => TcpIpLayer::Internet,
        _ => TcpIpLayer::Link,
    }
}

fn title_tone(protocol: Protocol) -> Tone {
    match Tone::of(protocol) {
        Tone::Plain => Tone::Title,
        tone => tone,
    }
}

fn verdict_tone(name: &str) -> Tone {
    match name {
        "good" => Tone::Good,
        "bad" => Tone::Bad,
        "absent" | "unknown" => Tone::Quiet,
        _ => Tone::Warn,
    }
}
