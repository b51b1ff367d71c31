//! The local cache: blobs and action records in files, below a directory that may be removed at any time.
//!
//! ```text
//! <directory>/v1/CACHEDIR.TAG
//! <directory>/v1/blobs/ab/<sha256>          one blob, compressed
//! <directory>/v1/actions/ab/<key>           one record, with a checksum
//! ```
//!
//! A file is written beside its place and renamed, so that concurrent runs and crashes leave whole files only. A blob is
//! re-hashed whenever it is read and a record has a checksum; what does not hold is removed and treated as missing.

mod file;
mod upkeep;

use crate::model::{Blob, Digest};
use crate::ports::{ActionKey, ActionRecord, BlobLookup, Cache, CacheError};
use std::path::{Path, PathBuf};

pub use upkeep::Usage;

/// The first bytes of a record.
const RECORD: &[u8; 8] = b"pmrec01\n";

/// The largest record, in bytes.
const RECORD_LIMIT: u64 = 1 << 20;

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

    fn replace(&self, path: &Path, bytes: &[u8]) -> std::io::Result<()> {
        file::mark(&self.root)?;
        file::replace(path, bytes)
    }
}

impl Cache for LocalCache {
    fn blob(&self, digest: &Digest) -> Result<BlobLookup, CacheError> {
        Ok(match self.open(digest)? {
            BlobLookup::Found((_, bytes)) => BlobLookup::Found(bytes),
            BlobLookup::Missing => BlobLookup::Missing,
            BlobLookup::Corrupted => BlobLookup::Corrupted,
        })
    }

    fn put_blob(&self, bytes: &[u8]) -> Result<Digest, CacheError> {
        let blob = Blob::new(bytes);
        self.put(&blob).map(|()| blob.digest())
    }

    fn open(&self, digest: &Digest) -> Result<BlobLookup<(Blob, Vec<u8>)>, CacheError> {
        let path = self.blob_path(digest);
        let Some(frame) = file::read(&path, BLOB_LIMIT)? else { return Ok(BlobLookup::Missing) };
        match Blob::open(frame, digest, BLOB_LIMIT) {
            Some(opened) => {
                file::touch(&path);
                Ok(BlobLookup::Found(opened))
            }
            None => {
                file::discard(&path);
                Ok(BlobLookup::Corrupted)
            }
        }
    }

    fn put(&self, blob: &Blob) -> Result<(), CacheError> {
        if blob.length() > BLOB_LIMIT {
            return Err(CacheError(std::io::Error::other("a result is too large to be kept")));
        }
        // One that is there may be damaged, which only a read can tell; writing it again is as cheap and always right.
        self.replace(&self.blob_path(&blob.digest()), &blob.frame()?)?;
        Ok(())
    }

    fn action(&self, key: &ActionKey) -> Result<Option<ActionRecord>, CacheError> {
        let path = self.action_path(key);
        let Some(stored) = file::read(&path, RECORD_LIMIT)? else { return Ok(None) };
        let record = decode(key, &stored);
        match &record {
            // A record promises that its outputs are there.
            Some(record) if record.outputs.values().all(|digest| self.blob_path(digest).is_file()) => {
                file::touch(&path)
            }
            _ => {
                file::discard(&path);
                return Ok(None);
            }
        }
        Ok(record)
    }

    fn put_action(&self, key: &ActionKey, record: &ActionRecord) -> Result<(), CacheError> {
        self.replace(&self.action_path(key), &encode(key, record))?;
        Ok(())
    }
}

/// A record with its checksum, which also covers the key: a record copied to another key does not hold there.
fn encode(key: &ActionKey, record: &ActionRecord) -> Vec<u8> {
    let body = postcard::to_stdvec(record).unwrap_or_default();
    [RECORD.as_slice(), checksum(key, &body).as_slice(), &body].concat()
}

fn decode(key: &ActionKey, stored: &[u8]) -> Option<ActionRecord> {
    let (sum, body) = stored.strip_prefix(RECORD)?.split_first_chunk::<32>()?;
    if *sum != checksum(key, body) {
        return None;
    }
    postcard::from_bytes(body).ok()
}

fn checksum(key: &ActionKey, body: &[u8]) -> [u8; 32] {
    *blake3::keyed_hash(&key.0, body).as_bytes()
}

#[cfg(test)]
mod tests;
