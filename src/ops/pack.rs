//! `pack`: the lock with everything that verifies it, in one file.

use super::project::{Project, read_lock};
use super::push::evidence;
use super::store::Store;
use super::{Exit, Failure, World};
use crate::attest::pack::{self, Pack};
use crate::model::Digest;
use std::collections::BTreeMap;

/// The largest file that goes into a pack, in bytes.
const FILE_LIMIT: u64 = 1 << 30;

/// The bytes of the pack of the project's lock: config, lock, attestations, SBOMs, advisory slices, and the files that
/// `[trust]` names. Nothing is verified; what is missing or altered in the store is an error.
///
/// # Errors
/// Something that belongs into it cannot be read, or is not what its digest says.
pub fn pack(world: &World) -> Result<Vec<u8>, Failure> {
    let project = Project::open(world)?;
    let Some((lock, text)) = read_lock(world)? else {
        return Err(Failure::new(Exit::Stale, "lock::missing", format!("there is no {}", world.lock_path()))
            .help("`proofmark build` writes it"));
    };
    // A private key that is named there by mistake must not leave.
    super::verify::read_trust(world.workspace.as_ref(), &project.config.trust)?;
    let store = Store::new(world, &project.config.store.dir);
    let mut files = BTreeMap::new();
    for (kind, digest) in evidence(&lock, &Digest::of(text.as_bytes())) {
        files.insert(store.path(kind, &digest), store.read(kind, &digest)?);
    }
    files.insert(world.lock_path(), text.into_bytes());
    let trust = &project.config.trust;
    for path in std::iter::once(&world.config_path).chain(&trust.keys).chain(&trust.roots) {
        let bytes = world.workspace.read(path, FILE_LIMIT);
        let failed = |error| Failure::new(Exit::Usage, "pack::unreadable", format!("{path}: {error}"));
        files.insert(path.clone(), bytes.map_err(failed)?);
    }
    pack::encode(&Pack { config: world.config_path.clone(), files })
        .map_err(|error| Failure::from_diagnostic(Exit::Infrastructure, error))
}
