//! The message within the dialogue: DATA up to its final dot, BDAT chunk by chunk (RFC 3030).

use super::command::Verb;
use super::data::DataReader;
use super::dialogue::{Dialogue, Mode, What};
use super::line::{Mark, Run};
use super::session::{Transfer, Warning};

impl Dialogue {
    /// The client's next octets are a message; the reply to DATA is now that to the message.
    pub(super) fn enter_data(&mut self) {
        self.mode = Mode::Data(DataReader::new());
        self.message_torn = std::mem::take(&mut self.lost);
        self.deliveries_left = None;
        let data = self.pending.iter_mut().find(|p| p.what == What::Command(Some(Verb::Data)));
        if let Some(pending) = data {
            pending.what = What::Message;
        }
    }

    pub(super) fn data(&mut self, run: &Run<'_>, at: usize) -> usize {
        let mark = run.mark(at);
        self.message_begins_once(Transfer::Data, mark);
        let Mode::Data(reader) = &mut self.mode else { return 0 };
        let record = &mut self.record;
        let progress = reader.push(run.rest(at), |octets| {
            if let Some(record) = record {
                record.message_octets(octets);
            }
        });
        let (bare_lf, stuffed) = (reader.bare_lf(), reader.stuffed());
        let start = run.offset + at as u64;
        self.secrets.add(start..start + progress.used as u64);
        let last = run.mark(at + progress.used.saturating_sub(1));
        if let Some(record) = &mut self.record {
            record.message_on_wire(progress.used, last);
            record.message_stuffed(stuffed);
            if bare_lf {
                record.warn(Warning::BareLf);
            }
        }
        if progress.ended {
            self.end_message(last);
        }
        progress.used
    }

    pub(super) fn message_begins_once(&mut self, transfer: Transfer, mark: Mark) {
        let Some(record) = &mut self.record else { return };
        if record.in_message() {
            return;
        }
        let index = record.message_begins(transfer, mark, true);
        record.envelope(index);
        let pending = self.pending.iter_mut().find(|p| p.what == What::Message && p.message.is_none());
        if let Some(pending) = pending {
            pending.message = index;
        }
    }

    /// The final line of DATA was read, or what comes shows that it must have been there.
    pub(super) fn end_message(&mut self, mark: Mark) {
        self.mode = Mode::Command;
        let ended = !self.message_torn;
        self.message_torn = false;
        self.message_begins_once(Transfer::Data, mark);
        if let Some(record) = &mut self.record {
            record.message_ends(ended);
        }
        let turn = self.record.as_ref().and_then(|record| record.message_turn());
        if let Some(pending) = self.pending.iter_mut().rfind(|p| p.what == What::Message) {
            pending.packet = Some(mark.packet);
            pending.turn = turn.or(pending.turn);
            pending.asked = mark.time;
        }
    }

    pub(super) fn chunk(&mut self, run: &Run<'_>, at: usize) -> usize {
        let Mode::Chunk { left, last } = self.mode else { return 0 };
        let rest = run.rest(at);
        let used = rest.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        let left = left - used as u64;
        let chunk = self.pending.iter_mut().rfind(|p| matches!(p.what, What::Chunk { .. }));
        if let Some(pending) = chunk {
            pending.asked = run.mark(at + used.saturating_sub(1)).time;
        }
        let start = run.offset + at as u64;
        self.secrets.add(start..start + used as u64);
        if let Some(record) = &mut self.record {
            record.message_octets(&rest[..used]);
            record.message_on_wire(used, run.mark(at + used.saturating_sub(1)));
        }
        self.mode = Mode::Chunk { left, last };
        if left == 0 {
            self.chunk_ends(last);
        }
        used
    }

    pub(super) fn chunk_ends(&mut self, last: bool) {
        self.mode = Mode::Command;
        if last && let Some(record) = &mut self.record {
            record.message_ends(true);
        }
    }

    pub(super) fn chunk_begins(&mut self, octets: u64, last: bool, mark: Mark) -> Option<usize> {
        let index = self.record.as_mut().and_then(|r| r.message_begins(Transfer::Bdat, mark, octets > 0));
        self.mode = Mode::Chunk { left: octets, last };
        if octets == 0 {
            self.chunk_ends(last);
        }
        index
    }

    pub(super) fn message_begins_if_data(&mut self, mark: Mark) {
        if matches!(self.mode, Mode::Data(_)) {
            self.message_begins_once(Transfer::Data, mark);
        }
    }
}
