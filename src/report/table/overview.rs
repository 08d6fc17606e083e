//! `overview`: the capture at a glance.

use std::io::{self, Write};

use super::fcs::Counts;
use super::style::{Style, Tone};
use super::time::{duration, utc};
use super::{smtp, tcp};
use crate::conversation::smtp::Session;
use crate::dissect::Checksum;
use crate::flow::Connection;
use crate::packet::{Protocol, Timestamp};
use crate::report::{Options, PacketEvent, Sink, Summary, escape};

/// Connections and sessions that are listed; the others are counted.
const LISTED: usize = 10;

/// Counts what goes by.
pub(super) struct Overview {
    out: Box<dyn Write>,
    style: Style,
    packets: u64,
    first: Option<Timestamp>,
    last: Option<Timestamp>,
    /// Packets that have a header of each protocol, by its place in [`Protocol::ALL`].
    seen: [u64; Protocol::ALL.len()],
    fcs: Counts,
    bad_checksums: u64,
    stopped: u64,
    connections: Vec<(Connection, Option<Protocol>)>,
    connections_total: u64,
    sessions: Vec<Session>,
    sessions_total: u64,
}

impl Overview {
    pub(super) fn new(options: &Options, out: Box<dyn Write>) -> Self {
        Self {
            out,
            style: Style::new(options),
            packets: 0,
            first: None,
            last: None,
            seen: [0; Protocol::ALL.len()],
            fcs: Counts::default(),
            bad_checksums: 0,
            stopped: 0,
            connections: Vec::new(),
            connections_total: 0,
            sessions: Vec::new(),
            sessions_total: 0,
        }
    }

    fn sources(&self, out: &mut String, summary: &Summary) {
        let style = &self.style;
        let took = self.first.zip(self.last).map_or_else(|| "-".to_owned(), |(a, b)| duration(b.since(a)));
        let start = self.first.map_or_else(|| "-".to_owned(), utc);
        for (_, info) in &summary.sources {
            let mut links: Vec<String> = info.interfaces.iter().map(|i| i.link_type.to_string()).collect();
            links.dedup();
            let parts = [shown(&info.name), info.format.to_owned(), links.join(", ")];
            style.paragraph(out, Tone::Title, &parts.join(" · "), 2);
            for comment in &info.comments {
                style.paragraph(out, Tone::Quiet, &format!("# {}", shown(comment)), 2);
            }
        }
        let values: [(&str, &dyn std::fmt::Display); 3] =
            [("count", &self.packets), ("took", &took), ("start", &start)];
        style.paragraph(out, Tone::Plain, &style.say("overview.packets", &values), 2);
        if self.fcs.carried() > 0 {
            let values: [(&str, &dyn std::fmt::Display); 5] = [
                ("carried", &self.fcs.carried()),
                ("frames", &self.fcs.frames()),
                ("good", &self.fcs.good),
                ("bad", &self.fcs.bad),
                ("why", &self.fcs.reasons(style)),
            ];
            let tone = if self.fcs.bad > 0 { Tone::Bad } else { Tone::Plain };
            style.paragraph(out, tone, &style.say("overview.fcs", &values), 2);
        }
    }

    fn layers(&self, out: &mut String) {
        let style = &self.style;
        let mut table = style.grid(&["osi", "tcpip", "seen"]);
        for osi in (1..=7u8).rev() {
            let here = Protocol::ALL.iter().zip(self.seen).filter(|(p, n)| *n > 0 && p.osi().contains(&osi));
            let names: Vec<String> = here.map(|(p, n)| format!("{} {n}", p.title())).collect();
            let (tone, seen) = if names.is_empty() {
                (Tone::Quiet, style.word(&format!("osi.empty.{osi}")))
            } else {
                (Tone::Plain, names.join(", "))
            };
            table.add_row(vec![
                style.cell(tone, style.word(&format!("osi.{osi}"))),
                style.cell(tone, style.word(&format!("osi.tcpip.{osi}"))),
                style.cell(tone, seen),
            ]);
        }
        style.push_grid(out, &table);
    }

    fn odd(&self, out: &mut String, summary: &Summary) {
        let style = &self.style;
        let counts = [("overview.bad_checksums", self.bad_checksums), ("overview.stopped", self.stopped)];
        for (key, count) in counts.into_iter().filter(|(_, count)| *count > 0) {
            style.paragraph(out, Tone::Warn, &style.say(key, &[("count", &count)]), 2);
        }
        for damage in summary.damage.iter().take(LISTED) {
            style.paragraph(out, Tone::Bad, &shown(&damage.to_string()), 2);
        }
    }

    fn next(&self, out: &mut String, summary: &Summary) {
        let names: Vec<String> =
            summary.sources.iter().take(3).map(|(_, i)| quoted(&shown(&i.name))).collect();
        let names = names.join(" ");
        let mut next = Vec::new();
        if self.sessions_total > 0 {
            next.push(format!("layerscope smtp {names}"));
        }
        if let Some((c, _)) = self.connections.first() {
            next.push(format!("layerscope tcp --stream {} {names}", c.stream));
        }
        next.push(format!("layerscope layers --packet 1 {names}"));
        out.push('\n');
        self.style.paragraph(
            out,
            Tone::Quiet,
            &self.style.say("overview.next", &[("commands", &next.join(" · "))]),
            2,
        );
    }
}

impl Sink for Overview {
    fn packet(&mut self, event: &PacketEvent<'_>) -> io::Result<()> {
        let d = event.dissection;
        self.packets += 1;
        if let Some(time) = event.frame.time {
            self.first = Some(self.first.map_or(time, |first| first.min(time)));
            self.last = Some(self.last.map_or(time, |last| last.max(time)));
        }
        let mut named = 0u64;
        let spoken = event.application.filter(|_| !d.payload.octets.is_empty());
        for protocol in d.layers.iter().map(|l| l.protocol).chain(spoken) {
            let bit = 1u64 << (protocol as u8 & 63);
            if named & bit == 0 {
                named |= bit;
                if let Some(count) = self.seen.get_mut(protocol as usize) {
                    *count += 1;
                }
            }
        }
        if let Some(fcs) = &d.fcs {
            self.fcs.add(fcs);
        }
        let c = &d.checksums;
        let bad = [c.ipv4, c.tcp, c.udp, c.icmpv4, c.icmpv6, c.igmp, c.sctp].contains(&Some(Checksum::Bad));
        self.bad_checksums += u64::from(bad);
        self.stopped += u64::from(d.stopped.is_some());
        Ok(())
    }

    fn connection(&mut self, connection: &Connection, application: Option<Protocol>) -> io::Result<()> {
        self.connections_total += 1;
        if self.connections.len() < LISTED {
            self.connections.push((connection.clone(), application));
        }
        Ok(())
    }

    fn session(&mut self, session: &Session, _connection: &Connection) -> io::Result<()> {
        self.sessions_total += 1;
        if self.sessions.len() < LISTED {
            self.sessions.push(Session { turns: Vec::new(), ..session.clone() });
        }
        Ok(())
    }

    fn finish(&mut self, summary: &Summary) -> io::Result<()> {
        let mut out = String::new();
        self.sources(&mut out, summary);
        out.push('\n');
        self.layers(&mut out);
        if self.connections_total > 0 {
            out.push('\n');
            tcp::list(&self.style, &mut out, &self.connections, self.connections_total);
        }
        if self.sessions_total > 0 {
            out.push('\n');
            smtp::list(&self.style, &mut out, &self.sessions, self.sessions_total);
        }
        self.odd(&mut out, summary);
        self.next(&mut out, summary);
        self.out.write_all(out.as_bytes())?;
        self.out.flush()
    }
}

fn shown(text: &str) -> String {
    let mut out = String::new();
    escape::push_text(&mut out, text);
    out
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
