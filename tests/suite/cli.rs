//! The program as its user meets it: exit status, standard error, pipes.

use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;

use crate::common::{file, layerscope, pcap, records, records_with, run, sample, stderr, stdout};

const ARP: &[u8] = &[
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02, 0, 0, 0, 0, 1, 0x08, 0x06, 0, 1, 8, 0, 6, 4, 0, 1, 0x02, 0, 0,
    0, 0, 1, 10, 0, 0, 1, 0, 0, 0, 0, 0, 0, 10, 0, 0, 2,
];

#[test]
fn a_file_that_does_not_exist_is_one_line_with_its_name() {
    let output = run(["packets", "no-such-file.pcap"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("no-such-file.pcap"), "{}", stderr(&output));
    assert_eq!(stderr(&output).lines().count(), 1, "{}", stderr(&output));
    assert!(stdout(&output).is_empty());
}

#[test]
fn a_folder_an_empty_file_and_a_text_are_no_captures() {
    let (folder, empty) = file("empty.pcap", b"");
    let (_keep, text) = file("letter.pcap", b"Dear reader, this is no capture.");
    for path in [folder.path(), &empty, &text] {
        let output = run([path]);
        assert_eq!(output.status.code(), Some(2), "{}", path.display());
        assert!(stderr(&output).contains(&*path.to_string_lossy()), "{}", stderr(&output));
    }
}

#[test]
fn a_capture_without_packets_is_no_error() {
    let (_keep, path) = file("none.pcap", &pcap(1, &[]));
    for view in ["overview", "packets", "layers", "tcp", "smtp", "fcs"] {
        for format in ["table", "json", "csv"] {
            let output = layerscope().args([view, "--format", format]).arg(&path).output().unwrap();
            assert_eq!(output.status.code(), Some(0), "{view} {format}: {}", stderr(&output));
        }
    }
}

#[test]
fn a_capture_cut_in_mid_record_gives_what_came_before_and_names_the_damage() {
    let whole = pcap(1, &[ARP, ARP, ARP]);
    let (_keep, path) = file("cut.pcap", &whole[..whole.len() - 5]);
    let output = layerscope().args(["packets", "--format", "json"]).arg(&path).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(stdout(&output).lines().count(), 2);
    assert!(stderr(&output).contains("cut.pcap"), "{}", stderr(&output));
    // header 24, two records of 16 + 42
    assert!(stderr(&output).contains("140"), "the offset is missing: {}", stderr(&output));
}

#[test]
fn what_can_be_read_of_several_files_is_reported_though_one_is_missing() {
    let output = layerscope()
        .args(["packets", "--format", "json", "no-such-file.pcap"])
        .arg(sample("tcp-handshake.pcap"))
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(!stdout(&output).is_empty());
}

#[test]
fn a_wrong_filter_says_where_it_is_wrong() {
    let output =
        layerscope().args(["-f", "tcp and prot 25"]).arg(sample("mail-plain.pcap")).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let text = stderr(&output);
    assert!(text.contains("tcp and prot 25"), "{text}");
    assert!(text.contains('^'), "no place: {text}");
}

#[test]
fn an_unknown_value_of_an_option_is_refused_with_the_known_ones() {
    let output =
        layerscope().args(["packets", "--format", "xml"]).arg(sample("mail-plain.pcap")).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("json"), "{}", stderr(&output));
}

#[test]
fn nothing_named_is_a_usage_error() {
    assert_eq!(run(["packets"]).status.code(), Some(2));
    assert_eq!(run::<&str>([]).status.code(), Some(2));
}

#[test]
fn files_and_the_wire_are_not_mixed() {
    let path = sample("mail-plain.pcap");
    let path = path.to_str().unwrap();
    for (words, told) in [
        (&["packets", "-i", "lo", path][..], "not both"),
        (&["packets", path, "--", "true"], "not both"),
        (&["packets", "--for", "3s", path], "--for"),
        (&["packets", "--snaplen", "96", path], "--snapshot-length"),
        (&["packets", "--for", "soon", "-i", "lo"], "30s"),
        (&["packets", "--snaplen", "0", "-i", "lo"], "262144"),
    ] {
        let output = run(words);
        assert_eq!(output.status.code(), Some(2), "{words:?}");
        assert!(stderr(&output).contains(told), "{words:?}: {}", stderr(&output));
    }
}

#[test]
fn interfaces_are_listed_without_any_rights() {
    let schema: serde_json::Value = serde_json::from_str(&stdout(&run(["schema"]))).unwrap();
    let schema = jsonschema::validator_for(&schema).unwrap();
    let output = run(["interfaces", "--format", "json"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    for line in stdout(&output).lines() {
        let record: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(record["record"], "interface");
        assert!(schema.is_valid(&record), "{line}");
    }
    assert_eq!(run(["interfaces", "--lang", "zh"]).status.code(), Some(0));
}

#[test]
fn every_view_has_examples_in_its_help() {
    for view in ["overview", "packets", "layers", "tcp", "smtp", "fcs", "interfaces"] {
        let output = run([view, "--help"]);
        assert_eq!(output.status.code(), Some(0));
        assert!(stdout(&output).contains("Examples:\n  layerscope"), "{view}");
    }
}

#[test]
fn a_closed_pipe_is_success() {
    for format in ["table", "json", "csv"] {
        let mut child = layerscope()
            .args(["packets", "--format", format])
            .args(std::iter::repeat_n(sample("http.pcap"), 200))
            .arg("--separate")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut reader = BufReader::new(child.stdout.take().unwrap());
        reader.read_line(&mut line).unwrap();
        drop(reader);
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        assert!(output.stderr.is_empty(), "{}", stderr(&output));
    }
}

#[test]
fn the_first_row_is_out_before_the_input_ends() {
    let mut child = layerscope()
        .args(["packets", "--format", "json", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(&pcap(1, &[ARP, ARP])).unwrap();
    stdin.flush().unwrap();
    let mut reader = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    reader.read_line(&mut line).unwrap();
    assert!(line.contains("\"number\":1"), "{line}");
    drop(stdin);
    assert!(child.wait().unwrap().success());
}

#[test]
fn standard_input_and_the_file_give_the_same_packets() {
    let path = sample("mail-plain.pcap");
    let from_file = run(["packets".as_ref(), "--format".as_ref(), "json".as_ref(), path.as_os_str()]);
    let input = std::fs::File::open(&path).unwrap();
    let from_stdin = layerscope().args(["packets", "--format", "json", "-"]).stdin(input).output().unwrap();
    assert_eq!(stdout(&from_file), stdout(&from_stdin));
}

#[test]
fn packets_are_chosen_by_number_count_and_stream() {
    let path = sample("mail-refusals.pcap");
    let numbers = |options: &[&str]| -> Vec<u64> {
        records_with("packets", &path, options).iter().map(|r| r["number"].as_u64().unwrap()).collect()
    };
    assert_eq!(numbers(&["--packet", "2,4-5"]), [2, 4, 5]);
    assert_eq!(numbers(&["-c", "3"]), [1, 2, 3]);
    let second = records_with("packets", &path, &["--stream", "1"]);
    assert!(!second.is_empty());
    assert!(second.iter().all(|r| r["tcp"]["stream"] == 1));
    let connections = records_with("tcp", &path, &["--stream", "1"]);
    assert_eq!(connections.len(), 1);
    assert_eq!(connections[0]["stream"], 1);
}

#[test]
fn a_connection_or_a_packet_that_is_not_there_is_an_error_that_says_which_are() {
    let path = sample("mail-refusals.pcap");
    for view in ["tcp", "smtp", "packets", "layers", "overview"] {
        for (option, number, there) in
            [("--stream", "9", "3 were seen, 0 to 2"), ("--packet", "9999", "packet 9999")]
        {
            for format in ["table", "json"] {
                let output = layerscope()
                    .args([view, option, number, "--format", format])
                    .arg(&path)
                    .output()
                    .unwrap();
                assert_eq!(output.status.code(), Some(2), "{view} {option} {format}");
                assert!(stderr(&output).contains(there), "{view} {option}: {}", stderr(&output));
            }
        }
    }
    let output = layerscope().args(["smtp", "--stream", "0"]).arg(sample("http.pcap")).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(stdout(&output).contains("carries no SMTP session"), "{}", stdout(&output));
}

#[test]
fn the_rows_of_a_connection_have_the_time_that_was_asked_for() {
    let path = sample("tcp-handshake.pcap");
    let first = |time: &[&str]| -> String {
        let output =
            layerscope().env("COLUMNS", "80").args(["tcp", "--lang", "en"]).args(time).arg(&path).output();
        let text = stdout(&output.unwrap());
        let row = text.lines().find(|line| line.contains("SYN 0 ")).unwrap().to_owned();
        row.split_whitespace().nth(1).unwrap().to_owned()
    };
    let start = records("tcp", &path)[0]["start"].as_str().unwrap().to_owned();
    assert_eq!(first(&["--time", "utc"]), start[11..26]);
    assert!(first(&["--time", "epoch"]).len() == "1434132245.123456".len());
    assert_eq!(first(&[]), "0.000");
    assert_eq!(first(&["--time", "relative"]), "0.000");
}

#[test]
fn a_filter_keeps_the_numbers_of_the_capture() {
    let path = sample("mail-plain.pcap");
    let all = records("packets", &path);
    let some = records_with("packets", &path, &["-f", "tcp[tcpflags] & tcp-syn != 0"]);
    assert_eq!(some.len(), 2);
    for record in some {
        let number = record["number"].as_u64().unwrap() as usize;
        assert_eq!(record["time"], all[number - 1]["time"]);
    }
}

#[test]
fn what_was_saved_reads_back_the_same() {
    let folder = tempfile::tempdir().unwrap();
    for (name, ending) in [
        ("mail-plain.pcap", "pcapng"),
        ("mail-plain.pcap", "pcap"),
        ("nanoseconds.pcap", "pcap"),
        ("nanoseconds.pcap", "pcapng"),
        ("fcs-declared.pcap", "pcap"),
        ("fcs-declared.pcap", "pcapng"),
        ("fcs-declared.pcapng", "pcap"),
        ("two-interfaces.pcapng", "pcapng"),
        ("short-snaplen.pcap", "pcapng"),
    ] {
        let saved = folder.path().join(format!("saved.{ending}"));
        let path = sample(name);
        let output = layerscope().args(["packets", "-q", "-w"]).arg(&saved).arg(&path).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{name}: {}", stderr(&output));
        assert_eq!(records("packets", &path), records("packets", &saved), "{name} as {ending}");
        std::fs::remove_file(saved).unwrap();
    }
}

#[test]
fn a_capture_is_never_written_over_its_own_input() {
    let octets = pcap(1, &[ARP]);
    let (_keep, path) = file("own.pcap", &octets);
    let output = layerscope().args(["packets", "-w"]).arg(&path).arg(&path).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(std::fs::read(&path).unwrap(), octets);
}

#[test]
fn a_rotated_capture_is_one_and_two_views_of_one_time_are_two() {
    let rotated = run([
        "packets".into(),
        "--format".into(),
        "json".into(),
        sample("rotated-1.pcap"),
        sample("rotated-2.pcap"),
    ]);
    let text = stdout(&rotated);
    let numbers: Vec<u64> = text
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
        .map(|record| {
            assert_eq!(record["capture"], 1);
            record["number"].as_u64().unwrap()
        })
        .collect();
    assert!(numbers.iter().copied().eq(1..=numbers.len() as u64));
    let hops = run([
        "tcp".into(),
        "--format".into(),
        "json".into(),
        sample("mail-relayed.pcap"),
        sample("mail-relayed-second-hop.pcap"),
    ]);
    assert!(stdout(&hops).contains("\"capture\":2"));
}

#[test]
fn completions_man_page_and_schema_come_out() {
    assert!(stdout(&run(["completions", "bash"])).contains("layerscope"));
    assert!(stdout(&run(["man"])).contains(".TH"));
    let schema: serde_json::Value = serde_json::from_str(&stdout(&run(["schema"]))).unwrap();
    assert!(schema.is_object());
}

#[test]
fn a_view_behind_an_option_is_told_where_it_belongs() {
    let output = run(["--lang", "en", "smtp", sample("mail-plain.pcap").to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("smtp is a view: it comes first"), "{}", stderr(&output));
}
