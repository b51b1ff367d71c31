//! What lists the components of a subject.

use super::{BoxFuture, Cache, Cancel, Located, OtherMatcher, SecretSpec};
use crate::model::{Digest, Sbom, ScannerIdentity};
use std::path::PathBuf;
use std::sync::Arc;

/// A scanner as the config names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ScannerSpec {
    /// The built-in one.
    Builtin,
    /// Trivy.
    Trivy(ProgramSpec),
    /// Syft.
    Syft(ProgramSpec),
}

/// A program of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProgramSpec {
    /// A name on the search path, or a path (one with `/`) from the project's root.
    pub binary: String,
    /// The only program that may run.
    pub sha256: Option<Digest>,
    /// The server that it has to ask, where it is a client of one.
    pub server: Option<ServerSpec>,
}

/// The server of a scanner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerSpec {
    /// Its address.
    pub address: String,
    /// Its token; read only once something is scanned.
    pub token: Option<SecretSpec>,
}

/// Where a database of Trivy is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DatabaseAt {
    /// In a directory of this machine.
    Directory(PathBuf),
    /// In a registry.
    Registry(String),
}

/// Opens the scanners of a run.
pub trait Scanners: Send + Sync {
    /// Opens one: finds its program, and tells which one it is.
    ///
    /// # Errors
    /// It is not there, or is one that must not run.
    fn open(&self, spec: &ScannerSpec) -> Result<Arc<dyn Scanner>, OpenScannerError>;

    /// Opens Trivy's own match, with this database.
    ///
    /// # Errors
    /// As of opening; or the database cannot be had.
    fn matcher(&self, spec: &ProgramSpec, database: &DatabaseAt) -> Result<Arc<dyn OtherMatcher>, OpenScannerError>;

    /// Whether opening again would find the same program as that which gave this [mark](Scanner::mark).
    fn holds(&self, mark: &str) -> bool;
}

/// Why there is no scanner.
#[derive(Debug, thiserror::Error)]
pub enum OpenScannerError {
    /// There is no such program. Infrastructure.
    #[error("there is no scanner program `{binary}`")]
    Missing {
        /// As it was asked for.
        binary: String,
    },
    /// It is another program than the pinned one. Integrity.
    #[error("the scanner program `{binary}` is {found}; the config allows only {pinned}")]
    Other {
        /// As it was asked for.
        binary: String,
        /// Its digest.
        found: Digest,
        /// The one allowed.
        pinned: Digest,
    },
    /// It is a version that is known to be malicious. Integrity.
    #[error("{name} {version} is known to be malicious: {why}")]
    Malicious {
        /// `trivy`.
        name: &'static str,
        /// The version.
        version: String,
        /// Where that is from.
        why: &'static str,
    },
    /// It does not say which version it is, or is one that cannot be worked with. Infrastructure.
    #[error("{0}")]
    Unusable(String),
}

/// A scanner. The adapter says which kind of work a scan is; `execute` decides where it runs.
pub trait Scanner: Send + Sync {
    /// Name, version and program digest: part of every SBOM key.
    fn identity(&self) -> &ScannerIdentity;

    /// Everything else that can change its result for the same subject, as text: part of the key. (For the built-in one:
    /// the catalogues it has and their versions.)
    fn options(&self) -> String;

    /// What the program looked like, for [`Scanners::holds`]; `None` where it is a part of this one. Stays on this machine.
    fn mark(&self) -> Option<String> {
        None
    }

    /// What whoever runs it should know, in words.
    fn remarks(&self) -> Vec<String> {
        Vec::new()
    }

    /// The work of scanning one subject. Does nothing yet.
    fn scan(self: Arc<Self>, request: ScanRequest) -> ScanTask;
}

/// What to scan, and with what at hand.
#[derive(Clone)]
pub struct ScanRequest {
    /// The subject, as [`super::Subjects::locate`] found it.
    pub located: Located,
    /// For results of parts (layers). What is read from it is re-hashed; what is wrong in it is a miss.
    pub cache: Arc<dyn Cache>,
    /// Asked between files and layers.
    pub cancel: Cancel,
}

/// A scan that has not begun. Subjects in which the same was found may be given the same SBOM, so that what follows from it is computed
/// once.
pub enum ScanTask {
    /// Work for processor cores; runs on the pool for such.
    Cpu(Box<dyn FnOnce() -> Result<Arc<Sbom>, ScanError> + Send>),
    /// A process or a server to wait for.
    Wait(BoxFuture<'static, Result<Arc<Sbom>, ScanError>>),
}

/// Why a subject was not scanned as a whole. A part that could not be read is a gap in the SBOM instead.
#[derive(Debug, thiserror::Error)]
pub enum ScanError {
    /// The bytes are not what their digest says. Stops the run: integrity.
    #[error("{place}: {reason}")]
    Integrity {
        /// Which blob or file, as the user knows it.
        place: String,
        /// What is wrong.
        reason: String,
    },
    /// The subject is not such as can be scanned, or the scanner's answer is unusable: incomplete.
    #[error("{0}")]
    Unusable(String),
    /// The scanner or the subject cannot be reached: infrastructure.
    #[error("{0}")]
    Unavailable(String),
    /// The run was stopped.
    #[error("stopped")]
    Cancelled,
}
