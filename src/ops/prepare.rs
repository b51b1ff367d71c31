//! What `plan` and `build` begin with, so that they agree: everything read, nothing run.

use super::project::{LocatedSubjects, Project, read_lock};
use super::required;
use super::scanners::{engines, open_scanner};
use super::warm::State;
use super::{Exit, Failure, World};
use crate::config::Engine;
use crate::execute::Finder;
use crate::model::{Digest, Duration, Lock, Name, ScannerIdentity, Subject, Timestamp};
use crate::plan::{Plan, PlanInput, plan};
use crate::ports::{AdvisoriesError, Scanner, Stamp};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A project about to be built.
pub struct Prepared {
    /// The config and graph.
    pub project: Project,
    /// The instant to judge at.
    pub as_of: Timestamp,
    /// The services, with all that they depend on.
    pub services: BTreeSet<Name>,
    /// Whether those are all services.
    pub is_whole: bool,
    /// Their subjects.
    pub located: LocatedSubjects,
    /// The last lock and its text.
    pub previous: Option<(Lock, String)>,
    /// What finds the flaws of components.
    pub finder: Finder,
    /// Which database it looks into.
    pub database: String,
    /// The scanner of each engine in use.
    pub scanners: BTreeMap<Engine, ScannerIdentity>,
    /// The scanners themselves.
    pub tools: BTreeMap<Engine, Arc<dyn Scanner>>,
    /// The plan.
    pub plan: Plan,
    /// SBOMs that others have attested, of the subjects that take them.
    pub(super) sboms: required::Sboms,
    /// Files other than subjects that were read, with their stamps from before.
    pub(super) read: Vec<(String, Stamp)>,
}

/// What to prepare.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// Only these services; all where none is named.
    pub services: Vec<String>,
    /// The instant; now where none is given.
    pub as_of: Option<Timestamp>,
    /// Window for scan starts; the config's where none is given.
    pub stagger: Option<Duration>,
}

/// Reads what a build reads, and plans it.
///
/// # Errors
/// The config, a subject, the lock or the advisories cannot be had.
pub fn prepare(world: &World, wanted: &Wanted, state: Option<&State>) -> Result<Prepared, Failure> {
    let mut read = Vec::new();
    stamped(world, &world.config_path, &mut read);
    let project = Project::open(world)?;
    project.require_available()?;
    for path in project.config.trust.files() {
        stamped(world, path, &mut read);
    }
    let services = project.select(&wanted.services)?;
    let as_of = wanted.as_of.unwrap_or_else(|| world.clock.now());
    let database = database(world, &project.config.advisories.sources);
    let finder = super::scanners::finder(world, Some(&project.config))?;
    let previous = read_lock(world)?;
    let known_digest = |path: &str, stamp: &Stamp| state.and_then(|state| state.known(path, stamp));
    let mut located = project.locate(world.subjects.as_ref(), &services, &known_digest)?;
    let sboms = required::sboms(world, &project, previous.as_ref().map(|(lock, _)| lock), &mut located)?;

    let (mut scanners, mut tools) = (BTreeMap::new(), BTreeMap::new());
    for engine in engines(&project.config) {
        let scanner = open_scanner(world, Some(&project.config), engine)?;
        scanners.insert(engine, (scanner.identity().clone(), scanner.options()));
        tools.insert(engine, scanner);
    }
    let attested: BTreeMap<(Name, Name), Digest> =
        sboms.iter().map(|(place, (attestation, _))| (place.clone(), attestation.statement)).collect();
    let holds = |(lock, text): &(Lock, String)| {
        lock.inputs.as_of == as_of
            || state.is_some_and(|state| state.holds(as_of) && state.is_of_lock(&Digest::of(text.as_bytes())))
    };
    let subjects: BTreeMap<(Name, Name), &Subject> =
        located.iter().map(|(place, located)| (place.clone(), &located.subject)).collect();
    let plan = plan(&PlanInput {
        config: &project.config,
        graph: &project.graph,
        services: &services,
        subjects: &subjects,
        attested: &attested,
        scanners: &scanners,
        snapshot: finder.snapshot().digest,
        matched_by: &finder.matched_by(),
        previous: previous.as_ref().map(|(lock, _)| lock),
        verdicts_hold: previous.as_ref().is_some_and(holds),
        // A cache that cannot be read has nothing; the run says so when it meets it.
        known: &|key| world.cache.action(key).ok().flatten(),
        stagger: std::time::Duration::from_secs(wanted.stagger.unwrap_or(project.config.scan.stagger).secs()),
    });
    Ok(Prepared {
        as_of,
        is_whole: wanted.services.is_empty(),
        services,
        located,
        previous,
        finder,
        database,
        scanners: scanners.into_iter().map(|(engine, (identity, _))| (engine, identity)).collect(),
        tools,
        plan,
        read,
        sboms,
        project,
    })
}

fn stamped(world: &World, path: &str, read: &mut Vec<(String, Stamp)>) {
    if let Ok(Some(file)) = world.workspace.stat(path) {
        read.push((path.to_owned(), file.stamp));
    }
}

/// The name of the database that a project's sources have on this machine: projects with other sources never meet. Sources
/// that are paths belong to this checkout alone.
pub fn database(world: &World, sources: &[String]) -> String {
    let is_everywhere = |source: &String| source == "osv" || source.contains("://");
    let place = if sources.iter().all(is_everywhere) { "" } else { world.place.as_str() };
    let mut hasher = blake3::Hasher::new();
    for part in sources.iter().map(String::as_str).chain(["", place]) {
        hasher.update(part.as_bytes()).update(b"\0");
    }
    hasher.finalize().to_hex().as_str().get(..16).unwrap_or_default().to_owned()
}

/// What an unusable database means: evidence cannot be whole.
pub fn advisories_failure(error: &AdvisoriesError) -> Failure {
    let (exit, code) = match error {
        AdvisoriesError::Missing => (Exit::Incomplete, "db::missing"),
        AdvisoriesError::Damaged(_) => (Exit::Incomplete, "db::damaged"),
        AdvisoriesError::Io(_) => (Exit::Infrastructure, "db::unreadable"),
    };
    let failure = Failure::new(exit, code, error.to_string());
    match error {
        AdvisoriesError::Damaged(_) => {
            failure.help("`proofmark db update` or `proofmark db import PATH` makes it anew")
        }
        _ => failure,
    }
}
