//! A folder of `tests/cases/tcp` for each shape of opening and closing, all recorded from a real stack. In each:
//! `case.json` (which capture, and what is true of it), and the tables as they were read and found right.
//! `UPDATE_CASES=1` writes the tables anew, to be read before they are committed.

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

fn capture(case: &Value) -> PathBuf {
    sample(case["capture"].as_str().unwrap())
}

/// Whether `actual` says all that `expected` says; it may say more.
fn holds(expected: &Value, actual: &Value) -> bool {
    match (expected, actual) {
        (Value::Object(expected), Value::Object(actual)) => {
            expected.iter().all(|(key, value)| actual.get(key).is_some_and(|found| holds(value, found)))
        }
        _ => expected == actual,
    }
}

#[test]
fn each_case_has_the_records_that_it_states() {
    for (path, case) in cases() {
        let found = records("tcp", &capture(&case));
        let expected = case["records"].as_array().unwrap();
        assert_eq!(found.len(), expected.len(), "{}", path.display());
        for (expected, found) in expected.iter().zip(&found) {
            assert!(holds(expected, found), "{}: {expected}\n{found}", path.display());
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
                .arg(capture(&case))
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
        let all = cases().into_iter().flat_map(|(_, case)| case["records"].as_array().unwrap().clone());
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
