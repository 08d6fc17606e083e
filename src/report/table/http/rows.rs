//! The lines of exchanges, and what each of them means where it stands.

use super::super::dialogue::Row;
use super::super::style::{Style, Tone, shown};
use super::super::time::duration;
use super::fields::{Line, Whose, lines};
use super::masked;
use crate::conversation::http::{
    After, Authorization, Body, DecodeEnd, Exchange, Field, Framing, Message, NoBody, Request, Response,
    TargetForm,
};
use crate::packet::Timestamp;

/// Characters of a line that are shown.
const LONGEST_LINE: usize = 400;
/// Sizes of chunks that are listed.
const LISTED_CHUNKS: usize = 8;

/// Tells exchanges in order.
pub(super) struct Teller<'a> {
    style: &'a Style,
    reveal: bool,
    before: Option<Timestamp>,
    /// The fields of the request before, and of the response before.
    said: [Vec<Field>; 2],
}

impl<'a> Teller<'a> {
    pub(super) fn new(style: &'a Style, reveal: bool) -> Self {
        Self { style, reveal, before: None, said: [Vec::new(), Vec::new()] }
    }

    pub(super) fn exchange(&mut self, exchange: &Exchange) -> Vec<Row> {
        let mut rows = Vec::new();
        let asked_for = exchange.interim.first();
        let mut body = None;
        match &exchange.request {
            Some(request) => {
                self.request(request, &mut rows);
                body = self.body(&request.message, asked_for);
                // what was held back came behind the response that asked for it
                if !is_held_back(&request.message, asked_for) {
                    rows.extend(body.take());
                }
            }
            None => rows.push(self.remark("http.view.no_request", String::new(), Tone::Warn)),
        }
        for response in &exchange.interim {
            self.response(response, None, &mut rows);
        }
        rows.extend(body);
        match &exchange.response {
            Some(response) => self.response(response, Some(exchange), &mut rows),
            None => rows.push(self.remark("http.view.no_response", String::new(), Tone::Warn)),
        }
        rows.extend(self.after(exchange));
        rows
    }

    fn request(&mut self, request: &Request, rows: &mut Vec<Row>) {
        let style = self.style;
        let message = &request.message;
        let target = masked(&request.target, self.reveal);
        let line = format!("{} {target} HTTP/1.{}", request.method, message.minor);
        let mut means = style
            .find(&format!("http.method.{}", request.method))
            .unwrap_or_else(|| style.word("http.method.other"));
        let form = match request.form {
            TargetForm::Absolute | TargetForm::Asterisk | TargetForm::Other => {
                style.find(&format!("http.form.{}", request.form.name()))
            }
            TargetForm::Origin | TargetForm::Authority => None,
        };
        if let Some(form) = form {
            means.push_str(" · ");
            means.push_str(&form);
        }
        let row = self.head(message, "http.view.client", &line, means, Tone::Upper);
        rows.push(row);
        rows.extend(self.fields(Whose::Request, message, request.authorization.as_ref()));
    }

    fn response(&mut self, response: &Response, of: Option<&Exchange>, rows: &mut Vec<Row>) {
        let style = self.style;
        let message = &response.message;
        let line = format!("HTTP/1.{} {} {}", message.minor, response.status, response.reason);
        let mut means = answer(style, response, of.and_then(|exchange| exchange.request.as_ref()));
        if let Some(wait) = of.and_then(Exchange::wait) {
            means.push_str(&style.say("http.view.wait", &[("time", &duration(wait))]));
        }
        if let Some(exchange) = of.filter(|exchange| exchange.interim_left_out > 0) {
            means.push_str(&style.say("http.view.left_out", &[("count", &exchange.interim_left_out)]));
        }
        let row = self.head(message, "http.view.server", line.trim_end(), means, tone(response.status));
        rows.push(row);
        rows.extend(self.fields(Whose::Response, message, None));
        rows.extend(self.body(message, None));
    }

    /// The fields of a message, those left out that were the same in the one before.
    fn fields(&mut self, whose: Whose, message: &Message, authorization: Option<&Authorization>) -> Vec<Row> {
        let before = std::mem::replace(&mut self.said[whose as usize], message.fields.clone());
        let lines = lines(self.style, whose, message, authorization, &before, self.reveal);
        let field = |line: Line| Row {
            line: line.text,
            role: line.osi.to_owned(),
            means: line.means,
            ..Row::default()
        };
        lines.into_iter().map(field).collect()
    }

    /// The row of a start line.
    fn head(&mut self, message: &Message, who: &str, line: &str, means: String, tone: Tone) -> Row {
        let since = message.first_time.zip(self.before).map(|(now, before)| now.since(before));
        self.before = message.last_time.max(self.before);
        // what was sent ahead of the answer before has no distance to it
        let since = since.filter(|since| *since >= 0);
        Row {
            packet: packets(message.first_packet, message.head_last_packet),
            delta: since.map(|since| format!("{:.3}", since as f64 / 1e6)).unwrap_or_default(),
            who: self.style.word(who),
            line: shown(line).chars().take(LONGEST_LINE).collect(),
            role: "7".to_owned(),
            means,
            tone,
        }
    }

    fn remark(&self, line: &str, means: String, tone: Tone) -> Row {
        Row { line: self.style.word(line), means, tone, ..Row::default() }
    }

    /// What is said of the body; nothing where there can be none. `interim`: the first response of code 1xx.
    fn body(&self, message: &Message, interim: Option<&Response>) -> Option<Row> {
        let at_once = !is_held_back(message, interim);
        let style = self.style;
        let body = &message.body;
        let mut means = match message.framing {
            Framing::None(NoBody::NotAnnounced | NoBody::Tunnel) | Framing::Length(0) => String::new(),
            Framing::None(NoBody::Head) => style.word("http.body.head"),
            Framing::None(NoBody::Status) if message.declared_length.is_none() => String::new(),
            Framing::None(NoBody::Status) => style.word("http.body.status"),
            Framing::None(NoBody::ProbablyHead) => style.word("http.body.probably_head"),
            Framing::Length(octets) => style.say("http.body.length", &[("octets", &octets)]),
            Framing::Chunked => chunks(style, body, message),
            Framing::UntilClose => style.word("http.body.until_close"),
            Framing::Unknown => style.word("http.body.unknown"),
        };
        let cut = message.cut.map(|cut| style.word(&format!("http.cut.{}", cut.name())));
        let has_body = !matches!(message.framing, Framing::None(_) | Framing::Length(0));
        if has_body {
            means.push_str(&coding(style, body));
            if body.content_type.as_deref() == Some("application/x-www-form-urlencoded") {
                means.push_str(&style.word("http.body.form"));
            }
            if body.missing > 0 {
                means.push_str(&style.say("http.body.missing", &[("octets", &body.missing)]));
            }
            if !at_once {
                means.push_str(&style.word("http.body.held_back"));
            }
        }
        let took = message.last_time.zip(message.first_time).map(|(last, first)| last.since(first));
        if let Some(took) = took.filter(|took| *took > 0 && has_body && at_once) {
            means.push_str(&style.say("http.view.transfer", &[("time", &duration(took))]));
        }
        if let Some(cut) = &cut {
            if !means.is_empty() {
                means.push_str(&style.word("http.sign.then"));
            }
            means.push_str(cut);
        }
        if means.is_empty() {
            return None;
        }
        let line = match has_body {
            true => style.say("http.view.body", &[("octets", &body.octets)]),
            false if cut.is_some() => style.word("http.view.cut"),
            false => style.word("http.view.no_body"),
        };
        let osi = if has_body && !body.codings.is_empty() { "6,7" } else { "7" };
        let tone = if cut.is_some() { Tone::Warn } else { Tone::Plain };
        let packet = body.first_packet.map(|first| packets(first, message.last_packet));
        let packet = packet.filter(|_| message.last_packet > message.head_last_packet).unwrap_or_default();
        let role = osi.replace(',', &style.word("http.sign.layers"));
        Some(Row { packet, line, role, means, tone, ..Row::default() })
    }

    /// What becomes of the connection.
    fn after(&self, exchange: &Exchange) -> Option<Row> {
        let means = match &exchange.after {
            After::Unknown => return None,
            After::Upgraded(protocol) => {
                let protocol = protocol_name(protocol);
                self.style.say("http.after.upgraded", &[("protocol", &protocol)])
            }
            after => self.style.word(&format!("http.after.{}", after.name())),
        };
        let row = self.remark("http.view.connection", means, Tone::Quiet);
        Some(Row { role: "5".to_owned(), ..row })
    }
}

/// Whether a body came behind the response that asked for it.
fn is_held_back(message: &Message, interim: Option<&Response>) -> bool {
    let asked = interim.map(|interim| interim.message.first_packet);
    asked.zip(message.body.first_packet).is_some_and(|(asked, first)| asked < first)
}

/// What a status code means as the answer to this request.
fn answer(style: &Style, response: &Response, request: Option<&Request>) -> String {
    let code = response.status;
    let special = request.and_then(|request| match code {
        401 | 407 if request.authorization.is_some() => style.find(&format!("http.status.{code}.again")),
        200..300 => style.find(&format!("http.status.{code}.{}", request.method)),
        _ => None,
    });
    special.unwrap_or_else(|| status(style, code))
}

fn chunks(style: &Style, body: &Body, message: &Message) -> String {
    let chunks = &body.chunks;
    if chunks.count == 0 {
        return style.word("http.body.chunked_empty");
    }
    let sizes = chunks.sizes.iter().take(LISTED_CHUNKS).map(u64::to_string).collect::<Vec<_>>();
    let mut list = sizes.join(&style.word("http.sign.list"));
    if chunks.count > sizes.len() as u64 {
        list = style.say("http.body.more_chunks", &[("sizes", &list), ("count", &chunks.count)]);
    }
    let key = if chunks.count == 1 { "http.body.one_chunk" } else { "http.body.chunked" };
    let mut text = style.say(key, &[("sizes", &list)]);
    if chunks.extensions {
        text.push_str(&style.word("http.body.extensions"));
    }
    if !message.trailer.is_empty() {
        let fields = message.trailer.iter().map(|field| {
            let text = format!("{}: {}", field.name, masked(&field.value, false));
            shown(&text).chars().take(LISTED_CHUNKS * 10).collect::<String>()
        });
        let fields = fields.collect::<Vec<_>>().join(&style.word("http.sign.list"));
        text.push_str(&style.say("http.body.trailer", &[("fields", &fields)]));
    }
    text
}

fn coding(style: &Style, body: &Body) -> String {
    if body.codings.is_empty() {
        return String::new();
    }
    let coding = shown(&body.codings.join(", "));
    let Some(decoded) = &body.decoded else { return style.say("http.body.coded", &[("coding", &coding)]) };
    let key = match decoded.end {
        DecodeEnd::Whole => "http.body.decoded",
        DecodeEnd::Cut => "http.body.decoded_cut",
        DecodeEnd::Damaged => "http.body.decoded_damaged",
        DecodeEnd::TooMuch => "http.body.decoded_too_much",
    };
    style.say(key, &[("coding", &coding), ("octets", &decoded.octets)])
}

/// A protocol by the name that people know it by.
fn protocol_name(token: &str) -> String {
    match token.to_ascii_lowercase().as_str() {
        "websocket" => "WebSocket".to_owned(),
        "h2c" => "HTTP/2".to_owned(),
        _ => shown(token).chars().take(LONGEST_LINE).collect(),
    }
}

/// What a status code means.
fn status(style: &Style, code: u16) -> String {
    let class = if (100..600).contains(&code) { code / 100 } else { 0 };
    style.find(&format!("http.status.{code}")).unwrap_or_else(|| style.word(&format!("http.class.{class}")))
}

/// The colour of a status code.
pub(super) const fn tone(code: u16) -> Tone {
    match code {
        500.. => Tone::Bad,
        400..500 => Tone::Warn,
        _ => Tone::Good,
    }
}

/// The packets of what was said: `8`, or `8–10` where it spans several.
fn packets(first: u64, last: u64) -> String {
    if last > first { format!("{first}–{last}") } else { first.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conversation::http::{Cut, Warning};
    use crate::lesson::{Lang, find};

    #[test]
    fn every_warning_cut_and_end_has_its_text_in_both_languages() {
        let cuts =
            [Cut::GapInHead, Cut::GapInBody, Cut::Closed, Cut::Reset, Cut::CaptureEnds, Cut::BrokenChunk];
        let ends = [
            After::Persists,
            After::KeptAlive,
            After::ClientCloses,
            After::ServerCloses,
            After::OldVersion,
            After::EndsBody,
            After::Tunnel,
            After::Upgraded(String::new()),
        ];
        let warnings = Warning::ALL.iter().map(|warning| format!("http.warning.{}", warning.name()));
        let cuts = cuts.iter().map(|cut| format!("http.cut.{}", cut.name()));
        let ends = ends.iter().map(|after| format!("http.after.{}", after.name()));
        let classes = (0..6).map(|class| format!("http.class.{class}"));
        let short = (0..6).map(|class| format!("http.short.{class}xx"));
        for key in warnings.chain(cuts).chain(ends).chain(classes).chain(short) {
            let [en, zh] = Lang::ALL.map(|lang| find(lang, &key, &[]));
            assert!(en.is_some() && zh.is_some() && en != zh, "{key}");
        }
    }
}
