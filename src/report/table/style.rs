//! Colour, widths and grids: everything that the tables look like.

use comfy_table::{Cell, CellAlignment, Color, ContentArrangement, Table, TableComponent};
use unicode_width::UnicodeWidthChar;

use crate::lesson::{Lang, find, say};
use crate::packet::Protocol;
use crate::report::{Options, escape};

/// What a piece of text is, for its colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tone {
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

    const fn color(self) -> Option<Color> {
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
#[derive(Debug, Clone, Copy)]
pub(super) struct Style {
    pub(super) lang: Lang,
    pub(super) color: bool,
    pub(super) width: usize,
}

impl Style {
    pub(super) fn new(options: &Options) -> Self {
        Self { lang: options.lang, color: options.color, width: options.width.max(40) }
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
        let mut table = Table::new();
        table.load_preset(comfy_table::presets::NOTHING);
        table.set_style(TableComponent::HeaderLines, '─');
        table.set_style(TableComponent::MiddleHeaderIntersections, '─');
        table.set_content_arrangement(ContentArrangement::Dynamic);
        table.set_width(u16::try_from(self.width).unwrap_or(u16::MAX));
        if self.color {
            table.enforce_styling();
        } else {
            table.force_no_tty();
        }
        table.set_header(columns.iter().map(|key| Cell::new(self.word(&format!("view.{key}")))));
        for column in table.column_iter_mut() {
            column.set_padding((0, 1));
        }
        table
    }

    /// A cell in a tone.
    pub(super) fn cell(&self, tone: Tone, text: impl Into<String>) -> Cell {
        let cell = Cell::new(text.into());
        match tone.color() {
            Some(color) if self.color => cell.fg(color),
            _ => cell,
        }
    }

    /// A right-aligned cell.
    pub(super) fn number(&self, value: impl std::fmt::Display) -> Cell {
        Cell::new(value).set_alignment(CellAlignment::Right)
    }

    /// Appends a finished table.
    pub(super) fn push_grid(&self, out: &mut String, table: &Table) {
        for line in table.lines() {
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

/// `text` in lines of at most `columns`, the first one full, the others leaving room for `indent`.
pub(super) fn wrap(text: &str, columns: usize, indent: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut used = 0;
    for piece in pieces(text) {
        let wide = width(piece);
        let room = if lines.len() == 1 { columns } else { columns.saturating_sub(indent) };
        if used > 0 && used + width(piece.trim_end()) > room {
            if let Some(last) = lines.last_mut() {
                last.truncate(last.trim_end().len());
            }
            lines.push(String::new());
            used = 0;
        }
        let room = if lines.len() == 1 { columns } else { columns.saturating_sub(indent) }.max(2);
        if width(piece.trim_end()) <= room {
            if let Some(last) = lines.last_mut() {
                last.push_str(piece);
            }
            used += wide;
            continue;
        }
        for c in piece.chars() {
            let wide = c.width().unwrap_or(0);
            if used + wide > columns.saturating_sub(indent).max(2) {
                lines.push(String::new());
                used = 0;
            }
            if let Some(last) = lines.last_mut() {
                last.push(c);
            }
            used += wide;
        }
    }
    if let Some(last) = lines.last_mut() {
        last.truncate(last.trim_end().len());
    }
    lines
}

/// Words with the blanks behind them; a double-width character is a word of its own, with the punctuation
/// behind it that must not begin a line.
fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let mut chars = rest.char_indices().peekable();
        let (_, first) = chars.next()?;
        let mut before = first;
        let mut end = rest.len();
        for (at, c) in chars {
            let wide = c.width() == Some(2) || before.width() == Some(2);
            let breaks = (before == ' ' && c != ' ')
                || (wide && !"，。；：？！、）”’ ".contains(c) && !"（“‘".contains(before));
            if breaks {
                end = at;
                break;
            }
            before = c;
        }
        let (piece, after) = rest.split_at(end);
        rest = after;
        Some(piece)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_between_words_and_between_han_characters_but_not_before_punctuation() {
        assert_eq!(wrap("one two three", 8, 2), ["one two", "three"]);
        assert_eq!(wrap("三次握手，四次挥手", 10, 0), ["三次握手，", "四次挥手"]);
        assert_eq!(wrap("abcdefgh", 4, 0), ["abcd", "efgh"]);
        assert_eq!(wrap("", 4, 0), [""]);
    }

    #[test]
    fn clipped_text_never_takes_more_columns_than_it_may() {
        assert_eq!(clipped("帧校验序列", 5), "帧校…");
        assert_eq!(clipped("frame", 5), "frame");
        assert_eq!(clipped("frames", 5), "fram…");
        assert_eq!(clipped("x", 0), "");
    }
}
