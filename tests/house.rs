//! The house's rules: who may import whom, who may name which crate, texts in both languages, small files.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Each room with the rooms that it may import from, as the table of `src/lib.rs` has them.
const ROOMS: [(&str, &[&str]); 9] = [
    ("packet", &[]),
    ("wire", &["packet"]),
    ("capture", &["packet"]),
    ("dissect", &["packet", "wire"]),
    ("flow", &["packet", "dissect"]),
    ("conversation", &["packet", "wire", "flow"]),
    ("lesson", &[]),
    ("report", &["packet", "wire", "capture", "dissect", "flow", "conversation", "lesson"]),
    ("cli", &["packet", "wire", "capture", "dissect", "flow", "conversation", "lesson", "report"]),
];

/// Crates that only these rooms may name.
const KEPT: [(&str, &[&str]); 16] = [
    ("pcap", &["capture"]),
    ("pcap_parser", &["capture"]),
    ("etherparse", &["dissect"]),
    ("crc32fast", &["dissect"]),
    ("comfy_table", &["report"]),
    // the system: folders that messages are saved in; sockets and processes; rights
    ("rustix", &["report", "capture", "cli"]),
    ("signal_hook", &["cli"]),
    ("landlock", &["cli"]),
    ("seccompiler", &["cli"]),
    ("mail_parser", &["conversation"]),
    ("aes", &["conversation"]),
    ("aws_lc_rs", &["conversation"]),
    ("ccm", &["conversation"]),
    ("x509_parser", &["conversation"]),
    ("httparse", &["conversation"]),
    ("brotli_decompressor", &["conversation"]),
];

const MAX_LINES: usize = 700;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == extension) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// The code of a file: without comments, and without what stands behind its tests' attribute, because tests
/// may use what they like.
fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    let before_tests = text.split("#[cfg(test)]\nmod ").next().unwrap();
    let before_tests = before_tests.split("#[cfg(test)]\npub").next().unwrap();
    let lines = before_tests.lines().map(|line| line.split("//").next().unwrap());
    lines.collect::<Vec<_>>().join("\n")
}

/// The files of a room, but for those that hold tests alone.
fn room(name: &str) -> Vec<PathBuf> {
    let mut list = files(&root().join("src").join(name), "rs");
    list.retain(|path| !path.file_stem().unwrap().to_string_lossy().ends_with("tests"));
    list
}

/// The words that follow `crate::` in code, also within braces: `use crate::{flow, packet::Side}`.
fn imported(code: &str) -> BTreeSet<String> {
    let word = |text: &str| text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    let mut found = BTreeSet::new();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        let Some(list) = rest.strip_prefix('{') else {
            found.insert(word(rest));
            continue;
        };
        let mut depth = 0;
        let mut start = true;
        for (at, c) in list.char_indices() {
            match c {
                '{' => depth += 1,
                '}' if depth == 0 => break,
                '}' => depth -= 1,
                ',' if depth == 0 => start = true,
                c if start && !c.is_whitespace() => {
                    found.insert(word(&list[at..]));
                    start = false;
                }
                _ => {}
            }
        }
    }
    found
}

/// Whether code names a crate: `use pcap;`, `pcap::Capture`, but not `crate::pcap` or `my_pcap::`.
fn names_crate(code: &str, name: &str) -> bool {
    let path = format!("{name}::");
    let outside = |at: usize| {
        let before = code[..at].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || c == '_')
            && !code[..at].ends_with("crate::")
            && !code[..at].ends_with("self::")
            && !code[..at].ends_with("super::")
    };
    code.match_indices(&path).any(|(at, _)| outside(at)) || code.contains(&format!("use {name};"))
}

#[test]
fn every_folder_is_a_room_of_the_map() {
    let folders = fs::read_dir(root().join("src")).unwrap().map(|entry| entry.unwrap());
    for folder in folders.filter(|entry| entry.path().is_dir()) {
        let name = folder.file_name().into_string().unwrap();
        assert!(ROOMS.iter().any(|(room, _)| *room == name), "src/{name} is not on the map");
    }
}

#[test]
fn imports_run_downward_only() {
    let names: BTreeSet<_> = ROOMS.iter().map(|(name, _)| *name).collect();
    for (name, allowed) in ROOMS {
        for path in room(name) {
            for word in imported(&code(&path)) {
                let foreign = names.contains(word.as_str()) && word != name;
                assert!(
                    !foreign || allowed.contains(&word.as_str()),
                    "{} imports from `{word}`, which `{name}` must not know",
                    path.display()
                );
            }
        }
    }
}

#[test]
fn imports_in_braces_are_seen() {
    let found = imported("use crate::{flow::{Side, Seq}, packet, report::Sink}; crate::lesson::say()");
    assert_eq!(found.into_iter().collect::<Vec<_>>(), ["flow", "lesson", "packet", "report"]);
    assert!(names_crate("let a = pcap::Capture", "pcap") && names_crate("use ::pcap::Linktype;", "pcap"));
    assert!(!names_crate("use super::pcap::Reader;", "pcap") && !names_crate("my_pcap::x()", "pcap"));
}

#[test]
fn a_crate_has_few_users() {
    for (name, _) in ROOMS {
        for path in room(name) {
            let code = code(&path);
            for (krate, owners) in KEPT {
                let named = !owners.contains(&name) && names_crate(&code, krate);
                assert!(!named, "{} names `{krate}`, which only {owners:?} may", path.display());
            }
        }
    }
}

#[test]
fn no_file_is_longer_than_it_can_be_read() {
    for path in files(&root().join("src"), "rs") {
        let lines = fs::read_to_string(&path).unwrap().lines().count();
        assert!(lines <= MAX_LINES, "{} has {lines} lines", path.display());
    }
}

/// One text in both languages.
#[derive(Debug)]
struct Text {
    en: String,
    zh: String,
}

/// Reads one line of the texts: `key: {en: "...", zh: "..."}`.
fn text(line: &str) -> Option<(String, Text)> {
    let (key, rest) = line.split_once(": {en: ")?;
    let (en, rest) = quoted(rest)?;
    let (zh, rest) = quoted(rest.strip_prefix(", zh: ")?)?;
    (rest.trim_end() == "}").then_some((key.trim_matches('"').to_owned(), Text { en, zh }))
}

/// The text in double quotes that `text` begins with, and what follows it.
fn quoted(text: &str) -> Option<(String, &str)> {
    let inner = text.strip_prefix('"')?;
    let mut out = String::new();
    let mut escaped = false;
    for (at, c) in inner.char_indices() {
        match c {
            '"' if !escaped => return Some((out, &inner[at + 1..])),
            '\\' if !escaped => {
                escaped = true;
                continue;
            }
            c => out.push(c),
        }
        escaped = false;
    }
    None
}

/// All texts by key. Panics where a line is none, or a key stands twice.
fn texts() -> BTreeMap<String, Text> {
    let mut all = BTreeMap::new();
    for path in files(&root().join("src/lesson/locales"), "yml") {
        let content = fs::read_to_string(&path).unwrap();
        let mut lines = content.lines().enumerate();
        assert_eq!(lines.next().map(|(_, first)| first), Some("_version: 2"), "{}", path.display());
        for (number, line) in lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#')) {
            let place = format!("{}:{}", path.display(), number + 1);
            let (key, text) = text(line).unwrap_or_else(|| panic!("{place}: not `key: {{en: .., zh: ..}}`"));
            assert!(all.insert(key.clone(), text).is_none(), "{place}: `{key}` stands twice");
        }
    }
    all
}

/// The names in `%{...}`.
fn placeholders(text: &str) -> BTreeSet<&str> {
    text.split("%{").skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name).collect()
}

#[test]
fn every_text_has_both_languages_and_the_same_numbers_in_both() {
    let texts = texts();
    assert!(!texts.is_empty());
    for (key, text) in texts {
        assert!(!text.en.trim().is_empty() && !text.zh.trim().is_empty(), "{key}: {text:?}");
        assert_eq!(placeholders(&text.en), placeholders(&text.zh), "{key}");
    }
}

#[test]
fn every_kind_of_address_has_its_text() {
    let source = fs::read_to_string(root().join("src/packet/address.rs")).unwrap();
    let texts = texts();
    let names: Vec<_> = source
        .lines()
        .filter_map(|line| line.trim().strip_prefix("Scope::")?.split_once(" => \""))
        .filter_map(|(_, name)| name.split('"').next())
        .collect();
    assert!(names.len() >= 10, "Scope::name was not found: {names:?}");
    for name in names {
        assert!(texts.contains_key(&format!("scope.{name}")), "scope.{name} has no text");
    }
}

#[test]
fn the_version_has_its_place_in_the_changelog() {
    let changelog = fs::read_to_string(root().join("CHANGELOG.md")).unwrap();
    assert!(changelog.contains("## [Unreleased]"));
}
