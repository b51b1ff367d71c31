//! `doctor`: whether this machine has what a build needs, one check a line.

use super::scanners::{open_scanner, spec};
use super::{Exit, Failure, Project, Safety, World};
use crate::config::{Config, Engine, SignWith};
use crate::execute;
use crate::model::Timestamp;
use crate::ports::{OpenScannerError, ScannerSpec, SignError, SignerSpec};
use serde::Serialize;

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What.
    pub name: String,
    /// How it is.
    pub state: Health,
    /// What was found.
    pub found: String,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// What a build would exit with because of it.
    #[serde(skip)]
    pub exit: Exit,
}

/// How a thing is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Health {
    /// As it should be.
    Ok,
    /// A build goes through; it could be better.
    Warning,
    /// A build would fail.
    Problem,
}

impl Check {
    /// As it should be.
    pub fn ok(name: &str, found: impl Into<String>) -> Self {
        Self { name: name.to_owned(), state: Health::Ok, found: found.into(), help: None, exit: Exit::Pass }
    }

    /// A build goes through; it could be better.
    pub fn warning(name: &str, found: impl Into<String>, help: &str) -> Self {
        Self { state: Health::Warning, help: Some(help.to_owned()), ..Self::ok(name, found) }
    }

    /// A build would fail.
    pub fn problem(name: &str, exit: Exit, found: impl Into<String>, help: &str) -> Self {
        Self { state: Health::Problem, help: Some(help.to_owned()), exit, ..Self::ok(name, found) }
    }

    fn of_failure(name: &str, failure: &Failure) -> Self {
        let found = format!("{} ({})", failure.message, failure.code);
        let help = failure.help.as_deref().map(str::to_owned);
        Self { state: Health::Problem, help, exit: failure.exit, ..Self::ok(name, found) }
    }
}

/// The exit code of all checks together.
pub fn health(checks: &[Check]) -> Exit {
    checks.iter().map(|check| check.exit).fold(Exit::Pass, Exit::or_worse)
}

/// Looks at the project, its key, scanners, database, cache and clock. `credentials` names what of the environment holds a
/// credential that does not end by itself.
pub fn doctor(world: &World, credentials: &[&str]) -> Vec<Check> {
    let mut checks = Vec::new();
    let config = match Project::open(world) {
        Ok(project) => {
            checks.push(match project.require_available() {
                Ok(()) => Check::ok("config", format!("{} is valid", world.config_path)),
                Err(failure) => Check::of_failure("config", &failure),
            });
            Some(project.config)
        }
        Err(failure) => {
            checks.push(Check::of_failure("config", &failure));
            None
        }
    };
    if let Some(config) = &config {
        checks.extend(key(world, config));
    }
    checks.extend([Engine::Trivy, Engine::Syft].map(|engine| scanner(world, config.as_ref(), engine)));
    if let Some(config) = &config {
        checks.extend(vault(world, config));
    }
    let now = world.clock.now();
    let modified = database(world, config.as_ref(), now, &mut checks);
    checks.push(clock(now, modified));
    checks.push(cache(world));
    checks.push(environment(credentials));
    checks
}

/// The local signer's key: there, and nobody else's to read.
fn key(world: &World, config: &Config) -> Option<Check> {
    let uses = |with: &SignWith| *with == SignWith::Local;
    if !uses(&config.sign.with) && !config.services.values().any(|service| uses(&service.sign)) {
        return None;
    }
    let spec = SignerSpec::Local { key: config.sign.key.as_deref().unwrap_or(super::LOCAL_KEY).to_owned() };
    let opened = execute::wait_for(world.signers.open(&spec));
    Some(match opened {
        Err(error) => Check::problem("signing key", Exit::Infrastructure, error.to_string(), "try again"),
        Ok(Ok(signer)) => Check::ok("signing key", format!("{}", signer.public().id)),
        Ok(Err(error @ SignError::NoKey { .. })) => {
            Check::problem("signing key", Exit::Usage, error.to_string(), "`proofmark init --key` makes one")
        }
        Ok(Err(error)) => {
            Check::problem("signing key", Exit::Usage, error.to_string(), "only its owner may read it: `chmod 600`")
        }
    })
}

fn scanner(world: &World, config: Option<&Config>, engine: Engine) -> Check {
    let name = format!("scanner {}", engine.as_str());
    let is_used = config.is_some_and(|config| config.services.values().any(|service| service.engine == engine));
    let spec = spec(config, engine);
    let (ScannerSpec::Trivy(program) | ScannerSpec::Syft(program)) = &spec else {
        return Check::ok(&name, "a part of this program");
    };
    match world.scanners.open(&spec) {
        Ok(scanner) => {
            let identity = scanner.identity();
            let found = format!("{} ({}), {identity}", program.binary, if is_used { "in use" } else { "not in use" });
            let mut remarks = scanner.remarks();
            if is_used && program.sha256.is_none() {
                let digest = identity.binary.map(|digest| digest.hex()).unwrap_or_default();
                let table = engine.as_str();
                remarks.push(format!("it is not pinned: `sha256 = \"{digest}\"` in [scan.{table}] refuses any other"));
            }
            match remarks.as_slice() {
                [] => Check::ok(&name, found),
                remarks => Check::warning(&name, found, &remarks.join("; ")),
            }
        }
        // One that is not there hurts nobody who does not use it. One that is malicious does.
        Err(OpenScannerError::Missing { binary }) if !is_used => {
            Check::ok(&name, format!("{binary} is not installed, and not in use"))
        }
        Err(_) => match open_scanner(world, config, engine) {
            Err(failure) => Check::of_failure(&name, &failure),
            Ok(_) => Check::warning(&name, "it is being replaced just now", "look again"),
        },
    }
}

/// Vault's settings: a line for each that is not safe, or not known.
fn vault(world: &World, config: &Config) -> Vec<Check> {
    const NAME: &str = "vault";
    if config.vault.is_none() {
        return Vec::new();
    }
    if world.offline {
        return vec![Check::warning(NAME, "not looked at: offline", "`proofmark vault status`")];
    }
    let status = match super::vault_status(world, config) {
        Ok(status) => status,
        // A build may have what it needs to log in, where who looks has not.
        Err(failure) if failure.exit == Exit::Usage => {
            return vec![Check::warning(NAME, format!("not known: {}", failure.message), "look where it can be seen")];
        }
        Err(failure) => return vec![Check::of_failure(NAME, &failure)],
    };
    let mut checks: Vec<Check> = Vec::new();
    for probe in &status.probes {
        let found = format!("{} {}: {}", probe.place, probe.name, probe.found);
        let mend = probe.mend.as_deref().unwrap_or("`proofmark vault status` tells more");
        match probe.safety {
            Safety::Safe => {}
            Safety::Weak => checks.push(Check::warning(NAME, found, mend)),
            Safety::NotKnown => checks.push(Check::warning(NAME, format!("not known: {found}"), mend)),
            Safety::Unsafe => checks.push(Check::problem(NAME, Exit::Policy, found, mend)),
        }
    }
    if checks.is_empty() {
        checks.push(Check::ok(NAME, format!("{} settings are safe", status.probes.len())));
    }
    checks
}

/// The database's age; gives when its latest record was changed.
fn database(world: &World, config: Option<&Config>, now: Timestamp, checks: &mut Vec<Check>) -> Option<Timestamp> {
    const NAME: &str = "advisory database";
    let finder = match super::finder(world, config) {
        Ok(finder) => finder,
        Err(failure) => {
            checks.push(Check::of_failure(NAME, &failure));
            return None;
        }
    };
    let snapshot = finder.snapshot();
    let age = now.since(snapshot.modified);
    let found = format!("{}, latest record of {}", snapshot.digest, snapshot.modified);
    let limit = config.and_then(|config| config.advisories.max_age);
    checks.push(match limit.filter(|limit| age > *limit) {
        Some(limit) => Check::problem(
            NAME,
            Exit::Incomplete,
            format!("{found}: older than {limit}"),
            "a newer one (`proofmark db update`, or Trivy's own), or a larger `max-age`",
        ),
        None => Check::ok(NAME, found),
    });
    Some(snapshot.modified)
}

/// A clock before what has happened is wrong: certificates, waivers and ages are judged by it.
fn clock(now: Timestamp, modified: Option<Timestamp>) -> Check {
    match modified.filter(|modified| *modified > now) {
        Some(modified) => Check::problem(
            "clock",
            Exit::Infrastructure,
            format!("it says {now}, which is before the latest advisory, of {modified}"),
            "set the clock of this machine",
        ),
        None => Check::ok("clock", now.to_string()),
    }
}

fn cache(world: &World) -> Check {
    match world.cache.put_blob(b"doctor") {
        Ok(_) => Check::ok("cache", "can be written"),
        Err(error) => Check::warning("cache", error.to_string(), "builds work, and do everything anew each time"),
    }
}

fn environment(credentials: &[&str]) -> Check {
    match credentials {
        [] => Check::ok("credentials", "no long-lived ones in the environment"),
        names => Check::warning(
            "credentials",
            format!("in the environment: {}", names.join(", ")),
            "no scanner gets them; short-lived ones, by the CI's own identity, are better",
        ),
    }
}
