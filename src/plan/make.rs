//! Makes a plan.

use super::action::{Action, ActionKind, Decision, Plan, RunReason, ServicePlan, SubjectPlan};
use super::key::{self, MatchedBy};
use super::stagger;
use crate::config::{Config, Engine};
use crate::graph::ComplianceGraph;
use crate::model::{Digest, Lock, LockService, LockSubject, Name, ScannerIdentity, Subject};
use crate::ports::{ActionKey, ActionRecord};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Tells the record of an action whose outputs are all at hand.
pub type Known<'a> = dyn Fn(&ActionKey) -> Option<ActionRecord> + 'a;

/// Name of the record output that holds an SBOM document.
pub(crate) const DOCUMENT: &str = "document";

/// What a plan is made from.
pub struct PlanInput<'a> {
    /// The config.
    pub config: &'a Config,
    /// What depends on what.
    pub graph: &'a ComplianceGraph,
    /// The services to build; all that they depend on is among them.
    pub services: &'a BTreeSet<Name>,
    /// Their subjects.
    pub subjects: &'a BTreeMap<(Name, Name), &'a Subject>,
    /// Of subjects whose components somebody has attested: the statement. The built-in scanner reads them, whatever the engine.
    pub attested: &'a BTreeMap<(Name, Name), Digest>,
    /// The scanner of each engine in use, and its options.
    pub scanners: &'a BTreeMap<Engine, (ScannerIdentity, String)>,
    /// Digest of the advisory snapshot.
    pub snapshot: Digest,
    /// What matches.
    pub matched_by: &'a MatchedBy,
    /// The last lock.
    pub previous: Option<&'a Lock>,
    /// Whether the last lock's verdicts hold at the instant of this run.
    pub verdicts_hold: bool,
    /// What the cache has.
    pub known: &'a Known<'a>,
    /// Window over which scans are spread.
    pub stagger: Duration,
}

/// Makes the plan.
pub fn plan(input: &PlanInput<'_>) -> Plan {
    let previous: BTreeMap<&Name, &LockService> =
        input.previous.iter().flat_map(|lock| &lock.services).map(|service| (&service.name, service)).collect();
    let waves: Vec<Vec<Name>> = input.graph.waves();
    let wave_of: BTreeMap<&Name, usize> =
        waves.iter().enumerate().flat_map(|(wave, names)| names.iter().map(move |name| (name, wave))).collect();
    let mut order: Vec<&Name> = input.services.iter().collect();
    order.sort_by_key(|name| (wave_of.get(name).copied().unwrap_or(usize::MAX), *name));

    let mut subjects: Vec<SubjectPlan> = Vec::new();
    let mut by_key: BTreeMap<ActionKey, usize> = BTreeMap::new();
    let mut of_service: BTreeMap<&Name, Vec<(&Name, &Subject)>> = BTreeMap::new();
    for ((service, name), subject) in input.subjects {
        of_service.entry(service).or_default().push((name, subject));
    }
    for service in &order {
        let Some(declared) = input.config.services.get(*service) else { continue };
        for (name, subject) in of_service.get(service).map(Vec::as_slice).unwrap_or_default() {
            let used_by = ((*service).clone(), (*name).clone());
            let attested = input.attested.get(&used_by);
            let engine = if attested.is_some() { Engine::Builtin } else { declared.engine };
            let Some((scanner, options)) = input.scanners.get(&engine) else { continue };
            let options =
                attested.map_or_else(|| options.clone(), |statement| format!("{options};attested={statement}"));
            let sbom_key = key::sbom_key(subject, scanner, &options);
            if let Some(known) = by_key.get(&sbom_key).and_then(|at| subjects.get_mut(*at)) {
                known.used_by.push(used_by);
                continue;
            }
            let recorded =
                previous.get(service).and_then(|locked| locked.subjects.iter().find(|locked| locked.name == **name));
            by_key.insert(sbom_key, subjects.len());
            subjects.push(subject_plan(input, used_by, engine, subject, sbom_key, recorded));
        }
    }
    let running = subjects.iter().filter(|subject| subject.sbom.decision.reason().is_some()).count();
    let starting = subjects.iter_mut().filter(|subject| subject.sbom.decision.reason().is_some());
    for (nth, subject) in starting.enumerate() {
        subject.sbom.offset = stagger::offset(nth, running, input.stagger);
    }
    let services = judgements(input, &order, &wave_of, &previous, &subjects);
    Plan { subjects, services }
}

fn action(kind: ActionKind, place: &str, key: Option<ActionKey>, decision: Decision) -> Action {
    Action { kind, label: format!("{} {place}", kind.as_str()), key, decision, offset: Duration::ZERO }
}

fn subject_plan(
    input: &PlanInput<'_>,
    used_by: (Name, Name),
    engine: Engine,
    subject: &Subject,
    sbom_key: ActionKey,
    recorded: Option<&LockSubject>,
) -> SubjectPlan {
    let place = format!("{}/{}", used_by.0, used_by.1);
    let scan = match (input.known)(&sbom_key) {
        Some(record) => Decision::Cached(record),
        None => Decision::Run(scan_reason(input, engine, subject, recorded)),
    };
    let document = match &scan {
        Decision::Cached(record) => record.outputs.get(DOCUMENT).copied(),
        Decision::Run(_) => None,
    };
    let match_key = document.map(|digest| key::match_key(&digest, &input.snapshot, input.matched_by));
    let matching = match (match_key, match_key.and_then(|key| (input.known)(&key))) {
        (_, Some(record)) => Decision::Cached(record),
        (None, _) => Decision::Run(RunReason::SbomRemade),
        (Some(_), None) => Decision::Run(match_reason(input, recorded)),
    };
    SubjectPlan {
        used_by: vec![used_by],
        engine,
        sbom: action(ActionKind::Sbom, &place, Some(sbom_key), scan),
        matching: action(ActionKind::Match, &place, match_key, matching),
    }
}

fn scan_reason(input: &PlanInput<'_>, engine: Engine, subject: &Subject, recorded: Option<&LockSubject>) -> RunReason {
    let Some(recorded) = recorded else { return RunReason::New };
    if recorded.digest != subject.digest {
        return RunReason::SubjectChanged { from: recorded.digest, to: subject.digest };
    }
    scanner_change(input, engine).unwrap_or(RunReason::ResultMissing)
}

/// The change of an engine's scanner since the last lock, if there is one.
fn scanner_change(input: &PlanInput<'_>, engine: Engine) -> Option<RunReason> {
    let from = input.previous?.inputs.scanners.get(engine.as_str())?;
    let (scanner, _) = input.scanners.get(&engine)?;
    let to = scanner.to_string();
    (*from != to).then(|| RunReason::ScannerChanged { from: from.clone(), to })
}

fn match_reason(input: &PlanInput<'_>, recorded: Option<&LockSubject>) -> RunReason {
    match (input.previous, recorded) {
        (Some(lock), Some(_)) if lock.inputs.advisories.snapshot != input.snapshot => {
            RunReason::AdvisoriesChanged { from: lock.inputs.advisories.snapshot, to: input.snapshot }
        }
        (Some(_), Some(_)) => match input.matched_by {
            MatchedBy::Other(_) => scanner_change(input, Engine::Trivy).unwrap_or(RunReason::ResultMissing),
            MatchedBy::Ours(_) => RunReason::ResultMissing,
        },
        _ => RunReason::New,
    }
}

fn judgements(
    input: &PlanInput<'_>,
    order: &[&Name],
    wave_of: &BTreeMap<&Name, usize>,
    previous: &BTreeMap<&Name, &LockService>,
    subjects: &[SubjectPlan],
) -> Vec<ServicePlan> {
    let config_changed = input.previous.is_some_and(|lock| lock.inputs.config != input.config.digest());
    let mut remade: BTreeMap<&Name, &RunReason> = BTreeMap::new();
    for subject in subjects {
        for (service, _) in &subject.used_by {
            // A result that was only lost comes out as it was: it is no reason to judge anew.
            let actions = [&subject.sbom, &subject.matching];
            let telling = actions
                .into_iter()
                .filter_map(|action| action.decision.reason())
                .find(|reason| !matches!(reason, RunReason::ResultMissing | RunReason::SbomRemade));
            if let Some(reason) = telling {
                remade.entry(service).or_insert(reason);
            }
        }
    }
    let mut judged: BTreeSet<&Name> = BTreeSet::new();
    let mut services = Vec::new();
    for name in order {
        let Some(declared) = input.config.services.get(*name) else { continue };
        let reason = match previous.get(name) {
            None => Some(RunReason::New),
            Some(locked) => {
                let policy = input.config.policies.get(&declared.policy).map(crate::model::Policy::digest);
                let known: BTreeSet<&Name> = locked.subjects.iter().map(|subject| &subject.name).collect();
                let gone =
                    known.iter().any(|subject| !input.subjects.contains_key(&((*name).clone(), (**subject).clone())));
                let snapshot = input.previous.map(|lock| lock.inputs.advisories.snapshot);
                if let Some(reason) = remade.get(name) {
                    Some((*reason).clone())
                } else if policy != Some(locked.policy) {
                    Some(RunReason::PolicyChanged)
                } else if declared.depends_on != locked.depends_on {
                    Some(RunReason::DependenciesChanged)
                } else if config_changed || gone {
                    Some(RunReason::ConfigChanged)
                } else if let Some(from) = snapshot.filter(|from| *from != input.snapshot) {
                    Some(RunReason::AdvisoriesChanged { from, to: input.snapshot })
                } else if let Some(change) = scanner_change(input, declared.engine) {
                    Some(change)
                } else if let Some(service) = declared.depends_on.iter().find(|service| judged.contains(service)) {
                    Some(RunReason::DependencyJudged { service: service.clone() })
                } else {
                    (!input.verdicts_hold).then_some(RunReason::TimePassed)
                }
            }
        };
        if reason.is_some() {
            judged.insert(name);
        }
        let decision = reason.map_or_else(Decision::as_recorded, Decision::Run);
        services.push(ServicePlan {
            name: (*name).clone(),
            wave: wave_of.get(name).copied().unwrap_or_default(),
            judge: action(ActionKind::Judge, name.as_str(), None, decision),
        });
    }
    services
}
