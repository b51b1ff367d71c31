//! Advisories in the OSV form, cut down to what matching and judging look at.
//!
//! Field names are OSV's (<https://ossf.github.io/osv-schema/>), so that a stored slice can be read by other tools.
//! Unknown fields of a record are dropped; the index keeps only these.

use super::{Digest, Ecosystem, Finding, Gap, ScannerIdentity, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One advisory.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Advisory {
    /// `GHSA-…`, `RUSTSEC-…`, `DSA-…`.
    pub id: String,
    /// Last change, RFC 3339, verbatim.
    #[serde(default)]
    pub modified: String,
    /// Set when the record was taken back: it then matches nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub withdrawn: Option<String>,
    /// Other ids of the same flaw. Sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<String>,
    /// Upstream flaws of a distribution's record (OSV `upstream`; for older records `related` CVEs). Sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub upstream: Vec<String>,
    /// One line of what it is.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub summary: String,
    /// CVSS vectors for the whole record.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub severity: Vec<SeverityScore>,
    /// What it affects.
    #[serde(default)]
    pub affected: Vec<Affected>,
    /// Where to read more. Only `ADVISORY` and `WEB` ones, at most a few.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub references: Vec<Reference>,
    /// The database's own rating (`database_specific.severity`), verbatim.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub database_severity: Option<String>,
}

/// A rating by vector.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeverityScore {
    /// `CVSS_V2`, `CVSS_V3`, `CVSS_V4`, `Ubuntu`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The vector, or Ubuntu's word.
    pub score: String,
}

/// A package that an advisory affects, and at which versions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Affected {
    /// Which package.
    pub package: AffectedPackage,
    /// Version ranges; a version inside any of them is affected.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ranges: Vec<Range>,
    /// Versions affected by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub versions: Vec<String>,
    /// Vectors for this package alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub severity: Vec<SeverityScore>,
    /// What kind of notice it is where the database says so (RustSec's `informational`: `unmaintained`, `unsound`, `notice`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub informational: Option<String>,
    /// Rating for this package (`ecosystem_specific.severity`, `ecosystem_specific.urgency`, `database_specific.severity`), verbatim.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub database_severity: Option<String>,
    /// Operating systems that it is limited to (RustSec's `affects.os`), lower case; empty for all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub os: Vec<String>,
}

/// A package as an advisory names it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct AffectedPackage {
    /// With the release for distributions.
    pub ecosystem: Ecosystem,
    /// The advisory's spelling; the index looks up by the ecosystem's normal form.
    pub name: String,
}

/// A range as a list of events.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Range {
    /// Which ordering.
    #[serde(rename = "type")]
    pub kind: RangeKind,
    /// As recorded; matching sorts them.
    pub events: Vec<Event>,
}

/// Which ordering a range uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum RangeKind {
    /// Semantic Versioning 2.0.
    Semver,
    /// The ecosystem's own.
    Ecosystem,
    /// Commits: never matched here.
    Git,
}

/// A point of a range. Exactly one field of the record's event is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// Affected from here (`0`: from the first version).
    Introduced(String),
    /// Not affected from here.
    Fixed(String),
    /// Affected up to here, included.
    LastAffected(String),
    /// A bound of what the record speaks of.
    Limit(String),
}

/// A link.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reference {
    /// `ADVISORY`, `WEB` …
    #[serde(rename = "type")]
    pub kind: String,
    /// Where.
    pub url: String,
}

/// Which advisories there were: the identity of a database at a moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// Digest of the index file: the same records give the same digest on every machine.
    pub digest: Digest,
    /// The latest `modified` of any record: the snapshot's age is told from this.
    pub modified: Timestamp,
    /// How many records for each ecosystem, releases apart (`Debian:12`). One that is not here was never imported, and its
    /// packages cannot be called clean.
    pub ecosystems: BTreeMap<Ecosystem, u64>,
}

/// The part of a snapshot that one match looked at: every advisory for every package name of one SBOM. Stored beside the
/// SBOM, so that the match can be repeated without the database.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AdvisorySlice {
    /// Where it was cut from.
    pub snapshot: Snapshot,
    /// Sorted by id, one each; `affected` cut down to the packages of the SBOM.
    pub advisories: Vec<Advisory>,
    /// What another program said, where that has matched: then there are no advisories here, and the snapshot is its database.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<OtherAnswer>,
}

/// What another program finds in an SBOM, by a database of its own: which can be judged again, and not be found again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OtherAnswer {
    /// The program.
    pub program: ScannerIdentity,
    /// Sorted by package URL and id.
    pub findings: Vec<Finding>,
    /// What it did not look at. Sorted, distinct.
    pub gaps: Vec<Gap>,
}
