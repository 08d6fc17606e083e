//! `overview`: the capture at a glance.

mod remarks;
mod step;
mod story;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt::Display;
use std::io::{self, Write};

use self::remarks::Remarks;
use self::story::{Asked, Known, Marks, Story};
use super::fcs::Counts;
use super::osi::{Seen, units};
use super::style::{Style, Tone, shown};
use super::time::{at_least as floor, duration, utc};
use super::{fetch, http, smtp, tcp};
use crate::capture::SourceInfo;
use crate::conversation::dns::{Lookup, Outcome, Warning};
use crate::conversation::fetch as mailbox;
use crate::conversation::http::Exchange;
use crate::conversation::journey::{ClockLag, Journeys};
use crate::conversation::smtp::Session;
use crate::conversation::tls;
use crate::dissect::Basis;
use crate::flow::Connection;
use crate::packet::{MacAddress, Protocol};
use crate::report::tally::Tally;
use crate::report::{LiveReport, Options, PacketEvent, Sink, Summary};

/// Connections, sessions, files and damages that are listed; the others are counted.
const LISTED: usize = 10;
/// Connections, or mail sessions, of which it is told what took how long, if there are no more than these.
const FEW: u64 = 3;
/// Lookups that are remembered for the connections that they may lead to.
const ASKED: usize = 256;
/// Sources of frames with an inferred FCS that are named.
const SOURCES: usize = 3;

/// Counts what goes by.
pub(super) struct Overview {
    out: Box<dyn Write>,
    style: Style,
    tally: Tally,
    seen: Seen,
    remarks: Remarks,
    fcs: Counts,
    /// Whose frames were inferred to carry an FCS.
    fcs_from: BTreeSet<MacAddress>,
    cut: u64,
    /// The first packet that an application speaks in.
    speaks: Option<u64>,
    connections: Vec<(Connection, Option<Protocol>)>,
    exchanges: Vec<Exchange>,
    sessions: Vec<Session>,
    /// Of the connections that are listed.
    marks: BTreeMap<u64, Marks>,
    tls: Vec<tls::Session>,
    /// The latest.
    asked: VecDeque<Asked>,
    mailboxes: Vec<mailbox::Session>,
    journeys: Journeys,
    /// How long the slowest lookup took, and what it asked.
    slowest_lookup: Option<(i64, String)>,
    live: Option<LiveReport>,
    /// Connections that began, of which a live capture knows the rest only at its end.
    begun: u64,
    /// Lines of the screen that are written over next time.
    drawn: usize,
}

impl Overview {
    pub(super) fn new(options: &Options, out: Box<dyn Write>) -> Self {
        Self {
            out,
            style: Style::new(options),
            tally: Tally::default(),
            seen: Seen::default(),
            remarks: Remarks::default(),
            fcs: Counts::default(),
            fcs_from: BTreeSet::new(),
            cut: 0,
            speaks: None,
            connections: Vec::new(),
            exchanges: Vec::new(),
            sessions: Vec::new(),
            marks: BTreeMap::new(),
            tls: Vec::new(),
            asked: VecDeque::new(),
            mailboxes: Vec::new(),
            journeys: Journeys::default(),
            slowest_lookup: None,
            live: options.live.clone(),
            begun: 0,
            drawn: 0,
        }
    }

    fn sources(&self, out: &mut String, summary: &Summary) {
        let style = &self.style;
        let captures = summary.sources.last().map_or(0, |(capture, _)| *capture);
        for (capture, info) in summary.sources.iter().take(LISTED) {
            let name = if info.name == "-" { style.word("overview.stdin") } else { shown(&info.name) };
            let mut text = format!("{name} · {}", kind(style, info));
            if captures > 1 || summary.sources.len() > 1 {
                text.push_str(&style.say("overview.capture", &[("number", capture)]));
            }
            style.paragraph(out, Tone::Title, &text, 2);
            for comment in info.comments.iter().take(LISTED) {
                style.paragraph(out, Tone::Quiet, &format!("# {}", shown(comment)), 2);
            }
        }
        let more = summary.sources.len().saturating_sub(LISTED);
        if more > 0 {
            style.paragraph(out, Tone::Quiet, &style.say("overview.more_files", &[("count", &more)]), 2);
        }
        let count = units(style, "packet", self.tally.packets);
        let text = match self.tally.first.zip(self.tally.last) {
            Some((first, last)) => {
                let (took, start) = (duration(last.since(first)), utc(first));
                style.say("overview.packets", &[("count", &count), ("took", &took), ("start", &start)])
            }
            None => style.say("overview.packets_untimed", &[("count", &count)]),
        };
        style.paragraph(out, Tone::Plain, &text, 2);
    }

    /// Which frames carry a frame check sequence, and how that is known.
    fn check_sequence(&self, out: &mut String, summary: &Summary) {
        let style = &self.style;
        let fcs = &self.fcs;
        if fcs.frames() == 0 {
            return;
        }
        let frames = units(style, "frame", fcs.frames());
        let mut why = fcs.reasons(style);
        if !self.fcs_from.is_empty() {
            let mut names: Vec<String> =
                self.fcs_from.iter().take(SOURCES).map(ToString::to_string).collect();
            if self.fcs_from.len() > SOURCES {
                names.push("…".to_owned());
            }
            why.push_str(
                &style.say("overview.fcs.from", &[("sources", &names.join(&style.word("overview.and")))]),
            );
        }
        let values: [(&str, &dyn Display); 6] = [
            ("carried", &fcs.carried()),
            ("frames", &frames),
            ("good", &fcs.good),
            ("bad", &fcs.bad),
            ("cut", &fcs.unverifiable),
            ("why", &why),
        ];
        let key = match (fcs.carried(), fcs.unverifiable) {
            (0, _) if fcs.bases == [0; 3] => "overview.fcs.unknown",
            (0, _) => "overview.fcs.absent",
            (n, _) if fcs.good == n => "overview.fcs.good",
            (_, 0) => "overview.fcs.some",
            _ => "overview.fcs.cut",
        };
        let mut text = style.say(key, &values);
        let guessed = fcs.bases[0] + fcs.bases[2] < fcs.frames();
        if guessed && !summary.fcs_first_pass {
            text.push_str(&style.word("overview.fcs.moment"));
        }
        style.paragraph(out, if fcs.bad > 0 { Tone::Bad } else { Tone::Plain }, &text, 2);
    }

    fn layers(&self, out: &mut String) {
        let style = &self.style;
        let mut table = style.grid(&["osi", "tcpip", "seen"]);
        for osi in (1..=7u8).rev() {
            let (tone, seen) = match self.seen.row(style, &self.tally, osi) {
                Some(seen) => (Tone::Plain, seen),
                None => (Tone::Quiet, style.word(&format!("osi.empty.{osi}"))),
            };
            table.add_row(vec![
                style.cell(tone, style.word(&format!("osi.{osi}"))),
                style.cell(tone, style.word(&format!("osi.tcpip.{osi}"))),
                style.cell(tone, seen),
            ]);
        }
        style.push_grid(out, table);
    }

    /// Lookups of names by how they ended, and the slowest.
    fn lookups(&self) -> Option<String> {
        let style = &self.style;
        let outcome = |outcome: Outcome| {
            let count = self.tally.lookups.get(outcome.name())?;
            Some(style.say(&format!("dns.count.{}", outcome.name()), &[("count", count)]))
        };
        let parts: Vec<String> = Outcome::ALL.into_iter().filter_map(outcome).collect();
        let unasked = [Outcome::Announced, Outcome::Goodbye, Outcome::Unmatched];
        let is_lookup = |outcome: &&Outcome| !unasked.contains(outcome);
        let count = |outcome: &Outcome| self.tally.lookups.get(outcome.name()).copied().unwrap_or(0);
        let total: u64 = Outcome::ALL.iter().filter(is_lookup).map(count).sum();
        let what = parts.join(&style.word("overview.and"));
        let mut text = style.say("overview.dns", &[("count", &total), ("what", &what)]);
        if let Some((took, question)) = &self.slowest_lookup {
            let values: [(&str, &dyn Display); 2] = [("time", &duration(*took)), ("question", question)];
            text.push_str(&style.say("overview.dns.slowest", &values));
        }
        (!parts.is_empty()).then_some(text)
    }

    /// What took how long, where there are few connections.
    fn stories(&self, out: &mut String) {
        let few = self.tally.connections <= FEW || self.tally.sessions <= FEW && self.tally.sessions > 0;
        for (connection, application) in self.connections.iter().filter(|_| few) {
            let session = self.sessions.iter().find(|session| session.stream == connection.stream);
            if session.is_none() && self.tally.connections > FEW {
                continue;
            }
            let marks = self.marks.get(&connection.stream).copied().unwrap_or_default();
            let mine = self.exchanges.iter().filter(|exchange| exchange.stream == connection.stream);
            let tls = self.tls.iter().find(|tls| tls.stream == connection.stream);
            let known = Known {
                tls,
                connection,
                marks,
                application: *application,
                session,
                exchanges: mine.collect(),
                asked: self.asked.iter().rev().find(|asked| asked.led_to(connection)),
            };
            if let Some(story) = Story::of(&known) {
                out.push('\n');
                story.push(&self.style, out, connection);
            }
        }
    }

    /// The ways of mails, a line each.
    fn mails(&self, out: &mut String) {
        let style = &self.style;
        let ways = || self.journeys.list.iter().filter(|journey| journey.steps.len() > 1);
        for (index, journey) in ways().take(LISTED).enumerate() {
            if index == 0 {
                out.push('\n');
            }
            style.paragraph(out, Tone::Plain, &smtp::journey(style, journey), 2);
        }
        let more = ways().count().saturating_sub(LISTED);
        if more > 0 {
            style.paragraph(out, Tone::Quiet, &style.say("journey.mails_left_out", &[("count", &more)]), 2);
        }
    }

    /// The largest lag of each pair of captures.
    fn clocks(&self) -> Vec<ClockLag> {
        let mut lags: Vec<ClockLag> = Vec::new();
        for lag in self.journeys.list.iter().flat_map(|journey| &journey.clocks) {
            let same = |known: &&mut ClockLag| (known.capture, known.behind) == (lag.capture, lag.behind);
            match lags.iter_mut().find(same) {
                Some(known) => known.at_least = known.at_least.max(lag.at_least),
                None => lags.push(*lag),
            }
            if lags.len() >= LISTED {
                break;
            }
        }
        lags
    }

    /// What deserves a second look, one line a kind.
    fn odd(&self, out: &mut String, summary: &Summary) {
        let style = &self.style;
        let mut lines: Vec<(Tone, String)> = Vec::new();
        for damage in summary.damage.iter().take(LISTED) {
            let offset = damage.offset.unwrap_or_default();
            let values: [(&str, &dyn Display); 4] = [
                ("name", &shown(&damage.name)),
                ("offset", &offset),
                ("packets", &damage.packets),
                ("reason", &shown(&damage.reason)),
            ];
            let key = if damage.offset.is_some() { "overview.damage" } else { "overview.damage.live" };
            lines.push((Tone::Bad, style.say(key, &values)));
        }
        let t = &self.tally;
        let bad: Vec<String> = t
            .bad_checksums
            .iter()
            .map(|(name, n)| format!("{} {}", title(name), units(style, "packet", *n)))
            .collect();
        if !bad.is_empty() {
            let mut text =
                style.say("overview.bad_checksums", &[("which", &bad.join(&style.word("overview.and")))]);
            if t.bad_checksums.keys().all(|name| matches!(*name, "tcp" | "udp")) {
                text.push_str(&style.word("overview.bad_checksums.offload"));
            }
            lines.push((Tone::Bad, text));
        }
        let counted = [
            ("overview.offloaded", "checksum", t.offloaded_checksums),
            ("overview.stopped", "packet", t.stopped),
            ("overview.cut", "packet", self.cut),
            ("overview.evicted", "connection", t.evicted),
        ];
        for (key, unit, count) in counted.into_iter().filter(|(_, _, count)| *count > 0) {
            lines.push((Tone::Warn, style.say(key, &[("count", &units(style, unit, count))])));
        }
        let doubts =
            [Warning::WrongId, Warning::WrongSource, Warning::WrongQuestion, Warning::ConflictingAnswer];
        let doubtful: u64 = doubts.iter().filter_map(|doubt| self.tally.dns_warnings.get(doubt.name())).sum();
        if doubtful > 0 {
            lines.push((Tone::Bad, style.say("overview.dns.doubtful", &[("count", &doubtful)])));
        }
        for ClockLag { capture, behind, at_least } in self.clocks() {
            let values: [(&str, &dyn Display); 3] =
                [("capture", &capture), ("behind", &behind), ("time", &floor(at_least))];
            lines.push((Tone::Warn, style.say("overview.journey.clock", &values)));
        }
        lines.extend(self.odd_tcp().map(|text| (Tone::Warn, text)));
        lines.extend(self.remarks.lines(style).into_iter().map(|text| (Tone::Warn, text)));
        for (name, count) in &t.http_warnings {
            let what = style.word(&format!("http.warning.{name}"));
            let count = units(style, "exchange", *count);
            lines.push((
                Tone::Warn,
                style.say("http.view.overview_warning", &[("count", &count), ("what", &what)]),
            ));
        }
        if lines.is_empty() {
            return;
        }
        out.push('\n');
        style.paragraph(out, Tone::Title, &style.word("overview.odd"), 2);
        for (tone, line) in lines {
            style.paragraph(out, tone, &format!("! {line}"), 2);
        }
    }

    /// `TCP: 7 retransmissions, 1 connection reset`.
    fn odd_tcp(&self) -> Option<String> {
        let style = &self.style;
        let ended = |key: &str, count: Option<&u64>| {
            count.map(|count| style.say(key, &[("count", &units(style, "connection", *count))]))
        };
        let (opened, closed) = (&self.tally.handshakes, &self.tally.teardowns);
        let mut parts: Vec<String> = Vec::new();
        parts.extend(ended("overview.tcp.refused", opened.get("refused")));
        parts.extend(ended("overview.tcp.unanswered", opened.get("unanswered")));
        parts.extend(ended("overview.tcp.half_open", opened.get("half_open")));
        // A refusal is a reset as well, and has been told.
        let refused = opened.get("refused").copied().unwrap_or(0);
        let reset = closed.get("reset").map(|count| count.saturating_sub(refused));
        parts.extend(ended("overview.tcp.reset", reset.filter(|count| *count > 0).as_ref()));
        parts.extend(tcp::notes(style, |note| self.tally.notes.get(note.name()).copied().unwrap_or(0)));
        (!parts.is_empty()).then(|| {
            let what = parts.join(&style.word("overview.and"));
            style.say("overview.tcp", &[("what", &what)])
        })
    }

    /// The captures, as a command names them; of the wire, what was saved.
    fn names(&self, summary: &Summary) -> Option<String> {
        if let Some(live) = &self.live {
            return live.saved.as_ref().map(|path| quoted(&shown(&path.to_string_lossy())));
        }
        let names = summary.sources.iter().take(3).map(|(_, info)| quoted(&shown(&info.name)));
        Some(names.collect::<Vec<_>>().join(" "))
    }

    /// What is known, without what only the end brings.
    fn body(&mut self, summary: &Summary) -> String {
        let mut out = String::new();
        self.connections.sort_by_key(|(c, _)| c.stream);
        self.sources(&mut out, summary);
        self.check_sequence(&mut out, summary);
        out.push('\n');
        self.layers(&mut out);
        if self.tally.connections > 0 && !self.connections.is_empty() {
            out.push('\n');
            tcp::list(&self.style, &mut out, &self.connections, self.tally.connections);
        }
        if let Some(lookups) = self.lookups() {
            out.push('\n');
            self.style.paragraph(&mut out, Tone::Plain, &lookups, 2);
        }
        if self.tally.exchanges > 0 {
            out.push('\n');
            http::list(&self.style, &mut out, &self.exchanges, self.tally.exchanges);
        }
        if self.tally.sessions > 0 {
            out.push('\n');
            smtp::list(&self.style, &mut out, &self.sessions, self.tally.sessions);
        }
        fetch::overview(&self.style, &mut out, &self.mailboxes, &self.tally.mailboxes);
        out
    }

    /// Moves the cursor back to where the last drawing began, and takes that away.
    fn back(&mut self) -> String {
        match std::mem::take(&mut self.drawn) {
            0 => String::new(),
            lines => format!("\x1b[{lines}A\r\x1b[J"),
        }
    }

    /// The commands that show more of what is in here, each on one line.
    fn next(&self, out: &mut String, summary: &Summary) {
        let style = &self.style;
        let Some(names) = self.names(summary) else {
            out.push('\n');
            style.paragraph(out, Tone::Quiet, &style.word("overview.next_live"), 2);
            return;
        };
        let mut next = Vec::new();
        if self.tally.exchanges > 0 {
            next.push(format!("layerscope http {names}"));
        }
        for protocol in self.tally.mailboxes.keys() {
            next.push(format!("layerscope {} {names}", protocol.name()));
        }
        if self.tally.sessions > 0 {
            next.push(format!("layerscope smtp {names}"));
        }
        if !self.tls.is_empty() {
            next.push(format!("layerscope tls {names}"));
        }
        if !self.tally.lookups.is_empty() {
            next.push(format!("layerscope dns {names}"));
        }
        if let Some((c, _)) = self.connections.first() {
            next.push(format!("layerscope tcp --stream {} {names}", c.stream));
        } else {
            next.push(format!("layerscope packets {names}"));
        }
        if self.fcs.carried() > 0 {
            next.push(format!("layerscope fcs {names}"));
        }
        if self.tally.packets > 0 {
            next.push(format!("layerscope layers --packet {} {names}", self.speaks.unwrap_or(1)));
        }
        out.push('\n');
        let one_line = style.say("overview.next", &[("commands", &next.join(" · "))]);
        if super::style::width(&one_line) <= style.width {
            style.paragraph(out, Tone::Quiet, &one_line, 2);
            return;
        }
        style.paragraph(out, Tone::Quiet, style.say("overview.next", &[("commands", &"")]).trim_end(), 2);
        for command in next {
            style.paragraph(out, Tone::Quiet, &format!("  {command}"), 4);
        }
    }
}

impl Sink for Overview {
    fn packet(&mut self, event: &PacketEvent<'_>) -> io::Result<()> {
        self.tally.packet(event);
        self.seen.packet(event);
        let d = event.dissection;
        if let Some(fcs) = &d.fcs {
            self.fcs.add(fcs);
            if fcs.basis == Basis::Inferred
                && fcs.state.name() != "absent"
                && self.fcs_from.len() <= SOURCES
                && let Some((from, _)) = d.link
            {
                self.fcs_from.insert(from);
            }
        }
        if let Some(place) = event.place.filter(|place| place.stream < LISTED as u64) {
            let marks = self.marks.entry(place.stream).or_default();
            marks.segment(place, event.frame.number, event.frame.time);
        }
        self.begun += u64::from(event.place.is_some_and(|place| place.opens_stream));
        self.cut += u64::from(event.frame.is_cut());
        if self.speaks.is_none() && super::packets::protocol(event).osi().iter().any(|osi| *osi > 4) {
            self.speaks = Some(event.frame.number);
        }
        Ok(())
    }

    fn connection(&mut self, connection: &Connection, application: Option<Protocol>) -> io::Result<()> {
        self.tally.connection(connection);
        self.seen.connection(connection, application);
        if self.connections.len() < LISTED {
            self.connections.push((connection.clone(), application));
        }
        Ok(())
    }

    fn session(&mut self, session: Box<Session>) -> io::Result<()> {
        self.tally.session(&session);
        self.seen.session(&session);
        self.remarks.session(&session);
        if self.sessions.len() < LISTED {
            self.sessions.push(*session);
        }
        Ok(())
    }

    fn tls_session(&mut self, session: Box<tls::Session>) -> io::Result<()> {
        self.seen.tls(&session);
        if self.tls.len() < LISTED {
            self.tls.push(*session);
        }
        Ok(())
    }

    fn mailbox(&mut self, session: Box<mailbox::Session>) -> io::Result<()> {
        self.tally.mailbox(&session);
        self.seen.mailbox(&session);
        self.remarks.mailbox(&session);
        if self.mailboxes.len() < LISTED {
            self.mailboxes.push(*session);
        }
        Ok(())
    }

    fn lookup(&mut self, lookup: Box<Lookup>) -> io::Result<()> {
        self.tally.lookup(&lookup);
        if let Some(asked) = Asked::of(&lookup) {
            if self.asked.len() >= ASKED {
                self.asked.pop_front();
            }
            self.asked.push_back(asked);
        }
        if let Some(took) = lookup.duration_ns()
            && self.slowest_lookup.as_ref().is_none_or(|(slowest, _)| took > *slowest)
        {
            self.slowest_lookup = Some((took, super::dns::question(&self.style, &lookup)));
        }
        Ok(())
    }

    fn exchange(&mut self, exchange: Box<Exchange>) -> io::Result<()> {
        self.tally.exchange(&exchange);
        if self.exchanges.len() < LISTED {
            self.exchanges.push(*exchange);
        }
        Ok(())
    }

    fn journeys(&mut self, journeys: Journeys) -> io::Result<()> {
        self.journeys = journeys;
        Ok(())
    }

    /// Draws again what is known now, over what was drawn last, where there is a screen.
    fn refresh(&mut self, summary: &Summary) -> io::Result<()> {
        let Some(rows) = self.live.as_ref().and_then(|live| live.screen) else { return Ok(()) };
        let mut out = self.back();
        let known = std::mem::replace(&mut self.tally.connections, self.begun);
        let body = self.body(summary);
        self.tally.connections = known;
        for line in body.lines().take(rows.saturating_sub(1)) {
            out.push_str(line);
            out.push('\n');
            self.drawn += 1;
        }
        self.out.write_all(out.as_bytes())
    }

    fn finish(&mut self, summary: &Summary) -> io::Result<()> {
        let mut out = self.back();
        out.push_str(&self.body(summary));
        self.stories(&mut out);
        self.mails(&mut out);
        self.odd(&mut out, summary);
        self.next(&mut out, summary);
        self.out.write_all(out.as_bytes())?;
        self.out.flush()
    }
}

/// `pcap, gzip · Ethernet`.
fn kind(style: &Style, info: &SourceInfo) -> String {
    let mut text = info.format.to_owned();
    if let Some(compression) = info.compression {
        text.push_str(", ");
        text.push_str(compression);
    }
    let mut links: Vec<String> = Vec::new();
    for interface in &info.interfaces {
        let link = interface.link_type;
        let name = style.find(&format!("link_type.{}", link.0)).unwrap_or_else(|| link.to_string());
        if !links.contains(&name) && links.len() < LISTED {
            links.push(name);
        }
    }
    if !links.is_empty() {
        text.push_str(" · ");
        text.push_str(&links.join(&style.word("overview.and")));
    }
    if info.interfaces.len() > 1 {
        text.push_str(" · ");
        text.push_str(&units(style, "interface", info.interfaces.len() as u64));
    }
    text
}

/// The name that people know a checksum's protocol by.
fn title(name: &'static str) -> &'static str {
    Protocol::ALL.iter().find(|protocol| protocol.name() == name).map_or(name, |protocol| protocol.title())
}

/// A file's name as a shell takes it for one word.
fn quoted(name: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+,:@%".contains(c) || !c.is_ascii();
    if !name.is_empty() && name.chars().all(plain) {
        name.to_owned()
    } else {
        format!("'{}'", name.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_a_shell_would_split_is_quoted() {
        assert_eq!(quoted("mail.pcap"), "mail.pcap");
        assert_eq!(quoted("my mail.pcap"), "'my mail.pcap'");
        assert_eq!(quoted("it's"), r"'it'\''s'");
    }
}
