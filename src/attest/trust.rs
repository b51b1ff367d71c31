//! Whom an auditor trusts to have signed. Comes from `[trust]` or a trust file, never from a lock or a bundle.

use super::errors::KeyError;
use super::keys::TrustedKeys;

/// What there is to trust, as read: each file with a name for messages.
#[derive(Debug, Default)]
pub struct TrustFiles<'a> {
    /// Public keys, PEM.
    pub keys: Vec<(&'a str, &'a [u8])>,
}

/// Whom to trust.
#[derive(Debug, Default)]
pub struct Trust {
    /// Keys whose holders may have signed.
    pub keys: TrustedKeys,
}

impl Trust {
    /// Reads the files.
    ///
    /// # Errors
    /// One of them is not what it should be.
    pub fn read(files: &TrustFiles<'_>) -> Result<Self, KeyError> {
        Ok(Self { keys: TrustedKeys::from_pem(&files.keys)? })
    }
}
