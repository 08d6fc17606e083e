//! Main fields of what is carried on top, a line that sums it up, and which octets of it are secret.
//!
//! What a connection says over many segments is the duty of [`crate::conversation`]; here each packet is read
//! for itself.

mod dhcp;
mod dns;
mod http;
mod lldp;
mod ntp;
mod smtp;
mod stp;
mod tls;
mod wire;

use std::ops::Range;

use super::Field;
use crate::packet::Protocol;

/// What stands in the place of a secret.
const HIDDEN: &str = "(hidden)";

/// One row an application over UDP: its ports, and whether the octets can be its.
struct OverUdp {
    protocol: Protocol,
    ports: &'static [u16],
    plausible: fn(&[u8]) -> bool,
}

const OVER_UDP: [OverUdp; 3] = [
    OverUdp { protocol: Protocol::Dns, ports: &[53, 5353, 5355], plausible: dns::plausible },
    OverUdp { protocol: Protocol::Dhcp, ports: &[67, 68], plausible: dhcp::plausible },
    OverUdp { protocol: Protocol::Ntp, ports: &[123], plausible: ntp::plausible },
];

/// The application that a UDP datagram belongs to: both its port and its octets have to speak for it.
pub(super) fn udp_application(source_port: u16, destination_port: u16, octets: &[u8]) -> Option<Protocol> {
    OVER_UDP
        .iter()
        .find(|row| {
            (row.ports.contains(&destination_port) || row.ports.contains(&source_port))
                && (row.plausible)(octets)
        })
        .map(|row| row.protocol)
}

/// The main fields of an application's octets; none for a protocol that is not read here. `offset` is where
/// the octets begin in their buffer.
pub(crate) fn fields(protocol: Protocol, octets: &[u8], offset: u32) -> Vec<Field> {
    match protocol {
        Protocol::Dns => dns::fields(octets, offset),
        Protocol::Dhcp => dhcp::fields(octets, offset),
        Protocol::Ntp => ntp::fields(octets, offset),
        Protocol::Lldp => lldp::fields(octets, offset),
        Protocol::Stp => stp::fields(octets, offset),
        Protocol::Tls => tls::fields(octets, offset),
        Protocol::Http => http::fields(octets, offset),
        Protocol::Smtp => smtp::fields(octets, offset),
        _ => Vec::new(),
    }
}

/// Adds the octets' meaning in one line to `out`; nothing for a protocol that is not read here. Text from the
/// wire is added as it is, not escaped; secrets are never added.
pub(crate) fn summary(protocol: Protocol, octets: &[u8], out: &mut String) {
    match protocol {
        Protocol::Dns => dns::summary(octets, out),
        Protocol::Dhcp => dhcp::summary(octets, out),
        Protocol::Ntp => ntp::summary(octets, out),
        Protocol::Lldp => lldp::summary(octets, out),
        Protocol::Stp => stp::summary(octets, out),
        Protocol::Tls => tls::summary(octets, out),
        Protocol::Http => http::summary(octets, out),
        Protocol::Smtp => smtp::summary(octets, out),
        _ => {}
    }
}

/// Adds the ranges of `octets` that hold secrets to `out`, and puts all of `out` in order.
///
/// For HTTP the values of `Authorization`, `Proxy-Authorization`, `Cookie` and `Set-Cookie`, also where it is not
/// known yet, or no more, that the octets are HTTP. Those of SMTP depend on what was said before:
/// [`crate::conversation::Conversations::concealed`] knows them.
pub(crate) fn concealed(protocol: Protocol, octets: &[u8], out: &mut Vec<Range<u32>>) {
    let known_before = out.len();
    match protocol {
        Protocol::Http => http::concealed(octets, out),
        Protocol::Data => http::named_secrets(octets, out),
        _ => {}
    }
    if known_before > 0 && out.len() > known_before {
        merge(out);
    }
}

/// In order, with no two that overlap or touch.
fn merge(ranges: &mut Vec<Range<u32>>) {
    ranges.sort_unstable_by_key(|range| range.start);
    ranges.dedup_by(|next, before| {
        let joins = next.start <= before.end;
        if joins {
            before.end = before.end.max(next.end);
        }
        joins
    });
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::dissect::Value;

    const READ_HERE: [Protocol; 8] = [
        Protocol::Dns,
        Protocol::Dhcp,
        Protocol::Ntp,
        Protocol::Lldp,
        Protocol::Stp,
        Protocol::Tls,
        Protocol::Http,
        Protocol::Smtp,
    ];

    fn inside(fields: &[Field], start: u32, end: u32) {
        for field in fields {
            assert!(field.offset >= start, "{field:?}");
            assert!(field.offset + field.length <= end, "{field:?} reaches behind {end}");
            if let Value::Group(inner) = &field.value {
                inside(inner, start, end);
            }
        }
    }

    fn read_all(octets: &[u8]) {
        let end = 1000 + u32::try_from(octets.len()).unwrap();
        for protocol in READ_HERE {
            inside(&fields(protocol, octets, 1000), 1000, end);
            summary(protocol, octets, &mut String::new());
            let mut ranges = Vec::new();
            concealed(protocol, octets, &mut ranges);
            assert!(ranges.iter().all(|r| r.start < r.end && r.end as usize <= octets.len()));
            assert!(ranges.windows(2).all(|pair| pair[0].end <= pair[1].start));
        }
        for port in [53, 67, 123] {
            udp_application(port, 40000, octets);
        }
    }

    /// Octets that each reader takes for its own, so that the cuts reach deep.
    fn specimens() -> [Vec<u8>; 8] {
        [
            dns::tests::RESPONSE.to_vec(),
            dhcp::tests::ack(),
            ntp::tests::reply(),
            lldp::tests::FRAME.to_vec(),
            stp::tests::RSTP.to_vec(),
            tls::tests::client_hello(),
            http::tests::REQUEST.to_vec(),
            b"250-mx.example.test\r\n250 AUTH PLAIN\r\nAUTH PLAIN AGEAYg==\r\n".to_vec(),
        ]
    }

    #[test]
    fn a_packet_cut_at_any_octet_is_read_as_far_as_it_goes() {
        for specimen in specimens() {
            for end in 0..=specimen.len() {
                read_all(&specimen[..end]);
            }
        }
    }

    #[test]
    fn a_port_alone_makes_no_application() {
        assert_eq!(udp_application(53, 40000, b"hello"), None);
        assert_eq!(udp_application(40001, 40000, dns::tests::RESPONSE), None);
        assert_eq!(udp_application(53, 40000, dns::tests::RESPONSE), Some(Protocol::Dns));
        assert_eq!(udp_application(67, 68, &dhcp::tests::ack()), Some(Protocol::Dhcp));
        assert_eq!(udp_application(123, 123, &ntp::tests::reply()), Some(Protocol::Ntp));
    }

    proptest! {
        #[test]
        fn arbitrary_octets_never_panic(octets in proptest::collection::vec(any::<u8>(), 0..600)) {
            read_all(&octets);
        }

        #[test]
        fn a_changed_octet_never_panics(which in 0usize..8, at in any::<usize>(), octet in any::<u8>()) {
            let mut specimen = specimens()[which].clone();
            let at = at % specimen.len();
            specimen[at] = octet;
            read_all(&specimen);
        }
    }
}
