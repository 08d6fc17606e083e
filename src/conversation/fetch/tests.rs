use proptest::prelude::*;

use super::*;

const MAIL: &str = "Received: from a.test by b.test id Q1; Fri, 1 Jan 2027 00:00:00 +0000\r\n\
    Message-ID: <m@a.test>\r\n\r\n..dot\r\n* 1 FETCH (BODY[] {9}\r\n";

fn reader(protocol: Protocol) -> Reader {
    Reader::new(protocol, Side::Responder, PerSide::default(), true)
}

fn delivery(from: Side, offset: u64) -> Delivery {
    Delivery { stream: 0, from, offset, packet: offset, time: None }
}

/// Says it in pieces of so many octets.
fn say(reader: &mut Reader, from: Side, at: &mut u64, octets: &[u8], size: usize) {
    for piece in octets.chunks(size) {
        reader.octets(delivery(from, *at), piece);
        *at += piece.len() as u64;
    }
}

/// A message that was found.
#[derive(Debug, PartialEq)]
struct Found {
    octets: u64,
    complete: bool,
    message_id: Option<String>,
    body: Option<u64>,
    hops: usize,
}

fn found(reader: Reader) -> Vec<Found> {
    let one = |fetched: Fetched| {
        let Fetched { octets, complete, message_id, body, hops, .. } = fetched;
        Found { octets, complete, message_id, body, hops: hops.len() }
    };
    reader.finds.done.into_iter().map(one).collect()
}

#[test]
fn a_literal_is_a_message_however_it_is_cut() {
    let text =
        format!("* OK hi\r\n* 1 FETCH (FLAGS () BODY[] {{{}}}\r\n{MAIL} UID 4)\r\na1 OK\r\n", MAIL.len());
    let once = |size| {
        let mut reader = reader(Protocol::Imap);
        say(&mut reader, Side::Responder, &mut 0, text.as_bytes(), size);
        found(reader)
    };
    let whole = once(text.len());
    assert_eq!(whole.len(), 1, "what stands in a literal announces none");
    assert_eq!((whole[0].octets, whole[0].complete, whole[0].hops), (MAIL.len() as u64, true, 1));
    assert_eq!(whole[0].message_id.as_deref(), Some("m@a.test"));
    for size in 1..20 {
        assert_eq!(once(size), whole, "{size}");
    }
}

#[test]
fn the_same_mail_has_the_same_content_with_both_protocols() {
    let mut imap = reader(Protocol::Imap);
    let text = format!("* 1 FETCH (RFC822 {{{}}}\r\n{MAIL})\r\n", MAIL.len());
    say(&mut imap, Side::Responder, &mut 0, text.as_bytes(), 100);
    let expected = found(imap);
    for size in 1..20 {
        let mut pop3 = reader(Protocol::Pop3);
        let (mut client, mut server) = (0, 0);
        say(&mut pop3, Side::Responder, &mut server, b"+OK hi\r\n", size);
        say(&mut pop3, Side::Initiator, &mut client, b"UIDL\r\nRETR 1\r\nQUIT\r\n", size);
        let stuffed = MAIL.replace("\r\n.", "\r\n..");
        let text = format!("+OK\r\n1 a\r\n.\r\n+OK\r\n{stuffed}.\r\n+OK bye\r\n");
        say(&mut pop3, Side::Responder, &mut server, text.as_bytes(), size);
        assert_eq!(found(pop3), expected, "{size}");
    }
}

#[test]
fn a_gap_leaves_a_message_incomplete_and_the_next_one_is_found() {
    let mut reader = reader(Protocol::Imap);
    let text = format!("* 1 FETCH (BODY[] {{{}}}\r\n{}", MAIL.len(), &MAIL[..100]);
    let mut at = 0;
    say(&mut reader, Side::Responder, &mut at, text.as_bytes(), 1000);
    reader.gap(delivery(Side::Responder, at), 10_000);
    let text = format!("rest)\r\n* 2 FETCH (BODY[] {{{}}}\r\n{MAIL})\r\n", MAIL.len());
    say(&mut reader, Side::Responder, &mut (at + 10_000), text.as_bytes(), 1000);
    let complete: Vec<bool> = found(reader).into_iter().map(|found| found.complete).collect();
    assert_eq!(complete, [false, true]);
}

proptest! {
    #[test]
    fn arbitrary_octets_never_panic(
        pieces in proptest::collection::vec((any::<bool>(), proptest::collection::vec(any::<u8>(), 0..60)), 0..20),
        gap in 0_u64..100,
    ) {
        for protocol in [Protocol::Imap, Protocol::Pop3] {
            let mut reader = reader(protocol);
            for (at, (from_server, octets)) in pieces.iter().enumerate() {
                let from = if *from_server { Side::Responder } else { Side::Initiator };
                reader.octets(delivery(from, at as u64 * 100), octets);
                reader.gap(delivery(from, at as u64 * 100), gap);
            }
            found(reader);
        }
    }
}
