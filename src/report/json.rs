//! The published JSON form of a build's result, version 1. Its types are its own, so that inner types may change.

use crate::model::{
    Date, FindingClass, FindingStatus, Reason, ServiceVerdict, Severity, SeverityCounts, SubjectVerdict, Verdict,
};
use serde::Serialize;

/// A build's result.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct BuildReport {
    /// 1.
    pub version: u32,
    /// The project.
    pub project: String,
    /// The instant everything was judged at.
    pub as_of: String,
    /// Actions that ran.
    pub ran: usize,
    /// Actions whose result was at hand.
    pub cached: usize,
    /// What became of the lock: `written`, `unchanged`, `left-alone`.
    pub lock: String,
    /// The services, by name.
    pub services: Vec<ServiceReport>,
    /// The exit code.
    pub exit: u8,
}

/// A service.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ServiceReport {
    name: String,
    verdict: Verdict,
    reasons: Vec<ReasonReport>,
    subjects: Vec<SubjectReport>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
struct SubjectReport {
    name: String,
    verdict: Verdict,
    counts: SeverityCounts,
    reasons: Vec<ReasonReport>,
    findings: Vec<FindingReport>,
}

#[derive(Debug, Serialize)]
struct ReasonReport {
    text: String,
    reason: Reason,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
struct FindingReport {
    id: String,
    aliases: Vec<String>,
    package: String,
    class: FindingClass,
    severity: Severity,
    status: FindingStatus,
    fixed: Vec<String>,
    first_seen: Date,
    summary: String,
}

impl From<&ServiceVerdict> for ServiceReport {
    fn from(service: &ServiceVerdict) -> Self {
        Self {
            name: service.name.to_string(),
            verdict: service.verdict,
            reasons: reasons(&service.reasons),
            subjects: service.subjects.iter().map(subject).collect(),
        }
    }
}

fn reasons(reasons: &[Reason]) -> Vec<ReasonReport> {
    reasons.iter().map(|reason| ReasonReport { text: super::reason(reason), reason: reason.clone() }).collect()
}

fn subject(subject: &SubjectVerdict) -> SubjectReport {
    SubjectReport {
        name: subject.name.to_string(),
        verdict: subject.verdict,
        counts: subject.counts,
        reasons: reasons(&subject.reasons),
        findings: subject
            .findings
            .iter()
            .map(|judged| FindingReport {
                id: judged.finding.id.clone(),
                aliases: judged.finding.aliases.clone(),
                package: judged.finding.package.to_string(),
                class: judged.finding.class,
                severity: judged.finding.severity,
                status: judged.status,
                fixed: judged.finding.fixed.clone(),
                first_seen: judged.first_seen,
                summary: judged.finding.summary.clone(),
            })
            .collect(),
    }
}
