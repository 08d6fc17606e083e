//! Address resolution (RFC 826) and its reverse (RFC 903).

use super::super::walk::{Flaw, Header, Next, Walk};

pub(crate) fn parse(walk: &mut Walk<'_>) -> Result<Header, Flaw> {
    let octets = walk.header::<8>()?;
    let length = 8 + 2 * (usize::from(octets[4]) + usize::from(octets[5]));
    walk.claimed(length, "address lengths")?;
    walk.limit(length);
    Ok(Header::new(length, Next::Payload))
}
