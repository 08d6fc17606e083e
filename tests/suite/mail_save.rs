//! Messages as files: `--save DIR`.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Output;

use crate::common::talk::{CLIENT, Capture, SERVER, Talk};
use crate::common::{layerscope, stderr};

fn save(capture: &Capture, folder: &Path) -> Output {
    layerscope().arg("smtp").arg("--save").arg(folder).arg(capture.path()).output().unwrap()
}

/// A capture of these messages in one session.
fn capture(messages: &[&str]) -> Capture {
    let mut talk = Talk::smtp();
    messages.iter().for_each(|message| talk.mail(message.as_bytes(), 500));
    talk.write()
}

/// Names in a folder, in order.
fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// A message of attachments with these names.
fn attachments(names: &[&str]) -> String {
    let mut out = "Content-Type: multipart/mixed; boundary=b\r\n\r\n".to_owned();
    for name in names {
        let field = format!("Content-Disposition: attachment; filename=\"{name}\"");
        out.push_str(&format!("--b\r\nContent-Type: application/pdf\r\n{field}\r\nContent-Transfer-Encoding: base64\r\n\r\nSGk=\r\n"));
    }
    out + "--b--\r\n"
}

#[test]
fn a_message_is_saved_as_the_recipient_gets_it_and_its_attachments_decoded() {
    let message = format!("Subject: x\r\n{}", attachments(&["report.pdf"]).replace("--b--", ".dot\r\n--b--"));
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("mails");
    let output = save(&capture(&[&message]), &folder);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(names(&folder), ["c1-s0-m1-p1-report.pdf", "c1-s0-m1.eml"]);
    assert_eq!(fs::read(folder.join("c1-s0-m1.eml")).unwrap(), message.as_bytes());
    assert!(fs::read(folder.join("c1-s0-m1-p1-report.pdf")).unwrap().starts_with(b"Hi"));
    let said = stderr(&output);
    assert!(said.contains("mails") && said.contains("c1-s0-m1.eml") && said.lines().count() == 1, "{said}");
}

#[test]
fn without_the_option_nothing_is_saved_and_a_folder_within_a_folder_is_not_made() {
    let place = tempfile::tempdir().unwrap();
    let capture = capture(&["Subject: x\r\n\r\nHi\r\n"]);
    let output = layerscope().current_dir(place.path()).arg("smtp").arg(capture.path()).output().unwrap();
    assert!(output.status.success() && names(place.path()).is_empty());
    let output = save(&capture, &place.path().join("one/two"));
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("one/two"), "{}", stderr(&output));
    let output = save(&capture, capture.path());
    assert_eq!(output.status.code(), Some(2), "a file is no folder");
}

#[test]
fn hostile_names_stay_in_the_folder_and_say_what_they_are() {
    let hostile =
        ["../../etc/passwd", "/abs", "..", ".hidden", "a\x1b[2Jb.txt", "\u{202e}fdp.exe", "nul\0byte", "CON"];
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("mails");
    let output = save(&capture(&[&attachments(&hostile)]), &folder);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(names(place.path()), ["mails"]);
    let names = names(&folder);
    assert_eq!(names.len(), hostile.len() + 1, "{names:?}");
    for name in &names {
        assert!(name.starts_with("c1-s0-m1") && !name.contains(['\x1b', '\u{202e}', '\0']), "{name:?}");
    }
    assert!(names.contains(&"c1-s0-m1-p1-passwd".to_owned()), "{names:?}");
    assert!(!stderr(&output).contains(['\x1b', '\u{202e}']));
}

#[test]
fn attachments_of_one_name_are_files_of_their_own() {
    let place = tempfile::tempdir().unwrap();
    save(&capture(&[&attachments(&["a.pdf", "a.pdf"])]), place.path());
    assert_eq!(names(place.path()), ["c1-s0-m1-p1-a.pdf", "c1-s0-m1-p2-a.pdf", "c1-s0-m1.eml"]);
}

#[test]
fn nothing_is_written_over_and_no_link_is_followed() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("mails");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("c1-s0-m1.eml"), "precious").unwrap();
    symlink(place.path().join("outside"), folder.join("c1-s0-m1-p1-a.pdf")).unwrap();
    let capture = capture(&[&attachments(&["a.pdf"])]);
    save(&capture, &folder);
    save(&capture, &folder);
    assert_eq!(fs::read(folder.join("c1-s0-m1.eml")).unwrap(), b"precious");
    assert!(!place.path().join("outside").exists());
    let expected = ["c1-s0-m1-2.eml", "c1-s0-m1-3.eml", "c1-s0-m1-p1-a-2.pdf", "c1-s0-m1-p1-a-3.pdf"];
    assert_eq!(names(&folder), [&expected[..], &["c1-s0-m1-p1-a.pdf", "c1-s0-m1.eml"]].concat());
}

#[test]
fn a_message_that_is_not_whole_is_called_partial() {
    let mut talk = Talk::smtp();
    talk.begin_mail();
    let message = attachments(&["a.pdf", "b.pdf"]);
    talk.say(CLIENT, &message[..message.len() - 12]);
    let place = tempfile::tempdir().unwrap();
    let output = save(&talk.write(), place.path());
    assert_eq!(
        names(place.path()),
        ["c1-s0-m1-p1-a.pdf", "c1-s0-m1-p2-b.pdf.partial", "c1-s0-m1.partial.eml"]
    );
    assert!(stderr(&output).contains("not whole"), "{}", stderr(&output));
}

#[test]
fn a_message_within_a_message_is_saved_and_so_is_the_next_one() {
    let inner = "--b\r\nContent-Type: message/rfc822\r\n\r\nContent-Type: message/rfc822\r\n\r\nSubject: inner\r\n\r\nHi\r\n";
    let message = format!("Content-Type: multipart/mixed; boundary=b\r\n\r\n{inner}{inner}--b--\r\n");
    let place = tempfile::tempdir().unwrap();
    save(&capture(&[&message]), place.path());
    assert_eq!(names(place.path()), ["c1-s0-m1-p1-part.eml", "c1-s0-m1-p2-part.eml", "c1-s0-m1.eml"]);
}

#[test]
fn each_message_of_a_session_and_of_two_captures_has_its_number_and_one_stream_can_be_chosen() {
    let place = tempfile::tempdir().unwrap();
    let message = "Subject: x\r\n\r\nHi\r\n";
    let (one, two) = (capture(&[message, message]), capture(&[message]));
    let run = |options: &[&str], folder: &str| {
        let folder = place.path().join(folder);
        let output = layerscope()
            .args(["smtp", "--separate", "--save"])
            .arg(&folder)
            .args(options)
            .args([one.path(), two.path()])
            .output();
        assert!(output.unwrap().status.success());
        names(&folder)
    };
    assert_eq!(run(&[], "all"), ["c1-s0-m1.eml", "c1-s0-m2.eml", "c2-s1-m1.eml"]);
    assert_eq!(run(&["--stream", "1"], "one"), ["c2-s1-m1.eml"]);
}

#[test]
fn a_folder_that_fails_is_one_error_and_the_analysis_goes_on() {
    // no process may write there, not even one of root's
    let mut talk = Talk::smtp();
    talk.mail(b"Subject: x\r\n\r\nHi\r\n", 500);
    talk.mail(b"Subject: y\r\n\r\nHi\r\n", 500);
    talk.say(SERVER, "421 Bye\r\n");
    let output = save(&talk.write(), Path::new("/proc/self/fdinfo"));
    assert_eq!(output.status.code(), Some(1));
    let said = stderr(&output);
    assert_eq!(said.matches("nothing more is saved").count(), 1, "{said}");
    assert!(String::from_utf8_lossy(&output.stdout).contains("Subject: y"));
}

#[test]
fn records_go_to_standard_output_and_what_was_saved_to_standard_error() {
    let place = tempfile::tempdir().unwrap();
    let capture = capture(&["Subject: x\r\n\r\nHi\r\n"]);
    for (option, lines) in [("--verbose", 2), ("--quiet", 0)] {
        let output = layerscope()
            .args(["smtp", "--format", "json", option, "--save"])
            .args([place.path(), capture.path()])
            .output()
            .unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stdout).lines().count(), 1);
        assert_eq!(stderr(&output).lines().count(), lines, "{}", stderr(&output));
    }
}
