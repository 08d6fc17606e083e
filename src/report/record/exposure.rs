//! What a session gave away, in an `smtp_session` record.

use schemars::JsonSchema;
use serde::Serialize;

use crate::conversation::smtp::{Exposed, Exposure, Proof, Session, Sight};

/// Each with the packet in which it could first be read.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub(super) struct ExposureRecord {
    /// What the hosts call themselves: greeting and EHLO.
    host_names: SightRecord,
    /// Sender and recipients.
    addresses: SightRecord,
    /// Who logs in.
    user: SightRecord,
    /// What proves it.
    secret: SecretRecord,
    /// The subject, and with it the header.
    subject: SightRecord,
    body: SightRecord,
}

#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub(super) struct SightRecord {
    /// `readable`, `sealed` (encrypted by those who made the mail), `hidden` (by TLS, if it was sent), `not_sent`,
    /// or `not_seen` where the capture does not have the whole session.
    pub(super) state: &'static str,
    pub(super) packet: Option<u64>,
}

#[derive(Debug, Default, Serialize, JsonSchema)]
pub(super) struct SecretRecord {
    #[serde(flatten)]
    pub(super) sight: SightRecord,
    /// `password`, `token`, `digest` (passwords can be tried against it offline), `once`, `elsewhere` or `unknown`.
    pub(super) kind: Option<&'static str>,
}

impl From<&Session> for ExposureRecord {
    fn from(session: &Session) -> Self {
        let mut record = Self::default();
        for Exposure { what, sight, packet, proof } in session.exposure() {
            let sight = SightRecord { state: Sight::name(sight), packet };
            match what {
                Exposed::HostNames => record.host_names = sight,
                Exposed::Addresses => record.addresses = sight,
                Exposed::User => record.user = sight,
                Exposed::Secret => record.secret = SecretRecord { sight, kind: proof.map(Proof::name) },
                Exposed::Subject => record.subject = sight,
                Exposed::Body => record.body = sight,
            }
        }
        record
    }
}
