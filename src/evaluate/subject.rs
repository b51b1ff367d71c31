//! The verdict on one subject, by itself.

use super::input::{Circumstances, ServiceInput, SubjectEvidence};
use super::{Horizon, end_of_life, findings, licenses};
use crate::model::{
    Duration, EndOfLife, FindingClass, FindingStatus, Gap, GapKind, JudgedFinding, Policy, Reason, Severity,
    SeverityCounts, SubjectVerdict, Verdict,
};
use std::borrow::Cow;
use std::collections::BTreeSet;

/// Judges a subject.
///
/// Incomplete where anything was not looked at; else failed where a limit is passed, a package is made to harm or a licence is
/// not allowed; else waived where a waiver was needed. Reasons of lesser weight are said all the same.
pub fn judge(
    service: &ServiceInput<'_>,
    subject: &SubjectEvidence<'_>,
    with: &Circumstances<'_>,
    horizon: &mut Horizon,
) -> SubjectVerdict {
    let needed = service.policy.licenses.is_some();
    let components = if needed { subject.sbom.components() } else { Some(Cow::default()) };
    let mut not_seen = not_looked_at(service.policy, subject, with, horizon);
    if components.is_none() {
        not_seen.push(Reason::Gap(Gap::new(GapKind::ScanFailed, "", "its components cannot be had any more")));
    }
    let components = components.unwrap_or_default();
    let judged = findings::judge(service, subject, with, horizon);
    let mut not_met = licenses::denied(service.policy, &components);
    not_met.extend(over_limits(service.policy, &judged));
    not_met.extend(not_attested(service.policy, subject));
    let waived = judged.iter().filter(|one| one.status == FindingStatus::Waived).count() as u64;

    let verdict = match (not_seen.is_empty(), not_met.is_empty(), waived) {
        (false, _, _) => Verdict::Incomplete,
        (true, false, _) => Verdict::Fail,
        (true, true, 0) => Verdict::Pass,
        (true, true, _) => Verdict::Waived,
    };
    let mut reasons: BTreeSet<Reason> = not_seen.into_iter().chain(not_met).collect();
    if verdict == Verdict::Waived {
        reasons.insert(Reason::Waivers { count: waived });
    }
    let mut counts = SeverityCounts::default();
    for one in judged.iter().filter(|one| one.status != FindingStatus::Informational) {
        counts.add(one.finding.severity);
    }
    SubjectVerdict {
        name: subject.name.clone(),
        verdict,
        reasons: reasons.into_iter().collect(),
        findings: judged,
        counts,
    }
}

fn not_looked_at(
    policy: &Policy,
    subject: &SubjectEvidence<'_>,
    with: &Circumstances<'_>,
    horizon: &mut Horizon,
) -> Vec<Reason> {
    let gaps = subject.gaps.iter().chain(subject.sbom.gaps());
    let mut reasons: Vec<Reason> = gaps.cloned().map(Reason::Gap).collect();
    if let Some(max_age) = with.max_age {
        if with.as_of.since(with.snapshot_modified) > max_age {
            let reason = format!("the advisories are older than {max_age}");
            reasons.push(Reason::Gap(Gap::new(GapKind::StaleAdvisories, "", reason)));
        } else {
            horizon.changes_at(with.snapshot_modified.plus(max_age).plus(Duration::from_secs(1)));
        }
    }
    if policy.end_of_life == EndOfLife::Deny
        && let Some(distro) = subject.sbom.distro()
        && let Some(last_day) = end_of_life::last_day(distro)
    {
        let end = last_day.end();
        if with.as_of < end {
            horizon.changes_at(end);
        } else {
            reasons.push(Reason::EndOfLife { distro: distro.to_string(), since: end.date() });
        }
    }
    reasons
}

/// What the policy requires others to have attested, and nobody has. Of source trees nothing is required.
fn not_attested<'a>(policy: &'a Policy, subject: &SubjectEvidence<'a>) -> impl Iterator<Item = Reason> + 'a {
    let attested = subject.attested;
    policy
        .require
        .iter()
        .filter(move |requirement| {
            attested.is_some_and(|attested| !attested.iter().any(|kind| requirement.is_met_by(kind)))
        })
        .map(|requirement| Reason::NotAttested { requirement: requirement.clone() })
}

fn over_limits(policy: &Policy, judged: &[JudgedFinding]) -> Vec<Reason> {
    let open = || judged.iter().filter(|one| one.status == FindingStatus::Open).map(|one| &one.finding);
    let harmful = open().filter(|finding| finding.class == FindingClass::Malicious);
    let mut reasons: Vec<Reason> = harmful
        .map(|finding| Reason::Malicious { id: finding.id.clone(), package: finding.package.to_string() })
        .collect();
    for severity in Severity::ALL {
        let count = open().filter(|finding| finding.severity == severity).count() as u64;
        if let Some(max) = policy.max.get(&severity).filter(|max| count > u64::from(**max)) {
            reasons.push(Reason::TooMany { severity, count, max: *max });
        }
    }
    reasons
}
