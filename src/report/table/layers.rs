//! `layers`: packets taken apart.

use std::fmt::Write as _;
use std::io::{self, Write};

use super::style::{Style, Tone};
use super::time::Clock;
use crate::dissect::{Dissection, Field, Value, fields};
use crate::packet::{Layer, Protocol};
use crate::report::{Options, PacketEvent, Sink, Summary, escape, payload};

/// Fields inside fields are shown this deep.
const DEPTH: usize = 4;

/// Writes each packet as it comes.
pub(super) struct Layers {
    out: Box<dyn Write>,
    style: Style,
    clock: Clock,
}

impl Layers {
    pub(super) fn new(options: &Options, out: Box<dyn Write>) -> Self {
        let (style, clock) = (Style::new(options), Clock::new(options.time));
        Self { out, style, clock }
    }

    /// All seven OSI layers, the empty ones with the reason.
    fn stack(&self, out: &mut String, event: &PacketEvent<'_>) {
        let style = &self.style;
        let mut table = style.grid(&["osi", "tcpip", "range", "seen"]);
        for osi in (1..=7u8).rev() {
            let here: Vec<&Layer> =
                event.dissection.layers.iter().filter(|l| l.protocol.osi().contains(&osi)).collect();
            let ranges: Vec<String> = here.iter().map(|l| range(l)).collect();
            let mut names: Vec<&str> = here.iter().map(|l| l.protocol.title()).collect();
            names.dedup();
            let spoken = event.application.filter(|a| osi == 7 && here.is_empty() && *a != Protocol::Data);
            let seen = match (here.is_empty(), spoken) {
                (false, _) => names.join(", "),
                (true, Some(spoken)) => spoken.title().to_owned(),
                (true, None) => style.word(&format!("osi.empty.{osi}")),
            };
            let tone = here.first().map_or(Tone::Quiet, |l| Tone::of(l.protocol));
            table.add_row(vec![
                style.cell(tone, style.word(&format!("osi.{osi}"))),
                style.cell(Tone::Plain, style.word(&format!("osi.tcpip.{osi}"))),
                style.cell(Tone::Plain, ranges.join(", ")),
                style.cell(tone, seen),
            ]);
        }
        style.push_grid(out, &table);
    }

    fn layer(&self, out: &mut String, event: &PacketEvent<'_>, layer: &Layer) {
        let style = &self.style;
        let title = format!("{} · {} {}", layer.protocol.title(), style.word("view.range"), range(layer));
        style.heading(out, &title);
        let mut table = style.grid(&["range", "field", "value", "means"]);
        let all = fields(event.dissection, layer);
        let hidden = payload::hidden(event, layer);
        self.rows(&mut table, layer, &all, 0, &|field| {
            let (start, end) = (field.offset, field.offset.saturating_add(field.length));
            hidden.iter().any(|range| range.start < end && start < range.end)
        });
        if !all.is_empty() {
            style.push_grid(out, &table);
        }
        self.dump(out, event.dissection, layer, &hidden);
    }

    fn rows(
        &self,
        table: &mut comfy_table::Table,
        layer: &Layer,
        all: &[Field],
        depth: usize,
        hidden: &dyn Fn(&Field) -> bool,
    ) {
        let style = &self.style;
        for field in all {
            let key = format!("field.{}.{}", layer.protocol.name(), field.name);
            let mut value = if hidden(field) && !matches!(field.value, Value::Group(_)) {
                style.say("layers.hidden", &[("count", &field.length)])
            } else {
                shown(&field.value)
            };
            if let Some(label) = &field.label {
                value.push_str(" (");
                escape::push_text(&mut value, label);
                value.push(')');
            }
            let last = field.offset.saturating_add(field.length.saturating_sub(1));
            table.add_row(vec![
                style.number(if field.length > 1 {
                    format!("{}–{last}", field.offset)
                } else {
                    field.offset.to_string()
                }),
                style.cell(Tone::of(layer.protocol), format!("{}{}", "· ".repeat(depth), field.name)),
                style.cell(Tone::Plain, value),
                style.cell(Tone::Quiet, style.find(&key).unwrap_or_default()),
            ]);
            if let Value::Group(inner) = &field.value
                && depth < DEPTH
            {
                self.rows(table, layer, inner, depth + 1, hidden);
            }
        }
    }

    /// Sixteen octets a row; `··` for one that is concealed.
    fn dump(&self, out: &mut String, d: &Dissection<'_>, layer: &Layer, hidden: &[std::ops::Range<u32>]) {
        let mut at = layer.offset;
        for row in d.octets(layer).chunks(16) {
            let (mut hex, mut text) = (String::new(), String::new());
            for octet in row {
                if hidden.iter().any(|range| range.contains(&at)) {
                    hex.push_str(" ··");
                    text.push('·');
                } else {
                    let _ = write!(hex, " {octet:02x}");
                    text.push(if octet.is_ascii_graphic() || *octet == b' ' {
                        char::from(*octet)
                    } else {
                        '.'
                    });
                }
                at = at.saturating_add(1);
            }
            let start = at.saturating_sub(u32::try_from(row.len()).unwrap_or(0));
            let _ = write!(out, "  {start:04x} ");
            self.style.push(out, Tone::of(layer.protocol), &hex);
            out.extend(std::iter::repeat_n(' ', (16 - row.len()) * 3 + 2));
            out.push_str(&text);
            out.push('\n');
        }
    }
}

impl Sink for Layers {
    fn packet(&mut self, event: &PacketEvent<'_>) -> io::Result<()> {
        let mut out = String::new();
        let style = self.style;
        let mut time = String::new();
        self.clock.push(&mut time, event.frame.time);
        let values: [(&str, &dyn std::fmt::Display); 5] = [
            ("number", &event.frame.number),
            ("time", &time),
            ("captured", &event.frame.octets.len()),
            ("original", &event.frame.original_length),
            ("link", &event.frame.link_type),
        ];
        style.heading(&mut out, &style.say("layers.packet", &values));
        for comment in event.frame.comments {
            let mut text = String::from("# ");
            escape::push_text(&mut text, comment);
            style.paragraph(&mut out, Tone::Quiet, &text, 2);
        }
        self.stack(&mut out, event);
        for layer in event.dissection.layers {
            self.layer(&mut out, event, layer);
        }
        if let Some(s) = event.dissection.stopped {
            let text = format!("! {} @{}: {}: {}", s.layer.title(), s.offset, s.claimed_by, s.reason);
            style.paragraph(&mut out, Tone::Bad, &text, 2);
        }
        out.push('\n');
        self.out.write_all(out.as_bytes())
    }

    fn finish(&mut self, _summary: &Summary) -> io::Result<()> {
        self.out.flush()
    }
}

fn range(layer: &Layer) -> String {
    match layer.length {
        0 => "-".to_owned(),
        1 => layer.offset.to_string(),
        n => format!("{}–{}", layer.offset, layer.offset.saturating_add(n - 1)),
    }
}

fn shown(value: &Value) -> String {
    let mut out = String::new();
    match value {
        Value::Number(n) => out.push_str(itoa::Buffer::new().format(*n)),
        Value::Hex(n, digits) => {
            let _ = write!(out, "0x{n:0width$x}", width = usize::from(*digits));
        }
        Value::Flag(set) => out.push(if *set { '1' } else { '0' }),
        Value::Mac(mac) => {
            let _ = write!(out, "{mac}");
        }
        Value::Ip(ip) => {
            let _ = write!(out, "{ip}");
        }
        Value::Text(text) => escape::push_text(&mut out, text),
        Value::Octets(octets) => {
            for octet in octets.iter().take(64) {
                let _ = write!(out, "{octet:02x}");
            }
        }
        Value::Group(_) => {}
    }
    out
}
