//! The evidence of a lock, read back from the store and matched again: what `verify --replay` and `explain` work with.

use super::assemble::Inputs;
use super::project::Project;
use super::store::{Kind, Store};
use super::{Exit, Failure};
use crate::attest;
use crate::attest::statements::Vulns;
use crate::config::{Engine, MatchWith};
use crate::evaluate::{self, FirstSeen};
use crate::execute::{Document, EvidenceMap, PackedSbom, SubjectEvidence};
use crate::matching;
use crate::model::{
    AdvisorySlice, Blob, Digest, Finding, Gap, Lock, LockService, LockSubject, Name, Sbom, ScannerIdentity, Snapshot,
    Subject, Timestamp,
};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Stored evidence of one subject, decoded.
pub(super) struct Stored {
    subject: Subject,
    sbom: Sbom,
    sbom_bytes: Vec<u8>,
    slice: AdvisorySlice,
    slice_bytes: Vec<u8>,
}

/// Every subject of a lock with its service.
pub(super) fn subjects(lock: &Lock) -> impl Iterator<Item = (&LockService, &LockSubject)> {
    lock.services.iter().flat_map(|service| service.subjects.iter().map(move |subject| (service, subject)))
}

/// The stored evidence of every subject; and what of it is gone or altered.
pub(super) fn stored_evidence(store: &Store<'_>, lock: &Lock) -> (BTreeMap<(Name, Name), Stored>, Vec<Failure>) {
    let mut evidence = BTreeMap::new();
    let mut failures = Vec::new();
    for (service, subject) in subjects(lock) {
        match stored(store, subject) {
            Ok(stored) => {
                evidence.insert((service.name.clone(), subject.name.clone()), stored);
            }
            Err(mut failure) => {
                failure.message = format!("{}/{}: {}", service.name, subject.name, failure.message);
                failures.push(failure);
            }
        }
    }
    (evidence, failures)
}

fn stored(store: &Store<'_>, subject: &LockSubject) -> Result<Stored, Failure> {
    let sbom_bytes = store.read(Kind::Sbom, &subject.sbom)?;
    let slice_bytes = store.read(Kind::Slice, &subject.slice)?;
    let malformed = |what: String| Failure::new(Exit::Integrity, "store::malformed", what);
    Ok(Stored {
        subject: Subject {
            name: subject.name.clone(),
            kind: subject.kind,
            uri: subject.uri.clone(),
            digest: subject.digest,
        },
        sbom: attest::cyclonedx::decode(&sbom_bytes).map_err(|error| malformed(error.to_string()))?,
        slice: attest::slice::decode(&slice_bytes).map_err(|error| malformed(error.to_string()))?,
        sbom_bytes,
        slice_bytes,
    })
}

/// What the verified statements of a lock say was found, by service and subject.
pub(super) type Findings = BTreeMap<(Name, Name), Vulns>;

/// What verdicts are computed from, as a lock recorded it.
pub(super) struct Recalled {
    services: BTreeSet<Name>,
    evidence: EvidenceMap,
    snapshot: Snapshot,
    scanners: BTreeMap<Engine, ScannerIdentity>,
    first_seen: FirstSeen,
    required: super::required::Required,
}

impl Recalled {
    /// Takes what was found from signed statements, which are there for every subject; else matches the stored evidence again.
    ///
    /// # Errors
    /// The lock is of another config, evidence is missing, or it is of another snapshot than the lock says.
    pub(super) fn new(
        project: &Project,
        lock: &Lock,
        stored: &BTreeMap<(Name, Name), Stored>,
        signed: Option<&Findings>,
    ) -> Result<Self, Failure> {
        let refuse = |exit, code: &str, message: &str| Err(Failure::new(exit, code, message));
        if lock.inputs.config != project.config.digest() {
            return refuse(
                Exit::Stale,
                "replay::other-config",
                "the lock is of another config: there is nothing to replay it with",
            );
        }
        if stored.len() != subjects(lock).count() {
            return refuse(
                Exit::Integrity,
                "replay::no-evidence",
                "evidence is missing: the verdicts cannot be computed anew",
            );
        }
        let recorded = &lock.inputs.advisories;
        let Some(snapshot) = stored.values().next().map(|stored| stored.slice.snapshot.clone()) else {
            return refuse(Exit::Integrity, "replay::empty", "the lock has no subject");
        };
        let of_lock = snapshot.digest == recorded.snapshot && snapshot.modified == recorded.modified;
        if !of_lock || stored.values().any(|stored| stored.slice.snapshot != snapshot) {
            return refuse(
                Exit::Integrity,
                "replay::other-snapshot",
                "a slice is of another snapshot than the lock says",
            );
        }
        let Some(scanners) = scanners(project, lock) else {
            return refuse(
                Exit::Integrity,
                "replay::unknown-scanner",
                "the lock does not name the scanner of every service",
            );
        };
        let matcher = match project.config.advisories.matcher {
            MatchWith::Builtin => None,
            MatchWith::Trivy => scanners.get(&Engine::Trivy),
        };
        if stored.values().any(|stored| stored.slice.answer.as_ref().map(|answer| &answer.program) != matcher) {
            return refuse(
                Exit::Integrity,
                "replay::other-matcher",
                "a slice is by another matcher than the lock says",
            );
        }
        let evidence = stored.iter().map(|(key, stored)| {
            let found = match signed {
                None => rematched(stored),
                Some(signed) => {
                    signed.get(key).map(|said| (said.findings.clone(), said.gaps.clone())).unwrap_or_default()
                }
            };
            Ok::<_, Failure>((key.clone(), Arc::new(evidence(stored, found)?)))
        });
        Ok(Self {
            services: project.config.services.keys().cloned().collect(),
            evidence: evidence.collect::<Result<_, _>>()?,
            snapshot,
            scanners,
            first_seen: FirstSeen::from_lock(lock),
            required: super::required::recorded(lock),
        })
    }

    /// With these services alone.
    pub(super) fn of(mut self, services: &[Name]) -> Self {
        self.services.retain(|service| services.contains(service));
        self
    }

    /// The evidence, by service and subject name.
    pub(super) fn evidence(&self) -> &EvidenceMap {
        &self.evidence
    }

    /// What verdicts at an instant are a function of.
    pub(super) fn inputs<'a>(&'a self, project: &'a Project, as_of: Timestamp) -> Inputs<'a> {
        Inputs {
            config: &project.config,
            services: &self.services,
            evidence: &self.evidence,
            snapshot: &self.snapshot,
            scanners: &self.scanners,
            as_of,
            first_seen: &self.first_seen,
            required: &self.required,
        }
    }
}

/// Findings and gaps, matched anew.
fn rematched(stored: &Stored) -> (Vec<Finding>, Vec<Gap>) {
    let (findings, gaps) = matching::rematch(&stored.sbom, &stored.slice);
    let mut all = stored.sbom.gaps.clone();
    all.extend(gaps);
    all.sort();
    all.dedup();
    (findings, all)
}

fn evidence(stored: &Stored, (findings, gaps): (Vec<Finding>, Vec<Gap>)) -> Result<SubjectEvidence, Failure> {
    let lost = || Failure::new(Exit::Infrastructure, "run::no-memory", "an SBOM cannot be held");
    Ok(SubjectEvidence {
        subject: stored.subject.clone(),
        sbom: PackedSbom::new(&stored.subject, &stored.sbom, &stored.sbom_bytes).ok_or_else(lost)?,
        document: Document::new(Blob::new(&stored.sbom_bytes)),
        development: evaluate::development(&stored.sbom, &findings),
        findings,
        gaps,
        slice: Blob::new(&stored.slice_bytes),
    })
}

/// The scanner of each engine in use, as the lock names it.
fn scanners(project: &Project, lock: &Lock) -> Option<BTreeMap<Engine, ScannerIdentity>> {
    super::scanners::engines(&project.config)
        .into_iter()
        .map(|engine| {
            let name = engine.as_str();
            let recorded = lock.inputs.scanners.get(name)?;
            let (version, binary) = match recorded.split_once('@') {
                None => (recorded.as_str(), None),
                Some((version, digest)) => (version, Some(Digest::parse(digest).ok()?)),
            };
            Some((engine, ScannerIdentity { name: name.to_owned(), version: version.to_owned(), binary }))
        })
        .collect()
}
