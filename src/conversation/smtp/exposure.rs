//! What a session shows to those who read the wire, and what TLS hid.

use super::session::{Encryption, Ended, Message, Session, Turn, TurnKind, Warning};

/// A kind of thing that a session can give away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Exposed {
    /// What the hosts call themselves: greeting and EHLO.
    HostNames,
    /// Sender and recipients: MAIL, RCPT.
    Addresses,
    /// Who logs in.
    User,
    /// What proves it.
    Secret,
    /// The subject, and with it the rest of the header.
    Subject,
    /// The body.
    Body,
}

impl Exposed {
    /// Every kind.
    pub const ALL: [Exposed; 6] = [
        Exposed::HostNames,
        Exposed::Addresses,
        Exposed::User,
        Exposed::Secret,
        Exposed::Subject,
        Exposed::Body,
    ];

    /// The name in records and in the texts.
    pub const fn name(self) -> &'static str {
        match self {
            Exposed::HostNames => "host_names",
            Exposed::Addresses => "addresses",
            Exposed::User => "user",
            Exposed::Secret => "secret",
            Exposed::Subject => "subject",
            Exposed::Body => "body",
        }
    }
}

/// How well something could be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sight {
    /// By anyone on this wire.
    Readable,
    /// It was sent, and those who made the mail had encrypted it themselves (S/MIME, OpenPGP).
    Sealed,
    /// If it was sent, TLS hid it.
    Hidden,
    /// Not at all: it was not sent.
    NotSent,
    /// Not here: the capture does not have the whole session.
    NotSeen,
}

impl Sight {
    /// The name in records and in the texts.
    pub const fn name(self) -> &'static str {
        match self {
            Sight::Readable => "readable",
            Sight::Sealed => "sealed",
            Sight::Hidden => "hidden",
            Sight::NotSent => "not_sent",
            Sight::NotSeen => "not_seen",
        }
    }
}

/// What the proof of a login is worth to those who read it; the worst last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Proof {
    /// Nothing that could be used: the proof was given elsewhere (EXTERNAL).
    Elsewhere,
    /// A ticket or a signature that serves once.
    Once,
    /// A mechanism that is not known here.
    Unknown,
    /// A digest of the password and of a challenge: passwords can be tried against it offline.
    Digest,
    /// A bearer token: whoever has it can use it until it expires (RFC 6750 section 5).
    Token,
    /// The password itself.
    Password,
}

impl Proof {
    /// The name in records and in the texts.
    pub const fn name(self) -> &'static str {
        match self {
            Proof::Elsewhere => "elsewhere",
            Proof::Once => "once",
            Proof::Unknown => "unknown",
            Proof::Digest => "digest",
            Proof::Token => "token",
            Proof::Password => "password",
        }
    }

    /// By the SASL mechanism, upper case.
    pub fn of_mechanism(mechanism: &str) -> Self {
        match mechanism {
            "PLAIN" | "LOGIN" => Proof::Password,
            "XOAUTH2" | "OAUTHBEARER" => Proof::Token,
            "CRAM-MD5" | "DIGEST-MD5" | "NTLM" => Proof::Digest,
            "EXTERNAL" | "ANONYMOUS" => Proof::Elsewhere,
            "GSSAPI" | "GS2-KRB5" | "OTP" | "SECURID" => Proof::Once,
            name if name.starts_with("SCRAM-") => Proof::Digest,
            _ => Proof::Unknown,
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
    /// What could be read of this session, in the order of [`Exposed::ALL`].
    pub fn exposure(&self) -> [Exposure; 6] {
        let clear = Part::new(self.turns_in_the_clear(), self.messages_in_the_clear());
        Exposed::ALL.map(|what| {
            let (packet, proof) = clear.first(what);
            let sight = match packet {
                Some(_) if what == Exposed::Body && self.is_sealed() => Sight::Sealed,
                Some(_) => Sight::Readable,
                None if self.was_sent(what) => Sight::Hidden,
                // decrypted as a whole, it is known not to have been sent
                None if self.encryption != Encryption::None
                    && !(self.decrypted.is_some() && self.is_whole()) =>
                {
                    Sight::Hidden
                }
                None if self.is_whole() => Sight::NotSent,
                None => Sight::NotSeen,
            };
            Exposure { what, sight, packet, proof }
        })
    }

    /// Whether something of this kind is in the session, as far as it could be read or decrypted.
    pub fn was_sent(&self, what: Exposed) -> bool {
        Part::new(&self.turns, self.messages.iter()).first(what).0.is_some()
    }

    /// All that was said, in the clear or decrypted, is in the capture.
    fn is_whole(&self) -> bool {
        let torn = |warning: &Warning| matches!(warning, Warning::Gap | Warning::OneSided);
        self.greeting.is_some() && self.ended != Ended::Open && !self.warnings.iter().any(torn)
    }

    /// All bodies were encrypted by those who made them (RFC 1847, RFC 8551).
    fn is_sealed(&self) -> bool {
        let sealed = |kind: &str| {
            ["multipart/encrypted", "application/pkcs7-mime"]
                .iter()
                .any(|seal| kind.eq_ignore_ascii_case(seal))
        };
        let mut bodies = self.messages_in_the_clear().filter(|message| message.octets > 0);
        bodies.all(|message| message.parts.first().is_some_and(|part| sealed(&part.content_type)))
    }
}

/// The part of a session that is looked at.
struct Part<'a> {
    turns: &'a [Turn],
    messages: Vec<&'a Message>,
    logins: Logins,
}

impl<'a> Part<'a> {
    fn new(turns: &'a [Turn], messages: impl Iterator<Item = &'a Message>) -> Self {
        Self { turns, messages: messages.collect(), logins: Logins::of(turns) }
    }

    /// The packet that first has something of this kind; what proved a login.
    fn first(&self, what: Exposed) -> (Option<u64>, Option<Proof>) {
        let turn = |wanted: fn(&TurnKind) -> bool| {
            self.turns.iter().find(|turn| wanted(&turn.kind)).map(|turn| turn.packet)
        };
        let mut messages = self.messages.iter();
        match what {
            Exposed::HostNames => (turn(is_name), None),
            Exposed::Addresses => (turn(is_path), None),
            Exposed::User => (self.logins.user, None),
            Exposed::Secret => {
                let sent = self.logins.proof.filter(|(proof, _)| *proof != Proof::Elsewhere);
                (sent.map(|(_, packet)| packet), self.logins.proof.map(|(proof, _)| proof))
            }
            Exposed::Subject => {
                (messages.find(|m| m.header.subject.is_some()).map(|message| message.packets.start), None)
            }
            Exposed::Body => (messages.find_map(|message| message.body_from), None),
        }
    }
}

/// The logins of a session.
#[derive(Default)]
struct Logins {
    /// The packet that first names a user.
    user: Option<u64>,
    /// The worst that was sent to prove one, and in which packet first.
    proof: Option<(Proof, u64)>,
}

impl Logins {
    fn of(turns: &[Turn]) -> Self {
        let mut logins = Logins::default();
        let mut login: Option<(Proof, bool, u32)> = None;
        for turn in turns {
            match &turn.kind {
                TurnKind::Command { verb, argument, secret, .. } if verb == "AUTH" => {
                    let mechanism = argument.to_ascii_uppercase();
                    login = Some((Proof::of_mechanism(&mechanism), proves_late(&mechanism), 0));
                    if secret.is_some() {
                        logins.response(&mut login, turn);
                    }
                }
                TurnKind::AuthResponse { cancel: false, .. } => logins.response(&mut login, turn),
                TurnKind::AuthResponse { cancel: true, .. } | TurnKind::Command { .. } => login = None,
                TurnKind::Greeting(_)
                | TurnKind::Reply { .. }
                | TurnKind::Message { .. }
                | TurnKind::Tls
                | TurnKind::Gap { .. } => {}
            }
        }
        logins
    }

    /// The next response of a login: its proof, whether that comes with the second response, responses so far.
    fn response(&mut self, login: &mut Option<(Proof, bool, u32)>, turn: &Turn) {
        // the AUTH of a response that stands alone was not captured: nothing is known of it
        let (proof, late, count) = login.get_or_insert((Proof::Unknown, false, 0));
        *count += 1;
        if *count == 1 && *proof != Proof::Unknown {
            self.user.get_or_insert(turn.packet);
        }
        let is_worse = self.proof.is_none_or(|(worst, _)| *proof > worst);
        if (!*late || *count > 1) && is_worse {
            self.proof = Some((*proof, turn.packet));
        }
    }
}

/// Mechanisms whose first response names the user alone.
pub(in crate::conversation) fn proves_late(mechanism: &str) -> bool {
    mechanism == "LOGIN" || mechanism == "NTLM" || mechanism.starts_with("SCRAM-")
}

fn is_name(kind: &TurnKind) -> bool {
    match kind {
        TurnKind::Greeting(_) => true,
        TurnKind::Command { verb, .. } => matches!(verb.as_str(), "EHLO" | "HELO" | "LHLO"),
        TurnKind::Reply { .. }
        | TurnKind::AuthResponse { .. }
        | TurnKind::Message { .. }
        | TurnKind::Tls
        | TurnKind::Gap { .. } => false,
    }
}

fn is_path(kind: &TurnKind) -> bool {
    kind.command().is_some_and(|(verb, _)| matches!(verb, "MAIL" | "RCPT" | "VRFY" | "EXPN"))
}
