//! Every sample, in every view, format and language.

use crate::common::{VIEWS, layerscope, records, records_with, sample, samples, stderr, stdout};
use unicode_width::UnicodeWidthStr;

#[test]
fn every_table_fits_its_terminal_in_both_languages() {
    for path in samples() {
        for view in VIEWS {
            for (lang, columns) in [("en", "80"), ("zh", "80"), ("en", "140")] {
                let output = layerscope()
                    .env("COLUMNS", columns)
                    .args([view, "--lang", lang, "-c", "60"])
                    .arg(&path)
                    .output()
                    .unwrap();
                let place = format!("{view} {lang} {}", path.display());
                assert_eq!(output.status.code(), Some(0), "{place}: {}", stderr(&output));
                for line in stdout(&output).lines() {
                    assert!(line.width() <= columns.parse().unwrap(), "{place}: {} {line}", line.width());
                }
            }
        }
    }
}

#[test]
fn every_record_holds_to_the_schema() {
    let text = stdout(&layerscope().arg("schema").output().unwrap());
    let schema = jsonschema::validator_for(&serde_json::from_str(&text).unwrap()).unwrap();
    for path in samples() {
        for view in VIEWS {
            for record in records(view, &path) {
                let errors: Vec<String> =
                    schema.iter_errors(&record).map(|error| error.to_string()).collect();
                assert!(errors.is_empty(), "{view} {}: {errors:?}\n{record}", path.display());
                assert_eq!(record["schema"], 1);
            }
        }
    }
}

#[test]
fn no_answer_carries_a_control_character() {
    for path in samples() {
        for view in VIEWS {
            for format in ["table", "json", "csv"] {
                let output =
                    layerscope().args([view, "-c", "60", "--format", format]).arg(&path).output().unwrap();
                let text = stdout(&output);
                let harmful = text.chars().find(|&c| c != '\n' && layerscope::report::escape::is_harmful(c));
                assert_eq!(harmful, None, "{view} {format} {}", path.display());
            }
        }
    }
}

#[test]
fn every_word_of_a_table_has_its_text() {
    let rooms = [
        "view.",
        "overview.",
        "tcp.",
        "tls.",
        "layers.",
        "note.",
        "field.",
        "fcs.",
        "dns.",
        "http.",
        "unit.",
    ];
    for path in samples() {
        for view in VIEWS {
            for lang in ["en", "zh"] {
                let output =
                    layerscope().args([view, "-c", "60", "--lang", lang]).arg(&path).output().unwrap();
                let text = stdout(&output);
                let raw =
                    text.split_whitespace().find(|word| rooms.iter().any(|room| word.starts_with(room)));
                assert_eq!(raw, None, "{view} {lang} {}", path.display());
            }
        }
    }
}

#[test]
fn a_password_is_shown_only_when_secrets_are_revealed() {
    // recorded with made-up users; the secrets as they stand on the wire and decoded
    for (name, secret_turns) in
        [("mail-auth-plain.pcap", 1), ("mail-auth-login.pcap", 2), ("mail-auth-cram-md5.pcap", 1)]
    {
        let path = sample(name);
        let secrets = said_in_auth(&path);
        assert!(secrets.len() >= secret_turns, "{name}: {secrets:?}");
        for view in VIEWS {
            for format in ["table", "json", "csv"] {
                let output = layerscope().args([view, "--format", format]).arg(&path).output().unwrap();
                let text = stdout(&output);
                for secret in &secrets {
                    assert!(!text.contains(secret.as_str()), "{view} {format} {name} shows {secret}");
                }
            }
        }
    }
}

/// What the client said in its authentication, as it stands on the wire.
fn said_in_auth(path: &std::path::Path) -> Vec<String> {
    records_with("smtp", path, &["--reveal-secrets"])
        .iter()
        .flat_map(|session| session["turns"].as_array().unwrap().clone())
        .filter_map(|turn| turn["secret"].as_str().map(str::to_owned))
        .filter(|secret| secret.len() > 8)
        .collect()
}

#[test]
fn a_terminal_without_unicode_gets_ascii_alone() {
    for path in samples() {
        for view in VIEWS {
            let output = layerscope()
                .args([view, "--ascii", "--lang", "en", "-c", "200"])
                .arg(&path)
                .output()
                .unwrap();
            let text = stdout(&output);
            let line = text.lines().find(|line| !line.is_ascii());
            assert_eq!(line, None, "{view} {}", path.display());
        }
    }
}
