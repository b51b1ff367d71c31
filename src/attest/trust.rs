//! Whom an auditor trusts to have signed. Comes from `[trust]` or a trust file, never from a lock or a bundle.

use super::authorities::Authorities;
use super::errors::TrustError;
use super::keys::TrustedKeys;
use crate::model::Timestamp;

/// What there is to trust, as read: each file with a name for messages.
#[derive(Debug, Default)]
pub struct TrustFiles<'a> {
    /// Public keys, PEM.
    pub keys: Vec<(&'a str, &'a [u8])>,
    /// Authorities: PEM certificates, or Sigstore `trusted_root.json`.
    pub roots: Vec<(&'a str, &'a [u8])>,
    /// Patterns of identities, see [`super::identities`].
    pub identities: Vec<String>,
    /// Public keys, PEM, that count no more from an instant on.
    pub revoked: Vec<(&'a str, &'a [u8], Timestamp)>,
}

/// Whom to trust.
#[derive(Debug, Default)]
pub struct Trust {
    /// Keys whose holders may have signed.
    pub keys: TrustedKeys,
    /// Who may say that somebody signed, and when.
    pub authorities: Authorities,
    /// Patterns of those who may have signed with a certificate.
    pub identities: Vec<String>,
}

impl Trust {
    /// Reads the files.
    ///
    /// # Errors
    /// One of them is not what it should be.
    pub fn read(files: &TrustFiles<'_>) -> Result<Self, TrustError> {
        Ok(Self {
            keys: TrustedKeys::from_pem(&files.keys)?.without(&files.revoked)?,
            authorities: Authorities::read(&files.roots)?,
            identities: files.identities.clone(),
        })
    }
}
