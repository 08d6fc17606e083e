//! Statements about POP3, held against whole sessions.

use super::tests::{MAIL, Wire, imap, login, names, pop3, sights, told};
use super::*;
use crate::conversation::smtp::{AuthOutcome, Encryption, Proof};
use crate::packet::{Protocol, Side};

#[test]
fn a_pop3_session_is_told_from_greeting_to_quit() {
    let stuffed = MAIL.replace("\r\n.", "\r\n..");
    let retr = format!("S: +OK {} octets\r\n{stuffed}.\r\n", MAIL.len());
    let session = pop3(&[
        "S: +OK ready <1896.697170952@a.test>\r\n",
        "C: CAPA\r\n",
        "S: +OK\r\nSTLS\r\nUIDL\r\n.\r\n",
        "C: USER alice\r\n",
        "S: +OK\r\n",
        "C: PASS s3 cret\r\n",
        "S: +OK in\r\n",
        "C: LIST\r\n",
        "S: +OK 1 message\r\n1 276\r\n.\r\n",
        "C: RETR 1\r\n",
        &retr,
        "C: DELE 1\r\n",
        "S: +OK\r\n",
        "C: QUIT\r\n",
        "S: +OK bye\r\n",
    ]);
    let message = format!("message 0 {}", stuffed.len() + 3);
    assert_eq!(
        told(&session),
        [
            "greeting ready <1896.697170952@a.test>",
            "CAPA: CAPA",
            "status 2: +OK [\"STLS\", \"UIDL\"]",
            "USER: USER alice",
            "status 4: +OK",
            "PASS: PASS",
            "status 6: +OK in",
            "LIST: LIST",
            "status 8: +OK 1 message [\"1 276\"]",
            "RETR: RETR 1",
            &format!("status 10: +OK {} octets", MAIL.len()),
            &message,
            "DELE: DELE 1",
            "status 12: +OK",
            "QUIT: QUIT",
            "status 14: +OK bye",
        ]
    );
    assert_eq!(login(&session), ("USER", Some("alice"), Some("s3 cret"), AuthOutcome::Accepted));
    assert_eq!(session.capabilities, ["STLS", "UIDL"]);
    assert_eq!(names(&session.warnings), ["starttls_not_used", "auth_in_the_clear"]);
    let one = &session.messages[0];
    assert_eq!((one.number, one.octets, one.complete), (Some(1), MAIL.len() as u64, true));
    assert_eq!((session.ended, session.changes()[0].outcome), (Ended::Quit, ChangeOutcome::Done));
    assert_eq!(
        sights(&session),
        [("user", "readable"), ("secret", "readable"), ("subject", "readable"), ("body", "readable")]
    );
}

#[test]
fn the_same_mail_has_the_same_content_with_both_protocols() {
    let fetch = format!("S: * 1 FETCH (RFC822 {{{}}}\r\n{MAIL})\r\n", MAIL.len());
    let by_imap = &imap(&["S: * OK\r\n", &fetch]).messages[0];
    let stuffed = MAIL.replace("\r\n.", "\r\n..");
    let answers = format!("S: +OK\r\n1 a\r\n.\r\n+OK\r\n{stuffed}.\r\n+OK bye\r\n");
    for size in 1..24 {
        let mut wire = Wire::new(Protocol::Pop3);
        wire.size = size;
        wire.say(&["S: +OK hi\r\n", "C: UIDL\r\nRETR 1\r\nQUIT\r\n", &answers]);
        let session = wire.finish();
        let by_pop3 = &session.messages[0];
        assert_eq!((by_pop3.sha256, &by_pop3.content), (by_imap.sha256, &by_imap.content), "{size}");
        assert_eq!(session.ended, Ended::Quit);
    }
}

#[test]
fn the_digest_of_apop_is_masked() {
    let session = pop3(&[
        "S: +OK <1.2@a.test>\r\n",
        "C: APOP alice c4c9334bac560ecc979e58001b3e22fb\r\n",
        "S: -ERR [AUTH] no\r\n",
    ]);
    assert_eq!(told(&session)[1], "APOP: APOP alice");
    assert_eq!(
        login(&session),
        ("APOP", Some("alice"), Some("c4c9334bac560ecc979e58001b3e22fb"), AuthOutcome::Rejected)
    );
    assert_eq!(session.exposure()[1].proof, Some(Proof::Digest));
    assert!(!session.warnings.contains(&Warning::AuthInTheClear));
}

#[test]
fn auth_of_pop3_goes_through_its_challenges() {
    let session = pop3(&[
        "S: +OK\r\n",
        "C: AUTH LOGIN\r\n",
        "S: + VXNlcm5hbWU6\r\n",
        "C: YWxpY2U=\r\n",
        "S: + UGFzc3dvcmQ6\r\n",
        "C: czNjcmV0\r\n",
        "S: +OK in\r\n",
        "C: STAT\r\n",
        "S: +OK 0 0\r\n",
    ]);
    assert_eq!(login(&session), ("LOGIN", Some("alice"), Some("s3cret"), AuthOutcome::Accepted));
    assert_eq!((session.logins[0].user_packet, session.logins[0].secret_packet), (Some(4), Some(6)));
    assert_eq!(told(&session)[5..], ["auth false", "status 2: +OK in", "STAT: STAT", "status 8: +OK 0 0"]);
}

#[test]
fn lines_follow_list_without_a_number_alone() {
    let session = pop3(&[
        "S: +OK\r\n",
        "C: LIST 1\r\nUIDL 1\r\nTOP 1 0\r\nAUTH\r\n",
        "S: +OK 1 276\r\n+OK 1 abc\r\n+OK\r\nSubject: x\r\n\r\n.\r\n+OK\r\nPLAIN\r\n.\r\n",
    ]);
    assert_eq!(session.messages[0].portion, Portion::Top);
    assert_eq!(session.turns.last().unwrap().kind.response().unwrap().lines, ["PLAIN"]);
    assert!(session.logins.is_empty());
}

#[test]
fn a_message_torn_at_its_end_ends_where_the_client_goes_on() {
    let mut wire = Wire::new(Protocol::Pop3);
    wire.say(&["S: +OK\r\n", "C: RETR 1\r\n", "S: +OK 5000 octets\r\nSubject: x\r\n\r\nhello\r\n"]);
    wire.gap(Side::Responder, 5000);
    wire.say(&["C: RETR 2\r\n", "S: +OK\r\nSubject: y\r\n\r\n.\r\n", "C: QUIT\r\n", "S: +OK\r\n"]);
    let session = wire.finish();
    let told: Vec<_> = session.messages.iter().map(|one| (one.number, one.complete)).collect();
    assert_eq!((told, session.ended), (vec![(Some(1), false), (Some(2), true)], Ended::Quit));
}

#[test]
fn a_lost_reply_does_not_shift_those_that_follow() {
    let mut wire = Wire::new(Protocol::Pop3);
    wire.say(&["S: +OK\r\n", "C: NOOP\r\n"]).gap(Side::Responder, 5);
    wire.say(&["C: STAT\r\n", "S: +OK 1 276\r\n"]);
    assert_eq!(told(&wire.finish()).last().unwrap(), "status 4: +OK 1 276");
}

#[test]
fn deletions_come_true_with_quit_alone() {
    let begin = ["S: +OK\r\n", "C: DELE 1\r\n", "S: +OK\r\n"];
    assert_eq!(pop3(&begin).changes()[0].outcome, ChangeOutcome::Undone);
    let reset = pop3(&[&begin[..], &["C: RSET\r\n", "S: +OK\r\n", "C: QUIT\r\n", "S: +OK\r\n"]].concat());
    assert_eq!(reset.changes()[0].outcome, ChangeOutcome::Undone);
}

#[test]
fn of_a_server_alone_the_usual_words_tell_a_message() {
    let session = pop3(&["S: +OK ready\r\n+OK\r\n+OK 12 octets\r\nSubject: x\r\n\r\n.\r\n+OK bye\r\n"]);
    assert_eq!((session.messages.len(), session.turns.len()), (1, 5));
    assert_eq!(names(&session.warnings), ["one_sided"]);
}

#[test]
fn stls_leads_to_tls_and_its_plaintext_goes_on() {
    let session = pop3(&[
        "S: +OK\r\n",
        "C: STLS\r\n",
        "S: +OK begin\r\n",
        "C: \x16\x03\x01...",
        "S: \x16\x03\x03...",
        "C! USER alice\r\n",
        "S! +OK\r\n",
        "C! PASS s3cret\r\n",
        "S! +OK\r\n",
        "C! QUIT\r\n",
        "S! +OK\r\n",
    ]);
    assert_eq!((session.encryption, session.ended), (Encryption::StartTls { packet: 4 }, Ended::Quit));
    assert_eq!(login(&session), ("USER", Some("alice"), Some("s3cret"), AuthOutcome::Accepted));
    assert!(session.warnings.is_empty());
}
