//! The SCTP common header and its chunks (RFC 9260 section 3).

use super::super::Checksum;
use super::super::walk::{Flaw, Header, Next, Walk};

/// Octets of the common header.
const LENGTH: usize = 12;

pub(crate) fn parse(walk: &mut Walk<'_>) -> Result<Header, Flaw> {
    let octets = walk.header::<LENGTH>()?;
    let stored = u32::from_le_bytes([octets[8], octets[9], octets[10], octets[11]]);
    let verdict = if !walk.is_whole() {
        Checksum::Unverifiable
    } else if crc32c(walk.rest()) == stored {
        Checksum::Good
    } else if stored == 0 {
        // Left to the network card, or not needed inside DTLS (RFC 9653).
        Checksum::OffloadLikely
    } else {
        Checksum::Bad
    };
    walk.found.checksums.sctp = Some(verdict);
    Ok(Header::new(walk.rest().len(), Next::Payload))
}

/// CRC-32C of a packet, its own checksum field taken as 0 (RFC 9260 appendix A).
fn crc32c(packet: &[u8]) -> u32 {
    let step = |crc: u32, octet: u8| TABLE[usize::from(crc as u8 ^ octet)] ^ (crc >> 8);
    let field = 8..LENGTH;
    let crc = packet
        .iter()
        .enumerate()
        .fold(u32::MAX, |crc, (at, &octet)| step(crc, if field.contains(&at) { 0 } else { octet }));
    !crc
}

/// Remainders of each octet by the Castagnoli polynomial, least significant bit first.
const TABLE: [u32; 256] = {
    let mut table = [0; 256];
    let mut octet = 0;
    while octet < 256 {
        let mut crc = octet as u32;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 1 == 1 { 0x82f6_3b78 ^ (crc >> 1) } else { crc >> 1 };
            bit += 1;
        }
        table[octet] = crc;
        octet += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_of_a_packet_is_the_castagnoli_crc() {
        // Check value of CRC-32C: its digits with the checksum field's place left out of account.
        let mut packet = *b"12345678\xde\xad\xbe\xef9";
        let with_other_field = crc32c(&packet);
        packet[8..12].fill(0);
        assert_eq!(crc32c(&packet), with_other_field);
        let step = |crc: u32, octet: u8| TABLE[usize::from(crc as u8 ^ octet)] ^ (crc >> 8);
        assert_eq!(!b"123456789".iter().fold(u32::MAX, |c, &o| step(c, o)), 0xe306_9283);
    }
}
