//! The scanners that a config asks for.

use super::{Exit, Failure, World};
use crate::config::{Config, Engine, MatchWith, ScanProgram};
use crate::execute::Finder;
use crate::model::Name;
use crate::ports::{DatabaseAt, OpenScannerError, OtherMatcher, ProgramSpec, Scanner, ScannerSpec, ServerSpec};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

/// Opens the scanner of an engine, as the config describes it; where there is no config, by the engine's own name.
///
/// # Errors
/// Its program is not there, or must not run.
pub fn open_scanner(world: &World, config: Option<&Config>, engine: Engine) -> Result<Arc<dyn Scanner>, Failure> {
    world.scanners.open(&spec(config, engine)).map_err(|error| scanner_failure(&error))
}

/// Opens Trivy's own match, with its program as the config describes it.
///
/// # Errors
/// As of [`open_scanner`]; or its database cannot be had.
pub fn open_matcher(
    world: &World,
    config: Option<&Config>,
    database: &DatabaseAt,
) -> Result<Arc<dyn OtherMatcher>, Failure> {
    let (ScannerSpec::Trivy(program) | ScannerSpec::Syft(program)) = spec(config, Engine::Trivy) else {
        return Err(Failure::new(Exit::Bug, "scanner::missing", "Trivy is no program"));
    };
    world.scanners.matcher(&program, database).map_err(|error| scanner_failure(&error))
}

/// What finds the flaws of components, as the config says; where there is none, our own matching of what osv.dev has.
///
/// # Errors
/// There are no advisories; or as of [`open_matcher`].
pub fn finder(world: &World, config: Option<&Config>) -> Result<Finder, Failure> {
    if let Some(config) = config.filter(|config| config.advisories.matcher == MatchWith::Trivy) {
        let named = config.scan.trivy.as_ref().and_then(|trivy| trivy.database.as_deref()).unwrap_or_default();
        let is_here = named.starts_with('/') || matches!(world.workspace.stat(named), Ok(Some(_)));
        let at = match is_here {
            true => DatabaseAt::Directory(Path::new(&world.place).join(named)),
            false => DatabaseAt::Registry(named.to_owned()),
        };
        return open_matcher(world, Some(config), &at).map(Finder::Other);
    }
    let sources = config.map_or_else(|| vec!["osv".to_owned()], |config| config.advisories.sources.clone());
    let opened = world.advisories.open(&super::database(world, &sources));
    opened.map(Finder::Ours).map_err(|error| super::advisories_failure(&error))
}

/// How the config describes an engine.
pub(super) fn spec(config: Option<&Config>, engine: Engine) -> ScannerSpec {
    let program = |given: Option<&ScanProgram>| ProgramSpec {
        binary: given.and_then(|given| given.binary.clone()).unwrap_or_else(|| engine.as_str().to_owned()),
        sha256: given.and_then(|given| given.sha256),
        server: given.and_then(|given| {
            let role = given.token.as_ref().and_then(|role| Name::new(role).ok());
            let token = config.zip(role).and_then(|(config, role)| super::secrets::secret(config, &role));
            Some(ServerSpec { address: given.server.clone()?, token })
        }),
    };
    let scan = config.map(|config| &config.scan);
    match engine {
        Engine::Builtin => ScannerSpec::Builtin,
        Engine::Trivy => ScannerSpec::Trivy(program(scan.and_then(|scan| scan.trivy.as_ref()))),
        Engine::Syft => ScannerSpec::Syft(program(scan.and_then(|scan| scan.syft.as_ref()))),
    }
}

fn scanner_failure(error: &OpenScannerError) -> Failure {
    let (exit, code, help) = match error {
        OpenScannerError::Missing { .. } => (
            Exit::Infrastructure,
            "scanner::missing",
            "install it, name it by `binary` in [scan.trivy] or [scan.syft], or use the engine builtin",
        ),
        OpenScannerError::Other { .. } => (
            Exit::Integrity,
            "scanner::other-program",
            "it did not run. Install the pinned one, or change `sha256` in the config when the new one is trusted",
        ),
        OpenScannerError::Malicious { .. } => (
            Exit::Integrity,
            "scanner::malicious",
            "remove it, and replace every credential that it could have read; pin a good one by `sha256`",
        ),
        OpenScannerError::Unusable(_) => {
            (Exit::Infrastructure, "scanner::unusable", "`proofmark doctor` tells which programs are found")
        }
    };
    Failure::new(exit, code, error.to_string()).help(help)
}

/// The engines that a config uses, to scan or to match. What others have attested is read by the built-in one.
pub(super) fn engines(config: &Config) -> BTreeSet<Engine> {
    let of_services = config.services.values().map(|service| service.engine);
    let images = config.services.values().flat_map(|service| &service.images);
    let mut attested = images.filter_map(|name| config.images.get(name)).filter(|image| image.sbom_attested);
    let matches = (config.advisories.matcher == MatchWith::Trivy).then_some(Engine::Trivy);
    of_services.chain(attested.next().map(|_| Engine::Builtin)).chain(matches).collect()
}
