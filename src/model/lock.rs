//! `compliance.lock`, decoded. The text form is the business of `lockfile`.

use super::{
    Date, Digest, FindingStatus, Name, PredicateType, Purl, Severity, SeverityCounts, SignerId, SubjectDigest,
    SubjectKind, Timestamp, Verdict,
};
use std::collections::BTreeMap;

/// The form of lock that we write: 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LockVersion;

impl LockVersion {
    /// The number in the file.
    pub const NUMBER: u32 = 1;
}

/// A whole lock.
#[derive(Debug, Clone, PartialEq)]
pub struct Lock {
    /// What the run was given.
    pub inputs: LockInputs,
    /// Merkle root over all attestation digests (statements, not bundles: the root is reproducible).
    pub root: Digest,
    /// By name, one each.
    pub services: Vec<LockService>,
}

/// What a run was given.
#[derive(Debug, Clone, PartialEq)]
pub struct LockInputs {
    /// Of the canonical validated config.
    pub config: Digest,
    /// The instant everything was judged at.
    pub as_of: Timestamp,
    /// Which advisories.
    pub advisories: LockAdvisories,
    /// Scanner name to version, with `@sha256:…` of the program where it is external.
    pub scanners: BTreeMap<String, String>,
}

/// Which advisories a run used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockAdvisories {
    /// The snapshot's digest.
    pub snapshot: Digest,
    /// Its latest record.
    pub modified: Timestamp,
}

/// A service.
#[derive(Debug, Clone, PartialEq)]
pub struct LockService {
    /// Its name.
    pub name: Name,
    /// The verdict on it and all it depends on.
    pub verdict: Verdict,
    /// Digest of the policy it was judged by.
    pub policy: Digest,
    /// Direct dependencies. Sorted.
    pub depends_on: Vec<Name>,
    /// Ids of the waivers used. Sorted.
    pub waivers: Vec<String>,
    /// By name.
    pub subjects: Vec<LockSubject>,
}

/// A subject of a service.
#[derive(Debug, Clone, PartialEq)]
pub struct LockSubject {
    /// Its name.
    pub name: Name,
    /// Where it was taken from.
    pub uri: String,
    /// Which kind.
    pub kind: SubjectKind,
    /// What it was.
    pub digest: SubjectDigest,
    /// Digest of the stored SBOM (`.compliance/sboms/<hex>.json`).
    pub sbom: Digest,
    /// Digest of the stored advisory slice (`.compliance/slices/<hex>.json`).
    pub slice: Digest,
    /// How many components.
    pub components: u64,
    /// Findings by severity, waived ones included.
    pub counts: SeverityCounts,
    /// Those at or above the policy's threshold. Sorted by id, then package.
    pub findings: Vec<LockFinding>,
    /// By type.
    pub attestations: Vec<LockAttestation>,
    /// What others attested and the policy requires. By type, then statement.
    pub required: Vec<LockRequired>,
}

impl LockSubject {
    /// The digest of every statement about it, ours first.
    pub fn statements(&self) -> impl Iterator<Item = Digest> + '_ {
        let ours = self.attestations.iter().map(|attestation| attestation.statement);
        ours.chain(self.required.iter().map(|required| required.statement))
    }
}

/// A finding that the policy looks at.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct LockFinding {
    /// Its id.
    pub id: String,
    /// Its package.
    pub package: Purl,
    /// How bad.
    pub severity: Severity,
    /// What it counted as.
    pub status: FindingStatus,
    /// Since when it is known here.
    pub first_seen: Date,
}

/// An attestation of a subject.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockAttestation {
    /// What it says.
    pub predicate_type: PredicateType,
    /// Digest of the DSSE payload: reproducible.
    pub statement: Digest,
    /// Digest of the stored bundle: the evidence itself.
    pub bundle: Digest,
    /// Who signed.
    pub signer: SignerId,
}

/// What somebody else attested of a subject.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct LockRequired {
    /// What it says, a URI.
    pub predicate_type: String,
    /// Digest of what was signed.
    pub statement: Digest,
    /// Digest of the stored evidence, as it was found.
    pub bundle: Digest,
    /// Who signed, as seen here.
    pub signer: SignerId,
}
