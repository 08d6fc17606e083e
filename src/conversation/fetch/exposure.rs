//! What a session shows to those who read the wire, and what TLS hid.

use super::session::{Ended, Session, Turn, TurnKind, Warning};
use crate::conversation::smtp::{Encryption, Proof, Sight};
use crate::packet::Protocol;

/// A kind of thing that a session can give away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Exposed {
    /// Who logs in.
    User,
    /// What proves it.
    Secret,
    /// IMAP: names of mailboxes.
    Mailboxes,
    /// Subjects, of messages or in lists of them.
    Subject,
    /// Bodies of messages.
    Body,
}

impl Exposed {
    /// Every kind.
    pub const ALL: [Exposed; 5] =
        [Exposed::User, Exposed::Secret, Exposed::Mailboxes, Exposed::Subject, Exposed::Body];

    /// The name in records and in the texts.
    pub const fn name(self) -> &'static str {
        match self {
            Exposed::User => "user",
            Exposed::Secret => "secret",
            Exposed::Mailboxes => "mailboxes",
            Exposed::Subject => "subject",
            Exposed::Body => "body",
        }
    }
}

/// What is known of one kind of thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exposure {
    /// What it is about.
    pub what: Exposed,
    /// How well it could be read.
    pub sight: Sight,
    /// The packet in which it could first be read.
    pub packet: Option<u64>,
    /// For [`Exposed::Secret`]: what was sent.
    pub proof: Option<Proof>,
}

impl Session {
    /// What could be read of this session, in the order of [`Exposed::ALL`]; POP3 has no mailboxes.
    pub fn exposure(&self) -> Vec<Exposure> {
        let has = |what: &Exposed| *what != Exposed::Mailboxes || self.protocol == Protocol::Imap;
        Exposed::ALL.into_iter().filter(has).map(|what| self.exposure_of(what)).collect()
    }

    fn exposure_of(&self, what: Exposed) -> Exposure {
        let mut proof = None;
        let packet = match what {
            Exposed::User => self.in_the_clear().find_map(|login| login.user_packet),
            Exposed::Secret => {
                let worst = self.worst_proof();
                proof = worst.map(|(proof, _)| proof);
                worst.and_then(|(_, packet)| packet)
            }
            Exposed::Mailboxes => self.first(names_mailbox),
            Exposed::Subject => self.subject(),
            Exposed::Body => self.clear_messages().find_map(|message| message.body_from),
        };
        let sight = match packet {
            Some(_) if what == Exposed::Body && self.is_sealed() => Sight::Sealed,
            Some(_) => Sight::Readable,
            None if self.encryption != Encryption::None => Sight::Hidden,
            None if self.is_whole() => Sight::NotSent,
            None => Sight::NotSeen,
        };
        Exposure { what, sight, packet, proof }
    }

    /// All that was said in the clear is in the capture.
    fn is_whole(&self) -> bool {
        let torn =
            |warning: &Warning| matches!(warning, Warning::Gap | Warning::OneSided | Warning::Compressed);
        let bounded = self.turns_left_out + self.messages_left_out > 0;
        self.greeting.is_some() && self.ended != Ended::Open && !bounded && !self.warnings.iter().any(torn)
    }

    fn in_the_clear(&self) -> impl Iterator<Item = &super::Login> {
        self.logins.iter().filter(|login| !login.encrypted)
    }

    /// The worst that was sent to prove a login, and the first packet that carried it.
    fn worst_proof(&self) -> Option<(Proof, Option<u64>)> {
        let proof = self.in_the_clear().map(|login| (login.proof, login.secret_packet));
        proof.filter(|(proof, packet)| packet.is_some() || *proof == Proof::Elsewhere).reduce(
            |worst, next| {
                if next.0 > worst.0 { next } else { worst }
            },
        )
    }

    fn clear_messages(&self) -> impl Iterator<Item = &super::Message> {
        self.messages.iter().filter(|message| !message.decrypted)
    }

    fn first(&self, wanted: fn(&TurnKind) -> bool) -> Option<u64> {
        let clear = |turn: &&Turn| !turn.decrypted && wanted(&turn.kind);
        self.turns.iter().find(clear).map(|turn| turn.packet)
    }

    fn subject(&self) -> Option<u64> {
        let mut with_subject =
            self.clear_messages().filter(|message| message.content.header.subject.is_some());
        let of_message = with_subject.next().map(|message| message.packets.start);
        let in_list = self.first(has_envelope);
        of_message.into_iter().chain(in_list).min()
    }

    /// All bodies were encrypted by those who made them (RFC 1847, RFC 8551).
    fn is_sealed(&self) -> bool {
        let sealed = |kind: &str| {
            ["multipart/encrypted", "application/pkcs7-mime"]
                .iter()
                .any(|seal| kind.eq_ignore_ascii_case(seal))
        };
        let mut bodies = self.clear_messages().filter(|message| message.body_from.is_some());
        bodies.all(|message| message.content.parts.first().is_some_and(|part| sealed(&part.content_type)))
    }
}

/// Names of mailboxes stand in commands that open, make or list them, and in the answers.
fn names_mailbox(kind: &TurnKind) -> bool {
    const COMMANDS: [&str; 12] = [
        "SELECT",
        "EXAMINE",
        "CREATE",
        "DELETE",
        "RENAME",
        "SUBSCRIBE",
        "UNSUBSCRIBE",
        "STATUS",
        "APPEND",
        "COPY",
        "UID COPY",
        "UID MOVE",
    ];
    match kind {
        TurnKind::Command(command) => COMMANDS.contains(&command.verb.as_str()),
        TurnKind::Response { response, .. } => {
            matches!(response.name.as_deref(), Some("LIST" | "LSUB" | "XLIST" | "STATUS"))
        }
        TurnKind::Greeting(_)
        | TurnKind::AuthResponse { .. }
        | TurnKind::Message { .. }
        | TurnKind::Tls
        | TurnKind::Gap { .. } => false,
    }
}

/// ENVELOPE has the subject (RFC 9051 section 7.5.2).
fn has_envelope(kind: &TurnKind) -> bool {
    kind.response().is_some_and(|response| {
        response.name.as_deref() == Some("FETCH") && response.text.to_ascii_uppercase().contains("ENVELOPE (")
    })
}
