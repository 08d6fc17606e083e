//! Mail sessions while they are held: what is said, a row each as it comes.

use std::collections::BTreeMap;

use super::super::live::{Column, Columns};
use super::super::style::{Style, Tone};
use super::super::time::{Clock, duration};
use super::turns::{Memory, TurnRow, rows_of};
use crate::conversation::smtp::{Turn, TurnKind};
use crate::flow::Connection;
use crate::report::Options;

/// Sessions under way that are remembered; of more, only what comes after that is shown.
const SESSIONS: usize = 10_000;

/// Makes the rows.
pub(super) struct Live {
    style: Style,
    reveal: bool,
    columns: Columns,
    clock: Clock,
    /// How many turns of each session have been shown, and what the next ones depend on.
    told: BTreeMap<u64, (usize, Memory)>,
}

impl Live {
    pub(super) fn new(options: &Options) -> Self {
        let style = Style::new(options);
        let clock = Clock::new(options.time);
        let columns = vec![
            Column("stream", 3, true),
            Column("packet", 5, true),
            Column("time", clock.columns(), true),
            Column("who", if style.width < 100 { 6 } else { 7 }, false),
            Column("line", style.width * 36 / 100, false),
            Column("means", 0, false),
        ];
        let columns = Columns::new(style, columns);
        Self { style, reveal: options.reveal_secrets, columns, clock, told: BTreeMap::new() }
    }

    /// Appends the turns that have not been shown yet; before the first ones, between whom they are. A message that is
    /// under way is shown once something comes after it. `shows`: whether there is room for one more row.
    pub(super) fn push(
        &mut self,
        out: &mut String,
        c: &Connection,
        turns: &[Turn],
        mut shows: impl FnMut() -> bool,
    ) {
        let grows = turns.last().is_some_and(|turn| matches!(turn.kind, TurnKind::Message { .. }));
        let ready = turns.len() - usize::from(grows);
        if self.told.len() >= SESSIONS && !self.told.contains_key(&c.stream) {
            self.told.pop_first();
        }
        let (told, memory) = self.told.entry(c.stream).or_default();
        if *told == 0 && ready > 0 {
            opening(&self.style, out, c);
        }
        for at in *told..ready {
            let rows = rows_of(&self.style, &turns[..=at], self.reveal, memory);
            if !shows() {
                continue;
            }
            for row in rows {
                let TurnRow { packet, who, line, means, tone, .. } = row;
                let mut time = String::new();
                if !packet.is_empty() {
                    self.clock.push(&mut time, turns[at].time);
                }
                let cells = [
                    (Tone::Quiet, c.stream.to_string()),
                    (Tone::Plain, packet),
                    (Tone::Quiet, time),
                    (Tone::Quiet, who),
                    (tone, line),
                    (Tone::Plain, means),
                ];
                self.columns.push(out, &cells);
            }
        }
        *told = (*told).max(ready);
    }

    /// Whether there are turns to show.
    pub(super) fn has_news(&self, stream: u64, turns: &[Turn]) -> bool {
        self.told.get(&stream).map_or(0, |(told, _)| *told) < turns.len()
    }

    /// A session is over.
    pub(super) fn forget(&mut self, stream: u64) {
        self.told.remove(&stream);
    }
}

/// Between whom, and how their connection was opened.
fn opening(style: &Style, out: &mut String, c: &Connection) {
    let (h, ends) = (&c.handshake, &c.endpoints);
    let packets: Vec<String> =
        h.syn.iter().chain(&h.syn_ack).chain(h.ack.iter()).map(ToString::to_string).collect();
    let kind = style.word(&format!("tcp.handshake.{}", h.kind.name()));
    let took = h.rtt_ns.responder.zip(h.rtt_ns.initiator).map(|(there, back)| duration(there + back));
    let values: [(&str, &dyn std::fmt::Display); 6] = [
        ("stream", &c.stream),
        ("initiator", &ends.initiator),
        ("responder", &ends.responder),
        ("kind", &kind),
        ("packets", &packets.join(", ")),
        ("took", &took.clone().unwrap_or_default()),
    ];
    let key = match (packets.is_empty(), took) {
        (true, _) => "smtp.live.joined",
        (false, None) => "smtp.live.opened",
        (false, Some(_)) => "smtp.live.opened_in",
    };
    style.paragraph(out, Tone::Title, &style.say(key, &values), 2);
}
