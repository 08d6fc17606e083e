//! What the client changed: messages marked, deleted, moved, uploaded.

use super::session::{Command, Ended, Session, Status, TurnKind};
use crate::packet::Protocol;

/// What was done to messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ChangeKind {
    /// IMAP STORE: flags were set or taken away.
    Marked,
    /// POP3 DELE; IMAP STORE of `\Deleted`.
    MarkedDeleted,
    /// IMAP EXPUNGE: what was marked is gone.
    Expunged,
    /// COPY.
    Copied,
    /// MOVE (RFC 6851).
    Moved,
    /// APPEND.
    Uploaded,
}

impl ChangeKind {
    /// Every kind.
    pub const ALL: [ChangeKind; 6] = [
        ChangeKind::Marked,
        ChangeKind::MarkedDeleted,
        ChangeKind::Expunged,
        ChangeKind::Copied,
        ChangeKind::Moved,
        ChangeKind::Uploaded,
    ];

    /// The name in records and texts.
    pub const fn name(self) -> &'static str {
        match self {
            ChangeKind::Marked => "marked",
            ChangeKind::MarkedDeleted => "marked_deleted",
            ChangeKind::Expunged => "expunged",
            ChangeKind::Copied => "copied",
            ChangeKind::Moved => "moved",
            ChangeKind::Uploaded => "uploaded",
        }
    }
}

/// What came of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ChangeOutcome {
    /// The server did it. POP3: QUIT made it last (RFC 1939 section 6).
    Done,
    /// The server refused.
    Refused,
    /// POP3: RSET took it back, or the session ended without QUIT.
    Undone,
    /// The capture has no answer.
    Unknown,
}

impl ChangeOutcome {
    /// Every outcome.
    pub const ALL: [ChangeOutcome; 4] =
        [ChangeOutcome::Done, ChangeOutcome::Refused, ChangeOutcome::Undone, ChangeOutcome::Unknown];

    /// The name in records and texts.
    pub const fn name(self) -> &'static str {
        match self {
            ChangeOutcome::Done => "done",
            ChangeOutcome::Refused => "refused",
            ChangeOutcome::Undone => "undone",
            ChangeOutcome::Unknown => "unknown",
        }
    }
}

/// One command that changes messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Its place in [`Session::turns`].
    pub turn: usize,
    /// Its packet.
    pub packet: u64,
    /// What it does.
    pub kind: ChangeKind,
    /// Its arguments, as they stand: which messages, flags, the mailbox.
    pub arguments: String,
    /// What came of it.
    pub outcome: ChangeOutcome,
}

impl Session {
    /// What the client changed, in order.
    pub fn changes(&self) -> Vec<Change> {
        let mut changes: Vec<Change> = Vec::new();
        let mut place = std::collections::HashMap::new();
        for (turn, one) in self.turns.iter().enumerate() {
            match &one.kind {
                TurnKind::Command(command) => {
                    if command.verb == "RSET" && self.protocol == Protocol::Pop3 {
                        undo(&mut changes);
                    }
                    let Some(kind) = kind(command) else { continue };
                    place.insert(turn, changes.len());
                    changes.push(Change {
                        turn,
                        packet: one.packet,
                        kind,
                        arguments: command.arguments.clone(),
                        outcome: ChangeOutcome::Unknown,
                    });
                }
                TurnKind::Response { to: Some(to), response, .. } => {
                    let outcome = match response.status {
                        _ if self.protocol == Protocol::Imap && response.tag.is_none() => continue,
                        Some(Status::Ok) => ChangeOutcome::Done,
                        Some(_) => ChangeOutcome::Refused,
                        None => continue,
                    };
                    if let Some(change) = place.get(to).and_then(|&at| changes.get_mut(at)) {
                        change.outcome = outcome;
                    }
                }
                _ => {}
            }
        }
        if self.protocol == Protocol::Pop3 && matches!(self.ended, Ended::Closed | Ended::Reset) {
            undo(&mut changes);
        } else if self.protocol == Protocol::Pop3 && self.ended != Ended::Quit {
            for change in changes.iter_mut().filter(|change| change.outcome == ChangeOutcome::Done) {
                change.outcome = ChangeOutcome::Unknown;
            }
        }
        changes
    }
}

/// What POP3 has only marked stays (RFC 1939 sections 5 and 6).
fn undo(changes: &mut [Change]) {
    for change in changes.iter_mut().filter(|change| change.outcome == ChangeOutcome::Done) {
        change.outcome = ChangeOutcome::Undone;
    }
}

fn kind(command: &Command) -> Option<ChangeKind> {
    let verb = command.verb.strip_prefix("UID ").unwrap_or(&command.verb);
    Some(match verb {
        "DELE" => ChangeKind::MarkedDeleted,
        "STORE" => {
            let arguments = command.arguments.to_ascii_lowercase();
            let sets = arguments.contains("\\deleted") && !arguments.contains(" -flags");
            if sets { ChangeKind::MarkedDeleted } else { ChangeKind::Marked }
        }
        "EXPUNGE" => ChangeKind::Expunged,
        "COPY" => ChangeKind::Copied,
        "MOVE" => ChangeKind::Moved,
        "APPEND" => ChangeKind::Uploaded,
        _ => return None,
    })
}
