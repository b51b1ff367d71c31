//! The statements that we sign. Pure: the same inputs give the same bytes, on every machine and in every year, so that a
//! replay can compare them byte for byte. For that reason none holds the time of the run, the version of this program or
//! anything else that is not an input.
//!
//! Predicates keep to their specifications; what has no field there stands in one extra object, `proofmark`, which other
//! readers ignore:
//!
//! - `https://cyclonedx.org/bom`: the document itself is the predicate.
//! - <https://github.com/in-toto/attestation/blob/main/spec/predicates/vulns_02.md>
//! - <https://slsa.dev/spec/v1.0/verification_summary>

use super::errors::DocumentError;
use super::json::{self, StrictError};
use crate::model::{
    Digest, Finding, Gap, JudgedFinding, Name, PredicateType, Reason, ScannerIdentity, ServiceVerdict, Snapshot,
    Statement, StatementSubject, Subject, SubjectVerdict, Timestamp, Waiver,
};
use serde::Serialize;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// `verifier.id` of every verification summary.
pub const VERIFIER: &str = "urn:proofmark:verifier";

/// `verifier.version` of every verification summary: the version of the rules that a verdict follows from, not of the
/// program. Moves only when the same evidence and policy would be judged differently, so that a later program can repeat an
/// earlier verdict.
pub const RULES_VERSION: &str = "1";

fn statement(subject: StatementSubject, predicate_type: PredicateType, predicate: Map<String, Value>) -> Statement {
    Statement { kind: Statement::TYPE.to_owned(), subject: vec![subject], predicate_type, predicate }
}

/// An object of a literal `json!({…})`; anything else gives an empty one.
fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

fn digest_set(digest: &Digest) -> Value {
    json!({ "sha256": digest.hex() })
}

/// The SBOM of a subject, from the document that [`super::cyclonedx::encode`] wrote. The predicate's canonical bytes are that
/// document's bytes.
///
/// # Errors
/// The bytes are not a JSON object in canonical form.
pub fn sbom_statement(subject: &Subject, document: &[u8]) -> Result<Statement, DocumentError> {
    let malformed = |reason: String| DocumentError::Malformed { reason };
    let value = json::parse_strict(document).map_err(|error| match error {
        StrictError::Syntax(reason) => malformed(reason),
        StrictError::Duplicate(key) => malformed(format!("the key `{key}` is there twice")),
    })?;
    if json::canonical_value(&value) != document {
        return Err(DocumentError::NotCanonical);
    }
    match value {
        Value::Object(predicate) => Ok(statement(subject.into(), PredicateType::CycloneDx, predicate)),
        _ => Err(malformed("not an object".into())),
    }
}

/// What a match looked at.
#[derive(Debug, Clone, Copy)]
pub struct VulnsInputs<'a> {
    /// The scanner that made the SBOM.
    pub scanner: &'a ScannerIdentity,
    /// Which advisories.
    pub snapshot: &'a Snapshot,
    /// Digest of the SBOM document.
    pub sbom: Digest,
    /// Digest of the stored advisory slice.
    pub slice: Digest,
}

/// The findings of a subject. The specification wants the times at which a scan began and ended; both are the `modified` of
/// the advisory snapshot, which is what the findings are as new as, since the time of the run would make equal runs differ.
/// Each result's first annotation is the finding as it is; `proofmark.gaps` says what could not be looked at.
pub fn vulns_statement(subject: &Subject, inputs: VulnsInputs<'_>, findings: &[Finding], gaps: &[Gap]) -> Statement {
    let modified = inputs.snapshot.modified.to_string();
    let predicate = json!({
        "scanner": {
            "uri": format!("urn:proofmark:scanner:{}", inputs.scanner.name),
            "version": inputs.scanner.version,
            "db": {
                "uri": "urn:proofmark:advisories",
                "version": inputs.snapshot.digest,
                "lastUpdate": modified,
            },
            "result": findings.iter().map(result).collect::<Vec<_>>(),
        },
        "metadata": { "scanStartedOn": modified, "scanFinishedOn": modified },
        "proofmark": {
            "scanner": inputs.scanner,
            "sbom": inputs.sbom,
            "slice": inputs.slice,
            "gaps": gaps,
        },
    });
    statement(subject.into(), PredicateType::Vulns, object(predicate))
}

fn result(finding: &Finding) -> Value {
    let mut severity = vec![json!({ "method": "proofmark", "score": finding.severity })];
    if let Some(vector) = &finding.vector {
        let method = match vector.get(..9) {
            Some("CVSS:4.0/") => "CVSSv4.0",
            Some("CVSS:3.1/") => "CVSSv3.1",
            Some("CVSS:3.0/") => "CVSSv3.0",
            _ => "CVSSv2.0",
        };
        severity.push(json!({ "method": method, "score": vector }));
    }
    json!({ "id": finding.id, "severity": severity, "annotations": [finding] })
}

/// What a verdict was made from.
#[derive(Debug, Clone, Copy)]
pub struct SummaryInputs<'a> {
    /// The policy's name.
    pub policy: &'a Name,
    /// Digest of the policy.
    pub policy_digest: Digest,
    /// The statements that it rests on: type and payload digest.
    pub attestations: &'a [(PredicateType, Digest)],
    /// Direct dependencies of the service. Sorted.
    pub depends_on: &'a [Name],
}

/// The verdict on one subject as part of its service. `PASSED` only where the *service* is compliant (`pass` or `waived`): a
/// clean image of a service that may not be released has not passed. There is no `timeVerified`: the instant that everything
/// was judged at is in the lock, whose statement is signed too.
pub fn verification_summary_statement(
    subject: &Subject,
    inputs: SummaryInputs<'_>,
    on_subject: &SubjectVerdict,
    on_service: &ServiceVerdict,
) -> Statement {
    let passed = on_service.verdict.is_compliant() && on_subject.verdict.is_compliant();
    let mut attestations = inputs.attestations.to_vec();
    attestations.sort();
    let attestation = |(kind, digest): &(PredicateType, Digest)| json!({ "uri": kind, "digest": digest_set(digest) });
    let predicate = json!({
        "verifier": { "id": VERIFIER, "version": { "rules": RULES_VERSION } },
        "resourceUri": subject.uri,
        "policy": {
            "uri": format!("urn:proofmark:policy:{}", inputs.policy),
            "digest": digest_set(&inputs.policy_digest),
        },
        "inputAttestations": attestations.iter().map(attestation).collect::<Vec<_>>(),
        "verificationResult": if passed { "PASSED" } else { "FAILED" },
        "verifiedLevels": [],
        "proofmark": SummaryExtension {
            service: &on_service.name,
            service_verdict: on_service.verdict.as_str(),
            service_reasons: &on_service.reasons,
            depends_on: inputs.depends_on,
            waivers: &on_service.waivers,
            verdict: on_subject.verdict.as_str(),
            reasons: &on_subject.reasons,
            findings: on_subject.findings.iter().map(JudgedFindingText::from).collect(),
        },
    });
    statement(subject.into(), PredicateType::VerificationSummary, object(predicate))
}

/// What a verification summary says beyond its specification.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SummaryExtension<'a> {
    service: &'a Name,
    service_verdict: &'a str,
    service_reasons: &'a [Reason],
    depends_on: &'a [Name],
    waivers: &'a [Waiver],
    verdict: &'a str,
    reasons: &'a [Reason],
    findings: Vec<JudgedFindingText<'a>>,
}

/// What a finding counted as; the finding itself is in the other statement.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct JudgedFindingText<'a> {
    id: &'a str,
    package: &'a str,
    status: crate::model::FindingStatus,
    first_seen: crate::model::Date,
}

impl<'a> From<&'a JudgedFinding> for JudgedFindingText<'a> {
    fn from(judged: &'a JudgedFinding) -> Self {
        Self {
            id: &judged.finding.id,
            package: judged.finding.package.as_str(),
            status: judged.status,
            first_seen: judged.first_seen,
        }
    }
}

/// Name of the subject of a lock's own statement.
pub const LOCK_SUBJECT: &str = "compliance.lock";

/// That a lock is whole: over the digest of its text, with its root and the instant that everything in it was judged at.
pub fn lock_statement(lock: &Digest, root: &Digest, as_of: Timestamp) -> Statement {
    let digest = BTreeMap::from([("sha256".to_owned(), lock.hex())]);
    let subject = StatementSubject { name: LOCK_SUBJECT.to_owned(), digest };
    statement(subject, PredicateType::Lock, object(json!({ "root": root, "asOf": as_of })))
}

#[cfg(test)]
mod tests;
