//! What goes to standard error. Names of files, and what libraries say about their contents, are other
//! people's text: nothing in it reaches a terminal that the terminal could obey.

use std::fmt::Display;
use std::io::Write;

use crate::capture::FilterError;
use crate::report::escape;

/// Says what is wrong, on one line.
pub(super) fn complain(what: impl Display) {
    say([&*what.to_string()]);
}

/// Says why nothing could be done: on one line, or on those of a filter, which show the place.
pub fn complain_of(error: &anyhow::Error) {
    let text = format!("{error:#}");
    if error.is::<FilterError>() {
        say(text.split('\n'));
    } else {
        say([&*text]);
    }
}

/// Says what is wrong with the arguments: a file's name may have come to stand where an option was expected.
pub(super) fn complain_of_usage(error: &clap::Error) {
    let text = error.to_string();
    say(text.trim_start_matches("error: ").trim_end().split('\n'));
}

/// Where standard error cannot be written, nobody is there to be told.
fn say<'a>(lines: impl IntoIterator<Item = &'a str>) {
    let mut out = String::from("layerscope: ");
    for line in lines {
        escape::push_text(&mut out, line);
        out.push('\n');
    }
    let _ = std::io::stderr().write_all(out.as_bytes());
}
