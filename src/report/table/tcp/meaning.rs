//! What a segment means, with its own numbers.

use super::super::style::Style;
use super::flaw;
use super::repair::Repairs;
use super::row::Row;
use crate::dissect::TcpFlags;
use crate::flow::{Connection, HandshakeKind, Step, TcpState, TeardownKind};
use crate::packet::{Note, PerSide, Side};

/// Kinds of options that are named, besides MSS and window scale (IANA's TCP option kind numbers).
const OPTIONS: [(u8, &str); 6] =
    [(4, "sack"), (8, "timestamps"), (19, "md5"), (29, "ao"), (30, "mptcp"), (34, "fast_open")];

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
        row.is_plain() && self.flaw(row).is_none()
    }

    fn flaw(&self, row: &Row) -> Option<flaw::Flaw> {
        row.flaw.filter(|_| *self.flaw_tells.of(row.place.from))
    }

    /// What a segment means; `before` is the one before it.
    pub(super) fn of(&self, row: &Row, before: Option<&Row>) -> String {
        let c = self.connection;
        let place = &row.place;
        let again = place.notes.has(Note::Retransmission);
        let refused = c.handshake.kind == HandshakeKind::Refused;
        let step = match place.step {
            Step::Syn if again => "syn_again",
            Step::Syn if row.length > 0 => "syn_data",
            Step::SynAck if self.is_asked_again(row) => "syn_ack_again",
            Step::SynAck if c.handshake.kind == HandshakeKind::FastOpen && covers_data(row) => "syn_ack_data",
            Step::Reset if place.ignored => "reset_ignored",
            Step::Reset if refused => "refused",
            Step::Syn => "syn",
            Step::SynAck => "syn_ack",
            Step::HandshakeAck => "handshake_ack",
            Step::Data => "data",
            Step::Ack => "ack",
            Step::FirstFin => "first_fin",
            Step::SecondFin => "second_fin",
            Step::FinAck => "fin_ack",
            Step::Reset => "reset",
        };
        let key = match (place.step, place.acknowledges) {
            (Step::SynAck | Step::HandshakeAck | Step::Ack | Step::FinAck, None) => {
                format!("tcp.step.{step}_unseen")
            }
            _ => format!("tcp.step.{step}"),
        };
        let ack = place.relative_ack.unwrap_or(0);
        let values: [(&str, &dyn std::fmt::Display); 7] = [
            ("isn", &row.seq),
            ("ack", &ack),
            ("before", &ack.saturating_sub(1)),
            ("early", &ack.saturating_sub(1)),
            ("packet", &place.acknowledges.unwrap_or(0)),
            ("octets", &row.length),
            ("seq", &place.relative_seq),
        ];
        let repair = self.repairs.tell(self.style, self.rows, row);
        let mut text = self.notes(row, ack, repair.is_some());
        // What is remarkable about an ACK says all there is to say.
        if text.is_empty() || place.step != Step::Ack {
            let step = self.style.say(&key, &values);
            text = if text.is_empty() { step } else { format!("{step} · {text}") };
        }
        if row.flags.has(TcpFlags::SYN) && !step.ends_with("again") {
            self.options(&mut text, row);
        }
        if place.step == Step::HandshakeAck {
            self.scaling(&mut text, c);
        }
        if let Some(repair) = repair {
            self.join(&mut text, &repair);
        }
        self.blocks(&mut text, row);
        if let Some(copy_of) = place.copy_of {
            self.join(&mut text, &self.style.say("tcp.copy", &[("packet", &copy_of)]));
        }
        if let Some(flaw) = self.flaw(row) {
            self.join(&mut text, &flaw::meaning(self.style, flaw));
        }
        self.time_wait(&mut text, c, row, before);
        text
    }

    fn join(&self, text: &mut String, more: &str) {
        if !text.is_empty() {
            text.push_str(" · ");
        }
        text.push_str(more);
    }

    /// What a SYN offers, by the names of its options.
    fn options(&self, text: &mut String, row: &Row) {
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
        if !names.is_empty() {
            let names = names.join(&self.style.word("tcp.option.join"));
            self.join(text, &self.style.say("tcp.option.offers", &[("names", &names)]));
        }
    }

    /// The blocks of a selective acknowledgement: what came behind a hole, and what came twice (RFC 2883).
    fn blocks(&self, text: &mut String, row: &Row) {
        let ack = row.place.relative_ack.unwrap_or(0);
        let say = |key: &str, twice: bool| {
            let blocks = row.sack.iter().flatten().filter(|(_, right)| (*right <= ack) == twice);
            let blocks: Vec<String> = blocks.map(|(left, right)| format!("{left}–{right}")).collect();
            let values: [(&str, &dyn std::fmt::Display); 2] = [("blocks", &blocks.join(", ")), ("ack", &ack)];
            (!blocks.is_empty()).then(|| self.style.say(key, &values))
        };
        for said in [say("tcp.sack", false), say("tcp.sack.twice", true)].into_iter().flatten() {
            self.join(text, &said);
        }
    }

    /// Whether its sender sent a SYN-ACK before.
    fn is_asked_again(&self, row: &Row) -> bool {
        let earlier = self.rows.iter().take_while(|earlier| earlier.packet < row.packet);
        earlier.filter(|r| r.place.from == row.place.from).any(|r| r.place.step == Step::SynAck)
    }

    /// Whether the other end's last window was zero: what looks like a keep-alive then asks for room.
    fn window_is_shut(&self, row: &Row) -> bool {
        let at = self.rows.partition_point(|earlier| earlier.packet < row.packet);
        let heard = self.rows.iter().take(at).rev().find(|earlier| earlier.place.from != row.place.from);
        heard.is_some_and(|heard| heard.place.window == Some(0))
    }

    /// What is remarkable about the segment, but for what its repair tells.
    fn notes(&self, row: &Row, ack: u32, repairs: bool) -> String {
        let place = &row.place;
        let closer =
            place.notes.has(Note::FastRetransmission) || place.notes.has(Note::SpuriousRetransmission);
        let mut all = Vec::new();
        for note in place.notes.iter() {
            // A SYN sent again says so itself, and the SYN ACK of a simultaneous opening has to repeat the SYN.
            let told = closer || matches!(place.step, Step::Syn | Step::SynAck);
            if (note == Note::Retransmission && told)
                || (repairs && matches!(note, Note::Retransmission | Note::FastRetransmission))
            {
                continue;
            }
            let values: [(&str, &dyn std::fmt::Display); 4] = [
                ("packet", &place.repeats.unwrap_or(0)),
                ("seq", &place.relative_seq),
                ("ack", &ack),
                ("octets", &row.length),
            ];
            let name = match note {
                Note::KeepAlive if self.window_is_shut(row) => "keep_alive_probe",
                _ => note.name(),
            };
            let unseen = format!("note.{name}_unseen");
            let said = match (place.repeats, self.style.find(&unseen)) {
                (None, Some(_)) => self.style.say(&unseen, &values),
                _ => self.style.say(&format!("note.{name}"), &values),
            };
            all.push(said);
        }
        all.join(" · ")
    }

    /// Why an end that has just come to TIME-WAIT waits there.
    fn time_wait(&self, text: &mut String, c: &Connection, row: &Row, before: Option<&Row>) {
        for side in [Side::Initiator, Side::Responder] {
            let waits = |row: &Row| *row.place.states.of(side) == TcpState::TimeWait;
            if !waits(row) || before.is_some_and(waits) {
                continue;
            }
            let key = match c.teardown.kind {
                TeardownKind::Simultaneous => "tcp.time_wait.both",
                _ if c.teardown.first == Some(side) => "tcp.time_wait.first",
                _ => "tcp.time_wait",
            };
            let who = self.style.word(&format!("tcp.side.{}", side.name()));
            text.push_str(" · ");
            text.push_str(&self.style.say(key, &[("who", &who)]));
        }
    }

    /// What came of both ends' offers.
    fn scaling(&self, text: &mut String, c: &Connection) {
        let (Some(a), Some(b)) = (c.handshake.offers.initiator, c.handshake.offers.responder) else { return };
        let key = if a.window_scale.is_some() && b.window_scale.is_some() {
            "tcp.scaled"
        } else {
            "tcp.not_scaled"
        };
        text.push_str(" · ");
        let values: [(&str, &dyn std::fmt::Display); 4] = [
            ("mss_there", &b.mss.unwrap_or(536)),
            ("mss_back", &a.mss.unwrap_or(536)),
            ("a", &a.window_scale.unwrap_or(0)),
            ("b", &b.window_scale.unwrap_or(0)),
        ];
        text.push_str(&self.style.say(key, &values));
    }
}

/// Whether a SYN-ACK covers more than the SYN.
fn covers_data(row: &Row) -> bool {
    row.place.relative_ack.is_some_and(|ack| ack > 1)
}
