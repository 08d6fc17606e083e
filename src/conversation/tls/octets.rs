//! Reads numbers and vectors of the presentation language (RFC 8446 section 3), never beyond what is there.

/// Octets that are still to be read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Octets<'a>(pub(super) &'a [u8]);

impl<'a> Octets<'a> {
    /// The next `length` octets; `None`, and nothing is read, where there are fewer.
    pub(super) fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    /// A number of `N` octets, the most significant one first.
    fn number<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    /// A `uint8`.
    pub(super) fn u8(&mut self) -> Option<u8> {
        self.number().map(|[octet]| octet)
    }

    /// A `uint16`.
    pub(super) fn u16(&mut self) -> Option<u16> {
        self.number().map(u16::from_be_bytes)
    }

    /// A `uint24`.
    pub(super) fn u24(&mut self) -> Option<usize> {
        self.number().map(|[a, b, c]| u32::from_be_bytes([0, a, b, c]) as usize)
    }

    /// A `uint32`.
    pub(super) fn u32(&mut self) -> Option<u32> {
        self.number().map(u32::from_be_bytes)
    }

    /// A vector whose length stands in one octet before it.
    pub(super) fn vector8(&mut self) -> Option<Octets<'a>> {
        let mut ahead = *self;
        let length = ahead.u8()?;
        let body = ahead.take(length.into())?;
        *self = ahead;
        Some(Octets(body))
    }

    /// A vector whose length stands in two octets before it.
    pub(super) fn vector16(&mut self) -> Option<Octets<'a>> {
        let mut ahead = *self;
        let length = ahead.u16()?;
        let body = ahead.take(length.into())?;
        *self = ahead;
        Some(Octets(body))
    }

    /// A vector whose length stands in three octets before it.
    pub(super) fn vector24(&mut self) -> Option<Octets<'a>> {
        let mut ahead = *self;
        let length = ahead.u24()?;
        let body = ahead.take(length)?;
        *self = ahead;
        Some(Octets(body))
    }

    /// All `uint16`s that are left, at most `most`.
    pub(super) fn u16s(mut self, most: usize) -> Vec<u16> {
        std::iter::from_fn(|| self.u16()).take(most).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vector_that_claims_more_than_there_is_is_not_read() {
        let mut octets = Octets(&[0, 3, 1, 2]);
        assert!(octets.vector16().is_none());
        assert_eq!(octets.u16(), Some(3));
        assert_eq!(octets.u24(), None);
        assert_eq!(octets.u16s(9), [0x0102]);
    }
}
