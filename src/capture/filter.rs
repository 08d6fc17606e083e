//! BPF filters, compiled by libpcap.

use std::ffi::{c_uint, c_void};
use std::fmt;

use pcap::{BpfProgram, Capture, Linktype};

use crate::packet::{Frame, LinkType};

/// A filter expression that libpcap does not accept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilterError {
    /// The expression.
    pub expression: String,
    /// Where in it, in characters from 0, where that can be told.
    pub position: Option<usize>,
    /// libpcap's words.
    pub reason: String,
}

impl std::error::Error for FilterError {}

impl fmt::Display for FilterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "filter: {}\n  {}", self.reason, self.expression)?;
        match self.position {
            Some(position) => write!(f, "\n  {:>width$}", "^", width = position + 1),
            None => Ok(()),
        }
    }
}

/// Link types that an expression is compiled for at once. Names in it (`port smtp`) are looked up in files of the
/// system, and once packets are being read no file may be open to that any more.
const COMMON: [LinkType; 11] = [
    LinkType::ETHERNET,
    LinkType::RAW,
    LinkType::LINUX_SLL,
    LinkType::LINUX_SLL2,
    LinkType::NULL,
    LinkType::LOOP,
    LinkType::PPP,
    LinkType::IPV4,
    LinkType::IPV6,
    // 802.11, and the same behind a radiotap header
    LinkType(105),
    LinkType(127),
];

/// A filter expression, compiled for common link types at once, and for others as they turn up.
pub struct Filter {
    expression: String,
    /// `None` where the expression makes no sense for the link type.
    programs: Vec<(LinkType, Option<BpfProgram>)>,
}

impl Filter {
    /// Checks the expression: it has to make sense on Ethernet, or at least on another common link type.
    ///
    /// # Errors
    /// When libpcap does not accept it.
    pub fn new(expression: &str) -> Result<Self, FilterError> {
        let mut programs = Vec::new();
        let mut first_refusal = None;
        for link_type in COMMON {
            match compile(expression, link_type) {
                Ok(program) => programs.push((link_type, Some(program))),
                Err(reason) => first_refusal = first_refusal.or(Some(reason)),
            }
        }
        let Some(refused) = first_refusal.filter(|_| programs.is_empty()) else {
            return Ok(Self { expression: expression.into(), programs });
        };
        let position = place(expression, &refused);
        Err(FilterError { expression: expression.into(), position, reason: refused })
    }

    /// Whether the frame passes.
    ///
    /// # Errors
    /// When the expression makes no sense for the frame's link type: told once, then such frames do not pass.
    pub fn passes(&mut self, frame: &Frame<'_>) -> Result<bool, FilterError> {
        if let Some((_, program)) = self.programs.iter().find(|(known, _)| *known == frame.link_type) {
            return Ok(program.as_ref().is_some_and(|program| matches(program, frame)));
        }
        match compile(&self.expression, frame.link_type) {
            Ok(program) => {
                let passes = matches(&program, frame);
                self.programs.push((frame.link_type, Some(program)));
                Ok(passes)
            }
            Err(reason) => {
                self.programs.push((frame.link_type, None));
                let reason = format!("{reason} (frames of link type {} do not pass)", frame.link_type);
                Err(FilterError { expression: self.expression.clone(), position: None, reason })
            }
        }
    }
}

unsafe extern "C" {
    /// libpcap's interpreter: the value that the program returns, 0 to refuse.
    fn bpf_filter(program: *const c_void, packet: *const u8, wire_length: c_uint, length: c_uint) -> c_uint;
}

/// Runs the program with both lengths: `len` and `greater` count octets on the link, loads are bounded by
/// those captured. (`BpfProgram::filter` takes one for the other.)
fn matches(program: &BpfProgram, frame: &Frame<'_>) -> bool {
    let Ok(length) = c_uint::try_from(frame.octets.len()) else { return false };
    let instructions = program.get_instructions();
    // SAFETY: the instructions were compiled by libpcap, which ends each path in a return and jumps only
    // forward and inside; the type is `struct bpf_insn` (`repr(transparent)`). They and the `length` octets
    // live as long as the call, which keeps no pointer and reads no octet at or beyond `length`.
    unsafe {
        bpf_filter(instructions.as_ptr().cast(), frame.octets.as_ptr(), frame.original_length, length) != 0
    }
}

/// Compiles for a link type; the error is libpcap's own words.
fn compile(expression: &str, link_type: LinkType) -> Result<BpfProgram, String> {
    let words = |error| match error {
        pcap::Error::PcapError(reason) => reason,
        other => other.to_string(),
    };
    Capture::dead(dlt(link_type)).map_err(words)?.compile(expression, true).map_err(words)
}

/// libpcap's number for a link type, where it is not that of capture files.
pub(super) fn dlt(link_type: LinkType) -> Linktype {
    Linktype(match link_type.0 {
        14 | 101 => 12,
        100 => 11,
        102 => 15,
        103 => 16,
        106 => 19,
        246 => 18,
        same => i32::from(same),
    })
}

/// The number in capture files for a link type of libpcap's.
pub(super) fn link_type(dlt: Linktype) -> LinkType {
    LinkType(match dlt.0 {
        12 => 101,
        11 => 100,
        15 => 102,
        16 => 103,
        19 => 106,
        18 => 246,
        same => u16::try_from(same).unwrap_or(u16::MAX),
    })
}

/// Where in the expression libpcap's refusal belongs, in characters: at the token that it quotes, or for a
/// syntax error behind the longest run of words that something could still follow.
fn place(expression: &str, reason: &str) -> Option<usize> {
    let characters = |octets: usize| expression.get(..octets).map(|before| before.chars().count());
    if !reason.contains("syntax error") {
        let token = reason.split(['\'', '"']).nth(1).filter(|token| !token.is_empty())?;
        let mut found = words(expression).filter(|(_, word)| word.trim_matches(['(', ')']) == token);
        return match (found.next(), found.next()) {
            (Some((start, word)), None) => characters(start + word.find(token).unwrap_or(0)),
            _ => None,
        };
    }
    let could_go_on = |end: usize| {
        let before = expression.get(..end).unwrap_or_default();
        ["", " tcp", " 1", ")", " tcp)", " 1)"]
            .iter()
            .any(|rest| compile(&format!("{before}{rest}"), LinkType::ETHERNET).is_ok())
    };
    let longest = words(expression)
        .map(|(start, word)| start + word.len())
        .take(64)
        .filter(|&end| could_go_on(end))
        .last();
    let behind = longest.unwrap_or(0);
    characters(
        words(expression).find(|(start, _)| *start >= behind).map_or(expression.len(), |(start, _)| start),
    )
}

/// The words of the expression and where each begins, in octets.
fn words(expression: &str) -> impl Iterator<Item = (usize, &str)> {
    expression.split_whitespace().map(|word| (word.as_ptr() as usize - expression.as_ptr() as usize, word))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packet::DeclaredFcs;

    fn frame(link_type: LinkType, octets: &[u8], original_length: u32) -> Frame<'_> {
        Frame {
            capture: 1,
            number: 1,
            time: None,
            link_type,
            interface: 0,
            original_length,
            octets,
            declared_fcs: DeclaredFcs::Unknown,
            is_outbound: false,
            comments: &[],
        }
    }

    fn position(expression: &str) -> Option<usize> {
        Filter::new(expression).err().expect("refused").position
    }

    #[test]
    fn length_means_octets_on_the_link_and_not_those_captured() {
        let cut = frame(LinkType::ETHERNET, &[0; 60], 1500);
        assert!(Filter::new("greater 1000").unwrap().passes(&cut).unwrap());
        assert!(Filter::new("len = 1500").unwrap().passes(&cut).unwrap());
        assert!(!Filter::new("ether[1000] = 0").unwrap().passes(&cut).unwrap());
        assert!(Filter::new("").unwrap().passes(&cut).unwrap());
    }

    #[test]
    fn an_expression_is_compiled_for_each_link_type() {
        let mut ip = [0; 20];
        (ip[0], ip[9]) = (0x45, 6);
        let mut ethernet = [0; 34];
        ethernet[12..14].copy_from_slice(&[8, 0]);
        ethernet[14..].copy_from_slice(&ip);
        let mut filter = Filter::new("tcp").unwrap();
        assert!(filter.passes(&frame(LinkType::ETHERNET, &ethernet, 34)).unwrap());
        assert!(filter.passes(&frame(LinkType::RAW, &ip, 20)).unwrap());
        assert!(!filter.passes(&frame(LinkType::RAW, &ethernet, 34)).unwrap());
    }

    #[test]
    fn what_makes_no_sense_for_a_link_type_is_told_once() {
        let mut filter = Filter::new("ether host 02:00:00:00:00:01").unwrap();
        let raw = frame(LinkType::RAW, &[0x45; 20], 20);
        assert!(filter.passes(&raw).unwrap_err().reason.contains("RAW"));
        assert_eq!(filter.passes(&raw), Ok(false));
    }

    #[test]
    fn an_expression_for_another_link_type_than_ethernet_is_accepted() {
        assert!(Filter::new("wlan type mgt").is_ok());
    }

    #[test]
    fn a_refusal_points_at_its_word_where_that_can_be_told() {
        assert_eq!(position("tcp and"), Some(7));
        assert_eq!(position("tcp tcp"), Some(4));
        assert_eq!(position("(tcp port 25 or) udp"), Some(13));
        assert_eq!(position("port 70000"), None);
    }

    #[test]
    fn the_caret_stands_under_the_place() {
        let error = Filter::new("tcp tcp").err().unwrap();
        assert_eq!(error.to_string().lines().last(), Some("      ^"));
    }
}
