//! Octets in hexadecimal and ASCII, each with the layer it belongs to.

use std::fmt::Write;
use std::ops::Range;

use super::style::{Style, Tone};
use crate::dissect::{Dissection, application_concealed};
use crate::packet::{Buffer, Layer, Protocol};
use crate::report::PacketEvent;

/// The most octets of one buffer that are dumped.
pub(super) const MOST_OCTETS: usize = 64 * 1024;

/// The number of TCP in IP headers.
const TCP: u8 = 6;

/// Stands for an octet of no layer.
const NOBODY: u8 = u8::MAX;

/// Which octets of a packet are secret.
#[derive(Debug, Default)]
pub(super) struct Mask {
    frame: Vec<bool>,
    reassembled: Vec<bool>,
}

impl Mask {
    /// What the conversation conceals, what HTTP fields of this segment do, and the same octets in fragments.
    pub(super) fn of(event: &PacketEvent<'_>, layers: &[Layer]) -> Self {
        let d = event.dissection;
        let mut mask = Self::default();
        for range in event.concealed {
            mask.hide(d, d.payload.buffer, d.payload.offset, range);
        }
        let mut ranges = Vec::new();
        for layer in layers {
            ranges.clear();
            application_concealed(layer.protocol, d.octets(layer), &mut ranges);
            for range in &ranges {
                mask.hide(d, layer.buffer, layer.offset, range);
            }
        }
        mask.hide_fragment(d, layers);
        mask
    }

    fn hide(&mut self, dissection: &Dissection<'_>, buffer: Buffer, base: u32, range: &Range<u32>) {
        let hidden = match buffer {
            Buffer::Frame => &mut self.frame,
            Buffer::Reassembled => &mut self.reassembled,
        };
        let octets = dissection.buffer(buffer).len();
        hidden.resize(octets, false);
        let start = (base as usize + range.start as usize).min(octets);
        let end = (base as usize + range.end as usize).clamp(start, octets);
        hidden[start..end].fill(true);
    }

    /// A fragment has a part of the secrets too. While others are awaited nobody knows which: all that it has
    /// of a TCP segment is hidden.
    fn hide_fragment(&mut self, d: &Dissection<'_>, layers: &[Layer]) {
        let Some(fragment) = d.fragment else { return };
        let headers = layers.iter().take_while(|l| l.buffer == Buffer::Frame && l.protocol != Protocol::Data);
        let start = headers.last().map_or(0, |l| l.offset.saturating_add(l.length));
        if !fragment.completed {
            if d.ip.is_some_and(|ip| ip.payload_protocol == TCP) {
                self.hide(d, Buffer::Frame, start, &(0..u32::MAX));
            }
        } else if self.reassembled.contains(&true) {
            self.frame.resize(d.frame.len(), false);
            let part = self.reassembled.iter().skip(fragment.offset as usize);
            for (frame, reassembled) in self.frame.iter_mut().skip(start as usize).zip(part) {
                *frame |= *reassembled;
            }
        }
    }

    fn hidden(&self, buffer: Buffer) -> &[bool] {
        match buffer {
            Buffer::Frame => &self.frame,
            Buffer::Reassembled => &self.reassembled,
        }
    }

    /// Whether the octet at this place is secret.
    pub(super) fn hides(&self, buffer: Buffer, at: usize) -> bool {
        self.hidden(buffer).get(at).is_some_and(|&hidden| hidden)
    }

    /// Whether any octet is.
    pub(super) fn hides_any(&self, buffer: Buffer, start: usize, length: usize) -> bool {
        let hidden = self.hidden(buffer);
        let end = start.saturating_add(length).min(hidden.len());
        hidden.get(start..end).is_some_and(|part| part.contains(&true))
    }
}

/// The letter that stands for the layer with this index.
pub(super) fn letter(index: usize) -> char {
    const LETTERS: &[u8; 52] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    LETTERS.get(index).map_or('?', |&l| char::from(l))
}

/// One buffer of a packet on its way into rows.
pub(super) struct Dump<'a> {
    pub(super) buffer: Buffer,
    pub(super) octets: &'a [u8],
    pub(super) layers: &'a [Layer],
    pub(super) mask: &'a Mask,
}

impl Dump<'_> {
    /// Appends the rows. Returns how many octets were left out because there are too many.
    pub(super) fn push(&self, style: &Style, out: &mut String) -> usize {
        let shown = &self.octets[..self.octets.len().min(MOST_OCTETS)];
        let owners = self.owners(shown.len());
        let columns = if style.width >= 76 { 16 } else { 8 };
        let mut before = NOBODY;
        for (row, (octets, owners)) in shown.chunks(columns).zip(owners.chunks(columns)).enumerate() {
            let row = Row { dump: self, at: row * columns, octets, owners, columns, before };
            row.push(style, out);
            before = owners.last().copied().unwrap_or(NOBODY);
        }
        self.octets.len() - shown.len()
    }

    /// For each octet the index of the layer that it belongs to.
    fn owners(&self, length: usize) -> Vec<u8> {
        let mut owners = vec![NOBODY; length];
        for (index, layer) in self.layers.iter().enumerate().filter(|(_, l)| l.buffer == self.buffer) {
            let start = (layer.offset as usize).min(length);
            let end = (start + layer.length as usize).min(length);
            owners[start..end].fill(u8::try_from(index).unwrap_or(NOBODY));
        }
        owners
    }

    fn tone(&self, owner: u8) -> Tone {
        self.layers.get(usize::from(owner)).map_or(Tone::Plain, |layer| match layer.protocol {
            Protocol::Data => Tone::Plain,
            protocol => Tone::of(protocol),
        })
    }
}

/// One row of a dump.
struct Row<'a> {
    dump: &'a Dump<'a>,
    at: usize,
    octets: &'a [u8],
    owners: &'a [u8],
    columns: usize,
    before: u8,
}

impl Row<'_> {
    fn push(&self, style: &Style, out: &mut String) {
        style.push(out, Tone::Quiet, &format!("{:04x} ", self.at));
        let mut part = String::new();
        for run in self.runs() {
            part.clear();
            for at in run.clone() {
                part.push(if at == run.start && self.begins_layer(at) { '|' } else { ' ' });
                match self.hidden(at) {
                    true => part.push_str("··"),
                    false => {
                        let _ = write!(part, "{:02x}", self.octets[at]);
                    }
                }
            }
            style.push(out, self.dump.tone(self.owners[run.start]), &part);
        }
        out.extend(std::iter::repeat_n(' ', (self.columns - self.octets.len()) * 3 + 2));
        for run in self.runs() {
            part.clear();
            part.extend(run.clone().map(|at| match self.octets[at] {
                _ if self.hidden(at) => '·',
                octet @ 0x20..=0x7e => char::from(octet),
                _ => '.',
            }));
            style.push(out, self.dump.tone(self.owners[run.start]), &part);
        }
        self.push_letters(style, out);
        out.push('\n');
    }

    /// The letters of the row's layers, as many as there is room for.
    fn push_letters(&self, style: &Style, out: &mut String) {
        out.extend(std::iter::repeat_n(' ', self.columns - self.octets.len() + 1));
        let room = style.width.saturating_sub(self.columns * 4 + 8);
        for run in self.runs().take(room) {
            let owner = self.owners[run.start];
            let sign = if owner == NOBODY { '-' } else { letter(usize::from(owner)) };
            style.push(out, self.dump.tone(owner), sign.encode_utf8(&mut [0; 4]));
        }
    }

    /// Whether the octet at this place of the row belongs to another layer than the one before it.
    fn begins_layer(&self, at: usize) -> bool {
        let before = if at == 0 { self.before } else { self.owners[at - 1] };
        self.at + at > 0 && before != self.owners[at]
    }

    fn hidden(&self, at: usize) -> bool {
        self.dump.mask.hides(self.dump.buffer, self.at + at)
    }

    /// Neighbours that belong to one layer.
    fn runs(&self) -> impl Iterator<Item = Range<usize>> + '_ {
        let mut start = 0;
        self.owners.chunk_by(|a, b| a == b).map(move |run| {
            let from = start;
            start += run.len();
            from..start
        })
    }
}
