//! What a capture shows of each OSI layer, in words.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::net::IpAddr;

use super::style::Style;
use crate::conversation::smtp::{Encryption, Ended, Session, TurnKind};
use crate::flow::Connection;
use crate::packet::{Protocol, Scope, scope};
use crate::report::tally::Tally;
use crate::report::{PacketEvent, payload};

/// Addresses that are told apart; beyond that they are "more than" so many.
const ADDRESSES: usize = 10_000;
/// Protocols of one layer that are named.
const NAMED: usize = 12;

/// What the rows tell beyond counts of packets.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// Packets with at least one header of each protocol.
    packets: BTreeMap<Protocol, u64>,
    addresses: HashSet<IpAddr>,
    last: Option<(IpAddr, IpAddr)>,
    greetings: BTreeSet<&'static str>,
    encodings: BTreeSet<&'static str>,
    /// SMTP sessions that QUIT closed, that began TLS, and in plain text from first to last.
    quit: u64,
    encrypted: u64,
    plain: u64,
    /// Connections that carried an application which is not known here.
    unknown: u64,
}

impl Seen {
    pub(super) fn packet(&mut self, event: &PacketEvent<'_>) {
        let mut named = 0u128;
        for layer in payload::layers(event) {
            let bit = 1u128.wrapping_shl(layer.protocol as u32);
            if named & bit == 0 {
                named |= bit;
                *self.packets.entry(layer.protocol).or_default() += 1;
            }
        }
        let Some(ip) = event.dissection.ip else { return };
        let pair = (ip.source, ip.destination);
        if self.last == Some(pair) || self.last == Some((pair.1, pair.0)) {
            return;
        }
        self.last = Some(pair);
        for address in [pair.0, pair.1] {
            if self.addresses.len() < ADDRESSES {
                self.addresses.insert(address);
            }
        }
    }

    pub(super) fn connection(&mut self, connection: &Connection, application: Option<Protocol>) {
        let octets = connection.payload_octets;
        let speaks = application.is_some_and(|p| p != Protocol::Data);
        self.unknown += u64::from(!speaks && octets.initiator + octets.responder > 0);
    }

    pub(super) fn session(&mut self, session: &Session) {
        self.quit += u64::from(session.ended == Ended::Quit);
        match session.encryption {
            Encryption::None => self.plain += 1,
            Encryption::StartTls { .. } | Encryption::Implicit => self.encrypted += 1,
        }
        let known = |names: &[&'static str], word: &str| {
            names.iter().find(|name| name.eq_ignore_ascii_case(word)).copied()
        };
        let verbs = session.turns.iter().filter_map(|turn| match &turn.kind {
            TurnKind::Command { verb, .. } => known(&["EHLO", "HELO", "LHLO"], verb),
            _ => None,
        });
        self.greetings.extend(verbs.take(4));
        let parts = session.messages.iter().flat_map(|message| &message.parts);
        self.encodings.extend(
            parts.filter_map(|part| known(&["base64", "quoted-printable"], &part.encoding)).take(100),
        );
    }

    /// What was seen of OSI layer `osi`; `None` where nothing was.
    pub(super) fn row(&self, style: &Style, tally: &Tally, osi: u8) -> Option<String> {
        let mut parts = self.protocols(style, tally, osi);
        match osi {
            5 if tally.sessions > 0 => parts.push(self.dialogue(style, tally)),
            6 => parts.extend(self.presentation(style)),
            3 => parts.extend(self.hosts(style)),
            7 if parts.is_empty() && self.packets.contains_key(&Protocol::Tls) => {
                parts.push(style.word("osi.inside_tls"));
            }
            _ => {}
        }
        if osi == 7 && self.unknown > 0 {
            let count = units(style, "connection", self.unknown);
            parts.push(style.say("osi.unknown", &[("count", &count)]));
        }
        (!parts.is_empty()).then(|| parts.join(&style.word("overview.then")))
    }

    fn dialogue(&self, style: &Style, tally: &Tally) -> String {
        let greetings: Vec<&str> = self.greetings.iter().copied().collect();
        let greetings = greetings.join("/");
        let values: [(&str, &dyn std::fmt::Display); 3] =
            [("greeting", &greetings), ("quit", &self.quit), ("sessions", &tally.sessions)];
        style.say(
            match (self.greetings.is_empty(), self.quit == tally.sessions) {
                (true, _) => "osi.dialogue.unseen",
                (false, true) => "osi.dialogue.whole",
                (false, false) => "osi.dialogue.part",
            },
            &values,
        )
    }

    fn presentation(&self, style: &Style) -> Vec<String> {
        let mut parts = Vec::new();
        let tls = self.packets.contains_key(&Protocol::Tls);
        if tls || self.encrypted > 0 {
            parts.push(style.word("osi.encrypted"));
        }
        if self.plain > 0 {
            parts.push(style.word(if tls { "osi.plain_mail.too" } else { "osi.plain_mail" }));
        } else if !tls && self.packets.contains_key(&Protocol::Http) {
            parts.push(style.word("osi.plain_http"));
        }
        if !self.encodings.is_empty() {
            let names: Vec<&str> = self.encodings.iter().copied().collect();
            parts.push(style.say("osi.encodings", &[("names", &names.join(&style.word("overview.and")))]));
        }
        parts
    }

    /// How many addresses, and of what kind.
    fn hosts(&self, style: &Style) -> Option<String> {
        let mut kinds: BTreeMap<(usize, Option<&str>), u64> = BTreeMap::new();
        for address in &self.addresses {
            let kind = scope(*address);
            let place = Scope::ALL.iter().position(|s| *s == kind).unwrap_or(0);
            *kinds.entry((place, standard(kind, address.is_ipv4()))).or_default() += 1;
        }
        let names: Vec<(String, u64)> = kinds
            .into_iter()
            .map(|((place, standard), count)| (kind_name(style, Scope::ALL[place], standard), count))
            .collect();
        let total = self.addresses.len();
        let count = units(style, "address", total as u64);
        let text = match names.as_slice() {
            [] => return None,
            [(name, _)] if total == 1 => {
                style.say("osi.addresses.each", &[("count", &count), ("kinds", name)])
            }
            [(name, _)] if total == 2 => {
                style.say("osi.addresses.both", &[("count", &count), ("kind", name)])
            }
            [(name, _)] => style.say("osi.addresses.all", &[("count", &count), ("kind", name)]),
            several => {
                let each = |(name, n): &(String, u64)| {
                    style.say("osi.addresses.kind", &[("count", n), ("kind", name)])
                };
                let kinds = several.iter().map(each).collect::<Vec<_>>().join(&style.word("overview.and"));
                style.say("osi.addresses.each", &[("count", &count), ("kinds", &kinds)])
            }
        };
        Some(if total >= ADDRESSES { style.say("osi.addresses.more", &[("text", &text)]) } else { text })
    }

    /// The protocols of a layer, most frequent first, with what they add up to.
    fn protocols(&self, style: &Style, tally: &Tally, osi: u8) -> Vec<String> {
        let mut here: Vec<(Protocol, u64)> = self
            .packets
            .iter()
            .filter(|(p, _)| {
                p.osi().contains(&osi) && !matches!(p, Protocol::Fcs | Protocol::Padding | Protocol::Trailer)
            })
            .map(|(p, n)| (*p, *n))
            .collect();
        here.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
        let unit = if osi == 2 { "frame" } else { "packet" };
        let named = here.iter().take(NAMED).map(|(protocol, count)| {
            let mut text = format!("{} {}", protocol.title(), units(style, unit, *count));
            let (key, more) = match protocol {
                Protocol::Tcp => ("connection", tally.connections),
                Protocol::Smtp => ("session", tally.sessions),
                _ => ("", 0),
            };
            if more > 0 {
                text.push_str(&style.word("overview.with"));
                text.push_str(&units(style, key, more));
            }
            text
        });
        let mut parts: Vec<String> = named.collect();
        if here.len() > NAMED {
            parts.push("…".to_owned());
        }
        if parts.is_empty() { parts } else { vec![parts.join(&style.word("overview.and"))] }
    }
}

/// `private (RFC 1918)`.
fn kind_name(style: &Style, kind: Scope, standard: Option<&str>) -> String {
    let word = style.word(&format!("scope.{}", kind.name()));
    match standard {
        Some(standard) => word + &style.in_brackets(standard),
        None => word,
    }
}

/// The standard that gives a kind of address its meaning, where IPv4 and IPv6 have different ones.
const fn standard(kind: Scope, v4: bool) -> Option<&'static str> {
    match (kind, v4) {
        (Scope::Private, true) => Some("RFC 1918"),
        (Scope::Private, false) => Some("RFC 4193"),
        (Scope::Documentation, true) => Some("RFC 5737"),
        (Scope::Documentation, false) => Some("RFC 3849"),
        _ => None,
    }
}

/// `1 packet`, `13 packets`.
pub(super) fn units(style: &Style, unit: &str, count: u64) -> String {
    let number = if count == 1 { "one" } else { "many" };
    style.say(&format!("unit.{unit}.{number}"), &[("count", &count)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lesson::Lang;
    use crate::report::TimeFormat;

    fn style(lang: Lang) -> Style {
        Style { lang, color: false, width: 80, time: TimeFormat::Relative, names: None }
    }

    #[test]
    fn one_packet_is_no_packets() {
        assert_eq!(units(&style(Lang::En), "packet", 1), "1 packet");
        assert_eq!(units(&style(Lang::En), "packet", 13), "13 packets");
        assert_eq!(units(&style(Lang::Zh), "packet", 13), "13 个包");
    }

    #[test]
    fn addresses_are_named_by_what_they_are_for() {
        let mut seen = Seen::default();
        seen.addresses.extend(["10.20.0.25", "10.20.0.10"].map(|a| a.parse::<IpAddr>().unwrap()));
        assert_eq!(seen.hosts(&style(Lang::En)).as_deref(), Some("2 addresses, both private (RFC 1918)"));
        seen.addresses.insert("192.0.2.1".parse().unwrap());
        assert_eq!(
            seen.hosts(&style(Lang::En)).as_deref(),
            Some("3 addresses: 2 private (RFC 1918), 1 documentation (RFC 5737)")
        );
    }
}
