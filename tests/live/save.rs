//! Saving while capturing.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::lab::{Lab, read_back};

/// A small disk; gone with the value.
struct Disk(PathBuf);

impl Disk {
    fn new(path: PathBuf, size: &str) -> Self {
        std::fs::create_dir(&path).unwrap();
        let size = format!("size={size}");
        let mounted =
            Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(&path).status().unwrap();
        assert!(mounted.success());
        Self(path)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}

fn word(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

#[test]
fn a_full_disk_loses_nothing_that_was_written_and_is_told_of() {
    let Some(lab) = Lab::with_server() else { return };
    let disk = Disk::new(lab.file("disk"), "256k");
    for name in ["full.pcapng", "full.pcap"] {
        let saved = disk.file(name);
        let watched = lab.watch(&["tcp", "-i", "lo", "-w", &word(&saved)]);
        lab.send(&["large8000"]);
        // it ends by itself, with the summary of what was captured until then
        let (status, out, errors) = watched.end();
        assert_eq!(status, Some(1), "{errors}");
        assert!(out.contains("127.0.0.1:2525"), "{out}");
        let told = errors.lines().find(|line| line.contains("No space left on device")).unwrap();
        let packets = read_back("packets", &saved);
        assert!(
            packets.len() > 3 && told.contains(&format!("{} packets are saved", packets.len())),
            "{told}"
        );
        std::fs::remove_file(saved).unwrap();
    }
}

#[test]
fn what_was_captured_can_be_read_while_the_capture_goes_on() {
    let Some(lab) = Lab::with_server() else { return };
    let saved = lab.file("growing.pcapng");
    let watched = lab.watch(&["smtp", "--format", "json", "-i", "lo", "-w", &word(&saved)]);
    lab.send(&["plain"]);
    watched.out.await_line("\"ended\":\"quit\"");
    // the file is written when the wire falls quiet
    let end = std::time::Instant::now() + crate::lab::LIMIT;
    while !std::fs::metadata(&saved).is_ok_and(|file| file.len() > 1000) {
        assert!(std::time::Instant::now() < end, "nothing is saved");
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    assert!(!read_back("packets", &saved).is_empty());
    let (status, _, errors) = watched.interrupt();
    assert_eq!(status, Some(0), "{errors}");
}
