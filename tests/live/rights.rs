//! What a capture has left of root's rights while it looks at other people's octets.

use std::fs;
use std::os::unix::fs::{MetadataExt, chown};
use std::process::Stdio;

use crate::lab::{Lab, Watched};

/// A user who owns nothing.
const NOBODY: &str = "65534";

/// What the kernel says of each thread of a process.
fn threads(process: u32) -> Vec<String> {
    let tasks = fs::read_dir(format!("/proc/{process}/task")).unwrap();
    tasks.map(|task| fs::read_to_string(task.unwrap().path().join("status")).unwrap()).collect()
}

fn line<'a>(status: &'a str, name: &str) -> Vec<&'a str> {
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    line.unwrap_or_else(|| panic!("no {name} in {status}")).split_whitespace().collect()
}

fn under_sudo(lab: &Lab, words: &[&str]) -> Watched {
    let mut command = lab.layerscope();
    command.args(words).envs([("SUDO_UID", NOBODY), ("SUDO_GID", NOBODY)]);
    let watched = Watched::of(command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap());
    watched.await_error("capturing on");
    watched
}

#[test]
fn while_it_captures_no_thread_has_a_right_left() {
    let Some(lab) = Lab::with_server() else { return };
    let watched = under_sudo(&lab, &["smtp", "-v", "-i", "lo", "-i", "any"]);
    lab.send(&["plain"]);
    watched.out.await_line("220 ");
    let all = threads(watched.process());
    assert!(all.len() > 2, "one captures, one looks, one writes");
    for status in &all {
        assert_eq!(line(status, "Uid:"), [NOBODY; 4]);
        for set in ["CapInh:", "CapPrm:", "CapEff:", "CapAmb:"] {
            assert_eq!(line(status, set), ["0000000000000000"], "{set}");
        }
        assert_eq!((line(status, "NoNewPrivs:"), line(status, "Seccomp:")), (vec!["1"], vec!["2"]));
    }
    let (status, out, errors) = watched.interrupt();
    assert_eq!(status, Some(0), "{errors}");
    assert!(out.contains("accepted") && errors.contains("0 dropped by the kernel"), "{out}{errors}");
}

#[test]
fn what_is_saved_belongs_to_the_user_who_called() {
    let Some(lab) = Lab::with_server() else { return };
    let nobody = NOBODY.parse().unwrap();
    chown(lab.file(""), Some(nobody), Some(nobody)).unwrap();
    let (saved, mails) = (lab.file("saved.pcapng"), lab.file("mails"));
    let words = ["smtp", "-i", "lo", "-w", saved.to_str().unwrap(), "--save", mails.to_str().unwrap()];
    let watched = under_sudo(&lab, &words);
    lab.send(&["plain"]);
    watched.out.await_line("221 Bye");
    let (status, _, errors) = watched.interrupt();
    assert_eq!(status, Some(0), "{errors}");
    let mail = fs::read_dir(&mails).unwrap().next().unwrap().unwrap().path();
    for made in [saved, mails, mail] {
        let owner = made.metadata().unwrap();
        assert_eq!((owner.uid(), owner.gid()), (nobody, nobody), "{}", made.display());
        assert!(owner.size() > 0);
    }
}

#[test]
fn a_folder_that_the_user_may_not_write_in_is_told_of_before_the_command_starts() {
    let Some(lab) = Lab::new() else { return };
    let mut command = lab.layerscope();
    let saved = lab.file("saved.pcapng");
    command.args(["tcp", "-w", saved.to_str().unwrap(), "--", "echo", "started"]);
    let output = command.envs([("SUDO_UID", NOBODY), ("SUDO_GID", NOBODY)]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(crate::lab::errors(&output).contains("the user who called sudo"));
    assert!(output.stdout.is_empty(), "the command was started");
}
