//! The walk through a packet, header by header.

use super::link::fcs;
use super::network::fragments::{Fragments, Key};
use super::walk::{self, Next, Piece, Walk};
use super::{Dissection, Evidence, Fcs, FcsMode, FcsState, FragmentPlace, Payload};
use crate::packet::{Buffer, Frame, Layer, LinkType, MAX_LAYERS, Protocol};

/// Layers behind the last header: data, padding, trailer, FCS.
const MAX_TAIL: usize = 4;

/// Takes packets apart, one after the other. Keeps fragments that wait for their companions.
pub struct Dissector {
    layers: Vec<Layer>,
    evidence: Evidence,
    fcs_mode: FcsMode,
    skips_checksums: bool,
    fragments: Fragments,
    reassembled: Vec<u8>,
}

impl Dissector {
    /// `evidence` is what a first pass over the capture found ([`Evidence::learn`]), or empty; it goes on
    /// learning from what it dissects.
    pub fn new(fcs_mode: FcsMode, evidence: Evidence) -> Self {
        Self {
            layers: Vec::with_capacity(MAX_LAYERS + MAX_TAIL),
            evidence,
            fcs_mode,
            skips_checksums: false,
            fragments: Fragments::default(),
            reassembled: Vec::new(),
        }
    }

    /// Leaves TCP checksums alone, for views that say nothing of them: they cover every octet of the payload.
    #[must_use]
    pub fn without_tcp_checksums(self, skips_checksums: bool) -> Self {
        Self { skips_checksums, ..self }
    }

    /// Takes a frame apart.
    pub fn dissect<'a>(&'a mut self, frame: &Frame<'a>) -> Dissection<'a> {
        let Self { layers, evidence, fcs_mode, skips_checksums, fragments, reassembled } = self;
        layers.clear();
        reassembled.clear();
        let mut walk = Walk::of_frame(frame.octets, frame.original_length);
        walk.found.outgoing = frame.is_outbound;
        walk.found.skips_checksums = *skips_checksums;
        let last = walk.run(layers, walk::first(frame.link_type, frame.octets));
        let content_end = walk.content_end.map(|end| end.min(frame.octets.len()));
        let fcs = (frame.link_type == LinkType::ETHERNET)
            .then(|| fcs::judge(frame, walk.content_end, *fcs_mode, evidence));
        let frame_end = content_end.unwrap_or_else(|| before_fcs(frame, fcs));
        walk.end = walk.end.min(frame_end);
        walk.claimed_end = if walk.content_end.is_none() && fcs_is_there(fcs) {
            walk.claimed_end.saturating_sub(fcs::LENGTH)
        } else {
            walk.claimed_end
        };

        let mut buffer = Buffer::Frame;
        if let Next::Fragment(piece) = last
            && let Some((place, whole)) = take_fragment(fragments, &walk, frame, piece)
        {
            walk.found.fragment = Some(place);
            if let Some(whole) = whole {
                *reassembled = whole;
                buffer = Buffer::Reassembled;
            }
        }
        let (mut walk, leaf) = match (buffer, last) {
            (Buffer::Reassembled, Next::Fragment(piece)) => {
                let mut inner = Walk::of_reassembled(reassembled, walk.found);
                let last = inner.run(layers, Next::IpProtocol(piece.protocol));
                let leaf = matches!(last, Next::Protocol(_));
                (inner, leaf)
            }
            _ => (walk, matches!(last, Next::Protocol(_))),
        };
        let payload = payload(&walk);
        if !leaf && !payload.octets.is_empty() {
            layers.push(walk.layer(Protocol::Data, walk.at, payload.octets.len()));
        }
        if let Some(end) = content_end {
            push_tail(layers, frame, end, fcs, &walk.found);
        }
        push_fcs(layers, fcs);
        let found = std::mem::take(&mut walk.found);
        Dissection {
            layers,
            link_type: frame.link_type,
            frame: frame.octets,
            reassembled,
            stopped: found.stopped,
            link: found.link,
            ip: found.ip,
            transport: found.transport,
            payload,
            checksums: found.checksums,
            fcs,
            fragment: found.fragment,
        }
    }
}

/// What follows the last header of a walk.
fn payload<'a>(walk: &Walk<'a>) -> Payload<'a> {
    Payload {
        octets: walk.rest(),
        buffer: walk.buffer,
        offset: walk.at.min(walk.end) as u32,
        missing: walk.claimed_end.saturating_sub(walk.end.max(walk.at)) as u32,
    }
}

fn take_fragment(
    fragments: &mut Fragments,
    walk: &Walk<'_>,
    frame: &Frame<'_>,
    piece: Piece,
) -> Option<(FragmentPlace, Option<Vec<u8>>)> {
    let ip = walk.found.ip?;
    let key = Key {
        capture: frame.capture,
        source: ip.source,
        destination: ip.destination,
        protocol: piece.protocol,
        identification: piece.identification,
    };
    // The last fragment of a cut frame does not tell where the datagram ends.
    let piece = Piece { more: piece.more || !walk.is_whole(), ..piece };
    Some(fragments.push(key, frame.time, piece, walk.rest()))
}

/// Whether the last four captured octets are an FCS.
fn fcs_is_there(fcs: Option<Fcs>) -> bool {
    fcs.is_some_and(|f| matches!(f.state, FcsState::Good | FcsState::Bad))
}

fn before_fcs(frame: &Frame<'_>, fcs: Option<Fcs>) -> usize {
    let length = frame.octets.len();
    if fcs_is_there(fcs) { length.saturating_sub(fcs::LENGTH) } else { length }
}

/// What stands between the packet and the FCS: padding up to the link's minimum, then a trailer.
fn push_tail(
    layers: &mut Vec<Layer>,
    frame: &Frame<'_>,
    start: usize,
    fcs: Option<Fcs>,
    found: &walk::Found<'_>,
) {
    let end = before_fcs(frame, fcs);
    let padding_end = if frame.link_type != LinkType::ETHERNET {
        start
    } else if found.length_field {
        end
    } else {
        fcs::minimum(found.tagged).clamp(start, end.max(start))
    };
    let mut push = |protocol, from: usize, to: usize| {
        if from < to {
            let length = (to - from) as u32;
            layers.push(Layer { protocol, buffer: Buffer::Frame, offset: from as u32, length });
        }
    };
    push(Protocol::Padding, start, padding_end);
    push(Protocol::Trailer, padding_end, end);
}

fn push_fcs(layers: &mut Vec<Layer>, fcs: Option<Fcs>) {
    if let Some(offset) = fcs.filter(|_| fcs_is_there(fcs)).and_then(|f| f.offset) {
        let length = fcs::LENGTH as u32;
        layers.push(Layer { protocol: Protocol::Fcs, buffer: Buffer::Frame, offset, length });
    }
}
