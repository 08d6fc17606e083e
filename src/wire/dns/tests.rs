use proptest::prelude::*;

use super::*;

/// The MX of example.test, and the address of its host, names compressed, with EDNS.
pub(crate) const MX_ANSWER: &[u8] =
    b"\x1a\x2b\x81\x80\0\x01\0\x01\0\0\0\x02\x07example\x04test\0\0\x0f\0\x01\
    \xc0\x0c\0\x0f\0\x01\0\0\x01\x2c\0\x07\0\x0a\x02mx\xc0\x0c\
    \xc0\x2c\0\x01\0\x01\0\0\x01\x2c\0\x04\xc0\0\x02\x19\
    \0\0\x29\x04\xd0\0\0\0\0\0\0";

/// A message with one record of `kind` in its answer section, whose owner is the root.
pub(crate) fn with_record(kind: u16, data: &[u8]) -> Vec<u8> {
    let mut octets = b"\0\x01\x81\x80\0\0\0\x01\0\0\0\0\0".to_vec();
    octets.extend(kind.to_be_bytes());
    octets.extend(b"\0\x01\0\0\x0e\x10");
    octets.extend(u16::try_from(data.len()).unwrap().to_be_bytes());
    octets.extend(data);
    octets
}

fn shown(kind: u16, data: &[u8]) -> String {
    let message = Message::read(&with_record(kind, data)).unwrap();
    assert_eq!(message.faults, [], "{message:?}");
    message.records[0].data.to_string()
}

#[test]
fn a_whole_answer_is_read_section_by_section() {
    let message = Message::read(MX_ANSWER).unwrap();
    assert_eq!((message.id, message.rcode(), message.flags.is_response()), (0x1a2b, 0, true));
    assert_eq!(message.questions[0].name, "example.test");
    let said: Vec<_> =
        message.records.iter().map(|r| format!("{} {} {}", r.name, TypeName(r.kind), r.data)).collect();
    assert_eq!(said, ["example.test MX 10 mx.example.test", "mx.example.test A 192.0.2.25"]);
    assert_eq!(message.records[1].section, Section::Additional);
    assert_eq!(message.edns.as_ref().unwrap().udp_size, 1232);
    assert_eq!(message.faults, []);
}

#[test]
fn a_message_cut_at_any_octet_keeps_what_stood_before() {
    assert_eq!(Message::read(&MX_ANSWER[..11]), None);
    for end in HEADER..MX_ANSWER.len() {
        let message = Message::read(&MX_ANSWER[..end]).unwrap();
        assert!(!message.faults.is_empty(), "{end}");
        assert_eq!(message.questions.len(), usize::from(end >= 30), "{end}");
        assert_eq!(!message.records.is_empty(), end >= 42, "{end}");
    }
}

#[test]
fn records_have_the_form_of_zone_files() {
    assert_eq!(shown(1, &[192, 0, 2, 1]), "192.0.2.1");
    assert_eq!(shown(28, b"\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x25"), "2001:db8::25");
    assert_eq!(shown(33, b"\0\x0a\0\x05\x02\x4b\x04mail\x04test\0"), "10 5 587 mail.test");
    assert_eq!(shown(16, b"\x06v=spf1\x05 -all"), "\"v=spf1\" \" -all\"");
    assert_eq!(
        shown(6, b"\x02ns\0\x05admin\0\0\0\0\x01\0\0\0\x02\0\0\0\x03\0\0\0\x04\0\0\0\x05"),
        "ns admin 1 2 3 4 5"
    );
    assert_eq!(shown(257, b"\0\x05issueca.example"), "0 issue \"ca.example\"");
    assert_eq!(shown(52, &[3, 1, 1, 0xab, 0xcd]), "3 1 1 abcd");
    assert_eq!(shown(43, &[0x30, 0x39, 13, 2, 0xab]), "12345 13 2 ab");
    assert_eq!(shown(48, b"\x01\x01\x03\x0dfoo"), "257 3 13 Zm9v");
    assert_eq!(
        shown(46, b"\0\x01\x0d\x02\0\0\x0e\x10\x6a\x24\x3c\x80\x6a\x0a\0\0\x30\x39\x04test\0foo"),
        "A 13 2 3600 20260606152800 20260517175056 12345 test Zm9v"
    );
    assert_eq!(shown(47, b"\x01b\x04test\0\0\x06\x40\0\0\0\0\x03"), "b.test A RRSIG NSEC");
    assert_eq!(shown(50, b"\x01\0\0\x0a\x01\xaa\x06foobar\0\x01\x40"), "1 0 10 aa CPNMUOJ1E8 A");
    assert_eq!(
        shown(
            65,
            b"\0\x01\0\0\x01\0\x06\x02h2\x02h3\0\x03\0\x02\x20\xfb\0\x04\0\x04\xc0\0\x02\x01\0\x05\0\x03foo"
        ),
        "1 . alpn=h2,h3 port=8443 ipv4hint=192.0.2.1 ech=Zm9v"
    );
    assert_eq!(shown(35, b"\0\x64\0\x0a\x01s\x07SIP+D2U\0\x04test\0"), "100 10 \"s\" \"SIP+D2U\" \"\" test");
    assert_eq!(shown(65280, &[0xde, 0xad]), "\\# 2 dead");
    assert_eq!(shown(65280, &[0xde; 65])[..10], *"\\# 65 dede");
}

#[test]
fn data_that_is_none_of_its_type_is_kept_as_octets_and_named() {
    let message = Message::read(&with_record(1, &[192, 0, 2])).unwrap();
    assert_eq!(message.records[0].data.to_string(), "\\# 3 c00002");
    assert_eq!(message.faults[0].kind, FaultKind::Data);
    // a name that leaves its record
    let message = Message::read(&with_record(5, b"\x05ab")).unwrap();
    assert_eq!(message.faults[0].kind, FaultKind::Data);
}

#[test]
fn a_hostile_pointer_costs_its_name_and_not_the_rest() {
    let mut octets = MX_ANSWER.to_vec();
    octets[31] = 0xff;
    let message = Message::read(&octets).unwrap();
    assert_eq!(message.faults[0].kind, FaultKind::Name(NameFault::Forward));
    assert_eq!(message.records.len(), 2);
}

#[test]
fn counts_of_65535_end_with_the_octets_or_the_bound() {
    let mut octets = b"\0\x01\x81\x80\0\0\xff\xff\xff\xff\xff\xff".to_vec();
    octets.extend([0; 11 * 400]);
    let message = Message::read(&octets).unwrap();
    assert_eq!(message.records.len(), MAX_RECORDS);
    assert_eq!(message.faults[0].kind, FaultKind::TooMany);
}

#[test]
fn the_upper_bits_of_a_response_code_stand_in_edns() {
    let octets = b"\0\x01\x81\x80\0\0\0\0\0\0\0\x01\0\0\x29\x04\xd0\x01\0\0\0\0\0";
    assert_eq!(rcode_name(Message::read(octets).unwrap().rcode()), Some("BADVERS"));
}

proptest! {
    #[test]
    fn arbitrary_octets_never_panic(octets in proptest::collection::vec(any::<u8>(), 0..600)) {
        if let Some(message) = Message::read(&octets) {
            for record in &message.records {
                prop_assert!(record.place.end <= octets.len());
                let _ = record.data.to_string();
            }
        }
        plausible(&octets);
    }

    #[test]
    fn arbitrary_data_of_every_type_never_panics(
        kind in prop_oneof![0u16..70, 99u16..=99, 249u16..258, any::<u16>()],
        data in proptest::collection::vec(any::<u8>(), 0..120),
    ) {
        let message = Message::read(&with_record(kind, &data)).unwrap();
        let _ = message.records.first().map(|record| record.data.to_string());
    }

    #[test]
    fn a_changed_octet_never_panics(at in 0..MX_ANSWER.len(), octet in any::<u8>()) {
        let mut octets = MX_ANSWER.to_vec();
        octets[at] = octet;
        let _ = Message::read(&octets);
    }
}
