//! What the server says: its lines, and which of them complete a reply.

use super::dialogue::{Dialogue, Mode};
use super::line::{self, Mark, Run, Split};
use super::reply;
use super::session::Warning;

impl Dialogue {
    /// Octets that the server sent.
    pub(super) fn server_octets(&mut self, offset: u64, mark: Mark, octets: &[u8]) {
        self.server_spoke = true;
        if self.server.octets.is_empty() {
            let run = Run { octets, offset, marks: &[(offset, mark)] };
            let used = self.run_server(&run);
            self.server.keep(&run, used);
            return;
        }
        let mut held = std::mem::take(&mut self.server.octets);
        let mut marks = std::mem::take(&mut self.server.marks);
        held.extend_from_slice(octets);
        marks.push((offset, mark));
        let used = self.run_server(&Run::of(&held, &marks));
        self.server.put_back(held, marks, used);
    }

    fn run_server(&mut self, run: &Run<'_>) -> usize {
        let mut at = 0;
        while let Some(used) = self.server_line(run, at) {
            at += used;
            self.server_read_to = run.offset + at as u64;
        }
        at
    }

    fn server_line(&mut self, run: &Run<'_>, at: usize) -> Option<usize> {
        let rest = run.rest(at);
        if rest.is_empty() {
            return None;
        }
        if matches!(self.mode, Mode::Tls) {
            return Some(rest.len());
        }
        if self.server.skipping.is_some() {
            let end = memchr::memchr(b'\n', rest);
            self.server.skipping = self.server.skipping.filter(|_| end.is_none());
            return Some(end.map_or(rest.len(), |n| n + 1));
        }
        let mark = run.mark(at);
        match self.tls_record(rest) {
            Some(true) if self.client.octets.is_empty() => {
                self.tls_from = Some((self.read_to, run.offset + at as u64));
                return Some(self.tls_begins(mark));
            }
            None => return None,
            Some(_) => {}
        }
        let line = match line::split(rest) {
            Split::Line(line) => line,
            Split::Cut(line) => {
                self.server.skipping = Some(false);
                self.warn(Warning::LineTooLong);
                line
            }
            Split::More => return None,
        };
        if let Some(read) = reply::parse(line::bare(line)) {
            if let Some(record) = &mut self.record {
                record.reply_line(read.text, mark);
            }
            if !read.more {
                self.reply(read.code, run.mark(at + line.len() - 1));
                self.release_client();
            }
        }
        Some(line.len())
    }
}
