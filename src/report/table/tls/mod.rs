//! `tls`: sessions, and of a few or a chosen one the handshake message by message.

mod agreed;
mod steps;

use std::io::{self, Write};

use super::style::{Style, Tone, clipped, shown};
use super::time::duration;
use crate::conversation::tls::{
    Certificate, Closing, DecryptionState, Session, alert_name, suite_name, version_name,
};
use crate::packet::{PerSide, Side};
use crate::report::{Options, Sink, Summary};

/// Sessions that are shown in full where none is chosen, if there are no more.
const SHOWN_IN_FULL: u64 = 3;
/// Rows that one table has; the next ones get a heading of their own, so that long lists stream.
const ROWS_A_TABLE: usize = 100;
/// Columns that a name takes at most.
const LONGEST_NAME: usize = 60;
/// Seconds of a day.
const DAY: i64 = 86_400;

/// The sink.
pub(super) struct Sessions {
    style: Style,
    chosen: Option<u64>,
    out: Box<dyn Write>,
    kept: Vec<Session>,
    count: u64,
}

impl Sessions {
    pub(super) fn new(options: &Options, out: Box<dyn Write>) -> Self {
        Self { style: Style::new(options), chosen: options.stream, out, kept: Vec::new(), count: 0 }
    }

    fn list(&mut self) -> io::Result<()> {
        let mut text = String::new();
        list(&self.style, &mut text, &std::mem::take(&mut self.kept));
        self.out.write_all(text.as_bytes())
    }
}

impl Sink for Sessions {
    fn tls_session(&mut self, session: Box<Session>) -> io::Result<()> {
        self.count += 1;
        self.kept.push(*session);
        if self.kept.len() >= ROWS_A_TABLE { self.list() } else { Ok(()) }
    }

    fn finish(&mut self, _: &Summary) -> io::Result<()> {
        let mut text = String::new();
        if self.count == 0 {
            let none = match self.chosen {
                Some(stream) => self.style.say("tls.view.none_in", &[("stream", &stream)]),
                None => self.style.word("tls.view.none"),
            };
            self.style.paragraph(&mut text, Tone::Plain, &none, 0);
        } else if self.chosen.is_some() || self.count <= SHOWN_IN_FULL {
            for session in std::mem::take(&mut self.kept) {
                in_full(&self.style, &mut text, &session);
            }
        } else {
            list(&self.style, &mut text, &std::mem::take(&mut self.kept));
            let foot = self.style.say("tls.view.foot", &[("count", &self.count)]);
            self.style.paragraph(&mut text, Tone::Quiet, &foot, 0);
        }
        self.out.write_all(text.as_bytes())?;
        self.out.flush()
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

fn list(style: &Style, out: &mut String, sessions: &[Session]) {
    if sessions.is_empty() {
        return;
    }
    let mut grid = style.grid(&["stream", "tls_ends", "tls_name", "tls_agreed", "tls_inside"]);
    for session in sessions {
        let ends = format!("{} → {}", session.client_end.address, session.server_end);
        let name = session.agreed.server_name.as_deref().map_or("-".to_owned(), shorter);
        let suite = session.agreed.suite.map(|code| agreed::code(suite_name(code), code));
        let version = session.agreed.version.map(|code| agreed::code(version_name(code), code));
        let both: Vec<String> = [version, suite].into_iter().flatten().collect();
        grid.add_row([
            style.number(session.stream),
            style.cell(Tone::Plain, ends),
            style.cell(Tone::Plain, name),
            style.cell(Tone::Plain, if both.is_empty() { "-".to_owned() } else { both.join(" · ") }),
            style.cell(tone(session.decryption.state), inside(style, session)),
        ]);
    }
    style.push_grid(out, grid);
}

/// What was inside, or why that is not known.
fn inside(style: &Style, session: &Session) -> String {
    let state = style.word(&format!("tls.state_short.{}", session.decryption.state.name()));
    match session.application {
        Some(protocol) => format!("{} · {state}", protocol.name()),
        None => state,
    }
}

const fn tone(state: DecryptionState) -> Tone {
    match state {
        DecryptionState::Decrypted => Tone::Good,
        DecryptionState::Partly | DecryptionState::KeysDoNotFit | DecryptionState::NoKeys => Tone::Warn,
        DecryptionState::Nothing
        | DecryptionState::NoKeyLog
        | DecryptionState::NotSupported
        | DecryptionState::HelloNotSeen => Tone::Quiet,
    }
}

fn shorter(text: &str) -> String {
    clipped(&shown(text), LONGEST_NAME)
}

fn in_full(style: &Style, out: &mut String, session: &Session) {
    let took = session.start.zip(session.end).map(|(start, end)| duration(end.since(start)));
    let values: [(&str, &dyn std::fmt::Display); 4] = [
        ("stream", &session.stream),
        ("client", &session.client_end),
        ("server", &session.server_end),
        ("took", &took.map_or(String::new(), |took| format!(" · {took}"))),
    ];
    style.paragraph(out, Tone::Title, &style.say("tls.view.heading", &values), 2);
    if session.after_starttls {
        let text = style.say("tls.view.after_starttls", &[("packet", &session.first_packet)]);
        style.paragraph(out, Tone::Plain, &text, 2);
    }
    agreed::push(style, out, session);
    steps::push(style, out, session);
    for side in [session.client.peer(), session.client] {
        certificates(style, out, session, side);
    }
    style.heading(out, &style.word("tls.view.data_heading"));
    for side in [session.client, session.client.peer()] {
        data(style, out, session, side);
    }
    decryption(style, out, session);
    closing(style, out, session);
    out.push('\n');
}

/// `client` or `server`.
fn who(session: &Session, side: Side) -> &'static str {
    if side == session.client { "client" } else { "server" }
}

fn certificates(style: &Style, out: &mut String, session: &Session, side: Side) {
    let chain = session.certificates.of(side);
    if chain.is_empty() {
        return;
    }
    style.heading(out, &style.word(&format!("tls.certificates.{}", who(session, side))));
    for (at, certificate) in chain.iter().enumerate() {
        certificate_lines(style, out, session, at + 1, certificate);
    }
    style.paragraph(out, Tone::Quiet, &style.word("tls.certificates.not_judged"), 2);
}

fn certificate_lines(
    style: &Style,
    out: &mut String,
    session: &Session,
    number: usize,
    certificate: &Certificate,
) {
    let Some(said) = &certificate.said else {
        let values: [(&str, &dyn std::fmt::Display); 2] =
            [("number", &number), ("octets", &certificate.octets)];
        return style.paragraph(out, Tone::Warn, &style.say("tls.certificates.unread", &values), 3);
    };
    let values: [(&str, &dyn std::fmt::Display); 4] = [
        ("number", &number),
        ("subject", &shorter(&said.subject)),
        ("key", &shorter(&said.key)),
        ("octets", &certificate.octets),
    ];
    style.paragraph(out, Tone::Plain, &style.say("tls.certificates.subject", &values), 3);
    if !said.names.is_empty() {
        let mut names: Vec<String> = said.names.iter().take(8).map(|name| shorter(name)).collect();
        let more = said.names.len() - names.len() + said.names_left_out;
        if more > 0 {
            names.push(style.say("tls.certificates.more", &[("count", &more)]));
        }
        let text =
            style.say("tls.certificates.names", &[("names", &names.join(&style.word("smtp.sign.list")))]);
        style.paragraph(out, Tone::Plain, &format!("   {text}"), 5);
    }
    let issuer = match said.self_issued {
        true => style.word("tls.certificates.self_issued"),
        false => style.say("tls.certificates.issuer", &[("issuer", &shorter(&said.issuer))]),
    };
    style.paragraph(out, Tone::Plain, &format!("   {issuer}"), 5);
    let (from, until) = (agreed::date(said.not_before), agreed::date(said.not_after));
    let now = session.start.map(|start| start.nanos().div_euclid(1_000_000_000));
    let (key, tone, days) = match now {
        Some(now) if now > said.not_after => {
            ("tls.certificates.expired", Tone::Warn, (now - said.not_after) / DAY)
        }
        Some(now) if now < said.not_before => {
            ("tls.certificates.not_yet", Tone::Warn, (said.not_before - now) / DAY)
        }
        Some(now) => ("tls.certificates.valid", Tone::Plain, (said.not_after - now) / DAY),
        None => ("tls.certificates.dates", Tone::Plain, 0),
    };
    let values: [(&str, &dyn std::fmt::Display); 3] = [("from", &from), ("until", &until), ("days", &days)];
    style.paragraph(out, tone, &format!("   {}", style.say(key, &values)), 5);
}

/// How long a side had to wait before its first octet of data, and how much it sent.
fn data(style: &Style, out: &mut String, session: &Session, side: Side) {
    let data = session.data.of(side);
    let who = style.word(&format!("tls.who.{}", who(session, side)));
    if !data.is_any() {
        let text = style.say("tls.data.none", &[("who", &who)]);
        return style.paragraph(out, Tone::Quiet, &text, 2);
    }
    let octets = match (data.octets, data.sealed_octets) {
        (octets, 0) if data.records == 1 => style.say("tls.data.octets_one", &[("octets", &octets)]),
        (octets, 0) => style.say("tls.data.octets", &[("octets", &octets), ("records", &data.records)]),
        (0, sealed) => style.say("tls.data.sealed", &[("octets", &sealed), ("records", &data.records)]),
        (octets, sealed) => style.say("tls.data.both", &[("octets", &octets), ("sealed", &sealed)]),
    };
    let waited = session.round_trips(side).map_or_else(
        || style.word("tls.data.unknown"),
        |(count, observed)| {
            let key = match count {
                0 => "tls.data.at_once",
                1 => "tls.data.one",
                _ => "tls.data.more",
            };
            let basis = if observed { String::new() } else { style.word("tls.data.inferred") };
            format!("{}{basis}", style.say(key, &[("count", &count)]))
        },
    );
    let after = data.first.and_then(|first| first.nanos.map(|nanos| (first.packet, nanos)));
    let after = after.map_or_else(String::new, |(packet, nanos)| {
        style.say("tls.data.after", &[("packet", &packet), ("time", &duration(nanos))])
    });
    let values: [(&str, &dyn std::fmt::Display); 4] =
        [("who", &who), ("octets", &octets), ("waited", &waited), ("after", &after)];
    style.paragraph(out, Tone::Plain, &style.say("tls.data.line", &values), 2);
}

fn decryption(style: &Style, out: &mut String, session: &Session) {
    let decryption = &session.decryption;
    let sum = |sides: &PerSide<u64>| sides.initiator + sides.responder;
    let (opened, sealed) = (sum(&decryption.opened), sum(&decryption.sealed));
    let values: [(&str, &dyn std::fmt::Display); 3] =
        [("opened", &opened), ("sealed", &sealed), ("all", &(opened + sealed))];
    let state = decryption.state;
    let text = style.say(&format!("tls.state.{}", state.name()), &values);
    style.paragraph(out, tone(state), &text, 2);
    if state == DecryptionState::Partly {
        let reasons = [
            ("without_key", decryption.without_key),
            ("not_fitting", decryption.not_fitting),
            ("behind_gap", decryption.behind_gap),
        ];
        for (reason, count) in reasons.into_iter().filter(|(_, count)| *count > 0) {
            let text = style.say(&format!("tls.sealed.{reason}"), &[("count", &count)]);
            style.paragraph(out, Tone::Warn, &text, 2);
        }
    }
    if let Some(protocol) = session.application {
        let protocol = protocol.name();
        let key = if protocol == "smtp" { "tls.view.inside_smtp" } else { "tls.view.inside" };
        let values: [(&str, &dyn std::fmt::Display); 2] =
            [("protocol", &protocol.to_uppercase()), ("stream", &session.stream)];
        style.paragraph(out, Tone::Good, &style.say(key, &values), 2);
    }
}

fn closing(style: &Style, out: &mut String, session: &Session) {
    for side in [session.client, session.client.peer()] {
        let who = style.word(&format!("tls.who.{}", who(session, side)));
        let (key, tone, alert) = match session.closing.of(side) {
            Some(Closing::CloseNotify) => ("close_notify", Tone::Plain, 0),
            Some(Closing::Fatal(alert)) => ("fatal", Tone::Warn, *alert),
            Some(Closing::SealedAlert) => ("sealed", Tone::Quiet, 0),
            None => ("none", Tone::Quiet, 0),
        };
        let alert = alert_name(alert).map_or_else(|| alert.to_string(), ToOwned::to_owned);
        let values: [(&str, &dyn std::fmt::Display); 2] = [("who", &who), ("alert", &alert)];
        style.paragraph(out, tone, &style.say(&format!("tls.closed.{key}"), &values), 2);
    }
    let lost = session.lost_octets.initiator + session.lost_octets.responder;
    if lost > 0 {
        style.paragraph(out, Tone::Warn, &style.say("tls.view.lost", &[("octets", &lost)]), 2);
    }
}
