//! One row a recipient: who sent what to whom, and what became of it.

use super::super::style::{Style, Tone, push_clipped, shown};
use super::super::time::milliseconds;
use super::turns;
use crate::conversation::smtp::{Encryption, Recipient, Reply, Session, Verdict};

/// Columns that an address takes at most.
pub(super) const LONGEST_PATH: usize = 60;

/// Columns from which on a terminal has room for the addresses of both ends.
const WIDE: usize = 100;

/// Appends the sessions of an overview, and how many more there are.
pub(in crate::report::table) fn list(style: &Style, out: &mut String, sessions: &[Session], total: u64) {
    push_list(style, out, sessions);
    let more = total.saturating_sub(sessions.len() as u64);
    if more > 0 {
        style.paragraph(out, Tone::Quiet, &style.say("smtp.view.more", &[("count", &more)]), 2);
    }
}

/// Without the addresses of both ends where the terminal is narrow: the connections' table has them.
pub(super) fn push_list(style: &Style, out: &mut String, sessions: &[Session]) {
    let columns = ["session", "client", "from_to", "verdict", "protected", "took", "ended"];
    let is_wide = style.width >= WIDE;
    let shown: Vec<&str> = columns.into_iter().filter(|&column| is_wide || column != "client").collect();
    let mut grid = style.grid(&shown);
    for session in sessions {
        for mail in mails(style, session) {
            let mut row = vec![style.number(session.stream)];
            if is_wide {
                let ends =
                    format!("{} → {}", style.address(session.client.address), style.endpoint(session.server));
                row.push(style.cell(Tone::Plain, ends));
            }
            row.extend([
                style.cell(Tone::Plain, mail.path),
                style.cell(mail.tone, mail.verdict),
                style.cell(protection_tone(session.encryption), protection(style, session.encryption)),
                style.number(took(session).unwrap_or_else(|| "-".to_owned())),
                style.cell(Tone::Quiet, style.word(&format!("smtp.view.ended.{}", session.ended.name()))),
            ]);
            grid.add_row(row);
        }
    }
    style.push_grid(out, grid);
}

/// From the first line of a session to the last; `None` where there is one alone.
pub(super) fn took(session: &Session) -> Option<String> {
    let times = || session.turns.iter().filter_map(|turn| turn.time);
    (times().count() > 1).then(|| format!("{} ms", milliseconds(times().next(), times().next_back())))
}

/// One mail's way and what became of it, for lists.
struct Mail {
    path: String,
    verdict: String,
    tone: Tone,
}

/// One row for each recipient of a session; one that says so where there was none.
fn mails(style: &Style, session: &Session) -> Vec<Mail> {
    let mut mails = Vec::new();
    for message in &session.messages {
        let fates = message.rcpt_to.iter().map(|recipient| fate(recipient, message.verdict(recipient)));
        mails.extend(fates.map(|fate| mail(style, message.mail_from.as_deref(), &fate)));
    }
    for abandoned in &session.abandoned {
        let fates = abandoned.rcpt_to.iter().map(|recipient| fate(recipient, abandoned.verdict(recipient)));
        mails.extend(fates.map(|fate| never_sent(style, abandoned.mail_from.as_deref(), &fate)));
    }
    if mails.is_empty() {
        mails.push(without_message(style, session));
    }
    mails
}

/// What became of one recipient.
pub(super) struct Fate<'a> {
    pub(super) recipient: &'a Recipient,
    pub(super) verdict: Verdict,
    pub(super) reply: Option<&'a Reply>,
}

pub(super) const fn fate<'a>(
    recipient: &'a Recipient,
    (verdict, reply): (Verdict, Option<&'a Reply>),
) -> Fate<'a> {
    Fate { recipient, verdict, reply }
}

fn mail(style: &Style, from: Option<&str>, fate: &Fate<'_>) -> Mail {
    let from = shown_path(from.unwrap_or("?"));
    let code = fate.reply.map(|reply| format!("{} ", reply.code)).unwrap_or_default();
    let verdict = style.word(&format!("smtp.view.verdict.{}", fate.verdict.name()));
    Mail {
        path: format!("{from} → {}", shown_path(&fate.recipient.address)),
        verdict: format!("{code}{verdict}"),
        tone: tone(fate.verdict),
    }
}

/// A recipient whom no message followed: RCPT's own answer is all that there is.
fn never_sent(style: &Style, from: Option<&str>, fate: &Fate<'_>) -> Mail {
    let mail = mail(style, from, fate);
    let accepted = fate.reply.filter(|reply| fate.verdict == Verdict::Unknown && reply.code < 300);
    let Some(reply) = accepted else { return mail };
    Mail { verdict: format!("{} {}", reply.code, style.word("smtp.view.verdict.no_message")), ..mail }
}

fn without_message(style: &Style, session: &Session) -> Mail {
    let refusal = turns::last_refusal(session);
    let (path, verdict, tone) = match (refusal, session.encryption) {
        (Some((line, code)), _) => {
            // a 421 that no command asked for
            let line = if line.is_empty() { style.word("smtp.view.no_mail") } else { shown(&line) };
            (line, format!("{code}"), if code >= 500 { Tone::Bad } else { Tone::Warn })
        }
        (None, Encryption::None) => (style.word("smtp.view.no_mail"), "-".into(), Tone::Quiet),
        (None, Encryption::StartTls { .. } | Encryption::Implicit) => {
            (style.word("smtp.view.hidden"), "?".into(), Tone::Quiet)
        }
    };
    Mail { path, verdict, tone }
}

pub(super) fn shown_path(path: &str) -> String {
    if path.is_empty() {
        return "<>".into();
    }
    let mut out = String::new();
    push_clipped(&mut out, &shown(path), LONGEST_PATH);
    out
}

pub(super) const fn tone(verdict: Verdict) -> Tone {
    match verdict {
        Verdict::Accepted => Tone::Good,
        Verdict::Refused => Tone::Bad,
        Verdict::Deferred => Tone::Warn,
        Verdict::Dropped | Verdict::Unknown => Tone::Quiet,
    }
}

/// What was encrypted, in a word or two.
pub(in crate::report::table) fn protection(style: &Style, encryption: Encryption) -> String {
    match encryption {
        Encryption::None => style.word("smtp.view.protected.none"),
        Encryption::StartTls { packet } => style.say("smtp.view.protected.starttls", &[("packet", &packet)]),
        Encryption::Implicit => style.word("smtp.view.protected.implicit"),
    }
}

pub(in crate::report::table) const fn protection_tone(encryption: Encryption) -> Tone {
    match encryption {
        Encryption::None => Tone::Warn,
        Encryption::StartTls { .. } | Encryption::Implicit => Tone::Good,
    }
}
