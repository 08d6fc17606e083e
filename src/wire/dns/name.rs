//! Names and their compression (RFC 1035 sections 3.1, 4.1.4 and 5.1).

use std::fmt::Write;

use super::octets::u16_at;

/// Octets of a name on the wire, at most (RFC 1035 section 2.3.4).
const MAX_NAME: usize = 255;
/// Pointers followed in one name. Each leads backwards, so that none is followed twice.
const MAX_JUMPS: usize = 32;

/// What is wrong with a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NameFault {
    /// The octets end within it.
    Cut,
    /// A pointer leads to itself or forward; "a prior occurrence" is what it may lead to (RFC 1035 section 4.1.4).
    Forward,
    /// It takes more pointers than are followed.
    TooManyPointers,
    /// It has more than 255 octets.
    TooLong,
    /// The upper bits of a label's length are 01 or 10, which have no meaning (RFC 6891 section 5).
    LabelType,
}

/// A name of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    /// As zone files write it (RFC 1035 section 5.1), without the last dot; the root is `.`. What no letter, digit or
    /// other visible ASCII is becomes `\DDD`. Of a name with a fault: what could be read.
    pub text: String,
    /// Where what follows it begins.
    pub end: usize,
    /// What was met behind a pointer.
    pub fault: Option<NameFault>,
}

/// Reads the name at `at`.
///
/// # Errors
/// Where it is not known where the name ends.
pub(super) fn read(message: &[u8], at: usize) -> Result<Name, NameFault> {
    let mut text = String::new();
    let (mut cursor, mut run, mut end) = (at, at, None);
    let (mut jumps, mut length) = (0, 0);
    let fault = loop {
        match step(message, cursor) {
            Ok(Step::End) => {
                end.get_or_insert(cursor + 1);
                break None;
            }
            Ok(Step::Label(label)) => {
                length += label.len() + 1;
                if length < MAX_NAME {
                    push_label(label, &mut text);
                } else if end.is_some() {
                    break Some(NameFault::TooLong);
                }
                cursor += 1 + label.len();
            }
            Ok(Step::Pointer(target)) => {
                end.get_or_insert(cursor + 2);
                jumps += 1;
                if target >= run {
                    break Some(NameFault::Forward);
                }
                if jumps > MAX_JUMPS {
                    break Some(NameFault::TooManyPointers);
                }
                (cursor, run) = (target, target);
            }
            Err(fault) => break Some(fault),
        }
    };
    let Some(end) = end else { return Err(fault.unwrap_or(NameFault::Cut)) };
    let fault = fault.or((length >= MAX_NAME).then_some(NameFault::TooLong));
    if text.is_empty() {
        text.push('.');
    }
    Ok(Name { text, end, fault })
}

enum Step<'a> {
    End,
    Label(&'a [u8]),
    Pointer(usize),
}

fn step(message: &[u8], at: usize) -> Result<Step<'_>, NameFault> {
    let head = *message.get(at).ok_or(NameFault::Cut)?;
    match head & 0xc0 {
        0x00 if head == 0 => Ok(Step::End),
        0x00 => {
            let label = message.get(at + 1..at + 1 + usize::from(head)).ok_or(NameFault::Cut)?;
            Ok(Step::Label(label))
        }
        0xc0 => {
            let pointer = u16_at(message, at).ok_or(NameFault::Cut)?;
            Ok(Step::Pointer(usize::from(pointer & 0x3fff)))
        }
        _ => Err(NameFault::LabelType),
    }
}

fn push_label(label: &[u8], out: &mut String) {
    if !out.is_empty() {
        out.push('.');
    }
    for &octet in label {
        match octet {
            b'.' | b'\\' | b'"' | b'(' | b')' | b';' | b'@' | b'$' => out.extend(['\\', char::from(octet)]),
            0x21..=0x7e => out.push(char::from(octet)),
            _ => drop(write!(out, "\\{octet:03}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(octets: &[u8], at: usize) -> String {
        read(octets, at).unwrap().text
    }

    #[test]
    fn a_pointer_leads_to_what_stood_before() {
        let octets = b"\x07example\x04test\0\x02mx\xc0\0";
        let name = read(octets, 14).unwrap();
        assert_eq!((name.text.as_str(), name.end, name.fault), ("mx.example.test", 19, None));
        assert_eq!(text(b"\0", 0), ".");
    }

    #[test]
    fn a_pointer_that_leads_forward_ends_the_name_but_not_the_message() {
        for target in [4, 5, 40] {
            let octets = [0, 0, 0, 0, 1, b'a', 0xc0, target, 9, 9];
            let name = read(&octets, 4).unwrap();
            assert_eq!((name.text.as_str(), name.end, name.fault), ("a", 8, Some(NameFault::Forward)));
        }
    }

    #[test]
    fn a_chain_of_pointers_has_a_bound() {
        let mut octets = vec![0];
        octets.push(0);
        for target in (0..200u16).map(|index| index * 2) {
            octets.extend((0xc000 | target).to_be_bytes());
        }
        assert_eq!(read(&octets, 2).unwrap().fault, None);
        let name = read(&octets, octets.len() - 2).unwrap();
        assert_eq!((name.end, name.fault), (octets.len(), Some(NameFault::TooManyPointers)));
    }

    #[test]
    fn a_name_of_more_than_255_octets_is_cut_and_what_follows_it_is_found() {
        let mut octets = [[63; 64]; 5].concat();
        octets.push(0);
        let name = read(&octets, 0).unwrap();
        assert_eq!((name.end, name.fault), (321, Some(NameFault::TooLong)));
        assert_eq!(name.text.matches('.').count(), 2, "three labels fit");
    }

    #[test]
    fn what_is_no_plain_letter_is_escaped() {
        assert_eq!(text(b"\x05a.b\\@\x03\x07 \xff\0", 0), "a\\.b\\\\\\@.\\007\\032\\255");
    }

    #[test]
    fn a_name_that_is_cut_says_so() {
        let octets = b"\x07example\x04test\0";
        for end in 0..octets.len() {
            assert_eq!(read(&octets[..end], 0), Err(NameFault::Cut));
        }
        assert_eq!(read(&[0x40], 0), Err(NameFault::LabelType));
    }
}
