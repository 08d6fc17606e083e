//! Host configuration: BOOTP (RFC 951) and the options of DHCP in it (RFC 2131, RFC 2132).

use std::fmt::Write;

use super::wire::{Collector, ipv4_at, number_at};
use crate::dissect::{Field, Value};

/// Octets before the options.
const HEADER: usize = 236;
/// The four octets that options begin with (RFC 2132 section 2).
const COOKIE: u64 = 0x6382_5363;
/// More options than this are not shown.
const MAX_OPTIONS: usize = 256;
const PAD: u8 = 0;
const END: u8 = 255;
const REQUESTED_ADDRESS: u8 = 50;
const LEASE_TIME: u8 = 51;
const MESSAGE_TYPE: u8 = 53;

/// Whether a datagram to or from ports 67 and 68 can be BOOTP: a request or a reply for a link address that
/// fits in its place.
pub(super) fn plausible(octets: &[u8]) -> bool {
    octets.len() >= 44 && matches!(octets[0], 1 | 2) && octets[2] <= 16
}

/// How an option's octets are read.
#[derive(Clone, Copy)]
enum Form {
    Addresses,
    Number,
    Seconds,
    Text,
    MessageType,
    Codes,
    Octets,
}

/// Options that have a name here (RFC 2132, RFC 3046, RFC 3442).
const fn option(code: u8) -> (&'static str, Form) {
    match code {
        1 => ("subnet_mask", Form::Addresses),
        3 => ("router", Form::Addresses),
        6 => ("domain_name_server", Form::Addresses),
        12 => ("host_name", Form::Text),
        15 => ("domain_name", Form::Text),
        26 => ("interface_mtu", Form::Number),
        28 => ("broadcast_address", Form::Addresses),
        42 => ("ntp_servers", Form::Addresses),
        REQUESTED_ADDRESS => ("requested_address", Form::Addresses),
        LEASE_TIME => ("lease_time", Form::Seconds),
        MESSAGE_TYPE => ("message_type", Form::MessageType),
        54 => ("server_identifier", Form::Addresses),
        55 => ("parameter_request_list", Form::Codes),
        56 => ("message", Form::Text),
        57 => ("maximum_message_size", Form::Number),
        58 => ("renewal_time", Form::Seconds),
        59 => ("rebinding_time", Form::Seconds),
        60 => ("vendor_class_identifier", Form::Text),
        61 => ("client_identifier", Form::Octets),
        66 => ("tftp_server_name", Form::Text),
        67 => ("bootfile_name", Form::Text),
        69 => ("smtp_server", Form::Addresses),
        81 => ("client_fqdn", Form::Octets),
        82 => ("relay_agent_information", Form::Octets),
        119 => ("domain_search", Form::Octets),
        121 => ("classless_static_route", Form::Octets),
        _ => ("option", Form::Octets),
    }
}

fn message_type(number: u64) -> Option<&'static str> {
    Some(match number {
        1 => "DISCOVER",
        2 => "OFFER",
        3 => "REQUEST",
        4 => "DECLINE",
        5 => "ACK",
        6 => "NAK",
        7 => "RELEASE",
        8 => "INFORM",
        _ => return None,
    })
}

/// One option: its code, and where its octets stand.
struct Opt {
    code: u8,
    at: usize,
    length: usize,
}

/// The options up to the one that ends them; one that is cut ends them too.
fn options(octets: &[u8]) -> impl Iterator<Item = Opt> + '_ {
    let start = if number_at(octets, HEADER, 4) == Some(COOKIE) { HEADER + 4 } else { octets.len() };
    let mut next = start;
    std::iter::from_fn(move || {
        while octets.get(next) == Some(&PAD) {
            next += 1;
        }
        let code = *octets.get(next).filter(|&&code| code != END)?;
        let length = usize::from(*octets.get(next + 1)?);
        let at = next + 2;
        next = at + length;
        (next <= octets.len()).then_some(Opt { code, at, length })
    })
    .take(MAX_OPTIONS)
}

/// The fields of a message.
pub(super) fn fields(octets: &[u8], offset: u32) -> Vec<Field> {
    let mut out = Collector::new(octets, offset);
    out.named("op", 0, 1, |op| match op {
        1 => Some("request"),
        2 => Some("reply"),
        _ => None,
    });
    let hardware = out.named("hardware_type", 1, 1, |kind| (kind == 1).then_some("Ethernet"));
    let length = out.number("hardware_address_length", 2, 1);
    out.number("hops", 3, 1);
    out.hex("transaction_id", 4, 4);
    out.number("seconds", 8, 2);
    out.flag("broadcast", 10, 0x80);
    out.ipv4("client_address", 12);
    out.ipv4("your_address", 16);
    out.ipv4("server_address", 20);
    out.ipv4("relay_address", 24);
    match (hardware, length) {
        (Some(1), Some(6)) => out.mac("client_hardware_address", 28),
        (_, Some(length)) => out.octets("client_hardware_address", 28, length.min(16) as usize),
        _ => {}
    }
    out.text("server_name", 44, 64);
    out.text("boot_file", 108, 128);
    out.hex("magic_cookie", HEADER, 4);
    for opt in options(octets) {
        add_option(&mut out, octets, &opt);
    }
    out.finish()
}

fn add_option(out: &mut Collector<'_>, octets: &[u8], opt: &Opt) {
    let (name, form) = option(opt.code);
    let (at, length) = (opt.at, opt.length);
    let number = (length <= 8).then(|| number_at(octets, at, length)).flatten();
    let value = match (form, number) {
        (Form::Addresses, _) if length == 4 => match ipv4_at(octets, at) {
            Some(address) => Value::Ip(address.into()),
            None => return,
        },
        (Form::Addresses, _) if length.is_multiple_of(4) => {
            let mut inner = out.inner();
            (0..length / 4).for_each(|index| inner.ipv4("address", at + index * 4));
            out.group(name, at - 2, length + 2, inner);
            return;
        }
        (Form::Number | Form::Seconds | Form::MessageType, Some(number)) => Value::Number(number),
        (Form::Text, _) => Value::Text(super::wire::text(&octets[at..at + length])),
        (Form::Codes, _) => {
            let codes: Vec<_> = octets[at..at + length].iter().map(u8::to_string).collect();
            Value::Text(codes.join(" "))
        }
        _ => super::wire::shown(&octets[at..at + length]),
    };
    let label = match (form, number) {
        (Form::MessageType, Some(number)) => message_type(number).map(Into::into),
        (Form::Seconds, Some(number)) => Some(format!("{number} s").into()),
        _ if name == "option" => Some(format!("code {}", opt.code).into()),
        _ => None,
    };
    out.push(name, at - 2, length + 2, value).label = label;
}

/// `DISCOVER`, `REQUEST 192.0.2.10`, `ACK 192.0.2.10 lease 3600 s`.
pub(super) fn summary(octets: &[u8], out: &mut String) {
    let (mut kind, mut requested, mut lease) = (None, None, None);
    for opt in options(octets) {
        match (opt.code, opt.length) {
            (MESSAGE_TYPE, 1) => kind = message_type(octets[opt.at].into()),
            (REQUESTED_ADDRESS, 4) => requested = ipv4_at(octets, opt.at),
            (LEASE_TIME, 4) => lease = number_at(octets, opt.at, 4),
            _ => {}
        }
    }
    let request = octets.first() == Some(&1);
    out.push_str(kind.unwrap_or(if request { "BOOTP request" } else { "BOOTP reply" }));
    let own = ipv4_at(octets, if request { 12 } else { 16 }).filter(|address| !address.is_unspecified());
    if let Some(address) = requested.filter(|_| request).or(own) {
        let _ = write!(out, " {address}");
    }
    if let Some(lease) = lease {
        let _ = write!(out, " lease {lease} s");
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    fn message(op: u8, your: [u8; 4], options: &[u8]) -> Vec<u8> {
        let mut octets = vec![op, 1, 6, 0, 1, 2, 3, 4, 0, 0, 0, 0, 0, 0, 0, 0];
        octets.extend(your);
        octets.extend([0; 8]);
        octets.extend([2, 0, 0, 0, 0, 1]);
        octets.resize(HEADER, 0);
        octets.extend([0x63, 0x82, 0x53, 0x63]);
        octets.extend(options);
        octets
    }

    pub(in super::super) fn ack() -> Vec<u8> {
        let options = [
            53, 1, 5, 0, 51, 4, 0, 0, 0x0e, 0x10, 6, 8, 192, 0, 2, 1, 192, 0, 2, 2, 12, 2, b'p', b'c', 255,
            1, 1,
        ];
        message(2, [192, 0, 2, 10], &options)
    }

    fn line(octets: &[u8]) -> String {
        let mut out = String::new();
        summary(octets, &mut out);
        out
    }

    #[test]
    fn an_ack_says_the_address_and_for_how_long() {
        assert!(plausible(&ack()));
        assert_eq!(line(&ack()), "ACK 192.0.2.10 lease 3600 s");
    }

    #[test]
    fn a_request_says_the_address_that_it_wants() {
        let request = message(1, [0; 4], &[53, 1, 3, 50, 4, 192, 0, 2, 10, 255]);
        assert_eq!(line(&request), "REQUEST 192.0.2.10");
    }

    #[test]
    fn without_the_cookie_it_is_bootp() {
        let mut octets = ack();
        octets[HEADER] = 0;
        assert_eq!(line(&octets), "BOOTP reply 192.0.2.10");
    }

    #[test]
    fn a_list_of_addresses_is_a_group_and_pads_are_passed_over() {
        let fields = fields(&ack(), 42);
        let servers = fields.iter().find(|f| f.name == "domain_name_server").unwrap();
        assert_eq!((servers.offset, servers.length), (42 + 250, 10));
        let Value::Group(list) = &servers.value else { panic!("{servers:?}") };
        assert_eq!(list.len(), 2);
        assert_eq!(fields.last().unwrap().value, Value::Text("pc".into()));
    }
}
