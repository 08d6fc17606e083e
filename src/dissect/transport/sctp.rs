//! The SCTP common header and its chunks (RFC 9260 section 3).

use super::super::Checksum;
use super::super::fields::List;
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

pub(crate) fn fields(list: &mut List<'_>) {
    list.number("source_port", 0, 2);
    list.number("destination_port", 2, 2);
    list.hex("verification_tag", 4, 4);
    list.hex("checksum", 8, 4);
    let mut at = LENGTH;
    while list.octets.len() >= at + 4 {
        // RFC 9260 section 3.2: a length counts its own four octets, and not the padding to the next four.
        let length = (list.value(at + 2, 2) as usize).max(4);
        list.group("chunk", at, length.min(list.octets.len() - at), |chunk| {
            let kind = chunk.number("chunk_type", 0, 1) as u8;
            chunk.label(chunk_name(kind));
            chunk.hex("chunk_flags", 1, 1);
            chunk.number("chunk_length", 2, 2);
            match kind {
                0 => {
                    chunk.number("transmission_sequence_number", 4, 4);
                    chunk.number("stream_identifier", 8, 2);
                    chunk.number("stream_sequence_number", 10, 2);
                    chunk.number("payload_protocol_identifier", 12, 4);
                    chunk.rest("user_data", 16);
                }
                1 | 2 => {
                    chunk.hex("initiate_tag", 4, 4);
                    chunk.number("advertised_receiver_window_credit", 8, 4);
                    chunk.number("number_of_outbound_streams", 12, 2);
                    chunk.number("number_of_inbound_streams", 14, 2);
                    chunk.number("initial_transmission_sequence_number", 16, 4);
                    chunk.rest("parameters", 20);
                }
                3 => {
                    chunk.number("cumulative_tsn_ack", 4, 4);
                    chunk.number("advertised_receiver_window_credit", 8, 4);
                    chunk.rest("gap_ack_blocks", 12);
                }
                _ => chunk.rest("chunk_value", 4),
            }
        });
        at += length.next_multiple_of(4);
    }
}

/// The word for a chunk's type (IANA, SCTP parameters).
pub(crate) const fn chunk_name(kind: u8) -> &'static str {
    match kind {
        0 => "DATA",
        1 => "INIT",
        2 => "INIT ACK",
        3 => "SACK",
        4 => "HEARTBEAT",
        5 => "HEARTBEAT ACK",
        6 => "ABORT",
        7 => "SHUTDOWN",
        8 => "SHUTDOWN ACK",
        9 => "ERROR",
        10 => "COOKIE ECHO",
        11 => "COOKIE ACK",
        14 => "SHUTDOWN COMPLETE",
        _ => "",
    }
}

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
