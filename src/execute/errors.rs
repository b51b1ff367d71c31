//! Why a plan could not be run to its end.

use crate::ports::AdvisoriesError;

/// The errors, by what the caller does next.
#[derive(Debug, thiserror::Error)]
pub enum ExecuteError {
    /// Bytes are not what their digest says.
    #[error("{action}: {reason}")]
    Integrity {
        /// Which action met it.
        action: String,
        /// What is wrong.
        reason: String,
    },
    /// Something that a scan needs cannot be reached.
    #[error("{action}: {reason}")]
    Unavailable {
        /// Which action needed it.
        action: String,
        /// Why not.
        reason: String,
    },
    /// The advisories cannot be read.
    #[error(transparent)]
    Advisories(#[from] AdvisoriesError),
    /// The run was stopped.
    #[error("stopped: nothing was signed, and the lock is as it was")]
    Cancelled,
    /// Work ended without a result: a bug.
    #[error("an action ended without a result")]
    Lost,
    /// The machine gives no threads.
    #[error("no threads can be started: {0}")]
    NoThreads(String),
}
