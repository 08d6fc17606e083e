//! The table of what two programs said to each other: a row a line, and what each means where it stands.

use comfy_table::{ColumnConstraint, Width};

use super::style::{Style, Tone, width};

/// The place of the column of lines.
const LINE_COLUMN: usize = 3;

/// One row.
#[derive(Default)]
pub(super) struct Row {
    /// The packets that it came in.
    pub(super) packet: String,
    /// Milliseconds since the one before.
    pub(super) delta: String,
    /// Who said it.
    pub(super) who: String,
    /// What was said.
    pub(super) line: String,
    /// The OSI layers whose part it plays, and its phase where the protocol has phases.
    pub(super) role: String,
    /// What it means here.
    pub(super) means: String,
    /// The tone of the line.
    pub(super) tone: Tone,
}

/// Appends the rows; an empty one separates what is separate. `role` heads the column of roles.
pub(super) fn push(style: &Style, out: &mut String, role: &str, rows: impl IntoIterator<Item = Row>) {
    let mut grid = style.grid(&["packet", "delta", "who", "line", role, "means"]);
    let mut longest = 0;
    for Row { packet, delta, who, line, role, means, tone } in rows {
        longest = longest.max(line.split(' ').map(width).max().unwrap_or(0));
        grid.add_row([
            style.number(packet),
            style.number(delta),
            style.cell(Tone::Quiet, who),
            style.cell(tone, line),
            style.cell(Tone::Quiet, role),
            style.cell(Tone::Plain, means),
        ]);
    }
    // an address, a name or a target stands on one line where there is room for it
    let room = u16::try_from(longest.min(style.width / 3) + 1).unwrap_or(u16::MAX);
    if let Some(column) = grid.column_mut(LINE_COLUMN) {
        column.set_constraint(ColumnConstraint::LowerBoundary(Width::Fixed(room)));
    }
    style.push_grid(out, grid);
}
