//! Blocks of a pcapng, built octet by octet (draft-ietf-opsawg-pcapng).

/// A capture that grows block by block, in one byte order at a time.
#[derive(Default)]
pub(crate) struct Pcapng {
    pub(crate) octets: Vec<u8>,
    big_endian: bool,
}

/// An option of a block: its code and value.
pub(crate) type Opt<'a> = (u16, &'a [u8]);

impl Pcapng {
    /// A little-endian section.
    pub(crate) fn new() -> Self {
        let mut file = Self::default();
        file.section(false, &[]);
        file
    }

    fn u32(&self, value: u32) -> [u8; 4] {
        if self.big_endian { value.to_be_bytes() } else { value.to_le_bytes() }
    }

    fn u16(&self, value: u16) -> [u8; 2] {
        if self.big_endian { value.to_be_bytes() } else { value.to_le_bytes() }
    }

    fn options(&self, body: &mut Vec<u8>, options: &[Opt<'_>]) {
        for (code, value) in options {
            body.extend(self.u16(*code));
            body.extend(self.u16(value.len() as u16));
            body.extend_from_slice(value);
            body.resize(body.len().next_multiple_of(4), 0);
        }
        if !options.is_empty() {
            body.extend([0; 4]);
        }
    }

    /// Any block.
    pub(crate) fn block(&mut self, kind: u32, body: &[u8]) -> &mut Self {
        let length = self.u32(12 + body.len().next_multiple_of(4) as u32);
        self.octets.extend(self.u32(kind));
        self.octets.extend(length);
        self.octets.extend_from_slice(body);
        self.octets.resize(self.octets.len().next_multiple_of(4), 0);
        self.octets.extend(length);
        self
    }

    /// A new section, from which on the byte order holds.
    pub(crate) fn section(&mut self, big_endian: bool, options: &[Opt<'_>]) -> &mut Self {
        self.big_endian = big_endian;
        let mut body = self.u32(0x1a2b_3c4d).to_vec();
        body.extend(self.u16(1));
        body.extend(self.u16(0));
        body.extend([0xff; 8]);
        self.options(&mut body, options);
        self.block(0x0a0d_0d0a, &body)
    }

    pub(crate) fn interface(&mut self, link_type: u16, snap_length: u32, options: &[Opt<'_>]) -> &mut Self {
        let mut body = self.u16(link_type).to_vec();
        body.extend([0; 2]);
        body.extend(self.u32(snap_length));
        self.options(&mut body, options);
        self.block(1, &body)
    }

    /// An enhanced packet block of a frame captured whole.
    pub(crate) fn packet(
        &mut self,
        interface: u32,
        ticks: u64,
        frame: &[u8],
        options: &[Opt<'_>],
    ) -> &mut Self {
        let length = frame.len() as u32;
        let mut body = Vec::new();
        for word in [interface, (ticks >> 32) as u32, ticks as u32, length, length] {
            body.extend(self.u32(word));
        }
        body.extend_from_slice(frame);
        body.resize(body.len().next_multiple_of(4), 0);
        self.options(&mut body, options);
        self.block(6, &body)
    }

    /// A simple packet block.
    pub(crate) fn simple(&mut self, frame: &[u8]) -> &mut Self {
        let mut body = self.u32(frame.len() as u32).to_vec();
        body.extend_from_slice(frame);
        self.block(3, &body)
    }
}
