//! What lists the components of a subject.

use super::{BoxFuture, Cache, Cancel, Located};
use crate::model::{Sbom, ScannerIdentity};
use std::sync::Arc;

/// A scanner. The adapter says which kind of work a scan is; `execute` decides where it runs.
pub trait Scanner: Send + Sync {
    /// Name, version and program digest: part of every SBOM key.
    fn identity(&self) -> &ScannerIdentity;

    /// Everything else that can change its result for the same subject, as text: part of the key. (For the built-in one:
    /// the catalogues it has and their versions.)
    fn options(&self) -> String;

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

/// A scan that has not begun.
pub enum ScanTask {
    /// Work for processor cores; runs on the pool for such.
    Cpu(Box<dyn FnOnce() -> Result<Sbom, ScanError> + Send>),
    /// A process or a server to wait for.
    Wait(BoxFuture<'static, Result<Sbom, ScanError>>),
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
