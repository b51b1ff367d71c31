//! `diff`: what changed between two locks, each a file or a git revision.

use super::{Exit, Failure, World};
use crate::lockfile::{self, LockDiff};
use crate::model::Lock;
use crate::ports::{HistoryError, WorkspaceError};

/// Compares two locks. `new` of `None` is the project's own.
///
/// # Errors
/// One of them is not there or is no lock.
pub fn diff(world: &World, old: &str, new: Option<&str>) -> Result<LockDiff, Failure> {
    let lock_path = world.lock_path();
    let old = read(world, old)?;
    let new = read(world, new.unwrap_or(&lock_path))?;
    Ok(lockfile::diff(&old, &new))
}

/// A lock by name: a file where there is one, else a git revision of the project's lock.
fn read(world: &World, name: &str) -> Result<Lock, Failure> {
    let bytes = match world.workspace.read(name, 256 << 20) {
        Ok(bytes) => bytes,
        Err(WorkspaceError::Missing { .. } | WorkspaceError::Outside { .. } | WorkspaceError::Io { .. }) => {
            world.history.file_at(name, &world.lock_path()).map_err(|error| {
                let exit = match error {
                    HistoryError::Missing { .. } => Exit::Usage,
                    HistoryError::Unavailable(_) => Exit::Infrastructure,
                };
                Failure::new(exit, "diff::not-found", format!("`{name}` is neither a file nor a revision: {error}"))
            })?
        }
        Err(error) => return Err(Failure::new(Exit::Usage, "diff::unreadable", error.to_string())),
    };
    let text = String::from_utf8(bytes)
        .map_err(|_| Failure::new(Exit::Usage, "lock::not-utf8", format!("{name} is not UTF-8")))?;
    lockfile::decode(&text).map_err(|error| Failure::from_diagnostic(Exit::Usage, error))
}
