//! The project's own files: config, lock and evidence store.

use super::Stamp;

/// Files below the project's root. Paths are relative to it, with `/`.
pub trait Workspace: Send + Sync {
    /// The whole file, at most `limit` bytes.
    ///
    /// # Errors
    /// See [`WorkspaceError`].
    fn read(&self, path: &str, limit: u64) -> Result<Vec<u8>, WorkspaceError>;

    /// What is at a path, links followed; `None` for nothing.
    ///
    /// # Errors
    /// Anything but its absence.
    fn stat(&self, path: &str) -> Result<Option<FileStat>, WorkspaceError>;

    /// Names in a directory, sorted; empty where there is none.
    ///
    /// # Errors
    /// Anything but its absence.
    fn list(&self, path: &str) -> Result<Vec<String>, WorkspaceError>;

    /// Replaces the file in one step: a reader sees the old or the new content, whatever happens. Makes parent directories.
    ///
    /// # Errors
    /// See [`WorkspaceError`].
    fn write(&self, path: &str, bytes: &[u8]) -> Result<(), WorkspaceError>;

    /// As [`Workspace::write`], but a crash of the machine may still lose it until [`Workspace::settle`] has returned: for many
    /// files that only matter together.
    ///
    /// # Errors
    /// See [`WorkspaceError`].
    fn write_soon(&self, path: &str, bytes: &[u8]) -> Result<(), WorkspaceError> {
        self.write(path, bytes)
    }

    /// Waits until all that was written soon is safe.
    ///
    /// # Errors
    /// See [`WorkspaceError`].
    fn settle(&self) -> Result<(), WorkspaceError> {
        Ok(())
    }

    /// Removes a file; fine where there is none.
    ///
    /// # Errors
    /// See [`WorkspaceError`].
    fn remove(&self, path: &str) -> Result<(), WorkspaceError>;
}

/// What a stat tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileStat {
    /// Which kind.
    pub kind: FileKind,
    /// Its stamp.
    pub stamp: Stamp,
}

/// Kinds of file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// A file.
    File,
    /// A directory.
    Directory,
    /// A socket, device or pipe.
    Other,
}

/// Why a file cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum WorkspaceError {
    /// There is none.
    #[error("{path}: no such file")]
    Missing {
        /// Which.
        path: String,
    },
    /// It is larger than the limit.
    #[error("{path}: larger than {limit} bytes")]
    TooLarge {
        /// Which.
        path: String,
        /// The limit in bytes.
        limit: u64,
    },
    /// The path leads out of the project.
    #[error("{path}: leads out of the project")]
    Outside {
        /// Which.
        path: String,
    },
    /// Anything else.
    #[error("{path}: {source}")]
    Io {
        /// Which.
        path: String,
        /// What.
        source: std::io::Error,
    },
}
