//! `build`: the main job. Everything the plan says is run, judged, signed, kept and locked; or nothing is.

use super::assemble::{self, Assembled, Inputs};
use super::prepare::{self, Prepared, Wanted};
use super::required::{self, Found};
use super::seal::{Bundles, Seal, bundle_of, recorded_bundles};
use super::seen::Seen;
use super::signing::Signing;
use super::store::{Kind, Store};
use super::verify::{current, read_trust};
use super::warm::{Remember, State, Summary};
use super::{Exit, Failure, World};
use crate::evaluate::{FirstSeen, WaiverProblem};
use crate::execute::{self, EvidenceMap, ExecuteError, Finder, Tools};
use crate::lockfile;
use crate::model::{Digest, Name, ServiceVerdict, Timestamp, Verdict};
use crate::ports::Event;
use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::Arc;

/// How to build.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// What to build, and when.
    pub wanted: Wanted,
    /// Change nothing; a lock that would change is stale.
    pub locked: bool,
    /// Actions at once; the config's, else the number of cores.
    pub jobs: Option<NonZeroUsize>,
    /// Go on after something could not be reached.
    pub keep_going: bool,
    /// Give every verdict even where nothing has changed.
    pub in_full: bool,
}

/// What came of it.
#[derive(Debug)]
pub enum Outcome {
    /// Nothing has changed since the last build, in which everything passed.
    Unchanged(Summary),
    /// It was judged.
    Built(Box<Built>),
}

/// Verdicts, and what became of the lock.
#[derive(Debug)]
pub struct Built {
    /// The project's name.
    pub project: Name,
    /// The instant everything was judged at.
    pub as_of: Timestamp,
    /// The verdicts, by name.
    pub services: Vec<ServiceVerdict>,
    /// Components of each service's subjects.
    pub components: BTreeMap<Name, u64>,
    /// Actions that ran.
    pub ran: usize,
    /// Actions whose result was at hand.
    pub cached: usize,
    /// What became of the lock.
    pub lock: LockOutcome,
    /// The exit code.
    pub exit: Exit,
}

/// What became of the lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LockOutcome {
    /// It is new or was replaced; so many statements were signed.
    Written {
        /// Statements signed, the lock's own not counted.
        signed: usize,
    },
    /// It already says this.
    Unchanged,
    /// Only some services were built: a lock is of all.
    LeftAlone,
}

/// Builds.
///
/// # Errors
/// Anything but verdicts: those, whatever they are, are a result.
pub fn build(world: &World, options: &Options) -> Result<(Outcome, Option<Prepared>), Failure> {
    let began = world.clock.unix_nanos();
    let state = State::load(world);
    if options.wanted.services.is_empty() && !options.in_full {
        let as_of = options.wanted.as_of.unwrap_or_else(|| world.clock.now());
        if let Some(summary) = state.as_ref().and_then(|state| state.if_current(world, as_of)) {
            return Ok((Outcome::Unchanged(summary.clone()), None));
        }
    }
    let prepared = prepare::prepare(world, &options.wanted, state.as_ref())?;
    let evidence = run(world, options, &prepared)?;
    let first_seen = prepared.previous.as_ref().map(|(lock, _)| FirstSeen::from_lock(lock)).unwrap_or_default();
    let trust = || read_trust(world.workspace.as_ref(), &prepared.project.config.trust);
    let previous = prepared.previous.as_ref().map(|(lock, _)| lock);
    let found = required::find(world, &prepared.project, &trust, previous, &evidence, &prepared.sboms)?;
    let inputs = Inputs {
        config: &prepared.project.config,
        services: &prepared.services,
        evidence: &evidence,
        snapshot: prepared.finder.snapshot(),
        scanners: &prepared.scanners,
        as_of: prepared.as_of,
        first_seen: &first_seen,
        required: &found.required,
    };
    let assembled = assemble::assemble(&inputs)?;
    refuse_waiver_problems(world, &prepared, &assembled)?;
    for service in &prepared.plan.services {
        let judged = assembled.evaluation.services.iter().find(|judged| judged.name == service.name);
        if let (Some(judged), Some(_)) = (judged, service.judge.decision.reason()) {
            world.events.emit(Event::Judged { service: judged.name.to_string(), verdict: judged.verdict });
        }
    }
    let (lock, lock_digest) = match prepared.is_whole {
        false => (LockOutcome::LeftAlone, None),
        true => {
            let (outcome, digest) = seal(world, options, &prepared, &inputs, &assembled, &found)?;
            (outcome, Some(digest))
        }
    };
    let built = built(&prepared, &assembled, &evidence, lock);
    if let (Exit::Pass, Some(lock_digest)) = (built.exit, lock_digest) {
        remember(world, &prepared, &assembled, lock_digest, began, !found.bytes.is_empty());
    }
    Ok((Outcome::Built(Box::new(built)), Some(prepared)))
}

fn run(world: &World, options: &Options, prepared: &Prepared) -> Result<EvidenceMap, Failure> {
    let config = &prepared.project.config;
    let cores = || std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let how = execute::Options {
        jobs: options.jobs.map(NonZeroUsize::get).or(config.scan.jobs).unwrap_or_else(cores),
        timeout: config.scan.timeout,
        keep_going: options.keep_going,
    };
    let tools = Tools {
        scanners: prepared.tools.clone(),
        finder: prepared.finder.clone(),
        cache: Arc::clone(&world.cache),
        events: Arc::clone(&world.events),
        cancel: world.cancel.clone(),
    };
    execute::run(&prepared.plan, &prepared.located, &tools, how).map_err(|error| match &error {
        ExecuteError::Integrity { .. } => Failure::new(Exit::Integrity, "run::integrity", error.to_string()),
        ExecuteError::Unavailable { .. } => Failure::new(Exit::Infrastructure, "run::unavailable", error.to_string())
            .help("--keep-going records what cannot be reached as incomplete instead"),
        ExecuteError::Advisories(error) => prepare::advisories_failure(error),
        ExecuteError::Cancelled => Failure::new(Exit::Infrastructure, "run::stopped", error.to_string()),
        ExecuteError::Lost => Failure::new(Exit::Bug, "run::lost", error.to_string()),
        ExecuteError::NoThreads(_) => Failure::new(Exit::Infrastructure, "run::no-threads", error.to_string()),
    })
}

/// Unused, expired and overlong waivers are errors of the config, seen only now.
fn refuse_waiver_problems(world: &World, prepared: &Prepared, assembled: &Assembled) -> Result<(), Failure> {
    let waivers = &prepared.project.config.waivers;
    let mut details = Vec::new();
    for problem in &assembled.evaluation.waiver_problems {
        // One that speaks of a service that is not built may well be used there.
        if matches!(problem, WaiverProblem::Unused { .. }) && !prepared.is_whole {
            continue;
        }
        let Some(waiver) = waivers.get(problem.waiver()) else { continue };
        let line = prepared.project.line(&format!("waiver.{}", problem.waiver()));
        let place = line.map(|line| format!("{}:{line}: ", world.config_path)).unwrap_or_default();
        let (what, help) = match problem {
            WaiverProblem::Expired { expires, .. } => (
                format!("expired after {expires}"),
                "fix the finding, or have it reviewed and give the waiver a new date",
            ),
            WaiverProblem::TooLong { max_days, expires, .. } => (
                format!("runs to {expires}, more than {max_days} days ahead"),
                "give it an earlier date; a longer one has to be reviewed on the way",
            ),
            WaiverProblem::Unused { .. } => {
                ("covers no finding".to_owned(), "remove it: a waiver that waits for a finding would hide it")
            }
        };
        let message = format!("{place}the waiver of {} {what}", waiver.id);
        details.push(Failure::new(Exit::Usage, problem.code(), message).help(help));
    }
    match details.len() {
        0 => Ok(()),
        _ => Err(Failure::new(Exit::Usage, "evaluate::waivers", "waivers do not hold").details(details)),
    }
}

/// Signs what is not signed yet, keeps the evidence and writes the lock; gives the digest of the lock's text.
fn seal(
    world: &World,
    options: &Options,
    prepared: &Prepared,
    inputs: &Inputs<'_>,
    assembled: &Assembled,
    found: &Found,
) -> Result<(LockOutcome, Digest), Failure> {
    let config = &prepared.project.config;
    let trust = read_trust(world.workspace.as_ref(), &config.trust);
    let previous = prepared.previous.as_ref();
    let seal = Seal {
        world,
        config,
        store: Store::new(world, &config.store.dir),
        previous,
        inputs,
        assembled,
        others: &found.bytes,
        seen: Seen::load(world, config),
    };
    let bundles = trust.as_ref().map(|trust| seal.reusable(trust)).unwrap_or_default();
    if let Some(digest) = seal.holds(&bundles, trust.as_ref().ok(), options.locked) {
        return Ok((LockOutcome::Unchanged, digest));
    }
    if options.locked {
        return Err(stale(world, prepared, inputs, assembled, &bundles));
    }
    let trust = trust?;
    Signing::with(world, config, &trust, |signing| seal.write(bundles, signing))
}

/// Why the lock is not what this run would write.
fn stale(
    world: &World,
    prepared: &Prepared,
    inputs: &Inputs<'_>,
    assembled: &Assembled,
    reusable: &Bundles,
) -> Failure {
    let failure =
        Failure::new(Exit::Stale, "lock::stale", format!("{} is not what this build would write", world.lock_path()))
            .help("run `proofmark build` without --locked, and commit the lock and the evidence");
    let Some((previous, _)) = &prepared.previous else {
        let nothing = format!("there is no {}", world.lock_path());
        return failure.details(vec![Failure::new(Exit::Stale, "lock::missing", nothing)]);
    };
    let subjects = prepared.located.iter().map(|(place, located)| (place, &located.subject));
    let scanners = prepared.scanners.values().map(|scanner| (scanner.name.clone(), scanner.to_string())).collect();
    let mut details: Vec<Failure> = lockfile::satisfy(previous, &current(&prepared.project, subjects, scanners))
        .iter()
        .map(|stale| Failure::new(Exit::Stale, "lock::stale", stale.to_string()))
        .collect();
    if details.is_empty() {
        // Signatures are told apart below: they are no difference of what is said.
        let recorded = recorded_bundles(previous);
        let would_be = assemble::lock(inputs, assembled, &|draft| bundle_of(&recorded, draft));
        let differences = lockfile::render(&lockfile::diff(previous, &would_be));
        let unsigned = recorded.keys().filter(|statement| !reusable.contains_key(*statement)).count();
        if lockfile::encode(&would_be) == lockfile::encode(previous) && unsigned > 0 {
            let what =
                format!("{unsigned} statements have no signature that holds, by the signer that the config names");
            details.push(Failure::new(Exit::Stale, "lock::unsigned", what).help("`proofmark resign` signs them anew"));
        } else {
            details.push(Failure::new(Exit::Stale, "lock::stale", differences.trim_end()));
        }
    }
    failure.details(details)
}

fn built(prepared: &Prepared, assembled: &Assembled, evidence: &EvidenceMap, lock: LockOutcome) -> Built {
    let (ran, cached) = prepared.plan.counts();
    let mut components: BTreeMap<Name, u64> = BTreeMap::new();
    for ((service, _), evidence) in evidence {
        *components.entry(service.clone()).or_default() += evidence.sbom.count();
    }
    let services = assembled.evaluation.services.clone();
    let exit = services.iter().map(|service| Exit::from(service.verdict)).fold(Exit::Pass, Exit::or_worse);
    Built {
        project: prepared.project.config.project.name.clone(),
        as_of: prepared.as_of,
        services,
        components,
        ran,
        cached,
        lock,
        exit,
    }
}

fn remember(world: &World, prepared: &Prepared, assembled: &Assembled, lock: Digest, began: i64, has_others: bool) {
    let mut read: BTreeMap<_, _> = prepared.read.iter().map(|(path, stamp)| (path.clone(), (*stamp, None))).collect();
    for located in prepared.located.values() {
        read.extend(located.inputs.iter().map(|(path, stamp, digest)| (path.clone(), (*stamp, *digest))));
    }
    // Another program's database is no file that is watched.
    let moves = matches!(prepared.finder, Finder::Other(_)) || prepared.located.values().any(|located| located.moves);
    let store = Store::new(world, &prepared.project.config.store.dir);
    let mut wrote: Vec<String> = Kind::EVIDENCE.iter().map(|kind| store.directory(*kind)).collect();
    if has_others {
        wrote.push(store.directory(Kind::Foreign));
    }
    wrote.push(world.lock_path());
    let services = &assembled.evaluation.services;
    let count = |verdict| services.iter().filter(|service| service.verdict == verdict).count();
    Remember {
        database: prepared.database.clone(),
        snapshot: prepared.finder.snapshot().digest,
        lock,
        as_of: prepared.as_of,
        until: assembled.evaluation.holds_until,
        summary: Summary {
            project: prepared.project.config.project.name.to_string(),
            pass: count(Verdict::Pass),
            waived: count(Verdict::Waived),
        },
        read,
        programs: prepared.tools.values().filter_map(|scanner| scanner.mark()).collect(),
        moves,
        began,
        wrote,
    }
    .save(world);
}
