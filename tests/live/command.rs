//! The wire while a command runs.

use std::os::unix::fs::PermissionsExt;

use crate::common::stdout;
use crate::lab::{Lab, errors, parse, script};

#[test]
fn everything_that_a_command_sends_is_seen_and_its_output_and_status_pass_through() {
    let Some(lab) = Lab::with_server() else { return };
    let path = lab.file("send.sh");
    script(&path, "\"$@\" && echo sent && exit 7");
    let path = path.to_string_lossy().into_owned();
    let output = lab
        .layerscope()
        .args(["tcp", "--format", "json", "--", "sh", &path])
        .args(Lab::client(&["plain"]))
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(7), "{}", errors(&output));
    let text = stdout(&output);
    let (sent, records): (Vec<&str>, Vec<&str>) = text.lines().partition(|line| *line == "sent");
    assert_eq!(sent, ["sent"]);
    let [connection] = &parse(&records.join("\n"))[..] else { panic!("{text}") };
    // from the first SYN to the last ACK
    assert_eq!(connection["handshake"]["kind"], "three_way");
    assert_ne!(connection["teardown"]["kind"], "open");
    assert_eq!(connection["application"], "smtp");
    assert!(errors(&output).contains("0 dropped by the kernel"), "{}", errors(&output));
}

#[test]
fn a_commands_own_keys_open_its_mail_unless_they_are_not_wanted() {
    for (option, is_read) in [(None, true), (Some("--no-keylog"), false)] {
        let Some(lab) = Lab::with_tls_server() else { return };
        let temporary = lab.file("temporary");
        std::fs::create_dir(&temporary).unwrap();
        let output = lab
            .layerscope()
            .env("TMPDIR", &temporary)
            .args(["smtp", "--format", "json"])
            .args(option)
            .arg("--")
            .args(Lab::client(&["starttls", "auth", "plain"]))
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", errors(&output));
        let session = parse(&stdout(&output)).remove(0);
        assert_eq!(session["encryption"], "starttls");
        assert_eq!(session["decrypted"], is_read, "{session}");
        assert_eq!(session["messages"].as_array().unwrap().len(), usize::from(is_read), "{session}");
        assert!(!session.to_string().contains("AGFsaWNlAG9wZW4gc2VzYW1l"), "{session}");
        // what removes the key log does so once the program has ended
        for _ in 0..2_000 {
            if std::fs::read_dir(&temporary).unwrap().next().is_none() {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        assert!(std::fs::read_dir(&temporary).unwrap().next().is_none());
    }
}

#[test]
fn a_command_that_cannot_be_started_is_named() {
    let Some(lab) = Lab::new() else { return };
    let output = lab.layerscope().args(["--", "no-such-command"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(errors(&output).contains("no-such-command"), "{}", errors(&output));
}

#[test]
fn under_sudo_a_command_runs_as_the_user_who_called() {
    let Some(lab) = Lab::new() else { return };
    let who = |uid: &str, gid: Option<&str>| {
        let mut command = lab.layerscope();
        command.args(["packets", "-i", "lo", "--", "id", "-u"]).env("SUDO_UID", uid);
        gid.map(|gid| command.env("SUDO_GID", gid));
        command.output().unwrap()
    };
    assert!(stdout(&who("65534", Some("65534"))).starts_with("65534\n"));
    for (uid, gid) in [("65534", None), ("mallory", Some("65534")), ("-1", Some("65534"))] {
        let output = who(uid, gid);
        assert_eq!((output.status.code(), stdout(&output).as_str()), (Some(2), ""), "{}", errors(&output));
    }
}

#[test]
fn a_command_inherits_no_socket_that_hears_the_wire() {
    let Some(lab) = Lab::new() else { return };
    let output =
        lab.layerscope().args(["packets", "-i", "lo", "--", "ls", "-l", "/proc/self/fd"]).output().unwrap();
    let text = stdout(&output);
    assert!(text.contains(" 2 -> ") && !text.contains("socket:"), "{text}");
}

#[test]
fn a_signal_is_passed_on_and_the_story_is_told_all_the_same() {
    let Some(lab) = Lab::new() else { return };
    for (signal, status) in [("INT", 130), ("TERM", 143)] {
        let watched = lab.start(&["tcp", "-i", "lo", "--", "sh", "-c", "echo begun; exec sleep 600"]);
        watched.out.await_line("begun");
        watched.signal(signal);
        let (code, out, errors) = watched.end();
        assert_eq!(code, Some(status), "{errors}");
        assert!(out.contains("No TCP connection") && errors.contains("packets captured"), "{out}{errors}");
    }
}

#[test]
fn without_the_right_to_capture_the_command_that_grants_it_is_told_for_this_very_file() {
    let Some(lab) = Lab::new() else { return };
    // a place that a user without rights can read
    let program = std::env::temp_dir().join(format!("layerscope-{}", std::process::id()));
    std::fs::copy(crate::common::layerscope().get_program(), &program).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let as_nobody = |words: &[&str]| {
        let user = ["--reuid", "65534", "--regid", "65534", "--clear-groups"];
        lab.command("setpriv").args(user).arg(&program).args(words).output().unwrap()
    };
    let refused = as_nobody(&["smtp", "-i", "lo", "--", "id"]);
    let listed = as_nobody(&["interfaces", "--format", "json"]);
    std::fs::remove_file(&program).unwrap();
    assert_eq!(refused.status.code(), Some(2));
    let text = errors(&refused);
    assert!(text.contains("CAP_NET_RAW") && text.contains("reading files needs no rights"), "{text}");
    assert!(text.contains(&format!("sudo setcap cap_net_raw=ep {}\n", program.display())), "{text}");
    assert!(stdout(&refused).is_empty(), "the command was started");
    let interfaces = parse(&stdout(&listed));
    let lo = interfaces.iter().find(|record| record["name"] == "lo").unwrap();
    assert_eq!((&lo["can_capture"], &lo["missing"]), (&false.into(), &"CAP_NET_RAW".into()));
}
