//! What took how long: the steps of a connection, from the lookup of its server's name to its last segment. Each
//! begins where the one before ended, so that together they are the whole.

use std::net::IpAddr;

use super::super::smtp::{answered, packets, phases};
use super::super::style::{Style, Tone};
use super::super::time::duration;
use super::step::{Mail, Step, What};
use crate::conversation::dns::{Lookup, Part, Told};
use crate::conversation::http::Exchange;
use crate::conversation::smtp::{Pace, Session, Speaker, Turn, TurnKind};
use crate::conversation::tls;
use crate::flow::{Connection, Place, Step as Segment};
use crate::lesson::smtp::Phase;
use crate::packet::{Protocol, Timestamp};
use crate::wire::dns::TypeName;

/// Columns of a bar that is the whole.
const BAR: i64 = 20;
/// Exchanges that have a step of their own.
const EXCHANGES: usize = 5;
/// Addresses of one answer that are looked at.
const ADDRESSES: usize = 32;
/// Nanoseconds before the connection in which a lookup can have led to it: caches of programs keep no longer.
const WITHIN_NS: i64 = 300_000_000_000;

/// What only the packets themselves tell of a connection.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Marks {
    /// The ACK that completed its opening.
    opened: Option<Mark>,
    /// Its first FIN or RST.
    closing: Option<Mark>,
}

#[derive(Debug, Clone, Copy)]
struct Mark {
    packet: u64,
    time: Timestamp,
}

impl Marks {
    /// Takes a segment.
    pub(super) fn segment(&mut self, place: &Place, packet: u64, time: Option<Timestamp>) {
        let Some(time) = time else { return };
        let mark = Mark { packet, time };
        match place.step {
            Segment::HandshakeAck => _ = self.opened.get_or_insert(mark),
            Segment::FirstFin | Segment::Reset => _ = self.closing.get_or_insert(mark),
            Segment::Syn
            | Segment::SynAck
            | Segment::Data
            | Segment::Ack
            | Segment::SecondFin
            | Segment::FinAck => {}
        }
    }
}

/// A name that was looked up and answered with addresses.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    question: String,
    time: Option<Timestamp>,
    took_ns: Option<i64>,
    packets: (u64, u64),
    client: IpAddr,
    addresses: Vec<IpAddr>,
}

impl Asked {
    /// `None` where no address was answered.
    pub(super) fn of(lookup: &Lookup) -> Option<Self> {
        let question = lookup.question.as_ref()?;
        let addresses: Vec<IpAddr> = lookup.named_addresses().take(ADDRESSES).collect();
        (!addresses.is_empty()).then(|| Self {
            question: format!("{} {}", TypeName(question.kind), question.name),
            time: lookup.time(),
            took_ns: lookup.duration_ns(),
            packets: (lookup.first_packet(), lookup.last_packet()),
            client: lookup.client.address,
            addresses,
        })
    }

    /// Whether the initiator may have connected because of it.
    pub(super) fn led_to(&self, connection: &Connection) -> bool {
        let ends = &connection.endpoints;
        self.client == ends.initiator.address
            && self.addresses.contains(&ends.responder.address)
            && self
                .time
                .zip(connection.start)
                .is_some_and(|(asked, connected)| (0..=WITHIN_NS).contains(&connected.since(asked)))
    }

    fn told(told: &Told) -> Self {
        Self {
            question: format!("{} {}", TypeName(told.kind), told.name),
            time: told.time,
            took_ns: told.took_ns,
            packets: (told.first_packet, told.last_packet),
            client: told.client.address,
            addresses: Vec::new(),
        }
    }
}

/// What is known of a connection.
pub(super) struct Known<'a> {
    pub(super) connection: &'a Connection,
    pub(super) marks: Marks,
    pub(super) application: Option<Protocol>,
    pub(super) session: Option<&'a Session>,
    pub(super) tls: Option<&'a tls::Session>,
    /// In order.
    pub(super) exchanges: Vec<&'a Exchange>,
    /// The last lookup that may have led to it.
    pub(super) asked: Option<&'a Asked>,
}

impl Known<'_> {
    /// What went on between what is known in detail and the close.
    fn rest(&self) -> What {
        match self.session {
            Some(session) if session.turns.last().is_none_or(is_tls) => What::Sealed,
            None if self.exchanges.is_empty() => match self.tls {
                Some(tls) if !tls.is_opened() => What::Sealed,
                tls => What::Talk(tls.and_then(|tls| tls.application).or(self.application)),
            },
            Some(_) | None => What::Idle,
        }
    }

    /// Those that led to the server.
    fn lookups(&self) -> Vec<Asked> {
        match self.session {
            Some(session) => {
                session.lookups.iter().filter(|told| told.part == Part::Before).map(Asked::told).collect()
            }
            None => self.asked.cloned().into_iter().collect(),
        }
    }
}

/// The steps of a connection, in order.
#[derive(Debug)]
pub(super) struct Story {
    steps: Vec<Step>,
    start: Timestamp,
    at: Timestamp,
}

impl Story {
    /// `None` where no packet had a time, or there are no steps to tell apart.
    pub(super) fn of(known: &Known<'_>) -> Option<Self> {
        let connection = known.connection;
        let (start, end) = connection.start.zip(connection.end)?;
        let mut story = Self { steps: Vec::new(), start, at: start };
        story.lookups(known.lookups(), start);
        if let Some(mark) = known.marks.opened {
            story.until(What::Opening, Some(mark.time), Some((connection.first_packet, mark.packet)));
        }
        let agreed = known.tls.and_then(agreed);
        if let Some(session) = known.session {
            story.session(session, agreed);
        } else if let (Some(tls), Some(packets)) = (known.tls, agreed) {
            if tls.after_starttls {
                story.until(What::Talk(known.application), tls.start, None);
            }
            story.until(What::Tls, packets.time, Some((packets.first, packets.last)));
        }
        story.exchanges(&known.exchanges);
        let closing = known.marks.closing.map_or(end, |mark| mark.time);
        let is_closing = story.steps.last().is_some_and(|step| step.what == What::Closing);
        if closing > story.at && !is_closing {
            let before = story.steps.last().and_then(|step| step.packets).map(|(_, last)| last + 1);
            let behind =
                known.marks.closing.map_or(connection.last_packet, |mark| mark.packet.saturating_sub(1));
            let packets = before.map(|first| (first, behind)).filter(|(first, last)| first <= last);
            story.until(known.rest(), Some(closing), packets);
        }
        if let Some(mark) = known.marks.closing {
            story.until(What::Closing, Some(end), Some((mark.packet, connection.last_packet)));
        }
        (story.steps.len() > 2).then_some(story)
    }

    /// Those that led to the server, and what the client did besides before it connected.
    fn lookups(&mut self, mut before: Vec<Asked>, connected: Timestamp) {
        before.sort_by_key(|asked| (asked.time, asked.packets));
        let Some(first) = before.iter().find_map(|asked| asked.time) else { return };
        (self.start, self.at) = (first.min(connected), first.min(connected));
        let mut besides = 0;
        for Asked { question, time, took_ns, packets, .. } in before {
            let asked = time.map_or(self.at, |time| time.clamp(self.at, connected.max(self.at)));
            besides += asked.since(self.at);
            self.at = asked;
            let answered = |time: Timestamp| time.nanos().saturating_add(took_ns.unwrap_or(0));
            let answered = time.map(|time| Timestamp::from_nanos(answered(time)).min(connected));
            self.until(What::Lookup(question), answered, Some(packets));
        }
        besides += connected.since(self.at).max(0);
        if besides > 0 {
            self.steps.push(Step { what: What::Pause, packets: None, took: besides });
        }
        self.at = self.at.max(connected);
    }

    fn exchanges(&mut self, exchanges: &[&Exchange]) {
        for (at, exchange) in exchanges.iter().enumerate() {
            let messages = [
                exchange.request.as_ref().map(|request| &request.message),
                exchange.response.as_ref().map(|response| &response.message),
            ];
            let ended = messages.into_iter().flatten().filter_map(|message| message.last_time).max();
            let last = messages.into_iter().flatten().map(|message| message.last_packet).max();
            let what = match &exchange.request {
                Some(request) if at < EXCHANGES => {
                    let status = exchange.response.as_ref().map(|response| response.status);
                    What::Exchange(format!("{} {}", request.method, request.target.shown(false)), status)
                }
                _ => What::Talk(Some(Protocol::Http)),
            };
            self.until(what, ended, last.map(|last| (exchange.first_packet(), last)));
        }
    }

    fn session(&mut self, session: &Session, agreed: Option<tls::Packets>) {
        let protocol = if session.lmtp { "LMTP" } else { "SMTP" };
        let verbs = session.turns.iter().filter_map(|turn| turn.kind.command()).map(|(verb, _)| verb);
        let hello = verbs.into_iter().find(|verb| matches!(*verb, "EHLO" | "HELO" | "LHLO"));
        let hello = What::Hello(protocol, hello.map(ToOwned::to_owned));
        for (turn, phase) in session.turns.iter().zip(phases(session)) {
            let last = self.steps.last().map(|step| &step.what);
            let what = match phase {
                // once one side has said goodbye, all that follows is part of it
                _ if last == Some(&What::Closing) => What::Closing,
                Phase::Connect | Phase::Hello if self.has_said(&hello) => What::HelloAgain,
                Phase::Connect | Phase::Hello => hello.clone(),
                Phase::Encryption => What::Tls,
                Phase::Authentication => What::Login,
                Phase::Envelope | Phase::Message => What::Mail(Mail::default()),
                Phase::Service => What::Service,
                Phase::Closing => What::Closing,
            };
            // what is sent before the answer to a mail does not end it (RFC 2920)
            let is_answered = !matches!(last, Some(What::Mail(Mail { answer: None, refusal: None, .. })));
            if !is_answered && what == What::Closing && turn.from == Speaker::Client {
                continue;
            }
            if let (TurnKind::Tls, Some(packets)) = (&turn.kind, agreed) {
                self.until(What::Tls, packets.time, Some((turn.packet, packets.last)));
                continue;
            }
            self.silence(turn);
            let begins = turn.kind.command().is_some_and(|(verb, _)| verb == "MAIL");
            if is_answered
                && begins
                && let Some(Step { what: What::Mail(_), .. }) = self.steps.last()
            {
                let packets = Some((turn.packet, turn.packet));
                self.steps.push(Step { what: What::Mail(Mail::default()), packets, took: 0 });
            }
            self.until(what, turn.last_time, Some((turn.packet, turn.last_packet)));
            if let Some(Step { what: What::Mail(mail), .. }) = self.steps.last_mut() {
                mail.turn(session, turn);
            }
        }
    }

    /// A server that speaks unasked after a long time has waited for the client.
    fn silence(&mut self, turn: &Turn) {
        let TurnKind::Reply { to: None, .. } = turn.kind else { return };
        if turn.time.is_some_and(|time| Pace::is_long(time.since(self.at))) {
            self.until(What::Silence, turn.time, None);
        }
    }

    /// Whether something else came after the first hello.
    fn has_said(&self, hello: &What) -> bool {
        let mut steps = self.steps.iter().rev();
        steps.next().is_some_and(|last| last.what != *hello) && steps.any(|step| step.what == *hello)
    }

    /// What went on until this time belongs to a step of this kind.
    fn until(&mut self, what: What, time: Option<Timestamp>, packets: Option<(u64, u64)>) {
        let end = time.map_or(self.at, |time| time.max(self.at));
        let took = end.since(self.at);
        self.at = end;
        let is_same = |last: &Step| match (&last.what, &what) {
            (What::Mail(_), What::Mail(_)) => true,
            // what is sent together with the goodbye belongs to it
            (What::Service, What::Closing) => last.took == 0,
            (one, other) => one == other,
        };
        match self.steps.last_mut().filter(|last| is_same(last)) {
            Some(last) => {
                if what == What::Closing {
                    last.what = what;
                }
                last.took += took;
                last.packets = match (last.packets, packets) {
                    (Some((first, old)), Some((_, new))) => Some((first, old.max(new))),
                    (old, new) => old.or(new),
                };
            }
            None => self.steps.push(Step { what, packets, took }),
        }
    }

    /// Appends the table of the steps, under a heading that says whose they are.
    pub(super) fn push(&self, style: &Style, out: &mut String, connection: &Connection) {
        let whole = self.at.since(self.start);
        let ends = &connection.endpoints;
        let values: [(&str, &dyn std::fmt::Display); 4] = [
            ("stream", &connection.stream),
            ("initiator", &style.endpoint(ends.initiator)),
            ("responder", &style.endpoint(ends.responder)),
            ("took", &duration(whole)),
        ];
        style.paragraph(out, Tone::Title, &style.say("overview.story.heading", &values), 2);
        let mut grid = style.grid(&["story_step", "packets", "took", "share", "bar"]);
        for step in &self.steps {
            let took = step.took;
            let share = |of: i64| took.saturating_mul(of).checked_div(whole).unwrap_or(0);
            grid.add_row([
                style.cell(step.tone(), step.what.text(style)),
                style.number(step.packets.map(|(first, last)| packets(first, last)).unwrap_or_default()),
                style.number(duration(took)),
                style.number(if took > 0 && share(100) == 0 {
                    "<1 %".to_owned()
                } else {
                    format!("{} %", share(100))
                }),
                style.cell(Tone::Quiet, "━".repeat(usize::try_from(share(BAR)).unwrap_or(0))),
            ]);
        }
        style.push_grid(out, grid);
    }
}

impl Mail {
    /// Counts what was asked for and answered.
    fn turn(&mut self, session: &Session, turn: &Turn) {
        match &turn.kind {
            TurnKind::Command { verb, .. } if verb == "RCPT" => self.asked += 1,
            TurnKind::Message { .. } if session.lmtp => self.taken = 0,
            TurnKind::Reply { to, reply, .. } => match (answered(session.said(), *to), reply.code) {
                ("RCPT", ..300) => self.taken += 1,
                ("RCPT" | "MAIL", code @ 400..) => _ = self.refusal.get_or_insert(code),
                ("message", code) => {
                    self.taken += u32::from(session.lmtp && code < 300);
                    self.answer = self.answer.filter(|before| *before < 300).or(Some(code));
                }
                // with no recipient left there is nothing to send, and the reply says so
                ("DATA" | "BDAT", code @ 400..) => self.answer = Some(code),
                _ => {}
            },
            _ => {}
        }
    }
}

const fn is_tls(turn: &Turn) -> bool {
    matches!(turn.kind, TurnKind::Tls)
}

/// The packets of a TLS handshake: up to the client's last word in it. Where that is encrypted and was not opened, it is
/// the first thing that the client sends encrypted.
fn agreed(session: &tls::Session) -> Option<tls::Packets> {
    let mut all: Option<tls::Packets> = None;
    for step in &session.steps {
        match step.what {
            tls::What::Data { early: true, .. } => continue,
            tls::What::Data { early: false, .. } => break,
            tls::What::Handshake(_)
            | tls::What::ChangeCipherSpec
            | tls::What::Alert(..)
            | tls::What::Sealed { .. }
            | tls::What::Other(_)
            | tls::What::Gap(_)
            | tls::What::NoRecords(_) => {}
        }
        let first = all.map_or(step.packets.first, |all| all.first);
        all = Some(tls::Packets { first, ..step.packets });
        if matches!(step.what, tls::What::Sealed { .. }) && step.from == session.client {
            break;
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_of_one_kind_are_one_and_each_begins_where_the_one_before_ended() {
        let at = |millis: i64| Some(Timestamp::from_nanos(millis));
        let start = Timestamp::from_nanos(0);
        let mut story = Story { steps: Vec::new(), start, at: start };
        story.until(What::Opening, at(2), Some((1, 3)));
        story.until(What::Login, at(5), Some((4, 4)));
        story.until(What::Login, at(7), Some((5, 6)));
        // a clock that went back takes nothing away
        story.until(What::Mail(Mail::default()), at(6), Some((7, 7)));
        story.until(What::Mail(Mail::default()), None, None);
        story.until(What::Closing, at(10), Some((8, 9)));
        let steps: Vec<_> = story.steps.iter().map(|step| (step.took, step.packets)).collect();
        assert_eq!(steps, [(2, Some((1, 3))), (5, Some((4, 6))), (0, Some((7, 7))), (3, Some((8, 9)))]);
    }
}
