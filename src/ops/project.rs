//! What several verbs begin with: the config read, the graph resolved, the subjects found.

use super::{Exit, Failure, World};
use crate::config::{self, Config, Syntax};
use crate::graph::ComplianceGraph;
use crate::lockfile::LockError;
use crate::model::{Digest, Lock, Name, Reason};
use crate::ports::{ImageSpec, Located, SourceSpec, Stamp, SubjectError, SubjectSpec, Subjects, WorkspaceError};
use std::collections::{BTreeMap, BTreeSet};

/// The largest config that is read, in bytes: a little more than `config` accepts, so that its own message is given.
const CONFIG_LIMIT: u64 = 9 << 20;

/// The largest lock that is read, in bytes.
const LOCK_LIMIT: u64 = 256 << 20;

/// A project with a valid config.
pub struct Project {
    /// The config.
    pub config: Config,
    /// Its text, for messages that point into it.
    pub text: String,
    /// What depends on what.
    pub graph: ComplianceGraph,
}

/// Subjects by service and name.
pub(super) type LocatedSubjects = BTreeMap<(Name, Name), Located>;

impl Project {
    /// Reads and validates the config, and resolves the graph.
    ///
    /// # Errors
    /// There is no config, or it has errors: all of them.
    pub fn open(world: &World) -> Result<Self, Failure> {
        let path = world.config_path.as_str();
        let bytes = world.workspace.read(path, CONFIG_LIMIT).map_err(|error| match error {
            WorkspaceError::Missing { .. } => {
                Failure::new(Exit::Usage, "config::missing", format!("there is no {path} here"))
                    .help("`proofmark init` writes one; `-C DIR` and `--config FILE` say where to look")
            }
            error => Failure::new(Exit::Usage, "config::unreadable", error.to_string()),
        })?;
        let syntax = if path.ends_with(".kdl") { Syntax::Kdl } else { Syntax::Toml };
        let config =
            config::load(path, &bytes, syntax).map_err(|errors| Failure::from_diagnostic(Exit::Usage, errors))?;
        let graph = ComplianceGraph::new(&config);
        let project = Self { config, text: String::from_utf8_lossy(&bytes).into_owned(), graph };
        super::secrets::log_in(world, &project);
        Ok(project)
    }

    /// Refuses a config that asks for what this version does not have: a build would leave it out in silence.
    ///
    /// # Errors
    /// There is such a thing.
    pub fn require_available(&self) -> Result<(), Failure> {
        if self.config.unavailable.is_empty() {
            return Ok(());
        }
        let details = self
            .config
            .unavailable
            .iter()
            .map(|missing| {
                let line = line_of(&self.text, missing.span.0);
                Failure::new(
                    Exit::Usage,
                    "config::unavailable",
                    format!("line {line}: `{}`: {}", missing.key, missing.what),
                )
            })
            .collect();
        Err(Failure::new(Exit::Usage, "config::unavailable", "the config asks for what this version does not have")
            .help("leave these keys out, or use a version that has them")
            .details(details))
    }

    /// The services named, with all that they depend on; all services where none is named.
    ///
    /// # Errors
    /// A name that is no service.
    pub fn select(&self, names: &[String]) -> Result<BTreeSet<Name>, Failure> {
        if names.is_empty() {
            return Ok(self.config.services.keys().cloned().collect());
        }
        let mut selected = Vec::new();
        for name in names {
            match self.config.services.get_key_value(name.as_str()) {
                Some((name, _)) => selected.push(name.clone()),
                None => {
                    let known: Vec<&str> = self.config.services.keys().map(Name::as_str).collect();
                    return Err(Failure::new(
                        Exit::Usage,
                        "usage::unknown-service",
                        format!("there is no service `{name}`"),
                    )
                    .help(format!("the services are: {}", known.join(", "))));
                }
            }
        }
        Ok(self.graph.closure(&selected))
    }

    /// Finds every subject of the services, each reference once.
    ///
    /// # Errors
    /// Subjects that are not there or not readable: all of them.
    pub fn locate(
        &self,
        subjects: &dyn Subjects,
        services: &BTreeSet<Name>,
        known: &(dyn Fn(&str, &Stamp) -> Option<Digest> + Sync),
    ) -> Result<LocatedSubjects, Failure> {
        let mut by_image: BTreeMap<&Name, Result<Located, ()>> = BTreeMap::new();
        let mut found = LocatedSubjects::new();
        let mut failures = Vec::new();
        for (service, declared) in self.config.services.iter().filter(|(name, _)| services.contains(*name)) {
            if let Some(path) = &declared.path {
                let spec = SubjectSpec::Source(SourceSpec { path: path.clone(), exclude: declared.exclude.clone() });
                match subjects.locate(&spec, known) {
                    Ok(located) => {
                        found.insert((service.clone(), located.subject.name.clone()), located);
                    }
                    Err(error) => failures.push(subject_failure(&format!("services.{service}"), &error)),
                }
            }
            for image in &declared.images {
                let located = by_image.entry(image).or_insert_with(|| {
                    self.locate_image(subjects, image, known).map_err(|failure| failures.push(failure))
                });
                if let Ok(located) = located {
                    found.insert((service.clone(), image.clone()), located.clone());
                }
            }
        }
        if failures.is_empty() {
            return Ok(found);
        }
        Err(Failure::new(Exit::Pass, "subject::not-found", "not every subject could be read").details(failures))
    }

    fn locate_image(
        &self,
        subjects: &dyn Subjects,
        name: &Name,
        known: &(dyn Fn(&str, &Stamp) -> Option<Digest> + Sync),
    ) -> Result<Located, Failure> {
        let declared =
            self.config.images.get(name).ok_or_else(|| {
                Failure::new(Exit::Bug, "config::dangling", format!("image `{name}` is not declared"))
            })?;
        let spec = SubjectSpec::Image(ImageSpec {
            name: name.clone(),
            reference: declared.reference.clone(),
            platform: declared.platform.clone(),
        });
        subjects.locate(&spec, known).map_err(|error| subject_failure(&format!("images.{name}"), &error))
    }

    /// The line of the config, counted from 1, on which a key stands; for messages.
    pub fn line(&self, key: &str) -> Option<usize> {
        self.config.spans.get(key).map(|span| line_of(&self.text, span.0))
    }
}

/// Reads the lock; `None` where there is none.
///
/// # Errors
/// It cannot be read or is no lock.
pub(super) fn read_lock(world: &World) -> Result<Option<(Lock, String)>, Failure> {
    let path = world.lock_path();
    let bytes = match world.workspace.read(&path, LOCK_LIMIT) {
        Ok(bytes) => bytes,
        Err(WorkspaceError::Missing { .. }) => return Ok(None),
        Err(error) => return Err(Failure::new(Exit::Usage, "lock::unreadable", error.to_string())),
    };
    let text = String::from_utf8(bytes)
        .map_err(|_| Failure::new(Exit::Integrity, "lock::not-utf8", format!("{path} is not UTF-8")))?;
    let lock = crate::lockfile::decode(&text).map_err(|error| {
        // A lock has one spelling: what is spelled otherwise was changed, but for a merge that waits and another version of the format.
        let exit = match error {
            LockError::Conflict { .. } | LockError::UnknownVersion { .. } => Exit::Usage,
            _ => Exit::Integrity,
        };
        let mut failure = Failure::from_diagnostic(exit, error);
        failure.message = format!("{path}: {}", failure.message);
        failure
    })?;
    Ok(Some((lock, text)))
}

/// What a subject that was not found means.
pub(super) fn subject_failure(place: &str, error: &SubjectError) -> Failure {
    let (exit, code) = match error {
        SubjectError::Missing { .. } => (Exit::Usage, "subject::missing"),
        SubjectError::Reference(_) => (Exit::Usage, "subject::reference"),
        SubjectError::Unusable { .. } => (Exit::Incomplete, "subject::unusable"),
        SubjectError::Integrity { .. } => (Exit::Integrity, "subject::integrity"),
        SubjectError::Offline { .. } => (Exit::Infrastructure, "subject::offline"),
        SubjectError::Unavailable(_) => (Exit::Infrastructure, "subject::unavailable"),
    };
    Failure::new(exit, code, format!("{place}: {error}"))
}

/// Where the config sets what a reason speaks of, as `compliance.toml:41`.
pub fn limit_place(world: &World, project: &Project, service: &Name, reason: &Reason) -> Option<String> {
    let policy = &project.config.services.get(service)?.policy;
    let key = match reason {
        // What a policy inherits has its place under the policy's own name as well.
        Reason::TooMany { severity, .. } => Some(format!("policy.{policy}.max.{severity}")),
        Reason::License { .. } => Some(format!("policy.{policy}.licenses")),
        Reason::NotAttested { .. } => Some(format!("policy.{policy}.require")),
        Reason::EndOfLife { .. } => Some(format!("policy.{policy}.end-of-life")),
        Reason::Dependency { .. } => Some(format!("services.{service}.depends-on")),
        Reason::Gap(_) | Reason::Malicious { .. } | Reason::Waivers { .. } => None,
    }?;
    project.line(&key).map(|line| format!("{}:{line}", world.config_path))
}

/// The line, counted from 1, that a byte offset lies in.
pub(super) fn line_of(text: &str, offset: usize) -> usize {
    text.as_bytes().iter().take(offset).filter(|byte| **byte == b'\n').count() + 1
}
