//! What a finding counts as.
//!
//! The first of these that holds: a package made to harm is open, or waived; a notice is informational; then a development-only
//! component, a missing fix and a grace period, where the policy leaves such out; then a waiver; else it is open. A waiver comes
//! last, so that a verdict says `waived` only where a waiver was needed.

use super::Horizon;
use super::input::{Circumstances, ServiceInput, SubjectEvidence};
use super::waivers;
use crate::model::{Finding, FindingClass, FindingStatus, JudgedFinding, Purl, Sbom, Scope};
use std::cmp::Ordering;
use std::collections::BTreeSet;

/// The packages of findings that only development needs. One that the SBOM does not have is not among them.
pub fn development(sbom: &Sbom, findings: &[Finding]) -> BTreeSet<Purl> {
    let is_for_development = |purl: &&Purl| {
        let at = sbom.components.binary_search_by(|component| component.purl.cmp(purl)).ok();
        at.is_some_and(|at| sbom.components[at].scope == Scope::Development)
    };
    findings.iter().map(|finding| &finding.package).filter(is_for_development).cloned().collect()
}

/// Judges every finding of a subject. Sorted by severity (worst first), id, package.
pub fn judge(
    service: &ServiceInput<'_>,
    subject: &SubjectEvidence<'_>,
    with: &Circumstances<'_>,
    horizon: &mut Horizon,
) -> Vec<JudgedFinding> {
    let mut judged: Vec<JudgedFinding> =
        subject.findings.iter().map(|finding| judge_one(service, subject, finding, with, horizon)).collect();
    judged.sort_by(|a, b| {
        let (a, b) = (&a.finding, &b.finding);
        let first = b.severity.cmp(&a.severity).then_with(|| (&a.id, &a.package).cmp(&(&b.id, &b.package)));
        first.then_with(|| a.partial_cmp(b).unwrap_or(Ordering::Equal))
    });
    judged
}

fn judge_one(
    service: &ServiceInput<'_>,
    subject: &SubjectEvidence<'_>,
    finding: &Finding,
    with: &Circumstances<'_>,
    horizon: &mut Horizon,
) -> JudgedFinding {
    let policy = service.policy;
    let first_seen = with.first_seen.of(service.name, subject.name, finding, with.as_of.date());
    let judged = |status, waiver| JudgedFinding { finding: finding.clone(), status, first_seen, waiver };
    match finding.class {
        FindingClass::Unmaintained | FindingClass::Unsound | FindingClass::Notice => {
            return judged(FindingStatus::Informational, None);
        }
        FindingClass::Malicious => {}
        FindingClass::Vulnerability => {
            if !policy.include_development && subject.development.contains(&finding.package) {
                return judged(FindingStatus::Development, None);
            }
            if policy.ignore_unfixed && finding.fixed.is_empty() {
                return judged(FindingStatus::Unfixed, None);
            }
            if let Some(length) = policy.grace.get(&finding.severity) {
                let end = first_seen.start().plus(*length);
                if with.as_of < end {
                    horizon.changes_at(end);
                    return judged(FindingStatus::Grace, None);
                }
            }
        }
    }
    match waivers::holding(service, finding, with) {
        Some(waiver) => judged(FindingStatus::Waived, Some(waiver.clone())),
        None => judged(FindingStatus::Open, None),
    }
}
