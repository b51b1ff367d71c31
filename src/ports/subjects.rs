//! What turns a reference of the config into a subject at one content, without scanning it.

use crate::model::{Digest, Name, Subject};
use serde::{Deserialize, Serialize};
use std::io::Read;
use std::path::PathBuf;
use std::sync::Arc;

/// Finds subjects.
pub trait Subjects: Send + Sync {
    /// Resolves a reference to its content. Reads as little as possible: for an image the index and manifest, for a source
    /// tree the files that a catalogue wants. `known` gives the digest of a file whose stamp is unchanged since it was last
    /// hashed, so that an unchanged tree is only stat-ed.
    ///
    /// # Errors
    /// Not there, not what it says, or escaping its directory.
    fn locate(
        &self,
        spec: &SubjectSpec,
        known: &(dyn Fn(&str, &Stamp) -> Option<Digest> + Sync),
    ) -> Result<Located, SubjectError>;

    /// What lies beside an image on this machine about it, by whomever: bundles and envelopes, each as it is, unverified. Sorted.
    ///
    /// # Errors
    /// The place cannot be read.
    fn attached(&self, reference: &str, image: &Digest) -> Result<Vec<Vec<u8>>, SubjectError>;
}

/// A reference of the config.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum SubjectSpec {
    /// An image.
    Image(ImageSpec),
    /// A source tree.
    Source(SourceSpec),
}

/// An image of the config.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ImageSpec {
    /// Its name.
    pub name: Name,
    /// `oci:PATH[:TAG|@DIGEST]`, `oci-archive:`, `docker-archive:`, `dir:` for a root filesystem, a registry reference.
    pub reference: String,
    /// `os/arch[/variant]`, for an index of several.
    pub platform: Option<String>,
}

/// A source tree of the config.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SourceSpec {
    /// Path from the project's root.
    pub path: String,
    /// Paths below it (globs, `/`) to leave out.
    pub exclude: Vec<String>,
}

/// A subject that was found.
#[derive(Debug, Clone)]
pub struct Located {
    /// At which content.
    pub subject: Subject,
    /// The directory or file it lies in, absolute. Empty where it is not on this machine.
    pub root: PathBuf,
    /// For an image: the resolved manifest, as stored. Where there is none, what the adapter made up for the scanner to know
    /// (of a docker archive: its layers; of a root filesystem: its links). Empty for a source tree.
    pub manifest: Vec<u8>,
    /// Every file (with its digest) and directory (without) whose change can change the subject; paths from the project's
    /// root, with `/`. Sorted by path.
    pub inputs: Vec<(String, Stamp, Option<Digest>)>,
    /// Where it is not on this machine: what its blobs are read from.
    pub remote: Option<Arc<dyn RemoteBlobs>>,
    /// An SBOM of it that somebody trusted has attested, which is taken for what it says instead of a scan.
    pub attested: Option<AttestedSbom>,
    /// Whether the reference may mean something else tomorrow though no input of this machine changes: a tag in a registry.
    pub moves: bool,
}

impl Located {
    /// A subject on this machine.
    pub fn here(
        subject: Subject,
        root: PathBuf,
        manifest: Vec<u8>,
        inputs: Vec<(String, Stamp, Option<Digest>)>,
    ) -> Self {
        Self { subject, root, manifest, inputs, remote: None, attested: None, moves: false }
    }
}

/// An SBOM that somebody else has attested.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttestedSbom {
    /// Digest of the statement.
    pub statement: Digest,
    /// The document, CycloneDX or SPDX, JSON.
    pub document: Arc<[u8]>,
}

/// Blobs that are read from elsewhere.
pub trait RemoteBlobs: std::fmt::Debug + Send + Sync {
    /// Reads a blob of that many bytes. Its bytes are not checked.
    ///
    /// # Errors
    /// It is not there or cannot be had.
    fn open(&self, digest: &Digest, size: u64) -> std::io::Result<Box<dyn Read + Send>>;

    /// Why a read failed, where that was for want of reaching the place: no fault of the blob's.
    fn failure(&self) -> Option<String>;
}

/// What a stat tells of a file: while it is the same, the content is taken to be the same (with git's rule for files that
/// were changed within the clock's grain of being hashed).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Stamp {
    /// Bytes; 0 for a directory.
    pub size: u64,
    /// Modification time, nanoseconds since 1970.
    pub mtime: i64,
    /// Change of inode data, nanoseconds since 1970: moves even where a tool sets `mtime` back.
    pub ctime: i64,
    /// Inode number.
    pub inode: u64,
}

/// Why a subject was not found.
#[derive(Debug, thiserror::Error)]
pub enum SubjectError {
    /// Nothing there. Configuration.
    #[error("{place}: there is nothing there")]
    Missing {
        /// Where.
        place: String,
    },
    /// The reference makes no sense, or is of a form that this version cannot read. Configuration.
    #[error("{0}")]
    Reference(String),
    /// There, but not readable as what it should be: incomplete.
    #[error("{place}: {reason}")]
    Unusable {
        /// Where.
        place: String,
        /// What is wrong.
        reason: String,
    },
    /// The bytes are not what their digest says: integrity.
    #[error("{place}: {reason}")]
    Integrity {
        /// Where.
        place: String,
        /// What is wrong.
        reason: String,
    },
    /// In a registry that may not be asked, and not known here: infrastructure.
    #[error("{place}: in a registry, and this run is offline")]
    Offline {
        /// Where.
        place: String,
    },
    /// Cannot be reached now: infrastructure.
    #[error("{0}")]
    Unavailable(String),
}
