//! HTTP exchanges: a row each; and a connection's line by line, with what each header field does there.

mod fields;
mod list;
mod rows;

use std::borrow::Cow;
use std::io::{self, Write};

pub(super) use self::list::list;
use self::list::push_list;
use self::rows::Teller;
use super::dialogue::{self, Row};
use super::smtp::MASK;
use super::style::{Style, Tone, clipped, shown};
use crate::conversation::http::{After, Exchange, Field, Message, Text, Warning};
use crate::flow::Connection;
use crate::packet::Protocol;
use crate::report::{Options, Sink, Summary};

/// Captures with no more exchanges than this show each in full.
const SHOWN_IN_FULL: usize = 5;
/// Rows that a list has, and exchanges that a table has; the next ones get a heading of their own, so that long
/// lists stream.
const ROWS_A_LIST: usize = 100;
const EXCHANGES_A_TABLE: usize = 20;
/// Columns that the name of a capture takes at most.
const LONGEST_NAME: usize = 80;

/// The sink.
pub(super) struct Exchanges {
    style: Style,
    reveal: bool,
    chosen: Option<u64>,
    out: Box<dyn Write>,
    kept: Vec<Exchange>,
    count: u64,
    captures: Vec<(u32, String)>,
    /// The heading of the connection that was chosen is written.
    headed: bool,
    masked: bool,
    /// Connections that speak HTTP/2, the first few.
    http2: Vec<u64>,
}

impl Exchanges {
    pub(super) fn new(options: &Options, out: Box<dyn Write>) -> Self {
        Self {
            style: Style::new(options),
            reveal: options.reveal_secrets,
            chosen: options.stream,
            out,
            kept: Vec::new(),
            count: 0,
            captures: options.captures.clone(),
            headed: false,
            masked: false,
            http2: Vec::new(),
        }
    }

    fn list(&mut self) -> io::Result<()> {
        let mut text = String::new();
        let mut kept = std::mem::take(&mut self.kept);
        // those whose response never came are known last
        kept.sort_by_key(|exchange| {
            (exchange.capture(), exchange.first_packet(), exchange.stream, exchange.number)
        });
        push_list(&self.style, &mut text, &kept);
        self.out.write_all(text.as_bytes())
    }

    /// The exchanges that are kept, each connection's under its heading.
    fn in_full(&mut self) -> io::Result<()> {
        let mut kept = std::mem::take(&mut self.kept);
        kept.sort_by_key(|exchange| (exchange.stream, exchange.number));
        let mut text = String::new();
        for group in kept.chunk_by(|one, next| one.stream == next.stream) {
            if self.chosen.is_none() || !self.headed {
                if !text.is_empty() {
                    text.push('\n');
                }
                self.heading(&group[0], &mut text);
                let has_tunnel = group.iter().any(|exchange| exchange.after == After::Tunnel);
                let (key, tone) = match (group[0].decrypted, has_tunnel) {
                    (true, _) => ("tls.http_inside", Tone::Good),
                    (false, true) => ("http.view.clear_to_tunnel", Tone::Warn),
                    (false, false) => ("http.view.clear", Tone::Warn),
                };
                self.style.paragraph(&mut text, tone, &self.style.word(key), 2);
            }
            text.push('\n');
            self.masked |= !self.reveal && group.iter().any(has_secrets);
            conversation(&self.style, group, self.reveal, &mut text);
        }
        self.out.write_all(text.as_bytes())
    }

    fn heading(&mut self, exchange: &Exchange, out: &mut String) {
        self.headed = true;
        let style = &self.style;
        let end = |end: Option<crate::packet::Endpoint>| end.map_or("?".to_owned(), |end| end.to_string());
        let (client, server) = (end(exchange.client()), end(exchange.server()));
        let values: [(&str, &dyn std::fmt::Display); 4] = [
            ("stream", &exchange.stream),
            ("capture", &self.capture(exchange)),
            ("client", &client),
            ("server", &server),
        ];
        style.paragraph(out, Tone::Title, &style.say("http.view.heading", &values), 2);
    }

    /// Which capture it was, where there is more than one.
    fn capture(&self, exchange: &Exchange) -> String {
        let number = exchange.capture();
        let first = self.captures.iter().find(|(capture, _)| *capture == number);
        let are_more = self.captures.iter().any(|(capture, _)| *capture != number);
        first.filter(|_| are_more).map_or_else(String::new, |(_, name)| {
            let name = clipped(&shown(name), LONGEST_NAME);
            self.style.say("http.view.capture_name", &[("capture", &number), ("name", &name)])
        })
    }

    fn foot(&self) -> String {
        let style = &self.style;
        let mut text = String::new();
        if self.count == 0 {
            let none = match self.chosen {
                Some(stream) => style.say("http.view.none_in", &[("stream", &stream)]),
                None => style.word("http.view.none"),
            };
            style.paragraph(&mut text, Tone::Plain, &none, 0);
        } else if self.headed {
            text.push('\n');
            style.paragraph(&mut text, Tone::Quiet, &style.word("http.view.osi"), 2);
            if self.masked {
                style.paragraph(&mut text, Tone::Quiet, &style.word("http.view.masked"), 2);
            }
        } else {
            style.paragraph(
                &mut text,
                Tone::Quiet,
                &style.say("http.view.foot", &[("count", &self.count)]),
                0,
            );
        }
        for stream in &self.http2 {
            style.paragraph(&mut text, Tone::Plain, &style.say("http.view.http2", &[("stream", stream)]), 2);
        }
        text
    }
}

impl Sink for Exchanges {
    fn exchange(&mut self, exchange: Box<Exchange>) -> io::Result<()> {
        self.count += 1;
        self.kept.push(*exchange);
        match self.chosen {
            Some(_) if self.kept.len() >= EXCHANGES_A_TABLE => self.in_full(),
            None if self.kept.len() >= ROWS_A_LIST => self.list(),
            Some(_) | None => Ok(()),
        }
    }

    fn connection(&mut self, connection: &Connection, application: Option<Protocol>) -> io::Result<()> {
        if application == Some(Protocol::Http2) && self.http2.len() < ROWS_A_LIST {
            self.http2.push(connection.stream);
        }
        Ok(())
    }

    fn finish(&mut self, _: &Summary) -> io::Result<()> {
        if self.chosen.is_some() || self.count <= SHOWN_IN_FULL as u64 {
            self.in_full()?;
        } else {
            self.list()?;
        }
        let foot = self.foot();
        self.out.write_all(foot.as_bytes())?;
        self.out.flush()
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

fn has_secrets(exchange: &Exchange) -> bool {
    let in_fields = |fields: &[Field]| fields.iter().any(|field| field.value.has_secrets());
    let in_message = |message: &Message| in_fields(&message.fields) || in_fields(&message.trailer);
    exchange.request.as_ref().is_some_and(|request| request.target.has_secrets())
        || exchange.messages().any(in_message)
}

/// One table of these exchanges, and what is odd about them.
fn conversation(style: &Style, exchanges: &[Exchange], reveal: bool, out: &mut String) {
    let mut teller = Teller::new(style, reveal);
    let mut rows = Vec::new();
    for (index, exchange) in exchanges.iter().enumerate() {
        if index > 0 {
            rows.push(Row::default());
        }
        rows.extend(teller.exchange(exchange));
    }
    dialogue::push(style, out, "role_osi", rows);
    for exchange in exchanges {
        for &warning in &exchange.warnings {
            let what = style.word(&format!("http.warning.{}", Warning::name(warning)));
            let text = style.say("http.view.warning", &[("number", &exchange.number), ("what", &what)]);
            style.paragraph(out, Tone::Warn, &format!("! {text}"), 2);
        }
    }
}
/// As it may be shown, with the mask that mail has in the place of secrets.
fn masked(text: &Text, reveal: bool) -> Cow<'_, str> {
    if reveal { text.shown(true) } else { text.masked(MASK) }
}
