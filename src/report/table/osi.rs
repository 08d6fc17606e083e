//! What a capture shows of each OSI layer, in words.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::net::IpAddr;

use super::style::Style;
use crate::conversation::smtp::{AuthOutcome, Encryption, Ended, Session, TurnKind};
use crate::conversation::{fetch, tls};
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
    /// SMTP sessions that QUIT closed.
    quit: u64,
    /// Mail sessions that began TLS.
    encrypted: u64,
    /// Mail protocols with a session in plain text from first to last.
    plain: BTreeSet<Protocol>,
    mailboxes: Mailboxes,
    /// TLS sessions, and those of them that were opened.
    tls: u64,
    opened: u64,
    /// Connections that carried an application which is not known here.
    unknown: u64,
}

/// Sessions in which mail was read.
#[derive(Debug, Default)]
struct Mailboxes {
    protocols: BTreeSet<Protocol>,
    sessions: u64,
    /// With a login that was accepted.
    logins: u64,
    /// That both sides ended.
    goodbyes: u64,
    /// Of which TLS hides login and goodbye.
    hidden: u64,
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
        self.encryption(Protocol::Smtp, session.encryption);
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

    fn encryption(&mut self, protocol: Protocol, encryption: Encryption) {
        match encryption {
            Encryption::None => _ = self.plain.insert(protocol),
            Encryption::StartTls { .. } | Encryption::Implicit => self.encrypted += 1,
        }
    }

    /// A session in which mail was read.
    pub(super) fn mailbox(&mut self, session: &fetch::Session) {
        self.encryption(session.protocol, session.encryption);
        let accepted = |login: &fetch::Login| login.outcome == AuthOutcome::Accepted;
        let seen = &mut self.mailboxes;
        seen.protocols.insert(session.protocol);
        seen.sessions += 1;
        seen.logins += u64::from(session.logins.iter().any(accepted));
        seen.goodbyes += u64::from(matches!(session.ended, fetch::Ended::Logout | fetch::Ended::Quit));
        seen.hidden += u64::from(session.ended == fetch::Ended::Tls && session.logins.is_empty());
    }

    /// A TLS session.
    pub(super) fn tls(&mut self, session: &tls::Session) {
        self.tls += 1;
        self.opened += u64::from(session.is_opened());
    }

    /// What was seen of OSI layer `osi`; `None` where nothing was.
    pub(super) fn row(&self, style: &Style, tally: &Tally, osi: u8) -> Option<String> {
        let mut parts = self.protocols(style, tally, osi);
        match osi {
            5 => parts.extend(self.dialogues(style, tally)),
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

    /// What opened and closed the dialogues of mail.
    fn dialogues(&self, style: &Style, tally: &Tally) -> Vec<String> {
        let mut parts = Vec::new();
        if tally.sessions > 0 {
            parts.push(self.dialogue(style, tally));
        }
        let Mailboxes { protocols, sessions, logins, goodbyes, hidden } = &self.mailboxes;
        if *sessions == 0 {
            return parts;
        }
        if parts.is_empty() {
            parts.push(style.word("osi.dialogue.own"));
        }
        let key = if logins == sessions && goodbyes == sessions {
            "osi.dialogue.mailbox.whole"
        } else if hidden == sessions {
            "osi.dialogue.mailbox.hidden"
        } else {
            "osi.dialogue.mailbox.part"
        };
        let values: [(&str, &dyn std::fmt::Display); 4] = [
            ("protocol", &titles(style, protocols)),
            ("sessions", sessions),
            ("logins", logins),
            ("goodbyes", goodbyes),
        ];
        parts.push(style.say(key, &values));
        parts
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
        let tls = self.encrypted > 0 || self.packets.contains_key(&Protocol::Tls);
        if tls {
            parts.push(style.word(match self.opened {
                0 => "osi.encrypted",
                opened if opened == self.tls => "osi.encrypted.opened",
                _ => "osi.encrypted.partly",
            }));
        }
        if !self.plain.is_empty() {
            let key = if tls { "osi.plain_mail.too" } else { "osi.plain_mail" };
            parts.push(style.say(key, &[("protocol", &titles(style, &self.plain))]));
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
                Protocol::Imap | Protocol::Pop3 => {
                    ("session", tally.mailboxes.get(protocol).map_or(0, |mailboxes| mailboxes.sessions))
                }
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
        if parts.is_empty() { parts } else { vec![parts.join(&style.word("osi.then"))] }
    }
}

/// `IMAP, POP3`.
fn titles(style: &Style, protocols: &BTreeSet<Protocol>) -> String {
    let titles: Vec<&str> = protocols.iter().map(|protocol| protocol.title()).collect();
    titles.join(&style.word("overview.and"))
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
    fn mail_in_plain_text_is_told_of_each_protocol() {
        let mut seen = Seen { plain: BTreeSet::from([Protocol::Imap, Protocol::Pop3]), ..Seen::default() };
        assert_eq!(seen.presentation(&style(Lang::En)), ["nothing encrypted: IMAP, POP3 went in plain text"]);
        seen.encrypted = 1;
        assert_eq!(seen.presentation(&style(Lang::En))[1], "some IMAP, POP3 went in plain text");
    }

    #[test]
    fn tls_that_was_opened_is_not_called_unreadable() {
        for (opened, expected) in
            [(0, "osi.encrypted"), (1, "osi.encrypted.partly"), (2, "osi.encrypted.opened")]
        {
            let seen = Seen { encrypted: 2, tls: 2, opened, ..Seen::default() };
            for lang in Lang::ALL {
                assert_eq!(seen.presentation(&style(lang)), [style(lang).word(expected)]);
            }
        }
    }

    #[test]
    fn a_login_and_a_goodbye_are_the_dialogue_of_a_mailbox() {
        let mailboxes = Mailboxes {
            protocols: BTreeSet::from([Protocol::Pop3]),
            sessions: 2,
            logins: 2,
            goodbyes: 2,
            hidden: 0,
        };
        let mut seen = Seen { mailboxes, ..Seen::default() };
        let row = |seen: &Seen| seen.row(&style(Lang::En), &Tally::default(), 5).unwrap();
        assert_eq!(
            row(&seen),
            "no header of its own; POP3: login and goodbye opened and closed the dialogue"
        );
        seen.mailboxes.goodbyes = 1;
        assert!(
            row(&seen).ends_with("POP3: a login opened the dialogue in 2 of 2, a goodbye closed it in 1")
        );
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
