//! Tables of cells: broken into lines here, because where a Chinese line may end comfy-table does not know, and drawn
//! by comfy-table.

use comfy_table::{
    CellAlignment, Column, ColumnConstraint, ContentArrangement, Table as Drawing, TableComponent, Width,
};
use unicode_width::UnicodeWidthStr;

use super::style::Tone;
use super::wrap::wrap;

/// A cell.
#[derive(Debug, Clone)]
pub(super) struct Cell {
    text: String,
    tone: Tone,
    alignment: CellAlignment,
}

impl Cell {
    pub(super) fn new(tone: Tone, text: String) -> Self {
        Self { text, tone, alignment: CellAlignment::Left }
    }

    pub(super) fn at_the_right(self) -> Self {
        Self { alignment: CellAlignment::Right, ..self }
    }

    /// Columns of its longest line, in lines of at most `columns`.
    fn longest(&self, columns: usize) -> usize {
        self.text.lines().map(|line| longest(line, columns)).max().unwrap_or(0)
    }

    fn drawn(self, columns: usize, color: bool) -> comfy_table::Cell {
        let fits = self.text.lines().all(|line| line.width() <= columns);
        let text = if fits { self.text } else { broken(&self.text, columns) };
        let cell = comfy_table::Cell::new(text).set_alignment(self.alignment);
        match self.tone.color() {
            Some(tone) if color => cell.fg(tone),
            _ => cell,
        }
    }
}

fn longest(line: &str, columns: usize) -> usize {
    let width = line.width();
    if width <= columns {
        return width;
    }
    wrap(line, columns, 0).iter().map(|line| line.width()).max().unwrap_or(0)
}

fn broken(text: &str, columns: usize) -> String {
    let lines: Vec<String> = text.split('\n').flat_map(|line| wrap(line, columns, 0)).collect();
    lines.join("\n")
}

/// A table that fits into a width.
#[derive(Debug)]
pub(super) struct Table {
    drawing: Drawing,
    header: Vec<Cell>,
    rows: Vec<Vec<Cell>>,
    width: usize,
    color: bool,
}

impl Table {
    /// Without rows; as many columns as the header has.
    pub(super) fn new(header: Vec<String>, width: usize, color: bool) -> Self {
        let mut drawing = Drawing::new();
        drawing.load_preset(comfy_table::presets::NOTHING);
        drawing.set_style(TableComponent::HeaderLines, '─');
        drawing.set_style(TableComponent::MiddleHeaderIntersections, '─');
        drawing.set_content_arrangement(ContentArrangement::Disabled);
        if color {
            drawing.enforce_styling();
        } else {
            drawing.force_no_tty();
        }
        drawing.set_header(&header);
        for column in drawing.column_iter_mut() {
            column.set_padding((0, 1));
        }
        let header = header.into_iter().map(|text| Cell::new(Tone::Plain, text)).collect();
        Self { drawing, header, rows: Vec::new(), width, color }
    }

    /// Adds a row: a cell for each column.
    pub(super) fn add_row(&mut self, cells: impl Into<Vec<Cell>>) {
        self.rows.push(cells.into());
    }

    /// A column, to bound its width.
    pub(super) fn column_mut(&mut self, at: usize) -> Option<&mut Column> {
        self.drawing.column_mut(at)
    }

    /// Its lines.
    pub(super) fn into_lines(mut self) -> impl Iterator<Item = String> {
        let widths = self.widths();
        for column in self.drawing.column_iter_mut() {
            column.remove_constraint();
        }
        let draw = |cells: Vec<Cell>, color: bool| -> Vec<comfy_table::Cell> {
            cells.into_iter().zip(&widths).map(|(cell, &columns)| cell.drawn(columns, color)).collect()
        };
        self.drawing.set_header(draw(self.header, self.color));
        for row in self.rows {
            self.drawing.add_row(draw(row, self.color));
        }
        let lines: Vec<String> = self.drawing.lines().collect();
        lines.into_iter()
    }

    fn column(&self, at: usize) -> impl Iterator<Item = &Cell> {
        self.header.get(at).into_iter().chain(self.rows.iter().filter_map(move |row| row.get(at)))
    }

    /// How many columns of the terminal each column gets: what it needs, if that is no more than an equal share of what
    /// is left; the others share the rest.
    fn widths(&self) -> Vec<usize> {
        let count = self.header.len();
        let needed =
            |at: usize, columns: usize| self.column(at).map(|cell| cell.longest(columns)).max().unwrap_or(0);
        let full: Vec<usize> = (0..count).map(|at| needed(at, usize::MAX)).collect();
        // a blank belongs to each column, and one stands between two
        let mut room = Room { left: (self.width + 1).saturating_sub(2 * count), widths: vec![None; count] };
        let mut settled = true;
        while std::mem::take(&mut settled) {
            for (at, &full) in full.iter().enumerate() {
                let share = room.share();
                let bound = self.bound(at).filter(|&bound| bound <= share && bound < full);
                let least = self.least(at).map(|least| least.min(full)).filter(|&least| least > share);
                let width = bound.or_else(|| (full <= share).then_some(full)).or(least);
                if let Some(width) = width.filter(|_| room.widths[at].is_none()) {
                    room.give(at, width);
                    settled = true;
                }
            }
        }
        for at in 0..count {
            if room.widths[at].is_none() {
                let width = needed(at, room.share());
                room.give(at, width);
            }
        }
        room.widths.into_iter().map(|width| width.unwrap_or(1).max(1)).collect()
    }

    /// The columns of its text at least, less the blank behind it.
    fn least(&self, at: usize) -> Option<usize> {
        match self.drawing.column(at)?.constraint()? {
            ColumnConstraint::LowerBoundary(Width::Fixed(least)) => {
                Some(usize::from(*least).saturating_sub(1))
            }
            _ => None,
        }
    }

    /// The columns of its text at most, less the blank behind it.
    fn bound(&self, at: usize) -> Option<usize> {
        match self.drawing.column(at)?.constraint()? {
            ColumnConstraint::UpperBoundary(Width::Fixed(bound)) => {
                Some(usize::from(*bound).saturating_sub(1))
            }
            _ => None,
        }
    }
}

/// What is left of the terminal's width, and which columns have got theirs.
struct Room {
    left: usize,
    widths: Vec<Option<usize>>,
}

impl Room {
    /// An equal share of what is left.
    fn share(&self) -> usize {
        self.left / self.widths.iter().filter(|width| width.is_none()).count().max(1)
    }

    fn give(&mut self, at: usize, width: usize) {
        self.widths[at] = Some(width);
        self.left = self.left.saturating_sub(width);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(width: usize, rows: &[[&str; 3]]) -> Vec<String> {
        let mut table = Table::new(["a", "b", "c"].map(str::to_owned).to_vec(), width, false);
        for row in rows {
            table.add_row(row.map(|text| Cell::new(Tone::Plain, text.to_owned())));
        }
        table.into_lines().collect()
    }

    #[test]
    fn a_column_gets_what_it_needs_and_the_longest_one_the_rest() {
        let lines = table(30, &[["1", "22", "a text that needs more than one line"]]);
        assert_eq!(lines[2].trim_end(), "1  22  a text that needs more");
        assert_eq!(lines[3].trim_end(), "       than one line");
        assert!(lines.iter().all(|line| line.width() <= 30), "{lines:#?}");
    }

    #[test]
    fn chinese_punctuation_never_begins_a_line_of_a_cell() {
        for width in 12..40 {
            let lines = table(
                width,
                &[["1", "响应方", "序号 28961 之前的数据都已收到，其中最后一部分由第 4 个包发送。"]],
            );
            assert!(lines.iter().all(|line| line.width() <= width), "{lines:#?}");
            assert!(!lines.iter().any(|line| line.trim_start().starts_with(['，', '。'])), "{lines:#?}");
        }
    }
}
