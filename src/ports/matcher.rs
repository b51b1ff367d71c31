//! What finds the flaws of components: another program with a database of its own.

use super::{BoxFuture, ScanError};
use crate::model::{OtherAnswer, Sbom, ScannerIdentity, Snapshot};
use std::sync::Arc;

/// Another program's match.
pub trait OtherMatcher: Send + Sync {
    /// The program.
    fn identity(&self) -> &ScannerIdentity;

    /// Its database: the digest of its bytes, and when it was made. Of ecosystems it says nothing.
    fn snapshot(&self) -> &Snapshot;

    /// What it finds for these components, asking nobody; what it did not look at is a gap.
    fn find(&self, sbom: Arc<Sbom>) -> BoxFuture<'_, Result<OtherAnswer, ScanError>>;
}
