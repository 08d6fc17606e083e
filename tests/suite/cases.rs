//! A folder of `tests/cases/tcp` for each statement about TCP that a reader of captures can get wrong. In each:
//! `case.json`, and the tables as they were read. `UPDATE_CASES=1` writes the tables anew, to be read before they are
//! committed.
//!
//! `case.json` has the `statement`, the `origin` of the capture, the `capture` (a file beside it, or else a sample), and
//! what the statement comes to: `records` of connections, all of them, and `packets` by their number. Recorded by
//! `samples/record/cases.sh`; what no stack was made to do is built by `tests/cases/build.py`.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::common::{layerscope, records, sample, stderr, stdout};

fn cases() -> Vec<(PathBuf, Value)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/tcp");
    let mut found: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            let text = std::fs::read_to_string(path.join("case.json")).unwrap();
            (path, serde_json::from_str(&text).unwrap())
        })
        .collect();
    found.sort_by(|(a, _), (b, _)| a.cmp(b));
    found
}

fn capture(folder: &Path, case: &Value) -> PathBuf {
    let name = case["capture"].as_str().unwrap();
    let own = folder.join(name);
    if own.exists() { own } else { sample(name) }
}

/// The connections that the case states; all of them where it states any.
fn connections(case: &Value) -> &[Value] {
    case["records"].as_array().map_or(&[], Vec::as_slice)
}

/// Whether `actual` says all that `expected` says; it may say more. What is absent may be `null` or left out.
fn holds(expected: &Value, actual: &Value) -> bool {
    match (expected, actual) {
        (Value::Object(expected), Value::Object(actual)) => {
            expected.iter().all(|(key, value)| holds(value, actual.get(key).unwrap_or(&Value::Null)))
        }
        _ => expected == actual,
    }
}

#[test]
fn each_case_says_what_it_is_about_and_where_it_comes_from() {
    for (path, case) in cases() {
        for part in ["statement", "origin"] {
            let text = case[part].as_str().unwrap_or_default();
            assert!(text.contains(' '), "{}: {part}: {text:?}", path.display());
        }
        assert!(case["records"].is_array() || case["packets"].is_object(), "{}", path.display());
    }
}

#[test]
fn each_case_has_the_records_that_it_states() {
    for (path, case) in cases().iter().filter(|(_, case)| case["records"].is_array()) {
        let found = records("tcp", &capture(path, case));
        let expected = connections(case);
        assert_eq!(found.len(), expected.len(), "{}", path.display());
        for (expected, found) in expected.iter().zip(&found) {
            assert!(holds(expected, found), "{}: {expected}\n{found}", path.display());
        }
    }
}

#[test]
fn each_case_has_the_packets_that_it_states() {
    for (path, case) in cases() {
        let Some(expected) = case["packets"].as_object() else { continue };
        let found = records("packets", &capture(&path, &case));
        for (number, expected) in expected {
            let found = &found[number.parse::<usize>().unwrap() - 1];
            assert!(holds(expected, found), "{}: {number}: {expected}\n{found}", path.display());
        }
    }
}

#[test]
fn each_case_reads_as_it_was_approved_in_both_languages() {
    for (path, case) in cases() {
        for lang in ["en", "zh"] {
            let output = layerscope()
                .env("COLUMNS", "100")
                .args(["tcp", "--lang", lang])
                .arg(capture(&path, &case))
                .output()
                .unwrap();
            assert_eq!(output.status.code(), Some(0), "{}: {}", path.display(), stderr(&output));
            let approved = path.join(format!("table.{lang}.txt"));
            if std::env::var_os("UPDATE_CASES").is_some() {
                std::fs::write(&approved, stdout(&output)).unwrap();
            }
            let expected = std::fs::read_to_string(&approved).unwrap();
            assert_eq!(stdout(&output), expected, "{}", approved.display());
        }
    }
}

#[test]
fn every_shape_of_opening_and_closing_has_its_case() {
    let shapes = |part: &str| -> Vec<String> {
        let all = cases().into_iter().flat_map(|(_, case)| connections(&case).to_vec());
        let mut kinds: Vec<String> =
            all.filter_map(|record| Some(record[part]["kind"].as_str()?.to_owned())).collect();
        kinds.sort();
        kinds.dedup();
        kinds
    };
    let openings =
        ["fast_open", "half_open", "not_seen", "refused", "simultaneous_open", "three_way", "unanswered"];
    assert_eq!(shapes("handshake"), openings);
    let closings =
        ["four_segment", "half_closed", "not_seen", "open", "reset", "simultaneous", "three_segment"];
    assert_eq!(shapes("teardown"), closings);
}
