//! The local cache: results of actions and blobs in files, below a directory that may be removed at any time.
//!
//! ```text
//! <directory>/v1/CACHEDIR.TAG
//! <directory>/v1/blobs/ab/<sha256>          one blob, compressed
//! <directory>/v1/actions/ab/<key>           one record with a checksum, and the outputs behind it, compressed
//! ```
//!
//! A file is written beside its place and renamed, so that concurrent runs and crashes leave whole files only. A blob or an output
//! is re-hashed whenever it is read and a record has a checksum; what does not hold is removed and treated as missing.

mod action;
mod file;
mod upkeep;

use crate::model::{Blob, Digest};
use crate::ports::{ActionKey, ActionRecord, BlobLookup, Cache, CacheError, Output};
use std::path::{Path, PathBuf};

pub use upkeep::Usage;

/// The largest blob before compression, in bytes.
const BLOB_LIMIT: u64 = 1 << 30;

/// A cache in a directory.
#[derive(Debug, Clone)]
pub struct LocalCache {
    root: PathBuf,
}

impl LocalCache {
    /// The cache below a directory. Nothing is made until something is kept.
    pub fn open(directory: &Path) -> Self {
        Self { root: directory.join("v1") }
    }

    fn blob_path(&self, digest: &Digest) -> PathBuf {
        let hex = digest.hex();
        self.root.join("blobs").join(&hex[..2]).join(hex)
    }

    fn action_path(&self, key: &ActionKey) -> PathBuf {
        let hex = key.to_string();
        self.root.join("actions").join(&hex[..2]).join(hex)
    }

    fn replace(&self, path: &Path, parts: &[&[u8]]) -> std::io::Result<()> {
        file::mark(&self.root)?;
        file::replace(path, parts)
    }
}

impl Cache for LocalCache {
    fn blob(&self, digest: &Digest) -> Result<BlobLookup, CacheError> {
        let path = self.blob_path(digest);
        let Some(frame) = file::read(&path, BLOB_LIMIT)? else { return Ok(BlobLookup::Missing) };
        match Blob::open(frame, digest, BLOB_LIMIT) {
            Some((_, bytes)) => {
                file::touch(&path);
                Ok(BlobLookup::Found(bytes))
            }
            None => {
                file::discard(&path);
                Ok(BlobLookup::Corrupted)
            }
        }
    }

    fn put_blob(&self, bytes: &[u8]) -> Result<Digest, CacheError> {
        if bytes.len() as u64 > BLOB_LIMIT {
            return Err(too_large());
        }
        let blob = Blob::new(bytes);
        // One that is there may be damaged, which only a read can tell; writing it again is as cheap and always right.
        self.replace(&self.blob_path(&blob.digest()), &[&blob.frame()?])?;
        Ok(blob.digest())
    }

    fn action(&self, key: &ActionKey) -> Result<Option<ActionRecord>, CacheError> {
        let path = self.action_path(key);
        match action::open(&path, key)? {
            action::Opened::Missing => Ok(None),
            action::Opened::Damaged => {
                file::discard(&path);
                Ok(None)
            }
            action::Opened::Whole(stored) => {
                file::touch(&path);
                Ok(Some(stored.record()))
            }
        }
    }

    fn output(&self, key: &ActionKey, name: &str) -> Result<BlobLookup<(Blob, Vec<u8>)>, CacheError> {
        let path = self.action_path(key);
        let opened = match action::open(&path, key)? {
            action::Opened::Missing => return Ok(BlobLookup::Missing),
            action::Opened::Damaged => None,
            action::Opened::Whole(mut stored) => match stored.frame(name)? {
                None => return Ok(BlobLookup::Missing),
                Some((digest, frame)) => Blob::open(frame, &digest, BLOB_LIMIT),
            },
        };
        if opened.is_none() {
            file::discard(&path);
        }
        Ok(opened.map_or(BlobLookup::Corrupted, BlobLookup::Found))
    }

    fn put_action(&self, key: &ActionKey, outputs: &[(&str, Output<'_>)]) -> Result<(), CacheError> {
        let mut frames = Vec::with_capacity(outputs.len());
        for (_, output) in outputs {
            frames.push(match output {
                Output::Whole(blob) if blob.length() > BLOB_LIMIT => return Err(too_large()),
                Output::Whole(blob) => Some(blob.frame()?),
                Output::Named(_) => None,
            });
        }
        let entries =
            outputs.iter().zip(&frames).map(|((name, output), frame)| (*name, output.digest(), frame.as_deref()));
        let head = action::head(key, entries);
        let parts: Vec<&[u8]> =
            std::iter::once(head.as_slice()).chain(frames.iter().flatten().map(|frame| &**frame)).collect();
        self.replace(&self.action_path(key), &parts)?;
        Ok(())
    }
}

fn too_large() -> CacheError {
    CacheError(std::io::Error::other("a result is too large to be kept"))
}

#[cfg(test)]
mod tests;
