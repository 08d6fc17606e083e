//! The MIME tree of a message, a row a node.

use comfy_table::{ColumnConstraint, Width};

use super::super::grid::Table;
use super::super::style::{Style, Tone, clipped, shown, width};
use super::message::Content;
use crate::conversation::mail::{Part, PartKind};

/// Columns that a type, an encoding and a file name take at most.
const LONGEST_TYPE: usize = 60;
const LONGEST_ENCODING: usize = 16;
const LONGEST_NAME: usize = 120;
/// Columns of the table, and what numbers and the types that are met most often take in them.
const COLUMNS: usize = 6;
const SHORT: usize = 10;
const COMMON_TYPE: usize = 25;
/// Levels of the tree that are drawn; what is deeper stands at the last of them.
const LEVELS: usize = 8;
/// Octets of a hash that are shown.
const DIGEST: usize = 4;

/// Appends the tree, and what is missing of it.
pub(super) fn push(style: &Style, message: &Content<'_>, out: &mut String) {
    if !message.parts.is_empty() {
        out.push('\n');
        grid(style, message.parts, out);
        if message.parts.iter().any(|part| part.assumed) {
            style.paragraph(out, Tone::Quiet, &style.word("smtp.mail.assumed_note"), 2);
        }
    }
    if !message.parts_complete {
        style.paragraph(out, Tone::Warn, &style.word("smtp.mail.tree_incomplete"), 2);
    }
}

fn grid(style: &Style, parts: &[Part], out: &mut String) {
    let mut grid = style.grid(&["mime_part", "mime_type", "encoding", "mime_octets", "digest", "filename"]);
    let mut widest = [0; COLUMNS];
    for (part, branch) in parts.iter().zip(branches(parts)) {
        let (tone, digest) = digest(style, part);
        let has_content = part.kind != PartKind::Multipart;
        let content = |text: String| if has_content { text } else { String::new() };
        let filename = part.filename.as_deref().map(|name| clipped(&shown(name), LONGEST_NAME));
        let texts = [
            // a multipart has no content that could be fetched by its number
            content(part.number.clone()),
            format!("{branch}{}", clipped(&kind(style, part), LONGEST_TYPE)),
            content(clipped(&shown(&part.encoding), LONGEST_ENCODING)),
            content(part.octets.to_string()),
            digest,
            filename.unwrap_or_default(),
        ];
        widest.iter_mut().zip(&texts).for_each(|(widest, text)| *widest = (*widest).max(width(text)));
        let [number, kind, encoding, octets, digest, filename] = texts;
        grid.add_row([
            style.cell(Tone::Plain, number),
            style.cell(Tone::Plain, kind),
            style.cell(Tone::Quiet, encoding),
            style.number(octets),
            style.cell(tone, digest),
            style.cell(Tone::Plain, filename),
        ]);
    }
    keep_whole(style, &mut grid, widest);
    style.push_grid(out, grid);
}

/// What is short is not broken over lines, and of a type not what most types need; long types and names share
/// the rest.
fn keep_whole(style: &Style, grid: &mut Table, widest: [usize; COLUMNS]) {
    let bounds = [SHORT, COMMON_TYPE, LONGEST_ENCODING, SHORT, SHORT];
    if style.width < bounds.iter().sum() {
        return;
    }
    for (index, (bound, widest)) in bounds.into_iter().zip(widest).enumerate() {
        let columns = u16::try_from(widest.min(bound) + 1).unwrap_or(u16::MAX);
        if let Some(column) = grid.column_mut(index) {
            column.set_constraint(ColumnConstraint::LowerBoundary(Width::Fixed(columns)));
        }
    }
}

fn kind(style: &Style, part: &Part) -> String {
    let mut kind = shown(&part.content_type);
    if part.assumed {
        kind.push_str(&style.word("smtp.mail.assumed"));
    }
    part.charset.as_deref().map_or(kind.clone(), |charset| format!("{kind} · {}", shown(charset)))
}

/// The first octets of the hash.
fn digest(style: &Style, part: &Part) -> (Tone, String) {
    match &part.sha256 {
        Some(digest) => {
            let digest = digest.iter().take(DIGEST).map(|octet| format!("{octet:02x}"));
            (Tone::Quiet, digest.collect::<String>() + "…")
        }
        None if part.kind == PartKind::Multipart => (Tone::Quiet, String::new()),
        None => (Tone::Warn, style.word("smtp.mail.incomplete")),
    }
}

/// What stands before each node: `├─ ` where others follow in the same node, `└─ ` before the last one.
fn branches(parts: &[Part]) -> Vec<String> {
    // whether another node of the level follows, seen from behind
    let mut follows = vec![false; LEVELS + 2];
    let mut branches: Vec<_> =
        parts.iter().rev().map(|part| branch(&mut follows, part.depth.min(LEVELS))).collect();
    branches.reverse();
    branches
}

fn branch(follows: &mut [bool], level: usize) -> String {
    let mut out = String::new();
    for &more in follows.iter().take(level).skip(1) {
        out.push_str(if more { "│  " } else { "   " });
    }
    if level > 0 {
        out.push_str(if follows[level] { "├─ " } else { "└─ " });
    }
    follows[level] = true;
    follows[level + 1..].fill(false);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(depth: usize) -> Part {
        Part {
            kind: PartKind::Leaf,
            number: String::new(),
            depth,
            content_type: "text/plain".into(),
            assumed: false,
            encoding: "7bit".into(),
            charset: None,
            filename: None,
            octets: 0,
            sha256: None,
            complete: true,
        }
    }

    #[test]
    fn branches_show_what_stands_in_what() {
        let parts = [0, 1, 2, 2, 1, 2].map(part);
        assert_eq!(branches(&parts), ["", "├─ ", "│  ├─ ", "│  └─ ", "└─ ", "   └─ "]);
        assert_eq!(branches(&[part(0), part(40)]).len(), 2);
    }
}
