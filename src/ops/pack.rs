//! `pack`: the lock with everything that verifies it, in one file.

use super::project::{Project, read_lock};
use super::push::evidence;
use super::store::Store;
use super::{Exit, Failure, World};
use crate::attest::pack::{self, Pack};
use crate::model::{Digest, Lock, Name};
use std::collections::{BTreeMap, BTreeSet};

/// The largest file that goes into a pack, in bytes.
const FILE_LIMIT: u64 = 1 << 30;

/// The bytes of the pack of the project's lock: config, lock, attestations, SBOMs, advisory slices, and the files that
/// `[trust]` names. Of some services alone, with all that they depend on, where any is named. Nothing is verified; what is
/// missing or altered in the store is an error.
///
/// # Errors
/// Something that belongs into it cannot be read, or is not what its digest says.
pub fn pack(world: &World, services: &[String]) -> Result<Vec<u8>, Failure> {
    let project = Project::open(world)?;
    let Some((lock, text)) = read_lock(world)? else {
        return Err(Failure::new(Exit::Stale, "lock::missing", format!("there is no {}", world.lock_path()))
            .help("`proofmark build` writes it"));
    };
    // A private key that is named there by mistake must not leave.
    super::verify::read_trust(world.workspace.as_ref(), &project.config.trust)?;
    let store = Store::new(world, &project.config.store.dir);
    let mut files = BTreeMap::new();
    let part = part(&lock, services)?;
    for (kind, digest) in evidence(&view(&lock, &part), &Digest::of(text.as_bytes())) {
        files.insert(store.path(kind, &digest), store.read(kind, &digest)?);
    }
    files.insert(world.lock_path(), text.into_bytes());
    let trust = &project.config.trust;
    for path in std::iter::once(&world.config_path).chain(trust.files()) {
        let bytes = world.workspace.read(path, FILE_LIMIT);
        let failed = |error| Failure::new(Exit::Usage, "pack::unreadable", format!("{path}: {error}"));
        files.insert(path.clone(), bytes.map_err(failed)?);
    }
    pack::encode(&Pack { config: world.config_path.clone(), part, files })
        .map_err(|error| Failure::from_diagnostic(Exit::Infrastructure, error))
}

/// The services of a lock that are named, with all that they depend on. Sorted; none where none is named.
///
/// # Errors
/// A name that is no service of the lock.
fn part(lock: &Lock, named: &[String]) -> Result<Vec<Name>, Failure> {
    let of = |name: &str| lock.services.iter().find(|service| service.name.as_str() == name);
    let mut part = BTreeSet::new();
    let mut open: Vec<String> = named.to_vec();
    while let Some(name) = open.pop() {
        let service = of(&name).ok_or_else(|| {
            Failure::new(Exit::Usage, "pack::unknown-service", format!("the lock has no service `{name}`"))
        })?;
        if part.insert(service.name.clone()) {
            open.extend(service.depends_on.iter().map(ToString::to_string));
        }
    }
    Ok(part.into_iter().collect())
}

/// Whether a part is one that `pack` makes: of services of the lock, and whole in what they depend on.
pub(super) fn is_part(lock: &Lock, services: &[Name]) -> bool {
    let named: Vec<String> = services.iter().map(ToString::to_string).collect();
    part(lock, &named).is_ok_and(|part| part == services)
}

/// A lock with these services alone; all where none is named.
pub(super) fn view(lock: &Lock, services: &[Name]) -> Lock {
    let mut view = lock.clone();
    if !services.is_empty() {
        view.services.retain(|service| services.contains(&service.name));
    }
    view
}
