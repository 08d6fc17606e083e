//! Statements about IMAP and POP3, held against whole sessions.

use proptest::prelude::*;

use super::*;
use crate::conversation::secured::Inside;
use crate::conversation::smtp::{AuthOutcome, Encryption, Limits, Sight, Speaker};
use crate::flow::{Connection, Delivery, Handshake, HandshakeKind, RoleBasis, Teardown, TeardownKind};
use crate::packet::{Endpoint, PerSide, Protocol, Side};

pub(super) const MAIL: &str = "Received: from a.test by b.test id Q1; Fri, 1 Jan 2027 00:00:00 +0000\r\n\
    Message-ID: <m@a.test>\r\nSubject: hello\r\n\r\n..dot\r\n* 1 FETCH (BODY[] {9}\r\n";

/// Feeds pieces of a stream and remembers where each side stands.
pub(super) struct Wire {
    reader: Reader,
    offsets: PerSide<u64>,
    packet: u64,
    pub(super) size: usize,
}

impl Wire {
    pub(super) fn new(protocol: Protocol) -> Self {
        let reader = Reader::new(protocol, Side::Responder, Some(Limits::default()), None);
        Self { reader, offsets: PerSide::default(), packet: 0, size: usize::MAX }
    }

    /// Each entry is a segment: `C: ` and `S: ` begin what each side sends; `C! ` and `S! ` what it sends inside TLS.
    pub(super) fn say(&mut self, script: &[&str]) -> &mut Self {
        for line in script {
            let from = if line.starts_with('C') { Side::Initiator } else { Side::Responder };
            let inside = line.as_bytes()[1] == b'!';
            self.packet += 1;
            for piece in line.as_bytes()[3..].chunks(self.size) {
                let offset = *self.offsets.of(from);
                let delivery = Delivery { stream: 0, from, offset, packet: self.packet, time: None };
                if inside {
                    self.reader.decrypted(delivery, piece);
                } else {
                    self.reader.octets(delivery, piece);
                }
                *self.offsets.of_mut(from) += piece.len() as u64;
            }
        }
        self
    }

    pub(super) fn gap(&mut self, from: Side, length: u64) -> &mut Self {
        self.packet += 1;
        let offset = *self.offsets.of(from);
        self.reader.gap(Delivery { stream: 0, from, offset, packet: self.packet, time: None }, length);
        *self.offsets.of_mut(from) += length;
        self
    }

    pub(super) fn finish(self) -> Session {
        self.reader.finish(&connection()).unwrap()
    }
}

fn connection() -> Connection {
    let end = |address: &str, port| Endpoint::new(address.parse().unwrap(), port);
    let ends = PerSide { initiator: end("192.0.2.1", 50000), responder: end("192.0.2.2", 143) };
    Connection {
        handshake: Handshake { kind: HandshakeKind::ThreeWay, ..Handshake::default() },
        teardown: Teardown { kind: TeardownKind::FourSegment, ..Teardown::default() },
        ..Connection::between(1, ends, RoleBasis::Observed)
    }
}

fn session(protocol: Protocol, script: &[&str]) -> Session {
    let mut wire = Wire::new(protocol);
    wire.say(script);
    wire.finish()
}

pub(super) fn imap(script: &[&str]) -> Session {
    session(Protocol::Imap, script)
}

pub(super) fn pop3(script: &[&str]) -> Session {
    session(Protocol::Pop3, script)
}

/// Every turn in a few words.
pub(super) fn told(session: &Session) -> Vec<String> {
    let one = |turn: &Turn| match &turn.kind {
        TurnKind::Greeting(response) => format!("greeting {}", response.text),
        TurnKind::Command(command) => format!("{}: {}", command.verb, command.line),
        TurnKind::Response { kind, answers, response, .. } => {
            let answers = answers.map_or("-".to_owned(), |packet| packet.to_string());
            let lines =
                if response.lines.is_empty() { String::new() } else { format!(" {:?}", response.lines) };
            format!("{} {answers}: {}{lines}", kind.name(), response.line)
        }
        TurnKind::AuthResponse { cancel, .. } => format!("auth {cancel}"),
        TurnKind::Message { octets, message } => format!("message {message} {octets}"),
        TurnKind::Tls => "tls".to_owned(),
        TurnKind::Gap { octets } => format!("gap {octets}"),
    };
    session.turns.iter().map(one).collect()
}

pub(super) fn login(session: &Session) -> (&str, Option<&str>, Option<&str>, AuthOutcome) {
    let login = session.logins.last().unwrap();
    let name = login.mechanism.as_deref().unwrap_or(login.command);
    (name, login.user.as_deref(), login.secret.as_deref(), login.outcome)
}

pub(super) fn sights(session: &Session) -> Vec<(&'static str, &'static str)> {
    session.exposure().iter().map(|one| (one.what.name(), one.sight.name())).collect()
}

pub(super) fn names(warnings: &[Warning]) -> Vec<&'static str> {
    warnings.iter().map(|warning| warning.name()).collect()
}

#[test]
fn an_imap_session_is_told_from_greeting_to_logout() {
    let fetch =
        format!("S: * 1 FETCH (FLAGS () BODY[] {{{}}}\r\n{MAIL} UID 4)\r\na3 OK done\r\n", MAIL.len());
    let session = imap(&[
        "S: * OK [CAPABILITY IMAP4rev1 IDLE] ready\r\n",
        "C: a1 LOGIN alice s3cret\r\n",
        "S: a1 OK [CAPABILITY IMAP4rev1 IDLE UIDPLUS] in\r\n",
        "C: a2 SELECT INBOX\r\n",
        "S: * 1 EXISTS\r\n* OK [UIDVALIDITY 1] ok\r\na2 OK [READ-WRITE] selected\r\n",
        "C: a3 fetch 1 (FLAGS BODY.PEEK[])\r\n",
        &fetch,
        "C: a4 LOGOUT\r\n",
        "S: * BYE bye\r\na4 OK done\r\n",
    ]);
    let message = format!("message 0 {}", MAIL.len());
    assert_eq!(
        told(&session),
        [
            "greeting ready",
            "LOGIN: a1 LOGIN alice",
            "tagged 2: a1 OK [CAPABILITY IMAP4rev1 IDLE UIDPLUS] in",
            "SELECT: a2 SELECT INBOX",
            "untagged 4: * 1 EXISTS",
            "untagged 4: * OK [UIDVALIDITY 1] ok",
            "tagged 4: a2 OK [READ-WRITE] selected",
            "FETCH: a3 fetch 1 (FLAGS BODY.PEEK[])",
            &format!("untagged 6: * 1 FETCH (FLAGS () BODY[] {{{}}} UID 4)", MAIL.len()),
            &message,
            "tagged 6: a3 OK done",
            "LOGOUT: a4 LOGOUT",
            "untagged 8: * BYE bye",
            "tagged 8: a4 OK done",
        ]
    );
    let phases: Vec<&str> = session.turns.iter().map(|turn| turn.phase.name()).collect();
    assert_eq!(phases[..4], ["connect", "authenticate", "authenticate", "mailbox"]);
    assert_eq!((phases[9], phases[13]), ("message", "close"));
    assert_eq!(session.capabilities, ["IMAP4rev1", "IDLE", "UIDPLUS"]);
    assert_eq!(login(&session), ("LOGIN", Some("alice"), Some("s3cret"), AuthOutcome::Accepted));
    let one = &session.messages[0];
    assert_eq!((one.number, one.uid, one.mailbox.as_deref()), (Some(1), Some(4), Some("INBOX")));
    assert_eq!((one.portion, one.octets, one.complete), (Portion::Whole, MAIL.len() as u64, true));
    assert!(one.sha256.is_some() && one.content.header.subject.as_deref() == Some("hello"));
    assert_eq!((session.ended, names(&session.warnings)), (Ended::Logout, vec!["auth_in_the_clear"]));
}

#[test]
fn a_session_is_the_same_however_its_octets_are_cut() {
    let fetch = format!("S: * 1 FETCH (UID 4 BODY[] {{{}}}\r\n{MAIL})\r\na3 OK done\r\n", MAIL.len());
    let append = format!("C: a4 APPEND Sent (\\Seen) {{{}+}}\r\n{MAIL}\r\na5 IDLE\r\n", MAIL.len());
    let script = [
        "S: * OK ready\r\n",
        "C: a1 LOGIN {5}\r\n",
        "S: + go on\r\n",
        "C: alice {6}\r\n",
        "S: + go on\r\n",
        "C: s3cret\r\n",
        "S: a1 OK in\r\n",
        "C: a3 UID FETCH 4 BODY[]\r\n",
        &fetch,
        &append,
        "S: a4 OK [APPENDUID 1 2] done\r\n+ idling\r\n* 2 EXISTS\r\n",
        "C: DONE\r\na6 LOGOUT\r\n",
        "S: a5 OK done\r\n* BYE\r\na6 OK\r\n",
    ];
    let whole = imap(&script);
    assert_eq!(login(&whole), ("LOGIN", Some("alice"), Some("s3cret"), AuthOutcome::Accepted));
    assert_eq!(told(&whole)[1], "LOGIN: a1 LOGIN {5} alice");
    let uploaded = &whole.messages[1];
    assert_eq!((uploaded.from, uploaded.mailbox.as_deref()), (Speaker::Client, Some("Sent")));
    assert_eq!(uploaded.content.message_id.as_deref(), Some("m@a.test"));
    assert_eq!(whole.ended, Ended::Logout);
    for size in 1..24 {
        let mut wire = Wire::new(Protocol::Imap);
        wire.size = size;
        wire.say(&script);
        assert_eq!(wire.finish(), whole, "{size}");
    }
}

#[test]
fn a_password_in_quotes_or_a_literal_is_masked() {
    for (line, rest) in [
        ("C: a1 LOGIN \"al ice\" \"s3 \\\"cret\"\r\n", ""),
        ("C: a1 LOGIN \"al ice\" {8+}\r\ns3 \"cret\r\n", ""),
        ("C: a1 LOGIN {6+}\r\nal ice {8+}\r\ns3 \"cret\r\n", ""),
        ("C: a1 LOGIN \"al ice\" {8}\r\n", "C: s3 \"cret\r\n"),
    ] {
        let mut script = vec!["S: * OK ready\r\n", line];
        script.extend((!rest.is_empty()).then_some(rest));
        script.push("S: a1 NO [AUTHENTICATIONFAILED] wrong\r\n");
        let session = imap(&script);
        assert_eq!(
            login(&session),
            ("LOGIN", Some("al ice"), Some("s3 \"cret"), AuthOutcome::Rejected),
            "{line}"
        );
        assert_eq!(session.logins[0].answer.as_deref(), Some("[AUTHENTICATIONFAILED] wrong"));
        assert!(!format!("{:?}", told(&session)).contains("cret"), "{line}");
    }
}

#[test]
fn authenticate_takes_its_response_at_once_or_behind_a_continuation() {
    let at_once = imap(&["S: * OK\r\n", "C: a1 AUTHENTICATE PLAIN AGFsaWNlAHMzY3JldA==\r\n", "S: a1 OK\r\n"]);
    let behind = imap(&[
        "S: * OK\r\n",
        "C: a1 AUTHENTICATE plain\r\n",
        "S: + \r\n",
        "C: AGFsaWNlAHMzY3JldA==\r\n",
        "S: a1 OK\r\n",
    ]);
    for session in [&at_once, &behind] {
        assert_eq!(login(session), ("PLAIN", Some("alice"), Some("s3cret"), AuthOutcome::Accepted));
        assert!(!format!("{:?}", told(session)).contains("AGFs"));
    }
    assert_eq!(told(&behind)[2..], ["continuation 2: + ", "auth false", "tagged 2: a1 OK"]);
    let cancelled = imap(&[
        "S: * OK\r\n",
        "C: a1 AUTHENTICATE CRAM-MD5\r\n",
        "S: + PDFAYT4=\r\n",
        "C: *\r\n",
        "S: a1 BAD cancelled\r\n",
        "C: a2 NOOP\r\n",
    ]);
    assert_eq!(login(&cancelled).3, AuthOutcome::Cancelled);
    assert_eq!(cancelled.turns.last().unwrap().kind.command().unwrap().verb, "NOOP");
}

#[test]
fn a_literal_that_the_server_refuses_is_not_waited_for() {
    let session = imap(&[
        "S: * OK\r\n",
        "C: a1 APPEND Sent {999999}\r\n",
        "S: a1 NO [TOOBIG] no room\r\n",
        "C: a2 LOGOUT\r\n",
        "S: * BYE\r\na2 OK\r\n",
    ]);
    assert!(session.messages.is_empty());
    assert_eq!((session.ended, told(&session)[3].as_str()), (Ended::Logout, "LOGOUT: a2 LOGOUT"));
}

#[test]
fn pipelined_commands_are_matched_by_their_tags() {
    let session = imap(&[
        "S: * OK\r\n",
        "C: a1 NOOP\r\na2 LIST \"\" *\r\na3 UID SEARCH ALL\r\n",
        "S: * SEARCH 1 2\r\na3 OK\r\n* LIST () \"/\" INBOX\r\na2 OK\r\na1 OK\r\nzz OK what\r\n",
    ]);
    let to = |turn: &Turn| match turn.kind {
        TurnKind::Response { to, .. } => to,
        _ => None,
    };
    assert_eq!(
        session.turns[4..].iter().map(to).collect::<Vec<_>>(),
        [Some(3), Some(3), Some(2), Some(2), Some(1), None]
    );
    assert_eq!(names(&session.warnings), ["replies_out_of_step"]);
}

#[test]
fn what_stands_in_a_literal_announces_nothing_and_is_no_response() {
    let text = "* 2 FETCH (BODY[] {5}\r\na1 OK no\r\n";
    let fetch = format!("S: * 1 FETCH (BODY[TEXT] {{{}}}\r\n{text})\r\n", text.len());
    let session = imap(&["S: * OK\r\n", "C: a1 FETCH 1 BODY[TEXT]\r\n", &fetch]);
    assert_eq!((session.messages.len(), session.turns.len()), (1, 4));
    let one = &session.messages[0];
    assert_eq!((one.portion, one.item.as_str(), one.body_from), (Portion::Section, "BODY[TEXT]", Some(3)));
}

#[test]
fn a_mailbox_may_be_named_by_a_literal() {
    let session =
        imap(&["S: * OK\r\n", "C: a1 LIST \"\" *\r\n", "S: * LIST () \"/\" {6}\r\nA \"B\" C\r\na1 OK\r\n"]);
    assert_eq!(told(&session)[2], "untagged 2: * LIST () \"/\" {6} A \"B\" C");
}

#[test]
fn behind_a_gap_the_next_response_and_the_next_command_are_found() {
    let mut wire = Wire::new(Protocol::Imap);
    let fetch = format!("S: * 1 FETCH (BODY[] {{{}}}\r\n{}", MAIL.len(), &MAIL[..100]);
    wire.say(&["S: * OK\r\n", "C: a1 FETCH 1:2 BODY[]\r\n", &fetch]);
    wire.gap(Side::Responder, 10_000);
    let fetch =
        format!("S: rest of it\r\nHello OK\r\n)\r\n* 2 FETCH (BODY[] {{{}}}\r\n{MAIL})\r\n", MAIL.len());
    wire.say(&[&fetch, "S: a1 OK done\r\n"]).gap(Side::Initiator, 7);
    wire.say(&["C: half a line\r\na3 NOOP\r\n", "S: a3 OK\r\n"]);
    let session = wire.finish();
    let complete: Vec<bool> = session.messages.iter().map(|message| message.complete).collect();
    assert_eq!(complete, [false, true]);
    assert_eq!(told(&session)[7..], ["tagged 2: a1 OK done", "gap 7", "NOOP: a3 NOOP", "tagged 8: a3 OK"]);
    assert!(session.warnings.contains(&Warning::Gap));
}

#[test]
fn a_gap_within_a_literal_does_not_lose_the_rest() {
    let mut wire = Wire::new(Protocol::Imap);
    wire.say(&["S: * OK\r\n", "C: a1 FETCH 1 BODY[]\r\n", "S: * 1 FETCH (BODY[] {1000}\r\nSubject: x\r\n"]);
    wire.gap(Side::Responder, 980);
    wire.say(&["S: 12345678 UID 9)\r\na1 OK\r\n"]);
    let session = wire.finish();
    assert_eq!((session.messages[0].complete, session.messages[0].uid), (false, Some(9)));
    assert_eq!(session.turns.last().unwrap().kind.response().unwrap().line, "a1 OK");
}

#[test]
fn starttls_leads_to_tls_behind_its_ok() {
    let mut wire = Wire::new(Protocol::Imap);
    wire.say(&[
        "S: * OK [CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED] ready\r\n",
        "C: a1 STARTTLS\r\n",
        "S: a1 OK begin\r\n",
        "C: \x16\x03\x01...",
        "S: \x16\x03\x03...",
    ]);
    assert_eq!(wire.reader.tls_from(Side::Initiator), Some(13));
    assert_eq!(wire.reader.tls_from(Side::Responder), Some(71));
    let session = wire.finish();
    assert_eq!((session.encryption, session.ended), (Encryption::StartTls { packet: 4 }, Ended::Tls));
    assert_eq!(told(&session)[3..], ["tls"]);
    let hidden = [("user", "hidden"), ("secret", "hidden"), ("mailboxes", "hidden")];
    assert_eq!(sights(&session)[..3], hidden);
    assert!(session.warnings.is_empty());
}

#[test]
fn what_was_decrypted_goes_on_the_session_and_was_not_readable() {
    let session = imap(&[
        "S: * OK [CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED] ready\r\n",
        "C: a1 STARTTLS\r\n",
        "S: a1 OK begin\r\n",
        "C: \x16\x03\x01...",
        "S: \x16\x03\x03...",
        "C! a2 LOGIN alice s3cret\r\n",
        "C: \x17\x03\x03...",
        "S! a2 OK in\r\n",
        "C! a3 LOGOUT\r\n",
        "S! * BYE\r\na3 OK\r\n",
    ]);
    assert_eq!((session.ended, session.turns[4].decrypted), (Ended::Logout, true));
    assert_eq!(login(&session), ("LOGIN", Some("alice"), Some("s3cret"), AuthOutcome::Accepted));
    assert!(session.warnings.is_empty(), "{:?}", session.warnings);
    assert!(sights(&session).iter().all(|(_, sight)| *sight == "hidden"));
}

#[test]
fn starttls_that_is_refused_stays_in_the_clear() {
    let session = imap(&[
        "S: * OK [CAPABILITY STARTTLS LOGINDISABLED] ready\r\n",
        "C: a1 STARTTLS\r\n",
        "S: a1 NO not now\r\n",
        "C: a2 LOGIN alice s3cret\r\n",
        "S: a2 NO [PRIVACYREQUIRED] no\r\n",
    ]);
    assert_eq!(session.encryption, Encryption::None);
    assert_eq!(
        names(&session.warnings),
        ["starttls_not_used", "login_disabled_ignored", "auth_in_the_clear"]
    );
}

#[test]
fn octets_behind_starttls_in_its_own_segment_are_an_injection() {
    let imap = imap(&["S: * OK\r\n", "C: a1 STARTTLS\r\na2 NOOP\r\n", "S: a1 OK\r\n", "C: \x16\x03\x01"]);
    let pop3 = pop3(&["S: +OK\r\n", "C: STLS\r\nNOOP\r\n", "S: +OK\r\n", "C: \x16\x03\x01"]);
    for session in [imap, pop3] {
        assert_eq!(names(&session.warnings), ["starttls_injection"]);
        assert_eq!(session.ended, Ended::Tls);
    }
}

#[test]
fn idle_is_ended_by_done_and_shows_what_came_meanwhile() {
    let session = imap(&[
        "S: * OK\r\n",
        "C: a1 IDLE\r\n",
        "S: + idling\r\n",
        "S: * 2 EXISTS\r\n",
        "C: DONE\r\n",
        "S: a1 OK done\r\n",
    ]);
    assert_eq!(
        told(&session)[1..],
        [
            "IDLE: a1 IDLE",
            "continuation 2: + idling",
            "untagged 2: * 2 EXISTS",
            "DONE: DONE",
            "tagged 2: a1 OK done"
        ]
    );
}

#[test]
fn a_header_alone_gives_its_subject_away_and_no_body() {
    let header = "Subject: hi\r\n\r\n";
    let fetch =
        format!("S: * 1 FETCH (BODY[HEADER.FIELDS (SUBJECT)] {{{}}}\r\n{header})\r\na1 OK\r\n", header.len());
    let session = imap(&["S: * OK\r\n", "C: a1 FETCH 1 BODY.PEEK[HEADER.FIELDS (SUBJECT)]\r\n", &fetch]);
    assert_eq!(session.messages[0].portion, Portion::Header);
    assert_eq!(session.messages[0].content.header.subject.as_deref(), Some("hi"));
    assert_eq!(sights(&session)[3..], [("subject", "readable"), ("body", "not_sent")]);
    assert!(session.fetched().is_empty());
}

#[test]
fn an_envelope_gives_subjects_away() {
    let session = imap(&[
        "S: * OK\r\n",
        "C: a1 FETCH 1 ENVELOPE\r\n",
        "S: * 1 FETCH (ENVELOPE (\"d\" \"hello\" NIL NIL NIL NIL NIL NIL NIL \"<m@a.test>\"))\r\na1 OK\r\n",
    ]);
    let subject = session.exposure()[3];
    assert_eq!((subject.sight, subject.packet), (Sight::Readable, Some(3)));
}

#[test]
fn flags_and_deletions_are_told_with_their_outcome() {
    let session = imap(&[
        "S: * OK\r\n",
        "C: a1 STORE 1 +FLAGS (\\Seen)\r\na2 UID STORE 4 +FLAGS (\\Deleted)\r\na3 EXPUNGE\r\na4 COPY 1 Trash\r\n",
        "S: a1 OK\r\na2 OK\r\na3 NO read-only\r\n",
    ]);
    let changes = session.changes();
    let told: Vec<_> = changes.iter().map(|change| (change.kind.name(), change.outcome.name())).collect();
    assert_eq!(
        told,
        [("marked", "done"), ("marked_deleted", "done"), ("expunged", "refused"), ("copied", "unknown")]
    );
}

#[test]
fn a_capture_of_one_side_still_shows_that_side() {
    let client = imap(&["C: a1 LOGIN alice s3cret\r\n", "C: a2 SELECT INBOX\r\n", "C: a3 LOGOUT\r\n"]);
    assert_eq!(client.turns.len(), 3);
    assert_eq!(
        (client.ended, names(&client.warnings)),
        (Ended::Logout, vec!["auth_in_the_clear", "one_sided"])
    );
    assert_eq!(login(&client).3, AuthOutcome::Unknown);
    let fetch = format!("S: * 1 FETCH (BODY[] {{{}}}\r\n{MAIL})\r\na1 OK\r\n", MAIL.len());
    let server = imap(&["S: * OK\r\n", &fetch]);
    assert_eq!((server.messages.len(), names(&server.warnings)), (1, vec!["one_sided"]));
}

#[test]
fn a_response_to_a_challenge_that_was_not_captured_is_masked() {
    let imap = imap(&["S: + \r\n", "C: AGFsaWNlAHMzY3JldA==\r\n", "S: a1 OK in\r\n"]);
    let pop3 = pop3(&["S: + \r\n", "C: AGFsaWNlAHMzY3JldA==\r\n", "S: +OK in\r\n"]);
    for session in [imap, pop3] {
        assert_eq!(told(&session)[1], "auth false");
    }
}

#[test]
fn compression_hides_the_rest() {
    let session = imap(&["S: * OK\r\n", "C: a1 COMPRESS DEFLATE\r\n", "S: a1 OK\r\n", "C: \x00\x01\n\n"]);
    assert_eq!((session.turns.len(), names(&session.warnings)), (3, vec!["compressed"]));
}

#[test]
fn inside_implicit_tls_the_greeting_comes_first() {
    let mut wire = Wire::new(Protocol::Imap);
    let first = Delivery { stream: 0, from: Side::Initiator, offset: 0, packet: 4, time: None };
    wire.reader.is_inside_tls(first);
    wire.say(&["S: * OK ready\r\n", "C: a1 LOGIN alice s3cret\r\n"]);
    wire.reader.decrypted_gap(Delivery { from: Side::Responder, offset: 12, ..first }, 100);
    let session = wire.finish();
    assert_eq!((session.encryption, session.greeting.as_deref()), (Encryption::Implicit, Some("ready")));
    assert_eq!(told(&session), ["tls", "greeting ready", "LOGIN: a1 LOGIN alice", "gap 100"]);
    assert_eq!(names(&session.warnings), ["gap"]);
}

// bounds

#[test]
fn a_long_line_is_cut_and_a_literal_at_its_end_is_still_found() {
    let long = "x".repeat(20_000);
    let fetch =
        format!("S: * 1 FETCH (BODYSTRUCTURE ({long}) BODY[] {{{}}}\r\n{MAIL})\r\na1 OK\r\n", MAIL.len());
    let session = imap(&["S: * OK\r\n", "C: a1 FETCH 1 (BODYSTRUCTURE BODY[])\r\n", &fetch]);
    assert!(session.messages[0].complete && session.warnings.contains(&Warning::LineTooLong));
    assert!(told(&session)[2].len() < 10_000);
}

#[test]
fn what_is_kept_is_bounded_and_what_is_left_out_is_counted() {
    let mut wire = Wire::new(Protocol::Imap);
    wire.say(&["S: * OK\r\n", "C: a1 FETCH 1:* FLAGS\r\n"]);
    let many = format!("S: {}", "* 1 FETCH (FLAGS ())\r\n".repeat(20_000));
    wire.say(&[&many]);
    let session = wire.finish();
    assert_eq!((session.turns.len(), session.turns_left_out), (10_000, 10_002));
}

proptest! {
    #[test]
    fn arbitrary_octets_never_panic(
        pieces in proptest::collection::vec((any::<bool>(), proptest::collection::vec(any::<u8>(), 0..60)), 0..20),
        gap in 0_u64..100,
    ) {
        for protocol in [Protocol::Imap, Protocol::Pop3] {
            let mut wire = Wire::new(protocol);
            for (from_server, octets) in &pieces {
                let from = if *from_server { Side::Responder } else { Side::Initiator };
                let offset = *wire.offsets.of(from);
                wire.reader.octets(Delivery { stream: 0, from, offset, packet: 1, time: None }, octets);
                *wire.offsets.of_mut(from) += octets.len() as u64;
                wire.gap(from, gap);
            }
            let session = wire.finish();
            session.exposure();
            session.changes();
        }
    }

    #[test]
    fn words_of_the_protocols_in_any_order_never_panic(
        said in proptest::collection::vec((any::<bool>(), 0..WORDS.len()), 0..60),
        cut in 1_usize..40,
    ) {
        for protocol in [Protocol::Imap, Protocol::Pop3] {
            let mut wire = Wire::new(protocol);
            wire.size = cut;
            for (from_server, word) in &said {
                let side = if *from_server { 'S' } else { 'C' };
                wire.say(&[&format!("{side}: {}", WORDS[*word])]);
            }
            let session = wire.finish();
            session.exposure();
            session.changes();
            session.fetched();
        }
    }
}

const WORDS: [&str; 22] = [
    "\r\n",
    "a1 ",
    "* ",
    "+ ",
    "+OK ",
    "-ERR\r\n",
    "OK\r\n",
    "LOGIN ",
    "AUTHENTICATE PLAIN\r\n",
    "{3}\r\n",
    "{0+}\r\n",
    "abc",
    "1 FETCH (",
    "BODY[] ",
    "APPEND Sent ",
    "RETR 1\r\n",
    ".\r\n",
    "STARTTLS\r\n",
    "STLS\r\n",
    "\x16\x03",
    "DONE\r\n",
    "PASS x\r\n",
];
