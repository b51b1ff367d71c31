//! Evidence to verdicts, statements and lock: the one way, used by a build and by a replay of it. Pure.

use super::{Exit, Failure};
use crate::attest::{
    self, merkle,
    statements::{self, SbomFrame, SummaryInputs, VulnsInputs},
};
use crate::config::{Config, Engine, MatchWith};
use crate::evaluate::{self, Circumstances, Evaluation, FirstSeen, ServiceInput};
use crate::execute::{EvidenceMap, SubjectEvidence};
use crate::model::{
    Digest, Finding, FindingStatus, Lock, LockAdvisories, LockAttestation, LockFinding, LockInputs, LockRequired,
    LockService, LockSubject, Name, PredicateType, ScannerIdentity, ServiceVerdict, Severity, SignerId, Snapshot,
    Statement, SubjectKind, SubjectVerdict, Timestamp,
};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

/// What verdicts, statements and lock are a function of.
pub(super) struct Inputs<'a> {
    /// The config.
    pub config: &'a Config,
    /// The services to judge; all that they depend on is among them.
    pub services: &'a BTreeSet<Name>,
    /// What was found.
    pub evidence: &'a EvidenceMap,
    /// Which advisories.
    pub snapshot: &'a Snapshot,
    /// The scanners used.
    pub scanners: &'a BTreeMap<Engine, ScannerIdentity>,
    /// The instant.
    pub as_of: Timestamp,
    /// Since when findings are known.
    pub first_seen: &'a FirstSeen,
    /// What others have attested of subjects, verified: only of those whose policy requires something.
    pub required: &'a BTreeMap<(Name, Name), Vec<LockRequired>>,
}

/// A statement, not signed yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Draft {
    /// What it says.
    pub predicate_type: PredicateType,
    /// Its bytes.
    payload: Payload,
    /// Their digest.
    pub digest: Digest,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Payload {
    Whole(Vec<u8>),
    /// In the evidence.
    OfSbom,
}

/// Verdicts and statements.
pub(super) struct Assembled {
    /// The verdicts.
    pub evaluation: Evaluation,
    /// The statements of each subject, in the order of [`PredicateType::REQUIRED`].
    pub drafts: BTreeMap<(Name, Name), Vec<Draft>>,
}

/// Judges the evidence.
pub(super) fn judge(inputs: &Inputs<'_>) -> Evaluation {
    let mut subjects: BTreeMap<&Name, Vec<evaluate::SubjectEvidence<'_>>> = BTreeMap::new();
    let attested: BTreeMap<&(Name, Name), Vec<String>> = inputs
        .required
        .iter()
        .map(|(key, all)| (key, all.iter().map(|required| required.predicate_type.clone()).collect()))
        .collect();
    let none: &[String] = &[];
    for ((service, name), evidence) in inputs.evidence {
        subjects.entry(service).or_default().push(evaluate::SubjectEvidence {
            name,
            sbom: &evidence.sbom,
            findings: &evidence.findings,
            development: &evidence.development,
            gaps: &evidence.gaps,
            attested: (evidence.subject.kind == SubjectKind::Image)
                .then(|| attested.get(&(service.clone(), name.clone())).map_or(none, Vec::as_slice)),
        });
    }
    let judged: Vec<ServiceInput<'_>> = inputs
        .services
        .iter()
        .filter_map(|name| inputs.config.services.get_key_value(name))
        .filter_map(|(name, service)| {
            let policy = inputs.config.policies.get(&service.policy)?;
            let subjects = subjects.remove(name).unwrap_or_default();
            Some(ServiceInput { name, policy, depends_on: &service.depends_on, subjects })
        })
        .collect();
    evaluate::evaluate(
        &judged,
        &Circumstances {
            as_of: inputs.as_of,
            snapshot_modified: inputs.snapshot.modified,
            max_age: inputs.config.advisories.max_age,
            waivers: &inputs.config.waivers,
            first_seen: inputs.first_seen,
        },
    )
}

/// Judges the evidence and words the statements.
///
/// # Errors
/// An SBOM document of the evidence is not one of ours.
pub(super) fn assemble(inputs: &Inputs<'_>) -> Result<Assembled, Failure> {
    let evaluation = judge(inputs);
    let mut drafts = BTreeMap::new();
    for service in &evaluation.services {
        for subject in &service.subjects {
            let key = (service.name.clone(), subject.name.clone());
            if let Some(evidence) = inputs.evidence.get(&key) {
                drafts.insert(key, drafts_of(inputs, service, subject, evidence)?);
            }
        }
    }
    Ok(Assembled { evaluation, drafts })
}

fn drafts_of(
    inputs: &Inputs<'_>,
    service: &ServiceVerdict,
    verdict: &SubjectVerdict,
    evidence: &SubjectEvidence,
) -> Result<Vec<Draft>, Failure> {
    let dangling =
        || Failure::new(Exit::Bug, "assemble::dangling", format!("service `{}` refers to nothing", service.name));
    let declared = inputs.config.services.get(&service.name).ok_or_else(dangling)?;
    let scanner = inputs.scanners.get(&declared.engine).ok_or_else(dangling)?;
    let policy = inputs.config.policies.get(&declared.policy).ok_or_else(dangling)?;
    let subject = &evidence.subject;
    let matches = inputs.config.advisories.matcher == MatchWith::Trivy;
    let matcher = matches.then(|| inputs.scanners.get(&Engine::Trivy).ok_or_else(dangling)).transpose()?;
    let looked_at = VulnsInputs {
        scanner,
        snapshot: inputs.snapshot,
        sbom: evidence.document.digest(),
        slice: evidence.slice.digest(),
        matcher,
    };
    let vulns = statements::vulns_statement(subject, looked_at, &evidence.findings, &evidence.gaps);
    let sbom =
        Draft { predicate_type: PredicateType::CycloneDx, digest: evidence.sbom.statement(), payload: Payload::OfSbom };
    let mut drafts = vec![sbom, Draft::of(&vulns)];
    let of_others = inputs.required.get(&(service.name.clone(), verdict.name.clone())).into_iter().flatten();
    let attestations: Vec<_> = drafts
        .iter()
        .map(|draft| (draft.predicate_type.to_string(), draft.digest))
        .chain(of_others.map(|required| (required.predicate_type.clone(), required.statement)))
        .collect();
    let rests_on = SummaryInputs {
        policy: &policy.name,
        policy_digest: policy.digest(),
        attestations: &attestations,
        depends_on: &declared.depends_on,
    };
    drafts.push(Draft::of(&statements::verification_summary_statement(subject, rests_on, verdict, service)));
    Ok(drafts)
}

/// The bytes of an SBOM document.
///
/// # Errors
/// They cannot be had any more.
pub(super) fn document(evidence: &SubjectEvidence) -> Result<Vec<u8>, Failure> {
    let what = || format!("the SBOM of {} cannot be had any more: the cache has lost it since", evidence.subject.uri);
    let lost = || Failure::new(Exit::Infrastructure, "run::lost-document", what()).help("run it again");
    evidence.document().ok_or_else(lost)
}

/// The bytes of an advisory slice.
///
/// # Errors
/// There is no memory for them.
pub(super) fn slice(evidence: &SubjectEvidence) -> Result<Vec<u8>, Failure> {
    let lost = || Failure::new(Exit::Infrastructure, "run::no-memory", "there is no memory for a document");
    evidence.slice.bytes().ok_or_else(lost)
}

impl Draft {
    /// A statement's bytes, ready to be signed.
    pub(super) fn of(statement: &Statement) -> Self {
        let payload = attest::payload(statement);
        let digest = Digest::of(&payload);
        Self { predicate_type: statement.predicate_type, digest, payload: Payload::Whole(payload) }
    }

    /// Its bytes, with the evidence that it is about.
    ///
    /// # Errors
    /// There is no memory for them.
    pub(super) fn payload(&self, evidence: &SubjectEvidence) -> Result<Cow<'_, [u8]>, Failure> {
        match &self.payload {
            Payload::Whole(bytes) => Ok(Cow::Borrowed(bytes)),
            Payload::OfSbom => Ok(Cow::Owned(SbomFrame::new(&evidence.subject).around(&document(evidence)?))),
        }
    }
}

/// The lock of these results. `signed` gives, for a statement, the bundle that holds it and who signed.
pub(super) fn lock(inputs: &Inputs<'_>, assembled: &Assembled, signed: &dyn Fn(&Draft) -> (Digest, SignerId)) -> Lock {
    let services: Vec<LockService> = assembled
        .evaluation
        .services
        .iter()
        .filter_map(|service| {
            let declared = inputs.config.services.get(&service.name)?;
            let policy = inputs.config.policies.get(&declared.policy)?;
            let subjects = service
                .subjects
                .iter()
                .filter_map(|subject| {
                    let key = (service.name.clone(), subject.name.clone());
                    let evidence = inputs.evidence.get(&key)?;
                    let attestations = assembled.drafts.get(&key)?.iter().map(|draft| {
                        let (bundle, signer) = signed(draft);
                        LockAttestation {
                            predicate_type: draft.predicate_type,
                            statement: draft.digest,
                            bundle,
                            signer,
                        }
                    });
                    let required = inputs.required.get(&key).cloned().unwrap_or_default();
                    Some(lock_subject(subject, evidence, policy.threshold(), attestations.collect(), required))
                })
                .collect();
            let waivers: BTreeSet<String> = service.waivers.iter().map(|waiver| waiver.id.clone()).collect();
            Some(LockService {
                name: service.name.clone(),
                verdict: service.verdict,
                policy: policy.digest(),
                depends_on: declared.depends_on.clone(),
                waivers: waivers.into_iter().collect(),
                subjects,
            })
        })
        .collect();
    let digests = services.iter().flat_map(|service| &service.subjects).flat_map(LockSubject::statements);
    Lock {
        root: merkle::root(digests),
        inputs: LockInputs {
            config: inputs.config.digest(),
            as_of: inputs.as_of,
            advisories: LockAdvisories { snapshot: inputs.snapshot.digest, modified: inputs.snapshot.modified },
            scanners: inputs.scanners.values().map(|scanner| (scanner.name.clone(), scanner.to_string())).collect(),
        },
        services,
    }
}

fn lock_subject(
    verdict: &SubjectVerdict,
    evidence: &SubjectEvidence,
    threshold: Option<Severity>,
    attestations: Vec<LockAttestation>,
    required: Vec<LockRequired>,
) -> LockSubject {
    let mut findings: Vec<LockFinding> = verdict
        .findings
        .iter()
        .filter(|judged| is_recorded(&judged.finding, judged.status, threshold))
        .map(|judged| LockFinding {
            id: judged.finding.id.clone(),
            package: judged.finding.package.clone(),
            severity: judged.finding.severity,
            status: judged.status,
            first_seen: judged.first_seen,
        })
        .collect();
    findings.sort();
    findings.dedup();
    LockSubject {
        name: verdict.name.clone(),
        uri: evidence.subject.uri.clone(),
        kind: evidence.subject.kind,
        digest: evidence.subject.digest,
        sbom: evidence.document.digest(),
        slice: evidence.slice.digest(),
        components: evidence.sbom.count(),
        counts: verdict.counts,
        findings,
        attestations,
        required,
    }
}

/// Whether a finding stands in the lock: at or above the policy's threshold, or waived.
fn is_recorded(finding: &Finding, status: FindingStatus, threshold: Option<Severity>) -> bool {
    status == FindingStatus::Waived || threshold.is_some_and(|threshold| finding.severity >= threshold)
}
