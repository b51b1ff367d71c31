//! What the core needs from the world, one trait a file. `adapters` implement them, tests fake them, `cli` wires them.
//!
//! Every trait is `Send + Sync` and usable as `dyn`; async only where a process or the network is waited for. Each has an
//! error that is split by what the caller does next.

mod advisories;
mod cache;
mod clock;
mod events;
mod history;
mod matcher;
mod registry;
mod scanner;
mod secrets;
mod signer;
mod subjects;
mod timestamper;
mod vault;
mod workspace;

pub use advisories::{Advisories, AdvisoriesError, AdvisoryStore};
pub use cache::{ActionKey, ActionRecord, BlobLookup, Cache, CacheError, Output};
pub use clock::Clock;
pub use events::{Event, Events, Outcome, Silent};
pub use history::{History, HistoryError};
pub use matcher::OtherMatcher;
pub use registry::{
    Attached, EvidenceAt, ImageAt, KeptFile, ReadFile, Referrer, Registry, RegistryError, RegistryLogin,
};
pub use scanner::{
    DatabaseAt, OpenScannerError, ProgramSpec, ScanError, ScanRequest, ScanTask, Scanner, ScannerSpec, Scanners,
    ServerSpec,
};
pub use secrets::{SecretError, SecretPlace, SecretSpec, SecretValue, Secrets};
pub use signer::{Made, ServerRequest, SignError, Signer, SignerPublic, SignerSpec, Signers, VaultSpec};
pub use subjects::{
    AttestedSbom, ImageSpec, Located, RemoteBlobs, SourceSpec, Stamp, SubjectError, SubjectSpec, Subjects,
};
pub use timestamper::{Stamped, TimestampError, Timestamper, TimestamperSpec, Timestampers};
pub use vault::{Filled, VaultAdmin, VaultAdminError, VaultLook, VaultRequest};
pub use workspace::{FileKind, FileStat, Workspace, WorkspaceError};

/// A future in a box, so that traits with async methods stay usable as `dyn`.
pub type BoxFuture<'a, T> = std::pin::Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Asked at safe points of long work: true once the run is to stop (Ctrl-C, a time-out, an earlier failure).
#[derive(Debug, Clone, Default)]
pub struct Cancel {
    own: std::sync::Arc<std::sync::atomic::AtomicBool>,
    parent: Option<Box<Cancel>>,
}

impl Cancel {
    /// One that nobody has asked to stop yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// One for a part of the work: stops with the whole, and can be stopped alone.
    #[must_use]
    pub fn part(&self) -> Self {
        Self { own: std::sync::Arc::default(), parent: Some(Box::new(self.clone())) }
    }

    /// Asks to stop. Cannot be taken back.
    pub fn cancel(&self) {
        self.own.store(true, std::sync::atomic::Ordering::Release);
    }

    /// Whether to stop.
    pub fn is_cancelled(&self) -> bool {
        self.own.load(std::sync::atomic::Ordering::Acquire)
            || self.parent.as_ref().is_some_and(|whole| whole.is_cancelled())
    }
}
