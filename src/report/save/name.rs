//! Names of files made of what strangers wrote.

use crate::conversation::http::About;
use crate::conversation::mail::{Part, PartKind};
use crate::report::escape::is_harmful;

/// Octets of a name that are kept, and of its extension among them.
const LONGEST_NAME: usize = 100;
const LONGEST_EXTENSION: usize = 16;
/// Octets of a part's number that are kept.
const LONGEST_NUMBER: usize = 40;

/// Names that some systems take for devices, with any extension.
const DEVICES: [&str; 4] = ["con", "prn", "aux", "nul"];

/// Extensions of parts and bodies without a name.
const EXTENSIONS: [(&str, &str); 17] = [
    ("text/html", "html"),
    ("text/plain", "txt"),
    ("text/css", "css"),
    ("text/javascript", "js"),
    ("application/javascript", "js"),
    ("application/xml", "xml"),
    ("application/x-www-form-urlencoded", "txt"),
    ("application/pdf", "pdf"),
    ("application/zip", "zip"),
    ("application/json", "json"),
    ("image/png", "png"),
    ("image/jpeg", "jpg"),
    ("image/gif", "gif"),
    ("image/svg+xml", "svg"),
    ("message/rfc822", "eml"),
    ("message/global", "eml"),
    ("text/calendar", "ics"),
];

/// Which files there may be of one message: `c1-s3-m1`.
pub(super) fn stem(capture: u32, stream: u64, message: u64) -> String {
    format!("c{capture}-s{stream}-m{message}")
}

/// The name of a part's file, as its stem and its extension with the dot: `c1-s3-m1-p2-report`, `.pdf`.
pub(super) fn of_part(message: &str, part: &Part, index: usize) -> (String, String) {
    let number = if part.number.len() <= LONGEST_NUMBER { part.number.clone() } else { format!("n{index}") };
    let given = part.filename.as_deref().map(safe).filter(|name| !name.is_empty());
    let name = given.unwrap_or_else(|| {
        let known = EXTENSIONS.iter().find(|(kind, _)| *kind == part.content_type);
        format!("part.{}", known.map_or("bin", |(_, extension)| extension))
    });
    let (stem, extension) = split(&name);
    (format!("{message}-p{number}-{stem}"), extension.to_owned())
}

/// The name of a body's file, as its stem and its extension with the dot: `c1-s3-x2-index`, `.html`. It is that of
/// Content-Disposition, or the last name in the target's path; a coding that is not undone stands behind it.
pub(super) fn of_body(capture: u32, about: &About<'_>) -> (String, String) {
    let of_target = about.target.filter(|_| !about.is_request).map(last_of_path);
    let given = about.file_name.or(of_target).map(safe).filter(|name| !name.is_empty());
    let name = given.unwrap_or_else(|| "body".to_owned());
    let (stem, extension) = split(&name);
    let known = EXTENSIONS.iter().find(|(kind, _)| Some(*kind) == about.content_type);
    let extension = match (extension, known) {
        ("", Some((_, extension))) => format!(".{extension}"),
        ("", None) => ".bin".to_owned(),
        (extension, _) => extension.to_owned(),
    };
    let coding = about.coding.map(safe).filter(|coding| !coding.is_empty());
    let extension = coding.map_or(extension.clone(), |coding| shortened(&format!("{extension}.{coding}")));
    let whose = if about.is_request { "request-" } else { "" };
    (format!("c{capture}-s{}-x{}-{whose}{stem}", about.stream, about.exchange), extension)
}

fn last_of_path(target: &str) -> &str {
    let path = target.split(['?', '#']).next().unwrap_or_default();
    let path =
        path.split_once("://").map_or(path, |(_, rest)| rest.split_once('/').map_or("", |(_, path)| path));
    path.rsplit('/').next().unwrap_or_default()
}

/// Whether a part is worth a file of its own: it has a name, or is no text. `inside` another message that has
/// one, a message is in that one's file already.
pub(super) fn is_wanted(part: &Part, inside: bool) -> bool {
    match part.kind {
        PartKind::Leaf => part.filename.is_some() || !part.content_type.starts_with("text/"),
        PartKind::Message => !inside,
        PartKind::Multipart => false,
    }
}

/// A name that stays in its folder, shows what it is, and means nothing to any system; empty where nothing is
/// left of it.
fn safe(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).find(|piece| !piece.trim_matches(['.', ' ']).is_empty());
    let harmless = |c: char| if is_forbidden(c) { '_' } else { c };
    let name: String = last.unwrap_or_default().chars().map(harmless).collect();
    let name = shortened(name.trim_matches(['.', ' ']));
    let word = name.split('.').next().unwrap_or_default().trim_end().to_ascii_lowercase();
    if is_device(&word) { format!("_{name}") } else { name }
}

fn is_forbidden(c: char) -> bool {
    c.is_control() || is_harmful(c) || (c.is_whitespace() && c != ' ') || "/\\:*?\"<>|".contains(c)
}

fn is_device(word: &str) -> bool {
    let numbered = ["com", "lpt"].iter().filter_map(|name| word.strip_prefix(name));
    let mut numbers = numbered.map(|rest| rest.chars().count() == 1 && rest != "_");
    DEVICES.contains(&word) || numbers.any(|is_one| is_one)
}

/// Cut in the middle where it is too long, so that its extension stays.
fn shortened(name: &str) -> String {
    if name.len() <= LONGEST_NAME {
        return name.to_owned();
    }
    let (stem, extension) = split(name);
    let mut end = LONGEST_NAME - extension.len();
    while !stem.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}{extension}", stem[..end].trim_end_matches(['.', ' ']))
}

/// The stem, and the extension with its dot where there is one of a usual length.
fn split(name: &str) -> (&str, &str) {
    match name.rfind('.') {
        Some(dot) if dot > 0 && name.len() - dot <= LONGEST_EXTENSION => name.split_at(dot),
        _ => (name, ""),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_name_stays_in_its_folder() {
        assert_eq!(safe("../../etc/passwd"), "passwd");
        assert_eq!(safe("C:\\Windows\\..\\evil.exe"), "evil.exe");
        assert_eq!(safe("/"), "");
        assert_eq!(safe(".."), "");
        assert_eq!(safe("../.."), "");
        assert_eq!(safe(".bashrc"), "bashrc");
        assert_eq!(safe("a:b*c?.txt"), "a_b_c_.txt");
    }

    #[test]
    fn a_name_shows_what_it_is() {
        assert_eq!(safe("\u{202e}gpj.exe"), "_gpj.exe");
        assert_eq!(safe("a\x1b[2J\0\n.txt"), "a_[2J__.txt");
        assert_eq!(safe("报价单.csv"), "报价单.csv");
        assert_eq!(safe("report.pdf . ."), "report.pdf");
    }

    #[test]
    fn a_name_is_no_device_and_has_its_bound() {
        assert_eq!(
            ["con", "NUL.txt", "Com1.log", "common.txt"].map(safe),
            ["_con", "_NUL.txt", "_Com1.log", "common.txt"]
        );
        let long = safe(&format!("{}.tar.gz", "长".repeat(300)));
        assert!(long.len() <= LONGEST_NAME && long.ends_with("长.tar.gz") || long.ends_with(".gz"), "{long}");
    }

    fn of(target: &str, content_type: &str, coding: Option<&str>) -> String {
        let about = About {
            stream: 3,
            exchange: 2,
            is_request: false,
            target: Some(target),
            content_type: Some(content_type),
            file_name: None,
            coding,
        };
        let (stem, extension) = of_body(1, &about);
        stem + &extension
    }

    #[test]
    fn a_body_is_named_by_its_target_and_type() {
        assert_eq!(of("/a/page.html?x=/etc", "text/html", None), "c1-s3-x2-page.html");
        assert_eq!(of("/", "text/html", None), "c1-s3-x2-body.html");
        assert_eq!(of("http://a.test", "image/png", None), "c1-s3-x2-body.png");
        assert_eq!(of("/../..", "x/y", Some("br")), "c1-s3-x2-body.bin.br");
        assert_eq!(of("/a%2f..%2fb", "text/plain", None), "c1-s3-x2-a%2f..%2fb");
    }

    proptest! {
        #[test]
        fn no_name_has_a_separator_a_control_or_a_leading_dot(name in "\\PC{0,200}|[./\\\\ \u{0}-\u{1f}]{0,20}") {
            let safe = safe(&name);
            prop_assert!(!safe.contains(['/', '\\', '\0']) && !safe.starts_with('.') && safe.len() <= LONGEST_NAME + 1);
            prop_assert!(!safe.chars().any(is_harmful));
        }
    }
}
