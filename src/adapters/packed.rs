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
