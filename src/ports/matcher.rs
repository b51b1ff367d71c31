//! What else finds the flaws of components: another program with a database of its own, which ours is held against.

use super::{BoxFuture, ScanError};
use crate::model::{Digest, ScannerIdentity};
use std::collections::BTreeSet;

/// Another program's match.
pub trait OtherMatcher: Send + Sync {
    /// The program.
    fn identity(&self) -> &ScannerIdentity;

    /// Of its database's bytes.
    fn database(&self) -> Digest;

    /// What it finds for a CycloneDX document of ours, asking nobody: packages, as purls without qualifiers, each with an id.
    fn find(&self, sbom: Vec<u8>) -> BoxFuture<'_, Result<BTreeSet<(String, String)>, ScanError>>;
}
