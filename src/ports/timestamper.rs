//! What proves when something was signed (RFC 3161).

use super::BoxFuture;
use crate::model::SignatureBytes;

/// An authority on time.
pub trait Timestamper: Send + Sync {
    /// A `TimeStampResp`, DER, for each signature, in order: over the SHA-256 of its bytes. Each was checked to be of that
    /// imprint and nonce, and granted, before this returns; whether its authority is trusted is the verifier's business.
    fn stamp<'a>(&'a self, signatures: &'a [SignatureBytes]) -> BoxFuture<'a, Result<Vec<Vec<u8>>, TimestampError>>;
}

/// Why there is no time stamp.
#[derive(Debug, thiserror::Error)]
pub enum TimestampError {
    /// The authority cannot be used as it is configured. Configuration.
    #[error("{0}")]
    Refused(String),
    /// The authority's answer is not one to what was asked. Integrity.
    #[error("{0}")]
    Unexpected(String),
    /// The authority cannot be reached now. Infrastructure.
    #[error("{0}")]
    Unavailable(String),
}
