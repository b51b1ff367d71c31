//! Two locks to what changed between them, as data.

mod types;

pub use types::{
    AttestationChange, Change, ComponentChange, ComponentDiff, DIFF_VERSION, FindingChange, FindingText, InputsDiff,
    LockDiff, Names, PackageText, ServiceDiff, ServiceText, SubjectDiff,
};

use crate::model::{Lock, LockAttestation, LockFinding, LockInputs, LockService, LockSubject, Name, Sbom, SignerId};
use std::collections::{BTreeMap, BTreeSet};

/// What changed from an old lock to a new one. Packages are not in a lock: [`diff_components`] compares stored SBOMs, for
/// [`SubjectDiff::components`].
pub fn diff(old: &Lock, new: &Lock) -> LockDiff {
    let (before, after) = (services(old), services(new));
    let text = |service: &&LockService| ServiceText { name: service.name.clone(), verdict: service.verdict };
    let pairs = before.iter().filter_map(|(name, old)| after.get(name).map(|new| (*old, *new)));
    LockDiff {
        version: DIFF_VERSION,
        inputs: inputs(&old.inputs, &new.inputs),
        services_added: only(&after, &before).iter().map(text).collect(),
        services_removed: only(&before, &after).iter().map(text).collect(),
        services_changed: pairs.filter_map(|(old, new)| service(old, new)).collect(),
    }
}

/// What changed from the packages of an old SBOM to those of a new one. Packages are told apart by package URL without
/// version and qualifiers.
pub fn diff_components(old: &Sbom, new: &Sbom) -> ComponentDiff {
    let versions = |sbom: &Sbom| {
        let mut packages: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for component in &sbom.components {
            let package = component.purl.without_version().to_owned();
            packages.entry(package).or_default().insert(component.version.clone());
        }
        packages
    };
    let (before, after) = (versions(old), versions(new));
    let (mut diff, none) = (ComponentDiff::default(), BTreeSet::new());
    for package in before.keys().chain(after.keys()).collect::<BTreeSet<_>>() {
        let (old, new) = (before.get(package).unwrap_or(&none), after.get(package).unwrap_or(&none));
        let from: Vec<String> = old.difference(new).cloned().collect();
        let to: Vec<String> = new.difference(old).cloned().collect();
        let text = |version| PackageText { package: package.clone(), version };
        match (from.is_empty(), to.is_empty()) {
            (false, false) => diff.changed.push(ComponentChange { package: package.clone(), from, to }),
            _ => {
                diff.removed.extend(from.into_iter().map(text));
                diff.added.extend(to.into_iter().map(text));
            }
        }
    }
    diff
}

fn services(lock: &Lock) -> BTreeMap<&Name, &LockService> {
    lock.services.iter().map(|service| (&service.name, service)).collect()
}

fn subjects(service: &LockService) -> BTreeMap<&Name, &LockSubject> {
    service.subjects.iter().map(|subject| (&subject.name, subject)).collect()
}

/// By id and package, version included: after an upgrade that fixes nothing the finding is fixed there and new here.
fn findings(subject: &LockSubject) -> BTreeMap<(&str, &str), &LockFinding> {
    subject.findings.iter().map(|finding| ((finding.id.as_str(), finding.package.as_str()), finding)).collect()
}

fn signer(attestation: Option<&LockAttestation>) -> Option<SignerId> {
    attestation.map(|attestation| attestation.signer.clone())
}

/// What only the first map has, in order.
fn only<'a, K: Ord, T>(these: &BTreeMap<K, &'a T>, those: &BTreeMap<K, &'a T>) -> Vec<&'a T> {
    these.iter().filter(|(key, _)| !those.contains_key(*key)).map(|(_, item)| *item).collect()
}

fn names<T: Ord + ToString>(old: &[T], new: &[T]) -> Names {
    let (before, after): (BTreeSet<&T>, BTreeSet<&T>) = (old.iter().collect(), new.iter().collect());
    let texts = |a: &BTreeSet<&T>, b: &BTreeSet<&T>| a.difference(b).map(|item| item.to_string()).collect();
    Names { added: texts(&after, &before), removed: texts(&before, &after) }
}

fn inputs(old: &LockInputs, new: &LockInputs) -> InputsDiff {
    let scanners: BTreeSet<&String> = old.scanners.keys().chain(new.scanners.keys()).collect();
    let scanner = |name: &String| {
        let change = Change::of(&old.scanners.get(name).cloned(), &new.scanners.get(name).cloned())?;
        Some((name.clone(), change))
    };
    InputsDiff {
        config: Change::of(&old.config, &new.config),
        as_of: Change::of(&old.as_of, &new.as_of),
        advisories: Change::of(&old.advisories.snapshot, &new.advisories.snapshot),
        advisories_modified: Change::of(&old.advisories.modified, &new.advisories.modified),
        scanners: scanners.into_iter().filter_map(scanner).collect(),
    }
}

fn service(old: &LockService, new: &LockService) -> Option<ServiceDiff> {
    let (before, after) = (subjects(old), subjects(new));
    let name = |subject: &LockSubject| subject.name.clone();
    let (old_names, new_names): (Vec<Name>, Vec<Name>) =
        (old.subjects.iter().map(name).collect(), new.subjects.iter().map(name).collect());
    let pairs = before.iter().filter_map(|(name, old)| after.get(name).map(|new| (*old, *new)));
    let diff = ServiceDiff {
        name: old.name.clone(),
        verdict: Change::of(&old.verdict, &new.verdict),
        policy: Change::of(&old.policy, &new.policy),
        depends_on: names(&old.depends_on, &new.depends_on),
        waivers: names(&old.waivers, &new.waivers),
        subjects: names(&old_names, &new_names),
        subjects_changed: pairs.filter_map(|(old, new)| subject(old, new)).collect(),
    };
    let same = diff.verdict.is_none()
        && diff.policy.is_none()
        && diff.depends_on.is_empty()
        && diff.waivers.is_empty()
        && diff.subjects.is_empty()
        && diff.subjects_changed.is_empty();
    (!same).then_some(diff)
}

fn subject(old: &LockSubject, new: &LockSubject) -> Option<SubjectDiff> {
    if old == new {
        return None;
    }
    let (before, after) = (findings(old), findings(new));
    let text = |finding: &&LockFinding| FindingText {
        id: finding.id.clone(),
        package: finding.package.clone(),
        severity: finding.severity,
        status: finding.status,
    };
    let pairs = before.iter().filter_map(|(key, old)| after.get(key).map(|new| (*old, *new)));
    Some(SubjectDiff {
        name: old.name.clone(),
        uri: Change::of(&old.uri, &new.uri),
        digest: Change::of(&old.digest, &new.digest),
        sbom: Change::of(&old.sbom, &new.sbom),
        slice: Change::of(&old.slice, &new.slice),
        component_count: Change::of(&old.components, &new.components),
        counts: Change::of(&old.counts, &new.counts),
        findings_added: only(&after, &before).iter().map(text).collect(),
        findings_fixed: only(&before, &after).iter().map(text).collect(),
        findings_changed: pairs.filter_map(|(old, new)| finding(old, new)).collect(),
        attestations: attestations(old, new),
        components: None,
    })
}

fn finding(old: &LockFinding, new: &LockFinding) -> Option<FindingChange> {
    let (severity, status) = (Change::of(&old.severity, &new.severity), Change::of(&old.status, &new.status));
    let first_seen = Change::of(&old.first_seen, &new.first_seen);
    let (id, package) = (new.id.clone(), new.package.clone());
    (old != new).then_some(FindingChange { id, package, severity, status, first_seen })
}

fn attestations(old: &LockSubject, new: &LockSubject) -> Vec<AttestationChange> {
    let of =
        |subject: &LockSubject, kind| subject.attestations.iter().find(|each| each.predicate_type == kind).cloned();
    let kinds: BTreeSet<_> = old.attestations.iter().chain(&new.attestations).map(|each| each.predicate_type).collect();
    let change = |kind| {
        let (old, new) = (of(old, kind), of(new, kind));
        let (old, new) = (old.as_ref(), new.as_ref());
        let change = AttestationChange {
            predicate_type: kind,
            signer: Change::of(&signer(old), &signer(new)),
            statement: Change::of(&old.map(|each| each.statement), &new.map(|each| each.statement)),
            bundle: Change::of(&old.map(|each| each.bundle), &new.map(|each| each.bundle)),
        };
        (old != new).then_some(change)
    };
    kinds.into_iter().filter_map(change).collect()
}

#[cfg(test)]
mod tests;
