//! The ladder as SVG: a line of text over each arrow, no script and nothing from elsewhere.

use super::super::super::style::{Style, clipped};
use super::super::super::tcp::Svg;
use super::super::super::time::in_milliseconds;
use super::super::turns::packets;
use super::{Rung, rungs};
use crate::conversation::smtp::{Session, Speaker};

/// Rungs that are drawn.
const RUNGS: usize = 400;
/// Lines over one arrow, and columns of a line.
const LINES: usize = 12;
const COLUMNS: usize = 78;
/// Where the uprights stand, and where times and packet numbers end, in pixels.
const LEFT: u32 = 230;
const RIGHT: u32 = 900;
const TIME: u32 = 110;
const PACKET: u32 = 1010;
/// Height of a line of text, and of an arrow with the room below it.
const LINE: u32 = 18;
const STEP: u32 = 26;
const FALL: u32 = 8;
/// Where the first rung begins.
const TOP: u32 = 100;

/// The drawing of one session.
pub(in super::super) fn draw(style: &Style, session: &Session) -> String {
    let mut rungs = rungs(style, session);
    let more = rungs.len().saturating_sub(RUNGS);
    rungs.truncate(RUNGS);
    let height = TOP + rungs.iter().map(rung_height).sum::<u32>() + 2 * STEP;
    let middle = LEFT.midpoint(RIGHT);
    let mut svg = Svg::default();
    let title = style.say(
        "smtp.ladder.title",
        &[
            ("protocol", &super::super::protocol(session)),
            ("stream", &session.stream),
            ("client", &session.client),
            ("server", &session.server),
        ],
    );
    svg.open(height, &title);
    svg.text(middle, 28, "title", "middle", &title);
    let name = |key: &str, end| format!("{} {end}", style.word(key));
    svg.text(LEFT, 62, "", "middle", &name("smtp.view.client", session.client));
    svg.text(RIGHT, 62, "", "middle", &name("smtp.view.server", session.server));
    svg.text(TIME, 84, "quiet", "end", "ms");
    svg.text(PACKET, 84, "quiet", "end", &style.word("view.packet"));
    svg.line((LEFT, 72), (LEFT, height - 12), "upright");
    svg.line((RIGHT, 72), (RIGHT, height - 12), "upright");
    let mut top = TOP;
    for rung in &rungs {
        draw_rung(&mut svg, rung, top);
        top += rung_height(rung);
    }
    if more > 0 {
        let text = style.say("smtp.ladder.more", &[("count", &more)]);
        svg.text(middle, top + LINE, "quiet", "middle", &format!("⋮ {text}"));
    }
    svg.close()
}

fn rung_height(rung: &Rung) -> u32 {
    STEP + LINE * rung.said.len().min(LINES) as u32
}

/// What was said, a line each, and the arrow below it.
fn draw_rung(svg: &mut Svg, rung: &Rung, top: u32) {
    let lines = rung.said.len().min(LINES);
    let middle = LEFT.midpoint(RIGHT);
    for (index, said) in rung.said.iter().take(lines).enumerate() {
        let left_out = rung.said.len() - lines;
        let mut text = clipped(said, COLUMNS);
        if left_out > 0 && index + 1 == lines {
            text.push_str(&format!(" … +{left_out}"));
        }
        svg.text(middle, top + LINE * (index as u32 + 1) - 4, "", "middle", &text);
    }
    let y = top + LINE * lines as u32;
    let (from, to) = match rung.from {
        Speaker::Client => (LEFT, RIGHT),
        Speaker::Server => (RIGHT, LEFT),
    };
    svg.arrow((from, y), (to, y + FALL), "plain");
    svg.text(LEFT - 12, y + 5, "state", "end", rung.phase.as_deref().unwrap_or(""));
    svg.text(TIME, y + 5, "quiet", "end", &rung.at.map_or_else(String::new, in_milliseconds));
    svg.text(PACKET, y + 5, "quiet", "end", &packets(rung.packet, rung.last));
}
