//! One message of DNS (RFC 1035 section 4, RFC 6891); multicast DNS (RFC 6762) and LLMNR (RFC 4795) have the same form.
//!
//! What is cut or breaks the rules is read as far as it goes, and the message says where that was.

mod codes;
mod data;
mod edns;
mod name;
mod octets;
mod security;
mod service;

use std::ops::Range;

pub use codes::{TypeName, class_name, opcode_name, rcode_name, svcb_key_name, type_name};
pub use data::{Data, joined};
pub use edns::{Edns, EdnsOption};
pub use name::{Name, NameFault};

use octets::u16_at;

/// Octets of the header (RFC 1035 section 4.1.1).
pub const HEADER: usize = 12;
/// Questions and records that are read of one message.
pub const MAX_RECORDS: usize = 256;
/// Octets of names that are written out of one message: compression lets a short one say much.
const MAX_NAMES: usize = 128 << 10;
/// What broke the rules in one message, at most so often.
const MAX_FAULTS: usize = 8;

/// Numbers of record types that are asked about by name in the code (RFC 1035 section 3.2.2 and its successors).
pub mod kind {
    /// An IPv4 address (RFC 1035 section 3.4.1).
    pub const A: u16 = 1;
    /// A name server (RFC 1035 section 3.3.11).
    pub const NS: u16 = 2;
    /// The name that an alias stands for (RFC 1035 section 3.3.1).
    pub const CNAME: u16 = 5;
    /// The start of a zone of authority (RFC 1035 section 3.3.13).
    pub const SOA: u16 = 6;
    /// The name that an address or a service leads to (RFC 1035 section 3.3.12).
    pub const PTR: u16 = 12;
    /// A mail exchange (RFC 1035 section 3.3.9).
    pub const MX: u16 = 15;
    /// Text (RFC 1035 section 3.3.14).
    pub const TXT: u16 = 16;
    /// An IPv6 address (RFC 3596 section 2.1).
    pub const AAAA: u16 = 28;
    /// Where a service is offered (RFC 2782).
    pub const SRV: u16 = 33;
    /// An alias for all names below a name (RFC 6672).
    pub const DNAME: u16 = 39;
    /// EDNS (RFC 6891 section 6.1).
    pub const OPT: u16 = 41;
    /// The certificate of a TLS server (RFC 6698).
    pub const TLSA: u16 = 52;
    /// How a service is reached (RFC 9460).
    pub const SVCB: u16 = 64;
    /// How a web site is reached (RFC 9460 section 9).
    pub const HTTPS: u16 = 65;
    /// Sender policy, obsolete (RFC 7208 section 3.1).
    pub const SPF: u16 = 99;
    /// What changed in a zone (RFC 1995).
    pub const IXFR: u16 = 251;
    /// A whole zone (RFC 5936).
    pub const AXFR: u16 = 252;
    /// All types that there are (RFC 1035 section 3.2.3).
    pub const ANY: u16 = 255;
}

/// The flags of the header, in the order of RFC 1035 section 4.1.1, with AD and CD of RFC 4035 section 3.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Flags(pub u16);

impl Flags {
    /// QR: it answers.
    pub const fn is_response(self) -> bool {
        self.0 & 0x8000 != 0
    }

    /// The kind of query, 4 bits.
    pub const fn opcode(self) -> u8 {
        (self.0 >> 11 & 15) as u8
    }

    /// AA: from a server with authority over the name.
    pub const fn authoritative(self) -> bool {
        self.0 & 0x0400 != 0
    }

    /// TC: longer than the transport carries.
    pub const fn truncated(self) -> bool {
        self.0 & 0x0200 != 0
    }

    /// RD: the server is asked to go on asking.
    pub const fn recursion_desired(self) -> bool {
        self.0 & 0x0100 != 0
    }

    /// RA: the server would go on asking.
    pub const fn recursion_available(self) -> bool {
        self.0 & 0x0080 != 0
    }

    /// AD: the server has verified the signatures of all that it says.
    pub const fn authentic_data(self) -> bool {
        self.0 & 0x0020 != 0
    }

    /// CD: the client verifies signatures itself.
    pub const fn checking_disabled(self) -> bool {
        self.0 & 0x0010 != 0
    }

    /// The lower four bits of the response code.
    pub const fn rcode(self) -> u8 {
        (self.0 & 15) as u8
    }
}

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// The name, as RFC 1035 section 5.1 writes it, without the last dot.
    pub name: String,
    /// The type of records.
    pub kind: u16,
    /// The class, with the upper bit that mDNS gives a meaning of its own (RFC 6762 section 5.4).
    pub class: u16,
    /// Where its name begins in the message.
    pub start: usize,
    /// Where its type begins.
    pub fixed: usize,
}

impl Question {
    /// Whether both ask the same: the case of letters does not matter (RFC 4343).
    pub fn is_same(&self, other: &Question) -> bool {
        self.kind == other.kind
            && self.class & 0x7fff == other.class & 0x7fff
            && self.name.eq_ignore_ascii_case(&other.name)
    }
}

/// The part of a message that a record stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Section {
    /// What was asked for.
    Answer,
    /// Who has authority over it.
    Authority,
    /// What may be of use as well.
    Additional,
}

impl Section {
    /// Every section, in the order of the message.
    pub const ALL: [Section; 3] = [Section::Answer, Section::Authority, Section::Additional];

    /// The name in records and texts.
    pub const fn name(self) -> &'static str {
        match self {
            Section::Answer => "answer",
            Section::Authority => "authority",
            Section::Additional => "additional",
        }
    }
}

/// One resource record (RFC 1035 section 4.1.3).
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// Where it stands.
    pub section: Section,
    /// Whom it belongs to, as [`Question::name`].
    pub name: String,
    /// Its type.
    pub kind: u16,
    /// Its class, with the upper bit that mDNS gives a meaning of its own (RFC 6762 section 10.2).
    pub class: u16,
    /// Seconds that it may be kept.
    pub ttl: u32,
    /// What it says.
    pub data: Data,
    /// Where its name begins in the message.
    pub start: usize,
    /// Where its type begins.
    pub fixed: usize,
    /// Where its data stands, as far as it was captured.
    pub place: Range<usize>,
    /// Octets of data that it says it has.
    pub data_length: u16,
}

/// Why a part of a message could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultKind {
    /// The octets end before the message does.
    Cut,
    /// A name breaks the rules.
    Name(NameFault),
    /// The data of a record is none of its type.
    Data,
    /// There are more questions or records than are read.
    TooMany,
    /// Octets behind the last record.
    Trailing,
}

impl FaultKind {
    /// The name in records and texts.
    pub const fn name(self) -> &'static str {
        match self {
            FaultKind::Cut => "message_cut",
            FaultKind::Name(NameFault::Cut) => "name_cut",
            FaultKind::Name(NameFault::Forward) => "forward_pointer",
            FaultKind::Name(NameFault::TooManyPointers) => "too_many_pointers",
            FaultKind::Name(NameFault::TooLong) => "name_too_long",
            FaultKind::Name(NameFault::LabelType) => "unknown_label_type",
            FaultKind::Data => "malformed_data",
            FaultKind::TooMany => "records_left_out",
            FaultKind::Trailing => "trailing_octets",
        }
    }
}

/// Where reading met something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    /// Counted from the first octet of the message.
    pub at: usize,
    /// What it was.
    pub kind: FaultKind,
}

/// A message, as far as it could be read.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Message {
    /// The transaction's identifier.
    pub id: u16,
    /// The flags.
    pub flags: Flags,
    /// How many questions, answers, authority and additional records it says it has.
    pub counts: [u16; 4],
    /// What is asked.
    pub questions: Vec<Question>,
    /// All records but the one of EDNS, in order.
    pub records: Vec<Record>,
    /// EDNS, where it has it.
    pub edns: Option<Edns>,
    /// What broke the rules, or was left out: the first of them.
    pub faults: Vec<Fault>,
    /// Its octets, as captured.
    pub octets: usize,
}

impl Message {
    /// Reads a message; `None` where not even its header was captured.
    pub fn read(message: &[u8]) -> Option<Self> {
        let head = message.first_chunk::<HEADER>()?;
        let number = |at: usize| u16::from_be_bytes([head[at], head[at + 1]]);
        let mut read = Self {
            id: number(0),
            flags: Flags(number(2)),
            counts: [number(4), number(6), number(8), number(10)],
            octets: message.len(),
            ..Self::default()
        };
        let end = read.questions(message).and_then(|at| read.records(message, at));
        if let Some(end) = end.filter(|&end| end < message.len()) {
            read.fault(end, FaultKind::Trailing);
        }
        Some(read)
    }

    /// The whole response code, with the upper bits that EDNS adds (RFC 6891 section 6.1.3).
    pub fn rcode(&self) -> u16 {
        let upper = self.edns.as_ref().map_or(0, |edns| edns.extended_rcode);
        u16::from(upper) << 4 | u16::from(self.flags.rcode())
    }

    /// The records of one section.
    pub fn section(&self, section: Section) -> impl Iterator<Item = &Record> {
        self.records.iter().filter(move |record| record.section == section)
    }

    /// Adds the questions; where the records begin, if all questions could be read.
    fn questions(&mut self, message: &[u8]) -> Option<usize> {
        let mut at = HEADER;
        for _ in 0..usize::from(self.counts[0]).min(MAX_RECORDS) {
            let name = self.name(message, at)?;
            let kind = u16_at(message, name.end);
            let Some((kind, class)) = kind.zip(u16_at(message, name.end + 2)) else {
                self.fault(name.end, FaultKind::Cut);
                return None;
            };
            self.questions.push(Question { name: name.text, kind, class, start: at, fixed: name.end });
            at = name.end + 4;
        }
        if usize::from(self.counts[0]) > MAX_RECORDS {
            self.fault(at, FaultKind::TooMany);
            return None;
        }
        Some(at)
    }

    /// Adds the records; where they end, if all could be read.
    fn records(&mut self, message: &[u8], mut at: usize) -> Option<usize> {
        let mut room = MAX_RECORDS;
        let mut names = MAX_NAMES;
        for (section, count) in Section::ALL.into_iter().zip([self.counts[1], self.counts[2], self.counts[3]])
        {
            for _ in 0..count {
                if room == 0 || names == 0 {
                    self.fault(at, FaultKind::TooMany);
                    return None;
                }
                at = self.record(message, at, section)?;
                room -= 1;
                names = names.saturating_sub(self.records.last().map_or(0, |record| record.name.len()));
            }
        }
        Some(at)
    }

    /// Adds the record at `at`, its data as far as it was captured; where it ends, if it does.
    fn record(&mut self, message: &[u8], at: usize, section: Section) -> Option<usize> {
        let name = self.name(message, at)?;
        let fixed = name.end;
        let Some(head) = message.get(fixed..).and_then(|rest| rest.first_chunk::<10>()) else {
            self.fault(fixed, FaultKind::Cut);
            return None;
        };
        let kind = u16::from_be_bytes([head[0], head[1]]);
        let class = u16::from_be_bytes([head[2], head[3]]);
        let ttl = u32::from_be_bytes([head[4], head[5], head[6], head[7]]);
        let data_length = u16::from_be_bytes([head[8], head[9]]);
        let begin = fixed + 10;
        let end = begin + usize::from(data_length);
        let place = begin..end.min(message.len());
        let whole = end <= message.len();
        let octets = &message[place.clone()];
        if kind == kind::OPT {
            self.edns.get_or_insert_with(|| Edns::read(class, ttl, octets, (section, at, fixed, place)));
        } else {
            let data = if whole { data::read(message, place.clone(), kind) } else { None };
            if data.is_none() && whole {
                self.fault(begin, FaultKind::Data);
            }
            let data = data.unwrap_or_else(|| Data::raw(octets, data_length));
            let name = name.text;
            self.records.push(Record {
                section,
                name,
                kind,
                class,
                ttl,
                data,
                start: at,
                fixed,
                place,
                data_length,
            });
        }
        if !whole {
            self.fault(begin, FaultKind::Cut);
        }
        whole.then_some(end)
    }

    /// The name at `at`; one that breaks the rules as far as it could be read, if it is known where it ends.
    fn name(&mut self, message: &[u8], at: usize) -> Option<Name> {
        match name::read(message, at) {
            Ok(name) => {
                if let Some(fault) = name.fault {
                    self.fault(at, FaultKind::Name(fault));
                }
                Some(name)
            }
            Err(fault) => {
                self.fault(at, FaultKind::Name(fault));
                None
            }
        }
    }

    fn fault(&mut self, at: usize, kind: FaultKind) {
        if self.faults.len() < MAX_FAULTS {
            self.faults.push(Fault { at, kind });
        }
    }
}

/// Whether octets can be a message: a kind of query that exists, and a first question whose name can begin so.
pub fn plausible(octets: &[u8]) -> bool {
    let (Some(&flags), Some(questions)) = (octets.get(2), u16_at(octets, 4)) else { return false };
    if octets.len() < HEADER || !matches!(flags >> 3 & 15, 0..=2 | 4..=6) {
        return false;
    }
    questions == 0 || octets.get(HEADER).is_none_or(|label| label & 0xc0 == 0)
}

#[cfg(test)]
pub(crate) mod tests;
