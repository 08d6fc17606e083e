//! The overview of one send: what took how long, from the lookup of a name to the last segment.

use crate::common::{layerscope, sample, stdout};

/// The steps of the `nth` story of a sample, with their shares.
fn steps(name: &str, nth: usize) -> Vec<(String, u32)> {
    let output = layerscope().env("COLUMNS", "100").arg(sample(name)).output().unwrap();
    let text = stdout(&output);
    let story = text.split("What took how long").nth(nth + 1).unwrap_or_else(|| panic!("no story: {text}"));
    let rows = story.lines().skip(3).take_while(|line| !line.is_empty());
    rows.map(|row| {
        let (step, rest) = row.split_once("  ").unwrap();
        let share = rest.split_once(" %").unwrap().0.rsplit(' ').next().unwrap();
        (step.to_owned(), share.trim_start_matches('<').parse().unwrap())
    })
    .collect()
}

#[test]
fn a_send_is_told_from_its_opening_to_its_close_and_the_shares_are_the_whole() {
    let steps = steps("mail-plain.pcap", 0);
    let names: Vec<&str> = steps.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names,
        ["TCP opened", "SMTP: greeting and EHLO", "mail handed over: accepted (250)", "goodbye and close"]
    );
    let sum: u32 = steps.iter().map(|(_, share)| share).sum();
    assert!((97..=103).contains(&sum), "{steps:?}");
}

#[test]
fn the_lookups_that_led_to_the_server_come_before_the_connection() {
    let steps = steps("dns-mail.pcap", 1);
    let names: Vec<&str> = steps.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names[0], "name looked up: MX example.com");
    assert_eq!(names[4], "TCP opened");
    // QUIT was pipelined behind the message, and did not end it
    assert_eq!(names[6..], ["mail handed over: accepted (250)", "goodbye and close"]);
}

#[test]
fn a_send_under_tls_is_told_with_what_the_keys_open() {
    let names = |sample: &str| steps(sample, 0).into_iter().map(|(name, _)| name).collect::<Vec<_>>();
    assert_eq!(
        names("tls-smtplib-starttls.pcapng"),
        [
            "TCP opened",
            "SMTP: greeting and EHLO",
            "TLS agreed on",
            "SMTP: EHLO once more",
            "login",
            "mail handed over: accepted (250)",
            "goodbye and close"
        ]
    );
    assert_eq!(
        names("tls-curl-12.pcapng")[1..4],
        ["TLS agreed on", "HTTP: GET / → 200", "HTTP: GET /no-such-page → 404"]
    );
    assert_eq!(
        names("tls-fetch.pcapng"),
        ["TCP opened", "TLS agreed on", "IMAP spoken", "goodbye and close"]
    );
    // without keys the rest is one step
    assert_eq!(names("mail-starttls.pcap")[2..4], ["TLS agreed on", "encrypted, not opened"]);
}
