//! One step of what took how long, and what it is called.

use super::super::style::{Style, Tone, clipped, shown};
use crate::packet::Protocol;

/// Columns that a name or a request takes at most.
const LONGEST: usize = 40;

/// A kind of step; what of one kind comes one behind the other is one step, but for lookups and mails.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum What {
    Lookup(String),
    /// What the client did besides looking names up.
    Pause,
    Opening,
    /// The protocol, and the verb of the client's hello, where it said one.
    Hello(&'static str, Option<String>),
    /// Once more, under TLS (RFC 3207 section 4.2).
    HelloAgain,
    Tls,
    Login,
    Mail(Mail),
    Service,
    /// Nothing was said, until the server gave up.
    Silence,
    /// With its status.
    Exchange(String, Option<u16>),
    Talk(Option<Protocol>),
    Sealed,
    Idle,
    Closing,
}

/// What became of a mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Mail {
    /// Recipients that were asked for.
    pub(super) asked: u32,
    /// Those that were taken; behind a message of LMTP, those that it was delivered to.
    pub(super) taken: u32,
    /// The first refusal of the sender or of a recipient.
    pub(super) refusal: Option<u16>,
    /// The answer to the message; of several one that takes it.
    pub(super) answer: Option<u16>,
}

/// One step.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) what: What,
    pub(super) packets: Option<(u64, u64)>,
    /// Nanoseconds.
    pub(super) took: i64,
}

impl Step {
    pub(super) fn tone(&self) -> Tone {
        match &self.what {
            What::Mail(mail) => match mail.code() {
                Some(500..) => Tone::Bad,
                Some(400..) => Tone::Warn,
                Some(_) => Tone::Good,
                None => Tone::Plain,
            },
            What::Exchange(_, Some(400..)) | What::Silence => Tone::Warn,
            _ => Tone::Plain,
        }
    }
}

impl Mail {
    /// The code that decided: that of the message where one was sent.
    fn code(&self) -> Option<u16> {
        self.answer.filter(|code| *code < 300).or(self.refusal).or(self.answer)
    }

    fn text(&self, style: &Style) -> String {
        let key = match self.code() {
            Some(500..) => "overview.story.mail_refused",
            Some(400..) => "overview.story.mail_put_off",
            Some(_) if self.taken < self.asked => "overview.story.mail_partly",
            Some(_) => "overview.story.mail",
            None => "overview.story.mail_open",
        };
        let code = self.code().unwrap_or_default();
        style.say(key, &[("code", &code), ("taken", &self.taken), ("asked", &self.asked)])
    }
}

impl What {
    pub(super) fn text(&self, style: &Style) -> String {
        let name = |protocol: &Protocol| protocol.title();
        match self {
            What::Lookup(question) => {
                style.say("overview.story.lookup", &[("question", &clipped(&shown(question), LONGEST))])
            }
            What::Pause => style.word("overview.story.pause"),
            What::Opening => style.word("overview.story.opening"),
            What::Hello(protocol, Some(verb)) => {
                let values: [(&str, &dyn std::fmt::Display); 2] = [("protocol", protocol), ("verb", verb)];
                style.say("overview.story.hello", &values)
            }
            What::Hello(protocol, None) => style.say("overview.story.greeting", &[("protocol", protocol)]),
            What::HelloAgain => style.word("overview.story.hello_again"),
            What::Tls => style.word("overview.story.tls"),
            What::Login => style.word("overview.story.login"),
            What::Mail(mail) => mail.text(style),
            What::Service => style.word("overview.story.service"),
            What::Silence => style.word("overview.story.silence"),
            What::Exchange(request, status) => {
                let answer = status.map_or_else(|| "?".to_owned(), |status| status.to_string());
                let request = clipped(&shown(request), LONGEST);
                style.say("overview.story.exchange", &[("request", &request), ("status", &answer)])
            }
            What::Talk(Some(protocol)) => style.say("overview.story.talk", &[("protocol", &name(protocol))]),
            What::Talk(None) => style.word("overview.story.data"),
            What::Sealed => style.word("overview.story.sealed"),
            What::Idle => style.word("overview.story.idle"),
            What::Closing => style.word("overview.story.closing"),
        }
    }
}
