//! Live captures, in network namespaces that each test makes and removes: real interfaces, a real mail server
//! (aiosmtpd), a real client (Python's smtplib).
//!
//! They need root, `ip`, and Python with aiosmtpd. Where that is missing they say so and pass; with `CI_LIVE=1` they
//! have to run. Nothing is timed: events are waited for, with generous limits.

mod command;
#[path = "../suite/common/mod.rs"]
#[allow(dead_code, unused_imports, reason = "shared with the suite, which uses the rest")]
mod common;
mod lab;
mod mail;
mod rights;
mod save;
mod wire;
