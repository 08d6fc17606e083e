//! A stream that is TLS, or became it: its session, and where what was inside goes.

use super::tls::{Inner, Keys, Opener, Session};
use crate::flow::{Connection, Delivery};
use crate::packet::{Protocol, Side};

/// Records over several packets that are remembered of one stream.
const MAX_RECORDS: usize = 1 << 16;

/// A conversation that goes on inside TLS: it says where TLS begins, and takes what was inside.
pub(super) trait Inside {
    /// Where TLS begins in this side's stream, once something led to it.
    fn tls_from(&self, from: Side) -> Option<u64>;

    /// Octets that stood inside TLS: `delivery.offset` counts octets inside, `delivery.packet` is the last packet of
    /// their record.
    fn decrypted(&mut self, delivery: Delivery, octets: &[u8]);

    /// About so many octets inside TLS cannot be read.
    fn decrypted_gap(&mut self, delivery: Delivery, length: u64);
}

/// The TLS of a stream.
pub(super) struct Secured {
    opener: Opener,
    after_starttls: bool,
    /// Records that several packets carried: the last of these and the first.
    records: Vec<(u64, u64)>,
}

impl Secured {
    /// `after_starttls`: whether it began after words in the clear.
    pub(super) fn new(keys: &Keys, stream: u64, after_starttls: bool) -> Self {
        Self { opener: Opener::new(keys.clone(), stream), after_starttls, records: Vec::new() }
    }

    /// The next octets of one side; what was inside goes to `inside`.
    pub(super) fn octets(&mut self, delivery: Delivery, octets: &[u8], inside: &mut impl Inside) {
        self.with(inside, |opener, sink| opener.octets(delivery, octets, sink));
    }

    /// Octets of one side that are not in the capture.
    pub(super) fn gap(&mut self, delivery: Delivery, length: u64, inside: &mut impl Inside) {
        self.with(inside, |opener, sink| opener.gap(delivery, length, sink));
    }

    /// Keys may have come.
    pub(super) fn retry(&mut self, inside: &mut impl Inside) {
        self.with(inside, |opener, sink| opener.retry(sink));
    }

    /// Whether something waits for keys that may come.
    pub(super) fn is_waiting(&self) -> bool {
        self.opener.is_waiting()
    }

    /// Whether anything could be opened so far.
    pub(super) fn has_opened(&self) -> bool {
        self.opener.has_opened()
    }

    /// No more octets and no more keys come.
    pub(super) fn give_up(&mut self, inside: &mut impl Inside) {
        self.with(inside, |opener, sink| opener.give_up(sink));
    }

    /// What was seen, once [`Secured::give_up`] was called: the session, and the records that several packets carried.
    /// `application`: what was spoken inside.
    pub(super) fn finish(
        self,
        connection: &Connection,
        application: Option<Protocol>,
    ) -> (Session, Vec<(u64, u64)>) {
        let mut session = self.opener.finish();
        session.capture = connection.capture;
        session.client_end = *connection.endpoints.of(session.client);
        session.server_end = *connection.endpoints.of(session.client.peer());
        session.after_starttls = self.after_starttls;
        session.application = application.filter(|_| session.decryption.has_opened());
        let mut records = self.records;
        records.sort_unstable();
        (session, records)
    }

    fn with(&mut self, inside: &mut impl Inside, act: impl FnOnce(&mut Opener, &mut super::tls::Sink<'_>)) {
        let records = &mut self.records;
        let mut sink = |plain: super::tls::Plain<'_>| {
            let last = plain.delivery.packet;
            let is_new = records.last().is_none_or(|(known, _)| *known != last);
            if plain.first_packet != last && is_new && records.len() < MAX_RECORDS {
                records.push((last, plain.first_packet));
            }
            match plain.said {
                Inner::Octets(octets) => inside.decrypted(plain.delivery, octets),
                Inner::Gap(length) => inside.decrypted_gap(plain.delivery, length),
            }
        };
        act(&mut self.opener, &mut sink);
    }
}

/// The part of octets that is TLS by now, and where it begins.
pub(super) fn sealed_part<'a>(
    inside: &impl Inside,
    delivery: Delivery,
    octets: &'a [u8],
) -> Option<(Delivery, &'a [u8])> {
    let before = inside.tls_from(delivery.from)?.saturating_sub(delivery.offset);
    let sealed = octets.get(usize::try_from(before).ok()?..).filter(|sealed| !sealed.is_empty())?;
    Some((Delivery { offset: delivery.offset + before, ..delivery }, sealed))
}
