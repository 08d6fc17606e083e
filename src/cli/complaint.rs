//! What goes to standard error. Names of files, and what libraries say about their contents, are other
//! people's text: nothing in it reaches a terminal that the terminal could obey.

use std::fmt::Display;
use std::io::Write;

use crate::capture::{FilterError, LiveError};
use crate::report::escape;

/// Says what is wrong, on one line.
pub(super) fn complain(what: impl Display) {
    say([&*what.to_string()]);
}

/// Says why nothing could be done: on one line, or on those of a filter, which show the place.
pub fn complain_of(error: &anyhow::Error) {
    let text = format!("{error:#}");
    if let Some(error) = error.downcast_ref::<LiveError>().filter(|error| error.is_permission) {
        say(permission(error, &program()).iter().map(String::as_str));
    } else if error.is::<FilterError>() {
        say(text.split('\n'));
    } else {
        say([&*text]);
    }
}

/// The file of this very program, as a shell takes it for one word.
pub(super) fn program() -> String {
    let path =
        std::env::current_exe().map_or_else(|_| "layerscope".into(), |path| path.display().to_string());
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+,:@%".contains(c);
    if path.chars().all(plain) { path } else { format!("'{}'", path.replace('\'', r"'\''")) }
}

/// What is missing for capturing, and how to come by it.
fn permission(error: &LiveError, program: &str) -> Vec<String> {
    vec![
        format!("cannot capture on {}: {program} has no right to (CAP_NET_RAW is missing)", error.name),
        "  give it that right, once and for all users of this file:".to_owned(),
        format!("    sudo setcap cap_net_raw=ep {program}"),
        "  or run it with sudo; a command behind `--` still runs as you, and not as root".to_owned(),
        "  reading files needs no rights at all".to_owned(),
    ]
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
