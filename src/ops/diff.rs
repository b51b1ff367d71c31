//! `diff`: what changed between two locks, each a file or a git revision.

use super::project::Project;
use super::store::{Kind, Store};
use super::{Exit, Failure, World};
use crate::attest;
use crate::config;
use crate::lockfile::{self, LockDiff};
use crate::model::{Digest, Lock, Sbom};
use crate::ports::{HistoryError, WorkspaceError};

/// Compares two locks. `new` of `None` is the project's own. Packages are compared where the evidence of both is at hand: in
/// the store, or at the revision that the lock came from.
///
/// # Errors
/// One of them is not there or is no lock.
pub fn diff(world: &World, old: &str, new: Option<&str>) -> Result<LockDiff, Failure> {
    let lock_path = world.lock_path();
    let new = new.unwrap_or(&lock_path);
    let mut diff = lockfile::diff(&read(world, old)?, &read(world, new)?);
    // Locks can be compared where there is no config, or none that is valid any more.
    let directory =
        Project::open(world).map_or_else(|_| config::Store::DEFAULT.to_owned(), |project| project.config.store.dir);
    let store = Store::new(world, &directory);
    for subject in diff.services_changed.iter_mut().flat_map(|service| &mut service.subjects_changed) {
        let Some(change) = &subject.sbom else { continue };
        let sboms = (sbom(world, &store, old, &change.from), sbom(world, &store, new, &change.to));
        if let (Some(old), Some(new)) = sboms {
            subject.components = Some(lockfile::diff_components(&old, &new));
        }
    }
    Ok(diff)
}

/// A stored SBOM, where it is at hand and still what its digest says.
fn sbom(world: &World, store: &Store<'_>, revision: &str, digest: &Digest) -> Option<Sbom> {
    let bytes = store.read(Kind::Sbom, digest).ok().or_else(|| {
        let bytes = world.history.file_at(revision, &store.path(Kind::Sbom, digest)).ok()?;
        (Digest::of(&bytes) == *digest).then_some(bytes)
    })?;
    attest::cyclonedx::decode(&bytes).ok()
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
