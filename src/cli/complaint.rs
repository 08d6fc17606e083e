//! What goes to standard error. Names of files, and what libraries say about their contents, are other
//! people's text: nothing in it reaches a terminal that the terminal could obey.

use std::fmt::Display;
use std::io::Write;

use crate::capture::FilterError;
use crate::report::escape;

/// Says what is wrong, on one line.
pub(super) fn complain(what: impl Display) {
    say(&[&what.to_string()]);
}

/// Says why nothing could be done: on one line, or on those of a filter, which show the place.
pub fn complain_of(error: &anyhow::Error) {
    let text = format!("{error:#}");
    if error.is::<FilterError>() {
        say(&text.split('\n').collect::<Vec<_>>());
    } else {
        say(&[&text]);
    }
}

/// Where standard error cannot be written, nobody is there to be told.
fn say(lines: &[&str]) {
    let mut out = String::from("layerscope: ");
    for line in lines {
        escape::push_text(&mut out, line);
        out.push('\n');
    }
    let _ = std::io::stderr().write_all(out.as_bytes());
}
