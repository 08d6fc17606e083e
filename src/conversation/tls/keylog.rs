//! The key log: secrets that a program wrote down while it spoke TLS, one a line
//! (draft-ietf-tls-keylogfile, the `SSLKEYLOGFILE` format).

use ahash::AHashMap;

/// Secrets that are kept.
const MAX_SECRETS: usize = 1 << 20;
/// Octets of a secret.
const MAX_SECRET: usize = 64;
/// Octets of a line; what is longer is no secret.
const MAX_LINE: usize = 1024;

/// The random of a ClientHello, by which a session finds its secrets.
pub type ClientRandom = [u8; 32];

/// Which secret it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Label {
    /// `CLIENT_RANDOM`: the master secret of TLS 1.2 and before.
    Master,
    /// `CLIENT_EARLY_TRAFFIC_SECRET`: what the client sends as 0-RTT.
    ClientEarly,
    /// `CLIENT_HANDSHAKE_TRAFFIC_SECRET`.
    ClientHandshake,
    /// `SERVER_HANDSHAKE_TRAFFIC_SECRET`.
    ServerHandshake,
    /// `CLIENT_TRAFFIC_SECRET_0`: what the client sends after the handshake.
    ClientTraffic,
    /// `SERVER_TRAFFIC_SECRET_0`.
    ServerTraffic,
}

impl Label {
    fn of(word: &str) -> Option<Self> {
        Some(match word {
            "CLIENT_RANDOM" => Label::Master,
            "CLIENT_EARLY_TRAFFIC_SECRET" => Label::ClientEarly,
            "CLIENT_HANDSHAKE_TRAFFIC_SECRET" => Label::ClientHandshake,
            "SERVER_HANDSHAKE_TRAFFIC_SECRET" => Label::ServerHandshake,
            "CLIENT_TRAFFIC_SECRET_0" => Label::ClientTraffic,
            "SERVER_TRAFFIC_SECRET_0" => Label::ServerTraffic,
            _ => return None,
        })
    }
}

/// A secret: at most 64 octets. Shows itself to nobody.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Secret {
    octets: [u8; MAX_SECRET],
    length: u8,
}

impl Secret {
    /// `None` where there are too many octets, or none.
    pub(super) fn new(octets: &[u8]) -> Option<Self> {
        let mut secret = Secret { octets: [0; MAX_SECRET], length: u8::try_from(octets.len()).ok()? };
        secret.octets.get_mut(..octets.len())?.copy_from_slice(octets);
        (!octets.is_empty()).then_some(secret)
    }

    /// Its octets.
    pub(super) fn octets(&self) -> &[u8] {
        self.octets.get(..usize::from(self.length)).unwrap_or_default()
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Secret({} octets)", self.length)
    }
}

/// What a key log held, line by line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Secrets that are kept.
    pub secrets: u64,
    /// Lines with a label that is of no use here (exporter secrets, and what later standards add).
    pub other_labels: u64,
    /// Lines that are no line of a key log: cut, too long, not hexadecimal.
    pub damaged: u64,
    /// Secrets beyond what is kept.
    pub too_many: u64,
}

/// All secrets that are known.
#[derive(Debug, Default)]
pub struct KeyLog {
    secrets: AHashMap<ClientRandom, Vec<(Label, Secret)>>,
    counts: Counts,
    /// A line whose end has not come.
    partial: Vec<u8>,
    /// The line is too long: it is passed over up to its end.
    overlong: bool,
    added: Vec<ClientRandom>,
}

impl KeyLog {
    /// The next octets of the file. A line counts when its end has come.
    pub fn add(&mut self, mut text: &[u8]) {
        while let Some(end) = memchr::memchr(b'\n', text) {
            let (line, rest) = (&text[..end], &text[end + 1..]);
            text = rest;
            if self.partial.is_empty() && !self.overlong {
                self.line(line);
            } else {
                self.keep(line);
                self.end_of_text();
            }
        }
        self.keep(text);
    }

    /// No more octets come: a last line without an end counts as well.
    pub fn end_of_text(&mut self) {
        let line = std::mem::take(&mut self.partial);
        if std::mem::take(&mut self.overlong) {
            self.counts.damaged += 1;
        } else {
            self.line(&line);
        }
    }

    /// What was read so far.
    pub const fn counts(&self) -> Counts {
        self.counts
    }

    /// Whether there is any secret.
    pub fn is_empty(&self) -> bool {
        self.secrets.is_empty()
    }

    /// Sessions that got a secret since this was last asked, each at least once.
    pub fn take_added(&mut self) -> Vec<ClientRandom> {
        std::mem::take(&mut self.added)
    }

    /// Whether anything is known of a session.
    pub(super) fn knows(&self, random: &ClientRandom) -> bool {
        self.secrets.contains_key(random)
    }

    /// A secret of a session.
    pub(super) fn secret(&self, random: &ClientRandom, label: Label) -> Option<Secret> {
        let of_session = self.secrets.get(random)?;
        of_session.iter().find(|(known, _)| *known == label).map(|(_, secret)| *secret)
    }

    fn keep(&mut self, part: &[u8]) {
        if self.overlong || self.partial.len() + part.len() > MAX_LINE {
            self.overlong = true;
            self.partial.clear();
        } else {
            self.partial.extend_from_slice(part);
        }
    }

    fn line(&mut self, line: &[u8]) {
        let line = line.trim_ascii();
        if line.is_empty() || line.starts_with(b"#") {
            return;
        }
        match entry(line) {
            Some((label, random, secret)) => self.secret_line(label, random, secret),
            None if is_other(line) => self.counts.other_labels += 1,
            None => self.counts.damaged += 1,
        }
    }

    fn secret_line(&mut self, label: Label, random: ClientRandom, secret: Secret) {
        if self.counts.secrets >= MAX_SECRETS as u64 {
            self.counts.too_many += 1;
            return;
        }
        let of_session = self.secrets.entry(random).or_default();
        match of_session.iter_mut().find(|(known, _)| *known == label) {
            Some(known) if known.1 == secret => return,
            // a program that speaks again with the same random corrects itself
            Some(known) => known.1 = secret,
            None => {
                of_session.push((label, secret));
                self.counts.secrets += 1;
            }
        }
        if self.added.last() != Some(&random) {
            self.added.push(random);
        }
    }
}

/// `LABEL <client random> <secret>`, both in hexadecimal.
fn entry(line: &[u8]) -> Option<(Label, ClientRandom, Secret)> {
    let text = std::str::from_utf8(line).ok().filter(|_| line.len() <= MAX_LINE)?;
    let mut words = text.split_ascii_whitespace();
    let label = Label::of(words.next()?)?;
    let random = hexadecimal(words.next()?)?.try_into().ok()?;
    let secret = hexadecimal(words.next()?)?;
    let fits = match label {
        Label::Master => secret.len() == 48,
        _ => matches!(secret.len(), 32 | 48),
    };
    (fits && words.next().is_none()).then_some(())?;
    Some((label, random, Secret::new(&secret)?))
}

/// Whether a line has the form of a key log, with a label that is not read here.
fn is_other(line: &[u8]) -> bool {
    let mut words = line.split(|octet| octet.is_ascii_whitespace()).filter(|word| !word.is_empty());
    let is_label = |word: &[u8]| {
        word.iter().all(|&octet| octet.is_ascii_uppercase() || octet.is_ascii_digit() || octet == b'_')
            && std::str::from_utf8(word).is_ok_and(|word| Label::of(word).is_none())
    };
    words.next().is_some_and(is_label) && words.clone().count() == 2 && {
        words.all(|word| word.iter().all(u8::is_ascii_hexdigit))
    }
}

fn hexadecimal(word: &str) -> Option<Vec<u8>> {
    let (pairs, rest) = word.as_bytes().as_chunks::<2>();
    let digit = |octet: u8| char::from(octet).to_digit(16);
    if !rest.is_empty() {
        return None;
    }
    pairs.iter().map(|&[high, low]| u8::try_from(digit(high)? << 4 | digit(low)?).ok()).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const RANDOM: &str = "0001020304050607080910111213141516171819202122232425262728293031";

    fn line(label: &str, octets: usize) -> String {
        format!("{label} {RANDOM} {}\n", "5a".repeat(octets))
    }

    fn random() -> ClientRandom {
        hexadecimal(RANDOM).unwrap().try_into().unwrap()
    }

    #[test]
    fn a_secret_is_found_by_the_random_of_the_hello_and_its_label() {
        let mut log = KeyLog::default();
        log.add(b"# a comment\r\n\r\n");
        log.add(line("CLIENT_TRAFFIC_SECRET_0", 32).replace('\n', "\r\n").as_bytes());
        log.add(line("EXPORTER_SECRET", 32).as_bytes());
        log.add(line("CLIENT_RANDOM", 48).as_bytes());
        assert_eq!(log.counts(), Counts { secrets: 2, other_labels: 1, ..Counts::default() });
        assert_eq!(log.secret(&random(), Label::ClientTraffic).unwrap().octets(), [0x5a; 32]);
        assert_eq!(log.secret(&random(), Label::Master).unwrap().octets(), [0x5a; 48]);
        assert_eq!(log.secret(&random(), Label::ServerTraffic), None);
        assert_eq!(log.take_added(), [random()]);
        assert!(log.take_added().is_empty());
    }

    #[test]
    fn a_damaged_line_is_counted_and_the_next_one_is_read() {
        let mut log = KeyLog::default();
        log.add(format!("CLIENT_RANDOM {RANDOM} 5a5\n").as_bytes());
        log.add(line("CLIENT_RANDOM", 47).as_bytes());
        log.add(b"CLIENT_RANDOM\n\xff\xfe\nhello, who is there?\n");
        log.add("x".repeat(5000).as_bytes());
        log.add(b"\n");
        log.add(line("CLIENT_RANDOM", 48).as_bytes());
        assert_eq!(log.counts(), Counts { secrets: 1, damaged: 6, ..Counts::default() });
    }

    #[test]
    fn a_file_that_grows_is_read_as_it_grows() {
        let text = line("SERVER_TRAFFIC_SECRET_0", 48);
        for cut in 0..text.len() {
            let mut log = KeyLog::default();
            log.add(&text.as_bytes()[..cut]);
            assert!(log.is_empty());
            log.add(&text.as_bytes()[cut..]);
            assert!(log.knows(&random()), "cut at {cut}");
        }
        let mut log = KeyLog::default();
        log.add(text.trim_end().as_bytes());
        assert!(log.is_empty());
        log.end_of_text();
        assert!(log.knows(&random()));
    }

    #[test]
    fn a_secret_is_not_printed() {
        assert_eq!(format!("{:?}", Secret::new(&[7; 32]).unwrap()), "Secret(32 octets)");
    }

    proptest! {
        #[test]
        fn arbitrary_octets_never_panic(parts in proptest::collection::vec(any::<Vec<u8>>(), 0..8)) {
            let mut log = KeyLog::default();
            parts.iter().for_each(|part| log.add(part));
            log.end_of_text();
        }
    }
}
