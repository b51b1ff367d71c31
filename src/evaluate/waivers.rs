//! Which waivers hold for a service, and what is wrong with the others.
//!
//! A waiver holds through its last day. One that is over, or that runs longer than the service's policy lets it, covers nothing
//! in that service, and is an error. So is one that covers no finding at all: it would one day cover something that nobody
//! thought of.

use super::Horizon;
use super::input::{Circumstances, ServiceInput, WaiverProblem};
use crate::model::{Duration, Finding, FindingClass, Name, Policy, Timestamp, Waiver};
use std::collections::BTreeSet;

/// No policy lets a waiver run longer than this many days.
pub const MOST_DAYS: u32 = 180;

/// Whether a waiver speaks of this finding in this service. A package made to harm is waived only by the id it is reported
/// under, or by that of the record that says so, never by that of some other flaw it shares a record with.
pub fn speaks_of(waiver: &Waiver, service: &Name, finding: &Finding) -> bool {
    let by_name = match finding.class {
        FindingClass::Malicious => waiver.id == finding.id || waiver.id.starts_with("MAL-"),
        _ => true,
    };
    by_name && waiver.covers(service, finding)
}

/// Whether it is still running.
pub fn is_current(waiver: &Waiver, as_of: Timestamp) -> bool {
    as_of < waiver.expires.end()
}

/// The days that a policy lets a waiver run.
pub fn most_days(policy: &Policy) -> u32 {
    policy.max_waiver_days.min(MOST_DAYS)
}

/// Whether its last day is more than so many days after that of `as_of`.
pub fn is_too_long(waiver: &Waiver, as_of: Timestamp, days: u32) -> bool {
    as_of.date().start().plus(Duration::from_days(u64::from(days))) < waiver.expires.start()
}

/// The waiver that holds for a finding: of several the one that runs longest, then the first in order.
pub fn holding<'a>(service: &ServiceInput<'_>, finding: &Finding, with: &Circumstances<'a>) -> Option<&'a Waiver> {
    let days = most_days(service.policy);
    let holds = |waiver: &&Waiver| {
        speaks_of(waiver, service.name, finding)
            && is_current(waiver, with.as_of)
            && !is_too_long(waiver, with.as_of, days)
    };
    with.waivers.iter().filter(holds).max_by(|a, b| a.expires.cmp(&b.expires).then_with(|| b.cmp(a)))
}

/// What is wrong with waivers. Whether one is unused is told only where every service it is for was judged and wholly looked
/// at: what was not looked at may hold its finding.
pub fn problems(services: &[ServiceInput<'_>], with: &Circumstances<'_>, horizon: &mut Horizon) -> Vec<WaiverProblem> {
    let mut problems = Vec::new();
    for (index, waiver) in with.waivers.iter().enumerate() {
        if !is_current(waiver, with.as_of) {
            problems.push(WaiverProblem::Expired { waiver: index, expires: waiver.expires });
            continue;
        }
        horizon.changes_at(waiver.expires.end());
        let is_named = |service: &&ServiceInput<'_>| waiver.services.contains(service.name);
        let is_covered = |service: &&ServiceInput<'_>| {
            let mut findings = service.subjects.iter().flat_map(|subject| subject.findings);
            findings.any(|finding| speaks_of(waiver, service.name, finding))
        };
        let limits: BTreeSet<u32> = services
            .iter()
            .filter(|service| is_named(service) || is_covered(service))
            .map(|service| most_days(service.policy))
            .chain([MOST_DAYS])
            .collect();
        let mut passed = limits.into_iter().filter(|days| is_too_long(waiver, with.as_of, *days)).peekable();
        if let Some(max_days) = passed.peek().copied() {
            problems.push(WaiverProblem::TooLong { waiver: index, max_days, expires: waiver.expires });
        }
        for days in passed {
            let seconds = i64::from(days).saturating_mul(86_400);
            if let Ok(short_enough) = Timestamp::from_unix(waiver.expires.start().unix().saturating_sub(seconds)) {
                horizon.changes_at(short_enough);
            }
        }
        let mut scope = services.iter().filter(|service| waiver.services.is_empty() || is_named(service));
        let all_judged = waiver.services.iter().all(|name| services.iter().any(|service| service.name == name));
        let is_whole = |service: &ServiceInput<'_>| service.subjects.iter().all(|subject| subject.gaps.is_empty());
        if all_judged && scope.all(|service| is_whole(service) && !is_covered(&service)) {
            problems.push(WaiverProblem::Unused { waiver: index });
        }
    }
    problems
}
