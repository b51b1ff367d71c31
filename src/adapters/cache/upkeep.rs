//! Looking after the cache: how much there is, clearing out what is not used, removing all.

use super::{LocalCache, file};
use crate::model::Duration;
use serde::Serialize;
use std::path::{Path, PathBuf};

/// How much there is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Usage {
    /// Blobs.
    pub blobs: u64,
    /// Action records.
    pub actions: u64,
    /// Bytes of all files.
    pub bytes: u64,
}

impl LocalCache {
    /// Where it is.
    pub fn directory(&self) -> &Path {
        &self.root
    }

    /// Counts what is there.
    ///
    /// # Errors
    /// A directory cannot be read.
    pub fn usage(&self) -> std::io::Result<Usage> {
        let mut usage = Usage::default();
        for (kind, count) in [("blobs", &mut usage.blobs), ("actions", &mut usage.actions)] {
            for (_, metadata) in entries(&self.root.join(kind))? {
                *count += 1;
                usage.bytes += metadata.len();
            }
        }
        Ok(usage)
    }

    /// Removes what has not been used for so long; gives what was removed. A record whose blobs are gone counts as missing
    /// from then on.
    ///
    /// # Errors
    /// A directory cannot be read.
    pub fn collect(&self, unused_for: Duration, now_unix: i64) -> std::io::Result<Usage> {
        let mut removed = Usage::default();
        let limit = now_unix.saturating_sub(i64::try_from(unused_for.secs()).unwrap_or(i64::MAX));
        for (kind, count) in [("blobs", &mut removed.blobs), ("actions", &mut removed.actions)] {
            for (path, metadata) in entries(&self.root.join(kind))? {
                use std::os::unix::fs::MetadataExt as _;
                if metadata.mtime() < limit && std::fs::remove_file(&path).is_ok() {
                    *count += 1;
                    removed.bytes += metadata.len();
                }
            }
        }
        Ok(removed)
    }

    /// Removes all of it. Touches only a directory that carries our mark, so that a mistaken setting destroys nothing.
    ///
    /// # Errors
    /// It cannot be removed.
    pub fn clear(&self) -> std::io::Result<()> {
        if !self.root.join(file::TAG_NAME).is_file() {
            return Ok(());
        }
        for kind in ["actions", "blobs"] {
            match std::fs::remove_dir_all(self.root.join(kind)) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }
}

/// The files two levels below a directory.
fn entries(directory: &Path) -> std::io::Result<Vec<(PathBuf, std::fs::Metadata)>> {
    let mut files = Vec::new();
    for shelf in listed(directory)? {
        for path in listed(&shelf)? {
            // One that another run removes meanwhile is simply not there.
            if let Ok(metadata) = std::fs::symlink_metadata(&path)
                && metadata.is_file()
            {
                files.push((path, metadata));
            }
        }
    }
    Ok(files)
}

fn listed(directory: &Path) -> std::io::Result<Vec<PathBuf>> {
    match std::fs::read_dir(directory) {
        Ok(entries) => entries.map(|entry| entry.map(|entry| entry.path())).collect(),
        Err(error) if matches!(error.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory) => {
            Ok(Vec::new())
        }
        Err(error) => Err(error),
    }
}
