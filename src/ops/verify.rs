//! `verify`: is the lock current, is every attestation what it says, and does the evidence still give these verdicts.
//!
//! Fails closed: a check that could not be made has failed. Needs no scanner, no Vault and no network. Whom to trust comes from
//! the config's `[trust]` or the caller's trust file, never from the lock or a bundle.

use super::attestations::{self, Times};
use super::project::{Project, read_lock};
use super::recall::{stored_evidence, subjects};
use super::recompute::Recomputation;
use super::recorded::OrRecorded;
use super::store::{Kind, Store};
use super::{Exit, Failure, World};
use crate::attest::{self, Stamp, TimeSource, Trust, TrustFiles};
use crate::config;
use crate::lockfile::{self, Current, CurrentService, CurrentSubject};
use crate::model::{Digest, Lock, LockSubject, Name, Subject, Timestamp, Verdict};
use crate::ports::Workspace;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What to verify, and how far.
pub struct Options {
    /// Compute findings and verdicts anew.
    pub replay: bool,
    /// The subjects are not here (a pack): that the lock is current is checked of config, policies and services alone.
    pub packed: bool,
    /// The services of a pack that is a part; empty for all.
    pub part: Vec<Name>,
    /// The instant to judge at in a replay; `None` for the lock's own.
    pub as_of: Option<Timestamp>,
    /// From whose hands every time must be, at least.
    pub times: Option<TimeSource>,
    /// Whom to trust instead of the config's `[trust]`: the keys, and where their paths start.
    pub trust: Option<(Arc<dyn Workspace>, config::Trust)>,
}

/// What was checked, each with its result.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Verified {
    /// The form of this report: 1.
    pub version: u32,
    /// The lock's path.
    pub lock: String,
    /// The lock's digest.
    pub lock_digest: Digest,
    /// The instant the lock was judged at.
    pub as_of: Timestamp,
    /// Who says whom to trust: `config`, `file` (`--trust`), or `pack`: then whoever made the pack vouches for himself.
    pub trusted_by: &'static str,
    /// The checks, in order.
    pub checks: Vec<Check>,
    /// How many attestations, the lock's own among them, have their best time from which hands: `independent`, `company`,
    /// `self-asserted`, `none`.
    pub times: BTreeMap<String, usize>,
    /// The services of a pack that is a part; empty for all of the lock's.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub part: Vec<Name>,
    /// Verdicts as recorded.
    pub verdicts: BTreeMap<Name, Verdict>,
    /// Verdicts of the replay, where one was asked for and could be made.
    pub replayed: Option<BTreeMap<Name, Verdict>>,
    /// The worst of all.
    pub exit: Exit,
}

/// One check.
#[derive(Debug, Serialize)]
pub struct Check {
    /// Its stable name (`lock-signature`).
    pub name: &'static str,
    /// What was looked at, in numbers.
    pub looked_at: usize,
    /// What was not, because it failed before, or because nobody asked.
    #[serde(skip_serializing_if = "is_zero")]
    pub not_reached: usize,
    /// What was not, because this run is offline.
    #[serde(skip_serializing_if = "is_zero")]
    pub left_out: usize,
    /// What is wrong; empty where all is well.
    pub failures: Vec<Failure>,
}

impl Check {
    pub(super) fn of(name: &'static str, looked_at: usize, failures: Vec<Failure>) -> Self {
        Self { name, looked_at, not_reached: 0, left_out: 0, failures }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_zero(count: &usize) -> bool {
    *count == 0
}

/// Verifies the project's lock.
///
/// # Errors
/// There is no config or no lock, or they cannot be read. What is wrong with a lock that can be read is in the report.
pub fn verify(world: &World, options: &Options) -> Result<Verified, Failure> {
    let project = Project::open(world)?;
    let Some((lock, text)) = read_lock(world)? else {
        return Err(Failure::new(Exit::Stale, "lock::missing", format!("there is no {}", world.lock_path()))
            .help("`proofmark build` writes it"));
    };
    let lock_digest = Digest::of(text.as_bytes());
    let store = Store::new(world, &project.config.store.dir);
    let trust = match &options.trust {
        Some((workspace, trust)) => read_trust(workspace.as_ref(), trust)?,
        None => read_trust(world.workspace.as_ref(), &project.config.trust)?,
    };

    if !super::pack::is_part(&lock, &options.part) {
        return Err(Failure::new(Exit::Integrity, "pack::part", "the pack is of a part that its lock does not have"));
    }
    // The lock is signed as a whole; its evidence is looked at as far as it is here.
    let here = super::pack::view(&lock, &options.part);
    let elsewhere = subjects(&lock).count() - subjects(&here).count();
    let mut times = Times::new();
    let signed = lock_signature(&store, &trust, &lock, &lock_digest);
    if let Ok(stamps) = &signed {
        *times.entry(attestations::best(stamps)).or_default() += 1;
    }
    let mut checks = vec![
        Check::of("lock-signature", 1, signed.err().into_iter().collect()),
        currency(world, &project, &lock, options.packed),
    ];
    let (sides, signed_findings) = attestations::check(&store, &trust, &here, &mut times);
    checks.extend(sides);
    if let Some(wanted) = options.times {
        checks.push(of_times(&times, wanted));
    }
    let (evidence, failures) = stored_evidence(&store, &here);
    checks.push(Check { not_reached: 2 * elsewhere, ..Check::of("evidence", 2 * subjects(&here).count(), failures) });
    let computed = Recomputation { project: &project, lock: &here, part: &options.part, evidence: &evidence };
    checks
        .push(Check { not_reached: lock.services.len() - here.services.len(), ..computed.verdicts(&signed_findings) });
    let mut replayed = None;
    if options.replay {
        let (check, verdicts) = computed.replay(&text, options.as_of);
        checks.push(Check { not_reached: elsewhere, ..check });
        replayed = verdicts;
    } else {
        checks.push(Check { not_reached: subjects(&lock).count(), ..Check::of("replay", 0, Vec::new()) });
    }

    let verdicts: BTreeMap<Name, Verdict> =
        here.services.iter().map(|service| (service.name.clone(), service.verdict)).collect();
    let failed = checks.iter().flat_map(|check| &check.failures).map(|failure| failure.exit);
    let judged =
        verdicts.values().chain(replayed.iter().flat_map(BTreeMap::values)).map(|verdict| Exit::from(*verdict));
    let exit = failed.chain(judged).fold(Exit::Pass, Exit::or_worse);
    Ok(Verified {
        version: 1,
        lock: world.lock_path(),
        lock_digest,
        as_of: lock.inputs.as_of,
        trusted_by: if options.trust.is_some() { "file" } else { "config" },
        checks,
        times: times.into_iter().map(|(source, count)| (words_of(source).to_owned(), count)).collect(),
        part: options.part.clone(),
        verdicts,
        replayed,
        exit,
    })
}

/// From whose hands a time is, in a word.
pub(super) fn words_of(source: Option<TimeSource>) -> &'static str {
    match source {
        Some(TimeSource::Independent) => "independent",
        Some(TimeSource::Company) => "company",
        Some(TimeSource::SelfAsserted) => "self-asserted",
        None => "none",
    }
}

/// Whether every attestation has a time from such hands, or from better ones.
fn of_times(times: &Times, wanted: TimeSource) -> Check {
    let is_less = |source: &Option<TimeSource>| source.is_none_or(|source| source > wanted);
    let failures = times
        .iter()
        .filter(|(source, _)| is_less(source))
        .map(|(source, count)| {
            let what = format!("{count} attestations have their time from: {}", words_of(*source));
            Failure::new(Exit::Integrity, "verify::time-source", what)
                .help(format!("wanted is {} or better", words_of(Some(wanted))))
        })
        .collect();
    Check::of("time-sources", times.values().sum(), failures)
}

/// Reads who may have signed.
///
/// # Errors
/// There is none, or one cannot be read.
pub fn read_trust(workspace: &dyn Workspace, trust: &config::Trust) -> Result<Trust, Failure> {
    if trust.keys.is_empty() && trust.roots.is_empty() {
        return Err(Failure::new(Exit::Integrity, "trust::nobody", "nobody is trusted: no signature can be accepted")
            .help(
                "name public keys in [trust] keys, or authorities in [trust] roots, or in the file given by --trust",
            ));
    }
    let read = |paths: &[String], help: &str| -> Result<Vec<(String, Vec<u8>)>, Failure> {
        let one = |path: &String| {
            let bytes = workspace.read(path, 1 << 20).map_err(|error| {
                Failure::new(Exit::Usage, "trust::unreadable", error.to_string()).help(help.to_owned())
            })?;
            Ok((path.clone(), bytes))
        };
        paths.iter().map(one).collect()
    };
    let keys = read(&trust.keys, "`proofmark init --key` makes a key pair and writes the public half there")?;
    let revoked: Vec<String> = trust.revoked.iter().map(|revoked| revoked.key.clone()).collect();
    let revoked = read(&revoked, "without the key nobody can tell what it signed")?;
    let roots = read(&trust.roots, "PEM certificates of authorities, or a Sigstore trusted_root.json, belong there")?;
    let files = TrustFiles {
        keys: keys.iter().map(|(path, bytes)| (path.as_str(), bytes.as_slice())).collect(),
        roots: roots.iter().map(|(path, bytes)| (path.as_str(), bytes.as_slice())).collect(),
        identities: trust.identities.clone(),
        revoked: std::iter::zip(&trust.revoked, &revoked)
            .map(|(revoked, (path, bytes))| (path.as_str(), bytes.as_slice(), revoked.since.start()))
            .collect(),
    };
    Trust::read(&files).map_err(|error| Failure::from_diagnostic(Exit::Usage, error))
}

/// The lock's own bundle: over exactly these bytes, with this root, by somebody trusted.
pub(super) fn lock_signature(
    store: &Store<'_>,
    trust: &Trust,
    lock: &Lock,
    digest: &Digest,
) -> Result<Vec<Stamp>, Failure> {
    let bytes = store.read(Kind::LockBundle, digest).map_err(|failure| Failure {
        message: format!("no signature covers these bytes of the lock: {}", failure.message),
        code: "lock::unsigned".into(),
        ..failure
    })?;
    let attestation =
        attest::verify_bundle(&bytes, trust).map_err(|error| Failure::from_diagnostic(Exit::Integrity, error))?;
    let expected = attest::statements::lock_statement(digest, &lock.root, lock.inputs.as_of);
    if attestation.statement() == &expected {
        return Ok(attestation.stamps().to_vec());
    }
    Err(Failure::new(Exit::Integrity, "lock::other-signed", "the lock's signature is over another lock"))
}

/// Whether the lock is of this config and, where they are at hand, of these subjects.
pub(super) fn currency(world: &World, project: &Project, lock: &Lock, packed: bool) -> Check {
    let services: BTreeSet<Name> = project.config.services.keys().cloned().collect();
    if packed {
        let recorded: Vec<_> = subjects(lock)
            .map(|(service, recorded)| ((service.name.clone(), recorded.name.clone()), subject_of(recorded)))
            .collect();
        let current =
            current(project, recorded.iter().map(|(key, subject)| (key, subject)), lock.inputs.scanners.clone());
        return Check::of("current", services.len(), stale(lock, &current));
    }
    let subjects = OrRecorded::new(world.subjects.as_ref(), lock);
    let located = match project.locate(&subjects, &services, &|_, _| None) {
        Ok(located) => located,
        Err(failure) => return Check::of("current", services.len(), vec![failure]),
    };
    let left_out = subjects.used();
    // The scanners that made the evidence need not be here to check it.
    let scanners = lock.inputs.scanners.clone();
    let current = current(project, located.iter().map(|(key, located)| (key, &located.subject)), scanners);
    Check { left_out, ..Check::of("current", located.len().saturating_sub(left_out), stale(lock, &current)) }
}

fn stale(lock: &Lock, current: &Current) -> Vec<Failure> {
    let failure = |stale: &lockfile::Stale| {
        Failure::new(Exit::Stale, "lock::stale", stale.to_string()).help("`proofmark build` brings it up to date")
    };
    lockfile::satisfy(lock, current).iter().map(failure).collect()
}

pub(super) fn subject_of(recorded: &LockSubject) -> Subject {
    Subject { name: recorded.name.clone(), kind: recorded.kind, uri: recorded.uri.clone(), digest: recorded.digest }
}

/// What a current lock has to say.
pub(super) fn current<'a>(
    project: &Project,
    subjects: impl Iterator<Item = (&'a (Name, Name), &'a Subject)>,
    scanners: BTreeMap<String, String>,
) -> Current {
    let config = &project.config;
    let mut services: BTreeMap<Name, CurrentService> = config
        .services
        .iter()
        .filter_map(|(name, service)| {
            let policy = config.policies.get(&service.policy)?.digest();
            let depends_on = service.depends_on.iter().cloned().collect();
            Some((name.clone(), CurrentService { policy, depends_on, subjects: BTreeMap::new() }))
        })
        .collect();
    for ((service, name), subject) in subjects {
        if let Some(current) = services.get_mut(service) {
            let subject = CurrentSubject { uri: subject.uri.clone(), kind: subject.kind, digest: subject.digest };
            current.subjects.insert(name.clone(), subject);
        }
    }
    Current { config: config.digest(), services, scanners }
}
