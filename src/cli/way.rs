//! The way of the packets, from the source to the sink: frames in, events out.

mod secrets;

use std::io;
use std::ops::Range;
use std::rc::Rc;
use std::time::Duration;

use super::args::Packets;
use super::complaint::complain;
use super::keys::KeyLogs;
use super::live::Watch;
use super::plan::Plan;
use super::progress::Progress;
use super::survey::Chapter;
use crate::capture::{Damage, SaveError, Saver, Source, SourceInfo};
use crate::conversation::dns::{self, Datagram, Lookup};
use crate::conversation::journey::Collector;
use crate::conversation::{Conversations, Finished, http};
use crate::dissect::{self, Dissection, Dissector, IpHeader, TcpSegment, Transport};
use crate::flow::{Place, SegmentInput, Tracker};
use crate::packet::{Endpoint, Frame, PerSide, Protocol, Side};
use crate::report::{Follows, Format, MailFolder, PacketEvent, Sink, Summary, View};

/// Why a run ends before its input does.
pub(super) enum Stop {
    /// The answer cannot be written.
    Output(io::Error),
    /// Anything else.
    Other(anyhow::Error),
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Stop::Output(error)
    }
}

/// What is written besides the answer, and the key logs that are read besides the source.
pub(super) struct Outputs {
    pub(super) saver: Option<Saver>,
    pub(super) mail: Option<MailFolder>,
    pub(super) keys: KeyLogs,
}

/// A run: all that a packet meets on its way.
pub(super) struct Run {
    plan: Plan,
    sink: Box<dyn Sink>,
    saver: Option<Saver>,
    mail: Option<MailFolder>,
    keys: KeyLogs,
    /// Blocks of secrets of the source that were taken.
    secrets_taken: usize,
    tracker: Tracker,
    conversations: Conversations,
    mails: Collector,
    concealed: Vec<Range<u32>>,
    pub(super) summary: Summary,
    filter_misfit: bool,
    last_number: u64,
    /// What a live capture needs besides.
    pub(super) watch: Option<Watch>,
    /// Whether segments or turns are told of as they come.
    rows: bool,
    /// Packets could not be saved.
    unsaved: bool,
}

impl Run {
    pub(super) fn new(plan: Plan, sink: Box<dyn Sink>, outputs: Outputs) -> Self {
        let Outputs { saver, mail, keys } = outputs;
        let mut conversations = Conversations::new(plan.depth);
        read_further(&mut conversations, plan.report.view, mail.as_ref());
        Self {
            tracker: Tracker::new(plan.limits),
            conversations,
            mails: Collector::new(Default::default()),
            concealed: Vec::new(),
            summary: Summary::default(),
            filter_misfit: false,
            last_number: 0,
            watch: None,
            rows: plan.live.is_some() && plan.report.format == Format::Table,
            unsaved: false,
            plan,
            sink,
            saver,
            mail,
            keys,
            secrets_taken: 0,
        }
    }

    pub(super) fn all(&mut self, chapters: Vec<Chapter>) -> Result<(), Stop> {
        self.keys_begin()?;
        for chapter in chapters {
            let mut dissector = Dissector::new(self.plan.fcs, chapter.evidence)
                .without_tcp_checksums(self.plan.report.says_nothing_of_checksums());
            for mut source in chapter.sources {
                self.source(&mut source, &mut dissector)?;
            }
        }
        self.keys_end()?;
        while self.tracker.finish_next(&mut self.conversations) {
            self.tell_finished(None)?;
        }
        self.conversations.finish();
        self.tell_finished(None)?;
        if let Some(saver) = self.saver.take() {
            let finished = saver.finish();
            self.saved(finished)?;
        }
        self.is_there()?;
        self.tell_journeys()?;
        self.sink.finish(&self.summary)?;
        self.tell_counts();
        Ok(())
    }

    /// Says which messages were saved, unless the run ended in an error of its own.
    pub(super) fn tell_saved(&self, ended: &Result<(), Stop>) {
        let is_told = match ended {
            Ok(()) => true,
            Err(Stop::Output(error)) => error.kind() == io::ErrorKind::BrokenPipe,
            Err(Stop::Other(_)) => false,
        };
        let Some(mail) = self.mail.as_ref().filter(|_| is_told) else { return };
        self.tell_mail_error();
        if !self.plan.quiet {
            complain(mail.summary());
        }
    }

    /// Whether not everything could be read or saved.
    pub(super) fn is_damaged(&self) -> bool {
        let unsaved = self.unsaved || self.mail.as_ref().is_some_and(MailFolder::failed);
        unsaved || !self.summary.damage.is_empty()
    }

    fn tell_mail_error(&self) {
        if let Some(error) = self.mail.as_ref().and_then(MailFolder::take_error) {
            complain(error);
        }
    }

    /// Whether there is what was asked for by its number: where there is not, nothing can be told of it.
    fn is_there(&self) -> Result<(), Stop> {
        let connections = self.tracker.connections();
        let follows = self.plan.report.view != View::Fcs;
        let missing = match (self.plan.report.stream, &self.plan.packets) {
            (Some(asked), _) if follows && asked >= connections => match connections {
                0 => format!("there is no connection {asked}: no TCP connection was seen"),
                1 => format!("there is no connection {asked}: one was seen, connection 0"),
                n => format!("there is no connection {asked}: {n} were seen, 0 to {}", n - 1),
            },
            (_, Some(packets)) if packets.first() > self.last_number => {
                format!("there is no packet {}: the last one is packet {}", packets.first(), self.last_number)
            }
            _ => return Ok(()),
        };
        Err(Stop::Other(anyhow::Error::msg(missing)))
    }

    fn tell_counts(&self) {
        if self.plan.verbose {
            let Summary { packets_read, packets_shown, sources, .. } = &self.summary;
            let files = sources.len();
            complain(format_args!("{packets_read} packets read from {files} files, {packets_shown} chosen"));
        }
    }

    fn source(&mut self, source: &mut Source, dissector: &mut Dissector) -> Result<(), Stop> {
        self.secrets_taken = 0;
        let ended = self.frames(source, dissector);
        self.take_secrets(source.info())?;
        if let (Some(live), Some(watch)) = (source.as_live(), &mut self.watch) {
            watch.counts = Some(live.close());
        }
        self.summary.sources.push((source.capture(), source.info().clone()));
        ended
    }

    fn frames(&mut self, source: &mut Source, dissector: &mut Dissector) -> Result<(), Stop> {
        let mut progress = Progress::new(self.plan.progress, source.info());
        let mut frames = 0_u64;
        while self.summary.packets_shown < self.plan.count && !self.unsaved {
            if source.as_live().is_some_and(|live| !live.has_frame()) {
                self.pause(source)?;
            }
            match source.next_with_info() {
                Ok(Some((frame, info))) => {
                    let number = frame.number;
                    self.frame(&frame, info, dissector)?;
                    if self.plan.is_over_after(number) {
                        break;
                    }
                }
                Ok(None) => break,
                Err(damage) => self.damage(damage),
            }
            frames += 1;
            if frames.is_multiple_of(4096) {
                progress.at(source.position());
            }
        }
        progress.done();
        Ok(())
    }

    /// Waits for the wire. What was written so far is to be seen meanwhile.
    fn pause(&mut self, source: &mut Source) -> Result<(), Stop> {
        let mut flushed = false;
        loop {
            self.read_keys()?;
            if let Some(watch) = &mut self.watch {
                watch.look();
                if watch.may_redraw() {
                    let mut summary = self.summary.clone();
                    summary.sources.push((source.capture(), source.info().clone()));
                    self.sink.refresh(&summary)?;
                }
            }
            let (Some(live), Some(watch)) = (source.as_live(), &self.watch) else { return Ok(()) };
            watch.gauge.set_behind(live.is_behind());
            if let Some(name) = live.take_down().filter(|_| !self.plan.quiet) {
                complain(format_args!("{name} went down; what comes once it is up again is captured, too"));
            }
            if live.wait(if flushed { watch.patience() } else { Duration::ZERO }) {
                return Ok(());
            }
            if !std::mem::replace(&mut flushed, true) {
                self.flush()?;
            }
        }
    }

    /// Rows of tables are on their way already, and a slow terminal is not waited for.
    fn flush(&mut self) -> Result<(), Stop> {
        if self.plan.report.format != Format::Table {
            self.sink.flush()?;
        }
        let flushed = self.saver.as_mut().map_or(Ok(()), Saver::flush);
        self.saved(flushed)
    }

    /// Where packets can be saved no more, a live capture ends there, and is told of.
    fn saved(&mut self, result: Result<(), SaveError>) -> Result<(), Stop> {
        match result {
            Err(error) if self.watch.is_some() => {
                let records = error.records;
                complain(format_args!("{error}; {records} packets are saved, and the capture ends here"));
                self.saver = None;
                self.unsaved = true;
                Ok(())
            }
            other => other.map_err(|error| Stop::Other(error.into())),
        }
    }

    pub(super) fn tell_wire(&self) {
        if let Some(watch) = self.watch.as_ref().filter(|_| !self.plan.quiet) {
            watch.tell(self.summary.packets_read);
        }
    }

    fn frame(&mut self, frame: &Frame<'_>, info: &SourceInfo, dissector: &mut Dissector) -> Result<(), Stop> {
        self.summary.packets_read += 1;
        self.last_number = self.last_number.max(frame.number);
        if !self.passes(frame) {
            return Ok(());
        }
        if !info.secrets.behind(self.secrets_taken).is_empty() {
            self.take_secrets(info)?;
        }
        let dissection = dissector.dissect(frame);
        let place = self.follow(frame, &dissection);
        self.hear_names(frame, &dissection, place.as_ref());
        if let (Some(watch), Some(place)) = (&mut self.watch, &place) {
            watch.segment(place);
        }
        if self.plan.asks_for(frame.number, place.as_ref().map(|place| place.stream)) {
            self.save(frame, info)?;
            self.tell_packet(frame, &dissection, place.as_ref())?;
        }
        let reads_http = matches!(self.plan.report.view, View::Overview | View::Http);
        let ends = place.as_ref().filter(|_| reads_http).and_then(|place| ends(frame, &dissection, place));
        self.tell_finished(ends)
    }

    fn passes(&mut self, frame: &Frame<'_>) -> bool {
        let Some(filter) = &mut self.plan.filter else { return true };
        filter.passes(frame).unwrap_or_else(|error| {
            if !std::mem::replace(&mut self.filter_misfit, true) && !self.plan.quiet {
                complain(format_args!("packet {} ({}): {}", frame.number, frame.link_type, error.reason));
            }
            false
        })
    }

    /// Puts a TCP segment in its place; what its stream can deliver goes to the conversations.
    fn follow(&mut self, frame: &Frame<'_>, dissection: &Dissection<'_>) -> Option<Place> {
        if self.plan.report.view == View::Fcs {
            return None;
        }
        let (Some(ip), Transport::Tcp(segment)) = (&dissection.ip, &dissection.transport) else {
            return None;
        };
        let input = segment_input(frame, ip, *segment);
        let Some(mail) = &self.mail else { return self.tracker.push(&input, &mut self.conversations) };
        mail.at_capture(frame.capture);
        let place = self.tracker.push(&input, &mut self.conversations);
        if let Some(place) = &place {
            mail.met(place.stream);
        }
        self.tell_mail_error();
        place
    }

    /// Messages of DNS go to the conversations: those in a datagram, and those that a stream has completed.
    fn hear_names(&mut self, frame: &Frame<'_>, dissection: &Dissection<'_>, place: Option<&Place>) {
        if !self.conversations.takes_datagrams() {
            return;
        }
        let Some(ip) = dissection.ip else { return };
        match (dissection.transport, place) {
            (Transport::Udp(udp), _) => {
                let Some(layer) = dissection.layer(Protocol::Dns) else { return };
                let datagram = Datagram {
                    capture: frame.capture,
                    packet: frame.number,
                    time: frame.time,
                    source: Endpoint::new(ip.source, udp.source_port),
                    destination: Endpoint::new(ip.destination, udp.destination_port),
                };
                self.conversations.datagram(&datagram, dissection.octets(layer));
            }
            (Transport::Tcp(segment), Some(place)) => self.conversations.between(frame.capture, || {
                let source = Endpoint::new(ip.source, segment.source_port);
                let destination = Endpoint::new(ip.destination, segment.destination_port);
                match place.from {
                    Side::Initiator => PerSide { initiator: source, responder: destination },
                    Side::Responder => PerSide { initiator: destination, responder: source },
                }
            }),
            (Transport::Tcp(_), None) | (Transport::None, _) => {}
        }
    }

    fn save(&mut self, frame: &Frame<'_>, info: &SourceInfo) -> Result<(), Stop> {
        let Some(saver) = &mut self.saver else { return Ok(()) };
        let written = saver.write(info, frame);
        self.saved(written)
    }

    fn tell_packet(
        &mut self,
        frame: &Frame<'_>,
        dissection: &Dissection<'_>,
        place: Option<&Place>,
    ) -> Result<(), Stop> {
        self.summary.packets_shown += 1;
        self.concealed.clear();
        let mut application = None;
        if let (Some(place), Transport::Tcp(segment)) = (place, &dissection.transport) {
            application = self.conversations.application(place.stream);
            self.conceal(place, segment.payload, application);
        }
        let concealed = &self.concealed;
        let event = PacketEvent { frame, dissection, place, application, concealed };
        self.sink.packet(&event)?;
        match (place, &dissection.ip, &dissection.transport) {
            (Some(place), Some(ip), Transport::Tcp(segment)) if self.rows => {
                let input = segment_input(frame, ip, *segment);
                tell_row(&mut *self.sink, &mut self.tracker, &self.conversations, &event, place, &input)
            }
            _ => Ok(()),
        }
    }

    /// Finds the octets that must not be shown, for the views that show any.
    fn conceal(&mut self, place: &Place, payload: &[u8], application: Option<Protocol>) {
        let shown = matches!(self.plan.report.view, View::Packets | View::Layers);
        if payload.is_empty() || !shown || self.plan.report.reveal_secrets {
            return;
        }
        let (out, length) = (&mut self.concealed, payload.len() as u32);
        self.conversations.concealed(place.stream, place.from, place.stream_offset, length, out);
        dissect::application_concealed(application.unwrap_or(Protocol::Data), payload, out);
    }

    /// `ends`: who speaks in the stream of the packet that brought it about.
    fn tell_finished(&mut self, ends: Option<(u64, http::Ends)>) -> Result<(), Stop> {
        let asked = self.plan.report.stream;
        let is_asked_for = |stream| asked.is_none_or(|asked| asked == stream);
        while let Some(finished) = self.conversations.take_finished() {
            if let (Finished::Connection(connection, _), Some(mail)) = (&finished, &self.mail) {
                mail.forget(connection.stream);
            }
            match finished {
                Finished::Connection(connection, application) if is_asked_for(connection.stream) => {
                    self.sink.connection(&connection, application)?;
                }
                Finished::Session(session) => {
                    // a mail's way leads over other connections than the one that was asked for, too
                    self.mails.session(&session);
                    if is_asked_for(session.stream) {
                        self.sink.session(session)?;
                    }
                }
                Finished::Mailbox(session) => {
                    self.mails.mailbox(&session);
                    if is_asked_for(session.stream) {
                        self.sink.mailbox(session)?;
                    }
                }
                Finished::Tls(session) if is_asked_for(session.stream) => self.sink.tls_session(session)?,
                Finished::Lookup(lookup) => {
                    self.tell_names(&lookup);
                    if self.asks_for_lookup(&lookup) {
                        self.sink.lookup(lookup)?;
                    }
                }
                Finished::Exchange(mut exchange) if is_asked_for(exchange.stream) => {
                    let known = ends.filter(|(stream, _)| *stream == exchange.stream).map(|(_, ends)| ends);
                    exchange.ends = exchange.ends.or(known);
                    self.sink.exchange(exchange)?;
                }
                Finished::Connection(..) | Finished::Tls(_) | Finished::Exchange(..) => {}
            }
        }
        Ok(())
    }

    /// Addresses that a lookup gave a name to have it from now on.
    fn tell_names(&self, lookup: &Lookup) {
        let Some(known) = &self.plan.report.names else { return };
        for address in lookup.named_addresses() {
            if let Some(name) = self.conversations.names().name(address) {
                known.tell(address, name);
            }
        }
    }

    fn asks_for_lookup(&self, lookup: &Lookup) -> bool {
        let of_stream = |asked| lookup.transport == dns::Transport::Tcp { stream: asked };
        let of_packets = |packets: &Packets| lookup.packets().any(|packet| packets.has(packet));
        self.plan.report.stream.is_none_or(of_stream) && self.plan.packets.as_ref().is_none_or(of_packets)
    }

    /// Joins the sessions that carried the same mail; of one connection that was asked for, its own mails alone.
    fn tell_journeys(&mut self) -> Result<(), Stop> {
        let mut journeys = std::mem::take(&mut self.mails).join();
        if let Some(asked) = self.plan.report.stream {
            journeys.list.retain(|journey| {
                journey.steps.iter().any(|step| step.seen.is_some_and(|seen| seen.stream == asked))
            });
        }
        if journeys.left_out > 0 && !self.plan.quiet {
            complain(format_args!(
                "{} transfers of mail were not joined: the bound is reached",
                journeys.left_out
            ));
        }
        Ok(self.sink.journeys(journeys)?)
    }

    fn damage(&mut self, damage: Damage) {
        let _ = self.sink.flush();
        complain(&damage);
        self.summary.damage.push(damage);
    }
}

/// Tells of a segment, or of what it said, as it comes.
fn tell_row(
    sink: &mut dyn Sink,
    tracker: &mut Tracker,
    conversations: &Conversations,
    event: &PacketEvent<'_>,
    place: &Place,
    input: &SegmentInput<'_>,
) -> Result<(), Stop> {
    match sink.follows() {
        Follows::Nothing => {}
        Follows::Segments => {
            if let Some(connection) = tracker.connection(input) {
                sink.segment(event, &connection)?;
            }
        }
        Follows::Mail => {
            let said = conversations.said(place.stream);
            if let Some(said) = said.filter(|_| input.segment.payload_length > 0)
                && let Some(connection) = tracker.connection(input)
            {
                sink.said(&connection, said)?;
            }
        }
    }
    Ok(())
}

/// What is read beyond the depth of a view, and where what is to be saved goes.
fn read_further(conversations: &mut Conversations, view: View, folder: Option<&MailFolder>) {
    match view {
        View::Http => {
            let bodies = folder.map(|folder| Rc::new(folder.clone()) as Rc<dyn http::Bodies>);
            conversations.read_http(http::Sharing::new(http::DecodeLimits::default(), bodies));
        }
        View::Overview => conversations.read_http(http::Sharing::of_heads_alone()),
        View::Smtp | View::Imap | View::Pop3 => {
            let protocol = match view {
                View::Imap => Protocol::Imap,
                View::Pop3 => Protocol::Pop3,
                _ => Protocol::Smtp,
            };
            if let Some(folder) = folder {
                conversations.deliver_to(Rc::new(folder.clone()), protocol);
            }
        }
        View::Tls => conversations.read_http(http::Sharing::of_heads_alone()),
        View::Packets | View::Layers | View::Tcp | View::Dns | View::Fcs => {}
    }
}

/// Who speaks in the stream of a segment.
fn ends(frame: &Frame<'_>, dissection: &Dissection<'_>, place: &Place) -> Option<(u64, http::Ends)> {
    let (Some(ip), Transport::Tcp(segment)) = (&dissection.ip, &dissection.transport) else { return None };
    let sender = Endpoint::new(ip.source, segment.source_port);
    let receiver = Endpoint::new(ip.destination, segment.destination_port);
    let endpoints = match place.from {
        Side::Initiator => PerSide { initiator: sender, responder: receiver },
        Side::Responder => PerSide { initiator: receiver, responder: sender },
    };
    Some((place.stream, http::Ends { capture: frame.capture, endpoints }))
}

fn segment_input<'a>(frame: &Frame<'_>, ip: &IpHeader, segment: TcpSegment<'a>) -> SegmentInput<'a> {
    SegmentInput {
        capture: frame.capture,
        packet: frame.number,
        time: frame.time,
        source: ip.source,
        destination: ip.destination,
        identification: ip.identification,
        ttl: ip.ttl,
        segment,
    }
}
