//! The statement of findings, and back.
//! Specification: <https://github.com/in-toto/attestation/blob/main/spec/predicates/vulns_02.md>.

use super::{object, only_subject, predicate, shape, statement};
use crate::attest::StatementError;
use crate::model::{
    Digest, Finding, Gap, PredicateType, ScannerIdentity, Snapshot, Statement, StatementSubject, Subject, Timestamp,
};
use serde::Deserialize;
use serde_json::{Value, json};

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
    /// What matched, where that is another program; the snapshot is its database then.
    pub matcher: Option<&'a ScannerIdentity>,
}

/// What a statement of findings says.
#[derive(Debug, Clone, PartialEq)]
pub struct Vulns {
    /// The scanner that made the SBOM.
    pub scanner: ScannerIdentity,
    /// Digest of the advisory snapshot.
    pub snapshot: Digest,
    /// Its latest record.
    pub modified: Timestamp,
    /// Digest of the SBOM document.
    pub sbom: Digest,
    /// Digest of the stored advisory slice.
    pub slice: Digest,
    /// What matched, where that is another program.
    pub matcher: Option<ScannerIdentity>,
    /// What was found.
    pub findings: Vec<Finding>,
    /// What could not be looked at.
    pub gaps: Vec<Gap>,
}

/// The findings of a subject. The specification wants the times at which a scan began and ended; both are the `modified` of
/// the advisory snapshot, which is what the findings are as new as, since the time of the run would make equal runs differ.
/// The one annotation of each result is the finding as it is; `proofmark.gaps` says what could not be looked at.
pub fn vulns_statement(subject: &Subject, inputs: VulnsInputs<'_>, findings: &[Finding], gaps: &[Gap]) -> Statement {
    let VulnsInputs { scanner, snapshot, sbom, slice, matcher } = inputs;
    let (snapshot, modified) = (snapshot.digest, snapshot.modified);
    write(subject.into(), &Parts { scanner, snapshot, modified, sbom, slice, matcher, findings, gaps })
}

/// As [`Vulns`].
struct Parts<'a> {
    scanner: &'a ScannerIdentity,
    snapshot: Digest,
    modified: Timestamp,
    sbom: Digest,
    slice: Digest,
    matcher: Option<&'a ScannerIdentity>,
    findings: &'a [Finding],
    gaps: &'a [Gap],
}

impl Vulns {
    fn parts(&self) -> Parts<'_> {
        let Self { scanner, snapshot, modified, sbom, slice, matcher, findings, gaps } = self;
        let (snapshot, modified, sbom, slice) = (*snapshot, *modified, *sbom, *slice);
        Parts { scanner, snapshot, modified, sbom, slice, matcher: matcher.as_ref(), findings, gaps }
    }
}

fn write(subject: StatementSubject, vulns: &Parts<'_>) -> Statement {
    let mut predicate = json!({
        "scanner": {
            "uri": format!("urn:proofmark:scanner:{}", vulns.scanner.name),
            "version": vulns.scanner.version,
            "db": {
                "uri": if vulns.matcher.is_some() { "urn:proofmark:database" } else { "urn:proofmark:advisories" },
                "version": vulns.snapshot,
                "lastUpdate": vulns.modified,
            },
        },
        "metadata": { "scanStartedOn": vulns.modified, "scanFinishedOn": vulns.modified },
        "proofmark": {
            "scanner": vulns.scanner,
            "sbom": vulns.sbom,
            "slice": vulns.slice,
            "gaps": vulns.gaps,
        },
    });
    // Put in, for the macro would copy it.
    predicate["scanner"]["result"] = Value::Array(vulns.findings.iter().map(result).collect());
    if let Some(matcher) = vulns.matcher {
        predicate["proofmark"]["matcher"] = json!(matcher);
    }
    statement(subject, PredicateType::Vulns, object(predicate))
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
    let mut result = json!({ "id": finding.id, "annotations": [finding] });
    result["severity"] = Value::Array(severity);
    result
}

#[derive(Deserialize)]
struct Predicate {
    scanner: Scanner,
    proofmark: Extension,
}

#[derive(Deserialize)]
struct Scanner {
    db: Database,
    result: Vec<ScanResult>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Database {
    version: Digest,
    last_update: Timestamp,
}

#[derive(Deserialize)]
struct ScanResult {
    annotations: [Finding; 1],
}

#[derive(Deserialize)]
struct Extension {
    scanner: ScannerIdentity,
    sbom: Digest,
    slice: Digest,
    matcher: Option<ScannerIdentity>,
    gaps: Vec<Gap>,
}

/// What a statement of findings says.
///
/// # Errors
/// Anything but what [`vulns_statement`] writes.
pub fn read_vulns(statement: &Statement) -> Result<Vulns, StatementError> {
    let Predicate { scanner, proofmark } = predicate(statement, PredicateType::Vulns)?;
    let vulns = Vulns {
        scanner: proofmark.scanner,
        snapshot: scanner.db.version,
        modified: scanner.db.last_update,
        sbom: proofmark.sbom,
        slice: proofmark.slice,
        matcher: proofmark.matcher,
        findings: scanner.result.into_iter().map(|ScanResult { annotations: [finding] }| finding).collect(),
        gaps: proofmark.gaps,
    };
    if write(only_subject(statement)?.clone(), &vulns.parts()) == *statement {
        Ok(vulns)
    } else {
        Err(shape("it says things of which we write nothing, or contradicts itself".into()))
    }
}
