//! The fields of a header as rows: name, value, meaning.

use std::fmt::Write;

use super::hexdump::Mask;
use super::style::{Style, Tone, clipped, width};
use super::wrap::wrap;
use crate::dissect::{Field, Value};
use crate::lesson;
use crate::packet::{Buffer, MacAddress, Protocol, scope};
use crate::report::escape;

/// Octets of a field that are written out; the dump below has them all.
const MOST_OCTETS: usize = 16;

/// Columns that one value may take altogether.
const MOST_COLUMNS: usize = 1000;

/// Columns of a value that its meaning may repeat.
const REPEATED_COLUMNS: usize = 40;

/// Writes fields of one buffer.
pub(super) struct FieldWriter<'a> {
    pub(super) style: &'a Style,
    pub(super) mask: &'a Mask,
    pub(super) buffer: Buffer,
    pub(super) octets: &'a [u8],
    pub(super) reveal: bool,
}

impl FieldWriter<'_> {
    /// Appends a protocol's fields.
    pub(super) fn push(&self, protocol: Protocol, fields: &[Field], out: &mut String) {
        let head = ["layers.field_column", "layers.value_column", "layers.meaning_column"]
            .map(|key| (Tone::Quiet, self.style.word(key)));
        let [(_, name), ..] = &head;
        let head = [(Tone::Quiet, format!("  {name}")), head[1].clone(), head[2].clone()];
        row(self.style, out, &self.columns(), &head);
        self.list(protocol, fields, 1, out);
    }

    fn columns(&self) -> [usize; 2] {
        match self.style.width {
            ..70 => [self.style.width / 3, self.style.width / 3],
            70..110 => [26, 25],
            _ => [34, 40],
        }
    }

    fn list(&self, protocol: Protocol, fields: &[Field], depth: usize, out: &mut String) {
        for field in fields {
            let value = self.value(protocol, field);
            let meaning = self.meaning(protocol, field, &value);
            let indent = "  ".repeat(depth.min(4));
            let quoted = Protocol::ALL.iter().copied().find(|p| p.name() == field.name);
            let name = match quoted.filter(|_| matches!(field.value, Value::Group(_))) {
                Some(inner) => inner.title().to_owned(),
                None => name(field),
            };
            let tone = if field.value == Value::Flag(false) { Tone::Quiet } else { Tone::Plain };
            let cells = [(tone, indent + &name), (tone, value.cell(self.style)), (tone, meaning)];
            row(self.style, out, &self.columns(), &cells);
            if let Value::Group(inner) = &field.value {
                self.list(quoted.unwrap_or(protocol), inner, depth + 1, out);
            }
        }
    }

    fn value(&self, protocol: Protocol, field: &Field) -> Shown {
        let hidden = self.mask.hides_any(self.buffer, field.offset as usize, field.length as usize);
        let mut label = field.label.as_deref().map(escaped).filter(|_| !hidden);
        let text = match &field.value {
            Value::Group(_) => String::new(),
            Value::Octets(_) => self.octets(field),
            Value::Text(_) if hidden => self.text(field),
            Value::Text(_) if self.reveal && hides_by_itself(protocol) => self.text(field),
            // A number of more than eight octets is not in them: it says how many they are.
            Value::Number(count) if field.length > 8 => count.to_string(),
            _ if hidden => return Shown { text: self.style.word("layers.hidden"), ..Shown::default() },
            Value::Number(number) => number.to_string(),
            Value::Hex(number, digits) => format!("0x{number:0width$x}", width = usize::from(*digits)),
            Value::Flag(set) => self.style.word(if *set { "layers.set" } else { "layers.not_set" }),
            Value::Mac(address) => {
                label.get_or_insert(self.style.word(mac_key(*address)));
                address.to_string()
            }
            Value::Ip(address) => {
                label.get_or_insert(self.style.word(&format!("scope.{}", scope(*address).name())));
                address.to_string()
            }
            Value::Text(text) => escaped(text),
        };
        let has_meaning = !text.is_empty() || matches!(field.value, Value::Group(_));
        Shown { text: clipped(&text, MOST_COLUMNS), label, has_meaning }
    }

    /// The field's octets as text, with `··` in the place of what is secret.
    fn text(&self, field: &Field) -> String {
        let mut out = String::new();
        for run in self.octets_of(field).chunk_by(|a, b| a.1 == b.1) {
            if run.iter().any(|(_, hidden)| *hidden) {
                out.push_str("··");
            } else {
                let octets: Vec<u8> = run.iter().map(|(octet, _)| *octet).collect();
                escape::push_octets(&mut out, &octets);
            }
        }
        out
    }

    /// The first octets of a field in hexadecimal.
    fn octets(&self, field: &Field) -> String {
        let mut out = String::new();
        for (index, (octet, hidden)) in self.octets_of(field).into_iter().take(MOST_OCTETS).enumerate() {
            out.push_str(if index == 0 { "" } else { " " });
            match hidden {
                true => out.push_str("··"),
                false => {
                    let _ = write!(out, "{octet:02x}");
                }
            }
        }
        if field.length as usize > MOST_OCTETS {
            out.push(' ');
            out.push_str(&self.style.say("layers.more_octets", &[("length", &field.length)]));
        }
        out
    }

    /// The field's octets, each with whether it is secret.
    fn octets_of(&self, field: &Field) -> Vec<(u8, bool)> {
        let start = (field.offset as usize).min(self.octets.len());
        let end = (start + (field.length as usize).min(MOST_COLUMNS)).min(self.octets.len());
        let hidden = |at| self.mask.hides(self.buffer, at);
        self.octets[start..end].iter().enumerate().map(|(at, &o)| (o, hidden(start + at))).collect()
    }

    /// What the field means; nothing for a flag that is not set.
    fn meaning(&self, protocol: Protocol, field: &Field, shown: &Shown) -> String {
        if field.value == Value::Flag(false) || !shown.has_meaning {
            return String::new();
        }
        let value = clipped(&shown.text, REPEATED_COLUMNS);
        let label = match &field.label {
            Some(_) => shown.label.as_deref().unwrap_or(&value),
            None => &value,
        };
        let key = format!("field.{}.{}", protocol.name(), field.name);
        lesson::find(self.style.lang, &key, &[("value", &value), ("label", &label)]).unwrap_or_default()
    }
}

/// A value as it is shown, with what it stands for.
#[derive(Default)]
struct Shown {
    text: String,
    label: Option<String>,
    /// Nothing can be said of what is hidden or empty.
    has_meaning: bool,
}

impl Shown {
    fn cell(&self, style: &Style) -> String {
        match &self.label {
            Some(label) if self.text.is_empty() => label.clone(),
            Some(label) => style.say("layers.labelled", &[("value", &self.text), ("label", label)]),
            None => self.text.clone(),
        }
    }
}

/// Protocols whose fields leave secrets out without being told.
const fn hides_by_itself(protocol: Protocol) -> bool {
    matches!(protocol, Protocol::Http | Protocol::Smtp)
}

fn mac_key(address: MacAddress) -> &'static str {
    match address {
        MacAddress::BROADCAST => "layers.mac.broadcast",
        _ if address.is_group() => "layers.mac.group",
        _ if address.is_local() => "layers.mac.local",
        _ => "layers.mac.universal",
    }
}

/// The standard's name in words; flags that are called by three letters in capitals.
fn name(field: &Field) -> String {
    match field.value {
        Value::Flag(_) if field.name.len() <= 3 => field.name.to_uppercase(),
        _ => field.name.replace('_', " "),
    }
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    escape::push_text(&mut out, text);
    out
}

/// Appends a row of cells, each wrapped to its column; the last cell takes the columns that are left.
pub(super) fn row(style: &Style, out: &mut String, columns: &[usize], cells: &[(Tone, String)]) {
    let fixed: usize = columns.iter().map(|c| c + 1).sum();
    let rest = style.width.saturating_sub(fixed).max(2);
    let room = |cell: usize| columns.get(cell).copied().unwrap_or(rest);
    let cells: Vec<(Tone, &str, Vec<String>)> = cells
        .iter()
        .enumerate()
        .map(|(at, (tone, text))| {
            let bare = text.trim_start_matches(' ');
            let indent = &text[..text.len() - bare.len()];
            (*tone, indent, wrap(bare, room(at).saturating_sub(indent.len()).max(2), 0))
        })
        .collect();
    let height = cells.iter().map(|(_, _, lines)| lines.len()).max().unwrap_or_default();
    for line in 0..height {
        let mut owed = 0;
        for (at, (tone, indent, lines)) in cells.iter().enumerate() {
            let text = lines.get(line).map_or("", String::as_str).trim_end();
            if text.is_empty() {
                owed += room(at) + 1;
                continue;
            }
            out.extend(std::iter::repeat_n(' ', owed + indent.len()));
            style.push(out, *tone, text);
            owed = (room(at) + 1).saturating_sub(indent.len() + width(text));
        }
        out.push('\n');
    }
}
