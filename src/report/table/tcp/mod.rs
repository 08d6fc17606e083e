//! `tcp`: connections, and the story of a chosen one, segment by segment.

mod figures;
mod flaw;
mod ladder;
mod list;
mod live;
mod meaning;
mod repair;
mod row;
mod socket;
mod step;
mod story;

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::sync::Arc;

use super::style::Style;
use crate::dissect::Transport;
use crate::flow::Connection;
use crate::packet::Protocol;
use crate::report::tally::Tally;
use crate::report::{Follows, Format, Gauge, Options, PacketEvent, Sink, Sort, Summary};
pub(super) use list::{list, note_count};
use row::Row;
use story::Story;

/// Connections that the list names; the others are counted.
const LISTED: usize = 1000;
/// Connections whose story is told when none is chosen, if there are no more than these.
const FEW: u64 = 3;
/// Segments that the story of one connection keeps; more where all are asked for.
const ROWS: usize = 400;
const ALL_ROWS: usize = 100_000;

/// Collects connections and the segments of a few of them.
pub(super) struct Tcp {
    out: Box<dyn Write>,
    style: Style,
    chosen: Option<u64>,
    all: bool,
    sort: Sort,
    drawn: bool,
    stories: BTreeMap<u64, Story>,
    connections: Vec<(Connection, Option<Protocol>)>,
    tally: Tally,
    /// Rows were written while packets came.
    begun: bool,
    live: Option<(live::Live, Arc<Gauge>)>,
}

impl Tcp {
    pub(super) fn new(options: &Options, out: Box<dyn Write>) -> Self {
        Self {
            out,
            style: Style::new(options),
            chosen: options.stream,
            all: options.all,
            sort: options.sort,
            drawn: options.format == Format::Svg,
            stories: BTreeMap::new(),
            connections: Vec::new(),
            tally: Tally::default(),
            begun: false,
            live: options.live.as_ref().map(|live| (live::Live::new(options), Arc::clone(&live.gauge))),
        }
    }

    fn wants(&self, stream: u64) -> bool {
        self.chosen.map_or(stream < FEW, |chosen| chosen == stream)
    }

    fn tell(&self, out: &mut String) {
        list(&self.style, out, &self.connections, self.tally.connections);
        list::totals(&self.style, out, &self.tally);
        list::remarks(&self.style, out, &self.connections);
        if self.chosen.is_some() || self.tally.connections <= FEW {
            for (connection, _) in &self.connections {
                if let Some(story) = self.stories.get(&connection.stream) {
                    story.tell(&self.style, out, connection, self.all);
                }
            }
        }
    }

    /// The ladder of the one connection there is.
    fn drawing(&self) -> io::Result<String> {
        let [(connection, _)] = self.connections.as_slice() else {
            let count = self.tally.connections;
            let text = format!("{count} connections, and a drawing shows one: choose it with --stream N");
            return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
        };
        let story = self.stories.get(&connection.stream);
        Ok(story.map_or_else(String::new, |story| story.draw(&self.style, connection)))
    }

    /// Brings the connections into the order that was asked for, and lets go of those that the list will not name.
    fn put_in_order(&mut self) {
        let duration = |c: &Connection| c.end.zip(c.start).map(|(end, start)| end.nanos() - start.nanos());
        let sum = |sides: &crate::packet::PerSide<u64>| sides.initiator + sides.responder;
        let rtt = |c: &Connection| c.handshake.rtt_ns.responder.zip(c.handshake.rtt_ns.initiator);
        match self.sort {
            Sort::Start => self.connections.sort_by_key(|(c, _)| c.stream),
            Sort::Duration => self.connections.sort_by_key(|(c, _)| Reverse(duration(c))),
            Sort::Packets => self.connections.sort_by_key(|(c, _)| Reverse(sum(&c.packets))),
            Sort::Octets => self.connections.sort_by_key(|(c, _)| Reverse(sum(&c.payload_octets))),
            Sort::Rtt => self.connections.sort_by_key(|(c, _)| Reverse(rtt(c).map(|(a, b)| a + b))),
            Sort::Notes => self.connections.sort_by_key(|(c, _)| Reverse(c.notes.iter().sum::<u32>())),
        }
        self.connections.truncate(LISTED);
    }
}

impl Sink for Tcp {
    fn follows(&self) -> Follows {
        if self.live.is_some() && !self.drawn { Follows::Segments } else { Follows::Nothing }
    }

    fn packet(&mut self, event: &PacketEvent<'_>) -> io::Result<()> {
        if event.dissection.layer(Protocol::MacControl).is_some() {
            for story in self.stories.values_mut() {
                story.pauses.get_or_insert((event.frame.number, 0)).1 += 1;
            }
        }
        let (Some(place), Transport::Tcp(segment)) = (event.place, &event.dissection.transport) else {
            return Ok(());
        };
        if self.wants(place.stream) {
            let most = if self.all { ALL_ROWS } else { ROWS };
            let row = Row::new(event, place, segment);
            self.stories.entry(place.stream).or_default().push(row, most);
        }
        Ok(())
    }

    fn segment(&mut self, event: &PacketEvent<'_>, connection: &Connection) -> io::Result<()> {
        let (Some(place), Transport::Tcp(segment)) = (event.place, &event.dissection.transport) else {
            return Ok(());
        };
        let Some((live, gauge)) = self.live.as_mut().filter(|_| !self.drawn) else { return Ok(()) };
        live.remember(place.stream, Row::new(event, place, segment));
        if !gauge.has_room() {
            return Ok(());
        }
        let mut text = String::new();
        live.push(&mut text, connection);
        self.begun = true;
        self.out.write_all(text.as_bytes())
    }

    fn connection(&mut self, connection: &Connection, application: Option<Protocol>) -> io::Result<()> {
        if self.chosen.is_some_and(|chosen| chosen != connection.stream) {
            return Ok(());
        }
        self.tally.connection(connection);
        self.connections.push((connection.clone(), application));
        if self.connections.len() >= 2 * LISTED {
            self.put_in_order();
        }
        Ok(())
    }

    fn finish(&mut self, _summary: &Summary) -> io::Result<()> {
        self.put_in_order();
        let mut out = String::new();
        if self.begun {
            out.push('\n');
        }
        if self.drawn {
            out = self.drawing()?;
        } else {
            self.tell(&mut out);
        }
        self.out.write_all(out.as_bytes())?;
        self.out.flush()
    }
}
