//! Sessions of real programs (`fixtures/record.py`), cut and joined in every way, with all and with some of their keys.

use std::fmt::Write;

use proptest::prelude::*;

use super::*;
use crate::flow::Delivery;
use crate::packet::{PerSide, Side, Timestamp};

/// A recorded session: the text of its key log, and what was sent.
struct Recorded {
    keys: String,
    pieces: Vec<(Side, Vec<u8>)>,
}

macro_rules! recorded {
    ($name:literal) => {
        Recorded::read(include_str!(concat!("fixtures/", $name, ".txt")))
    };
}

impl Recorded {
    fn read(text: &str) -> Self {
        let octets = |hex: &str| -> Vec<u8> {
            (0..hex.len() / 2).map(|i| u8::from_str_radix(&hex[2 * i..2 * i + 2], 16).unwrap()).collect()
        };
        let mut out = Recorded { keys: String::new(), pieces: Vec::new() };
        for line in text.lines() {
            match line.split_once(' ') {
                Some((">", hex)) => out.pieces.push((Side::Initiator, octets(hex))),
                Some(("<", hex)) => out.pieces.push((Side::Responder, octets(hex))),
                _ => writeln!(out.keys, "{line}").unwrap(),
            }
        }
        out
    }

    fn keys(&self) -> Keys {
        let keys = Keys::default();
        keys.add_whole(self.keys.as_bytes());
        keys
    }

    /// The key log without the lines of some label.
    fn without(&self, label: &str) -> Keys {
        let keys = Keys::default();
        let lines: Vec<_> = self.keys.lines().filter(|line| !line.starts_with(label)).collect();
        keys.add_whole(lines.join("\n").as_bytes());
        keys
    }

    fn open(&self, keys: Keys) -> Opened {
        self.open_in(keys, usize::MAX)
    }

    /// In segments of at most `size` octets.
    fn open_in(&self, keys: Keys, size: usize) -> Opened {
        let mut reading = Reading::new(keys);
        for (from, octets) in &self.pieces {
            octets.chunks(size).for_each(|segment| reading.octets(*from, segment));
        }
        reading.finish()
    }
}

/// What came of a session.
struct Opened {
    said: PerSide<Vec<u8>>,
    gaps: PerSide<u64>,
    session: Session,
}

impl Opened {
    fn text(&self, side: Side) -> String {
        String::from_utf8_lossy(self.said.of(side)).into_owned()
    }

    fn state(&self) -> &'static str {
        self.session.decryption.state.name()
    }

    /// `>ClientHello <ServerHello <*Certificate`: `*` was opened, `#` was not.
    fn steps(&self) -> String {
        let of = |step: &Step| {
            let mark = if step.from == self.session.client { '>' } else { '<' };
            let secrecy = match step.secrecy {
                Secrecy::Clear => "",
                Secrecy::Opened => "*",
                Secrecy::Sealed => "#",
            };
            let what = match &step.what {
                What::Handshake(message) => message.name().to_owned(),
                What::ChangeCipherSpec => "CCS".into(),
                What::Alert(_, description) => alert_name(*description).unwrap_or("alert").to_owned(),
                What::Data { early: true, .. } => "early".into(),
                What::Data { .. } => "data".into(),
                What::Sealed { records, .. } => records.to_string(),
                What::Other(kind) => format!("type {kind}"),
                What::Gap(_) => "gap".into(),
                What::NoRecords(_) => "no records".into(),
            };
            format!("{mark}{secrecy}{what}")
        };
        self.session.steps.iter().map(of).collect::<Vec<_>>().join(" ")
    }
}

/// A session that is being read; every piece comes in a packet of its own, a millisecond after the one before.
struct Reading {
    opener: Opener,
    said: PerSide<Vec<u8>>,
    gaps: PerSide<u64>,
    offsets: PerSide<u64>,
    packet: u64,
}

impl Reading {
    fn new(keys: Keys) -> Self {
        let opener = Opener::new(keys, 7);
        Self {
            opener,
            said: PerSide::default(),
            gaps: PerSide::default(),
            offsets: PerSide::default(),
            packet: 0,
        }
    }

    fn delivery(&mut self, from: Side, length: u64) -> Delivery {
        self.packet += 1;
        let offset = *self.offsets.of(from);
        *self.offsets.of_mut(from) += length;
        let time = Some(Timestamp::from_nanos(self.packet as i64 * 1_000_000));
        Delivery { stream: 7, from, offset, packet: self.packet, time }
    }

    fn with(&mut self, act: impl FnOnce(&mut Opener, &mut Sink<'_>)) {
        let (said, gaps) = (&mut self.said, &mut self.gaps);
        let mut sink = |plain: Plain<'_>| {
            let from = plain.delivery.from;
            let known = said.of(from).len() as u64 + gaps.of(from);
            assert_eq!(plain.delivery.offset, known, "octets are handed on in order");
            assert!(plain.first_packet <= plain.delivery.packet);
            match plain.said {
                Inner::Octets(octets) => said.of_mut(from).extend_from_slice(octets),
                Inner::Gap(length) => *gaps.of_mut(from) += length,
            }
        };
        act(&mut self.opener, &mut sink);
    }

    fn octets(&mut self, from: Side, octets: &[u8]) {
        let delivery = self.delivery(from, octets.len() as u64);
        self.with(|opener, sink| opener.octets(delivery, octets, sink));
    }

    fn gap(&mut self, from: Side, length: u64) {
        let delivery = self.delivery(from, length);
        self.with(|opener, sink| opener.gap(delivery, length, sink));
    }

    fn retry(&mut self) {
        self.with(Opener::retry);
    }

    fn finish(mut self) -> Opened {
        self.with(Opener::give_up);
        Opened { said: self.said, gaps: self.gaps, session: self.opener.finish() }
    }
}

const HELLO: &str = "hello from the client\n";
/// What `openssl s_server -rev` says to that.
const OLLEH: &str = "tneilc eht morf olleh\n";

const SUITES: [(&str, &str, u16); 13] = [
    (include_str!("fixtures/tls13-aes-128-gcm.txt"), "TLS_AES_128_GCM_SHA256", 0x0304),
    (include_str!("fixtures/tls13-aes-256-gcm.txt"), "TLS_AES_256_GCM_SHA384", 0x0304),
    (include_str!("fixtures/tls13-chacha20-poly1305.txt"), "TLS_CHACHA20_POLY1305_SHA256", 0x0304),
    (include_str!("fixtures/tls13-aes-128-ccm.txt"), "TLS_AES_128_CCM_SHA256", 0x0304),
    (include_str!("fixtures/tls13-aes-128-ccm-8.txt"), "TLS_AES_128_CCM_8_SHA256", 0x0304),
    (include_str!("fixtures/tls12-aes128-gcm-sha256.txt"), "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", 0x0303),
    (include_str!("fixtures/tls12-aes256-gcm-sha384.txt"), "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", 0x0303),
    (
        include_str!("fixtures/tls12-chacha20-poly1305.txt"),
        "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
        0x0303,
    ),
    (include_str!("fixtures/tls12-aes128-ccm.txt"), "TLS_ECDHE_ECDSA_WITH_AES_128_CCM", 0x0303),
    (include_str!("fixtures/tls12-aes256-ccm8.txt"), "TLS_ECDHE_ECDSA_WITH_AES_256_CCM_8", 0x0303),
    (include_str!("fixtures/tls12-aes128-sha.txt"), "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA", 0x0303),
    (include_str!("fixtures/tls12-aes256-sha384.txt"), "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384", 0x0303),
    (include_str!("fixtures/tls12-mac-then-encrypt.txt"), "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256", 0x0303),
];

#[test]
fn every_suite_opens_with_its_keys_however_its_octets_are_cut() {
    for (text, suite, version) in SUITES {
        let recorded = Recorded::read(text);
        for size in [1, 3, 64, 1000, usize::MAX] {
            let opened = recorded.open_in(recorded.keys(), size);
            assert_eq!(opened.state(), "decrypted", "{suite} in segments of {size}: {}", opened.steps());
            assert_eq!(opened.text(Side::Initiator), HELLO, "{suite}");
            assert_eq!(opened.text(Side::Responder), OLLEH, "{suite}");
            let agreed = &opened.session.agreed;
            assert_eq!(agreed.suite.and_then(suite_name), Some(suite));
            assert_eq!(agreed.version, Some(version));
            let [certificate] = &opened.session.certificates.responder[..] else { panic!("{suite}") };
            assert_eq!(certificate.said.as_ref().unwrap().names, ["mx.example.test"]);
        }
    }
}

#[test]
fn a_handshake_of_tls_1_3_is_read_message_by_message() {
    let recorded = recorded!("tls13-aes-128-gcm");
    let opened = recorded.open(recorded.keys());
    assert_eq!(
        opened.steps(),
        ">ClientHello <ServerHello <CCS <*EncryptedExtensions <*Certificate <*CertificateVerify <*Finished \
         >CCS >*Finished <*NewSessionTicket <*NewSessionTicket >*data <*data >*close_notify <*close_notify"
    );
    let session = &opened.session;
    assert_eq!(session.agreed.server_name.as_deref(), Some("mx.example.test"));
    assert_eq!(session.agreed.group.and_then(group_name), Some("x25519"));
    assert_eq!(session.agreed.signature.and_then(signature_name), Some("ecdsa_secp256r1_sha256"));
    assert_eq!(session.agreed.resumption, None);
    assert_eq!(session.data.initiator.first.unwrap().round_trips, 2, "openssl waits for the tickets");
    assert_eq!(session.closing.initiator, Some(Closing::CloseNotify));
}

#[test]
fn a_handshake_of_tls_1_2_takes_two_round_trips() {
    let recorded = recorded!("tls12-aes128-gcm-sha256");
    let opened = recorded.open(recorded.keys());
    assert_eq!(
        opened.steps(),
        ">ClientHello <ServerHello <Certificate <ServerKeyExchange <ServerHelloDone \
         >ClientKeyExchange >CCS >*Finished <NewSessionTicket <CCS <*Finished \
         >*data <*data >*close_notify <*close_notify"
    );
    let first = opened.session.data.initiator.first.unwrap();
    assert_eq!((first.round_trips, first.observed), (2, true));
    assert!(opened.session.agreed.extended_master_secret);
}

#[test]
fn without_a_key_log_what_is_in_the_clear_is_read() {
    for (text, suite, version) in SUITES {
        let recorded = Recorded::read(text);
        for size in [1, 64, usize::MAX] {
            let opened = recorded.open_in(Keys::default(), size);
            assert_eq!(opened.state(), "no_key_log", "{suite}");
            assert!(opened.said.initiator.is_empty() && opened.gaps.initiator == 0);
            assert_eq!(opened.session.agreed.suite.and_then(suite_name), Some(suite));
            assert_eq!(opened.session.certificates.responder.len(), usize::from(version == 0x0303));
        }
    }
    let recorded = recorded!("tls12-aes128-gcm-sha256");
    let opened = recorded.open(Keys::default());
    assert_eq!(opened.session.data.initiator.first.unwrap().round_trips, 2);
}

#[test]
fn keys_of_another_session_do_not_open_this_one() {
    let recorded = recorded!("tls13-aes-128-gcm");
    assert_eq!(recorded.open(recorded!("tls13-java").keys()).state(), "no_keys");
    // the secrets of another session under the random of this one
    let random = recorded.keys.split(' ').nth(1).unwrap().to_owned();
    let other = recorded!("tls13-chacha20-poly1305");
    let its = other.keys.split(' ').nth(1).unwrap().to_owned();
    let keys = Keys::default();
    keys.add_whole(other.keys.replace(&its, &random).as_bytes());
    let opened = recorded.open(keys);
    assert_eq!(opened.state(), "keys_do_not_fit", "{}", opened.steps());
    assert!(opened.said.responder.is_empty());
}

#[test]
fn what_the_key_log_lacks_stays_sealed_and_the_rest_is_opened() {
    let recorded = recorded!("tls13-aes-128-gcm");
    let opened = recorded.open(recorded.without("SERVER_TRAFFIC"));
    assert_eq!((opened.state(), opened.text(Side::Initiator)), ("partly", HELLO.to_owned()));
    assert!(opened.said.responder.is_empty() && opened.gaps.responder > 0);
    // keys for data alone: where the handshake ends shows in what they open
    let opened = recorded.open(recorded.without("SERVER_HANDSHAKE"));
    assert_eq!((opened.state(), opened.text(Side::Responder)), ("partly", OLLEH.to_owned()));
    let opened = recorded.open(recorded.without("CLIENT_HANDSHAKE"));
    assert_eq!((opened.state(), opened.text(Side::Initiator)), ("partly", HELLO.to_owned()));
}

#[test]
fn records_wait_for_keys_that_may_come() {
    for (text, suite, _) in SUITES {
        let recorded = Recorded::read(text);
        let keys = Keys::default();
        keys.expect_more(true);
        let mut reading = Reading::new(keys.clone());
        for (from, octets) in &recorded.pieces {
            reading.octets(*from, octets);
        }
        assert!(reading.said.initiator.is_empty());
        assert!(keys.take_ready().is_empty());
        // line by line
        for line in recorded.keys.lines() {
            keys.add(format!("{line}\n").as_bytes());
            if keys.take_ready() == [7] {
                reading.retry();
            }
        }
        assert_eq!(reading.said.responder, OLLEH.as_bytes(), "{suite}");
        let opened = reading.finish();
        assert_eq!(opened.state(), "decrypted", "{suite}");
        assert_eq!(opened.steps(), recorded.open(recorded.keys()).steps());
    }
}

#[test]
fn what_waits_too_long_or_too_much_is_given_up() {
    let recorded = recorded!("tls13-aes-128-gcm");
    let keys = Keys::default();
    keys.expect_more(true);
    let mut reading = Reading::new(keys.clone());
    for (from, octets) in &recorded.pieces {
        reading.octets(*from, octets);
    }
    let opened = reading.finish();
    assert_eq!((opened.state(), opened.text(Side::Initiator)), ("no_keys", String::new()));

    let mut reading = Reading::new(keys.clone());
    for (from, octets) in &recorded.pieces[..2] {
        reading.octets(*from, octets);
    }
    let record = [&[23, 3, 3, 0x40, 0][..], &[9; 0x4000]].concat();
    for _ in 0..100 {
        reading.octets(Side::Responder, &record);
    }
    keys.add(recorded.keys.as_bytes());
    reading.retry();
    let opened = reading.finish();
    assert!(opened.session.decryption.sealed.responder >= 100);
}

#[test]
fn a_key_update_changes_the_keys() {
    let recorded = recorded!("tls13-key-update");
    let opened = recorded.open(recorded.keys());
    assert_eq!(opened.state(), "decrypted");
    assert!(opened.steps().contains("<*data >*KeyUpdate"), "{}", opened.steps());
    assert!(opened.steps().contains("<*KeyUpdate"), "{}", opened.steps());
    assert_eq!(opened.text(Side::Initiator), format!("{HELLO}with new keys\n"));
    assert_eq!(opened.text(Side::Responder), format!("{OLLEH}syek wen htiw\n"));
}

#[test]
fn a_retry_request_costs_another_round_trip() {
    let recorded = recorded!("tls13-retry");
    let opened = recorded.open(recorded.keys());
    assert_eq!(opened.state(), "decrypted");
    assert!(opened.steps().starts_with(">ClientHello <HelloRetryRequest"), "{}", opened.steps());
    assert!(opened.session.agreed.retried);
    assert_eq!(opened.session.agreed.group.and_then(group_name), Some("secp384r1"));
    assert_eq!(opened.text(Side::Responder), OLLEH);
}

#[test]
fn a_session_is_taken_up_again_by_id_ticket_or_pre_shared_key() {
    let resumed = |recorded: &Recorded| {
        let opened = recorded.open(recorded.keys());
        assert_eq!((opened.state(), opened.text(Side::Responder)), ("decrypted", OLLEH.to_owned()));
        assert!(opened.session.certificates.responder.is_empty());
        opened.session.agreed.resumption.map(Resumption::name)
    };
    assert_eq!(resumed(&recorded!("tls12-session-id")), Some("session_id"));
    assert_eq!(resumed(&recorded!("tls12-ticket")), Some("ticket"));
    assert_eq!(resumed(&recorded!("tls13-psk")), Some("psk"));
}

#[test]
fn data_sent_before_the_handshake_is_named_and_opened() {
    let recorded = recorded!("tls13-early-data");
    let opened = recorded.open(recorded.keys());
    assert_eq!(opened.state(), "decrypted", "{}", opened.steps());
    assert_eq!(opened.session.agreed.early_data, EarlyData::Accepted);
    assert!(opened.steps().contains(">*early"), "{}", opened.steps());
    assert!(opened.steps().contains(">*EndOfEarlyData >*Finished"), "{}", opened.steps());
    assert_eq!(opened.text(Side::Initiator), format!("sent before the handshake\n{HELLO}"));
    assert_eq!(opened.session.data.initiator.first.unwrap().round_trips, 0);
    // without its secret the rest can be read all the same
    let opened = recorded.open(recorded.without("CLIENT_EARLY"));
    assert_eq!((opened.state(), opened.text(Side::Initiator)), ("partly", HELLO.to_owned()));
}

#[test]
fn data_that_the_server_did_not_take_is_not_data_of_the_session() {
    let recorded = recorded!("tls13-early-data-rejected");
    let opened = recorded.open(recorded.keys());
    assert_eq!(opened.session.agreed.early_data, EarlyData::Rejected, "{}", opened.steps());
    assert!(opened.text(Side::Initiator).ends_with(HELLO), "{}", opened.steps());
}

#[test]
fn a_renegotiation_brings_new_keys() {
    let recorded = recorded!("tls12-renegotiation");
    let opened = recorded.open(recorded.keys());
    assert_eq!(opened.state(), "decrypted", "{}", opened.steps());
    assert_eq!(opened.text(Side::Initiator), format!("{HELLO}hello again\n"));
    assert!(opened.steps().contains(">*ClientHello <*ServerHello"), "{}", opened.steps());
}

#[test]
fn a_client_that_does_not_trust_says_so_with_an_alert() {
    let recorded = recorded!("tls13-alert");
    let opened = recorded.open(recorded.keys());
    assert_eq!(opened.session.closing.initiator, Some(Closing::Fatal(48)), "{}", opened.steps());
    // it had not changed its keys yet
    assert!(opened.steps().ends_with(">unknown_ca"), "{}", opened.steps());
}

#[test]
fn a_client_may_show_a_certificate_too() {
    let recorded = recorded!("tls13-client-certificate");
    let opened = recorded.open(recorded.keys());
    assert!(opened.steps().contains("<*CertificateRequest"), "{}", opened.steps());
    assert!(opened.session.agreed.client_certificate);
    assert_eq!(opened.session.certificates.initiator.len(), 1);
    assert_eq!(opened.session.agreed.application_protocol.as_deref(), Some("smtp"));
}

#[test]
fn who_says_client_hello_is_the_client() {
    let mut recorded = recorded!("tls12-aes128-gcm-sha256");
    recorded.pieces.iter_mut().for_each(|(from, _)| *from = from.peer());
    let opened = recorded.open(recorded.keys());
    assert_eq!((opened.state(), opened.session.client), ("decrypted", Side::Responder));
    assert_eq!(opened.text(Side::Initiator), OLLEH);
}

#[test]
fn one_side_alone_is_read_as_far_as_it_goes() {
    let recorded = recorded!("tls13-aes-128-gcm");
    for side in [Side::Initiator, Side::Responder] {
        let mut reading = Reading::new(recorded.keys());
        for (from, octets) in recorded.pieces.iter().filter(|(from, _)| *from == side) {
            reading.octets(*from, octets);
        }
        let opened = reading.finish();
        assert_eq!(opened.state(), "hello_not_seen", "{side:?}: {}", opened.steps());
    }
}

/// Many records of data, as a download has them: `openssl` records of 16 KB would be too long for a fixture.
#[test]
fn behind_a_gap_the_number_of_a_record_is_searched_for() {
    let recorded = recorded!("tls13-key-update");
    let whole = recorded.open(recorded.keys());
    for (at, (lost_from, lost)) in recorded.pieces.iter().enumerate().skip(2) {
        let mut reading = Reading::new(recorded.keys());
        for (here, (from, octets)) in recorded.pieces.iter().enumerate() {
            if here == at {
                reading.gap(*lost_from, lost.len() as u64);
            } else {
                reading.octets(*from, octets);
            }
        }
        let opened = reading.finish();
        let side = lost_from.peer();
        assert_eq!(opened.text(side), whole.text(side), "without piece {at}: {}", opened.steps());
        assert!(opened.steps().contains("gap"));
        let key_update_lost = whole.session.steps.iter().any(|step| {
            step.packets.first == at as u64 + 1 && matches!(step.what, What::Handshake(Message::KeyUpdate(_)))
        });
        if !key_update_lost {
            assert_eq!(opened.session.decryption.sealed.of(*lost_from), &0, "{at}: {}", opened.steps());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn arbitrary_octets_never_panic(
        pieces in proptest::collection::vec((any::<bool>(), any::<Vec<u8>>(), 0u64..40), 0..20),
        growing in any::<bool>(),
    ) {
        let keys = recorded!("tls13-psk").keys();
        keys.expect_more(growing);
        let mut reading = Reading::new(keys);
        for (initiator, octets, gap) in pieces {
            let from = if initiator { Side::Initiator } else { Side::Responder };
            reading.octets(from, &octets);
            if gap < 10 {
                reading.gap(from, gap);
            }
        }
        reading.finish();
    }

    #[test]
    fn a_session_with_a_wrong_octet_or_cut_anywhere_never_panics(
        which in 0..SUITES.len(), at in 0usize..2500, octet in any::<u8>(), cut in any::<bool>(),
    ) {
        let mut recorded = Recorded::read(SUITES[which].0);
        let keys = recorded.keys();
        let mut left = at;
        for (_, octets) in &mut recorded.pieces {
            if left < octets.len() {
                if cut { octets.truncate(left) } else { octets[left] = octet }
                break;
            }
            left -= octets.len();
        }
        recorded.open(keys);
    }
}
