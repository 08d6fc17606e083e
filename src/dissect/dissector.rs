//! The walk through a packet, header by header.

use super::{Dissection, Evidence, FcsMode};
use crate::packet::{Frame, Layer, MAX_LAYERS};

/// Takes packets apart, one after the other. Keeps fragments that wait for their companions.
pub struct Dissector {
    layers: Vec<Layer>,
    #[expect(dead_code, reason = "used by the FCS room")]
    evidence: Evidence,
    #[expect(dead_code, reason = "used by the FCS room")]
    fcs_mode: FcsMode,
}

impl Dissector {
    /// `evidence` is what a first pass over the capture found ([`Evidence::learn`]), or empty; it goes on
    /// learning from what it dissects.
    pub fn new(fcs_mode: FcsMode, evidence: Evidence) -> Self {
        Self { layers: Vec::with_capacity(MAX_LAYERS), evidence, fcs_mode }
    }

    /// Takes a frame apart.
    pub fn dissect<'a>(&'a mut self, frame: &Frame<'a>) -> Dissection<'a> {
        self.layers.clear();
        Dissection {
            layers: &self.layers,
            frame: frame.octets,
            reassembled: &[],
            stopped: None,
            link: None,
            ip: None,
            transport: super::Transport::None,
            payload: super::Payload::default(),
            checksums: super::Checksums::default(),
            fcs: None,
            fragment: None,
        }
    }
}
