//! Results of earlier actions, by the key of their inputs. May be lost at any time; never trusted without re-hashing.

use crate::model::{Blob, Digest};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The key of an action: BLAKE3 over everything that can change its result. Shown as 64 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ActionKey(pub [u8; 32]);

impl std::fmt::Display for ActionKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// What an action gave: the digest of each of its outputs, by name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActionRecord {
    /// Output name to digest.
    pub outputs: BTreeMap<String, Digest>,
}

/// An output of an action, as it is to be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Output<'a> {
    /// Whole.
    Whole(&'a Blob),
    /// By its digest alone: it can be made again from the others.
    Named(Digest),
}

impl Output<'_> {
    /// Of its bytes.
    pub fn digest(&self) -> Digest {
        match self {
            Self::Whole(blob) => blob.digest(),
            Self::Named(digest) => *digest,
        }
    }
}

/// What a look for a blob found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BlobLookup<T = Vec<u8>> {
    /// It, re-hashed.
    Found(T),
    /// Nothing.
    Missing,
    /// Something that no longer has its digest: discarded, to be said once and then treated as missing.
    Corrupted,
}

/// Results of actions by their keys, and a content-addressed store of blobs.
pub trait Cache: Send + Sync {
    /// The blob with this digest.
    ///
    /// # Errors
    /// The store cannot be read (not: it is missing or corrupted).
    fn blob(&self, digest: &Digest) -> Result<BlobLookup, CacheError>;

    /// Keeps a blob. Safe beside other writers of the same blob.
    ///
    /// # Errors
    /// The store cannot be written.
    fn put_blob(&self, bytes: &[u8]) -> Result<Digest, CacheError>;

    /// The record of an action whose outputs are all there; `None` where there is none or it is damaged (which is said by an event,
    /// not an error).
    ///
    /// # Errors
    /// The store cannot be read.
    fn action(&self, key: &ActionKey) -> Result<Option<ActionRecord>, CacheError>;

    /// An output of an action, as it is held, with its bytes. One that was only [named](Output::Named) is missing.
    ///
    /// # Errors
    /// As [`Cache::blob`].
    fn output(&self, key: &ActionKey, name: &str) -> Result<BlobLookup<(Blob, Vec<u8>)>, CacheError>;

    /// Keeps what an action gave, under names that differ.
    ///
    /// # Errors
    /// The store cannot be written.
    fn put_action(&self, key: &ActionKey, outputs: &[(&str, Output<'_>)]) -> Result<(), CacheError>;
}

/// Why the cache cannot be used: a run goes on without it.
#[derive(Debug, thiserror::Error)]
#[error("the cache cannot be used: {0}")]
pub struct CacheError(#[from] pub std::io::Error);
