//! Lookups of names: a row each; and one of them in full, with its flags and every record.

mod detail;
mod list;
mod means;
mod story;

use std::io::{self, Write};
use std::sync::Arc;

pub(super) use self::list::question;
pub(super) use self::story::lookups as story;
use super::style::{Style, Tone};
use crate::conversation::dns::Lookup;
use crate::report::{Gauge, Options, Sink, Summary};

/// Captures with no more lookups than this show each in full.
const SHOWN_IN_FULL: usize = 2;
/// Rows that one table has; the next ones get a heading of their own, so that long lists stream.
const ROWS_A_TABLE: usize = 100;

/// The sink.
pub(super) struct Lookups {
    style: Style,
    out: Box<dyn Write>,
    kept: Vec<Lookup>,
    count: u64,
    chosen: Option<u64>,
    /// Lookups are asked for by the numbers of their packets.
    is_chosen: bool,
    /// Rows as lookups end, where the wire is watched.
    live: Option<(list::Rows, Arc<Gauge>)>,
}

impl Lookups {
    pub(super) fn new(options: &Options, out: Box<dyn Write>) -> Self {
        let style = Style::new(options);
        Self {
            live: options.live.as_ref().map(|live| (list::Rows::new(&style), Arc::clone(&live.gauge))),
            style,
            out,
            kept: Vec::new(),
            count: 0,
            chosen: options.stream,
            is_chosen: options.by_packet,
        }
    }

    fn list(&mut self) -> io::Result<()> {
        if self.kept.is_empty() {
            return Ok(());
        }
        let mut text = String::new();
        // they were told of in the order of their ends
        self.kept.sort_by_key(|lookup| (lookup.capture, lookup.first_packet()));
        list::push(&self.style, &mut text, &std::mem::take(&mut self.kept));
        self.out.write_all(text.as_bytes())
    }

    fn none(&self) -> String {
        match self.chosen {
            _ if self.is_chosen => self.style.word("dns.none_of"),
            Some(stream) => self.style.say("dns.none_in", &[("stream", &stream)]),
            None => self.style.word("dns.none"),
        }
    }
}

impl Sink for Lookups {
    fn lookup(&mut self, lookup: Box<Lookup>) -> io::Result<()> {
        self.count += 1;
        if let Some((rows, gauge)) = &mut self.live {
            if !gauge.has_room() {
                return Ok(());
            }
            let mut text = String::new();
            rows.push(&self.style, &mut text, &lookup);
            return self.out.write_all(text.as_bytes());
        }
        self.kept.push(*lookup);
        if self.kept.len() >= ROWS_A_TABLE { self.list() } else { Ok(()) }
    }

    fn finish(&mut self, _: &Summary) -> io::Result<()> {
        let mut text = String::new();
        if self.count == 0 {
            text = self.none();
            text.push('\n');
        } else if self.live.is_none() && (self.is_chosen || self.count <= SHOWN_IN_FULL as u64) {
            self.kept.sort_by_key(|lookup| (lookup.capture, lookup.first_packet()));
            for (at, lookup) in std::mem::take(&mut self.kept).iter().enumerate() {
                if at > 0 {
                    text.push('\n');
                }
                detail::push(&self.style, &mut text, lookup);
            }
        } else {
            self.list()?;
            if self.live.is_some() {
                return self.out.flush();
            }
            let foot = self.style.say("dns.foot", &[("count", &self.count)]);
            self.style.paragraph(&mut text, Tone::Quiet, &foot, 2);
        }
        self.out.write_all(text.as_bytes())?;
        self.out.flush()
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use crate::conversation::dns::{Outcome, Warning};
    use crate::lesson::{Lang, find};
    use crate::wire::dns::Section;

    #[test]
    fn every_outcome_warning_and_section_has_its_text() {
        let outcomes = Outcome::ALL.iter().map(|outcome| format!("dns.count.{}", outcome.name()));
        let warnings = Warning::ALL.iter().map(|warning| format!("dns.warning.{}", warning.name()));
        let sections = Section::ALL.iter().map(|section| format!("dns.section.{}", section.name()));
        for key in outcomes.chain(warnings).chain(sections) {
            assert!(Lang::ALL.into_iter().all(|lang| find(lang, &key, &[]).is_some()), "{key}");
        }
    }
}
