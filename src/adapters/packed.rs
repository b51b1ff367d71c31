//! The files of a pack, read as a project's: nothing can be written.

use crate::ports::{FileKind, FileStat, Stamp, Workspace, WorkspaceError};
use std::collections::{BTreeMap, BTreeSet};

/// Files by path, in memory.
pub struct PackedWorkspace {
    files: BTreeMap<String, Vec<u8>>,
}

impl PackedWorkspace {
    /// A workspace of these files.
    pub fn new(files: BTreeMap<String, Vec<u8>>) -> Self {
        Self { files }
    }

    fn refused(path: &str) -> WorkspaceError {
        let source = std::io::Error::new(std::io::ErrorKind::ReadOnlyFilesystem, "a pack is only read");
        WorkspaceError::Io { path: path.to_owned(), source }
    }
}

impl Workspace for PackedWorkspace {
    fn read(&self, path: &str, limit: u64) -> Result<Vec<u8>, WorkspaceError> {
        let missing = || WorkspaceError::Missing { path: path.to_owned() };
        let bytes = self.files.get(path).ok_or_else(missing)?;
        if bytes.len() as u64 > limit {
            return Err(WorkspaceError::TooLarge { path: path.to_owned(), limit });
        }
        Ok(bytes.clone())
    }

    fn stat(&self, path: &str) -> Result<Option<FileStat>, WorkspaceError> {
        let stamp = |bytes: &Vec<u8>| Stamp { size: bytes.len() as u64, mtime: 0, ctime: 0, inode: 0 };
        Ok(self.files.get(path).map(|bytes| FileStat { kind: FileKind::File, stamp: stamp(bytes) }))
    }

    fn list(&self, path: &str) -> Result<Vec<String>, WorkspaceError> {
        let below = format!("{path}/");
        let names = self.files.keys().filter_map(|file| file.strip_prefix(&below)?.split('/').next());
        Ok(names.collect::<BTreeSet<_>>().into_iter().map(str::to_owned).collect())
    }

    fn write(&self, path: &str, _: &[u8]) -> Result<(), WorkspaceError> {
        Err(Self::refused(path))
    }

    fn remove(&self, path: &str) -> Result<(), WorkspaceError> {
        Err(Self::refused(path))
    }
}

/// A workspace with files in memory where it has none.
pub struct Overlaid {
    below: std::sync::Arc<dyn Workspace>,
    files: PackedWorkspace,
}

impl Overlaid {
    /// Over this workspace.
    pub fn new(below: std::sync::Arc<dyn Workspace>, files: BTreeMap<String, Vec<u8>>) -> Self {
        Self { below, files: PackedWorkspace::new(files) }
    }
}

impl Workspace for Overlaid {
    fn read(&self, path: &str, limit: u64) -> Result<Vec<u8>, WorkspaceError> {
        match self.below.read(path, limit) {
            Err(WorkspaceError::Missing { .. }) => self.files.read(path, limit),
            other => other,
        }
    }

    fn stat(&self, path: &str) -> Result<Option<FileStat>, WorkspaceError> {
        match self.below.stat(path)? {
            None => self.files.stat(path),
            some => Ok(some),
        }
    }

    fn list(&self, path: &str) -> Result<Vec<String>, WorkspaceError> {
        let mut names: BTreeSet<String> = self.below.list(path)?.into_iter().collect();
        names.extend(self.files.list(path)?);
        Ok(names.into_iter().collect())
    }

    fn write(&self, path: &str, bytes: &[u8]) -> Result<(), WorkspaceError> {
        self.below.write(path, bytes)
    }

    fn write_soon(&self, path: &str, bytes: &[u8]) -> Result<(), WorkspaceError> {
        self.below.write_soon(path, bytes)
    }

    fn settle(&self) -> Result<(), WorkspaceError> {
        self.below.settle()
    }

    fn remove(&self, path: &str) -> Result<(), WorkspaceError> {
        self.below.remove(path)
    }
}
