//! Rows that are written while packets come: columns of fixed width, so that each row stands where the one before did.

use super::style::{Style, Tone, width};
use super::wrap::wrap;

/// A column: its heading as a text `view.<key>`, its width, whether it is aligned to the right.
#[derive(Debug, Clone, Copy)]
pub(super) struct Column(pub(super) &'static str, pub(super) usize, pub(super) bool);

/// Columns of fixed width; the last one takes what is left.
#[derive(Debug, Clone)]
pub(super) struct Columns {
    style: Style,
    columns: Vec<Column>,
    begun: bool,
}

impl Columns {
    pub(super) fn new(style: Style, mut columns: Vec<Column>) -> Self {
        let fixed: usize = columns.iter().rev().skip(1).map(|column| column.1 + 1).sum();
        if let Some(last) = columns.last_mut() {
            last.1 = style.width.saturating_sub(fixed).max(12);
        }
        Self { style, columns, begun: false }
    }

    /// Appends a row, before the first one the headings; a cell that is too wide takes several lines.
    pub(super) fn push(&mut self, out: &mut String, cells: &[(Tone, String)]) {
        if !std::mem::replace(&mut self.begun, true) {
            let headings: Vec<_> = self
                .columns
                .iter()
                .map(|column| (Tone::Title, self.style.word(&format!("view.{}", column.0))))
                .collect();
            self.row(out, &headings);
        }
        self.row(out, cells);
    }

    fn row(&self, out: &mut String, cells: &[(Tone, String)]) {
        let wrapped: Vec<Vec<String>> = cells
            .iter()
            .zip(&self.columns)
            .map(|((_, text), column)| text.split('\n').flat_map(|line| wrap(line, column.1, 0)).collect())
            .collect();
        let lines = wrapped.iter().map(Vec::len).max().unwrap_or(0);
        for at in 0..lines {
            let mut blanks = 0;
            for (index, column) in self.columns.iter().enumerate() {
                let text = wrapped.get(index).and_then(|lines| lines.get(at)).map_or("", String::as_str);
                let room = column.1.saturating_sub(width(text));
                if column.2 {
                    blanks += room;
                }
                // nothing is written behind the last text of a line
                if !text.is_empty() {
                    out.extend(std::iter::repeat_n(' ', std::mem::take(&mut blanks)));
                    let tone = cells.get(index).map_or(Tone::Plain, |(tone, _)| *tone);
                    self.style.push(out, tone, text);
                }
                blanks += if column.2 { 1 } else { room + 1 };
            }
            out.push('\n');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lesson::Lang;
    use crate::report::TimeFormat;

    #[test]
    fn cells_that_are_too_wide_go_on_below_and_the_next_row_stands_in_the_same_columns() {
        let style =
            Style { lang: Lang::Zh, color: false, width: 40, time: TimeFormat::Relative, names: None };
        let columns = vec![Column("number", 3, true), Column("line", 8, false), Column("means", 0, false)];
        let mut columns = Columns::new(style, columns);
        let mut out = String::new();
        let plain = |text: &str| (Tone::Plain, text.to_owned());
        columns.push(&mut out, &[plain("7"), plain("EHLO client"), plain("客户端自报名称")]);
        columns.push(&mut out, &[plain("12"), plain("QUIT"), plain("再见")]);
        let expected = "  # 内容     含义\n  7 EHLO     客户端自报名称\n    client\n 12 QUIT     再见\n";
        assert_eq!(out, expected);
    }
}
