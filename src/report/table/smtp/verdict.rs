//! What became of each recipient, in whose words, and what the sender can do.

use super::super::style::{Style, Tone, clipped, shown};
use super::list::{Fate, fate, shown_path, tone};
use super::turns::answered;
use crate::conversation::smtp::{AuthOutcome, Encryption, Ended, Session, TurnKind, Verdict, Warning};
use crate::lesson;

/// Columns that the server's words take at most.
const LONGEST_REPLY: usize = 400;

/// What became of one recipient of one mail, and where that stands among the others.
struct Row<'a> {
    place: usize,
    /// The number of the message, where there was one.
    number: Option<usize>,
    /// The packet of the RSET that dropped the mail.
    dropped: Option<u64>,
    fate: Fate<'a>,
}

/// Appends a row for each recipient, of mails that were sent and of those that never were.
pub(super) fn push(style: &Style, session: &Session, out: &mut String) {
    let sent = session.messages.iter().enumerate().flat_map(|(index, message)| {
        message.rcpt_to.iter().map(move |r| Row {
            place: 2 * index + 1,
            number: Some(index + 1),
            dropped: None,
            fate: fate(r, message.verdict(r)),
        })
    });
    let abandoned = session.abandoned.iter().flat_map(|mail| {
        mail.rcpt_to.iter().map(move |r| Row {
            place: 2 * mail.messages_before,
            number: None,
            dropped: mail.dropped,
            fate: fate(r, mail.verdict(r)),
        })
    });
    let mut rows: Vec<Row<'_>> = sent.chain(abandoned).collect();
    rows.sort_by_key(|row| row.place);
    let login = login(style, session);
    if rows.is_empty() && login.is_none() {
        return;
    }
    style.heading(out, &style.word("smtp.verdict_view.heading"));
    if let Some(text) = login {
        style.paragraph(out, Tone::Bad, &text, 2);
    }
    if rows.is_empty() {
        return;
    }
    let numbered = session.messages.len() + session.abandoned.len() > 1;
    let columns: &[&str] = if numbered {
        &["mail_number", "recipient", "verdict", "said"]
    } else {
        &["recipient", "verdict", "said"]
    };
    let mut grid = style.grid(columns);
    for row in &rows {
        let Row { number, fate, .. } = row;
        let mut cells = Vec::new();
        if numbered {
            cells.push(style.number(number.map_or_else(|| "-".to_owned(), |number| number.to_string())));
        }
        cells.extend([
            style.cell(Tone::Plain, shown_path(&fate.recipient.address)),
            style.cell(tone(fate.verdict), verdict(style, fate)),
            style.cell(Tone::Plain, said(style, session, row)),
        ]);
        grid.add_row(cells);
    }
    style.push_grid(out, grid);
}

/// A login that was refused, where no mail was sent after it.
fn login(style: &Style, session: &Session) -> Option<String> {
    let refused = session.auth.as_ref().is_some_and(|auth| auth.outcome == AuthOutcome::Rejected);
    if !refused || !session.messages.is_empty() || session.encryption != Encryption::None {
        return None;
    }
    let reply = session.turns.iter().rev().find_map(|turn| match &turn.kind {
        TurnKind::Reply { to, reply, .. } => {
            (reply.code >= 400 && answered(session.said(), *to) == "AUTH").then_some(reply)
        }
        TurnKind::Greeting(_)
        | TurnKind::Command { .. }
        | TurnKind::AuthResponse { .. }
        | TurnKind::Message { .. }
        | TurnKind::Tls
        | TurnKind::Gap { .. } => None,
    })?;
    let status = reply.enhanced.as_deref();
    let advice = lesson::smtp::advice(style.lang, reply.code, status, &reply.lines.join(" "))?;
    let said = format!("{} {}", reply.code, status.unwrap_or_default());
    Some(style.say("smtp.verdict_view.login", &[("said", &said.trim_end()), ("advice", &advice)]))
}

fn verdict(style: &Style, fate: &Fate<'_>) -> String {
    let word = style.word(&format!("smtp.view.verdict.{}", fate.verdict.name()));
    match fate.reply {
        Some(reply) if fate.verdict != Verdict::Unknown => format!("{word} {}", reply.code),
        _ => word,
    }
}

/// The server's words, what the status says in the registry's, and what follows from it.
fn said(style: &Style, session: &Session, row: &Row<'_>) -> String {
    let Row { number, dropped, fate, .. } = row;
    let mut lines = Vec::new();
    if let Some(reply) = fate.reply {
        lines.push(clipped(&shown(&reply.lines.join(" ")), LONGEST_REPLY));
        let status = reply.enhanced.as_deref().filter(|status| !status.ends_with(".0.0"));
        let meaning = status.and_then(|status| lesson::smtp::enhanced(style.lang, status));
        lines.extend(meaning.map(|meaning| format!("= {meaning}")));
    }
    let follows = match (fate.verdict, fate.reply) {
        (Verdict::Unknown, _) => {
            Some(style.word(why_unknown(session, number.is_none() && fate.reply.is_some())))
        }
        (Verdict::Dropped, _) => {
            dropped.map(|packet| style.say("smtp.verdict_view.dropped", &[("packet", &packet)]))
        }
        (Verdict::Accepted, _) => Some(style.word("smtp.verdict_view.responsible")),
        (Verdict::Refused | Verdict::Deferred, Some(reply)) => {
            lesson::smtp::advice(style.lang, reply.code, reply.enhanced.as_deref(), &reply.lines.join(" "))
        }
        (Verdict::Refused | Verdict::Deferred, None) => None,
    };
    lines.extend(follows.map(|text| format!("→ {text}")));
    lines.join("\n")
}

/// Why nothing is known of a recipient: the key of its text. `dropped`: it was accepted, and no message followed.
fn why_unknown(session: &Session, dropped: bool) -> &'static str {
    let warned = |warning| session.warnings.contains(&warning);
    match session.ended {
        Ended::Tls => "smtp.verdict_view.unknown.tls",
        _ if warned(Warning::OneSided) => "smtp.verdict_view.unknown.one_sided",
        _ if warned(Warning::Gap) => "smtp.verdict_view.unknown.gap",
        Ended::Open => "smtp.verdict_view.unknown.open",
        Ended::Quit | Ended::Closed | Ended::Reset | Ended::Timeout if dropped => {
            "smtp.verdict_view.unknown.dropped"
        }
        Ended::Timeout => "smtp.verdict_view.unknown.timeout",
        Ended::Quit | Ended::Closed | Ended::Reset => "smtp.verdict_view.unknown.closed",
    }
}
