//! Mail sessions while they are held: what is said, a row each as it comes.

use std::collections::BTreeMap;

use super::super::dialogue::Row;
use super::super::live::{Column, Columns};
use super::super::style::{Style, Tone};
use super::super::time::{Clock, duration};
use super::turns::{Memory, rows_at};
use crate::conversation::smtp::{Said, Session, TurnKind};
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
    told: BTreeMap<u64, Told>,
}

/// How many turns of a session have been shown, and what the next ones depend on.
#[derive(Default)]
struct Told {
    turns: usize,
    memory: Memory,
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
        let columns = Columns::new(style.clone(), columns);
        Self { style, reveal: options.reveal_secrets, columns, clock, told: BTreeMap::new() }
    }

    /// Appends the turns that have not been shown yet; before the first ones, between whom they are. A message that is
    /// under way is shown once something comes after it. `shows`: whether there is room for one more row.
    pub(super) fn push(
        &mut self,
        out: &mut String,
        c: &Connection,
        said: Said<'_>,
        shows: impl FnMut() -> bool,
    ) {
        let grows = said.turns.last().is_some_and(|turn| matches!(turn.kind, TurnKind::Message { .. }));
        let ready = said.turns.len() - usize::from(grows);
        if self.told.len() >= SESSIONS && !self.told.contains_key(&c.stream) {
            self.told.pop_first();
        }
        let mut told = self.told.remove(&c.stream).unwrap_or_default();
        if told.turns == 0 && ready > 0 {
            opening(&self.style, out, c);
        }
        self.turns(out, c.stream, Said { turns: &said.turns[..ready], ..said }, &mut told, shows);
        self.told.insert(c.stream, told);
    }

    /// A session is over: appends what has not been shown of it, if it was shown at all.
    pub(super) fn push_rest(&mut self, out: &mut String, session: &Session, shows: impl FnMut() -> bool) {
        if let Some(mut told) = self.told.remove(&session.stream) {
            self.turns(out, session.stream, session.said(), &mut told, shows);
        }
    }

    fn turns(
        &mut self,
        out: &mut String,
        stream: u64,
        said: Said<'_>,
        told: &mut Told,
        mut shows: impl FnMut() -> bool,
    ) {
        for (at, turn) in said.turns.iter().enumerate().skip(told.turns) {
            let rows = rows_at(&self.style, said, at, self.reveal, &mut told.memory);
            if !shows() {
                continue;
            }
            for row in rows {
                let Row { packet, who, line, means, tone, .. } = row;
                let mut time = String::new();
                if !packet.is_empty() {
                    self.clock.push(&mut time, turn.time);
                }
                let cells = [
                    (Tone::Quiet, stream.to_string()),
                    (Tone::Plain, packet),
                    (Tone::Quiet, time),
                    (Tone::Quiet, who),
                    (tone, line),
                    (Tone::Plain, means),
                ];
                self.columns.push(out, &cells);
            }
        }
        told.turns = told.turns.max(said.turns.len());
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
        ("initiator", &style.endpoint(ends.initiator)),
        ("responder", &style.endpoint(ends.responder)),
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
