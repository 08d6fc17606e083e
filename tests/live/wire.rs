//! Interfaces that go away, signals, and the options of a live capture.

use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::lab::{LIMIT, Lab, errors, parse, read_back};

#[test]
fn an_interface_that_goes_down_and_comes_up_is_told_of_and_captured_on() {
    let (Some(lab), Some(other)) = (Lab::new(), Lab::new()) else { return };
    lab.cable(&other, "wire0");
    let watched = lab.watch(&["packets", "-i", "wire0", "-f", "arp or ip"]);
    lab.ip(&["link", "set", "wire0", "down"]);
    watched.await_error("wire0 went down");
    lab.ip(&["link", "set", "wire0", "up"]);
    other.ip(&["address", "add", "10.9.0.2/24", "dev", "wire0"]);
    lab.ip(&["address", "add", "10.9.0.1/24", "dev", "wire0"]);
    let pinged = other.command("ping").args(["-c", "3", "10.9.0.1"]).output();
    if pinged.is_ok_and(|output| output.status.success()) {
        watched.out.await_line("echo reply");
    }
    lab.ip(&["link", "delete", "wire0"]);
    // it is gone, and nothing else is left to capture on: the end, with the counts
    let (status, _, errors) = watched.end();
    assert_eq!(status, Some(1), "{errors}");
    assert!(errors.contains("wire0: ") && errors.contains("packets captured"), "{errors}");
}

#[test]
fn an_interface_that_is_gone_leaves_the_others() {
    let (Some(lab), Some(other)) = (Lab::with_server(), Lab::new()) else { return };
    lab.cable(&other, "wire0");
    let watched = lab.watch(&["smtp", "--format", "json", "-i", "wire0", "-i", "lo"]);
    lab.ip(&["link", "delete", "wire0"]);
    watched.await_error("wire0: ");
    lab.send(&["plain"]);
    watched.out.await_line("\"ended\":\"quit\"");
    let (status, _, errors) = watched.interrupt();
    assert_eq!(status, Some(1), "{errors}");
}

#[test]
fn ctrl_c_and_sigterm_end_with_the_summary_and_the_counts() {
    let Some(lab) = Lab::with_server() else { return };
    for signal in ["INT", "TERM", "HUP"] {
        let watched = lab.watch(&["overview", "-i", "lo"]);
        lab.send(&["plain"]);
        watched.signal(signal);
        let (status, out, errors) = watched.end();
        assert_eq!(status, Some(0), "{signal}: {errors}");
        assert!(out.contains("SMTP") && out.contains("alice@example.test"), "{signal}: {out}");
        let counts = errors.lines().last().unwrap();
        for part in
            ["captured", "received by the filter", "dropped by the kernel", "dropped by the interface"]
        {
            assert!(counts.contains(part), "{signal}: {errors}");
        }
    }
}

#[test]
fn a_second_ctrl_c_ends_the_program_where_it_stands() {
    let Some(lab) = Lab::new() else { return };
    let mut command = lab.layerscope();
    // records that nobody reads: the program waits for the pipe
    command.args(["packets", "-i", "lo", "--format", "json"]);
    let watched = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut flood = lab.command("/usr/bin/python3").args(["-c", FLOOD]).spawn().unwrap();
    let interrupt = || Command::new("kill").args(["-s", "INT", &watched.id().to_string()]).status().unwrap();
    std::thread::sleep(Duration::from_secs(1));
    interrupt();
    std::thread::sleep(Duration::from_millis(500));
    interrupt();
    let output = watched.wait_with_output().unwrap();
    flood.kill().unwrap();
    flood.wait().unwrap();
    assert_eq!(output.status.signal(), Some(2), "{}", errors(&output));
}

#[test]
fn a_closed_pipe_ends_a_capture_on_a_quiet_wire() {
    let Some(lab) = Lab::new() else { return };
    let mut command = lab.layerscope();
    command.args(["packets", "-i", "lo"]);
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn a_capture_ends_after_its_count_and_after_its_time() {
    let Some(lab) = Lab::with_server() else { return };
    let watched = lab.watch(&["packets", "-i", "lo", "--format", "json", "-c", "5", "-s", "60"]);
    lab.send(&["plain"]);
    let (status, out, errors) = watched.end();
    assert_eq!((status, out.lines().count()), (Some(0), 5), "{errors}");
    assert!(parse(&out).iter().all(|packet| packet["captured_length"].as_u64().unwrap() <= 60), "{out}");
    let (status, out, errors) =
        lab.watch(&["packets", "-i", "lo", "--for", "200ms", "--buffer-size", "4", "-p"]).end();
    assert_eq!((status, out.as_str()), (Some(0), ""), "{errors}");
}

/// Sends datagrams without end.
const FLOOD: &str = r"
import socket, time
out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
while True:
    for _ in range(200):
        out.sendto(b'x' * 100, ('127.0.0.1', 9999))
    time.sleep(0.01)
";

#[test]
fn a_reader_who_does_not_read_loses_rows_and_no_packets() {
    /// As many rows as no pipe takes. Each packet is saved with 188 octets: a block of 32, the frame of 142 and two
    /// of padding, its direction in 12.
    const PACKETS: u64 = 30_000;
    let Some(lab) = Lab::new() else { return };
    let saved = lab.file("flood.pcapng");
    let mut command = lab.layerscope();
    command.args(["packets", "-i", "lo", "-f", "udp", "-c", &PACKETS.to_string(), "-w"]).arg(&saved);
    let watched = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut flood = lab.command("/usr/bin/python3").args(["-c", FLOOD]).spawn().unwrap();
    let end = Instant::now() + LIMIT;
    while !std::fs::metadata(&saved).is_ok_and(|file| file.len() > 188 * PACKETS) {
        assert!(Instant::now() < end, "not all packets are saved");
        std::thread::sleep(Duration::from_millis(20));
    }
    flood.kill().unwrap();
    flood.wait().unwrap();
    let output = watched.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", errors(&output));
    let rows = crate::common::stdout(&output).lines().count() as u64 - 1;
    let told = errors(&output);
    let lost =
        told.lines().find_map(|line| line.strip_suffix(REMARK)?.rsplit(' ').next()?.parse::<u64>().ok());
    assert_eq!(rows + lost.unwrap_or(0), PACKETS, "{told}");
    assert!(lost > Some(0) && told.contains(&format!("{PACKETS} packets captured")), "{told}");
    assert_eq!(read_back("packets", &saved).len() as u64, PACKETS);
}

/// What follows the number of rows that were left out.
const REMARK: &str = " rows not shown, because they came faster than they could be written; their packets are counted, \
                      and saved where -w was given";

#[test]
fn a_filter_chooses_on_the_wire() {
    let Some(lab) = Lab::with_server() else { return };
    let watched =
        lab.watch(&["packets", "-i", "any", "--format", "json", "-f", "tcp[tcpflags] & tcp-syn != 0"]);
    lab.send(&["plain"]);
    watched.out.await_line("\"number\":2");
    let (_, out, errors) = watched.interrupt();
    assert_eq!(out.lines().count(), 2, "{out}{errors}");
}

#[test]
fn fcs_says_why_there_is_none_instead_of_an_empty_table() {
    let (Some(lab), Some(other)) = (Lab::new(), Lab::new()) else { return };
    lab.cable(&other, "wire0");
    let watched = lab.watch(&["fcs", "-i", "wire0"]);
    other.ip(&["address", "add", "10.9.0.2/24", "dev", "wire0"]);
    let (status, out, errors) = watched.interrupt();
    assert_eq!(status, Some(0), "{errors}");
    assert!(out.contains("takes") && out.contains("rx-fcs"), "{out}");
}

#[test]
fn interfaces_are_listed_with_their_addresses_and_state() {
    let (Some(lab), Some(other)) = (Lab::new(), Lab::new()) else { return };
    lab.cable(&other, "wire0");
    lab.ip(&["address", "add", "192.0.2.1/24", "dev", "wire0"]);
    lab.ip(&["link", "set", "wire0", "down"]);
    let output = lab.layerscope().args(["interfaces", "--format", "json"]).output().unwrap();
    let all = parse(&crate::common::stdout(&output));
    let find = |name: &str| all.iter().find(|record| record["name"] == name).unwrap().clone();
    let (lo, wire) = (find("lo"), find("wire0"));
    assert_eq!((&lo["loopback"], &lo["state"], &lo["fcs"]), (&true.into(), &"up".into(), &"never".into()));
    assert_eq!((&wire["state"], &wire["kind"]), (&"down".into(), &"virtual".into()));
    assert_eq!(wire["addresses"], serde_json::json!(["192.0.2.1"]));
    assert_eq!(wire["link_type"], "EN10MB");
    for format in ["table", "csv"] {
        let output = lab.layerscope().args(["interfaces", "--format", format]).output().unwrap();
        assert!(crate::common::stdout(&output).contains("wire0"), "{format}");
    }
}
