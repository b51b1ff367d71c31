//! Every attestation that a lock records, looked at from each side, and each side reported by itself. What failed on one side is not
//! looked at on those behind it, and is said to be so: nothing that was not looked at is ever fine.
//!
//! | check | holds |
//! |---|---|
//! | `digests` | the file, and what is signed in it, are those that the lock names |
//! | `signatures` | a bundle of the form that is taken, with one signature, which verifies |
//! | `keys` | signed by a key: by one that is trusted, the one that the lock names |
//! | `certificates` | signed with a certificate: one for attestations, of minutes, that leads to a trusted root |
//! | `timestamps` | every time stamp is over this signature, by a trusted authority, within the certificate's life |
//! | `identities` | signed with a certificate: it names one identity, which is trusted, the one that the lock names |
//! | `statements` | strict JSON, of the type and about the subject that the lock says |
//! | `completeness` | each subject has all it must have, and its verdict rests on exactly these |

use super::recall::{Findings, subjects};
use super::store::{Kind, Store};
use super::verify::{Check, subject_of};
use super::{Exit, Failure, required};
use crate::attest::statements::{Vulns, read_summary, read_vulns};
use crate::attest::{self, Attestation, CertificateError, Stamp, TimeSource, Trust, VerifyError};
use crate::model::{Digest, Lock, LockAttestation, LockSubject, Material, PredicateType, SignedBy, StatementSubject};
use std::collections::BTreeMap;

/// The sides, in the order in which they are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Side {
    Digests,
    Signatures,
    Keys,
    Certificates,
    Timestamps,
    Identities,
    Statements,
    Completeness,
}

impl Side {
    const ALL: [Self; 8] = [
        Self::Digests,
        Self::Signatures,
        Self::Keys,
        Self::Certificates,
        Self::Timestamps,
        Self::Identities,
        Self::Statements,
        Self::Completeness,
    ];

    const fn name(self) -> &'static str {
        match self {
            Self::Digests => "digests",
            Self::Signatures => "signatures",
            Self::Keys => "keys",
            Self::Certificates => "certificates",
            Self::Timestamps => "timestamps",
            Self::Identities => "identities",
            Self::Statements => "statements",
            Self::Completeness => "completeness",
        }
    }

    /// The side on which an error is.
    const fn of(error: &VerifyError) -> Self {
        match error {
            VerifyError::Bundle(_) | VerifyError::BadSignature { .. } => Self::Signatures,
            VerifyError::Certificate(CertificateError::BadSignature { .. }) => Self::Signatures,
            VerifyError::UntrustedKey { .. } | VerifyError::RevokedKey { .. } => Self::Keys,
            VerifyError::Certificate(
                CertificateError::Identity { .. }
                | CertificateError::NoIdentity
                | CertificateError::SeveralIdentities { .. },
            ) => Self::Identities,
            VerifyError::UntrustedCertificate | VerifyError::Certificate(_) => Self::Certificates,
            VerifyError::Stamp(_) => Self::Timestamps,
            VerifyError::Statement(_) => Self::Statements,
        }
    }
}

/// What of an attestation is looked at: with a key other sides than with a certificate.
#[derive(Debug, Clone, Copy)]
struct Form {
    by_key: bool,
    stamps: usize,
}

/// How often each side was looked at, was not for what failed before, and what failed there.
#[derive(Default)]
struct Tally {
    looked_at: BTreeMap<Side, usize>,
    not_reached: BTreeMap<Side, usize>,
    failures: BTreeMap<Side, Vec<Failure>>,
}

impl Tally {
    /// An attestation that failed on a side, or on none.
    fn count(&mut self, form: Option<Form>, failed: Option<Side>) {
        for side in Side::ALL {
            let times = match (side, form) {
                (Side::Completeness, _) => 0,
                (Side::Keys, Some(form)) => usize::from(form.by_key),
                (Side::Certificates | Side::Identities, Some(form)) => usize::from(!form.by_key),
                (Side::Timestamps, Some(form)) => form.stamps.max(usize::from(!form.by_key)),
                // Of what cannot be read nobody knows which sides it has.
                (Side::Keys | Side::Certificates | Side::Timestamps | Side::Identities, None) => 0,
                _ => 1,
            };
            let reached = failed.is_none_or(|failed| side <= failed);
            *if reached { &mut self.looked_at } else { &mut self.not_reached }.entry(side).or_default() += times;
        }
    }

    fn fail(&mut self, side: Side, failure: Failure) {
        self.failures.entry(side).or_default().push(failure);
    }

    fn checks(mut self) -> Vec<Check> {
        let check = |side: Side| Check {
            not_reached: self.not_reached.remove(&side).unwrap_or_default(),
            ..Check::of(
                side.name(),
                self.looked_at.remove(&side).unwrap_or_default(),
                self.failures.remove(&side).unwrap_or_default(),
            )
        };
        Side::ALL.map(check).into()
    }
}

/// The times that were seen: how many attestations have their best time from which hands. `None` for those without any.
pub(super) type Times = BTreeMap<Option<TimeSource>, usize>;

/// Whose hands the best of several times is from.
pub(super) fn best(stamps: &[Stamp]) -> Option<TimeSource> {
    stamps.iter().map(|stamp| stamp.source).min()
}

/// Looks at every attestation of a lock; and the findings of those that hold.
pub(super) fn check(store: &Store<'_>, trust: &Trust, lock: &Lock, times: &mut Times) -> (Vec<Check>, Findings) {
    let mut tally = Tally::default();
    let mut findings = Findings::new();
    for (service, subject) in subjects(lock) {
        let place = format!("{}/{}", service.name, subject.name);
        let mut statements = Vec::new();
        for recorded in &subject.attestations {
            let path = store.path(Kind::Bundle, &recorded.bundle);
            let fault = |exit, code: &str, what: &str| {
                Failure::new(exit, code, format!("{place}: {}: {what} ({path})", recorded.predicate_type))
            };
            let bytes = match store.read(Kind::Bundle, &recorded.bundle) {
                Ok(bytes) => bytes,
                Err(failure) => {
                    tally.count(None, Some(Side::Digests));
                    tally.fail(Side::Digests, fault(failure.exit, &failure.code, &failure.to_string()));
                    continue;
                }
            };
            let form = attest::bundle::decode(&bytes).ok().map(|bundle| Form {
                by_key: matches!(bundle.material, Material::Key(_)),
                stamps: bundle.timestamps.len(),
            });
            let wrong = match attest::verify_bundle(&bytes, trust) {
                Err(error) => {
                    let side = Side::of(&error);
                    let failure = Failure::from_diagnostic(Exit::Integrity, error);
                    Some((side, failure.code.clone(), failure.to_string()))
                }
                Ok(attestation) => {
                    *times.entry(best(attestation.stamps())).or_default() += 1;
                    let wrong = mismatch(&attestation, recorded, subject);
                    if wrong.is_none() {
                        statements.push(attestation);
                    }
                    wrong.map(|(side, what)| (side, "attestation::mismatch".to_owned(), what.to_owned()))
                }
            };
            tally.count(form, wrong.as_ref().map(|(side, ..)| *side));
            if let Some((side, code, what)) = wrong {
                tally.fail(side, fault(Exit::Integrity, &code, &what));
            }
        }
        others(store, trust, subject, &place, times, &mut tally);
        if let Some(found) = complete(subject, &place, &statements, &mut tally) {
            findings.insert((service.name.clone(), subject.name.clone()), found);
        }
    }
    (tally.checks(), findings)
}

/// What of a verified attestation is not as the lock records it.
fn mismatch(
    attestation: &Attestation,
    recorded: &LockAttestation,
    subject: &LockSubject,
) -> Option<(Side, &'static str)> {
    let statement = attestation.statement();
    let about = StatementSubject::from(&subject_of(subject));
    if attestation.payload_digest() != recorded.statement {
        Some((Side::Digests, "its statement is not the one in the lock"))
    } else if !recorded.signer.is_of(attestation.signed_by()) {
        let side = match attestation.signed_by() {
            SignedBy::Key(_) => Side::Keys,
            SignedBy::Identity(_) => Side::Identities,
        };
        Some((side, "it was signed by another than the lock says"))
    } else if statement.predicate_type != recorded.predicate_type {
        Some((Side::Statements, "its statement is of another type"))
    } else if statement.subject != [about] {
        Some((Side::Statements, "its statement is about another subject"))
    } else {
        None
    }
}

/// What others attested and a policy requires.
fn others(store: &Store<'_>, trust: &Trust, subject: &LockSubject, place: &str, times: &mut Times, tally: &mut Tally) {
    for recorded in &subject.required {
        let wrong = match required::check(store, trust, subject, recorded) {
            Ok(stamps) => {
                *times.entry(best(&stamps)).or_default() += 1;
                None
            }
            Err(required::Wrong::Gone(failure)) => Some((Side::Digests, failure)),
            Err(required::Wrong::Unverified(error)) => {
                Some((Side::of(&error), Failure::from_diagnostic(Exit::Integrity, *error)))
            }
            Err(required::Wrong::Mismatch(what)) => {
                Some((Side::Statements, Failure::new(Exit::Integrity, "attestation::mismatch", what)))
            }
        };
        tally.count(None, wrong.as_ref().map(|(side, _)| *side));
        if let Some((side, failure)) = wrong {
            let path = store.path(Kind::Foreign, &recorded.bundle);
            let what = format!("{place}: {}: {} ({path})", recorded.predicate_type, failure);
            tally.fail(side, Failure::new(failure.exit, failure.code.clone(), what));
        }
    }
}

/// Whether a subject has every attestation that it must have, and whether they are of each other; and what was found, where that is so.
fn complete(subject: &LockSubject, place: &str, statements: &[Attestation], tally: &mut Tally) -> Option<Vulns> {
    let mut found = None;
    let fail = |tally: &mut Tally, code: &str, what: String| {
        tally.fail(Side::Completeness, Failure::new(Exit::Integrity, code, format!("{place}: {what}")));
    };
    for kind in PredicateType::REQUIRED {
        *tally.looked_at.entry(Side::Completeness).or_default() += 1;
        if !subject.attestations.iter().any(|attestation| attestation.predicate_type == kind) {
            fail(tally, "attestation::missing", format!("there is no {kind}"));
        }
    }
    let rests_on: BTreeMap<String, Vec<Digest>> = {
        let ours = subject.attestations.iter().map(|each| (each.predicate_type.to_string(), each.statement));
        let others = subject.required.iter().map(|each| (each.predicate_type.clone(), each.statement));
        let verdict = PredicateType::VerificationSummary.to_string();
        let mut all: BTreeMap<String, Vec<Digest>> = BTreeMap::new();
        for (kind, digest) in ours.filter(|(kind, _)| *kind != verdict).chain(others) {
            all.entry(kind).or_default().push(digest);
        }
        all
    };
    for attestation in statements {
        let statement = attestation.statement();
        match statement.predicate_type {
            PredicateType::VerificationSummary => {
                let mut said: BTreeMap<String, Vec<Digest>> = BTreeMap::new();
                match read_summary(statement) {
                    Ok(summary) => {
                        for (kind, digest) in summary.attestations {
                            said.entry(kind).or_default().push(digest);
                        }
                    }
                    Err(error) => fail(tally, "attestation::verdict", error.to_string()),
                }
                let sorted = |mut all: BTreeMap<String, Vec<Digest>>| {
                    all.values_mut().for_each(|digests| digests.sort());
                    all
                };
                if sorted(said) != sorted(rests_on.clone()) {
                    fail(tally, "attestation::inputs", "its verdict rests on other attestations".to_owned());
                }
            }
            PredicateType::Vulns => match read_vulns(statement) {
                Ok(vulns) if vulns.sbom == subject.sbom && vulns.slice == subject.slice => found = Some(vulns),
                Ok(_) => fail(tally, "attestation::inputs", "its findings are of another SBOM or slice".to_owned()),
                Err(error) => fail(tally, "attestation::findings", error.to_string()),
            },
            PredicateType::CycloneDx | PredicateType::Lock => {}
        }
    }
    found
}
