//! The `packet` record, written octet by octet: the one record of which there may be millions.
//!
//! [`super::super::record::PacketRecord`] describes the same shape for the schema; the tests hold the two together.

use super::super::record::FieldRecord;
use super::super::utc::UtcWriter;
use super::super::{PacketEvent, info, payload};
use super::text::{address, hex_word, name, number, push, string};
use crate::dissect::{self, Checksum, Dissection, Fcs, Stopped, Transport};
use crate::flow::Place;
use crate::packet::{Buffer, Layer, Protocol};

/// Writes `packet` records, one behind the other.
#[derive(Default)]
pub(super) struct PacketWriter {
    /// The records, until someone takes them away.
    pub(super) out: Vec<u8>,
    info: String,
    reason: String,
    utc: UtcWriter,
    with_fields: bool,
    /// How a layer's object begins, by protocol: the same octets in every packet.
    labels: Vec<String>,
}

/// The beginning of a layer's object, up to its offset.
fn label(protocol: Protocol) -> String {
    let osi: Vec<String> = protocol.osi().iter().map(u8::to_string).collect();
    let tcpip = protocol.tcpip().map_or_else(|| "null".to_owned(), |layer| format!("\"{}\"", layer.name()));
    let (name, osi) = (protocol.name(), osi.join(","));
    format!("{{\"protocol\":\"{name}\",\"osi\":[{osi}],\"tcpip\":{tcpip},\"offset\":")
}

impl PacketWriter {
    /// `with_fields` adds each layer's fields.
    pub(super) fn new(with_fields: bool) -> Self {
        Self { with_fields, labels: Protocol::ALL.iter().map(|&p| label(p)).collect(), ..Self::default() }
    }

    /// The record of one packet, with its line end.
    pub(super) fn record(&mut self, event: &PacketEvent<'_>) {
        self.frame(event);
        self.layers(event);
        self.stopped(event.dissection.stopped.as_ref());
        self.fcs(event.dissection.fcs.as_ref());
        self.checksums(event.dissection);
        if let Some(place) = event.place {
            self.tcp(place);
        }
        self.fragment(event.dissection);
        self.info(event);
        push!(self.out, "}\n");
    }

    fn frame(&mut self, event: &PacketEvent<'_>) {
        let frame = event.frame;
        let out = &mut self.out;
        push!(out, "{\"schema\":1,\"record\":\"packet\",\"capture\":");
        number(out, frame.capture);
        push!(out, ",\"number\":");
        number(out, frame.number);
        push!(out, ",\"time\":");
        match frame.time {
            Some(time) => {
                out.push(b'"');
                self.utc.push(time, out);
                out.push(b'"');
            }
            None => push!(out, "null"),
        }
        push!(out, ",\"captured_length\":");
        number(out, frame.octets.len());
        push!(out, ",\"original_length\":");
        number(out, frame.original_length);
        push!(out, ",\"interface\":");
        number(out, frame.interface);
        push!(out, ",\"link_type\":");
        match frame.link_type.name() {
            Some(known) => name(out, known),
            None => string(out, &frame.link_type.to_string()),
        }
        if !frame.comments.is_empty() {
            push!(out, ",\"comments\":[");
            for (index, comment) in frame.comments.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                string(out, comment);
            }
            out.push(b']');
        }
    }

    fn layers(&mut self, event: &PacketEvent<'_>) {
        push!(self.out, ",\"layers\":[");
        for (index, layer) in payload::layers(event).enumerate() {
            if index > 0 {
                self.out.push(b',');
            }
            self.layer(event, &layer);
        }
        self.out.push(b']');
    }

    fn layer(&mut self, event: &PacketEvent<'_>, layer: &Layer) {
        let out = &mut self.out;
        push!(out, self.labels[layer.protocol as usize]);
        number(out, layer.offset);
        push!(out, ",\"length\":");
        number(out, layer.length);
        if layer.buffer == Buffer::Reassembled {
            push!(out, ",\"buffer\":\"reassembled\"");
        }
        if self.with_fields {
            self.fields(event, layer);
        }
        self.out.push(b'}');
    }

    fn fields(&mut self, event: &PacketEvent<'_>, layer: &Layer) {
        let mut fields = dissect::fields(event.dissection, layer);
        payload::conceal(&mut fields, &payload::hidden(event, layer));
        let records: Vec<FieldRecord> = fields.iter().map(FieldRecord::from).collect();
        push!(self.out, ",\"fields\":");
        let text = serde_json::to_string(&records).unwrap_or_else(|_| "[]".into());
        push!(self.out, super::harmless(&text));
    }

    fn stopped(&mut self, stopped: Option<&Stopped>) {
        use std::fmt::Write;
        let out = &mut self.out;
        let Some(stopped) = stopped else { return push!(out, ",\"stopped\":null") };
        push!(out, ",\"stopped\":{\"layer\":\"");
        push!(out, stopped.layer.name());
        push!(out, "\",\"offset\":");
        number(out, stopped.offset);
        push!(out, ",\"reason\":");
        self.reason.clear();
        let _ = write!(self.reason, "{}", stopped.reason);
        string(out, &self.reason);
        push!(out, ",\"claimed_by\":");
        string(out, stopped.claimed_by);
        out.push(b'}');
    }

    fn fcs(&mut self, fcs: Option<&Fcs>) {
        let out = &mut self.out;
        let Some(fcs) = fcs else { return push!(out, ",\"fcs\":null") };
        push!(out, ",\"fcs\":{\"state\":\"");
        push!(out, fcs.state.name());
        push!(out, "\",\"basis\":\"");
        push!(out, fcs.basis.name());
        out.push(b'"');
        if let Some(offset) = fcs.offset {
            push!(out, ",\"offset\":");
            number(out, offset);
        }
        if let Some(stored) = fcs.stored {
            push!(out, ",\"stored\":");
            hex_word(out, stored);
        }
        if let Some(computed) = fcs.computed {
            push!(out, ",\"computed\":");
            hex_word(out, computed);
        }
        out.push(b'}');
    }

    fn checksums(&mut self, dissection: &Dissection<'_>) {
        push!(self.out, ",\"checksums\":{");
        let start = self.out.len();
        for (name, state) in dissection.checksums.named() {
            if let Some(state) = state {
                if self.out.len() > start {
                    self.out.push(b',');
                }
                self.checksum(name, state);
            }
        }
        self.out.push(b'}');
    }

    fn checksum(&mut self, name: &str, state: Checksum) {
        let out = &mut self.out;
        out.push(b'"');
        push!(out, name);
        push!(out, "\":\"");
        push!(out, state.name());
        out.push(b'"');
    }

    fn tcp(&mut self, place: &Place) {
        let out = &mut self.out;
        push!(out, ",\"tcp\":{\"stream\":");
        number(out, place.stream);
        push!(out, ",\"from\":\"");
        push!(out, place.from.name());
        push!(out, "\",\"notes\":[");
        for (index, note) in place.notes.iter().enumerate() {
            if index > 0 {
                out.push(b',');
            }
            name(out, note.name());
        }
        push!(out, "],\"seq\":");
        number(out, place.relative_seq);
        let optional = [
            (",\"ack\":", place.relative_ack.map(u64::from)),
            (",\"window\":", place.window.map(u64::from)),
            (",\"acknowledges\":", place.acknowledges),
            (",\"repeats\":", place.repeats),
            (",\"copy_of\":", place.copy_of),
        ];
        for (name, value) in optional {
            if let Some(value) = value {
                push!(out, name);
                number(out, value);
            }
        }
        push!(out, ",\"states\":{\"initiator\":\"");
        push!(out, place.states.initiator.name());
        push!(out, "\",\"responder\":\"");
        push!(out, place.states.responder.name());
        push!(out, "\"}}");
    }

    fn fragment(&mut self, dissection: &Dissection<'_>) {
        let Some(fragment) = &dissection.fragment else { return };
        let out = &mut self.out;
        push!(out, ",\"fragment\":{\"identification\":");
        number(out, fragment.identification);
        push!(out, ",\"offset\":");
        number(out, fragment.offset);
        let flags = [
            (",\"more\":", fragment.more),
            (",\"completed\":", fragment.completed),
            (",\"overlaps\":", fragment.overlaps),
        ];
        for (name, value) in flags {
            push!(out, name);
            push!(out, if value { "true" } else { "false" });
        }
        out.push(b'}');
    }

    fn info(&mut self, event: &PacketEvent<'_>) {
        if let Some(ip) = &event.dissection.ip {
            push!(self.out, ",\"source\":");
            address(&mut self.out, ip.source);
            push!(self.out, ",\"destination\":");
            address(&mut self.out, ip.destination);
        }
        if matches!(event.dissection.transport, Transport::None) && event.dissection.layers.is_empty() {
            return push!(self.out, ",\"info\":\"\"");
        }
        push!(self.out, ",\"info\":");
        self.info.clear();
        info::write(event, &mut self.info);
        string(&mut self.out, &self.info);
    }
}
