//! What a segment means, with its own numbers.

use super::super::style::Style;
use super::repair::Repairs;
use super::row::Row;
use super::{fate, flaw, step};
use crate::dissect::TcpFlags;
use crate::flow::{Connection, Step, TcpState, TeardownKind};
use crate::packet::{Note, PerSide, Side};

/// Kinds of options that are named, besides MSS and window scale (IANA's TCP option kind numbers).
const OPTIONS: [(u8, &str); 6] =
    [(4, "sack"), (8, "timestamps"), (19, "md5"), (29, "ao"), (30, "mptcp"), (34, "fast_open")];

/// Rows behind one that are looked at for what the other end said last.
const LOOKED_BACK: usize = 1000;

/// Says what rows of one connection mean.
pub(super) struct Meaning<'a> {
    style: &'a Style,
    connection: &'a Connection,
    rows: &'a [Row],
    repairs: Repairs,
    /// Whether a checksum that does not match says something of a segment.
    flaw_tells: PerSide<bool>,
}

impl<'a> Meaning<'a> {
    /// Of the rows of one connection.
    pub(super) fn new(style: &'a Style, connection: &'a Connection, rows: &'a [Row]) -> Self {
        let tells = |side| flaw::is_telling(rows, side);
        let flaw_tells = PerSide { initiator: tells(Side::Initiator), responder: tells(Side::Responder) };
        Self { style, connection, rows, repairs: Repairs::new(rows), flaw_tells }
    }

    /// Data or an acknowledgement, and nothing odd about it.
    pub(super) fn is_plain(&self, row: &Row) -> bool {
        row.is_plain() && self.flaw(row).is_none() && !self.is_lost(row)
    }

    /// Whether nothing shows that it arrived, and its octets came again.
    pub(super) fn is_lost(&self, row: &Row) -> bool {
        self.repairs.is_lost(self.rows, row)
    }

    fn flaw(&self, row: &Row) -> Option<flaw::Flaw> {
        row.flaw.filter(|_| *self.flaw_tells.of(row.place.from))
    }

    /// What a segment means; `earlier` are those before it.
    pub(super) fn of(&self, row: &Row, earlier: &[Row]) -> String {
        let c = self.connection;
        let place = &row.place;
        if let Some(copy_of) = place.copy_of {
            return self.style.say("tcp.copy", &[("packet", &copy_of)]);
        }
        let ack = place.relative_ack.unwrap_or(0);
        if place.challenge {
            return self.style.say("tcp.challenge", &[("ack", &ack)]);
        }
        let repair = self.repairs.tell(self.style, self.rows, row);
        let notes = self.notes(row, ack, repair.is_some());
        let mut told = Vec::new();
        // What is remarkable about an ACK says all there is to say.
        if notes.is_empty() || place.step != Step::Ack {
            told.push(self.step(row, earlier));
        }
        if row.flags.has(TcpFlags::SYN) && !place.notes.has(Note::Retransmission) {
            told.extend(self.options(row));
        }
        if c.handshake.ack == Some(row.packet) && !row.flags.has(TcpFlags::SYN) {
            told.extend(self.scaling(c));
        }
        told.extend(repair);
        told.extend(self.is_lost(row).then(|| self.style.word("tcp.lost")));
        told.extend(notes);
        told.extend(self.blocks(row));
        told.extend(place.conflicts.then(|| self.style.word("tcp.conflict")));
        told.extend(row.wraps().then(|| self.style.word("tcp.wraps")));
        told.extend(
            self.flaw(row).map(|flaw| flaw::meaning(self.style, flaw, flaw::arrived(self.rows, row))),
        );
        told.extend(self.time_wait(c, row, earlier.last()));
        told.join(" · ")
    }

    /// What the segment does for the connection; an ACK that covers a hole at last says who filled it.
    fn step(&self, row: &Row, earlier: &[Row]) -> String {
        match self.repairs.filled_by(self.rows, row).zip(row.place.relative_ack) {
            Some((packet, ack)) if row.place.step == Step::Ack => {
                self.style.say("tcp.step.ack_filled", &[("ack", &ack), ("packet", &packet)])
            }
            _ => step::sentence(self.style, self.connection, row, earlier),
        }
    }

    /// What a SYN offers, by the names of its options.
    fn options(&self, row: &Row) -> Option<String> {
        let offer = self.connection.handshake.offers.of(row.place.from).unwrap_or_default();
        let mut names = Vec::new();
        if let Some(mss) = offer.mss {
            names.push(format!("MSS {mss}"));
        }
        if let Some(shift) = offer.window_scale {
            names.push(self.style.say("tcp.option.scale", &[("shift", &shift)]));
        }
        for (kind, name) in OPTIONS {
            if row.has_option(kind) {
                names.push(self.style.word(&format!("tcp.option.{name}")));
            }
        }
        let names = (!names.is_empty()).then(|| names.join(&self.style.word("tcp.option.join")))?;
        Some(self.style.say("tcp.option.offers", &[("names", &names)]))
    }

    /// The blocks of a selective acknowledgement: what came behind a hole, and what came twice, which only the first
    /// block may tell (RFC 2883 section 4).
    fn blocks(&self, row: &Row) -> Vec<String> {
        let ack = row.place.relative_ack.unwrap_or(0);
        let blocks: Vec<(u32, u32)> = row.sack.iter().flatten().copied().collect();
        let (twice, behind) = blocks.split_at(usize::from(fate::is_reported_twice(ack, &blocks)));
        let say = |key: &str, blocks: &[(u32, u32)]| {
            let named: Vec<String> = blocks.iter().map(|(left, right)| format!("{left}–{right}")).collect();
            let named = named.join(&self.style.word("tcp.option.join"));
            let values: [(&str, &dyn std::fmt::Display); 2] = [("blocks", &named), ("ack", &ack)];
            (!blocks.is_empty()).then(|| self.style.say(key, &values))
        };
        say("tcp.sack", behind).into_iter().chain(say("tcp.sack.twice", twice)).collect()
    }

    /// Whether the other end's last window was zero: what looks like a keep-alive then asks for room.
    fn window_is_shut(&self, row: &Row) -> bool {
        let at = self.rows.partition_point(|earlier| earlier.packet < row.packet);
        let heard = self
            .rows
            .iter()
            .take(at)
            .rev()
            .take(LOOKED_BACK)
            .find(|earlier| earlier.place.from != row.place.from);
        heard.is_some_and(|heard| heard.place.window == Some(0))
    }

    /// What is remarkable about the segment, but for what its repair tells.
    fn notes(&self, row: &Row, ack: u32, repairs: bool) -> Vec<String> {
        let place = &row.place;
        let closer =
            place.notes.has(Note::FastRetransmission) || place.notes.has(Note::SpuriousRetransmission);
        let mut all = Vec::new();
        for note in place.notes.iter() {
            // A SYN sent again says so itself, and the SYN ACK of a simultaneous opening has to repeat the SYN.
            let told = closer || matches!(place.step, Step::Syn | Step::SynAck);
            let stray = note == Note::AckLostSegment && place.step == Step::SynAck;
            if stray
                || (note == Note::Retransmission && told)
                || (repairs && matches!(note, Note::Retransmission | Note::FastRetransmission))
            {
                continue;
            }
            let window = place.window.map_or_else(|| "?".to_owned(), |window| window.to_string());
            let values: [(&str, &dyn std::fmt::Display); 5] = [
                ("packet", &place.repeats.unwrap_or(0)),
                ("seq", &place.relative_seq),
                ("ack", &ack),
                ("octets", &row.length),
                ("window", &window),
            ];
            let name = match note {
                Note::KeepAlive if self.window_is_shut(row) => "keep_alive_probe",
                Note::WindowUpdate if place.window.is_none() => "window_update_unscaled",
                _ => note.name(),
            };
            let unseen = format!("note.{name}_unseen");
            let said = match (place.repeats, self.style.find(&unseen)) {
                (None, Some(_)) => self.style.say(&unseen, &values),
                _ => self.style.say(&format!("note.{name}"), &values),
            };
            all.push(said);
        }
        all
    }

    /// Why an end that has just come to TIME-WAIT waits there.
    fn time_wait(&self, c: &Connection, row: &Row, before: Option<&Row>) -> Vec<String> {
        let comes = |side: &Side| {
            let waits = |row: &Row| *row.place.states.of(*side) == TcpState::TimeWait;
            waits(row) && !before.is_some_and(waits)
        };
        let why = |side: Side| {
            let key = match c.teardown.kind {
                TeardownKind::Simultaneous => "tcp.time_wait.both",
                _ if c.teardown.first == Some(side) => "tcp.time_wait.first",
                _ => "tcp.time_wait",
            };
            let who = self.style.word(&format!("tcp.side.{}", side.name()));
            self.style.say(key, &[("who", &who)])
        };
        [Side::Initiator, Side::Responder].into_iter().filter(comes).map(why).collect()
    }

    /// What came of both ends' offers.
    fn scaling(&self, c: &Connection) -> Option<String> {
        let (a, b) = c.handshake.offers.initiator.zip(c.handshake.offers.responder)?;
        let both = a.window_scale.is_some() && b.window_scale.is_some();
        let times = |shift: Option<u8>| 1_u32 << shift.unwrap_or(0).min(14);
        let values: [(&str, &dyn std::fmt::Display); 6] = [
            ("mss_there", &b.mss.unwrap_or(536)),
            ("mss_back", &a.mss.unwrap_or(536)),
            ("a", &a.window_scale.unwrap_or(0)),
            ("b", &b.window_scale.unwrap_or(0)),
            ("a_times", &times(a.window_scale)),
            ("b_times", &times(b.window_scale)),
        ];
        Some(self.style.say(if both { "tcp.scaled" } else { "tcp.not_scaled" }, &values))
    }
}
