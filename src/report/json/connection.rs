//! The `connection` record, written octet by octet: a flood of SYNs makes millions of them. What only few of them have
//! is left to serde.
//!
//! [`ConnectionRecord`] describes the same shape for the schema; the tests hold the two together.

use serde::Serialize;

use super::super::record::ConnectionRecord;
use super::super::utc::UtcWriter;
use super::text::{address, name, number, push};
use crate::flow::{Connection, Handshake, Offer, RoleBasis, Teardown};
use crate::packet::{Endpoint, PerSide, Protocol, Side, Timestamp, scope};

/// Writes `connection` records, one behind the other.
#[derive(Default)]
pub(super) struct ConnectionWriter {
    /// The records, until someone takes them away.
    pub(super) out: Vec<u8>,
    utc: UtcWriter,
}

impl ConnectionWriter {
    /// The record of one connection, with its line end.
    pub(super) fn record(&mut self, c: &Connection, application: Option<Protocol>) {
        push!(self.out, "{\"schema\":1,\"record\":\"connection\"");
        count(&mut self.out, ",\"capture\":", c.capture);
        count(&mut self.out, ",\"stream\":", c.stream);
        count(&mut self.out, ",\"first_packet\":", c.first_packet);
        count(&mut self.out, ",\"last_packet\":", c.last_packet);
        self.time(",\"start\":", c.start);
        self.time(",\"end\":", c.end);
        let out = &mut self.out;
        endpoint(out, ",\"initiator\":", c.endpoints.initiator);
        endpoint(out, ",\"responder\":", c.endpoints.responder);
        push!(out, ",\"roles\":");
        name(out, if c.roles == RoleBasis::Observed { "observed" } else { "inferred" });
        sides(out, ",\"packets\":", &c.packets, |out, &packets| number(out, packets));
        sides(out, ",\"payload_bytes\":", &c.payload_octets, |out, &octets| number(out, octets));
        octets_if_any(out, ",\"missing_bytes\":", &c.missing_octets);
        octets_if_any(out, ",\"cut_bytes\":", &c.cut_octets);
        octets_if_any(out, ",\"beyond_gap_bytes\":", &c.octets_beyond_gap);
        handshake(out, &c.handshake);
        teardown(out, &c.teardown);
        sides(out, ",\"states\":", &c.states, |out, state| name(out, state.name()));
        count(out, ",\"completeness\":", c.completeness);
        push!(out, ",\"notes\":");
        rare(out, &ConnectionRecord::notes(c));
        push!(out, ",\"application\":");
        option(out, application, |out, protocol| name(out, protocol.name()));
        if let Some(figures) = ConnectionRecord::figures(c) {
            push!(out, ",\"figures\":");
            rare(out, &figures);
        }
        push!(out, ",\"gaps\":");
        rare(out, &ConnectionRecord::gaps(c));
        count_if_any(out, ",\"gaps_total\":", c.gaps_total);
        count_if_any(out, ",\"conflicting_overlaps\":", c.conflicting_overlaps);
        count_if_any(out, ",\"captured_twice\":", c.captured_twice);
        push!(out, if c.evicted { ",\"evicted\":true}\n" } else { "}\n" });
    }

    fn time(&mut self, key: &str, time: Option<Timestamp>) {
        push!(self.out, key);
        let utc = &mut self.utc;
        option(&mut self.out, time, |out, time| {
            out.push(b'"');
            utc.push(time, out);
            out.push(b'"');
        });
    }
}

fn handshake(out: &mut Vec<u8>, handshake: &Handshake) {
    push!(out, ",\"handshake\":{\"kind\":");
    name(out, handshake.kind.name());
    packets(out, ",\"syn\":", &handshake.syn);
    packets(out, ",\"syn_ack\":", &handshake.syn_ack);
    push!(out, ",\"ack\":");
    option(out, handshake.ack, number);
    count(out, ",\"syn_attempts\":", handshake.syn_attempts);
    known(out, ",\"rtt_ns\":", &handshake.rtt_ns, |nanos| *nanos, number);
    push!(out, ",\"initiator_isn\":");
    option(out, handshake.isn.initiator, |out, isn| number(out, isn.0));
    push!(out, ",\"responder_isn\":");
    option(out, handshake.isn.responder, |out, isn| number(out, isn.0));
    let offers = &handshake.offers;
    push!(out, ",\"options\":{");
    let of = |offer: &Option<Offer>, get: fn(&Offer) -> bool| offer.as_ref().map(get);
    known(out, "\"mss\":", offers, |offer| offer.and_then(|offer| offer.mss), number);
    known(out, ",\"window_scale\":", offers, |offer| offer.and_then(|offer| offer.window_scale), number);
    known(out, ",\"sack_permitted\":", offers, |offer| of(offer, |offer| offer.sack_permitted), truth);
    known(out, ",\"timestamps\":", offers, |offer| of(offer, |offer| offer.timestamps), truth);
    push!(out, "}}");
}

fn teardown(out: &mut Vec<u8>, teardown: &Teardown) {
    push!(out, ",\"teardown\":{\"kind\":");
    name(out, teardown.kind.name());
    packets(out, ",\"packets\":", &teardown.packets);
    push!(out, ",\"first\":");
    option(out, teardown.first, |out, side| name(out, Side::name(side)));
    out.push(b'}');
}

fn endpoint(out: &mut Vec<u8>, key: &str, endpoint: Endpoint) {
    push!(out, key);
    push!(out, "{\"address\":");
    address(out, endpoint.address);
    count(out, ",\"port\":", endpoint.port);
    push!(out, ",\"scope\":");
    name(out, scope(endpoint.address).name());
    out.push(b'}');
}

/// Numbers and names of ours, which serde writes as they are.
fn rare(out: &mut Vec<u8>, value: &impl Serialize) {
    // writing to a Vec cannot fail, and these have no keys but strings
    let _ = serde_json::to_writer(out, value);
}

fn count(out: &mut Vec<u8>, key: &str, value: impl itoa::Integer) {
    push!(out, key);
    number(out, value);
}

fn count_if_any(out: &mut Vec<u8>, key: &str, value: u64) {
    if value > 0 {
        count(out, key, value);
    }
}

fn octets_if_any(out: &mut Vec<u8>, key: &str, octets: &PerSide<u64>) {
    if *octets != PerSide::default() {
        sides(out, key, octets, |out, &octets| number(out, octets));
    }
}

fn truth(out: &mut Vec<u8>, value: bool) {
    push!(out, if value { "true" } else { "false" });
}

fn option<T>(out: &mut Vec<u8>, value: Option<T>, write: impl FnOnce(&mut Vec<u8>, T)) {
    match value {
        Some(value) => write(out, value),
        None => push!(out, "null"),
    }
}

fn packets(out: &mut Vec<u8>, key: &str, numbers: &[u64]) {
    push!(out, key);
    out.push(b'[');
    for (index, &packet) in numbers.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        number(out, packet);
    }
    out.push(b']');
}

fn sides<T>(out: &mut Vec<u8>, key: &str, sides: &PerSide<T>, write: impl Fn(&mut Vec<u8>, &T)) {
    push!(out, key);
    push!(out, "{\"initiator\":");
    write(out, &sides.initiator);
    push!(out, ",\"responder\":");
    write(out, &sides.responder);
    out.push(b'}');
}

/// What is known of each end.
fn known<T, U>(
    out: &mut Vec<u8>,
    key: &str,
    sides: &PerSide<T>,
    get: impl Fn(&T) -> Option<U>,
    write: impl Fn(&mut Vec<u8>, U),
) {
    push!(out, key);
    out.push(b'{');
    let initiator = get(&sides.initiator);
    let both = initiator.is_some();
    if let Some(value) = initiator {
        push!(out, "\"initiator\":");
        write(out, value);
    }
    if let Some(value) = get(&sides.responder) {
        push!(out, if both { ",\"responder\":" } else { "\"responder\":" });
        write(out, value);
    }
    out.push(b'}');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::{EndFigures, Figures, Gap, HandshakeKind, TcpState, TeardownKind};
    use crate::packet::{Note, Seq};

    fn empty() -> Connection {
        let endpoints = PerSide {
            initiator: Endpoint { address: "2001:db8::1".parse().unwrap(), port: 50_000 },
            responder: Endpoint { address: "192.0.2.7".parse().unwrap(), port: 25 },
        };
        let nothing = Connection::between(1, endpoints, RoleBasis::Inferred);
        Connection { first_packet: 1, last_packet: 1, ..nothing }
    }

    /// Every field with a value of its own, so that none can stand in another's place.
    fn full() -> Connection {
        let offer = |mss| Offer {
            mss: Some(mss),
            window_scale: Some(7),
            sack_permitted: mss == 1460,
            timestamps: mss != 1460,
            window: 3,
        };
        let mut notes = [0; Note::ALL.len()];
        notes.iter_mut().zip(21..).for_each(|(note, count)| *note = count);
        let mut figures = Figures { idle_ns: Some(61), idle_until: Some(62), ..Figures::default() };
        figures.ends.initiator =
            EndFigures { data_segments: 63, rtt_samples: 64, largest_segment: 71, ..EndFigures::default() };
        Connection {
            capture: 2,
            stream: 3,
            first_packet: 4,
            last_packet: 5,
            start: Some(Timestamp::from_nanos(1_700_000_000_000_000_006)),
            end: Some(Timestamp::from_nanos(1_700_000_001_000_000_007)),
            roles: RoleBasis::Observed,
            packets: PerSide { initiator: 8, responder: 9 },
            payload_octets: PerSide { initiator: 10, responder: 11 },
            missing_octets: PerSide { initiator: 65, responder: 66 },
            cut_octets: PerSide { initiator: 69, responder: 70 },
            octets_beyond_gap: PerSide { initiator: 67, responder: 68 },
            handshake: Handshake {
                kind: HandshakeKind::ThreeWay,
                syn: vec![12, 13],
                syn_ack: vec![14],
                ack: Some(15),
                syn_attempts: 2,
                rtt_ns: PerSide { initiator: Some(16), responder: Some(-17) },
                isn: PerSide { initiator: Some(Seq(18)), responder: Some(Seq(u32::MAX)) },
                offers: PerSide { initiator: Some(offer(1460)), responder: Some(offer(536)) },
            },
            teardown: Teardown {
                kind: TeardownKind::FourSegment,
                packets: vec![19, 20],
                first: Some(Side::Responder),
            },
            states: PerSide { initiator: TcpState::TimeWait, responder: TcpState::Closed },
            completeness: 31,
            notes,
            figures,
            gaps: vec![
                Gap { from: Side::Initiator, offset: 50, length: 51, packet: 52 },
                Gap { from: Side::Responder, offset: 53, length: 54, packet: 55 },
            ],
            gaps_total: 56,
            conflicting_overlaps: 57,
            captured_twice: 58,
            evicted: true,
            ..empty()
        }
    }

    #[test]
    fn a_connection_is_written_as_the_schema_says() {
        let mut writer = ConnectionWriter::default();
        for (connection, application) in [(empty(), None), (full(), Some(Protocol::Smtp))] {
            writer.out.clear();
            writer.record(&connection, application);
            let described = serde_json::to_string(&ConnectionRecord::new(&connection, application)).unwrap();
            assert_eq!(String::from_utf8_lossy(&writer.out), described + "\n");
        }
    }
}
