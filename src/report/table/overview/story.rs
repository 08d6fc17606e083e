//! What took how long: the steps of a connection, from the lookup of its server's name to its last segment. Each
//! begins where the one before ended, so that together they are the whole.

use std::net::IpAddr;

use super::super::smtp::{packets, phases};
use super::super::style::{Style, Tone, clipped, shown};
use super::super::time::duration;
use crate::conversation::dns::{Lookup, Part, Told};
use crate::conversation::http::Exchange;
use crate::conversation::smtp::{Session, Speaker, Turn, TurnKind};
use crate::conversation::tls;
use crate::flow::{Connection, Place, Step as Segment};
use crate::lesson::smtp::Phase;
use crate::packet::{Protocol, Timestamp};
use crate::wire::dns::TypeName;

/// Columns of a bar that is the whole.
const BAR: i64 = 20;
/// Columns that a name or a request takes at most.
const LONGEST: usize = 40;
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

/// A kind of step; what of one kind comes one behind the other is one step, but for lookups and mails.
#[derive(Debug, Clone, PartialEq, Eq)]
enum What {
    Lookup(String),
    Pause,
    Opening,
    Hello,
    /// Once more, under TLS (RFC 3207 section 4.2).
    HelloAgain,
    Tls,
    Login,
    /// With the code of the last reply.
    Mail(Option<u16>),
    Service,
    /// With its status.
    Exchange(String, Option<u16>),
    Talk(Option<Protocol>),
    Sealed,
    Idle,
    Closing,
}

#[derive(Debug)]
struct Step {
    what: What,
    packets: Option<(u64, u64)>,
    start: Timestamp,
    end: Timestamp,
}

/// The steps of a connection, in order.
#[derive(Debug)]
pub(super) struct Story {
    steps: Vec<Step>,
    at: Timestamp,
}

impl Story {
    /// `None` where no packet had a time, or there are no steps to tell apart.
    pub(super) fn of(known: &Known<'_>) -> Option<Self> {
        let connection = known.connection;
        let (start, end) = connection.start.zip(connection.end)?;
        let mut story = Self { steps: Vec::new(), at: start };
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
            story.until(known.rest(), Some(closing), None);
        }
        if let Some(mark) = known.marks.closing {
            story.until(What::Closing, Some(end), Some((mark.packet, connection.last_packet)));
        }
        (story.steps.len() > 2).then_some(story)
    }

    /// Those that led to the server, and what the client did besides before it connected.
    fn lookups(&mut self, mut before: Vec<Asked>, connected: Timestamp) {
        before.sort_by_key(|asked| (asked.time, asked.packets));
        if let Some(first) = before.iter().find_map(|told| told.time) {
            self.at = first.min(self.at);
        }
        for Asked { question, time, took_ns, packets, .. } in before {
            let answered = |time: Timestamp| time.nanos().saturating_add(took_ns.unwrap_or(0));
            let answered = time.map(|time| Timestamp::from_nanos(answered(time)).min(connected));
            self.until(What::Lookup(question), answered, Some(packets));
        }
        if connected > self.at && !self.steps.is_empty() {
            self.until(What::Pause, Some(connected), None);
        }
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
        for (turn, phase) in session.turns.iter().zip(phases(session)) {
            let what = match phase {
                Phase::Connect | Phase::Hello if self.has_said_hello() => What::HelloAgain,
                Phase::Connect | Phase::Hello => What::Hello,
                Phase::Encryption => What::Tls,
                Phase::Authentication => What::Login,
                Phase::Envelope | Phase::Message => What::Mail(None),
                Phase::Service => What::Service,
                Phase::Closing => What::Closing,
            };
            // what is sent before the answer to a mail does not end it (RFC 2920)
            let is_answered = match self.steps.last().map(|step| &step.what) {
                Some(What::Mail(code)) => code.is_some_and(|code| code / 100 != 3),
                _ => true,
            };
            if !is_answered && what == What::Closing && turn.from == Speaker::Client {
                continue;
            }
            if let (TurnKind::Tls, Some(packets)) = (&turn.kind, agreed) {
                self.until(What::Tls, packets.time, Some((turn.packet, packets.last)));
                continue;
            }
            let begins = turn.kind.command().is_some_and(|(verb, _)| verb == "MAIL");
            if is_answered
                && begins
                && let Some(Step { what: What::Mail(_), .. }) = self.steps.last()
            {
                self.begin(What::Mail(None), turn.packet);
            }
            self.until(what, turn.last_time, Some((turn.packet, turn.last_packet)));
            if let (TurnKind::Reply { reply, .. }, Some(Step { what: What::Mail(code), .. })) =
                (&turn.kind, self.steps.last_mut())
            {
                *code = Some(reply.code);
            }
        }
    }

    /// Whether something else came after the first hello.
    fn has_said_hello(&self) -> bool {
        let mut steps = self.steps.iter().rev();
        steps.next().is_some_and(|last| last.what != What::Hello)
            && steps.any(|step| step.what == What::Hello)
    }

    fn begin(&mut self, what: What, packet: u64) {
        self.steps.push(Step { what, packets: Some((packet, packet)), start: self.at, end: self.at });
    }

    /// What went on until this time belongs to a step of this kind.
    fn until(&mut self, what: What, time: Option<Timestamp>, packets: Option<(u64, u64)>) {
        let end = time.map_or(self.at, |time| time.max(self.at));
        let is_same = |last: &Step| match (&last.what, &what) {
            (What::Mail(_), What::Mail(_)) => true,
            (one, other) => one == other,
        };
        match self.steps.last_mut().filter(|last| is_same(last)) {
            Some(last) => {
                last.end = end;
                last.packets = match (last.packets, packets) {
                    (Some((first, old)), Some((_, new))) => Some((first, old.max(new))),
                    (old, new) => old.or(new),
                };
            }
            None => self.steps.push(Step { what, packets, start: self.at, end }),
        }
        self.at = end;
    }

    /// Appends the table of the steps, under a heading that says whose they are.
    pub(super) fn push(&self, style: &Style, out: &mut String, connection: &Connection) {
        let Some(first) = self.steps.first() else { return };
        let whole = self.at.since(first.start);
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
            let took = step.end.since(step.start);
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

impl Step {
    const fn tone(&self) -> Tone {
        match self.what {
            What::Mail(Some(500..)) => Tone::Bad,
            What::Mail(Some(400..)) => Tone::Warn,
            What::Mail(Some(..300)) => Tone::Good,
            What::Exchange(_, Some(400..)) => Tone::Warn,
            _ => Tone::Plain,
        }
    }
}

impl What {
    fn text(&self, style: &Style) -> String {
        let name = |protocol: &Protocol| protocol.title();
        match self {
            What::Lookup(question) => {
                style.say("overview.story.lookup", &[("question", &clipped(&shown(question), LONGEST))])
            }
            What::Pause => style.word("overview.story.pause"),
            What::Opening => style.word("overview.story.opening"),
            What::Hello => style.word("overview.story.hello"),
            What::HelloAgain => style.word("overview.story.hello_again"),
            What::Tls => style.word("overview.story.tls"),
            What::Login => style.word("overview.story.login"),
            What::Mail(Some(code @ 400..)) => style.say("overview.story.mail_refused", &[("code", code)]),
            What::Mail(Some(code @ ..300)) => style.say("overview.story.mail", &[("code", code)]),
            What::Mail(_) => style.word("overview.story.mail_open"),
            What::Service => style.word("overview.story.service"),
            What::Exchange(request, status) => {
                let answer = status.map_or_else(|| "?".to_owned(), |status| status.to_string());
                let request = clipped(&shown(request), LONGEST);
                style.say("overview.story.exchange", &[("request", &request), ("status", &answer)])
            }
            What::Talk(Some(protocol)) => style.say("overview.story.talk", &[("protocol", &name(protocol))]),
            What::Talk(None) => style.word("overview.story.data"),
            What::Sealed => style.word("overview.story.sealed"),
            What::Idle => style.word("overview.story.idle"),
            What::Closing => style.word("overview.story.closing"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_of_one_kind_are_one_and_each_begins_where_the_one_before_ended() {
        let at = |millis: i64| Some(Timestamp::from_nanos(millis * 1_000_000));
        let mut story = Story { steps: Vec::new(), at: Timestamp::from_nanos(0) };
        story.until(What::Opening, at(2), Some((1, 3)));
        story.until(What::Hello, at(5), Some((4, 4)));
        story.until(What::Hello, at(7), Some((5, 6)));
        // a clock that went back takes nothing away
        story.until(What::Mail(None), at(6), Some((7, 7)));
        story.until(What::Mail(None), None, None);
        story.until(What::Closing, at(10), Some((8, 9)));
        let steps: Vec<_> = story.steps.iter().map(|s| (s.start.nanos(), s.end.nanos(), s.packets)).collect();
        let ms = 1_000_000;
        assert_eq!(
            steps,
            [
                (0, 2 * ms, Some((1, 3))),
                (2 * ms, 7 * ms, Some((4, 6))),
                (7 * ms, 7 * ms, Some((7, 7))),
                (7 * ms, 10 * ms, Some((8, 9)))
            ]
        );
    }
}
