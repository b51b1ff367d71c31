//! What changed between two locks, as data. A published form: a field is added only with care, renamed only with
//! [`DIFF_VERSION`].

use crate::model::{
    Date, Digest, FindingStatus, Name, PredicateType, Purl, Severity, SeverityCounts, SignerId, SubjectDigest,
    Timestamp, Verdict,
};
use serde::Serialize;
use std::collections::BTreeMap;

/// The version of the published form.
pub const DIFF_VERSION: u32 = 1;

/// What changed between two locks. What did not change is left out.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct LockDiff {
    /// [`DIFF_VERSION`].
    pub version: u32,
    /// What the runs were given.
    pub inputs: InputsDiff,
    /// Services that only the new lock has. By name.
    pub services_added: Vec<ServiceText>,
    /// Services that only the old lock has. By name.
    pub services_removed: Vec<ServiceText>,
    /// Services that both have and that changed. By name.
    pub services_changed: Vec<ServiceDiff>,
}

/// Before and after.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change<T> {
    /// In the old lock.
    pub from: T,
    /// In the new lock.
    pub to: T,
}

impl<T: PartialEq + Clone> Change<T> {
    /// The change, if it is one.
    pub(super) fn of(from: &T, to: &T) -> Option<Self> {
        (from != to).then(|| Self { from: from.clone(), to: to.clone() })
    }
}

/// What the runs were given.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct InputsDiff {
    /// Digest of the config.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub config: Option<Change<Digest>>,
    /// The instant everything was judged at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub as_of: Option<Change<Timestamp>>,
    /// Digest of the advisory snapshot.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub advisories: Option<Change<Digest>>,
    /// The latest record of the advisory snapshot.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub advisories_modified: Option<Change<Timestamp>>,
    /// Versions of scanners; `null` where a lock has no such scanner.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub scanners: BTreeMap<String, Change<Option<String>>>,
}

/// A service that only one lock has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ServiceText {
    /// Its name.
    pub name: Name,
    /// Its verdict.
    pub verdict: Verdict,
}

/// Names that came and went. Sorted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Names {
    /// Only in the new lock.
    pub added: Vec<String>,
    /// Only in the old lock.
    pub removed: Vec<String>,
}

impl Names {
    /// Whether none came or went.
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty()
    }
}

/// What changed in a service.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ServiceDiff {
    /// Its name.
    pub name: Name,
    /// Its verdict.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verdict: Option<Change<Verdict>>,
    /// Digest of its policy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy: Option<Change<Digest>>,
    /// What it depends on.
    #[serde(skip_serializing_if = "Names::is_empty")]
    pub depends_on: Names,
    /// Ids of waivers used.
    #[serde(skip_serializing_if = "Names::is_empty")]
    pub waivers: Names,
    /// Its subjects.
    #[serde(skip_serializing_if = "Names::is_empty")]
    pub subjects: Names,
    /// Subjects that both locks have and that changed. By name.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub subjects_changed: Vec<SubjectDiff>,
}

/// What changed in a subject.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct SubjectDiff {
    /// Its name.
    pub name: Name,
    /// Where it was taken from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uri: Option<Change<String>>,
    /// What it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<Change<SubjectDigest>>,
    /// Digest of its SBOM: by it the stored documents are found that [`super::diff_components`] compares.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sbom: Option<Change<Digest>>,
    /// Digest of the advisories that were looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slice: Option<Change<Digest>>,
    /// How many components.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub component_count: Option<Change<u64>>,
    /// Findings by severity.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub counts: Option<Change<SeverityCounts>>,
    /// Findings of the lock that are new.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub findings_added: Vec<FindingText>,
    /// Findings that the new lock no longer has: fixed, withdrawn, or below the policy's threshold.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub findings_fixed: Vec<FindingText>,
    /// Findings that count differently.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub findings_changed: Vec<FindingChange>,
    /// Attestations. By type.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub attestations: Vec<AttestationChange>,
    /// Packages, where the stored SBOMs were at hand.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub components: Option<ComponentDiff>,
}

/// A finding of one lock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct FindingText {
    /// Its id.
    pub id: String,
    /// Its package.
    pub package: Purl,
    /// How bad.
    pub severity: Severity,
    /// What it counts as.
    pub status: FindingStatus,
}

/// A finding of both locks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct FindingChange {
    /// Its id.
    pub id: String,
    /// Its package.
    pub package: Purl,
    /// How bad.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub severity: Option<Change<Severity>>,
    /// What it counts as.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<Change<FindingStatus>>,
    /// Since when it is known: what a grace period is counted from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_seen: Option<Change<Date>>,
}

/// An attestation of either lock; `null` where a lock has none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct AttestationChange {
    /// What it says.
    #[serde(rename = "type")]
    pub predicate_type: PredicateType,
    /// Who signed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signer: Option<Change<Option<SignerId>>>,
    /// Digest of what is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub statement: Option<Change<Option<Digest>>>,
    /// Digest of the signed bundle.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bundle: Option<Change<Option<Digest>>>,
}

/// What changed in the packages of a subject.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ComponentDiff {
    /// Packages, or further versions of one, that came.
    pub added: Vec<PackageText>,
    /// Packages, or versions of one, that went.
    pub removed: Vec<PackageText>,
    /// Packages of which some versions gave way to others.
    pub changed: Vec<ComponentChange>,
}

/// A package at a version.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct PackageText {
    /// Package URL without version.
    pub package: String,
    /// The version.
    pub version: String,
}

/// A package at other versions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ComponentChange {
    /// Package URL without version.
    pub package: String,
    /// Versions that went.
    pub from: Vec<String>,
    /// Versions that came.
    pub to: Vec<String>,
}

impl LockDiff {
    /// Whether nothing changed.
    pub fn is_empty(&self) -> bool {
        self.inputs == InputsDiff::default()
            && self.services_added.is_empty()
            && self.services_removed.is_empty()
            && self.services_changed.is_empty()
    }
}
