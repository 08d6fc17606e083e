//! The ladder as SVG: slanted arrows, text that can be selected, no script and nothing from elsewhere.

use std::fmt::Write;

use super::super::super::style::{Style, width};
use super::super::super::time::in_milliseconds;
use super::super::row::Row;
use super::{Fate, Item, Rung, items, states_before};
use crate::flow::Connection;
use crate::packet::Side;

/// Rungs that are drawn.
const RUNGS: usize = 400;
/// Where the uprights stand, and where times and packet numbers end, in pixels.
const LEFT: u32 = 260;
const RIGHT: u32 = 700;
const TIME: u32 = 100;
const PACKET: u32 = 940;
const WIDTH: u32 = 960;
/// Height of a rung, and how far an arrow falls on its way.
const STEP: u32 = 36;
const FALL: u32 = 14;
/// Where the first rung begins.
const TOP: u32 = 110;

const STYLE: &str = "\
text{font:13px ui-monospace,'DejaVu Sans Mono','Noto Sans Mono CJK SC',monospace;fill:#1b1f24}\
.title{font-size:15px;font-weight:bold}.quiet{fill:#6a737d}.state{font-weight:bold;fill:#0b5394}\
.again{fill:#9a5b00}.lost{fill:#b3261e}.cross{fill:#b3261e;font-size:22px}line{stroke:#1b1f24;stroke-width:1.5}\
line.again{stroke:#9a5b00;stroke-dasharray:6 4}line.lost{stroke:#b3261e}.upright{stroke:#8c959f;stroke-width:2}";

/// The drawing of one connection.
pub(in super::super) fn draw(style: &Style, c: &Connection, rows: &[Row]) -> String {
    let items = items(style, c, rows, RUNGS);
    let height = TOP + STEP * (items.len() as u32 + 1);
    let mut svg = Svg::default();
    let title = format!("TCP {}: {} → {}", c.stream, c.endpoints.initiator, c.endpoints.responder);
    svg.open(height, &title);
    svg.text(480, 28, "title", "middle", &title);
    let name = |side: Side, key: &str| format!("{} {}", style.word(key), c.endpoints.of(side));
    svg.text(LEFT, 62, "", "middle", &name(Side::Initiator, "tcp.side.initiator"));
    svg.text(RIGHT, 62, "", "middle", &name(Side::Responder, "tcp.side.responder"));
    svg.text(TIME, 84, "quiet", "end", "ms");
    svg.text(PACKET, 84, "quiet", "end", &style.word("view.packet"));
    if let Some(states) = states_before(c, rows) {
        svg.text(LEFT - 12, 84, "state", "end", states.initiator);
        svg.text(RIGHT + 12, 84, "state", "start", states.responder);
    }
    svg.line((LEFT, 72), (LEFT, height - 12), "upright");
    svg.line((RIGHT, 72), (RIGHT, height - 12), "upright");
    for (item, y) in items.iter().zip((TOP..).step_by(STEP as usize)) {
        match item {
            Item::Rung(rung) => svg.rung(rung, y),
            Item::Skipped(count) => {
                let text = style.say("tcp.ladder.skipped", &[("count", count)]);
                svg.text(480, y + 6, "quiet", "middle", &format!("⋮ {text}"));
            }
        }
    }
    svg.0.push_str("</svg>\n");
    svg.0
}

#[derive(Default)]
pub(in crate::report::table) struct Svg(String);

impl Svg {
    pub(in crate::report::table) fn open(&mut self, height: u32, title: &str) {
        self.put(format_args!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" \
             height=\"{height}\" role=\"img\">\n<title>"
        ));
        self.escaped(title);
        self.put(format_args!(
            "</title>\n<style>{STYLE}</style>\n<defs><marker id=\"head\" viewBox=\"0 0 10 10\" refX=\"9\" refY=\"5\" \
             markerWidth=\"8\" markerHeight=\"8\" orient=\"auto\"><path d=\"M0 0L10 5L0 10z\" fill=\"#1b1f24\"/>\
             </marker></defs>\n<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n"
        ));
    }

    /// An arrow from one upright to the other, the states after it and what it carries.
    fn rung(&mut self, rung: &Rung, y: u32) {
        let (from, to, slope) = match rung.from {
            Side::Initiator => (LEFT, RIGHT, 1.0),
            Side::Responder => (RIGHT, LEFT, -1.0),
        };
        let class = match rung.fate {
            Fate::Arrived => "",
            Fate::Again => "again",
            Fate::Lost => "lost",
        };
        if rung.fate == Fate::Lost {
            let (x, fell) = ((from + 2 * to) / 3, FALL * 2 / 3);
            self.line((from, y), (x, y + fell), "lost");
            self.text(x, y + fell + 6, "cross", "middle", "✗");
        } else {
            self.arrow((from, y), (to, y + FALL), class);
        }
        let angle = slope * f64::from(FALL).atan2(f64::from(RIGHT - LEFT)).to_degrees();
        let room = 7.9 * width(&rung.label) as f64;
        let fits = if room > f64::from(RIGHT - LEFT - 30) {
            " textLength=\"400\" lengthAdjust=\"spacingAndGlyphs\""
        } else {
            ""
        };
        let middle = y + FALL / 2 - 4;
        self.put(format_args!(
            "<text x=\"480\" y=\"{middle}\" class=\"{class}\" text-anchor=\"middle\" \
             transform=\"rotate({angle:.2} 480 {middle})\"{fits}>"
        ));
        self.escaped(&rung.label);
        self.put(format_args!("</text>\n"));
        let time = rung.at.map_or_else(String::new, in_milliseconds);
        self.text(TIME, y + 5, "quiet", "end", &time);
        self.text(PACKET, y + 5, "quiet", "end", &rung.packet.to_string());
        let at = |side| if rung.from == side { y + 5 } else { y + FALL + 5 };
        self.text(LEFT - 12, at(Side::Initiator), "state", "end", rung.states.initiator.unwrap_or(""));
        self.text(RIGHT + 12, at(Side::Responder), "state", "start", rung.states.responder.unwrap_or(""));
    }

    pub(in crate::report::table) fn arrow(&mut self, from: (u32, u32), to: (u32, u32), class: &str) {
        self.put(format_args!(
            "<line x1=\"{}\" y1=\"{}\" x2=\"{}\" y2=\"{}\" class=\"{class}\" marker-end=\"url(#head)\"/>\n",
            from.0, from.1, to.0, to.1
        ));
    }

    pub(in crate::report::table) fn line(&mut self, from: (u32, u32), to: (u32, u32), class: &str) {
        self.put(format_args!(
            "<line x1=\"{}\" y1=\"{}\" x2=\"{}\" y2=\"{}\" class=\"{class}\"/>\n",
            from.0, from.1, to.0, to.1
        ));
    }

    /// Text; nothing where it is empty.
    pub(in crate::report::table) fn text(&mut self, x: u32, y: u32, class: &str, anchor: &str, text: &str) {
        if text.is_empty() {
            return;
        }
        self.put(format_args!("<text x=\"{x}\" y=\"{y}\" class=\"{class}\" text-anchor=\"{anchor}\">"));
        self.escaped(text);
        self.put(format_args!("</text>\n"));
    }

    /// The whole drawing.
    pub(in crate::report::table) fn close(mut self) -> String {
        self.0.push_str("</svg>\n");
        self.0
    }

    fn put(&mut self, text: std::fmt::Arguments<'_>) {
        // a String takes all that is written to it
        let _ = self.0.write_fmt(text);
    }

    fn escaped(&mut self, text: &str) {
        for c in text.chars() {
            match c {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                c => self.0.push(c),
            }
        }
    }
}
