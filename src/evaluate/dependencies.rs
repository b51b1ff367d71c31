//! The verdict on a service, with all it depends on: one that needs a service that is not compliant is not compliant itself.

use super::input::ServiceInput;
use crate::model::{Gap, GapKind, Name, Reason, ServiceVerdict, Verdict};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Worsens each verdict by those of what the service depends on, with one reason for each service at fault: the shortest way to
/// it, of several the first in order of names. Takes the verdicts of the services' own subjects, in the order of `services`.
///
/// A waived dependency taints nothing. One that was not judged is incomplete, and so is a service with nothing to judge: no
/// subject and no dependency.
pub fn spread(services: &[ServiceInput<'_>], judged: &mut [ServiceVerdict]) {
    let mut needs: BTreeMap<&Name, BTreeSet<&Name>> = BTreeMap::new();
    let mut own: BTreeMap<&Name, Verdict> = BTreeMap::new();
    for (service, verdict) in services.iter().zip(judged.iter_mut()) {
        if service.subjects.is_empty() && service.depends_on.is_empty() {
            verdict.verdict = Verdict::Incomplete;
            verdict.reasons.push(Reason::Gap(Gap::new(GapKind::ScanFailed, "", "the service has nothing to look at")));
        }
        needs.entry(service.name).or_default().extend(service.depends_on);
        let worst = own.entry(service.name).or_insert(verdict.verdict);
        *worst = (*worst).max(verdict.verdict);
    }
    for (service, verdict) in services.iter().zip(judged.iter_mut()) {
        for (path, fault) in faults(service.name, &needs, &own) {
            verdict.verdict = verdict.verdict.max(fault);
            verdict.reasons.push(Reason::Dependency { path, verdict: fault });
        }
        verdict.reasons.sort();
    }
}

/// Every service at fault that can be reached, each with the way to it.
fn faults(
    from: &Name,
    needs: &BTreeMap<&Name, BTreeSet<&Name>>,
    own: &BTreeMap<&Name, Verdict>,
) -> Vec<(Vec<Name>, Verdict)> {
    let mut found = Vec::new();
    let mut came_from: BTreeMap<&Name, &Name> = BTreeMap::new();
    let mut queue = VecDeque::from([from]);
    while let Some(service) = queue.pop_front() {
        for next in needs.get(service).into_iter().flatten() {
            if *next == from || came_from.contains_key(next) {
                continue;
            }
            came_from.insert(next, service);
            queue.push_back(next);
            let verdict = own.get(next).copied().unwrap_or(Verdict::Incomplete);
            if !verdict.is_compliant() {
                let mut path = vec![(*next).clone()];
                let mut at = *next;
                while let Some(before) = came_from.get(at).filter(|before| **before != from) {
                    path.push((*before).clone());
                    at = before;
                }
                path.reverse();
                found.push((path, verdict));
            }
        }
    }
    found
}
