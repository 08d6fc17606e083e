//! `tcp`: connections, and the story of a chosen one, segment by segment.

mod asked;
mod fate;
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
use crate::packet::{PerSide, Protocol};
use crate::report::{Follows, Format, Gauge, Options, PacketEvent, Sink, Sort, Summary};
pub(super) use ladder::Svg;
use list::Kinds;
pub(super) use list::{list, notes};
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
    wish: ladder::Wish,
    sort: Sort,
    drawn: bool,
    stories: BTreeMap<u64, Story>,
    connections: Vec<(Connection, Option<Protocol>)>,
    kinds: Kinds,
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
            wish: ladder::Wish::new(options),
            sort: options.sort,
            drawn: options.format == Format::Svg,
            stories: BTreeMap::new(),
            connections: Vec::new(),
            kinds: Kinds::default(),
            begun: false,
            live: options.live.as_ref().map(|live| (live::Live::new(options), Arc::clone(&live.gauge))),
        }
    }

    fn wants(&self, stream: u64) -> bool {
        self.chosen.map_or(stream < FEW, |chosen| chosen == stream)
    }

    fn tell(&self, out: &mut String) {
        let told = self.chosen.is_some() || self.kinds.connections <= FEW;
        list(&self.style, out, &self.connections, self.kinds.connections);
        list::remarks(&self.style, out, &self.connections);
        list::foot(&self.style, out, &self.kinds, told);
        if told {
            for (connection, _) in &self.connections {
                if let Some(story) = self.stories.get(&connection.stream) {
                    story.tell(&self.style, out, connection, self.wish);
                }
            }
        }
    }

    /// The ladder of the one connection there is.
    fn drawing(&self) -> io::Result<String> {
        let [(connection, _)] = self.connections.as_slice() else {
            let count = self.kinds.connections;
            let text = format!("{count} connections, and a drawing shows one: choose it with --stream N");
            return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
        };
        let story = self.stories.get(&connection.stream);
        Ok(story.map_or_else(String::new, |story| story.draw(&self.style, connection, self.wish)))
    }

    /// Brings the connections into the order that was asked for, and lets go of those that the list will not name.
    /// What is not known comes last, and what is equal in the order of its beginning.
    fn put_in_order(&mut self) {
        let duration = |c: &Connection| c.end.zip(c.start).map(|(end, start)| end.nanos() - start.nanos());
        let sum = |sides: &PerSide<u64>| i64::try_from(sides.initiator + sides.responder).unwrap_or(i64::MAX);
        let rtt = |c: &Connection| c.handshake.rtt_ns.responder.zip(c.handshake.rtt_ns.initiator);
        let order = self.sort;
        let rank = |c: &Connection| match order {
            Sort::Start => None,
            Sort::Duration => duration(c),
            Sort::Packets => Some(sum(&c.packets)),
            Sort::Octets => Some(sum(&list::sent(c))),
            Sort::Rtt => rtt(c).map(|(a, b)| a + b),
            Sort::Notes => Some(c.notes.iter().map(|&count| i64::from(count)).sum()),
        };
        self.connections.sort_by_cached_key(|(c, _)| (Reverse(rank(c)), c.stream));
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
            let most = if self.wish.all { ALL_ROWS } else { ROWS };
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
        self.kinds.add(connection);
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
