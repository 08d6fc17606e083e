//! A header's place among the octets of a packet.

use super::Protocol;

/// The most headers that are told apart in one packet; tunnels nested deeper than this end in `stopped`.
pub const MAX_LAYERS: usize = 32;

/// Which octets a layer's offset counts in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Buffer {
    /// The captured frame.
    #[default]
    Frame,
    /// The IP payload that was put together from several fragments.
    Reassembled,
}

/// One header (or what follows the last header that is known): who it belongs to and where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layer {
    /// The protocol whose header this is.
    pub protocol: Protocol,
    /// What `offset` counts in.
    pub buffer: Buffer,
    /// First octet, counting from 0.
    pub offset: u32,
    /// Length in octets.
    pub length: u32,
}

impl Layer {
    /// The layer's octets, out of the buffer that it counts in.
    pub fn octets<'a>(&self, buffer: &'a [u8]) -> &'a [u8] {
        let start = (self.offset as usize).min(buffer.len());
        let end = (start + self.length as usize).min(buffer.len());
        &buffer[start..end]
    }
}
