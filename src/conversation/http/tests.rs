use std::ops::Range;

use proptest::prelude::*;

use super::*;
use crate::flow::{Connection, Delivery, RoleBasis};
use crate::packet::{Endpoint, PerSide, Side, Timestamp};

const CLIENT: Side = Side::Initiator;
const SERVER: Side = Side::Responder;

/// A conversation: each piece of one side is a packet, one millisecond after the last.
struct Talk {
    reader: Reader,
    offsets: PerSide<u64>,
    packet: u64,
    done: Vec<Exchange>,
}

impl Talk {
    fn new() -> Self {
        let reader = Reader::new(CLIENT, Limits::default(), Some(Sharing::default()));
        Self { reader, offsets: PerSide::default(), packet: 0, done: Vec::new() }
    }

    fn delivery(&mut self, from: Side, length: u64) -> Delivery {
        self.packet += 1;
        let offset = self.offsets.of_mut(from);
        let time = Some(Timestamp::from_nanos(self.packet as i64 * 1_000_000));
        let delivery = Delivery { stream: 0, from, offset: *offset, packet: self.packet, time };
        *offset += length;
        delivery
    }

    /// Says it in one packet; how many of the octets were HTTP.
    fn say(&mut self, from: Side, octets: impl AsRef<[u8]>) -> usize {
        let octets = octets.as_ref();
        let delivery = self.delivery(from, octets.len() as u64);
        let used = self.reader.octets(delivery, octets);
        self.done.extend(std::iter::from_fn(|| self.reader.take_finished()));
        used
    }

    fn lose(&mut self, from: Side, length: u64) {
        let delivery = self.delivery(from, length);
        self.reader.gap(delivery, length);
    }

    fn close(&mut self, from: Side) {
        let delivery = self.delivery(from, 0);
        self.reader.end(delivery, false);
        self.done.extend(std::iter::from_fn(|| self.reader.take_finished()));
    }

    fn finish(mut self) -> Vec<Exchange> {
        let nobody = Endpoint::new(std::net::Ipv4Addr::UNSPECIFIED.into(), 0);
        let ends = PerSide { initiator: nobody, responder: nobody };
        let connection = Connection::between(1, ends, RoleBasis::Observed);
        self.done.extend(self.reader.finish(&connection));
        self.done
    }
}

/// `GET /a 200`, with what is missing named.
fn told(exchanges: &[Exchange]) -> Vec<String> {
    let one = |exchange: &Exchange| {
        let asked = exchange.request.as_ref();
        let asked = asked.map_or("?".into(), |r| format!("{} {}", r.method, r.target.shown(false)));
        let interim =
            exchange.interim.iter().map(|response| format!(" {}", response.status)).collect::<String>();
        let answer = exchange.response.as_ref().map_or("?".into(), |response| response.status.to_string());
        format!("{asked}{interim} {answer}")
    };
    exchanges.iter().map(one).collect()
}

fn response(exchange: &Exchange) -> &Response {
    exchange.response.as_ref().unwrap()
}

fn get(target: &str) -> String {
    format!("GET {target} HTTP/1.1\r\nHost: www.example.test\r\n\r\n")
}

fn ok(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

#[test]
fn a_request_and_its_response_are_an_exchange() {
    let mut talk = Talk::new();
    talk.say(CLIENT, get("/a"));
    talk.say(SERVER, ok("hello"));
    assert_eq!(talk.done.len(), 1, "it is told of when it is over, not when the connection is");
    let exchange = &talk.done[0];
    assert_eq!(exchange.request.as_ref().unwrap().host.as_deref(), Some("www.example.test"));
    assert_eq!((exchange.wait(), exchange.transfer()), (Some(1_000_000), Some(0)));
    assert!(exchange.is_complete());
    assert_eq!((exchange.after.persists(), &exchange.warnings[..]), (Some(true), &[][..]));
    let body = &response(exchange).message.body;
    assert_eq!((body.octets, &body.sha256.as_ref().unwrap()[..8]), (5, "2cf24dba"));
}

#[test]
fn pipelined_requests_are_answered_in_their_order() {
    let mut talk = Talk::new();
    talk.say(CLIENT, get("/1") + &get("/2") + &get("/3"));
    talk.say(SERVER, ok("one") + &ok("")[..9]);
    talk.say(SERVER, &(ok("")[9..].to_owned() + &ok("three")));
    let done = talk.finish();
    assert_eq!(told(&done), ["GET /1 200", "GET /2 200", "GET /3 200"]);
    assert_eq!(done.iter().map(|one| response(one).message.body.octets).collect::<Vec<_>>(), [3, 0, 5]);
    assert_eq!(done.iter().map(|one| one.number).collect::<Vec<_>>(), [1, 2, 3]);
}

#[test]
fn the_answer_to_head_has_no_body_and_the_next_response_follows_at_once() {
    let mut talk = Talk::new();
    talk.say(CLIENT, get("/1").replace("GET", "HEAD") + &get("/2"));
    talk.say(SERVER, "HTTP/1.1 200 OK\r\nContent-Length: 512\r\n\r\nHTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n");
    talk.say(CLIENT, get("/3"));
    talk.say(SERVER, "HTTP/1.1 204 No Content\r\n\r\n");
    let done = talk.finish();
    assert_eq!(told(&done), ["HEAD /1 200", "GET /2 304", "GET /3 204"]);
    let message = &response(&done[0]).message;
    assert_eq!((message.framing, message.declared_length), (Framing::None(NoBody::Head), Some(512)));
    assert!(done.iter().all(Exchange::is_complete));
}

#[test]
fn responses_of_code_1xx_come_before_the_final_one() {
    let mut talk = Talk::new();
    talk.say(CLIENT, "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n");
    talk.say(SERVER, "HTTP/1.1 100 Continue\r\n\r\n");
    talk.say(CLIENT, "body");
    talk.say(SERVER, "HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n");
    talk.say(SERVER, ok(""));
    let done = talk.finish();
    assert_eq!(told(&done), ["POST /a 100 103 200"]);
    assert_eq!(done[0].request.as_ref().unwrap().message.body.octets, 4);
    assert_eq!(done[0].wait(), Some(2_000_000), "from the end of the request's body");
    assert!(done[0].warnings.is_empty());
}

#[test]
fn a_final_response_may_come_before_the_request_has_ended() {
    let mut talk = Talk::new();
    talk.say(CLIENT, "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbo");
    talk.say(SERVER, "HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n");
    talk.say(CLIENT, "dy");
    talk.say(CLIENT, get("/b"));
    talk.say(SERVER, ok(""));
    let done = talk.finish();
    assert_eq!(told(&done), ["POST /a 413", "GET /b 200"]);
    assert_eq!((done[0].warnings.as_slice(), done[0].is_complete()), (&[Warning::AnsweredEarly][..], true));
    assert_eq!(done[0].wait(), None);
}

#[test]
fn chunks_are_joined_and_their_trailer_is_kept() {
    let mut talk = Talk::new();
    talk.say(CLIENT, get("/a"));
    let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n";
    talk.say(
        SERVER,
        format!("{head}2\r\nhe\r\n3;a=b\r\nllo\r\n0\r\nX-Sum: 1\r\nCookie: c\r\n\r\n{}", ok("")),
    );
    let done = talk.finish();
    let message = &response(&done[0]).message;
    assert_eq!((message.body.octets, &message.body.chunks.sizes[..]), (5, &[2, 3][..]));
    assert_eq!(&message.body.sha256.as_ref().unwrap()[..8], "2cf24dba");
    assert!(message.body.chunks.extensions && message.trailer.len() == 2);
    assert_eq!(told(&done)[1], "? 200", "a response to no request");
}

#[test]
fn a_body_that_ends_with_the_connection_is_whole_once_it_is_closed() {
    let answer = "HTTP/1.0 200 OK\r\n\r\nhello";
    let mut talk = Talk::new();
    talk.say(CLIENT, "GET / HTTP/1.0\r\n\r\n");
    talk.say(SERVER, answer);
    talk.close(SERVER);
    let done = talk.finish();
    assert!(done[0].is_complete() && done[0].after == After::EndsBody && done[0].warnings.is_empty());

    let mut talk = Talk::new();
    talk.say(CLIENT, "GET / HTTP/1.0\r\n\r\n");
    talk.say(SERVER, answer);
    let done = talk.finish();
    assert_eq!(response(&done[0]).message.cut, Some(Cut::CaptureEnds));
    assert_eq!(response(&done[0]).message.body.sha256, None);
}

#[test]
fn a_body_shorter_than_its_length_says_so() {
    let mut talk = Talk::new();
    talk.say(CLIENT, get("/"));
    talk.say(SERVER, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello");
    talk.close(SERVER);
    let done = talk.finish();
    assert_eq!(response(&done[0]).message.cut, Some(Cut::Closed));
}

#[test]
fn whether_the_connection_stays_open_follows_from_version_and_options() {
    let after = |asked: &str, answered: &str| {
        let mut talk = Talk::new();
        talk.say(CLIENT, format!("GET / HTTP/{asked}\r\n\r\n"));
        talk.say(SERVER, format!("HTTP/{answered}\r\nContent-Length: 0\r\n\r\n"));
        talk.finish().remove(0).after
    };
    assert_eq!(after("1.1", "1.1 200 OK"), After::Persists);
    assert_eq!(after("1.1", "1.1 200 OK\r\nConnection: x, Close"), After::ServerCloses);
    assert_eq!(after("1.1\r\nConnection: close", "1.1 200 OK"), After::ClientCloses);
    assert_eq!(after("1.0", "1.0 200 OK"), After::OldVersion);
    assert_eq!(
        after("1.0\r\nConnection: keep-alive", "1.0 200 OK\r\nConnection: keep-alive"),
        After::KeptAlive
    );
}

#[test]
fn behind_connect_another_protocol_follows() {
    let mut talk = Talk::new();
    talk.say(CLIENT, "CONNECT a.test:443 HTTP/1.1\r\nHost: a.test:443\r\n\r\n");
    assert_eq!(talk.say(SERVER, "HTTP/1.1 200 Connection established\r\n\r\n\x16\x03"), 39);
    assert_eq!(talk.reader.became(), Some(&Became::Tunnel(Some("a.test:443".into()))));
    assert_eq!(talk.say(CLIENT, [22, 3, 1, 0]), 0);
    let done = talk.finish();
    assert_eq!((told(&done)[0].as_str(), &done[0].after), ("CONNECT a.test:443 200", &After::Tunnel));
    assert_eq!(done[0].request.as_ref().unwrap().form, TargetForm::Authority);

    let mut talk = Talk::new();
    talk.say(CLIENT, "CONNECT a.test:443 HTTP/1.1\r\nHost: a.test:443\r\n\r\n");
    talk.say(SERVER, "HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 2\r\n\r\nno");
    assert_eq!(talk.reader.became(), None);
}

#[test]
fn an_upgrade_names_what_follows() {
    let mut talk = Talk::new();
    talk.say(CLIENT, "GET /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
    let answer = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n";
    assert_eq!(talk.say(SERVER, format!("{answer}\u{1}\u{2}")), answer.len());
    assert_eq!(talk.reader.became(), Some(&Became::Upgraded("websocket".into())));
    assert_eq!(talk.done.len(), 1);
    // an Upgrade that the server does not take changes nothing
    let mut talk = Talk::new();
    talk.say(
        CLIENT,
        "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n\r\n",
    );
    talk.say(SERVER, ok(""));
    assert_eq!((talk.reader.became(), talk.done.len()), (None, 1));
}

#[test]
fn http_2_is_known_by_its_preface() {
    let mut talk = Talk::new();
    assert_eq!(talk.say(CLIENT, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0"), 0);
    talk.say(SERVER, [0, 0, 6, 4, 0, 0, 0, 0, 0]);
    assert_eq!(talk.reader.became(), Some(&Became::Http2));
    assert_eq!(talk.finish(), []);
}

#[test]
fn both_lengths_together_are_named_for_what_they_may_be() {
    let mut talk = Talk::new();
    let fields = "Host: a\r\nContent-Length: 6\r\nTransfer-Encoding: chunked\r\n";
    talk.say(CLIENT, format!("POST / HTTP/1.1\r\n{fields}\r\n0\r\n\r\n{}", get("/admin")));
    let done = talk.finish();
    assert_eq!(told(&done), ["POST / ?", "GET /admin ?"]);
    assert_eq!(done[0].warnings, [Warning::BothLengths]);
}

#[test]
fn a_one_sided_capture_shows_its_side() {
    let mut talk = Talk::new();
    (1..=3).for_each(|n| _ = talk.say(CLIENT, get(&format!("/{n}"))));
    assert_eq!(told(&talk.finish()), ["GET /1 ?", "GET /2 ?", "GET /3 ?"]);

    let mut talk = Talk::new();
    talk.say(SERVER, ok("one") + &ok("two"));
    // this one answered a HEAD: where its body would be, the next response begins
    talk.say(
        SERVER,
        "HTTP/1.1 404 Not Found\r\nContent-Length: 512\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    );
    let done = talk.finish();
    assert_eq!(told(&done), ["? 200", "? 200", "? 404", "? 200"]);
    assert_eq!(response(&done[2]).message.framing, Framing::None(NoBody::ProbablyHead));
}

#[test]
fn a_gap_within_a_body_of_known_length_loses_nothing_else() {
    let mut talk = Talk::new();
    talk.say(CLIENT, get("/1"));
    talk.say(SERVER, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhello");
    talk.lose(SERVER, 900);
    talk.say(SERVER, "x".repeat(95));
    talk.say(CLIENT, get("/2"));
    talk.say(SERVER, ok("two"));
    let done = talk.finish();
    assert_eq!(told(&done), ["GET /1 200", "GET /2 200"]);
    let message = &response(&done[0]).message;
    assert_eq!((message.body.octets, message.body.missing, message.cut), (100, 900, Some(Cut::GapInBody)));
    assert!(message.body.sha256.is_none() && done[1].is_complete());
}

#[test]
fn a_gap_beyond_a_body_or_in_a_head_ends_at_the_next_start_line() {
    for (begun, length) in
        [("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhello", 2000), ("HTTP/1.1 200 OK\r\nCon", 30)]
    {
        let mut talk = Talk::new();
        talk.say(CLIENT, get("/1"));
        talk.say(SERVER, begun);
        talk.lose(SERVER, length);
        talk.say(SERVER, "rest of it\nHTTP/1.1 is a protocol\n");
        talk.say(CLIENT, get("/2"));
        talk.say(SERVER, ok("two"));
        let done = talk.finish();
        assert_eq!(told(&done), ["GET /1 200", "GET /2 200"], "{begun}");
        assert!(!done[0].is_complete() && done[1].is_complete());
    }
}

#[test]
fn a_response_that_was_not_captured_does_not_shift_the_later_ones() {
    let mut talk = Talk::new();
    talk.say(CLIENT, get("/1"));
    talk.say(CLIENT, get("/2"));
    talk.lose(SERVER, 100);
    talk.say(SERVER, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
    talk.say(CLIENT, get("/3"));
    talk.say(SERVER, ok(""));
    assert_eq!(told(&talk.finish()), ["GET /1 ?", "GET /2 404", "GET /3 200"]);
}

#[test]
fn a_request_that_was_not_captured_leaves_its_response_alone() {
    let mut talk = Talk::new();
    talk.say(SERVER, "rest of a body that began before\n");
    talk.lose(CLIENT, 100);
    talk.say(SERVER, ok("one"));
    talk.say(CLIENT, get("/2"));
    talk.say(SERVER, ok("two"));
    assert_eq!(told(&talk.finish()), ["? 200", "GET /2 200"]);
}

#[test]
fn compressed_contents_are_measured_as_their_reader_gets_them() {
    use std::io::Write;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(&[b'a'; 5000]).unwrap();
    let coded = encoder.finish().unwrap();
    let answer = |fields: &str, status: u16| {
        let head = format!("HTTP/1.1 {status} OK\r\n{fields}Content-Length: {}\r\n\r\n", coded.len());
        [head.as_bytes(), &coded].concat()
    };
    let mut talk = Talk::new();
    talk.say(CLIENT, get("/1") + &get("/2") + &get("/3"));
    talk.say(SERVER, answer("Content-Encoding: gzip\r\n", 200));
    talk.say(SERVER, answer("Content-Encoding: gzip\r\n", 206));
    talk.say(SERVER, answer("Content-Type: Text/HTML; charset=\"utf-8\"\r\n", 200));
    let done = talk.finish();
    let bodies: Vec<_> = done.iter().map(|exchange| &response(exchange).message.body).collect();
    assert_eq!(bodies[0].octets, coded.len() as u64);
    assert_eq!(
        bodies[0].decoded.as_ref().map(|decoded| (decoded.octets, decoded.end)),
        Some((5000, DecodeEnd::Whole))
    );
    assert!(bodies[1].decoded.is_none() && bodies[2].decoded.is_none());
    assert_eq!(
        (bodies[2].content_type.as_deref(), bodies[2].charset.as_deref()),
        (Some("text/html"), Some("utf-8"))
    );
}

/// What of one side's text is hidden once it was said.
fn hidden(talk: &Talk, from: Side, text: &str) -> Vec<String> {
    let mut out = Vec::new();
    talk.reader.concealed(from, Some(0..text.len() as u64), text.len() as u32, &mut out);
    out.into_iter().map(|r: Range<u32>| text[r.start as usize..r.end as usize].to_owned()).collect()
}

#[test]
fn secrets_are_hidden_in_every_place_where_they_stand() {
    let request = "POST /in?token=t0k HTTP/1.1\r\nHost: a\r\nAuthorization: Basic YWxp\r\n\
        Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 28\r\n\r\nuser=alice&password=open&x=y";
    let answer = "HTTP/1.1 200 OK\r\nSet-Cookie: id=1\r\nContent-Length: 12\r\n\r\nCookie: a=b\n";
    let mut talk = Talk::new();
    talk.say(CLIENT, request);
    talk.say(SERVER, answer);
    assert_eq!(hidden(&talk, CLIENT, request), ["t0k", "Basic YWxp", "open"]);
    assert_eq!(hidden(&talk, SERVER, answer), ["id=1"]);
    assert_eq!(talk.done[0].warnings, [Warning::SecretInTarget]);
}

#[test]
fn what_has_not_been_read_is_hidden_unless_it_is_within_a_body() {
    let mut talk = Talk::new();
    talk.say(SERVER, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello");
    let at = talk.offsets.responder;
    let mut out = Vec::new();
    talk.reader.concealed(SERVER, Some(at + 2..at + 9), 7, &mut out);
    assert_eq!((out.len(), out[0].clone()), (1, 3..7), "the five octets left of the body may be shown");
}

#[test]
fn a_million_exchanges_are_handed_out_as_they_end() {
    let mut talk = Talk::new();
    for n in 0..2000 {
        talk.say(CLIENT, get(&format!("/{n}")));
        talk.say(SERVER, ok("hello"));
        assert_eq!(std::mem::take(&mut talk.done).len(), 1);
    }
    // requests alone wait, but not without a bound
    (0..1000).for_each(|_| _ = talk.say(CLIENT, get("/")));
    assert_eq!(talk.done.len(), 1000 - 256);
}

/// A conversation with all that can be in it.
fn specimen() -> [(Side, Vec<u8>); 4] {
    let request = "POST http://alice:pw@a.test/?token=1 HTTP/1.1\r\nHost: a\r\n folded\r\nCookie: c\r\n\
        Content-Type: application/x-www-form-urlencoded\r\nTransfer-Encoding: chunked\r\n\r\n\
        4;x\r\npwd=\r\n2\nab\r\n0\r\nT: v\r\n\r\n";
    let answer = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Encoding: deflate\r\n\
        Set-Cookie: s\r\nContent-Length: 13\r\n\r\n";
    let deflated = [120, 156, 203, 72, 205, 201, 201, 7, 0, 6, 44, 2, 21];
    let upgrade = "GET /c HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\r\n";
    let switched = "HTTP/1.1 101 x\r\nUpgrade: websocket\r\n\r\n\u{81}\u{2}hi";
    [
        (CLIENT, request.into()),
        (SERVER, [answer.as_bytes(), &deflated].concat()),
        (CLIENT, upgrade.into()),
        (SERVER, switched.into()),
    ]
}

/// The same without what depends on packets.
fn timeless(mut exchanges: Vec<Exchange>) -> Vec<Exchange> {
    for exchange in &mut exchanges {
        let Exchange { request, interim, response, warnings, .. } = exchange;
        warnings.retain(|warning| *warning != Warning::AnsweredEarly);
        let request = request.iter_mut().map(|request| &mut request.message);
        for message in request.chain(interim.iter_mut().chain(response).map(|response| &mut response.message))
        {
            (message.first_packet, message.last_packet, message.first_time, message.last_time) =
                (0, 0, None, None);
            (message.head_last_packet, message.body.first_packet) = (0, None);
        }
    }
    exchanges
}

#[test]
fn a_conversation_is_read_the_same_however_it_is_cut() {
    let whole = |cut: usize| {
        let mut talk = Talk::new();
        for (from, octets) in specimen() {
            octets.chunks(cut).for_each(|piece| _ = talk.say(from, piece));
        }
        timeless(talk.finish())
    };
    let expected = whole(1000);
    assert_eq!(told(&expected), ["POST http://alice:(hidden)@a.test/?token=(hidden) 100 200", "GET /c 101"]);
    let decoded = response(&expected[0]).message.body.decoded.clone().unwrap();
    assert_eq!((decoded.octets, decoded.end), (5, DecodeEnd::Whole));
    for cut in 1..300 {
        assert_eq!(whole(cut), expected, "{cut}");
    }
}

proptest! {
    #[test]
    fn arbitrary_octets_and_gaps_never_panic(
        pieces in proptest::collection::vec((any::<bool>(), proptest::collection::vec(any::<u8>(), 0..60)), 0..20),
        gap in 0_u64..100,
    ) {
        let mut talk = Talk::new();
        for (from_server, octets) in &pieces {
            let from = if *from_server { SERVER } else { CLIENT };
            talk.say(from, octets);
            talk.lose(from, gap);
        }
        talk.finish();
    }

    #[test]
    fn a_damaged_conversation_never_panics(
        cuts in proptest::collection::vec((0..200_usize, 0..3_u8, any::<u8>()), 0..8),
        size in 1..90_usize,
    ) {
        let mut talk = Talk::new();
        for (from, mut octets) in specimen() {
            for (at, _, octet) in &cuts {
                let at = at % octets.len();
                octets[at] = *octet;
            }
            for (n, piece) in octets.chunks(size).enumerate() {
                match cuts.get(n % 8) {
                    Some((length, 0, _)) => talk.lose(from, *length as u64),
                    Some((_, 1, 250..)) => talk.close(from),
                    _ => _ = talk.say(from, piece),
                }
                let mut out = Vec::new();
                talk.reader.concealed(from, Some(0..500), 500, &mut out);
                prop_assert!(out.windows(2).all(|pair| pair[0].end <= pair[1].start));
            }
        }
        talk.finish();
    }
}
