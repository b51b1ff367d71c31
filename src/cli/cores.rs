//! No core files: what a run has in memory, tokens and keys among it, is not written down when it is ended by a fault.

use crate::ops::{Exit, Failure};
use rustix::process::{Resource, Rlimit, setrlimit};

/// Forbids them, to this process and to what it starts.
///
/// # Errors
/// The system does not let itself be told so.
pub(super) fn forbid() -> Result<(), Failure> {
    let limited = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) }).is_ok();
    // A program that the system hands cores to gets them whatever the limit is.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    let limited = {
        use rustix::process::{DumpableBehavior, set_dumpable_behavior};
        set_dumpable_behavior(DumpableBehavior::NotDumpable).is_ok() || limited
    };
    if limited {
        return Ok(());
    }
    Err(Failure::new(Exit::Infrastructure, "run::core-files", "core files cannot be forbidden, and would hold secrets"))
}
