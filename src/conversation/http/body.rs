//! The content of a body while it arrives: counted, hashed, its coding undone, handed on.

use std::fmt::Write;
use std::rc::Rc;

use sha2::{Digest, Sha256};

use super::decode::{Budget, Coding, DecodeLimits, Decoded, Decoder};

/// Takes the content of one body while it arrives, its transfer coding undone, and its content coding where
/// [`About::coding`] is `None`.
pub trait BodyFile {
    /// The next octets.
    fn octets(&mut self, octets: &[u8]);

    /// The content ends; `complete` where none of it is missing.
    fn end(&mut self, complete: bool);
}

/// Where contents are taken.
pub trait Bodies {
    /// The content of a body begins. `None` where nobody wants it.
    fn body(&self, about: &About<'_>) -> Option<Box<dyn BodyFile>>;
}

/// Which body it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct About<'a> {
    /// The connection.
    pub stream: u64,
    /// The exchange, from 1.
    pub exchange: u64,
    /// Whether it is the request's, not the response's.
    pub is_request: bool,
    /// The request's target, where it was seen.
    pub target: Option<&'a str>,
    /// The media type, in lower case and without parameters.
    pub content_type: Option<&'a str>,
    /// The name that a Content-Disposition field gives.
    pub file_name: Option<&'a str>,
    /// A content coding that is not undone.
    pub coding: Option<&'a str>,
}

/// What contents need that all streams share.
#[derive(Clone, Default)]
pub struct Sharing {
    limits: DecodeLimits,
    budget: Rc<Budget>,
    bodies: Option<Rc<dyn Bodies>>,
    heads_alone: bool,
}

impl Sharing {
    /// Contents are counted, and not read.
    pub fn of_heads_alone() -> Self {
        Self { heads_alone: true, ..Self::default() }
    }

    pub(super) fn reads_contents(&self) -> bool {
        !self.heads_alone
    }

    /// With these bounds; contents go to `bodies` as well, where there are any.
    pub fn new(limits: DecodeLimits, bodies: Option<Rc<dyn Bodies>>) -> Self {
        Self { limits, bodies, ..Self::default() }
    }
}

/// Takes the content of one body.
pub(super) struct Content {
    hash: Sha256,
    way: Way,
}

enum Way {
    /// As it is.
    Plain(Option<Box<dyn BodyFile>>),
    Decoded(Box<Decoder>),
}

impl Content {
    /// The content begins. `coding`: what can be undone, if anything has to be.
    pub(super) fn begin(sharing: &Sharing, about: &About<'_>, coding: Option<Coding>) -> Self {
        let file = sharing.bodies.as_ref().and_then(|bodies| bodies.body(about));
        let way = match coding {
            None => Way::Plain(file),
            Some(coding) => match Decoder::new(coding, sharing.limits, &sharing.budget, file) {
                Ok(decoder) => Way::Decoded(Box::new(decoder)),
                // too much is being decoded already: the file would hold something else than it says
                Err(file) => {
                    if let Some(mut file) = file {
                        file.end(false);
                    }
                    Way::Plain(None)
                }
            },
        };
        Self { hash: Sha256::new(), way }
    }

    pub(super) fn octets(&mut self, octets: &[u8]) {
        self.hash.update(octets);
        match &mut self.way {
            Way::Plain(Some(file)) => file.octets(octets),
            Way::Plain(None) => {}
            Way::Decoded(decoder) => decoder.octets(octets),
        }
    }

    /// Octets are missing. A file takes what comes behind them; it does not end as complete.
    pub(super) fn gap(&mut self) {
        if let Way::Decoded(decoder) = &mut self.way {
            decoder.gap();
        }
    }

    /// SHA-256 of the content, coded as it was sent, in hexadecimal, where it is complete; and what became of it with
    /// its coding undone.
    pub(super) fn finish(self, complete: bool) -> (Option<String>, Option<Decoded>) {
        let decoded = match self.way {
            Way::Plain(file) => {
                if let Some(mut file) = file {
                    file.end(complete);
                }
                None
            }
            Way::Decoded(decoder) => Some(decoder.finish(complete)),
        };
        (complete.then(|| hexadecimal(self.hash)), decoded)
    }
}

/// A finished hash in hexadecimal.
pub(super) fn hexadecimal(hash: Sha256) -> String {
    let mut out = String::with_capacity(64);
    for octet in hash.finalize() {
        let _ = write!(out, "{octet:02x}");
    }
    out
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    /// What came of each body, and whether it ended complete.
    type Sheets = Rc<RefCell<Vec<(Vec<u8>, Option<bool>)>>>;

    #[derive(Default)]
    struct Desk(Sheets);

    struct Sheet(Sheets, usize);

    impl Bodies for Desk {
        fn body(&self, _: &About<'_>) -> Option<Box<dyn BodyFile>> {
            self.0.borrow_mut().push(Default::default());
            let at = self.0.borrow().len() - 1;
            Some(Box::new(Sheet(Rc::clone(&self.0), at)))
        }
    }

    impl BodyFile for Sheet {
        fn octets(&mut self, octets: &[u8]) {
            self.0.borrow_mut()[self.1].0.extend_from_slice(octets);
        }
        fn end(&mut self, complete: bool) {
            self.0.borrow_mut()[self.1].1 = Some(complete);
        }
    }

    const ABOUT: About<'static> = About {
        stream: 0,
        exchange: 1,
        is_request: false,
        target: None,
        content_type: None,
        file_name: None,
        coding: None,
    };

    #[test]
    fn one_file_a_body_holds_what_the_reader_of_it_gets() {
        let desk = Rc::new(Desk::default());
        let sharing = Sharing::new(DecodeLimits::default(), Some(Rc::clone(&desk) as Rc<dyn Bodies>));
        let mut plain = Content::begin(&sharing, &ABOUT, None);
        plain.octets(b"hello");
        let (hash, decoded) = plain.finish(true);
        assert_eq!(decoded, None);
        assert_eq!(hash.as_deref().map(|hash| &hash[..8]), Some("2cf24dba"));
        let mut coded = Content::begin(&sharing, &ABOUT, Some(Coding::Zstd));
        coded.octets(&zstd::encode_all(&b"hello"[..], 3).unwrap());
        let (_, decoded) = coded.finish(true);
        assert_eq!(decoded.and_then(|decoded| decoded.sha256), hash);
        assert_eq!(*desk.0.borrow(), [(b"hello".to_vec(), Some(true)), (b"hello".to_vec(), Some(true))]);
    }

    #[test]
    fn what_is_missing_leaves_a_file_incomplete_and_no_hash() {
        let desk = Rc::new(Desk::default());
        let sharing = Sharing::new(DecodeLimits::default(), Some(Rc::clone(&desk) as Rc<dyn Bodies>));
        let mut plain = Content::begin(&sharing, &ABOUT, None);
        plain.octets(b"he");
        plain.gap();
        plain.octets(b"o");
        assert_eq!(plain.finish(false), (None, None));
        assert_eq!(*desk.0.borrow(), [(b"heo".to_vec(), Some(false))]);
    }
}
