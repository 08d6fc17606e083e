//! The ladder for a terminal: a line a rung.

use super::super::super::style::{Style, Tone, push_clipped, width};
use super::super::super::time::in_milliseconds;
use super::super::turns::packets;
use super::{Rung, rungs};
use crate::conversation::smtp::{Session, Speaker};

/// Rungs that are drawn of a long session, how many of them are its last ones, and how many fewer than all of them
/// are worth leaving out.
const RUNGS: usize = 24;
const CLOSE: usize = 2;
const HANDFUL: usize = 6;
/// Columns of a time, a phase and a packet number.
const TIME: usize = 10;
const PHASE: usize = 12;
const PACKET: usize = 5;

/// Appends the ladder; nothing where nothing was said.
pub(in super::super) fn push(style: &Style, out: &mut String, session: &Session) {
    let rungs = rungs(style, session);
    if rungs.is_empty() {
        return;
    }
    out.push('\n');
    let inner = style.width.saturating_sub(TIME + PHASE + PACKET + 5).clamp(20, 80);
    let ladder = Ladder { style, inner };
    ladder.head(out, session);
    let more = Some(rungs.len().saturating_sub(RUNGS)).filter(|more| *more > HANDFUL).unwrap_or(0);
    for (index, rung) in rungs.iter().enumerate() {
        if more > 0 && index == RUNGS - CLOSE {
            let text = style.say("smtp.ladder.more", &[("count", &more)]);
            ladder.line(out, "", "", &format!("⋮ {text}"), "");
        }
        if more > 0 && (RUNGS - CLOSE..rungs.len() - CLOSE).contains(&index) {
            continue;
        }
        let at = rung.at.map_or_else(String::new, in_milliseconds);
        let phase = rung.phase.as_deref().unwrap_or("");
        ladder.line(out, &at, phase, &ladder.arrow(rung), &packets(rung.packet, rung.last));
    }
}

struct Ladder<'a> {
    style: &'a Style,
    /// Columns between the uprights.
    inner: usize,
}

impl Ladder<'_> {
    /// Who is who: one name over each upright.
    fn head(&self, out: &mut String, session: &Session) {
        let name = |key: &str, end| format!("{} {end}", self.style.word(key));
        let left = name("smtp.view.client", session.client);
        let right = name("smtp.view.server", session.server);
        let room = (TIME + PHASE + self.inner + 4).saturating_sub(width(&left) + width(&right)).max(2);
        self.style.paragraph(out, Tone::Title, &format!("{left}{}{right}", " ".repeat(room)), 2);
        self.line(out, "ms", "", "", "#");
    }

    /// `── label ───▶`
    fn arrow(&self, rung: &Rung) -> String {
        let room = self.inner.saturating_sub(6);
        let mut text = rung.said.join(" · ");
        if rung.said.len() > 1 && width(&text) > room {
            text = rung.short.join(" · ");
        }
        let mut label = String::new();
        let used = push_clipped(&mut label, &text, room);
        let dashes = "─".repeat(self.inner.saturating_sub(used + 5));
        match rung.from {
            Speaker::Client => format!("── {label} {dashes}▶"),
            Speaker::Server => format!("◀─ {label} {dashes}─"),
        }
    }

    fn line(&self, out: &mut String, time: &str, phase: &str, inside: &str, packet: &str) {
        let padded = |text: &str, columns: usize| {
            let mut cell = String::new();
            let used = push_clipped(&mut cell, text, columns);
            (cell, " ".repeat(columns - used))
        };
        let (inside, behind) = padded(inside, self.inner);
        let (phase, before) = padded(phase, PHASE);
        let line = format!("{time:>TIME$} {before}{phase} │{inside}{behind}│{packet:>PACKET$}");
        self.style.push(out, Tone::Plain, line.trim_end());
        out.push('\n');
    }
}
