//! `pull`: the evidence of a lock, from a registry into the store; only what is not there. And the same without keeping it.

use super::project::{Project, read_lock};
use super::push::{evidence, place, registry_failure, relative, tag};
use super::store::{Kind, Store};
use super::{Exit, Failure, World};
use crate::model::Digest;
use crate::ports::{Attached, EvidenceAt, KeptFile};
use std::collections::BTreeMap;

/// Pulls what the store lacks of the evidence of the project's lock. Every file has the digest that the lock says; whether it is
/// signed is for `verify` to say.
///
/// # Errors
/// There is no lock, no place is known, the registry does not have it, or what it has is something else.
pub fn pull(world: &World, from: Option<&str>) -> Result<Attached, Failure> {
    let project = Project::open(world)?;
    let store = Store::new(world, &project.config.store.dir);
    let mut done = Attached::default();
    done.known = each_missing(world, &project, &store, from, |kind, digest, bytes| {
        done.new += 1;
        store.keep(kind, digest, &bytes)
    })?;
    store.settle()?;
    Ok(done)
}

/// What the store lacks, by path from the project's root.
///
/// # Errors
/// As [`pull`]'s.
pub fn fetch(world: &World, from: Option<&str>) -> Result<BTreeMap<String, Vec<u8>>, Failure> {
    let project = Project::open(world)?;
    let store = Store::new(world, &project.config.store.dir);
    let mut files = BTreeMap::new();
    each_missing(world, &project, &store, from, |kind, digest, bytes| {
        files.insert(store.path(kind, digest), bytes);
        Ok(())
    })?;
    Ok(files)
}

/// Gives each missing file, checked; how many were not missing.
fn each_missing(
    world: &World,
    project: &Project,
    store: &Store<'_>,
    from: Option<&str>,
    mut take: impl FnMut(Kind, &Digest, Vec<u8>) -> Result<(), Failure>,
) -> Result<usize, Failure> {
    let Some((lock, text)) = read_lock(world)? else {
        return Err(Failure::new(Exit::Stale, "lock::missing", format!("there is no {}", world.lock_path()))
            .help("the lock itself is kept with the config, in version control"));
    };
    let digest = Digest::of(text.as_bytes());
    let wanted = evidence(&lock, &digest);
    let all = wanted.len();
    // What is here but altered stays as it is: `verify` is to see it.
    let is_missing = |kind: Kind, digest: &Digest| matches!(world.workspace.stat(&store.path(kind, digest)), Ok(None));
    let missing: Vec<(Kind, Digest)> = wanted.into_iter().filter(|(kind, digest)| is_missing(*kind, digest)).collect();
    let known = all - missing.len();
    if missing.is_empty() {
        return Ok(known);
    }
    let (place, tag) = (place(&lock, from)?, tag(&digest));
    let at = EvidenceAt { repository: &place, tag: &tag };
    let kept = world.registry.kept(&at).map_err(|error| registry_failure(&error))?;
    let kept: BTreeMap<&str, &KeptFile> = kept.iter().map(|file| (file.path.as_str(), file)).collect();
    for (kind, digest) in missing {
        let path = relative(&project.config, store, kind, &digest);
        let lacks = || Failure::new(Exit::Incomplete, "registry::missing", format!("{place}:{tag} has no {path}"));
        let file = kept.get(path.as_str()).ok_or_else(lacks)?;
        let bytes = world.registry.file(&at, file).map_err(|error| registry_failure(&error))?;
        if kind != Kind::LockBundle && Digest::of(&bytes) != digest {
            let what = format!("{place}:{tag}: {path} does not have the digest in its name");
            return Err(Failure::new(Exit::Integrity, "registry::integrity", what));
        }
        take(kind, &digest, bytes)?;
    }
    Ok(known)
}
