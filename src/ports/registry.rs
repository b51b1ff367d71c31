//! What keeps evidence beside images, in registries.

use super::SecretSpec;
use crate::model::{Digest, Timestamp};
use std::collections::BTreeMap;

/// Evidence in registries. Its work waits for the network: not to be called where a thread must not wait.
pub trait Registry: Send + Sync {
    /// Sets with which credentials registries are asked, by host: for each of them these alone. Nothing is read before a registry
    /// asks for a login.
    fn log_in_with(&self, logins: BTreeMap<String, RegistryLogin>);

    /// Attaches bundles to an image as its referrers; those that are there already stay. Each was read back before this returns.
    ///
    /// # Errors
    /// The registry cannot be reached, refuses, or does not keep what it is given.
    fn attach(&self, image: &ImageAt<'_>, bundles: &[Referrer]) -> Result<Attached, RegistryError>;

    /// Bundles and envelopes that others have attached to an image; each as it is, unverified. Sorted by digest. Those that we
    /// attached are left out.
    ///
    /// # Errors
    /// As [`Registry::attach`]'s.
    fn attached(&self, image: &ImageAt<'_>) -> Result<Vec<Vec<u8>>, RegistryError>;

    /// Keeps files together under a tag. Files that the repository has already are not sent again.
    ///
    /// # Errors
    /// As [`Registry::attach`]'s; or a file cannot be read.
    fn keep(
        &self,
        evidence: &EvidenceAt<'_>,
        files: &[KeptFile],
        read: &ReadFile<'_>,
    ) -> Result<Attached, RegistryError>;

    /// The files under a tag.
    ///
    /// # Errors
    /// As [`Registry::attach`]'s; or there are none.
    fn kept(&self, evidence: &EvidenceAt<'_>) -> Result<Vec<KeptFile>, RegistryError>;

    /// A file of [`Registry::kept`], checked against its digest.
    ///
    /// # Errors
    /// As [`Registry::attach`]'s.
    fn file(&self, evidence: &EvidenceAt<'_>, file: &KeptFile) -> Result<Vec<u8>, RegistryError>;
}

/// Reads a file by its path.
pub type ReadFile<'a> = dyn Fn(&KeptFile) -> Result<Vec<u8>, RegistryError> + 'a;

/// An image, and the repository that evidence about it lies in.
#[derive(Debug, Clone, Copy)]
pub struct ImageAt<'a> {
    /// The image's reference.
    pub reference: &'a str,
    /// Its manifest.
    pub digest: &'a Digest,
    /// Another repository (`registry.example/evidence`), where evidence does not lie beside the image.
    pub beside: Option<&'a str>,
}

/// A place for files that belong together.
#[derive(Debug, Clone, Copy)]
pub struct EvidenceAt<'a> {
    /// `registry.example/repository`; a tag or digest in it is passed over.
    pub repository: &'a str,
    /// The tag.
    pub tag: &'a str,
}

/// How to log in to a registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RegistryLogin {
    /// By name and password.
    Password {
        /// The name.
        user: String,
        /// The password.
        password: SecretSpec,
    },
    /// By a token that its login exchanges for its own.
    Token(SecretSpec),
}

/// A bundle to attach.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Referrer {
    /// Its bytes.
    pub bundle: Vec<u8>,
    /// What its statement's predicate is.
    pub predicate_type: String,
    /// When it was made, as far as the lock says.
    pub created: Timestamp,
    /// What else is said about it: `dev.proofmark.service` …
    pub annotations: BTreeMap<String, String>,
}

/// A file of a set.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct KeptFile {
    /// Its path in the set.
    pub path: String,
    /// Of its bytes.
    pub digest: Digest,
    /// Bytes.
    pub size: u64,
}

/// What was done, in numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct Attached {
    /// Sent now.
    pub new: usize,
    /// There already.
    pub known: usize,
    /// Those that the list of referrers lacks, because the registry lets nobody change its tag. We find them by their own tags.
    #[serde(skip_serializing_if = "is_none")]
    pub unlisted: usize,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_none(count: &usize) -> bool {
    *count == 0
}

/// Why a registry did not do what was asked of it. Never holds a secret.
#[derive(Debug, Clone, thiserror::Error)]
pub enum RegistryError {
    /// Nothing by this name.
    #[error("{0}: the registry has nothing by this name")]
    Missing(String),
    /// Not for us.
    #[error("{place}: the registry refuses: {reason}")]
    Denied {
        /// What was asked for.
        place: String,
        /// Why, as far as it says.
        reason: String,
    },
    /// It has something by this name, and leaves it as it is.
    #[error("{place}: the registry changes nothing: {reason}")]
    Refused {
        /// What was to be written.
        place: String,
        /// What it says.
        reason: String,
    },
    /// The answer makes no sense.
    #[error("{place}: {reason}")]
    Unusable {
        /// What was asked for.
        place: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The bytes are not those of their digest.
    #[error("{place}: not the bytes of its digest")]
    Integrity {
        /// What was asked for.
        place: String,
    },
    /// Not to be asked.
    #[error("{0}: this run is offline")]
    Offline(String),
    /// Cannot be reached now.
    #[error("{place}: {reason}")]
    Unreachable {
        /// What was asked for.
        place: String,
        /// Why.
        reason: String,
    },
}
