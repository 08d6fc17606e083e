//! The ladder as SVG: slanted arrows, text that can be selected, no script and nothing from elsewhere.

use std::fmt::Write;

use super::super::super::style::{Style, width};
use super::super::row::Row;
use super::rungs::{End, Item, Line, Rung, Rungs, skipped};
use super::{Wish, states_before};
use crate::flow::Connection;
use crate::packet::Side;

/// Rungs that are drawn.
const RUNGS: usize = 400;
/// Where the uprights stand, and where times and packet numbers end, in pixels.
const LEFT: u32 = 260;
const RIGHT: u32 = 780;
const MIDDLE: u32 = (LEFT + RIGHT) / 2;
const TIME: u32 = 124;
const PACKET: u32 = 1010;
const WIDTH: u32 = 1030;
/// Height of a rung, and how far an arrow falls on its way.
const STEP: u32 = 38;
const FALL: u32 = 14;
/// Where the first rung begins.
const TOP: u32 = 114;
/// Pixels that a column of text takes, between a label and its line, and from a lost segment's end to the other upright.
const COLUMN: f64 = 7.9;
const GAP: f64 = 7.0;
const SHORT: u32 = 100;

const STYLE: &str = "\
text{font:13px ui-monospace,'DejaVu Sans Mono','Noto Sans Mono CJK SC',monospace;fill:#1b1f24;user-select:text}\
.title{font-size:15px;font-weight:bold}.quiet{fill:#6a737d}.state{font-weight:bold;fill:#0b5394}\
line,.cross{stroke:#1b1f24;stroke-width:1.5;fill:none}.upright{stroke:#8c959f;stroke-width:2}\
text.again{fill:#9a5b00}line.again,line.again-lost{stroke:#9a5b00;stroke-dasharray:6 4}\
text.copy{fill:#8c959f}line.copy{stroke:#b8bfc6;stroke-width:1;stroke-dasharray:2 3}\
text.lost{fill:#b3261e}line.lost,line.again-lost{stroke:#b3261e}.cross{stroke:#b3261e;stroke-width:2.5}";

/// Arrowheads, each in the colour of its line.
const HEADS: [(&str, &str); 3] = [("plain", "#1b1f24"), ("again", "#9a5b00"), ("copy", "#b8bfc6")];

/// The drawing of one connection.
pub(in super::super) fn draw(style: &Style, c: &Connection, rows: &[Row], wish: Wish) -> String {
    let Rungs { items, remarks } = Rungs::new(style, c, rows, wish, RUNGS);
    let bottom = TOP + STEP * (items.len() as u32 + 1);
    let height = bottom + 20 * remarks.len() as u32;
    let mut svg = Svg::default();
    let title = format!("TCP {}: {} → {}", c.stream, c.endpoints.initiator, c.endpoints.responder);
    svg.open(height, &title);
    svg.text(MIDDLE, 28, "title", "middle", &title);
    let name = |side: Side, key: &str| format!("{} {}", style.word(key), c.endpoints.of(side));
    svg.text(LEFT, 62, "", "middle", &name(Side::Initiator, "tcp.side.initiator"));
    svg.text(RIGHT, 62, "", "middle", &name(Side::Responder, "tcp.side.responder"));
    svg.text(TIME, 84, "quiet", "end", &wish.heading(style));
    svg.text(PACKET, 84, "quiet", "end", &style.word("view.packet"));
    let states = states_before(c, rows);
    svg.text(LEFT - 12, 84, "state", "end", states.initiator);
    svg.text(RIGHT + 12, 84, "state", "start", states.responder);
    svg.line((LEFT, 72), (LEFT, bottom - 12), "upright");
    svg.line((RIGHT, 72), (RIGHT, bottom - 12), "upright");
    for (item, y) in items.iter().zip((TOP..).step_by(STEP as usize)) {
        match item {
            Item::Rung(rung) => svg.rung(rung, y),
            Item::Skipped(count, remarkable) => {
                svg.text(MIDDLE, y + 6, "quiet", "middle", &skipped(style, *count, *remarkable));
            }
        }
    }
    for (remark, y) in remarks.iter().zip((bottom..).step_by(20)) {
        svg.text(MIDDLE, y, "quiet", "middle", remark);
    }
    svg.0.push_str("</svg>\n");
    svg.0
}

#[derive(Default)]
struct Svg(String);

impl Svg {
    fn open(&mut self, height: u32, title: &str) {
        self.put(format_args!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" \
             height=\"{height}\" role=\"img\">\n<title>"
        ));
        self.escaped(title);
        self.put(format_args!("</title>\n<style>{STYLE}</style>\n<defs>"));
        for (name, colour) in HEADS {
            self.put(format_args!(
                "<marker id=\"{name}\" viewBox=\"0 0 10 10\" refX=\"9\" refY=\"5\" markerWidth=\"10\" \
                 markerHeight=\"10\" markerUnits=\"userSpaceOnUse\" orient=\"auto\"><path d=\"M0 0L10 5L0 10z\" \
                 fill=\"{colour}\"/></marker>"
            ));
        }
        self.put(format_args!("</defs>\n<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n"));
    }

    /// An arrow from one upright to the other, the states after it and what it carries.
    fn rung(&mut self, rung: &Rung, y: u32) {
        let (from, to) = match rung.from {
            Side::Initiator => (LEFT, RIGHT),
            Side::Responder => (RIGHT, LEFT),
        };
        let (line, text) = classes(rung);
        // where the line ends, and how far it has fallen by then
        let (end, fall) = match (rung.end, rung.from) {
            (End::Lost, Side::Initiator) => (RIGHT - SHORT, FALL - FALL * SHORT / (RIGHT - LEFT)),
            (End::Lost, Side::Responder) => (LEFT + SHORT, FALL - FALL * SHORT / (RIGHT - LEFT)),
            (End::Ignored, Side::Initiator) => (RIGHT - 8, FALL),
            (End::Ignored, Side::Responder) => (LEFT + 8, FALL),
            (End::Arrives, _) => (to, FALL),
        };
        if rung.end == End::Arrives {
            self.arrow((from, y), (end, y + fall), line);
        } else {
            self.line((from, y), (end, y + fall), line);
            self.cross(end, y + fall);
        }
        self.label(rung, text, (from, y), (end, y + fall));
        self.text(TIME, y + 5, "quiet", "end", &rung.time);
        self.text(PACKET, y + 5, "quiet", "end", &rung.packet.to_string());
        let at = |side| if rung.from == side { y + 5 } else { y + FALL + 5 };
        self.text(LEFT - 12, at(Side::Initiator), "state", "end", rung.states.initiator.unwrap_or(""));
        self.text(RIGHT + 12, at(Side::Responder), "state", "start", rung.states.responder.unwrap_or(""));
    }

    /// What a rung carries, along its line and above it, clear of a cross at its end.
    fn label(&mut self, rung: &Rung, class: &str, from: (u32, u32), to: (u32, u32)) {
        let middle = (f64::from(from.0 + to.0) / 2.0, f64::from(from.1 + to.1) / 2.0);
        let run = f64::from(from.0.abs_diff(to.0));
        let slope = f64::from(to.1 - from.1).atan2(run).to_degrees();
        let angle = if from.0 < to.0 { slope } else { -slope };
        let label = rung.label.fitted(((run - 30.0) / COLUMN) as usize);
        let long = COLUMN * width(&label) as f64 > run;
        let (x, y) = (middle.0, middle.1 - GAP);
        self.put(format_args!(
            "<text x=\"{x:.0}\" y=\"{y:.1}\" class=\"{class}\" text-anchor=\"middle\" \
             transform=\"rotate({angle:.2} {x:.0} {y:.1})\"{}>",
            if long { " textLength=\"400\" lengthAdjust=\"spacingAndGlyphs\"" } else { "" }
        ));
        self.escaped(&label);
        self.put(format_args!("</text>\n"));
    }

    /// Where a segment ends that has no effect; drawn, as not every font has a sign for it.
    fn cross(&mut self, x: u32, y: u32) {
        let (left, right, top, bottom) = (x - 5, x + 5, y - 5, y + 5);
        self.put(format_args!(
            "<path d=\"M{left} {top}L{right} {bottom}M{left} {bottom}L{right} {top}\" class=\"cross\"/>\n"
        ));
    }

    fn arrow(&mut self, from: (u32, u32), to: (u32, u32), class: &str) {
        self.put(format_args!(
            "<line x1=\"{}\" y1=\"{}\" x2=\"{}\" y2=\"{}\" class=\"{class}\" marker-end=\"url(#{class})\"/>\n",
            from.0, from.1, to.0, to.1
        ));
    }

    fn line(&mut self, from: (u32, u32), to: (u32, u32), class: &str) {
        self.put(format_args!(
            "<line x1=\"{}\" y1=\"{}\" x2=\"{}\" y2=\"{}\" class=\"{class}\"/>\n",
            from.0, from.1, to.0, to.1
        ));
    }

    /// Text; nothing where it is empty.
    fn text(&mut self, x: u32, y: u32, class: &str, anchor: &str, text: &str) {
        if text.is_empty() {
            return;
        }
        self.put(format_args!("<text x=\"{x}\" y=\"{y}\" class=\"{class}\" text-anchor=\"{anchor}\">"));
        self.escaped(text);
        self.put(format_args!("</text>\n"));
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

/// The classes of a rung's line, by which an arrowhead is chosen as well, and of its label.
const fn classes(rung: &Rung) -> (&'static str, &'static str) {
    match (rung.end, rung.line) {
        (End::Lost | End::Ignored, Line::Again) => ("again-lost", "lost"),
        (End::Lost | End::Ignored, _) => ("lost", "lost"),
        (End::Arrives, Line::Again) => ("again", "again"),
        (End::Arrives, Line::Copy) => ("copy", "copy"),
        (End::Arrives, Line::Plain) => ("plain", ""),
    }
}
