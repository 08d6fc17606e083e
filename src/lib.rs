//! `layerscope` takes captured packets apart and tells what happened.
//!
//! The folders follow the way of a packet, from the wire up to the reader; imports run downward only:
//!
//! | room | what it does | what it does not do |
//! |---|---|---|
//! | [`cli`] | arguments, the plan made of them, the loop | know a protocol |
//! | [`report`] | writes the one stream of events: table, JSON, CSV; messages as files | decide what happened |
//! | [`lesson`] | what each thing means, in English and Chinese | know packets |
//! | [`conversation`] | what two programs say to each other over a stream | see packets |
//! | [`flow`] | TCP connections: states, notes, reassembly | know what the octets mean |
//! | [`dissect`] | headers of one packet; FCS; fragments | remember connections |
//! | [`capture`] | where frames come from and go to | look into them |
//! | [`wire`] | formats that both `conversation` and `dissect` read | remember anything |
//! | [`packet`] | the words everyone shares | do anything |
//!
//! The way of a packet: [`capture::Source::next_frame`] lends a [`packet::Frame`];
//! [`dissect::Dissector::dissect`] makes a [`dissect::Dissection`] of it; [`flow::Tracker::push`] finds its
//! place in its connection and hands the stream's octets, in order, to [`conversation::Conversations`]; a
//! [`report::Sink`] is told of each packet, connection and session as they become known.

pub mod capture;
pub mod cli;
pub mod conversation;
pub mod dissect;
pub mod flow;
pub mod lesson;
pub mod packet;
pub mod report;
pub mod wire;

rust_i18n::i18n!("src/lesson/locales", fallback = "en");
