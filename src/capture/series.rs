//! Several files: which continue one another, and which are other points of view.

use std::collections::BTreeSet;

use super::Source;
use crate::packet::{Frame, LinkType, MacAddress, Timestamp};

/// What the user says about several files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Joining {
    /// Go by their times, and by who speaks in them.
    #[default]
    Auto,
    /// All are one capture (`--join`).
    Join,
    /// Each is a capture of its own (`--separate`).
    Separate,
}

/// From when to when a file has packets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Its earliest time.
    pub first: Timestamp,
    /// Its latest time.
    pub last: Timestamp,
}

/// The span of the packets of a source that are still to be read; `None` where none has a time. Reads the
/// source to its end, past damage.
pub fn span(source: &mut Source) -> Option<Span> {
    let mut span: Option<Span> = None;
    loop {
        match source.next_frame() {
            Ok(None) => return span,
            Ok(Some(frame)) => {
                let Some(time) = frame.time else { continue };
                let known = span.get_or_insert(Span { first: time, last: time });
                known.first = known.first.min(time);
                known.last = known.last.max(time);
            }
            Err(_) => {}
        }
    }
}

/// Pairs of stations that are remembered of one file.
const MAX_PAIRS: usize = 4096;

/// Which stations of an Ethernet speak to each other in a file. A connection that goes on in another file of the same
/// capture does so between the same two.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Neighbours {
    pairs: BTreeSet<(MacAddress, MacAddress)>,
    last: Option<(MacAddress, MacAddress)>,
    /// There are more, or frames that do not say: nothing can be ruled out.
    open: bool,
}

impl Neighbours {
    /// Looks at the addresses of a frame. Frames to groups say nothing of two.
    pub fn learn(&mut self, frame: &Frame<'_>) {
        let stations = MacAddress::from_slice(frame.octets)
            .zip(frame.octets.get(6..).and_then(MacAddress::from_slice))
            .filter(|_| frame.link_type == LinkType::ETHERNET);
        let Some((to, from)) = stations else {
            self.open = true;
            return;
        };
        let pair = (to.min(from), to.max(from));
        // a run of frames between the same two, as most are
        if to.is_group() || self.last == Some(pair) {
            return;
        }
        self.last = Some(pair);
        if self.pairs.len() < MAX_PAIRS || self.pairs.contains(&pair) {
            self.pairs.insert(pair);
        } else {
            self.open = true;
        }
    }

    /// Whether nothing speaks against both being of one capture: the same two stations speak, or one of the files does
    /// not say who does.
    fn may_continue(&self, other: &Neighbours) -> bool {
        let silent = |one: &Neighbours| one.open || one.pairs.is_empty();
        silent(self) || silent(other) || !self.pairs.is_disjoint(&other.pairs)
    }

    fn add(&mut self, other: &Neighbours) {
        self.open |= other.open || other.pairs.is_empty();
        for pair in &other.pairs {
            if self.pairs.len() >= MAX_PAIRS {
                self.open = true;
                return;
            }
            self.pairs.insert(*pair);
        }
    }
}

/// What is known of a file beforehand.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Extent {
    /// From when to when it has packets; `None` where none has a time.
    pub span: Option<Span>,
    /// Who speaks in it.
    pub neighbours: Neighbours,
}

/// A capture as far as its files are known.
struct Open {
    last: Timestamp,
    neighbours: Neighbours,
    files: Vec<usize>,
}

/// The capture number of each file, counting from 1 in the order in which the first file of each capture is named, and
/// its place among the files of that capture, counting from 0.
///
/// With [`Joining::Auto`] the order of names decides nothing else: a file continues the capture that ended last before it
/// begins, if it may go on there, that is if the same stations speak in both. One that begins before each such capture
/// has ended is another point of view. Where two captures were taken at different hosts, clocks may make them follow one
/// another by mistake; stations do not. A file without times contradicts nothing and continues the file that is named
/// before it. Times that are equal touch, they do not overlap.
pub fn assign_captures(files: &[Extent], joining: Joining) -> Vec<(u32, usize)> {
    let mut captures = match joining {
        Joining::Join => vec![(0..files.len()).collect()],
        Joining::Separate => (0..files.len()).map(|file| vec![file]).collect(),
        Joining::Auto => by_time(files),
    };
    captures.sort_by_key(|of_one: &Vec<usize>| of_one.iter().min().copied());
    let mut numbers = vec![(1, 0); files.len()];
    for (capture, of_one) in (1..).zip(&captures) {
        for (place, file) in of_one.iter().enumerate() {
            numbers[*file] = (capture, place);
        }
    }
    numbers
}

/// The files of each capture, in the order of their times.
fn by_time(files: &[Extent]) -> Vec<Vec<usize>> {
    let mut timed: Vec<(Span, usize)> =
        files.iter().enumerate().filter_map(|(index, file)| Some((file.span?, index))).collect();
    timed.sort_by_key(|(span, index)| (span.first, span.last, *index));
    let mut captures: Vec<Open> = Vec::new();
    for (span, index) in timed {
        let neighbours = &files[index].neighbours;
        let before = captures
            .iter_mut()
            .filter(|capture| capture.last <= span.first && capture.neighbours.may_continue(neighbours))
            .max_by_key(|capture| capture.last);
        match before {
            Some(capture) => {
                capture.last = span.last;
                capture.neighbours.add(neighbours);
                capture.files.push(index);
            }
            None => {
                captures.push(Open { last: span.last, neighbours: neighbours.clone(), files: vec![index] })
            }
        }
    }
    let mut captures: Vec<Vec<usize>> = captures.into_iter().map(|capture| capture.files).collect();
    for index in (0..files.len()).filter(|index| files[*index].span.is_none()) {
        // behind the file named before it, or the first capture's beginning
        let before = index.checked_sub(1);
        let place = captures.iter_mut().find_map(|of_one| {
            let at = of_one.iter().position(|file| Some(*file) == before)?;
            Some((of_one, at + 1))
        });
        match place {
            Some((of_one, at)) => of_one.insert(at, index),
            None => {
                let first = captures.iter_mut().find(|of_one| of_one.contains(&1));
                match first {
                    Some(of_one) => of_one.insert(0, index),
                    None => captures.push(vec![index]),
                }
            }
        }
    }
    captures
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file with packets from one second to another, between these stations.
    fn file(first: i64, last: i64, stations: &[(u8, u8)]) -> Extent {
        let span = Span { first: Timestamp::from_parts(first, 0), last: Timestamp::from_parts(last, 0) };
        let mac = |number: u8| MacAddress([2, 0, 0, 0, 0, number]);
        let pairs = stations.iter().map(|&(one, other)| (mac(one), mac(other))).collect();
        Extent { span: Some(span), neighbours: Neighbours { pairs, last: None, open: false } }
    }

    fn seconds(first: i64, last: i64) -> Extent {
        file(first, last, &[(1, 2)])
    }

    fn captures(files: &[Extent], joining: Joining) -> Vec<u32> {
        assign_captures(files, joining).into_iter().map(|(capture, _)| capture).collect()
    }

    #[test]
    fn a_file_that_begins_when_another_has_ended_continues_it() {
        let rotated = [seconds(0, 10), seconds(10, 20), seconds(25, 30)];
        assert_eq!(assign_captures(&rotated, Joining::Auto), [(1, 0), (1, 1), (1, 2)]);
        assert_eq!(captures(&rotated, Joining::Separate), [1, 2, 3]);
    }

    #[test]
    fn a_file_that_overlaps_all_others_is_another_point_of_view() {
        let views = [seconds(0, 10), seconds(1, 9), seconds(10, 12)];
        assert_eq!(captures(&views, Joining::Auto), [1, 2, 1]);
        assert_eq!(captures(&views, Joining::Join), [1, 1, 1]);
    }

    #[test]
    fn a_file_without_times_hides_no_overlap() {
        assert_eq!(captures(&[seconds(0, 10), Extent::default(), seconds(5, 6)], Joining::Auto), [1, 1, 2]);
        assert_eq!(captures(&[Extent::default(), Extent::default()], Joining::Auto), [1, 1]);
        assert_eq!(captures(&[Extent::default(), seconds(5, 6)], Joining::Auto), [1, 1]);
        assert_eq!(captures(&[], Joining::Auto), [0; 0]);
    }

    #[test]
    fn the_order_of_names_decides_nothing() {
        assert_eq!(assign_captures(&[seconds(10, 20), seconds(0, 9)], Joining::Auto), [(1, 1), (1, 0)]);
        let numbered = [seconds(0, 10), seconds(20, 30), seconds(10, 20)];
        assert_eq!(assign_captures(&numbered, Joining::Auto), [(1, 0), (1, 2), (1, 1)]);
    }

    #[test]
    fn files_in_which_other_stations_speak_are_of_other_places_whatever_their_clocks_say() {
        let places = [file(0, 1, &[(2, 3)]), file(2, 3, &[(1, 2)]), file(1, 4, &[(4, 5)])];
        assert_eq!(captures(&places, Joining::Auto), [1, 2, 3]);
        let one_more = [file(0, 1, &[(1, 2)]), file(2, 3, &[(1, 2), (1, 3)]), file(4, 5, &[(1, 3)])];
        assert_eq!(captures(&one_more, Joining::Auto), [1, 1, 1]);
    }

    #[test]
    fn what_is_no_ethernet_goes_by_its_times_alone() {
        let mut cooked = file(2, 3, &[]);
        cooked.neighbours.open = true;
        assert_eq!(captures(&[seconds(0, 1), cooked], Joining::Auto), [1, 1]);
    }
}
