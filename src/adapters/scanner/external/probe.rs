//! Which program a scanner is: found once a run, hashed before it is asked for its version, and known again by its stamp.

use super::environment::{environment, private};
use super::process::{self, Command};
use super::{Tool, malicious};
use crate::adapters::stamp::stamp;
use crate::model::{Digest, Hasher, ScannerIdentity};
use crate::ports::{OpenScannerError, ProgramSpec, Stamp};
use serde::{Deserialize, Serialize};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long a program may take to tell its version.
const PATIENCE: Duration = Duration::from_secs(30);
/// The longest version, in bytes.
const VERSION_LIMIT: usize = 64;
/// The largest note of a program, in bytes.
const NOTE_LIMIT: u64 = 4096;

/// A program that was found.
#[derive(Debug, Clone)]
pub(crate) struct Program {
    /// Where it is, with no link in the path.
    pub path: PathBuf,
    /// What it looked like.
    pub stamp: Stamp,
    /// What it is.
    pub identity: ScannerIdentity,
    /// As the config names it.
    pub binary: String,
    /// Whether its digest was computed in this run, not remembered by its stamp.
    pub fresh: bool,
}

impl Program {
    /// See [`crate::ports::Scanner::mark`].
    pub(super) fn mark(&self) -> String {
        format!("{}\0{}\0{:?}", self.binary, self.path.display(), self.stamp)
    }
}

/// What is remembered of a program.
#[derive(Serialize, Deserialize)]
struct Note {
    stamp: Stamp,
    digest: Digest,
    version: String,
}

/// Finds programs.
pub(crate) struct Probes {
    root: PathBuf,
    known: PathBuf,
}

impl Probes {
    /// For the project's root, with the directory of what is known of programs.
    pub(crate) fn new(root: PathBuf, known: PathBuf) -> Self {
        Self { root, known }
    }

    /// The program of a tool.
    ///
    /// # Errors
    /// It is not there, is not the pinned one, is malicious, or does not tell its version.
    pub(crate) fn probe(&self, tool: &'static dyn Tool, spec: &ProgramSpec) -> Result<Program, OpenScannerError> {
        let (path, stamp) =
            self.find(&spec.binary).ok_or_else(|| OpenScannerError::Missing { binary: spec.binary.clone() })?;
        let note_path = self.known.join(format!(
            "{}-{}.json",
            tool.name(),
            blake3::hash(path.as_os_str().as_encoded_bytes()).to_hex()
        ));
        let remembered = note(&note_path).filter(|note| note.stamp == stamp);
        let unusable = |reason: &dyn std::fmt::Display| {
            OpenScannerError::Unusable(format!("the scanner program `{}` {reason}", spec.binary))
        };
        let fresh = remembered.is_none();
        let digest = match &remembered {
            Some(note) => note.digest,
            None => hash(&path).map_err(|error| unusable(&format_args!("cannot be read: {error}")))?,
        };
        // Before it is run for the first time.
        if let Some(pinned) = spec.sha256.filter(|pinned| *pinned != digest) {
            return Err(OpenScannerError::Other { binary: spec.binary.clone(), found: digest, pinned });
        }
        let version = match remembered {
            Some(note) => note.version,
            None => version(tool, &path).map_err(|reason| unusable(&reason))?,
        };
        if let Some(why) = malicious::known(tool.name(), &version) {
            return Err(OpenScannerError::Malicious { name: tool.name(), version, why });
        }
        if let Some(oldest) = tool.oldest().filter(|oldest| numbers(&version) < numbers(oldest)) {
            return Err(unusable(&format_args!(
                "is of version {version}, which does not tell all that it could not read: {oldest} is the oldest that works"
            )));
        }
        if look(&path) != Some(stamp) {
            return Err(unusable(&"changed while being looked at"));
        }
        if fresh {
            self.remember(&note_path, &Note { stamp, digest, version: version.clone() });
        }
        let identity = ScannerIdentity { name: tool.name().to_owned(), version, binary: Some(digest) };
        Ok(Program { path, stamp, identity, binary: spec.binary.clone(), fresh })
    }

    /// See [`crate::ports::Scanners::holds`].
    pub(crate) fn holds(&self, mark: &str) -> bool {
        let Some((binary, rest)) = mark.split_once('\0') else { return false };
        self.find(binary).is_some_and(|(path, stamp)| rest == format!("{}\0{stamp:?}", path.display()))
    }

    /// A program: the first executable file of its name on the search path, or the one at a path.
    fn find(&self, binary: &str) -> Option<(PathBuf, Stamp)> {
        let candidates: Vec<PathBuf> = if binary.contains('/') {
            vec![self.root.join(binary)]
        } else {
            // What is found from wherever one stands is not a program to trust.
            let search = std::env::var_os("PATH").unwrap_or_default();
            std::env::split_paths(&search).filter(|path| path.is_absolute()).map(|path| path.join(binary)).collect()
        };
        let executable = |path: &PathBuf| {
            std::fs::metadata(path).is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
        };
        let path = std::fs::canonicalize(candidates.into_iter().find(executable)?).ok()?;
        let stamp = look(&path)?;
        Some((path, stamp))
    }

    /// That it cannot be written costs the next run time, nothing else.
    fn remember(&self, path: &Path, note: &Note) {
        let write = || -> std::io::Result<()> {
            std::fs::create_dir_all(&self.known)?;
            let file = tempfile::NamedTempFile::new_in(&self.known)?;
            serde_json::to_writer(&file, note)?;
            file.persist(path)?;
            Ok(())
        };
        write().unwrap_or_default();
    }
}

fn note(path: &Path) -> Option<Note> {
    use std::io::Read as _;
    let mut bytes = Vec::new();
    std::fs::File::open(path).ok()?.take(NOTE_LIMIT).read_to_end(&mut bytes).ok()?;
    serde_json::from_slice(&bytes).ok()
}

/// What a program looks like.
pub(super) fn look(path: &Path) -> Option<Stamp> {
    std::fs::metadata(path).ok().map(|file| stamp(&file))
}

/// Whether it is a text for another program to run.
pub(super) fn is_script(path: &Path) -> bool {
    use std::io::Read as _;
    let mut start = [0; 2];
    std::fs::File::open(path).and_then(|mut file| file.read_exact(&mut start)).is_ok() && &start == b"#!"
}

/// The digest of a file.
pub(in crate::adapters::scanner) fn hash(path: &Path) -> std::io::Result<Digest> {
    let mut hasher = Hasher::new();
    std::io::copy(&mut std::fs::File::open(path)?, &mut hasher)?;
    Ok(hasher.finish())
}

/// The numbers that a version begins with.
fn numbers(version: &str) -> Vec<u64> {
    version.trim_start_matches('v').split('.').map_while(|part| part.parse().ok()).collect()
}

/// Asks a program for its version.
fn version(tool: &dyn Tool, path: &Path) -> Result<String, String> {
    let io = |error: std::io::Error| format!("cannot be asked for its version: {error}");
    let private = private().map_err(io)?;
    let command = Command {
        program: path,
        arguments: tool.version_arguments().iter().map(Into::into).collect(),
        environment: environment(private.path(), tool.environment()),
        directory: private.path(),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(io)?;
    let answer = runtime
        .block_on(async { tokio::time::timeout(PATIENCE, process::run(command)).await })
        .map_err(|_| "does not tell its version".to_owned())?
        .map_err(|error| error.to_string())?;
    let version = tool.version(&answer.stdout).filter(|_| answer.code == Some(0));
    let plain = |version: &String| {
        !version.is_empty()
            && version.len() <= VERSION_LIMIT
            && version.chars().all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '-' | '+'))
            && version.starts_with(|letter: char| letter.is_ascii_digit())
    };
    version
        .map(|version| version.trim_start_matches('v').to_owned())
        .filter(plain)
        .ok_or_else(|| format!("does not tell which version of {} it is", tool.name()))
}
