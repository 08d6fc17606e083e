//! The loop: frames in, events out.

use std::io;
use std::ops::Range;
use std::rc::Rc;

use anyhow::{Context, anyhow, bail};

use super::args::{Args, Command, SmtpArgs, SourceArgs, TcpArgs};
use super::complaint::complain;
use super::plan::Plan;
use super::progress::Progress;
use super::sandbox::{Confinement, State};
use super::survey::{self, Chapter};
use crate::capture::{Damage, OpenError, Saver, Source, SourceInfo};
use crate::conversation::journey::Collector;
use crate::conversation::{Conversations, Finished};
use crate::dissect::{self, Dissection, Dissector, IpHeader, TcpSegment, Transport};
use crate::flow::{Place, SegmentInput, Tracker};
use crate::packet::{Frame, Protocol};
use crate::report::{self, Format, MailFolder, PacketEvent, Sink, Summary, View};

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Everything was read.
    Done,
    /// The input was damaged, or a message could not be saved; what could be read was reported.
    Damaged,
}

/// Does what the arguments ask for.
///
/// # Errors
/// When nothing could be done.
pub fn run(args: &Args) -> anyhow::Result<Outcome> {
    match &args.command {
        Command::Overview(source) => view(View::Overview, source),
        Command::Packets(source) => view(View::Packets, source),
        Command::Layers(source) => view(View::Layers, source),
        Command::Tcp(args) => tcp(args),
        Command::Smtp(args) => conversations(View::Smtp, args),
        Command::Imap(args) => conversations(View::Imap, args),
        Command::Pop3(args) => conversations(View::Pop3, args),
        Command::Fcs(source) => view(View::Fcs, source),
        Command::Schema => super::side::schema(),
        Command::Completions { shell } => super::side::completions(*shell),
        Command::Man => super::side::man(),
    }
}

fn tcp(args: &TcpArgs) -> anyhow::Result<Outcome> {
    let mut plan = Plan::new(View::Tcp, &args.source)?;
    plan.report.all = args.all;
    plan.report.sort = args.sort.into();
    follow(plan)
}

fn conversations(view: View, args: &SmtpArgs) -> anyhow::Result<Outcome> {
    let mut plan = Plan::new(view, &args.source)?;
    plan.report.raw = args.raw;
    if args.raw && plan.report.format != Format::Table {
        bail!("`--raw` is a form of its own; leave `--format` out");
    }
    plan.save_mail = args.save.clone();
    follow(plan)
}

fn view(view: View, args: &SourceArgs) -> anyhow::Result<Outcome> {
    follow(Plan::new(view, args)?)
}

fn follow(mut plan: Plan) -> anyhow::Result<Outcome> {
    if plan.report.format == Format::Svg && !matches!(plan.report.view, View::Tcp | View::Smtp) {
        bail!(
            "`--format svg` draws a connection or a session; try `layerscope tcp --stream N --format svg FILE`"
        );
    }
    if plan.files.is_empty() {
        bail!("no capture named; try `layerscope FILE`, or `layerscope -` for standard input");
    }
    let (files, unopened) = survey::open(&plan.files);
    if files.is_empty() {
        return tell_unread(unopened, true).map(|()| Outcome::Done);
    }
    let confinement = plan.sandbox().map(Confinement::begin);
    let as_caller = confinement.as_ref().is_some_and(Confinement::has_changed_user);
    let saver = plan.save.as_deref().map(|path| Saver::create(path, &plan.files)).transpose();
    let saver = saver.map_err(|error| unmade(error, as_caller))?;
    let mail = plan.save_mail.as_deref().map(|path| MailFolder::open(path, plan.report.stream)).transpose();
    let mail = mail.map_err(|error| unmade(error, as_caller))?;
    report::prepare(&plan.report);
    confine(confinement, plan.verbose);
    let mut survey = survey::survey(&plan, files, unopened);
    let unopened = !survey.errors.is_empty();
    tell_unread(std::mem::take(&mut survey.errors), survey.chapters.is_empty())?;
    plan.report.captures = survey.captures();
    let sink = report::sink_for(&plan.report, plan.output());
    let mut run = Run::new(plan, sink, saver, mail);
    run.summary.fcs_first_pass = survey.is_complete;
    match run.all(survey.chapters) {
        Ok(()) => {}
        Err(Stop::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => {}
        Err(Stop::Output(error)) if error.kind() == io::ErrorKind::InvalidInput => return Err(error.into()),
        Err(Stop::Output(error)) => return Err(error).context("cannot write the answer"),
        Err(Stop::Other(error)) => return Err(error),
    }
    run.tell_saved();
    let unsaved = run.mail.as_ref().is_some_and(MailFolder::failed);
    let damaged = unopened || unsaved || !run.summary.damage.is_empty();
    Ok(if damaged { Outcome::Damaged } else { Outcome::Done })
}

/// Why a file for the answer cannot be made. Who typed `sudo` may wonder that root cannot.
fn unmade(error: impl Into<anyhow::Error>, as_caller: bool) -> anyhow::Error {
    let error = error.into();
    match as_caller {
        true => anyhow!("{error:#} (made as the user who called sudo; with --no-sandbox, as root)"),
        false => error,
    }
}

/// Says which files cannot be read; where there are no others, the last of them is why nothing can be done.
fn tell_unread(mut errors: Vec<OpenError>, are_all: bool) -> anyhow::Result<()> {
    let last = if are_all { errors.pop() } else { None };
    errors.iter().for_each(complain);
    last.map_or(Ok(()), |error| Err(error.into()))
}

/// Gives up what is not needed from here on: the captures, the files for the answer and the terminal are open, no
/// packet has been looked at, and no thread runs yet.
fn confine(confinement: Option<Confinement>, verbose: bool) {
    let report = confinement.map(Confinement::enter).unwrap_or_default();
    for (part, state) in report {
        if let (State::Lacking(reason), true) = (state, verbose) {
            complain(format_args!("sandbox: {part}: {reason}"));
        }
    }
}

/// Why a run ends before its input does.
enum Stop {
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

/// The way of the packets, from the source to the sink.
struct Run {
    plan: Plan,
    sink: Box<dyn Sink>,
    saver: Option<Saver>,
    mail: Option<MailFolder>,
    tracker: Tracker,
    conversations: Conversations,
    mails: Collector,
    concealed: Vec<Range<u32>>,
    summary: Summary,
    filter_misfit: bool,
    last_number: u64,
}

impl Run {
    fn new(plan: Plan, sink: Box<dyn Sink>, saver: Option<Saver>, mail: Option<MailFolder>) -> Self {
        let mut conversations = Conversations::new(plan.depth);
        if let Some(mail) = &mail {
            conversations.deliver_to(Rc::new(mail.clone()));
        }
        Self {
            tracker: Tracker::new(plan.limits),
            conversations,
            mails: Collector::new(Default::default()),
            concealed: Vec::new(),
            summary: Summary::default(),
            filter_misfit: false,
            last_number: 0,
            plan,
            sink,
            saver,
            mail,
        }
    }

    fn all(&mut self, chapters: Vec<Chapter>) -> Result<(), Stop> {
        for chapter in chapters {
            let mut dissector = Dissector::new(self.plan.fcs, chapter.evidence)
                .without_tcp_checksums(self.plan.report.says_nothing_of_checksums());
            for mut source in chapter.sources {
                self.source(&mut source, &mut dissector)?;
            }
        }
        while self.tracker.finish_next(&mut self.conversations) {
            self.tell_finished()?;
        }
        if let Some(saver) = self.saver.take() {
            saver.finish().map_err(|error| Stop::Other(error.into()))?;
        }
        self.is_there()?;
        self.tell_journeys()?;
        self.sink.finish(&self.summary)?;
        self.tell_counts();
        Ok(())
    }

    fn tell_saved(&self) {
        let Some(mail) = &self.mail else { return };
        self.tell_mail_error();
        if !self.plan.quiet {
            complain(mail.summary());
        }
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
        let mut progress = Progress::new(self.plan.progress, source.info());
        let mut frames = 0_u64;
        while self.summary.packets_shown < self.plan.count {
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
        self.summary.sources.push((source.capture(), source.info().clone()));
        Ok(())
    }

    fn frame(&mut self, frame: &Frame<'_>, info: &SourceInfo, dissector: &mut Dissector) -> Result<(), Stop> {
        self.summary.packets_read += 1;
        self.last_number = self.last_number.max(frame.number);
        if !self.passes(frame) {
            return Ok(());
        }
        let dissection = dissector.dissect(frame);
        let place = self.follow(frame, &dissection);
        if self.plan.asks_for(frame.number, place.as_ref().map(|place| place.stream)) {
            self.save(frame, info)?;
            self.tell_packet(frame, &dissection, place.as_ref())?;
        }
        self.tell_finished()
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

    fn save(&mut self, frame: &Frame<'_>, info: &SourceInfo) -> Result<(), Stop> {
        let Some(saver) = &mut self.saver else { return Ok(()) };
        saver.write(info, frame).map_err(|error| Stop::Other(error.into()))
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
        Ok(self.sink.packet(&PacketEvent { frame, dissection, place, application, concealed })?)
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

    fn tell_finished(&mut self) -> Result<(), Stop> {
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
                Finished::Connection(..) => {}
            }
        }
        Ok(())
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
