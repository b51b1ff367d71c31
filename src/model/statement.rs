//! In-toto Statement v1: what is said of which content.
//! Specification: <https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md>.

use super::Subject;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What kind of thing a statement says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum PredicateType {
    /// A CycloneDX SBOM.
    #[serde(rename = "https://cyclonedx.org/bom")]
    CycloneDx,
    /// Findings.
    #[serde(rename = "https://in-toto.io/attestation/vulns/v0.2")]
    Vulns,
    /// The verdict.
    #[serde(rename = "https://slsa.dev/verification_summary/v1")]
    VerificationSummary,
    /// That a lock is whole: over the lock's own digest.
    #[serde(rename = "urn:proofmark:lock:v1")]
    Lock,
}

impl PredicateType {
    /// The three that every subject has.
    pub const REQUIRED: [Self; 3] = [Self::CycloneDx, Self::Vulns, Self::VerificationSummary];

    /// The URI.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CycloneDx => "https://cyclonedx.org/bom",
            Self::Vulns => "https://in-toto.io/attestation/vulns/v0.2",
            Self::VerificationSummary => "https://slsa.dev/verification_summary/v1",
            Self::Lock => "urn:proofmark:lock:v1",
        }
    }
}

impl std::fmt::Display for PredicateType {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A statement: exactly the four fields of the specification, the predicate an object. Fields stand in the order of their names, here
/// and in what it is about, so that the ordinary JSON writer gives canonical JSON where the predicate does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Statement {
    /// `https://in-toto.io/Statement/v1`.
    #[serde(rename = "_type")]
    pub kind: String,
    /// What it says.
    pub predicate: serde_json::Map<String, serde_json::Value>,
    /// How to read the predicate.
    #[serde(rename = "predicateType")]
    pub predicate_type: PredicateType,
    /// What it is about.
    pub subject: Vec<StatementSubject>,
}

impl Statement {
    /// The `_type` of every statement.
    pub const TYPE: &'static str = "https://in-toto.io/Statement/v1";
}

/// A content that a statement is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StatementSubject {
    /// Algorithm to lower-case hexadecimal.
    pub digest: BTreeMap<String, String>,
    /// A name for people.
    pub name: String,
}

impl From<&Subject> for StatementSubject {
    fn from(subject: &Subject) -> Self {
        Self {
            digest: BTreeMap::from([(subject.digest.algorithm().to_owned(), subject.digest.hex())]),
            name: subject.uri.clone(),
        }
    }
}
