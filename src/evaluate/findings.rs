//! What a finding counts as.
//!
//! The first of these that holds: a package made to harm is open, or waived; a notice is informational; then a development-only
//! component, a missing fix and a grace period, where the policy leaves such out; then a waiver; else it is open. A waiver comes
//! last, so that a verdict says `waived` only where a waiver was needed.

use super::Horizon;
use super::input::{Circumstances, ServiceInput, SubjectEvidence};
use super::waivers;
use crate::model::{Component, Finding, FindingClass, FindingStatus, JudgedFinding, Purl, Scope};
use std::cmp::Ordering;
use std::collections::BTreeMap;

/// Judges every finding of a subject. Sorted by severity (worst first), id, package.
pub fn judge(
    service: &ServiceInput<'_>,
    subject: &SubjectEvidence<'_>,
    components: &[Component],
    with: &Circumstances<'_>,
    horizon: &mut Horizon,
) -> Vec<JudgedFinding> {
    if subject.findings.is_empty() {
        return Vec::new();
    }
    let scopes: BTreeMap<&Purl, Scope> =
        components.iter().map(|component| (&component.purl, component.scope)).collect();
    let mut judged: Vec<JudgedFinding> = subject
        .findings
        .iter()
        .map(|finding| {
            let scope = scopes.get(&finding.package).copied().unwrap_or_default();
            judge_one(service, subject, finding, scope, with, horizon)
        })
        .collect();
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
    scope: Scope,
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
            if scope == Scope::Development && !policy.include_development {
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
