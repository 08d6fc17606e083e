//! Runs the real binary, and builds small captures.

pub(crate) mod frames;
pub(crate) mod pcapng;
pub(crate) mod talk;
pub(crate) mod wire;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

/// Every view of a capture.
pub(crate) const VIEWS: [&str; 11] =
    ["overview", "packets", "layers", "tcp", "tls", "dns", "http", "smtp", "imap", "pop3", "fcs"];

/// A capture of `samples/`.
pub(crate) fn sample(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("samples").join(name)
}

/// Every capture of `samples/`.
pub(crate) fn samples() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples");
    let mut found: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            let name = path.to_string_lossy();
            [".pcap", ".pcapng", ".pcap.gz", ".pcap.zst"].iter().any(|ending| name.ends_with(ending))
        })
        .collect();
    found.sort();
    assert!(found.len() > 50, "samples are missing");
    found
}

/// `layerscope`, in English, as wide as a small terminal.
pub(crate) fn layerscope() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_layerscope"));
    command.env("LANG", "C.UTF-8").env_remove("LC_ALL").env_remove("LC_MESSAGES").env("COLUMNS", "80");
    command
}

/// Runs it with these words.
pub(crate) fn run<S: AsRef<std::ffi::OsStr>>(words: impl IntoIterator<Item = S>) -> Output {
    layerscope().args(words).output().unwrap()
}

/// Standard output as text; must be UTF-8.
pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// Standard error as text.
pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The records that a view writes of a capture.
pub(crate) fn records(view: &str, capture: &Path) -> Vec<Value> {
    records_with(view, capture, &[])
}

/// The records that a view writes of a capture, with more options.
pub(crate) fn records_with(view: &str, capture: &Path, options: &[&str]) -> Vec<Value> {
    let output =
        layerscope().arg(view).args(["--format", "json"]).args(options).arg(capture).output().unwrap();
    assert!(output.status.code().is_some_and(|code| code < 2), "{}", stderr(&output));
    stdout(&output).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The records that a view writes of these octets, saved as `name`.
pub(crate) fn records_of(view: &str, name: &str, octets: &[u8]) -> Vec<Value> {
    let (_keep, path) = file(name, octets);
    records(view, &path)
}

/// Those of a capture with the link type Ethernet, or what stands in its place in the file header.
pub(crate) fn records_of_frames(view: &str, link_type: u32, frames: &[&[u8]]) -> Vec<Value> {
    records_of(view, "capture.pcap", &pcap(link_type, frames))
}

/// Octets of a classic pcap: microseconds, little-endian, these frames a millisecond apart.
pub(crate) fn pcap(link_type: u32, frames: &[&[u8]]) -> Vec<u8> {
    timed_pcap(link_type, frames.iter().enumerate().map(|(index, frame)| (index as u64 * 1000, *frame)))
}

/// The same with each frame's time, in microseconds.
pub(crate) fn timed_pcap<'a>(link_type: u32, frames: impl Iterator<Item = (u64, &'a [u8])>) -> Vec<u8> {
    let mut out = Vec::new();
    for word in [0xa1b2_c3d4, 0x0004_0002, 0, 0, 262_144, link_type] {
        out.extend_from_slice(&u32::to_le_bytes(word));
    }
    for (time, frame) in frames {
        let length = frame.len() as u32;
        let seconds = 1_700_000_000 + (time / 1_000_000) as u32;
        for word in [seconds, (time % 1_000_000) as u32, length, length] {
            out.extend_from_slice(&word.to_le_bytes());
        }
        out.extend_from_slice(frame);
    }
    out
}

/// A file of these octets in a folder of its own, which goes when the pair is dropped.
pub(crate) fn file(name: &str, octets: &[u8]) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, octets).unwrap();
    (folder, path)
}

/// A message as DATA carries it: dots that begin a line are doubled (RFC 5321 section 4.5.2).
pub(crate) fn stuffed(message: &[u8]) -> Vec<u8> {
    let lines = message.split_inclusive(|octet| *octet == b'\n');
    lines
        .flat_map(|line| if line.starts_with(b".") { [b".", line] } else { [&b""[..], line] })
        .flatten()
        .copied()
        .collect()
}

/// SHA-256 as records write it.
pub(crate) fn sha256(octets: &[u8]) -> String {
    use sha2::{Digest, Sha256};
    Sha256::digest(octets).iter().map(|octet| format!("{octet:02x}")).collect()
}
