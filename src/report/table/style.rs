//! Colour, widths and grids: everything that the tables look like.

use std::net::IpAddr;

use comfy_table::Color;
use unicode_width::UnicodeWidthChar;

use super::grid::{Cell, Table};
use super::wrap::wrap;
use crate::lesson::{Lang, find, say};
use crate::packet::{Endpoint, Protocol};
use crate::report::{KnownNames, Options, TimeFormat, escape};

/// Columns that the name of an address takes at most.
const LONGEST_NAME: usize = 60;

/// What a piece of text is, for its colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Tone {
    #[default]
    Plain,
    Title,
    Quiet,
    Good,
    Bad,
    Warn,
    Link,
    Network,
    Transport,
    Upper,
}

impl Tone {
    /// The tone of a protocol's layer.
    pub(super) const fn of(protocol: Protocol) -> Self {
        match protocol.osi() {
            [2, ..] => Tone::Link,
            [3, ..] => Tone::Network,
            [4, ..] => Tone::Transport,
            [5..=7, ..] => Tone::Upper,
            _ => Tone::Plain,
        }
    }

    const fn ansi(self) -> &'static str {
        match self {
            Tone::Plain => "",
            Tone::Title => "\x1b[1m",
            Tone::Quiet => "\x1b[2m",
            Tone::Good | Tone::Transport => "\x1b[32m",
            Tone::Bad => "\x1b[1;31m",
            Tone::Warn | Tone::Link => "\x1b[33m",
            Tone::Network => "\x1b[36m",
            Tone::Upper => "\x1b[35m",
        }
    }

    pub(super) const fn color(self) -> Option<Color> {
        match self {
            Tone::Plain | Tone::Title => None,
            Tone::Quiet => Some(Color::DarkGrey),
            Tone::Good | Tone::Transport => Some(Color::DarkGreen),
            Tone::Bad => Some(Color::Red),
            Tone::Warn | Tone::Link => Some(Color::DarkYellow),
            Tone::Network => Some(Color::DarkCyan),
            Tone::Upper => Some(Color::DarkMagenta),
        }
    }
}

/// How this run's tables look and which language they speak.
#[derive(Debug, Clone)]
pub(super) struct Style {
    pub(super) lang: Lang,
    pub(super) color: bool,
    pub(super) width: usize,
    pub(super) time: TimeFormat,
    /// The names of addresses, where they are asked for.
    pub(super) names: Option<KnownNames>,
}

impl Style {
    pub(super) fn new(options: &Options) -> Self {
        // some signs become longer in ASCII
        let width = options.width.saturating_sub(if options.ascii { 4 } else { 0 }).max(40);
        Self {
            lang: options.lang,
            color: options.color,
            width,
            time: options.time,
            names: options.names.clone(),
        }
    }

    /// An address, or the name that an answer in this capture gave it, where names are asked for.
    pub(super) fn address(&self, address: IpAddr) -> String {
        self.name(address).unwrap_or_else(|| address.to_string())
    }

    /// An address and a port; the address by its name, where names are asked for.
    pub(super) fn endpoint(&self, endpoint: Endpoint) -> String {
        match self.name(endpoint.address) {
            Some(name) => format!("{name}:{}", endpoint.port),
            None => endpoint.to_string(),
        }
    }

    /// The name of an address, where names are asked for and it has one.
    pub(super) fn name(&self, address: IpAddr) -> Option<String> {
        let name = self.names.as_ref()?.of(address)?;
        Some(clipped(&shown(&name), LONGEST_NAME))
    }

    /// A text of the lesson.
    pub(super) fn say(&self, key: &str, values: &[(&str, &dyn std::fmt::Display)]) -> String {
        say(self.lang, key, values)
    }

    /// A text of the lesson with no values.
    pub(super) fn word(&self, key: &str) -> String {
        say(self.lang, key, &[])
    }

    /// A text of the lesson that need not exist.
    pub(super) fn find(&self, key: &str) -> Option<String> {
        find(self.lang, key, &[])
    }

    /// Brackets of this language around `text`, with a blank before them where the language has one.
    pub(super) fn in_brackets(&self, text: &str) -> String {
        self.say("view.brackets", &[("text", &text)])
    }

    /// Appends `text` in a tone.
    pub(super) fn push(&self, out: &mut String, tone: Tone, text: &str) {
        let ansi = if self.color { tone.ansi() } else { "" };
        out.push_str(ansi);
        out.push_str(text);
        if !ansi.is_empty() {
            out.push_str("\x1b[0m");
        }
    }

    /// Appends `text` as lines no wider than the terminal, each after the first indented.
    pub(super) fn paragraph(&self, out: &mut String, tone: Tone, text: &str, indent: usize) {
        for (at, line) in wrap(text, self.width, indent).iter().enumerate() {
            out.extend(std::iter::repeat_n(' ', if at == 0 { 0 } else { indent }));
            self.push(out, tone, line);
            out.push('\n');
        }
    }

    /// A heading with an empty line before it.
    pub(super) fn heading(&self, out: &mut String, text: &str) {
        if !out.is_empty() {
            out.push('\n');
        }
        self.paragraph(out, Tone::Title, text, 2);
    }

    /// A table whose columns are headed by texts `view.<key>`.
    pub(super) fn grid(&self, columns: &[&str]) -> Table {
        let header = columns.iter().map(|key| self.word(&format!("view.{key}"))).collect();
        Table::new(header, self.width, self.color)
    }

    /// A cell in a tone.
    pub(super) fn cell(&self, tone: Tone, text: impl Into<String>) -> Cell {
        Cell::new(tone, text.into())
    }

    /// A right-aligned cell.
    pub(super) fn number(&self, value: impl std::fmt::Display) -> Cell {
        Cell::new(Tone::Plain, value.to_string()).at_the_right()
    }

    /// Appends a finished table.
    pub(super) fn push_grid(&self, out: &mut String, table: Table) {
        for line in table.into_lines() {
            out.push_str(line.trim_end());
            out.push('\n');
        }
    }
}

/// Text from the wire, made harmless.
pub(super) fn shown(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    escape::push_text(&mut out, text);
    out
}

/// Columns that `text` takes on a terminal.
pub(super) fn width(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.chars().map(columns).sum() }
}

/// Columns that a character takes; those that rows are made of are known by heart.
fn columns(c: char) -> usize {
    match c {
        ' '..='~' | '→' | '←' | '…' | '·' => 1,
        _ => c.width().unwrap_or(0),
    }
}

/// The longest beginning of `text` that takes at most `columns`; with `…` where something was cut.
pub(super) fn push_clipped(out: &mut String, text: &str, columns: usize) -> usize {
    let full = width(text);
    if full <= columns {
        out.push_str(text);
        return full;
    }
    if columns == 0 {
        return 0;
    }
    let mut used = 0;
    for c in text.chars() {
        let wide = c.width().unwrap_or(0);
        if used + wide > columns - 1 {
            break;
        }
        used += wide;
        out.push(c);
    }
    out.push('…');
    used + 1
}

/// `text` clipped to `columns`.
pub(super) fn clipped(text: &str, columns: usize) -> String {
    let mut out = String::new();
    push_clipped(&mut out, text, columns);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clipped_text_never_takes_more_columns_than_it_may() {
        assert_eq!(clipped("帧校验序列", 5), "帧校…");
        assert_eq!(clipped("frame", 5), "frame");
        assert_eq!(clipped("frames", 5), "fram…");
        assert_eq!(clipped("x", 0), "");
    }
}
