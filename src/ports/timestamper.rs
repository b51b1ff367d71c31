//! What proves when something was signed (RFC 3161).

use super::BoxFuture;
use crate::model::SignatureBytes;
use std::sync::Arc;

/// An authority on time.
pub trait Timestamper: Send + Sync {
    /// An answer for each signature, in order: over the SHA-256 of its bytes. Nothing of it has been checked.
    fn stamp<'a>(&'a self, signatures: &'a [SignatureBytes]) -> BoxFuture<'a, Result<Vec<Stamped>, TimestampError>>;
}

/// An answer that nobody has checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamped {
    /// A `TimeStampResp`, DER.
    pub response: Vec<u8>,
    /// The number that was asked with, which it must repeat: big-endian, without leading zeros.
    pub nonce: Option<Vec<u8>>,
}

/// An authority as the config names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TimestamperSpec {
    /// The embedded one.
    Local,
    /// One behind an address, over HTTP (RFC 3161, 3.4).
    Remote {
        /// The address.
        address: String,
    },
}

/// Opens authorities on time.
pub trait Timestampers: Send + Sync {
    /// Opens one.
    ///
    /// # Errors
    /// It cannot be used as it is configured.
    fn open(&self, spec: &TimestamperSpec) -> Result<Arc<dyn Timestamper>, TimestampError>;
}

/// Why there is no time stamp.
#[derive(Debug, thiserror::Error)]
pub enum TimestampError {
    /// The embedded authority has no key here.
    #[error("the embedded time authority has no key at {path}: `proofmark init --key` makes one")]
    NoKey {
        /// Where it was looked for.
        path: String,
    },
    /// The authority cannot be used as it is configured. Configuration.
    #[error("{0}")]
    Refused(String),
    /// The authority cannot be reached now. Infrastructure.
    #[error("{0}")]
    Unavailable(String),
}
