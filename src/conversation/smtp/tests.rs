//! Statements about the protocol, held against whole sessions.

use std::ops::Range;

use proptest::prelude::*;

use super::*;
use crate::conversation::{Conversations, Depth, Finished};
use crate::flow::{
    Connection, Delivery, Handshake, HandshakeKind, Receiver, RoleBasis, TcpState, Teardown, TeardownKind,
};
use crate::packet::{Endpoint, PerSide, Protocol, Side};

fn connection(port: u16) -> Connection {
    let end = |address: &str, port| Endpoint::new(address.parse().unwrap(), port);
    Connection {
        first_packet: 1,
        last_packet: 99,
        handshake: Handshake {
            kind: HandshakeKind::ThreeWay,
            syn: vec![1],
            syn_ack: vec![2],
            ack: Some(3),
            syn_attempts: 1,
            ..Handshake::default()
        },
        teardown: Teardown { kind: TeardownKind::FourSegment, ..Teardown::default() },
        states: PerSide { initiator: TcpState::Closed, responder: TcpState::Closed },
        completeness: 31,
        ..Connection::between(
            1,
            PerSide { initiator: end("192.0.2.1", 50000), responder: end("192.0.2.2", port) },
            RoleBasis::Observed,
        )
    }
}

/// Feeds pieces of a stream and remembers where each side stands.
struct Wire {
    conversations: Conversations,
    offsets: PerSide<u64>,
    packet: u64,
}

impl Wire {
    fn new(depth: Depth) -> Self {
        Self { conversations: Conversations::new(depth), offsets: PerSide::default(), packet: 0 }
    }

    fn delivery(&mut self, from: Side) -> Delivery {
        self.packet += 1;
        Delivery { stream: 0, from, offset: *self.offsets.of(from), packet: self.packet, time: None }
    }

    fn say(&mut self, from: Side, octets: &[u8]) {
        let delivery = self.delivery(from);
        self.conversations.octets(delivery, octets);
        *self.offsets.of_mut(from) += octets.len() as u64;
    }

    fn gap(&mut self, from: Side, length: u64) {
        let delivery = self.delivery(from);
        self.conversations.gap(delivery, length);
        *self.offsets.of_mut(from) += length;
    }

    fn concealed(&self, from: Side, asked: Range<u64>) -> Vec<(u32, u32)> {
        let mut out = Vec::new();
        let length = (asked.end - asked.start) as u32;
        self.conversations.concealed(0, from, Some(asked.start), length, &mut out);
        out.into_iter().map(|r| (r.start, r.end)).collect()
    }

    fn finish(mut self, port: u16) -> Session {
        self.conversations.finished(connection(port));
        let mut finished = std::iter::from_fn(|| self.conversations.take_finished());
        let session = finished.find_map(|finished| match finished {
            Finished::Session(session) => Some(*session),
            _ => None,
        });
        session.unwrap()
    }
}

/// `C: ` and `S: ` begin what each side sends; each entry is one segment.
fn session(script: &[&str]) -> Session {
    let mut wire = Wire::new(Depth::Full);
    feed(&mut wire, script);
    wire.finish(25)
}

fn feed(wire: &mut Wire, script: &[&str]) {
    for line in script {
        let side = if line.starts_with('C') { Side::Initiator } else { Side::Responder };
        wire.say(side, &line.as_bytes()[2..]);
    }
}

fn verbs(session: &Session) -> Vec<&str> {
    let verb = |t: &'_ Turn| matches!(t.kind, TurnKind::Command { .. });
    session
        .turns
        .iter()
        .filter(|t| verb(t))
        .filter_map(|t| match &t.kind {
            TurnKind::Command { verb, .. } => Some(verb.as_str()),
            _ => None,
        })
        .collect()
}

fn codes(session: &Session) -> Vec<u16> {
    let code = |t: &Turn| match &t.kind {
        TurnKind::Greeting(reply) | TurnKind::Reply { reply, .. } => Some(reply.code),
        _ => None,
    };
    session.turns.iter().filter_map(code).collect()
}

const HELLO: [&str; 3] =
    ["S:220 mx.example.com ESMTP\r\n", "C:EHLO a.test\r\n", "S:250-mx.example.com\r\n250 PIPELINING\r\n"];

fn after_hello(script: &[&str]) -> Session {
    session(&[&HELLO[..], script].concat())
}

#[test]
fn a_mail_is_its_envelope_its_octets_and_a_verdict_for_each_recipient() {
    let s = after_hello(&[
        "C:MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.com>\r\nRCPT TO:<no@example.com>\r\nDATA\r\n",
        "S:250 2.1.0 Ok\r\n250 2.1.5 Ok\r\n550 5.1.1 no such user\r\n354 go on\r\n",
        "C:Subject: =?utf-8?q?caf=C3=A9?=\r\nFrom: a@example.com\r\nMessage-ID: <1@example.com>\r\n\r\n..x\r\n",
        "C:.\r\nQUIT\r\n",
        "S:250 2.0.0 Ok: queued as 4F1A2B\r\n221 bye\r\n",
    ]);
    assert_eq!(verbs(&s), ["EHLO", "MAIL", "RCPT", "RCPT", "DATA", "QUIT"]);
    assert_eq!(codes(&s), [220, 250, 250, 250, 550, 354, 250, 221]);
    let m = &s.messages[0];
    assert_eq!((m.mail_from.as_deref(), m.rcpt_to.len()), (Some("a@example.com"), 2));
    assert_eq!(m.verdict(&m.rcpt_to[0]).0, Verdict::Accepted);
    assert_eq!(m.verdict(&m.rcpt_to[1]).0, Verdict::Refused);
    assert_eq!((m.queue_id.as_deref(), m.message_id.as_deref()), (Some("4F1A2B"), Some("1@example.com")));
    assert_eq!(m.header.subject.as_deref(), Some("café"));
    assert!(m.complete && m.sha256.is_some());
    assert_eq!(m.octets, 84 + 4);
    assert_eq!((s.ended, s.role, s.warnings.len()), (Ended::Quit, Role::Submission, 0));
    assert_eq!(s.capabilities, ["PIPELINING"]);
}

#[test]
fn after_a_refused_data_lines_are_commands_again() {
    let s = after_hello(&["C:DATA\r\n", "S:503 no\r\n", "C:QUIT\r\n", "S:221 bye\r\n"]);
    assert_eq!(verbs(&s), ["EHLO", "DATA", "QUIT"]);
    assert!(s.messages.is_empty());
}

#[test]
fn a_missing_reply_does_not_shift_the_later_ones() {
    let s = after_hello(&[
        "C:MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.com>\r\nDATA\r\n",
        "S:250 ok\r\n354 go\r\n",
        "C:x\r\n.\r\n",
        "S:250 ok\r\n",
    ]);
    assert_eq!(s.messages[0].rcpt_to.len(), 1);
    assert_eq!(s.messages[0].outcome.as_ref().unwrap().code, 250);
    assert_eq!(s.warnings, [Warning::RepliesOutOfStep]);
}

#[test]
fn bdat_keeps_its_dots_and_zero_last_ends_it() {
    let s = after_hello(&[
        "C:MAIL FROM:<a@example.com>\r\n",
        "S:250 ok\r\n",
        "C:RCPT TO:<b@example.com>\r\n",
        "S:250 ok\r\n",
        "C:BDAT 5\r\n..x\r\nBDAT 3\r\ny\r\nBDAT 0 LAST\r\nQUIT\r\n",
        "S:250 ok\r\n250 ok\r\n250 queued as A1\r\n221 bye\r\n",
    ]);
    assert_eq!(verbs(&s), ["EHLO", "MAIL", "RCPT", "BDAT", "BDAT", "BDAT", "QUIT"]);
    let m = &s.messages[0];
    assert_eq!((m.octets, m.complete, s.messages.len()), (8, true, 1));
    assert_eq!((m.transfer, m.queue_id.as_deref()), (Transfer::Bdat, Some("A1")));
    assert_eq!(m.rcpt_to[0].address, "b@example.com");
}

#[test]
fn the_octets_of_a_refused_chunk_are_consumed() {
    let s = after_hello(&["C:BDAT 6 LAST\r\nQUIT\r\nRSET\r\n", "S:503 no\r\n250 ok\r\n"]);
    assert_eq!(verbs(&s), ["EHLO", "BDAT", "RSET"]);
}

#[test]
fn tls_begins_with_a_record_behind_220_and_a_refusal_stays_in_plain() {
    let tls = "C:\u{16}\u{3}\u{1}";
    let s = after_hello(&["C:STARTTLS\r\n", "S:220 go\r\n", tls, "S:\u{16}\u{3}\u{3}"]);
    assert_eq!((s.encryption, s.ended), (Encryption::StartTls { packet: 6 }, Ended::Tls));
    let s = after_hello(&["C:STARTTLS\r\n", "S:454 no\r\n", "C:QUIT\r\n", "S:221 bye\r\n"]);
    assert_eq!((s.encryption, s.ended), (Encryption::None, Ended::Quit));
    let s = after_hello(&["C:STARTTLS\r\nRSET\r\n", "S:220 go\r\n", tls]);
    assert_eq!(s.warnings, [Warning::StarttlsInjection]);
    assert_eq!(s.ended, Ended::Tls);
}

#[test]
fn an_offer_of_starttls_that_is_not_used_before_auth_is_noted() {
    let s = session(&[
        "S:220 mx.example.com ESMTP\r\n",
        "C:EHLO a.test\r\n",
        "S:250-mx.example.com\r\n250 STARTTLS\r\n",
        "C:AUTH LOGIN\r\n",
        "S:334 VXNlcm5hbWU6\r\n",
        "C:YWxpY2U=\r\n",
        "S:334 UGFzc3dvcmQ6\r\n",
        "C:czNjcmV0\r\n",
        "S:235 ok\r\n",
    ]);
    assert_eq!(s.warnings, [Warning::StarttlsNotUsed, Warning::AuthInTheClear]);
    let auth = s.auth.unwrap();
    assert_eq!((auth.user.as_deref(), auth.secret.as_deref()), (Some("alice"), Some("s3cret")));
    assert_eq!((auth.outcome, s.role_reason), (AuthOutcome::Accepted, "auth"));
}

#[test]
fn a_star_cancels_a_login() {
    let s = after_hello(&["C:AUTH PLAIN\r\n", "S:334 \r\n", "C:*\r\n", "S:501 cancelled\r\n"]);
    assert_eq!(s.auth.unwrap().outcome, AuthOutcome::Cancelled);
}

#[test]
fn logins_and_messages_are_concealed_in_both_depths() {
    for depth in [Depth::Secrets, Depth::Full] {
        let mut wire = Wire::new(depth);
        feed(&mut wire, &HELLO);
        feed(&mut wire, &["C:AUTH PLAIN AGFs\r\n", "S:235 ok\r\n", "C:DATA\r\n"]);
        assert_eq!(wire.concealed(Side::Initiator, 13..30), [(11, 15)], "{depth:?}");
        assert_eq!(wire.concealed(Side::Initiator, 30..36), [], "{depth:?}");
        feed(&mut wire, &["S:354 go\r\n", "C:x\r\n.\r\nQUIT\r\n"]);
        let data = wire.concealed(Side::Initiator, 36..48);
        assert_eq!(data.first().map(|r| r.1), Some(6), "{depth:?}");
        assert_eq!(wire.concealed(Side::Initiator, 100..110), [(0, 10)], "not read yet");
        let mut out = Vec::new();
        wire.conversations.concealed(0, Side::Initiator, None, 9, &mut out);
        assert_eq!(out.first(), Some(&(0..9)), "place unknown");
    }
}

#[test]
fn lf_dot_crlf_ends_a_message_only_if_the_server_says_so() {
    let to_data = ["C:DATA\r\n", "S:354 go\r\n"];
    let s = after_hello(&[&to_data[..], &["C:x\n.\r\n", "S:250 ok\r\n", "C:QUIT\r\n"]].concat());
    assert_eq!((verbs(&s), s.messages[0].octets), (vec!["EHLO", "DATA", "QUIT"], 2));
    let s = after_hello(
        &[&to_data[..], &["C:x\n.\r\nMAIL FROM:<e@example.com>\r\n.\r\n", "S:250 ok\r\n"]].concat(),
    );
    assert_eq!(verbs(&s), ["EHLO", "DATA"]);
    assert_eq!(s.warnings, [Warning::BareLf]);
}

#[test]
fn lmtp_answers_for_each_accepted_recipient_behind_the_message() {
    let s = session(&[
        "S:220 mx.example.com LMTP\r\n",
        "C:LHLO a.test\r\n",
        "S:250 mx\r\n",
        "C:MAIL FROM:<>\r\nRCPT TO:<a@example.com>\r\nRCPT TO:<b@example.com>\r\nDATA\r\n",
        "S:250 ok\r\n250 ok\r\n250 ok\r\n354 go\r\n",
        "C:x\r\n.\r\nQUIT\r\n",
        "S:250 stored\r\n452 full\r\n221 bye\r\n",
    ]);
    let m = &s.messages[0];
    assert_eq!(m.verdict(&m.rcpt_to[0]).0, Verdict::Accepted);
    assert_eq!(m.verdict(&m.rcpt_to[1]).0, Verdict::Deferred);
    assert_eq!((s.role, s.ended, m.mail_from.as_deref()), (Role::Delivery, Ended::Quit, Some("")));
}

#[test]
fn rset_drops_the_transaction_and_a_refused_mail_does_not_change_it() {
    let s = after_hello(&[
        "C:MAIL FROM:<old@example.com>\r\nRSET\r\nMAIL FROM:<a@example.com>\r\nMAIL FROM:<c@example.com>\r\nRCPT TO:<b@example.com>\r\nDATA\r\n",
        "S:250 ok\r\n250 ok\r\n250 ok\r\n503 nested\r\n250 ok\r\n354 go\r\n",
        "C:.\r\n",
        "S:250 ok\r\n",
    ]);
    assert_eq!(s.messages[0].mail_from.as_deref(), Some("a@example.com"));
    assert_eq!(s.messages[0].octets, 0);
}

#[test]
fn one_side_alone_is_shown() {
    let s = session(&[
        "C:EHLO a.test\r\n",
        "C:MAIL FROM:<a@example.com>\r\n",
        "C:RCPT TO:<b@example.com>\r\n",
        "C:DATA\r\n",
        "C:x\r\n.\r\n",
        "C:QUIT\r\n",
    ]);
    assert_eq!(verbs(&s), ["EHLO", "MAIL", "RCPT", "DATA", "QUIT"]);
    assert_eq!((s.messages[0].octets, s.messages[0].rcpt_to.len()), (3, 1));
    assert_eq!(s.warnings, [Warning::OneSided]);
    let s = session(&["S:220 mx ESMTP\r\n", "S:250 mx\r\n", "S:221 bye\r\n"]);
    assert_eq!(codes(&s), [220, 250, 221]);
}

#[test]
fn after_a_gap_the_reader_goes_on_at_the_next_command() {
    let mut wire = Wire::new(Depth::Full);
    feed(&mut wire, &HELLO);
    feed(&mut wire, &["C:MAIL FROM:<a@example.com>\r\n", "S:250 ok\r\n"]);
    wire.gap(Side::Initiator, 100);
    feed(&mut wire, &["C:rest of a line\r\nQUIT\r\n", "S:221 bye\r\n"]);
    let s = wire.finish(25);
    assert_eq!(verbs(&s), ["EHLO", "MAIL", "QUIT"]);
    assert!(s.turns.iter().any(|t| t.kind == TurnKind::Gap { octets: 100 }));
    assert!(s.warnings.contains(&Warning::Gap));
}

#[test]
fn a_message_with_a_gap_is_not_complete_and_ends_when_the_server_answers() {
    let mut wire = Wire::new(Depth::Full);
    feed(&mut wire, &HELLO);
    feed(&mut wire, &["C:DATA\r\n", "S:354 go\r\n", "C:x\r\n"]);
    wire.gap(Side::Initiator, 100);
    feed(&mut wire, &["S:250 ok\r\n", "C:QUIT\r\n", "S:221 bye\r\n"]);
    let s = wire.finish(25);
    assert_eq!((verbs(&s), s.messages[0].complete), (vec!["EHLO", "DATA", "QUIT"], false));
}

#[test]
fn connecting_alone_is_a_session_and_421_may_come_at_any_time() {
    assert_eq!(session(&["S:220 mx.example.com ESMTP\r\n"]).warnings, []);
    let s = after_hello(&["S:421 4.4.2 timeout\r\n"]);
    assert_eq!((s.ended, s.warnings.len()), (Ended::Timeout, 0));
}

#[test]
fn a_line_without_end_is_cut() {
    let long = format!("C:NOOP {}", "x".repeat(20_000));
    let s = after_hello(&[&long, "C:\r\nQUIT\r\n"]);
    assert_eq!(verbs(&s), ["EHLO", "NOOP", "QUIT"]);
    assert_eq!(s.warnings, [Warning::LineTooLong]);
}

#[test]
fn the_end_that_says_codes_is_the_server_whoever_opened() {
    let mut wire = Wire::new(Depth::Full);
    wire.say(Side::Initiator, b"220 mx.example.com ESMTP\r\n");
    wire.say(Side::Responder, b"EHLO a.test\r\n");
    let s = wire.finish(2525);
    assert_eq!((s.client.port, s.server.port), (2525, 50000));
    assert_eq!(verbs(&s), ["EHLO"]);
}

#[test]
fn a_mail_with_received_lines_is_relayed() {
    let s = after_hello(&[
        "C:DATA\r\n",
        "S:354 go\r\n",
        "C:Received: from a.test by b.test;\r\n Mon, 1 Jan 2024 00:00:00 +0000\r\nFrom: a@example.com\r\n\r\nx\r\n.\r\n",
        "S:250 ok\r\n",
    ]);
    assert_eq!((s.role, s.role_reason), (Role::Relay, "received"));
    assert_eq!(s.messages[0].header.received, ["from a.test by b.test; Mon, 1 Jan 2024 00:00:00 +0000"]);
}

#[test]
fn the_parts_of_a_message_are_named() {
    let s = after_hello(&[
        "C:DATA\r\n",
        "S:354 go\r\n",
        "C:Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nhi\r\n",
        "C:--b\r\nContent-Type: image/png\r\nContent-Disposition: attachment; filename=\"a.png\"\r\nContent-Transfer-Encoding: base64\r\n\r\nAAECAw==\r\n--b--\r\n.\r\n",
        "S:250 ok\r\n",
    ]);
    let parts: Vec<_> = s.messages[0]
        .parts
        .iter()
        .map(|p| (p.content_type.as_str(), p.encoding.as_str(), p.octets))
        .collect();
    let expected = [("multipart/mixed", "7bit", 0), ("text/plain", "7bit", 2), ("image/png", "base64", 4)];
    assert_eq!(parts, expected);
    assert_eq!(s.messages[0].parts[2].filename.as_deref(), Some("a.png"));
    assert_eq!(s.messages[0].parts[1].charset.as_deref(), Some("utf-8"));
}

#[test]
fn implicit_tls_on_its_port_is_a_session_that_cannot_be_read() {
    let mut wire = Wire::new(Depth::Full);
    wire.say(Side::Initiator, b"\x16\x03\x01\x00\x05\x01ello");
    let s = wire.finish(465);
    assert_eq!((s.encryption, s.ended, s.role), (Encryption::Implicit, Ended::Tls, Role::Submission));
}

#[test]
fn a_message_larger_than_what_is_kept_streams_through() {
    let mut wire = Wire::new(Depth::Full);
    feed(&mut wire, &HELLO);
    feed(&mut wire, &["C:DATA\r\n", "S:354 go\r\n"]);
    let line = [&b"x"[..].repeat(78)[..], b"\r\n"].concat();
    for _ in 0..10_000 {
        wire.say(Side::Initiator, &line);
    }
    feed(&mut wire, &["C:.\r\n", "S:250 ok\r\n"]);
    let s = wire.finish(25);
    assert_eq!((s.messages[0].octets, s.messages[0].complete), (800_000, true));
}

/// The same octets, cut at the given lengths; packets are not told apart.
fn cut_session(script: &[(Side, Vec<u8>)], cuts: &[usize]) -> Session {
    let mut wire = Wire::new(Depth::Full);
    let mut cuts = cuts.iter().cycle();
    for (side, octets) in script {
        let mut rest = &octets[..];
        while !rest.is_empty() {
            let (now, later) = rest.split_at(rest.len().min(*cuts.next().unwrap()));
            wire.packet = 0;
            wire.say(*side, now);
            rest = later;
        }
    }
    wire.finish(25)
}

#[test]
fn a_session_is_told_of_when_both_ends_have_closed_and_its_connection_later() {
    let mut wire = Wire::new(Depth::Full);
    feed(&mut wire, &["S:220 mx ESMTP\r\n", "C:QUIT\r\n", "S:221 bye\r\n"]);
    wire.conversations.closed(0, || connection(25));
    let Some(Finished::Session(session)) = wire.conversations.take_finished() else { panic!("no session") };
    assert_eq!(session.turns.len(), 3);
    assert!(wire.conversations.take_finished().is_none());
    wire.conversations.finished(connection(25));
    let finished = wire.conversations.take_finished();
    assert!(matches!(finished, Some(Finished::Connection(_, Some(Protocol::Smtp)))), "{finished:?}");
    assert!(wire.conversations.take_finished().is_none());
}

proptest! {
    #[test]
    fn any_cut_of_the_same_octets_gives_the_same_session(cuts in prop::collection::vec(1usize..20, 1..8)) {
        let script: Vec<_> = [
            "S:220 mx ESMTP\r\n", "C:EHLO a.test\r\n", "S:250-mx\r\n250 CHUNKING\r\n",
            "C:AUTH PLAIN\r\n", "S:334 \r\n", "C:AGFsaWNlAHMzY3JldA==\r\n", "S:235 ok\r\n",
            "C:MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.com>\r\nDATA\r\n",
            "S:250 ok\r\n250 ok\r\n354 go\r\n",
            "C:Subject: x\r\n\r\n..y\nz\r\n.\r\nMAIL FROM:<c@example.com>\r\nBDAT 6 LAST\r\nQUIT\r\nQUIT\r\n",
            "S:250 ok\r\n250 ok\r\n250 ok\r\n221 bye\r\n",
        ].iter().map(|line| {
            let side = if line.starts_with('C') { Side::Initiator } else { Side::Responder };
            (side, line.as_bytes()[2..].to_vec())
        }).collect();
        prop_assert_eq!(cut_session(&script, &cuts), cut_session(&script, &[usize::MAX]));
    }

    #[test]
    fn arbitrary_octets_never_panic(
        pieces in prop::collection::vec(
            (any::<bool>(), prop_oneof![
                prop::collection::vec(any::<u8>(), 1..40),
                prop::sample::select(vec![
                    b"EHLO x\r\n".to_vec(), b"DATA\r\n".to_vec(), b"354 \r\n".to_vec(), b"250 \r\n".to_vec(),
                    b"BDAT 9 LAST\r\n".to_vec(), b"AUTH PLAIN\r\n".to_vec(), b"334 \r\n".to_vec(), b".\r\n".to_vec(),
                    b"LHLO x\r\n".to_vec(), b"RCPT TO:<a>\r\n".to_vec(), b"STARTTLS\r\n".to_vec(), b"220 \r\n".to_vec(),
                ]),
            ], 0u64..50),
            0..60,
        )
    ) {
        let mut wire = Wire::new(Depth::Full);
        feed(&mut wire, &["S:220 mx ESMTP\r\n"]);
        for (client, octets, gap) in pieces {
            let side = if client { Side::Initiator } else { Side::Responder };
            if gap > 45 { wire.gap(side, gap) }
            wire.say(side, &octets);
            wire.concealed(side, 0..500);
        }
        wire.finish(25);
    }
}
