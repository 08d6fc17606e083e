//! The rows of a session: each message, and what it says here.

use super::super::style::{Style, Tone};
use super::super::time::of_row;
use super::agreed::code;
use super::{shorter, who};
use crate::conversation::tls::{
    ClientHello, Extensions, Message, Packets, Secrecy, ServerHello, Session, Step, What, alert_name,
    group_name, signature_name, suite_name, version_name,
};

/// Names of one list that a sentence has.
const NAMED: usize = 4;
const FATAL: u8 = 2;
const TLS_1_3: u16 = 0x0304;

pub(super) fn push(style: &Style, out: &mut String, session: &Session) {
    if session.steps.is_empty() {
        return;
    }
    out.push('\n');
    let mut grid = style.grid(&["packet", "tls_time", "who", "tls_message", "tls_wire", "means"]);
    let first = session.steps.first().and_then(|step| step.packets.time);
    let mut before = first;
    for step in &session.steps {
        let Step { packets, from, secrecy, what } = step;
        let tone = match secrecy {
            Secrecy::Clear => Tone::Plain,
            Secrecy::Opened => Tone::Good,
            Secrecy::Sealed => Tone::Quiet,
        };
        grid.add_row([
            style.number(numbers(packets)),
            style.number(of_row(style.time, first, before, packets.time)),
            style.cell(Tone::Quiet, style.word(&format!("tls.who.{}", who(session, *from)))),
            style.cell(tone, name(style, what)),
            style.cell(tone, style.word(&format!("tls.wire.{}", secrecy.name()))),
            style.cell(Tone::Plain, means(style, session, step)),
        ]);
        before = packets.time.or(before);
    }
    style.push_grid(out, grid);
    if session.steps_left_out > 0 {
        let text = style.say("tls.view.left_out", &[("count", &session.steps_left_out)]);
        style.paragraph(out, Tone::Quiet, &text, 2);
    }
}

fn numbers(packets: &Packets) -> String {
    let Packets { first, last, .. } = packets;
    if first == last { first.to_string() } else { format!("{first}–{last}") }
}

fn name(style: &Style, what: &What) -> String {
    match what {
        What::Handshake(message) => message.name().to_owned(),
        What::ChangeCipherSpec => "ChangeCipherSpec".to_owned(),
        What::Alert(_, description) => {
            format!("Alert {}", alert_name(*description).map_or_else(|| description.to_string(), Into::into))
        }
        What::Data { early: false, .. } => style.word("tls.name.data"),
        What::Data { early: true, .. } => style.word("tls.name.early_data"),
        What::Sealed { .. } => style.word("tls.name.sealed"),
        What::Other(kind) => style.say("tls.name.other", &[("kind", kind)]),
        What::Gap(_) => style.word("tls.name.gap"),
        What::NoRecords(_) => style.word("tls.name.no_records"),
    }
}

fn means(style: &Style, session: &Session, step: &Step) -> String {
    let tls13 = session.agreed.version.is_some_and(|version| version >= TLS_1_3);
    match &step.what {
        What::Handshake(message) => message_means(style, session, message, tls13),
        What::ChangeCipherSpec if tls13 => style.word("tls.step.ccs_13"),
        What::ChangeCipherSpec => style.word("tls.step.ccs"),
        What::Alert(level, description) => {
            let key = match (alert_name(*description), *level) {
                (Some("close_notify"), _) => "tls.step.close_notify",
                (_, FATAL) => "tls.step.fatal",
                _ => "tls.step.warning",
            };
            style.word(key)
        }
        What::Data { records, octets, early } => {
            let key = match (early, records) {
                (true, _) => "tls.step.early_data",
                (false, 1) => "tls.step.data_one",
                (false, _) => "tls.step.data",
            };
            style.say(key, &[("octets", octets), ("records", records)])
        }
        What::Sealed { content_type, records, octets } => {
            let kind = style.find(&format!("tls.content.{content_type}")).unwrap_or_default();
            let key = if *records == 1 { "tls.step.sealed_one" } else { "tls.step.sealed" };
            style.say(key, &[("octets", octets), ("records", records), ("kind", &kind)])
        }
        What::Other(_) => String::new(),
        What::Gap(octets) => style.say("tls.step.gap", &[("octets", octets)]),
        What::NoRecords(octets) => style.say("tls.step.no_records", &[("octets", octets)]),
    }
}

fn message_means(style: &Style, session: &Session, message: &Message, tls13: bool) -> String {
    match message {
        Message::ClientHello(hello) => client_hello(style, hello),
        Message::ServerHello(hello) if hello.retry => {
            let group = hello.group().map_or_else(|| "-".to_owned(), |group| code(group_name(group), group));
            style.say("tls.step.retry", &[("group", &group)])
        }
        Message::ServerHello(hello) => server_hello(style, session, hello),
        Message::EncryptedExtensions(extensions) => encrypted_extensions(style, extensions),
        Message::Certificate(chain) if chain.is_empty() => style.word("tls.step.no_certificate"),
        Message::Certificate(chain) => {
            let own = chain.first().and_then(|certificate| certificate.said.as_ref());
            let name = own.map_or_else(|| "?".to_owned(), |said| shorter(&said.subject));
            let key = if chain.len() == 1 { "tls.step.certificate_one" } else { "tls.step.certificate" };
            style.say(key, &[("count", &chain.len()), ("name", &name)])
        }
        Message::CompressedCertificate(octets) => {
            style.say("tls.step.compressed_certificate", &[("octets", octets)])
        }
        Message::ServerKeyExchange(Some(group)) => {
            style.say("tls.step.server_key_exchange", &[("group", &code(group_name(*group), *group))])
        }
        Message::CertificateVerify(scheme) => {
            style.say("tls.step.certificate_verify", &[("scheme", &code(signature_name(*scheme), *scheme))])
        }
        Message::NewSessionTicket { lifetime, ticket, early_data } => {
            let text = style.say("tls.step.new_session_ticket", &[("seconds", lifetime), ("octets", ticket)]);
            let early = if *early_data { style.word("tls.step.ticket_early") } else { String::new() };
            format!("{text}{early}")
        }
        Message::KeyUpdate(true) => style.word("tls.step.key_update_asks"),
        Message::KeyUpdate(false) => style.word("tls.step.key_update"),
        Message::Finished if tls13 => style.word("tls.step.finished_13"),
        Message::Finished => style.word("tls.step.finished"),
        Message::Unread(kind) => style.say("tls.step.unread", &[("kind", kind)]),
        Message::ServerKeyExchange(None) => style.word("tls.step.server_key_exchange_plain"),
        Message::HelloRequest => style.word("tls.step.hello_request"),
        Message::EndOfEarlyData => style.word("tls.step.end_of_early_data"),
        Message::CertificateRequest => style.word("tls.step.certificate_request"),
        Message::ServerHelloDone => style.word("tls.step.server_hello_done"),
        Message::ClientKeyExchange => style.word("tls.step.client_key_exchange"),
        Message::CertificateStatus => style.word("tls.step.certificate_status"),
    }
}

/// The first few names of a list, and how many more there are.
fn names(style: &Style, all: &[u16], name: fn(u16) -> Option<&'static str>) -> String {
    let mut list: Vec<String> = all.iter().take(NAMED).map(|&one| code(name(one), one)).collect();
    let more = all.len().saturating_sub(NAMED);
    if more > 0 {
        list.push(style.say("tls.more", &[("count", &more)]));
    }
    list.join(&style.word("smtp.sign.list"))
}

fn client_hello(style: &Style, hello: &ClientHello) -> String {
    let said = &hello.extensions;
    let mut parts = vec![match &said.server_name {
        Some(name) => style.say("tls.hello.name", &[("name", &shorter(name))]),
        None => style.word("tls.hello.no_name"),
    }];
    let versions = names(style, hello.versions(), version_name);
    let suites = hello.suites.len();
    parts.push(style.say("tls.hello.offers", &[("versions", &versions), ("suites", &suites)]));
    if !said.application_protocols.is_empty() {
        let list: Vec<String> = said.application_protocols.iter().take(NAMED).map(|p| shorter(p)).collect();
        parts.push(style.say("tls.hello.alpn", &[("list", &list.join(&style.word("smtp.sign.list")))]));
    }
    if !said.key_shares.is_empty() {
        let groups = names(style, &said.key_shares, group_name);
        parts.push(style.say("tls.hello.key_shares", &[("groups", &groups)]));
    }
    if let Some(count) = said.pre_shared_key {
        let key = if count == 1 { "tls.hello.psk_one" } else { "tls.hello.psk" };
        parts.push(style.say(key, &[("count", &count)]));
    }
    if let Some(octets @ 1..) = said.session_ticket {
        parts.push(style.say("tls.hello.ticket", &[("octets", &octets)]));
    }
    if said.early_data {
        parts.push(style.word("tls.hello.early_data"));
    }
    parts.join(&style.word("tls.hello.join"))
}

fn server_hello(style: &Style, session: &Session, hello: &ServerHello) -> String {
    let version = code(version_name(hello.version), hello.version);
    let suite = code(suite_name(hello.suite), hello.suite);
    let mut parts = vec![style.say("tls.hello.chooses", &[("version", &version), ("suite", &suite)])];
    if let Some(group) = hello.group() {
        parts.push(style.say("tls.hello.key_share", &[("group", &code(group_name(group), group))]));
    }
    if let Some(resumption) = session.agreed.resumption {
        parts.push(style.word(&format!("tls.hello.resumes.{}", resumption.name())));
    }
    if let Some(name) = hello.extensions.application_protocols.first() {
        parts.push(style.say("tls.hello.alpn_chosen", &[("name", &shorter(name))]));
    }
    parts.join(&style.word("tls.hello.join"))
}

fn encrypted_extensions(style: &Style, extensions: &Extensions) -> String {
    let mut parts = vec![style.word("tls.step.encrypted_extensions")];
    if let Some(name) = extensions.application_protocols.first() {
        parts.push(style.say("tls.hello.alpn_chosen", &[("name", &shorter(name))]));
    }
    if extensions.early_data {
        parts.push(style.word("tls.hello.early_data_taken"));
    }
    parts.join(&style.word("tls.hello.join"))
}
