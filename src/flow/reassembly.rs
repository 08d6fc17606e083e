//! Octets in order, each once: what comes early waits, the first copy wins, what never comes is a gap.

use std::collections::BTreeMap;

use super::{Delivery, Gap, Limits, Receiver};
use crate::packet::{PerSide, Side, Timestamp};

/// Octets that came before earlier ones.
#[derive(Debug)]
struct Piece {
    octets: Vec<u8>,
    /// Octets behind them that the capture's snap length cut off.
    cut: u64,
    packet: u64,
    time: Option<Timestamp>,
}

impl Piece {
    fn length(&self) -> u64 {
        self.octets.len() as u64 + self.cut
    }
}

/// How much waits, in all connections together, and how much may.
#[derive(Debug)]
pub(super) struct Budget {
    /// The bounds.
    pub(super) limits: Limits,
    /// Octets that wait.
    pub(super) waiting: usize,
}

impl Budget {
    /// What a waiting piece costs beyond its octets.
    const OVERHEAD: usize = 96;

    /// Whether all connections together keep too much.
    pub(super) fn is_exceeded(&self) -> bool {
        self.waiting > self.limits.waiting_octets_total
    }
}

/// The gaps of a connection.
#[derive(Debug, Default)]
pub(super) struct Gaps {
    /// The first few.
    pub(super) first: Vec<Gap>,
    /// How many there are.
    pub(super) total: u64,
    /// How many octets they are, by sender.
    pub(super) octets: PerSide<u64>,
    /// Those of them that a captured segment carried, and that the capture's snap length cut off.
    pub(super) cut_octets: PerSide<u64>,
    /// How many gaps are such.
    pub(super) cut: u64,
}

impl Gaps {
    /// Gaps that a record lists.
    const LISTED: usize = 16;

    fn add(&mut self, gap: Gap) {
        self.total += 1;
        *self.octets.of_mut(gap.from) += gap.length;
        if self.first.len() < Self::LISTED {
            self.first.push(gap);
        }
    }
}

/// Where the octets of one end go.
pub(super) struct Outlet<'a, R> {
    /// The connection.
    pub(super) stream: u64,
    /// The sender.
    pub(super) from: Side,
    /// Who takes them.
    pub(super) receiver: &'a mut R,
    /// Who counts what never came.
    pub(super) gaps: &'a mut Gaps,
    /// Who counts what waits.
    pub(super) budget: &'a mut Budget,
}

/// The packet that brings octets, or that shows that some are missing.
#[derive(Debug, Clone, Copy)]
pub(super) struct Carrier {
    /// Its number.
    pub(super) packet: u64,
    /// Its time.
    pub(super) time: Option<Timestamp>,
}

impl<R: Receiver> Outlet<'_, R> {
    fn delivery(&self, offset: u64, carrier: Carrier) -> Delivery {
        Delivery { stream: self.stream, from: self.from, offset, packet: carrier.packet, time: carrier.time }
    }

    /// Octets that `carrier` carried and that the capture's snap length cut off.
    fn cut(&mut self, offset: u64, length: u64, carrier: Carrier) {
        self.gaps.cut += 1;
        *self.gaps.cut_octets.of_mut(self.from) += length;
        self.gap(offset, length, carrier);
    }

    fn gap(&mut self, offset: u64, length: u64, carrier: Carrier) {
        self.gaps.add(Gap { from: self.from, offset, length, packet: carrier.packet });
        self.receiver.gap(self.delivery(offset, carrier), length);
    }
}

/// What a segment brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Brought {
    /// Octets that no earlier segment brought.
    pub(super) new_octets: u32,
    /// Octets could be delivered.
    pub(super) in_order: bool,
    /// Octets that an earlier segment brought with another value.
    pub(super) conflict: bool,
}

/// The octets that one end sends. Offsets count from the beginning of the stream and never wrap.
#[derive(Debug, Default)]
pub(super) struct Stream {
    /// Octets before this one were delivered, or reported as gaps.
    pub(super) delivered: u64,
    /// Octets that were captured, each counted once.
    pub(super) octets: u64,
    /// Octets behind a gap that the receiver never acknowledged; not part of `octets`.
    pub(super) beyond_gap: u64,
    /// Where the stream ends, once a FIN says so.
    fin: Option<(u64, Carrier)>,
    ended: bool,
    waiting: BTreeMap<u64, Piece>,
    waiting_octets: usize,
}

impl Stream {
    /// Whether octets wait for earlier ones.
    pub(super) fn is_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Takes the payload of a segment: `payload` is what was captured of `length` octets from `offset` on.
    pub(super) fn take<R: Receiver>(
        &mut self,
        offset: u64,
        payload: &[u8],
        length: u32,
        carrier: Carrier,
        out: &mut Outlet<'_, R>,
    ) -> Brought {
        let cut = u64::from(length).saturating_sub(payload.len() as u64);
        let mut brought = Brought::default();
        let old = usize::try_from(self.delivered.saturating_sub(offset)).unwrap_or(usize::MAX);
        let (mut start, mut fresh, mut cut) = if old <= payload.len() {
            (offset + old as u64, &payload[old..], cut)
        } else {
            let cut_seen = (old - payload.len()) as u64;
            (offset + old as u64, &payload[payload.len()..], cut.saturating_sub(cut_seen))
        };
        if start == self.delivered && !(fresh.is_empty() && cut == 0) {
            let room = self.waiting.keys().next().map_or(u64::MAX, |first| first - start);
            let now = usize::try_from(room).unwrap_or(usize::MAX).min(fresh.len());
            if now > 0 {
                out.receiver.octets(out.delivery(start, carrier), &fresh[..now]);
            }
            let cut_now = if now == fresh.len() { cut.min(room - now as u64) } else { 0 };
            if cut_now > 0 {
                out.cut(start + now as u64, cut_now, carrier);
            }
            let taken = now as u64 + cut_now;
            self.delivered += taken;
            self.octets += now as u64;
            brought.new_octets = clamp(taken);
            brought.in_order = true;
            start += taken;
            fresh = &fresh[now..];
            cut -= cut_now;
        }
        if !fresh.is_empty() || cut > 0 {
            self.keep(start, fresh, cut, carrier, &mut brought, out.budget);
        }
        self.drain(out);
        self.hold_bound(out);
        brought
    }

    /// Keeps octets for later, except those that wait already; those are compared.
    fn keep(
        &mut self,
        start: u64,
        octets: &[u8],
        cut: u64,
        carrier: Carrier,
        brought: &mut Brought,
        budget: &mut Budget,
    ) {
        let end = start + octets.len() as u64 + cut;
        let mut at = start;
        while at < end {
            let held = self.waiting.range(..=at).next_back().filter(|(s, p)| *s + p.length() > at);
            if let Some((&held_start, piece)) = held {
                let until = end.min(held_start + piece.length());
                brought.conflict |= differ(octets, start, &piece.octets, held_start, at, until);
                at = until;
                continue;
            }
            let until = self.waiting.range(at..).next().map_or(end, |(&s, _)| s.min(end));
            let from = usize::try_from(at - start).unwrap_or(usize::MAX).min(octets.len());
            let to = usize::try_from(until - start).unwrap_or(usize::MAX).min(octets.len());
            let kept = octets[from..to].to_vec();
            let cut = until - at - kept.len() as u64;
            self.waiting_octets += kept.len() + Budget::OVERHEAD;
            budget.waiting += kept.len() + Budget::OVERHEAD;
            self.waiting.insert(at, Piece { octets: kept, cut, packet: carrier.packet, time: carrier.time });
            self.octets += until - at - cut;
            brought.new_octets = brought.new_octets.saturating_add(clamp(until - at));
            at = until;
        }
    }

    /// Delivers what follows on what was delivered, and the end.
    fn drain<R: Receiver>(&mut self, out: &mut Outlet<'_, R>) {
        while let Some(entry) = self.waiting.first_entry().filter(|e| *e.key() <= self.delivered) {
            let piece = entry.remove();
            let cost = piece.octets.len() + Budget::OVERHEAD;
            self.waiting_octets -= cost;
            out.budget.waiting -= cost;
            let carrier = Carrier { packet: piece.packet, time: piece.time };
            if !piece.octets.is_empty() {
                out.receiver.octets(out.delivery(self.delivered, carrier), &piece.octets);
                self.delivered += piece.octets.len() as u64;
            }
            if piece.cut > 0 {
                out.cut(self.delivered, piece.cut, carrier);
                self.delivered += piece.cut;
            }
        }
        if let Some((_, carrier)) = self.fin.filter(|(at, _)| *at <= self.delivered && !self.ended) {
            self.end(false, carrier, out);
        }
    }

    /// Gives up waiting for the oldest octets while this stream, or all together, keep more than they may.
    fn hold_bound<R: Receiver>(&mut self, out: &mut Outlet<'_, R>) {
        while self.waiting_octets > out.budget.limits.waiting_octets {
            self.skip_to_first(out);
        }
    }

    /// Reports the octets before the first waiting ones as a gap, and delivers those.
    fn skip_to_first<R: Receiver>(&mut self, out: &mut Outlet<'_, R>) {
        if let Some((&start, piece)) = self.waiting.first_key_value() {
            let carrier = Carrier { packet: piece.packet, time: piece.time };
            out.gap(self.delivered, start - self.delivered, carrier);
            self.delivered = start;
            self.drain(out);
        }
    }

    /// The peer has acknowledged the octets before `offset`: those of them that never came will not come.
    pub(super) fn acknowledged<R: Receiver>(&mut self, offset: u64, out: &mut Outlet<'_, R>) {
        while self.waiting.first_key_value().is_some_and(|(&start, _)| start <= offset) {
            self.skip_to_first(out);
        }
    }

    /// The sender has sent its last octet: the one before `offset`.
    pub(super) fn close<R: Receiver>(&mut self, offset: u64, carrier: Carrier, out: &mut Outlet<'_, R>) {
        if self.fin.is_none() {
            self.fin = Some((offset, carrier));
            self.drain(out);
        }
    }

    /// Says that nothing more comes, once.
    pub(super) fn end<R: Receiver>(&mut self, reset: bool, carrier: Carrier, out: &mut Outlet<'_, R>) {
        if !self.ended {
            self.ended = true;
            out.receiver.end(out.delivery(self.delivered, carrier), reset);
        }
    }

    /// The connection is over, and `heard` is the last octet that the receiver is known to wait for: what waits
    /// behind it never became part of the stream that the receiver's program read.
    pub(super) fn exclude_beyond(&mut self, heard: u64) {
        let beyond =
            self.waiting.range(heard.saturating_add(1)..).map(|(_, piece)| piece.octets.len() as u64);
        self.beyond_gap = beyond.sum();
        self.octets -= self.beyond_gap;
    }

    /// The connection is over: delivers all that waits, and reports what the peer acknowledged beyond it.
    pub(super) fn finish<R: Receiver>(
        &mut self,
        acknowledged: Option<(u64, Carrier)>,
        out: &mut Outlet<'_, R>,
    ) {
        while self.is_waiting() {
            self.skip_to_first(out);
        }
        let sent = self.fin.into_iter().chain(acknowledged).min_by_key(|(offset, _)| *offset);
        if let Some((offset, carrier)) = sent.filter(|(offset, _)| *offset > self.delivered) {
            out.gap(self.delivered, offset - self.delivered, carrier);
            self.delivered = offset;
        }
        self.drain(out);
    }
}

/// Whether two runs of octets differ anywhere from `at` up to `until`, as far as both were captured.
fn differ(a: &[u8], a_start: u64, b: &[u8], b_start: u64, at: u64, until: u64) -> bool {
    let part = |octets: &[u8], start: u64| -> std::ops::Range<usize> {
        let clip = |offset: u64| usize::try_from(offset - start).unwrap_or(usize::MAX).min(octets.len());
        clip(at)..clip(until)
    };
    a[part(a, a_start)].iter().zip(&b[part(b, b_start)]).any(|(x, y)| x != y)
}

fn clamp(octets: u64) -> u32 {
    u32::try_from(octets).unwrap_or(u32::MAX)
}
