//! The evidence store beside the config: bundles, SBOMs and advisory slices, each named by its digest.

use super::{Exit, Failure, World};
use crate::model::Digest;
use crate::ports::{FileKind, Stamp, WorkspaceError};

/// The largest file of the store that is read, in bytes.
const LIMIT: u64 = 1 << 30;

/// A kind of stored evidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// A signed bundle.
    Bundle,
    /// An SBOM.
    Sbom,
    /// An advisory slice.
    Slice,
    /// The bundle over a lock, named by the digest of the lock.
    LockBundle,
    /// What somebody else attested, as it was found.
    Foreign,
    /// How a bundle was come by, named by the digest of the bundle. Nothing is judged by it.
    Record,
}

impl Kind {
    /// Those that a lock rests on.
    pub(super) const EVIDENCE: [Self; 4] = [Self::Bundle, Self::Sbom, Self::Slice, Self::LockBundle];

    const fn place(self) -> (&'static str, &'static str) {
        match self {
            Self::Bundle => ("attestations/sha256", "sigstore.json"),
            Self::Sbom => ("sboms", "json"),
            Self::Slice => ("slices", "json"),
            Self::LockBundle => ("attestations/lock", "sigstore.json"),
            Self::Foreign => ("attestations/others", "json"),
            Self::Record => ("attestations/records", "json"),
        }
    }
}

/// The store of a project.
pub(super) struct Store<'a> {
    world: &'a World,
    directory: &'a str,
}

impl<'a> Store<'a> {
    /// The store in a directory of the project.
    pub(super) fn new(world: &'a World, directory: &'a str) -> Self {
        Self { world, directory }
    }

    /// The directory that holds a kind, from the project's root.
    pub(super) fn directory(&self, kind: Kind) -> String {
        format!("{}/{}", self.directory, kind.place().0)
    }

    /// Where evidence lies, from the project's root.
    pub(super) fn path(&self, kind: Kind, digest: &Digest) -> String {
        let (directory, ending) = kind.place();
        format!("{}/{directory}/{}.{ending}", self.directory, digest.hex())
    }

    /// Reads evidence and checks that it still has the digest it is named by (a lock's bundle has its own signature instead).
    ///
    /// # Errors
    /// It is gone, or not what it was: integrity.
    pub(super) fn read(&self, kind: Kind, digest: &Digest) -> Result<Vec<u8>, Failure> {
        let path = self.path(kind, digest);
        let bytes = self.world.workspace.read(&path, LIMIT).map_err(|error| match error {
            WorkspaceError::Missing { .. } => {
                Failure::new(Exit::Integrity, "store::missing", format!("{path} is missing"))
                    .help("`proofmark build` makes it again")
            }
            error => Failure::new(Exit::Integrity, "store::unreadable", error.to_string()),
        })?;
        if !matches!(kind, Kind::LockBundle | Kind::Record) && Digest::of(&bytes) != *digest {
            return Err(Failure::new(
                Exit::Integrity,
                "store::altered",
                format!("{path} does not have the digest in its name"),
            )
            .help("it was changed after it was written: restore it, or remove it and build again"));
        }
        Ok(bytes)
    }

    /// How the file of some evidence looks; `None` where there is none.
    pub(super) fn stamp(&self, kind: Kind, digest: &Digest) -> Option<Stamp> {
        let file = self.world.workspace.stat(&self.path(kind, digest)).ok().flatten()?;
        (file.kind == FileKind::File).then_some(file.stamp)
    }

    /// Keeps evidence under its digest; leaves a file alone that already has the same content.
    /// It is safe after [`Store::settle`].
    ///
    /// # Errors
    /// It cannot be written.
    pub(super) fn keep(&self, kind: Kind, digest: &Digest, bytes: &[u8]) -> Result<(), Failure> {
        let path = self.path(kind, digest);
        if self.world.workspace.read(&path, LIMIT).is_ok_and(|old| old == bytes) {
            return Ok(());
        }
        let failed = |error: WorkspaceError| Failure::new(Exit::Infrastructure, "store::unwritable", error.to_string());
        self.world.workspace.write_soon(&path, bytes).map_err(failed)
    }

    /// Waits until what was kept is safe from a crash of the machine.
    ///
    /// # Errors
    /// It cannot be written.
    pub(super) fn settle(&self) -> Result<(), Failure> {
        let failed = |error: WorkspaceError| Failure::new(Exit::Infrastructure, "store::unwritable", error.to_string());
        self.world.workspace.settle().map_err(failed)
    }
}
