use std::cell::RefCell;
use std::rc::Rc;

use proptest::prelude::*;
use sha2::{Digest, Sha256};

use super::*;

fn read(pieces: &[&[u8]]) -> Described {
    let mut reader = Reader::new(256 << 10, None);
    pieces.iter().for_each(|piece| reader.octets(piece));
    reader.finish(true)
}

/// Number, kind, type, octets of each node.
fn tree(described: &Described) -> Vec<(String, PartKind, String, u64)> {
    let row = |p: &Part| (p.number.clone(), p.kind, p.content_type.clone(), p.octets);
    described.parts.iter().map(row).collect()
}

fn sha256(octets: &[u8]) -> Option<[u8; 32]> {
    Some(Sha256::digest(octets).into())
}

const NESTED: &[u8] = b"From: a@example.test\r\nContent-Type: multipart/mixed; boundary=\"o\"\r\n\r\npreamble\r\n\
--o\r\nContent-Type: multipart/alternative; boundary=i\r\n\r\n\
--i\r\n\r\nplain\r\n--i\r\nContent-Type: text/html\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n=48i=\r\n\r\n--i--\r\nepilogue\r\n\
--o\r\nContent-Type: message/rfc822\r\nContent-Disposition: attachment; filename=m.eml\r\n\r\n\
Subject: inner\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\none\r\n--x\r\nContent-Type: image/png\r\nContent-Transfer-Encoding: BASE64\r\n\r\nAAECAw==\r\n--x--\r\n\
--o\r\nContent-Type: message/rfc822\r\n\r\nSubject: second\r\n\r\nlast\r\n\
--o--\r\nepilogue\r\n";

#[test]
fn a_tree_is_numbered_as_imap_numbers_it() {
    use PartKind::{Leaf, Message, Multipart};
    let described = read(&[NESTED]);
    let inner = b"Subject: inner\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\none\r\n--x\r\nContent-Type: image/png\r\nContent-Transfer-Encoding: BASE64\r\n\r\nAAECAw==\r\n--x--";
    let expected = [
        ("", Multipart, "multipart/mixed", 0),
        ("1", Multipart, "multipart/alternative", 0),
        ("1.1", Leaf, "text/plain", 5),
        ("1.2", Leaf, "text/html", 2),
        ("2", Message, "message/rfc822", inner.len() as u64),
        ("2", Multipart, "multipart/mixed", 0),
        ("2.1", Leaf, "text/plain", 3),
        ("2.2", Leaf, "image/png", 4),
        ("3", Message, "message/rfc822", 23),
        ("3.1", Leaf, "text/plain", 4),
    ];
    let expected = expected.map(|(n, kind, t, octets)| (n.to_owned(), kind, t.to_owned(), octets));
    assert_eq!(tree(&described), expected);
    assert!(described.parts_complete);
    assert_eq!(described.parts[4].sha256, sha256(inner));
    assert_eq!(described.parts[4].filename.as_deref(), Some("m.eml"));
    assert_eq!(described.parts[3].sha256, sha256(b"Hi"));
    assert_eq!(described.parts[7].sha256, sha256(&[0, 1, 2, 3]));
    assert_eq!(described.parts[8].sha256, sha256(b"Subject: second\r\n\r\nlast"));
    assert_eq!(described.header.subject, None);
}

#[test]
fn a_tree_is_the_same_however_its_octets_are_cut() {
    let whole = read(&[NESTED]);
    for cut in 1..NESTED.len() {
        let (one, two) = NESTED.split_at(cut);
        assert_eq!(read(&[one, two]).parts, whole.parts, "cut at {cut}");
    }
    let octets: Vec<&[u8]> = NESTED.chunks(1).collect();
    assert_eq!(read(&octets).parts, whole.parts);
}

#[test]
fn the_line_ending_before_a_delimiter_is_not_content_and_a_longer_boundary_is_another() {
    let described = read(&[
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nx\r\n--bb\r\n--b  \r\n\r\n\r\n--b--",
    ]);
    let hashes: Vec<_> = described.parts.iter().map(|part| part.sha256).collect();
    assert_eq!(hashes, [None, sha256(b"x\r\n--bb"), sha256(b"")]);
}

#[test]
fn a_message_of_one_part_is_all_content_with_its_last_line_ending() {
    let described = read(&[b"Subject: x\r\n", b"\r\nHi\r\n--b\r\n"]);
    assert_eq!(tree(&described), [("1".into(), PartKind::Leaf, "text/plain".into(), 9)]);
    assert_eq!(described.parts[0].sha256, sha256(b"Hi\r\n--b\r\n"));
    assert_eq!(read(&[b""]).parts, []);
    assert_eq!(read(&[b"Subject: x\r\n"]).parts[0].octets, 0);
    assert_eq!(read(&[b"no header\r\nat all\r\n"]).parts[0].octets, 19);
}

#[test]
fn what_lies_behind_a_gap_has_no_place_and_the_part_with_the_gap_has_no_hash() {
    let mut reader = Reader::new(256 << 10, None);
    reader.octets(b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\none\r\n--b\r\n\r\ntw");
    reader.gap();
    reader.octets(b"o\r\n--b\r\n\r\nthree\r\n--b--\r\n");
    let described = reader.finish(false);
    let shown: Vec<_> = described.parts.iter().map(|p| (p.octets, p.complete, p.sha256.is_some())).collect();
    assert_eq!(shown[1..], [(3, true, true), (2, false, false)]);
    assert!(!described.parts_complete);
}

#[test]
fn a_header_longer_than_its_bound_is_cut_and_no_part_is_guessed() {
    let long =
        [b"Subject: x\r\nX: ".as_slice(), &vec![b'y'; 1 << 20], b"\r\nContent-Type: text/html\r\n\r\nHi\r\n"];
    let described = read(&long);
    assert_eq!(described.header.subject.as_deref(), Some("x"));
    assert_eq!((described.parts.len(), described.parts_complete), (0, false));
}

#[test]
fn ten_thousand_parts_and_a_thousand_levels_are_bounded() {
    let mut many = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n".to_vec();
    many.extend(b"--b\r\nContent-Type: multipart/mixed; boundary=absent\r\n\r\nx\r\n".repeat(10_000));
    let described = read(&[&many]);
    assert!(described.parts.len() <= MAX_PARTS && !described.parts_complete);
    let deep = b"Content-Type: message/rfc822\r\n\r\n".repeat(1_000);
    let described = read(&[&deep]);
    assert_eq!(described.parts.len(), MAX_DEPTH + 1);
    assert!(!described.parts_complete);
}

#[test]
fn file_names_are_decoded_from_continuations_and_encoded_words() {
    let name = |fields: &str| {
        let text = format!("Content-Type: application/pdf{fields}\r\n\r\nx\r\n");
        read(&[text.as_bytes()]).parts[0].filename.clone().unwrap()
    };
    assert_eq!(name("; name=\"=?GB2312?B?sai82w==?=.pdf\""), "报价.pdf");
    assert_eq!(
        name(
            "\r\nContent-Disposition: attachment;\r\n filename*0*=utf-8''%E6%8A%A5;\r\n filename*1*=%E4%BB%B7.pdf"
        ),
        "报价.pdf"
    );
    assert_eq!(name("\r\nContent-Disposition: attachment; filename*=GB2312''%B1%A8%BC%DB.pdf"), "报价.pdf");
}

type Said = Rc<RefCell<Vec<String>>>;

struct Spy(Said);

impl Letter for Spy {
    fn octets(&mut self, _: &[u8]) {}

    fn part_begins(&mut self, index: usize, part: &Part) {
        self.0.borrow_mut().push(format!("{index} begins {}", part.number));
    }

    fn part_octets(&mut self, index: usize, octets: &[u8]) {
        self.0.borrow_mut().push(format!("{index} {}", String::from_utf8_lossy(octets)));
    }

    fn part_ends(&mut self, index: usize, complete: bool) {
        self.0.borrow_mut().push(format!("{index} ends {complete}"));
    }

    fn end(&mut self, complete: bool) {
        self.0.borrow_mut().push(format!("end {complete}"));
    }
}

#[test]
fn a_letter_is_told_of_each_part_and_its_octets_decoded() {
    let said = Said::default();
    let mut reader = Reader::new(256 << 10, Some(Box::new(Spy(Rc::clone(&said)))));
    reader.octets(b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b\r\n");
    reader.octets(b"Content-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\nSGk=\r\n");
    reader.finish(false);
    let expected = ["1 begins 1", "1 x", "1 ends true", "2 begins 2", "2 Hi", "2 ends false", "end false"];
    assert_eq!(*said.borrow(), expected);
}

proptest! {
    #[test]
    fn arbitrary_messages_never_panic_and_a_cut_changes_nothing(pieces in prop::collection::vec(prop_oneof![
        prop::collection::vec(any::<u8>(), 0..20),
        prop::sample::select(vec![
            b"Content-Type: multipart/mixed; boundary=b\r\n".to_vec(),
            b"Content-Type: message/rfc822\r\n".to_vec(),
            b"Content-Transfer-Encoding: base64\r\n".to_vec(),
            b"Content-Disposition: attachment; filename*0*=utf-8''%".to_vec(),
            b"Subject: =?utf-8?b?".to_vec(),
            b"Received: from".to_vec(),
            b"DKIM-Signature: d=(".to_vec(),
            b"From: <".to_vec(),
            b"Date: Mon".to_vec(),
            b"\r\n".to_vec(),
            b"\r\n--b\r\n".to_vec(),
            b"\r\n--b--\r\n".to_vec(),
        ]),
    ], 0..30), cut in 0usize..300) {
        let octets = pieces.concat();
        let (one, two) = octets.split_at(cut.min(octets.len()));
        let (whole, cut) = (read(&[&octets]), read(&[one, two]));
        prop_assert_eq!(whole.parts, cut.parts);
        prop_assert_eq!(whole.header, cut.header);
    }
}
