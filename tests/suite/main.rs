//! The program as its users meet it: the real binary, on samples and on captures that the tests build.

mod cases;
mod cli;
mod common;
mod connections;
mod dns;
mod http_exchanges;
mod journey;
mod mail_messages;
mod mail_save;
mod mailbox;
mod samples;
mod sandbox;
mod secrets;
mod smtp_session;
mod story;
mod tls;
mod traps_fcs;
mod traps_files;
mod traps_ip;
mod traps_ladder;
mod traps_output;
mod traps_smtp;
mod traps_tcp;
