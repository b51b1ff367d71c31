//! The statement of a verdict, and back. Specification: <https://slsa.dev/spec/v1.0/verification_summary>.

use super::{object, only_subject, predicate, shape, statement};
use crate::attest::StatementError;
use crate::model::{
    Date, Digest, FindingStatus, JudgedFinding, Name, PredicateType, Purl, Reason, ServiceVerdict, Statement,
    StatementSubject, Subject, SubjectVerdict, Verdict, Waiver,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// `verifier.id` of every verification summary.
pub const VERIFIER: &str = "urn:proofmark:verifier";

/// `verifier.version` of every verification summary: the version of the rules that a verdict follows from, not of the
/// program. Moves only when the same evidence and policy would be judged differently, so that a later program can repeat an
/// earlier verdict.
pub const RULES_VERSION: &str = "1";

const POLICY: &str = "urn:proofmark:policy:";

/// What a verdict was made from.
#[derive(Debug, Clone, Copy)]
pub struct SummaryInputs<'a> {
    /// The policy's name.
    pub policy: &'a Name,
    /// Digest of the policy.
    pub policy_digest: Digest,
    /// The statements that it rests on: predicate type and payload digest.
    pub attestations: &'a [(String, Digest)],
    /// Direct dependencies of the service.
    pub depends_on: &'a [Name],
}

/// What a verification summary says.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    /// The policy's name.
    pub policy: Name,
    /// Digest of the policy.
    pub policy_digest: Digest,
    /// The statements that it rests on: type and payload digest. Sorted.
    pub attestations: Vec<(String, Digest)>,
    /// The verdict on the subject within its service.
    pub verdict: SummaryVerdict,
}

/// The part of a verification summary that SLSA has no fields for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SummaryVerdict {
    /// The service.
    pub service: Name,
    /// The verdict on it.
    pub service_verdict: Verdict,
    /// Why, beyond its subjects' own reasons.
    pub service_reasons: Vec<Reason>,
    /// What it directly depends on. Sorted.
    pub depends_on: Vec<Name>,
    /// The waivers that it used. Sorted.
    pub waivers: Vec<Waiver>,
    /// The verdict on the subject alone.
    #[serde(rename = "verdict")]
    pub subject_verdict: Verdict,
    /// Why.
    pub reasons: Vec<Reason>,
    /// What each finding counted as, in the order of evaluation.
    pub findings: Vec<SummaryFinding>,
}

/// What a finding counted as; the finding itself is in the statement of findings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SummaryFinding {
    /// Its id.
    pub id: String,
    /// Its package.
    pub package: Purl,
    /// What it counted as.
    pub status: FindingStatus,
    /// Since when it is known.
    pub first_seen: Date,
}

impl From<&JudgedFinding> for SummaryFinding {
    fn from(judged: &JudgedFinding) -> Self {
        Self {
            id: judged.finding.id.clone(),
            package: judged.finding.package.clone(),
            status: judged.status,
            first_seen: judged.first_seen,
        }
    }
}

impl SummaryVerdict {
    /// Whether the subject may be released as part of its service.
    pub fn passed(&self) -> bool {
        self.service_verdict.is_compliant() && self.subject_verdict.is_compliant()
    }
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
    let mut summary = Summary {
        policy: inputs.policy.clone(),
        policy_digest: inputs.policy_digest,
        attestations: inputs.attestations.to_vec(),
        verdict: SummaryVerdict {
            service: on_service.name.clone(),
            service_verdict: on_service.verdict,
            service_reasons: on_service.reasons.clone(),
            depends_on: inputs.depends_on.to_vec(),
            waivers: on_service.waivers.clone(),
            subject_verdict: on_subject.verdict,
            reasons: on_subject.reasons.clone(),
            findings: on_subject.findings.iter().map(SummaryFinding::from).collect(),
        },
    };
    summary.attestations.sort();
    summary.verdict.depends_on.sort();
    summary.verdict.waivers.sort();
    write(subject.into(), &summary)
}

fn write(subject: StatementSubject, summary: &Summary) -> Statement {
    let digest_set = |digest: &Digest| json!({ "sha256": digest.hex() });
    let input = |(kind, digest): &(String, Digest)| json!({ "uri": kind, "digest": digest_set(digest) });
    let predicate = json!({
        "verifier": { "id": VERIFIER, "version": { "rules": RULES_VERSION } },
        "resourceUri": subject.name,
        "policy": {
            "uri": format!("{POLICY}{}", summary.policy),
            "digest": digest_set(&summary.policy_digest),
        },
        "inputAttestations": summary.attestations.iter().map(input).collect::<Vec<Value>>(),
        "verificationResult": if summary.verdict.passed() { "PASSED" } else { "FAILED" },
        "verifiedLevels": [],
        "proofmark": summary.verdict,
    });
    statement(subject, PredicateType::VerificationSummary, object(predicate))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Predicate {
    policy: Resource<String>,
    input_attestations: Vec<Resource<String>>,
    proofmark: SummaryVerdict,
}

#[derive(Deserialize)]
struct Resource<T> {
    uri: T,
    digest: DigestSet,
}

#[derive(Deserialize)]
struct DigestSet {
    sha256: String,
}

/// What a verification summary says.
///
/// # Errors
/// Anything but what [`verification_summary_statement`] writes.
pub fn read_summary(statement: &Statement) -> Result<Summary, StatementError> {
    let Predicate { policy, input_attestations, proofmark } = predicate(statement, PredicateType::VerificationSummary)?;
    let digest = |set: &DigestSet| Digest::from_hex(&set.sha256).map_err(|error| shape(error.to_string()));
    let name = policy.uri.strip_prefix(POLICY).and_then(|name| Name::new(name).ok());
    let inputs = input_attestations.iter().map(|input| Ok((input.uri.clone(), digest(&input.digest)?)));
    let summary = Summary {
        policy: name.ok_or_else(|| shape(format!("`{}` is no policy of ours", policy.uri)))?,
        policy_digest: digest(&policy.digest)?,
        attestations: inputs.collect::<Result<_, StatementError>>()?,
        verdict: proofmark,
    };
    if write(only_subject(statement)?.clone(), &summary) == *statement {
        Ok(summary)
    } else {
        Err(shape("it says things of which we write nothing, or contradicts itself".into()))
    }
}
