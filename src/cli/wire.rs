//! Puts the adapters behind the ports, from the options and the environment.
#![expect(clippy::disallowed_methods, reason = "the environment is read here, once")]

use super::args::{AnnotationForm, Global, ProgressForm};
use crate::adapters;
use crate::adapters::registry::Registries;
use crate::adapters::vault::Session;
use crate::execute;
use crate::ops::{Exit, Failure, TIME_KEY, World};
use crate::ports::{Cache, Cancel, Event, Events, Secrets, Silent, Workspace};
use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// Names of configs, in the order they are looked for.
const CONFIGS: [&str; 2] = ["compliance.toml", "compliance.kdl"];

/// Variables that hold credentials which do not end by themselves.
const CREDENTIALS: [&str; 9] = [
    "VAULT_TOKEN",
    "BAO_TOKEN",
    "VAULT_SECRET_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AZURE_CLIENT_SECRET",
    "GOOGLE_APPLICATION_CREDENTIALS",
    "TRIVY_TOKEN",
    "TRIVY_PASSWORD",
    "COSIGN_PASSWORD",
];

/// What the environment says.
#[derive(Debug, Default)]
pub(super) struct Environment {
    /// `PROOFMARK_CACHE_DIR`, else the XDG cache directory.
    pub(super) cache: Option<PathBuf>,
    /// `PROOFMARK_KEY_FILE`.
    pub(super) key: Option<PathBuf>,
    /// `PROOFMARK_TIME_KEY_FILE`.
    pub(super) time_key: Option<PathBuf>,
    /// `PROOFMARK_OSV_URL`: a mirror of osv.dev's bucket.
    pub(super) osv_bucket: Option<String>,
    /// Names of variables that hold a credential which does not end by itself.
    pub(super) credentials: Vec<&'static str>,
    /// Whether `NO_COLOR` is set to something.
    pub(super) no_color: bool,
    /// Whether the run is GitHub Actions': `GITHUB_ACTIONS`.
    pub(super) github: bool,
    /// `GITHUB_WORKSPACE`: where the repository is.
    pub(super) workspace: Option<PathBuf>,
    /// The Vault of this run: one login, whatever is wanted of it.
    pub(super) vault: Arc<Session>,
    /// The registries of this run.
    pub(super) registries: Mutex<Vec<Arc<Registries>>>,
}

impl Environment {
    /// Reads it.
    pub(super) fn read() -> Self {
        let path = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let cache = path("PROOFMARK_CACHE_DIR")
            .or_else(|| path("XDG_CACHE_HOME").filter(|path| path.is_absolute()).map(|path| path.join("proofmark")))
            .or_else(|| path("HOME").map(|path| path.join(".cache/proofmark")));
        let osv_bucket = std::env::var("PROOFMARK_OSV_URL").ok().filter(|url| !url.is_empty());
        let credentials = CREDENTIALS.into_iter().filter(|name| path(name).is_some()).collect();
        Self {
            cache,
            key: path("PROOFMARK_KEY_FILE"),
            time_key: path("PROOFMARK_TIME_KEY_FILE"),
            osv_bucket,
            credentials,
            no_color: path("NO_COLOR").is_some(),
            github: std::env::var("GITHUB_ACTIONS").is_ok_and(|value| value == "true"),
            workspace: path("GITHUB_WORKSPACE"),
            vault: Arc::new(Session::new(vault(), Cancel::new())),
            registries: Mutex::default(),
        }
    }
}

/// The project's root, absolute, and the config's path from it. The config is looked for upward from where we start, as
/// version control does; where there is none, the root is where we start.
///
/// # Errors
/// The directory is not there.
pub(super) fn project(global: &Global) -> Result<(PathBuf, String), Failure> {
    let start = global.directory.clone().unwrap_or_else(|| PathBuf::from("."));
    let start = std::fs::canonicalize(&start)
        .map_err(|error| Failure::new(Exit::Usage, "usage::directory", format!("{}: {error}", start.display())))?;
    if let Some(config) = &global.config {
        let path = start.join(config);
        let missing = || Failure::new(Exit::Usage, "config::missing", format!("there is no {config} here"));
        let (Some(parent), Some(name)) = (path.parent(), path.file_name().and_then(|name| name.to_str())) else {
            return Err(missing());
        };
        let root = std::fs::canonicalize(parent).map_err(|_| missing())?;
        return Ok((root, name.to_owned()));
    }
    let mut at: Option<&Path> = Some(&start);
    while let Some(directory) = at {
        if let Some(name) = CONFIGS.iter().find(|name| directory.join(name).is_file()) {
            return Ok((directory.to_owned(), (*name).to_owned()));
        }
        at = directory.parent();
    }
    Ok((start, CONFIGS[0].to_owned()))
}

/// The cache directory.
///
/// # Errors
/// Neither option nor environment names one.
pub(super) fn cache_directory(environment: &Environment) -> Result<PathBuf, Failure> {
    environment.cache.clone().ok_or_else(|| {
        Failure::new(Exit::Usage, "usage::no-cache", "there is no place for the cache")
            .help("set PROOFMARK_CACHE_DIR or HOME")
    })
}

/// The world of a project. Offline, no registry is asked.
///
/// # Errors
/// The cache has no place.
pub(super) fn world(
    root: PathBuf,
    config_path: String,
    global: &Global,
    environment: &Environment,
    cancel: Cancel,
    offline: bool,
) -> Result<World, Failure> {
    let cache_directory = cache_directory(environment)?;
    let workspace: Arc<dyn Workspace> = Arc::new(adapters::workspace::LocalWorkspace::new(root.clone()));
    let cache: Arc<dyn Cache> = Arc::new(adapters::cache::LocalCache::open(&cache_directory));
    let remote = remote(environment, &cache, &cancel, offline);
    let registry = Arc::new(adapters::registry::Evidence::new(Arc::clone(&remote.registries)));
    // One root a process: a second would only be the same.
    let _ = environment.vault.environment().root.set(root.clone());
    let administrator = vault();
    let _ = administrator.root.set(root.clone());
    Ok(World {
        workspace,
        place: root.to_string_lossy().into_owned(),
        config_path,
        subjects: Arc::new(adapters::subjects::Locator::here(root.clone()).with(remote.clone())),
        registry,
        scanners: Arc::new(adapters::scanner::LocalScanners::new(
            root.clone(),
            cache_directory.join("scanners"),
            Arc::clone(&environment.vault) as Arc<dyn Secrets>,
            remote.clone(),
        )),
        signers: Arc::new(adapters::signer::Signatories::new(
            root.clone(),
            environment.key.clone(),
            Arc::clone(&environment.vault),
        )),
        timestampers: Arc::new(adapters::timestamper::Authorities::new(
            environment.time_key.clone().unwrap_or_else(|| root.join(TIME_KEY)),
            Arc::new(adapters::clock::SystemClock),
            cancel.clone(),
        )),
        vault: Arc::new(adapters::vault::Administrator::new(administrator, cancel.clone())),
        advisories: Arc::new(adapters::advisories::LocalAdvisories::new(cache_directory.join("db"))),
        history: Arc::new(adapters::git::Git::new(root)),
        cache,
        events: events(global, environment),
        clock: Arc::new(adapters::clock::SystemClock),
        cancel,
        offline,
        program: program(),
    })
}

/// What the environment says of Vault.
fn vault() -> adapters::vault::VaultEnvironment {
    adapters::vault::VaultEnvironment::read(|name| std::env::var(name).ok())
}

/// The registries, asked with the config's credentials, else with the user's own.
pub(super) fn remote(
    environment: &Environment,
    cache: &Arc<dyn Cache>,
    cancel: &Cancel,
    offline: bool,
) -> adapters::subjects::Remote {
    let secrets = Arc::clone(&environment.vault) as Arc<dyn Secrets>;
    let keychain = adapters::registry::Keychain::User;
    let registries = Arc::new(Registries::new(keychain, secrets, cancel.clone()));
    environment.registries.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::clone(&registries));
    adapters::subjects::Remote { registries, cache: Arc::clone(cache), offline }
}

/// Gives up the login of this run, and says what was asked of whom.
pub(super) fn log_out(global: &Global, environment: &Environment) {
    let registries = environment.registries.lock().unwrap_or_else(PoisonError::into_inner);
    let asked: Vec<_> = registries.iter().flat_map(|registries| registries.asked()).collect();
    let vault = execute::wait_for(environment.vault.end()).ok().flatten();
    if asked.is_empty() && vault.is_none() {
        return;
    }
    let events = events(global, environment);
    for (server, asked) in asked {
        events.emit(Event::Asked { server, requests: asked.requests, retries: asked.retries });
    }
    if let Some(asked) = vault {
        for (path, version) in asked.secrets {
            events.emit(Event::SecretRead { path, version });
        }
        events.emit(Event::Asked { server: "Vault".to_owned(), requests: asked.requests, retries: asked.retries });
    }
}

/// Where the project is from the root of the repository that GitHub Actions works on; `None` where the run is not its.
pub(super) fn github(global: &Global, environment: &Environment) -> Option<String> {
    if !is_github(global, environment) {
        return None;
    }
    let root = project(global).map(|(root, _)| root).ok()?;
    let workspace = environment.workspace.as_ref().and_then(|path| std::fs::canonicalize(path).ok());
    let below = workspace.and_then(|workspace| Some(root.strip_prefix(workspace).ok()?.to_owned()));
    let below = below.map(|below| below.to_string_lossy().into_owned()).unwrap_or_default();
    Some(if below.is_empty() { below } else { format!("{below}/") })
}

fn is_github(global: &Global, environment: &Environment) -> bool {
    match global.annotations {
        AnnotationForm::Auto => environment.github,
        AnnotationForm::Github => true,
        AnnotationForm::None => false,
    }
}

fn events(global: &Global, environment: &Environment) -> Arc<dyn Events> {
    let events = events_of(global);
    if is_github(global, environment) { Arc::new(super::annotations::PlainTo(events)) } else { events }
}

fn events_of(global: &Global) -> Arc<dyn Events> {
    use adapters::progress;
    match global.progress {
        _ if global.quiet => Arc::new(Silent),
        ProgressForm::None => Arc::new(Silent),
        ProgressForm::Json => Arc::new(progress::JsonEvents::new()),
        ProgressForm::Auto if std::io::stderr().is_terminal() => Arc::new(progress::BarEvents::new()),
        ProgressForm::Auto | ProgressForm::Plain => Arc::new(progress::PlainEvents::new(global.verbose)),
    }
}

/// Names this program: a result remembered by another build of it is not taken as current.
fn program() -> String {
    let file = std::env::current_exe().and_then(std::fs::metadata);
    let stamp = file.map(|file| format!("{:?}", adapters::stamp::stamp(&file))).unwrap_or_default();
    format!("{} {stamp}", env!("CARGO_PKG_VERSION"))
}
