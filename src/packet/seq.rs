//! TCP sequence numbers.

/// A TCP sequence number: counts octets modulo 2^32 (RFC 9293 section 3.4).
///
/// There is no `<` on purpose: numbers that wrap are compared by distance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Seq(pub u32);

impl Seq {
    /// The number `octets` further on.
    #[must_use]
    pub const fn add(self, octets: u32) -> Self {
        Self(self.0.wrapping_add(octets))
    }

    /// Octets from `other` to `self`: positive where `self` is the later one (within half the circle).
    pub const fn distance(self, other: Seq) -> i32 {
        self.0.wrapping_sub(other.0) as i32
    }

    /// `self` comes after `other`.
    pub const fn after(self, other: Seq) -> bool {
        self.distance(other) > 0
    }

    /// `self` comes before `other`.
    pub const fn before(self, other: Seq) -> bool {
        self.distance(other) < 0
    }

    /// `self` is `other` or comes after it.
    pub const fn at_or_after(self, other: Seq) -> bool {
        self.distance(other) >= 0
    }

    /// `self` is `other` or comes before it.
    pub const fn at_or_before(self, other: Seq) -> bool {
        self.distance(other) <= 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_isn_near_the_end_of_the_circle_is_before_what_follows_it() {
        let isn = Seq(0xFFFF_FFFA);
        assert!(isn.before(isn.add(10)));
        assert_eq!(isn.add(10), Seq(4));
        assert_eq!(isn.add(10).distance(isn), 10);
    }

    proptest! {
        #[test]
        fn distance_undoes_addition(start: u32, octets in 0u32..0x7fff_ffff) {
            prop_assert_eq!(Seq(start).add(octets).distance(Seq(start)), octets as i32);
        }
    }
}
