//! Requests and responses put together: first in, first out (RFC 9112 section 9.3.2).

use std::collections::VecDeque;

use super::body::{About, Content, Sharing};
use super::build;
use super::decode::DecodeEnd;
use super::exchange::{After, Cut, Exchange, Framing, Message, NoBody, Response, Warning};
use super::framing;
use super::half::Mark;
use super::head::{Head, Start};
use super::start::Kind;
use crate::packet::Side;

/// Requests that may wait for their responses.
const MAX_WAITING: usize = 256;
/// Octets of their heads.
const MAX_WAITING_OCTETS: u64 = 1 << 20;
/// Responses of code 1xx that are kept of an exchange.
const MAX_INTERIM: usize = 8;
/// Sizes of chunks that are kept.
const MAX_CHUNK_SIZES: usize = 16;
/// Fields of a trailer that are kept.
const MAX_TRAILER: usize = 32;

/// What follows a head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    Body(Framing),
    /// The next head.
    Head,
}

/// What a connection became for good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Became {
    /// A tunnel to this host and port, where the request was seen.
    Tunnel(Option<String>),
    /// Another protocol, by its name in the Upgrade field.
    Upgraded(String),
    /// HTTP/2 from the first octet on, known by its preface (RFC 9113 section 3.4).
    Http2,
}

/// An exchange under way.
struct Open {
    exchange: Exchange,
    request_ended: bool,
    response_ended: bool,
}

/// What the server's octets belong to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answering {
    Nothing,
    /// A response of code 1xx to the first exchange that waits.
    Interim,
    /// Its final response.
    Final,
}

/// Puts together what both halves read.
pub(super) struct Pairing {
    stream: u64,
    /// The end that asks.
    asks: Side,
    /// `None` where only the places of secrets are asked for.
    sharing: Option<Sharing>,
    open: VecDeque<Open>,
    open_octets: u64,
    finished: VecDeque<Exchange>,
    number: u64,
    begun: [Option<Mark>; 2],
    contents: [Option<Box<Content>>; 2],
    /// The last exchange in `open` has its request under way.
    asking: bool,
    answering: Answering,
    /// A head may be missing: the first that waits may not be the one that is answered.
    unsure: bool,
    /// The client has been seen not to wait for answers.
    pipelines: bool,
    became: Option<Became>,
}

impl Pairing {
    pub(super) fn new(asks: Side, sharing: Option<Sharing>) -> Self {
        Self {
            stream: 0,
            asks,
            sharing,
            open: VecDeque::new(),
            open_octets: 0,
            finished: VecDeque::new(),
            number: 0,
            begun: [None; 2],
            contents: [None, None],
            asking: false,
            answering: Answering::Nothing,
            unsure: false,
            pipelines: false,
            became: None,
        }
    }

    /// Octets of this stream come.
    pub(super) fn at_stream(&mut self, stream: u64) {
        self.stream = stream;
    }

    /// Whether what comes belongs to another protocol.
    pub(super) fn is_over(&self) -> bool {
        self.became.is_some()
    }

    pub(super) fn became(&self) -> Option<&Became> {
        self.became.as_ref()
    }

    pub(super) fn take_finished(&mut self) -> Option<Exchange> {
        self.finished.pop_front()
    }

    /// A client of HTTP/2 has spoken.
    pub(super) fn preface(&mut self) {
        self.became = Some(Became::Http2);
    }

    /// The first octet of what may be a head has come.
    pub(super) fn begins(&mut self, kind: Kind, mark: Mark) {
        self.begun[kind as usize] = Some(mark);
    }

    /// Heads may be missing here.
    pub(super) fn heads_lost(&mut self) {
        self.unsure = true;
    }

    /// A head has come.
    pub(super) fn head(&mut self, kind: Kind, head: Head, mark: Mark) -> Next {
        match kind {
            Kind::Request => self.request(head, mark),
            Kind::Response => self.response(head, mark),
        }
    }

    fn request(&mut self, mut head: Head, mark: Mark) -> Next {
        self.end_request(None);
        self.make_room();
        let begun = self.begun[Kind::Request as usize].take().unwrap_or(mark);
        let mut warnings = std::mem::take(&mut head.warnings);
        let framing = framing::of_request(&head, &mut warnings);
        let (start, message) = build::message(head, framing, begun, mark);
        let Start::Request { method, target } = start else { return Next::Head };
        let (request, more) = build::request(method, target, message);
        let before = self.open.back().and_then(|open| open.exchange.request.as_ref());
        self.pipelines |=
            before.is_some_and(|before| before.message.last_packet == request.message.first_packet);
        let mut exchange = self.next_exchange();
        warnings.into_iter().chain(more).for_each(|warning| exchange.warn(warning));
        self.open_octets += request.message.head_octets;
        exchange.request = Some(request);
        self.open.push_back(Open { exchange, request_ended: false, response_ended: false });
        self.asking = true;
        self.begin_content(Kind::Request, framing);
        Next::Body(framing)
    }

    fn response(&mut self, mut head: Head, mark: Mark) -> Next {
        let begun = self.begun[Kind::Response as usize].take().unwrap_or(mark);
        let Start::Response { status, .. } = head.start else { return Next::Head };
        self.choose(begun);
        let Some(open) = self.open.front_mut() else { return Next::Head };
        let exchange = &mut open.exchange;
        let method = exchange.request.as_ref().map(|request| request.method.as_str());
        let mut warnings = std::mem::take(&mut head.warnings);
        let framing = framing::of_response(&head, status, method, &mut warnings);
        let (start, message) = build::message(head, framing, begun, mark);
        let Start::Response { status, reason } = start else { return Next::Head };
        warnings.into_iter().for_each(|warning| exchange.warn(warning));
        let response = Response { status, reason, message };
        if (100..200).contains(&status) && status != 101 {
            self.answering = Answering::Interim;
            if exchange.interim.len() < MAX_INTERIM {
                exchange.interim.push(response);
            } else {
                exchange.interim_left_out += 1;
            }
            return Next::Body(framing);
        }
        if !open.request_ended && exchange.request.is_some() {
            exchange.warn(Warning::AnsweredEarly);
        }
        exchange.after = build::after(exchange.request.as_ref(), &response);
        self.became = match &exchange.after {
            After::Tunnel => {
                Some(Became::Tunnel(exchange.request.as_ref().and_then(|request| request.host.clone())))
            }
            After::Upgraded(protocol) => Some(Became::Upgraded(protocol.clone())),
            _ => None,
        };
        exchange.response = Some(response);
        self.answering = Answering::Final;
        self.begin_content(Kind::Response, framing);
        Next::Body(framing)
    }

    /// Brings the exchange that a response belongs to, which began here, to the front.
    fn choose(&mut self, begun: Mark) {
        if self.open.front().is_some_and(|open| open.response_ended || open.exchange.response.is_some()) {
            self.finish_front();
        }
        let asked = |open: &Open| {
            open.exchange.request.as_ref().is_some_and(|request| request.message.first_packet < begun.packet)
        };
        let waiting = self.open.iter().take_while(|open| asked(open)).count();
        if self.unsure
            && waiting > 1
            && self.open.front().is_some_and(|open| open.exchange.interim.is_empty())
        {
            if self.pipelines {
                self.open[0].exchange.warn(Warning::PairingUncertain);
            } else {
                // a client that waits for each answer had none to those before the last
                (1..waiting).for_each(|_| self.finish_front());
            }
        } else if waiting > 1 {
            self.pipelines = true;
        }
        self.unsure &= self.open.len() > 1;
        if self.open.is_empty() {
            let mut exchange = self.next_exchange();
            self.unsure = true;
            exchange.warnings.clear();
            self.open.push_back(Open { exchange, request_ended: true, response_ended: false });
        }
    }

    fn next_exchange(&mut self) -> Exchange {
        self.number += 1;
        build::nothing(self.stream, self.asks, self.number)
    }

    /// The content of the message begins whose head has just come.
    fn begin_content(&mut self, kind: Kind, framing: Framing) {
        if matches!(framing, Framing::None(_) | Framing::Length(0) | Framing::Unknown) {
            return;
        }
        let Some(sharing) = self.sharing.as_ref().filter(|sharing| sharing.reads_contents()) else { return };
        let open = if kind == Kind::Request { self.open.back() } else { self.open.front() };
        let Some(Open { exchange, .. }) = open else { return };
        let request = exchange.request.as_ref();
        let (message, status) = match kind {
            Kind::Request => (request.map(|request| &request.message), None),
            Kind::Response => {
                let response = exchange.response.as_ref();
                (response.map(|response| &response.message), response.map(|response| response.status))
            }
        };
        let Some(message) = message else { return };
        let coding = build::coding_to_undo(message, status);
        let left =
            (coding.is_none() && !message.body.codings.is_empty()).then(|| message.body.codings.join("+"));
        let target = request.map(|request| request.target.shown(false));
        let about = About {
            stream: exchange.stream,
            exchange: exchange.number,
            is_request: kind == Kind::Request,
            target: target.as_deref(),
            content_type: message.body.content_type.as_deref(),
            file_name: build::file_name(message),
            coding: left.as_deref(),
        };
        self.contents[kind as usize] = Some(Box::new(Content::begin(sharing, &about, coding)));
    }

    /// The message under way of one side.
    fn message(&mut self, kind: Kind) -> Option<&mut Message> {
        match (kind, self.answering) {
            (Kind::Request, _) if self.asking => {
                self.open.back_mut().and_then(|open| open.exchange.request.as_mut()).map(|r| &mut r.message)
            }
            (Kind::Response, Answering::Interim) => self
                .open
                .front_mut()
                .and_then(|open| open.exchange.interim.last_mut())
                .map(|r| &mut r.message),
            (Kind::Response, Answering::Final) => {
                self.open.front_mut().and_then(|open| open.exchange.response.as_mut()).map(|r| &mut r.message)
            }
            (Kind::Request, _) | (Kind::Response, Answering::Nothing) => None,
        }
    }

    /// Octets of the message under way came here.
    pub(super) fn coding(&mut self, kind: Kind, mark: Mark) {
        if let Some(message) = self.message(kind) {
            message.last_packet = mark.packet;
            message.last_time = mark.time.or(message.last_time);
        }
    }

    /// The next octets of content.
    pub(super) fn body(&mut self, kind: Kind, mark: Mark, octets: &[u8]) {
        self.coding(kind, mark);
        if let Some(message) = self.message(kind) {
            message.body.first_packet.get_or_insert(mark.packet);
            message.body.octets += octets.len() as u64;
        }
        if let Some(content) = &mut self.contents[kind as usize] {
            content.octets(octets);
        }
    }

    /// Octets of content are missing.
    pub(super) fn missing(&mut self, kind: Kind, length: u64) {
        if let Some(message) = self.message(kind) {
            message.body.missing = message.body.missing.saturating_add(length);
            message.cut = Some(Cut::GapInBody);
        }
        if let Some(content) = &mut self.contents[kind as usize] {
            content.gap();
        }
    }

    /// A chunk begins.
    pub(super) fn chunk(&mut self, kind: Kind, mark: Mark, size: u64, extension: bool) {
        self.coding(kind, mark);
        let Some(message) = self.message(kind) else { return };
        message.body.first_packet.get_or_insert(mark.packet);
        let chunks = &mut message.body.chunks;
        chunks.extensions |= extension;
        if size > 0 {
            chunks.count += 1;
            if chunks.sizes.len() < MAX_CHUNK_SIZES {
                chunks.sizes.push(size);
            }
        }
    }

    /// A line of the trailer.
    pub(super) fn trailer(&mut self, kind: Kind, mark: Mark, line: &[u8]) {
        self.coding(kind, mark);
        let Some(message) = self.message(kind).filter(|message| message.trailer.len() < MAX_TRAILER) else {
            return;
        };
        message.trailer.extend(build::field_of_line(line));
    }

    /// Something is odd about the message under way.
    pub(super) fn warn(&mut self, kind: Kind, warning: Warning) {
        let open = if kind == Kind::Request { self.open.back_mut() } else { self.open.front_mut() };
        if let Some(open) = open {
            open.exchange.warn(warning);
        }
    }

    /// Whether octets that stand where the body of a response would begin are the next response: its request was
    /// not seen, and may have been HEAD.
    pub(super) fn answers_head(&mut self, kind: Kind, octets: &[u8]) -> bool {
        if kind == Kind::Request || self.answering != Answering::Final || !octets.starts_with(b"HTTP/1.") {
            return false;
        }
        let Some(open) = self.open.front_mut().filter(|open| open.exchange.request.is_none()) else {
            return false;
        };
        let Some(response) = &mut open.exchange.response else { return false };
        let message = &mut response.message;
        let is_first =
            message.body.octets == 0 && message.body.missing == 0 && message.body.chunks.count == 0;
        if is_first {
            message.framing = Framing::None(NoBody::ProbablyHead);
            open.exchange.after = build::after(None, response);
            self.contents[Kind::Response as usize] = None;
        }
        is_first
    }

    /// The message under way ends here; `cut` where it is not whole.
    pub(super) fn ends(&mut self, kind: Kind, mark: Mark, cut: Option<Cut>) {
        self.coding(kind, mark);
        match kind {
            Kind::Request => self.end_request(cut),
            Kind::Response => self.end_response(cut),
        }
    }

    fn end_request(&mut self, cut: Option<Cut>) {
        if !self.asking {
            return;
        }
        self.close_message(Kind::Request, cut);
        self.asking = false;
        let Some(open) = self.open.back_mut() else { return };
        open.request_ended = true;
        if open.response_ended && self.open.len() == 1 {
            self.finish_front();
        }
    }

    fn end_response(&mut self, cut: Option<Cut>) {
        self.close_message(Kind::Response, cut);
        let was = std::mem::replace(&mut self.answering, Answering::Nothing);
        let Some(open) = self.open.front_mut().filter(|_| was == Answering::Final) else { return };
        open.response_ended = true;
        if open.request_ended || self.became.is_some() {
            self.finish_front();
        }
    }

    /// Writes down how a message and its content ended.
    fn close_message(&mut self, kind: Kind, cut: Option<Cut>) {
        let content = self.contents[kind as usize].take();
        let Some(message) = self.message(kind) else { return };
        message.cut = message.cut.or(cut);
        let complete = message.cut.is_none();
        if let Some(content) = content {
            let (sha256, decoded) = content.finish(complete);
            message.body.sha256 = sha256;
            message.body.decoded = decoded;
            let decoded = message.body.decoded.as_ref();
            if decoded.is_some_and(|decoded| decoded.end == DecodeEnd::TooMuch) {
                self.warn(kind, Warning::DecodingStopped);
            }
        }
    }

    /// The first exchange goes out, as it is.
    fn finish_front(&mut self) {
        if self.open.len() == 1 && self.asking {
            self.close_message(Kind::Request, None);
            self.asking = false;
        }
        if self.answering != Answering::Nothing {
            self.close_message(Kind::Response, None);
            self.answering = Answering::Nothing;
        }
        if let Some(open) = self.open.pop_front() {
            self.let_go(open);
        }
    }

    fn let_go(&mut self, open: Open) {
        let octets = open.exchange.request.as_ref().map_or(0, |request| request.message.head_octets);
        self.open_octets = self.open_octets.saturating_sub(octets);
        if self.sharing.is_some() {
            self.finished.push_back(open.exchange);
        }
    }

    /// The oldest exchanges that no answer is under way to go out as they are, where too many wait.
    fn make_room(&mut self) {
        while self.open.len() >= MAX_WAITING || (self.open_octets > MAX_WAITING_OCTETS && self.open.len() > 1)
        {
            self.unsure = true;
            match self.answering {
                Answering::Nothing => self.finish_front(),
                Answering::Interim | Answering::Final => {
                    if let Some(open) = self.open.remove(1) {
                        self.let_go(open);
                    }
                }
            }
        }
    }

    /// Nothing more comes: what is under way ends like this.
    pub(super) fn finish(&mut self, cut: Cut) {
        self.end_request(Some(cut));
        if self.answering != Answering::Nothing {
            self.end_response(Some(cut));
        }
        while !self.open.is_empty() {
            self.finish_front();
        }
    }
}
