//! `verify --bundle`: one bundle, away from any lock.

use super::{Exit, Failure};
use crate::attest::{self, Stamp, TimeSource, Trust};
use crate::model::{Digest, PredicateType, SignedBy};
use serde::Serialize;

/// A bundle that holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct VerifiedBundle {
    /// 1.
    pub version: u32,
    /// Of the bundle.
    pub bundle: Digest,
    /// Of what was signed.
    pub statement: Digest,
    /// What it says.
    pub predicate_type: PredicateType,
    /// The subject that was asked for, as the statement names it.
    pub subject: String,
    /// Who signed: the digest of the key, or the identity in the certificate.
    pub signed_by: String,
    /// The name by which that is trusted.
    pub trusted_as: String,
    /// When, and from whose hands that is.
    pub times: Vec<Stamp>,
}

/// What else a bundle must be.
#[derive(Debug, Clone, Default)]
pub struct Expected {
    /// Its predicate type.
    pub kind: Option<String>,
    /// From whose hands its time must be, at least.
    pub times: Option<TimeSource>,
}

/// Verifies a bundle of the form that `build` writes: somebody trusted has signed exactly this payload, and it is about this
/// subject, given as `ALGORITHM:HEX`.
///
/// # Errors
/// It does not hold: integrity, with the code of what is wrong.
pub fn verify_bundle(
    bytes: &[u8],
    subject: &str,
    trust: &Trust,
    expected: &Expected,
) -> Result<VerifiedBundle, Failure> {
    let (algorithm, hex) = subject.split_once(':').ok_or_else(|| {
        Failure::new(Exit::Usage, "usage::subject", format!("{subject}: neither a file nor `sha256:` with a digest"))
    })?;
    let attestation =
        attest::verify_bundle(bytes, trust).map_err(|error| Failure::from_diagnostic(Exit::Integrity, error))?;
    let statement = attestation.statement();
    if let Some(kind) = expected.kind.as_ref().filter(|kind| **kind != statement.predicate_type.as_str()) {
        let what = format!("the statement is of type {}, not {kind}", statement.predicate_type);
        return Err(Failure::new(Exit::Integrity, "attestation::other-type", what));
    }
    let source = super::attestations::best(attestation.stamps());
    if let Some(wanted) = expected.times
        && source.is_none_or(|source| source > wanted)
    {
        let what = format!("its time is from: {}", super::verify::words_of(source));
        return Err(Failure::new(Exit::Integrity, "verify::time-source", what)
            .help(format!("wanted is {} or better", super::verify::words_of(Some(wanted)))));
    }
    let is_it = |digest: &String| digest.eq_ignore_ascii_case(hex);
    let found = statement.subject.iter().find(|found| found.digest.get(algorithm).is_some_and(is_it));
    let Some(found) = found else {
        let names: Vec<&str> = statement.subject.iter().map(|subject| subject.name.as_str()).collect();
        let what = format!("the statement is not about {subject} but about {}", names.join(", "));
        return Err(Failure::new(Exit::Integrity, "attestation::other-subject", what));
    };
    Ok(VerifiedBundle {
        version: 1,
        bundle: attestation.bundle_digest(),
        statement: attestation.payload_digest(),
        predicate_type: statement.predicate_type,
        subject: found.name.clone(),
        signed_by: match attestation.signed_by() {
            SignedBy::Key(digest) => digest.to_string(),
            SignedBy::Identity(identity) => identity.clone(),
        },
        trusted_as: attestation.trusted_as().to_owned(),
        times: attestation.stamps().to_vec(),
    })
}
