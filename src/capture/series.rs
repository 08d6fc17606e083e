//! Several files: which continue one another, and which are other points of view.

use super::Source;
use crate::packet::Timestamp;

/// What the user says about several files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Joining {
    /// Go by their times.
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

/// The capture number of each file, counting from 1, in the order in which the files are named.
///
/// With [`Joining::Auto`], a file continues the capture of the file named before it if its first time is not
/// earlier than every time of that capture so far; a file that begins earlier overlaps it (or was named in
/// the wrong order, which must not be read as time running backwards) and gets the next number. A file
/// without times contradicts nothing and continues. Times that are equal touch, they do not overlap.
pub fn assign_captures(spans: &[Option<Span>], joining: Joining) -> Vec<u32> {
    let mut capture = 0;
    let mut last: Option<Timestamp> = None;
    let number = |span: &Option<Span>| {
        let overlaps = matches!((last, span), (Some(last), Some(span)) if span.first < last);
        let begins = match joining {
            Joining::Auto => overlaps,
            Joining::Join => false,
            Joining::Separate => true,
        };
        if capture == 0 || begins {
            capture += 1;
            last = None;
        }
        last = last.max(span.map(|s| s.last));
        capture
    };
    spans.iter().map(number).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(first: i64, last: i64) -> Option<Span> {
        Some(Span { first: Timestamp::from_parts(first, 0), last: Timestamp::from_parts(last, 0) })
    }

    #[test]
    fn a_file_that_begins_when_the_one_before_has_ended_continues_it() {
        let rotated = [seconds(0, 10), seconds(10, 20), seconds(25, 30)];
        assert_eq!(assign_captures(&rotated, Joining::Auto), [1, 1, 1]);
        assert_eq!(assign_captures(&rotated, Joining::Separate), [1, 2, 3]);
    }

    #[test]
    fn a_file_that_overlaps_the_one_before_is_another_point_of_view() {
        let views = [seconds(0, 10), seconds(1, 9), seconds(10, 12)];
        assert_eq!(assign_captures(&views, Joining::Auto), [1, 2, 2]);
        assert_eq!(assign_captures(&views, Joining::Join), [1, 1, 1]);
    }

    #[test]
    fn a_file_without_times_hides_no_overlap() {
        assert_eq!(assign_captures(&[seconds(0, 10), None, seconds(5, 6)], Joining::Auto), [1, 1, 2]);
        assert_eq!(assign_captures(&[None, None], Joining::Auto), [1, 1]);
        assert_eq!(assign_captures(&[], Joining::Auto), [0; 0]);
    }

    #[test]
    fn files_named_in_the_wrong_order_are_not_joined() {
        assert_eq!(assign_captures(&[seconds(10, 20), seconds(0, 9)], Joining::Auto), [1, 2]);
    }
}
